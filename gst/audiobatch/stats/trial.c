/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries for allocation=auto whether recycling helps.
 *
 *   batches  8  16    32        64  ...     256     384     512
 *   fresh    |--|-----|---------|-- ... ----|-------|-------|
 *            open   windows of 8, 16 ... 128, then 128 each
 *
 * At the end of each window it compares what batches cost with the thresholds of
 * advice.c. A reason begins the trial: recycle, let windows pass until the pool is
 * full, compare the next ones. If they don't cost less, go back, and don't try again until fresh
 * memory costs twice as much. */

#include "stats/trial.h"

#include <string.h>

/* Batches of the first window. Until then a stream starts: its heap grows. */
#define FIRST 8
/* A full window: enough for a mean. With larger batches fewer are enough. */
#define FULL 128
#define FULL_BYTES (G_GUINT64_CONSTANT (16) * 1024 * 1024)
/* One page fault for each batch, that take this part of it, are tried before a
 * window is full: with such, 256 fresh batches are too many. */
#define HEAVY_FAULTS 1.0
#define HEAVY_PART 0.1
/* Full windows from one look to the next once nothing is left to try: a look of
 * 1.5 us is then below 1 % of the smallest batches. */
#define SPARSE 4
/* A few per cent show in the least of so many windows, since what disturbs the
 * thread only adds to it. */
#define WINDOWS 5
/* A pool that still makes buffers after so many windows is never full. */
#define FILL_WINDOWS 8
/* If recycling saves what was the reason to try it, it may cost this much more
 * CPU time: on a busy machine that is not more exact. */
#define NOISE 1.1
/* Any saving less than this is none. */
#define SAVING 0.99
/* This is worse at first sight, on a busy machine too. */
#define WORSE 2
/* A pool that has nothing for half of the batches does not recycle: it is empty,
 * or what comes back is unfit. */
#define EMPTY_PART 0.5
/* After this many recycled allocations the slowest of 1000 is known, and must be
 * half as slow as with fresh memory. */
#define PAUSE_TIMED 1000
#define PAUSE_GAIN 0.5
/* Fresh memory costs clearly more than when recycling did not help. */
#define CLEARLY 2

void
ab_trial_start (AbTrial * self, guint64 bytes)
{
  memset (self, 0, sizeof *self);
  self->advice.allocation = GST_AUDIO_BATCH_ALLOCATION_FRESH;
  self->advice.reason = GST_AUDIO_BATCH_ADVICE_REASON_NONE;
  self->full = CLAMP (FULL_BYTES / MAX (bytes, 1), FIRST, FULL);
  self->length = self->until = FIRST;
}

static gboolean
is_of_one_thread (const AbLook * look, const AbLook * start)
{
  return look->known && start->known
      && look->usage.thread == start->usage.thread
      && look->batches > start->batches
      && look->usage.time_ns > start->usage.time_ns
      && look->usage.cpu_ns > start->usage.cpu_ns
      && look->usage.page_faults >= start->usage.page_faults;
}

gboolean
ab_look_is_steady (const AbLook * look, const AbLook * start)
{
  return is_of_one_thread (look, start) && look->peak <= start->peak;
}

AbCost
ab_look_cost (const AbLook * look, const AbLook * start)
{
  gdouble batches = look->batches - start->batches;
  AbCost cost = {
    .known = TRUE,
    .page_faults =
        (look->usage.page_faults - start->usage.page_faults) / batches,
    .cpu_ns = (look->usage.cpu_ns - start->usage.cpu_ns) / batches,
  };

  return cost;
}

/* Did half of the batches of the window get new memory after all? */
static gboolean
is_empty (const AbTrial * self, const AbLook * look)
{
  const AbLook *start = &self->start;

  return look->fallbacks + look->made - start->fallbacks - start->made >=
      EMPTY_PART * (look->batches - start->batches);
}

static void
keep_least (AbCost * least, const AbCost * cost, guint windows)
{
  if (windows == 0 || cost->cpu_ns < least->cpu_ns)
    *least = *cost;
}

static void
begin (AbTrial * self, const AbAdvice * advice, AbTrialPhase phase)
{
  self->advice = *advice;
  self->phase = phase;
  self->windows = self->watched = 0;
}

void
ab_trial_go_back (AbTrial * self)
{
  static const AbAdvice fresh = {
    GST_AUDIO_BATCH_ALLOCATION_FRESH, GST_AUDIO_BATCH_ADVICE_REASON_NONE
  };

  self->declined = TRUE;
  self->declined_cost = self->cost[GST_AUDIO_BATCH_ALLOCATION_FRESH];
  begin (self, &fresh, AB_TRIAL_WATCH);
  /* let one window pass, in which the heap grows */
  self->skips = TRUE;
}

/* Fresh memory */

static gboolean
is_worth_a_trial (const AbTrial * self, const AbAdvice * advice,
    const AbCost * cost)
{
  switch (advice->reason) {
    case GST_AUDIO_BATCH_ADVICE_REASON_MEMORY:
      return TRUE;
    case GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS:
      if (self->declined
          && (cost->page_faults <= CLEARLY * self->declined_cost.page_faults
              || cost->page_faults < HEAVY_FAULTS))
        return FALSE;
      return self->windows > 0 || (cost->page_faults >= HEAVY_FAULTS
          && ab_advice_fault_part (cost) >= HEAVY_PART);
    case GST_AUDIO_BATCH_ADVICE_REASON_RATE:
      return !self->declined && self->windows >= WINDOWS;
    case GST_AUDIO_BATCH_ADVICE_REASON_PAUSES:
      return !self->declined;
    default:
      return FALSE;
  }
}

