/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When allocation=auto tries to recycle, when it goes on with it, and when it
 * goes back: streams whose batches cost what a table says. */

#include "stats/trial.h"

#include <gst/check/gstcheck.h>

#define BYTES 4096
/* batches of a full window of such batches */
#define FULL 128
/* The first look opens a window, so the first full one ends here. */
#define FIRST_FULL 256
/* a rate counts in five of them */
#define RATED (FIRST_FULL + 4 * FULL)
/* one to fill the pool, and five to compare */
#define TRIED (6 * FULL)

/* A stream: what each batch costs in fresh and in recycled memory. */
typedef struct
{
  gdouble fresh_faults, fresh_us;
  gdouble pool_faults, pool_us;
  /* from batch to batch, us */
  gdouble interval;
  /* of recycled batches, the part that finds the pool empty */
  gdouble empty;
} Stream;

static AbTrial trial;
static AbLook look;
/* of the batches so far; a look has them as integers */
static gdouble faults, us, elapsed, fallbacks;

static void
setup (void)
{
  memset (&look, 0, sizeof look);
  look.known = TRUE;
  look.usage.thread = &trial;
  look.input.bytes_per_batch = BYTES;
  look.input.batches_per_second = 1;
  faults = us = elapsed = fallbacks = 0;
  ab_trial_start (&trial, BYTES);
}

static gboolean
is_pooled (void)
{
  return trial.advice.allocation == GST_AUDIO_BATCH_ALLOCATION_POOL;
}

/* Makes the batches up to the next look, and looks. */
static gboolean
step (const Stream * stream)
{
  gboolean pooled = is_pooled ();

  look.batches += trial.until;
  faults += trial.until * (pooled ? stream->pool_faults : stream->fresh_faults);
  us += trial.until * (pooled ? stream->pool_us : stream->fresh_us);
  elapsed += trial.until * stream->interval;
  fallbacks += pooled ? trial.until * stream->empty : 0;
  look.usage.page_faults = faults + 0.5;
  look.usage.cpu_ns = 1000 * us + 0.5;
  look.usage.time_ns = 1000 * elapsed + 0.5;
  look.fallbacks = fallbacks + 0.5;
  return ab_trial_look (&trial, &look);
}

/* Makes @batches or a few more. Returns how often the allocation changed. */
static guint
run (const Stream * stream, guint batches)
{
  guint64 end = look.batches + batches;
  guint changes = 0;

  while (look.batches < end)
    changes += step (stream);
  return changes;
}

/* Makes batches until the allocation changes. Returns all batches by then. */
static guint64
run_to_change (const Stream * stream)
{
  while (!step (stream))
    fail_unless (look.batches < 100000, "the allocation stays");
  return look.batches;
}

static void
assert_reason (const gchar * reason)
{
  fail_unless_equals_string (ab_enum_nick
      (GST_TYPE_AUDIO_BATCH_ADVICE_REASON, trial.advice.reason), reason);
}

#define LIVE .interval = 21333
#define FAST .interval = 5

/* each also runs 100,000 batches */
static const struct
{
  Stream stream;
  /* NULL: stays fresh */
  const gchar *reason;
  /* all batches when it begins to recycle */
  guint64 begins;
  /* when it goes back, as batches since then; 0: it does not */
  guint64 tries;
} rows[] = {
  /* no reason: few page faults, a low rate */
  {{0, 10, 0, 5, LIVE}, NULL, 0, 0},
  {{0.09, 10, 0, 5, LIVE}, NULL, 0, 0},
  /* one page fault for each batch, a tenth of it: at once */
  {{1.3, 10, 0, 5, LIVE}, "page-faults", 16, 0},
  {{16, 90, 0, 9, FAST}, "page-faults", 16, 0},
  {{1, 19.9, 0, 19, LIVE}, "page-faults", 16, 0},
  /* less than that: after a full window */
  {{1, 20.1, 0, 19, LIVE}, "page-faults", FIRST_FULL, 0},
  {{0.87, 5, 0, 4, LIVE}, "page-faults", FIRST_FULL, 0},
  {{0.2, 10, 0, 9, LIVE}, "page-faults", FIRST_FULL, 0},
  {{0.2, 10, 0.08, 10.4, LIVE}, "page-faults", FIRST_FULL, 0},
  /* page faults that are not ours: five windows, then back */
  {{1, 40, 1, 40, LIVE}, "page-faults", FIRST_FULL, TRIED},
  {{1, 40, 0.7, 40, LIVE}, "page-faults", FIRST_FULL, TRIED},
  /* halved, but at more CPU time */
  {{1, 40, 0.5, 45, LIVE}, "page-faults", FIRST_FULL, TRIED},
  /* not halved, but at less CPU time */
  {{1, 40, 0.7, 39, LIVE}, "page-faults", FIRST_FULL, 0},
  /* much worse, or a pool that is empty: back after one window */
  {{1, 40, 1, 81, LIVE}, "page-faults", FIRST_FULL, 2 * FULL},
  {{1, 40, 0, 20, LIVE, 0.5}, "page-faults", FIRST_FULL, 2 * FULL},
  {{1, 40, 0, 20, LIVE, 0.4}, "page-faults", FIRST_FULL, 0},
  /* many batches a second: five windows in fresh memory */
  {{0, 4, 0, 3.9, FAST}, "rate", RATED, 0},
  {{0, 4, 0, 4, FAST}, "rate", RATED, TRIED},
  {{0, 4, 0, 8.1, FAST}, "rate", RATED, 2 * FULL},
};

