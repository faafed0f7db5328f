/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where ticks start, counted in samples. */

#include "waveticks.h"

#define NS_PER_SECOND 1000000000

/* Times are counted in 1/rate ns, in which samples and nanoseconds are both
 * whole numbers: at most 2^96. */
__extension__ typedef unsigned __int128 FineTime;

/* The sample nearest to @time, the later one of two. */
static guint64
nearest_sample (FineTime time)
{
  FineTime sample = (time + NS_PER_SECOND / 2) / NS_PER_SECOND;

  return MIN (sample, G_MAXUINT64);
}

gboolean
wave_tick_at (WaveTick * tick, guint64 interval, guint rate, guint64 sample)
{
  FineTime fine_interval = (FineTime) interval * rate;
  FineTime latest_time;

  if (fine_interval <= NS_PER_SECOND)
    return FALSE;

  latest_time = (FineTime) sample *NS_PER_SECOND + (NS_PER_SECOND / 2 - 1);
  tick->number = latest_time / fine_interval;
  tick->start = nearest_sample (tick->number * fine_interval);
  tick->next = nearest_sample ((tick->number + (FineTime) 1) * fine_interval);
  return TRUE;
}
