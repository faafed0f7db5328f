/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time that GAP events tell. */

#include "time/told.h"

#include "../../timecheck.h"

static AbTold told;

static void
setup_told (void)
{
  setup ();
  ab_told_reset (&told);
}

static void
assert_told (gint64 start, gint64 end, guint64 want)
{
  fail_unless_equals_uint64 (ab_told_add (&told, start, end), want);
}

GST_START_TEST (test_one_event_tells_its_duration)
{
  assert_told (100, 350, 250);
  ab_told_reset (&told);
  assert_told (-100, 350, 450);
  ab_told_reset (&told);
  assert_told (100, 100, 0);
}

GST_END_TEST;

GST_START_TEST (test_events_in_a_row_tell_the_time_from_the_first_to_the_last)
{
  assert_told (100, 200, 100);
  assert_told (200, 300, 200);
  /* no duration, but time goes on */
  assert_told (500, 500, 400);
  /* nothing new */
  assert_told (150, 250, 400);
}

GST_END_TEST;

/* As of a track that is stored 3 s behind. */
GST_START_TEST (test_what_was_told_before_a_chunk_is_not_new_after_it)
{
  assert_told (0, 3000, 3000);
  ab_told_chunk (&told);
  assert_told (20, 3040, 40);
  assert_told (3040, 3080, 80);
  ab_told_chunk (&told);
  assert_told (40, 3060, 0);
  assert_told (3060, 3100, 20);
}

GST_END_TEST;

GST_START_TEST (test_a_reset_forgets_what_was_told)
{
  assert_told (0, 3000, 3000);
  ab_told_reset (&told);
  assert_told (20, 3040, 3020);
}

GST_END_TEST;

GST_START_TEST (test_times_at_both_ends_do_not_overflow)
{
  assert_told (-G_MAXINT64, G_MAXINT64, 2 * (guint64) G_MAXINT64);
}

GST_END_TEST;

static Suite *
told_suite (void)
{
  Suite *suite = suite_create ("told");
  TCase *tc = tcase_create ("time");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_told, teardown);
  tcase_add_test (tc, test_one_event_tells_its_duration);
  tcase_add_test (tc,
      test_events_in_a_row_tell_the_time_from_the_first_to_the_last);
  tcase_add_test (tc, test_what_was_told_before_a_chunk_is_not_new_after_it);
  tcase_add_test (tc, test_a_reset_forgets_what_was_told);
  tcase_add_test (tc, test_times_at_both_ends_do_not_overflow);
  return suite;
}

GST_CHECK_MAIN (told);
