/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "player.h"

#include <string.h>

#include <gst/pbutils/pbutils.h>

#define DECODER \
    "uridecodebin name=decoder caps=audio/x-raw expose-all-streams=false ! "

/* How the main loop ended. */
typedef struct
{
  GMainLoop *loop;
  gboolean ok;
} Ending;

gboolean
player_parse_options (int argc, char **argv, const gchar * name,
    const gchar * summary, const GOptionEntry * entries, gchar ** value)
{
  g_autofree gchar *parameter = g_strdup_printf ("[%s]", name);
  g_autoptr (GOptionContext) options = g_option_context_new (parameter);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (options, summary);
  g_option_context_set_description (options, "Exit status: 0 when all went "
      "well, 1 when something is missing or the stream\nended with an error, "
      "2 for a wrong command line.");
  if (entries)
    g_option_context_add_main_entries (options, entries, NULL);
  g_option_context_add_group (options, gst_init_get_option_group ());
  if (!g_option_context_parse (options, &argc, &argv, &error)) {
    g_printerr ("%s (--help lists the options)\n", error->message);
    return FALSE;
  }
  if (argc > 2) {
    g_printerr ("One %s at a time, please: %s is one too many.\n", name,
        argv[2]);
    return FALSE;
  }
  if (argc == 2) {
    g_free (*value);
    *value = g_strdup (argv[1]);
  }
  return TRUE;
}

static void
say_how_to_get (const gchar * element)
{
  if (g_str_has_prefix (element, "audiobatch"))
    g_printerr ("GStreamer finds no element \"%s\": run this within meson "
        "devenv -C build, or install it with meson install -C build.\n",
        element);
  else
    g_printerr ("GStreamer finds no element \"%s\": install "
        "gstreamer1.0-plugins-base and gstreamer1.0-plugins-good.\n", element);
}

GstElement *
player_launch (const gchar * line)
{
  g_autoptr (GstParseContext) context = gst_parse_context_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) missing = NULL;
  GstElement *pipeline = gst_parse_launch_full (line, context,
      GST_PARSE_FLAG_FATAL_ERRORS, &error);
  gchar **element;

  if (pipeline)
    /* turn the floating reference into one of our own */
    return gst_object_ref_sink (pipeline);
  missing = gst_parse_context_get_missing_elements (context);
  for (element = missing; element && *element; element++)
    say_how_to_get (*element);
  if (!missing)
    g_printerr ("%s\n", error->message);
  return NULL;
}

GstElement *
player_open (const gchar * recording, const gchar * rest)
{
  g_autofree gchar *line = g_strconcat (DECODER, rest, NULL);
  g_autofree gchar *uri = NULL;
  g_autoptr (GstElement) decoder = NULL;
  g_autoptr (GError) error = NULL;
  GstElement *pipeline;

  if (!g_file_test (recording, G_FILE_TEST_IS_REGULAR)) {
    g_printerr ("There is no recording %s.%s\n", recording,
        g_str_has_prefix (recording, PLAYER_SOUNDS)
        ? " Install sound-theme-freedesktop, or name one of your own." : "");
    return NULL;
  }
  uri = gst_filename_to_uri (recording, &error);
  if (!uri) {
    g_printerr ("%s\n", error->message);
    return NULL;
  }
  pipeline = player_launch (line);
  if (pipeline) {
    decoder = gst_bin_get_by_name (GST_BIN (pipeline), "decoder");
    g_object_set (decoder, "uri", uri, NULL);
  }
  return pipeline;
}

/* If a decoder is missing, uridecodebin posts this message before the error. */
static void
print_missing (GstBus * bus, GstMessage * message, gpointer data)
{
  if (gst_is_missing_plugin_message (message)) {
    g_autofree gchar *what =
        gst_missing_plugin_message_get_description (message);

    g_printerr ("There is no %s: install gstreamer1.0-plugins-base and "
        "gstreamer1.0-plugins-good, for rarer formats gstreamer1.0-libav.\n",
        what);
  }
}

/* Adds the last line of the debug text: the message may say only that the
 * stream has stopped, and that line says why. */
static void
print_error (GstMessage * message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  const gchar *why;

  gst_message_parse_error (message, &error, &debug);
  why = debug ? strrchr (debug, '\n') : NULL;
  g_printerr ("%s: %s%s%s%s\n", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)),
      error->message, why ? " (" : "", why ? why + 1 : "", why ? ")" : "");
}

gboolean
player_start (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  if (gst_element_set_state (pipeline, GST_STATE_PLAYING)
      != GST_STATE_CHANGE_FAILURE)
    return TRUE;
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (message)
    print_error (message);
  else
    g_printerr ("The pipeline does not start.\n");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return FALSE;
}

static void
end_with_error (GstBus * bus, GstMessage * message, Ending * ending)
{
  print_error (message);
  g_main_loop_quit (ending->loop);
}

static void
end_with_success (GstBus * bus, GstMessage * message, Ending * ending)
{
  ending->ok = TRUE;
  g_main_loop_quit (ending->loop);
}

gboolean
player_wait (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Ending ending = { loop, FALSE };

  /* a signal watch, because the example may also listen for messages */
  gst_bus_add_signal_watch (bus);
  g_signal_connect (bus, "message::error", G_CALLBACK (end_with_error),
      &ending);
  g_signal_connect (bus, "message::eos", G_CALLBACK (end_with_success),
      &ending);
  g_signal_connect (bus, "message::element", G_CALLBACK (print_missing), NULL);
  g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (bus, &ending);
  gst_bus_remove_signal_watch (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return ending.ok;
}

guint64
player_counter (GstElement * element, const gchar * name)
{
  guint64 value = 0;

  g_object_get (element, name, &value, NULL);
  return value;
}
