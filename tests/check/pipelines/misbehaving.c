/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Consumers that misbehave: they hold batches for ever, release them in any
 * order and in any thread, return any flow return, and are linked, unlinked and
 * blocked while samples stream. The input is a ramp, so every batch can be
 * checked. */

#include "../consumerrig.h"

/* Holding and releasing */

GST_START_TEST (test_a_consumer_that_holds_for_ever_gets_all_of_the_stream)
{
  gboolean pooled = __i__ % N_MODES == 1;
  Rig rig;
  guint i;

  rig_setup (&rig, __i__);
  rig.keep = G_MAXUINT;
  rig_start (&rig);
  fail_unless_equals_int (rig_await_end (&rig), GST_FLOW_OK);
  fail_unless (rig.eos);
  fail_unless_equals_int (rig.held->len, BATCHES);
  for (i = 0; i < BATCHES; i++) {
    rig_assert_is_ramp (rig.held->pdata[i], rig.audio);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (rig.held->pdata[i]),
        i * BATCH);
  }
  fail_unless_equals_uint64 (get_counter (rig.element, "outstanding-batches"),
      BATCHES);
  fail_unless_equals_uint64 (get_counter (rig.element, "allocations"), BATCHES);
  fail_unless_equals_uint64 (get_counter (rig.element, "fallbacks"),
      pooled ? BATCHES - 4 : 0);
  rig_assert_nothing_lost (&rig);
  rig_clear (&rig);
}

GST_END_TEST;

/* Takes a random one of the held batches, or NULL. */
static GstBuffer *
take_any (Rig * self, GRand * rand)
{
  GstBuffer *batch = NULL;

  g_mutex_lock (&self->lock);
  if (self->held->len > 0)
    batch = g_ptr_array_steal_index_fast (self->held,
        g_rand_int_range (rand, 0, self->held->len));
  g_mutex_unlock (&self->lock);
  return batch;
}

typedef struct
{
  Rig *rig;
  guint32 seed;
  gint stop;
  guint released;
} Releaser;

/* A held batch must not change until it is released, so check it then, and
 * overwrite it to show up any later reader. */
static gpointer
release_at_random (gpointer data)
{
  Releaser *self = data;
  GRand *rand = g_rand_new_with_seed (self->seed);
  GstBuffer *batch;
  gboolean last;

  do {
    last = g_atomic_int_get (&self->stop);
    while ((batch = take_any (self->rig, rand))) {
      rig_assert_is_ramp (batch, self->rig->audio);
      gst_buffer_memset (batch, 0, 0xa5, -1);
      gst_buffer_unref (batch);
      self->released++;
    }
    g_thread_yield ();
  } while (!last);
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_another_thread_releases_in_random_order)
{
  Releaser releaser = { NULL };
  GThread *thread;
  Rig rig;

  rig_setup (&rig, __i__);
  rig.keep = G_MAXUINT;
  releaser.rig = &rig;
  releaser.seed = g_rand_int (rig.rand);
  thread = g_thread_new ("releaser", release_at_random, &releaser);
  rig_start (&rig);
  fail_unless_equals_int (rig_await_end (&rig), GST_FLOW_OK);
  g_atomic_int_set (&releaser.stop, TRUE);
  g_thread_join (thread);
  fail_unless_equals_int (releaser.released, BATCHES);
  fail_unless_equals_uint64 (get_stat (rig.element, "released"), BATCHES);
  fail_unless_equals_uint64 (get_counter (rig.element, "outstanding-batches"),
      0);
  fail_unless_equals_uint64 (get_stat (rig.element, "discards"), 0);
  rig_assert_nothing_lost (&rig);
  rig_clear (&rig);
}

GST_END_TEST;

static void
note_gone (gpointer gone, GObject * object)
{
  (*(guint *) gone)++;
}

