/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Converts blocks of samples to any raw audio format and layout. */

#include "wave/output.h"

#include <string.h>

/* The widest format, F64. */
#define MAX_WIDTH 8

/* Added to a number, these put its nearest integer into the lowest bits. */
#define ROUND_F32 0x1.8p23f
#define ROUND_F64 0x1.8p52

static void
f32_to_s16 (G_GNUC_UNUSED const AbWaveOutput * self, gpointer out,
    gconstpointer samples)
{
  guint16 *restrict values = out;
  const gfloat *restrict in = samples;

  for (guint k = 0; k < AB_WAVE_BLOCK; k++) {
    gfloat value = in[k] * G_MAXINT16 + ROUND_F32;
    guint32 bits;

    memcpy (&bits, &value, sizeof (bits));
    values[k] = bits;
  }
}

/* Rounds to the depth of the format: pack functions cut the lower bits. */
static void
f64_to_s32 (const AbWaveOutput * self, gpointer out, gconstpointer samples)
{
  guint32 *restrict values = out;
  const gdouble *restrict in = samples;
  guint shift = 32 - GST_AUDIO_FORMAT_INFO_DEPTH (self->finfo);
  gdouble max = G_MAXINT32 >> shift;

  for (guint k = 0; k < AB_WAVE_BLOCK; k++) {
    gdouble value = in[k] * max + ROUND_F64;
    guint64 bits;

    memcpy (&bits, &value, sizeof (bits));
    values[k] = (guint32) bits << shift;
  }
}

static void
f64_to_packed_integer (const AbWaveOutput * self, gpointer out,
    gconstpointer samples)
{
  gint32 values[AB_WAVE_BLOCK];

  f64_to_s32 (self, values, samples);
  self->finfo->pack_func (self->finfo, GST_AUDIO_PACK_FLAG_NONE, values, out,
      AB_WAVE_BLOCK);
}

static void
f64_to_packed_float (const AbWaveOutput * self, gpointer out,
    gconstpointer samples)
{
  self->finfo->pack_func (self->finfo, GST_AUDIO_PACK_FLAG_NONE, samples, out,
      AB_WAVE_BLOCK);
}

void
ab_wave_output_init (AbWaveOutput * self, const GstAudioInfo * info)
{
  GstAudioFormat format = GST_AUDIO_INFO_FORMAT (info);

  self->finfo = info->finfo;
  self->channels = GST_AUDIO_INFO_CHANNELS (info);
  self->width = GST_AUDIO_FORMAT_INFO_WIDTH (info->finfo) / 8;
  self->planar =
      GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  self->takes_f64 = format != GST_AUDIO_FORMAT_F32
      && format != GST_AUDIO_FORMAT_S16;
  self->takes_limited = !GST_AUDIO_FORMAT_INFO_IS_FLOAT (info->finfo);

  if (format == GST_AUDIO_FORMAT_F32 || format == GST_AUDIO_FORMAT_F64)
    self->convert = NULL;
  else if (format == GST_AUDIO_FORMAT_S16)
    self->convert = f32_to_s16;
  else if (format == GST_AUDIO_FORMAT_S32)
    self->convert = f64_to_s32;
  else if (info->finfo->unpack_format == GST_AUDIO_FORMAT_S32)
    self->convert = f64_to_packed_integer;
  else
    self->convert = f64_to_packed_float;
}

/* A loop that vectorises, for the common case: a whole block in stereo. @type
 * stands for any value of its width. */
#define DEFINE_WRITE_STEREO(type) \
typedef type Any_##type __attribute__ ((may_alias)); \
static void \
write_stereo_##type (Any_##type * restrict out, \
    const Any_##type * restrict values) \
{ \
  for (guint k = 0; k < AB_WAVE_BLOCK; k++) { \
    out[2 * k] = values[k]; \
    out[2 * k + 1] = values[k]; \
  } \
}

/* NOLINTBEGIN(bugprone-implicit-widening-of-multiplication-result): k is less
 * than a block */
DEFINE_WRITE_STEREO (guint16);
DEFINE_WRITE_STEREO (guint32);
DEFINE_WRITE_STEREO (guint64);
/* NOLINTEND(bugprone-implicit-widening-of-multiplication-result) */

/* Inlined with a constant @width, so that memcpy() becomes a move or two. @step
 * is the size of a frame. */
static inline void
write_channel (guint8 * restrict out, gsize step,
    const guint8 * restrict values, guint n, gsize width)
{
  for (guint k = 0; k < n; k++)
    memcpy (out + k * step, values + k * width, width);
}

static inline void
write_many (guint8 * restrict out, guint channels,
    const guint8 * restrict values, guint n, gsize width)
{
  for (guint k = 0; k < n; k++)
    for (guint c = 0; c < channels; c++, out += width)
      memcpy (out, values + k * width, width);
}

