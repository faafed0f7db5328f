/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many samples the next batch has. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* What the user asked for: a fraction of a second wins over a duration, and
 * that over a number of samples; 0 is "not this way". */
typedef struct
{
  guint samples;
  GstClockTime duration;
  gint fraction_n, fraction_d;
} BatchSizeWish;

/* The first k batches have floor (k * n / d) samples together, so that their
 * lengths differ by at most one sample and never drift.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  guint64 n, d;
  guint whole;
  guint64 rest;
  guint64 carry;
} BatchSize;

/* Takes @wish at @rate samples a second, and begins to count anew. On FALSE,
 * @error says why such batches can't be: too short, too long, or nanoseconds
 * where seconds belong. */
gboolean batch_size_set (BatchSize * self, const BatchSizeWish * wish,
    guint rate, GError ** error);

/* Do both make batches of the same sizes? */
gboolean batch_size_is_same (const BatchSize * self, const BatchSize * other);

/* Begins to count anew: the next batch is the first. */
void batch_size_restart (BatchSize * self);

/* Samples of the next batch, which is counted. */
guint batch_size_next (BatchSize * self);

/* Takes back the last batch_size_next(), for a batch that was not made. */
void batch_size_undo (BatchSize * self);

/* The most that a batch can have. */
guint batch_size_max (const BatchSize * self);

/* The mean number of samples. */
gdouble batch_size_mean (const BatchSize * self);

G_END_DECLS
