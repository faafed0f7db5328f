/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A consumer that pulls batches from appsink in a thread of its own, changes
 * each in place, and keeps the last ones after the pipeline is gone. */

#include <math.h>
#include <stdlib.h>

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>

#include "player.h"

#define DEFAULT_RECORDING PLAYER_SOUNDS "audio-channel-front-center.oga"

/* max-buffers: the stream waits if the consumer is so far behind.
 * enable-last-sample=false: otherwise the sink holds the last batch as well. */
#define PIPELINE \
    "audioconvert ! audio/x-raw, format=" GST_AUDIO_NE (F32) ", " \
    "layout=interleaved ! audiobatch name=batch ! " \
    "appsink name=sink sync=false max-buffers=8 enable-last-sample=false"

/* A batch that the consumer keeps, and its contents at that time. */
typedef struct
{
  guint number;
  GstBuffer *batch;
  gfloat lowest, highest;
  gchar *checksum;
} Kept;

/* The consumer. Between g_thread_new() and g_thread_join() only its thread uses
 * it, before and after only the main thread. */
typedef struct
{
  GstAppSink *sink;
  gfloat gain;
  guint n_keep;
  gboolean at_once;

  GQueue kept;
  guint batches, writable, copied;
} Consumer;

static gdouble gain_db = -6;
static gint n_keep = 4;
static gboolean at_once;

static const GOptionEntry entries[] = {
  {"gain", 'g', 0, G_OPTION_ARG_DOUBLE, &gain_db,
      "Amplify by so many decibels (-6)", "DB"},
  {"keep", 'k', 0, G_OPTION_ARG_INT, &n_keep,
      "Keep the last N batches (4; 0: all of them)", "N"},
  {"at-once", 0, 0, G_OPTION_ARG_NONE, &at_once,
        "Write to a batch before the next one is pulled, which costs a copy",
      NULL},
  {NULL, 0, 0, 0, NULL, NULL, NULL}
};

static gchar *
checksum (GstBuffer * batch)
{
  GstMapInfo map;
  gchar *sum;

  if (!gst_buffer_map (batch, &map, GST_MAP_READ))
    return g_strdup ("can't be read");
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, map.data, map.size);
  gst_buffer_unmap (batch, &map);
  return sum;
}

static void
kept_free (Kept * kept)
{
  gst_buffer_unref (kept->batch);
  g_free (kept->checksum);
  g_free (kept);
}

static void
amplify (Kept * kept, gfloat * values, gsize n_values, gfloat gain)
{
  gsize i;

  kept->lowest = G_MAXFLOAT;
  kept->highest = -G_MAXFLOAT;
  for (i = 0; i < n_values; i++) {
    values[i] *= gain;
    kept->lowest = MIN (kept->lowest, values[i]);
    kept->highest = MAX (kept->highest, values[i]);
  }
}

/* The address of the samples. */
static gconstpointer
address (GstBuffer * batch)
{
  gconstpointer data = NULL;
  GstMapInfo map;

  if (gst_buffer_map (batch, &map, GST_MAP_READ)) {
    data = map.data;
    gst_buffer_unmap (batch, &map);
  }
  return data;
}

/* Changes a batch and keeps it. Takes ownership of @batch. */
static void
take_over (Consumer * consumer, GstBuffer * batch)
{
  gconstpointer before = address (batch);
  Kept *kept;
  GstMapInfo map;

  /* If we hold the only reference, this returns the batch itself. Otherwise it
   * returns a copy. */
  consumer->writable += gst_buffer_is_writable (batch);
  batch = gst_buffer_make_writable (batch);
  if (!gst_buffer_map (batch, &map, GST_MAP_READWRITE)) {
    g_printerr ("Batch %u can't be written to.\n", consumer->batches);
    gst_buffer_unref (batch);
    return;
  }
  consumer->copied += map.data != before;
  kept = g_new (Kept, 1);
  kept->number = consumer->batches++;
  kept->batch = batch;
  amplify (kept, (gfloat *) map.data, map.size / sizeof (gfloat),
      consumer->gain);
  gst_buffer_unmap (batch, &map);
  kept->checksum = checksum (batch);
  g_queue_push_tail (&consumer->kept, kept);
  if (consumer->n_keep > 0 && consumer->kept.length > consumer->n_keep)
    kept_free (g_queue_pop_head (&consumer->kept));
}

