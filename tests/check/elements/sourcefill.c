/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The application fills the batches of audiobatchsrc: what its handler gets,
 * what it may do, and what happens if it breaks a rule. */

#include "../sourcecheck.h"

/* What a handler must do, and what it has seen. */
typedef struct
{
  const Audio *audio;
  /* batches to fill before it ends the stream */
  guint fill;
  /* it does so with a last batch */
  gboolean ends_with_batch;
  GThread *test_thread;
  guint calls;
  gpointer kept;
  GstMapInfo map;
} Handler;

/* Returns a handler that fills @fill batches from @audio and then ends the
 * stream. */
static Handler
handler_for (const Audio * audio, guint fill)
{
  Handler handler = { NULL };

  handler.audio = audio;
  handler.fill = fill;
  handler.test_thread = g_thread_self ();
  return handler;
}

static void
fill_planes (GstBuffer * batch, guint64 start, const Audio * audio)
{
  gsize plane_size =
      (gsize) batch_samples (batch, &audio->info) * audio->sample_size;
  guint plane;

  for (plane = 0; plane < audio->n_planes; plane++) {
    gst_buffer_fill (batch, plane * plane_size, audio->planes[plane]
        + start * audio->sample_size, plane_size);
  }
}

static GstBuffer *
fill_from_audio (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  const Audio *audio = handler->audio;
  gboolean ends = handler->calls++ == handler->fill;
  GstBuffer *batch;

  fail_unless (g_thread_self () != handler->test_thread);
  if (ends)
    g_signal_emit_by_name (element, "end-of-stream");
  if (ends && !handler->ends_with_batch)
    return NULL;
  batch = take_new_batch (element);
  assert_batch_exclusive (batch);
  fail_unless_equals_int (batch_samples (batch, &audio->info), n_samples);
  assert_batch_time (batch, start, n_samples,
      GST_AUDIO_INFO_RATE (&audio->info), 0);
  fill_planes (batch, start, audio);
  return batch;
}

GST_START_TEST (test_handler_fills_each_batch_in_every_format_and_layout)
{
  guint n_formats, i, k, planar;
  g_autofree GstAudioFormat *formats = source_formats (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[i], 44100, __i__, planar);
      Audio *audio = audio_new_ramp (&info, 3 * 100);
      Handler handler = handler_for (audio, 3);
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

/* Plays S16 mono with @callback in batches of 10, recycled or not. Returns the
 * output. */
static GPtrArray *
play_handler_with (GstHarness ** h, GstBus ** bus, GCallback callback,
    Handler * handler, gboolean recycled)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);

  *h = source ("audiobatchsrc", &info, recycled
      ? "samples-per-batch=10 num-buffers=9 allocation=pool"
      : "samples-per-batch=10 num-buffers=9", bus);
  g_signal_connect ((*h)->element, "fill-batch", callback, handler);
  return play_to_end (*h);
}

static GPtrArray *
play_handler (GstHarness ** h, GstBus ** bus, GCallback callback,
    Handler * handler)
{
  return play_handler_with (h, bus, callback, handler, FALSE);
}

static void
end_handler (GstHarness * h, GstBus * bus, GPtrArray * batches)
{
  g_ptr_array_unref (batches);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);
  harness_free_with_bus (h, bus);
}

/* Plays a handler that ends the stream in its third call. */
static GPtrArray *
play_to_third (GstHarness ** h, GstBus ** bus, const Audio * audio,
    gboolean ends_with_batch)
{
  Handler handler = handler_for (audio, 2);
  GPtrArray *batches;

  handler.ends_with_batch = ends_with_batch;
  batches = play_handler (h, bus, G_CALLBACK (fill_from_audio), &handler);
  fail_unless_equals_int (handler.calls, 3);
  return batches;
}

static guint64
reported_batches (GstBus * bus)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
  guint64 reported = 0;

  fail_unless (message != NULL, "no audiobatch-report came");
  gst_structure_get_uint64 (gst_message_get_structure (message), "batches",
      &reported);
  gst_message_unref (message);
  return reported;
}

GST_START_TEST (test_end_of_stream_ends_it_with_the_batch_that_is_returned)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, 100);
  guint pushed = 2 + __i__, k;
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_to_third (&h, &bus, audio, __i__);

  fail_unless_equals_int (batches->len, pushed);
  for (k = 0; k < pushed; k++)
    assert_batch_data (batches->pdata[k], audio, k * 10);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), pushed);
  assert_lossless (h->element, pushed * 10, 0);
  fail_unless_equals_uint64 (reported_batches (bus), pushed);
  assert_no_error (bus);
  end_handler (h, bus, batches);
  audio_free (audio);
}

