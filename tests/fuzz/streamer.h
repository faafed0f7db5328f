/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets the streaming thread of a source go on by one batch at a time, so that
 * one input always does the same. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Thread-safety: the streaming thread parks, and tells of the end; one other
 * thread does all else. */
typedef struct
{
  GMutex lock;
  GCond cond;
  /* under the lock */
  gboolean parked;
  gboolean may_go;
  /* nobody parks */
  gboolean open;
  /* no batch will come any more */
  gboolean ended;
} Streamer;

void streamer_init (Streamer * self);
void streamer_clear (Streamer * self);

/* Streaming thread: waits until it may go on. */
void streamer_park (Streamer * self);

/* Any thread: there is nothing more to come. */
void streamer_end (Streamer * self);

/* Lets the thread run until it parks again, or the stream ends. @impatient is
 * called every few ms until then.
 *
 * Returns: FALSE when neither came to be. */
gboolean streamer_step (Streamer * self, void (*impatient) (gpointer),
    gpointer user_data);

/* While it is open the thread runs on without parking. */
void streamer_set_open (Streamer * self, gboolean open);

/* A stream that has ended may have begun anew. */
void streamer_begin (Streamer * self);

/* Nothing runs: the thread waits, or the stream is over. */
gboolean streamer_is_still (Streamer * self);

G_END_DECLS
