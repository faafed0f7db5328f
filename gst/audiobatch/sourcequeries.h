/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What audiobatchsrc answers to queries, and what GstBaseSrc leaves to it. */
#pragma once

#include <gst/base/gstbasesrc.h>

#include "batch/stream.h"
#include "settings/source.h"

G_BEGIN_DECLS

/* Thread-safety: any thread. FALSE when the answer is not known. */

/* One batch. */
gboolean ab_source_answer_latency (GstBaseSrc * src, AbStream * stream,
    GstQuery * query);

/* Between time, samples and bytes, once there is a format. */
gboolean ab_source_answer_convert (AbStream * stream, GstQuery * query);

/* That of num-buffers batches, where there is an end. */
gboolean ab_source_answer_duration (GstBaseSrc * src, AbStream * stream,
    GstQuery * query);

/* Push, and pull where that was set. */
gboolean ab_source_answer_scheduling (const AbSourceSettings * settings,
    GstQuery * query);

/* Takes @caps and returns the best of them: mono F32 at 48000 Hz, or what comes
 * nearest to that, with a mask for more than 2 channels. */
GstCaps *ab_source_prefer_caps (GstCaps * caps);

/* For when there is no format yet: the base class does not set caps that the pad
 * has already. Streaming thread. */
gboolean ab_source_negotiate (GstBaseSrc * src);

/* After a seek that was refused: if the stream has been @flushed for it, or has
 * not begun, the base class would go on without a segment. */
void ab_source_resume (GstBaseSrc * src, gboolean flushed);

G_END_DECLS
