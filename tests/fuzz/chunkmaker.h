/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes valid and invalid chunks. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Returns a chunk of @info without a timestamp, with @n_samples samples. If the
 * format has room, each sample carries a number, counting on from @number.
 * @whole is FALSE if the element must refuse the chunk, or if its GstAudioMeta
 * doesn't point at the numbers. */
GstBuffer *fuzz_chunk (Input * input, const GstAudioInfo * info,
    guint32 * number, guint * n_samples, gboolean * whole);

/* Returns a chunk of one silent sample with a reference timestamp. */
GstBuffer *fuzz_referenced_sample (const GstAudioInfo * info);

/* How many reference timestamps of chunks are kept somewhere. */
guint fuzz_references (void);

G_END_DECLS
