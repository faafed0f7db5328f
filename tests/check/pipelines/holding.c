/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Consumers that hold batches, in a thread of their own: which batches are
 * recycled, and what happens at max-outstanding-batches ("the bound"). Prints
 * its figures. */

#include "../awaitcheck.h"

#define BATCH 64
#define BATCHES 200
#define MOST_HELD 40
#define POOL_MAX 16

/* Longest time for a state change: 100 ms, more under a slow tool such as
 * valgrind. */
static gint64
patience (void)
{
  const gchar *multiplier = g_getenv ("CK_TIMEOUT_MULTIPLIER");

  return 100 * G_TIME_SPAN_MILLISECOND
      * (multiplier ? MAX (atoi (multiplier), 1) : 1);
}

/* The consumer keeps the last @keep batches. */
typedef struct
{
  GstElement *pipeline, *element;
  GMutex lock;
  GQueue held;
  guint keep;
} Consumer;

static void
consume (GstElement * sink, GstBuffer * batch, GstPad * pad, gpointer user_data)
{
  Consumer *self = user_data;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->held, gst_buffer_ref (batch));
  while (self->held.length > self->keep)
    gst_buffer_unref (g_queue_pop_head (&self->held));
  g_mutex_unlock (&self->lock);
}

static void
release (Consumer * self, guint n)
{
  g_mutex_lock (&self->lock);
  while (n-- > 0 && self->held.length > 0)
    gst_buffer_unref (g_queue_pop_head (&self->held));
  g_mutex_unlock (&self->lock);
}

/* @line names the element under test "e" and the sink "sink". */
static void
consumer_setup (Consumer * self, const gchar * line, guint keep)
{
  GstElement *sink;

  memset (self, 0, sizeof *self);
  g_mutex_init (&self->lock);
  g_queue_init (&self->held);
  self->keep = keep;
  self->pipeline = gst_parse_launch (line, NULL);
  self->element = gst_bin_get_by_name (GST_BIN (self->pipeline), "e");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  fail_unless (self->element && sink);
  g_object_set (sink, "signal-handoffs", TRUE, "enable-last-sample", FALSE,
      "sync", FALSE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (consume), self);
  gst_object_unref (sink);
}

static void
consumer_clear (Consumer * self)
{
  release (self, G_MAXUINT);
  gst_object_unref (self->element);
  gst_object_unref (self->pipeline);
  g_mutex_clear (&self->lock);
}

static void
await_held (Consumer * self, guint n)
{
  const gint64 end = g_get_monotonic_time () + AWAIT_LIMIT;
  guint held;

  do {
    g_mutex_lock (&self->lock);
    held = self->held.length;
    g_mutex_unlock (&self->lock);
    fail_unless (g_get_monotonic_time () < end, "%u are held", held);
    g_thread_yield ();
  } while (held < n);
}

/* Returns when the thread behind the queue has ended its work. A release is
 * counted a moment before the pool has the buffer. */
static void
await_rest (Consumer * self)
{
  GstElement *queue = gst_bin_get_by_name (GST_BIN (self->pipeline), "queue");
  GstPad *pad = gst_element_get_static_pad (queue, "sink");
  /* it is answered in that thread, behind all batches */
  GstQuery *query = gst_query_new_drain ();

  gst_pad_query (pad, query);
  gst_query_unref (query);
  gst_object_unref (pad);
  gst_object_unref (queue);
}

/* Pushes the next chunk only after the consumer has come to rest, with the last
 * @keep batches held. */
static void
feed_in_lockstep (Consumer * self, GstElement * src, Audio * audio)
{
  guint i;

  for (i = 0; i < BATCHES; i++) {
    GstBuffer *chunk = audio_chunk (audio, i * BATCH, BATCH);
    GstFlowReturn ret;

    GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (i * BATCH, GST_SECOND,
        48000);
    g_signal_emit_by_name (src, "push-buffer", chunk, &ret);
    fail_unless_equals_int (ret, GST_FLOW_OK);
    gst_buffer_unref (chunk);
    await_counter (self->element, "batches", i + 1);
    await_counter (self->element, "outstanding-batches", MIN (i + 1,
            self->keep));
    await_rest (self);
  }
}

/* The consumer holds the last batches, unchanged. */
static void
check_held (Consumer * self, Audio * audio)
{
  GList *item;
  guint i = BATCHES - self->held.length;

  for (item = self->held.head; item; item = item->next, i++) {
    assert_batch_exclusive (item->data);
    assert_batch_data (item->data, audio, i * BATCH);
  }
}