static inline void
interleave (guint8 * out, guint channels, const guint8 * values, guint n,
    gboolean all, gsize width)
{
  if (all)
    write_many (out, channels, values, n, width);
  else
    write_channel (out, channels * width, values, n, width);
}

static void
write_interleaved (const AbWaveOutput * self, guint8 * out,
    const guint8 * values, guint n, gboolean all)
{
  gboolean stereo_block = all && self->channels == 2 && n == AB_WAVE_BLOCK;

  if (stereo_block && self->width == 2)
    write_stereo_guint16 ((gpointer) out, (gconstpointer) values);
  else if (stereo_block && self->width == 4)
    write_stereo_guint32 ((gpointer) out, (gconstpointer) values);
  else if (stereo_block && self->width == 8)
    write_stereo_guint64 ((gpointer) out, (gconstpointer) values);
  else if (self->width == 1)
    interleave (out, self->channels, values, n, all, 1);
  else if (self->width == 2)
    interleave (out, self->channels, values, n, all, 2);
  else if (self->width == 3)
    interleave (out, self->channels, values, n, all, 3);
  else if (self->width == 4)
    interleave (out, self->channels, values, n, all, 4);
  else
    interleave (out, self->channels, values, n, all, 8);
}

static guint8 *
plane_at (const AbWaveOutput * self, const AbWaveFrames * frames, guint channel,
    guint frame)
{
  return frames->data + channel * frames->plane_stride + frame * self->width;
}

static guint8 *
frame_at (const AbWaveOutput * self, const AbWaveFrames * frames, guint frame)
{
  return frames->data + (gsize) frame *self->channels * self->width;
}

/* The place of a whole block of @channel; NULL if that is not in one piece. */
static guint8 *
whole_block (const AbWaveOutput * self, const AbWaveFrames * frames,
    guint frame, guint channel, guint n)
{
  if (n < AB_WAVE_BLOCK)
    return NULL;
  if (self->channels == 1)
    return frame_at (self, frames, frame);
  if (self->planar && channel != AB_WAVE_ALL_CHANNELS)
    return plane_at (self, frames, channel, frame);
  return NULL;
}

gpointer
ab_wave_output_direct (const AbWaveOutput * self, const AbWaveFrames * frames,
    guint frame, guint channel, guint n)
{
  return self->convert ? NULL : whole_block (self, frames, frame, channel, n);
}

static void
write_values (const AbWaveOutput * self, const AbWaveFrames * frames,
    guint frame, guint channel, const guint8 * values, guint n)
{
  gboolean all = channel == AB_WAVE_ALL_CHANNELS;
  guint from = all ? 0 : channel, to = all ? self->channels : channel + 1;

  if (self->channels == 1)
    memcpy (frame_at (self, frames, frame), values, n * self->width);
  else if (!self->planar)
    write_interleaved (self, frame_at (self, frames, frame)
        + from * self->width, values, n, all);
  else
    for (guint c = from; c < to; c++)
      memcpy (plane_at (self, frames, c, frame), values, n * self->width);
}

/* Not inlined: only converted samples take its room on the stack. */
static G_GNUC_NO_INLINE void
write_converted (const AbWaveOutput * self, const AbWaveFrames * frames,
    guint frame, guint channel, gconstpointer block, guint first, guint n)
{
  guint8 *whole = whole_block (self, frames, frame, channel, n);
  /* aligned for the pack function of any format */
  _Alignas (gdouble) guint8 converted[AB_WAVE_BLOCK * MAX_WIDTH];

  self->convert (self, whole ? whole : converted, block);
  if (whole == NULL)
    write_values (self, frames, frame, channel,
        converted + first * self->width, n);
}

void
ab_wave_output_write (const AbWaveOutput * self, const AbWaveFrames * frames,
    guint frame, guint channel, gconstpointer block, guint first, guint n)
{
  const guint8 *values = block;

  if (self->convert)
    write_converted (self, frames, frame, channel, block, first, n);
  else if (values != whole_block (self, frames, frame, channel, n))
    write_values (self, frames, frame, channel, values + first * self->width,
        n);
}

void
ab_wave_output_silence (const AbWaveOutput * self, const AbWaveFrames * frames,
    guint frame, guint n)
{
  if (!self->planar)
    gst_audio_format_info_fill_silence (self->finfo,
        frame_at (self, frames, frame),
        (gsize) n * self->channels * self->width);
  else
    for (guint c = 0; c < self->channels; c++)
      gst_audio_format_info_fill_silence (self->finfo,
          plane_at (self, frames, c, frame), (gsize) n * self->width);
}
