/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The max-outstanding-batches bound in both elements: wait, drop, error. */

#include "../batchcheck.h"

#define RATE 48000
#define BATCH 100
#define LONG (20 * G_TIME_SPAN_SECOND)

static const GstAudioInfo *
format (void)
{
  static GstAudioInfo info;

  info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  return &info;
}

/* audiobatch with a bound. The harness holds its batches. */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
  Audio *audio;
  guint pushed;
  GThread *thread;
  guint todo;
} Stream;

static void
stream_setup (Stream * s, const gchar * overrun, guint bound)
{
  memset (s, 0, sizeof *s);
  s->audio = audio_new_ramp (format (), 1000 * BATCH);
  s->h = harness_with_bus ("audiobatch", &s->bus);
  g_object_set (s->h->element, "samples-per-batch", BATCH,
      "max-outstanding-batches", bound, NULL);
  gst_util_set_object_arg (G_OBJECT (s->h->element), "overrun", overrun);
}

static void
stream_start (Stream * s)
{
  harness_set_info (s->h, format ());
}

static GstFlowReturn
push (Stream * s, guint n)
{
  GstBuffer *chunk = audio_chunk (s->audio, s->pushed, n);

  GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (s->pushed, GST_SECOND, RATE);
  s->pushed += n;
  return gst_harness_push (s->h, chunk);
}

static gpointer
push_in_thread (gpointer user_data)
{
  Stream *s = user_data;

  return GINT_TO_POINTER (push (s, s->todo));
}

static void
push_aside (Stream * s, guint n)
{
  s->todo = n;
  s->thread = g_thread_new ("pusher", push_in_thread, s);
}

static GstFlowReturn
join (Stream * s)
{
  return GPOINTER_TO_INT (g_thread_join (s->thread));
}

static guint64
count (Stream * s, const gchar * name)
{
  return get_stat (s->h->element, name);
}

#define assert_count(s, name, value) \
    fail_unless_equals_uint64 (count (s, name), value)

/* Pulls the next batch and checks its start and whether it is DISCONT. */
static void
pull_and_check (Stream * s, guint start, guint n, gboolean discont)
{
  GstBuffer *batch = gst_harness_pull (s->h);

  fail_unless (batch != NULL);
  assert_batch_exclusive (batch);
  fail_unless_equals_uint64 (batch_samples (batch, format ()), n);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch),
      gst_util_uint64_scale (start, GST_SECOND, RATE));
  assert_batch_data (batch, s->audio, start);
  fail_unless_equals_int (GST_BUFFER_IS_DISCONT (batch), discont);
  gst_buffer_unref (batch);
}

static void
throw_away (Stream * s)
{
  while (gst_harness_buffers_in_queue (s->h) > 0)
    gst_buffer_unref (gst_harness_pull (s->h));
}

static void
stream_finish (Stream * s)
{
  throw_away (s);
  harness_free_with_bus (s->h, s->bus);
  audio_free (s->audio);
}

/* Tells when the streaming thread sleeps at the bound. It logs a line, then
 * takes the lock and sleeps. Setting a property takes the same lock, so it
 * comes after. */

static GMutex log_lock;
static GCond log_cond;
/* All of these are under log_lock. */
static guint waits;
/* How often a live source stayed in PAUSED, or refused to wait. */
static guint stays, refusals;
/* How many seeking threads have started. */
static guint seekers;
/* The stream whose flush ends just before its first pad is deactivated. */
static Stream *racing;
static void flush_and_push (Stream * s);
/* The source to seek just before it makes its next batch. */
static GstElement *interrupted;
static void seek_aside (GstElement * source);

static void
note_waits (GstDebugCategory * category, GstDebugLevel level,
    const gchar * file, const gchar * function, gint line, GObject * object,
    GstDebugMessage * message, gpointer user_data)
{
  const gchar *text = gst_debug_message_get (message);
  Stream *deactivated = NULL;
  GstElement *creating = NULL;

  g_mutex_lock (&log_lock);
  if (strstr (text, "waiting: downstream holds")) {
    waits++;
    g_cond_broadcast (&log_cond);
  } else if (strstr (text, "live source waiting for running state")) {
    stays++;
    g_cond_broadcast (&log_cond);
  } else if (strstr (text, "waiting is refused")) {
    refusals++;
    g_cond_broadcast (&log_cond);
  } else if (strstr (text, "deactivating pad")) {
    deactivated = racing;
    racing = NULL;
  } else if (strstr (text, "calling create offset")) {
    creating = interrupted;
    interrupted = NULL;
  }
  g_mutex_unlock (&log_lock);
  if (deactivated)
    flush_and_push (deactivated);
  if (creating)
    seek_aside (creating);
}

/* Waits until the log has @n lines of the kind that @counter counts. */
static void
await_log (const guint * counter, guint n, const gchar * complaint)
{
  const gint64 end = g_get_monotonic_time () + LONG;

  g_mutex_lock (&log_lock);
  while (*counter < n)
    fail_unless (g_cond_wait_until (&log_cond, &log_lock, end), "%s",
        complaint);
  g_mutex_unlock (&log_lock);
}

static void
await_wait (guint n)
{
  await_log (&waits, n, "no thread waits at the bound");
}