GST_START_TEST (test_batches_are_released_when_element_bus_and_all_are_gone)
{
  Releaser releaser = { NULL };
  guint gone = 0;
  Rig rig;

  rig_setup (&rig, __i__);
  rig.keep = G_MAXUINT;
  g_object_weak_ref (G_OBJECT (rig.element), note_gone, &gone);
  g_object_weak_ref (G_OBJECT (rig.bus), note_gone, &gone);
  g_object_weak_ref (G_OBJECT (rig.srcpad), note_gone, &gone);
  rig_start (&rig);
  rig_await_end (&rig);
  rig_dismantle (&rig);
  fail_unless_equals_int (gone, 3);
  fail_unless_equals_int (rig.held->len, BATCHES);
  releaser.rig = &rig;
  releaser.seed = g_rand_int (rig.rand);
  releaser.stop = TRUE;
  g_thread_join (g_thread_new ("releaser", release_at_random, &releaser));
  fail_unless_equals_int (releaser.released, BATCHES);
  g_ptr_array_unref (rig.held);
  audio_free (rig.audio);
  g_rand_free (rig.rand);
  g_mutex_clear (&rig.lock);
}

GST_END_TEST;

/* Returning */

/* What a consumer returns, and whether the source then posts an error and sends
 * EOS. */
static const struct
{
  GstFlowReturn ret;
  gboolean is_error;
  gboolean is_end;
} refusals[] = {
  {GST_FLOW_NOT_LINKED, TRUE, TRUE},
  {GST_FLOW_FLUSHING, FALSE, FALSE},
  {GST_FLOW_EOS, FALSE, TRUE},
  {GST_FLOW_NOT_NEGOTIATED, TRUE, TRUE},
  {GST_FLOW_ERROR, TRUE, TRUE},
  {GST_FLOW_NOT_SUPPORTED, TRUE, TRUE},
  {GST_FLOW_CUSTOM_ERROR, TRUE, TRUE},
  {GST_FLOW_CUSTOM_ERROR_1, TRUE, TRUE},
  {GST_FLOW_CUSTOM_ERROR_2, TRUE, TRUE},
  {GST_FLOW_CUSTOM_SUCCESS, FALSE, FALSE},
  {GST_FLOW_CUSTOM_SUCCESS_1, FALSE, FALSE},
  {GST_FLOW_CUSTOM_SUCCESS_2, FALSE, FALSE},
};

/* The filter returns the consumer's flow return. If upstream keeps pushing, the
 * filter continues. */
static void
check_refused_filter (Rig * self)
{
  fail_unless_equals_int (rig_await_end (self), self->refusal);
  fail_unless (gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR) == NULL);
  fail_unless_equals_int (self->seen, self->refused);
  fail_unless_equals_uint64 (get_counter (self->element, "batches"),
      self->refused);
  fail_unless_equals_uint64 (get_stat (self->element, "samples-in"),
      self->pushed);
  rig_assert_nothing_lost (self);
  self->discont = 0;
  while (self->pushed < SAMPLES)
    fail_unless_equals_int (rig_feed_chunk (self), GST_FLOW_OK);
  fail_unless (gst_pad_push_event (self->feed, gst_event_new_eos ()));
  fail_unless (self->seen > self->refused);
  fail_unless_equals_int (self->discont, 1);
  fail_unless_equals_uint64 (self->next, SAMPLES);
}

/* To the filter a custom success is no refusal: nothing is lost. */
static void
check_succeeding_filter (Rig * self)
{
  fail_unless (rig_await_end (self) >= GST_FLOW_OK);
  fail_unless_equals_int (self->seen, BATCHES);
  fail_unless_equals_int (self->discont, 1);
  fail_unless_equals_uint64 (self->next, SAMPLES);
  fail_unless_equals_uint64 (get_stat (self->element, "samples-dropped"), 0);
  fail_unless (self->eos);
}

/* GstBaseSrc stops without a word after a custom success, as audiotestsrc does.
 * After an error it posts that error, and the source can start again. */
