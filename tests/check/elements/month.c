/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A month of audio through audiobatch, by sample count. AUDIOBATCH_MONTH_HOURS
 * makes it shorter for slow builds. */

#include "../batchcheck.h"

#define HOURS (30 * 24)

GST_START_TEST
    (test_thirty_days_of_thirtieths_of_a_second_end_to_the_nanosecond) {
  const gchar *wish = g_getenv ("AUDIOBATCH_MONTH_HOURS");
  const guint64 hours = wish ? g_ascii_strtoull (wish, NULL, 10) : HOURS;
  const guint64 batches = hours * 3600 * 30;
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_U8, 44100, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  GstBuffer *chunk, *batch;
  guint64 k, last;

  fail_unless (hours > 0, "AUDIOBATCH_MONTH_HOURS is %s", wish);
  g_object_set (h->element, "output-buffer-duration-fraction", 1, 30,
      "report-interval", 0, NULL);
  harness_set_info (h, &info);
  gst_harness_set_drop_buffers (h, TRUE);
  chunk = gst_buffer_new_allocate (NULL, 1470, NULL);
  for (k = 0; k < batches - 1; k++) {
    if (gst_harness_push (h, gst_buffer_ref (chunk)) != GST_FLOW_OK)
      break;
  }
  fail_unless_equals_uint64 (k, batches - 1);
  gst_harness_set_drop_buffers (h, FALSE);
  gst_harness_push (h, chunk);
  batch = gst_harness_pull (h);
  last = gst_util_uint64_scale (batches - 1, GST_SECOND, 30);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), last);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (batch), 1470 * batches);
  gst_buffer_unref (batch);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
month_suite (void)
{
  Suite *s = suite_create ("month");
  TCase *tc = tcase_create ("time");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 600);
  tcase_add_test (tc,
      test_thirty_days_of_thirtieths_of_a_second_end_to_the_nanosecond);
  return s;
}

GST_CHECK_MAIN (month);
