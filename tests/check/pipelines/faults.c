/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Promise 6. If any one allocation fails, the element posts an error with the
 * size, and nothing worse happens. If an allocation blocks, only the streaming
 * thread blocks. */

#include "../batchcheck.h"
#include "../failing.h"

#define BATCH 100
#define CHUNK 50
#define SAMPLES (20 * BATCH)

/* Settings that reach every place that allocates. */
static const struct
{
  const gchar *settings;
  /* batches that the test holds */
  guint keep;
} cases[] = {
  {"allocation=fresh", 3},
  {"allocation=pool", 0},
  {"allocation=pool pool-max-buffers=4", 3},
  {"allocation=pool pool-min-buffers=6 pool-max-buffers=4", 9},
  {"allocation=pool pool-min-buffers=0 pool-max-buffers=1", 2},
  {"allocation=auto", 3},
  {"allocation=fresh hop-samples=30", 3},
  {"allocation=pool hop-samples=30", 3},
  {"allocation=fresh hop-samples=30 max-outstanding-batches=40", 3},
  {"allocation=pool hop-samples=30 max-outstanding-batches=40 overrun=drop", 3},
  {"allocation=fresh hop-samples=130 max-outstanding-batches=9 overrun=drop",
      3},
};

typedef struct
{
  GstHarness *h;
  GstBus *bus;
  Audio *audio;
  GQueue held;
  guint keep;
  guint pushed;
} Stream;

static void
set_all (GstElement * element, const gchar * settings)
{
  gchar **list = g_strsplit (settings, " ", -1);
  guint i;

  for (i = 0; list[i]; i++) {
    gchar *equals = strchr (list[i], '=');

    *equals = '\0';
    gst_util_set_object_arg (G_OBJECT (element), list[i], equals + 1);
  }
  g_strfreev (list);
}

static void
stream_setup (Stream * s, const gchar * settings, guint keep)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 2, FALSE);

  memset (s, 0, sizeof *s);
  s->h = harness_with_bus ("audiobatch", &s->bus);
  s->audio = audio_new_ramp (&info, SAMPLES);
  s->keep = keep;
  g_queue_init (&s->held);
  g_object_set (s->h->element, "samples-per-batch", BATCH, NULL);
  set_all (s->h->element, settings);
  harness_set_info (s->h, &info);
}

static void
check_and_release (Stream * s)
{
  GstBuffer *batch = g_queue_pop_head (&s->held);

  assert_batch_exclusive (batch);
  assert_batch_data (batch, s->audio,
      gst_util_uint64_scale_round (GST_BUFFER_PTS (batch), 48000, GST_SECOND));
  gst_buffer_unref (batch);
}

static GstFlowReturn
run (Stream * s)
{
  GstFlowReturn ret = GST_FLOW_OK;

  while (s->pushed < SAMPLES && ret == GST_FLOW_OK) {
    GstBuffer *chunk = audio_chunk (s->audio, s->pushed, CHUNK);

    GST_BUFFER_PTS (chunk) =
        gst_util_uint64_scale (s->pushed, GST_SECOND, 48000);
    s->pushed += CHUNK;
    ret = gst_harness_push (s->h, chunk);
    while (gst_harness_buffers_in_queue (s->h) > 0)
      g_queue_push_tail (&s->held, gst_harness_pull (s->h));
    while (s->held.length > s->keep)
      check_and_release (s);
  }
  return ret;
}

static void
stream_finish (Stream * s)
{
  guint64 in;

  gst_element_set_state (s->h->element, GST_STATE_NULL);
  while (s->held.length > 0)
    check_and_release (s);
  fail_unless_equals_uint64 (get_counter (s->h->element, "outstanding-batches"),
      0);
  fail_unless_equals_uint64 (get_stat (s->h->element, "outstanding-bytes"), 0);
  /* the pad may have refused the last chunk */
  in = get_stat (s->h->element, "samples-in");
  fail_unless (in <= s->pushed && in + CHUNK >= s->pushed,
      "%d of %u samples came in", (int) in, s->pushed);
  harness_free_with_bus (s->h, s->bus);
  audio_free (s->audio);
}

