/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts batches whose memory is of a pool that is not ours. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

/* Counts @buffer, which was acquired from a foreign pool, in @ledger: as a fresh
 * batch when its memory is seen for the first time, as a reused one after that,
 * and as released when it is back in its pool, or, where somebody still holds
 * the memory then, when that is freed. */
void ab_foreign_take (GstBuffer * buffer, AbLedger * ledger);

G_END_DECLS
