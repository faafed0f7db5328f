/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Query answers of audiobatchsrc, and workarounds for GstBaseSrc. */
#pragma once

#include <gst/base/gstbasesrc.h>

#include "batch/stream.h"
#include "settings/source.h"

G_BEGIN_DECLS

/* Thread-safety: any thread, unless noted. FALSE if the answer is not known. */

/* The latency is the duration of one batch. */
gboolean ab_source_answer_latency (GstBaseSrc * src, AbStream * stream,
    GstQuery * query);

/* Converts between time, samples and bytes, once the format is known. FALSE if
 * the answer has more than 63 bits. */
gboolean ab_source_answer_convert (AbStream * stream, GstQuery * query);

/* The duration of num-buffers batches, if that is set and has 63 bits. */
gboolean ab_source_answer_duration (GstBaseSrc * src, AbStream * stream,
    GstQuery * query);

/* GstBaseSrc has answered @query. FALSE if a position beyond 63 bits, after 292
 * years, has become a negative one. */
gboolean ab_source_answer_fits (GstQuery * query);

/* The modes that the settings allow. */
gboolean ab_source_answer_scheduling (const AbSourceSettings * settings,
    GstQuery * query);

/* Takes @caps and returns them with the preferred fields fixed: mono F32 at
 * 48000 Hz or the nearest, and a channel mask for more than 2 channels. */
GstCaps *ab_source_prefer_caps (GstCaps * caps);

/* Streaming thread. Negotiates if the format is not known yet, and sets the
 * caps even if the pad has the same caps already. */
gboolean ab_source_negotiate (GstBaseSrc * src);

/* Call it after refusing a seek. If the seek @flushed the stream, or the stream
 * has not begun, the base class would continue without a segment. */
void ab_source_resume (GstBaseSrc * src, gboolean flushed);

G_END_DECLS
