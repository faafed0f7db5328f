/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties that both elements share. */
#pragma once

#include "time/size.h"
#include "memory/supply.h"

G_BEGIN_DECLS

#define GST_TYPE_AUDIO_BATCH_OVERRUN (gst_audio_batch_overrun_get_type ())
GType gst_audio_batch_overrun_get_type (void);

enum
{
  AB_PROP_SAMPLES_PER_BATCH = 1,
  AB_PROP_OUTPUT_BUFFER_DURATION,
  AB_PROP_OUTPUT_BUFFER_DURATION_FRACTION,
  AB_PROP_ALLOCATION,
  AB_PROP_POOL_MIN_BUFFERS,
  AB_PROP_POOL_MAX_BUFFERS,
  AB_PROP_MAX_OUTSTANDING_BATCHES,
  AB_PROP_OVERRUN,
  AB_PROP_REPORT_INTERVAL,
  AB_PROP_POST_MESSAGES,
  AB_PROP_ALLOCATION_RATE,
  AB_PROP_STATS,
  AB_PROP_FIRST_COUNTER,
  /* the first of an element's own properties */
  AB_PROP_LAST = AB_PROP_FIRST_COUNTER + AB_N_COUNTERS
};

/* Guarded by the element's OBJECT_LOCK. */
typedef struct
{
  AbSizeWish size;
  AbSupplySettings supply;
  guint report_interval;
  gboolean post_messages;
} AbCommonSettings;

void ab_common_settings_init (AbCommonSettings * self);

void ab_common_settings_install (GObjectClass * klass);

/* Returns: FALSE if @id is not one of these properties. */
gboolean ab_common_settings_set (AbCommonSettings * settings, guint id,
    const GValue * value);
gboolean ab_common_settings_get (const AbCommonSettings * settings,
    AbLedger * ledger, guint id, GValue * value);

G_END_DECLS
