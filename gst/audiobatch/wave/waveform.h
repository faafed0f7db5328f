/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The waves of audiobatchsrc: settings and a sample number in, audio out. */

#pragma once

#include <gst/audio/audio.h>

/* Names, values and meaning are audiotestsrc's, and so are the samples but for:
 * - Ticks start at sample 0 and on the sample nearest to their time, at any
 *   batch size. Theirs and the sine table's sine is exact, where audiotestsrc
 *   takes the lower one of 1024 places.
 * - Integers are rounded, and saturate.
 * - Each channel has noise of its own, also where pink and red noise remember.
 *   Red noise is reflected at its bounds, not drawn again.
 * - A change of freq or volume doesn't click.
 * - The phase of a tone follows the sample number, through seeks too. */
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

/* freq in Hz, any value from 0 up: what lies above half the rate aliases.
 * volumes from 0 to 1, where 1 is full scale. tick_interval in ns. A marker
 * tick is every marker_tick_period-th one; 0 means none. */
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

/* Same seed, same noise. Free with ab_waveform_free(). Wants
 * ab_waveform_set_info()
 * and ab_waveform_set_settings() before the first fill. */
AbWaveform *ab_waveform_new (guint32 seed);
void ab_waveform_free (AbWaveform * self);

/* Copies @info. When the rate changes, the next fill counts as following the
 * last one, whatever its sample number, and the phase goes on. Sample numbers
 * are always in the current rate. */
void ab_waveform_set_info (AbWaveform * self, const GstAudioInfo * info);

/* Copies @settings; cheap, may be called before every fill. In a fill that
 * follows the last one a new freq goes on from the phase of the last sample,
 * and a new volume is reached linearly, at the fill's last sample. Elsewhere,
 * new settings hold from the first sample, and a new freq has the phase it
 * would have had from sample 0. */
void ab_waveform_set_settings (AbWaveform * self,
    const AbWaveformSettings * settings);

/* Writes every byte of @n_samples frames, the first one being number
 * @first_sample of the stream. Channel c of a non-interleaved layout goes to
 * @data + c * @plane_stride (bytes); an interleaved layout ignores
 * @plane_stride.
 *
 * All but the red and violet noise, which are walks and go on from their last
 * step, depend on nothing but the sample number: any order and size of fills
 * gives the same samples.
 *
 * Returns: TRUE if all that was written is silence */
gboolean ab_waveform_fill (AbWaveform * self, guint8 * data, gsize plane_stride,
    guint64 first_sample, guint n_samples);
