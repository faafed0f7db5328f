/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts batches whose memory comes from downstream's pool. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

/* Counts @buffer, whose memory we did not allocate, in @ledger: under @counter
 * and the counter of bytes behind it. Counts its release when the buffer is
 * freed or back in its pool. If others still share the memory then, counts the
 * release when the memory is freed. */
void ab_foreign_count (GstBuffer * buffer, AbLedger * ledger,
    AbCounter counter);

/* The same for a buffer of downstream's pool: a fresh batch the first time its
 * memory appears, a reused batch after that. */
void ab_foreign_take (GstBuffer * buffer, AbLedger * ledger);

G_END_DECLS
