/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Renders a block of a periodic wave, in single and in double precision. */

#include "wave/shape.h"

#include <math.h>
#include <string.h>

#define QUARTER_TURN (G_GUINT64_CONSTANT (1) << 62)
#define HALF_TURN (G_GUINT64_CONSTANT (1) << 63)
#define TWO_PI (2 * G_PI)

/* A block of sines, as FINE by COARSE. */
#define FINE 16
#define COARSE (AB_WAVE_BLOCK / FINE)

/* Centred on 0, to keep the most bits where the sine is most sensitive. Cuts
 * the 11 bits that a double can't hold: a 0 that was rounded up is 0 again. */
static gdouble
wave_turns_to_radians (guint64 turns)
{
  gint64 centred = (gint64) turns;

  return (centred >> 11) * (TWO_PI * 0x1p-53);
}

/* Phase as -1/2 to 1/2 turn. */
static inline gfloat
centred_f32 (guint64 turns)
{
  return (gint32) (turns >> 32) * 0x1p-32f;
}

/* SSE2 can't convert 64-bit integers: instead the bits become the mantissa of a
 * number from 1 to 2. */
static inline gdouble
centred_f64 (guint64 turns)
{
  guint64 bits = ((turns + HALF_TURN) >> 12) | 0x3ff0000000000000;
  gdouble value;

  memcpy (&value, &bits, sizeof (value));
  return value - 1.5;
}

/* @value in the first half of a turn, -@value in the second. */
static inline gfloat
signed_f32 (gfloat value, guint64 turns)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof (bits));
  bits ^= (turns & HALF_TURN) >> 32;
  memcpy (&value, &bits, sizeof (bits));
  return value;
}

static inline gdouble
signed_f64 (gdouble value, guint64 turns)
{
  guint64 bits;

  memcpy (&bits, &value, sizeof (bits));
  bits ^= turns & HALF_TURN;
  memcpy (&value, &bits, sizeof (bits));
  return value;
}

#define magnitude_f32 fabsf
#define magnitude_f64 fabs

#define SAMPLE gfloat
#define TABLE AbWaveTableF32
#define MEMBER f32
#define NAME(x) x##_f32
#include "wave/shape-template.h"
#undef SAMPLE
#undef TABLE
#undef MEMBER
#undef NAME

#define SAMPLE gdouble
#define TABLE AbWaveTableF64
#define MEMBER f64
#define NAME(x) x##_f64
#include "wave/shape-template.h"

/* The phase after @n samples. */
static guint64
wave_turns_of (guint n, AbWaveTurns step)
{
  return ab_wave_turns_to_64 (ab_wide_multiply (step, n));
}

/* Cosines and sines of @n multiples of @stride steps. Each round doubles the
 * finished part, with a rotation: that computes only log2 (@n) sines, and adds up
 * as few rounding errors. */
static void
build_sines (gdouble * cosine, gdouble * sine, guint n, guint stride,
    AbWaveTurns step)
{
  cosine[0] = 1.0;
  sine[0] = 0.0;
  for (guint done = 1; done < n; done *= 2) {
    gdouble radians =
        wave_turns_to_radians (wave_turns_of (done * stride, step));
    gdouble c = cos (radians), s = sin (radians);

    for (guint k = 0; k < done; k++) {
      cosine[done + k] = cosine[k] * c - sine[k] * s;
      sine[done + k] = sine[k] * c + cosine[k] * s;
    }
  }
}

/* Rotates a short table by each value of another. A whole table of doubles would
 * be the most that the stack of the streaming thread ever holds. */
static void
build_sines_f32 (AbWaveTableF32 * table, AbWaveTurns step)
{
  gdouble fine_cosine[FINE], fine_sine[FINE];
  gdouble coarse_cosine[COARSE], coarse_sine[COARSE];

  build_sines (fine_cosine, fine_sine, FINE, 1, step);
  build_sines (coarse_cosine, coarse_sine, COARSE, FINE, step);
  for (guint k = 0; k < AB_WAVE_BLOCK; k++) {
    gdouble c = coarse_cosine[k / FINE], s = coarse_sine[k / FINE];

    table->cosine[k] = fine_cosine[k % FINE] * c - fine_sine[k % FINE] * s;
    table->sine[k] = fine_sine[k % FINE] * c + fine_cosine[k % FINE] * s;
  }
}

void
ab_wave_table_reserve (AbWaveTable * table, gboolean f64)
{
  gsize size = f64 ? sizeof (AbWaveTableF64) : sizeof (AbWaveTableF32);

  G_STATIC_ASSERT (sizeof (AbWaveTableF32) >= AB_WAVE_BLOCK * sizeof (guint64));
  ab_wave_table_clear (table);
  /* more alignment than malloc() gives on 32-bit systems */
  table->memory = g_aligned_alloc (1, size, AB_WAVE_TABLE_ALIGNMENT);
}

void
ab_wave_table_clear (AbWaveTable * table)
{
  g_aligned_free (table->memory);
  table->memory = NULL;
  table->kind = AB_WAVE_TABLE_NONE;
}

void
ab_wave_table_build (AbWaveTable * table, AbWaveTableKind kind,
    AbWaveTurns step)
{
  if (table->kind == kind)
    return;

  table->kind = kind;
  if (kind == AB_WAVE_TABLE_SINE_F32)
    build_sines_f32 (table->f32, step);
  else if (kind == AB_WAVE_TABLE_SINE_F64)
    build_sines (table->f64->cosine, table->f64->sine, AB_WAVE_BLOCK, 1, step);
  else
    for (guint k = 0; k < AB_WAVE_BLOCK; k++)
      table->turns[k] = wave_turns_of (k, step);
}
