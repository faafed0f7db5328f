/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carries over to batches what the metas of chunks say. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The reference timestamps of the chunks whose samples are, or may be, in the
 * batch being filled.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  GQueue references;
} AbMetas;

void ab_metas_init (AbMetas * self);
void ab_metas_clear (AbMetas * self);

/* Has @chunk, which has metas, any that may be carried over? */
gboolean ab_metas_any_of_them (GstBuffer * chunk);

/* Has @chunk any meta that may be carried over? */
static inline gboolean
ab_metas_any (GstBuffer * chunk)
{
  gpointer state = NULL;

  return G_UNLIKELY (gst_buffer_iterate_meta (chunk, &state) != NULL)
      && ab_metas_any_of_them (chunk);
}

/* Remembers the reference timestamps of @chunk. Its first sample has number
 * @start, which may be negative where the first ones were dropped, and its
 * last one the number before @end. */
void ab_metas_note (AbMetas * self, GstBuffer * chunk, gint64 start,
    guint64 end);

/* Gives @batch, of @n_samples samples from number @start on, its reference
 * timestamps, @rate samples being a second. Forgets those that no batch that
 * begins at @keep or later can need. */
void ab_metas_stamp (AbMetas * self, GstBuffer * batch, guint64 start,
    guint n_samples, guint rate, guint64 keep);

/* Copies the metas of @chunk that say something about all of its audio to
 * @batch, which is @size bytes of it from @offset on. */
void ab_metas_copy (GstBuffer * batch, GstBuffer * chunk, gsize offset,
    gsize size);

/* Takes away again what ab_metas_copy() gave. */
void ab_metas_strip (GstBuffer * batch);

G_END_DECLS
