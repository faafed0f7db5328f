/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a source is in its stream: the sample to make next, and the last one. */
#pragma once

#include "time/timeline.h"

G_BEGIN_DECLS

/* Thread-safety: streaming thread only. */
typedef struct
{
  AbClock clock;
  gboolean reverse;
  /* Forwards, next is the next sample to make, and edge the first that is not
   * made any more. In reverse, next is the last sample that was made, and edge
   * the last one to make. */
  guint64 next;
  guint64 edge;
} AbPosition;

/* To the position of @segment, to the sample whose time that is or that is
 * playing then, until the end of @segment (in reverse, its start). */
void ab_position_seek (AbPosition * self, const GstSegment * segment,
    guint rate);

/* Time goes on without a break, in samples of another length. */
void ab_position_set_rate (AbPosition * self,
    const GstSegment * segment, guint rate);

/* Samples that are left to make. */
guint64 ab_position_left (const AbPosition * self);

/* The first sample of the next batch, which has @n_samples. */
guint64 ab_position_start (const AbPosition * self, guint n_samples);

/* These have been made, or passed over. */
void ab_position_advance (AbPosition * self, guint n_samples);

G_END_DECLS