static void
check_refused_source (Rig * self, guint how)
{
  GstMessage *message;
  GError *error = NULL;

  rig_await_end (self);
  fail_unless_equals_int (self->seen, self->refused);
  fail_unless_equals_uint64 (get_counter (self->element, "batches"),
      self->refused);
  message = gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR);
  fail_unless_equals_int (message != NULL, refusals[how].is_error);
  if (message) {
    gst_message_parse_error (message, &error, NULL);
    fail_unless (g_error_matches (error, GST_STREAM_ERROR,
            GST_STREAM_ERROR_FAILED), "%s", error->message);
    g_error_free (error);
    gst_message_unref (message);
  }
  fail_unless_equals_int (self->eos, refusals[how].is_end);
  rig_assert_nothing_lost (self);

  gst_element_set_state (self->element, GST_STATE_READY);
  gst_pad_set_active (self->consumer, FALSE);
  gst_pad_set_active (self->consumer, TRUE);
  self->refused = self->seen = self->next = 0;
  self->eos = FALSE;
  rig_start (self);
  rig_await_end (self);
  fail_unless_equals_int (self->seen, BATCHES);
  fail_unless (self->eos);
}

GST_START_TEST (test_each_return_of_a_consumer_is_handed_on_and_survived)
{
  const guint variant = __i__ % VARIANTS;
  const guint how = __i__ / VARIANTS;
  Rig rig;

  rig_setup (&rig, variant);
  rig.refused = g_rand_int_range (rig.rand, 1, BATCHES / 2);
  rig.refusal = refusals[how].ret;
  g_print ("%s from batch %u\n", gst_flow_get_name (rig.refusal), rig.refused);
  rig_start (&rig);
  if (rig.is_source)
    check_refused_source (&rig, how);
  else if (rig.refusal > GST_FLOW_OK)
    check_succeeding_filter (&rig);
  else
    check_refused_filter (&rig);
  rig_assert_nothing_lost (&rig);
  rig_clear (&rig);
}

GST_END_TEST;

/* Coming and going */

/* Upstream ignores NOT_LINKED and keeps pushing while the source pad is
 * unlinked. */
GST_START_TEST (test_who_is_linked_again_gets_samples_at_their_time)
{
  guint gaps = 0;
  guint64 before;
  Rig rig;

  rig_setup (&rig, __i__);
  gst_element_set_state (rig.element, GST_STATE_PLAYING);
  rig_begin_feed (&rig);
  while (rig.pushed < SAMPLES / 4 * 3) {
    guint seen = rig.seen;

    while (rig.seen < seen + 2)
      fail_unless_equals_int (rig_feed_chunk (&rig), GST_FLOW_OK);
    before = get_counter (rig.element, "batches");
    fail_unless (gst_pad_unlink (rig.srcpad, rig.consumer));
    while (get_counter (rig.element, "batches") < before + 2) {
      GstFlowReturn ret = rig_feed_chunk (&rig);

      fail_unless (ret == GST_FLOW_OK || ret == GST_FLOW_NOT_LINKED, "%s",
          gst_flow_get_name (ret));
    }
    /* forget the sticky events, like a pad that has never been linked */
    gst_pad_set_active (rig.consumer, FALSE);
    gst_pad_set_active (rig.consumer, TRUE);
    fail_unless_equals_int (gst_pad_link (rig.srcpad, rig.consumer),
        GST_PAD_LINK_OK);
    gaps++;
  }
  while (rig.pushed < SAMPLES)
    fail_unless_equals_int (rig_feed_chunk (&rig), GST_FLOW_OK);
  fail_unless (gaps > 5);
  fail_unless_equals_uint64 (get_stat (rig.element, "samples-in"), SAMPLES);
  rig_assert_nothing_lost (&rig);
  rig_clear (&rig);
}

GST_END_TEST;

static GstPadProbeReturn
change_consumer (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Rig *self = data;
  GstPad *next = rig_consumer_new (self);

  gst_pad_unlink (pad, self->consumer);
  gst_pad_set_active (self->consumer, FALSE);
  gst_object_unref (self->consumer);
  fail_unless_equals_int (gst_pad_link (pad, next), GST_PAD_LINK_OK);
  g_atomic_pointer_set (&self->consumer, next);
  return GST_PAD_PROBE_REMOVE;
}

/* The consumer has received a batch, or the stream has ended. Do not exchange
 * it earlier: GStreamer may still be sending it the sticky events, and marks
 * the event under way as received although the next consumer never saw it. */
