/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns sample counts into buffer timestamps, and times into sample numbers. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The last valid time, 584 years: times saturate here, they do not wrap. */
#define AB_LAST_TIME (GST_CLOCK_TIME_NONE - 1)

/* @time + @offset, limited to 0 and AB_LAST_TIME. */
GstClockTime ab_time_offset (GstClockTime time, GstClockTimeDiff offset);

/* The time of sample n is base + (n - origin) * 10^9 / rate, rounded down. Each
 * time is computed from the count, so times can't drift. */
typedef struct
{
  guint rate;
  guint64 origin;
  GstClockTime base;
} AbClock;

/* Sample number @origin is at time @base; @rate samples a second follow. */
void ab_clock_start (AbClock * self, guint rate, guint64 origin,
    GstClockTime base);

/* The time of sample number @sample, which must not be before the origin. */
GstClockTime ab_clock_time (const AbClock * self, guint64 sample);

/* The number of the last sample that is not later than @time, and of the first
 * sample that is not earlier. @time must not be before the base. For the
 * timestamp of a sample, both return the number of that sample. */
guint64 ab_clock_until (const AbClock * self, GstClockTime time);
guint64 ab_clock_from (const AbClock * self, GstClockTime time);

/* Sets PTS, duration, OFFSET and OFFSET_END of @buffer, which holds @n_samples
 * samples from number @start on. */
void ab_clock_stamp (const AbClock * self, GstBuffer * buffer,
    guint64 start, guint n_samples);

G_END_DECLS
