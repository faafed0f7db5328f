/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocates the memory of batches, header and data in one block, and counts
 * what lives. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

/* Samples start on a cache line, unless more is asked for. */
#define AB_ALIGN_MASK 63
#define AB_TYPE_ALLOCATOR (ab_allocator_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatchAllocator, ab_allocator, AB, ALLOCATOR,
    GstAllocator)
/* Thread-safety: memory may be mapped, shared and freed by any thread, and as
 * each keeps a reference to its allocator, and that one to @ledger, all of it
 * may outlive the element, the pipeline and the registry. */
/* Keeps a reference to @ledger. Unref with gst_object_unref(). */
     GstAudioBatchAllocator *ab_allocator_new (AbLedger * ledger);

/* Streaming thread. Memory for one batch of @size bytes, counted in the stats
 * until its last reference goes. @params: alignment (at least 64 bytes is
 * given), prefix, padding and flags. The samples, behind the prefix, are what
 * is aligned. @data is set to the first byte behind the prefix: as long as the
 * caller is the only owner it may write there without mapping.
 *
 * Returns: (transfer full) (nullable): NULL when the size overflows or the
 * system refuses the memory. */
     GstMemory *ab_allocator_alloc (GstAudioBatchAllocator * self,
    gsize size, const GstAllocationParams * params, guint8 ** data);

/* Any thread. Memory that is not counted until it is taken, for a pool.
 *
 * Returns: (transfer full) (nullable): as ab_allocator_alloc() */
GstMemory *ab_allocator_alloc_spare (GstAudioBatchAllocator * self,
    gsize size, const GstAllocationParams * params);

/* Streaming thread. @memory, a spare one, becomes a batch: a fresh one the
 * first time, a reused one after that.
 *
 * Returns: where its samples are */
guint8 *ab_allocator_take (GstAudioBatchAllocator * self,
    GstMemory * memory);

/* Any thread. @memory is no batch any longer but a spare one, again of @size
 * bytes behind @prefix. Whoever waits for a release is told only by
 * ab_allocator_knock(). */
void ab_allocator_give_back (GstAudioBatchAllocator * self,
    GstMemory * memory, gsize prefix, gsize size);
void ab_allocator_knock (GstAudioBatchAllocator * self);

/* Any thread: a buffer came back that can't be used again. */
void ab_allocator_count_discard (GstAudioBatchAllocator * self);

/* A place in the header of a block for a pool to keep its spare buffers by. */
typedef struct _AbSpare
{
  GstBuffer *buffer;
  struct _AbSpare *next;
} AbSpare;

/* That of @memory, a whole block. */
AbSpare *ab_allocator_spare (GstMemory * memory);

/* Is @memory a whole block of this allocator? */
gboolean ab_allocator_is_own (GstAudioBatchAllocator * self,
    GstMemory * memory);

G_END_DECLS
