/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The application fills the batches of audiobatchsrc: what its handler gets,
 * what it may do, and what happens if it breaks a rule. */

#include "../sourcecheck.h"

/* What a handler must do, and what it has seen. */
typedef struct
{
  const Audio *audio;
  /* batches to fill before it returns `then` */
  guint fill;
  GstFlowReturn then;
  GThread *test_thread;
  guint calls;
  gpointer kept;
  GstMapInfo map;
} Handler;

/* Returns a handler that fills @fill batches from @audio and then returns
 * @then. */
static Handler
handler_for (const Audio * audio, guint fill, GstFlowReturn then)
{
  Handler handler = { NULL };

  handler.audio = audio;
  handler.fill = fill;
  handler.then = then;
  handler.test_thread = g_thread_self ();
  return handler;
}

static GstFlowReturn
fill_from_audio (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  const Audio *audio = handler->audio;
  guint n = batch_samples (batch, &audio->info);
  gsize plane_size = (gsize) n * audio->sample_size;
  guint plane;

  fail_unless (g_thread_self () != handler->test_thread);
  assert_batch_exclusive (batch);
  assert_batch_time (batch, start, n, GST_AUDIO_INFO_RATE (&audio->info), 0);
  if (handler->calls++ >= handler->fill)
    return handler->then;
  for (plane = 0; plane < audio->n_planes; plane++) {
    gst_buffer_fill (batch, plane * plane_size, audio->planes[plane]
        + start * audio->sample_size, plane_size);
  }
  return GST_FLOW_OK;
}

GST_START_TEST (test_handler_fills_each_batch_in_every_format_and_layout)
{
  guint n_formats, i, k, planar;
  g_autofree GstAudioFormat *formats = source_formats (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[i], 44100, __i__, planar);
      Audio *audio = audio_new_ramp (&info, 3 * 100);
      Handler handler = handler_for (audio, 3, GST_FLOW_EOS);
      GstBus *bus;
      GstHarness *h = source ("audiobatchsrc", &info, "samples-per-batch=100",
          &bus);
      GPtrArray *batches;

      g_signal_connect (h->element, "fill-batch", G_CALLBACK (fill_from_audio),
          &handler);
      batches = play_to_end (h);
      fail_unless_equals_int (batches->len, 3);
      for (k = 0; k < 3; k++) {
        assert_batch_exclusive (batches->pdata[k]);
        assert_batch_data (batches->pdata[k], audio, k * 100);
        assert_batch_time (batches->pdata[k], k * 100, 100, 44100, 0);
      }
      g_ptr_array_unref (batches);
      harness_free_with_bus (h, bus);
      audio_free (audio);
    }
  }
}

GST_END_TEST;

/* Plays S16 mono with @callback in batches of 10. Returns the output. */
static GPtrArray *
play_handler (GstHarness ** h, GstBus ** bus, GCallback callback,
    Handler * handler)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);

  *h = source ("audiobatchsrc", &info, "samples-per-batch=10 num-buffers=9",
      bus);
  g_signal_connect ((*h)->element, "fill-batch", callback, handler);
  return play_to_end (*h);
}

static void
end_handler (GstHarness * h, GstBus * bus, GPtrArray * batches)
{
  g_ptr_array_unref (batches);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);
  harness_free_with_bus (h, bus);
}

GST_START_TEST (test_handler_that_returns_eos_ends_the_stream)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, 100);
  Handler handler = handler_for (audio, 2, GST_FLOW_EOS);
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (fill_from_audio),
      &handler);

  fail_unless_equals_int (batches->len, 2);
  fail_unless_equals_int (handler.calls, 3);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 2);
  assert_lossless (h->element, 20, 0);
  assert_no_error (bus);
  end_handler (h, bus, batches);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_stream_that_the_handler_ends_is_reported_at_its_end)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, 100);
  Handler handler = handler_for (audio, 2, GST_FLOW_EOS);
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (fill_from_audio),
      &handler);
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
  guint64 reported = 0;

  fail_unless (message != NULL, "no audiobatch-report came");
  gst_structure_get_uint64 (gst_message_get_structure (message), "batches",
      &reported);
  fail_unless_equals_uint64 (reported, 2);
  gst_message_unref (message);
  end_handler (h, bus, batches);
  audio_free (audio);
}

