/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main job on a real recording: decoded, cut into batches, each batch
 * consumed and changed on another thread; then what that cost. */

#include <math.h>
#include <stdlib.h>

#include <gst/audio/audio.h>
#include <gst/gst.h>

#define DEFAULT_RECORDING \
    "/usr/share/sounds/freedesktop/stereo/audio-channel-front-center.oga"

#define PIPELINE \
    "filesrc name=file ! oggdemux ! vorbisdec ! audioconvert ! " \
    "audio/x-raw, format=" GST_AUDIO_NE (F32) " ! " \
    "audiobatch name=batch ! queue ! " \
    "fakesink name=sink signal-handoffs=true enable-last-sample=false"

/* What the consumer, in the thread of the queue, found out. */
typedef struct
{
  guint batches;
  gdouble square_sum;
  guint64 values;
  gfloat peak;
} Consumer;

/* Halves the batch in place, as its only owner may, and measures it. */
static void
consume (GstElement * sink, GstBuffer * batch, GstPad * pad, gpointer data)
{
  Consumer *consumer = data;
  GstMapInfo map;
  gsize i;

  if (!gst_buffer_is_writable (batch)
      || !gst_buffer_map (batch, &map, GST_MAP_READWRITE))
    return;
  for (i = 0; i < map.size / sizeof (gfloat); i++) {
    gfloat *value = (gfloat *) map.data + i;

    consumer->square_sum += *value * *value;
    consumer->peak = MAX (consumer->peak, fabsf (*value));
    *value *= 0.5f;
  }
  consumer->values += i;
  consumer->batches++;
  gst_buffer_unmap (batch, &map);
}

static gboolean
wait_for_end (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gboolean ok = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;

  if (!ok) {
    GError *error = NULL;

    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s: %s\n", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)),
        error->message);
    g_error_free (error);
  }
  gst_message_unref (message);
  gst_object_unref (bus);
  return ok;
}

static guint64
counter (GstElement * batch, const gchar * name)
{
  guint64 value = 0;

  g_object_get (batch, name, &value, NULL);
  return value;
}

static void
print_format (GstElement * batch)
{
  GstPad *pad = gst_element_get_static_pad (batch, "src");
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GstAudioInfo info;

  if (caps && gst_audio_info_from_caps (&info, caps))
    g_print ("format       %s, %d Hz, %d channel(s)\n",
        GST_AUDIO_INFO_NAME (&info), GST_AUDIO_INFO_RATE (&info),
        GST_AUDIO_INFO_CHANNELS (&info));
  gst_clear_caps (&caps);
  gst_object_unref (pad);
}

static void
print_costs (GstElement * batch)
{
  GstStructure *stats = NULL;
  gdouble rate = 0, nominal = 0, nominal_bytes = 0;

  g_object_get (batch, "stats", &stats, "allocation-rate", &rate, NULL);
  gst_structure_get (stats, "nominal-batches-per-second", G_TYPE_DOUBLE,
      &nominal, "nominal-bytes-per-second", G_TYPE_DOUBLE, &nominal_bytes,
      NULL);
  gst_structure_free (stats);
  g_print ("batches      %" G_GUINT64_FORMAT "\n", counter (batch, "batches"));
  g_print ("allocations  %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " bytes\n",
      counter (batch, "allocations"), counter (batch, "allocated-bytes"));
  g_print ("live         %" G_GUINT64_FORMAT " now, %" G_GUINT64_FORMAT
      " at most\n", counter (batch, "live-batches"),
      counter (batch, "peak-live-batches"));
  g_print ("rate         %.0f allocations/s here, at full speed; %.3f/s "
      "(%.0f bytes/s) in real time\n", rate, nominal, nominal_bytes);
}

static int
run (GstElement * pipeline, const gchar * recording)
{
  GstElement *file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  GstElement *batch = gst_bin_get_by_name (GST_BIN (pipeline), "batch");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  Consumer consumer = { 0 };
  gboolean ok;

  g_object_set (file, "location", recording, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (consume), &consumer);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  ok = wait_for_end (pipeline);
  if (ok)
    print_format (batch);
  gst_element_set_state (pipeline, GST_STATE_NULL);

  if (ok) {
    g_print ("consumed     %u batches on another thread, peak %.3f, rms %.4f\n",
        consumer.batches, consumer.peak,
        sqrt (consumer.square_sum / MAX (consumer.values, 1)));
    print_costs (batch);
    ok = consumer.batches > 0 && consumer.batches == counter (batch, "batches")
        && counter (batch, "live-batches") == 0;
  }
  gst_object_unref (file);
  gst_object_unref (batch);
  gst_object_unref (sink);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  const gchar *recording = DEFAULT_RECORDING;
  GError *error = NULL;
  GstElement *pipeline;
  int status;

  gst_init (&argc, &argv);
  if (argc > 1)
    recording = argv[1];
  pipeline = gst_parse_launch (PIPELINE, &error);
  if (error) {
    g_printerr ("%s\n", error->message);
    return EXIT_FAILURE;
  }
  g_print ("recording    %s\n", recording);
  status = run (pipeline, recording);
  gst_object_unref (pipeline);
  return status;
}
