/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Advises, from the figures of a stream, whether to recycle its memory. */
#pragma once

#include "stats/enums.h"

G_BEGIN_DECLS typedef struct
{
  /* FRESH or POOL */
  GstAudioBatchAllocation allocation;
  GstAudioBatchAdviceReason reason;
} AbAdvice;

/* What a batch costs the streaming thread. */
typedef struct
{
  /* FALSE: the system does not count, or has not yet */
  gboolean known;
  gdouble page_faults;
  gdouble cpu_ns;
} AbCost;

typedef struct
{
  /* measured, or nominal: from the format and the size of the batches */
  gdouble batches_per_second;
  guint64 bytes_per_batch;
  /* of batches in fresh memory */
  AbCost cost;
  /* bytes: the most outstanding at one time, and their limit (0: none) */
  guint64 peak_outstanding_bytes;
  guint64 memory_bound;
  /* fresh allocations: how many were timed, and their 99.9th percentile */
  guint64 timed;
  guint64 allocation_p999_ns;
  /* memory is recycled now: lower thresholds apply */
  gboolean pooled;
} AbAdviceInput;

/* The part of @cost that page faults most likely take. */
gdouble ab_advice_fault_part (const AbCost * cost);

/* Any thread. Depends only on @input. If several reasons hold, gives the first
 * of memory, page-faults, batch-size, rate and pauses. */
AbAdvice ab_advice_for (const AbAdviceInput * input);

G_END_DECLS
