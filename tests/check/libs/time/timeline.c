/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timestamps, checked against sums in 128 bits, and verdicts on chunks. */

#include "time/timeline.h"
#include "time/wide.h"

#include <gst/check/gstcheck.h>

#define SEED 20240229
#define RANDOM_SAMPLES 20000
#define YEAR_SECONDS (366 * 24 * 60 * 60)

static const guint rates[] = { 1, 8000, 11025, 12000, 16000, 22050, 24000,
  32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000, 384000, 768000,
  /* primes */
  7919, 11027, 22051, 44101, 47981, 48017, 88211, 96001, 191999
};

static GRand *rand_;

static void
setup (void)
{
  rand_ = g_rand_new_with_seed (SEED);
}

static void
teardown (void)
{
  g_rand_free (rand_);
}

static guint64
random_below (guint64 end)
{
  guint64 high = g_rand_int (rand_);

  return (high << 32 | g_rand_int (rand_)) % end;
}

static guint64
time_of (guint64 n, guint rate)
{
  AbWide rest;

  return ab_wide_to_64 (ab_wide_divide (ab_wide_product (n, GST_SECOND),
          ab_wide_from (rate), &rest));
}

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

static void
assert_samples (GstClockTime pts, AbVerdict verdict, guint64 want)
{
  assert_verdict (pts, FALSE, verdict);
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
  assert_verdict (GST_SECOND + SAMPLES (2401), FALSE, AB_TIMELINE_BREAK);
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

/* Regression: such a chunk looked early, and all later chunks were dropped. */
GST_START_TEST (test_a_time_beyond_292_years_is_late)
{
  const guint64 far = G_GUINT64_CONSTANT (1) << 63;

  fill_at_once ();
  policy.max_fill = GST_SECOND;
  start_run (GST_SECOND, 480);
  assert_verdict (far, FALSE, AB_TIMELINE_BREAK);
  assert_verdict (far + GST_SECOND, FALSE, AB_TIMELINE_BREAK);
  assert_verdict (GST_CLOCK_TIME_NONE - 1, FALSE, AB_TIMELINE_BREAK);
  segment.base = far;
  assert_verdict (GST_SECOND, FALSE, AB_TIMELINE_BREAK);
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

static TCase *
judge_tests (void)
{
  TCase *tc = tcase_create ("judge");

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
  tcase_add_test (tc, test_time_goes_on_before_running_time_0);
  tcase_add_test (tc, test_a_time_of_the_segment_before_is_not_due);
  tcase_add_test (tc, test_a_segment_of_another_speed_begins_a_run);
  tcase_add_test (tc, test_a_gap_at_double_speed_is_filled_to_the_sample);
  tcase_add_test (tc, test_a_time_beyond_292_years_is_late);
  tcase_add_test (tc, test_a_reset_forgets_all);
  return tc;
}

static Suite *
timeline_suite (void)
{
  Suite *suite = suite_create ("timeline");
  TCase *tc = tcase_create ("clock");

  suite_add_tcase (suite, tc);
  suite_add_tcase (suite, judge_tests ());
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

GST_CHECK_MAIN (timeline);
