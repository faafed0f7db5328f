/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The promises of audiobatch, tested only through its factory name and
 * properties. */

#include "../batchcheck.h"

static const guint chunk_sizes[] =
    { 1, 127, 128, 441, 480, 1024, 1025, 4096, 65536 };
static const gint channel_counts[] = { 1, 2, 6, 64 };

/* Pushes all of @audio in chunks of @chunk samples. The first PTS is @base. */
static void
push_audio (GstHarness * h, const Audio * audio, guint chunk, GstClockTime base)
{
  guint start;

  for (start = 0; start < audio->n_samples; start += chunk) {
    guint n = MIN (chunk, audio->n_samples - start);
    GstBuffer *buffer = audio_chunk (audio, start, n);

    GST_BUFFER_PTS (buffer) = base + gst_util_uint64_scale (start, GST_SECOND,
        GST_AUDIO_INFO_RATE (&audio->info));
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  }
}

/* Pulls the next batch and checks all promises. */
static void
pull_and_check (GstHarness * h, const Audio * audio, guint64 start, guint n,
    GstClockTime base)
{
  GstBuffer *batch = gst_harness_try_pull (h);

  fail_unless (batch != NULL, "no batch from sample %" G_GUINT64_FORMAT, start);
  fail_unless_equals_uint64 (batch_samples (batch, &audio->info), n);
  assert_batch_exclusive (batch);
  assert_batch_data (batch, audio, start);
  assert_batch_time (batch, start, n, GST_AUDIO_INFO_RATE (&audio->info), base);
  gst_buffer_unref (batch);
}

static void
check_stream (const GstAudioInfo * info, guint chunk)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (info, MAX (chunk, 2 * DEFAULT_BATCH) + 100);
  guint64 start;

  harness_set_info (h, info);
  push_audio (h, audio, chunk, 0);
  start = audio->n_samples / DEFAULT_BATCH * DEFAULT_BATCH;
  assert_lossless (h->element, audio->n_samples, audio->n_samples - start);
  gst_harness_push_event (h, gst_event_new_eos ());
  for (start = 0; start < audio->n_samples; start += DEFAULT_BATCH) {
    pull_and_check (h, audio, start,
        MIN (DEFAULT_BATCH, audio->n_samples - start), 0);
  }
  fail_unless (gst_harness_try_pull (h) == NULL);
  assert_lossless (h->element, audio->n_samples, 0);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);
  audio_free (audio);
  gst_harness_teardown (h);
}

/* all formats and layouts, for the i-th chunk size */
GST_START_TEST (test_every_format_comes_out_exclusive_exact_and_whole)
{
  guint chunk = chunk_sizes[__i__];
  guint n_formats, i, c, planar;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (c = 0; c < G_N_ELEMENTS (channel_counts); c++) {
      for (planar = 0; planar < 2; planar++) {
        GstAudioInfo info;

        /* to save time, test the longest chunks with few channels only */
        if (chunk == 65536 && channel_counts[c] > 2)
          continue;
        info = audio_info (formats[i], 48000, channel_counts[c], planar);
        check_stream (&info, chunk);
      }
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_timestamps_come_from_the_count_at_every_rate)
{
  static const gint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000, 88200,
    96000, 192000, 1, 7, 999983
  };
  const GstClockTime base = 5 * GST_SECOND + 1;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, rates[i], 1, FALSE);
    GstHarness *h = gst_harness_new ("audiobatch");
    Audio *audio = audio_new_ramp (&info, 20 * DEFAULT_BATCH);
    guint64 start;

    harness_set_info (h, &info);
    push_audio (h, audio, 441, base);
    for (start = 0; start < audio->n_samples; start += DEFAULT_BATCH)
      pull_and_check (h, audio, start, DEFAULT_BATCH, base);
    audio_free (audio);
    gst_harness_teardown (h);
  }
}

GST_END_TEST;