static void
setup (void)
{
  waits = stays = refusals = seekers = 0;
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (note_waits, NULL, NULL);
  gst_debug_set_threshold_from_string ("audiobatch:5,audiobatchsrc:5", TRUE);
}

static void
teardown (void)
{
  gst_debug_remove_log_function (note_waits);
  gst_debug_set_threshold_from_string ("0", TRUE);
}

/* wait */

GST_START_TEST (test_wait_goes_on_with_each_release_and_loses_nothing)
{
  Stream s;
  guint i;

  stream_setup (&s, "wait", 3);
  stream_start (&s);
  push_aside (&s, 50 * BATCH);
  for (i = 0; i < 50; i++) {
    if (i < 47)
      await_wait (i + 1);
    fail_unless (count (&s, "outstanding-batches") <= 3);
    pull_and_check (&s, i * BATCH, BATCH, i == 0);
  }
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  /* it slept once for each batch after the first three */
  fail_unless_equals_int (waits, 47);
  assert_count (&s, "batches", 50);
  assert_count (&s, "peak-outstanding-batches", 3);
  assert_count (&s, "dropped-batches", 0);
  assert_count (&s, "outstanding-batches", 0);
  assert_lossless (s.h->element, 50 * BATCH, 0);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_below_the_bound_nobody_waits)
{
  Stream s;

  stream_setup (&s, "wait", 10);
  stream_start (&s);
  fail_unless_equals_int (push (&s, 9 * BATCH), GST_FLOW_OK);
  fail_unless_equals_int (push (&s, BATCH), GST_FLOW_OK);
  fail_unless_equals_int (waits, 0);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_flush_start_ends_the_wait)
{
  GstSegment segment;
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  fail_unless_equals_int (join (&s), GST_FLOW_FLUSHING);
  gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
  assert_lossless (s.h->element, 10 * BATCH, 0);

  /* streaming continues after the flush */
  throw_away (&s);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (s.h, gst_event_new_segment (&segment));
  s.pushed = 0;
  fail_unless_equals_int (push (&s, 2 * BATCH), GST_FLOW_OK);
  pull_and_check (&s, 0, BATCH, TRUE);
  pull_and_check (&s, BATCH, BATCH, FALSE);
  assert_count (&s, "outstanding-batches", 0);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_going_to_ready_ends_the_wait)
{
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  fail_unless_equals_int (gst_element_set_state (s.h->element,
          GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (join (&s), GST_FLOW_FLUSHING);
  assert_lossless (s.h->element, 10 * BATCH, 0);
  stream_finish (&s);
}

GST_END_TEST;

/* Ends a flush when the element is going to READY, but before its pads are
 * deactivated. */
static void
flush_and_push (Stream * s)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (s->h, gst_event_new_flush_start ());
  join (s);
  gst_harness_push_event (s->h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (s->h, gst_event_new_segment (&segment));
  push_aside (s, 10 * BATCH);
  await_wait (2);
}

GST_START_TEST (test_a_flush_that_ends_while_going_to_ready_does_not_undo_that)
{
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  g_mutex_lock (&log_lock);
  racing = &s;
  g_mutex_unlock (&log_lock);
  gst_debug_set_threshold_for_name ("GST_PADS", GST_LEVEL_DEBUG);
  gst_element_set_state (s.h->element, GST_STATE_READY);
  join (&s);
  stream_finish (&s);
}

GST_END_TEST;

/* Nothing but the pad says that the wait must end. When the pad is active again,
 * upstream sends its sticky events again, and the counters continue. */
GST_START_TEST (test_deactivating_the_sink_pad_ends_the_wait)
{
  GstPad *sink;
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  sink = gst_element_get_static_pad (s.h->element, "sink");
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  fail_unless (gst_pad_set_active (sink, FALSE));
  fail_unless_equals_int (join (&s), GST_FLOW_FLUSHING);
  assert_lossless (s.h->element, 10 * BATCH, 0);
  assert_count (&s, "outstanding-batches", 2);

  fail_unless (gst_pad_set_active (sink, TRUE));
  s.pushed = 0;
  push_aside (&s, 3 * BATCH);
  await_wait (2);
  pull_and_check (&s, 0, BATCH, TRUE);
  pull_and_check (&s, BATCH, BATCH, FALSE);
  pull_and_check (&s, 0, BATCH, TRUE);
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  pull_and_check (&s, BATCH, BATCH, FALSE);
  pull_and_check (&s, 2 * BATCH, BATCH, FALSE);
  assert_count (&s, "batches", 5);
  assert_lossless (s.h->element, 13 * BATCH, 0);
  gst_object_unref (sink);
  stream_finish (&s);
}

GST_END_TEST;

/* A bin's ghost pad does not deactivate the pad of the element. */
GST_START_TEST (test_deactivating_the_pad_of_a_bin_ends_the_wait)
{
  GstPad *sink;
  Stream s;

  memset (&s, 0, sizeof s);
  s.audio = audio_new_ramp (format (), 10 * BATCH);
  s.h = gst_harness_new_parse ("audiobatch samples-per-batch="
      G_STRINGIFY (BATCH) " max-outstanding-batches=2");
  s.bus = gst_bus_new ();
  stream_start (&s);
  sink = gst_element_get_static_pad (s.h->element, "sink");
  fail_unless (GST_IS_GHOST_PAD (sink));
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  fail_unless (gst_pad_set_active (sink, FALSE));
  fail_unless_equals_int (join (&s), GST_FLOW_FLUSHING);
  gst_object_unref (sink);
  stream_finish (&s);
}

GST_END_TEST;

static gpointer
deactivate (gpointer pad)
{
  gst_pad_set_active (pad, FALSE);
  return NULL;
}

/* Deactivates the sink pad from another thread, and waits until that has begun. */
static GstPadProbeReturn
deactivate_aside (GstPad * srcpad, GstPadProbeInfo * info, gpointer user_data)
{
  Stream *s = user_data;
  GstPad *sink = gst_element_get_static_pad (s->h->element, "sink");

  if (s->thread == NULL)
    s->thread = g_thread_new ("deactivator", deactivate, sink);
  while (GST_PAD_IS_ACTIVE (sink))
    g_thread_yield ();
  gst_object_unref (sink);
  return GST_PAD_PROBE_DROP;
}

/* Silence for a month. */
GST_START_TEST (test_deactivating_the_sink_pad_ends_a_long_fill)
{
  GstBuffer *chunk;
  GstPad *src;
  Stream s;

  stream_setup (&s, "wait", 0);
  g_object_set (s.h->element, "max-fill", G_GUINT64_CONSTANT (0), NULL);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "discont", "fill");
  stream_start (&s);
  fail_unless_equals_int (push (&s, BATCH), GST_FLOW_OK);
  src = gst_element_get_static_pad (s.h->element, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, deactivate_aside, &s,
      NULL);
  chunk = audio_chunk (s.audio, BATCH, BATCH);
  GST_BUFFER_PTS (chunk) = 30 * 24 * 3600 * GST_SECOND;
  GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_DISCONT);
  fail_unless_equals_int (gst_harness_push (s.h, chunk), GST_FLOW_FLUSHING);
  g_thread_join (s.thread);
  gst_object_unref (src);
  stream_finish (&s);
}