static gboolean
is_served (Rig * self, gpointer data)
{
  gboolean served;

  g_mutex_lock (&self->lock);
  served = self->last_consumer == self->consumer || self->eos;
  g_mutex_unlock (&self->lock);
  return served;
}

static gboolean
is_exchanged (Rig * self, gpointer old)
{
  return g_atomic_pointer_get (&self->consumer) != old;
}

static void
await (Rig * self, gboolean (*condition) (Rig * self, gpointer data),
    gpointer data)
{
  const gint64 end = g_get_monotonic_time () + LONG;

  while (!condition (self, data)) {
    fail_unless (g_get_monotonic_time () < end);
    g_thread_yield ();
  }
}

/* Exchange the consumer in an idle probe, as applications do. */
GST_START_TEST (test_a_consumer_that_is_exchanged_while_streaming_misses_none)
{
  Rig rig;
  guint i;

  rig_setup (&rig, __i__);
  rig.keep = 0;
  rig_start (&rig);
  for (i = 0; i < 20; i++) {
    GstPad *consumer = rig.consumer;

    await (&rig, is_served, NULL);
    gst_pad_add_probe (rig.srcpad, GST_PAD_PROBE_TYPE_IDLE, change_consumer,
        &rig, NULL);
    await (&rig, is_exchanged, consumer);
  }
  fail_unless_equals_int (rig_await_end (&rig), GST_FLOW_OK);
  fail_unless (rig.eos);
  fail_unless_equals_int (rig.seen, BATCHES);
  fail_unless_equals_uint64 (rig.next, SAMPLES);
  fail_unless_equals_int (rig.discont, 1);
  rig_clear (&rig);
}

GST_END_TEST;

/* Renegotiating */

static const gchar *const formats[] = {
  "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved",
  "audio/x-raw,format=F32LE,rate=44100,channels=2,layout=interleaved",
  "audio/x-raw,format=F64LE,rate=8000,channels=1,layout=interleaved",
};

/* The bytes that passed a pad, and the end time of the last batch. */
typedef struct
{
  GChecksum *sum;
  guint64 bytes;
  GstClockTime next;
  guint formats;
} Meter;

static GstPadProbeReturn
measure (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Meter *self = data;
  GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (info);
  GstMapInfo map;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_CAPS)
      self->formats++;
    return GST_PAD_PROBE_OK;
  }
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), self->next);
  self->next = GST_BUFFER_PTS (batch) + GST_BUFFER_DURATION (batch);
  fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
  g_checksum_update (self->sum, map.data, map.size);
  self->bytes += map.size;
  gst_buffer_unmap (batch, &map);
  return GST_PAD_PROBE_OK;
}

static void
meter_attach (Meter * self, GstElement * pipeline, const gchar * name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *pad = gst_element_get_static_pad (element, "src");

  memset (self, 0, sizeof *self);
  self->sum = g_checksum_new (G_CHECKSUM_SHA256);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, measure, self, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

/* Waits for @n more batches of @element; FALSE at the end of the stream. */
static gboolean
let_pass (GstElement * element, GstBus * bus, guint n)
{
  const gint64 end = g_get_monotonic_time () + LONG;
  const guint64 until = get_counter (element, "batches") + n;

  while (get_counter (element, "batches") < until) {
    fail_unless (g_get_monotonic_time () < end, "nothing streams any more");
    if (gst_bus_have_pending (bus)) {
      GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR
          | GST_MESSAGE_EOS);

      if (message) {
        fail_unless_equals_string (GST_MESSAGE_TYPE_NAME (message), "eos");
        gst_message_unref (message);
        return FALSE;
      }
    }
    g_thread_yield ();
  }
  return TRUE;
}

