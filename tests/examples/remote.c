/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A consumer of the batches of another process, which sends them with shmsink or
 * unixfdsink. Reads each one where it lies and prints its peak. */

#include <math.h>
#include <stdlib.h>

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>

#include "player.h"

/* max-buffers: what waits in appsink is outstanding in the other process. */
#define SINK "appsink name=sink sync=false max-buffers=8 " \
    "enable-last-sample=false"

static gchar *caps;
static gint n_batches = 10;

static const GOptionEntry entries[] = {
  {"caps", 'c', 0, G_OPTION_ARG_STRING, &caps,
      "Read from shmsink, which does not tell the format; it is F32", "CAPS"},
  {"batches", 'n', 0, G_OPTION_ARG_INT, &n_batches,
      "End after N batches (10; 0: at the end of the stream)", "N"},
  {NULL, 0, 0, 0, NULL, NULL, NULL}
};

/* Prints the samples and the peak of a batch. Its memory can't be written to:
 * the other process owns it. */
static gboolean
print_batch (guint number, GstSample * sample)
{
  GstBuffer *batch = gst_sample_get_buffer (sample);
  GstAudioInfo info;
  GstAudioBuffer audio;
  gfloat peak = 0;
  gsize i;

  if (!gst_audio_info_from_caps (&info, gst_sample_get_caps (sample))
      || GST_AUDIO_INFO_FORMAT (&info) != GST_AUDIO_FORMAT_F32
      || !gst_audio_buffer_map (&audio, &info, batch, GST_MAP_READ))
    return FALSE;
  for (i = 0; i < audio.n_samples * (gsize) info.channels; i++)
    peak = MAX (peak, fabsf (((gfloat *) audio.planes[0])[i]));
  g_print ("batch %3u   %" G_GSIZE_FORMAT " samples, peak %.3f\n", number,
      audio.n_samples, peak);
  gst_audio_buffer_unmap (&audio);
  return TRUE;
}

static gboolean
print_batches (GstElement * pipeline)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstSample *sample;
  gboolean ok = TRUE;
  guint number = 0;

  while (ok && (n_batches == 0 || number < (guint) n_batches)
      && (sample = gst_app_sink_pull_sample (GST_APP_SINK (sink)))) {
    ok = print_batch (number++, sample);
    gst_sample_unref (sample);
  }
  if (!ok)
    g_printerr ("Batches have to be F32, with all channels in one plane.\n");
  return ok && number > 0;
}

int
main (int argc, char **argv)
{
  gchar *socket = NULL, *source;
  GstElement *pipeline;
  gboolean ok;

  if (!player_parse_options (argc, argv, "SOCKET",
          "Prints the batches that another process sends.", entries, &socket)
      || socket == NULL)
    return PLAYER_WRONG_USAGE;
  source = caps ? g_strdup_printf ("shmsrc socket-path=%s ! %s ! " SINK,
      socket, caps) : g_strdup_printf ("unixfdsrc socket-path=%s ! " SINK,
      socket);
  pipeline = player_launch (source);
  g_free (source);
  g_free (socket);
  if (pipeline == NULL)
    return PLAYER_FAILED;
  ok = player_start (pipeline) && print_batches (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return ok ? EXIT_SUCCESS : PLAYER_FAILED;
}
