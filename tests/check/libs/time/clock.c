/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timestamps, checked against sums in 128 bits. */

#include "time/clock.h"

#include "../../timecheck.h"

static void
check_time (const AbClock * clock, guint64 n)
{
  GstClockTime got = ab_clock_time (clock, clock->origin + n);
  GstClockTime want = clock->base + time_of (n, clock->rate);

  if (got != want)
    fail ("sample %" G_GUINT64_FORMAT " at %u Hz: got %" G_GUINT64_FORMAT
        " ns, want %" G_GUINT64_FORMAT " ns", n, clock->rate, got, want);
}

GST_START_TEST (test_an_offset_leads_neither_before_time_nor_beyond_it)
{
  const GstClockTime far = (GstClockTime) 1 << 63;

  fail_unless_equals_uint64 (ab_time_offset (100, 0), 100);
  fail_unless_equals_uint64 (ab_time_offset (100, 7), 107);
  fail_unless_equals_uint64 (ab_time_offset (100, -7), 93);
  fail_unless_equals_uint64 (ab_time_offset (100, -100), 0);
  fail_unless_equals_uint64 (ab_time_offset (100, -101), 0);
  fail_unless_equals_uint64 (ab_time_offset (far + 1, G_MININT64), 1);
  fail_unless_equals_uint64 (ab_time_offset (far - 1, G_MININT64), 0);
  fail_unless_equals_uint64 (ab_time_offset (AB_LAST_TIME - 1, 1),
      AB_LAST_TIME);
  fail_unless_equals_uint64 (ab_time_offset (AB_LAST_TIME - 1, 2),
      AB_LAST_TIME);
  fail_unless_equals_uint64 (ab_time_offset (far, G_MAXINT64), AB_LAST_TIME);
}

GST_END_TEST;

GST_START_TEST (test_time_is_exact_for_a_year)
{
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    ab_clock_start (&clock, rates[r], 0, 0);
    for (i = 0; i < RANDOM_SAMPLES; i++)
      check_time (&clock, random_below ((guint64) YEAR_SECONDS * rates[r]));
  }
}

GST_END_TEST;

/* 2^50 samples at 192 kHz are 186 years. */
GST_START_TEST (test_time_is_exact_for_centuries)
{
  const guint64 end = G_GUINT64_CONSTANT (1) << 50;
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    if (time_of (end, rates[r]) == G_MAXUINT64)
      continue;
    ab_clock_start (&clock, rates[r], 0, 0);
    check_time (&clock, end);
    for (i = 0; i < RANDOM_SAMPLES; i++)
      check_time (&clock, random_below (end));
  }
}

GST_END_TEST;

GST_START_TEST (test_time_is_exact_at_the_highest_rate)
{
  AbClock clock;
  guint i;

  ab_clock_start (&clock, G_MAXINT, 0, 0);
  for (i = 0; i < RANDOM_SAMPLES; i++)
    check_time (&clock, random_below (G_GUINT64_CONSTANT (1) << 60));
}

GST_END_TEST;

GST_START_TEST (test_time_stands_still_at_its_end)
{
  GstBuffer *buffer = gst_buffer_new ();
  AbClock clock;

  ab_clock_start (&clock, 48000, 0, AB_LAST_TIME - 30000);
  fail_unless_equals_uint64 (ab_clock_time (&clock, 1), AB_LAST_TIME - 9167);
  fail_unless_equals_uint64 (ab_clock_time (&clock, 2), AB_LAST_TIME);
  fail_unless_equals_uint64 (ab_clock_time (&clock, G_MAXUINT64), AB_LAST_TIME);
  ab_clock_stamp (&clock, buffer, 1, 1024);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), AB_LAST_TIME - 9167);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), 9167);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_time_counts_from_origin_and_base)
{
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    for (i = 0; i < 1000; i++) {
      ab_clock_start (&clock, rates[r], random_below (1 << 30),
          random_below (1000 * GST_SECOND));
      fail_unless_equals_uint64 (ab_clock_time (&clock, clock.origin),
          clock.base);
      check_time (&clock, random_below ((guint64) 86400 * rates[r]));
    }
  }
}

GST_END_TEST;

/* Checks that the timestamp of sample @n leads back to sample @n. */
static void
check_way_back (const AbClock * clock, guint64 n)
{
  GstClockTime time = ab_clock_time (clock, n);
  guint64 until = ab_clock_until (clock, time);
  guint64 from = ab_clock_from (clock, time);

  if (until != n || from != n)
    fail ("sample %" G_GUINT64_FORMAT " at %u Hz is at %" G_GUINT64_FORMAT
        " ns; until gives %" G_GUINT64_FORMAT ", from gives %"
        G_GUINT64_FORMAT, n, clock->rate, time, until, from);
}

GST_START_TEST (test_a_timestamp_leads_back_to_its_sample)
{
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    ab_clock_start (&clock, rates[r], 0, 0);
    for (i = 0; i < RANDOM_SAMPLES; i++)
      check_way_back (&clock, i);
    for (i = 0; i < RANDOM_SAMPLES; i++)
      check_way_back (&clock, random_below ((guint64) YEAR_SECONDS * rates[r]));
  }
}

GST_END_TEST;