GST_START_TEST (test_other_caps_while_streaming_lose_no_byte_and_no_time)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=src wave=white-noise "
      "allocation=%1$s samples-per-batch=100 num-buffers=20000 ! "
      "audiobatch name=filter allocation=%1$s samples-per-batch=64 ! "
      "capsfilter name=caps caps-change-mode=delayed ! fakesink "
      "async=false enable-last-sample=false",
      rig_modes[__i__]);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  GstElement *caps = gst_bin_get_by_name (GST_BIN (pipeline), "caps");
  GstBus *bus = gst_element_get_bus (pipeline);
  Meter made, got;
  guint i = 0;

  meter_attach (&made, pipeline, "src");
  meter_attach (&got, pipeline, "filter");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  do {
    gst_util_set_object_arg (G_OBJECT (caps), "caps", formats[i++ % 3]);
  } while (let_pass (filter, bus, g_random_int_range (1, 200)));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_print ("%s: %u formats, %" G_GUINT64_FORMAT " bytes\n", rig_modes[__i__],
      got.formats, got.bytes);
  fail_unless (got.formats > 10);
  fail_unless_equals_int (got.formats, made.formats);
  fail_unless_equals_uint64 (got.bytes, made.bytes);
  /* each element rounds once per change of rate */
  fail_unless (ABS ((gint64) (got.next - made.next)) <= got.formats);
  fail_unless_equals_string (g_checksum_get_string (got.sum),
      g_checksum_get_string (made.sum));
  assert_lossless (filter, 20000 * 100, 0);
  fail_unless_equals_uint64 (get_counter (filter, "outstanding-batches"), 0);
  g_checksum_free (made.sum);
  g_checksum_free (got.sum);
  gst_object_unref (bus);
  gst_object_unref (caps);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
  g_free (line);
}

GST_END_TEST;

/* Blocking */

static GstPadProbeReturn
block (GstPad * pad, GstPadProbeInfo * info, gpointer blocked)
{
  g_atomic_int_set ((gint *) blocked, TRUE);
  return GST_PAD_PROBE_OK;
}

/* Starts the stream and waits until the streaming thread is blocked in a probe.
 * Returns the probe's id. */
static gulong
block_somewhere (Rig * self, gint * blocked)
{
  const gint64 end = g_get_monotonic_time () + LONG;
  gulong id;

  *blocked = FALSE;
  id = gst_pad_add_probe (self->srcpad, GST_PAD_PROBE_TYPE_BLOCK
      | GST_PAD_PROBE_TYPE_BUFFER, block, blocked, NULL);
  rig_start (self);
  while (!g_atomic_int_get (blocked)) {
    fail_unless (g_get_monotonic_time () < end, "no batch came to the probe");
    g_thread_yield ();
  }
  fail_unless_equals_int (self->seen, 0);
  return id;
}

static void
flush_blocked (Rig * self)
{
  if (self->is_source)
    gst_element_send_event (self->element, gst_event_new_flush_start ());
  else
    gst_pad_push_event (self->feed, gst_event_new_flush_start ());
}

/* Plays from the first sample to the end. */
static void
assert_plays_on (Rig * self)
{
  gst_pad_set_active (self->consumer, FALSE);
  gst_pad_set_active (self->consumer, TRUE);
  self->seen = self->next = self->pushed = 0;
  self->eos = FALSE;
  rig_start (self);
  fail_unless_equals_int (rig_await_end (self), GST_FLOW_OK);
  fail_unless (self->eos);
  fail_unless_equals_int (self->seen, BATCHES);
  fail_unless_equals_uint64 (self->next, SAMPLES);
}

GST_START_TEST (test_a_flush_ends_the_wait_in_a_probe)
{
  gint blocked;
  gulong id;
  Rig rig;

  rig_setup (&rig, __i__);
  id = block_somewhere (&rig, &blocked);
  flush_blocked (&rig);
  fail_unless_equals_int (rig_await_end (&rig),
      rig.is_source ? GST_FLOW_OK : GST_FLOW_FLUSHING);
  fail_unless_equals_int (rig.seen, 0);
  fail_unless_equals_uint64 (get_counter (rig.element, "outstanding-batches"),
      0);
  gst_pad_remove_probe (rig.srcpad, id);
  if (!rig.is_source)
    gst_pad_push_event (rig.feed, gst_event_new_flush_stop (TRUE));
  gst_element_set_state (rig.element, GST_STATE_READY);
  fail_unless (gst_bus_pop_filtered (rig.bus, GST_MESSAGE_ERROR) == NULL);
  assert_plays_on (&rig);
  rig_clear (&rig);
}

