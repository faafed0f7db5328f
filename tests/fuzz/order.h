/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks that serialized events come out in their order and in their place
 * among the samples, and that only a flush loses any. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Samples carry numbers that rise, and an event has the number of the last
 * sample before it. Thread-safety: streaming thread only. */
typedef struct
{
  /* events that are in the element, in order */
  GQueue waiting;
  /* sticky events that waited when a flush came */
  GQueue flushed;
  /* the largest number of the events that have come out */
  guint32 passed;
  /* FALSE: pads may repeat or keep back events, so nothing is checked */
  gboolean sure;
} Order;

void order_init (Order * self);

/* Forgets all events. */
void order_reset (Order * self, gboolean sure);

/* The element gets @event, behind sample @number. */
void order_enter (Order * self, GstEvent * event, guint32 number);

/* The element has refused the event with @seqnum, or has put silence in its
 * place; it is the last one, if it has not come out. */
void order_withdraw (Order * self, guint32 seqnum);

/* The element gets a FLUSH_STOP. */
void order_flush (Order * self);

/* @event has come out. */
void order_leave (Order * self, GstEvent * event);

/* A batch has come out. Its first sample has the number @first, or 0 if that is
 * not known. @prompt: events must have left before it as soon as they could. */
void order_batch (Order * self, guint32 first, gboolean prompt);

G_END_DECLS
