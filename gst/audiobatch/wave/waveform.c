/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The waves of audiobatchsrc: settings and a sample number in, audio out. */

/* Each inner loop in this folder has a constant count, so that gcc and clang
 * vectorise it at -O2 and with plain SSE2. Best are -O3 -funroll-loops, with a
 * fifth fewer instructions, and -fno-math-errno: without it the gaussian noise
 * computes its roots one by one. */

#include "wave/waveform.h"
#include "wave/noise.h"
#include "wave/output.h"
#include "wave/phase.h"
#include "wave/shape.h"

#define NO_TICK G_MAXUINT64

/* The noise of one channel. */
typedef struct
{
  guint64 seed;
  guint32 walk;
} WaveVoice;

/* Volume of frame i of a fill: start + (i + 1) * step. */
typedef struct
{
  gdouble start;
  gdouble step;
} WaveGain;

struct _AbWaveform
{
  guint32 seed;

  /* what the next fill renders */
  AbWaveformSettings settings;
  guint rate;
  AbWaveOutput output;
  WaveVoice *voices;            /* for the most channels so far */
  guint n_voices;

  /* what the last fill rendered */
  gboolean started;
  guint64 next_sample;
  AbWaveformSettings rendered;
  guint rendered_rate;

  /* what the present fill renders: sample n is at phase
   * offset + (n + 1) * step; the + 1 is audiotestsrc's */
  AbWaveTurns step;
  AbWaveTurns offset;
  AbWaveTable table;
  WaveGain gain;
  WaveGain marker_gain;

  /* ticks start at phase 0, except one during which freq changed */
  guint64 bent_tick;
  AbWaveTurns bent_tick_offset;
};

/* A block of gfloat or gdouble samples, as takes_f64 of the output says. */
typedef union
{
  gfloat f32[AB_WAVE_BLOCK];
  gdouble f64[AB_WAVE_BLOCK];
} WaveBlock;

/* The frames of a fill that are in one block of the stream, or of a tick. */
typedef struct
{
  guint frame;                  /* in the fill */
  guint n_frames;
  const WaveGain *gain;         /* NULL: silence */
  guint first;                  /* place of the first frame in the block */
  guint64 block;                /* number, counted from stream or tick start */
  AbWaveTurns start;            /* phase at the block's start */
  guint64 tick_length;          /* samples; ticks only */
} WaveRun;

AbWaveform *
ab_waveform_new (guint32 seed)
{
  AbWaveform *self = g_new0 (AbWaveform, 1);

  self->seed = seed;
  self->bent_tick = NO_TICK;
  return self;
}

void
ab_waveform_free (AbWaveform * self)
{
  ab_wave_table_clear (&self->table);
  g_free (self->voices);
  g_free (self);
}

/* If a channel is removed and comes back, its noise continues. */
static void
ensure_voices (AbWaveform * self, guint n)
{
  if (n <= self->n_voices)
    return;

  self->voices = g_renew (WaveVoice, self->voices, n);
  for (guint c = self->n_voices; c < n; c++) {
    self->voices[c].seed = ab_wave_noise_seed (self->seed, c);
    self->voices[c].walk = 0;
  }
  self->n_voices = n;
}

void
ab_waveform_set_info (AbWaveform * self, const GstAudioInfo * info)
{
  ab_wave_output_init (&self->output, info);
  ab_wave_table_reserve (&self->table, self->output.takes_f64);
  ensure_voices (self, GST_AUDIO_INFO_CHANNELS (info));
  self->rate = MAX (GST_AUDIO_INFO_RATE (info), 1);
}

void
ab_waveform_set_settings (AbWaveform * self,
    const AbWaveformSettings * settings)
{
  self->settings = *settings;
}

/* The phase at sample @to of a wave with @step that is at @turns at @from. */
static AbWaveTurns
turn_on (AbWaveTurns turns, AbWaveTurns step, guint64 from, guint64 to)
{
  return ab_wide_add (turns, ab_wide_subtract (ab_wide_multiply (step, to),
          ab_wide_multiply (step, from)));
}

