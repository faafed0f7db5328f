/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "livestreams.h"

#include "../check/names.h"

#include <string.h>
#include <sys/resource.h>

/* Between the start of the last stream and the measurement. */
#define SETTLE (200 * GST_MSECOND)
/* How long to wait for late batches. */
#define GRACE_BATCHES 4

/* Shared by all streams of a run. */
typedef struct
{
  LiveCase what;
  GstClock *clock;
  /* Clock times. Batches due from @from to @to are measured. The streams may
   * read these once @measuring is set. */
  GstClockTime from, to;
  gint measuring;
} Window;

typedef struct
{
  const Window *window;
  GstElement *pipeline;

  /* only for the streaming thread, until the pipeline has stopped */

  /* clock time of the first sample */
  GstClockTime start;
  guint64 received;
  /* gint64, ns */
  GArray *lateness;
  gboolean wrong_size;
} Stream;

/* When the source wakes up to make the last sample of batch @number. */
static GstClockTime
due_time (const Stream * self, guint64 number)
{
  guint chunk = self->window->what.chunk;
  guint64 last = (number + 1) * LIVE_BATCH - 1;

  return self->start + gst_util_uint64_scale_int (last / chunk * chunk,
      GST_SECOND, self->window->what.info.rate);
}

/* Records the lateness of the next batch, which came (or had not come) at
 * @now. */
static void
note (Stream * self, GstClockTime now)
{
  GstClockTime due = due_time (self, self->received++);
  gint64 late = GST_CLOCK_DIFF (due, now);

  if (!g_atomic_int_get (&self->window->measuring))
    return;
  if (due >= self->window->from && due < self->window->to)
    g_array_append_val (self->lateness, late);
}

static gsize
batch_bytes (const LiveCase * what)
{
  return LIVE_BATCH * GST_AUDIO_INFO_BPF (&what->info);
}

GstClockTime
live_batch_time (const LiveCase * what)
{
  return gst_util_uint64_scale_int (LIVE_BATCH, GST_SECOND, what->info.rate);
}

static GstPadProbeReturn
see_batch (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Stream *self = data;
  GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (info);

  if (gst_buffer_get_size (batch) != batch_bytes (&self->window->what))
    self->wrong_size = TRUE;
  /* the stream starts when the source first wakes up */
  if (self->received == 0)
    self->start = gst_element_get_base_time (self->pipeline)
        + GST_BUFFER_PTS (batch);
  note (self, gst_clock_get_time (self->window->clock));
  return GST_PAD_PROBE_OK;
}

/* The caps filter is last: in front of the peer it would cost time for each
 * chunk. */
static gchar *
describe (LiveWay way, const LiveCase * what)
{
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (&what->info);
  g_autofree gchar *text = gst_caps_to_string (caps);
  g_autofree gchar *sink = g_strconcat (text, " ! fakesink name=sink", NULL);

  if (way == LIVE_OURS)
    return g_strdup_printf ("audiobatchsrc is-live=true wave=%s "
        "samples-per-batch=%u ! audiobatch samples-per-batch=%u "
        "zero-copy=true ! %s", what->wave, what->chunk, LIVE_BATCH, sink);
  return g_strdup_printf ("audiotestsrc is-live=true wave=%s "
      "samplesperbuffer=%u ! audiobuffersplit output-buffer-size=%u ! %s",
      what->wave, what->chunk, (guint) batch_bytes (what), sink);
}

static void
stream_clear (gpointer data)
{
  Stream *self = data;

  if (self->pipeline)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->lateness, g_array_unref);
}

/* An application reads its bus. */
static GstBusSyncReply
drop_message (GstBus * bus, GstMessage * message, gpointer data)
{
  return GST_BUS_DROP;
}

static gboolean
stream_open (Stream * self, const gchar * description, const Window * window,
    GError ** error)
{
  guint most = window->what.duration / live_batch_time (&window->what);
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstPad) pad = NULL;

  self->window = window;
  self->lateness = g_array_sized_new (FALSE, TRUE, sizeof (gint64), most + 2);
  self->pipeline = gst_parse_launch (description, error);
  if (!self->pipeline)
    return FALSE;
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, drop_message, NULL, NULL);
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), window->clock);
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, see_batch, self, NULL);
  return TRUE;
}

static gboolean
stream_set_state (Stream * self, GstState state, GError ** error)
{
  if (gst_element_set_state (self->pipeline, state) != GST_STATE_CHANGE_FAILURE)
    return TRUE;
  g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
      "A pipeline does not go to %s.", state_name (state));
  return FALSE;
}

/* The time from one common start of a chunk and a batch to the next. Streams
 * that start spread over this time wake up independently of each other. */
static GstClockTime
cycle_time (const LiveCase * what)
{
  guint64 batches = what->chunk
      / gst_util_greatest_common_divisor (what->chunk, LIVE_BATCH);

  return batches * live_batch_time (what);
}

