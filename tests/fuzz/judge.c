/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "judge.h"

/* The longest run: 18 years. */
#define FARTHEST (G_GINT64_CONSTANT (1) << 59)
#define LIMIT (G_GUINT64_CONSTANT (1) << 62)

static Exact
exact (AbWide value)
{
  return MIN (ab_wide_to_64 (value), LIMIT);
}

static guint64
absolute (Exact value)
{
  return value < 0 ? -value : value;
}

/* The duration of @n samples in ns, rounded down. */
static Exact
duration_of (Judge * self, guint64 n)
{
  return exact (exact_duration (n, self->rate));
}

/* Samples in @time, rounded to the nearest. */
static Exact
exact_samples (Judge * self, guint64 time)
{
  return exact (exact_ratio (time, self->rate, GST_SECOND, GST_SECOND / 2));
}

static Exact
sample_time (Judge * self, Exact position)
{
  return self->base + duration_of (self, position - self->origin);
}

static Exact
running (const GstSegment * segment, Exact time)
{
  return time - (Exact) segment->start - (Exact) segment->offset
      + (Exact) segment->base;
}

/* Is @difference below the alignment threshold? */
static gboolean
is_aligned (Judge * self, guint64 difference)
{
  Exact threshold = exact (exact_ratio (self->policy.alignment_threshold,
          self->rate, GST_SECOND, 0));

  return exact_samples (self, difference) < MAX (threshold, 1);
}

/* Must the element act on a chunk that came at @now and was due at @due? */
static gboolean
is_off (Judge * self, Exact now, Exact due)
{
  guint64 difference = absolute (now - due);

  if (is_aligned (self, difference)) {
    self->off = FALSE;
    return FALSE;
  }
  if (difference >= self->policy.discont_wait)
    return TRUE;
  if (!self->off) {
    self->off = TRUE;
    self->off_since = due;
    return FALSE;
  }
  return absolute (now - self->off_since) >= self->policy.discont_wait;
}

/* Are @n_samples samples more than max-fill? */
static gboolean
is_too_long (Judge * self, Exact n_samples)
{
  return self->policy.max_fill != 0
      && (guint64) duration_of (self, n_samples) > self->policy.max_fill;
}

static AbVerdict
act (Judge * self, Exact late, Exact * n_samples)
{
  self->off = FALSE;
  if (!self->policy.fill)
    return AB_TIMELINE_BREAK;
  *n_samples = exact_samples (self, absolute (late));
  if (late <= 0 && *n_samples == self->owed)
    return AB_TIMELINE_DUE;
  if (is_too_long (self, *n_samples))
    return AB_TIMELINE_BREAK;
  self->owed = late < 0 ? *n_samples : 0;
  if (*n_samples == 0)
    return AB_TIMELINE_DUE;
  return late < 0 ? AB_TIMELINE_DROP : AB_TIMELINE_FILL;
}

/* The running time at which the next chunk is due. */
static Exact
due_time (Judge * self)
{
  return running (&self->run_segment,
      sample_time (self, self->position) - duration_of (self, self->owed));
}

static AbVerdict
judge (Judge * self, GstClockTime pts, gboolean flagged, Exact * n_samples)
{
  Exact now, next, due;
  gboolean joined = self->joined;

  if (!self->running)
    return AB_TIMELINE_BREAK;
  if (pts == GST_CLOCK_TIME_NONE)
    return flagged && !self->policy.fill ? AB_TIMELINE_BREAK : AB_TIMELINE_DUE;
  self->joined = FALSE;
  next = running (&self->run_segment, sample_time (self, self->position));
  due = due_time (self);
  now = running (&self->segment, pts);
  if (joined && is_aligned (self, absolute (now - due)))
    flagged = FALSE;
  if (!flagged && !is_off (self, now, due))
    return AB_TIMELINE_DUE;
  if (!flagged && self->policy.fill
      && absolute (now - due) >= self->policy.discont_wait)
    return AB_TIMELINE_DOUBT;
  return act (self, now - next, n_samples);
}

