/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gets memory from downstream's allocator, and checks whether memory that is not
 * ours can be a batch. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Any thread. Allocates @size bytes with @allocator, downstream's.
 *
 * Returns: (transfer full) (nullable): NULL if it refuses, or gives memory
 * without room for prefix and padding. */
GstMemory *ab_foreign_alloc (GstAllocator * allocator, gsize size,
    const GstAllocationParams * params);

/* Did @allocator give system memory in place of its own? shmsink's does so if
 * its area is full. */
gboolean ab_foreign_is_substitute (GstAllocator * allocator,
    GstMemory * memory);

/* Maps @buffer for writing if it can be a batch of @size bytes: one memory that
 * nothing else holds and that is no part of another, with the prefix and padding
 * of @params, and samples that are aligned as the mask @align and @params say.
 * End it with gst_memory_unmap(). */
gboolean ab_foreign_map (GstBuffer * buffer, gsize size,
    const GstAllocationParams * params, gsize align, GstMapInfo * map);

G_END_DECLS