GST_END_TEST;

static GstBuffer *
drop_and_end (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  gst_buffer_unref (take_new_batch (element));
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  g_signal_emit_by_name (element, "end-of-stream");
  return NULL;
}

GST_START_TEST (test_batch_that_the_handler_drops_at_the_end_is_released)
{
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (drop_and_end), NULL);

  fail_unless_equals_int (batches->len, 0);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 0);
  assert_lossless (h->element, 0, 0);
  assert_no_error (bus);
  end_handler (h, bus, batches);
}

GST_END_TEST;

GST_START_TEST (test_stream_that_the_handler_ended_plays_on_after_a_seek)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, 100);
  Handler handler = handler_for (audio, 2);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, "samples-per-batch=10",
      &bus);
  GPtrArray *batches;

  handler.ends_with_batch = TRUE;
  g_signal_connect (h->element, "fill-batch", G_CALLBACK (fill_from_audio),
      &handler);
  g_ptr_array_unref (play_to_end (h));
  handler.fill = 4;
  fail_unless (gst_element_seek_simple (h->element, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, 0));
  batches = play_to_end (h);
  fail_unless_equals_int (handler.calls, 5);
  fail_unless_equals_int (batches->len, 2);
  assert_batch_data (batches->pdata[0], audio, 0);
  assert_batch_data (batches->pdata[1], audio, 10);
  end_handler (h, bus, batches);
  audio_free (audio);
}

GST_END_TEST;

static GstBuffer *
return_none (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  return handler->calls++ < 2 ? take_new_batch (element) : NULL;
}

static GstBuffer *
take_and_return_none (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);

  if (handler->calls++ == 2)
    gst_clear_buffer (&batch);
  return batch;
}

/* As return_none(), but nobody is connected any more when it returns. */
static GstBuffer *
take_leave_and_return_none (GstElement * element, guint64 start,
    guint n_samples, Handler * handler)
{
  if (handler->calls == 2)
    g_signal_handlers_disconnect_by_data (element, handler);
  return take_and_return_none (element, start, n_samples, handler);
}

static const struct
{
  GCallback handle;
} failures[] = {
  {G_CALLBACK (return_none)},
  {G_CALLBACK (take_and_return_none)},
  {G_CALLBACK (take_leave_and_return_none)},
};

GST_START_TEST (test_handler_that_returns_no_batch_is_named_as_the_cause)
{
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, failures[__i__].handle,
      &handler);

  fail_unless_equals_int (batches->len, 2);
  assert_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
      "handler of fill-batch returned no batch at sample 20");
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstBuffer *
fail_by_name (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GST_ELEMENT_ERROR (element, RESOURCE, READ, ("The tape is torn."), (NULL));
  return NULL;
}

GST_START_TEST (test_error_that_the_handler_names_is_the_only_one_of_ours)
{
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, G_CALLBACK (fail_by_name), NULL);

  fail_unless_equals_int (batches->len, 0);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
      "The tape is torn.");
  /* GstBaseSrc has one of its own */
  assert_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "Internal data stream error");
  assert_no_error (bus);
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstEventType
pull_event_type (GstHarness * h)
{
  GstEvent *event = gst_harness_pull_event (h);
  GstEventType type;

  fail_unless (event != NULL);
  type = GST_EVENT_TYPE (event);
  gst_event_unref (event);
  return type;
}

/* As if another thread flushed while the handler waited for samples. */
static GstBuffer *
give_up_in_flush (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  if (handler->calls++ < 2)
    return take_new_batch (element);
  gst_element_send_event (element, gst_event_new_flush_start ());
  return NULL;
}

GST_START_TEST (test_handler_that_gives_up_in_a_flush_is_no_error)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Handler handler = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, "samples-per-batch=10",
      &bus);

  g_signal_connect (h->element, "fill-batch", G_CALLBACK (give_up_in_flush),
      &handler);
  gst_harness_play (h);
  while (pull_event_type (h) != GST_EVENT_FLUSH_START);
  /* waits for the streaming thread */
  gst_element_set_state (h->element, GST_STATE_READY);
  fail_unless_equals_int (handler.calls, 3);
  assert_no_error (bus);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      gst_harness_buffers_in_queue (h));
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static void
keep_buffer (GstBuffer * batch, Handler * handler)
{
  handler->kept = gst_buffer_ref (batch);
}

