/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands batches from one thread to another, as transfer.mjs does: one thread
 * collects 8 quanta of 128 samples in a new batch, the other reads one sample
 * of each quantum. */

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <stdlib.h>
#include <string.h>

#define QUANTUM 128
#define QUANTA 8
#define RATE 48000

typedef enum
{
  /* each quantum is a chunk, and audiobatch collects them */
  CHUNKS,
  /* the handler of audiobatchsrc's signal copies the quanta */
  FILL,
  /* the least work in front of the queue: a buffer, copies, a timestamp */
  FLOOR
} Way;

static const gchar *const way_names[] = { "chunks", "fill", "floor", NULL };

/* The first elements of the pipeline. */
static const gchar *const heads[] = {
  "audiobatch name=head ! queue", "audiobatchsrc name=head ! queue",
  "queue name=head"
};

typedef struct
{
  guint64 batches;
  /* us from one batch to the next; 0: as fast as possible */
  gint interval;
  Way way;
} Options;

typedef struct
{
  Options options;
  gfloat quantum[QUANTUM];
  GstElement *pipeline;

  /* the producer's thread */
  guint64 made;
  /* of the monotonic clock, us */
  gint64 due;

  /* the consumer's thread */
  guint64 received;
  gdouble sum;
} Transfer;

static GstFlowReturn
receive (GstAppSink * sink, gpointer data)
{
  Transfer *self = data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  const gfloat *samples;
  GstMapInfo map;
  guint i;

  if (!sample
      || !gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  samples = (const gfloat *) map.data;
  for (i = 0; i < map.size / sizeof (gfloat); i += QUANTUM)
    self->sum += samples[i];
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  self->received++;
  return GST_FLOW_OK;
}

/* Waits until the next batch is due. */
static void
wait_for_turn (Transfer * self)
{
  gint64 now;

  if (self->options.interval == 0)
    return;
  now = g_get_monotonic_time ();
  self->due = self->due ? self->due + self->options.interval : now;
  if (self->due > now)
    g_usleep (self->due - now);
}

static void
stamp (GstBuffer * buffer, guint64 start)
{
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale_int (start, GST_SECOND, RATE);
}

static void
push_opening_events (GstPad * pad)
{
  g_autoptr (GstCaps) caps = NULL;
  GstSegment segment;
  GstAudioInfo info;

  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_F32, RATE, 1, NULL);
  caps = gst_audio_info_to_caps (&info);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start ("quanta"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

/* Pushes the same memory again and again, as transfer.mjs does, each time in a
 * new buffer. */
static void
push_quanta (Transfer * self, GstPad * pad)
{
  GstMemory *quantum = gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY,
      self->quantum, sizeof self->quantum, 0, sizeof self->quantum, NULL, NULL);
  guint64 i;

  for (i = 0; i < self->options.batches * QUANTA; i++) {
    GstBuffer *buffer = gst_buffer_new ();

    if (i % QUANTA == 0)
      wait_for_turn (self);
    gst_buffer_append_memory (buffer, gst_memory_ref (quantum));
    stamp (buffer, i * QUANTUM);
    gst_pad_push (pad, buffer);
  }
  gst_memory_unref (quantum);
}

static gboolean
copy_quanta (Transfer * self, GstBuffer * batch)
{
  GstMapInfo map;
  guint i;

  if (!gst_buffer_map (batch, &map, GST_MAP_WRITE))
    return FALSE;
  for (i = 0; i < QUANTA; i++)
    memcpy (map.data + i * sizeof self->quantum, self->quantum,
        sizeof self->quantum);
  gst_buffer_unmap (batch, &map);
  return TRUE;
}

static void
push_batches (Transfer * self, GstPad * pad)
{
  guint64 i;

  for (i = 0; i < self->options.batches; i++) {
    GstBuffer *batch;

    wait_for_turn (self);
    batch = gst_buffer_new_allocate (NULL, QUANTA * sizeof self->quantum, NULL);
    copy_quanta (self, batch);
    stamp (batch, i * QUANTA * QUANTUM);
    gst_pad_push (pad, batch);
  }
}

/* The upstream of audiobatch, or of the queue. */
static void
produce (Transfer * self)
{
  g_autoptr (GstElement) head =
      gst_bin_get_by_name (GST_BIN (self->pipeline), "head");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (head, "sink");
  g_autoptr (GstPad) pad = gst_object_ref_sink (gst_pad_new ("quanta",
          GST_PAD_SRC));

  gst_pad_set_active (pad, TRUE);
  gst_pad_link (pad, sink);
  push_opening_events (pad);
  if (self->options.way == CHUNKS)
    push_quanta (self, pad);
  else
    push_batches (self, pad);
  gst_pad_push_event (pad, gst_event_new_eos ());
  gst_pad_set_active (pad, FALSE);
}

static GstBuffer *
fill (GstElement * source, guint64 start, guint n_samples, gpointer data)
{
  Transfer *self = data;
  GstBuffer *batch = NULL;

  if (self->made == self->options.batches) {
    g_signal_emit_by_name (source, "end-of-stream");
    return NULL;
  }
  wait_for_turn (self);
  self->made++;
  g_signal_emit_by_name (source, "new-batch", &batch);
  if (!copy_quanta (self, batch))
    gst_clear_buffer (&batch);
  return batch;
}

static gboolean
transfer_open (Transfer * self, GError ** error)
{
  static GstAppSinkCallbacks callbacks = {.new_sample = receive };
  g_autofree gchar *description = g_strconcat (heads[self->options.way],
      " ! appsink name=sink sync=false", NULL);
  g_autoptr (GstElement) head = NULL;
  g_autoptr (GstElement) sink = NULL;
  guint i;

  for (i = 0; i < QUANTUM; i++)
    self->quantum[i] = 1;
  self->pipeline = gst_parse_launch (description, error);
  if (!self->pipeline)
    return FALSE;
  head = gst_bin_get_by_name (GST_BIN (self->pipeline), "head");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, self, NULL);
  if (self->options.way == FILL)
    g_signal_connect (head, "fill-batch", G_CALLBACK (fill), self);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  return TRUE;
}

