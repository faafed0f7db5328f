/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts batches whose memory our allocator did not make, until their consumer
 * releases them. */
#pragma once

#include "memory/allocator.h"

G_BEGIN_DECLS

/* The API of the meta that counts a release. It says nothing about samples. */
GType ab_lease_meta_api_get_type (void);

/* Counts @buffer, which belongs to no pool of ours, in @ledger: under @counter
 * and the counter of bytes behind it. The caller is the only owner of @memory,
 * the only one of @buffer. Counts the release when the buffer is back in its
 * pool or the memory is freed. */
void ab_lease_count (GstBuffer * buffer, GstMemory * memory,
    AbLedger * ledger, AbCounter counter);

/* The same for a buffer of a pool: a fresh batch the first time its memory
 * appears, a reused batch after that. */
void ab_lease_take (GstBuffer * buffer, AbLedger * ledger);

/* For our pool of downstream's memory: gives @buffer a slot, which stays until
 * the buffer is freed. */
AbSlot *ab_lease_keep (GstBuffer * buffer, AbLedger * ledger);

/* The pool frees @buffer next: counts the release if it is due. */
void ab_lease_let_go (GstBuffer * buffer);

/* The slot of @buffer, or NULL if @memory is not what it had at first. */
AbSlot *ab_lease_slot (GstBuffer * buffer, GstMemory * memory);

G_END_DECLS
