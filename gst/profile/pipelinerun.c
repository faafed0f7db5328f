/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a pipeline once, in this process. */

#include "pipelinerun.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "launchline.h"
#include "processusage.h"
#include "profileerror.h"

/* how long a stream may continue after the EOS that --duration sends */
#define EOS_PATIENCE (10 * GST_SECOND)

/* A ring with the last batches. */
typedef struct
{
  GstBuffer **batches;
  guint n, next;
} Held;

static GstPadProbeReturn
hold_batch (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Held *held = data;
  GstBuffer **place = &held->batches[held->next];

  gst_clear_buffer (place);
  *place = gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info));
  held->next = (held->next + 1) % held->n;
  return GST_PAD_PROBE_OK;
}

static void
free_held (gpointer data)
{
  Held *held = data;
  guint i;

  for (i = 0; i < held->n; i++)
    gst_clear_buffer (&held->batches[i]);
  g_free (held->batches);
  g_free (held);
}

static void
make_consumer_hold (GstElement * pipeline, guint n)
{
  g_autoptr (GstElement) consumer =
      gst_bin_get_by_name (GST_BIN (pipeline), LAUNCH_LINE_CONSUMER);
  g_autoptr (GstPad) pad = NULL;
  Held *held;

  if (n == 0 || !consumer)
    return;
  pad = gst_element_get_static_pad (consumer, "sink");
  held = g_new0 (Held, 1);
  held->n = n;
  held->batches = g_new0 (GstBuffer *, n);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, hold_batch, held,
      free_held);
}

static void
take_error (GstMessage * message, GError ** error)
{
  g_autoptr (GError) why = NULL;
  g_autofree gchar *debug = NULL;
  g_autofree gchar *from = gst_object_get_path_string (message->src);

  gst_message_parse_error (message, &why, &debug);
  g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
      "%s: %s%s%s", from, why->message, debug ? "\nDebug: " : "",
      debug ? debug : "");
}

/* Takes an element's error message, or says that there is none. */
static void
take_start_error (GstBus * bus, GError ** error)
{
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);

  if (message)
    take_error (message, error);
  else
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "the pipeline can't be started, and no element says why "
        "(GST_DEBUG=3 in the environment shows more)");
}

static gboolean
change_state (GstElement * pipeline, GstBus * bus, GstState state,
    GError ** error)
{
  if (gst_element_set_state (pipeline, state) != GST_STATE_CHANGE_FAILURE)
    return TRUE;
  take_start_error (bus, error);
  return FALSE;
}

/* Waits for the end of the stream, at most as long as @patience. */
static gboolean
wait_for_end (GstElement * pipeline, GstBus * bus, GstClockTime patience,
    gboolean * ended, GError ** error)
{
  GstClockTime until = patience == GST_CLOCK_TIME_NONE ? patience :
      gst_util_get_timestamp () + patience;

  for (;;) {
    GstClockTime now = gst_util_get_timestamp ();
    GstClockTime left = until == GST_CLOCK_TIME_NONE ? until :
        until > now ? until - now : 0;
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, left,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_LATENCY);

    *ended = message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (!message || *ended)
      return TRUE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      take_error (message, error);
      return FALSE;
    }
    gst_bin_recalculate_latency (GST_BIN (pipeline));
  }
}

static gboolean
play (GstElement * pipeline, gdouble seconds, GError ** error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstClockTime patience =
      seconds > 0 ? seconds * GST_SECOND : GST_CLOCK_TIME_NONE;
  gboolean ended;

  if (!change_state (pipeline, bus, GST_STATE_PLAYING, error)
      || !wait_for_end (pipeline, bus, patience, &ended, error))
    return FALSE;
  if (ended)
    return TRUE;
  gst_element_send_event (pipeline, gst_event_new_eos ());
  if (!wait_for_end (pipeline, bus, EOS_PATIENCE, &ended, error))
    return FALSE;
  if (!ended)
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "the stream did not end within %d s of the EOS event",
        (gint) (EOS_PATIENCE / GST_SECOND));
  return ended;
}

static void
add_stats (gpointer element, gpointer figures)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (element, "stats", &stats, NULL);
  figures_add_stats (figures, stats);
}

static gboolean
measure (GstElement * pipeline, const RunRequest * request, Figures * figures,
    GError ** error)
{
  g_autoptr (GPtrArray) batchers = launch_line_batchers (pipeline, error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  ProcessUsage usage;
  guint i;

  if (!batchers)
    return FALSE;
  for (i = 0; i < batchers->len; i++)
    gst_util_set_object_arg (g_ptr_array_index (batchers, i), "allocation",
        request->mode);
  make_consumer_hold (pipeline, request->hold);
  if (!change_state (pipeline, bus, GST_STATE_READY, error))
    return FALSE;
  process_usage_begin (&usage);
  if (!play (pipeline, request->seconds, error))
    return FALSE;
  process_usage_end (&usage, figures);
  g_ptr_array_foreach (batchers, add_stats, figures);
  figures_derive (figures);
  return TRUE;
}

gboolean
pipeline_run (const RunRequest * request, Figures * figures, GError ** error)
{
  g_autoptr (GstElement) pipeline = launch_line_parse (request->line, error);
  gboolean done;

  if (!pipeline)
    return FALSE;
  done = measure (pipeline, request, figures, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (done && figures->value[FIGURE_BATCHES] == 0) {
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "the stream ended before the first batch");
    return FALSE;
  }
  return done;
}

/* Sends stdout to /dev/null.
 *
 * Returns: the old stdout, for the report. */
static FILE *
take_stdout (void)
{
  int report = dup (STDOUT_FILENO);
  int nowhere = open ("/dev/null", O_WRONLY);

  dup2 (nowhere, STDOUT_FILENO);
  close (nowhere);
  return fdopen (report, "w");
}

int
pipeline_run_main (const RunRequest * request)
{
  FILE *report = take_stdout ();
  Figures figures = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *text = NULL;
  JsonObject *object;

  /* The parent handles Ctrl-C. If the parent ends, we end. */
  (void) signal (SIGINT, SIG_IGN);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (pipeline_run (request, &figures, &error)) {
    object = figures_to_json (&figures);
  } else {
    object = json_object_new ();
    json_object_set_string_member (object, "error", error->message);
  }
  json_node_take_object (root, object);
  text = json_to_string (root, FALSE);
  /* The parent notices a report that is missing or incomplete. */
  (void) fputs (text, report);
  (void) fclose (report);
  return error ? error->code : PROFILE_OK;
}