GST_START_TEST (test_recycling_goes_on_where_it_helps_and_is_tried_once)
{
  const Stream *stream = &rows[__i__].stream;

  if (rows[__i__].reason == NULL) {
    fail_unless_equals_int (run (stream, 100000), 0);
    assert_reason ("none");
    return;
  }
  fail_unless_equals_uint64 (run_to_change (stream), rows[__i__].begins);
  fail_unless (is_pooled ());
  assert_reason (rows[__i__].reason);
  fail_unless (trial.cost[0].known);
  if (rows[__i__].tries > 0) {
    fail_unless_equals_uint64 (run_to_change (stream),
        rows[__i__].begins + rows[__i__].tries);
    fail_if (is_pooled ());
    assert_reason ("none");
  }
  fail_unless_equals_int (run (stream, 100000), 0);
  fail_unless (trial.cost[1].known);
}

GST_END_TEST;

GST_START_TEST (test_both_sides_have_what_their_batches_cost)
{
  static const Stream stream = { 2, 10, 0.5, 6, LIVE };

  run (&stream, 2000);
  fail_unless (ABS (trial.cost[0].page_faults - 2) < 0.01);
  fail_unless (ABS (trial.cost[0].cpu_ns - 10000) < 1);
  fail_unless (ABS (trial.cost[1].page_faults - 0.5) < 0.01);
  fail_unless (ABS (trial.cost[1].cpu_ns - 6000) < 1);
}

GST_END_TEST;

/* What disturbs the thread adds up to a third to a window. */
GST_START_TEST (test_a_busy_machine_does_not_hide_a_small_saving)
{
  static const gdouble disturbed[] = { 1.3, 1.1, 1.33, 1, 1.2, 1.25, 1.02 };
  const gdouble pool_us = __i__ ? 4.3 : 3.7;
  guint changes = 0;
  guint i;

  for (i = 0; i < 100; i++) {
    gdouble more = disturbed[i % G_N_ELEMENTS (disturbed)];
    const Stream stream = { 0, 4 * more, 0, pool_us * more, FAST, 0 };

    changes += step (&stream);
  }
  fail_unless_equals_int (changes, 1 + __i__);
  fail_unless_equals_int (is_pooled (), !__i__);
}

GST_END_TEST;

/* Memory that the pool makes is new, too. */
GST_START_TEST (test_nothing_is_compared_until_the_pool_is_full)
{
  static const Stream fills = { 16, 90, 30, 200, FAST };
  static const Stream full = { 16, 90, 0, 9, FAST };
  guint i;

  run_to_change (&full);
  for (i = 0; i < 7; i++) {
    look.made++;
    fail_if (step (&fills));
  }
  fail_unless_equals_int (run (&full, 10000), 0);
  fail_unless (is_pooled ());
}

GST_END_TEST;

/* What the consumer does to each buffer makes it unfit to be used again. */
GST_START_TEST (test_a_pool_that_always_makes_buffers_does_not_help)
{
  static const Stream stream = { 16, 90, 0, 9, FAST };
  guint i;

  run_to_change (&stream);
  for (i = 0; i < 20 && is_pooled (); i++) {
    look.made += trial.until;
    step (&stream);
  }
  fail_if (is_pooled ());
}

GST_END_TEST;

