/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transfers the metas and flags of chunks to batches. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Flags of buffers that a batch can inherit. Not these: a batch is GAP if its
 * samples are silence, and DISCONT and RESYNC if a run begins with it. */
#define AB_CHUNK_FLAGS (GST_BUFFER_FLAG_LIVE | GST_BUFFER_FLAG_DECODE_ONLY \
    | GST_BUFFER_FLAG_CORRUPTED | GST_BUFFER_FLAG_MARKER \
    | GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DROPPABLE \
    | GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_SYNC_AFTER \
    | GST_BUFFER_FLAG_NON_DROPPABLE)

/* The flags and reference timestamps of the chunks whose samples may be in the
 * open batch or in a later one.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  /* a list, in order; NULL if there are none */
  struct _AbNote *first;
  struct _AbNote *last;
} AbMetas;

void ab_metas_clear (AbMetas * self);

/* The same as ab_metas_any(), for a @chunk that has metas. */
gboolean ab_metas_any_of_them (GstBuffer * chunk);

/* Does @chunk have a meta that batches may inherit? */
static inline gboolean
ab_metas_any (GstBuffer * chunk)
{
  gpointer state = NULL;

  return G_UNLIKELY (gst_buffer_iterate_meta (chunk, &state) != NULL)
      && ab_metas_any_of_them (chunk);
}

/* Remembers @flags, some of AB_CHUNK_FLAGS, of a chunk whose samples have the
 * numbers from @start up to, but not including, @end. */
void ab_metas_note_flags (AbMetas * self, guint flags, guint64 start,
    guint64 end);

/* Remembers the reference timestamps of @chunk. They are of sample @start, which
 * is negative if the first samples of the chunk were dropped. */
void ab_metas_note (AbMetas * self, GstBuffer * chunk, gint64 start,
    guint64 end);

/* Adds flags and reference timestamps to @batch, which has @n_samples samples
 * from number @start on, at @rate samples a second.
 *
 * Flags: if the batch is one whole chunk, all of the chunk's. Else CORRUPTED if
 * any sample is from a corrupted chunk, MARKER if the first sample is the first
 * of a marked chunk, DECODE_ONLY if all samples are from such chunks. */
void ab_metas_stamp (AbMetas * self, GstBuffer * batch, guint64 start,
    guint n_samples, guint rate);

/* Forgets the chunks that end at or before sample @keep: no later batch needs
 * them. */
void ab_metas_forget (AbMetas * self, guint64 keep);

/* Forgets the chunks that go on beyond sample @position: those samples will not
 * come. */
void ab_metas_lose (AbMetas * self, guint64 position);

/* Copies metas from @chunk to @batch, whose samples are the @size bytes of the
 * chunk from @offset on. Not copied: metas that depend on the memory or the
 * size of the chunk, GstAudioMeta, and reference timestamps. Clipping metas are
 * copied only if @batch is the whole chunk. */
void ab_metas_copy (GstBuffer * batch, GstBuffer * chunk, gsize offset,
    gsize size);

/* Removes the metas that ab_metas_copy() may have copied. */
void ab_metas_strip (GstBuffer * batch);

G_END_DECLS
