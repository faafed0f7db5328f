/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phase of an oscillator as an exact function of the sample number. */

#pragma once

#include "time/wide.h"

/* Waves are rendered in blocks of this many samples. The phase is taken anew
 * for each, and a constant count lets -O2 vectorise without a remainder. */
#define AB_WAVE_BLOCK 256

/* Fraction of a turn; 2^128 is a whole one, so that whole turns wrap away. */
typedef AbWide AbWaveTurns;

/* freq / rate without its whole turns, cut off after 128 bits: off by less than
 * 2^-64 turns after 2^64 samples. */
static inline AbWaveTurns
ab_wave_turns_per_sample (gdouble freq, guint rate)
{
  guint64 whole = (guint64) freq;
  gdouble fraction = (freq - whole) * 0x1p64;
  guint64 high = (guint64) fraction;
  guint64 low = (guint64) ((fraction - high) * 0x1p64);
  AbWide divisor = ab_wide_from (rate), rest = { whole % rate, high };
  AbWaveTurns turns;

  /* a long division, with digits of 64 bits */
  turns.high = ab_wide_divide (rest, divisor, &rest).low;
  rest.high = rest.low;
  rest.low = low;
  turns.low = ab_wide_divide (rest, divisor, &rest).low;
  return turns;
}

/* The upper 64 bits, rounded up: so a phase on the edge of a square or saw,
 * which may have been cut, never comes out before the edge. */
static inline guint64
ab_wave_turns_to_64 (AbWaveTurns turns)
{
  return turns.high + (turns.low != 0);
}