/* If a tick is sounding, lets it continue from its present phase. */
static void
bend_tick (AbWaveform * self, guint64 first_sample, AbWaveTurns step)
{
  const AbWaveformSettings *old = &self->rendered, *new = &self->settings;
  guint64 bent_before = self->bent_tick;
  AbWaveTurns phase = { 0, 0 };
  AbWaveTick before, now;

  self->bent_tick = NO_TICK;
  if (old->wave != AB_WAVEFORM_TICKS || new->wave != AB_WAVEFORM_TICKS
      || !ab_wave_tick_at (&before, old->tick_interval, self->rendered_rate,
          self->next_sample)
      || !ab_wave_tick_at (&now, new->tick_interval, self->rate, first_sample)
      || before.number != now.number)
    return;

  if (before.number == bent_before)
    phase = self->bent_tick_offset;
  phase = turn_on (phase, self->step, before.start, self->next_sample);
  self->bent_tick = now.number;
  self->bent_tick_offset = turn_on (phase, step, first_sample, now.start);
}

/* Applies the new freq and rate. The old and new wave meet at the last sample
 * rendered. Its number plus 1 is next_sample in the old rate, and first_sample
 * in the new rate. */
static void
retune (AbWaveform * self, gboolean follows, guint64 first_sample)
{
  AbWaveTurns step = ab_wave_turns_per_sample (self->settings.freq, self->rate);

  if (follows) {
    self->offset = turn_on (turn_on (self->offset, self->step, 0,
            self->next_sample), step, first_sample, 0);
    bend_tick (self, first_sample, step);
  } else {
    self->offset = ab_wide_from (0);
    self->bent_tick = NO_TICK;
  }
  self->step = step;
  self->table.kind = AB_WAVE_TABLE_NONE;
}

static WaveGain
gain_between (gdouble old, gdouble new, gboolean follows, guint n_samples)
{
  WaveGain gain = { new, 0.0 };

  if (follows && old != new) {
    gain.start = old;
    gain.step = (new - old) / n_samples;
  }
  return gain;
}

/* Applies every change since the last fill. */
static void
begin_fill (AbWaveform * self, guint64 first_sample, guint n_samples)
{
  const AbWaveformSettings *old = &self->rendered, *new = &self->settings;
  gboolean new_rate = self->rate != self->rendered_rate;
  gboolean follows = self->started
      && (new_rate || first_sample == self->next_sample);

  if (!self->started || new_rate || old->freq != new->freq)
    retune (self, follows, first_sample);
  self->gain = gain_between (old->volume, new->volume, follows, n_samples);
  self->marker_gain = gain_between (old->marker_tick_volume,
      new->marker_tick_volume, follows, n_samples);

  self->started = TRUE;
  self->rendered = *new;
  self->rendered_rate = self->rate;
  self->next_sample = first_sample + n_samples;
}

static gboolean
gain_is_silent (const WaveGain * gain)
{
  return gain->start == 0.0 && gain->step == 0.0;
}

/* Ends @run at the end of the block, or after @left samples. */
static void
place_in_block (WaveRun * run, guint64 sample, guint64 left)
{
  run->block = sample / AB_WAVE_BLOCK;
  run->first = sample % AB_WAVE_BLOCK;
  run->n_frames = MIN (left, AB_WAVE_BLOCK - run->first);
}

static gboolean
tick_is_marker (const AbWaveformSettings * settings, guint64 number)
{
  return settings->marker_tick_period > 0
      && (number + 1) % settings->marker_tick_period == 0;
}

/* A double is exact enough: if the length does not fit in a guint64, the tick
 * never ends. */
static guint64
tick_length (const AbWaveform * self)
{
  gdouble length = (gdouble) self->rate * self->settings.sine_periods_per_tick
      / self->settings.freq;

  return length < 0x1p63 ? (guint64) length : G_MAXINT64;
}

/* Makes @run the rest of the tick at @sample, or of the silence after it. */
static void
plan_tick (const AbWaveform * self, WaveRun * run, guint64 sample, guint left)
{
  const AbWaveformSettings *settings = &self->settings;
  const WaveGain *gain = &self->gain;
  guint64 length = tick_length (self), place;
  AbWaveTick tick;

  if (!ab_wave_tick_at (&tick, settings->tick_interval, self->rate, sample))
    return;
  if (tick_is_marker (settings, tick.number))
    gain = &self->marker_gain;

  place = sample - tick.start;
  run->n_frames = MIN (left, tick.next - sample);
  if (place >= length || gain_is_silent (gain))
    return;

  place_in_block (run, place, MIN (run->n_frames, length - place));
  run->gain = gain;
  run->tick_length = length;
  run->start = ab_wide_multiply (self->step, run->block * AB_WAVE_BLOCK);
  if (tick.number == self->bent_tick)
    run->start = ab_wide_add (run->start, self->bent_tick_offset);
}

