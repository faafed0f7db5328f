/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches that are handed to another process: what is copied, what counts as
 * outstanding, and what happens if that process ends. */

#include "../awaitcheck.h"
#include "../descriptors.h"
#include "../otherprocess.h"
#include "../resident.h"

#include <glib/gstdio.h>

#define BATCH 256
#define BYTES (BATCH * sizeof (gint32))
#define BOUND 16

/* GStreamer's ways to another process. */
typedef struct
{
  const gchar *sink, *source;
} Transport;

static const Transport transports[] = {
  {"shmsink", "shmsrc"},
  {"unixfdsink", "unixfdsrc"},
};

static const gchar *const allocations[] = { "fresh", "pool", "auto" };

/* The element under test is "e". */
static const gchar *const elements[] = {
  "audiobatchsrc name=e " RAMP_SETTINGS,
  "audiobatchsrc samples-per-batch=100 " RAMP_SETTINGS " ! audiobatch name=e",
};

#define VARIANTS (G_N_ELEMENTS (transports) * G_N_ELEMENTS (allocations) \
    * G_N_ELEMENTS (elements))
/* those with shmsink come first */
#define SHM_VARIANTS (VARIANTS / G_N_ELEMENTS (transports))

typedef struct
{
  const Transport *via;
  const gchar *allocation;
  GstElement *pipeline, *element, *sink;
  gchar *folder, *socket;
  OtherProcess consumer;
  /* number of the next sample that has to arrive */
  guint next;

  /* streaming thread, read by the test: batches that reached the sink, and
   * those that the sink has to copy or that are not exclusive */
  gint arrived, copied, shared;
} Producer;

/* Which of the variants from @i on is this one? */
static const gchar *
variant_allocation (guint i)
{
  return allocations[i % G_N_ELEMENTS (allocations)];
}

static const gchar *
variant_element (guint i)
{
  return elements[i / G_N_ELEMENTS (allocations) % G_N_ELEMENTS (elements)];
}

static const Transport *
variant_transport (guint i)
{
  return &transports[i / SHM_VARIANTS];
}

/* unixfdsink came with GStreamer 1.24, and waits for a consumer since 1.26. */
static gboolean
can_run (guint i)
{
  const gchar *name = variant_transport (i)->sink;
  GstElement *sink = gst_element_factory_make (name, NULL);
  gboolean found = sink && g_object_class_find_property
      (G_OBJECT_GET_CLASS (sink), "wait-for-connection");

  gst_clear_object (&sink);
  if (!found)
    g_print ("skipped: no %s that waits for a consumer\n", name);
  return found;
}

/* The allocator that the sink offers. */
static GstAllocator *
offered_allocator (GstPad * sinkpad)
{
  GstCaps *caps = gst_pad_get_current_caps (sinkpad);
  GstQuery *query = gst_query_new_allocation (caps, FALSE);
  GstAllocator *allocator = NULL;

  if (gst_pad_query (sinkpad, query)
      && gst_query_get_n_allocation_params (query) > 0)
    gst_query_parse_nth_allocation_param (query, 0, &allocator, NULL);
  gst_query_unref (query);
  gst_caps_unref (caps);
  return allocator;
}

static GstPadProbeReturn
look_at_batch (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Producer *self = user_data;
  GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (info);
  GstAllocator *offered = offered_allocator (pad);

  /* first: who waits for the other counts finds the batch in this one */
  g_atomic_int_inc (&self->arrived);
  if (gst_buffer_n_memory (batch) != 1
      || gst_buffer_peek_memory (batch, 0)->allocator != offered)
    g_atomic_int_inc (&self->copied);
  if (!gst_buffer_is_writable (batch)
      || !gst_buffer_is_all_memory_writable (batch))
    g_atomic_int_inc (&self->shared);
  gst_clear_object (&offered);
  return GST_PAD_PROBE_OK;
}

/* Starts the stream of variant @i, with more settings for the element and for
 * the sink. The sink waits for a consumer. */