GST_START_TEST (test_timestamps_do_not_follow_the_jitter_of_the_chunks)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 44100, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 4 * DEFAULT_BATCH);
  guint start;

  harness_set_info (h, &info);
  for (start = 0; start < audio->n_samples; start += 128) {
    GstBuffer *buffer = audio_chunk (audio, start, 128);

    GST_BUFFER_PTS (buffer) =
        gst_util_uint64_scale (start, GST_SECOND, 44100) + start % 3;
    gst_harness_push (h, buffer);
  }
  for (start = 0; start < audio->n_samples; start += DEFAULT_BATCH)
    pull_and_check (h, audio, start, DEFAULT_BATCH, 0);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_chunks_without_time_go_on_from_the_last_one)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 44100, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 2 * DEFAULT_BATCH);
  GstBuffer *buffer = audio_chunk (audio, 0, 100);

  harness_set_info (h, &info);
  GST_BUFFER_PTS (buffer) = 7;
  gst_harness_push (h, buffer);
  gst_harness_push (h, audio_chunk (audio, 100, 1948));
  pull_and_check (h, audio, 0, DEFAULT_BATCH, 7);
  pull_and_check (h, audio, DEFAULT_BATCH, DEFAULT_BATCH, 7);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_batches_outlive_the_element)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 2, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 8 * DEFAULT_BATCH);
  GstBuffer *batches[8];
  guint i;

  harness_set_info (h, &info);
  push_audio (h, audio, 4096, 0);
  for (i = 0; i < 8; i++)
    batches[i] = gst_harness_pull (h);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      8);
  gst_harness_teardown (h);

  for (i = 0; i < 8; i++) {
    assert_batch_exclusive (batches[i]);
    assert_batch_data (batches[i], audio, i * DEFAULT_BATCH);
    gst_buffer_memset (batches[i], 0, 0xff, -1);
    gst_buffer_unref (batches[i]);
  }
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_a_held_batch_pins_its_own_size_only)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 65536);
  GstBuffer *held;
  gsize size, offset, maxsize;

  harness_set_info (h, &info);
  push_audio (h, audio, 65536, 0);
  held = gst_harness_pull (h);
  while (gst_harness_buffers_in_queue (h) > 0)
    gst_buffer_unref (gst_harness_pull (h));

  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      1);
  fail_unless_equals_uint64 (get_stat (h->element, "outstanding-bytes"), 4096);
  size = gst_memory_get_sizes (gst_buffer_peek_memory (held, 0), &offset,
      &maxsize);
  fail_unless_equals_uint64 (size, 4096);
  fail_unless_equals_uint64 (offset, 0);
  fail_unless_equals_uint64 (maxsize, 4096);
  fail_unless (gst_buffer_peek_memory (held, 0)->parent == NULL);
  gst_buffer_unref (held);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_counters_say_what_the_default_costs)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 100 * DEFAULT_BATCH + 5);
  guint i;

  harness_set_info (h, &info);
  push_audio (h, audio, 128, 0);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 100);
  fail_unless_equals_uint64 (get_counter (h->element, "allocations"), 101);
  fail_unless_equals_uint64 (get_counter (h->element, "allocated-bytes"),
      101 * 4096);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      101);
  fail_unless_equals_uint64 (get_counter (h->element,
          "peak-outstanding-batches"), 101);
  fail_unless_equals_uint64 (get_counter (h->element, "reused"), 0);
  fail_unless_equals_uint64 (get_counter (h->element, "fallbacks"), 0);
  fail_unless_equals_uint64 (get_counter (h->element, "dropped-batches"), 0);
  fail_unless_equals_float (get_stat_double (h->element,
          "nominal-batches-per-second"), 46.875);
  fail_unless_equals_float (get_stat_double (h->element,
          "nominal-bytes-per-second"), 192000);
  fail_unless_equals_uint64 (get_stat (h->element, "bytes-per-batch"), 4096);

  for (i = 0; i < 100; i++)
    gst_buffer_unref (gst_harness_pull (h));
  /* the batch being filled */
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      1);
  fail_unless_equals_uint64 (get_stat (h->element, "released"), 100);
  fail_unless_equals_uint64 (get_counter (h->element,
          "peak-outstanding-batches"), 101);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_counters_stay_readable_and_restart_with_the_stream)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 3 * DEFAULT_BATCH);
  GstElement *element = gst_object_ref (h->element);

  harness_set_info (h, &info);
  push_audio (h, audio, 480, 0);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless_equals_uint64 (get_counter (element, "batches"), 3);
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless_equals_uint64 (get_counter (element, "batches"), 3);
  gst_element_set_state (element, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (element, "batches"), 3);
  gst_element_set_state (element, GST_STATE_PAUSED);
  fail_unless_equals_uint64 (get_counter (element, "batches"), 0);
  fail_unless_equals_uint64 (get_counter (element, "allocations"), 0);
  gst_harness_teardown (h);
  gst_object_unref (element);
  audio_free (audio);
}