GST_END_TEST;

/* Properties that let the waiting thread continue. */
static const struct
{
  const gchar *name, *value;
  guint dropped;
} changes[] = {
  {"max-outstanding-batches", "0", 0},
  {"max-outstanding-batches", "100", 0},
  {"max-outstanding-batches", "10", 0},
  {"overrun", "drop", 8},
};

GST_START_TEST (test_a_property_that_is_set_while_waiting_takes_effect)
{
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  gst_util_set_object_arg (G_OBJECT (s.h->element), changes[__i__].name,
      changes[__i__].value);
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  assert_count (&s, "dropped-batches", changes[__i__].dropped);
  assert_count (&s, "outstanding-batches", 10 - changes[__i__].dropped);
  assert_lossless (s.h->element, 10 * BATCH, 0);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_error_that_is_set_while_waiting_takes_effect)
{
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  push_aside (&s, 10 * BATCH);
  await_wait (1);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "overrun", "error");
  fail_unless_equals_int (join (&s), GST_FLOW_ERROR);
  assert_error (s.bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "2");
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_a_property_that_changes_nothing_leaves_it_waiting)
{
  Stream s;

  stream_setup (&s, "wait", 2);
  stream_start (&s);
  push_aside (&s, 3 * BATCH);
  await_wait (1);
  g_object_set (s.h->element, "max-outstanding-batches", 1, "report-interval",
      7, NULL);
  /* it has checked again */
  await_wait (2);
  assert_count (&s, "batches", 2);
  /* releasing one of two is not enough for a bound of one */
  pull_and_check (&s, 0, BATCH, TRUE);
  pull_and_check (&s, BATCH, BATCH, FALSE);
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  pull_and_check (&s, 2 * BATCH, BATCH, FALSE);
  stream_finish (&s);
}

GST_END_TEST;

/* drop */

GST_START_TEST (test_drop_counts_batches_and_samples_and_marks_the_next)
{
  Stream s;

  stream_setup (&s, "drop", 2);
  stream_start (&s);
  fail_unless_equals_int (push (&s, 5 * BATCH), GST_FLOW_OK);
  assert_count (&s, "dropped-batches", 3);
  assert_count (&s, "samples-dropped", 3 * BATCH);
  assert_count (&s, "batches", 2);
  pull_and_check (&s, 0, BATCH, TRUE);
  pull_and_check (&s, BATCH, BATCH, FALSE);
  fail_unless_equals_int (push (&s, 2 * BATCH), GST_FLOW_OK);
  pull_and_check (&s, 5 * BATCH, BATCH, TRUE);
  pull_and_check (&s, 6 * BATCH, BATCH, FALSE);
  assert_count (&s, "dropped-batches", 3);
  assert_count (&s, "peak-outstanding-batches", 2);
  assert_lossless (s.h->element, 7 * BATCH, 0);
  stream_finish (&s);
}

GST_END_TEST;

static gpointer
push_years_of_gap (gpointer user_data)
{
  Stream *s = user_data;

  gst_harness_push_event (s->h, gst_event_new_gap (0,
          500 * 365 * 24 * G_GUINT64_CONSTANT (3600) * GST_SECOND));
  return NULL;
}

