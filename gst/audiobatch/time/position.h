/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a source is in its stream: the sample to make next, and the last one. */
#pragma once

#include "time/timeline.h"

G_BEGIN_DECLS

/* Thread-safety: streaming thread only. */
typedef struct
{
  SampleClock clock;
  gboolean reverse;
  /* Forwards, next is the next sample to make, and edge the first that is not
   * made any more. In reverse, next is the last sample that was made, and edge
   * the last one to make. */
  guint64 next;
  guint64 edge;
} SourcePosition;

/* To the position of @segment, to the sample whose time that is or that is
 * playing then, until the end of @segment (in reverse, its start). */
void source_position_seek (SourcePosition * self, const GstSegment * segment,
    guint rate);

/* Time goes on without a break, in samples of another length. */
void source_position_set_rate (SourcePosition * self,
    const GstSegment * segment, guint rate);

/* Samples that are left to make. */
guint64 source_position_left (const SourcePosition * self);

/* The first sample of the next batch, which has @n_samples. */
guint64 source_position_start (const SourcePosition * self, guint n_samples);

/* These have been made, or passed over. */
void source_position_advance (SourcePosition * self, guint n_samples);

G_END_DECLS
