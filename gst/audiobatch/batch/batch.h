/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open batch: filled from chunks, stamped, and handed over. */
#pragma once

#include <string.h>

#include "batch/chunk.h"
#include "memory/memory.h"
#include "time/timeline.h"

G_BEGIN_DECLS

/* The open batch: its memory, its samples, and what it will say of them. There
 * is none while room.buffer is NULL.
 *
 *   room.data                                       capacity
 *   | shared with the batch before | fresh | to fill |
 *   start                                  start + fill
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  /* the format, owned by the element; planes of it: one of whole frames, or one
   * for each channel; bytes of one sample in one plane */
  const GstAudioInfo *info;
  guint n_planes;
  guint sample_size;

  AbRoom room;
  /* samples: in a full batch, in this one, of which no batch before had these,
   * and the last ones that are silence */
  guint capacity;
  guint fill;
  guint fresh;
  guint silent;

  /* number of the first sample, and the clock that it is stamped by */
  guint64 start;
  AbClock clock;
  /* it has metas of a chunk */
  gboolean has_metas;
  /* the next batch that is opened follows a break */
  gboolean discont;
} AbBatch;

/* Says of a filled @buffer what its samples don't: GstAudioMeta where the
 * layout wants it, GAP when all of it is @silent. */
void ab_batch_describe (GstBuffer * buffer, const GstAudioInfo * info,
    guint n_samples, gboolean silent);

/* Has nobody but the caller anything to do with @buffer? One reference, one
 * memory with one reference, which is whole and not mapped. */
gboolean ab_batch_is_exclusive (GstBuffer * buffer);

/* Has an application that filled @buffer, a batch of @n_samples, left it what it
 * was: exclusive, and cut short by whole samples at the most, which planar audio
 * can't be? @n_samples is set to how many there are; @error says what is
 * wrong. */
gboolean ab_batch_check_filled (GstBuffer * buffer, const GstAudioInfo * info,
    guint * n_samples, GError ** error);

/* Takes the layout of @info, which stays the caller's. No batch may be open. */
void ab_batch_set_info (AbBatch * self, const GstAudioInfo * info);

/* Begins a batch of @capacity samples in @room, which is taken. Its first sample
 * is number @start. It is stamped by @clock, or by the clock of the batch before
 * if @start is before the origin of @clock. */
void ab_batch_open (AbBatch * self, const AbRoom * room, guint capacity,
    guint64 start, const AbClock * clock);

/* Fills the rest of the batch with silence and marks it with
 * GstAudioClippingMeta.
 *
 * Returns: how many samples that took. */
guint ab_batch_pad (AbBatch * self);

/* Ends the batch: cuts off what is not filled, stamps it, adds GstAudioMeta to
 * planar audio, and sets GAP if all of it is silence.
 *
 * Returns: (transfer full): the batch. */
GstBuffer *ab_batch_close (AbBatch * self);

/* Ends the batch, which is full, and begins the next one in @room with the
 * samples behind the first @hop of this one. @hop is less than the capacity,
 * and what is left then is not more than @capacity. For @clock see
 * ab_batch_open().
 *
 * Returns: (transfer full): the batch that is full. */
GstBuffer *ab_batch_slide (AbBatch * self, guint hop, const AbRoom * room,
    guint capacity, const AbClock * clock);

/* Copies the metas of @chunk to the batch, all of which is the @fill samples of
 * @chunk before its sample number @done. A batch has the metas of a chunk only
 * while all of it is of that chunk. */
void ab_batch_copy_metas (AbBatch * self, GstBuffer * chunk, guint done);
void ab_batch_strip_metas_slow (AbBatch * self);

static inline void
ab_batch_strip_metas (AbBatch * self)
{
  if (G_UNLIKELY (self->has_metas))
    ab_batch_strip_metas_slow (self);
}

/* Samples that a batch which has gone shares with the next one. */
typedef struct
{
  AbChunk chunk;
  gpointer block;
  /* how many of the last of them are silence */
  guint silent;
} AbSharedSamples;

/* Copies what is behind the first @hop samples of the open batch. FALSE when
 * there is no memory for that. */
gboolean ab_batch_save (AbBatch * self, guint hop, AbSharedSamples * shared);

/* Puts them into the batch that has just been opened. */
void ab_batch_restore (AbBatch * self, const AbSharedSamples * shared);

void ab_shared_samples_clear (AbSharedSamples * shared);

/* Throws the open batch away, if there is one.
 *
 * Returns: the samples that were in it. */
guint ab_batch_discard (AbBatch * self);

static inline gboolean
ab_batch_is_open (const AbBatch * self)
{
  return self->room.buffer != NULL;
}

static inline gboolean
ab_batch_is_full (const AbBatch * self)
{
  return self->fill == self->capacity;
}

/* Copies @n samples of what is no plain run of memory: planes, silence, samples
 * that are turned round. */
void ab_batch_copy_planes (AbBatch * self, const AbChunk * chunk, guint offset,
    guint n, guint8 * to);

/* Copies samples of @chunk from number @offset on, as many as there are and as
 * the batch has room for.
 *
 * Returns: how many. */
static inline guint
ab_batch_add (AbBatch * self, const AbChunk * chunk, guint offset)
{
  guint n = MIN (chunk->n_samples - offset, self->capacity - self->fill);
  gsize sample_size = self->sample_size;
  guint8 *to = self->room.data + self->fill * sample_size;

  if (G_LIKELY (self->n_planes == 1 && chunk->planes && !chunk->reversed)) {
    memcpy (to, (const guint8 *) chunk->planes[0] + offset * sample_size,
        n * sample_size);
  } else {
    ab_batch_copy_planes (self, chunk, offset, n, to);
  }
  self->fill += n;
  self->fresh += n;
  self->silent = chunk->silent ? self->silent + n : 0;
  return n;
}

G_END_DECLS
