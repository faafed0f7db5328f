/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an oscillator and ticks are, as exact functions of the sample number. */

#pragma once

#include "time/wide.h"

/* The samples of a block. Each block computes its phase from the sample number;
 * the constant count lets -O2 vectorise without a remainder. */
#define AB_WAVE_BLOCK 256

/* Fraction of a turn, in units of 2^-128 turns: whole turns wrap to 0. */
typedef AbWide AbWaveTurns;

/* freq / rate without whole turns, cut off after 128 bits. After 2^64 samples
 * the error is less than 2^-64 turns. */
static inline AbWaveTurns
ab_wave_turns_per_sample (gdouble freq, guint rate)
{
  guint64 whole = (guint64) freq;
  gdouble fraction = (freq - whole) * 0x1p64;
  guint64 high = (guint64) fraction;
  guint64 low = (guint64) ((fraction - high) * 0x1p64);
  AbWide divisor = ab_wide_from (rate), rest = { whole % rate, high };
  AbWaveTurns turns;

  /* long division, 64 bits at a time */
  turns.high = ab_wide_divide (rest, divisor, &rest).low;
  rest.high = rest.low;
  rest.low = low;
  turns.low = ab_wide_divide (rest, divisor, &rest).low;
  return turns;
}

/* The upper 64 bits, rounded up. A phase on the edge of a square or saw may
 * have been cut to just before the edge: rounding up returns it to the edge. */
static inline guint64
ab_wave_turns_to_64 (AbWaveTurns turns)
{
  return turns.high + (turns.low != 0);
}

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
