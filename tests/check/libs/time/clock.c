/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timestamps, checked against sums in 128 bits. */

#include "time/clock.h"

#include "../../timecheck.h"

#define HALF_OF_TIME (G_GUINT64_CONSTANT (1) << 63)

static AbClock clock_;

static void
check_time (guint64 n)
{
  GstClockTime got = ab_clock_time (&clock_, clock_.origin + n);
  GstClockTime want = clock_.base + time_of (n, clock_.rate);

  if (got != want)
    fail ("sample %" G_GUINT64_FORMAT " at %u Hz: got %" G_GUINT64_FORMAT
        " ns, want %" G_GUINT64_FORMAT " ns", n, clock_.rate, got, want);
}

/* Checks random samples below @end at @rate. */
static void
check_times (guint rate, guint64 end)
{
  guint i;

  ab_clock_start (&clock_, rate, 0, 0);
  for (i = 0; i < RANDOM_SAMPLES; i++)
    check_time (random_below (end));
}

static const struct
{
  GstClockTime time;
  GstClockTimeDiff offset;
  GstClockTime sum;
} offsets[] = {
  {100, 0, 100},
  {100, 7, 107},
  {100, -7, 93},
  {100, -100, 0},
  {100, -101, 0},
  {HALF_OF_TIME + 1, G_MININT64, 1},
  {HALF_OF_TIME - 1, G_MININT64, 0},
  {AB_LAST_TIME - 1, 1, AB_LAST_TIME},
  {AB_LAST_TIME - 1, 2, AB_LAST_TIME},
  {HALF_OF_TIME, G_MAXINT64, AB_LAST_TIME},
};

GST_START_TEST (test_an_offset_leads_neither_before_time_nor_beyond_it)
{
  fail_unless_equals_uint64 (ab_time_offset (offsets[__i__].time,
          offsets[__i__].offset), offsets[__i__].sum);
}

GST_END_TEST;

/* for the i-th rate */
GST_START_TEST (test_time_is_exact_for_a_year)
{
  check_times (rates[__i__], (guint64) YEAR_SECONDS * rates[__i__]);
}

GST_END_TEST;

/* For the i-th rate. 2^50 samples at 192 kHz are 186 years. */
GST_START_TEST (test_time_is_exact_for_centuries)
{
  const guint64 end = G_GUINT64_CONSTANT (1) << 50;

  if (time_of (end, rates[__i__]) == G_MAXUINT64)
    return;
  check_times (rates[__i__], end);
  check_time (end);
}

GST_END_TEST;

GST_START_TEST (test_time_is_exact_at_the_highest_rate)
{
  check_times (G_MAXINT, G_GUINT64_CONSTANT (1) << 60);
}

GST_END_TEST;

GST_START_TEST (test_time_stands_still_at_its_end)
{
  GstBuffer *buffer = gst_buffer_new ();

  ab_clock_start (&clock_, 48000, 0, AB_LAST_TIME - 30000);
  fail_unless_equals_uint64 (ab_clock_time (&clock_, 1), AB_LAST_TIME - 9167);
  fail_unless_equals_uint64 (ab_clock_time (&clock_, 2), AB_LAST_TIME);
  fail_unless_equals_uint64 (ab_clock_time (&clock_, G_MAXUINT64),
      AB_LAST_TIME);
  ab_clock_stamp (&clock_, buffer, 1, 1024);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), AB_LAST_TIME - 9167);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), 9167);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

/* Checks that the timestamp of sample @n leads back to sample @n. */
static void
check_way_back (guint64 n)
{
  GstClockTime time = ab_clock_time (&clock_, n);
  guint64 until = ab_clock_until (&clock_, time);
  guint64 from = ab_clock_from (&clock_, time);

  if (until != n || from != n)
    fail ("sample %" G_GUINT64_FORMAT " at %u Hz is at %" G_GUINT64_FORMAT
        " ns; until gives %" G_GUINT64_FORMAT ", from gives %"
        G_GUINT64_FORMAT, n, clock_.rate, time, until, from);
}

/* for the i-th rate */
GST_START_TEST (test_time_and_the_way_back_count_from_origin_and_base)
{
  const guint rate = rates[__i__];
  guint i;

  for (i = 0; i < 1000; i++) {
    guint64 n = random_below ((guint64) 86400 * rate);

    ab_clock_start (&clock_, rate, random_below (1 << 30),
        random_below (1000 * GST_SECOND));
    fail_unless_equals_uint64 (ab_clock_time (&clock_, clock_.origin),
        clock_.base);
    check_time (n);
    check_way_back (clock_.origin);
    check_way_back (clock_.origin + n);
  }
}

GST_END_TEST;

/* for the i-th rate */
GST_START_TEST (test_a_timestamp_leads_back_to_its_sample)
{
  const guint rate = rates[__i__];
  guint i;

  ab_clock_start (&clock_, rate, 0, 0);
  for (i = 0; i < RANDOM_SAMPLES; i++) {
    check_way_back (i);
    check_way_back (random_below ((guint64) YEAR_SECONDS * rate));
  }
}

GST_END_TEST;