GST_START_TEST (test_a_flush_ends_the_dropping_of_a_gap_of_centuries)
{
  Stream s;

  stream_setup (&s, "drop", 1);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "discont", "fill");
  g_object_set (s.h->element, "max-fill", G_GUINT64_CONSTANT (0), NULL);
  stream_start (&s);
  push (&s, 1);
  s.thread = g_thread_new ("pusher", push_years_of_gap, &s);
  while (count (&s, "dropped-batches") == 0)
    g_thread_yield ();
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  g_thread_join (s.thread);
  fail_unless (count (&s, "samples-inserted") < G_MAXINT64 / RATE);
  stream_finish (&s);
}

GST_END_TEST;

/* A batch is dropped as a whole, whatever the length of the chunks. */
GST_START_TEST (test_dropped_batches_are_whole_whatever_the_chunks)
{
  static const guint chunks[] = { 1, 7, 99, 100, 101, 333 };
  const guint chunk = chunks[__i__];
  guint next = 0, lost = 0;
  Stream s;

  stream_setup (&s, "drop", 3);
  stream_start (&s);
  while (s.pushed + chunk <= 100 * BATCH) {
    fail_unless_equals_int (push (&s, chunk), GST_FLOW_OK);
    /* now and then downstream releases its batches */
    if (s.pushed % 1000 < chunk) {
      while (gst_harness_buffers_in_queue (s.h) > 0) {
        GstBuffer *batch = gst_harness_pull (s.h);
        guint64 start = gst_util_uint64_scale_round (GST_BUFFER_PTS (batch),
            RATE, GST_SECOND);

        fail_unless_equals_uint64 (batch_samples (batch, format ()), BATCH);
        fail_unless_equals_uint64 (start % BATCH, 0);
        assert_batch_data (batch, s.audio, start);
        fail_unless_equals_int (GST_BUFFER_IS_DISCONT (batch),
            start != next || start == 0);
        lost += (start - next) / BATCH;
        next = start + BATCH;
        gst_buffer_unref (batch);
      }
    }
  }
  fail_unless (lost > 10, "only %u batches were lost", lost);
  fail_unless (count (&s, "dropped-batches") >= lost);
  assert_lossless (s.h->element, s.pushed, count (&s, "samples-pending"));
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_the_report_tells_what_was_lost)
{
  GstMessage *message;
  guint64 batches, samples;
  Stream s;

  stream_setup (&s, "drop", 2);
  g_object_set (s.h->element, "report-interval", 3, NULL);
  stream_start (&s);
  push (&s, 6 * BATCH);
  throw_away (&s);
  push (&s, BATCH);
  message = expect_message (s.bus, GST_MESSAGE_ELEMENT);
  fail_unless (gst_message_has_name (message, "audiobatch-report"));
  fail_unless (gst_structure_get_uint64 (gst_message_get_structure (message),
          "dropped-batches", &batches));
  fail_unless (gst_structure_get_uint64 (gst_message_get_structure (message),
          "samples-dropped", &samples));
  fail_unless_equals_uint64 (batches, 4);
  fail_unless_equals_uint64 (samples, 4 * BATCH);
  gst_message_unref (message);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_the_end_comes_out_while_everything_is_dropped)
{
  Stream s;

  stream_setup (&s, "drop", 1);
  stream_start (&s);
  push (&s, 5 * BATCH + 50);
  fail_unless (gst_harness_push_event (s.h, gst_event_new_eos ()));
  assert_lossless (s.h->element, 5 * BATCH + 50, 0);
  assert_count (&s, "batches", 1);
  stream_finish (&s);
}

GST_END_TEST;

/* error */

GST_START_TEST (test_error_names_both_figures)
{
  Stream s;

  stream_setup (&s, "error", 4);
  stream_start (&s);
  fail_unless_equals_int (push (&s, 4 * BATCH), GST_FLOW_OK);
  fail_unless_equals_int (push (&s, 1), GST_FLOW_ERROR);
  assert_error (s.bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "holds 4 batches, and max-outstanding-batches is 4");
  assert_lossless (s.h->element, 4 * BATCH + 1, 0);
  stream_finish (&s);
}

GST_END_TEST;

/* Overlap and hops */

GST_START_TEST (test_overlapping_batches_wait_and_lose_nothing)
{
  Stream s;
  guint i;

  stream_setup (&s, "wait", 2);
  g_object_set (s.h->element, "hop-samples", 30, NULL);
  stream_start (&s);
  push_aside (&s, BATCH + 20 * 30);
  for (i = 0; i < 21; i++) {
    pull_and_check (&s, i * 30, BATCH, i == 0);
    fail_unless (count (&s, "outstanding-batches") <= 2);
  }
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  assert_count (&s, "samples-in", BATCH + 20 * 30);
  assert_count (&s, "batches", 21);
  fail_unless (count (&s, "peak-outstanding-batches") <= 2);
  stream_finish (&s);
}

GST_END_TEST;

/* With a bound of 1 the full batch must leave before the next one is taken. */
GST_START_TEST (test_overlapping_batches_get_by_with_one)
{
  Stream s;
  guint i;

  stream_setup (&s, "wait", 1);
  g_object_set (s.h->element, "hop-samples", 50, NULL);
  stream_start (&s);
  push_aside (&s, 10 * BATCH);
  for (i = 0; i < 19; i++)
    pull_and_check (&s, i * 50, BATCH, i == 0);
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  assert_count (&s, "peak-outstanding-batches", 1);
  stream_finish (&s);
}

GST_END_TEST;

static const guint hops[] = { 1, 30, 50, 99 };

