/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds or parses the pipelines to measure. */

#include "launchline.h"

#include "profileerror.h"

/* Batches in the queue. Enough that the threads don't wait for each other at
 * every batch; few enough that a batch is still in the cache. */
#define QUEUED 4

gchar *
launch_line_build (const LaunchLineFigures * figures)
{
  g_autofree gchar *queue = figures->same_thread ? g_strdup ("") :
      g_strdup_printf ("queue max-size-buffers=%d max-size-bytes=0 "
      "max-size-time=0 ! ", QUEUED);

  /* The source writes silence like any wave, but in the least time, so nearly
   * all of the cost is that of the batches. */
  return g_strdup_printf ("audiobatchsrc wave=silence num-buffers=%u "
      "samples-per-batch=%u ! audio/x-raw,format=%s,rate=%u,channels=%u ! "
      "%sfakesink name=" LAUNCH_LINE_CONSUMER
      " sync=false enable-last-sample=false", figures->batches,
      figures->samples, figures->format, figures->rate, figures->channels,
      queue);
}

static gboolean
is_batcher (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = factory ? GST_OBJECT_NAME (factory) : NULL;

  return g_strcmp0 (name, "audiobatch") == 0
      || g_strcmp0 (name, "audiobatchsrc") == 0;
}

static gboolean
have_plugin (GError ** error)
{
  g_autoptr (GstElementFactory) source =
      gst_element_factory_find ("audiobatchsrc");
  g_autoptr (GstElementFactory) filter =
      gst_element_factory_find ("audiobatch");

  if (source && filter)
    return TRUE;
  g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_USAGE,
      "GStreamer does not find the elements audiobatch and audiobatchsrc. "
      "Set GST_PLUGIN_PATH_1_0 to the folder that holds libgstaudiobatch.so, "
      "in a build the folder gst/audiobatch, or install the plugin.");
  return FALSE;
}

GstElement *
launch_line_parse (const gchar * const *words, GError ** error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (GstElement) parsed = NULL;
  GstElement *pipeline;

  if (!have_plugin (error))
    return NULL;
  if (words[1])
    parsed = gst_parse_launchv_full ((const gchar **) words, NULL,
        GST_PARSE_FLAG_FATAL_ERRORS, &why);
  else
    parsed = gst_parse_launch_full (words[0], NULL,
        GST_PARSE_FLAG_FATAL_ERRORS, &why);
  if (!parsed || why) {
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_USAGE,
        "the launch line is not a pipeline: %s", why ? why->message : "empty");
    return NULL;
  }
  gst_object_ref_sink (parsed);
  if (GST_IS_PIPELINE (parsed))
    return g_steal_pointer (&parsed);
  /* a line of one element */
  pipeline = gst_pipeline_new (NULL);
  gst_bin_add (GST_BIN (pipeline), parsed);
  return gst_object_ref_sink (pipeline);
}

static void
collect (const GValue * item, gpointer batchers)
{
  GstElement *element = g_value_get_object (item);

  if (is_batcher (element))
    g_ptr_array_add (batchers, gst_object_ref (element));
}

GPtrArray *
launch_line_batchers (GstElement * pipeline, GError ** error)
{
  g_autoptr (GPtrArray) batchers =
      g_ptr_array_new_with_free_func (gst_object_unref);
  g_autoptr (GstIterator) all = gst_bin_iterate_recurse (GST_BIN (pipeline));

  gst_iterator_foreach (all, collect, batchers);
  if (batchers->len > 0)
    return g_steal_pointer (&batchers);
  g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_USAGE,
      "there is no audiobatch or audiobatchsrc in the launch line, so there "
      "are no batches to measure");
  return NULL;
}