static void
keep_memory (GstBuffer * batch, Handler * handler)
{
  handler->kept = gst_buffer_get_memory (batch, 0);
}

static void
keep_copy (GstBuffer * batch, Handler * handler)
{
  handler->kept = gst_buffer_copy (batch);
}

static void
keep_part (GstBuffer * batch, Handler * handler)
{
  handler->kept = gst_memory_share (gst_buffer_peek_memory (batch, 0), 2, 4);
}

static void
keep_map (GstBuffer * batch, Handler * handler)
{
  fail_unless (gst_buffer_map (batch, &handler->map, GST_MAP_WRITE));
  handler->kept = gst_memory_ref (handler->map.memory);
}

static void
add_memory (GstBuffer * batch, Handler * handler)
{
  gst_buffer_append_memory (batch, gst_allocator_alloc (NULL, 20, NULL));
}

/* What a handler does to its third batch. */
typedef void (*Misdeed) (GstBuffer * batch, Handler * handler);

static Misdeed misdeed;

static GstBuffer *
do_misdeed (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);

  if (handler->calls++ == 2)
    misdeed (batch, handler);
  return batch;
}

static const Misdeed keepers[] = {
  keep_buffer, keep_memory, keep_copy, keep_part, keep_map, add_memory,
};

GST_START_TEST (test_handler_that_keeps_a_reference_gets_an_error_and_no_push)
{
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches;
  guint i;

  misdeed = keepers[__i__ / 2];
  batches = play_handler_with (&h, &bus, G_CALLBACK (do_misdeed), &handler,
      __i__ % 2);
  fail_unless_equals_int (batches->len, 2);
  for (i = 0; i < batches->len; i++)
    assert_batch_exclusive (batches->pdata[i]);
  assert_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
      "has kept a reference to the batch");
  if (handler.map.memory) {
    gst_memory_unmap (handler.map.memory, &handler.map);
    gst_memory_unref (handler.map.memory);
  }
  if (handler.kept)
    gst_mini_object_unref (handler.kept);
  end_handler (h, bus, batches);
}

GST_END_TEST;

GST_START_TEST (test_kept_batch_stays_what_it_was)
{
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches;

  misdeed = keep_buffer;
  batches = play_handler (&h, &bus, G_CALLBACK (do_misdeed), &handler);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      1 + batches->len);
  assert_batch_exclusive (handler.kept);
  assert_batch_time (handler.kept, 20, 10, RATE, 0);
  gst_buffer_unref (handler.kept);
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstBuffer *
new_buffer (void)
{
  return gst_buffer_new_allocate (NULL, 20, NULL);
}

static GstBuffer *
return_own (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  return new_buffer ();
}

/* The new buffer can have the address of the batch. */
static GstBuffer *
drop_and_return_own (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  gst_buffer_unref (take_new_batch (element));
  return new_buffer ();
}

static GstBuffer *
return_copy (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);
  GstBuffer *copy = gst_buffer_copy_deep (batch);

  gst_buffer_unref (batch);
  return copy;
}

static GstBuffer *
replace_memory (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);

  gst_buffer_replace_all_memory (batch, gst_allocator_alloc (NULL, 20, NULL));
  return batch;
}

static GstBuffer *
remove_memory (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);

  gst_buffer_remove_all_memory (batch);
  return batch;
}

static const struct
{
  GCallback handle;
} strangers[] = {
  {G_CALLBACK (return_own)},
  {G_CALLBACK (drop_and_return_own)},
  {G_CALLBACK (return_copy)},
  {G_CALLBACK (replace_memory)},
  {G_CALLBACK (remove_memory)},
};

GST_START_TEST (test_buffer_or_memory_that_is_not_from_new_batch_is_refused)
{
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler_with (&h, &bus,
      strangers[__i__ / 2].handle, NULL, __i__ % 2);

  fail_unless_equals_int (batches->len, 0);
  assert_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
      "not from new-batch, for the batch of 10 samples at sample 0");
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstBuffer *
emit_new_batch (GstElement * element)
{
  GstBuffer *batch = NULL;

  g_signal_emit_by_name (element, "new-batch", &batch);
  return batch;
}