GST_START_TEST (test_after_a_drop_overlapping_batches_begin_anew)
{
  guint64 end = 0, n = 0;
  Stream s;

  stream_setup (&s, "drop", 3);
  g_object_set (s.h->element, "hop-samples", hops[__i__], NULL);
  stream_start (&s);
  while (s.pushed < 50 * BATCH) {
    guint had = gst_harness_buffers_in_queue (s.h);

    fail_unless_equals_int (push (&s, 125), GST_FLOW_OK);
    if (s.pushed % 500 != 0)
      continue;
    for (; had > 0 || gst_harness_buffers_in_queue (s.h) > 0; had = 0) {
      GstBuffer *batch = gst_harness_pull (s.h);
      guint64 start = gst_util_uint64_scale_round (GST_BUFFER_PTS (batch),
          RATE, GST_SECOND);

      assert_batch_data (batch, s.audio, start);
      assert_batch_exclusive (batch);
      /* DISCONT, or one hop after the last batch */
      if (GST_BUFFER_IS_DISCONT (batch))
        fail_unless (start >= end);
      else
        fail_unless_equals_uint64 (start, end - BATCH + hops[__i__]);
      end = start + BATCH;
      n++;
      gst_buffer_unref (batch);
    }
  }
  fail_unless (count (&s, "dropped-batches") > 5);
  fail_unless (n > 10);
  assert_count (&s, "samples-in", s.pushed);
  stream_finish (&s);
}

GST_END_TEST;

/* Without overlap, in = out + dropped + pending. With overlap, out counts a
 * sample in two batches twice. */
GST_START_TEST (test_drops_with_overlap_add_up)
{
  Stream s;

  stream_setup (&s, "drop", 1);
  g_object_set (s.h->element, "hop-samples", 40, NULL);
  stream_start (&s);
  push (&s, 140);
  assert_count (&s, "batches", 1);
  assert_count (&s, "dropped-batches", 1);
  assert_count (&s, "samples-out", BATCH);
  assert_count (&s, "samples-dropped", 40);
  throw_away (&s);
  push (&s, 100);
  /* the drop skips 60 shared and 40 new samples; 140 to 240 are next */
  pull_and_check (&s, 140, BATCH, TRUE);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_hops_that_skip_keep_their_grid_over_a_drop)
{
  Stream s;

  stream_setup (&s, "drop", 1);
  g_object_set (s.h->element, "hop-samples", 150, NULL);
  stream_start (&s);
  push (&s, 300);
  assert_count (&s, "dropped-batches", 1);
  throw_away (&s);
  push (&s, 100);
  pull_and_check (&s, 300, BATCH, TRUE);
  assert_lossless (s.h->element, 400, 0);
  stream_finish (&s);
}

GST_END_TEST;

/* The bound is the same in every allocation mode. */
static const gchar *const modes[] = { "fresh", "pool", "auto" };

GST_START_TEST (test_the_bound_holds_in_every_mode)
{
  Stream s;
  guint i;

  stream_setup (&s, "wait", 4);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "allocation", modes[__i__]);
  g_object_set (s.h->element, "pool-max-buffers", 2, NULL);
  stream_start (&s);
  push_aside (&s, 500 * BATCH);
  for (i = 0; i < 500; i++)
    pull_and_check (&s, i * BATCH, BATCH, i == 0);
  fail_unless_equals_int (join (&s), GST_FLOW_OK);
  fail_unless (count (&s, "peak-outstanding-batches") <= 4);
  assert_count (&s, "outstanding-batches", 0);
  stream_finish (&s);
}

GST_END_TEST;

/* audiobatchsrc */

static GstHarness *
source_new (const gchar * overrun, guint bound, GstBus ** bus)
{
  GstHarness *h = harness_with_bus ("audiobatchsrc", bus);

  g_object_set (h->element, "samples-per-batch", BATCH,
      "max-outstanding-batches", bound, NULL);
  gst_util_set_object_arg (G_OBJECT (h->element), "overrun", overrun);
  return h;
}

