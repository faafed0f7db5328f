/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supply waits at max-outstanding-batches, and tells if that is for too
 * long. It measures what batches cost where that is wanted. */

#include "memory/supply.h"

#include <gst/check/gstcheck.h>

#define SAMPLES 480
#define ROUNDS 10
/* A wait is told at the 11th look: after 1 ms and the duration of a batch, with
 * 1 ms from one look to the next. */
#define LOOKS 20

static GstElement *pipeline, *element;
static GstBus *bus;
static AbLedger *ledger;
static GstAudioInfo info;
static AbSupply supply;
static const AbSupplySettings settings = {.max_outstanding = 2 };

/* The target of @element stays below that of the pipeline, as before
 * preroll. */
static void
setup (void)
{
  GstDebugCategory *category = NULL;

  GST_DEBUG_CATEGORY_GET (category, "default");
  pipeline = gst_pipeline_new (NULL);
  element = gst_bin_new (NULL);
  gst_bin_add (GST_BIN (pipeline), element);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (element, GST_STATE_PAUSED);
  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_S16, 48000, 1, NULL);
  ledger = ab_ledger_new ();
  memset (&supply, 0, sizeof supply);
  ab_supply_init (&supply, element, category, &settings);
  ab_supply_start (&supply, ledger);
  ab_supply_take_settings (&supply, &settings);
  ab_supply_set_size (&supply, &info, SAMPLES);
  supply.patience = 1000;
}

static void
teardown (void)
{
  ab_supply_stop (&supply);
  ab_ledger_unref (ledger);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static void
aim_at (GstElement * top, GstState target)
{
  GST_OBJECT_LOCK (top);
  GST_STATE_TARGET (top) = target;
  GST_OBJECT_UNLOCK (top);
}

static GstBuffer *
acquire (void)
{
  AbRoom room;

  if (ab_supply_acquire (&supply, SAMPLES, &room) != GST_FLOW_OK)
    return NULL;
  ab_room_close (&room);
  return room.buffer;
}

static gpointer
acquire_aside (gpointer unused)
{
  return acquire ();
}

/* Waits until the streaming thread has waited for some time and looks whether
 * the pipeline is to play. It takes this lock for that. */
static void
await_look (void)
{
  while (!atomic_load (&ledger->gate.waiting))
    g_thread_yield ();
  GST_OBJECT_LOCK (element);
  while (atomic_load (&ledger->gate.waiting))
    g_thread_yield ();
  GST_OBJECT_UNLOCK (element);
}

static guint
warnings (void)
{
  GstMessage *message;
  guint n = 0;

  for (; (message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING)); n++)
    gst_message_unref (message);
  return n;
}

static void
await_warning (void)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND,
      GST_MESSAGE_WARNING);
  GError *warning = NULL;

  fail_unless (message != NULL, "nobody says that it waits");
  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT (element));
  gst_message_parse_warning (message, &warning, NULL);
  fail_unless (strstr (warning->message, "holds 2 of 2 batches") != NULL,
      "%s", warning->message);
  g_error_free (warning);
  gst_message_unref (message);
}

/* Two batches are held, so a third one waits in its thread. */
static GstBuffer *first, *second;
static GThread *waiter;

static void
hold_two (void)
{
  first = acquire ();
  second = acquire ();
}

static void
begin_wait (void)
{
  waiter = g_thread_new ("waiter", acquire_aside, NULL);
}

static void
wait_without_a_warning (void)
{
  guint i;

  begin_wait ();
  for (i = 0; i < LOOKS; i++)
    await_look ();
  fail_unless_equals_int (warnings (), 0);
}

/* Releases a batch, and holds the one that the streaming thread then gets. */
static void
end_wait (void)
{
  gst_buffer_unref (first);
  first = g_thread_join (waiter);
  fail_unless (first != NULL);
}

static void
release_two (void)
{
  gst_buffer_unref (first);
  gst_buffer_unref (second);
}

GST_START_TEST (test_a_long_wait_is_told_once_a_run)
{
  guint i, looks;

  hold_two ();
  aim_at (pipeline, GST_STATE_PLAYING);
  for (i = 0; i < ROUNDS; i++) {
    begin_wait ();
    if (i == 0)
      await_warning ();
    for (looks = 0; looks < LOOKS; looks++)
      await_look ();
    end_wait ();
  }
  fail_unless_equals_int (warnings (), 0);

  ab_supply_stop (&supply);
  ab_supply_start (&supply, ledger);
  begin_wait ();
  await_warning ();
  end_wait ();
  release_two ();
}

GST_END_TEST;

