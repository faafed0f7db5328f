/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thousand random state changes, flushes, seeks and settings under load, in
 * each mode: no deadlock, no leak, and counters that add up. */

#include "../batchcheck.h"

#define ACTIONS 1000
#define BOUND 8

static const gchar *const modes[] = { "fresh", "pool", "auto" };
static const gchar *const overruns[] = { "wait", "drop" };

typedef struct
{
  GstElement *pipeline, *src, *filter;
  GRand *rand;
  GMutex lock;
  GCond cond;
  GQueue held;
  guint keep;
  guint64 seen;
} Load;

static void
consume (GstElement * sink, GstBuffer * batch, GstPad * pad, gpointer user_data)
{
  Load *self = user_data;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->held, gst_buffer_ref (batch));
  while (self->held.length > self->keep)
    gst_buffer_unref (g_queue_pop_head (&self->held));
  self->seen++;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
set_keep (Load * self, guint keep)
{
  g_mutex_lock (&self->lock);
  self->keep = keep;
  while (self->held.length > self->keep)
    gst_buffer_unref (g_queue_pop_head (&self->held));
  g_mutex_unlock (&self->lock);
}

/* Waits for a few batches, but at most 2 ms: the stream may be stopped. */
static void
let_run (Load * self)
{
  const gint64 end = g_get_monotonic_time () + 2 * G_TIME_SPAN_MILLISECOND;
  guint64 until;

  g_mutex_lock (&self->lock);
  until = self->seen + g_rand_int_range (self->rand, 1, 20);
  while (self->seen < until
      && g_cond_wait_until (&self->cond, &self->lock, end));
  g_mutex_unlock (&self->lock);
}

static void
load_setup (Load * self, guint i, guint32 seed)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=src samples-per-batch=64 "
      "allocation=%1$s overrun=%2$s max-outstanding-batches=%3$d pool-max-buffers=4 "
      "! queue max-size-buffers=5 ! audiobatch name=filter "
      "samples-per-batch=100 allocation=%1$s overrun=%2$s "
      "max-outstanding-batches=%3$d pool-max-buffers=4 ! queue "
      "! fakesink name=sink signal-handoffs=true enable-last-sample=false "
      "sync=false", modes[i % 3], overruns[i / 3], BOUND);
  GstElement *sink;

  memset (self, 0, sizeof *self);
  self->pipeline = gst_parse_launch (line, NULL);
  g_free (line);
  self->src = gst_bin_get_by_name (GST_BIN (self->pipeline), "src");
  self->filter = gst_bin_get_by_name (GST_BIN (self->pipeline), "filter");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  self->rand = g_rand_new_with_seed (seed);
  g_queue_init (&self->held);
  self->keep = 2;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_signal_connect (sink, "handoff", G_CALLBACK (consume), self);
  gst_object_unref (sink);
}

static void
assert_released (GstElement * element)
{
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (element, "outstanding-bytes"), 0);
  assert_lossless (element, get_stat (element, "samples-in"), 0);
}

/* Invariants that hold at any time. */
static void
assert_sane (GstElement * element)
{
  GstStructure *stats;
  guint64 outstanding, peak, allocations, reused, released;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get (stats, "outstanding-batches", G_TYPE_UINT64,
          &outstanding, "peak-outstanding-batches", G_TYPE_UINT64, &peak,
          "allocations", G_TYPE_UINT64, &allocations, "reused", G_TYPE_UINT64,
          &reused, "released", G_TYPE_UINT64, &released, NULL));
  gst_structure_free (stats);
  fail_unless_equals_uint64 (outstanding, allocations + reused - released);
  fail_unless (outstanding <= BOUND
      && peak <= BOUND, "%d outstanding, %d at most", (int) outstanding,
      (int) peak);
}

