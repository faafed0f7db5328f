/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the user sets on audiobatch, beside what both elements have. */
#pragma once

#include "settings/common.h"
#include "time/timeline.h"

G_BEGIN_DECLS

/**
 * GstAudioBatchTail:
 * @GST_AUDIO_BATCH_TAIL_SHORT: a batch that is as long as the tail
 * @GST_AUDIO_BATCH_TAIL_PAD: a whole batch, the rest of it silence
 * @GST_AUDIO_BATCH_TAIL_DROP: nothing
 *
 * What becomes of samples that don't fill a batch when the stream ends or
 * breaks.
 */
typedef enum
{
  GST_AUDIO_BATCH_TAIL_SHORT,
  GST_AUDIO_BATCH_TAIL_PAD,
  GST_AUDIO_BATCH_TAIL_DROP,
} GstAudioBatchTail;

/**
 * GstAudioBatchDiscont:
 * @GST_AUDIO_BATCH_DISCONT_RESYNC: begin anew at the time of the chunk
 * @GST_AUDIO_BATCH_DISCONT_FILL: insert silence or drop samples
 *
 * What to do about a chunk that does not follow on the last one.
 */
typedef enum
{
  GST_AUDIO_BATCH_DISCONT_RESYNC,
  GST_AUDIO_BATCH_DISCONT_FILL,
} GstAudioBatchDiscont;

/* The settings; the element guards them with its OBJECT_LOCK. */
typedef struct
{
  /* samples from the start of a batch to that of the next, 0: as it has */
  guint hop;
  GstAudioBatchTail tail;
  AbTimelinePolicy policy;
} AbFilterSettings;

void ab_filter_settings_init (AbFilterSettings * self);

void ab_filter_settings_install (GObjectClass * klass);

/* FALSE when @id is no property of these. */
gboolean ab_filter_settings_set (AbFilterSettings * self, guint id,
    const GValue * value);
gboolean ab_filter_settings_get (const AbFilterSettings * self, guint id,
    GValue * value);

G_END_DECLS
