/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Computes how many samples each batch has. */

#include "time/size.h"

/* A longer fraction is a mistake: most likely a duration in nanoseconds. */
#define LONGEST_FRACTION_SECONDS 3600

/* The samples of a batch as @n / @d. Returns FALSE if @n overflows. */
static gboolean
ratio_of (const AbSizeWish * wish, guint rate, guint64 * n, guint64 * d)
{
  guint64 common;

  if (wish->fraction_n != 0) {
    *n = (guint64) rate *wish->fraction_n;
    *d = wish->fraction_d;
    return TRUE;
  }
  if (wish->duration == 0) {
    *n = wish->samples;
    *d = 1;
    return TRUE;
  }
  common = gst_util_greatest_common_divisor_int64 (rate, GST_SECOND);
  *d = GST_SECOND / common;
  return g_uint64_checked_mul (n, wish->duration, rate / common);
}

static gdouble
seconds_of (const AbSizeWish * wish)
{
  if (wish->fraction_n != 0)
    return (gdouble) wish->fraction_n / wish->fraction_d;
  return (gdouble) wish->duration / GST_SECOND;
}

static gboolean
is_short_fraction (const AbSizeWish * wish, GError ** error)
{
  if (wish->fraction_n == 0 || seconds_of (wish) <= LONGEST_FRACTION_SECONDS)
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "output-buffer-duration-fraction is %d/%d, which is %.0f seconds. "
      "It is a fraction of a second, such as 1/50; for a duration in "
      "nanoseconds set output-buffer-duration.", wish->fraction_n,
      wish->fraction_d, seconds_of (wish));
  return FALSE;
}

gboolean
ab_size_set (AbSize * self, const AbSizeWish * wish, guint rate,
    GError ** error)
{
  gboolean fits;
  guint64 n, d;

  if (!is_short_fraction (wish, error))
    return FALSE;
  fits = ratio_of (wish, rate, &n, &d);
  if (fits && n / d == 0) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "A batch of %.9g seconds holds no sample at %u samples a second.",
        seconds_of (wish), rate);
    return FALSE;
  }
  if (!fits || n / d + (n % d != 0) > G_MAXINT) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "A batch of %.0f seconds at %u samples a second has more than %d "
        "samples.", seconds_of (wish), rate, G_MAXINT);
    return FALSE;
  }
  self->n = n;
  self->d = d;
  self->whole = n / d;
  self->rest = n % d;
  self->carry = 0;
  return TRUE;
}

gboolean
ab_size_is_same (const AbSize * self, const AbSize * other)
{
  /* rest < d < 2^31, so the products can't overflow */
  return self->whole == other->whole
      && self->rest * other->d == other->rest * self->d;
}

void
ab_size_restart (AbSize * self)
{
  self->carry = 0;
}

guint
ab_size_next (AbSize * self)
{
  self->carry += self->rest;
  if (self->carry < self->d)
    return self->whole;
  self->carry -= self->d;
  return self->whole + 1;
}

void
ab_size_undo (AbSize * self)
{
  if (self->carry < self->rest)
    self->carry += self->d;
  self->carry -= self->rest;
}

guint
ab_size_max (const AbSize * self)
{
  return self->whole + (self->rest != 0);
}

gdouble
ab_size_mean (const AbSize * self)
{
  return (gdouble) self->n / self->d;
}