static void
producer_setup (Producer * self, guint i, const gchar * settings,
    const gchar * sink_settings)
{
  GError *error = NULL;
  GstPad *pad;
  gchar *line;

  memset (self, 0, sizeof *self);
  self->via = variant_transport (i);
  self->allocation = variant_allocation (i);
  self->folder = g_dir_make_tmp ("audiobatch-XXXXXX", NULL);
  self->socket = g_build_filename (self->folder, "socket", NULL);
  line = g_strdup_printf ("%s samples-per-batch=%d allocation=%s %s ! "
      RAMP_CAPS " ! %s name=sink socket-path=%s wait-for-connection=true "
      "sync=false enable-last-sample=false %s", variant_element (i), BATCH,
      self->allocation, settings, self->via->sink, self->socket, sink_settings);
  self->pipeline = gst_parse_launch (line, &error);
  fail_unless (error == NULL, "%s: %s", line, error ? error->message : "");
  self->element = gst_bin_get_by_name (GST_BIN (self->pipeline), "e");
  self->sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  pad = gst_element_get_static_pad (self->sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, look_at_batch, self, NULL);
  gst_object_unref (pad);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  g_free (line);
}

/* unixfdsink of 1.26 never ends a wait for a consumer that begins while it is being
 * stopped: it must not wait then. */
static void
producer_stop (Producer * self)
{
  g_object_set (self->sink, "wait-for-connection", FALSE, NULL);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_object_set (self->sink, "wait-for-connection", TRUE, NULL);
}

static void
producer_clear (Producer * self)
{
  producer_stop (self);
  gst_object_unref (self->element);
  gst_object_unref (self->sink);
  gst_object_unref (self->pipeline);
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->socket);
}

/* A consumer that connects before the sink has caps gets none. */
static void
await_caps (Producer * self)
{
  while (g_atomic_int_get (&self->arrived) == 0)
    g_thread_yield ();
}

static void
start_consumer (Producer * self, guint keep)
{
  await_caps (self);
  other_process_start (&self->consumer, self->via->source, self->socket, keep);
}

/* Batches arrive without a break: no sample is lost, doubled or changed. */
static void
expect_batches (Producer * self, guint n)
{
  while (n-- > 0) {
    guint start = other_process_next_batch (&self->consumer, BATCH);

    fail_unless_equals_int (start, self->next);
    self->next = (start + BATCH) % RAMP_PERIOD;
  }
}

static void
assert_stays (Producer * self, const gchar * name, guint64 value)
{
  guint i;

  for (i = 0; i < 1000; i++) {
    fail_unless_equals_uint64 (get_counter (self->element, name), value);
    g_thread_yield ();
  }
}

/* What the consumer released before it stopped may still be on its way back, and
 * makes room for as many batches. */
static void
await_standstill (Producer * self)
{
  guint still = 0;

  while (still < 1000) {
    still = get_counter (self->element, "outstanding-batches") == BOUND
        ? still + 1 : 0;
    g_thread_yield ();
  }
}

static void
assert_nothing_copied (Producer * self)
{
  fail_unless_equals_int (g_atomic_int_get (&self->copied), 0);
  fail_unless_equals_int (g_atomic_int_get (&self->shared), 0);
  fail_unless_equals_uint64 (get_counter (self->element, "fallbacks"), 0);
}

/* After the end: each sample went out or was dropped, and each batch came back. */
static void
assert_all_counted (Producer * self)
{
  await_counter (self->element, "outstanding-batches", 0);
  assert_lossless (self->element, get_stat (self->element, "samples-in"), 0);
  fail_unless_equals_uint64 (get_stat (self->element, "samples-out"),
      get_counter (self->element, "batches") * BATCH);
}

static void
finish_all (Producer * self)
{
  other_process_finish (&self->consumer);
  producer_stop (self);
  assert_all_counted (self);
}

static void
print_figures (Producer * self, const gchar * what)
{
  g_print ("%s, %s, %s: %s; batches %d: allocations %d, reused %d, fallbacks "
      "%d; peak %d, dropped %d; copied %d\n", G_OBJECT_TYPE_NAME
      (self->element), self->allocation, self->via->sink, what, (int)
      get_counter (self->element, "batches"), (int) get_counter (self->element,
          "allocations"), (int) get_counter (self->element, "reused"), (int)
      get_counter (self->element, "fallbacks"), (int)
      get_counter (self->element, "peak-outstanding-batches"), (int)
      get_counter (self->element, "dropped-batches"),
      g_atomic_int_get (&self->copied));
}

/* Returns the error, or NULL if hundred more batches came. */
static GstMessage *
await_error_or_batches (Producer * self, GstBus * bus)
{
  const guint64 end = get_counter (self->element, "batches") + 100;
  GstMessage *message = NULL;

  while (!message && get_counter (self->element, "batches") < end)
    message = gst_bus_timed_pop_filtered (bus, GST_MSECOND, GST_MESSAGE_ERROR);
  return message;
}

/* What shmsink says of a batch that it copies. */
static gint copies_told;

