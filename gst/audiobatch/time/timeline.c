/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges whether a chunk continues the run of samples.
 *
 * The verdict: the next chunk is due at the running time at which the run's
 * samples end. If its running time differs by at least the alignment threshold,
 * the chunk is off. Timestamps jitter, so the timeline acts only if
 *   - chunks have been off for at least discont-wait, or
 *   - this chunk is off by at least discont-wait, or
 *   - upstream flagged this chunk.
 *
 *   chunk                    discont=resync  discont=fill
 *   no reason to act         DUE             DUE
 *   on time, but flagged     BREAK           DUE
 *   late                     BREAK           FILL; BREAK if above max-fill
 *   early                    BREAK           DROP; BREAK if above max-fill
 *   off by discont-wait
 *   or more, not flagged     BREAK           DOUBT
 *   no run, or other speed   BREAK           BREAK
 *
 * With discont=fill, acting inserts or drops samples, so one wrong timestamp
 * must not do it: the caller holds a chunk in doubt until the next one comes,
 * and then places it as flagged (the jump is real) or without a time (it is
 * not).
 */

#include "time/timeline.h"

#include <math.h>
#include <string.h>

#include "time/wide.h"

#define NOT_OFF G_MAXINT64

void
ab_timeline_reset (AbTimeline * self)
{
  memset (self, 0, sizeof *self);
  self->off_since = NOT_OFF;
}

void
ab_timeline_break (AbTimeline * self)
{
  self->running = FALSE;
}

gboolean
ab_timeline_can_enter (const AbTimeline * self, const GstSegment * segment)
{
  /* the element makes the rate positive; the applied rate keeps the sign */
  return segment->rate == self->segment.rate
      && segment->applied_rate == self->segment.applied_rate;
}

void
ab_timeline_leave_segment (AbTimeline * self)
{
  self->entered = FALSE;
  self->same_segment = FALSE;
}

void
ab_timeline_join_stream (AbTimeline * self)
{
  self->same_segment |= self->entered;
  self->entered = FALSE;
  self->joined = TRUE;
}

/* Is @time the time of the next sample, to within 1 ns? Runs for each chunk, so
 * it compares in units of 1/rate ns, which needs no division. */
static gboolean
is_due (const AbTimeline * self, GstClockTime time)
{
  const AbClock *clock = &self->clock;
  AbWide come = ab_wide_product (time - clock->base, clock->rate);
  AbWide due = ab_wide_product (self->position - clock->origin, GST_SECOND);
  AbWide late = ab_wide_subtract (ab_wide_add (come,
          ab_wide_from (clock->rate)), due);

  /* come - due is from -rate to rate; `late` is that plus rate */
  return late.high == 0 && late.low <= 2 * (guint64) clock->rate;
}

/* Upstream may send any timestamp: signed times saturate at 292 years, they do
 * not wrap. */

static GstClockTimeDiff
to_diff (gint sign, guint64 time)
{
  GstClockTimeDiff diff = MIN (time, G_MAXINT64);

  return sign < 0 ? -diff : diff;
}

static GstClockTimeDiff
add_diff (GstClockTimeDiff time, GstClockTimeDiff other)
{
  GstClockTimeDiff sum;

  if (G_UNLIKELY (__builtin_add_overflow (time, other, &sum)))
    return other < 0 ? -G_MAXINT64 : G_MAXINT64;
  return MAX (sum, -G_MAXINT64);
}

/* Rounds to the nearest. If @rate is not 1, the result is exact to the
 * nanosecond up to 104 days, as a double is. */
static GstClockTimeDiff
scale_by_rate (GstClockTimeDiff time, gdouble rate)
{
  gdouble scaled;

  if (rate == 1.0)
    return time;
  scaled = time * rate;
  if (ABS (scaled) >= (gdouble) G_MAXINT64)
    return scaled < 0 ? -G_MAXINT64 : G_MAXINT64;
  return llround (scaled);
}

/* The time at which the next chunk is due: the time of the next sample, minus
 * the samples owed. */
static GstClockTimeDiff
expected_time (const AbTimeline * self)
{
  GstClockTimeDiff time =
      to_diff (1, ab_clock_time (&self->clock, self->position));

  if (G_LIKELY (self->owed == 0))
    return time;
  return time - to_diff (1, gst_util_uint64_scale_int (self->owed, GST_SECOND,
          self->clock.rate));
}

static guint64
to_samples (const AbTimeline * self, guint64 time)
{
  return gst_util_uint64_scale_int_round (time, self->clock.rate, GST_SECOND);
}