GST_END_TEST;

/* Flow returns that end the stream with an error. */
static const GstFlowReturn failures[] = { GST_FLOW_ERROR,
  GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_SUPPORTED, GST_FLOW_CUSTOM_ERROR,
  GST_FLOW_CUSTOM_SUCCESS, GST_FLOW_NOT_LINKED
};

GST_START_TEST (test_handler_that_fails_is_named_as_the_cause)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, 100);
  Handler handler = handler_for (audio, 2, failures[__i__]);
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (fill_from_audio),
      &handler);
  gchar *words = g_strdup_printf ("handler of fill-batch returned \"%s\" for "
      "the batch at sample 20", gst_flow_get_name (failures[__i__]));

  fail_unless_equals_int (batches->len, 2);
  assert_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, words);
  g_free (words);
  end_handler (h, bus, batches);
  audio_free (audio);
}

GST_END_TEST;

static GstFlowReturn
fail_by_name (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  GST_ELEMENT_ERROR (element, RESOURCE, READ, ("The tape is torn."), (NULL));
  return GST_FLOW_ERROR;
}

GST_START_TEST (test_error_that_the_handler_names_comes_first)
{
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (fail_by_name), NULL);

  fail_unless_equals_int (batches->len, 0);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
      "The tape is torn.");
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstFlowReturn
keep_buffer (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (handler->calls++ == 2)
    handler->kept = gst_buffer_ref (batch);
  return GST_FLOW_OK;
}

static GstFlowReturn
keep_memory (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (handler->calls++ == 2)
    handler->kept = gst_buffer_get_memory (batch, 0);
  return GST_FLOW_OK;
}

static GstFlowReturn
keep_copy (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (handler->calls++ == 2)
    handler->kept = gst_buffer_copy (batch);
  return GST_FLOW_OK;
}

static GstFlowReturn
keep_part (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (handler->calls++ == 2)
    handler->kept = gst_memory_share (gst_buffer_peek_memory (batch, 0), 2, 4);
  return GST_FLOW_OK;
}

static GstFlowReturn
keep_map (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (handler->calls++ == 2) {
    fail_unless (gst_buffer_map (batch, &handler->map, GST_MAP_WRITE));
    handler->kept = gst_memory_ref (handler->map.memory);
  }
  return GST_FLOW_OK;
}

static GstFlowReturn
share_other_memory (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (handler->calls++ == 2) {
    handler->kept = gst_allocator_alloc (NULL, 20, NULL);
    gst_buffer_replace_all_memory (batch, gst_memory_ref (handler->kept));
  }
  return GST_FLOW_OK;
}

static const struct
{
  GCallback keep;
} keepers[] = {
  {G_CALLBACK (keep_buffer)},
  {G_CALLBACK (keep_memory)},
  {G_CALLBACK (keep_copy)},
  {G_CALLBACK (keep_part)},
  {G_CALLBACK (keep_map)},
  {G_CALLBACK (share_other_memory)},
};

GST_START_TEST (test_handler_that_keeps_a_reference_gets_an_error_and_no_push)
{
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, keepers[__i__].keep, &handler);
  guint i;

  fail_unless_equals_int (batches->len, 2);
  for (i = 0; i < batches->len; i++)
    assert_batch_exclusive (batches->pdata[i]);
  assert_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
      "has kept a reference to the batch");
  if (handler.map.memory) {
    gst_memory_unmap (handler.map.memory, &handler.map);
    gst_memory_unref (handler.map.memory);
  }
  gst_mini_object_unref (handler.kept);
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstFlowReturn
keep_within_the_call (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  GstBuffer *mine = gst_buffer_ref (batch);
  GstBuffer *copy = gst_buffer_copy_deep (batch);
  GstMemory *memory = gst_buffer_get_memory (batch, 0);

  gst_memory_unref (memory);
  gst_buffer_unref (copy);
  gst_buffer_unref (mine);
  handler->calls++;
  return GST_FLOW_OK;
}

