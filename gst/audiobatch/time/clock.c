/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns sample counts into buffer timestamps, and times into sample numbers. */

#include "time/clock.h"

GstClockTime
ab_time_offset (GstClockTime time, GstClockTimeDiff offset)
{
  /* unsigned, since -G_MININT64 overflows */
  GstClockTime back = -(guint64) offset;

  if (offset >= 0)
    return time + MIN ((guint64) offset, AB_LAST_TIME - time);
  return time > back ? time - back : 0;
}

void
ab_clock_start (AbClock * self, guint rate, guint64 origin, GstClockTime base)
{
  self->rate = rate;
  self->origin = origin;
  self->base = base;
}

GstClockTime
ab_clock_time (const AbClock * self, guint64 sample)
{
  guint64 n = sample - self->origin;
  GstClockTime since;

  /* 64 bits are enough for the first days */
  if (G_LIKELY (n <= G_MAXUINT64 / GST_SECOND))
    since = n * GST_SECOND / self->rate;
  else
    since = gst_util_uint64_scale_int (n, GST_SECOND, self->rate);
  return self->base + MIN (since, AB_LAST_TIME - self->base);
}

/* ab_clock_time() rounds down. So, counted from origin and base, the time of
 * sample n is at least t exactly if n is at least t * rate / 10^9. */
guint64
ab_clock_from (const AbClock * self, GstClockTime time)
{
  return self->origin + gst_util_uint64_scale_int_ceil (time - self->base,
      self->rate, GST_SECOND);
}

guint64
ab_clock_until (const AbClock * self, GstClockTime time)
{
  return ab_clock_from (self, time + 1) - 1;
}

void
ab_clock_stamp (const AbClock * self, GstBuffer * buffer,
    guint64 start, guint n_samples)
{
  GstClockTime pts = ab_clock_time (self, start);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = ab_clock_time (self, start + n_samples) - pts;
  GST_BUFFER_OFFSET (buffer) = start;
  GST_BUFFER_OFFSET_END (buffer) = start + n_samples;
}
