/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges chunks as docs/elements.md says, in 128-bit integers, beside the
 * timeline, and compares. */
#pragma once

#include "fuzz.h"
#include "timeline.h"

G_BEGIN_DECLS

typedef __int128 Exact;

/* What @n samples take, in ns, rounded down. */
static inline Exact
exact_duration (guint64 n, guint rate)
{
  return (Exact) n * GST_SECOND / rate;
}

/* Beyond this a nanosecond is half a sample or more: times can't tell any
 * longer which sample is meant. */
#define JUDGE_MAX_RATE (GST_SECOND / 2 - 1)

/* One run after another, in segments of rate 1. */
typedef struct
{
  Timeline timeline;
  TimelinePolicy policy;
  GstSegment segment;

  /* the same in exact numbers: sample origin is at base, of this segment */
  guint rate;
  Exact origin, base, position, owed;
  GstSegment run_segment;
  gboolean begun, running, entered;
  /* when chunks began to be off */
  gboolean off;
  Exact off_since;
} Judge;

void judge_init (Judge * self, guint rate);

/* A chunk, a segment, another rate, other settings, or a break. */
void judge_step (Judge * self, Input * input);

G_END_DECLS