GST_END_TEST;

static void
count_notify (GObject * object, GParamSpec * pspec, gpointer count)
{
  g_atomic_int_inc ((gint *) count);
}

GST_START_TEST (test_reports_every_interval_and_at_the_end)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  Audio *audio = audio_new_ramp (&info, 25 * DEFAULT_BATCH);
  static const guint64 expected[] = { 10, 20, 25 };
  gint notified = 0;
  guint i;

  g_object_set (h->element, "report-interval", 10, NULL);
  g_signal_connect (h->element, "notify::batches", G_CALLBACK (count_notify),
      &notified);
  harness_set_info (h, &info);
  push_audio (h, audio, 1000, 0);
  gst_harness_push_event (h, gst_event_new_eos ());

  for (i = 0; i < G_N_ELEMENTS (expected); i++) {
    GstMessage *message = expect_message (bus, GST_MESSAGE_ELEMENT);
    const GstStructure *report = gst_message_get_structure (message);
    guint64 batches = 0;
    gdouble rate = 0;

    fail_unless (gst_structure_has_name (report, "audiobatch-report"));
    fail_unless (gst_structure_get (report, "batches", G_TYPE_UINT64, &batches,
            "allocation-rate", G_TYPE_DOUBLE, &rate, NULL));
    fail_unless_equals_uint64 (batches, expected[i]);
    fail_unless (rate > 0, "the rate is %f", rate);
    gst_message_unref (message);
  }
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  fail_unless_equals_int (notified, 3);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_an_end_just_after_a_report_is_not_reported_again)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  Audio *audio = audio_new_ramp (&info, 20 * DEFAULT_BATCH);
  guint n = 0;

  g_object_set (h->element, "report-interval", 10, NULL);
  harness_set_info (h, &info);
  push_audio (h, audio, 1000, 0);
  gst_harness_push_event (h, gst_event_new_eos ());
  for (;;) {
    GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);

    if (message == NULL)
      break;
    n++;
    gst_message_unref (message);
  }
  fail_unless_equals_int (n, 2);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_report_interval_0_reports_nothing)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  Audio *audio = audio_new_ramp (&info, 5 * DEFAULT_BATCH);

  g_object_set (h->element, "report-interval", 0, NULL);
  harness_set_info (h, &info);
  push_audio (h, audio, 1000, 0);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* The log and notify go on. The setting may change while playing. */
GST_START_TEST (test_without_post_messages_the_bus_gets_no_report)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  Audio *audio = audio_new_ramp (&info, 25 * DEFAULT_BATCH);
  GstMessage *message;
  gint notified = 0;

  g_object_set (h->element, "report-interval", 10, "post-messages", FALSE,
      NULL);
  g_signal_connect (h->element, "notify::batches", G_CALLBACK (count_notify),
      &notified);
  harness_set_info (h, &info);
  push_audio (h, audio, 1000, 0);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT) == NULL);
  fail_unless_equals_int (notified, 2);

  g_object_set (h->element, "post-messages", TRUE, NULL);
  push_audio (h, audio, 1000, 0);
  message = expect_message (bus, GST_MESSAGE_ELEMENT);
  fail_unless (gst_message_has_name (message, "audiobatch-report"));
  gst_message_unref (message);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static gdouble
