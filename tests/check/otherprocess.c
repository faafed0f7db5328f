/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A consumer in another process. This program starts itself a second time, and
 * the two talk through pipes: "release N" goes to the consumer, and a line for
 * each batch comes back.
 *
 * The program exports the calls that transports make to their socket, so the
 * dynamic linker finds these before those of libc: each is a step of the consumer's
 * life, at which it can be killed. */

#include "otherprocess.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst/check/gstcheck.h>

#define CONSUME "--consume"

/*
 * The consumer
 */

typedef struct
{
  GMutex lock;
  /* under the lock */
  GQueue held;
  guint keep;
} Consumer;

static const gchar *program;

#define EXPORT __attribute__ ((visibility ("default")))

/* Steps until the consumer dies; 0: it does not. Any thread. */
static gint steps_left;

static void
step (void)
{
  if (g_atomic_int_get (&steps_left) > 0
      && g_atomic_int_dec_and_test (&steps_left))
    raise (SIGKILL);
}

static void
step_if_transport (gpointer caller)
{
  Dl_info info;

  if (g_atomic_int_get (&steps_left) > 0 && dladdr (caller, &info)
      && info.dli_fname && (strstr (info.dli_fname, "gstshm")
          || strstr (info.dli_fname, "libgio")))
    step ();
}

#define STEP(type, name, params, args) \
EXPORT type name params \
{ \
  type (*real) params = dlsym (RTLD_NEXT, #name); \
\
  step_if_transport (__builtin_return_address (0)); \
  return real args; \
}

/* *INDENT-OFF* */
STEP (ssize_t, recv, (int fd, void *data, size_t size, int flags),
    (fd, data, size, flags))
STEP (ssize_t, send, (int fd, const void *data, size_t size, int flags),
    (fd, data, size, flags))
STEP (ssize_t, recvmsg, (int fd, struct msghdr * message, int flags),
    (fd, message, flags))
STEP (ssize_t, sendmsg, (int fd, const struct msghdr * message, int flags),
    (fd, message, flags))
/* *INDENT-ON* */

/* The number of a sample, from 0. Conversion may have rounded it. */
static guint
ramp_number (gint32 sample)
{
  return ((((guint32) sample + RAMP_STEP / 2) / RAMP_STEP) - 1) % RAMP_PERIOD;
}

/* Prints the first sample's number and how many follow it. */
static void
report (GstBuffer * batch)
{
  GstMapInfo map;
  const gint32 *samples;
  guint n, i, first;

  gst_buffer_map (batch, &map, GST_MAP_READ);
  step ();
  samples = (const gint32 *) map.data;
  n = map.size / sizeof *samples;
  first = ramp_number (samples[0]);
  for (i = 1; i < n; i++) {
    if (ramp_number (samples[i]) != (first + i) % RAMP_PERIOD)
      break;
  }
  printf ("%u %u\n", first, i);
  gst_buffer_unmap (batch, &map);
}

/* Streaming thread. */
static void
hold (GstElement * sink, GstBuffer * batch, GstPad * pad, gpointer user_data)
{
  Consumer *self = user_data;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->held, gst_buffer_ref (batch));
  while (self->held.length > self->keep)
    gst_buffer_unref (g_queue_pop_head (&self->held));
  g_mutex_unlock (&self->lock);
  report (batch);
}

static void
let_go (Consumer * self, guint n)
{
  g_mutex_lock (&self->lock);
  while (n-- > 0 && self->held.length > 0)
    gst_buffer_unref (g_queue_pop_head (&self->held));
  g_mutex_unlock (&self->lock);
}

/* Runs until the other end of the pipe is closed: the test may have failed. */
static void
consume (const gchar * source, const gchar * socket, guint keep)
{
  Consumer self = {.keep = keep };
  gchar *line = g_strdup_printf ("%s socket-path=%s ! " RAMP_CAPS
      " ! fakesink name=sink signal-handoffs=true sync=false async=false "
      "enable-last-sample=false", source, socket);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  guint n;

  g_mutex_init (&self.lock);
  setvbuf (stdout, NULL, _IOLBF, 0);
  g_signal_connect (sink, "handoff", G_CALLBACK (hold), &self);
  gst_object_unref (sink);
  step ();
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (scanf ("%u", &n) == 1)
    let_go (&self, n);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  let_go (&self, G_MAXUINT);
  gst_object_unref (pipeline);
  g_free (line);
}

gboolean
other_process_main (int argc, char **argv)
{
  program = argv[0];
  if (argc != 6 || strcmp (argv[1], CONSUME) != 0)
    return FALSE;
  gst_init (NULL, NULL);
  g_atomic_int_set (&steps_left, atoi (argv[5]));
  consume (argv[2], argv[3], strtoul (argv[4], NULL, 10));
  return TRUE;
}

/*
 * The test's side
 */

static void
start (OtherProcess * self, const gchar * source, const gchar * socket,
    guint keep, guint step)
{
  gchar *held = g_strdup_printf ("%u", keep);
  gchar *last = g_strdup_printf ("%u", step);
  const gchar *argv[] = { program, CONSUME, source, socket, held, last, NULL };
  GError *error = NULL;
  gint in, out;

  fail_unless (g_spawn_async_with_pipes (NULL, (gchar **) argv, NULL,
          G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &self->pid, &in, &out, NULL,
          &error), "%s", error ? error->message : "");
  self->commands = fdopen (in, "w");
  self->reports = fdopen (out, "r");
  g_free (held);
  g_free (last);
}

void
other_process_start (OtherProcess * self, const gchar * source,
    const gchar * socket, guint keep)
{
  start (self, source, socket, keep, 0);
}

void
other_process_run_and_die (const gchar * source, const gchar * socket,
    guint keep, guint step)
{
  OtherProcess self;
  gint status;

  start (&self, source, socket, keep, step);
  fail_unless (waitpid (self.pid, &status, 0) == self.pid);
  fail_unless (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL,
      "the consumer ended with status %d", status);
  g_spawn_close_pid (self.pid);
  fclose (self.commands);
  fclose (self.reports);
}

guint
other_process_next_batch (OtherProcess * self, guint n_samples)
{
  guint first, n;

  fail_unless (fscanf (self->reports, "%u %u", &first, &n) == 2,
      "the consumer has ended");
  fail_unless (n == n_samples, "%u samples of the ramp from %u on, and not %u",
      n, first, n_samples);
  return first;
}

void
other_process_release (OtherProcess * self, guint n)
{
  fprintf (self->commands, "%u\n", n);
  fflush (self->commands);
}

static void
await_end (OtherProcess * self)
{
  fail_unless (waitpid (self->pid, NULL, 0) == self->pid);
  g_spawn_close_pid (self->pid);
  fclose (self->reports);
}

void
other_process_kill (OtherProcess * self)
{
  kill (self->pid, SIGKILL);
  fclose (self->commands);
  await_end (self);
}

void
other_process_stop (OtherProcess * self)
{
  gint status;

  kill (self->pid, SIGSTOP);
  fail_unless (waitpid (self->pid, &status, WUNTRACED) == self->pid
      && WIFSTOPPED (status));
}

void
other_process_go_on (OtherProcess * self)
{
  kill (self->pid, SIGCONT);
}

void
other_process_finish (OtherProcess * self)
{
  /* the consumer may be writing to a full pipe */
  fclose (self->commands);
  while (fgetc (self->reports) != EOF);
  await_end (self);
}
