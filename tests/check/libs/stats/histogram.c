/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation times: how exact the percentiles are, and where buckets end. */

#include "stats/histogram.h"

#include <gst/check/gstcheck.h>
#include <stdlib.h>

#define LIMIT (G_GUINT64_CONSTANT (1) << AB_HISTOGRAM_MAX_BITS)
#define PROMISED_ERROR 0.05

static AbHistogram *histogram;

/* Replaces GLib's for the module, which is linked in. */
static gboolean refused;
static guint allocations;

gpointer
g_try_malloc0 (gsize size)
{
  if (refused)
    return NULL;
  allocations++;
  return calloc (1, size);
}

static void
setup (void)
{
  histogram = g_new0 (AbHistogram, 1);
  refused = FALSE;
  allocations = 0;
}

static void
teardown (void)
{
  ab_histogram_clear (histogram);
  g_free (histogram);
}

static AbHistogramSummary
summary (void)
{
  AbHistogramSummary result;

  ab_histogram_summarize (histogram, &result);
  return result;
}

static void
assert_close (guint64 got, guint64 want)
{
  gdouble error = want ? ABS ((gdouble) got - want) / want : got;

  fail_unless (error <= PROMISED_ERROR, "got %" G_GUINT64_FORMAT ", want %"
      G_GUINT64_FORMAT ": %.4f off", got, want, error);
}

GST_START_TEST (test_an_empty_histogram_is_all_zero)
{
  AbHistogramSummary result = summary ();

  fail_unless_equals_uint64 (result.count, 0);
  fail_unless_equals_uint64 (result.p50, 0);
  fail_unless_equals_uint64 (result.p99, 0);
  fail_unless_equals_uint64 (result.p999, 0);
  fail_unless_equals_uint64 (result.max, 0);
}

GST_END_TEST;

/* Adds three values, so that the median is not also the maximum. */
static void
check_value (guint64 value, gdouble * worst)
{
  AbHistogramSummary result;

  ab_histogram_clear (histogram);
  ab_histogram_add (histogram, value);
  ab_histogram_add (histogram, value);
  ab_histogram_add (histogram, G_MAXUINT64);
  result = summary ();
  assert_close (result.p50, value);
  if (value > 0)
    *worst = MAX (*worst, ABS ((gdouble) result.p50 - value) / value);
  fail_unless_equals_uint64 (result.max, G_MAXUINT64);
  fail_unless_equals_uint64 (result.count, 3);
}

GST_START_TEST (test_every_value_is_told_within_five_percent)
{
  gdouble worst = 0;
  guint64 value;
  guint bit;

  for (value = 0; value < 2000; value++)
    check_value (value, &worst);
  for (; value < LIMIT; value += value / 37)
    check_value (value, &worst);
  for (bit = 0; bit < AB_HISTOGRAM_MAX_BITS; bit++) {
    const guint64 power = G_GUINT64_CONSTANT (1) << bit;

    check_value (power - 1, &worst);
    check_value (power, &worst);
    check_value (power + 1, &worst);
  }
  check_value (LIMIT - 1, &worst);
  g_print ("histogram: worst relative error %.4f\n", worst);
}

GST_END_TEST;

GST_START_TEST (test_small_values_are_exact)
{
  guint64 value;
  gdouble worst = 0;

  for (value = 0; value < 32; value++)
    check_value (value, &worst);
  fail_unless (worst == 0);
}

GST_END_TEST;

GST_START_TEST (test_what_is_too_long_counts_as_the_longest)
{
  AbHistogramSummary result;

  ab_histogram_add (histogram, LIMIT);
  ab_histogram_add (histogram, G_MAXUINT64);
  result = summary ();
  fail_unless_equals_uint64 (result.count, 2);
  assert_close (result.p50, LIMIT);
  fail_unless_equals_uint64 (result.max, G_MAXUINT64);
}

GST_END_TEST;

GST_START_TEST (test_percentiles_are_those_of_a_sorted_list)
{
  AbHistogramSummary result;
  guint64 i;

  /* 1 to 100000 in an order that is not sorted */
  for (i = 0; i < 100000; i++)
    ab_histogram_add (histogram, i * 7919 % 100000 + 1);
  result = summary ();
  fail_unless_equals_uint64 (result.count, 100000);
  assert_close (result.p50, 50000);
  assert_close (result.p99, 99000);
  assert_close (result.p999, 99900);
  fail_unless_equals_uint64 (result.max, 100000);
}

GST_END_TEST;

/* How many values are fast and slow, and which percentiles are slow. */
static const struct
{
  guint fast, slow;
  gboolean p50, p99, p999;
} mixtures[] = {
  {1, 0, FALSE, FALSE, FALSE},
  {0, 1, TRUE, TRUE, TRUE},
  {1, 1, FALSE, TRUE, TRUE},
  {99, 1, FALSE, FALSE, TRUE},
  {98, 2, FALSE, TRUE, TRUE},
  {999, 1, FALSE, FALSE, FALSE},
  {998, 2, FALSE, FALSE, TRUE},
  {9990, 10, FALSE, FALSE, FALSE},
  {9989, 11, FALSE, FALSE, TRUE},
  {50, 51, TRUE, TRUE, TRUE},
};

