/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open batch: filled from chunks, stamped, and handed over. */
#pragma once

#include <string.h>

#include "batch/chunk.h"
#include "memory/memory.h"
#include "time/clock.h"

G_BEGIN_DECLS

/* The open batch: its memory, the samples in it, and how to stamp them. No
 * batch is open while room.buffer is NULL.
 *
 *   |<----------- fill ----------->|
 *   | shared with previous | fresh | not filled |
 *   room.data, sample number start              capacity
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  /* The format, owned by the element. Interleaved audio is one plane of whole
   * frames, planar audio one plane per channel. sample_size: bytes of one
   * sample in one plane. */
  const GstAudioInfo *info;
  guint n_planes;
  guint sample_size;

  AbRoom room;
  /* In samples: the length of a full batch; how many are in it; how many of
   * those the previous batch did not have; how many at the end are silence. */
  guint capacity;
  guint fill;
  guint fresh;
  guint silent;

  /* the number of the first sample, and the clock that stamps the batch */
  guint64 start;
  AbClock clock;
  /* the buffer has metas copied from a chunk */
  gboolean has_metas;
  /* mark the next batch as DISCONT */
  gboolean discont;
} AbBatch;

/* Completes a filled @buffer: adds GstAudioMeta if the layout is planar, and
 * sets GAP if all of it is @silent. */
void ab_batch_describe (GstBuffer * buffer, const GstAudioInfo * info,
    guint n_samples, gboolean silent);

/* Does the caller alone own @buffer? It has one reference and one memory, which
 * has one reference, is no part of another memory, and is not mapped. */
gboolean ab_batch_is_exclusive (GstBuffer * buffer);

/* The same, if it is known that @memory is the only one of @buffer. */
gboolean ab_batch_owns (GstBuffer * buffer, GstMemory * memory);

/* Has @chunk, of @n_samples, the GstAudioMeta that a batch has: none if it is
 * interleaved; one with the planes in order, without gaps, if it is planar? */
gboolean ab_batch_is_described (GstBuffer * chunk, const GstAudioInfo * info,
    guint n_samples);

/* A batch that the application is to fill. The application may drop it, so the
 * pointers are only compared. The allocator lives on, so memory of its own at
 * the same address does not deceive us. */
typedef struct
{
  gconstpointer buffer;
  gconstpointer memory;
  gconstpointer allocator;
  guint64 start;
  guint n_samples;
} AbGiven;

void ab_given_init (AbGiven * self, GstBuffer * buffer, guint64 start,
    guint n_samples);

/* Checks @buffer, which the application returned for @given: it is that batch
 * with that memory, the caller alone owns it, and it is not longer. Interleaved
 * audio may be shorter by whole samples, planar audio may not. Sets @n_samples
 * to the number that is left. On FALSE, @error says what is wrong. */
gboolean ab_batch_check_filled (GstBuffer * buffer, const AbGiven * given,
    const GstAudioInfo * info, guint * n_samples, GError ** error);

/* Takes the layout of @info. The caller keeps @info alive and in place. No
 * batch may be open. */
void ab_batch_set_info (AbBatch * self, const GstAudioInfo * info);

/* Begins a batch of @capacity samples in @room (transfer full). Its first
 * sample is number @start, not before the origin of @clock, which stamps the
 * batch. */
void ab_batch_open (AbBatch * self, const AbRoom * room, guint capacity,
    guint64 start, const AbClock * clock);

/* Makes @chunk, which has @n_samples samples, a batch whose first one is number
 * @start: removes its flags and times, and stamps it as a batch. It is GAP if it
 * is @silent. No batch may be open. */
void ab_batch_adopt (AbBatch * self, GstBuffer * chunk, guint n_samples,
    gboolean silent, guint64 start, const AbClock * clock);

/* Fills the rest of the batch with silence and marks it with
 * GstAudioClippingMeta.
 *
 * Returns: the number of silent samples added. */
guint ab_batch_pad (AbBatch * self);

/* Ends the batch: shortens it to the samples in it, stamps it, adds
 * GstAudioMeta to planar audio, and sets GAP if all of it is silence.
 *
 * Returns: (transfer full): the batch. */
GstBuffer *ab_batch_close (AbBatch * self);

/* Ends the full batch, and begins the next one in @room (transfer full) with
 * the samples after the first @hop. These are at least one and at most
 * @capacity. For @clock see ab_batch_open().
 *
 * Returns: (transfer full): the full batch. */
GstBuffer *ab_batch_slide (AbBatch * self, guint hop, const AbRoom * room,
    guint capacity, const AbClock * clock);

/* Copies the metas of @chunk to the batch, whose samples are those of @chunk
 * that end before sample @done. A batch has the metas of a chunk only while all
 * its samples come from that chunk. */
void ab_batch_copy_metas (AbBatch * self, GstBuffer * chunk, guint done);
void ab_batch_strip_metas_slow (AbBatch * self);

static inline void
ab_batch_strip_metas (AbBatch * self)
{
  if (G_UNLIKELY (self->has_metas))
    ab_batch_strip_metas_slow (self);
}

/* A copy of the samples that a batch, pushed meanwhile, shares with the
 * next. */
typedef struct
{
  AbChunk chunk;
  gpointer block;
  /* how many at the end are silence */
  guint silent;
} AbSharedSamples;

/* Copies the samples after the first @hop of the open batch. FALSE if there is
 * no memory for them. */
gboolean ab_batch_save (AbBatch * self, guint hop, AbSharedSamples * shared);

/* Puts @shared at the start of a batch that has just been opened. */
void ab_batch_restore (AbBatch * self, const AbSharedSamples * shared);

void ab_shared_samples_clear (AbSharedSamples * shared);

/* Discards the open batch, if there is one.
 *
 * Returns: its fresh samples, which are lost. */
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

/* ab_batch_add() for what one memcpy() can't copy: planes, silence, and samples
 * in reverse order. */
void ab_batch_copy_planes (AbBatch * self, const AbChunk * chunk, guint offset,
    guint n, guint8 * to);

/* Copies the samples of @chunk from @offset on, until the chunk ends or the
 * batch is full.
 *
 * Returns: the number copied. */
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
