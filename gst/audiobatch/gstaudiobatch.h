/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audiobatch element. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_AUDIO_BATCH (gst_audio_batch_get_type ())
G_DECLARE_FINAL_TYPE (GstAudioBatch, gst_audio_batch, GST, AUDIO_BATCH,
    GstElement)
GST_ELEMENT_REGISTER_DECLARE (audiobatch);

G_END_DECLS
