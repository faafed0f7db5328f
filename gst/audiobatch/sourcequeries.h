/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What audiobatchsrc answers when it is asked. */
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

G_END_DECLS