/* Expects that new-batch has warned @n times. */
static void
assert_warnings (GstBus * bus, guint n)
{
  GstMessage *message;
  guint found = 0;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING))) {
    GError *warning = NULL;

    gst_message_parse_warning (message, &warning, NULL);
    fail_unless (strstr (warning->message, "no batch to fill") != NULL);
    g_error_free (warning);
    gst_message_unref (message);
    found++;
  }
  fail_unless_equals_int (found, n);
}

static GstBuffer *
take_twice (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);

  fail_unless (emit_new_batch (element) == NULL);
  return batch;
}

static GstBuffer *
take_in_other_thread (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GThread *thread = g_thread_new ("other", (GThreadFunc) emit_new_batch,
      element);

  fail_unless (g_thread_join (thread) == NULL);
  return take_new_batch (element);
}

static GstPadProbeReturn
take_in_probe (GstPad * pad, GstPadProbeInfo * info, gpointer element)
{
  fail_unless (emit_new_batch (element) == NULL);
  return GST_PAD_PROBE_OK;
}

static GstBuffer *
take_and_probe (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstPad *pad = gst_element_get_static_pad (element, "src");

  if (start == 0)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, take_in_probe, element,
        NULL);
  gst_object_unref (pad);
  return take_new_batch (element);
}

static const struct
{
  GCallback handle;
} takers[] = {
  {G_CALLBACK (take_twice)},
  {G_CALLBACK (take_in_other_thread)},
  {G_CALLBACK (take_and_probe)},
};

GST_START_TEST (test_new_batch_elsewhere_is_none_with_a_warning)
{
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus, takers[__i__].handle, NULL);

  fail_unless_equals_int (batches->len, 9);
  fail_unless (emit_new_batch (h->element) == NULL);
  assert_warnings (bus, 10);
  end_handler (h, bus, batches);
}

GST_END_TEST;

static GstBuffer *
keep_within_the_call (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = take_new_batch (element);
  GstBuffer *mine = gst_buffer_ref (batch);
  GstBuffer *copy = gst_buffer_copy_deep (batch);
  GstMemory *memory = gst_buffer_get_memory (batch, 0);

  gst_memory_unref (memory);
  gst_buffer_unref (copy);
  gst_buffer_unref (mine);
  handler->calls++;
  return batch;
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

static GstBuffer *
do_nothing (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  handler->calls++;
  return take_new_batch (element);
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

static GstBuffer *
cut_short (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  static const guint samples[] = { 10, 7, 1, 10 };
  GstBuffer *batch = take_new_batch (element);

  gst_buffer_set_size (batch, samples[handler->calls++] * 2);
  if (handler->calls == G_N_ELEMENTS (samples))
    g_signal_emit_by_name (element, "end-of-stream");
  return batch;
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

static GstBuffer *
cut_wrong (GstElement * element, guint64 start, guint n_samples,
    const guint * size)
{
  GstBuffer *batch = take_new_batch (element);

  gst_buffer_set_size (batch, *size);
  return batch;
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
  assert_same_bytes (bytes, wave);
  end_handler (h, bus, batches);
}

GST_END_TEST;

/* Disconnects after three batches, so that the wave continues. */
static GstBuffer *
leave_after_three (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  if (++handler->calls == 3)
    g_signal_handlers_disconnect_by_data (element, handler);
  return take_new_batch (element);
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

/* Leaves in the call for the fourth batch. */
static GstBuffer *
leave_without_fourth (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  if (++handler->calls < 4)
    return take_new_batch (element);
  g_signal_handlers_disconnect_by_data (element, handler);
  return NULL;
}

GST_START_TEST (test_handler_that_leaves_without_a_batch_leaves_it_to_the_wave)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GByteArray *wave = bytes_of ("audiobatchsrc", &info,
      "samples-per-batch=10 num-buffers=9");
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus,
      G_CALLBACK (leave_without_fourth), &handler);
  GByteArray *bytes = join (batches);

  fail_unless_equals_int (bytes->len, wave->len);
  fail_unless (memcmp (bytes->data + 60, wave->data + 60, 120) == 0);
  assert_no_error (bus);
  g_byte_array_unref (bytes);
  g_byte_array_unref (wave);
  end_handler (h, bus, batches);
}

GST_END_TEST;

/* As leave_without_fourth(), but another handler comes in its place. */
static GstBuffer *
replace_at_fourth (GstElement * element, guint64 start, guint n_samples,
    Handler * handler)
{
  GstBuffer *batch = leave_without_fourth (element, start, n_samples, handler);

  if (batch == NULL)
    g_signal_connect (element, "fill-batch", G_CALLBACK (do_nothing), handler);
  return batch;
}

GST_START_TEST (test_handler_in_the_place_of_one_that_left_gets_its_batch)
{
  Handler handler = { NULL };
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches = play_handler (&h, &bus,
      G_CALLBACK (replace_at_fourth), &handler);
  GByteArray *bytes = join (batches);
  guint i;

  fail_unless_equals_int (handler.calls, 4 + 9 - 3);
  fail_unless_equals_int (bytes->len, 9 * 20);
  for (i = 0; i < bytes->len; i++)
    fail_unless_equals_int (bytes->data[i], 0);
  assert_no_error (bus);
  g_byte_array_unref (bytes);
  end_handler (h, bus, batches);
}

GST_END_TEST;

GST_START_TEST (test_handler_connected_after_fills_each_batch)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Handler handler = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, "num-buffers=4", &bus);

  g_signal_connect_after (h->element, "fill-batch", G_CALLBACK (do_nothing),
      &handler);
  end_handler (h, bus, play_to_end (h));
  fail_unless_equals_int (handler.calls, 4);
}