GST_START_TEST (test_the_way_back_counts_from_origin_and_base)
{
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    for (i = 0; i < 1000; i++) {
      ab_clock_start (&clock, rates[r], random_below (1 << 30),
          random_below (1000 * GST_SECOND));
      check_way_back (&clock, clock.origin);
      check_way_back (&clock, clock.origin
          + random_below ((guint64) 86400 * rates[r]));
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_between_two_samples_lies_no_third)
{
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    ab_clock_start (&clock, rates[r], 77, 5 * GST_SECOND + 1);
    for (i = 0; i < 1000; i++) {
      guint64 n = 77 + random_below ((guint64) 86400 * rates[r]);
      GstClockTime after = ab_clock_time (&clock, n) + 1;
      GstClockTime before = ab_clock_time (&clock, n + 1) - 1;

      fail_unless_equals_uint64 (ab_clock_until (&clock, after), n);
      fail_unless_equals_uint64 (ab_clock_from (&clock, after), n + 1);
      fail_unless_equals_uint64 (ab_clock_until (&clock, before), n);
      fail_unless_equals_uint64 (ab_clock_from (&clock, before), n + 1);
    }
  }
}

GST_END_TEST;

/* Checks the definitions at random times, few of which are a sample's time. */
GST_START_TEST (test_until_is_the_last_not_later_and_from_the_first_not_earlier)
{
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    ab_clock_start (&clock, rates[r], 0, 0);
    for (i = 0; i < RANDOM_SAMPLES; i++) {
      GstClockTime time = random_below (YEAR_SECONDS * GST_SECOND);
      guint64 until = ab_clock_until (&clock, time);
      guint64 from = ab_clock_from (&clock, time);

      if (time_of (until, rates[r]) > time
          || time_of (until + 1, rates[r]) <= time)
        fail ("until %" G_GUINT64_FORMAT " ns at %u Hz is sample %"
            G_GUINT64_FORMAT, time, rates[r], until);
      if (time_of (from, rates[r]) < time
          || (from > 0 && time_of (from - 1, rates[r]) >= time))
        fail ("from %" G_GUINT64_FORMAT " ns at %u Hz is sample %"
            G_GUINT64_FORMAT, time, rates[r], from);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_a_stamp_says_time_and_count)
{
  GstBuffer *buffer = gst_buffer_new ();
  AbClock clock;

  ab_clock_start (&clock, 44100, 1000, 3 * GST_SECOND);
  ab_clock_stamp (&clock, buffer, 1000 + 44101, 1024);
  /* 44101 / 44100 s and 45125 / 44100 s, rounded down */
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 4000022675u);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer),
      4023242630u - 4000022675u);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), 45101);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), 46125);
  fail_if (GST_BUFFER_DTS_IS_VALID (buffer));
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_batches_of_any_length_chain_without_a_hole)
{
  GstBuffer *buffer = gst_buffer_new ();
  AbClock clock;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    GstClockTime next = GST_SECOND / 3;
    guint64 start = 12345;

    ab_clock_start (&clock, rates[r], start, next);
    for (i = 0; i < 5000; i++) {
      guint n = 1 + random_below (2048);

      ab_clock_stamp (&clock, buffer, start, n);
      if (GST_BUFFER_PTS (buffer) != next)
        fail ("batch %u at %u Hz: got %" G_GUINT64_FORMAT " ns, want %"
            G_GUINT64_FORMAT " ns", i, rates[r], GST_BUFFER_PTS (buffer), next);
      next += GST_BUFFER_DURATION (buffer);
      start = GST_BUFFER_OFFSET_END (buffer);
    }
  }
  gst_buffer_unref (buffer);
}

GST_END_TEST;

/* Batches of 1024 samples at 44.1 kHz. Checks one in 1000 of 1.4e9. */
GST_START_TEST (test_batches_of_a_year_do_not_drift)
{
  const guint64 end = (guint64) YEAR_SECONDS * 44100;
  GstBuffer *buffer = gst_buffer_new ();
  AbClock clock;
  guint64 n;

  ab_clock_start (&clock, 44100, 0, 0);
  for (n = 0; n < end; n += 1000 * 1024) {
    GstClockTime pts = time_of (n, 44100);
    GstClockTime next = time_of (n + 1024, 44100);

    ab_clock_stamp (&clock, buffer, n, 1024);
    if (GST_BUFFER_PTS (buffer) != pts
        || GST_BUFFER_DURATION (buffer) != next - pts)
      fail ("sample %" G_GUINT64_FORMAT ": got %" G_GUINT64_FORMAT " + %"
          G_GUINT64_FORMAT " ns, want %" G_GUINT64_FORMAT " + %"
          G_GUINT64_FORMAT " ns", n, GST_BUFFER_PTS (buffer),
          GST_BUFFER_DURATION (buffer), pts, next - pts);
  }
  gst_buffer_unref (buffer);
}

GST_END_TEST;

static Suite *
clock_suite (void)
{
  Suite *suite = suite_create ("clock");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_an_offset_leads_neither_before_time_nor_beyond_it);
  tcase_add_test (tc, test_time_is_exact_for_a_year);
  tcase_add_test (tc, test_time_is_exact_for_centuries);
  tcase_add_test (tc, test_time_is_exact_at_the_highest_rate);
  tcase_add_test (tc, test_time_stands_still_at_its_end);
  tcase_add_test (tc, test_time_counts_from_origin_and_base);
  tcase_add_test (tc, test_a_timestamp_leads_back_to_its_sample);
  tcase_add_test (tc, test_the_way_back_counts_from_origin_and_base);
  tcase_add_test (tc, test_between_two_samples_lies_no_third);
  tcase_add_test (tc,
      test_until_is_the_last_not_later_and_from_the_first_not_earlier);
  tcase_add_test (tc, test_a_stamp_says_time_and_count);
  tcase_add_test (tc, test_batches_of_any_length_chain_without_a_hole);
  tcase_add_test (tc, test_batches_of_a_year_do_not_drift);
  return suite;
}

GST_CHECK_MAIN (clock);
