/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties that only audiobatch has. */
#pragma once

#include "settings/common.h"
#include "time/timeline.h"

G_BEGIN_DECLS

/**
 * GstAudioBatchTail:
 * @GST_AUDIO_BATCH_TAIL_SHORT: push a batch that is as long as the tail
 * @GST_AUDIO_BATCH_TAIL_PAD: push a whole batch, padded with silence
 * @GST_AUDIO_BATCH_TAIL_DROP: drop the tail
 *
 * What to do with samples that don't fill a batch when the stream ends or
 * breaks.
 *
 * Since: 1.0
 */
typedef enum
{
  GST_AUDIO_BATCH_TAIL_SHORT,
  GST_AUDIO_BATCH_TAIL_PAD,
  GST_AUDIO_BATCH_TAIL_DROP,
} GstAudioBatchTail;

/**
 * GstAudioBatchDiscont:
 * @GST_AUDIO_BATCH_DISCONT_RESYNC: start again at the time of the chunk
 * @GST_AUDIO_BATCH_DISCONT_FILL: insert silence or drop samples
 *
 * What to do if a chunk does not continue the one before.
 *
 * Since: 1.0
 */
typedef enum
{
  GST_AUDIO_BATCH_DISCONT_RESYNC,
  GST_AUDIO_BATCH_DISCONT_FILL,
} GstAudioBatchDiscont;

/* Guarded by the element's OBJECT_LOCK. */
typedef struct
{
  /* samples from the start of one batch to the start of the next; 0: the size
   * of a batch */
  guint hop;
  GstAudioBatchTail tail;
  AbTimelinePolicy policy;
  gboolean zero_copy;
} AbFilterSettings;

void ab_filter_settings_init (AbFilterSettings * self);

void ab_filter_settings_install (GObjectClass * klass);

/* Returns: FALSE if @id is not one of these properties. */
gboolean ab_filter_settings_set (AbFilterSettings * self, guint id,
    const GValue * value);
gboolean ab_filter_settings_get (const AbFilterSettings * self, guint id,
    GValue * value);

G_END_DECLS