/* The time of the next sample, in the input segment. */
static Exact
next_time (Judge * self)
{
  Exact time = sample_time (self, self->position);

  if (!self->begun)
    return self->segment.start;
  if (self->entered)
    return time;
  time = running (&self->run_segment, time) - running (&self->segment, 0);
  return MAX (time, (Exact) self->segment.start);
}

static void
begin (Judge * self, GstClockTime pts)
{
  self->base = pts == GST_CLOCK_TIME_NONE ? next_time (self) : (Exact) pts;
  self->origin = self->position;
  self->run_segment = self->segment;
  self->begun = self->entered = self->running = TRUE;
  self->joined = FALSE;
  self->owed = 0;
  self->off = FALSE;
  ab_timeline_begin (&self->timeline, self->rate, &self->segment, pts);
}

static void
enter (Judge * self)
{
  if (self->entered)
    return;
  self->base = next_time (self);
  self->origin = self->position;
  self->run_segment = self->segment;
  self->entered = TRUE;
  ab_timeline_enter_segment (&self->timeline, &self->segment);
}

/* Counts @n samples of a chunk or of silence, as the rebatcher does. */
static void
pass (Judge * self, Exact n)
{
  self->position += n;
  self->timeline.position += n;
}

static void
drop (Judge * self, Exact n)
{
  Exact owed = MIN (self->owed, n);

  self->owed -= owed;
  self->timeline.owed -= owed;
  pass (self, n - owed);
}

static void
check_state (Judge * self)
{
  PROMISE (self->timeline.position == (guint64) self->position, "position");
  PROMISE (self->timeline.owed == (guint64) self->owed,
      "%" G_GUINT64_FORMAT " owed", self->timeline.owed);
  PROMISE (ab_clock_time (&self->timeline.clock, self->timeline.position)
      == (guint64) sample_time (self, self->position), "the next sample is at %"
      G_GUINT64_FORMAT " and not %" G_GUINT64_FORMAT,
      ab_clock_time (&self->timeline.clock, self->timeline.position),
      (guint64) sample_time (self, self->position));
}

static GstClockTime
chunk_time (Judge * self, Input * input)
{
  Exact time = next_time (self) - duration_of (self, self->owed);

  switch (input_below (input, 6)) {
    case 0:
      return GST_CLOCK_TIME_NONE;
    case 1:
      time += input_time (input) % FARTHEST;
      break;
    case 2:
      time -= input_time (input) % FARTHEST;
      break;
    case 3:
      time += duration_of (self, input_byte (input));
      break;
    case 4:
      time = MIN (input_number (input), (guint64) FARTHEST);
      break;
    default:
      break;
  }
  return CLAMP (time, 0, FARTHEST);
}

/* Places a chunk of @n samples, or holds it if its time is in doubt. */
static void
place (Judge * self, GstClockTime pts, guint n, gboolean flagged)
{
  guint64 n_samples = 0;
  Exact expected = 0;
  AbVerdict verdict, ours;

  ours = judge (self, pts, flagged, &expected);
  verdict = ab_timeline_judge (&self->timeline, &self->policy, &self->segment,
      pts, flagged, &n_samples);
  PROMISE (verdict == ours, "verdict %d instead of %d at %u Hz",
      verdict, ours, self->rate);
  if (verdict == AB_TIMELINE_FILL || verdict == AB_TIMELINE_DROP)
    PROMISE (n_samples == (guint64) expected,
        "%" G_GUINT64_FORMAT " samples, not %" G_GUINT64_FORMAT, n_samples,
        (guint64) expected);
  if (verdict == AB_TIMELINE_DOUBT) {
    self->held_pts = pts;
    self->held = n;
    return;
  }
  if (verdict == AB_TIMELINE_BREAK)
    begin (self, pts);
  if (verdict == AB_TIMELINE_FILL)
    pass (self, expected);
  enter (self);
  drop (self, n);
  check_state (self);
}