GST_END_TEST;

static GstBuffer *
take_swapped (Handler * handler, guint64 start, guint n_samples,
    GstElement * element)
{
  fail_unless_equals_uint64 (start, handler->calls * n_samples);
  return do_nothing (element, start, n_samples, handler);
}

GST_START_TEST (test_swapped_handler_fills_each_batch)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Handler handler = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, "num-buffers=4", &bus);

  g_signal_connect_swapped (h->element, "fill-batch",
      G_CALLBACK (take_swapped), &handler);
  end_handler (h, bus, play_to_end (h));
  fail_unless_equals_int (handler.calls, 4);
}

GST_END_TEST;

/* What is done to a stream in its streaming thread when so many batches have
 * been pushed. */
#define BEFORE_CONNECT 20

typedef struct
{
  GstElement *element;
  Handler handler;
  guint pushed;
  gboolean sets_property;
  gint ended;
} Latecomer;

static GstPadProbeReturn
connect_in_probe (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Latecomer *self = user_data;

  if (++self->pushed == BEFORE_CONNECT) {
    g_signal_connect (self->element, "fill-batch", G_CALLBACK (do_nothing),
        &self->handler);
    if (self->sets_property)
      g_object_set (self->element, "volume", 0.5, NULL);
  }
  return GST_PAD_PROBE_OK;
}

/* In the streaming thread, so that the batch is known. A batch has a
 * millisecond. */
GST_START_TEST (test_handler_connected_while_playing_is_found_in_100_ms)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  guint delay = __i__ ? 0 : 100;
  Latecomer late = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info,
      "samples-per-batch=48 num-buffers=300", &bus);
  GstPad *pad = gst_element_get_static_pad (h->element, "src");

  late.element = h->element;
  late.sets_property = __i__;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, connect_in_probe, &late,
      NULL);
  end_handler (h, bus, play_to_end (h));
  fail_unless (late.handler.calls >= 300 - BEFORE_CONNECT - delay,
      "%u calls", late.handler.calls);
  gst_object_unref (pad);
}

GST_END_TEST;

static GstPadProbeReturn
block (GstPad * pad, GstPadProbeInfo * info, gpointer unused)
{
  return GST_PAD_PROBE_OK;
}

/* The sink plays before the source does: the second batch may be made before
 * the source looks. It waits at the pad until the source plays. */
GST_START_TEST (test_handler_connected_in_paused_fills_what_comes_after)
{
  Handler handler = { NULL };
  GstElement *pipeline = gst_parse_launch ("audiobatchsrc name=src "
      "num-buffers=50 samples-per-batch=10 ! fakesink", NULL);
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstPad *pad = gst_element_get_static_pad (src, "src");
  GstBus *bus = gst_element_get_bus (pipeline);
  gulong probe;

  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (gst_element_get_state (pipeline, NULL, NULL,
          GST_CLOCK_TIME_NONE), GST_STATE_CHANGE_SUCCESS);
  g_signal_connect (src, "fill-batch", G_CALLBACK (do_nothing), &handler);
  probe = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK
      | GST_PAD_PROBE_TYPE_BUFFER, block, NULL, NULL);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_SUCCESS);
  gst_pad_remove_probe (pad, probe);
  gst_message_unref (expect_message (bus, GST_MESSAGE_EOS));
  fail_unless (handler.calls >= 48, "%u calls", handler.calls);
  gst_object_unref (pad);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (src);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* Plays batches of 10 by @handler, and returns how many tags came. */
