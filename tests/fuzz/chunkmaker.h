/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes chunks of all sorts, good ones and bad ones. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* A chunk of @info without a time. Its samples carry numbers that go on from
 * @number, where the format has room for them. @n_samples is how many there
 * are; @whole is FALSE when it has to be refused, or its planes are not where
 * the numbers are. */
GstBuffer *fuzz_chunk (Input * input, const GstAudioInfo * info,
    guint32 * number, guint * n_samples, gboolean * whole);

G_END_DECLS