static void
wait_until (GstClock * clock, GstClockTime time)
{
  GstClockID id = gst_clock_new_single_shot_id (clock, time);

  gst_clock_id_wait (id, NULL);
  gst_clock_id_unref (id);
}

static gboolean
start_all (GArray * streams, Window * window, GError ** error)
{
  GstClockTime cycle = cycle_time (&window->what);
  GstClockTime start;
  guint i;

  for (i = 0; i < streams->len; i++) {
    if (!stream_set_state (&g_array_index (streams, Stream, i),
            GST_STATE_PAUSED, error))
      return FALSE;
  }
  start = gst_clock_get_time (window->clock);
  for (i = 0; i < streams->len; i++) {
    wait_until (window->clock, start + cycle * i / streams->len);
    if (!stream_set_state (&g_array_index (streams, Stream, i),
            GST_STATE_PLAYING, error))
      return FALSE;
  }
  window->from = gst_clock_get_time (window->clock) + SETTLE;
  window->to = window->from + window->what.duration;
  g_atomic_int_set (&window->measuring, TRUE);
  return TRUE;
}

/* The CPU time of this process, in ns. */
static guint64
process_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return GST_TIMEVAL_TO_TIME (usage.ru_utime)
      + GST_TIMEVAL_TO_TIME (usage.ru_stime);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (tasks && g_dir_read_name (tasks))
    n++;
  return n;
}

/* The resident memory of this process, in bytes. The figures in status and statm
 * are counted by each thread and may be late. */
static gdouble
resident_memory (void)
{
  g_autofree gchar *rollup = NULL;
  const gchar *line;

  if (!g_file_get_contents ("/proc/self/smaps_rollup", &rollup, NULL, NULL))
    return 0;
  line = strstr (rollup, "Rss:");
  return line ? 1024.0 * g_ascii_strtoull (line + strlen ("Rss:"), NULL, 10) :
      0;
}

static void
measure_window (const Window * window, LiveResult * result)
{
  GstClockTime from, to;
  guint64 before;

  wait_until (window->clock, window->from);
  before = process_time ();
  from = gst_clock_get_time (window->clock);
  wait_until (window->clock, window->to);
  result->cost = process_time () - before;
  to = gst_clock_get_time (window->clock);
  result->cost /= window->what.streams * ((gdouble) (to - from) / GST_SECOND);
  result->threads = count_threads ();
  wait_until (window->clock, window->to
      + GRACE_BATCHES * live_batch_time (&window->what));
  result->resident =
      (resident_memory () - result->resident) / window->what.streams;
}

/* Adds the stream's results to @lateness, after the stream stopped at @end. */
static gboolean
collect (Stream * self, GstClockTime end, GArray * lateness, GError ** error)
{
  if (self->wrong_size || self->received == 0) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        self->wrong_size ? "A batch has the wrong length."
        : "No batch came out of a pipeline.");
    return FALSE;
  }
  while (due_time (self, self->received) < self->window->to)
    note (self, end);
  g_array_append_vals (lateness, self->lateness->data, self->lateness->len);
  return TRUE;
}

static gboolean
stop_all (GArray * streams, const Window * window, GArray * lateness,
    GError ** error)
{
  GstClockTime end = gst_clock_get_time (window->clock);
  guint i;

  for (i = 0; i < streams->len; i++) {
    Stream *stream = &g_array_index (streams, Stream, i);

    gst_element_set_state (stream->pipeline, GST_STATE_NULL);
    if (!collect (stream, end, lateness, error))
      return FALSE;
  }
  return TRUE;
}

/* Loads the code of the elements. */
static gboolean
load (const gchar * description, GError ** error)
{
  GstElement *pipeline = gst_parse_launch (description, error);

  if (!pipeline)
    return FALSE;
  gst_object_unref (pipeline);
  return TRUE;
}

gboolean
live_streams_measure (LiveWay way, const LiveCase * what,
    GArray * lateness, LiveResult * result, GError ** error)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  g_autofree gchar *description = describe (way, what);
  g_autoptr (GArray) streams = g_array_new (FALSE, TRUE, sizeof (Stream));
  Window window = { *what, clock, 0, 0, FALSE };
  guint i;

  if (!load (description, error))
    return FALSE;
  result->resident = resident_memory ();
  g_array_set_clear_func (streams, stream_clear);
  /* the probes keep pointers into the array: it must not grow later */
  g_array_set_size (streams, what->streams);
  for (i = 0; i < what->streams; i++) {
    if (!stream_open (&g_array_index (streams, Stream, i), description,
            &window, error))
      return FALSE;
  }
  if (!start_all (streams, &window, error))
    return FALSE;
  measure_window (&window, result);
  return stop_all (streams, &window, lateness, error);
}
