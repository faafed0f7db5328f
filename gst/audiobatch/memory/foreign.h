/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of batches that our allocator did not make: from downstream's
 * allocator or pool, or that of a chunk. */
#pragma once

#include "memory/allocator.h"

G_BEGIN_DECLS

/* The API of the meta that counts a release. It says nothing about samples. */
GType ab_lease_meta_api_get_type (void);

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
 * nothing else holds and that is no part of another, with the prefix and padding of @params, and samples that are aligned
 * as the mask @align and @params say. End it with gst_memory_unmap(). */
gboolean ab_foreign_map (GstBuffer * buffer, gsize size,
    const GstAllocationParams * params, gsize align, GstMapInfo * map);

/* Counts @buffer, whose memory we did not allocate, in @ledger: under @counter
 * and the counter of bytes behind it. Counts its release when the buffer is
 * freed or back in its pool. If others still hold the memory then, counts the
 * release when the memory is freed. */
void ab_foreign_count (GstBuffer * buffer, AbLedger * ledger,
    AbCounter counter);

/* The same for a buffer of a pool: a fresh batch the first time its memory
 * appears, a reused batch after that. */
void ab_foreign_take (GstBuffer * buffer, AbLedger * ledger);

/* For our pool of downstream's memory: gives @buffer a slot, which stays until
 * the buffer is freed. Then it counts the release if it is due. */
AbSlot *ab_foreign_keep (GstBuffer * buffer, AbLedger * ledger);

/* The slot of @buffer, or NULL if @memory is not what it had at first. */
AbSlot *ab_foreign_slot (GstBuffer * buffer, GstMemory * memory);

G_END_DECLS
