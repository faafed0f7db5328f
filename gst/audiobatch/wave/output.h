/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Converts blocks of samples to any raw audio format and layout. */

#pragma once

#include <gst/audio/audio.h>

#include "wave/phase.h"

#define AB_WAVE_ALL_CHANNELS G_MAXUINT

typedef struct _AbWaveOutput AbWaveOutput;

/* Converts a whole block of samples, with full scale 1. For integer formats
 * they must be within full scale: see takes_limited. */
typedef void (*AbWaveConvert) (const AbWaveOutput * self, gpointer out,
    gconstpointer samples);

struct _AbWaveOutput
{
  const GstAudioFormatInfo *finfo;
  guint channels;
  gsize width;                  /* bytes of one value */
  gboolean planar;
  gboolean takes_f64;           /* samples are gdouble; else gfloat */
  gboolean takes_limited;       /* samples must be from -1 to 1 */
  AbWaveConvert convert;          /* NULL: none needed */
};

/* The frames of one fill. */
typedef struct
{
  guint8 *data;
  gsize plane_stride;           /* bytes, planar only */
} AbWaveFrames;

void ab_wave_output_init (AbWaveOutput * self, const GstAudioInfo * info);

/* Returns: (nullable): the place in the output where the caller can render a
 * whole block for @channel; NULL if the format or layout don't allow it, or if
 * @n is less than a block */
gpointer ab_wave_output_direct (const AbWaveOutput * self,
    const AbWaveFrames * frames, guint frame, guint channel, guint n);

/* Writes @n samples of @block, from sample @first on, to one channel or to all,
 * from frame @frame on. @block has AB_WAVE_BLOCK samples, gdouble or gfloat as
 * takes_f64 says, and may be the result of ab_wave_output_direct(). */
void ab_wave_output_write (const AbWaveOutput * self,
    const AbWaveFrames * frames, guint frame, guint channel,
    gconstpointer block, guint first, guint n);

void ab_wave_output_silence (const AbWaveOutput * self,
    const AbWaveFrames * frames, guint frame, guint n);