/* @time may be before 0 and outside of the segment. */
static GstClockTimeDiff
running_time (const GstSegment * segment, GstClockTimeDiff time)
{
  guint64 running = 0;
  gint sign;

  if (time < 0) {
    /* a segment has no negative positions: count back from 0 */
    return add_diff (running_time (segment, 0),
        scale_by_rate (time, 1 / ABS (segment->rate)));
  }
  sign = gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, time,
      &running);
  return to_diff (sign, running);
}

/* Is @difference below the alignment threshold? */
static gboolean
is_aligned (const AbTimeline * self, const AbTimelinePolicy * policy,
    GstClockTime difference)
{
  guint64 threshold = gst_util_uint64_scale_int (policy->alignment_threshold,
      self->clock.rate, GST_SECOND);

  return to_samples (self, difference) < MAX (threshold, 1);
}

/* Does the flag of a chunk say that it follows a break? Each stream starts with
 * a flagged chunk, gapless or not: there its time tells. */
static gboolean
is_flag_true (const AbTimeline * self, const AbTimelinePolicy * policy,
    GstClockTimeDiff now, GstClockTimeDiff due)
{
  return !self->joined
      || !is_aligned (self, policy, ABS (add_diff (now, -due)));
}

static gboolean
is_jump (const AbTimelinePolicy * policy, GstClockTimeDiff now,
    GstClockTimeDiff due)
{
  return (GstClockTime) ABS (add_diff (now, -due)) >= policy->discont_wait;
}

/* A chunk came at running time @now and was due at @due. TRUE if the difference
 * is large enough, for long enough, to act. */
static gboolean
is_off (AbTimeline * self, const AbTimelinePolicy * policy,
    GstClockTimeDiff now, GstClockTimeDiff due)
{
  GstClockTime difference = ABS (add_diff (now, -due));

  if (is_aligned (self, policy, difference)) {
    self->off_since = NOT_OFF;
    return FALSE;
  }
  if (is_jump (policy, now, due))
    return TRUE;
  if (self->off_since == NOT_OFF) {
    self->off_since = due;
    return FALSE;
  }
  return (GstClockTime) ABS (add_diff (now,
          -self->off_since)) >= policy->discont_wait;
}

/* The verdict on a chunk that starts @late ns of running time after the next
 * sample. If @late is negative, the chunk starts before it: all samples in
 * between overlap, including the samples already owed. */
static AbVerdict
act (AbTimeline * self, const AbTimelinePolicy * policy, gdouble speed,
    GstClockTimeDiff late, guint64 * n_samples)
{
  GstClockTime off = scale_by_rate (ABS (late), speed);

  self->off_since = NOT_OFF;
  if (!policy->fill)
    return AB_TIMELINE_BREAK;
  *n_samples = to_samples (self, off);
  if (late <= 0 && *n_samples == self->owed)
    return AB_TIMELINE_DUE;
  if (ab_timeline_exceeds (policy, *n_samples, self->clock.rate))
    return AB_TIMELINE_BREAK;
  self->owed = late < 0 ? *n_samples : 0;
  if (*n_samples == 0)
    return AB_TIMELINE_DUE;
  return late < 0 ? AB_TIMELINE_DROP : AB_TIMELINE_FILL;
}

static AbVerdict
judge_closely (AbTimeline * self, const AbTimelinePolicy * policy,
    const GstSegment * segment, GstClockTime pts, gboolean flagged,
    guint64 * n_samples)
{
  GstClockTimeDiff next, due, now;

  if (!ab_timeline_can_enter (self, segment))
    return AB_TIMELINE_BREAK;
  due = running_time (&self->segment, expected_time (self));
  now = running_time (segment, to_diff (1, pts));
  flagged = flagged && is_flag_true (self, policy, now, due);
  self->joined = FALSE;
  if (!flagged && !is_off (self, policy, now, due))
    return AB_TIMELINE_DUE;
  if (!flagged && policy->fill && is_jump (policy, now, due))
    return AB_TIMELINE_DOUBT;
  next = running_time (&self->segment,
      to_diff (1, ab_clock_time (&self->clock, self->position)));
  return act (self, policy, ABS (segment->rate), add_diff (now, -next),
      n_samples);
}

