/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recycles batches: the consumer's last unref brings them back. */
#pragma once

#include "memory/allocator.h"

G_BEGIN_DECLS

#define AB_TYPE_POOL (ab_pool_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatchPool, ab_pool, AB, POOL,
    GstBufferPool)

/* A GstBufferPool that never waits: if it has no buffer to give, acquiring
 * returns GST_FLOW_EOS at once, with and without DONTWAIT. An atomic stack
 * replaces GstBufferPool's queue, with its lock and system calls.
 *
 * Configure it with gst_buffer_pool_set_config(), as any pool. @allocator makes
 * the memory. It is ours, or downstream's; then a buffer that was acquired is
 * counted only by ab_lease_take(), and the pool may begin with fewer buffers
 * than configured. The pool keeps a buffer that comes back if it still has its
 * own memory and no other reference to that memory exists. If the buffer was
 * resized, it gets its size back. The pool discards other buffers, and counts
 * them in @ledger.
 *
 * Returns: (transfer full): inactive */
GstBufferPool *ab_pool_new (GstAllocator * allocator,
    AbLedger * ledger);

/* Streaming thread: downstream's allocator has no memory left. Frees spares, and
 * what comes back until the next buffer is acquired: the sink may wait for that
 * memory, and no batch is acquired meanwhile. */
void ab_pool_give_back (GstAudioBatchPool * self);

G_END_DECLS
