/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The promises of audiobatchsrc, tested only through its factory name and
 * properties. */

#include "../sourcecheck.h"

/* how long one window takes at least */
#define SLOW_US 50000

static GstHarness *
source_with_caps (const GstAudioInfo * info, GstBus ** bus)
{
  GstHarness *h = harness_with_bus ("audiobatchsrc", bus);

  if (info)
    gst_harness_set_sink_caps (h, gst_audio_info_to_caps (info));
  return h;
}

/* Returns the negotiated format. */
static GstAudioInfo
current_info (GstHarness * h)
{
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);
  GstAudioInfo info;

  fail_unless (caps != NULL);
  fail_unless (gst_audio_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  return info;
}

static void
wait_for_eos (GstHarness * h)
{
  GstEvent *event;
  gboolean eos;

  do {
    event = gst_harness_pull_event (h);
    fail_unless (event != NULL, "no EOS came");
    eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  } while (!eos);
}

GST_START_TEST (test_left_alone_it_makes_4096_byte_batches_of_mono_f32)
{
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  GstAudioInfo info;
  GstBuffer *batch;

  g_object_set (h->element, "num-buffers", 1, NULL);
  gst_harness_play (h);
  batch = gst_harness_pull (h);
  info = current_info (h);
  fail_unless_equals_string (GST_AUDIO_INFO_NAME (&info),
      gst_audio_format_to_string (GST_AUDIO_FORMAT_F32));
  fail_unless_equals_int (GST_AUDIO_INFO_RATE (&info), 48000);
  fail_unless_equals_int (GST_AUDIO_INFO_CHANNELS (&info), 1);
  fail_unless_equals_int (info.layout, GST_AUDIO_LAYOUT_INTERLEAVED);
  fail_unless_equals_int (gst_buffer_get_size (batch), 4096);
  fail_unless_equals_float (get_stat_double (h->element,
          "nominal-batches-per-second"), 46.875);
  fail_unless_equals_float (get_stat_double (h->element,
          "nominal-bytes-per-second"), 192000);
  fail_unless_equals_uint64 (get_stat (h->element, "bytes-per-batch"), 4096);
  gst_buffer_unref (batch);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static void
check_format (const GstAudioInfo * info)
{
  GstBus *bus;
  GstHarness *h = source_with_caps (info, &bus);
  GstElement *element = gst_object_ref (h->element);
  guint i;

  g_object_set (h->element, "num-buffers", 3, NULL);
  gst_harness_play (h);
  for (i = 0; i < 3; i++) {
    GstBuffer *batch = gst_harness_pull (h);

    fail_unless_equals_uint64 (gst_buffer_get_size (batch),
        DEFAULT_BATCH * info->bpf);
    assert_batch_exclusive (batch);
    assert_batch_time (batch, i * DEFAULT_BATCH, DEFAULT_BATCH,
        GST_AUDIO_INFO_RATE (info), 0);
    if (info_is_planar (info)) {
      GstAudioMeta *meta = gst_buffer_get_audio_meta (batch);

      fail_unless (meta != NULL);
      fail_unless_equals_uint64 (meta->samples, DEFAULT_BATCH);
    }
    gst_buffer_unref (batch);
  }
  wait_for_eos (h);
  assert_lossless (element, 3 * DEFAULT_BATCH, 0);
  fail_unless_equals_uint64 (get_counter (element, "batches"), 3);
  fail_unless_equals_uint64 (get_counter (element, "allocations"), 3);
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  harness_free_with_bus (h, bus);
  gst_object_unref (element);
}

/* Whether GStreamer's pack function writes every byte of a sample. */
static gboolean
is_written_whole (const GstAudioFormatInfo * info)
{
  const gdouble unpacked[4] = { 0.25, 0.5, -0.25, -0.5 };
  guint8 over_0[4 * sizeof (gdouble)] = { 0 }, over_255[sizeof (over_0)];

  memset (over_255, 0xff, sizeof (over_255));
  info->pack_func (info, GST_AUDIO_PACK_FLAG_NONE, unpacked, over_0, 4);
  info->pack_func (info, GST_AUDIO_PACK_FLAG_NONE, unpacked, over_255, 4);
  return memcmp (over_0, over_255, 4 * info->width / 8) == 0;
}

/* Since 1.28 (a42547e97d) GStreamer leaves each fourth byte of S20_32 and
 * U20_32 unwritten. */
GST_START_TEST (test_formats_are_those_that_gstreamer_writes_whole)
{
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);
  guint n_formats, i;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < n_formats; i++) {
    const GstAudioFormatInfo *info = gst_audio_format_get_info (formats[i]);

    fail_unless_equals_int (source_has_format (element, formats[i]),
        is_written_whole (info));
  }
  gst_object_unref (element);
}

