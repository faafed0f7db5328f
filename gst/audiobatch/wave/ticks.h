/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Computes at which samples ticks start. */

#pragma once

#include <glib.h>

typedef struct
{
  guint64 number;               /* the stream's first tick is 0 */
  guint64 start;                /* sample number */
  guint64 next;                 /* sample number of the next tick's start */
} AbWaveTick;

/* The last tick that starts at or before @sample. Tick n starts on the sample
 * nearest to the time n * @interval (ns), so ticks never drift.
 *
 * Returns: FALSE if ticks start on every sample, too fast to make a sound */
gboolean ab_wave_tick_at (AbWaveTick * tick, guint64 interval, guint rate,
    guint64 sample);
