/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audiobatchsrc element. */
#pragma once

#include <gst/base/gstbasesrc.h>

G_BEGIN_DECLS

#define GST_TYPE_AUDIO_BATCH_SRC (gst_audio_batch_src_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatchSrc, gst_audio_batch_src, GST,
    AUDIO_BATCH_SRC, GstBaseSrc)
GST_ELEMENT_REGISTER_DECLARE (audiobatchsrc);

G_END_DECLS