get_rate (GstElement * element)
{
  gdouble rate = -1;

  g_object_get (element, "allocation-rate", &rate, NULL);
  return rate;
}

GST_START_TEST (test_the_rate_without_reports_is_held_after_the_stop)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 5 * DEFAULT_BATCH);
  gdouble rate;

  fail_unless_equals_float (get_rate (h->element), 0);
  g_object_set (h->element, "report-interval", 0, NULL);
  harness_set_info (h, &info);
  push_audio (h, audio, 1000, 0);
  fail_unless (get_rate (h->element) > 0);
  gst_element_set_state (h->element, GST_STATE_READY);
  rate = get_rate (h->element);
  fail_unless (rate > 0);
  fail_unless_equals_float (get_rate (h->element), rate);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_a_new_size_takes_effect_at_the_next_batch)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 2, TRUE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  Audio *audio = audio_new_ramp (&info, 4096);

  harness_set_info (h, &info);
  gst_message_unref (expect_message (bus, GST_MESSAGE_LATENCY));
  gst_harness_push (h, audio_chunk (audio, 0, 100));
  g_object_set (h->element, "samples-per-batch", 300, NULL);
  gst_harness_push (h, audio_chunk (audio, 100, 3996));
  gst_harness_push_event (h, gst_event_new_eos ());
  pull_and_check (h, audio, 0, 1024, 0);
  pull_and_check (h, audio, 1024, 300, 0);
  pull_and_check (h, audio, 1324, 300, 0);
  assert_lossless (h->element, 4096, 0);

  gst_message_unref (expect_message (bus, GST_MESSAGE_LATENCY));
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_LATENCY) == NULL);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_new_caps_drain_what_is_left_at_the_old_format)
{
  GstAudioInfo old = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstAudioInfo new = audio_info (GST_AUDIO_FORMAT_F64, 44100, 2, TRUE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *before = audio_new_ramp (&old, 1500);
  Audio *after = audio_new_ramp (&new, 1024);
  GstClockTime change = gst_util_uint64_scale (1500, GST_SECOND, 48000);
  GstBuffer *batch;
  GstCaps *caps;

  harness_set_info (h, &old);
  push_audio (h, before, 480, 0);
  pull_and_check (h, before, 0, 1024, 0);
  harness_set_info (h, &new);
  gst_harness_push (h, audio_chunk (after, 0, 1024));

  pull_and_check (h, before, 1024, 476, 0);
  batch = gst_harness_pull (h);
  assert_batch_data (batch, after, 0);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), change);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (batch),
      gst_util_uint64_scale (1024, GST_SECOND, 44100));
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), 1500);
  fail_if (GST_BUFFER_IS_DISCONT (batch));
  gst_buffer_unref (batch);
  caps = gst_pad_get_current_caps (h->sinkpad);
  fail_unless (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "audio/x-raw"));
  gst_caps_unref (caps);
  assert_lossless (h->element, 2524, 0);
  audio_free (before);
  audio_free (after);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_flush_drops_what_is_pending_and_counts_it)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 1500);
  GstSegment segment;

  harness_set_info (h, &info);
  push_audio (h, audio, 1500, 0);
  pull_and_check (h, audio, 0, 1024, 0);
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  assert_lossless (h->element, 1500, 0);
  fail_unless_equals_uint64 (get_stat (h->element, "samples-dropped"), 476);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_audio (h, audio, 1500, 3 * GST_SECOND);
  pull_and_check (h, audio, 0, 1024, 3 * GST_SECOND);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_one_discont_chunk_of_many_batches_marks_only_the_first)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 4096);
  GstBuffer *buffer = audio_chunk (audio, 0, 4096);
  guint i;

  harness_set_info (h, &info);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_PTS (buffer) = 0;
  gst_harness_push (h, buffer);
  for (i = 0; i < 4; i++) {
    buffer = gst_harness_pull (h);
    fail_unless_equals_int (GST_BUFFER_IS_DISCONT (buffer), i == 0);
    fail_unless_equals_int (GST_BUFFER_FLAG_IS_SET (buffer,
            GST_BUFFER_FLAG_RESYNC), i == 0);
    gst_buffer_unref (buffer);
  }
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_samples_outside_of_the_segment_are_cut_off_and_counted)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 48000);
  GstSegment segment;
  GstBuffer *batch;

  harness_set_info (h, &info);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 100 * GST_MSECOND;
  segment.stop = 400 * GST_MSECOND;
  g_object_set (h->element, "samples-per-batch", 14400, NULL);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_audio (h, audio, 48000, 0);
  batch = gst_harness_pull (h);
  fail_unless_equals_int (batch_samples (batch, &info), 14400);
  assert_batch_data (batch, audio, 4800);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), 100 * GST_MSECOND);
  gst_buffer_unref (batch);
  assert_lossless (h->element, 48000, 0);
  fail_unless_equals_uint64 (get_stat (h->element, "samples-dropped"), 33600);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_latency_grows_by_one_batch)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");

  gst_harness_set_upstream_latency (h, 7 * GST_MSECOND);
  fail_unless_equals_uint64 (gst_harness_query_latency (h), 7 * GST_MSECOND);
  harness_set_info (h, &info);
  fail_unless_equals_uint64 (gst_harness_query_latency (h),
      7 * GST_MSECOND + 21333333);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_downstreams_alignment_prefix_and_padding_are_honoured)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 1024);
  GstAllocationParams params;
  gsize size, offset, maxsize;
  GstBuffer *batch;
  GstMapInfo map;

  gst_allocation_params_init (&params);
  params.align = 255;
  params.prefix = 32;
  params.padding = 64;
  gst_harness_set_propose_allocator (h, NULL, &params);
  harness_set_info (h, &info);
  push_audio (h, audio, 1024, 0);
  batch = gst_harness_pull (h);
  assert_batch_data (batch, audio, 0);
  gst_buffer_map (batch, &map, GST_MAP_READ);
  fail_unless_equals_uint64 ((guintptr) map.data & 255, 0);
  gst_buffer_unmap (batch, &map);
  size = gst_memory_get_sizes (gst_buffer_peek_memory (batch, 0), &offset,
      &maxsize);
  fail_unless_equals_uint64 (size, 2048);
  fail_unless_equals_uint64 (offset, 32);
  fail_unless_equals_uint64 (maxsize, 2048 + 32 + 64);
  gst_buffer_unref (batch);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_refused_memory_is_an_error_with_the_size)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, 48000, 64, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  Audio *audio = audio_new_ramp (&info, 10);

  g_object_set (h->element, "samples-per-batch", G_MAXINT, NULL);
  harness_set_info (h, &info);
  fail_unless_equals_int (gst_harness_push (h, audio_chunk (audio, 0, 10)),
      GST_FLOW_ERROR);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "2147483647 samples of 512 bytes (1099511627264 bytes)");
  assert_lossless (h->element, 10, 0);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_half_a_frame_is_an_error_with_both_sizes)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 2, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);

  harness_set_info (h, &info);
  fail_unless_equals_int (gst_harness_push (h,
          gst_buffer_new_allocate (NULL, 4097, NULL)), GST_FLOW_ERROR);
  assert_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "4097 bytes is not a whole number of frames of 4 bytes");
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_planes_without_meta_are_an_error)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 2, TRUE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);

  harness_set_info (h, &info);
  fail_unless_equals_int (gst_harness_push (h,
          gst_buffer_new_allocate (NULL, 4096, NULL)), GST_FLOW_ERROR);
  assert_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "has no GstAudioMeta");
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* The test keeps the chunk mapped for writing, so the element can't map it. */
GST_START_TEST (test_a_chunk_that_can_not_be_mapped_is_an_error_with_its_size)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 2, FALSE);
  Audio *audio = audio_new_ramp (&info, 1024);
  GstBuffer *chunk = audio_chunk (audio, 0, 1024);
  GstMapInfo map;
  GstMemory *memory;
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);

  memory = gst_memory_ref (gst_buffer_peek_memory (chunk, 0));
  fail_unless (gst_memory_map (memory, &map, GST_MAP_WRITE));
  harness_set_info (h, &info);
  fail_unless_equals_int (gst_harness_push (h, chunk), GST_FLOW_ERROR);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
      "4096 bytes (1024 samples)");
  assert_lossless (h->element, 1024, 0);
  gst_memory_unmap (memory, &map);
  gst_memory_unref (memory);
  audio_free (audio);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static const struct
{
  const gchar *caps;
  const gchar *words;
} bad_caps[] = {
  {"audio/x-raw, format=S16LE, channels=1, layout=interleaved",
      "no field \"rate\""},
  {"audio/x-raw, format=S16LE, rate=8000, layout=interleaved",
      "no field \"channels\""},
  {"audio/x-raw, rate=8000, channels=1, layout=interleaved",
      "no field \"format\""},
  {"audio/x-raw, format=S16LE, rate=8000, channels=6, layout=interleaved",
      "no field \"channel-mask\""},
  {"audio/x-raw, format=S16LE, rate=16000, channels=1",
      "no field \"layout\""},
  {"audio/x-raw, format=S16LE, rate=16000, channels=6",
      "no field \"layout\""},
};

