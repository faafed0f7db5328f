/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where the memory of a batch comes from. */
#pragma once

#include "batchallocator.h"

G_BEGIN_DECLS

/* Thread-safety: streaming thread only. What it gives away is free of it. */
typedef struct
{
  GstAudioBatchAllocator *allocator;
  GstAllocationParams params;
} BatchMemory;

/* Counts into @stats, to which it keeps a reference. */
void batch_memory_init (BatchMemory * self, BatchStats * stats);
void batch_memory_clear (BatchMemory * self);

/* Alignment, prefix and padding that downstream asked for. */
void batch_memory_set_params (BatchMemory * self,
    const GstAllocationParams * params);

/* A buffer with one memory of @size bytes, both of them the caller's alone;
 * @data is set to its first byte, to be written without mapping until the
 * buffer is handed on. The contents are undefined.
 *
 * Returns: (transfer full) (nullable): NULL when there is no such memory to be
 * had. */
GstBuffer *batch_memory_acquire (BatchMemory * self, gsize size,
    guint8 ** data);

G_END_DECLS