/* The consumer's thread. Pulling returns NULL at the end of the stream, and if
 * the sink is stopped. Returns the last batch, if it is not taken over yet. */
static gpointer
consume (gpointer data)
{
  Consumer *consumer = data;
  GstBuffer *last = NULL;
  GstSample *sample;

  while ((sample = gst_app_sink_pull_sample (consumer->sink))) {
    /* The sample has a reference to the buffer. Take our own, then drop the
     * sample, so that ours is the only one. */
    GstBuffer *batch = gst_buffer_ref (gst_sample_get_buffer (sample));

    gst_sample_unref (sample);
    if (consumer->at_once) {
      take_over (consumer, batch);
      continue;
    }
    /* appsink holds the sample that it gave out last, so write to a batch only
     * after pulling the next one */
    if (last)
      take_over (consumer, last);
    last = batch;
  }
  return last;
}

/* Returns how many of the kept batches have changed since. */
static guint
print_kept (const GQueue * kept)
{
  GList *item;
  guint changed = 0;

  g_print ("%8s  %8s  %9s  %9s\n", "batch", "from s", "lowest", "highest");
  for (item = kept->head; item; item = item->next) {
    const Kept *one = item->data;
    g_autofree gchar *now = checksum (one->batch);
    gboolean same = g_str_equal (now, one->checksum);

    g_print ("%8u  %8.3f  %9.6f  %9.6f  %s\n", one->number,
        (gdouble) GST_BUFFER_PTS (one->batch) / GST_SECOND, one->lowest,
        one->highest, same ? "as it was left" : "OVERWRITTEN");
    changed += !same;
  }
  return changed;
}

static gboolean
print_result (const Consumer * consumer, GstElement * batch)
{
  guint changed;

  g_print ("batches      %u, %u of them writable, %u copied\n",
      consumer->batches, consumer->writable, consumer->copied);
  g_print ("allocations  %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " bytes\n",
      player_counter (batch, "allocations"),
      player_counter (batch, "allocated-bytes"));
  g_print ("kept         %u, with the pipeline gone; %" G_GUINT64_FORMAT
      " batches of audiobatch outstanding\n", consumer->kept.length,
      player_counter (batch, "outstanding-batches"));
  changed = print_kept (&consumer->kept);
  return changed == 0 && consumer->batches == player_counter (batch, "batches");
}

/* Takes ownership of @pipeline. */
static gboolean
run (GstElement * pipeline)
{
  g_autoptr (GstElement) batch =
      gst_bin_get_by_name (GST_BIN (pipeline), "batch");
  Consumer consumer = {.at_once = at_once,.n_keep = n_keep };
  GstBuffer *last = NULL;
  GThread *thread;
  gboolean ok;

  consumer.gain = pow (10, gain_db / 20);
  g_queue_init (&consumer.kept);
  /* Start the pipeline before the thread: an appsink that has not started
   * returns NULL at once. */
  ok = player_start (pipeline);
  if (ok) {
    consumer.sink =
        GST_APP_SINK (gst_bin_get_by_name (GST_BIN (pipeline), "sink"));
    thread = g_thread_new ("consumer", consume, &consumer);
    ok = player_wait (pipeline);
    last = g_thread_join (thread);
    gst_object_unref (consumer.sink);
  }
  gst_object_unref (pipeline);
  /* appsink is gone and has released the last batch */
  if (ok && last)
    take_over (&consumer, last);
  else if (last)
    gst_buffer_unref (last);
  ok = ok && print_result (&consumer, batch);
  g_queue_clear_full (&consumer.kept, (GDestroyNotify) kept_free);
  return ok;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *recording = g_strdup (DEFAULT_RECORDING);
  GstElement *pipeline;

  if (!player_parse_options (argc, argv, "RECORDING",
          "Pulls batches from appsink in a thread of its own, changes each "
          "where it lies,\nand keeps the last ones.", entries, &recording))
    return PLAYER_WRONG_USAGE;
  if (n_keep < 0 || !isfinite (gain_db)) {
    g_printerr ("--keep is 0 or more, --gain a number of decibels.\n");
    return PLAYER_WRONG_USAGE;
  }
  pipeline = player_open (recording, PIPELINE);
  if (!pipeline)
    return PLAYER_FAILED;
  g_print ("recording    %s\n", recording);
  return run (pipeline) ? EXIT_SUCCESS : PLAYER_FAILED;
}
