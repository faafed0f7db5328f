/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an oscillator and ticks are, as exact functions of the sample number. */

#include "wave/phase.h"

#define NS_PER_SECOND 1000000000

/* Times are in units of 1/rate ns: then samples and nanoseconds are both whole
 * numbers, below 2^97. A tick starts at sample floor (time / 10^9 + 1/2). The
 * division gives the number of the tick; its remainder tells how long ago that
 * tick was, and so gives both starts. */
gboolean
ab_wave_tick_at (AbWaveTick * tick, guint64 interval, guint rate,
    guint64 sample)
{
  AbWide second = ab_wide_from (NS_PER_SECOND);
  AbWide fine_interval = ab_wide_product (interval, rate);
  AbWide latest_time, since, ahead, rest;
  guint64 to_next;

  if (!ab_wide_less (second, fine_interval))
    return FALSE;

  latest_time = ab_wide_add (ab_wide_product (sample, NS_PER_SECOND),
      ab_wide_from (NS_PER_SECOND / 2 - 1));
  tick->number = ab_wide_divide (latest_time, fine_interval, &since).low;
  ahead = ab_wide_add (ab_wide_subtract (fine_interval, since),
      ab_wide_from (NS_PER_SECOND - 1));
  tick->start = sample - ab_wide_divide (since, second, &rest).low;
  to_next = ab_wide_to_64 (ab_wide_divide (ahead, second, &rest));
  tick->next = sample + MIN (to_next, G_MAXUINT64 - sample);
  return TRUE;
}