GST_END_TEST;

GST_START_TEST (test_a_state_change_ends_the_wait_in_a_probe)
{
  const GstState down = __i__ / VARIANTS == 0 ? GST_STATE_READY
      : GST_STATE_NULL;
  GstFlowReturn ret;
  gint blocked;
  gulong id;
  Rig rig;

  rig_setup (&rig, __i__ % VARIANTS);
  id = block_somewhere (&rig, &blocked);
  fail_unless_equals_int (gst_element_set_state (rig.element,
          GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (gst_element_set_state (rig.element, down),
      GST_STATE_CHANGE_SUCCESS);
  ret = rig_await_end (&rig);
  fail_unless_equals_int (ret, rig.is_source ? GST_FLOW_OK : GST_FLOW_FLUSHING);
  fail_unless_equals_int (rig.seen, 0);
  fail_unless_equals_uint64 (get_counter (rig.element, "outstanding-batches"),
      0);
  rig_assert_nothing_lost (&rig);
  gst_pad_remove_probe (rig.srcpad, id);
  fail_unless (gst_bus_pop_filtered (rig.bus, GST_MESSAGE_ERROR) == NULL);
  assert_plays_on (&rig);
  rig_clear (&rig);
}

GST_END_TEST;

/* The stream continues at the position of the seek. */
GST_START_TEST (test_a_seek_ends_the_wait_in_a_probe)
{
  gint blocked;
  gulong id;
  Rig rig;

  rig_setup (&rig, N_MODES + __i__);
  id = block_somewhere (&rig, &blocked);
  fail_unless (gst_element_seek (rig.element, 1, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
          gst_util_uint64_scale (100 * BATCH, GST_SECOND, RATE),
          GST_SEEK_TYPE_SET, gst_util_uint64_scale (SAMPLES, GST_SECOND,
              RATE)));
  rig.next = 100 * BATCH;
  fail_unless_equals_int (rig.seen, 0);
  gst_pad_remove_probe (rig.srcpad, id);
  rig_await_end (&rig);
  fail_unless (rig.eos);
  fail_unless_equals_int (rig.seen, BATCHES - 100);
  fail_unless_equals_uint64 (rig.next, SAMPLES);
  fail_unless (gst_bus_pop_filtered (rig.bus, GST_MESSAGE_ERROR) == NULL);
  rig_clear (&rig);
}

GST_END_TEST;

static Suite *
misbehaving_suite (void)
{
  Suite *s = suite_create ("misbehaving");
  TCase *tc = tcase_create ("consumers");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc,
      test_a_consumer_that_holds_for_ever_gets_all_of_the_stream, 0, VARIANTS);
  tcase_add_loop_test (tc, test_another_thread_releases_in_random_order, 0,
      VARIANTS);
  tcase_add_loop_test (tc,
      test_batches_are_released_when_element_bus_and_all_are_gone, 0, VARIANTS);
  tcase_add_loop_test (tc,
      test_each_return_of_a_consumer_is_handed_on_and_survived, 0,
      VARIANTS * G_N_ELEMENTS (refusals));
  tcase_add_loop_test (tc, test_who_is_linked_again_gets_samples_at_their_time,
      0, N_MODES);
  tcase_add_loop_test (tc,
      test_a_consumer_that_is_exchanged_while_streaming_misses_none, 0,
      VARIANTS);
  tcase_add_loop_test (tc,
      test_other_caps_while_streaming_lose_no_byte_and_no_time, 0, N_MODES);
  tcase_add_loop_test (tc, test_a_flush_ends_the_wait_in_a_probe, 0, VARIANTS);
  tcase_add_loop_test (tc, test_a_state_change_ends_the_wait_in_a_probe, 0,
      2 * VARIANTS);
  tcase_add_loop_test (tc, test_a_seek_ends_the_wait_in_a_probe, 0, N_MODES);
  return s;
}

GST_CHECK_MAIN (misbehaving);