static guint
count_tags (GCallback callback, Handler * handler)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info,
      "samples-per-batch=10 num-buffers=9", &bus);
  GstEventType type;
  guint tags = 0;

  g_signal_connect (h->element, "fill-batch", callback, handler);
  gst_harness_play (h);
  do {
    type = pull_event_type (h);
    tags += type == GST_EVENT_TAG;
  } while (type != GST_EVENT_EOS);
  harness_free_with_bus (h, bus);
  return tags;
}

/* Connects and disconnects until the stream has ended. */
static gpointer
come_and_go (gpointer user_data)
{
  Latecomer *self = user_data;

  while (!g_atomic_int_get (&self->ended)) {
    gulong id = g_signal_connect (self->element, "fill-batch",
        G_CALLBACK (do_nothing), &self->handler);

    g_thread_yield ();
    g_signal_handler_disconnect (self->element, id);
  }
  return NULL;
}

GST_START_TEST (test_handlers_may_come_and_go_in_another_thread)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Latecomer self = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info,
      "samples-per-batch=4800 num-buffers=500", &bus);
  GThread *thread;
  GPtrArray *batches;

  self.element = h->element;
  thread = g_thread_new ("come-and-go", come_and_go, &self);
  batches = play_to_end (h);
  g_atomic_int_set (&self.ended, TRUE);
  g_thread_join (thread);
  fail_unless_equals_int (batches->len, 500);
  assert_lossless (h->element, 500 * 4800, 0);
  assert_no_error (bus);
  end_handler (h, bus, batches);
}

GST_END_TEST;

GST_START_TEST (test_tag_about_the_wave_comes_only_with_the_wave)
{
  Handler handler = { NULL };

  fail_unless_equals_int (count_tags (G_CALLBACK (do_nothing), &handler), 0);
  handler.calls = 0;
  fail_unless_equals_int (count_tags (G_CALLBACK (leave_after_three),
          &handler), 1);
}

GST_END_TEST;

static GstPadProbeReturn
end_in_probe (GstPad * pad, GstPadProbeInfo * info, gpointer element)
{
  g_signal_emit_by_name (element, "end-of-stream");
  return GST_PAD_PROBE_REMOVE;
}

/* With and without a handler. */
GST_START_TEST (test_end_of_stream_elsewhere_is_an_eos_event)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  Handler handler = { NULL };
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, "samples-per-batch=10",
      &bus);
  GstPad *pad = gst_element_get_static_pad (h->element, "src");
  GPtrArray *batches;

  if (__i__)
    g_signal_connect (h->element, "fill-batch", G_CALLBACK (do_nothing),
        &handler);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, end_in_probe, h->element,
      NULL);
  batches = play_to_end (h);
  fail_unless_equals_int (batches->len, 1);
  assert_no_error (bus);
  end_handler (h, bus, batches);
  gst_object_unref (pad);
}

GST_END_TEST;

static GstBuffer *
fill_pulled (GstElement * element, guint64 start, guint n_samples,
    const Audio * audio)
{
  GstBuffer *batch = take_new_batch (element);

  fill_planes (batch, start, audio);
  if (start + n_samples == 50)
    g_signal_emit_by_name (element, "end-of-stream");
  return batch;
}

/* Pulls 10 samples of F32 from @start on. */
static void
pull_ten (GstPad * pad, guint start, const Audio * audio,
    GstFlowReturn expected)
{
  GstBuffer *batch = NULL;

  fail_unless_equals_int (gst_pad_get_range (pad, start * 4, 40, &batch),
      expected);
  if (expected != GST_FLOW_OK)
    return;
  assert_batch_data (batch, audio, start);
  assert_batch_exclusive (batch);
  gst_buffer_unref (batch);
}

