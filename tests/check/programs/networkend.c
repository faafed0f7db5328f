/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One end of a network, for network.py: runs a launch line like gst-launch-1.0,
 * with known samples, and records the buffers in FILE.
 *
 * Each buffer is a line: where it was seen ("sent": after audiobatchsrc,
 * "payload": after a payloader, "chunk": after a depayloader, "batch": at the
 * sink), then size, PTS, duration, OFFSET, OFFSET_END, flags, refcount, number
 * of memories, refcount of the first memory, whether that is a part of another
 * memory, and whether the buffer can be written to without a copy. The numbers
 * are those in the struct. FILE.data gets the data that reaches the sink. The
 * last line of a sender is "source", the peak of outstanding batches, and the
 * number of dropped batches. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <gst/gst.h>

#define SECONDS 60
/* Every so many batches one has GST_BUFFER_FLAG_GAP, for the receiver. */
#define GAP_EVERY 7

typedef struct
{
  gint64 batches;
  gint64 until;
  gint64 drop_every;
  gint64 until_dropped;
  gchar *record;
  GstElement *pipeline;
  GstElement *source;
  GMainLoop *loop;
  FILE *lines;
  FILE *data;
  gboolean ok;
  /* each is used by one streaming thread */
  gint64 filled;
  gint64 packets;
  gint64 received;
} End;

/* The byte at @position. The odd step avoids a period that divides the size of
 * a sample, a packet or a batch. */
static guint8
ramp_byte (guint64 position)
{
  return (guint32) ((position + 1) * 0x9e3779b1u) >> 24;
}

static GstBuffer *
fill_batch (GstElement * source, guint64 start, guint n_samples, End * end)
{
  GstBuffer *batch = NULL;
  GstMapInfo map;
  gsize i;

  if (end->batches > 0 && end->filled == end->batches) {
    g_signal_emit_by_name (source, "end-of-stream");
    return NULL;
  }
  g_signal_emit_by_name (source, "new-batch", &batch);
  if (!gst_buffer_map (batch, &map, GST_MAP_WRITE)) {
    gst_buffer_unref (batch);
    return NULL;
  }
  for (i = 0; i < map.size; i++)
    map.data[i] = ramp_byte (end->filled * map.size + i);
  gst_buffer_unmap (batch, &map);
  if (end->filled % GAP_EVERY == GAP_EVERY - 1)
    GST_BUFFER_FLAG_SET (batch, GST_BUFFER_FLAG_GAP);
  end->filled++;
  return batch;
}

static void
record (End * end, const gchar * where, GstBuffer * buffer)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);

  fprintf (end->lines, "%s %" G_GSIZE_FORMAT " %" G_GUINT64_FORMAT
      " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
      " %u %d %u %d %d %d\n", where, gst_buffer_get_size (buffer),
      GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer),
      GST_BUFFER_OFFSET (buffer), GST_BUFFER_OFFSET_END (buffer),
      GST_BUFFER_FLAGS (buffer), GST_MINI_OBJECT_REFCOUNT_VALUE (buffer),
      gst_buffer_n_memory (buffer), GST_MINI_OBJECT_REFCOUNT_VALUE (memory),
      memory->parent != NULL, gst_buffer_is_writable (buffer)
      && gst_buffer_is_all_memory_writable (buffer));
}