/* for the i-th rate */
GST_START_TEST (test_between_two_samples_lies_no_third)
{
  const guint rate = rates[__i__];
  guint i;

  ab_clock_start (&clock_, rate, 77, 5 * GST_SECOND + 1);
  for (i = 0; i < 1000; i++) {
    guint64 n = 77 + random_below ((guint64) 86400 * rate);
    GstClockTime after = ab_clock_time (&clock_, n) + 1;
    GstClockTime before = ab_clock_time (&clock_, n + 1) - 1;

    fail_unless_equals_uint64 (ab_clock_until (&clock_, after), n);
    fail_unless_equals_uint64 (ab_clock_from (&clock_, after), n + 1);
    fail_unless_equals_uint64 (ab_clock_until (&clock_, before), n);
    fail_unless_equals_uint64 (ab_clock_from (&clock_, before), n + 1);
  }
}

GST_END_TEST;

/* For the i-th rate. Checks the definitions at random times, few of which are a
 * sample's time. */
GST_START_TEST (test_until_is_the_last_not_later_and_from_the_first_not_earlier)
{
  const guint rate = rates[__i__];
  guint i;

  ab_clock_start (&clock_, rate, 0, 0);
  for (i = 0; i < RANDOM_SAMPLES; i++) {
    GstClockTime time = random_below (YEAR_SECONDS * GST_SECOND);
    guint64 until = ab_clock_until (&clock_, time);
    guint64 from = ab_clock_from (&clock_, time);

    if (time_of (until, rate) > time || time_of (until + 1, rate) <= time)
      fail ("until %" G_GUINT64_FORMAT " ns at %u Hz is sample %"
          G_GUINT64_FORMAT, time, rate, until);
    if (time_of (from, rate) < time
        || (from > 0 && time_of (from - 1, rate) >= time))
      fail ("from %" G_GUINT64_FORMAT " ns at %u Hz is sample %"
          G_GUINT64_FORMAT, time, rate, from);
  }
}

GST_END_TEST;

GST_START_TEST (test_a_stamp_says_time_and_count)
{
  GstBuffer *buffer = gst_buffer_new ();

  ab_clock_start (&clock_, 44100, 1000, 3 * GST_SECOND);
  ab_clock_stamp (&clock_, buffer, 1000 + 44101, 1024);
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

/* for the i-th rate */
GST_START_TEST (test_batches_of_any_length_chain_without_a_hole)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstClockTime next = GST_SECOND / 3;
  guint64 start = 12345;
  guint i;

  ab_clock_start (&clock_, rates[__i__], start, next);
  for (i = 0; i < 5000; i++) {
    ab_clock_stamp (&clock_, buffer, start, 1 + random_below (2048));
    if (GST_BUFFER_PTS (buffer) != next)
      fail ("batch %u at %u Hz: got %" G_GUINT64_FORMAT " ns, want %"
          G_GUINT64_FORMAT " ns", i, clock_.rate, GST_BUFFER_PTS (buffer),
          next);
    next += GST_BUFFER_DURATION (buffer);
    start = GST_BUFFER_OFFSET_END (buffer);
  }
  gst_buffer_unref (buffer);
}

GST_END_TEST;

/* Batches of 1024 samples at 44.1 kHz. Checks one in 1000 of 1.4e9. */
GST_START_TEST (test_batches_of_a_year_do_not_drift)
{
  const guint64 end = (guint64) YEAR_SECONDS * 44100;
  GstBuffer *buffer = gst_buffer_new ();
  guint64 n;

  ab_clock_start (&clock_, 44100, 0, 0);
  for (n = 0; n < end; n += 1000 * 1024) {
    GstClockTime pts = time_of (n, 44100);
    GstClockTime next = time_of (n + 1024, 44100);

    ab_clock_stamp (&clock_, buffer, n, 1024);
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

#define add_for_rates(tc, test) \
  tcase_add_loop_test (tc, test, 0, G_N_ELEMENTS (rates))

static Suite *
clock_suite (void)
{
  Suite *suite = suite_create ("clock");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc,
      test_an_offset_leads_neither_before_time_nor_beyond_it, 0,
      G_N_ELEMENTS (offsets));
  add_for_rates (tc, test_time_is_exact_for_a_year);
  add_for_rates (tc, test_time_is_exact_for_centuries);
  tcase_add_test (tc, test_time_is_exact_at_the_highest_rate);
  tcase_add_test (tc, test_time_stands_still_at_its_end);
  add_for_rates (tc, test_time_and_the_way_back_count_from_origin_and_base);
  add_for_rates (tc, test_a_timestamp_leads_back_to_its_sample);
  add_for_rates (tc, test_between_two_samples_lies_no_third);
  add_for_rates (tc,
      test_until_is_the_last_not_later_and_from_the_first_not_earlier);
  tcase_add_test (tc, test_a_stamp_says_time_and_count);
  add_for_rates (tc, test_batches_of_any_length_chain_without_a_hole);
  tcase_add_test (tc, test_batches_of_a_year_do_not_drift);
  return suite;
}

GST_CHECK_MAIN (clock);
