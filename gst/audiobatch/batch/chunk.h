/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an input buffer as planes of samples. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* A run of samples to be copied into batches. Interleaved audio is one plane
 * whose samples are whole frames, planar audio has a plane for each channel.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  guint n_samples;
  /* NULL: silence */
  gpointer *planes;
  /* all of it is silence, by what its sender says */
  gboolean silent;
  /* its buffer has metas that may be carried over */
  gboolean has_metas;
  /* to be copied from the last sample to the first */
  gboolean reversed;

  /* private: what is mapped; the memory when all of it is in one */
  gpointer interleaved;
  GstBuffer *buffer;
  GstMemory *memory;
  GstMapInfo map;
  GstAudioBuffer audio;
} AbChunk;

/* Begins @self with @buffer, which must stay alive until ab_chunk_unmap(), and
 * counts its samples.
 *
 * Returns: FALSE and @error when it is no whole number of them: bytes that are
 * no whole frames, or planes without GstAudioMeta. An empty buffer has 0. */
gboolean ab_chunk_measure (AbChunk * self, GstBuffer * buffer,
    const GstAudioInfo * info, GError ** error);

/* Maps what ab_chunk_measure() found good. */
gboolean ab_chunk_map (AbChunk * self, const GstAudioInfo * info,
    GError ** error);

/* @n_samples of silence; needs no ab_chunk_unmap(). */
void ab_chunk_silence (AbChunk * self, guint n_samples);

void ab_chunk_unmap (AbChunk * self);

G_END_DECLS
