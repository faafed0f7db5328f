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

/* Streaming thread. Makes spare @memory a batch, and counts it: as fresh the
 * first time, as reused after that.
 *
 * Returns: its first sample */
guint8 *ab_allocator_take (GstAudioBatchAllocator * self,
    GstMemory * memory);

/* Any thread. Makes a batch spare @memory again, of @size bytes after @prefix,
 * and counts its release. A streaming thread that waits for a release wakes up
 * only at ab_allocator_knock(). */
void ab_allocator_give_back (GstAudioBatchAllocator * self,
    GstMemory * memory, gsize prefix, gsize size);
void ab_allocator_knock (GstAudioBatchAllocator * self);

/* Any thread. Counts a buffer that came back unfit for reuse. */
void ab_allocator_count_discard (GstAudioBatchAllocator * self);

/* Space in the header of a block, for the pool's stack of spare buffers. */
typedef struct _AbSpare
{
  GstBuffer *buffer;
  struct _AbSpare *next;
} AbSpare;

/* The AbSpare of @memory, which must be a whole block. */
AbSpare *ab_allocator_spare (GstMemory * memory);

/* Is @memory a whole block of this allocator? */
gboolean ab_allocator_is_own (GstAudioBatchAllocator * self,
    GstMemory * memory);

G_END_DECLS
