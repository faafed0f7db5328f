/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocates the memory of batches, and counts the outstanding batches. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

/* Samples start on a cache line, or at a stricter alignment on request. */
#define AB_ALIGN_MASK 63

#define AB_TYPE_ALLOCATOR (ab_allocator_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatchAllocator, ab_allocator, AB, ALLOCATOR,
    GstAllocator)

/* What the counters and our pool keep about one memory: beside it, in the header
 * of a block, or on its buffer if the memory is foreign. The thread that owns
 * the batch touches it. */
typedef struct _AbSlot
{
  /* it is a batch, and counts as outstanding; it was one before */
  gboolean counted;
  gboolean used;
  /* in a pool: its buffer, and the slot below it on the stack */
  GstBuffer *buffer;
  struct _AbSlot *next;
} AbSlot;

/* Streaming thread. Counts the memory of @self, of @bytes, as a batch: fresh the
 * first time, reused after that. */
void ab_slot_take (AbSlot * self, AbLedger * ledger, gsize bytes);

/* Thread-safety: any thread may map, share and free memory. Each memory keeps a
 * reference to its allocator, and the allocator keeps one to @ledger, so memory
 * may outlive the element, the pipeline and the registry.
 *
 * Unref with gst_object_unref(). */
GstAudioBatchAllocator *ab_allocator_new (AbLedger * ledger);

/* Streaming thread. Allocates a batch of @size bytes, which counts until its
 * last reference goes. @params gives alignment (at least 64 bytes), prefix,
 * padding and flags; the samples are aligned, not the prefix. @data is set to
 * the first sample: as long as the caller is the only owner, it may write there
 * without mapping.
 *
 * Returns: (transfer full) (nullable): NULL if the size overflows or the system
 * refuses the memory. */
GstMemory *ab_allocator_alloc (GstAudioBatchAllocator * self,
    gsize size, const GstAllocationParams * params, guint8 ** data);

/* Any thread. Allocates a spare block for a pool. Taking it counts it.
 *
 * Returns: (transfer full) (nullable): as ab_allocator_alloc() */
GstMemory *ab_allocator_alloc_spare (GstAudioBatchAllocator * self,
    gsize size, const GstAllocationParams * params);

/* Streaming thread. Makes spare @memory a batch, and counts it.
 *
 * Returns: its first sample */
guint8 *ab_allocator_take (GstAudioBatchAllocator * self,
    GstMemory * memory);

/* The slot of @memory, which must be a whole block. */
AbSlot *ab_allocator_slot (GstMemory * memory);

/* Is @memory a whole block of this allocator? */
gboolean ab_allocator_is_own (GstAudioBatchAllocator * self,
    GstMemory * memory);

G_END_DECLS
