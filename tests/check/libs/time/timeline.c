/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts on chunks. */

#include "time/timeline.h"

#include "../../timecheck.h"

/* Verdicts are tested at 48 kHz: 48 samples are a millisecond. */
#define RATE 48000
#define SAMPLES(n) ((n) * GST_SECOND / RATE)

static AbTimeline timeline;
static AbTimelinePolicy policy;
static GstSegment segment;
static guint64 n_judged;

static void
setup_timeline (void)
{
  setup ();
  ab_timeline_reset (&timeline);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  policy = (AbTimelinePolicy) {
  .alignment_threshold = 40 * GST_MSECOND,.discont_wait = GST_SECOND,};
}

/* Starts a run at @pts that has @n samples so far. */
static void
start_run (GstClockTime pts, guint n)
{
  ab_timeline_begin (&timeline, RATE, &segment, pts);
  timeline.position += n;
}

static void
fill_at_once (void)
{
  policy.fill = TRUE;
  policy.discont_wait = 0;
}

static void
assert_verdict (GstClockTime pts, gboolean flagged, AbVerdict want)
{
  AbVerdict got;

  n_judged = 0;
  got =
      ab_timeline_judge (&timeline, &policy, &segment, pts, flagged, &n_judged);
  fail_unless (got == want,
      "at %" GST_TIME_FORMAT ": verdict %d of %" G_GUINT64_FORMAT
      " samples, not %d", GST_TIME_ARGS (pts), got, n_judged, want);
}

/* With fill, a chunk that jumps is in doubt and changes nothing; only if it is
 * flagged, it is acted on. */
static void
assert_samples (GstClockTime pts, AbVerdict verdict, guint64 want)
{
  guint64 owed = timeline.owed;

  if (policy.fill) {
    assert_verdict (pts, FALSE, AB_TIMELINE_DOUBT);
    fail_unless_equals_uint64 (timeline.owed, owed);
  }
  assert_verdict (pts, TRUE, verdict);
  fail_unless_equals_uint64 (n_judged, want);
}

static GstClockTime
next_time (void)
{
  return ab_clock_time (&timeline.clock, timeline.position);
}

GST_START_TEST (test_the_first_chunk_begins_a_run)
{
  assert_verdict (0, FALSE, AB_TIMELINE_BREAK);
  assert_verdict (GST_CLOCK_TIME_NONE, FALSE, AB_TIMELINE_BREAK);
  policy.fill = TRUE;
  assert_verdict (0, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_run_begins_where_its_chunk_is)
{
  timeline.position = 1000;
  start_run (5 * GST_SECOND, 0);
  fail_unless_equals_uint64 (next_time (), 5 * GST_SECOND);
  fail_unless_equals_uint64 (timeline.position, 1000);
}

GST_END_TEST;

GST_START_TEST (test_a_run_without_time_begins_with_the_segment)
{
  segment.start = 3 * GST_SECOND;
  start_run (GST_CLOCK_TIME_NONE, 480);
  fail_unless_equals_uint64 (next_time (), 3 * GST_SECOND + SAMPLES (480));
}

GST_END_TEST;

GST_START_TEST (test_a_later_run_without_time_begins_where_the_last_one_ended)
{
  start_run (5 * GST_SECOND, 480);
  ab_timeline_break (&timeline);
  start_run (GST_CLOCK_TIME_NONE, 0);
  fail_unless_equals_uint64 (next_time (), 5 * GST_SECOND + SAMPLES (480));
}

GST_END_TEST;

/* Sources may round times to nanoseconds or to samples. */
GST_START_TEST (test_chunks_of_rounded_times_are_due)
{
  guint r, i;

  policy.alignment_threshold = 0;
  policy.discont_wait = 0;
  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    GstClockTimeDiff half = GST_SECOND / rates[r] * 49 / 100;

    ab_timeline_reset (&timeline);
    ab_timeline_begin (&timeline, rates[r], &segment, GST_SECOND);
    for (i = 0; i < 1000; i++) {
      assert_verdict (next_time (), FALSE, AB_TIMELINE_DUE);
      assert_verdict (next_time () + 1, FALSE, AB_TIMELINE_DUE);
      assert_verdict (next_time () + half, FALSE, AB_TIMELINE_DUE);
      assert_verdict (next_time () - half, FALSE, AB_TIMELINE_DUE);
      timeline.position += 1 + random_below (4096);
    }
  }
}