GST_START_TEST (test_caps_without_what_audio_needs_are_an_error_that_names_it)
{
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  GstCaps *caps = gst_caps_from_string (bad_caps[__i__].caps);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_caps (caps));
  assert_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      bad_caps[__i__].words);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  fail_unless_equals_int (gst_harness_push (h,
          gst_buffer_new_allocate (NULL, 4096, NULL)), GST_FLOW_NOT_NEGOTIATED);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL,
      "the error is posted again");
  gst_caps_unref (caps);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static GstEvent *
pull_event_of_type (GstHarness * h, GstEventType type)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (h))
      && GST_EVENT_TYPE (event) != type)
    gst_event_unref (event);
  fail_unless (event != NULL, "no %s came", gst_event_type_get_name (type));
  return event;
}

static void
assert_offset (GstHarness * h, GstEventType type, gint64 offset, guint32 seqnum)
{
  GstEvent *event = pull_event_of_type (h, type);

  fail_unless_equals_int64 (gst_event_get_running_time_offset (event), offset);
  fail_unless_equals_int (gst_event_get_seqnum (event), seqnum);
  gst_event_unref (event);
}

/* A pad upstream has an offset. Events that the element makes anew keep it. */
GST_START_TEST (test_events_keep_their_running_time_offset_in_reverse_too)
{
  const gint64 offset = 30 * GST_MSECOND;
  const gdouble rate = __i__ == 0 ? 1 : -1;
  const GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  GstEvent *segment_event, *done;
  guint32 seqnum, done_seqnum;
  GstSegment segment;
  GstBuffer *chunk;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.stop = GST_SECOND;
  harness_set_info (h, &info);
  /* those of the harness */
  while (gst_harness_events_in_queue (h) > 0)
    gst_event_unref (gst_harness_pull_event (h));
  segment_event = gst_event_new_segment (&segment);
  gst_event_set_running_time_offset (segment_event, offset);
  seqnum = gst_event_get_seqnum (segment_event);
  gst_harness_push_event (h, segment_event);
  chunk = gst_harness_create_buffer (h, 2048);
  GST_BUFFER_PTS (chunk) = 0;
  fail_unless_equals_int (gst_harness_push (h, chunk), GST_FLOW_OK);
  assert_offset (h, GST_EVENT_SEGMENT, offset, seqnum);
  done = gst_event_new_segment_done (GST_FORMAT_TIME, 0);
  gst_event_set_running_time_offset (done, offset);
  done_seqnum = gst_event_get_seqnum (done);
  gst_harness_push_event (h, done);
  assert_offset (h, GST_EVENT_SEGMENT_DONE, offset, done_seqnum);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_a_segment_in_bytes_is_an_error)
{
  GstPad *sink;
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  sink = gst_element_get_static_pad (h->element, "sink");
  fail_unless (gst_pad_send_event (sink, gst_event_new_stream_start ("bytes")));
  fail_if (gst_pad_send_event (sink, gst_event_new_segment (&segment)));
  assert_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "bytes");
  gst_object_unref (sink);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_eos_before_caps_passes)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  GstEvent *event = NULL;

  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  while (TRUE) {
    gst_clear_event (&event);
    event = gst_harness_try_pull_event (h);
    fail_unless (event != NULL, "no EOS came");
    if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
      break;
  }
  gst_event_unref (event);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