GST_START_TEST (test_references_that_end_with_the_call_do_no_harm)
{
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus,
      G_CALLBACK (keep_within_the_call), &handler);
  guint i;

  fail_unless_equals_int (batches->len, 9);
  for (i = 0; i < batches->len; i++)
    assert_batch_exclusive (batches->pdata[i]);
  assert_no_error (bus);
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstFlowReturn
do_nothing (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  handler->calls++;
  return GST_FLOW_OK;
}

GST_START_TEST (test_what_the_handler_leaves_out_is_silence_without_gap_flag)
{
  guint n_formats, i, planar;
  g_autofree GstAudioFormat *formats = source_formats (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[i], RATE, 2, planar);
      Handler handler = { NULL };
      GstBus *bus;
      GstHarness *h = source ("audiobatchsrc", &info, "num-buffers=1", &bus);
      guint size = DEFAULT_BATCH * info.bpf;
      guint8 *silence = g_malloc (size);
      GPtrArray *batches;

      g_signal_connect (h->element, "fill-batch", G_CALLBACK (do_nothing),
          &handler);
      batches = play_to_end (h);
      fail_unless_equals_int (batches->len, 1);
      gst_audio_format_info_fill_silence (info.finfo, silence, size);
      gst_check_buffer_data (batches->pdata[0], silence, size);
      fail_if (GST_BUFFER_FLAG_IS_SET (batches->pdata[0], GST_BUFFER_FLAG_GAP));
      g_free (silence);
      g_ptr_array_unref (batches);
      harness_free_with_bus (h, bus);
    }
  }
}

GST_END_TEST;

static GstFlowReturn
cut_short (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  static const guint samples[] = { 10, 7, 1, 10 };

  if (handler->calls == G_N_ELEMENTS (samples))
    return GST_FLOW_EOS;
  gst_buffer_set_size (batch, samples[handler->calls++] * 2);
  return GST_FLOW_OK;
}

GST_START_TEST (test_handler_may_cut_batches_short_and_time_follows)
{
  static const struct
  {
    guint64 start;
    guint n;
  } expected[] = { {0, 10}, {10, 7}, {17, 1}, {18, 10} };
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (cut_short),
      &handler);
  guint i;

  fail_unless_equals_int (batches->len, G_N_ELEMENTS (expected));
  for (i = 0; i < batches->len; i++) {
    fail_unless_equals_uint64 (gst_buffer_get_size (batches->pdata[i]),
        expected[i].n * 2);
    assert_batch_time (batches->pdata[i], expected[i].start, expected[i].n,
        RATE, 0);
    assert_batch_exclusive (batches->pdata[i]);
  }
  assert_lossless (h->element, 28, 0);
  end_handler (h, bus, batches);
}

GST_END_TEST;

/* Sizes in bytes that the handler leaves of a batch of 10 samples, with 2
 * channels of 16 bits. */
static const struct
{
  guint size;
  gboolean planar;
} wrong_sizes[] = {
  {0, FALSE}, {3, FALSE}, {38, FALSE}, {20, TRUE},
};

static GstFlowReturn
cut_wrong (GstElement * element, GstBuffer * batch, guint64 start,
    const guint * size)
{
  gst_buffer_set_size (batch, *size);
  return GST_FLOW_OK;
}

GST_START_TEST (test_handler_that_leaves_no_whole_samples_gets_an_error)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2,
      wrong_sizes[__i__].planar);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info,
      "samples-per-batch=10 num-buffers=3", &bus);
  GPtrArray *batches;

  g_signal_connect (h->element, "fill-batch", G_CALLBACK (cut_wrong),
      (gpointer) & wrong_sizes[__i__].size);
  batches = play_to_end (h);
  fail_unless_equals_int (batches->len, 0);
  assert_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
      "for one of 10 samples of 4 bytes");
  end_handler (h, bus, batches);
}

GST_END_TEST;