static guint
calls_of_a_run (const gchar * settings, guint keep)
{
  Stream s;
  guint n;

  failing_reset ();
  stream_setup (&s, settings, keep);
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  n = failing_calls ();
  stream_finish (&s);
  fail_unless (n > 0, "the plugin asks for memory in another way");
  return n;
}

/* The element posts one error, with the size. The base class may add its own
 * error that the stream has ended. */
static void
assert_refusal (GstBus * bus)
{
  GstMessage *message = expect_message (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_NO_SPACE_LEFT), "%s", error->message);
  fail_unless (strstr (error->message, "(400 bytes)")
      || strstr (error->message, "a pool of")
      || strstr (error->message, "samples that two batches share"), "%s",
      error->message);
  g_error_free (error);
  gst_message_unref (message);
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
    error = NULL;
    gst_message_parse_error (message, &error, NULL);
    fail_unless (g_error_matches (error, GST_STREAM_ERROR,
            GST_STREAM_ERROR_FAILED), "a second error: %s", error->message);
    g_error_free (error);
    gst_message_unref (message);
  }
}

/* auto recycles when it has found that this costs less, sooner or later: then a
 * run makes fewer calls than the one that counted them. */
static gboolean
made_fewer_calls (const gchar * settings, guint n)
{
  return strstr (settings, "auto") && failing_calls () < n;
}

GST_START_TEST (test_without_memory_from_the_nth_call_on_there_is_one_error)
{
  const gchar *settings = cases[__i__].settings;
  const guint keep = cases[__i__].keep;
  const guint calls = calls_of_a_run (settings, keep);
  guint n;

  for (n = 1; n <= calls; n++) {
    Stream s;

    failing_reset ();
    failing_fail (n, G_MAXUINT);
    stream_setup (&s, settings, keep);
    if (run (&s) != GST_FLOW_OK)
      assert_refusal (s.bus);
    else
      fail_unless (made_fewer_calls (settings, n));
    stream_finish (&s);
  }
  failing_reset ();
  g_print ("%s: %u places\n", settings, calls);
}

GST_END_TEST;

/* If the pool can't allocate, the batch falls back to fresh memory. If that
 * fails too, it is an error. */
GST_START_TEST (test_one_refusal_is_an_error_or_a_fallback)
{
  const gchar *settings = cases[__i__].settings;
  const guint keep = cases[__i__].keep;
  const guint calls = calls_of_a_run (settings, keep);
  guint errors = 0, fallbacks = 0;
  guint n;

  for (n = 1; n <= calls; n++) {
    Stream s;

    failing_reset ();
    failing_fail (n, 1);
    stream_setup (&s, settings, keep);
    if (run (&s) == GST_FLOW_OK) {
      fail_unless (gst_bus_pop_filtered (s.bus, GST_MESSAGE_ERROR) == NULL);
      fail_unless (get_counter (s.h->element, "fallbacks") > 0
          || made_fewer_calls (settings, n));
      fallbacks++;
    } else {
      assert_refusal (s.bus);
      errors++;
    }
    stream_finish (&s);
  }
  failing_reset ();
  g_print ("%s: %u errors, %u fallbacks\n", settings, errors, fallbacks);
  if (strstr (settings, "fresh"))
    fail_unless_equals_int (fallbacks, 0);
}

GST_END_TEST;

GST_START_TEST (test_after_a_refusal_the_element_can_start_again)
{
  Stream s;

  failing_reset ();
  failing_fail (1, G_MAXUINT);
  stream_setup (&s, cases[__i__].settings, cases[__i__].keep);
  fail_unless_equals_int (run (&s), GST_FLOW_ERROR);
  assert_refusal (s.bus);
  while (s.held.length > 0)
    check_and_release (&s);
  gst_element_set_state (s.h->element, GST_STATE_NULL);

  failing_reset ();
  gst_element_set_state (s.h->element, GST_STATE_PLAYING);
  gst_harness_play (s.h);
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
  harness_set_info (s.h, &s.audio->info);
  s.pushed = 0;
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  stream_finish (&s);
}