GST_START_TEST (test_the_source_waits_and_goes_on)
{
  GstBus *bus;
  GstHarness *h = source_new ("wait", 2, &bus);
  guint i;

  g_object_set (h->element, "num-buffers", 100, NULL);
  gst_harness_play (h);
  await_wait (1);
  for (i = 0; i < 100; i++) {
    GstBuffer *batch = gst_harness_pull (h);

    fail_unless (batch != NULL);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), i * BATCH);
    fail_unless (get_counter (h->element, "outstanding-batches") <= 2);
    gst_buffer_unref (batch);
  }
  fail_unless_equals_uint64 (get_counter (h->element,
          "peak-outstanding-batches"), 2);
  fail_unless_equals_uint64 (get_counter (h->element, "dropped-batches"), 0);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_the_source_drops_in_time_and_marks_the_next)
{
  GstBus *bus;
  GstHarness *h = source_new ("drop", 1, &bus);
  guint64 expected = 0, lost = 0;
  guint i;

  gst_harness_play (h);
  for (i = 0; i < 10; i++) {
    GstBuffer *batch = gst_harness_pull (h);
    guint64 before;

    fail_unless (batch != NULL);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch) % BATCH, 0);
    fail_unless (GST_BUFFER_OFFSET (batch) >= expected);
    if (i > 0) {
      fail_unless_equals_int (GST_BUFFER_IS_DISCONT (batch),
          GST_BUFFER_OFFSET (batch) != expected);
    }
    lost += (GST_BUFFER_OFFSET (batch) - expected) / BATCH;
    expected = GST_BUFFER_OFFSET_END (batch);
    /* hold it until the source drops at least one more */
    before = get_counter (h->element, "dropped-batches");
    while (get_counter (h->element, "dropped-batches") == before)
      g_thread_yield ();
    gst_buffer_unref (batch);
  }
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless (lost >= 9);
  fail_unless (get_counter (h->element, "dropped-batches") >= lost);
  fail_unless_equals_uint64 (get_stat (h->element, "samples-dropped"),
      BATCH * get_counter (h->element, "dropped-batches"));
  assert_lossless (h->element, get_stat (h->element, "samples-in"), 0);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_the_source_ends_with_an_error)
{
  GstBus *bus;
  GstHarness *h = source_new ("error", 3, &bus);

  gst_harness_play (h);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "holds 3 batches, and max-outstanding-batches is 3");
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 3);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_a_flushing_seek_ends_the_sources_wait)
{
  GstBus *bus;
  GstHarness *h = source_new ("wait", 2, &bus);
  GstBuffer *batch;

  gst_harness_play (h);
  await_wait (1);
  fail_unless (gst_element_seek_simple (h->element, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, GST_SECOND));
  while ((batch = gst_harness_pull (h))
      && GST_BUFFER_PTS (batch) < GST_SECOND)
    gst_buffer_unref (batch);
  fail_unless (batch != NULL);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), GST_SECOND);
  gst_buffer_unref (batch);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_deactivating_the_sources_pad_ends_its_wait)
{
  GstBus *bus;
  GstHarness *h = source_new ("wait", 2, &bus);
  GstPad *src = gst_element_get_static_pad (h->element, "src");
  guint i;

  gst_harness_play (h);
  await_wait (1);
  fail_unless (gst_pad_set_active (src, FALSE));
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 2);
  fail_unless (gst_pad_set_active (src, TRUE));
  for (i = 0; i < 5; i++)
    gst_buffer_unref (gst_harness_pull (h));
  fail_unless (get_counter (h->element, "batches") >= 5);
  gst_object_unref (src);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_going_to_null_ends_the_sources_wait)
{
  GstBus *bus;
  GstHarness *h = source_new ("wait", 2, &bus);

  gst_harness_play (h);
  await_wait (1);
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 2);
  /* the next run starts from the beginning */
  while (gst_harness_buffers_in_queue (h) > 0)
    gst_buffer_unref (gst_harness_pull (h));
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  await_wait (2);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 2);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static GstHarness *
live_source_new (const gchar * overrun, guint bound, GstBus ** bus)
{
  GstHarness *h = source_new (overrun, bound, bus);
  GstClock *clock = gst_system_clock_obtain ();

  g_object_set (h->element, "is-live", TRUE, NULL);
  gst_element_set_clock (h->element, clock);
  gst_element_set_base_time (h->element, gst_clock_get_time (clock));
  gst_object_unref (clock);
  return h;
}

static void
await_counter (GstHarness * h, const gchar * name, guint64 value)
{
  const gint64 end = g_get_monotonic_time () + LONG;

  while (get_counter (h->element, name) < value) {
    fail_unless (g_get_monotonic_time () < end,
        "%s does not reach %d: the source does not go on", name, (int) value);
    g_thread_yield ();
  }
}

/* Waits until the source has pushed @n batches, as many as the bound allows. */
static void
await_queue (GstHarness * h, guint n)
{
  const gint64 end = g_get_monotonic_time () + LONG;

  while (gst_harness_buffers_in_queue (h) < n) {
    fail_unless (g_get_monotonic_time () < end, "the source does not go on");
    g_thread_yield ();
  }
}

