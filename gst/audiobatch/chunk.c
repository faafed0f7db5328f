/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an input buffer as planes of samples. */

#include "chunk.h"

static gboolean
is_planar (const GstAudioInfo * info)
{
  return GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}

/* TRUE when each plane that @meta speaks of lies within @size bytes. */
static gboolean
has_planes (const GstAudioMeta * meta, const GstAudioInfo * info, gsize size)
{
  /* GST_AUDIO_INFO_BPS() is the depth, which for S24_32 is not the width */
  gsize width = GST_AUDIO_INFO_WIDTH (info) / 8;
  gsize plane_size;
  gint i;

  if (GST_AUDIO_INFO_CHANNELS (&meta->info) != GST_AUDIO_INFO_CHANNELS (info)
      || GST_AUDIO_INFO_WIDTH (&meta->info) != GST_AUDIO_INFO_WIDTH (info)
      || !is_planar (&meta->info)
      || !g_size_checked_mul (&plane_size, meta->samples, width)
      || plane_size > size)
    return FALSE;
  for (i = 0; i < GST_AUDIO_INFO_CHANNELS (info); i++) {
    if (meta->offsets[i] > size - plane_size)
      return FALSE;
  }
  return TRUE;
}

static guint
count_planar (GstBuffer * buffer, gsize size, const GstAudioInfo * info,
    GError ** error)
{
  GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);

  if (meta == NULL) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "A buffer of %" G_GSIZE_FORMAT " bytes of non-interleaved audio has "
        "no GstAudioMeta to say where its %d channels are.", size,
        GST_AUDIO_INFO_CHANNELS (info));
    return 0;
  }
  if (!has_planes (meta, info, size) || meta->samples > G_MAXUINT) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "A buffer of %" G_GSIZE_FORMAT " bytes does not hold what its "
        "GstAudioMeta claims: %" G_GSIZE_FORMAT " samples of %d channels, %d "
        "bytes each (the caps say %d channels of %d bytes).", size,
        meta->samples, GST_AUDIO_INFO_CHANNELS (&meta->info),
        GST_AUDIO_INFO_WIDTH (&meta->info) / 8, GST_AUDIO_INFO_CHANNELS (info),
        GST_AUDIO_INFO_WIDTH (info) / 8);
    return 0;
  }
  return meta->samples;
}

/* gst_buffer_get_size() adds up what nearly always is one memory. */
static gsize
buffer_size (GstBuffer * buffer)
{
  if (G_LIKELY (gst_buffer_n_memory (buffer) == 1))
    return gst_buffer_peek_memory (buffer, 0)->size;
  return gst_buffer_get_size (buffer);
}

guint
chunk_count (GstBuffer * buffer, const GstAudioInfo * info, GError ** error)
{
  gsize size = buffer_size (buffer);
  guint bpf = GST_AUDIO_INFO_BPF (info);

  if (is_planar (info))
    return count_planar (buffer, size, info, error);
  if (size % bpf != 0 || size / bpf > G_MAXUINT) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "A buffer of %" G_GSIZE_FORMAT " bytes is no whole number of frames "
        "of %u bytes (%s, %d channels).", size, bpf,
        GST_AUDIO_INFO_NAME (info), GST_AUDIO_INFO_CHANNELS (info));
    return 0;
  }
  return size / bpf;
}

/* Nearly always all of it is in one memory, which is mapped without what others
 * need. */
static gboolean
map_interleaved (Chunk * self, gsize size)
{
  GstMemory *memory = NULL;

  if (G_LIKELY (size > 0))
    memory = gst_buffer_peek_memory (self->buffer, 0);
  if (G_UNLIKELY (memory == NULL || memory->size != size))
    return gst_buffer_map (self->buffer, &self->map, GST_MAP_READ);
  self->memory = memory;
  return gst_memory_map (memory, &self->map, GST_MAP_READ);
}

gboolean
chunk_map (Chunk * self, GstBuffer * buffer, const GstAudioInfo * info,
    guint n_samples, GError ** error)
{
  gboolean mapped;

  self->n_samples = n_samples;
  self->reversed = FALSE;
  self->has_metas = FALSE;
  self->silent = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP);
  self->buffer = buffer;
  self->memory = NULL;
  if (is_planar (info)) {
    mapped = gst_audio_buffer_map (&self->audio, info, buffer, GST_MAP_READ);
    self->planes = self->audio.planes;
  } else {
    mapped = map_interleaved (self,
        (gsize) n_samples * GST_AUDIO_INFO_BPF (info));
    self->interleaved = self->map.data;
    self->planes = &self->interleaved;
  }
  if (!mapped) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
        "A buffer of %" G_GSIZE_FORMAT " bytes (%u samples) can't be mapped "
        "for reading.", gst_buffer_get_size (buffer), n_samples);
  }
  return mapped;
}

void
chunk_silence (Chunk * self, guint n_samples)
{
  self->n_samples = n_samples;
  self->planes = NULL;
  self->silent = TRUE;
  self->reversed = FALSE;
  self->has_metas = FALSE;
  self->buffer = NULL;
}

void
chunk_unmap (Chunk * self)
{
  if (G_LIKELY (self->memory))
    gst_memory_unmap (self->memory, &self->map);
  else if (self->planes == &self->interleaved)
    gst_buffer_unmap (self->buffer, &self->map);
  else
    gst_audio_buffer_unmap (&self->audio);
}
