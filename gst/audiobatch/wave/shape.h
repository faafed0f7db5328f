/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Renders a block of a periodic wave, in single and in double precision. */

#pragma once

#include "wave/waveform.h"
#include "wave/phase.h"

#define AB_WAVE_TABLE_ALIGNMENT 16
#define AB_WAVE_TABLE_ALIGNED \
    __attribute__ ((aligned (AB_WAVE_TABLE_ALIGNMENT)))

/* One block of an oscillator that starts at phase 0. Another start phase takes
 * one addition, or one rotation, for each sample. Aligned, so that SSE2 reads
 * it without a separate load. */
typedef struct
{
  gfloat cosine[AB_WAVE_BLOCK] AB_WAVE_TABLE_ALIGNED;
  gfloat sine[AB_WAVE_BLOCK] AB_WAVE_TABLE_ALIGNED;
} AbWaveTableF32;

typedef struct
{
  gdouble cosine[AB_WAVE_BLOCK] AB_WAVE_TABLE_ALIGNED;
  gdouble sine[AB_WAVE_BLOCK] AB_WAVE_TABLE_ALIGNED;
} AbWaveTableF64;

typedef enum
{
  AB_WAVE_TABLE_NONE,
  AB_WAVE_TABLE_SINE_F32,
  AB_WAVE_TABLE_SINE_F64,
  AB_WAVE_TABLE_TURNS
} AbWaveTableKind;

/* All zeros is a table without memory. */
typedef struct
{
  AbWaveTableKind kind;
  union
  {
    gpointer memory;
    AbWaveTableF32 *f32;
    AbWaveTableF64 *f64;
    /* AB_WAVE_BLOCK of them */
    guint64 *turns;
  };
} AbWaveTable;

/* Gives @table memory for every kind that samples of gdouble need (@f64), or of
 * gfloat, which takes half as much. Free it with ab_wave_table_clear(). */
void ab_wave_table_reserve (AbWaveTable * table, gboolean f64);
void ab_wave_table_clear (AbWaveTable * table);

/* Builds @table for @step, unless it is of @kind already. After a change of the
 * step, set table->kind to AB_WAVE_TABLE_NONE. */
void ab_wave_table_build (AbWaveTable * table, AbWaveTableKind kind,
    AbWaveTurns step);

/* Render sine, square, saw or triangle, from phase @start on. */
void ab_wave_shape_f32 (gfloat * out, const AbWaveTable * table, AbWave wave,
    AbWaveTurns start, gdouble gain);
void ab_wave_shape_f64 (gdouble * out, const AbWaveTable * table, AbWave wave,
    AbWaveTurns start, gdouble gain);
