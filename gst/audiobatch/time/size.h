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
} AbSizeWish;

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
} AbSize;

/* Takes @wish at @rate samples a second, and begins to count anew. On FALSE,
 * @error says why such batches can't be: too short, too long, or nanoseconds
 * where seconds belong. */
gboolean ab_size_set (AbSize * self, const AbSizeWish * wish,
    guint rate, GError ** error);

/* Do both make batches of the same sizes? */
gboolean ab_size_is_same (const AbSize * self, const AbSize * other);

/* Begins to count anew: the next batch is the first. */
void ab_size_restart (AbSize * self);

/* Samples of the next batch, which is counted. */
guint ab_size_next (AbSize * self);

/* Takes back the last ab_size_next(), for a batch that was not made. */
void ab_size_undo (AbSize * self);

/* The most that a batch can have. */
guint ab_size_max (const AbSize * self);

/* The mean number of samples. */
gdouble ab_size_mean (const AbSize * self);

G_END_DECLS
