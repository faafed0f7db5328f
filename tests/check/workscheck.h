/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks that an element still produces correct batches after a stress test. */
#pragma once

#include "sourcecheck.h"

#define LONG (30 * G_TIME_SPAN_SECOND)
#define IS_SOURCE (__i__ % 2 == 1)

static const GstState states[] = {
  GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING
};

#define N_STATES G_N_ELEMENTS (states)

/* Checks correct batches from a filter. It must be in NULL. */
static inline void
assert_works (GstElement * element)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  Audio *audio = audio_new_ramp (&info, 1000);
  GstHarness *h = gst_harness_new_with_element (element, "sink", "src");
  GstBuffer *batch;
  guint i;

  g_object_set (element, "samples-per-batch", 100, NULL);
  harness_set_info (h, &info);
  for (i = 0; i < 1000; i += 50) {
    GstBuffer *chunk = audio_chunk (audio, i, 50);

    GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (i, GST_SECOND, RATE);
    fail_unless_equals_int (gst_harness_push (h, chunk), GST_FLOW_OK);
  }
  for (i = 0; i < 1000; i += 100) {
    batch = gst_harness_pull (h);
    assert_batch_exclusive (batch);
    assert_batch_data (batch, audio, i);
    assert_batch_time (batch, i, 100, RATE, 0);
    gst_buffer_unref (batch);
  }
  audio_free (audio);
  gst_harness_teardown (h);
}

/* Checks times from a source, and that its wave is not silence. */
static inline void
assert_source_works (GstElement * element)
{
  GstHarness *h = gst_harness_new_with_element (element, NULL, "src");
  GstBuffer *batch;
  guint i;

  g_object_set (element, "samples-per-batch", 100, NULL);
  gst_harness_play (h);
  for (i = 0; i < 1000; i += 100) {
    batch = gst_harness_pull (h);
    assert_batch_time (batch, i, 100, RATE, 0);
    fail_unless_equals_uint64 (gst_buffer_get_size (batch), 400);
    fail_if (gst_buffer_memcmp (batch, 4, "\0\0\0\0", 4) == 0);
    gst_buffer_unref (batch);
  }
  gst_harness_teardown (h);
}

/* Sets @element to NULL, checks it and drops the reference. */
static inline void
check_and_free (GstElement * element, gboolean is_source)
{
  gst_element_set_state (element, GST_STATE_NULL);
  if (is_source)
    assert_source_works (element);
  else
    assert_works (element);
  gst_object_unref (element);
}

/* Even tests are for the filter, odd tests for the source. */
static inline GstElement *
make (guint i)
{
  return gst_object_ref_sink (gst_element_factory_make (i % 2 == 0
          ? "audiobatch" : "audiobatchsrc", NULL));
}