audiobatch_suite (void)
{
  Suite *s = suite_create ("audiobatch");
  TCase *tc = tcase_create ("promises");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 600);
  tcase_add_loop_test (tc,
      test_every_format_comes_out_exclusive_exact_and_whole, 0,
      G_N_ELEMENTS (chunk_sizes));
  tcase_add_test (tc, test_timestamps_come_from_the_count_at_every_rate);
  tcase_add_test (tc, test_timestamps_do_not_follow_the_jitter_of_the_chunks);
  tcase_add_test (tc, test_chunks_without_time_go_on_from_the_last_one);
  tcase_add_test (tc, test_batches_outlive_the_element);
  tcase_add_test (tc, test_a_held_batch_pins_its_own_size_only);
  tcase_add_test (tc, test_counters_say_what_the_default_costs);
  tcase_add_test (tc, test_counters_stay_readable_and_restart_with_the_stream);
  tcase_add_test (tc, test_reports_every_interval_and_at_the_end);
  tcase_add_test (tc, test_an_end_just_after_a_report_is_not_reported_again);
  tcase_add_test (tc, test_report_interval_0_reports_nothing);
  tcase_add_test (tc, test_without_post_messages_the_bus_gets_no_report);
  tcase_add_test (tc, test_the_rate_without_reports_is_held_after_the_stop);
  tcase_add_test (tc, test_a_new_size_takes_effect_at_the_next_batch);
  tcase_add_test (tc, test_new_caps_drain_what_is_left_at_the_old_format);
  tcase_add_test (tc, test_flush_drops_what_is_pending_and_counts_it);
  tcase_add_test (tc,
      test_one_discont_chunk_of_many_batches_marks_only_the_first);
  tcase_add_test (tc,
      test_samples_outside_of_the_segment_are_cut_off_and_counted);
  tcase_add_test (tc, test_latency_grows_by_one_batch);
  tcase_add_test (tc,
      test_downstreams_alignment_prefix_and_padding_are_honoured);
  tcase_add_test (tc, test_refused_memory_is_an_error_with_the_size);
  tcase_add_test (tc, test_half_a_frame_is_an_error_with_both_sizes);
  tcase_add_test (tc, test_planes_without_meta_are_an_error);
  tcase_add_test (tc,
      test_a_chunk_that_can_not_be_mapped_is_an_error_with_its_size);
  tcase_add_loop_test (tc,
      test_caps_without_what_audio_needs_are_an_error_that_names_it, 0,
      G_N_ELEMENTS (bad_caps));
  tcase_add_test (tc, test_a_segment_in_bytes_is_an_error);
  tcase_add_loop_test (tc,
      test_events_keep_their_running_time_offset_in_reverse_too, 0, 2);
  tcase_add_test (tc, test_eos_before_caps_passes);
  return s;
}

GST_CHECK_MAIN (audiobatch);