static void
count_copies (GstDebugCategory * category, GstDebugLevel level,
    const gchar * file, const gchar * function, gint line, GObject * object,
    GstDebugMessage * message, gpointer unused)
{
  if (strstr (gst_debug_message_get (message), "was not allocated by"))
    g_atomic_int_inc (&copies_told);
}

static void
listen_to_shmsink (void)
{
  g_atomic_int_set (&copies_told, 0);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (count_copies, NULL, NULL);
  gst_debug_set_threshold_for_name ("shmsink", GST_LEVEL_LOG);
}

static void
stop_listening (void)
{
  gst_debug_unset_threshold_for_name ("shmsink");
  gst_debug_remove_log_function (count_copies);
  gst_debug_add_log_function (gst_debug_log_default, NULL, NULL);
}

GST_START_TEST (test_batches_arrive_uncopied_and_count_while_they_are_held)
{
  const guint n = 1000, keep = 5;
  Producer p;

  if (!can_run (__i__))
    return;
  listen_to_shmsink ();
  /* the bound keeps the test within any size of the shared memory */
  producer_setup (&p, __i__, "max-outstanding-batches=64 pool-max-buffers=64",
      "");
  start_consumer (&p, keep);
  expect_batches (&p, n);
  other_process_finish (&p.consumer);
  print_figures (&p, "1000 batches");
  assert_nothing_copied (&p);
  fail_unless_equals_int (g_atomic_int_get (&copies_told), 0);
  producer_clear (&p);
  stop_listening ();
}

GST_END_TEST;

/* The stream waits at the bound, which the consumer holds. */
static void
fill_the_bound (Producer * self)
{
  await_counter (self->element, "outstanding-batches", BOUND);
  await_counter (self->element, "batches", BOUND);
  expect_batches (self, BOUND);
  assert_stays (self, "batches", BOUND);
  /* with what the allocator adds to align them */
  fail_unless (get_stat (self->element, "outstanding-bytes")
      >= BOUND * BYTES);
}

GST_START_TEST (test_wait_waits_for_the_other_process)
{
  guint64 at = BOUND;
  Producer p;
  guint n;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16 overrun=wait", "");
  start_consumer (&p, KEEP_ALL);
  fill_the_bound (&p);
  for (n = 1; n <= 5; n++) {
    other_process_release (&p.consumer, n);
    at += n;
    await_counter (p.element, "batches", at);
    await_counter (p.element, "outstanding-batches", BOUND);
    expect_batches (&p, n);
  }
  fail_unless_equals_uint64 (get_counter (p.element,
          "peak-outstanding-batches"), BOUND);
  print_figures (&p, "wait");
  assert_nothing_copied (&p);
  producer_stop (&p);
  await_counter (p.element, "outstanding-batches", 0);
  other_process_finish (&p.consumer);
  producer_clear (&p);
}

GST_END_TEST;

GST_START_TEST (test_drop_drops_what_the_other_process_has_no_room_for)
{
  Producer p;
  guint i;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16 overrun=drop", "");
  start_consumer (&p, KEEP_ALL);
  await_range (p.element, "dropped-batches", 20, G_MAXUINT64);
  fail_unless_equals_uint64 (get_counter (p.element, "batches"), BOUND);
  fail_unless_equals_uint64 (get_counter (p.element, "outstanding-batches"),
      BOUND);
  /* all before the first drop */
  expect_batches (&p, BOUND);
  other_process_release (&p.consumer, 3);
  await_counter (p.element, "batches", BOUND + 3);
  for (i = 0; i < 3; i++) {
    fail_unless_equals_int (other_process_next_batch (&p.consumer, BATCH)
        % BATCH, 0);
  }
  print_figures (&p, "drop");
  assert_nothing_copied (&p);
  other_process_finish (&p.consumer);
  producer_clear (&p);
}

GST_END_TEST;

GST_START_TEST (test_error_ends_the_stream_at_the_bound)
{
  GstBus *bus;
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16 overrun=error", "");
  start_consumer (&p, KEEP_ALL);
  bus = gst_element_get_bus (p.pipeline);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "max-outstanding-batches");
  gst_object_unref (bus);
  fail_unless_equals_uint64 (get_counter (p.element, "outstanding-batches"),
      BOUND);
  expect_batches (&p, BOUND);
  print_figures (&p, "error");
  assert_nothing_copied (&p);
  other_process_finish (&p.consumer);
  await_counter (p.element, "outstanding-batches", 0);
  producer_clear (&p);
}

