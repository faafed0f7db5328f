/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recycles batches: the consumer's last unref brings them back. */
#pragma once

#include "memory/allocator.h"

G_BEGIN_DECLS

#define AB_TYPE_POOL (ab_pool_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatchPool, ab_pool, AB, POOL,
    GstBufferPool)

/* A GstBufferPool that never waits: where there is nothing to give, acquiring
 * ends with GST_FLOW_EOS at once, with and without DONTWAIT. Buffers go and
 * come by an atomic stack, without the lock and the system calls that
 * GstBufferPool's own queue needs, and the one that came last goes first: it is
 * the one that is still in the cache.
 *
 * Configure it with gst_buffer_pool_set_config() as any other. @allocator makes
 * the memory, and its stats count it. A buffer that comes back is kept only
 * with the one memory that it had and that nobody else holds; a buffer that was
 * resized gets its size back. Others are discarded, which is counted.
 *
 * Returns: (transfer full): inactive */
GstBufferPool *ab_pool_new (GstAudioBatchAllocator * allocator);

G_END_DECLS
