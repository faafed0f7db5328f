/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges whether a chunk continues the run of samples. */
#pragma once

#include "time/clock.h"

G_BEGIN_DECLS

/* When a chunk counts as off, and what to do then. Times in ns. */
typedef struct
{
  GstClockTime alignment_threshold;
  GstClockTime discont_wait;
  /* insert silence or drop samples, instead of a break */
  gboolean fill;
  /* longer jumps, forwards or backwards, are breaks; 0: no limit */
  GstClockTime max_fill;
} AbTimelinePolicy;

/* Are @n_samples, at @rate samples a second, longer than max-fill? */
static inline gboolean
ab_timeline_exceeds (const AbTimelinePolicy * policy, guint64 n_samples,
    guint rate)
{
  return policy->max_fill != 0 && gst_util_uint64_scale_int (n_samples,
      GST_SECOND, rate) > policy->max_fill;
}

typedef enum
{
  /* the chunk continues the run */
  AB_TIMELINE_DUE,
  /* @n_samples samples are missing before the chunk */
  AB_TIMELINE_FILL,
  /* the first @n_samples samples of this chunk, and of the next chunks if this
   * one is shorter, overlap the run */
  AB_TIMELINE_DROP,
  /* the chunk begins a new run */
  AB_TIMELINE_BREAK,
  /* only this chunk tells of a jump that would cost samples: the next chunk
   * shows whether it is real */
  AB_TIMELINE_DOUBT,
} AbVerdict;

/* A run of samples without a break.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  AbClock clock;
  /* the segment of the clock's times; whether chunks come in it too, and if not,
   * whether they come in the same one but of another stream */
  GstSegment segment;
  gboolean entered;
  gboolean same_segment;
  /* a stream started: its first chunk is flagged even if nothing is missing */
  gboolean joined;
  /* number of the next sample */
  guint64 position;
  /* overlapping samples that are still to be dropped */
  guint64 owed;
  /* FALSE before the first chunk, and after a break */
  gboolean running;
  /* there was a run, so there is an expected time */
  gboolean begun;
  /* running time since which chunks are off, or NOT_OFF */
  GstClockTimeDiff off_since;
} AbTimeline;

/* Forgets everything; positions begin at 0. */
void ab_timeline_reset (AbTimeline * self);

/* Judges a chunk at @pts (which may be GST_CLOCK_TIME_NONE) of @segment.
 * @flagged: upstream says that the chunk follows a break. FILL and DROP set
 * @n_samples; after DROP these samples are owed. */
AbVerdict ab_timeline_judge (AbTimeline * self, const AbTimelinePolicy * policy,
    const GstSegment * segment, GstClockTime pts, gboolean flagged,
    guint64 * n_samples);

/* Is a chunk at @start of @segment, after @ahead more samples, off by less than
 * discont-wait? FALSE if the run can't continue there. */
gboolean ab_timeline_fits (const AbTimeline * self,
    const AbTimelinePolicy * policy, const GstSegment * segment,
    GstClockTime start, guint64 ahead);

/* Does a gap from @start to @end hold the sample that is due? Sets @n_samples to
 * the samples that are due until @end. */
gboolean ab_timeline_misses (const AbTimeline * self,
    const GstSegment * segment, GstClockTime start, GstClockTime end,
    guint64 * n_samples);

/* Are two times of chunks the same but for jitter? */
gboolean ab_timeline_agrees (const AbTimeline * self,
    const AbTimelinePolicy * policy, GstClockTime time, GstClockTime other);

/* The running time of @time in @segment, even outside of it; saturates. */
GstClockTimeDiff ab_running_time (const GstSegment * segment,
    GstClockTime time);

/* The next sample begins a new run at @pts of @segment. If @pts is
 * GST_CLOCK_TIME_NONE, the run begins at the expected time, or, if it is the
 * first, at the start of @segment. */
void ab_timeline_begin (AbTimeline * self, guint rate,
    const GstSegment * segment, GstClockTime pts);

/* Can the run continue in @segment? Not if speed or direction change. */
gboolean ab_timeline_can_enter (const AbTimeline * self,
    const GstSegment * segment);

/* Chunks come in another segment from now on. */
void ab_timeline_leave_segment (AbTimeline * self);

/* Chunks come in another stream from now on. */
void ab_timeline_join_stream (AbTimeline * self);

/* From the next sample on, times are in @segment; running time continues. */
void ab_timeline_enter_segment (AbTimeline * self, const GstSegment * segment);

/* @rate samples a second from the next sample on; time continues. */
void ab_timeline_set_rate (AbTimeline * self, guint rate);

/* The next chunk begins a new run, whatever its time. */
void ab_timeline_break (AbTimeline * self);

G_END_DECLS
