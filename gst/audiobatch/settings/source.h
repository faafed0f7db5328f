/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties that only audiobatchsrc has. Names, types, ranges and defaults
 * are those of audiotestsrc. */
#pragma once

#include "settings/common.h"
#include "wave/waveform.h"

G_BEGIN_DECLS

enum
{
  AB_SOURCE_PROP_WAVE = AB_PROP_LAST,
  AB_SOURCE_PROP_FREQ,
  AB_SOURCE_PROP_VOLUME,
  AB_SOURCE_PROP_TICK_INTERVAL,
  AB_SOURCE_PROP_SINE_PERIODS_PER_TICK,
  AB_SOURCE_PROP_MARKER_TICK_PERIOD,
  AB_SOURCE_PROP_MARKER_TICK_VOLUME,
  AB_SOURCE_PROP_APPLY_TICK_RAMP,
  AB_SOURCE_PROP_TIMESTAMP_OFFSET,
  AB_SOURCE_PROP_CAN_ACTIVATE_PUSH,
  AB_SOURCE_PROP_CAN_ACTIVATE_PULL,
  /* the first of the element's own properties */
  AB_SOURCE_PROP_LAST
};

/* Guarded by the element's OBJECT_LOCK. */
typedef struct
{
  AbWaveformSettings waveform;
  GstClockTimeDiff timestamp_offset;
  gboolean can_activate_push;
  gboolean can_activate_pull;
} AbSourceSettings;

void ab_source_settings_init (AbSourceSettings * self);

void ab_source_settings_install (GObjectClass * klass);

/* Returns: FALSE if @id is not one of these properties. */
gboolean ab_source_settings_set (AbSourceSettings * self, guint id,
    const GValue * value);
gboolean ab_source_settings_get (const AbSourceSettings * self, guint id,
    GValue * value);

G_END_DECLS
