/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the user sets on audiobatchsrc, beside what both elements have. Names,
 * types, ranges and defaults are audiotestsrc's. */
#pragma once

#include "settings/common.h"
#include "wave/waveform.h"

G_BEGIN_DECLS

enum
{
  SOURCE_PROP_WAVE = BATCH_PROP_LAST,
  SOURCE_PROP_FREQ,
  SOURCE_PROP_VOLUME,
  SOURCE_PROP_TICK_INTERVAL,
  SOURCE_PROP_SINE_PERIODS_PER_TICK,
  SOURCE_PROP_MARKER_TICK_PERIOD,
  SOURCE_PROP_MARKER_TICK_VOLUME,
  SOURCE_PROP_APPLY_TICK_RAMP,
  SOURCE_PROP_TIMESTAMP_OFFSET,
  SOURCE_PROP_CAN_ACTIVATE_PUSH,
  SOURCE_PROP_CAN_ACTIVATE_PULL,
  /* the element's own properties begin here */
  SOURCE_PROP_LAST
};

/* The settings; the element guards them with its OBJECT_LOCK. */
typedef struct
{
  WaveformSettings waveform;
  GstClockTimeDiff timestamp_offset;
  gboolean can_activate_push;
  gboolean can_activate_pull;
} SourceSettings;

void source_settings_init (SourceSettings * self);

void source_settings_install (GObjectClass * klass);

/* FALSE when @id is no property of these. */
gboolean source_settings_set (SourceSettings * self, guint id,
    const GValue * value);
gboolean source_settings_get (const SourceSettings * self, guint id,
    GValue * value);

G_END_DECLS
