/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocates the memory of batches, header and data in one block, and counts
 * what lives. */
#pragma once

#include "batchstats.h"

G_BEGIN_DECLS

/* Samples start on a cache line, unless more is asked for. */
#define BATCH_ALIGN_MASK 63
#define BATCH_TYPE_ALLOCATOR (batch_allocator_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatchAllocator, batch_allocator, BATCH, ALLOCATOR,
    GstAllocator)
/* Thread-safety: memory may be mapped, shared and freed by any thread, and as
 * each keeps a reference to its allocator, and that one to @stats, all of it
 * may outlive the element, the pipeline and the registry. */
/* Keeps a reference to @stats. Unref with gst_object_unref(). */
     GstAudioBatchAllocator *batch_allocator_new (BatchStats * stats);

/* Streaming thread. Memory for one batch of @size bytes, counted in the stats
 * until its last reference goes. @params: alignment (at least 64 bytes is
 * given), prefix, padding and flags. The samples, behind the prefix, are what
 * is aligned. @data is set to the first byte behind the prefix: as long as the
 * caller is the only owner it may write there without mapping.
 *
 * Returns: (transfer full) (nullable): NULL when the size overflows or the
 * system refuses the memory. */
     GstMemory *batch_allocator_alloc (GstAudioBatchAllocator * self,
    gsize size, const GstAllocationParams * params, guint8 ** data);

G_END_DECLS
