/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an input buffer as planes of samples. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* Samples to copy into batches. Interleaved audio is one plane of whole frames,
 * planar audio has one plane per channel.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  guint n_samples;
  /* NULL: silence */
  gpointer *planes;
  /* all of it is silence: the buffer has the GAP flag */
  gboolean silent;
  /* the buffer has metas that batches may inherit */
  gboolean has_metas;
  /* copy from the last sample to the first */
  gboolean reversed;

  /* private: the mapping; memory is NULL unless the buffer has exactly one and is
   * interleaved */
  gpointer interleaved;
  GstBuffer *buffer;
  GstMemory *memory;
  GstMapInfo map;
  /* planar: the caller's, see ab_chunk_map() */
  GstAudioBuffer *audio;
} AbChunk;

/* Starts reading @buffer, which must stay alive until ab_chunk_unmap(), and
 * counts its samples; an empty buffer has 0.
 *
 * Returns: FALSE and @error if the bytes are not whole frames, or if planar
 * audio has no GstAudioMeta that fits. */
gboolean ab_chunk_measure (AbChunk * self, GstBuffer * buffer,
    const GstAudioInfo * info, GError ** error);

/* Maps the buffer after ab_chunk_measure() returned TRUE. The mapping of planar
 * audio is in *@planar, which is made if it is NULL; the caller keeps it for the
 * next chunk, and frees it with g_free() in the end. It has more than 1 KiB, which
 * most streams never need. */
gboolean ab_chunk_map (AbChunk * self, const GstAudioInfo * info,
    GstAudioBuffer ** planar, GError ** error);

/* The only memory of the chunk, or NULL if it has none or several. */
static inline GstMemory *
ab_chunk_memory (const AbChunk * self)
{
  if (G_LIKELY (self->memory))
    return self->memory;
  return gst_buffer_n_memory (self->buffer) == 1
      ? gst_buffer_peek_memory (self->buffer, 0) : NULL;
}

/* @n_samples of silence; needs no ab_chunk_unmap(). */
void ab_chunk_silence (AbChunk * self, guint n_samples);

void ab_chunk_unmap (AbChunk * self);

G_END_DECLS