GST_START_TEST (test_pulled_batches_come_from_the_handler)
{
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);
  GstPad *pad = gst_element_get_static_pad (element, "src");
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, 50);

  g_object_set (element, "can-activate-pull", TRUE, NULL);
  g_signal_connect (element, "fill-batch", G_CALLBACK (fill_pulled), audio);
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless (gst_pad_activate_mode (pad, GST_PAD_MODE_PULL, TRUE));
  gst_element_set_state (element, GST_STATE_PLAYING);
  pull_ten (pad, 20, audio, GST_FLOW_OK);
  pull_ten (pad, 40, audio, GST_FLOW_OK);
  pull_ten (pad, 50, audio, GST_FLOW_EOS);
  pull_ten (pad, 60, audio, GST_FLOW_EOS);
  /* what is before the end can still be pulled */
  pull_ten (pad, 0, audio, GST_FLOW_OK);
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  gst_pad_activate_mode (pad, GST_PAD_MODE_PULL, FALSE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
  audio_free (audio);
}

GST_END_TEST;

static void
add_handler_tests (TCase * tc)
{
  tcase_add_loop_test (tc,
      test_handler_fills_each_batch_in_every_format_and_layout, 1, 4);
  tcase_add_loop_test (tc,
      test_end_of_stream_ends_it_with_the_batch_that_is_returned, 0, 2);
  tcase_add_test (tc, test_batch_that_the_handler_drops_at_the_end_is_released);
  tcase_add_test (tc, test_stream_that_the_handler_ended_plays_on_after_a_seek);
  tcase_add_loop_test (tc, test_end_of_stream_elsewhere_is_an_eos_event, 0, 2);
  tcase_add_test (tc,
      test_what_the_handler_leaves_out_is_silence_without_gap_flag);
  tcase_add_test (tc, test_handler_may_cut_batches_short_and_time_follows);
  tcase_add_test (tc, test_references_that_end_with_the_call_do_no_harm);
  tcase_add_test (tc, test_pulled_batches_come_from_the_handler);
}

static void
add_mistake_tests (TCase * tc)
{
  tcase_add_loop_test (tc,
      test_handler_that_returns_no_batch_is_named_as_the_cause, 0,
      G_N_ELEMENTS (failures));
  tcase_add_test (tc,
      test_error_that_the_handler_names_is_the_only_one_of_ours);
  tcase_add_test (tc, test_handler_that_gives_up_in_a_flush_is_no_error);
  tcase_add_loop_test (tc,
      test_handler_that_keeps_a_reference_gets_an_error_and_no_push, 0,
      2 * G_N_ELEMENTS (keepers));
  tcase_add_test (tc, test_kept_batch_stays_what_it_was);
  tcase_add_loop_test (tc,
      test_buffer_or_memory_that_is_not_from_new_batch_is_refused, 0,
      2 * G_N_ELEMENTS (strangers));
  tcase_add_loop_test (tc, test_new_batch_elsewhere_is_none_with_a_warning, 0,
      G_N_ELEMENTS (takers));
  tcase_add_loop_test (tc,
      test_handler_that_leaves_no_whole_samples_gets_an_error, 0,
      G_N_ELEMENTS (wrong_sizes));
}

static void
add_connection_tests (TCase * tc)
{
  tcase_add_test (tc, test_without_a_handler_any_more_there_is_the_wave_again);
  tcase_add_test (tc, test_handler_that_leaves_while_playing_leaves_the_wave);
  tcase_add_test (tc,
      test_handler_that_leaves_without_a_batch_leaves_it_to_the_wave);
  tcase_add_test (tc,
      test_handler_in_the_place_of_one_that_left_gets_its_batch);
  tcase_add_test (tc, test_only_the_first_handler_is_asked);
  tcase_add_test (tc, test_handler_connected_after_fills_each_batch);
  tcase_add_test (tc, test_swapped_handler_fills_each_batch);
  tcase_add_loop_test (tc,
      test_handler_connected_while_playing_is_found_in_100_ms, 0, 2);
  tcase_add_test (tc, test_handler_connected_in_paused_fills_what_comes_after);
  tcase_add_test (tc, test_handlers_may_come_and_go_in_another_thread);
  tcase_add_test (tc, test_tag_about_the_wave_comes_only_with_the_wave);
}

static Suite *
sourcefill_suite (void)
{
  static void (*const add[]) (TCase *) = {
    add_handler_tests, add_mistake_tests, add_connection_tests,
  };
  Suite *s = suite_create ("sourcefill");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (add); i++) {
    TCase *tc = tcase_create ("fill-batch");

    suite_add_tcase (s, tc);
    tcase_set_timeout (tc, 300);
    add[i] (tc);
  }
  return s;
}

GST_CHECK_MAIN (sourcefill);