/* Places the chunk that is held: at its own time if that is @real, else as
 * due. */
static void
place_held (Judge * self, gboolean real)
{
  guint n = self->held;

  self->held = 0;
  if (n > 0)
    place (self, real ? self->held_pts : GST_CLOCK_TIME_NONE, n, real);
}

/* Does a chunk at @pts show that the time of the held one is right? */
static gboolean
is_real (Judge * self, GstClockTime pts)
{
  const AbTimelinePolicy *policy = &self->policy;
  Exact held_end = (Exact) self->held_pts + duration_of (self, self->held);
  gboolean follows, fits;

  if (pts == GST_CLOCK_TIME_NONE)
    return FALSE;
  follows = is_aligned (self, absolute ((Exact) pts - held_end));
  fits = absolute (running (&self->segment, pts) - due_time (self)
      - duration_of (self, self->held)) < policy->discont_wait;
  PROMISE (ab_timeline_agrees (&self->timeline, policy, pts, held_end)
      == follows, "%" G_GUINT64_FORMAT " follows on %" G_GINT64_FORMAT ": %d",
      pts, held_end, follows);
  PROMISE (ab_timeline_fits (&self->timeline, policy, &self->segment, pts,
          self->held) == fits, "%" G_GUINT64_FORMAT " fits: %d", pts, fits);
  return follows || !fits;
}

static void
judge_chunk (Judge * self, Input * input)
{
  guint kind = input_byte (input);
  guint n = input_bytes (input, 2);
  GstClockTime pts = chunk_time (self, input);

  n = MAX (n, 1);
  self->n_settled = self->n_told;
  ab_told_chunk (&self->told);
  if (self->held > 0)
    place_held (self, is_real (self, pts));
  place (self, pts, n, kind & 1);
}

static void
end_run (Judge * self)
{
  self->running = FALSE;
  ab_timeline_break (&self->timeline);
  self->n_told = self->n_settled = 0;
  ab_told_reset (&self->told);
}

/* Samples from the due time to @end, if a gap from @start to @end holds the
 * sample that is due. */
static Exact
missing_until (Judge * self, Exact start, Exact end)
{
  Exact due;

  if (!self->running)
    return 0;
  due = due_time (self);
  start = running (&self->segment, start);
  end = running (&self->segment, end);
  if (end <= due || (start > due && exact_samples (self, start - due) > 0))
    return 0;
  return exact_samples (self, end - due);
}

/* Silence in the place of @n samples that will not come, or else a break. */
static void
lose (Judge * self, Exact n)
{
  if (!self->policy.fill || is_too_long (self, n)) {
    end_run (self);
    return;
  }
  enter (self);
  drop (self, n);
  check_state (self);
}

/* What the events since the last chunk tell, without what those before it
 * told. */
static guint64
told_since_chunk (Judge * self)
{
  Exact from = self->told_starts[self->n_settled];
  Exact end = self->told_ends[self->n_settled];
  guint i;

  for (i = 0; i < self->n_told; i++) {
    if (i < self->n_settled)
      from = MAX (from, self->told_ends[i]);
    else
      end = MAX (end, self->told_ends[i]);
  }
  return MAX (end - from, 0);
}

/* A gap about time in which samples may still come. */
static void
tell (Judge * self, Exact start, Exact end)
{
  guint64 told;

  start = running (&self->segment, start);
  end = running (&self->segment, end);
  self->told_starts[self->n_told] = start;
  self->told_ends[self->n_told] = end;
  self->n_told++;
  told = ab_told_add (&self->told, start, end);
  PROMISE (told == told_since_chunk (self),
      "%" G_GUINT64_FORMAT " are told and " "not %" G_GUINT64_FORMAT, told,
      told_since_chunk (self));
}