GST_END_TEST;

/* A year of chunks, each at its rounded time: all are due, and the last batch
 * has its exact time. */
GST_START_TEST (test_a_year_of_chunks_is_due_to_the_last_nanosecond)
{
  static const guint year_rates[] = { 11025, 44100, 48000, 47981 };
  const guint rate = year_rates[__i__];
  const guint chunk = rate + 7;
  const guint64 n_chunks = (guint64) YEAR_SECONDS * rate / chunk;
  const GstClockTime base = 12345678901;
  GstBuffer *buffer = gst_buffer_new ();
  guint64 k, n = 0;

  policy.alignment_threshold = 0;
  policy.discont_wait = 0;
  ab_timeline_begin (&timeline, rate, &segment, base);
  for (k = 0; k < n_chunks; k++) {
    GstClockTime pts = base + time_of (k * chunk, rate);

    if (ab_timeline_judge (&timeline, &policy, &segment, pts, FALSE, &n)
        != AB_TIMELINE_DUE)
      fail ("chunk %" G_GUINT64_FORMAT " at %u Hz is not due", k, rate);
    timeline.position += chunk;
  }
  k = timeline.position - chunk;
  ab_clock_stamp (&timeline.clock, buffer, k, chunk);
  fail_unless_equals_uint64 (timeline.position, n_chunks * chunk);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), base + time_of (k, rate));
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer)
      + GST_BUFFER_DURATION (buffer), base + time_of (k + chunk, rate));
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), n_chunks * chunk);
  /* even then a chunk one sample late is not due */
  assert_samples (base + time_of (n_chunks * chunk + 1, rate),
      AB_TIMELINE_BREAK, 0);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_within_the_threshold_is_due)
{
  policy.discont_wait = 0;
  start_run (GST_SECOND, 0);
  assert_verdict (GST_SECOND + 39 * GST_MSECOND, FALSE, AB_TIMELINE_DUE);
  assert_verdict (GST_SECOND - 39 * GST_MSECOND, FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_without_a_threshold_one_sample_begins_a_run)
{
  policy.alignment_threshold = 0;
  policy.discont_wait = 0;
  start_run (GST_SECOND, 0);
  assert_verdict (GST_SECOND + SAMPLES (1), FALSE, AB_TIMELINE_BREAK);
  assert_verdict (GST_SECOND - SAMPLES (1), FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_beyond_the_threshold_begins_a_run)
{
  policy.discont_wait = 0;
  start_run (GST_SECOND, 0);
  assert_verdict (GST_SECOND + 41 * GST_MSECOND, FALSE, AB_TIMELINE_BREAK);
  assert_verdict (GST_SECOND - 41 * GST_MSECOND, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

/* @n chunks of 100 ms, each 100 ms late, are due. */
static void
assert_late_chunks_are_due (guint n)
{
  while (n-- > 0) {
    assert_verdict (next_time () + 100 * GST_MSECOND, FALSE, AB_TIMELINE_DUE);
    timeline.position += RATE / 10;
  }
}

GST_START_TEST (test_late_chunks_begin_a_run_after_the_wait)
{
  start_run (GST_SECOND, 0);
  assert_late_chunks_are_due (9);
  assert_verdict (next_time () + 100 * GST_MSECOND, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_due_chunk_ends_the_wait)
{
  start_run (GST_SECOND, 0);
  assert_late_chunks_are_due (9);
  assert_verdict (next_time (), FALSE, AB_TIMELINE_DUE);
  assert_late_chunks_are_due (9);
  assert_verdict (next_time () + 100 * GST_MSECOND, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_as_long_as_the_wait_begins_a_run_at_once)
{
  start_run (GST_SECOND, 0);
  assert_verdict (GST_SECOND + GST_SECOND, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_is_filled_with_what_is_missing)
{
  fill_at_once ();
  start_run (GST_SECOND, 480);
  assert_samples (GST_SECOND + SAMPLES (480 + 2400), AB_TIMELINE_FILL, 2400);
  timeline.position += 2400;
  assert_verdict (GST_SECOND + SAMPLES (480 + 2400), FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_of_years_is_filled_to_the_sample)
{
  const guint64 n = (guint64) YEAR_SECONDS * RATE * 3 + 1;

  fill_at_once ();
  start_run (0, 0);
  assert_samples (time_of (n, RATE), AB_TIMELINE_FILL, n);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_is_filled_up_to_the_bound)
{
  fill_at_once ();
  policy.max_fill = 50 * GST_MSECOND;
  start_run (GST_SECOND, 0);
  assert_samples (GST_SECOND + SAMPLES (2400), AB_TIMELINE_FILL, 2400);
  assert_samples (GST_SECOND + SAMPLES (2401), AB_TIMELINE_BREAK, 2401);
}

GST_END_TEST;

GST_START_TEST (test_an_overlap_is_dropped_up_to_the_bound)
{
  fill_at_once ();
  policy.max_fill = 50 * GST_MSECOND;
  start_run (GST_SECOND, 0);
  assert_samples (GST_SECOND - SAMPLES (2401), AB_TIMELINE_BREAK, 2401);
  fail_unless_equals_uint64 (timeline.owed, 0);
  assert_samples (GST_SECOND - SAMPLES (2400), AB_TIMELINE_DROP, 2400);
  fail_unless_equals_uint64 (timeline.owed, 2400);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_is_in_doubt_from_the_wait_on_with_fill)
{
  policy.fill = TRUE;
  start_run (10 * GST_SECOND, 48000);
  assert_verdict (12 * GST_SECOND, FALSE, AB_TIMELINE_DOUBT);
  assert_verdict (12 * GST_SECOND - 1, FALSE, AB_TIMELINE_DUE);
  assert_verdict (10 * GST_SECOND, FALSE, AB_TIMELINE_DOUBT);
  assert_verdict (10 * GST_SECOND + 1, FALSE, AB_TIMELINE_DUE);
  policy.fill = FALSE;
  assert_verdict (12 * GST_SECOND, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_time_fits_if_it_is_off_by_less_than_the_wait)
{
  start_run (10 * GST_SECOND, 48000);
  fail_unless (ab_timeline_fits (&timeline, &policy, &segment,
          13 * GST_SECOND - 1, 48000));
  fail_if (ab_timeline_fits (&timeline, &policy, &segment, 13 * GST_SECOND,
          48000));
  fail_unless (ab_timeline_fits (&timeline, &policy, &segment,
          11 * GST_SECOND + 1, 48000));
  fail_if (ab_timeline_fits (&timeline, &policy, &segment, 11 * GST_SECOND,
          48000));
  segment.rate = 2;
  fail_if (ab_timeline_fits (&timeline, &policy, &segment, 12 * GST_SECOND,
          48000));
  /* the same running time at double speed */
  fail_if (ab_timeline_fits (&timeline, &policy, &segment, 24 * GST_SECOND,
          48000));
}

GST_END_TEST;

GST_START_TEST (test_no_time_fits_behind_the_end_of_a_run)
{
  start_run (10 * GST_SECOND, 48000);
  ab_timeline_break (&timeline);
  fail_if (ab_timeline_fits (&timeline, &policy, &segment, 12 * GST_SECOND,
          48000));
}

GST_END_TEST;

GST_START_TEST (test_times_agree_below_the_threshold)
{
  start_run (0, 0);
  fail_unless (ab_timeline_agrees (&timeline, &policy, 0, SAMPLES (1919)));
  fail_if (ab_timeline_agrees (&timeline, &policy, 0, SAMPLES (1920)));
  fail_unless (ab_timeline_agrees (&timeline, &policy, SAMPLES (1919), 0));
  fail_if (ab_timeline_agrees (&timeline, &policy, SAMPLES (1920), 0));
}

GST_END_TEST;

static void
assert_misses (GstClockTime start, GstClockTime end, guint64 want)
{
  guint64 n = 0;
  gboolean misses = ab_timeline_misses (&timeline, &segment, start, end, &n);

  fail_unless_equals_int (misses, want > 0);
  fail_unless_equals_uint64 (n, want);
}

GST_START_TEST (test_a_gap_misses_what_is_due_until_its_end)
{
  const GstClockTime due = 11 * GST_SECOND;

  start_run (10 * GST_SECOND, 48000);
  assert_misses (due, due + SAMPLES (960), 960);
  assert_misses (due - GST_SECOND, due + SAMPLES (960), 960);
  /* ahead: more than half a sample */
  assert_misses (due + SAMPLES (1), due + SAMPLES (960), 0);
  assert_misses (due + SAMPLES (1) / 2 - 1, due + SAMPLES (960), 960);
  /* behind, and shorter than half a sample */
  assert_misses (due - GST_SECOND, due, 0);
  assert_misses (due - GST_SECOND, due + SAMPLES (1) / 2 - 1, 0);
  /* what is owed is due first */
  timeline.owed = 480;
  assert_misses (due - SAMPLES (480), due + SAMPLES (480), 960);
  assert_misses (due, due + SAMPLES (480), 0);
  ab_timeline_break (&timeline);
  assert_misses (due - SAMPLES (480), due + SAMPLES (480), 0);
}

GST_END_TEST;

GST_START_TEST (test_an_overlap_is_dropped)
{
  fill_at_once ();
  start_run (GST_SECOND, 4800);
  assert_samples (GST_SECOND + SAMPLES (4800 - 2400), AB_TIMELINE_DROP, 2400);
  fail_unless_equals_uint64 (timeline.owed, 2400);
}

GST_END_TEST;

GST_START_TEST (test_what_is_owed_is_dropped_from_the_chunks_that_follow)
{
  fill_at_once ();
  start_run (GST_SECOND, 4800);
  assert_samples (GST_SECOND + SAMPLES (2400), AB_TIMELINE_DROP, 2400);
  /* the caller drops all 480 samples of the chunk */
  timeline.owed -= 480;
  assert_verdict (GST_SECOND + SAMPLES (2880), FALSE, AB_TIMELINE_DUE);
  timeline.owed -= 1920;
  assert_verdict (GST_SECOND + SAMPLES (4800), FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_settles_what_is_owed_first)
{
  fill_at_once ();
  start_run (GST_SECOND, 4800);
  assert_samples (GST_SECOND, AB_TIMELINE_DROP, 4800);
  assert_samples (GST_SECOND + SAMPLES (2400), AB_TIMELINE_DROP, 2400);
  fail_unless_equals_uint64 (timeline.owed, 2400);
  assert_samples (GST_SECOND + SAMPLES (4800 + 100), AB_TIMELINE_FILL, 100);
  fail_unless_equals_uint64 (timeline.owed, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_new_run_owes_nothing)
{
  fill_at_once ();
  start_run (GST_SECOND, 4800);
  assert_samples (GST_SECOND, AB_TIMELINE_DROP, 4800);
  start_run (GST_SECOND, 0);
  fail_unless_equals_uint64 (timeline.owed, 0);
  assert_verdict (GST_SECOND, FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_a_flagged_chunk_begins_a_run)
{
  start_run (GST_SECOND, 0);
  assert_verdict (GST_SECOND, TRUE, AB_TIMELINE_BREAK);
  assert_verdict (GST_CLOCK_TIME_NONE, TRUE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_flagged_chunk_is_filled_to_the_sample)
{
  policy.fill = TRUE;
  start_run (GST_SECOND, 480);
  assert_verdict (GST_SECOND + SAMPLES (480), TRUE, AB_TIMELINE_DUE);
  assert_verdict (GST_SECOND + SAMPLES (480) - 1000, TRUE, AB_TIMELINE_DUE);
  assert_verdict (GST_CLOCK_TIME_NONE, TRUE, AB_TIMELINE_DUE);
  /* the threshold does not apply to a flagged chunk */
  assert_verdict (GST_SECOND + SAMPLES (485), TRUE, AB_TIMELINE_FILL);
  fail_unless_equals_uint64 (n_judged, 5);
  assert_verdict (GST_SECOND + SAMPLES (473), TRUE, AB_TIMELINE_DROP);
  fail_unless_equals_uint64 (n_judged, 7);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_without_time_is_due)
{
  policy.alignment_threshold = 0;
  policy.discont_wait = 0;
  start_run (GST_SECOND, 480);
  assert_verdict (GST_CLOCK_TIME_NONE, FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_after_a_break_the_next_chunk_begins_a_run)
{
  start_run (GST_SECOND, 480);
  ab_timeline_break (&timeline);
  assert_verdict (GST_SECOND + SAMPLES (480), FALSE, AB_TIMELINE_BREAK);
  start_run (GST_SECOND, 0);
  assert_verdict (GST_SECOND, FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_time_goes_on_at_another_rate)
{
  start_run (GST_SECOND, 48001);
  ab_timeline_set_rate (&timeline, 44100);
  fail_unless_equals_uint64 (timeline.position, 48001);
  fail_unless_equals_uint64 (next_time (), GST_SECOND + time_of (48001, RATE));
  assert_verdict (next_time (), FALSE, AB_TIMELINE_DUE);
  timeline.position += 441;
  fail_unless_equals_uint64 (next_time (), GST_SECOND + time_of (48001, RATE)
      + 10 * GST_MSECOND);
}

GST_END_TEST;

GST_START_TEST (test_what_is_owed_is_as_long_at_another_rate)
{
  fill_at_once ();
  start_run (GST_SECOND, 4800);
  assert_samples (GST_SECOND, AB_TIMELINE_DROP, 4800);
  ab_timeline_set_rate (&timeline, 2 * RATE);
  fail_unless_equals_uint64 (timeline.owed, 9600);
  assert_verdict (GST_SECOND, FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_a_rate_before_the_first_run_changes_nothing)
{
  ab_timeline_set_rate (&timeline, 44100);
  start_run (GST_SECOND, 480);
  fail_unless_equals_uint64 (next_time (), GST_SECOND + SAMPLES (480));
}

GST_END_TEST;

/* Plays 2 s of the first segment, then enters one in which 10 s is running time
 * 2 s. */
static void
enter_next_segment (void)
{
  start_run (0, 2 * RATE);
  ab_timeline_leave_segment (&timeline);
  segment.start = 10 * GST_SECOND;
  segment.base = 2 * GST_SECOND;
}

GST_START_TEST (test_a_chunk_of_the_next_segment_is_due_by_running_time)
{
  policy.discont_wait = 0;
  enter_next_segment ();
  assert_verdict (10 * GST_SECOND, FALSE, AB_TIMELINE_DUE);
  assert_verdict (11 * GST_SECOND, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_times_are_of_the_segment_that_was_entered)
{
  policy.discont_wait = 0;
  enter_next_segment ();
  ab_timeline_enter_segment (&timeline, &segment);
  fail_unless_equals_uint64 (next_time (), 10 * GST_SECOND);
  fail_unless_equals_uint64 (timeline.position, 2 * RATE);
  assert_verdict (10 * GST_SECOND, FALSE, AB_TIMELINE_DUE);
  assert_verdict (10 * GST_SECOND + GST_MSECOND, FALSE, AB_TIMELINE_DUE);
}

GST_END_TEST;

GST_START_TEST (test_times_stay_exact_in_the_same_segment)
{
  start_run (0, 1001);
  ab_timeline_join_stream (&timeline);
  ab_timeline_enter_segment (&timeline, &segment);
  timeline.position += 23;
  fail_unless_equals_uint64 (next_time (), SAMPLES (1024));
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_on_time_may_be_the_first_of_a_stream)
{
  start_run (0, 1024);
  ab_timeline_join_stream (&timeline);
  /* other caps than before */
  ab_timeline_enter_segment (&timeline, &segment);
  assert_verdict (next_time (), FALSE, AB_TIMELINE_DUE);
  assert_verdict (next_time (), TRUE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

/* A negative pad offset makes such segments: the first 5 s come before running
 * time 0. */
GST_START_TEST (test_time_goes_on_before_running_time_0)
{
  segment.offset = 5 * GST_SECOND;
  start_run (GST_SECOND, RATE);
  ab_timeline_leave_segment (&timeline);
  segment.offset = 8 * GST_SECOND;
  ab_timeline_enter_segment (&timeline, &segment);
  fail_unless_equals_uint64 (next_time (), 5 * GST_SECOND);
}

GST_END_TEST;

/* The clock of the first segment would call this chunk due. */
GST_START_TEST (test_a_time_of_the_segment_before_is_not_due)
{
  policy.discont_wait = 0;
  start_run (10 * GST_SECOND, 480);
  ab_timeline_leave_segment (&timeline);
  segment.base = 5 * GST_SECOND;
  assert_verdict (10 * GST_SECOND + SAMPLES (480), FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_segment_of_another_speed_begins_a_run)
{
  start_run (GST_SECOND, 480);
  ab_timeline_leave_segment (&timeline);
  segment.rate = 2.0;
  assert_verdict (GST_SECOND + SAMPLES (480), FALSE, AB_TIMELINE_BREAK);
  assert_verdict (GST_CLOCK_TIME_NONE, FALSE, AB_TIMELINE_BREAK);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_at_double_speed_is_filled_to_the_sample)
{
  fill_at_once ();
  segment.rate = 2.0;
  start_run (GST_SECOND, 480);
  assert_samples (GST_SECOND + SAMPLES (480 + 4800), AB_TIMELINE_FILL, 4800);
}

GST_END_TEST;

/* The gap is 1.5 samples of the stream, and takes half of that to play. */
GST_START_TEST (test_a_gap_at_double_speed_is_rounded_to_the_nearest_sample)
{
  fill_at_once ();
  segment.rate = 2.0;
  start_run (GST_SECOND, 480);
  assert_verdict (GST_SECOND + SAMPLES (480) + 31250, TRUE, AB_TIMELINE_FILL);
  fail_unless_equals_uint64 (n_judged, 2);
}

GST_END_TEST;

/* Regression: such a chunk looked early, and all later chunks were dropped. */
GST_START_TEST (test_a_time_beyond_292_years_is_late)
{
  const guint64 far = G_GUINT64_CONSTANT (1) << 63;

  fill_at_once ();
  policy.max_fill = GST_SECOND;
  start_run (GST_SECOND, 480);
  assert_verdict (far, TRUE, AB_TIMELINE_BREAK);
  assert_verdict (far + GST_SECOND, TRUE, AB_TIMELINE_BREAK);
  assert_verdict (GST_CLOCK_TIME_NONE - 1, TRUE, AB_TIMELINE_BREAK);
  segment.base = far;
  assert_verdict (GST_SECOND, TRUE, AB_TIMELINE_BREAK);
  fail_unless_equals_uint64 (timeline.owed, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_reset_forgets_all)
{
  start_run (GST_SECOND, 480);
  ab_timeline_reset (&timeline);
  fail_unless_equals_uint64 (timeline.position, 0);
  assert_verdict (GST_SECOND + SAMPLES (480), FALSE, AB_TIMELINE_BREAK);
  segment.start = 7 * GST_SECOND;
  start_run (GST_CLOCK_TIME_NONE, 0);
  fail_unless_equals_uint64 (next_time (), 7 * GST_SECOND);
}

GST_END_TEST;

static Suite *
timeline_suite (void)
{
  Suite *suite = suite_create ("timeline");
  TCase *tc = tcase_create ("judge");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_timeline, teardown);
  tcase_add_test (tc, test_the_first_chunk_begins_a_run);
  tcase_add_test (tc, test_a_run_begins_where_its_chunk_is);
  tcase_add_test (tc, test_a_run_without_time_begins_with_the_segment);
  tcase_add_test (tc,
      test_a_later_run_without_time_begins_where_the_last_one_ended);
  tcase_add_test (tc, test_chunks_of_rounded_times_are_due);
  tcase_add_loop_test (tc, test_a_year_of_chunks_is_due_to_the_last_nanosecond,
      0, 4);
  tcase_add_test (tc, test_a_chunk_within_the_threshold_is_due);
  tcase_add_test (tc, test_without_a_threshold_one_sample_begins_a_run);
  tcase_add_test (tc, test_a_chunk_beyond_the_threshold_begins_a_run);
  tcase_add_test (tc, test_late_chunks_begin_a_run_after_the_wait);
  tcase_add_test (tc, test_a_due_chunk_ends_the_wait);
  tcase_add_test (tc, test_a_gap_as_long_as_the_wait_begins_a_run_at_once);
  tcase_add_test (tc, test_a_gap_is_filled_with_what_is_missing);
  tcase_add_test (tc, test_a_gap_of_years_is_filled_to_the_sample);
  tcase_add_test (tc, test_a_gap_is_filled_up_to_the_bound);
  tcase_add_test (tc, test_an_overlap_is_dropped_up_to_the_bound);
  tcase_add_test (tc, test_a_chunk_is_in_doubt_from_the_wait_on_with_fill);
  tcase_add_test (tc, test_a_time_fits_if_it_is_off_by_less_than_the_wait);
  tcase_add_test (tc, test_no_time_fits_behind_the_end_of_a_run);
  tcase_add_test (tc, test_times_agree_below_the_threshold);
  tcase_add_test (tc, test_a_gap_misses_what_is_due_until_its_end);
  tcase_add_test (tc, test_an_overlap_is_dropped);
  tcase_add_test (tc, test_what_is_owed_is_dropped_from_the_chunks_that_follow);
  tcase_add_test (tc, test_a_gap_settles_what_is_owed_first);
  tcase_add_test (tc, test_a_new_run_owes_nothing);
  tcase_add_test (tc, test_a_flagged_chunk_begins_a_run);
  tcase_add_test (tc, test_a_flagged_chunk_is_filled_to_the_sample);
  tcase_add_test (tc, test_a_chunk_without_time_is_due);
  tcase_add_test (tc, test_after_a_break_the_next_chunk_begins_a_run);
  tcase_add_test (tc, test_time_goes_on_at_another_rate);
  tcase_add_test (tc, test_what_is_owed_is_as_long_at_another_rate);
  tcase_add_test (tc, test_a_rate_before_the_first_run_changes_nothing);
  tcase_add_test (tc, test_a_chunk_of_the_next_segment_is_due_by_running_time);
  tcase_add_test (tc, test_times_are_of_the_segment_that_was_entered);
  tcase_add_test (tc, test_times_stay_exact_in_the_same_segment);
  tcase_add_test (tc, test_a_chunk_on_time_may_be_the_first_of_a_stream);
  tcase_add_test (tc, test_time_goes_on_before_running_time_0);
  tcase_add_test (tc, test_a_time_of_the_segment_before_is_not_due);
  tcase_add_test (tc, test_a_segment_of_another_speed_begins_a_run);
  tcase_add_test (tc, test_a_gap_at_double_speed_is_filled_to_the_sample);
  tcase_add_test (tc,
      test_a_gap_at_double_speed_is_rounded_to_the_nearest_sample);
  tcase_add_test (tc, test_a_time_beyond_292_years_is_late);
  tcase_add_test (tc, test_a_reset_forgets_all);
  return suite;
}

GST_CHECK_MAIN (timeline);
