/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Acquires the memory of batches: fresh or recycled, ours or downstream's. */
#pragma once

#include "memory/allocator.h"

G_BEGIN_DECLS

/* How batches get their memory. */
typedef struct
{
  gboolean pooled;
  /* bytes of the longest batch */
  gsize size;
  /* alignment mask of the samples: one store must be able to write each */
  gsize align;
  /* buffers of the pool: allocated before the first batch, and at most recycled
   * (max 0: no limit) */
  guint min, max;
  /* bytes that a pool may use; 0: unknown */
  guint64 limit;
} AbMemoryPlan;

/* A buffer that is being filled. */
typedef struct
{
  GstBuffer *buffer;
  /* its first byte, valid until ab_room_close() */
  guint8 *data;
  /* private; map.memory is NULL if nothing is mapped */
  GstMapInfo map;
} AbRoom;

/* Thread-safety: streaming thread only. The buffers don't depend on it. */
typedef struct
{
  AbLedger *ledger;
  GstAudioBatchAllocator *allocator;

  /* downstream's answer to the ALLOCATION query */
  GstCaps *caps;
  GstAllocationParams params;
  gboolean asked_for_pool;
  /* NULL: none, or none that we can use */
  GstAllocator *offered_allocator;
  GstBufferPool *offered;
  guint offered_size, offered_min, offered_max;

  AbMemoryPlan plan;
  /* NULL: every batch gets fresh memory */
  GstBufferPool *pool;
  /* our allocator does not make the memory of the pool */
  gboolean foreign;
} AbMemory;

/* Counts into @ledger, to which it keeps a reference. */
void ab_memory_init (AbMemory * self, AbLedger * ledger);
void ab_memory_clear (AbMemory * self);

/* Takes allocator, alignment, prefix, padding and pool from downstream's answer
 * to an ALLOCATION query. The next ab_memory_plan() uses the pool. */
void ab_memory_take_query (AbMemory * self, GstQuery * query);

/* From now on batches get their memory as @plan says. An old pool lives until
 * its last buffer is back.
 *
 * Returns: FALSE if there is no memory for the first buffers of a pool. */
gboolean ab_memory_plan (AbMemory * self, const AbMemoryPlan * plan);

/* Acquires a buffer with one memory of @size bytes. The caller is the only
 * owner of both; the contents are undefined. Never waits: if the pool is
 * exhausted or its buffers are too small, or downstream's allocator refuses,
 * uses fresh memory and counts a fallback.
 *
 * Returns: FALSE if the system refuses the memory. */
gboolean ab_memory_acquire (AbMemory * self, gsize size,
    AbRoom * room);

/* Ends writing to @data; the buffer stays. */
static inline void
ab_room_close (AbRoom * self)
{
  if (G_UNLIKELY (self->map.memory)) {
    gst_memory_unmap (self->map.memory, &self->map);
    self->map.memory = NULL;
  }
}

G_END_DECLS