static void
transfer_close (Transfer * self)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  g_autoptr (GstMessage) end = gst_bus_timed_pop_filtered (bus,
      GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->pipeline);
}

static gboolean
find_way (const gchar * name, Way * way)
{
  guint i;

  for (i = 0; way_names[i]; i++) {
    if (g_strcmp0 (name, way_names[i]) == 0) {
      *way = i;
      return TRUE;
    }
  }
  return FALSE;
}

static void
parse (Options * options, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    {"interval", 0, 0, G_OPTION_ARG_INT, &options->interval,
        "Time from one batch to the next; 0: as fast as possible", "US"},
    {NULL}
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("chunks|fill|floor BATCHES");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, &error) || *argc != 3
      || options->interval < 0 || !find_way ((*argv)[1], &options->way)
      || !g_ascii_string_to_unsigned ((*argv)[2], 10, 1, G_MAXUINT32,
          &options->batches, NULL)) {
    g_printerr ("consume: %s\n", error ? error->message
        : "the arguments are chunks, fill or floor, and a number of batches");
    exit (EXIT_FAILURE);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Transfer transfer = {.pipeline = NULL };
  guint64 batches;

  parse (&transfer.options, &argc, &argv);
  if (!transfer_open (&transfer, &error)) {
    g_printerr ("consume: %s\n", error->message);
    return EXIT_FAILURE;
  }
  if (transfer.options.way != FILL)
    produce (&transfer);
  transfer_close (&transfer);
  batches = transfer.options.batches;
  if (transfer.received != batches || transfer.sum != batches * QUANTA) {
    g_printerr ("%" G_GUINT64_FORMAT
        " batches came, and samples of %g in all\n", transfer.received,
        transfer.sum);
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
