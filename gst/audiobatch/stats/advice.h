/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says from the figures of a stream whether its memory should be recycled. */
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
  /* by the format and the size of the batches */
  gdouble batches_per_second;
  guint64 bytes_per_batch;
  /* bytes: the most that was outstanding at one time, and the most that may be,
   * 0 for no bound */
  guint64 peak_outstanding_bytes;
  guint64 memory_bound;
  /* of fresh allocations: how many were timed, and their 99.9th percentile */
  guint64 timed;
  guint64 allocation_p999_ns;
  /* memory is recycled now: to go back takes more than to stay */
  gboolean pooled;
} AbAdviceInput;

/* Pure: the same figures get the same advice, from any thread. Where several
 * reasons hold, the first of batch-size, memory, rate, pauses is given. */
AbAdvice ab_advice_for (const AbAdviceInput * input);

G_END_DECLS
