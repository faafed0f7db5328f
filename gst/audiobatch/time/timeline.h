/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns sample counts into buffer timestamps, and judges whether a chunk
 * follows on the last one. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The last time there is, 584 years: no time goes beyond it or comes round. */
#define AB_LAST_TIME (GST_CLOCK_TIME_NONE - 1)

/* @time and @offset, not before 0 and not after the last time. */
GstClockTime ab_time_offset (GstClockTime time, GstClockTimeDiff offset);

/* The time of sample n is base + (n - origin) * 10^9 / rate, rounded down:
 * taken from the count each time and never added up, so that it can't drift. */
typedef struct
{
  guint rate;
  guint64 origin;
  GstClockTime base;
} AbClock;

/* Sample number @origin is at time @base; @rate samples a second from there. */
void ab_clock_start (AbClock * self, guint rate, guint64 origin,
    GstClockTime base);

/* The time of sample number @sample, which is not before the origin. */
GstClockTime ab_clock_time (const AbClock * self, guint64 sample);

/* Number of the last sample that is not later than @time, and of the first one
 * that is not earlier, where @time is not before the base. Both give back the
 * number that a timestamp was made of. */
guint64 ab_clock_until (const AbClock * self, GstClockTime time);
guint64 ab_clock_from (const AbClock * self, GstClockTime time);

/* Sets PTS, duration, OFFSET and OFFSET_END of @buffer, which begins at sample
 * number @start and has @n_samples samples. */
void ab_clock_stamp (const AbClock * self, GstBuffer * buffer,
    guint64 start, guint n_samples);

/* When a chunk counts as off, and what to do about it. Times in ns. */
typedef struct
{
  GstClockTime alignment_threshold;
  GstClockTime discont_wait;
  /* insert silence or drop samples instead of a break */
  gboolean fill;
  /* 0: no bound */
  GstClockTime max_fill;
} AbTimelinePolicy;

typedef enum
{
  /* the chunk is due */
  AB_TIMELINE_DUE,
  /* so many samples are missing before it */
  AB_TIMELINE_FILL,
  /* so many samples of it, and of those that come after, overlap */
  AB_TIMELINE_DROP,
  /* it begins a new run */
  AB_TIMELINE_BREAK,
} AbVerdict;

/* A run of samples without a break.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  AbClock clock;
  /* the segment that the clock's times are in, and whether it is the one that
   * chunks come in */
  GstSegment segment;
  gboolean entered;
  /* number of the next sample to come */
  guint64 position;
  /* samples that are still to be dropped since they overlap */
  guint64 owed;
  /* FALSE until the first chunk, and when a break is due */
  gboolean running;
  /* there has been a run, so that there is an expected time */
  gboolean begun;
  /* running time since when chunks have been off, or NOT_OFF */
  GstClockTimeDiff off_since;
} AbTimeline;

/* Nothing has come yet; positions begin at 0. */
void ab_timeline_reset (AbTimeline * self);

/* Judges a chunk at @pts (which may be GST_CLOCK_TIME_NONE) of @segment;
 * @flagged: it says itself that it follows a break. On FILL and DROP,
 * @n_samples is how many; on DROP they are owed from then on. */
AbVerdict ab_timeline_judge (AbTimeline * self, const AbTimelinePolicy * policy,
    const GstSegment * segment, GstClockTime pts, gboolean flagged,
    guint64 * n_samples);

/* The next sample begins a new run at @pts of @segment. Without a @pts it
 * begins at the expected time, and the first run at the segment's start. */
void ab_timeline_begin (AbTimeline * self, guint rate,
    const GstSegment * segment, GstClockTime pts);

/* Does a run go on in @segment? It does not at another speed or backwards. */
gboolean ab_timeline_can_enter (const AbTimeline * self,
    const GstSegment * segment);

/* Chunks come in another segment from now on. */
void ab_timeline_leave_segment (AbTimeline * self);

/* From the next sample on times are in @segment; running time goes on. */
void ab_timeline_enter_segment (AbTimeline * self, const GstSegment * segment);

/* From the next sample on there are @rate samples a second; time goes on. */
void ab_timeline_set_rate (AbTimeline * self, guint rate);

/* The next chunk begins a new run, whatever its time. */
void ab_timeline_break (AbTimeline * self);

G_END_DECLS
