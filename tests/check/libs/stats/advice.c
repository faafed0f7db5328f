/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What advice the figures lead to: each threshold from both sides, with and
 * without hysteresis. */

#include "stats/advice.h"

#include <gst/check/gstcheck.h>

/* The default: 4 KiB, 46.875 batches/s, memory and pauses unknown. */
#define QUIET .batches_per_second = 46.875, .bytes_per_batch = 4096
#define FREE {TRUE, 0, 1000}

typedef struct
{
  AbAdviceInput input;
  const gchar *advice;
  const gchar *reason;
} Row;

static const Row rows[] = {
  /* no figures, and the default stream */
  {{0}, "fresh", "none"},
  {{QUIET}, "fresh", "none"},
  {{QUIET,.pooled = TRUE}, "fresh", "none"},

  /* (b) on at 64 KiB, off below 32 KiB; not where page faults are known */
  {{.batches_per_second = 1,.bytes_per_batch = 65535}, "fresh", "none"},
  {{.batches_per_second = 1,.bytes_per_batch = 65536}, "pool", "batch-size"},
  {{.bytes_per_batch = 32768}, "fresh", "none"},
  {{.bytes_per_batch = 32767,.pooled = TRUE}, "fresh", "none"},
  {{.bytes_per_batch = 32768,.pooled = TRUE}, "pool", "batch-size"},
  {{.bytes_per_batch = 65535,.pooled = TRUE}, "pool", "batch-size"},
  {{.bytes_per_batch = G_MAXUINT64}, "pool", "batch-size"},
  {{.bytes_per_batch = G_MAXUINT64,.cost = FREE}, "fresh", "none"},

  /* page faults that take 2 % of the CPU time, at 2 us each; off below 1 % */
  {{QUIET,.cost = {TRUE, 0.0999, 10000}}, "fresh", "none"},
  {{QUIET,.cost = {TRUE, 0.1001, 10000}}, "pool", "page-faults"},
  {{QUIET,.cost = {TRUE, 0.0499, 10000},.pooled = TRUE}, "fresh", "none"},
  {{QUIET,.cost = {TRUE, 0.0501, 10000},.pooled = TRUE}, "pool",
      "page-faults"},
  {{QUIET,.cost = {FALSE, 100, 10000}}, "fresh", "none"},
  {{QUIET,.cost = {TRUE, 100, 0}}, "fresh", "none"},

  /* (c) on at half of the bound, off below a quarter; without a bound never */
  {{QUIET,.peak_outstanding_bytes = 49999,.memory_bound =
              100000}, "fresh", "none"},
  {{QUIET,.peak_outstanding_bytes = 50000,.memory_bound =
              100000}, "pool", "memory"},
  {{QUIET,.peak_outstanding_bytes = 24999,.memory_bound = 100000,.pooled =
              TRUE},
      "fresh", "none"},
  {{QUIET,.peak_outstanding_bytes = 25000,.memory_bound = 100000,.pooled =
              TRUE},
      "pool", "memory"},
  {{QUIET,.peak_outstanding_bytes = G_MAXUINT64}, "fresh", "none"},
  {{QUIET,.peak_outstanding_bytes = G_MAXUINT64,.pooled =
              TRUE}, "fresh", "none"},
  {{QUIET,.memory_bound = 1}, "fresh", "none"},
  {{QUIET,.peak_outstanding_bytes = G_MAXUINT64,.memory_bound =
              G_MAXUINT64}, "pool",
      "memory"},

  /* (a) on at 10000 a second, off below 5000 */
  {{.batches_per_second = 9999.9,.bytes_per_batch = 4}, "fresh", "none"},
  {{.batches_per_second = 10000,.bytes_per_batch = 4}, "pool", "rate"},
  {{.batches_per_second = 4999.9,.bytes_per_batch = 4,.pooled = TRUE},
      "fresh", "none"},
  {{.batches_per_second = 5000,.bytes_per_batch = 4,.pooled = TRUE}, "pool",
      "rate"},

  /* (d) on at 1/100 of a batch's 10 ms, with 1000 timed; off below 1/200 */
  {{.batches_per_second = 100,.timed = 1000,.allocation_p999_ns = 99990},
      "fresh", "none"},
  {{.batches_per_second = 100,.timed = 1000,.allocation_p999_ns = 100010},
      "pool", "pauses"},
  {{.batches_per_second = 100,.timed = 999,.allocation_p999_ns = 100010},
      "fresh", "none"},
  {{.batches_per_second = 100,.timed = 1000,.allocation_p999_ns = 49990,
          .pooled = TRUE}, "fresh", "none"},
  {{.batches_per_second = 100,.timed = 1000,.allocation_p999_ns = 50010,
          .pooled = TRUE}, "pool", "pauses"},
  {{.batches_per_second = 100,.timed = 999,.allocation_p999_ns = 50010,
          .pooled = TRUE}, "fresh", "none"},

  /* reasons by priority: memory, page-faults, batch-size, rate, pauses */
  {{.batches_per_second = 10000,.bytes_per_batch = 65536,.cost = {TRUE, 1, 1},
          .peak_outstanding_bytes = 9,.memory_bound = 10,.timed = 1000,
          .allocation_p999_ns = 1000000}, "pool", "memory"},
  {{.batches_per_second = 10000,.bytes_per_batch = 65536,.cost = {TRUE, 1, 1},
          .timed = 1000,.allocation_p999_ns = 1000000}, "pool", "page-faults"},
  {{.batches_per_second = 10000,.bytes_per_batch = 65536,.timed = 1000,
          .allocation_p999_ns = 1000000}, "pool", "batch-size"},
  {{.batches_per_second = 10000,.bytes_per_batch = 65536,.cost = FREE,
          .timed = 1000,.allocation_p999_ns = 1000000}, "pool", "rate"},
  {{.batches_per_second = 9999,.bytes_per_batch = 65536,.cost = FREE,
          .timed = 1000,.allocation_p999_ns = 1000000}, "pool", "pauses"},
};

