/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps a source's streaming thread by one batch at a time, so that an input
 * always does the same. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Thread-safety: the streaming thread calls streamer_park() and streamer_end().
 * One other thread calls the rest. */
typedef struct
{
  GMutex lock;
  GCond cond;
  /* under the lock */
  gboolean parked;
  gboolean may_go;
  /* streamer_park() returns at once */
  gboolean open;
  /* no more batches will come */
  gboolean ended;
} Streamer;

void streamer_init (Streamer * self);
void streamer_clear (Streamer * self);

/* Streaming thread: waits for the next step. */
void streamer_park (Streamer * self);

/* Any thread: the stream has ended. */
void streamer_end (Streamer * self);

/* Lets the thread run until it parks again, or the stream ends. @impatient is
 * called every few ms until then.
 *
 * Returns: FALSE if neither happens in time. */
gboolean streamer_step (Streamer * self, void (*impatient) (gpointer),
    gpointer user_data);

/* If @open, the thread runs on without parking. */
void streamer_set_open (Streamer * self, gboolean open);

/* The stream may start again: forgets that it has ended. */
void streamer_begin (Streamer * self);

/* Is the thread parked, or the stream over? */
gboolean streamer_is_still (Streamer * self);

G_END_DECLS
