/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A consumer in another process, which holds the batches that reach it. Samples
 * are a ramp, so that each one tells its own number. */
#pragma once

#include <stdio.h>

#include <gst/gst.h>

G_BEGIN_DECLS
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define RAMP_FORMAT "S32LE"
#else
#define RAMP_FORMAT "S32BE"
#endif
/* In a launch line: audiobatchsrc makes the ramp, RAMP_STEP from one sample to
 * the next. It repeats after RAMP_PERIOD samples. */
#define RAMP_SETTINGS "wave=saw volume=1 freq=0.0457763671875"
#define RAMP_CAPS "audio/x-raw,format=" RAMP_FORMAT \
  ",rate=48000,channels=1,layout=interleaved"
#define RAMP_PERIOD (1 << 20)
#define RAMP_STEP (1 << 12)
/* Keeps every batch until it is told to release it. */
#define KEEP_ALL G_MAXUINT
typedef struct
{
  GPid pid;
  FILE *commands, *reports;
} OtherProcess;

/* Has this program been started as the consumer? Then runs it and returns
 * TRUE. For main(). */
gboolean other_process_main (int argc, char **argv);

/* Starts a consumer that reads from @socket with the element @source and keeps
 * the last @keep batches. */
void other_process_start (OtherProcess * self, const gchar * source,
    const gchar * socket, guint keep);

/* The same, but the consumer is killed at step @step of its life, from 1: before it
 * connects, at each call of its transport to the socket, and while it reads each
 * batch. Returns once it is dead. */
void other_process_run_and_die (const gchar * source, const gchar * socket,
    guint keep, guint step);

/* Waits for the next batch to reach the consumer. Returns the number of its
 * first sample in the ramp, and fails unless it has @n_samples of the ramp. */
guint other_process_next_batch (OtherProcess * self, guint n_samples);

/* Makes the consumer release its @n oldest batches. */
void other_process_release (OtherProcess * self, guint n);

/* Ends the consumer, with what it holds. */
void other_process_kill (OtherProcess * self);

/* Stops the consumer where it is, and lets it go on. */
void other_process_stop (OtherProcess * self);
void other_process_go_on (OtherProcess * self);

/* Lets the consumer release all batches and end. */
void other_process_finish (OtherProcess * self);

G_END_DECLS