static void
load_clear (Load * self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  set_keep (self, 0);
  assert_released (self->src);
  assert_released (self->filter);
  gst_object_unref (self->src);
  gst_object_unref (self->filter);
  gst_object_unref (self->pipeline);
  g_rand_free (self->rand);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

/* GstBaseSrc starts a new segment after the flush. */
static void
flush (Load * self)
{
  if (GST_STATE (self->src) < GST_STATE_PAUSED)
    return;
  gst_element_send_event (self->src, gst_event_new_flush_start ());
  if (g_rand_boolean (self->rand))
    let_run (self);
  gst_element_send_event (self->src, gst_event_new_flush_stop (FALSE));
}

/* Always flush: in a seek without flush GstBaseSrc waits for the streaming
 * thread, which may wait for the consumer. */
static void
seek (Load * self)
{
  gst_element_seek_simple (self->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
      g_rand_int_range (self->rand, 0, 100) * GST_SECOND);
}

static void
set_something (Load * self)
{
  GstElement *element = g_rand_boolean (self->rand) ? self->src : self->filter;

  switch (g_rand_int_range (self->rand, 0, 4)) {
    case 0:
      g_object_set (element, "samples-per-batch",
          g_rand_int_range (self->rand, 1, 300), NULL);
      break;
    case 1:
      g_object_set (element, "pool-max-buffers",
          g_rand_int_range (self->rand, 0, 6), NULL);
      break;
    case 2:
      g_object_set (element, "pool-min-buffers",
          g_rand_int_range (self->rand, 0, 6), NULL);
      break;
    default:
      g_object_set (element, "max-outstanding-batches",
          g_rand_int_range (self->rand, 2, BOUND + 1), NULL);
      break;
  }
}

static const gchar *
act (Load * self)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PLAYING, GST_STATE_PLAYING
  };
  static const gchar *const names[] = {
    "none", "null", "ready", "paused", "playing"
  };
  GstState state;

  switch (g_rand_int_range (self->rand, 0, 6)) {
    case 0:
    case 1:
      state = states[g_rand_int_range (self->rand, 0, 6)];
      fail_unless (gst_element_set_state (self->pipeline, state)
          != GST_STATE_CHANGE_FAILURE);
      return names[state];
    case 2:
      flush (self);
      return "flush";
    case 3:
      seek (self);
      return "seek";
    case 4:
      set_keep (self, g_rand_int_range (self->rand, 0, 2 * BOUND));
      return "keep";
    default:
      set_something (self);
      return "set";
  }
}

GST_START_TEST (test_random_changes_under_load_end_well)
{
  const gchar *wish = g_getenv ("STATECHANGES_SEED");
  const guint32 seed = wish ? (guint32) atoi (wish) : g_random_int ();
  guint64 seen = 0;
  GstMessage *message;
  GstBus *bus;
  Load load;
  guint i;

  g_print ("%s, %s: STATECHANGES_SEED=%u\n", modes[__i__ % 3],
      overruns[__i__ / 3], seed);
  load_setup (&load, __i__, seed);
  bus = gst_element_get_bus (load.pipeline);
  gst_element_set_state (load.pipeline, GST_STATE_PLAYING);
  for (i = 0; i < ACTIONS; i++) {
    const gchar *what = act (&load);

    GST_LOG ("%u: %s", i, what);
    let_run (&load);
    assert_sane (load.src);
    assert_sane (load.filter);
    while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
      fail ("action %u, %s: %" GST_PTR_FORMAT, i, what, message);
      gst_message_unref (message);
    }
  }
  g_mutex_lock (&load.lock);
  seen = load.seen;
  g_mutex_unlock (&load.lock);
  g_print ("%s, %s: %d batches, %d dropped, %d fallbacks in the last run\n",
      modes[__i__ % 3], overruns[__i__ / 3], (int) seen,
      (int) get_counter (load.filter, "dropped-batches"),
      (int) get_counter (load.filter, "fallbacks"));
  fail_unless (seen > 100);
  gst_object_unref (bus);
  load_clear (&load);
}

GST_END_TEST;

static Suite *
statechanges_suite (void)
{
  Suite *s = suite_create ("statechanges");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, test_random_changes_under_load_end_well, 0,
      G_N_ELEMENTS (modes) * G_N_ELEMENTS (overruns));
  return s;
}

GST_CHECK_MAIN (statechanges);
