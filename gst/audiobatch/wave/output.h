/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns blocks of samples into any raw audio format and layout. */

#pragma once

#include <gst/audio/audio.h>

#include "wave/phase.h"

#define AB_WAVE_ALL_CHANNELS G_MAXUINT

typedef struct _AbWaveOutput AbWaveOutput;

/* Converts a whole block of samples, 1 being full scale; integer formats want
 * them limited to that, see takes_limited. */
typedef void (*AbWaveConvert) (const AbWaveOutput * self, gpointer out,
    gconstpointer samples);

struct _AbWaveOutput
{
  const GstAudioFormatInfo *finfo;
  guint channels;
  gsize width;                  /* bytes of one value */
  gboolean planar;
  gboolean takes_f64;           /* samples are gdouble; else gfloat */
  gboolean takes_limited;       /* samples are to lie within -1 and 1 */
  AbWaveConvert convert;          /* NULL: none needed */
};

/* The frames of one fill. */
typedef struct
{
  guint8 *data;
  gsize plane_stride;           /* bytes, planar only */
} AbWaveFrames;

void ab_wave_output_init (AbWaveOutput * self, const GstAudioInfo * info);

/* Where a whole block of samples for @channel can be made in the output itself.
 *
 * Returns: (nullable): NULL if the format and layout don't allow it, or if @n
 *     is less than a block */
gpointer ab_wave_output_direct (const AbWaveOutput * self,
    const AbWaveFrames * frames, guint frame, guint channel, guint n);

/* Writes @n samples of @block, from its sample @first on, to the frames from
 * number @frame on; to one channel or to all. @block has AB_WAVE_BLOCK samples
 * of the type that takes_f64 tells, and may be what ab_wave_output_direct()
 * gave. */
void ab_wave_output_write (const AbWaveOutput * self,
    const AbWaveFrames * frames, guint frame, guint channel,
    gconstpointer block, guint first, guint n);

void ab_wave_output_silence (const AbWaveOutput * self,
    const AbWaveFrames * frames, guint frame, guint n);
