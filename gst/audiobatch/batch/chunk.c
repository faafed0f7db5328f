/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an input buffer as planes of samples. */

#include "batch/chunk.h"

static gboolean
is_planar (const GstAudioInfo * info)
{
  return GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}

/* TRUE if @meta describes @info and each of its planes lies within @size
 * bytes. */
static gboolean
has_planes (const GstAudioMeta * meta, const GstAudioInfo * info, gsize size)
{
  /* GST_AUDIO_INFO_BPS() is the depth; S24_32, for one, is wider */
  gsize width = GST_AUDIO_INFO_WIDTH (info) / 8;
  gsize plane_size;
  gint i;

  /* gst_audio_buffer_map() accepts only the same info */
  if (!gst_audio_info_is_equal (&meta->info, info)
      || !g_size_checked_mul (&plane_size, meta->samples, width)
      || plane_size > size)
    return FALSE;
  for (i = 0; i < GST_AUDIO_INFO_CHANNELS (info); i++) {
    if (meta->offsets[i] > size - plane_size)
      return FALSE;
  }
  return TRUE;
}

static gboolean
measure_planar (AbChunk * self, gsize size, const GstAudioInfo * info,
    GError ** error)
{
  GstAudioMeta *meta = gst_buffer_get_audio_meta (self->buffer);

  if (meta == NULL) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "A buffer of %" G_GSIZE_FORMAT " bytes of non-interleaved audio has "
        "no GstAudioMeta to say where its %d channels are.", size,
        GST_AUDIO_INFO_CHANNELS (info));
    return FALSE;
  }
  if (!has_planes (meta, info, size) || meta->samples > G_MAXUINT) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "A buffer of %" G_GSIZE_FORMAT " bytes does not hold what its "
        "GstAudioMeta claims: %" G_GSIZE_FORMAT " samples of %d channels of %s "
        "at %d Hz (the caps say %d channels of %s at %d Hz).", size,
        meta->samples, GST_AUDIO_INFO_CHANNELS (&meta->info),
        GST_AUDIO_INFO_NAME (&meta->info), GST_AUDIO_INFO_RATE (&meta->info),
        GST_AUDIO_INFO_CHANNELS (info), GST_AUDIO_INFO_NAME (info),
        GST_AUDIO_INFO_RATE (info));
    return FALSE;
  }
  self->n_samples = meta->samples;
  return TRUE;
}

static gboolean
measure_interleaved (AbChunk * self, gsize size, const GstAudioInfo * info,
    GError ** error)
{
  guint bpf = GST_AUDIO_INFO_BPF (info);

  if (size % bpf != 0 || size / bpf > G_MAXUINT) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "A buffer of %" G_GSIZE_FORMAT " bytes is not a whole number of frames "
        "of %u bytes (%s, %d channels).", size, bpf,
        GST_AUDIO_INFO_NAME (info), GST_AUDIO_INFO_CHANNELS (info));
    return FALSE;
  }
  self->n_samples = size / bpf;
  return TRUE;
}

gboolean
ab_chunk_measure (AbChunk * self, GstBuffer * buffer, const GstAudioInfo * info,
    GError ** error)
{
  self->buffer = buffer;
  self->memory = NULL;
  self->n_samples = 0;
  self->reversed = FALSE;
  self->has_metas = FALSE;
  self->silent = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP);
  if (is_planar (info))
    return measure_planar (self, gst_buffer_get_size (buffer), info, error);
  /* Nearly all buffers have one memory: no sizes to add up, nothing to
   * merge. */
  if (G_UNLIKELY (gst_buffer_n_memory (buffer) != 1)) {
    return measure_interleaved (self, gst_buffer_get_size (buffer), info,
        error);
  }
  self->memory = gst_buffer_peek_memory (buffer, 0);
  return measure_interleaved (self, self->memory->size, info, error);
}

static gboolean
map_interleaved (AbChunk * self)
{
  self->planes = &self->interleaved;
  if (!(self->memory ? gst_memory_map (self->memory, &self->map, GST_MAP_READ)
          : gst_buffer_map (self->buffer, &self->map, GST_MAP_READ)))
    return FALSE;
  self->interleaved = self->map.data;
  return TRUE;
}

static gboolean
map_planar (AbChunk * self, const GstAudioInfo * info, GstAudioBuffer ** planar)
{
  if (G_UNLIKELY (*planar == NULL))
    *planar = g_try_new (GstAudioBuffer, 1);
  self->audio = *planar;
  if (self->audio == NULL
      || !gst_audio_buffer_map (self->audio, info, self->buffer, GST_MAP_READ))
    return FALSE;
  self->planes = self->audio->planes;
  return TRUE;
}

gboolean
ab_chunk_map (AbChunk * self, const GstAudioInfo * info,
    GstAudioBuffer ** planar, GError ** error)
{
  if (G_LIKELY (is_planar (info) ? map_planar (self, info, planar)
          : map_interleaved (self)))
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
      "A buffer of %" G_GSIZE_FORMAT " bytes (%u samples) can't be mapped "
      "for reading.", gst_buffer_get_size (self->buffer), self->n_samples);
  return FALSE;
}

void
ab_chunk_silence (AbChunk * self, guint n_samples)
{
  self->n_samples = n_samples;
  self->planes = NULL;
  self->silent = TRUE;
  self->reversed = FALSE;
  self->has_metas = FALSE;
  self->buffer = NULL;
}

void
ab_chunk_unmap (AbChunk * self)
{
  if (G_LIKELY (self->memory))
    gst_memory_unmap (self->memory, &self->map);
  else if (self->planes == &self->interleaved)
    gst_buffer_unmap (self->buffer, &self->map);
  else
    gst_audio_buffer_unmap (self->audio);
}
