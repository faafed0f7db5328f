/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The enumerations that properties, stats and messages share. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstAudioBatchAllocation:
 * @GST_AUDIO_BATCH_ALLOCATION_FRESH: every batch gets new memory
 * @GST_AUDIO_BATCH_ALLOCATION_POOL: reuse memory that consumers released
 * @GST_AUDIO_BATCH_ALLOCATION_AUTO: new memory; recycle if that costs less
 *
 * Where the memory of a batch comes from.
 *
 * Since: 1.0
 */
typedef enum
{
  GST_AUDIO_BATCH_ALLOCATION_FRESH,
  GST_AUDIO_BATCH_ALLOCATION_POOL,
  GST_AUDIO_BATCH_ALLOCATION_AUTO,
} GstAudioBatchAllocation;

/**
 * GstAudioBatchAdviceReason:
 * @GST_AUDIO_BATCH_ADVICE_REASON_NONE: no reason to recycle memory
 * @GST_AUDIO_BATCH_ADVICE_REASON_RATE: many allocations a second
 * @GST_AUDIO_BATCH_ADVICE_REASON_BATCH_SIZE: batches so large that malloc takes
 *   each one from the system
 * @GST_AUDIO_BATCH_ADVICE_REASON_MEMORY: memory is limited, and downstream
 *   holds much of it
 * @GST_AUDIO_BATCH_ADVICE_REASON_PAUSES: allocations that take a noticeable
 *   part of a batch's duration
 * @GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS: new memory that the system has to
 *   find and clear, page by page
 *
 * Why recycling is advised: the review conditions of docs/design.md.
 *
 * Since: 1.0
 */
typedef enum
{
  GST_AUDIO_BATCH_ADVICE_REASON_NONE,
  GST_AUDIO_BATCH_ADVICE_REASON_RATE,
  GST_AUDIO_BATCH_ADVICE_REASON_BATCH_SIZE,
  GST_AUDIO_BATCH_ADVICE_REASON_MEMORY,
  GST_AUDIO_BATCH_ADVICE_REASON_PAUSES,
  GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS,
} GstAudioBatchAdviceReason;

#define GST_TYPE_AUDIO_BATCH_ALLOCATION (gst_audio_batch_allocation_get_type ())
GType gst_audio_batch_allocation_get_type (void);
#define GST_TYPE_AUDIO_BATCH_ADVICE_REASON \
    (gst_audio_batch_advice_reason_get_type ())
GType gst_audio_batch_advice_reason_get_type (void);

/* Registers the enum type @name once, and keeps it in @type. */
GType ab_enum_type (gsize * type, const gchar * name,
    const GEnumValue * values);

/* The short name of @value of the enum type @type. */
const gchar *ab_enum_nick (GType type, gint value);

G_END_DECLS
