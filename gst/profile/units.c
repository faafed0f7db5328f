/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats figures for people: a number with a unit that suits its size. */

#include "units.h"

#include <math.h>

static gchar *
three_digits (gdouble value, const gchar * unit)
{
  gdouble size = fabs (value);
  gint decimals = size >= 99.95 || size == trunc (size) ? 0 :
      size >= 9.995 ? 1 : 2;

  return g_strdup_printf ("%.*f%s", decimals, value, unit);
}

gchar *
units_time (gdouble ns)
{
  if (ns < 999.5)
    return g_strdup_printf ("%.0f ns", ns);
  if (ns < 999.5e3)
    return three_digits (ns / 1e3, " µs");
  if (ns < 999.5e6)
    return three_digits (ns / 1e6, " ms");
  return three_digits (ns / 1e9, " s");
}

gchar *
units_bytes (gdouble bytes)
{
  static const gchar *const units[] = { " B", " KiB", " MiB", " GiB", " TiB" };
  guint i = 0;

  while (fabs (bytes) >= 1023.5 && i + 1 < G_N_ELEMENTS (units)) {
    bytes /= 1024;
    i++;
  }
  return three_digits (bytes, units[i]);
}

gchar *
units_number (gdouble number)
{
  if (number > 0 && number < 0.001)
    return g_strdup ("less than 0.001");
  if (number > 0 && number < 0.0995)
    return g_strdup_printf ("%.3f", number);
  return three_digits (number, "");
}

gchar *
units_microseconds (gdouble ns)
{
  g_autofree gchar *number = units_number (ns / 1e3);

  return g_strconcat (number, " µs", NULL);
}
