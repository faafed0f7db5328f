/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phase of an oscillator as an exact function of the sample number. */

#pragma once

#include <glib.h>

/* Waves are rendered in blocks of this many samples. The phase is taken anew
 * for each, and a constant count lets -O2 vectorise without a remainder. */
#define WAVE_BLOCK 256

/* Fraction of a turn; 2^128 is a whole one, so that whole turns wrap away. */
__extension__ typedef unsigned __int128 WaveTurns;

/* freq / rate without its whole turns, cut off after 128 bits: off by less than
 * 2^-64 turns after 2^64 samples. */
static inline WaveTurns
wave_turns_per_sample (gdouble freq, guint rate)
{
  guint64 whole = (guint64) freq;
  gdouble fraction = (freq - whole) * 0x1p64;
  guint64 high = (guint64) fraction;
  guint64 low = (guint64) ((fraction - high) * 0x1p64);
  WaveTurns dividend = ((WaveTurns) (whole % rate) << 64) | high;
  WaveTurns quotient = (dividend / rate) << 64;

  dividend = ((dividend % rate) << 64) | low;
  return quotient + dividend / rate;
}

/* The upper 64 bits, rounded up: so a phase on the edge of a square or saw,
 * which may have been cut, never comes out before the edge. */
static inline guint64
wave_turns_to_64 (WaveTurns turns)
{
  return (guint64) (turns >> 64) + ((guint64) turns != 0);
}