GST_END_TEST;

GST_START_TEST (test_every_format_comes_out_exclusive_and_exact)
{
  static const gint channel_counts[] = { 1, 2, 6, 64 };
  guint n_formats, i, planar;
  g_autofree GstAudioFormat *formats = source_formats (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info =
          audio_info (formats[i], 44100, channel_counts[__i__], planar);

      check_format (&info);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_timestamps_come_from_the_count_at_every_rate)
{
  static const gint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000, 88200,
    96000, 192000
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, rates[i], 1, FALSE);
    GstBus *bus;
    GstHarness *h = source_with_caps (&info, &bus);

    g_object_set (h->element, "samples-per-batch", 441, "num-buffers", 50,
        NULL);
    gst_harness_play (h);
    for (k = 0; k < 50; k++) {
      GstBuffer *batch = gst_harness_pull (h);

      assert_batch_time (batch, k * 441, 441, rates[i], 0);
      gst_buffer_unref (batch);
    }
    harness_free_with_bus (h, bus);
  }
}

GST_END_TEST;

GST_START_TEST (test_sine_is_a_sine_of_the_frequency_and_volume_asked_for)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = source_with_caps (&info, &bus);
  guint i, n = 0;

  g_object_set (h->element, "freq", 1000.0, "volume", 0.5, "num-buffers", 4,
      NULL);
  gst_harness_play (h);
  while (n < 4 * DEFAULT_BATCH) {
    GstBuffer *batch = gst_harness_pull (h);
    GstMapInfo map;

    gst_buffer_map (batch, &map, GST_MAP_READ);
    for (i = 0; i < DEFAULT_BATCH; i++, n++) {
      /* like audiotestsrc, which advances the phase before each sample */
      gdouble want = 0.5 * sin (2 * G_PI * 1000 * (n + 1) / 48000);
      gdouble got = ((gdouble *) map.data)[i];

      fail_unless (ABS (got - want) < 1e-9, "sample %u is %.12f, not %.12f", n,
          got, want);
    }
    gst_buffer_unmap (batch, &map);
    gst_buffer_unref (batch);
  }
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_silence_and_volume_0_carry_the_gap_flag_and_no_other_does)
{
  static const struct
  {
    const gchar *wave;
    gdouble volume;
    gboolean gap;
  } cases[] = {
    {"silence", 0.8, TRUE},
    {"sine", 0.0, TRUE},
    {"sine", 0.8, FALSE},
    {"white-noise", 0.8, FALSE},
  };
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  GstBuffer *batch;

  gst_util_set_object_arg (G_OBJECT (h->element), "wave", cases[__i__].wave);
  g_object_set (h->element, "volume", cases[__i__].volume, "num-buffers", 1,
      NULL);
  gst_harness_play (h);
  batch = gst_harness_pull (h);
  fail_unless_equals_int (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP),
      cases[__i__].gap);
  gst_buffer_unref (batch);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_batches_outlive_the_element)
{
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  GstBuffer *batches[5];
  guint i;

  g_object_set (h->element, "num-buffers", 5, NULL);
  gst_harness_play (h);
  for (i = 0; i < 5; i++)
    batches[i] = gst_harness_pull (h);
  harness_free_with_bus (h, bus);
  for (i = 0; i < 5; i++) {
    assert_batch_exclusive (batches[i]);
    gst_buffer_memset (batches[i], 0, 0xff, -1);
    gst_buffer_unref (batches[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_outstanding_batches_come_on_time_with_one_batch_of_latency)
{
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  guint i;

  gst_harness_use_testclock (h);
  g_object_set (h->element, "is-live", TRUE, NULL);
  gst_harness_play (h);
  for (i = 0; i < 5; i++) {
    GstBuffer *batch;

    fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 10));
    fail_unless (gst_harness_crank_single_clock_wait (h));
    batch = gst_harness_pull (h);
    assert_batch_time (batch, i * DEFAULT_BATCH, DEFAULT_BATCH, 48000, 0);
    gst_buffer_unref (batch);
  }
  fail_unless_equals_uint64 (gst_harness_query_latency (h), 21333333);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_reports_every_interval_and_at_the_end)
{
  static const guint64 expected[] = { 10, 20, 25 };
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  guint i;

  g_object_set (h->element, "report-interval", 10, "num-buffers", 25, NULL);
  gst_harness_play (h);
  for (i = 0; i < G_N_ELEMENTS (expected); i++) {
    GstMessage *message = expect_message (bus, GST_MESSAGE_ELEMENT);
    const GstStructure *report = gst_message_get_structure (message);
    guint64 batches = 0;

    fail_unless (gst_structure_has_name (report, "audiobatch-report"));
    gst_structure_get_uint64 (report, "batches", &batches);
    fail_unless_equals_uint64 (batches, expected[i]);
    gst_message_unref (message);
  }
  wait_for_eos (h);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* Makes the 15th batch take its time. */
static GstPadProbeReturn
slow_down (GstPad * pad, GstPadProbeInfo * info, gpointer unused)
{
  if (GST_BUFFER_OFFSET (GST_PAD_PROBE_INFO_BUFFER (info)) == 14 * 1024)
    g_usleep (SLOW_US);
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_the_report_at_the_end_has_a_rate_of_its_own)
{
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  gdouble rates[2] = { 0, 0 };
  guint i;

  g_object_set (h->element, "report-interval", 10, "num-buffers", 20, NULL);
  gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER, slow_down, NULL,
      NULL);
  gst_harness_play (h);
  for (i = 0; i < 2; i++) {
    GstMessage *message = expect_message (bus, GST_MESSAGE_ELEMENT);

    gst_structure_get_double (gst_message_get_structure (message),
        "allocation-rate", &rates[i]);
    gst_message_unref (message);
  }
  wait_for_eos (h);
  fail_unless (rates[0] > 0 && rates[1] > 0);
  fail_unless (rates[1] <= 10.0 * G_USEC_PER_SEC / SLOW_US,
      "10 batches took %u " "us or more, so %f a second are too many", SLOW_US,
      rates[1]);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_an_end_that_the_application_makes_is_reported_once)
{
  GstBus *bus;
  GstHarness *h = source_with_caps (NULL, &bus);
  GstMessage *message;
  guint64 batches = 0;

  g_object_set (h->element, "is-live", TRUE, NULL);
  gst_harness_use_testclock (h);
  gst_harness_play (h);
  fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 10));
  fail_unless (gst_harness_crank_single_clock_wait (h));
  gst_buffer_unref (gst_harness_pull (h));
  /* await the clock wait: GstBaseSrc can't end one that is about to begin */
  fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 10));
  fail_unless (gst_element_send_event (h->element, gst_event_new_eos ()));
  wait_for_eos (h);
  gst_element_set_state (h->element, GST_STATE_READY);
  message = expect_message (bus, GST_MESSAGE_ELEMENT);
  gst_structure_get_uint64 (gst_message_get_structure (message), "batches",
      &batches);
  fail_unless_equals_uint64 (batches, get_counter (h->element, "batches"));
  gst_message_unref (message);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_refused_memory_is_an_error_with_the_size)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, 48000, 64, FALSE);
  GstBus *bus;
  GstHarness *h = source_with_caps (&info, &bus);

  g_object_set (h->element, "samples-per-batch", G_MAXINT, NULL);
  gst_harness_play (h);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "2147483647 samples of 512 bytes (1099511627264 bytes)");
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static Suite *
audiobatchsrc_suite (void)
{
  Suite *s = suite_create ("audiobatchsrc");
  TCase *tc = tcase_create ("promises");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_test (tc, test_left_alone_it_makes_4096_byte_batches_of_mono_f32);
  tcase_add_test (tc, test_formats_are_those_that_gstreamer_writes_whole);
  tcase_add_test (tc, test_formats_are_those_that_gstreamer_writes_whole);
  tcase_add_loop_test (tc, test_every_format_comes_out_exclusive_and_exact, 0,
      4);
  tcase_add_test (tc, test_timestamps_come_from_the_count_at_every_rate);
  tcase_add_test (tc,
      test_sine_is_a_sine_of_the_frequency_and_volume_asked_for);
  tcase_add_loop_test (tc,
      test_silence_and_volume_0_carry_the_gap_flag_and_no_other_does, 0, 4);
  tcase_add_test (tc, test_batches_outlive_the_element);
  tcase_add_test (tc,
      test_outstanding_batches_come_on_time_with_one_batch_of_latency);
  tcase_add_test (tc, test_reports_every_interval_and_at_the_end);
  tcase_add_test (tc, test_the_report_at_the_end_has_a_rate_of_its_own);
  tcase_add_test (tc, test_an_end_that_the_application_makes_is_reported_once);
  tcase_add_test (tc, test_refused_memory_is_an_error_with_the_size);
  return s;
}

GST_CHECK_MAIN (audiobatchsrc);