static void
pause_live (GstHarness * h)
{
  fail_unless_equals_int (gst_element_set_state (h->element,
          GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
}

static void
play_live (GstHarness * h)
{
  fail_unless_equals_int (gst_element_set_state (h->element,
          GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
}

static GstBuffer *
pull_from (GstHarness * h, guint64 start)
{
  GstBuffer *batch = gst_harness_pull (h);

  fail_unless (batch != NULL, "the source does not go on");
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), start);
  return batch;
}

/* Returns a live source that waits at its bound. */
static GstHarness *
live_source_at_bound (const gchar * overrun, GstBus ** bus)
{
  GstHarness *h = live_source_new (overrun, 1, bus);

  gst_harness_play (h);
  await_queue (h, 1);
  if (g_str_equal (overrun, "wait"))
    await_wait (1);
  else
    await_counter (h, "dropped-batches", 1);
  gst_debug_set_threshold_for_name ("basesrc", GST_LEVEL_DEBUG);
  return h;
}

static const gchar *const policies[] = { "wait", "drop" };

GST_START_TEST (test_pausing_a_live_source_ends_its_wait)
{
  const gchar *policy = policies[__i__];
  GstBus *bus;
  GstHarness *h = live_source_at_bound (policy, &bus);
  guint64 dropped;

  pause_live (h);
  await_log (&stays, 1, "the source does not stay in PAUSED");
  dropped = get_counter (h->element, "dropped-batches");
  /* in PAUSED no batch comes, even if there is room and time passes */
  gst_buffer_unref (pull_from (h, 0));
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 1);
  fail_unless_equals_uint64 (get_counter (h->element, "dropped-batches"),
      dropped);
  play_live (h);
  gst_buffer_unref (pull_from (h, (1 + dropped) * BATCH));
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

#define ROUNDS 100

/* Returns the first sample of batch @n. A batch is 1/700 s: 68.57 samples. */
static guint64
fraction_start (guint n)
{
  return n * (guint64) RATE / 700;
}

GST_START_TEST (test_pausing_and_playing_at_once_goes_on_waiting)
{
  GstBus *bus;
  GstHarness *h = live_source_new ("wait", 2, &bus);
  guint seen = 0;
  guint i;

  gst_util_set_object_arg (G_OBJECT (h->element),
      "output-buffer-duration-fraction", "1/700");
  gst_harness_play (h);
  for (i = 0; i < ROUNDS; i++) {
    GstBuffer *batch;

    await_queue (h, 2);
    await_wait (seen + 1);
    pause_live (h);
    play_live (h);
    g_mutex_lock (&log_lock);
    seen = waits;
    g_mutex_unlock (&log_lock);
    batch = pull_from (h, fraction_start (i));
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (batch),
        fraction_start (i + 1));
    gst_buffer_unref (batch);
  }
  await_queue (h, 2);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), ROUNDS + 2);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_pausing_and_playing_at_once_goes_on_dropping)
{
  GstBus *bus;
  GstHarness *h = live_source_new ("drop", 1, &bus);
  guint64 expected = 0;
  guint i;

  gst_harness_play (h);
  for (i = 0; i < ROUNDS; i++) {
    guint64 dropped, start;
    GstBuffer *batch;

    await_queue (h, 1);
    dropped = get_counter (h->element, "dropped-batches");
    await_counter (h, "dropped-batches", dropped + 1);
    pause_live (h);
    play_live (h);
    dropped = get_counter (h->element, "dropped-batches");
    await_counter (h, "dropped-batches", dropped + 1);
    batch = gst_harness_pull (h);
    fail_unless (batch != NULL, "the source does not go on");
    start = GST_BUFFER_OFFSET (batch);
    fail_unless_equals_uint64 (start % BATCH, 0);
    /* the source drops at least two between any two that it pushes */
    fail_unless (start >= expected, "%d, not from %d on", (int) start,
        (int) expected);
    fail_unless (GST_BUFFER_IS_DISCONT (batch));
    expected = start + 3 * BATCH;
    gst_buffer_unref (batch);
  }
  await_queue (h, 1);
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), ROUNDS + 1);
  assert_lossless (h->element, get_stat (h->element, "samples-in"), 0);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static gboolean
seek_live (GstElement * source)
{
  return gst_element_seek_simple (source, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
      100 * GST_MSECOND);
}

/* A live source is late after a pause: skip batches from before the seek. */
static void
expect_behind_seek (GstHarness * h)
{
  const guint64 start = RATE / 10;
  GstBuffer *batch;

  while ((batch = gst_harness_pull (h)) && GST_BUFFER_OFFSET (batch) < start)
    gst_buffer_unref (batch);
  fail_unless (batch != NULL, "the source does not go on");
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), start);
  gst_buffer_unref (batch);
}

