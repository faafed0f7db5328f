/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "order.h"

typedef struct
{
  guint32 seqnum;
  GstEventType type;
  /* pads keep one sticky event of each type and name */
  GQuark name;
  guint32 number;
  /* must come out before the next batch */
  gboolean needed;
} Sent;

static GQuark
name_of (GstEvent * event)
{
  const GstStructure *structure = gst_event_get_structure (event);

  return structure ? gst_structure_get_name_id (structure) : 0;
}

void
order_init (Order * self)
{
  g_queue_init (&self->waiting);
  g_queue_init (&self->flushed);
}

void
order_reset (Order * self, gboolean sure)
{
  g_queue_clear_full (&self->waiting, g_free);
  g_queue_clear_full (&self->flushed, g_free);
  self->passed = 0;
  self->sure = sure;
}

/* Newer events replace the flushed ones of the same kind; a new stream may
 * replace all. */
static void
replace_flushed (Order * self, GstEventType type, GQuark name)
{
  GList *l;

  for (l = self->flushed.head; l; l = l->next) {
    Sent *old = l->data;

    if (type == GST_EVENT_STREAM_START
        || (old->type == type && old->name == name))
      old->needed = FALSE;
  }
}

void
order_enter (Order * self, GstEvent * event, guint32 number)
{
  Sent *sent = g_new0 (Sent, 1);

  sent->seqnum = gst_event_get_seqnum (event);
  sent->type = GST_EVENT_TYPE (event);
  sent->name = name_of (event);
  sent->number = number;
  replace_flushed (self, sent->type, sent->name);
  g_queue_push_tail (&self->waiting, sent);
}

void
order_withdraw (Order * self, guint32 seqnum)
{
  Sent *last = g_queue_peek_tail (&self->waiting);

  if (last && last->seqnum == seqnum)
    g_free (g_queue_pop_tail (&self->waiting));
}

/* GstPad itself ends SEGMENT, EOS and STREAM_GROUP_DONE with a flush. */
static gboolean
survives_flush (GstEventType type)
{
  return (gst_event_type_get_flags (type) & GST_EVENT_TYPE_STICKY)
      && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS
      && type != GST_EVENT_STREAM_GROUP_DONE;
}

void
order_flush (Order * self)
{
  Sent *sent;

  while ((sent = g_queue_pop_head (&self->waiting))) {
    if (!survives_flush (sent->type)) {
      g_free (sent);
      continue;
    }
    replace_flushed (self, sent->type, sent->name);
    sent->needed = TRUE;
    g_queue_push_tail (&self->flushed, sent);
  }
}

/* Takes the event with @seqnum out of those that a flush has stored. */
static gboolean
take_flushed (Order * self, guint32 seqnum)
{
  GList *l;

  for (l = self->flushed.head; l; l = l->next) {
    Sent *sent = l->data;

    if (sent->seqnum != seqnum)
      continue;
    g_free (sent);
    g_queue_delete_link (&self->flushed, l);
    return TRUE;
  }
  return FALSE;
}

void
order_leave (Order * self, GstEvent * event)
{
  guint32 seqnum = gst_event_get_seqnum (event);
  Sent *first = g_queue_peek_head (&self->waiting);

  if (!self->sure || !GST_EVENT_IS_SERIALIZED (event)
      || GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP
      || take_flushed (self, seqnum))
    return;
  PROMISE (first, "%s comes out and none is inside",
      GST_EVENT_TYPE_NAME (event));
  PROMISE (first->seqnum == seqnum, "%s comes out before %s",
      GST_EVENT_TYPE_NAME (event), gst_event_type_get_name (first->type));
  self->passed = MAX (self->passed, first->number);
  g_free (g_queue_pop_head (&self->waiting));
}

static void
check_flushed (Order * self)
{
  GList *l;

  for (l = self->flushed.head; l; l = l->next) {
    const Sent *sent = l->data;

    PROMISE (!sent->needed, "a flush lost %s",
        gst_event_type_get_name (sent->type));
  }
  g_queue_clear_full (&self->flushed, g_free);
}

void
order_batch (Order * self, guint32 first, gboolean prompt)
{
  const Sent *waiting = g_queue_peek_head (&self->waiting);

  if (!self->sure)
    return;
  check_flushed (self);
  if (first == 0)
    return;
  PROMISE (first > self->passed, "an event behind sample %u came before "
      "sample %u", self->passed, first);
  /* a segment or a stream begins with its first sample, wherever that is */
  if (waiting && prompt && waiting->type != GST_EVENT_SEGMENT
      && waiting->type != GST_EVENT_STREAM_START)
    PROMISE (first <= waiting->number,
        "%s behind sample %u has not come before " "sample %u",
        gst_event_type_get_name (waiting->type), waiting->number, first);
}
