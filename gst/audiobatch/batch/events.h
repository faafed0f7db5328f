/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps serialized events back until the samples before them are pushed. */
#pragma once

#include <gst/base/gstqueuearray.h>
#include <gst/gst.h>

#include "time/clock.h"

G_BEGIN_DECLS

/* Positions of events whose place among the samples is not known yet. */
/* the first sample of the next chunk, after silence that may fill a gap */
#define AB_EVENTS_NEXT_CHUNK G_MAXUINT64
/* the end of the chunk that is held */
#define AB_EVENTS_HELD_CHUNK (G_MAXUINT64 - 1)

/* Each event has a position: the number of the sample that comes behind it. It
 * leaves once all samples before that are pushed or dropped, and all events
 * before it are gone. SEGMENT and STREAM_START also wait until no open batch
 * begins before their position: such a batch has times of the old segment.
 *
 *   samples    0 ........... 1024 ......... 2048
 *   batches    |   pushed     |    open      |
 *   events                         | TAG (1500): behind the open batch
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  /* of AbWaitingEvent, in order */
  GstQueueArray *waiting;
  /* there are some: looked at for each batch, so not by a call */
  gboolean any;
} AbEvents;

void ab_events_init (AbEvents * self);
void ab_events_clear (AbEvents * self);

/* Queues @event (transfer full), which is behind all samples before number
 * @position. */
void ab_events_push (AbEvents * self, GstEvent * event, guint64 position);

/* Events at the position @unknown get the position @position. @clock is that of
 * the samples from there on, or NULL if the events don't change it. */
void ab_events_settle (AbEvents * self, guint64 unknown, guint64 position,
    const AbClock * clock);

/* The clock of sample @sample, from the last event before it that has one, or
 * NULL. Valid until the next call of another function. */
const AbClock *ab_events_clock_at (AbEvents * self, guint64 sample);

/* Pushes the events that may leave out of @srcpad. The samples before @pushed are
 * gone, and the open batch begins at @open (G_MAXUINT64 if none is open). */
void ab_events_release (AbEvents * self, GstPad * srcpad, guint64 pushed,
    guint64 open);

/* Pushes all events out of @srcpad. */
void ab_events_release_all (AbEvents * self, GstPad * srcpad);

/* Discards all events. Stores sticky ones on @srcpad, so that a flush does not
 * lose them; not SEGMENT and EOS, which a flush ends. */
void ab_events_flush (AbEvents * self, GstPad * srcpad);

G_END_DECLS