GST_END_TEST;

GST_START_TEST (test_a_pool_reuses_what_the_other_process_releases)
{
  const guint n = 500, bound = 8;
  guint64 allocations, reused, batches;
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=8", "");
  start_consumer (&p, 4);
  expect_batches (&p, n);
  other_process_kill (&p.consumer);
  await_range (p.element, "outstanding-batches", 0, 1);
  batches = get_counter (p.element, "batches");
  allocations = get_counter (p.element, "allocations");
  reused = get_counter (p.element, "reused");
  print_figures (&p, "at most 8 outstanding");
  fail_unless (batches >= n);
  fail_unless (allocations + reused >= n);
  if (g_str_equal (p.allocation, "fresh"))
    fail_unless_equals_uint64 (reused, 0);
  if (g_str_equal (p.allocation, "pool"))
    fail_unless (allocations <= bound && reused >= n - bound);
  producer_clear (&p);
}

GST_END_TEST;

GST_START_TEST (test_a_killed_consumer_gives_all_back_and_the_next_goes_on)
{
  guint start;
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16", "");
  start_consumer (&p, KEEP_ALL);
  fill_the_bound (&p);
  other_process_kill (&p.consumer);
  /* The sink waits for a consumer with the next batch. Batches that it sent
   * before it saw that the consumer was gone are lost. */
  await_range (p.element, "batches", BOUND + 1, G_MAXUINT64);
  await_range (p.element, "outstanding-batches", 0, 1);
  start_consumer (&p, KEEP_ALL);
  start = other_process_next_batch (&p.consumer, BATCH);
  fail_unless (start >= p.next && start % BATCH == 0);
  print_figures (&p, "killed");
  g_print ("lost with the consumer: %u batches\n", (start - p.next) / BATCH);
  p.next = start + BATCH;
  expect_batches (&p, BOUND - 1);
  await_counter (p.element, "outstanding-batches", BOUND);
  assert_nothing_copied (&p);
  other_process_finish (&p.consumer);
  producer_clear (&p);
}

GST_END_TEST;

/* All steps up to the release of a batch: connecting, the parts of each message,
 * reading a batch, holding one. */
#define STEPS 10

GST_START_TEST (test_consumers_killed_at_any_step_give_all_back)
{
  guint step, start;
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16", "");
  await_caps (&p);
  for (step = 1; step <= STEPS; step++) {
    other_process_run_and_die (p.via->source, p.socket, 1, step);
    /* the sink waits for the next consumer with one batch */
    await_range (p.element, "outstanding-batches", 0, 1);
  }
  start_consumer (&p, KEEP_ALL);
  start = other_process_next_batch (&p.consumer, BATCH);
  fail_unless_equals_int (start % BATCH, 0);
  p.next = (start + BATCH) % RAMP_PERIOD;
  expect_batches (&p, BOUND - 1);
  await_counter (p.element, "outstanding-batches", BOUND);
  print_figures (&p, "killed at each step");
  assert_nothing_copied (&p);
  finish_all (&p);
  producer_clear (&p);
}

GST_END_TEST;

/* Each batch of unixfdsink is a file, and the sink needs descriptors to send it. The
 * others have all that they need. */
GST_START_TEST (test_without_descriptors_there_is_one_error_and_a_new_start)
{
  Descriptors descriptors;
  GstMessage *message;
  GstBus *bus;
  Producer p;

  if (!can_run (__i__) || is_under_valgrind ())
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16", "");
  start_consumer (&p, 4);
  expect_batches (&p, 20);
  /* no pool is in the making while the last one is taken */
  other_process_stop (&p.consumer);
  await_standstill (&p);
  descriptors_take (&descriptors);
  other_process_go_on (&p.consumer);
  bus = gst_element_get_bus (p.pipeline);
  message = await_error_or_batches (&p, bus);
  descriptors_give_back (&descriptors);
  print_figures (&p, message ? "an error without descriptors"
      : "goes on without descriptors");
  if (message)
    gst_message_unref (message);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_object_unref (bus);
  producer_stop (&p);
  other_process_finish (&p.consumer);
  assert_all_counted (&p);
  g_atomic_int_set (&p.arrived, 0);
  gst_element_set_state (p.pipeline, GST_STATE_PLAYING);
  start_consumer (&p, 4);
  p.next = 0;
  expect_batches (&p, 20);
  other_process_finish (&p.consumer);
  producer_clear (&p);
}

GST_END_TEST;

