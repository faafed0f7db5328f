/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many samples the next batch has. */

#include "batchsize.h"

/* No batch is meant to be longer; nanoseconds in a fraction of a second are. */
#define LONGEST_FRACTION_SECONDS 3600

static void
ratio_of (BatchSize * self, const BatchSizeWish * wish, guint rate)
{
  if (wish->fraction_n != 0) {
    self->n = (guint64) rate *wish->fraction_n;
    self->d = wish->fraction_d;
  } else {
    /* the product may need more than 64 bits: take out what is common first */
    guint64 common = gst_util_greatest_common_divisor_int64 (rate, GST_SECOND);

    self->d = GST_SECOND / common;
    if (!g_uint64_checked_mul (&self->n, wish->duration, rate / common))
      self->n = G_MAXUINT64;
  }
}

static gboolean
check_ratio (const BatchSize * self, const BatchSizeWish * wish, guint rate,
    GError ** error)
{
  if (wish->fraction_n / LONGEST_FRACTION_SECONDS >= wish->fraction_d) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "output-buffer-duration-fraction is %d/%d, which is %.0f seconds. "
        "It is a fraction of a second, such as 1/50; for a duration in "
        "nanoseconds set output-buffer-duration.", wish->fraction_n,
        wish->fraction_d, (gdouble) wish->fraction_n / wish->fraction_d);
    return FALSE;
  }
  if (self->n / self->d == 0) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "A batch of %.9f seconds holds no sample at %u samples a second.",
        (gdouble) self->n / self->d / rate, rate);
    return FALSE;
  }
  if (self->n / self->d >= G_MAXINT) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "A batch of %.0f seconds at %u samples a second has more than %d "
        "samples.", (gdouble) self->n / self->d / rate, rate, G_MAXINT);
    return FALSE;
  }
  return TRUE;
}

gboolean
batch_size_set (BatchSize * self, const BatchSizeWish * wish, guint rate,
    GError ** error)
{
  if (wish->fraction_n == 0 && wish->duration == 0) {
    self->n = wish->samples;
    self->d = 1;
  } else {
    ratio_of (self, wish, rate);
    if (!check_ratio (self, wish, rate, error))
      return FALSE;
  }
  self->whole = self->n / self->d;
  self->rest = self->n % self->d;
  self->carry = 0;
  return TRUE;
}

void
batch_size_restart (BatchSize * self)
{
  self->carry = 0;
}

guint
batch_size_next (BatchSize * self)
{
  self->carry += self->rest;
  if (self->carry < self->d)
    return self->whole;
  self->carry -= self->d;
  return self->whole + 1;
}

guint
batch_size_max (const BatchSize * self)
{
  return self->whole + (self->rest != 0);
}

gdouble
batch_size_mean (const BatchSize * self)
{
  return (gdouble) self->n / self->d;
}
