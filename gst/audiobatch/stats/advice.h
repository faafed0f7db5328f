/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Advises, from the figures of a stream, whether to recycle its memory. */
#pragma once

#include "stats/enums.h"

G_BEGIN_DECLS

typedef struct
{
  /* FRESH or POOL */
  GstAudioBatchAllocation allocation;
  GstAudioBatchAdviceReason reason;
} AbAdvice;

typedef struct
{
  /* nominal, from the format and the size of the batches */
  gdouble batches_per_second;
  guint64 bytes_per_batch;
  /* bytes: the most outstanding at one time, and their limit (0: none) */
  guint64 peak_outstanding_bytes;
  guint64 memory_bound;
  /* fresh allocations: how many were timed, and their 99.9th percentile */
  guint64 timed;
  guint64 allocation_p999_ns;
  /* memory is recycled now: lower thresholds apply */
  gboolean pooled;
} AbAdviceInput;

/* Any thread. Depends only on @input. If several reasons hold, gives the first
 * of batch-size, memory, rate and pauses. */
AbAdvice ab_advice_for (const AbAdviceInput * input);

G_END_DECLS
