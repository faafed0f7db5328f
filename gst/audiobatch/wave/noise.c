/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers with the spectra and distributions of the noise waves. */

/* Each number is a hash of its position; no generator keeps a state. So lanes
 * of a vector can compute numbers from any position on, and a seek gives the
 * same noise again. */

#include "wave/noise.h"

#include <math.h>
#include <string.h>

/* Pink noise, after Voss and McCartney, is the sum of rows of random numbers.
 * Each row holds a number for twice as long as the row before: short rows up to
 * one block, long rows two blocks and more. */
#define PINK_SHORT_ROWS 8
#define PINK_LONG_ROWS 4
G_STATIC_ASSERT (1 << PINK_SHORT_ROWS == AB_WAVE_BLOCK);

/* Sebastiano Vigna's splitmix64: the next number after @x. */
static guint64
hash64 (guint64 x)
{
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

guint64
ab_wave_noise_seed (guint32 seed, guint channel)
{
  return hash64 (((guint64) channel << 32) | seed);
}

/* Number @k of the sequence @key: the golden-ratio sequence, hashed with Chris
 * Wellons' lowbias32. Half of the key goes in between its two rounds. */
static inline guint32
draw (guint64 key, guint32 k)
{
  guint32 x = (guint32) key + k * 0x9e3779b9;

  x = (x ^ (x >> 16)) * 0x7feb352d;
  x += (guint32) (key >> 32);
  x = (x ^ (x >> 15)) * 0x846ca68b;
  return x ^ (x >> 16);
}

void
ab_wave_noise_white (gint32 * restrict out, guint64 seed, guint64 block)
{
  guint64 key = hash64 (seed ^ block);

  for (guint32 k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = (gint32) draw (key, k);
}

/* Pink noise splits each 32-bit number: the lower half is white noise, the
 * upper half is the next number of a row. */
static inline gint32
upper_half (guint32 number)
{
  return (gint32) number >> 16;
}

static inline gint32
lower_half (guint32 number)
{
  return (gint16) number;
}

/* The sum of the rows that hold a number for 2, 4 ... blocks. Like a short row,
 * each changes in the middle of its period, counted from block 0. So no two
 * rows change at the same sample. */
static gint32
pink_long_rows (guint64 seed, guint64 block)
{
  gint32 sum = 0;

  for (guint row = 1; row <= PINK_LONG_ROWS; row++) {
    guint64 since = (block + (1 << row) / 2) >> row;

    sum += lower_half (hash64 (hash64 (seed + row) ^ since));
  }
  return sum;
}

/* Adds a row that changes in the middle of each of the @n sums before it, and
 * writes 2 * @n sums. Its numbers are numbers[n] to numbers[2 * n - 1].
 * numbers[n - 1] is free, and takes the number that the row still holds from
 * the block before. Inlined with a constant @n, so that it vectorises. */
static inline void
pink_add_row (gint32 * restrict out, const gint32 * restrict sums, guint n,
    gint32 * restrict numbers, guint64 previous_key)
{
  numbers[n - 1] = upper_half (draw (previous_key, 2 * n - 1));
  for (guint j = 0; j < n; j++) {
    /* NOLINTNEXTLINE(bugprone-implicit-widening-of-multiplication-result) */
    out[2 * j] = sums[j] + numbers[n - 1 + j];
    out[2 * j + 1] = sums[j] + numbers[n + j];
  }
}

static void
pink_add_short_rows (gint32 * restrict out, gint32 sum,
    gint32 * restrict numbers, guint64 previous_key)
{
  gint32 even[AB_WAVE_BLOCK / 2];

  pink_add_row (even, &sum, 1, numbers, previous_key);
  pink_add_row (out, even, 2, numbers, previous_key);
  pink_add_row (even, out, 4, numbers, previous_key);
  pink_add_row (out, even, 8, numbers, previous_key);
  pink_add_row (even, out, 16, numbers, previous_key);
  pink_add_row (out, even, 32, numbers, previous_key);
  pink_add_row (even, out, 64, numbers, previous_key);
  pink_add_row (out, even, 128, numbers, previous_key);
}

void
ab_wave_noise_pink (gint32 * restrict out, guint64 seed, guint64 block)
{
  guint64 key = hash64 (seed ^ block);
  guint64 previous_key = hash64 (seed ^ (block - 1));
  gint32 white[AB_WAVE_BLOCK], numbers[AB_WAVE_BLOCK];

  for (guint32 k = 0; k < AB_WAVE_BLOCK; k++) {
    guint32 number = draw (key, k);

    white[k] = lower_half (number);
    numbers[k] = upper_half (number);
  }
  pink_add_short_rows (out, pink_long_rows (seed, block), numbers,
      previous_key);
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] += white[k];
}

/* A walk that two walls reflect is an unbounded walk, folded. So the walk is
 * the phase of a triangle wave, which wraps and needs no walls: a step is up to
 * 1/32 turn, the walls are a quarter turn from 0. */
static inline gint32
fold (guint32 turns)
{
  const guint32 half_turn = 0x80000000;
  gboolean beyond_wall = ((turns ^ (turns << 1)) & half_turn) != 0;

  return (gint32) (beyond_wall ? half_turn - turns : turns);
}

void
ab_wave_noise_red (gint32 * restrict out, guint64 seed, guint64 block,
    guint first, guint n, guint32 * walk)
{
  guint64 key = hash64 (seed ^ block);
  guint32 turns = *walk;

  for (guint32 k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = (gint32) draw (key, k) >> 4;
  for (guint k = first; k < first + n; k++) {
    turns += out[k];
    out[k] = turns;
  }
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = fold (out[k]);
  *walk = turns;
}

/* -ln (x), for x from 2^-31 to 1: -e ln 2 - 2 atanh ((m - 1) / (m + 1)), where
 * x = m 2^e and m is from sqrt (1/2) to sqrt (2). The error is at most 2e-7. */
static inline gfloat
minus_ln (gfloat x)
{
  const gint32 sqrt_half_bits = 0x3f3504f3;
  gint32 bits, exponent;
  gfloat m, y, y2;

  memcpy (&bits, &x, sizeof (bits));
  exponent = (bits - sqrt_half_bits) >> 23;
  bits -= exponent * (1 << 23);
  memcpy (&m, &bits, sizeof (m));

  y = (m - 1) / (m + 1);
  y2 = y * y;
  return exponent * -(gfloat) G_LN2
      - 2 * y * (1 + y2 * (1.f / 3 + y2 * (1.f / 5 + y2 * (1.f / 7))));
}

/* Taylor series, for x from -pi/2 to pi/2. The error is at most 3e-7. */
static inline gfloat
short_sin (gfloat x)
{
  gfloat x2 = x * x;

  return x * (1 + x2 * (-1.f / 6 + x2 * (1.f / 120 + x2 * (-1.f / 5040
                  + x2 * (1.f / 362880 + x2 * (-1.f / 39916800))))));
}

static inline gfloat
short_cos (gfloat x)
{
  gfloat x2 = x * x;

  return 1 + x2 * (-1.f / 2 + x2 * (1.f / 24 + x2 * (-1.f / 720
              + x2 * (1.f / 40320 + x2 * (-1.f / 3628800
                      + x2 * (1.f / 479001600))))));
}

/* Box and Muller: a random radius and angle give two independent numbers. The
 * 31-bit integer is odd, so never 0; the radius reaches 6.5 sigma. */
void
ab_wave_noise_gaussian (gfloat * restrict out, guint64 seed, guint64 block)
{
  const guint half = AB_WAVE_BLOCK / 2;
  guint64 key = hash64 (seed ^ block);

  for (guint32 k = 0; k < AB_WAVE_BLOCK / 2; k++) {
    gint32 uniform = (draw (key, k) >> 1) | 1;
    gfloat radius = sqrtf (2 * minus_ln (uniform * 0x1p-31f));
    gfloat half_angle =
        (gint32) draw (key, half + k) * (gfloat) (G_PI * 0x1p-32);
    gfloat s = short_sin (half_angle), c = short_cos (half_angle);

    out[k] = radius * (1 - 2 * s * s);
    out[half + k] = radius * (2 * s * c);
  }
}

void
ab_wave_noise_mirror (gint32 * out)
{
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = k % 2 ? -out[k] : out[k];
}
