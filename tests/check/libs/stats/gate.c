/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate at which the streaming thread waits: no wake-up gets lost. */

#include "stats/gate.h"

#include <gst/check/gstcheck.h>

/* Longer than anything here takes. */
#define LONG (20 * G_TIME_SPAN_SECOND)

static AbGate gate;

/* The waiter checks `places`; `looks` counts its checks. */
static atomic_int places;
static atomic_int looks;

static void
setup (void)
{
  memset (&gate, 0, sizeof gate);
  ab_gate_init (&gate);
  atomic_store (&places, 0);
  atomic_store (&looks, 0);
}

static void
teardown (void)
{
  ab_gate_clear (&gate);
}

static gboolean
is_place (gpointer user_data)
{
  atomic_fetch_add (&looks, 1);
  return atomic_load (&places) > 0;
}

static gint64
soon (void)
{
  return g_get_monotonic_time () + LONG;
}

static gpointer
wait_in_thread (gpointer user_data)
{
  return GINT_TO_POINTER (ab_gate_wait (&gate, is_place, NULL,
          user_data ? 0 : soon ()));
}

/* Waits until the waiter sleeps. The waiter holds the lock from its check until
 * it sleeps. */
static void
await_sleeper (void)
{
  while (atomic_load (&looks) == 0)
    g_thread_yield ();
  g_mutex_lock (&gate.lock);
  g_mutex_unlock (&gate.lock);
}

GST_START_TEST (test_who_may_pass_does_not_wait)
{
  atomic_store (&places, 1);
  fail_unless (ab_gate_wait (&gate, is_place, NULL, 0));
  fail_unless_equals_int (atomic_load (&looks), 1);
  fail_if (atomic_load (&gate.waiting));
}

GST_END_TEST;

GST_START_TEST (test_a_knock_wakes_the_waiter)
{
  GThread *waiter = g_thread_new ("waiter", wait_in_thread, &gate);

  await_sleeper ();
  fail_unless (atomic_load (&gate.waiting));
  atomic_store (&places, 1);
  ab_gate_knock (&gate);
  fail_unless (GPOINTER_TO_INT (g_thread_join (waiter)));
  fail_if (atomic_load (&gate.waiting));
}

GST_END_TEST;

GST_START_TEST (test_a_knock_without_a_place_does_not_let_anybody_pass)
{
  GThread *waiter = g_thread_new ("waiter", wait_in_thread, &gate);
  gint before;

  await_sleeper ();
  before = atomic_load (&looks);
  ab_gate_knock (&gate);
  while (atomic_load (&looks) == before)
    g_thread_yield ();
  g_mutex_lock (&gate.lock);
  fail_unless (atomic_load (&gate.waiting));
  g_mutex_unlock (&gate.lock);
  atomic_store (&places, 1);
  ab_gate_knock (&gate);
  fail_unless (GPOINTER_TO_INT (g_thread_join (waiter)));
}

GST_END_TEST;

GST_START_TEST (test_shutting_the_gate_sends_the_waiter_away)
{
  GThread *waiter = g_thread_new ("waiter", wait_in_thread, &gate);

  await_sleeper ();
  ab_gate_set_shut (&gate, AB_GATE_FLUSHING, TRUE);
  fail_if (GPOINTER_TO_INT (g_thread_join (waiter)));
}

GST_END_TEST;

GST_START_TEST (test_at_a_shut_gate_nobody_waits)
{
  ab_gate_set_shut (&gate, AB_GATE_FLUSHING, TRUE);
  fail_if (ab_gate_wait (&gate, is_place, NULL, 0));
  atomic_store (&places, 1);
  fail_if (ab_gate_wait (&gate, is_place, NULL, 0));
  ab_gate_set_shut (&gate, AB_GATE_FLUSHING, FALSE);
  fail_unless (ab_gate_wait (&gate, is_place, NULL, 0));
}

GST_END_TEST;

GST_START_TEST (test_a_timeout_ends_the_wait_and_is_not_a_shut_gate)
{
  const gint64 start = g_get_monotonic_time ();

  fail_unless (ab_gate_wait (&gate, is_place, NULL, start + 2000));
  fail_unless (g_get_monotonic_time () >= start + 2000);
  /* a timeout in the past */
  fail_unless (ab_gate_wait (&gate, is_place, NULL, start));
}

GST_END_TEST;

#define ROUNDS 100000

static gpointer
give_places (gpointer user_data)
{
  gint i;

  for (i = 0; i < ROUNDS; i++) {
    atomic_fetch_add (&places, 1);
    ab_gate_knock (&gate);
  }
  return NULL;
}

/* If a knock got lost, the waiter would sleep until its timeout. */
GST_START_TEST (test_no_knock_gets_lost)
{
  GThread *giver = g_thread_new ("giver", give_places, NULL);
  gint i;

  for (i = 0; i < ROUNDS; i++) {
    fail_unless (ab_gate_wait (&gate, is_place, NULL, soon ()));
    fail_unless (atomic_fetch_sub (&places, 1) > 0,
        "round %d: no knock for " G_STRINGIFY (LONG) " us", i);
  }
  g_thread_join (giver);
  fail_unless_equals_int (atomic_load (&places), 0);
}

GST_END_TEST;

static gboolean
always (gpointer unused)
{
  return TRUE;
}

GST_START_TEST (test_a_gate_that_is_shut_twice_is_opened_twice)
{
  static AbGate gate;

  ab_gate_init (&gate);
  ab_gate_set_shut (&gate, AB_GATE_FLUSHING, TRUE);
  ab_gate_set_shut (&gate, AB_GATE_STOPPING, TRUE);
  ab_gate_set_shut (&gate, AB_GATE_FLUSHING, FALSE);
  fail_if (ab_gate_wait (&gate, always, NULL, 0));
  ab_gate_set_shut (&gate, AB_GATE_STOPPING, FALSE);
  fail_unless (ab_gate_wait (&gate, always, NULL, 0));
  ab_gate_clear (&gate);
}

GST_END_TEST;

static Suite *
gate_suite (void)
{
  Suite *s = suite_create ("gate");
  TCase *tc = tcase_create ("batchgate");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_who_may_pass_does_not_wait);
  tcase_add_test (tc, test_a_knock_wakes_the_waiter);
  tcase_add_test (tc, test_a_knock_without_a_place_does_not_let_anybody_pass);
  tcase_add_test (tc, test_shutting_the_gate_sends_the_waiter_away);
  tcase_add_test (tc, test_at_a_shut_gate_nobody_waits);
  tcase_add_test (tc, test_a_timeout_ends_the_wait_and_is_not_a_shut_gate);
  tcase_add_test (tc, test_no_knock_gets_lost);
  tcase_add_test (tc, test_a_gate_that_is_shut_twice_is_opened_twice);
  return s;
}

GST_CHECK_MAIN (gate);
