/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The waves of audiobatchsrc: settings and a sample number in, audio out. */

#pragma once

#include <gst/audio/audio.h>

/* Names, values, meaning and samples are those of audiotestsrc, except:
 * - Ticks start at sample 0 and on the sample nearest to their time, with any
 *   batch size. The sine of ticks and of sine-table is exact; audiotestsrc
 *   rounds down to one of 1024 places.
 * - Integers are rounded, and saturate.
 * - Each channel has its own noise, also its own state of pink and red noise.
 *   Red noise is reflected at its bounds; audiotestsrc draws again.
 * - A change of freq or volume doesn't click.
 * - The phase of a tone follows from the sample number, also after a seek. */
typedef enum
{
  AB_WAVEFORM_SINE = 0,
  AB_WAVEFORM_SQUARE,
  AB_WAVEFORM_SAW,
  AB_WAVEFORM_TRIANGLE,
  AB_WAVEFORM_SILENCE,
  AB_WAVEFORM_WHITE_NOISE,
  AB_WAVEFORM_PINK_NOISE,
  AB_WAVEFORM_SINE_TABLE,
  AB_WAVEFORM_TICKS,
  AB_WAVEFORM_GAUSSIAN_NOISE,
  AB_WAVEFORM_RED_NOISE,
  AB_WAVEFORM_BLUE_NOISE,
  AB_WAVEFORM_VIOLET_NOISE
} AbWave;

/* freq in Hz, from 0 up; above half the rate it aliases. Volumes from 0 to 1,
 * which is full scale. tick_interval in ns. Every marker_tick_period-th tick is
 * a marker tick; 0: none. */
typedef struct
{
  AbWave wave;
  gdouble freq;
  gdouble volume;
  guint64 tick_interval;
  guint sine_periods_per_tick;
  guint marker_tick_period;
  gdouble marker_tick_volume;
  gboolean apply_tick_ramp;
} AbWaveformSettings;

/* Thread-safety: one thread at a time, no locking. */
typedef struct _AbWaveform AbWaveform;

/* The same seed gives the same noise. Free with ab_waveform_free(). Before the
 * first fill, call ab_waveform_set_info() and ab_waveform_set_settings(). */
AbWaveform *ab_waveform_new (guint32 seed);
void ab_waveform_free (AbWaveform * self);

/* Copies @info. If the rate changes, the next fill continues the last one, with
 * any sample number, and so does the phase. Sample numbers are always in the
 * current rate. */
void ab_waveform_set_info (AbWaveform * self, const GstAudioInfo * info);

/* Copies @settings; cheap enough to call before every fill. If a fill continues
 * the last one, a new freq continues from the phase of the last sample, and the
 * volume moves linearly to its new value at the last sample of the fill. If
 * not, new settings apply from the first sample, and a new freq has the phase
 * as if it had started at sample 0. */
void ab_waveform_set_settings (AbWaveform * self,
    const AbWaveformSettings * settings);

/* Writes every byte of @n_samples frames; the first is number @first_sample of
 * the stream. Channel c of a non-interleaved layout goes to @data + c *
 * @plane_stride (bytes); an interleaved layout ignores @plane_stride.
 *
 * Red and violet noise are walks, and continue from their last step. All other
 * waves depend only on the sample number: fills of any order and size give the
 * same samples.
 *
 * Returns: TRUE if all samples written are silence */
gboolean ab_waveform_fill (AbWaveform * self, guint8 * data, gsize plane_stride,
    guint64 first_sample, guint n_samples);
