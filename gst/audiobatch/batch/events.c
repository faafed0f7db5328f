/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps serialized events back until the samples before them are pushed. */

#include "batch/events.h"

void
ab_events_init (AbEvents * self)
{
  g_queue_init (&self->waiting);
  self->releasable = 0;
}

void
ab_events_clear (AbEvents * self)
{
  g_queue_clear_full (&self->waiting, (GDestroyNotify) gst_event_unref);
  self->releasable = 0;
}

void
ab_events_push (AbEvents * self, GstEvent * event)
{
  g_queue_push_tail (&self->waiting, event);
}

gboolean
ab_events_join (AbEvents * self, GstEvent * event)
{
  if (g_queue_is_empty (&self->waiting))
    return FALSE;
  /* If all events before it are releasable, so is this one. */
  if (self->releasable == g_queue_get_length (&self->waiting))
    self->releasable++;
  ab_events_push (self, event);
  return TRUE;
}

void
ab_events_set_releasable (AbEvents * self)
{
  self->releasable = g_queue_get_length (&self->waiting);
}

void
ab_events_release (AbEvents * self, GstPad * srcpad)
{
  for (; self->releasable > 0; self->releasable--)
    gst_pad_push_event (srcpad, g_queue_pop_head (&self->waiting));
}