static GstPadProbeReturn
note_sent (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  record (user_data, "sent", GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
note_payload (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  End *end = user_data;

  end->packets++;
  if (end->drop_every > 0 && end->packets % end->drop_every == 0)
    return GST_PAD_PROBE_DROP;
  record (end, "payload", GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

/* Main thread: sends EOS, which follows the buffers that are under way. */
static gboolean
finish (gpointer user_data)
{
  End *end = user_data;

  gst_element_send_event (end->pipeline, gst_event_new_eos ());
  return G_SOURCE_CONTINUE;
}

static gboolean
finish_once (gpointer user_data)
{
  finish (user_data);
  return G_SOURCE_REMOVE;
}

static GstPadProbeReturn
note_chunk (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  End *end = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  gint64 before = end->received;

  record (end, "chunk", buffer);
  end->received += gst_buffer_get_size (buffer);
  if (before < end->until && end->received >= end->until)
    g_idle_add (finish_once, end);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
note_batch (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  End *end = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstMapInfo map;

  record (end, "batch", buffer);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_PAD_PROBE_DROP;
  fwrite (map.data, 1, map.size, end->data);
  gst_buffer_unmap (buffer, &map);
  return GST_PAD_PROBE_OK;
}

static void
watch (GstElement * element, const gchar * name, GstPadProbeCallback callback,
    End * end)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, end, NULL);
  gst_object_unref (pad);
}

static void
prepare (const GValue * item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);
  const gchar *name = GST_OBJECT_NAME (gst_element_get_factory (element));

  if (g_str_equal (name, "audiobatchsrc")) {
    g_signal_connect (element, "fill-batch", G_CALLBACK (fill_batch),
        user_data);
    watch (element, "src", note_sent, user_data);
    ((End *) user_data)->source = element;
  } else if (g_str_has_suffix (name, "depay"))
    watch (element, "src", note_chunk, user_data);
  else if (g_str_has_suffix (name, "pay"))
    watch (element, "src", note_payload, user_data);
  else if (g_str_equal (name, "fakesink"))
    watch (element, "sink", note_batch, user_data);
}

static gboolean
on_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  End *end = user_data;
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s: %s\n", GST_MESSAGE_SRC_NAME (message), error->message);
    g_main_loop_quit (end->loop);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    end->ok = TRUE;
    g_main_loop_quit (end->loop);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
look_for_drops (gpointer user_data)
{
  End *end = user_data;
  guint64 dropped;

  g_object_get (end->source, "dropped-batches", &dropped, NULL);
  if ((gint64) dropped < end->until_dropped)
    return G_SOURCE_CONTINUE;
  end->ok = TRUE;
  g_main_loop_quit (end->loop);
  return G_SOURCE_REMOVE;
}

static void
record_source (End * end)
{
  guint64 peak, dropped;

  g_object_get (end->source, "peak-outstanding-batches", &peak,
      "dropped-batches", &dropped, NULL);
  fprintf (end->lines, "source %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
      peak, dropped);
}

static gboolean
give_up (gpointer user_data)
{
  End *end = user_data;

  g_printerr ("no end within %d s: %" G_GINT64_FORMAT " bytes received\n",
      SECONDS, end->received);
  g_main_loop_quit (end->loop);
  return G_SOURCE_REMOVE;
}

static void
run (End * end)
{
  g_autofree gchar *data = g_strconcat (end->record, ".data", NULL);
  GstIterator *elements = gst_bin_iterate_recurse (GST_BIN (end->pipeline));
  GstBus *bus = gst_element_get_bus (end->pipeline);

  end->lines = fopen (end->record, "w");
  end->data = fopen (data, "w");
  if (!end->lines || !end->data)
    g_error ("can't write to %s", end->record);
  end->loop = g_main_loop_new (NULL, FALSE);
  gst_iterator_foreach (elements, prepare, end);
  gst_iterator_free (elements);
  gst_bus_add_watch (bus, on_message, end);
  g_unix_signal_add (SIGINT, finish, end);
  g_timeout_add_seconds (SECONDS, give_up, end);
  if (end->until_dropped > 0)
    g_timeout_add (20, look_for_drops, end);
  gst_element_set_state (end->pipeline, GST_STATE_PLAYING);
  g_main_loop_run (end->loop);
  gst_element_set_state (end->pipeline, GST_STATE_NULL);
  if (end->source)
    record_source (end);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  g_main_loop_unref (end->loop);
  fclose (end->lines);
  fclose (end->data);
}

int
main (int argc, char **argv)
{
  End end = { 0 };
  gboolean ignored;
  GOptionEntry entries[] = {
    {"record", 0, 0, G_OPTION_ARG_FILENAME, &end.record,
        "Record the buffers in FILE", "FILE"},
    {"batches", 0, 0, G_OPTION_ARG_INT64, &end.batches,
        "Batches to send (0: until SIGINT)", "N"},
    {"drop-every", 0, 0, G_OPTION_ARG_INT64, &end.drop_every,
        "Lose each N-th packet (0: none)", "N"},
    {"until-dropped", 0, 0, G_OPTION_ARG_INT64, &end.until_dropped,
        "End when audiobatchsrc has dropped N batches", "N"},
    {"until", 0, 0, G_OPTION_ARG_INT64, &end.until,
        "End when BYTES were received (0: at SIGINT)", "BYTES"},
    {"eos-on-shutdown", 'e', 0, G_OPTION_ARG_NONE, &ignored,
        "Does nothing: always on", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &ignored, "Does nothing", NULL},
    {NULL, 0, 0, 0, NULL, NULL, NULL}
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("PIPELINE");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  g_option_context_add_group (options, gst_init_get_option_group ());
  if (!g_option_context_parse (options, &argc, &argv, &error)
      || !end.record || !(end.pipeline =
          gst_parse_launchv ((const gchar **) argv + 1, &error))) {
    g_printerr ("%s\n", error ? error->message : "--record is missing");
    return EXIT_FAILURE;
  }
  run (&end);
  gst_object_unref (end.pipeline);
  g_free (end.record);
  return end.ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
