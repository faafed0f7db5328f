/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Computes how many samples each batch has. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The size that the application set. The fraction of a second overrides the
 * duration, and the duration overrides the samples; 0: unset. */
typedef struct
{
  guint samples;
  GstClockTime duration;
  gint fraction_n, fraction_d;
} AbSizeWish;

/* The first k batches have floor (k * n / d) samples together. So their lengths
 * differ by at most one sample, and their times never drift.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  guint64 n, d;
  guint whole;
  guint64 rest;
  guint64 carry;
} AbSize;

/* Applies @wish at @rate samples a second, and restarts the count.
 *
 * Returns: FALSE and sets @error if batches would be too short or too long, or
 * if the fraction looks like nanoseconds. */
gboolean ab_size_set (AbSize * self, const AbSizeWish * wish,
    guint rate, GError ** error);

/* Do both give batches of the same sizes? */
gboolean ab_size_is_same (const AbSize * self, const AbSize * other);

/* Restarts the count: the next batch is the first. */
void ab_size_restart (AbSize * self);

/* Returns the samples of the next batch, and counts that batch. */
guint ab_size_next (AbSize * self);

/* Undoes the last ab_size_next(), if its batch was not made. */
void ab_size_undo (AbSize * self);

/* The samples of the longest batch. */
guint ab_size_max (const AbSize * self);

/* The samples of a batch on average. */
gdouble ab_size_mean (const AbSize * self);

G_END_DECLS
