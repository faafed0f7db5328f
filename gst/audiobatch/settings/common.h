/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Declares the properties that both elements have. */
#pragma once

#include "time/size.h"
#include "stats/ledger.h"

G_BEGIN_DECLS

/**
 * GstAudioBatchAllocation:
 * @GST_AUDIO_BATCH_ALLOCATION_FRESH: every batch gets new memory
 * @GST_AUDIO_BATCH_ALLOCATION_POOL: memory that consumers are done with is used
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
 * GstAudioBatchOverrun:
 * @GST_AUDIO_BATCH_OVERRUN_WAIT: wait until downstream releases a batch
 * @GST_AUDIO_BATCH_OVERRUN_DROP: drop the batch
 * @GST_AUDIO_BATCH_OVERRUN_ERROR: end with an element error
 *
 * What to do while downstream holds as many batches as it may.
 */
typedef enum
{
  GST_AUDIO_BATCH_OVERRUN_WAIT,
  GST_AUDIO_BATCH_OVERRUN_DROP,
  GST_AUDIO_BATCH_OVERRUN_ERROR,
} GstAudioBatchOverrun;

/* Registers the enum type @name, once, and remembers it in @type. */
GType batch_enum_type (gsize * type, const gchar * name,
    const GEnumValue * values);

#define GST_TYPE_AUDIO_BATCH_ALLOCATION (gst_audio_batch_allocation_get_type ())
GType gst_audio_batch_allocation_get_type (void);
#define GST_TYPE_AUDIO_BATCH_OVERRUN (gst_audio_batch_overrun_get_type ())
GType gst_audio_batch_overrun_get_type (void);

enum
{
  BATCH_PROP_SAMPLES_PER_BATCH = 1,
  BATCH_PROP_OUTPUT_BUFFER_DURATION,
  BATCH_PROP_OUTPUT_BUFFER_DURATION_FRACTION,
  BATCH_PROP_ALLOCATION,
  BATCH_PROP_POOL_MIN_BUFFERS,
  BATCH_PROP_POOL_MAX_BUFFERS,
  BATCH_PROP_MAX_LIVE_BATCHES,
  BATCH_PROP_OVERRUN,
  BATCH_PROP_REPORT_INTERVAL,
  BATCH_PROP_ALLOCATION_RATE,
  BATCH_PROP_STATS,
  BATCH_PROP_FIRST_COUNTER,
  /* an element's own properties begin here */
  BATCH_PROP_LAST = BATCH_PROP_FIRST_COUNTER + BATCH_N_COUNTERS
};

/* The settings; an element guards them with its OBJECT_LOCK. */
typedef struct
{
  BatchSizeWish size;
  GstAudioBatchAllocation allocation;
  guint pool_min, pool_max;
  guint max_live;
  GstAudioBatchOverrun overrun;
  guint report_interval;
} BatchSettings;

void batch_settings_init (BatchSettings * self);

void batch_properties_install (GObjectClass * klass);

/* FALSE when @id is no property of ours. */
gboolean batch_properties_set (BatchSettings * settings, guint id,
    const GValue * value);
gboolean batch_properties_get (const BatchSettings * settings,
    BatchStats * stats, guint id, GValue * value);

G_END_DECLS
