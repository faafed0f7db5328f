/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An application with the plugin linked in. Runs both elements; neither is
 * loaded from a file. */

#include <gst/gst.h>

GST_PLUGIN_STATIC_DECLARE (audiobatch);

#define BATCHES 10

static guint64
counted (GstElement * pipeline, const gchar * name)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (pipeline), name);
  guint64 batches = 0;

  g_object_get (element, "batches", &batches, NULL);
  return batches;
}

static gboolean
is_linked_in (void)
{
  g_autoptr (GstPlugin) plugin =
      gst_registry_find_plugin (gst_registry_get (), "audiobatch");

  return plugin && gst_plugin_get_filename (plugin) == NULL;
}

static gboolean
play (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
}

int
main (int argc, char **argv)
{
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  gst_init (&argc, &argv);
  GST_PLUGIN_STATIC_REGISTER (audiobatch);
  pipeline = gst_parse_launch ("audiobatchsrc name=source num-buffers="
      G_STRINGIFY (BATCHES) " ! audiobatch name=filter samples-per-batch=512 ! "
      "fakesink", &error);
  if (error)
    g_error ("%s", error->message);
  if (!is_linked_in ())
    g_error ("the plugin comes from a file");
  if (!play (pipeline))
    g_error ("the stream did not end");
  g_print ("%" G_GUINT64_FORMAT " batches, %" G_GUINT64_FORMAT " batches\n",
      counted (pipeline, "source"), counted (pipeline, "filter"));
  return 0;
}
