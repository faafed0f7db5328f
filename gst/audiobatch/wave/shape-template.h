/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loops of shape.c, included once for each SAMPLE type. */

static void
NAME (sine) (SAMPLE * restrict out, const TABLE * restrict table, SAMPLE sine,
    SAMPLE cosine)
{
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = sine * table->cosine[k] + cosine * table->sine[k];
}

static void
NAME (square) (SAMPLE * restrict out, const guint64 * restrict turns,
    guint64 start, SAMPLE gain)
{
  turns = __builtin_assume_aligned (turns, AB_WAVE_TABLE_ALIGNMENT);
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = NAME (signed) (gain, start + turns[k]);
}

static void
NAME (saw) (SAMPLE * restrict out, const guint64 * restrict turns,
    guint64 start, SAMPLE gain)
{
  turns = __builtin_assume_aligned (turns, AB_WAVE_TABLE_ALIGNMENT);
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = NAME (centred) (start + turns[k]) * (2 * gain);
}

/* The peak is a quarter turn in; the value falls with the distance from it. */
static void
NAME (triangle) (SAMPLE * restrict out, const guint64 * restrict turns,
    guint64 start, SAMPLE gain)
{
  guint64 from_peak = start - QUARTER_TURN;

  turns = __builtin_assume_aligned (turns, AB_WAVE_TABLE_ALIGNMENT);
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    out[k] = NAME (magnitude) (NAME (centred) (from_peak + turns[k]))
        * (-4 * gain) + gain;
}

void
NAME (ab_wave_shape) (SAMPLE * out, const AbWaveTable * table, AbWave wave,
    AbWaveTurns start, gdouble gain)
{
  guint64 start64 = ab_wave_turns_to_64 (start);
  gdouble radians = wave_turns_to_radians (start64);

  switch (wave) {
    case AB_WAVEFORM_SQUARE:
      NAME (square) (out, table->turns, start64, gain);
      break;
    case AB_WAVEFORM_SAW:
      NAME (saw) (out, table->turns, start64, gain);
      break;
    case AB_WAVEFORM_TRIANGLE:
      NAME (triangle) (out, table->turns, start64, gain);
      break;
    default:
      NAME (sine) (out, table->MEMBER, gain * sin (radians),
          gain * cos (radians));
      break;
  }
}