GST_END_TEST;

static const gchar *const source_settings[] = {
  "allocation=fresh", "allocation=pool",
  "allocation=pool pool-min-buffers=0 pool-max-buffers=1",
  "allocation=auto max-outstanding-batches=100",
};

GST_START_TEST (test_the_source_ends_with_one_error_when_memory_is_refused)
{
  guint n;

  for (n = 1; n <= 2; n++) {
    GstBus *bus;
    GstHarness *h = harness_with_bus ("audiobatchsrc", &bus);

    failing_reset ();
    failing_fail (n, G_MAXUINT);
    g_object_set (h->element, "samples-per-batch", BATCH, NULL);
    set_all (h->element, source_settings[__i__]);
    gst_harness_set_sink_caps_str (h, "audio/x-raw,format=F32LE,channels=1");
    gst_harness_play (h);
    assert_refusal (bus);
    gst_element_set_state (h->element, GST_STATE_NULL);
    fail_unless (get_counter (h->element, "batches") <= n - 1);
    harness_free_with_bus (h, bus);
    failing_reset ();
  }
}

GST_END_TEST;

GST_START_TEST (test_a_part_of_a_batch_that_can_not_be_shared_is_null)
{
  GstMemory *memory;
  Stream s;

  failing_reset ();
  stream_setup (&s, "allocation=fresh", SAMPLES);
  run (&s);
  memory = gst_buffer_peek_memory (g_queue_peek_head (&s.held), 0);
  failing_fail (1, 1);
  fail_unless (gst_memory_share (memory, 0, 4) == NULL);
  failing_reset ();
  stream_finish (&s);
}

GST_END_TEST;

static GstPadProbeReturn
offer_pool (GstPad * pad, GstPadProbeInfo * info, gpointer pool)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_add_allocation_pool (query, pool, BATCH * 4, 0, 0);
  return GST_PAD_PROBE_HANDLED;
}

/* A batch in memory of downstream's pool, of which the consumer shares a part
 * when it releases the batch. */
GST_START_TEST (test_a_release_is_remembered_without_memory)
{
  GstBufferPool *pool = gst_buffer_pool_new ();
  GstMemory *part;
  Stream s;

  failing_reset ();
  stream_setup (&s, "allocation=pool", 0);
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      offer_pool, pool, NULL);
  s.keep = 1;
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  fail_unless_equals_int (s.held.length, 1);
  part = gst_memory_share (gst_buffer_peek_memory (s.held.head->data, 0), 0, 4);
  failing_fail (1, 100);
  gst_buffer_unref (g_queue_pop_head (&s.held));
  fail_unless_equals_uint64 (get_counter (s.h->element, "outstanding-batches"),
      1);
  gst_memory_unref (part);
  fail_unless_equals_uint64 (get_counter (s.h->element, "outstanding-batches"),
      0);
  failing_reset ();
  stream_finish (&s);
  gst_object_unref (pool);
}

GST_END_TEST;

/* The second element that counts a memory needs some of its own to do so, or
 * counts the release at once. */
GST_START_TEST (test_a_release_without_memory_to_remember_it_is_counted_at_once)
{
  const gboolean refused = __i__ == 1;
  GstHarness *h[2];
  GstBuffer *batch = gst_buffer_new_allocate (NULL, BATCH * 4, NULL);
  guint i;

  failing_reset ();
  gst_buffer_memset (batch, 0, 1, -1);
  for (i = 0; i < 2; i++) {
    h[i] = gst_harness_new ("audiobatch");
    g_object_set (h[i]->element, "zero-copy", TRUE, "samples-per-batch", BATCH,
        NULL);
    gst_harness_set_src_caps_str (h[i],
        "audio/x-raw, format=" GST_AUDIO_NE (F32)
        ", rate=48000, channels=1, layout=interleaved");
    if (i == 1 && refused)
      failing_fail (1, 1);
    gst_harness_push (h[i], batch);
    batch = gst_harness_pull (h[i]);
    fail_unless_equals_uint64 (get_counter (h[i]->element, "adopted"), 1);
  }
  fail_unless_equals_uint64 (get_counter (h[0]->element,
          "outstanding-batches"), 1);
  fail_unless_equals_uint64 (get_counter (h[1]->element,
          "outstanding-batches"), refused ? 0 : 1);
  gst_buffer_unref (batch);
  for (i = 0; i < 2; i++) {
    fail_unless_equals_uint64 (get_counter (h[i]->element,
            "outstanding-batches"), 0);
    gst_harness_teardown (h[i]);
  }
  failing_reset ();
}

