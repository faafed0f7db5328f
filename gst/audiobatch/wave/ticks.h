/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where ticks start, counted in samples. */

#pragma once

#include <glib.h>

typedef struct
{
  guint64 number;               /* the stream's first tick is 0 */
  guint64 start;                /* sample number */
  guint64 next;                 /* sample number of the next tick's start */
} AbWaveTick;

/* The last tick that starts at or before @sample. A tick starts on the sample
 * nearest to its time, @interval (ns) times its number, and so never drifts.
 *
 * Returns: FALSE if ticks start on every sample, too fast to make a sound */
gboolean ab_wave_tick_at (AbWaveTick * tick, guint64 interval, guint rate,
    guint64 sample);