/* The consumer's thread frees fresh batches, so the streaming thread may not see
 * what recycling saves. */
GST_START_TEST (test_faster_allocations_are_enough_for_a_rate)
{
  static const struct
  {
    Stream stream;
    guint64 fresh_p50, pooled_p50;
    gboolean kept;
  } times[] = {
    {{0, 4, 0, 4, FAST, 0}, 200, 199, TRUE},
    {{0, 4, 0, 4.3, FAST, 0}, 200, 100, TRUE},
    {{0, 4, 0, 4.5, FAST, 0}, 200, 100, FALSE},
    {{0, 4, 0, 4, FAST, 0}, 200, 200, FALSE},
    {{0, 4, 0, 4, FAST, 0}, 200, 0, FALSE},
    /* not for page faults */
    {{1, 40, 1, 40, LIVE, 0}, 200, 100, FALSE},
  };

  look.fresh_p50_ns = times[__i__].fresh_p50;
  look.pooled_p50_ns = times[__i__].pooled_p50;
  run (&times[__i__].stream, 10000);
  fail_unless_equals_int (is_pooled (), times[__i__].kept);
}

GST_END_TEST;

/* When it goes back, the heap of fresh memory has to grow again. */
GST_START_TEST (test_page_faults_after_going_back_are_no_reason)
{
  static const Stream same = { 0, 4, 0, 4, FAST };
  static const Stream grows = { 3, 10, 0, 4, FAST };
  static const Stream few = { 0.9, 10, 0, 4, FAST };

  run_to_change (&same);
  run_to_change (&same);
  fail_if (step (&grows));
  fail_unless_equals_int (run (&few, 10000), 0);
}

GST_END_TEST;

/* Memory that is used for the first time is new in every mode. */
GST_START_TEST (test_nothing_is_tried_while_the_consumer_holds_more_and_more)
{
  static const Stream stream = { 16, 90, 0, 9, FAST };
  guint i;

  for (i = 0; i < 20; i++) {
    look.peak++;
    fail_if (step (&stream));
  }
  fail_unless (run_to_change (&stream) > 0);
  assert_reason ("page-faults");
}

GST_END_TEST;

GST_START_TEST (test_it_is_tried_again_when_fresh_memory_costs_clearly_more)
{
  static const Stream same = { 1, 40, 1, 40, LIVE };
  static const Stream little_more = { 2, 42, 0, 20, LIVE };
  static const Stream more = { 2.1, 42, 0, 20, LIVE };

  fail_unless_equals_int (run (&same, 10000), 2);
  fail_unless_equals_int (run (&little_more, 10000), 0);
  fail_unless_equals_int (run (&more, 10000), 1);
  fail_unless (is_pooled ());
}

GST_END_TEST;

GST_START_TEST (test_a_new_start_tries_anew)
{
  static const Stream stream = { 1, 40, 1, 40, LIVE };

  fail_unless_equals_int (run (&stream, 10000), 2);
  ab_trial_start (&trial, BYTES);
  fail_if (is_pooled ());
  fail_unless_equals_int (run (&stream, 10000), 2);
}

GST_END_TEST;

GST_START_TEST (test_it_goes_back_when_the_pool_runs_empty)
{
  static const Stream full = { 1, 10, 0, 5, LIVE };
  static const Stream empty = { 1, 10, 1, 10, LIVE, 0.6 };

  fail_unless_equals_int (run (&full, 10000), 1);
  fail_unless_equals_int (run (&empty, FULL), 1);
  fail_if (is_pooled ());
  fail_unless_equals_int (run (&empty, 10000), 0);
}

GST_END_TEST;

/* The thread that streams may be another one after a seek. */
GST_START_TEST (test_totals_of_two_threads_are_not_compared)
{
  static const Stream quiet = { 0, 10, 0, 5, LIVE };

  run (&quiet, 1000);
  look.usage.thread = &look;
  faults += 100000;
  fail_unless_equals_int (run (&quiet, 1000), 0);
  faults = us = elapsed = 0;
  fail_unless_equals_int (run (&quiet, 1000), 0);
}

GST_END_TEST;

GST_START_TEST (test_few_large_batches_are_enough)
{
  static const Stream stream = { 200, 10000, 0, 9000, LIVE };

  ab_trial_start (&trial, G_MAXUINT64);
  fail_unless_equals_uint64 (run_to_change (&stream), 16);
  fail_unless_equals_int (run (&stream, 1000), 0);
}