GST_END_TEST;

/* Allocations that block */

static gpointer
run_in_thread (gpointer user_data)
{
  return GINT_TO_POINTER (run (user_data));
}

static gpointer
go_to_null (gpointer user_data)
{
  gst_element_set_state (user_data, GST_STATE_NULL);
  return NULL;
}

GST_START_TEST (test_while_an_allocation_blocks_everybody_else_goes_on)
{
  GThread *thread, *stopper;
  GstQuery *query = gst_query_new_latency ();
  Stream s;
  guint i;

  failing_reset ();
  stream_setup (&s, cases[__i__].settings, cases[__i__].keep);
  failing_block (2);
  thread = g_thread_new ("pusher", run_in_thread, &s);
  failing_await_blocked ();
  for (i = 0; i < 100; i++) {
    fail_unless (get_counter (s.h->element, "outstanding-batches") <= 40);
    get_stat (s.h->element, "allocation-time-p99");
    g_object_set (s.h->element, "max-outstanding-batches", 50 + i,
        "report-interval", i, NULL);
    gst_pad_peer_query (s.h->sinkpad, query);
  }
  /* the state change waits for the streaming thread; stats must not */
  stopper = g_thread_new ("stopper", go_to_null, s.h->element);
  for (i = 0; i < 100; i++)
    get_stat (s.h->element, "outstanding-bytes");
  failing_let_go ();
  g_thread_join (thread);
  g_thread_join (stopper);
  gst_query_unref (query);
  failing_reset ();
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_a_flush_while_an_allocation_blocks_is_no_deadlock)
{
  GThread *thread;
  Stream s;

  failing_reset ();
  stream_setup (&s, cases[__i__].settings, cases[__i__].keep);
  failing_block (2);
  thread = g_thread_new ("pusher", run_in_thread, &s);
  failing_await_blocked ();
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  failing_let_go ();
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
  failing_reset ();
  stream_finish (&s);
}

GST_END_TEST;

static Suite *
faults_suite (void)
{
  Suite *suite = suite_create ("faults");
  TCase *tc = tcase_create ("pipelines");
  guint n = G_N_ELEMENTS (cases);

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc,
      test_without_memory_from_the_nth_call_on_there_is_one_error, 0, n);
  tcase_add_loop_test (tc, test_one_refusal_is_an_error_or_a_fallback, 0, n);
  tcase_add_loop_test (tc, test_after_a_refusal_the_element_can_start_again, 0,
      n);
  tcase_add_loop_test (tc,
      test_the_source_ends_with_one_error_when_memory_is_refused, 0,
      G_N_ELEMENTS (source_settings));
  tcase_add_test (tc, test_a_part_of_a_batch_that_can_not_be_shared_is_null);
  tcase_add_test (tc, test_a_release_is_remembered_without_memory);
  tcase_add_loop_test (tc,
      test_a_release_without_memory_to_remember_it_is_counted_at_once, 0, 2);
  tcase_add_loop_test (tc,
      test_while_an_allocation_blocks_everybody_else_goes_on, 0, n);
  tcase_add_loop_test (tc,
      test_a_flush_while_an_allocation_blocks_is_no_deadlock, 0, n);
  return suite;
}

GST_CHECK_MAIN (faults);