static void
watch (AbTrial * self, const AbLook * look)
{
  AbCost *least = &self->cost[GST_AUDIO_BATCH_ALLOCATION_FRESH];
  AbAdviceInput input = look->input;
  AbCost cost;
  AbAdvice advice;

  if (self->skips || !self->opened || !ab_look_is_steady (look, &self->start)) {
    self->skips = FALSE;
    return;
  }
  cost = ab_look_cost (look, &self->start);
  keep_least (least, &cost, self->windows);
  if (self->length >= self->full) {
    self->windows++;
    self->watched++;
  }
  input.cost = cost;
  input.batches_per_second = 1e9 * (look->batches - self->start.batches)
      / (look->usage.time_ns - self->start.usage.time_ns);
  advice = ab_advice_for (&input);
  if (!is_worth_a_trial (self, &advice, &cost)) {
    if (advice.reason != GST_AUDIO_BATCH_ADVICE_REASON_RATE)
      self->windows = 0;
    return;
  }
  if (advice.reason == GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS)
    *least = cost;
  self->fresh_p999_ns = input.allocation_p999_ns;
  begin (self, &advice,
      advice.reason == GST_AUDIO_BATCH_ADVICE_REASON_MEMORY
      || advice.reason == GST_AUDIO_BATCH_ADVICE_REASON_PAUSES ?
      AB_TRIAL_KEEP : AB_TRIAL_WARM_UP);
}

/* Recycled memory */

static void
warm_up (AbTrial * self, const AbLook * look)
{
  if (look->made > self->start.made && ++self->windows < FILL_WINDOWS)
    return;
  self->phase = AB_TRIAL_COMPARE;
  self->windows = 0;
}

/* Does recycling save what was the reason to try it? The CPU time is only that of
 * the streaming thread: where another one frees a fresh batch, that does not
 * show, so for a rate faster allocations are enough. */
static gboolean
saves_its_reason (const AbTrial * self, const AbLook * look)
{
  const AbCost *fresh = &self->cost[GST_AUDIO_BATCH_ALLOCATION_FRESH];
  const AbCost *pool = &self->cost[GST_AUDIO_BATCH_ALLOCATION_POOL];
  gboolean is_rate = self->advice.reason == GST_AUDIO_BATCH_ADVICE_REASON_RATE;

  return pool->cpu_ns <= NOISE * fresh->cpu_ns
      && ((fresh->page_faults > 0
          && pool->page_faults <= fresh->page_faults / CLEARLY)
      || (is_rate && look->pooled_p50_ns > 0
          && look->pooled_p50_ns < look->fresh_p50_ns));
}

static void
compare (AbTrial * self, const AbLook * look)
{
  const AbCost *fresh = &self->cost[GST_AUDIO_BATCH_ALLOCATION_FRESH];
  AbCost *pool = &self->cost[GST_AUDIO_BATCH_ALLOCATION_POOL];
  AbCost cost;

  if (!is_of_one_thread (look, &self->start))
    return;
  cost = ab_look_cost (look, &self->start);
  keep_least (pool, &cost, self->windows++);
  if (is_empty (self, look) || pool->cpu_ns > WORSE * fresh->cpu_ns)
    ab_trial_go_back (self);
  else if (saves_its_reason (self, look))
    self->phase = AB_TRIAL_KEEP;
  else if (self->windows == WINDOWS) {
    if (pool->cpu_ns < SAVING * fresh->cpu_ns)
      self->phase = AB_TRIAL_KEEP;
    else
      ab_trial_go_back (self);
  }
}

static void
keep (AbTrial * self, const AbLook * look)
{
  /* a pool bounds memory even if it runs empty */
  if (self->advice.reason == GST_AUDIO_BATCH_ADVICE_REASON_MEMORY)
    return;
  if (is_empty (self, look)
      || (self->advice.reason == GST_AUDIO_BATCH_ADVICE_REASON_PAUSES
          && look->pooled_timed >= PAUSE_TIMED
          && look->pooled_p999_ns > PAUSE_GAIN * self->fresh_p999_ns))
    ab_trial_go_back (self);
}

/* Is there nothing to try at once? */
static gboolean
is_settled (const AbTrial * self)
{
  return self->phase == AB_TRIAL_KEEP
      || (self->phase == AB_TRIAL_WATCH && self->watched > WINDOWS);
}

static void
open_window (AbTrial * self, const AbLook * look)
{
  if (self->phase == AB_TRIAL_WATCH && self->length < self->full)
    self->length = self->opened ? MIN (2 * self->length, self->full) : FIRST;
  else
    self->length = is_settled (self) ? SPARSE * self->full : self->full;
  self->opened = TRUE;
  self->start = *look;
  self->until = self->length;
}

gboolean
ab_trial_look (AbTrial * self, const AbLook * look)
{
  static void (*const phases[]) (AbTrial *, const AbLook *) = {
    watch, warm_up, compare, keep
  };
  GstAudioBatchAllocation before = self->advice.allocation;

  if (look->known) {
    phases[self->phase] (self, look);
    open_window (self, look);
  } else {
    self->advice = ab_advice_for (&look->input);
    self->until = SPARSE * FULL;
  }
  return self->advice.allocation != before;
}
