/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts batches whose memory comes from downstream's pool. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

/* Counts @buffer, from downstream's pool, in @ledger: as a fresh batch the
 * first time its memory appears, as a reused batch after that. Counts its
 * release when the buffer is back in its pool. If others still share the memory
 * then, counts the release when the memory is freed. */
void ab_foreign_take (GstBuffer * buffer, AbLedger * ledger);

G_END_DECLS
