/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a block of each wave looks like, in single and in double precision. */

#pragma once

#include "wave/waveform.h"
#include "wave/phase.h"

#define WAVE_TABLE_ALIGNMENT 16
#define WAVE_TABLE_ALIGNED __attribute__ ((aligned (WAVE_TABLE_ALIGNMENT)))

/* One block of an oscillator that starts at phase 0. Adding the phase that a
 * block starts with is one addition, or one rotation, for each sample. Aligned
 * for SSE2, which then reads it without a load of its own. */
typedef struct
{
  gfloat cosine[WAVE_BLOCK] WAVE_TABLE_ALIGNED;
  gfloat sine[WAVE_BLOCK] WAVE_TABLE_ALIGNED;
} WaveTableF32;

typedef struct
{
  gdouble cosine[WAVE_BLOCK] WAVE_TABLE_ALIGNED;
  gdouble sine[WAVE_BLOCK] WAVE_TABLE_ALIGNED;
} WaveTableF64;

typedef enum
{
  WAVE_TABLE_NONE,
  WAVE_TABLE_SINE_F32,
  WAVE_TABLE_SINE_F64,
  WAVE_TABLE_TURNS
} WaveTableKind;

typedef struct
{
  WaveTableKind kind;
  union
  {
    WaveTableF32 f32;
    WaveTableF64 f64;
    guint64 turns[WAVE_BLOCK] WAVE_TABLE_ALIGNED;
  };
} WaveTable;

/* Builds @table for @step unless it is of @kind already; whoever changes the
 * step sets kind to WAVE_TABLE_NONE. */
void wave_table_build (WaveTable * table, WaveTableKind kind, WaveTurns step);

/* Render sine, square, saw or triangle, from phase @start on. */
void wave_shape_f32 (gfloat * out, const WaveTable * table, WaveformWave wave,
    WaveTurns start, gdouble gain);
void wave_shape_f64 (gdouble * out, const WaveTable * table, WaveformWave wave,
    WaveTurns start, gdouble gain);