GST_START_TEST (test_without_a_handler_any_more_there_is_the_wave_again)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  const gchar *properties = "samples-per-batch=10 num-buffers=9";
  GByteArray *wave = bytes_of ("audiobatchsrc", &info, properties);
  Handler handler = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, properties, &bus);
  gulong id = g_signal_connect (h->element, "fill-batch",
      G_CALLBACK (do_nothing), &handler);
  GPtrArray *batches;
  GByteArray *bytes;

  g_signal_handler_disconnect (h->element, id);
  batches = play_to_end (h);
  bytes = join (batches);
  fail_unless_equals_int (handler.calls, 0);
  fail_unless_equals_int (bytes->len, wave->len);
  fail_unless (memcmp (bytes->data, wave->data, wave->len) == 0);
  g_byte_array_unref (bytes);
  g_byte_array_unref (wave);
  end_handler (h, bus, batches);
}

GST_END_TEST;

/* Disconnects after three batches, so that the wave continues. */
static GstFlowReturn
leave_after_three (GstElement * element, GstBuffer * batch, guint64 start,
    Handler * handler)
{
  if (++handler->calls == 3)
    g_signal_handlers_disconnect_by_data (element, handler);
  return GST_FLOW_OK;
}

GST_START_TEST (test_handler_that_leaves_while_playing_leaves_the_wave)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GByteArray *wave = bytes_of ("audiobatchsrc", &info,
      "samples-per-batch=10 num-buffers=9");
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (leave_after_three),
      &handler);
  GByteArray *bytes = join (batches);

  fail_unless_equals_int (handler.calls, 3);
  fail_unless_equals_int (bytes->len, wave->len);
  fail_unless (bytes->data[58] == 0 && bytes->data[59] == 0);
  fail_unless (memcmp (bytes->data + 60, wave->data + 60, 120) == 0);
  g_byte_array_unref (bytes);
  g_byte_array_unref (wave);
  end_handler (h, bus, batches);
}

GST_END_TEST;

GST_START_TEST (test_only_the_first_handler_is_asked)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Handler first_one = { NULL }, second_one = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, "num-buffers=4", &bus);
  GPtrArray *batches;

  g_signal_connect (h->element, "fill-batch", G_CALLBACK (do_nothing),
      &first_one);
  g_signal_connect (h->element, "fill-batch", G_CALLBACK (do_nothing),
      &second_one);
  batches = play_to_end (h);
  fail_unless_equals_int (first_one.calls, 4);
  fail_unless_equals_int (second_one.calls, 0);
  end_handler (h, bus, batches);
}

GST_END_TEST;

static Suite *
sourcefill_suite (void)
{
  Suite *s = suite_create ("sourcefill");
  TCase *tc = tcase_create ("fill-batch");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_loop_test (tc,
      test_handler_fills_each_batch_in_every_format_and_layout, 1, 4);
  tcase_add_test (tc, test_handler_that_returns_eos_ends_the_stream);
  tcase_add_test (tc, test_stream_that_the_handler_ends_is_reported_at_its_end);
  tcase_add_loop_test (tc, test_handler_that_fails_is_named_as_the_cause, 0,
      G_N_ELEMENTS (failures));
  tcase_add_test (tc, test_error_that_the_handler_names_comes_first);
  tcase_add_loop_test (tc,
      test_handler_that_keeps_a_reference_gets_an_error_and_no_push, 0,
      G_N_ELEMENTS (keepers));
  tcase_add_test (tc, test_references_that_end_with_the_call_do_no_harm);
  tcase_add_test (tc,
      test_what_the_handler_leaves_out_is_silence_without_gap_flag);
  tcase_add_test (tc, test_handler_may_cut_batches_short_and_time_follows);
  tcase_add_loop_test (tc,
      test_handler_that_leaves_no_whole_samples_gets_an_error, 0,
      G_N_ELEMENTS (wrong_sizes));
  tcase_add_test (tc, test_without_a_handler_any_more_there_is_the_wave_again);
  tcase_add_test (tc, test_handler_that_leaves_while_playing_leaves_the_wave);
  tcase_add_test (tc, test_only_the_first_handler_is_asked);
  return s;
}

GST_CHECK_MAIN (sourcefill);