GST_START_TEST (test_fallbacks_are_what_k_held_batches_make_them)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, BATCHES * BATCH);
  GstCaps *caps = gst_audio_info_to_caps (&info);
  const guint k = __i__;
  guint64 allocations, reused, fallbacks, expected = 0;
  GstElement *src;
  Consumer c;
  guint i;

  consumer_setup (&c, "appsrc name=src format=time ! audiobatch name=e "
      "samples-per-batch=64 allocation=pool pool-max-buffers=16 "
      "! queue name=queue ! fakesink name=sink async=false", k);
  src = gst_bin_get_by_name (GST_BIN (c.pipeline), "src");
  g_object_set (src, "caps", caps, NULL);
  gst_caps_unref (caps);
  gst_element_set_state (c.pipeline, GST_STATE_PLAYING);
  feed_in_lockstep (&c, src, audio);
  gst_object_unref (src);

  allocations = get_counter (c.element, "allocations");
  reused = get_counter (c.element, "reused");
  fallbacks = get_counter (c.element, "fallbacks");
  /* A batch takes the buffer that the consumer has just released. The k held
   * batches and the new one therefore use k + 1 buffers in turn, and those
   * beyond POOL_MAX are fallbacks. */
  for (i = 0; i < BATCHES; i++)
    expected += i % (k + 1) >= POOL_MAX;
  g_print ("k %2u: %3d allocations, %3d reused, %3d fallbacks (%d expected), "
      "peak %2d\n", k, (int) allocations, (int) reused, (int) fallbacks,
      (int) expected, (int) get_counter (c.element,
          "peak-outstanding-batches"));
  fail_unless_equals_uint64 (allocations + reused, BATCHES);
  fail_unless_equals_uint64 (fallbacks, expected);
  /* The pool is a stack: it hands out the buffer that came back last. */
  fail_unless_equals_uint64 (allocations,
      CLAMP (k + 1, 1, POOL_MAX) + expected);
  fail_unless_equals_uint64 (get_counter (c.element,
          "peak-outstanding-batches"), k + 1);
  fail_unless_equals_uint64 (get_stat (c.element, "discards"), 0);
  check_held (&c, audio);

  gst_element_set_state (c.pipeline, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (c.element, "outstanding-batches"), k);
  release (&c, k);
  fail_unless_equals_uint64 (get_counter (c.element, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (c.element, "outstanding-bytes"), 0);
  consumer_clear (&c);
  audio_free (audio);
}

GST_END_TEST;

