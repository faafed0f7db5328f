/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second implementation of the timeline's rules, as docs/elements.md states
 * them, in exact numbers. Gives the same chunks to both and compares the
 * verdicts. */
#pragma once

#include "fuzz.h"
#include "time/timeline.h"
#include "time/told.h"
#include "time/wide.h"

G_BEGIN_DECLS

/* (n * times + rest) / by, rounded down. */
static inline AbWide
exact_ratio (guint64 n, guint64 times, guint64 by, guint64 rest)
{
  AbWide left;

  return ab_wide_divide (ab_wide_add (ab_wide_product (n, times),
          ab_wide_from (rest)), ab_wide_from (by), &left);
}

/* The duration of @n samples in ns, rounded down. */
static inline AbWide
exact_duration (guint64 n, guint rate)
{
  return exact_ratio (n, GST_SECOND, rate, 0);
}

/* Beyond this rate a nanosecond is half a sample or more, so a time no longer
 * identifies a sample. */
#define JUDGE_MAX_RATE (GST_SECOND / 2 - 1)

/* Times and counts of a run, well within 2^62. Larger results are clamped to
 * 2^62. */
typedef gint64 Exact;

/* Most steps of one input. */
#define JUDGE_MAX_STEPS 200

/* One run after another, in segments of rate 1. */
typedef struct
{
  AbTimeline timeline;
  AbTimelinePolicy policy;
  GstSegment segment;

  /* the same in exact numbers: sample @origin is at time @base of
   * @run_segment */
  guint rate;
  Exact origin, base, position, owed;
  GstSegment run_segment;
  gboolean begun, running, entered;
  /* a stream has begun, and no chunk of it has come */
  gboolean joined;
  /* chunks are off, and since when */
  gboolean off;
  Exact off_since;
  /* samples of the chunk that is held until the next one, or 0 */
  guint held;
  GstClockTime held_pts;

  /* what gaps have told in this run; those before @n_settled were told before
   * the last chunk */
  AbTold told;
  Exact told_starts[JUDGE_MAX_STEPS], told_ends[JUDGE_MAX_STEPS];
  guint n_told, n_settled;
} Judge;

void judge_init (Judge * self, guint rate);

/* Does one step: a chunk, a gap, a segment, a stream, another rate, other
 * settings, or a break. */
void judge_step (Judge * self, Input * input);

G_END_DECLS
