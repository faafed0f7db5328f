/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills batches from chunks. */
#pragma once

#include <string.h>

#include "memory/memory.h"
#include "batch/chunk.h"

G_BEGIN_DECLS

/* The batch being filled; there is none while room.buffer is NULL.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  GstAudioInfo info;
  /* one plane of whole frames, or one for each channel */
  guint n_planes;
  /* bytes of one sample in one plane */
  guint sample_size;

  BatchRoom room;
  guint capacity;
  guint fill;
  /* how many of the last samples in it are silence */
  guint silent;
} Batcher;

/* Says of a filled @buffer what its samples don't: GstAudioMeta where the
 * layout wants it, GAP when all of it is @silent. */
void batch_describe (GstBuffer * buffer, const GstAudioInfo * info,
    guint n_samples, gboolean silent);

/* Has nobody but the caller anything to do with @buffer? One reference, one
 * memory with one reference, which is whole and not mapped. */
gboolean batch_is_exclusive (GstBuffer * buffer);

/* Has an application that filled @buffer, a batch of @n_samples, left it what it
 * was: exclusive, and cut short by whole samples at the most, which planar audio
 * can't be? @n_samples is set to how many there are; @error says what is
 * wrong. */
gboolean batch_check_filled (GstBuffer * buffer, const GstAudioInfo * info,
    guint * n_samples, GError ** error);

/* No batch may be open. */
void batcher_set_info (Batcher * self, const GstAudioInfo * info);

/* Begins a batch of @capacity samples in @room, which is taken. */
void batcher_open (Batcher * self, const BatchRoom * room, guint capacity);

/* Fills the rest of the batch with silence and marks it with
 * GstAudioClippingMeta.
 *
 * Returns: how many samples that took. */
guint batcher_pad (Batcher * self);

/* Ends the batch: what is not filled is cut off, and planar batches get their
 * GstAudioMeta. GAP is set when all of it is silence.
 *
 * Returns: (transfer full): the batch. */
GstBuffer *batcher_close (Batcher * self);

/* Ends the batch, which is full, and begins the next one in @room with the
 * samples behind the first @hop of this one. @hop is less than the capacity,
 * and what is left then is not more than @capacity.
 *
 * Returns: (transfer full): the batch that is full. */
GstBuffer *batcher_slide (Batcher * self, guint hop, const BatchRoom * room,
    guint capacity);

/* Samples that a batch which has gone shares with the next one. */
typedef struct
{
  Chunk chunk;
  gpointer block;
  /* how many of the last of them are silence */
  guint silent;
} SharedSamples;

/* Copies what is behind the first @hop samples of the open batch. FALSE when
 * there is no memory for that. */
gboolean batcher_save (Batcher * self, guint hop, SharedSamples * shared);

/* Puts them into the batch that has just been opened. */
void batcher_restore (Batcher * self, const SharedSamples * shared);

void shared_samples_clear (SharedSamples * shared);

/* Throws the open batch away, if there is one.
 *
 * Returns: the samples that were in it. */
guint batcher_discard (Batcher * self);

static inline gboolean
batcher_is_open (const Batcher * self)
{
  return self->room.buffer != NULL;
}

static inline gboolean
batcher_is_full (const Batcher * self)
{
  return self->fill == self->capacity;
}

/* Copies @n samples of what is no plain run of memory: planes, silence, samples
 * that are turned round. */
void batcher_copy_planes (Batcher * self, const Chunk * chunk, guint offset,
    guint n, guint8 * to);

/* Copies samples of @chunk from number @offset on, as many as there are and as
 * the batch has room for.
 *
 * Returns: how many. */
static inline guint
batcher_add (Batcher * self, const Chunk * chunk, guint offset)
{
  guint n = MIN (chunk->n_samples - offset, self->capacity - self->fill);
  gsize sample_size = self->sample_size;
  guint8 *to = self->room.data + self->fill * sample_size;

  if (G_LIKELY (self->n_planes == 1 && chunk->planes && !chunk->reversed)) {
    memcpy (to, (const guint8 *) chunk->planes[0] + offset * sample_size,
        n * sample_size);
  } else {
    batcher_copy_planes (self, chunk, offset, n, to);
  }
  self->fill += n;
  self->silent = chunk->silent ? self->silent + n : 0;
  return n;
}

G_END_DECLS