static void
stop_in_time (Consumer * c, const gchar * what)
{
  gint64 start = g_get_monotonic_time ();
  gint64 took;

  fail_unless_equals_int (gst_element_set_state (c->pipeline,
          GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  took = g_get_monotonic_time () - start;
  g_print ("%s: to NULL in %.3f ms\n", what, took / 1000.0);
  fail_unless (took < patience (), "%" G_GINT64_FORMAT " us", took);
}

#define BOUND 16

static const gchar *const producers[] = {
  "audiobatchsrc name=e max-outstanding-batches=16",
  "audiotestsrc ! audiobatch name=e max-outstanding-batches=16",
  "audiobatchsrc ! audiobatch name=e max-outstanding-batches=16 hop-samples=256",
};

static const gchar *const modes[] = { "fresh", "pool", "auto" };

static gchar *
launch_line (guint i, const gchar * overrun)
{
  return g_strdup_printf ("%s overrun=%s allocation=%s "
      "! audio/x-raw,format=F32LE,rate=48000,channels=1 "
      "! queue ! fakesink name=sink async=false", producers[i / 3], overrun,
      modes[i % 3]);
}

/* Once BOUND batches are outstanding the stream waits. Each release lets it
 * push one more. */
GST_START_TEST (test_wait_stops_at_the_bound_and_comes_back)
{
  gchar *line = launch_line (__i__, "wait");
  Consumer c;
  guint64 bytes, at;
  guint i, n;

  consumer_setup (&c, line, G_MAXUINT);
  gst_element_set_state (c.pipeline, GST_STATE_PLAYING);
  await_counter (c.element, "outstanding-batches", BOUND);
  await_counter (c.element, "batches", BOUND);
  bytes = get_stat (c.element, "outstanding-bytes");
  for (i = 0; i < 1000; i++) {
    fail_unless_equals_uint64 (get_counter (c.element, "batches"), BOUND);
    fail_unless_equals_uint64 (get_stat (c.element, "outstanding-bytes"),
        bytes);
    g_thread_yield ();
  }
  at = BOUND;
  for (n = 1; n <= 5; n++) {
    /* the queue must have passed on all of them, or release() finds too few */
    await_held (&c, BOUND);
    release (&c, n);
    at += n;
    await_counter (c.element, "batches", at);
    await_counter (c.element, "outstanding-batches", BOUND);
  }
  fail_unless_equals_uint64 (get_counter (c.element,
          "peak-outstanding-batches"), BOUND);
  fail_unless_equals_uint64 (get_stat (c.element, "peak-outstanding-bytes"),
      bytes);
  fail_unless_equals_uint64 (get_counter (c.element, "dropped-batches"), 0);
  g_print ("wait, %u outstanding, %d bytes, flat\n", BOUND, (int) bytes);
  stop_in_time (&c, line);
  release (&c, G_MAXUINT);
  fail_unless_equals_uint64 (get_counter (c.element, "outstanding-batches"), 0);
  consumer_clear (&c);
  g_free (line);
}

GST_END_TEST;

GST_START_TEST (test_drop_goes_on_beyond_the_bound)
{
  gchar *line = launch_line (__i__, "drop");
  guint64 bytes;
  Consumer c;

  consumer_setup (&c, line, G_MAXUINT);
  gst_element_set_state (c.pipeline, GST_STATE_PLAYING);
  await_counter (c.element, "batches", BOUND);
  bytes = get_stat (c.element, "outstanding-bytes");
  await_range (c.element, "dropped-batches", 20, G_MAXUINT64);
  fail_unless_equals_uint64 (get_counter (c.element, "batches"), BOUND);
  fail_unless_equals_uint64 (get_stat (c.element, "outstanding-bytes"), bytes);
  await_held (&c, BOUND);
  release (&c, 3);
  await_counter (c.element, "batches", BOUND + 3);
  g_print ("drop, %u outstanding, %d bytes, %d dropped\n", BOUND, (int) bytes,
      (int) get_counter (c.element, "dropped-batches"));
  stop_in_time (&c, line);
  fail_unless (get_stat (c.element, "samples-dropped") > 0);
  release (&c, G_MAXUINT);
  fail_unless_equals_uint64 (get_counter (c.element, "outstanding-batches"), 0);
  consumer_clear (&c);
  g_free (line);
}

GST_END_TEST;

/* Both branches of a tee hold the same batches. Each counts once. */
GST_START_TEST (test_a_tee_makes_no_batch_live_twice)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=e num-buffers=300 "
      "allocation=%s ! tee name=t ! queue ! fakesink name=sink async=false "
      "t. ! queue ! volume volume=0.5 ! fakesink async=false "
      "enable-last-sample=false", modes[__i__]);
  GstMessage *message;
  GstBus *bus;
  Consumer c;

  consumer_setup (&c, line, 10);
  bus = gst_element_get_bus (c.pipeline);
  gst_element_set_state (c.pipeline, GST_STATE_PLAYING);
  message = expect_message (bus, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_element_set_state (c.pipeline, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (c.element, "outstanding-batches"),
      10);
  fail_unless_equals_uint64 (get_counter (c.element, "allocations")
      + get_counter (c.element, "reused"), 300);
  release (&c, 10);
  fail_unless_equals_uint64 (get_counter (c.element, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (c.element, "outstanding-bytes"), 0);
  consumer_clear (&c);
  g_free (line);
}

GST_END_TEST;

static void
note_gone (gpointer gone, GObject * object)
{
  g_atomic_int_set ((gint *) gone, TRUE);
}

/* The appsink itself keeps the last sample that the application pulled. */
GST_START_TEST (test_an_appsink_holds_what_it_says)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=e num-buffers=50 "
      "allocation=%s ! queue ! appsink name=sink sync=false "
      "enable-last-sample=false", modes[__i__]);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstSample *samples[50], *sample;
  gint sink_is_gone = FALSE;
  guint i;

  g_object_weak_ref (G_OBJECT (sink), note_gone, &sink_is_gone);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (i = 0; i < 50; i++) {
    g_signal_emit_by_name (sink, "pull-sample", &samples[i]);
    fail_unless (samples[i] != NULL);
  }
  g_signal_emit_by_name (sink, "pull-sample", &sample);
  fail_unless (sample == NULL);
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 50);
  for (i = 0; i < 50; i++)
    gst_sample_unref (samples[i]);
  fail_unless (get_counter (element, "outstanding-batches") <= 1);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  /* A thread of the pipeline may hold a reference to the sink until it ends,
   * and the sink releases its sample only when it is finalized. */
  while (!g_atomic_int_get (&sink_is_gone)
      || get_counter (element, "outstanding-batches") > 0)
    g_thread_yield ();
  fail_unless_equals_uint64 (get_stat (element, "outstanding-bytes"), 0);
  gst_object_unref (element);
  g_free (line);
}

GST_END_TEST;

static Suite *
holding_suite (void)
{
  Suite *s = suite_create ("holding");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, test_fallbacks_are_what_k_held_batches_make_them, 0,
      MOST_HELD + 1);
  tcase_add_loop_test (tc, test_wait_stops_at_the_bound_and_comes_back, 0, 9);
  tcase_add_loop_test (tc, test_drop_goes_on_beyond_the_bound, 0, 9);
  tcase_add_loop_test (tc, test_a_tee_makes_no_batch_live_twice, 0, 3);
  tcase_add_loop_test (tc, test_an_appsink_holds_what_it_says, 0, 3);
  return s;
}

GST_CHECK_MAIN (holding);
