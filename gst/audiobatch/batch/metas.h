/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transfers the metas of chunks to batches. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The reference timestamps of the chunks whose samples may be in the open batch
 * or in a later one.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  GQueue references;
} AbMetas;

void ab_metas_init (AbMetas * self);
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

/* Remembers the reference timestamps of @chunk, whose samples have the numbers
 * from @start up to, but not including, @end. @start may be negative if the
 * first samples were dropped. */
void ab_metas_note (AbMetas * self, GstBuffer * chunk, gint64 start,
    guint64 end);

/* Adds reference timestamps to @batch, which has @n_samples samples from number
 * @start on, at @rate samples a second. Then forgets the timestamps of chunks
 * that end at or before sample @keep: no later batch needs them. */
void ab_metas_stamp (AbMetas * self, GstBuffer * batch, guint64 start,
    guint n_samples, guint rate, guint64 keep);

/* Copies metas from @chunk to @batch, whose samples are the @size bytes of the
 * chunk from @offset on. Not copied: metas that depend on the memory or the
 * size of the chunk, GstAudioMeta, and reference timestamps. Clipping metas are
 * copied only if @batch is the whole chunk. */
void ab_metas_copy (GstBuffer * batch, GstBuffer * chunk, gsize offset,
    gsize size);

/* Removes the metas that ab_metas_copy() may have copied. */
void ab_metas_strip (GstBuffer * batch);

G_END_DECLS