GST_END_TEST;

GST_START_TEST (test_a_bound_on_memory_is_kept_whatever_it_costs)
{
  static const Stream stream = { 0, 10, 5, 100, LIVE, 0.9 };

  look.input.memory_bound = 100;
  look.input.peak_outstanding_bytes = 50;
  fail_unless_equals_uint64 (run_to_change (&stream), 16);
  assert_reason ("memory");
  fail_unless_equals_int (run (&stream, 10000), 0);
}

GST_END_TEST;

/* 1000 us of a batch's 21 ms, and how long recycled allocations take */
GST_START_TEST (test_pauses_must_be_halved)
{
  static const Stream stream = { 0, 10, 0, 10, LIVE };

  look.input.timed = 1000;
  look.input.allocation_p999_ns = 1000000;
  fail_unless_equals_uint64 (run_to_change (&stream), 16);
  assert_reason ("pauses");
  look.pooled_p999_ns = __i__ ? 500000 : 500001;
  look.pooled_timed = 999;
  fail_unless_equals_int (run (&stream, 10000), 0);
  look.pooled_timed = 1000;
  fail_unless_equals_int (run (&stream, 10000), __i__ ? 0 : 1);
}

GST_END_TEST;

GST_START_TEST (test_without_figures_size_and_rate_decide)
{
  look.known = FALSE;
  look.input.bytes_per_batch = 65535;
  fail_if (ab_trial_look (&trial, &look));
  look.input.bytes_per_batch = 65536;
  fail_unless (ab_trial_look (&trial, &look));
  assert_reason ("batch-size");
  look.input.bytes_per_batch = 4;
  look.input.batches_per_second = 10000;
  fail_if (ab_trial_look (&trial, &look));
  assert_reason ("rate");
  look.input.batches_per_second = 9999;
  fail_unless (ab_trial_look (&trial, &look));
  assert_reason ("none");
}

GST_END_TEST;

/* Over 10,000 batches, the time before the change is a small part. */
GST_START_TEST (test_the_trial_costs_little)
{
  static const Stream streams[] = {
    {16, 90, 0, 9, FAST}, {0.2, 10, 0, 9, FAST}, {0, 10, 0, 8.5, FAST},
    {1, 40, 1, 44, FAST}, {0, 10, 0, 11, FAST},
  };
  const Stream *stream = &streams[__i__];

  run (stream, 10000);
  fail_unless (us / look.batches <=
      1.05 * MIN (stream->fresh_us, stream->pool_us), "%g us",
      us / look.batches);
}

GST_END_TEST;

static Suite *
trial_suite (void)
{
  Suite *s = suite_create ("trial");
  TCase *tc = tcase_create ("trial");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, NULL);
  tcase_add_loop_test (tc,
      test_recycling_goes_on_where_it_helps_and_is_tried_once, 0,
      G_N_ELEMENTS (rows));
  tcase_add_test (tc, test_both_sides_have_what_their_batches_cost);
  tcase_add_loop_test (tc, test_a_busy_machine_does_not_hide_a_small_saving,
      0, 2);
  tcase_add_test (tc, test_nothing_is_compared_until_the_pool_is_full);
  tcase_add_test (tc, test_a_pool_that_always_makes_buffers_does_not_help);
  tcase_add_loop_test (tc, test_faster_allocations_are_enough_for_a_rate, 0, 6);
  tcase_add_test (tc, test_page_faults_after_going_back_are_no_reason);
  tcase_add_test (tc,
      test_nothing_is_tried_while_the_consumer_holds_more_and_more);
  tcase_add_test (tc,
      test_it_is_tried_again_when_fresh_memory_costs_clearly_more);
  tcase_add_test (tc, test_a_new_start_tries_anew);
  tcase_add_test (tc, test_it_goes_back_when_the_pool_runs_empty);
  tcase_add_test (tc, test_totals_of_two_threads_are_not_compared);
  tcase_add_test (tc, test_few_large_batches_are_enough);
  tcase_add_test (tc, test_a_bound_on_memory_is_kept_whatever_it_costs);
  tcase_add_loop_test (tc, test_pauses_must_be_halved, 0, 2);
  tcase_add_test (tc, test_without_figures_size_and_rate_decide);
  tcase_add_loop_test (tc, test_the_trial_costs_little, 0, 5);
  return s;
}

GST_CHECK_MAIN (trial);
