/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where the memory of a batch comes from. */
#pragma once

#include "memory/allocator.h"

G_BEGIN_DECLS

/* How batches get their memory. */
typedef struct
{
  /* recycle it */
  gboolean pooled;
  /* bytes of the longest batch */
  gsize size;
  /* bits that the address of its samples must not have, so that each of them can
   * be written at once */
  gsize align;
  /* of the pool: made before the first batch, and the most that are recycled
   * (0: no bound) */
  guint min, max;
  /* bytes that there are for a pool; 0: not known */
  guint64 limit;
} AbMemoryPlan;

/* A buffer that is being filled. */
typedef struct
{
  GstBuffer *buffer;
  /* where its bytes are, until ab_room_close() */
  guint8 *data;
  /* private; memory is NULL where nothing had to be mapped */
  GstMapInfo map;
} AbRoom;

/* Thread-safety: streaming thread only. What it gives away is free of it. */
typedef struct
{
  AbLedger *ledger;
  GstAudioBatchAllocator *allocator;

  /* what downstream wishes */
  GstCaps *caps;
  GstAllocationParams params;
  GstBufferPool *offered;
  guint offered_size, offered_min, offered_max;

  AbMemoryPlan plan;
  /* NULL: every batch is allocated afresh */
  GstBufferPool *pool;
  /* the pool is downstream's */
  gboolean foreign;
} AbMemory;

/* Counts into @ledger, to which it keeps a reference. */
void ab_memory_init (AbMemory * self, AbLedger * ledger);
void ab_memory_clear (AbMemory * self);

/* Takes from an answered ALLOCATION query the alignment, prefix, padding and
 * the pool that downstream wishes. ab_memory_plan() makes use of them. */
void ab_memory_take_query (AbMemory * self, GstQuery * query);

/* Batches get their memory like this from now on. An old pool lives until its
 * last buffer is back.
 *
 * Returns: FALSE when there is no memory for the first buffers of a pool. */
gboolean ab_memory_plan (AbMemory * self, const AbMemoryPlan * plan);

/* A buffer with one memory of @size bytes, both of them the caller's alone. The
 * contents are undefined. @size is not more than was planned. Never waits: an
 * exhausted pool is answered by fresh memory, which is counted as a fallback.
 *
 * Returns: FALSE when there is no such memory to be had. */
gboolean ab_memory_acquire (AbMemory * self, gsize size,
    AbRoom * room);

/* The data are not written any more; the buffer stays. */
static inline void
ab_room_close (AbRoom * self)
{
  if (G_UNLIKELY (self->map.memory)) {
    gst_buffer_unmap (self->buffer, &self->map);
    self->map.memory = NULL;
  }
}

G_END_DECLS
