/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The position of a source: which sample to make next, and where to stop. */
#pragma once

#include "time/clock.h"

G_BEGIN_DECLS

/* Thread-safety: streaming thread only. */
typedef struct
{
  AbClock clock;
  gboolean reverse;
  /* Forwards, `next` is the next sample to make and `edge` the first sample
   * not to make. In reverse, `next` is the last sample made and `edge` the last
   * sample to make. */
  guint64 next;
  guint64 edge;
} AbPosition;

/* Moves to the sample that plays at the position of @segment. The source stops
 * at the end of @segment; in reverse, at its start. */
void ab_position_seek (AbPosition * self, const GstSegment * segment,
    guint rate);

/* Changes to @rate samples a second; time continues without a break. */
void ab_position_set_rate (AbPosition * self,
    const GstSegment * segment, guint rate);

/* How many samples are left to make. */
guint64 ab_position_left (const AbPosition * self);

/* The number of the first sample of the next batch, of @n_samples samples. */
guint64 ab_position_start (const AbPosition * self, guint n_samples);

/* @n_samples samples were made, or skipped. */
void ab_position_advance (AbPosition * self, guint n_samples);

/* The last @n_samples samples are to be made again. */
void ab_position_go_back (AbPosition * self, guint n_samples);

G_END_DECLS