static void
plan_run (const AbWaveform * self, WaveRun * run, guint64 sample, guint left)
{
  run->n_frames = left;
  run->gain = NULL;
  run->tick_length = 0;

  if (self->settings.wave == AB_WAVEFORM_TICKS) {
    plan_tick (self, run, sample, left);
  } else if (self->settings.wave != AB_WAVEFORM_SILENCE
      && !gain_is_silent (&self->gain)) {
    place_in_block (run, sample, left);
    run->gain = &self->gain;
    run->start = ab_wide_add (self->offset, ab_wide_multiply (self->step,
            sample - run->first + 1));
  }
}

/* If the volume changes, first render the block at full scale. */
static gdouble
constant_gain (const WaveRun * run)
{
  return run->gain->step == 0.0 ? run->gain->start : 1.0;
}

/* The cube of a linear ramp: up over the first period of a tick, down over its
 * last. */
static gdouble
tick_ramp (guint64 place, guint64 length, guint64 ramp_length)
{
  gdouble ramp = 1.0;

  if (place < ramp_length)
    ramp = (gdouble) place / ramp_length;
  else if (length - place <= ramp_length)
    ramp = (gdouble) (length - place) / ramp_length;
  return ramp * ramp * ramp;
}

static gdouble
envelope_at (const AbWaveform * self, const WaveRun * run, guint k)
{
  gdouble period = self->rate / self->settings.freq;
  gdouble envelope = 1.0;

  if (run->gain->step != 0.0)
    envelope = run->gain->start + (run->frame + k + 1) * run->gain->step;
  if (run->tick_length > 0 && self->settings.apply_tick_ramp && period >= 1.0)
    envelope *= tick_ramp (run->block * AB_WAVE_BLOCK + run->first + k,
        run->tick_length, MIN (period, 0x1p62));
  return envelope;
}

static void
apply_envelope (const AbWaveform * self, const WaveRun * run, gpointer block)
{
  gboolean ramp = run->tick_length > 0 && self->settings.apply_tick_ramp;
  gfloat *f32 = (gfloat *) block + run->first;
  gdouble *f64 = (gdouble *) block + run->first;

  if (run->gain->step == 0.0 && !ramp)
    return;

  for (guint k = 0; k < run->n_frames; k++)
    if (self->output.takes_f64)
      f64[k] *= envelope_at (self, run, k);
    else
      f32[k] *= envelope_at (self, run, k);
}

static void
scale_integers (const AbWaveform * self, const gint32 * restrict integers,
    gpointer block, gdouble scale)
{
  gfloat *restrict f32 = block, scale_f32 = scale;
  gdouble *restrict f64 = block;

  if (self->output.takes_f64)
    for (guint k = 0; k < AB_WAVE_BLOCK; k++)
      f64[k] = integers[k] * scale;
  else
    for (guint k = 0; k < AB_WAVE_BLOCK; k++)
      f32[k] = integers[k] * scale_f32;
}

/* Integer formats saturate. */
static void
limit_floats (gfloat * floats, gfloat limit)
{
  for (guint k = 0; k < AB_WAVE_BLOCK; k++)
    floats[k] = CLAMP (floats[k], -limit, limit);
}

static void
scale_floats (const AbWaveform * self, const gfloat * restrict floats,
    gpointer block, gdouble scale)
{
  gfloat *restrict f32 = block, scale_f32 = scale;
  gdouble *restrict f64 = block;

  if (self->output.takes_f64)
    for (guint k = 0; k < AB_WAVE_BLOCK; k++)
      f64[k] = floats[k] * scale;
  else
    for (guint k = 0; k < AB_WAVE_BLOCK; k++)
      f32[k] = floats[k] * scale_f32;
}

/* The only noise without bounds, so the only one to limit. */
static void
render_gaussian (const AbWaveform * self, const WaveRun * run,
    const WaveVoice * voice, gpointer block)
{
  gdouble gain = constant_gain (run);
  gfloat floats[AB_WAVE_BLOCK];

  ab_wave_noise_gaussian (floats, voice->seed, run->block);
  if (self->output.takes_limited && gain > 0)
    limit_floats (floats, 1 / gain);
  scale_floats (self, floats, block, gain);
}

