/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the clock and the timeline against exact numbers. */

#include "judge.h"

/* The largest time of a stream, 146 years, and its largest position. */
#define LONGEST_TIME (G_GUINT64_CONSTANT (1) << 62)
#define MOST_SAMPLES (G_GUINT64_CONSTANT (1) << 61)

static guint
any_rate (Input * input)
{
  static const guint rates[] = {
    1, 7, 8000, 11025, 44100, 48000, 96000, 192000, 999999937, 1000000000,
    1000000007, G_MAXINT,
  };
  guint64 rate = input_one_in (input, 2) ? input_number (input) :
      input_pick (input, rates);

  return CLAMP (rate, 1, G_MAXINT);
}

/* Does the time of sample @n fit into 64 bits? */
static gboolean
has_time (const AbClock * clock, guint64 n)
{
  AbWide time = ab_wide_add (ab_wide_from (clock->base),
      exact_duration (n - clock->origin, clock->rate));

  return ab_wide_to_64 (time) < G_MAXUINT64;
}

/* From a position to its time and back. */
static void
check_clock (Input * input)
{
  AbClock clock;
  guint64 n, time;

  ab_clock_start (&clock, any_rate (input),
      input_number (input) % MOST_SAMPLES, input_number (input) % LONGEST_TIME);
  n = clock.origin + input_number (input) % MOST_SAMPLES;
  if (!has_time (&clock, n))
    return;
  time = ab_clock_time (&clock, n);
  PROMISE (time == clock.base + exact_duration (n - clock.origin,
          clock.rate).low,
      "sample %" G_GUINT64_FORMAT " of %u Hz is at %" G_GUINT64_FORMAT, n,
      clock.rate, time);
  if (clock.rate > GST_SECOND)
    return;
  PROMISE (ab_clock_from (&clock, time) == n
      && ab_clock_until (&clock, time) == n,
      "the time of sample %" G_GUINT64_FORMAT " at %u Hz is that of %"
      G_GUINT64_FORMAT " or %" G_GUINT64_FORMAT, n, clock.rate,
      ab_clock_from (&clock, time), ab_clock_until (&clock, time));
}

/* (time * rate + rest) / 10^9 */
static guint64
samples_in (GstClockTime time, guint rate, guint64 rest)
{
  return ab_wide_to_64 (exact_ratio (time, rate, GST_SECOND, rest));
}

/* From a time to the samples before and after it. */
static void
check_time (Input * input)
{
  guint64 time, from, until;
  AbClock clock;

  ab_clock_start (&clock, any_rate (input),
      input_number (input) % MOST_SAMPLES, input_number (input) % LONGEST_TIME);
  time = clock.base + input_number (input) % LONGEST_TIME;
  if (samples_in (time - clock.base, clock.rate, 0)
      >= MOST_SAMPLES * 2 - clock.origin)
    return;
  from = ab_clock_from (&clock, time);
  until = ab_clock_until (&clock, time);
  PROMISE (from == clock.origin + samples_in (time - clock.base, clock.rate,
          GST_SECOND - 1), "from %" G_GUINT64_FORMAT, from);
  PROMISE (until == clock.origin + samples_in (time - clock.base, clock.rate,
          clock.rate + GST_SECOND - 1) - 1, "until %" G_GUINT64_FORMAT, until);
}

static void
check_stamp (Input * input)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  guint64 start = input_number (input) % MOST_SAMPLES;
  guint n = input_number (input) % G_MAXINT;
  AbClock clock;
  GstClockTime end;

  ab_clock_start (&clock, any_rate (input), start / 2,
      input_number (input) % LONGEST_TIME);
  if (!has_time (&clock, start + n))
    return;
  ab_clock_stamp (&clock, buffer, start, n);
  end = clock.base + exact_duration (start + n - clock.origin, clock.rate).low;
  PROMISE (GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer) == end
      && GST_BUFFER_OFFSET (buffer) == start
      && GST_BUFFER_OFFSET_END (buffer) == start + n,
      "%u samples from %" G_GUINT64_FORMAT, n, start);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_init_gst ();
  return 0;
}

void
fuzz_run (const guint8 * data, gsize size)
{
  Input input = { data, size };
  guint steps;

  switch (input_below (&input, 4)) {
    case 0:
      check_clock (&input);
      break;
    case 1:
      check_time (&input);
      break;
    case 2:
      check_stamp (&input);
      break;
    default:
    {
      Judge judge;

      judge_init (&judge, any_rate (&input));
      for (steps = 0; steps < JUDGE_MAX_STEPS && input.left > 0; steps++)
        judge_step (&judge, &input);
      break;
    }
  }
}
