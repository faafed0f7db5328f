/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The enumerations that properties, stats and messages share. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstAudioBatchAllocation:
 * @GST_AUDIO_BATCH_ALLOCATION_FRESH: every batch gets new memory
 * @GST_AUDIO_BATCH_ALLOCATION_POOL: memory that consumers have released is used
 *   again
 * @GST_AUDIO_BATCH_ALLOCATION_AUTO: what the figures of the stream advise
 *
 * Where the memory of a batch comes from.
 */
typedef enum
{
  GST_AUDIO_BATCH_ALLOCATION_FRESH,
  GST_AUDIO_BATCH_ALLOCATION_POOL,
  GST_AUDIO_BATCH_ALLOCATION_AUTO,
} GstAudioBatchAllocation;

/**
 * GstAudioBatchAdviceReason:
 * @GST_AUDIO_BATCH_ADVICE_REASON_NONE: there is none to recycle memory
 * @GST_AUDIO_BATCH_ADVICE_REASON_RATE: so many allocations a second
 * @GST_AUDIO_BATCH_ADVICE_REASON_BATCH_SIZE: batches so large that the allocator
 *   takes each from the system
 * @GST_AUDIO_BATCH_ADVICE_REASON_MEMORY: memory is bounded, and downstream holds
 *   much of it
 * @GST_AUDIO_BATCH_ADVICE_REASON_PAUSES: allocations that take a noticeable part
 *   of a batch's duration
 *
 * Why recycling is advised: the review conditions of docs/design.md.
 */
typedef enum
{
  GST_AUDIO_BATCH_ADVICE_REASON_NONE,
  GST_AUDIO_BATCH_ADVICE_REASON_RATE,
  GST_AUDIO_BATCH_ADVICE_REASON_BATCH_SIZE,
  GST_AUDIO_BATCH_ADVICE_REASON_MEMORY,
  GST_AUDIO_BATCH_ADVICE_REASON_PAUSES,
} GstAudioBatchAdviceReason;

#define GST_TYPE_AUDIO_BATCH_ALLOCATION (gst_audio_batch_allocation_get_type ())
GType gst_audio_batch_allocation_get_type (void);
#define GST_TYPE_AUDIO_BATCH_ADVICE_REASON \
    (gst_audio_batch_advice_reason_get_type ())
GType gst_audio_batch_advice_reason_get_type (void);

/* Registers the enum type @name, once, and remembers it in @type. */
GType ab_enum_type (gsize * type, const gchar * name,
    const GEnumValue * values);

/* The short name of @value of the enum type @type. */
const gchar *ab_enum_nick (GType type, gint value);

G_END_DECLS