AbVerdict
ab_timeline_judge (AbTimeline * self, const AbTimelinePolicy * policy,
    const GstSegment * segment, GstClockTime pts, gboolean flagged,
    guint64 * n_samples)
{
  if (!self->running)
    return AB_TIMELINE_BREAK;
  if (!GST_CLOCK_TIME_IS_VALID (pts)) {
    return !ab_timeline_can_enter (self, segment) || (flagged && !policy->fill)
        ? AB_TIMELINE_BREAK : AB_TIMELINE_DUE;
  }
  /* the usual case */
  if (G_LIKELY (!flagged && self->owed == 0 && self->off_since == NOT_OFF
          && self->entered && is_due (self, pts)))
    return AB_TIMELINE_DUE;
  return judge_closely (self, policy, segment, pts, flagged, n_samples);
}

gboolean
ab_timeline_fits (const AbTimeline * self, const AbTimelinePolicy * policy,
    const GstSegment * segment, GstClockTime start, guint64 ahead)
{
  GstClockTimeDiff due;

  if (!self->running || !ab_timeline_can_enter (self, segment))
    return FALSE;
  due = add_diff (expected_time (self), to_diff (1,
          gst_util_uint64_scale_int (ahead, GST_SECOND, self->clock.rate)));
  return !is_jump (policy, running_time (segment, to_diff (1, start)),
      running_time (&self->segment, due));
}

gboolean
ab_timeline_misses (const AbTimeline * self, const GstSegment * segment,
    GstClockTime start, GstClockTime end, guint64 * n_samples)
{
  GstClockTimeDiff due, ahead, missing;
  gdouble speed = ABS (segment->rate);

  if (!self->running || !ab_timeline_can_enter (self, segment))
    return FALSE;
  due = running_time (&self->segment, expected_time (self));
  ahead = scale_by_rate (add_diff (running_time (segment, to_diff (1, start)),
          -due), speed);
  missing = scale_by_rate (add_diff (running_time (segment, to_diff (1, end)),
          -due), speed);
  if ((ahead > 0 && to_samples (self, ahead) > 0) || missing <= 0)
    return FALSE;
  *n_samples = to_samples (self, missing);
  return *n_samples > 0;
}

gboolean
ab_timeline_agrees (const AbTimeline * self, const AbTimelinePolicy * policy,
    GstClockTime time, GstClockTime other)
{
  return is_aligned (self, policy, ABS (add_diff (to_diff (1, time),
              -to_diff (1, other))));
}

GstClockTimeDiff
ab_running_time (const GstSegment * segment, GstClockTime time)
{
  return running_time (segment, to_diff (1, time));
}

/* The expected time of the next sample, as a position in @segment. */
static GstClockTime
next_time_in (const AbTimeline * self, const GstSegment * segment)
{
  GstClockTimeDiff running = running_time (&self->segment,
      to_diff (1, ab_clock_time (&self->clock, self->position)));
  GstClockTimeDiff position;
  guint64 time = 0;
  gint sign;

  if (self->entered || self->same_segment)
    return ab_clock_time (&self->clock, self->position);
  sign = gst_segment_position_from_running_time_full (segment,
      GST_FORMAT_TIME, MAX (running, 0), &time);
  position = to_diff (sign, time);
  /* a segment with an offset has positions before running time 0 */
  if (running < 0)
    position = add_diff (position, scale_by_rate (running, segment->rate));
  return MAX (position, to_diff (1, segment->start));
}

void
ab_timeline_begin (AbTimeline * self, guint rate, const GstSegment * segment,
    GstClockTime pts)
{
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = self->begun ? next_time_in (self, segment) : segment->start;
  ab_clock_start (&self->clock, rate, self->position, pts);
  self->segment = *segment;
  self->entered = TRUE;
  self->same_segment = FALSE;
  self->owed = 0;
  self->running = TRUE;
  self->joined = FALSE;
  self->begun = TRUE;
  self->off_since = NOT_OFF;
}

void
ab_timeline_enter_segment (AbTimeline * self, const GstSegment * segment)
{
  if (!self->same_segment) {
    ab_clock_start (&self->clock, self->clock.rate, self->position,
        next_time_in (self, segment));
    self->segment = *segment;
  }
  /* The first chunk of a stream is judged closely, even if this is no chunk. */
  self->same_segment = self->joined;
  self->entered = !self->joined;
}

void
ab_timeline_set_rate (AbTimeline * self, guint rate)
{
  if (!self->begun)
    return;
  self->owed = gst_util_uint64_scale_int_round (self->owed, rate,
      self->clock.rate);
  ab_clock_start (&self->clock, rate, self->position,
      ab_clock_time (&self->clock, self->position));
}