GST_START_TEST (test_a_seek_ends_the_stay_in_paused)
{
  GstBus *bus;
  GstHarness *h = live_source_at_bound (policies[__i__], &bus);

  pause_live (h);
  await_log (&stays, 1, "the source does not stay in PAUSED");
  gst_buffer_unref (pull_from (h, 0));
  fail_unless (seek_live (h->element));
  play_live (h);
  expect_behind_seek (h);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_going_to_null_ends_the_stay_in_paused)
{
  GstBus *bus;
  GstHarness *h = live_source_at_bound (policies[__i__], &bus);

  pause_live (h);
  await_log (&stays, 1, "the source does not stay in PAUSED");
  gst_element_set_state (h->element, GST_STATE_NULL);
  /* the next run starts from the beginning */
  gst_buffer_unref (pull_from (h, 0));
  play_live (h);
  gst_buffer_unref (pull_from (h, 0));
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_eos_ends_the_wait_of_a_live_source)
{
  GstBus *bus;
  GstHarness *h = live_source_at_bound (policies[__i__], &bus);
  GstEventType type;

  fail_unless (gst_element_send_event (h->element, gst_event_new_eos ()));
  do {
    GstEvent *event = gst_harness_pull_event (h);

    fail_unless (event != NULL, "no EOS came");
    type = GST_EVENT_TYPE (event);
    gst_event_unref (event);
  } while (type != GST_EVENT_EOS);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static GThread *seeker;

static gpointer
seek_in_thread (gpointer source)
{
  return GINT_TO_POINTER (seek_live (source));
}

static void
seek_aside (GstElement * source)
{
  g_mutex_lock (&log_lock);
  seeker = g_thread_new ("seeker", seek_in_thread, source);
  seekers++;
  g_cond_broadcast (&log_cond);
  g_mutex_unlock (&log_lock);
  await_log (&refusals, 1, "the seek does not end a wait");
}

/* Since 1.24, after a pause, GstBaseSrc calls unlock_stop() at the first batch
 * in PLAYING. Here a seek has called unlock() just before. */
GST_START_TEST (test_what_undoes_a_pause_does_not_undo_a_seek)
{
  GstBus *bus;
  GstHarness *h = live_source_at_bound ("wait", &bus);

  pause_live (h);
  await_log (&stays, 1, "the source does not stay in PAUSED");
  play_live (h);
  g_mutex_lock (&log_lock);
  interrupted = h->element;
  g_mutex_unlock (&log_lock);
  gst_buffer_unref (pull_from (h, 0));
  await_log (&seekers, 1, "the source makes no batch");
  fail_unless (g_thread_join (seeker));
  expect_behind_seek (h);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_a_live_source_drops_as_time_goes_by)
{
  GstBus *bus;
  GstHarness *h = live_source_new ("drop", 1, &bus);
  GstBuffer *batch;
  guint64 lost;

  gst_harness_play (h);
  batch = gst_harness_pull (h);
  fail_unless (batch != NULL);
  while (get_counter (h->element, "dropped-batches") < 5)
    g_thread_yield ();
  gst_buffer_unref (batch);
  batch = gst_harness_pull (h);
  fail_unless (batch != NULL);
  fail_unless (GST_BUFFER_IS_DISCONT (batch));
  lost = GST_BUFFER_OFFSET (batch) / BATCH - 1;
  fail_unless (lost >= 5, "only %d lost", (int) lost);
  gst_buffer_unref (batch);
  gst_element_set_state (h->element, GST_STATE_NULL);
  assert_lossless (h->element, get_stat (h->element, "samples-in"), 0);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static Suite *
overrun_suite (void)
{
  Suite *suite = suite_create ("overrun");
  TCase *tc = tcase_create ("overrun");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 30);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_wait_goes_on_with_each_release_and_loses_nothing);
  tcase_add_test (tc, test_below_the_bound_nobody_waits);
  tcase_add_test (tc, test_flush_start_ends_the_wait);
  tcase_add_test (tc, test_going_to_ready_ends_the_wait);
  tcase_add_test (tc, test_deactivating_the_sink_pad_ends_the_wait);
  tcase_add_test (tc, test_deactivating_the_pad_of_a_bin_ends_the_wait);
  tcase_add_test (tc, test_deactivating_the_sink_pad_ends_a_long_fill);
  tcase_add_test (tc,
      test_a_flush_that_ends_while_going_to_ready_does_not_undo_that);
  tcase_add_loop_test (tc,
      test_a_property_that_is_set_while_waiting_takes_effect, 0,
      G_N_ELEMENTS (changes));
  tcase_add_test (tc, test_error_that_is_set_while_waiting_takes_effect);
  tcase_add_test (tc, test_a_property_that_changes_nothing_leaves_it_waiting);
  tcase_add_test (tc, test_drop_counts_batches_and_samples_and_marks_the_next);
  tcase_add_test (tc, test_a_flush_ends_the_dropping_of_a_gap_of_centuries);
  tcase_add_loop_test (tc, test_dropped_batches_are_whole_whatever_the_chunks,
      0, 6);
  tcase_add_test (tc, test_the_report_tells_what_was_lost);
  tcase_add_test (tc, test_the_end_comes_out_while_everything_is_dropped);
  tcase_add_test (tc, test_error_names_both_figures);
  tcase_add_test (tc, test_overlapping_batches_wait_and_lose_nothing);
  tcase_add_test (tc, test_overlapping_batches_get_by_with_one);
  tcase_add_loop_test (tc, test_after_a_drop_overlapping_batches_begin_anew, 0,
      G_N_ELEMENTS (hops));
  tcase_add_test (tc, test_drops_with_overlap_add_up);
  tcase_add_test (tc, test_hops_that_skip_keep_their_grid_over_a_drop);
  tcase_add_loop_test (tc, test_the_bound_holds_in_every_mode, 0,
      G_N_ELEMENTS (modes));
  tcase_add_test (tc, test_the_source_waits_and_goes_on);
  tcase_add_test (tc, test_the_source_drops_in_time_and_marks_the_next);
  tcase_add_test (tc, test_the_source_ends_with_an_error);
  tcase_add_test (tc, test_a_flushing_seek_ends_the_sources_wait);
  tcase_add_test (tc, test_deactivating_the_sources_pad_ends_its_wait);
  tcase_add_test (tc, test_going_to_null_ends_the_sources_wait);
  tcase_add_loop_test (tc, test_pausing_a_live_source_ends_its_wait, 0,
      G_N_ELEMENTS (policies));
  tcase_add_test (tc, test_pausing_and_playing_at_once_goes_on_waiting);
  tcase_add_test (tc, test_pausing_and_playing_at_once_goes_on_dropping);
  tcase_add_loop_test (tc, test_a_seek_ends_the_stay_in_paused, 0,
      G_N_ELEMENTS (policies));
  tcase_add_loop_test (tc, test_going_to_null_ends_the_stay_in_paused, 0,
      G_N_ELEMENTS (policies));
  tcase_add_loop_test (tc, test_eos_ends_the_wait_of_a_live_source, 0,
      G_N_ELEMENTS (policies));
  tcase_add_test (tc, test_what_undoes_a_pause_does_not_undo_a_seek);
  tcase_add_test (tc, test_a_live_source_drops_as_time_goes_by);
  return suite;
}

GST_CHECK_MAIN (overrun);