static gboolean
is_pool (const AbAdvice * advice)
{
  return advice->allocation == GST_AUDIO_BATCH_ALLOCATION_POOL;
}

GST_START_TEST (test_each_threshold_turns_the_advice_where_it_says)
{
  const Row *row = &rows[__i__];
  AbAdvice advice = ab_advice_for (&row->input);

  fail_unless_equals_string (ab_enum_nick (GST_TYPE_AUDIO_BATCH_ALLOCATION,
          advice.allocation), row->advice);
  fail_unless_equals_string (ab_enum_nick
      (GST_TYPE_AUDIO_BATCH_ADVICE_REASON, advice.reason), row->reason);
  fail_unless_equals_int (is_pool (&advice),
      advice.reason != GST_AUDIO_BATCH_ADVICE_REASON_NONE);
}

GST_END_TEST;

GST_START_TEST (test_the_same_figures_get_the_same_advice)
{
  const AbAdviceInput input = rows[__i__].input;
  AbAdviceInput copy = input;
  AbAdvice one = ab_advice_for (&copy);
  AbAdvice other = ab_advice_for (&copy);

  fail_unless (one.allocation == other.allocation
      && one.reason == other.reason);
  fail_unless (copy.batches_per_second == input.batches_per_second
      && copy.bytes_per_batch == input.bytes_per_batch
      && copy.timed == input.timed && copy.pooled == input.pooled);
}

GST_END_TEST;

/* Swings one figure between @low and @high and follows the advice each time.
 * Returns how often the advice changed. */
static guint
count_changes (guint64 low, guint64 high)
{
  AbAdviceInput input = { QUIET };
  guint changes = 0;
  guint i;

  for (i = 0; i < 100; i++) {
    gboolean before = input.pooled;
    AbAdvice advice;

    input.bytes_per_batch = i % 2 ? high : low;
    advice = ab_advice_for (&input);
    input.pooled = is_pool (&advice);
    changes += before != input.pooled;
  }
  return changes;
}

GST_START_TEST (test_a_figure_that_sways_at_a_threshold_changes_the_advice_once)
{
  fail_unless_equals_int (count_changes (65535, 65536), 1);
  fail_unless_equals_int (count_changes (32768, 65536), 1);
  fail_unless_equals_int (count_changes (32767, 65535), 0);
  /* if the figure swings by more than the hysteresis, each swing counts */
  fail_unless_equals_int (count_changes (32767, 65536), 99);
}

GST_END_TEST;

static Suite *
advice_suite (void)
{
  Suite *s = suite_create ("advice");
  TCase *tc = tcase_create ("advice");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_each_threshold_turns_the_advice_where_it_says,
      0, G_N_ELEMENTS (rows));
  tcase_add_loop_test (tc, test_the_same_figures_get_the_same_advice, 0,
      G_N_ELEMENTS (rows));
  tcase_add_test (tc,
      test_a_figure_that_sways_at_a_threshold_changes_the_advice_once);
  return s;
}

GST_CHECK_MAIN (advice);
