/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main job on a real recording: decodes it, cuts it into batches, consumes
 * and changes each batch in another thread, and prints the costs. */

#include <math.h>
#include <stdlib.h>

#include <gst/audio/audio.h>

#include "player.h"

#define DEFAULT_RECORDING PLAYER_SOUNDS "audio-channel-front-center.oga"

#define PIPELINE \
    "audioconvert ! audio/x-raw, format=" GST_AUDIO_NE (F32) " ! " \
    "audiobatch name=batch ! queue ! " \
    "fakesink name=sink signal-handoffs=true enable-last-sample=false"

/* What the consumer found. Only the thread of the queue uses it while the
 * pipeline runs. */
typedef struct
{
  GstAudioInfo info;
  guint batches;
  guint own;
  guint writable;
  gdouble square_sum;
  guint64 values;
  gfloat peak;
} Consumer;

static void
learn_format (GstPad * pad, GstAudioInfo * info)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  gst_audio_info_from_caps (info, caps);
}

/* TRUE if the batch shares its memory with no other buffer. */
static gboolean
has_own_memory (GstBuffer * batch)
{
  return gst_buffer_n_memory (batch) == 1
      && gst_buffer_peek_memory (batch, 0)->parent == NULL;
}

/* Measures the batch and halves it in place, which its only owner may do. */
static void
consume (GstElement * sink, GstBuffer * batch, GstPad * pad, gpointer data)
{
  Consumer *consumer = data;
  GstMapInfo map;
  gsize i;

  if (consumer->batches == 0)
    learn_format (pad, &consumer->info);
  consumer->batches++;
  consumer->own += has_own_memory (batch);
  if (!gst_buffer_is_writable (batch)
      || !gst_buffer_map (batch, &map, GST_MAP_READWRITE))
    return;
  consumer->writable++;
  for (i = 0; i < map.size / sizeof (gfloat); i++) {
    gfloat *value = (gfloat *) map.data + i;

    consumer->square_sum += *value * *value;
    consumer->peak = MAX (consumer->peak, fabsf (*value));
    *value *= 0.5f;
  }
  consumer->values += i;
  gst_buffer_unmap (batch, &map);
}

static void
print_format (const GstAudioInfo * info)
{
  if (GST_AUDIO_INFO_IS_VALID (info))
    g_print ("format       %s, %d Hz, %d channel(s)\n",
        GST_AUDIO_INFO_NAME (info), GST_AUDIO_INFO_RATE (info),
        GST_AUDIO_INFO_CHANNELS (info));
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
  g_print ("batches      %" G_GUINT64_FORMAT "\n", player_counter (batch,
          "batches"));
  g_print ("allocations  %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " bytes\n",
      player_counter (batch, "allocations"), player_counter (batch,
          "allocated-bytes"));
  g_print ("outstanding  %" G_GUINT64_FORMAT " now, %" G_GUINT64_FORMAT
      " at most\n", player_counter (batch, "outstanding-batches"),
      player_counter (batch, "peak-outstanding-batches"));
  g_print ("rate         %.0f allocations/s here, at full speed; %.3f/s "
      "(%.0f bytes/s) in real time\n", rate, nominal, nominal_bytes);
}

/* Prints what the run has proved, or the counts that disprove it. */
static gboolean
print_verdict (const Consumer * consumer, GstElement * batch)
{
  guint batches = player_counter (batch, "batches");
  guint held = player_counter (batch, "outstanding-batches");

  if (batches > 0 && consumer->batches == batches && consumer->own == batches
      && consumer->writable == batches && held == 0) {
    g_print ("OK: %u batches, each in its own memory, all writable, "
        "all released.\n", batches);
    return TRUE;
  }
  g_printerr ("FAIL: %u batches: %u consumed, %u in their own memory, "
      "%u writable, %u not released.\n", batches, consumer->batches,
      consumer->own, consumer->writable, held);
  return FALSE;
}

static gboolean
run (GstElement * pipeline)
{
  g_autoptr (GstElement) batch =
      gst_bin_get_by_name (GST_BIN (pipeline), "batch");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  Consumer consumer = { 0 };

  g_signal_connect (sink, "handoff", G_CALLBACK (consume), &consumer);
  if (!player_start (pipeline) || !player_wait (pipeline))
    return FALSE;
  print_format (&consumer.info);
  g_print ("consumed     %u batches on another thread, peak %.3f, rms %.4f\n",
      consumer.batches, consumer.peak,
      sqrt (consumer.square_sum / MAX (consumer.values, 1)));
  print_costs (batch);
  return print_verdict (&consumer, batch);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *recording = g_strdup (DEFAULT_RECORDING);
  g_autoptr (GstElement) pipeline = NULL;

  if (!player_parse_options (argc, argv, "RECORDING",
          "Decodes a recording, and consumes it in batches on another thread.",
          NULL, &recording))
    return PLAYER_WRONG_USAGE;
  pipeline = player_open (recording, PIPELINE);
  if (!pipeline)
    return PLAYER_FAILED;
  g_print ("recording    %s\n", recording);
  return run (pipeline) ? EXIT_SUCCESS : PLAYER_FAILED;
}
