/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* audiobatch makes the same batches as audiobuffersplit, sample by sample. */

#include "../batchcheck.h"

#define SAMPLES 5000

static const gint channel_counts[] = { 1, 2, 6 };
static const guint chunk_sizes[] = { 1, 128, 441, 480, 1023, 1024, 4999 };

static GstHarness *
start_peer (void)
{
  GstHarness *h = gst_harness_new ("audiobuffersplit");

  g_object_set (h->element, "output-buffer-duration", DEFAULT_BATCH, 48000,
      NULL);
  return h;
}

static void
push_all (GstHarness * h, const Audio * audio, guint chunk)
{
  guint start;

  harness_set_info (h, &audio->info);
  for (start = 0; start < audio->n_samples; start += chunk) {
    GstBuffer *buffer =
        audio_chunk (audio, start, MIN (chunk, audio->n_samples - start));

    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (start, GST_SECOND, 48000);
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  }
  gst_harness_push_event (h, gst_event_new_eos ());
}

static void
compare (GstBuffer * ours, GstBuffer * theirs, guint number)
{
  GstMapInfo map;

  fail_unless (ours && theirs, "batch %u: only %s came", number,
      ours ? "ours" : "theirs");
  gst_buffer_map (theirs, &map, GST_MAP_READ);
  fail_unless_equals_uint64 (gst_buffer_get_size (ours), map.size);
  fail_unless (gst_buffer_memcmp (ours, 0, map.data, map.size) == 0,
      "the samples of batch %u differ", number);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (ours), GST_BUFFER_PTS (theirs));
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (ours),
      GST_BUFFER_DURATION (theirs));
  fail_unless_equals_int (GST_BUFFER_IS_DISCONT (ours),
      GST_BUFFER_IS_DISCONT (theirs));
  gst_buffer_unmap (theirs, &map);
}

static void
compare_stream (const GstAudioInfo * info, guint chunk)
{
  GstHarness *ours = gst_harness_new ("audiobatch");
  GstHarness *theirs = start_peer ();
  Audio *audio = audio_new_ramp (info, SAMPLES);
  guint number = 0;

  push_all (ours, audio, chunk);
  push_all (theirs, audio, chunk);
  while (gst_harness_buffers_in_queue (ours) > 0
      || gst_harness_buffers_in_queue (theirs) > 0) {
    GstBuffer *a = gst_harness_try_pull (ours);
    GstBuffer *b = gst_harness_try_pull (theirs);

    compare (a, b, number++);
    gst_buffer_unref (a);
    gst_buffer_unref (b);
  }
  fail_unless_equals_int (number, (SAMPLES + DEFAULT_BATCH - 1)
      / DEFAULT_BATCH);
  audio_free (audio);
  gst_harness_teardown (ours);
  gst_harness_teardown (theirs);
}

GST_START_TEST (test_samples_and_times_are_those_of_audiobuffersplit)
{
  guint n_formats, i, c;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (c = 0; c < G_N_ELEMENTS (channel_counts); c++) {
      GstAudioInfo info =
          audio_info (formats[i], 48000, channel_counts[c], FALSE);

      compare_stream (&info, chunk_sizes[__i__]);
    }
  }
}

GST_END_TEST;

static gboolean
have_peer (void)
{
  GstElementFactory *factory = gst_element_factory_find ("audiobuffersplit");

  if (factory == NULL)
    return FALSE;
  gst_object_unref (factory);
  return TRUE;
}

static Suite *
peer_suite (void)
{
  Suite *s = suite_create ("peer");
  TCase *tc = tcase_create ("audiobuffersplit");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc,
      test_samples_and_times_are_those_of_audiobuffersplit, 0,
      G_N_ELEMENTS (chunk_sizes));
  return s;
}

/* 77 tells meson that the test was skipped */
int
main (int argc, char **argv)
{
  gst_check_init (&argc, &argv);
  if (!have_peer ()) {
    g_print ("skipped: audiobuffersplit is not installed "
        "(gstreamer1.0-plugins-bad)\n");
    return 77;
  }
  return gst_check_run_suite (peer_suite (), "peer", __FILE__);
}
