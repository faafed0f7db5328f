/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries for allocation=auto whether recycling helps. */
#pragma once

#include "stats/advice.h"
#include "stats/usage.h"

G_BEGIN_DECLS

/* The figures at one instant: totals, but for @input. */
typedef struct
{
  /* that got memory; and those that found the pool empty */
  guint64 batches;
  guint64 fallbacks;
  /* allocations that were no fallback: a pool makes some until it is full */
  guint64 made;
  /* the most that were outstanding at one time */
  guint64 peak;
  /* FALSE: the system does not say what the thread used */
  gboolean known;
  AbUsage usage;
  /* all else that advice depends on; the rate is nominal, the cost is ignored */
  AbAdviceInput input;
  /* how long half of the fresh allocations took at most; 0: unknown */
  guint64 fresh_p50_ns;
  /* recycled allocations, once there are any: how many were timed, and how long
   * half of them took, and all but one of 1000 */
  guint64 pooled_timed;
  guint64 pooled_p50_ns;
  guint64 pooled_p999_ns;
} AbLook;

/* Do the looks differ by batches of one thread, and by no more outstanding ones?
 * Memory that is outstanding for the first time is new in every mode. */
gboolean ab_look_is_steady (const AbLook * look, const AbLook * start);

/* What each batch between the two looks cost. */
AbCost ab_look_cost (const AbLook * look, const AbLook * start);

typedef enum
{
  /* batches get fresh memory: is there a reason to recycle? */
  AB_TRIAL_WATCH,
  /* batches get recycled memory: until the pool is full, nothing is compared */
  AB_TRIAL_WARM_UP,
  /* does it cost less than fresh memory? */
  AB_TRIAL_COMPARE,
  /* it does: recycle on, unless the pool runs empty */
  AB_TRIAL_KEEP
} AbTrialPhase;

/* Depends only on the looks it gets.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  /* what batches are to get from now on */
  AbAdvice advice;
  /* of a fresh and of a recycled batch, by GstAudioBatchAllocation */
  AbCost cost[2];
  /* batches up to the next look */
  guint until;

  /* private */

  AbTrialPhase phase;
  /* where this window began; if @opened is FALSE, it begins with the next look */
  gboolean opened;
  /* this window does not count */
  gboolean skips;
  AbLook start;
  /* batches of this window and of a full one */
  guint length, full;
  /* Full windows that count before this one, since the phase began. In fresh
   * memory: in all, and since the rate was last too low to try. */
  guint watched, windows;
  /* recycling did not help, when fresh memory cost this */
  gboolean declined;
  AbCost declined_cost;
  /* of fresh memory, when recycling began */
  guint64 fresh_p999_ns;
} AbTrial;

/* Starts with fresh memory, for batches of at most @bytes. */
void ab_trial_start (AbTrial * self, guint64 bytes);

/* Takes the figures of this instant. Call it `until` batches after the last
 * call.
 *
 * Returns: whether the allocation changes. */
gboolean ab_trial_look (AbTrial * self, const AbLook * look);

/* Batches get fresh memory again: recycling does not help. */
void ab_trial_go_back (AbTrial * self);

G_END_DECLS