/* SIGSTOP. How long it lasts changes nothing: the stream stands still. */
GST_START_TEST (test_a_stopped_consumer_is_waited_for)
{
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16", "");
  start_consumer (&p, 4);
  expect_batches (&p, 20);
  other_process_stop (&p.consumer);
  await_standstill (&p);
  other_process_go_on (&p.consumer);
  expect_batches (&p, 100);
  print_figures (&p, "stopped and waited for");
  assert_nothing_copied (&p);
  finish_all (&p);
  producer_clear (&p);
}

GST_END_TEST;

GST_START_TEST (test_what_a_stopped_consumer_misses_is_counted)
{
  guint64 missed;
  guint i;
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "max-outstanding-batches=16 overrun=drop", "");
  start_consumer (&p, 4);
  other_process_next_batch (&p.consumer, BATCH);
  other_process_stop (&p.consumer);
  await_range (p.element, "dropped-batches", get_counter (p.element,
          "dropped-batches") + 20, G_MAXUINT64);
  await_standstill (&p);
  other_process_go_on (&p.consumer);
  for (i = 0; i < 100; i++) {
    fail_unless_equals_int (other_process_next_batch (&p.consumer, BATCH)
        % BATCH, 0);
  }
  print_figures (&p, "stopped and dropped");
  assert_nothing_copied (&p);
  finish_all (&p);
  /* the end may have cut the last one */
  missed = get_counter (p.element, "dropped-batches") * BATCH;
  fail_unless (ABS ((gint64) (get_stat (p.element, "samples-dropped") -
              missed)) <= BATCH);
  producer_clear (&p);
}

GST_END_TEST;

/* Other memory takes the place of shared memory that is full, so shmsink copies
 * and waits until the consumer has released some. */
GST_START_TEST (test_a_full_area_holds_the_stream_up_and_loses_nothing)
{
  guint64 fit;
  Producer p;

  if (!can_run (__i__))
    return;
  producer_setup (&p, __i__, "", "shm-size=16384");
  start_consumer (&p, KEEP_ALL);
  while (g_atomic_int_get (&p.copied) == 0)
    g_thread_yield ();
  fit = g_atomic_int_get (&p.arrived) - 1;
  await_counter (p.element, "fallbacks", 1);
  print_figures (&p, "area of 16 KiB");
  fail_unless (fit >= 10 && fit <= 16384 / BYTES);
  expect_batches (&p, fit);
  await_counter (p.element, "outstanding-batches", fit + 1);
  other_process_release (&p.consumer, fit);
  /* copied batches are shorter than the others, and may leave gaps that are too
   * small for one of them */
  expect_batches (&p, fit - 2);
  other_process_release (&p.consumer, fit - 2);
  expect_batches (&p, fit - 2);
  print_figures (&p, "and after it");
  fail_unless_equals_int (g_atomic_int_get (&p.shared), 0);
  other_process_kill (&p.consumer);
  producer_clear (&p);
}

GST_END_TEST;

static Suite *
processes_suite (void)
{
  Suite *s = suite_create ("processes");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc,
      test_batches_arrive_uncopied_and_count_while_they_are_held, 0, VARIANTS);
  tcase_add_loop_test (tc, test_wait_waits_for_the_other_process, 0, VARIANTS);
  tcase_add_loop_test (tc,
      test_drop_drops_what_the_other_process_has_no_room_for, 0, VARIANTS);
  tcase_add_loop_test (tc, test_error_ends_the_stream_at_the_bound, 0,
      VARIANTS);
  tcase_add_loop_test (tc, test_a_pool_reuses_what_the_other_process_releases,
      0, VARIANTS);
  tcase_add_loop_test (tc,
      test_a_killed_consumer_gives_all_back_and_the_next_goes_on, 0, VARIANTS);
  tcase_add_loop_test (tc, test_consumers_killed_at_any_step_give_all_back, 0,
      VARIANTS);
  tcase_add_loop_test (tc,
      test_without_descriptors_there_is_one_error_and_a_new_start, 0, VARIANTS);
  tcase_add_loop_test (tc, test_a_stopped_consumer_is_waited_for, 0, VARIANTS);
  tcase_add_loop_test (tc, test_what_a_stopped_consumer_misses_is_counted, 0,
      VARIANTS);
  tcase_add_loop_test (tc,
      test_a_full_area_holds_the_stream_up_and_loses_nothing, 0, SHM_VARIANTS);
  return s;
}

int
main (int argc, char **argv)
{
  if (other_process_main (argc, argv))
    return 0;
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (processes_suite (), "processes", __FILE__);
}
