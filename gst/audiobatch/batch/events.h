/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps serialized events back until the samples before them are pushed. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A segment event waits until the first chunk of its segment tells which sample
 * the segment begins with. Later events wait behind it. Then all of them become
 * releasable: they wait only for the open batch, which still has samples of the
 * old segment.
 *
 *     releasable          not yet
 *   | SEGMENT  TAG  ... | SEGMENT  ... |
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  GQueue waiting;
  /* The first so many may leave once the open batch is pushed. */
  guint releasable;
} AbEvents;

void ab_events_init (AbEvents * self);

/* Discards all events. */
void ab_events_clear (AbEvents * self);

/* Queues @event (transfer full). */
void ab_events_push (AbEvents * self, GstEvent * event);

/* Queues @event (transfer full) if other events wait.
 *
 * Returns: FALSE if none waits; then the caller keeps @event. */
gboolean ab_events_join (AbEvents * self, GstEvent * event);

/* Makes all queued events releasable. */
void ab_events_set_releasable (AbEvents * self);

/* Pushes the releasable events out of @srcpad. */
void ab_events_release (AbEvents * self, GstPad * srcpad);

G_END_DECLS