GST_START_TEST (test_a_percentile_is_reached_by_the_right_value)
{
  const guint64 fast = 10, slow = 1 << 20;
  AbHistogramSummary result;
  guint i;

  for (i = 0; i < mixtures[__i__].fast; i++)
    ab_histogram_add (histogram, fast);
  for (i = 0; i < mixtures[__i__].slow; i++)
    ab_histogram_add (histogram, slow);
  result = summary ();
  assert_close (result.p50, mixtures[__i__].p50 ? slow : fast);
  assert_close (result.p99, mixtures[__i__].p99 ? slow : fast);
  assert_close (result.p999, mixtures[__i__].p999 ? slow : fast);
  fail_unless_equals_uint64 (result.max, mixtures[__i__].slow ? slow : fast);
}

GST_END_TEST;

GST_START_TEST (test_no_percentile_is_above_the_maximum)
{
  guint64 value;

  for (value = 1; value < LIMIT; value += value / 3 + 1) {
    AbHistogramSummary result;

    ab_histogram_clear (histogram);
    ab_histogram_add (histogram, value);
    result = summary ();
    fail_unless (result.p50 <= result.p99 && result.p99 <= result.p999
        && result.p999 <= result.max, "for %" G_GUINT64_FORMAT, value);
    fail_unless_equals_uint64 (result.max, value);
  }
}

GST_END_TEST;

GST_START_TEST (test_usual_times_take_memory_once_and_others_by_power_of_two)
{
  guint i;

  summary ();
  fail_unless_equals_int (allocations, 0);
  /* 64 ns to 16 us */
  for (i = 64; i < 16384; i++)
    ab_histogram_add (histogram, i);
  fail_unless_equals_int (allocations, 1);
  for (i = 16384; i < 32768; i++)
    ab_histogram_add (histogram, i);
  fail_unless_equals_int (allocations, 2);
  ab_histogram_add (histogram, 63);
  fail_unless_equals_int (allocations, 3);
  fail_unless_equals_uint64 (summary ().count, 32768 - 63);
}

GST_END_TEST;

GST_START_TEST (test_a_value_without_memory_is_not_counted)
{
  ab_histogram_add (histogram, 100);
  refused = TRUE;
  ab_histogram_add (histogram, 1000000);
  /* its row is there */
  ab_histogram_add (histogram, 101);
  fail_unless_equals_uint64 (summary ().count, 2);
  fail_unless_equals_uint64 (summary ().max, 101);
  refused = FALSE;
  ab_histogram_add (histogram, 1000000);
  fail_unless_equals_uint64 (summary ().count, 3);
  fail_unless_equals_uint64 (summary ().max, 1000000);
}

GST_END_TEST;

static gpointer
read_while_written (gpointer user_data)
{
  atomic_bool *stop = user_data;
  guint64 last = 0;

  while (!atomic_load (stop)) {
    AbHistogramSummary result = summary ();

    /* counts only go up, and each summary is consistent */
    fail_unless (result.count >= last);
    fail_unless (result.p50 <= result.p99 && result.p99 <= result.p999);
    last = result.count;
  }
  return NULL;
}

GST_START_TEST (test_reading_does_not_disturb_the_writer)
{
  atomic_bool stop = FALSE;
  GThread *reader = g_thread_new ("reader", read_while_written, &stop);
  guint i;

  for (i = 0; i < 1000000; i++)
    ab_histogram_add (histogram, i);
  atomic_store (&stop, TRUE);
  g_thread_join (reader);
  fail_unless_equals_uint64 (summary ().count, 1000000);
}

GST_END_TEST;

static Suite *
histogram_suite (void)
{
  Suite *s = suite_create ("histogram");
  TCase *tc = tcase_create ("histogram");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_an_empty_histogram_is_all_zero);
  tcase_add_test (tc, test_every_value_is_told_within_five_percent);
  tcase_add_test (tc, test_small_values_are_exact);
  tcase_add_test (tc, test_what_is_too_long_counts_as_the_longest);
  tcase_add_test (tc, test_percentiles_are_those_of_a_sorted_list);
  tcase_add_loop_test (tc, test_a_percentile_is_reached_by_the_right_value, 0,
      G_N_ELEMENTS (mixtures));
  tcase_add_test (tc, test_no_percentile_is_above_the_maximum);
  tcase_add_test (tc,
      test_usual_times_take_memory_once_and_others_by_power_of_two);
  tcase_add_test (tc, test_a_value_without_memory_is_not_counted);
  tcase_add_test (tc, test_reading_does_not_disturb_the_writer);
  return s;
}

GST_CHECK_MAIN (histogram);