static void
judge_gap (Judge * self, Input * input)
{
  guint kind = input_byte (input);
  GstClockTime start, end;
  guint64 n_samples = 0;
  Exact missing;

  place_held (self, FALSE);
  start = chunk_time (self, input);
  if (start == GST_CLOCK_TIME_NONE)
    start = 0;
  end = MIN (start + input_time (input) % FARTHEST, (guint64) FARTHEST);
  PROMISE (ab_running_time (&self->segment, start) == running (&self->segment,
          start), "the running time of %" G_GUINT64_FORMAT, start);
  missing = missing_until (self, start, end);
  PROMISE (ab_timeline_misses (&self->timeline, &self->segment, start, end,
          &n_samples) == (missing > 0), "%" G_GINT64_FORMAT " are missing",
      missing);
  if (missing > 0)
    PROMISE (n_samples == (guint64) missing, "%" G_GUINT64_FORMAT
        " are missing, not %" G_GINT64_FORMAT, n_samples, missing);
  if (missing > 0 && (kind & 1))
    lose (self, missing);
  else if (self->n_told < JUDGE_MAX_STEPS)
    tell (self, start, end);
}

static void
change_segment (Judge * self, Input * input)
{
  guint kind = input_byte (input);
  GstSegment *segment = &self->segment;

  place_held (self, FALSE);
  gst_segment_init (segment, GST_FORMAT_TIME);
  if (kind & 1)
    segment->start = input_time (input) % FARTHEST;
  if (kind & 2)
    segment->base = input_time (input) % FARTHEST;
  if (kind & 4)
    segment->offset = input_time (input) % FARTHEST;
  if (kind & 8)
    segment->stop = segment->start + input_time (input) % FARTHEST;
  if (!self->begun)
    return;
  self->entered = FALSE;
  ab_timeline_leave_segment (&self->timeline);
}

static void
join_stream (Judge * self)
{
  place_held (self, FALSE);
  self->joined = TRUE;
  ab_timeline_join_stream (&self->timeline);
}

static void
change_rate (Judge * self, Input * input)
{
  guint64 rate = input_number (input);
  guint old = self->rate;

  rate = CLAMP (rate, 1, JUDGE_MAX_RATE);
  if (!self->begun)
    return;
  place_held (self, FALSE);
  enter (self);
  ab_timeline_set_rate (&self->timeline, rate);
  self->base = sample_time (self, self->position);
  self->origin = self->position;
  self->owed = exact (exact_ratio (self->owed, rate, old, old / 2));
  self->rate = rate;
  check_state (self);
}

static void
change_policy (Judge * self, Input * input)
{
  guint kind = input_byte (input);

  self->policy.fill = kind & 1;
  self->policy.alignment_threshold = input_time (input) & G_MAXINT64;
  self->policy.discont_wait = kind & 2 ? 0 : input_time (input) & G_MAXINT64;
  self->policy.max_fill = kind & 4 ? input_time (input) & G_MAXINT64 : 0;
}

void
judge_init (Judge * self, guint rate)
{
  memset (self, 0, sizeof *self);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  ab_timeline_reset (&self->timeline);
  ab_told_reset (&self->told);
  self->rate = MIN (rate, JUDGE_MAX_RATE);
  self->entered = TRUE;
}

void
judge_step (Judge * self, Input * input)
{
  guint kind = input_byte (input);
  guint op = kind % 16;

  /* later samples would not fit into the numbers of a stream */
  if (sample_time (self, self->position) > FARTHEST
      || self->position > FARTHEST || self->owed > FARTHEST)
    return;
  if (kind >= 240)
    join_stream (self);
  else if (kind >= 224)
    judge_gap (self, input);
  else if (op < 11)
    judge_chunk (self, input);
  else if (op < 12)
    change_segment (self, input);
  else if (op < 13)
    change_rate (self, input);
  else if (op < 15)
    change_policy (self, input);
  else {
    place_held (self, FALSE);
    end_run (self);
  }
}