static void
render_integer_noise (const AbWaveform * self, const WaveRun * run,
    WaveVoice * voice, gpointer block)
{
  AbWave wave = self->settings.wave;
  gdouble full_scale = AB_WAVE_NOISE_FULL_SCALE;
  gint32 integers[AB_WAVE_BLOCK];

  if (wave == AB_WAVEFORM_PINK_NOISE || wave == AB_WAVEFORM_BLUE_NOISE) {
    ab_wave_noise_pink (integers, voice->seed, run->block);
    full_scale = AB_WAVE_NOISE_PINK_FULL_SCALE;
  } else if (wave == AB_WAVEFORM_WHITE_NOISE) {
    ab_wave_noise_white (integers, voice->seed, run->block);
  } else {
    ab_wave_noise_red (integers, voice->seed, run->block, run->first,
        run->n_frames, &voice->walk);
  }
  if (wave == AB_WAVEFORM_BLUE_NOISE || wave == AB_WAVEFORM_VIOLET_NOISE)
    ab_wave_noise_mirror (integers);
  scale_integers (self, integers, block, constant_gain (run) / full_scale);
}

/* Where to render a block: in the output if possible, else in @scratch. */
static gpointer
place_block (const AbWaveform * self, const WaveRun * run,
    const AbWaveFrames * frames, guint channel, WaveBlock * scratch)
{
  gpointer direct = ab_wave_output_direct (&self->output, frames, run->frame,
      channel, run->n_frames);

  return direct ? direct : scratch;
}

static void
finish_block (const AbWaveform * self, const WaveRun * run,
    const AbWaveFrames * frames, guint channel, gpointer block)
{
  apply_envelope (self, run, block);
  ab_wave_output_write (&self->output, frames, run->frame, channel, block,
      run->first, run->n_frames);
}

static void
render_noise (AbWaveform * self, const WaveRun * run,
    const AbWaveFrames * frames)
{
  WaveBlock scratch;

  for (guint c = 0; c < self->output.channels; c++) {
    gpointer block = place_block (self, run, frames, c, &scratch);

    if (self->settings.wave == AB_WAVEFORM_GAUSSIAN_NOISE)
      render_gaussian (self, run, &self->voices[c], block);
    else
      render_integer_noise (self, run, &self->voices[c], block);
    finish_block (self, run, frames, c, block);
  }
}

static AbWaveTableKind
table_kind (const AbWaveform * self)
{
  switch (self->settings.wave) {
    case AB_WAVEFORM_SQUARE:
    case AB_WAVEFORM_SAW:
    case AB_WAVEFORM_TRIANGLE:
      return AB_WAVE_TABLE_TURNS;
    default:
      return self->
          output.takes_f64 ? AB_WAVE_TABLE_SINE_F64 : AB_WAVE_TABLE_SINE_F32;
  }
}

/* Not inlined, so that its scratch is not on the stack while a table is
 * built. */
static G_GNUC_NO_INLINE void
render_tone (AbWaveform * self, const WaveRun * run,
    const AbWaveFrames * frames)
{
  AbWave wave = self->settings.wave;
  gdouble gain = constant_gain (run);
  WaveBlock scratch;
  gpointer block =
      place_block (self, run, frames, AB_WAVE_ALL_CHANNELS, &scratch);

  if (self->output.takes_f64)
    ab_wave_shape_f64 (block, &self->table, wave, run->start, gain);
  else
    ab_wave_shape_f32 (block, &self->table, wave, run->start, gain);
  finish_block (self, run, frames, AB_WAVE_ALL_CHANNELS, block);
}

static void
render_run (AbWaveform * self, const WaveRun * run, const AbWaveFrames * frames)
{
  switch (self->settings.wave) {
    case AB_WAVEFORM_WHITE_NOISE:
    case AB_WAVEFORM_PINK_NOISE:
    case AB_WAVEFORM_GAUSSIAN_NOISE:
    case AB_WAVEFORM_RED_NOISE:
    case AB_WAVEFORM_BLUE_NOISE:
    case AB_WAVEFORM_VIOLET_NOISE:
      render_noise (self, run, frames);
      break;
    default:
      ab_wave_table_build (&self->table, table_kind (self), self->step);
      render_tone (self, run, frames);
      break;
  }
}

gboolean
ab_waveform_fill (AbWaveform * self, guint8 * data, gsize plane_stride,
    guint64 first_sample, guint n_samples)
{
  AbWaveFrames frames = { data, plane_stride };
  gboolean silent = TRUE;
  WaveRun run;

  if (n_samples == 0)
    return TRUE;

  begin_fill (self, first_sample, n_samples);
  for (run.frame = 0; run.frame < n_samples; run.frame += run.n_frames) {
    plan_run (self, &run, first_sample + run.frame, n_samples - run.frame);
    if (run.gain) {
      render_run (self, &run, &frames);
      silent = FALSE;
    } else {
      ab_wave_output_silence (&self->output, &frames, run.frame, run.n_frames);
    }
  }
  return silent;
}
