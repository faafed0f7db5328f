/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serialized events that wait behind samples which have not been pushed. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A segment event waits until the element knows which sample its segment begins
 * with, and what comes after it waits behind it. From then on they wait only for
 * the open batch, whose samples are all of the segment before:
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

/* Drops all events. */
void ab_events_clear (AbEvents * self);

/* Queues @event (transfer full). */
void ab_events_push (AbEvents * self, GstEvent * event);

/* Queues @event (transfer full) behind those that wait.
 *
 * Returns: FALSE if none waits; @event is still the caller's then. */
gboolean ab_events_join (AbEvents * self, GstEvent * event);

/* All events that wait now may leave once the open batch is pushed. */
void ab_events_set_releasable (AbEvents * self);

/* Pushes the releasable events out of @srcpad. */
void ab_events_release (AbEvents * self, GstPad * srcpad);

G_END_DECLS
