/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps serialized events back until the samples before them are pushed. */

#include "batch/events.h"

typedef struct
{
  GstEvent *event;
  guint64 position;
  gboolean has_clock;
  AbClock clock;
} AbWaitingEvent;

void
ab_events_init (AbEvents * self)
{
  self->waiting = gst_queue_array_new_for_struct (sizeof (AbWaitingEvent), 8);
  self->any = FALSE;
}

void
ab_events_clear (AbEvents * self)
{
  AbWaitingEvent *first;

  while ((first = gst_queue_array_pop_head_struct (self->waiting)))
    gst_event_unref (first->event);
  g_clear_pointer (&self->waiting, gst_queue_array_free);
}

void
ab_events_push (AbEvents * self, GstEvent * event, guint64 position)
{
  AbWaitingEvent last = {.event = event,.position = position };

  gst_queue_array_push_tail_struct (self->waiting, &last);
  self->any = TRUE;
}

void
ab_events_settle (AbEvents * self, guint64 unknown, guint64 position,
    const AbClock * clock)
{
  guint i, n = gst_queue_array_get_length (self->waiting);

  for (i = 0; i < n; i++) {
    AbWaitingEvent *event = gst_queue_array_peek_nth_struct (self->waiting, i);

    if (event->position != unknown)
      continue;
    event->position = position;
    event->has_clock = clock != NULL;
    if (clock)
      event->clock = *clock;
  }
}

const AbClock *
ab_events_clock_at (AbEvents * self, guint64 sample)
{
  guint i = gst_queue_array_get_length (self->waiting);

  while (i-- > 0) {
    const AbWaitingEvent *event =
        gst_queue_array_peek_nth_struct (self->waiting, i);

    if (event->has_clock && event->position <= sample)
      return &event->clock;
  }
  return NULL;
}

/* Removes the first event, if there is one. */
static GstEvent *
take_first (AbEvents * self)
{
  AbWaitingEvent *first = gst_queue_array_pop_head_struct (self->waiting);

  self->any = !gst_queue_array_is_empty (self->waiting);
  return first ? first->event : NULL;
}

static gboolean
may_leave (const AbWaitingEvent * self, guint64 pushed, guint64 open)
{
  GstEventType type = GST_EVENT_TYPE (self->event);

  if (self->position > pushed)
    return FALSE;
  return (type != GST_EVENT_SEGMENT && type != GST_EVENT_STREAM_START)
      || self->position <= open;
}

void
ab_events_release (AbEvents * self, GstPad * srcpad, guint64 pushed,
    guint64 open)
{
  while (self->any
      && may_leave (gst_queue_array_peek_head_struct (self->waiting), pushed,
          open))
    gst_pad_push_event (srcpad, take_first (self));
}

void
ab_events_release_all (AbEvents * self, GstPad * srcpad)
{
  while (self->any)
    gst_pad_push_event (srcpad, take_first (self));
}

void
ab_events_flush (AbEvents * self, GstPad * srcpad)
{
  GstEvent *event;

  while ((event = take_first (self))) {
    if (GST_EVENT_IS_STICKY (event) && GST_EVENT_TYPE (event) !=
        GST_EVENT_SEGMENT && GST_EVENT_TYPE (event) != GST_EVENT_EOS)
      gst_pad_store_sticky_event (srcpad, event);
    gst_event_unref (event);
  }
}