GST_START_TEST (test_a_pipeline_that_is_to_be_paused_may_wait)
{
  hold_two ();
  aim_at (pipeline, GST_STATE_PAUSED);
  wait_without_a_warning ();
  /* now it has lost its preroll */
  GST_OBJECT_LOCK (pipeline);
  GST_STATE_PENDING (pipeline) = GST_STATE_PAUSED;
  GST_OBJECT_UNLOCK (pipeline);
  await_warning ();
  GST_OBJECT_LOCK (pipeline);
  GST_STATE_PENDING (pipeline) = GST_STATE_VOID_PENDING;
  GST_OBJECT_UNLOCK (pipeline);
  end_wait ();
  release_two ();
}

GST_END_TEST;

/* Its locked state says that the application wants it to be paused. */
GST_START_TEST (test_an_element_that_is_locked_in_paused_may_wait)
{
  hold_two ();
  aim_at (pipeline, GST_STATE_PLAYING);
  gst_element_set_locked_state (element, TRUE);
  wait_without_a_warning ();
  gst_element_set_locked_state (element, FALSE);
  end_wait ();
  release_two ();
}

GST_END_TEST;

GST_START_TEST (test_who_never_drops_waits)
{
  hold_two ();
  supply.settings.overrun = GST_AUDIO_BATCH_OVERRUN_DROP;
  fail_unless (acquire () == NULL);
  supply.never_drops = TRUE;
  begin_wait ();
  await_look ();
  end_wait ();
  release_two ();
}

GST_END_TEST;

/* What the system says of the thread, and how often it was asked. */
static guint reads;
static AbUsage usage;

static gboolean
read_usage (AbUsage * now)
{
  reads++;
  *now = usage;
  return TRUE;
}

/* Acquires @n batches, each of which costs @page_faults and 10 us. */
static void
acquire_many (guint n, guint page_faults)
{
  guint i;

  for (i = 0; i < n; i++) {
    gst_buffer_unref (acquire ());
    usage.page_faults += page_faults;
    usage.cpu_ns += 10000;
    usage.time_ns += 10000000;
  }
}

static void
take_allocation (GstAudioBatchAllocation allocation)
{
  AbSupplySettings mode = settings;

  mode.allocation = allocation;
  mode.max_outstanding = 0;
  ab_supply_take_settings (&supply, &mode);
}

GST_START_TEST (test_the_thread_is_looked_at_only_where_that_is_wanted)
{
  reads = 0;
  supply.read_usage = read_usage;
  take_allocation (GST_AUDIO_BATCH_ALLOCATION_FRESH);
  acquire_many (5000, 1);
  take_allocation (GST_AUDIO_BATCH_ALLOCATION_POOL);
  acquire_many (5000, 1);
  fail_unless_equals_int (reads, 0);
  take_allocation (GST_AUDIO_BATCH_ALLOCATION_AUTO);
  acquire_many (10000, 0);
  fail_unless (reads > 10 && reads < 10000 / 256 + 10, "%u", reads);
}

GST_END_TEST;

GST_START_TEST (test_a_report_measures_only_fresh_batches)
{
  AbSnapshot snapshot;

  reads = 0;
  supply.read_usage = read_usage;
  take_allocation (GST_AUDIO_BATCH_ALLOCATION_POOL);
  ab_supply_measure_fresh (&supply);
  fail_unless_equals_int (reads, 0);
  take_allocation (GST_AUDIO_BATCH_ALLOCATION_FRESH);
  acquire_many (10, 4);
  ab_supply_measure_fresh (&supply);
  ab_ledger_snapshot (ledger, &snapshot);
  fail_unless (snapshot.advice.allocation == GST_AUDIO_BATCH_ALLOCATION_FRESH);
  acquire_many (10, 4);
  ab_supply_measure_fresh (&supply);
  ab_ledger_snapshot (ledger, &snapshot);
  fail_unless (snapshot.advice.allocation == GST_AUDIO_BATCH_ALLOCATION_POOL);
  fail_unless (snapshot.advice.reason ==
      GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS);
  /* another format may cost something else */
  ab_supply_set_size (&supply, &info, SAMPLES / 2);
  ab_ledger_snapshot (ledger, &snapshot);
  fail_unless (snapshot.advice.allocation == GST_AUDIO_BATCH_ALLOCATION_FRESH);
}

GST_END_TEST;

static Suite *
supply_suite (void)
{
  Suite *s = suite_create ("supply");
  TCase *tc = tcase_create ("supply");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_a_long_wait_is_told_once_a_run);
  tcase_add_test (tc, test_a_pipeline_that_is_to_be_paused_may_wait);
  tcase_add_test (tc, test_an_element_that_is_locked_in_paused_may_wait);
  tcase_add_test (tc, test_who_never_drops_waits);
  tcase_add_test (tc, test_the_thread_is_looked_at_only_where_that_is_wanted);
  tcase_add_test (tc, test_a_report_measures_only_fresh_batches);
  return s;
}

GST_CHECK_MAIN (supply);
