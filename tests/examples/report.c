/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An application that reads the reports of audiobatch and follows their
 * advice. */

#include <stdlib.h>

#include <gst/audio/audio.h>

#include "player.h"

#define DEFAULT_RECORDING PLAYER_SOUNDS "audio-channel-front-center.oga"

/* sync=true: in real time, like a capture or a call. The queue is short, so
 * that audiobatch does not run far ahead. */
#define PIPELINE \
    "audioconvert ! audioresample ! capsfilter name=format ! " \
    "audiobatch name=batch ! " \
    "queue max-size-buffers=2 max-size-time=0 max-size-bytes=0 ! " \
    "fakesink sync=true enable-last-sample=false"

static gint channels;
static gint rate;
static gint size = 1024;
static gint interval = 25;

static const GOptionEntry entries[] = {
  {"channels", 'c', 0, G_OPTION_ARG_INT, &channels,
      "Convert to N channels (as recorded)", "N"},
  {"rate", 'r', 0, G_OPTION_ARG_INT, &rate,
      "Convert to HZ samples a second (as recorded)", "HZ"},
  {"samples-per-batch", 's', 0, G_OPTION_ARG_INT, &size,
      "Samples of a batch (1024)", "N"},
  {"interval", 'i', 0, G_OPTION_ARG_INT, &interval,
      "Batches from report to report (25)", "N"},
  {NULL, 0, 0, 0, NULL, NULL, NULL}
};

static guint64
figure (const GstStructure * report, const gchar * name)
{
  guint64 value = 0;

  gst_structure_get_uint64 (report, name, &value);
  return value;
}

/* The nick of a field that is an enum; free it. */
static gchar *
nick (const GstStructure * report, const gchar * name)
{
  return gst_value_serialize (gst_structure_get_value (report, name));
}

static void
print_report (const GstStructure * report)
{
  g_autofree gchar *advice = nick (report, "advice");
  g_autofree gchar *reason = nick (report, "advice-reason");
  gdouble here = 0, nominal = 0;

  gst_structure_get (report, "allocation-rate", G_TYPE_DOUBLE, &here,
      "nominal-batches-per-second", G_TYPE_DOUBLE, &nominal, NULL);
  g_print ("report       %" G_GUINT64_FORMAT " batches, %" G_GUINT64_FORMAT
      " allocations of %" G_GUINT64_FORMAT " bytes\n",
      figure (report, "batches"), figure (report, "allocations"),
      figure (report, "bytes-per-batch"));
  g_print ("  held       %" G_GUINT64_FORMAT " now, %" G_GUINT64_FORMAT
      " at most\n", figure (report, "outstanding-batches"),
      figure (report, "peak-outstanding-batches"));
  g_print ("  rate       %.0f allocations/s; %.3f batches/s in real time\n",
      here, nominal);
  g_print ("  slowest    %" G_GUINT64_FORMAT " ns for an allocation\n",
      figure (report, "allocation-time-max"));
  g_print ("  advice     %s, reason: %s\n", advice, reason);
}

/* Does what the report advises. allocation=auto measures by itself whether that
 * helps; an application could instead ask the user, or check other figures too. */
static void
follow_advice (GstElement * batch, const GstStructure * report)
{
  const GValue *advice = gst_structure_get_value (report, "advice");
  g_autofree gchar *name = nick (report, "advice");
  gint mode;

  g_object_get (batch, "allocation", &mode, NULL);
  if (mode == g_value_get_enum (advice))
    return;
  /* takes effect at the next batch */
  g_object_set_property (G_OBJECT (batch), "allocation", advice);
  g_print ("  done       allocation=%s from here on\n", name);
}

/* Main thread: the streaming thread posts the message, and the bus delivers it
 * here. */
static void
read_report (GstBus * bus, GstMessage * message, gpointer data)
{
  const GstStructure *report = gst_message_get_structure (message);

  if (!gst_structure_has_name (report, "audiobatch-report"))
    return;
  print_report (report);
  follow_advice (GST_ELEMENT (GST_MESSAGE_SRC (message)), report);
}

static void
set_format (GstElement * pipeline)
{
  g_autoptr (GstElement) filter =
      gst_bin_get_by_name (GST_BIN (pipeline), "format");
  g_autoptr (GstElement) batch =
      gst_bin_get_by_name (GST_BIN (pipeline), "batch");
  g_autoptr (GstCaps) caps = gst_caps_from_string ("audio/x-raw, "
      "format=" GST_AUDIO_NE (F32));

  if (channels > 0)
    gst_caps_set_simple (caps, "channels", G_TYPE_INT, channels, NULL);
  if (rate > 0)
    gst_caps_set_simple (caps, "rate", G_TYPE_INT, rate, NULL);
  g_object_set (filter, "caps", caps, NULL);
  g_object_set (batch, "samples-per-batch", (guint) size, "report-interval",
      (guint) interval, NULL);
}

static gboolean
run (GstElement * pipeline)
{
  g_autoptr (GstElement) batch =
      gst_bin_get_by_name (GST_BIN (pipeline), "batch");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gulong handler;
  gboolean ok;

  set_format (pipeline);
  handler = g_signal_connect (bus, "message::element",
      G_CALLBACK (read_report), NULL);
  ok = player_start (pipeline) && player_wait (pipeline);
  g_signal_handler_disconnect (bus, handler);
  if (ok)
    g_print ("in all       %" G_GUINT64_FORMAT " batches, %" G_GUINT64_FORMAT
        " in fresh memory, %" G_GUINT64_FORMAT " in recycled\n",
        player_counter (batch, "batches"), player_counter (batch,
            "allocations"), player_counter (batch, "reused"));
  return ok;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *recording = g_strdup (DEFAULT_RECORDING);
  g_autoptr (GstElement) pipeline = NULL;

  if (!player_parse_options (argc, argv, "RECORDING",
          "Reads the reports that audiobatch posts, and follows what they "
          "advise.", entries, &recording))
    return PLAYER_WRONG_USAGE;
  if (channels < 0 || rate < 0 || size < 1 || interval < 1) {
    g_printerr ("All of the options are numbers from 1 up.\n");
    return PLAYER_WRONG_USAGE;
  }
  pipeline = player_open (recording, PIPELINE);
  if (!pipeline)
    return PLAYER_FAILED;
  g_print ("recording    %s\n", recording);
  return run (pipeline) ? EXIT_SUCCESS : PLAYER_FAILED;
}
