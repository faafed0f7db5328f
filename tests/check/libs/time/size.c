/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batch lengths, compared with the same sums in 128 bits. */

#include "time/size.h"
#include "time/wide.h"

#include <string.h>

#include <gst/check/gstcheck.h>

#define MANY_BATCHES 1000000
/* times 441, this exceeds 2^64 by 20 ms */
#define WRAPPING_DURATION G_GUINT64_CONSTANT (41829351661064743)

static const AbSizeWish fractions[] = {
  {.fraction_n = 1,.fraction_d = 30},
  {.fraction_n = 1001,.fraction_d = 30000},
  {.fraction_n = 1,.fraction_d = 50},
  {.fraction_n = 1,.fraction_d = 3},
  {.fraction_n = 7,.fraction_d = 2147483},
  {.fraction_n = 2147483647,.fraction_d = 2147483646},
};

static const AbSizeWish durations[] = {
  {.fraction_d = 1,.duration = 20 * GST_MSECOND},
  {.fraction_d = 1,.duration = 33333333},
  {.fraction_d = 1,.duration = 1234567},
  {.fraction_d = 1,.duration = 99999999},
};

static const guint rates[] = { 11025, 44100, 48000, 192000, 2147483647 };

static void
set_size (AbSize * size, const AbSizeWish * wish, guint rate)
{
  GError *error = NULL;

  fail_unless (ab_size_set (size, wish, rate, &error),
      "%u, %" G_GUINT64_FORMAT " ns, %d/%d at %u Hz: %s", wish->samples,
      wish->duration, wish->fraction_n, wish->fraction_d, rate,
      error ? error->message : "no error");
  fail_unless (error == NULL);
}

/* Returns the samples of @k batches. If @round_up, a part of a sample counts as
 * one. */
static guint64
samples_of (const AbSizeWish * wish, guint rate, guint k, gboolean round_up)
{
  AbWide n = ab_wide_product (rate, wish->fraction_n
      ? (guint64) wish->fraction_n : wish->duration);
  AbWide d = ab_wide_from (wish->fraction_n
      ? (guint64) wish->fraction_d : GST_SECOND), rest;
  guint64 whole = ab_wide_divide (ab_wide_multiply (n, k), d, &rest).low;

  return whole + (round_up && rest.low != 0);
}

/* The first k batches have floor (k * n / d) samples together, for every k. */
static void
check_sums (const AbSizeWish * wish, guint rate, guint n_batches)
{
  AbSize size;
  guint64 sum = 0;
  guint k;

  set_size (&size, wish, rate);
  for (k = 1; k <= n_batches; k++) {
    guint64 want = samples_of (wish, rate, k, FALSE);

    sum += ab_size_next (&size);
    if (sum != want)
      fail ("%" G_GUINT64_FORMAT " ns, %d/%d at %u Hz: %u batches have %"
          G_GUINT64_FORMAT " samples, not %" G_GUINT64_FORMAT, wish->duration,
          wish->fraction_n, wish->fraction_d, rate, k, sum, want);
  }
}

/* Checks that each length is n / d rounded down or up. */
static void
check_lengths (const AbSizeWish * wish, guint rate)
{
  guint least = G_MAXUINT, most = 0, k;
  AbSize size;

  set_size (&size, wish, rate);
  for (k = 0; k < 10000; k++) {
    guint length = ab_size_next (&size);

    least = MIN (least, length);
    most = MAX (most, length);
  }
  fail_unless (least >= samples_of (wish, rate, 1, FALSE)
      && most <= ab_size_max (&size)
      && most - least <= 1,
      "%" G_GUINT64_FORMAT " ns, %d/%d at %u Hz: %u to "
      "%u samples, not at most %u", wish->duration, wish->fraction_n,
      wish->fraction_d, rate, least, most, ab_size_max (&size));
  fail_unless_equals_uint64 (ab_size_max (&size), samples_of (wish, rate, 1,
          TRUE));
}

GST_START_TEST (test_a_number_of_samples_is_every_batch)
{
  const guint samples[] = { 1, 128, 1024, G_MAXINT };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (samples); i++) {
    const AbSizeWish wish = {.samples = samples[i],.fraction_d = 1 };
    AbSize size;

    set_size (&size, &wish, 44100);
    for (k = 0; k < 100; k++)
      fail_unless_equals_int (ab_size_next (&size), samples[i]);
    fail_unless_equals_int (ab_size_max (&size), samples[i]);
    fail_unless_equals_float (ab_size_mean (&size), samples[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_a_duration_wins_over_samples)
{
  const AbSizeWish wish = {.samples = 1024,.duration = 20 * GST_MSECOND,
    .fraction_d = 1
  };
  AbSize size;

  set_size (&size, &wish, 48000);
  fail_unless_equals_int (ab_size_next (&size), 960);
}

GST_END_TEST;

GST_START_TEST (test_a_fraction_wins_over_all)
{
  const AbSizeWish wish = {.samples = 1024,.duration = 20 * GST_MSECOND,
    .fraction_n = 1,.fraction_d = 100
  };
  AbSize size;

  set_size (&size, &wish, 48000);
  fail_unless_equals_int (ab_size_next (&size), 480);
}

GST_END_TEST;

GST_START_TEST (test_film_and_video_batches_have_the_known_lengths)
{
  static const guint ntsc[] = { 1601, 1602, 1601, 1602, 1602, 1601, 1602, 1601,
    1602, 1602
  };
  AbSize size;
  guint k;

  set_size (&size, &fractions[1], 48000);
  for (k = 0; k < G_N_ELEMENTS (ntsc); k++)
    fail_unless_equals_int (ab_size_next (&size), ntsc[k]);

  set_size (&size, &fractions[2], 11025);
  fail_unless_equals_int (ab_size_next (&size), 220);
  fail_unless_equals_int (ab_size_next (&size), 221);
}

GST_END_TEST;

/* for the i-th fraction */
GST_START_TEST (test_fractions_never_drift)
{
  guint r;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    if ((guint64) rates[r] * fractions[__i__].fraction_n
        >= (guint64) G_MAXINT * fractions[__i__].fraction_d)
      continue;
    if (rates[r] * (guint64) fractions[__i__].fraction_n
        < (guint64) fractions[__i__].fraction_d)
      continue;
    check_sums (&fractions[__i__], rates[r], MANY_BATCHES);
  }
}

GST_END_TEST;

/* for the i-th duration */
GST_START_TEST (test_durations_never_drift)
{
  guint r;

  for (r = 0; r < G_N_ELEMENTS (rates); r++)
    check_sums (&durations[__i__], rates[r], MANY_BATCHES);
}

GST_END_TEST;

GST_START_TEST (test_lengths_differ_by_one_at_most)
{
  guint i, r;

  for (r = 0; r < G_N_ELEMENTS (rates) - 1; r++) {
    for (i = 0; i < 4; i++)
      check_lengths (&fractions[i], rates[r]);
    for (i = 0; i < G_N_ELEMENTS (durations); i++)
      check_lengths (&durations[i], rates[r]);
  }
}

GST_END_TEST;

GST_START_TEST (test_the_mean_is_rate_times_duration)
{
  AbSize size;

  set_size (&size, &fractions[1], 48000);
  fail_unless_equals_float (ab_size_mean (&size), 1601.6);
  set_size (&size, &durations[1], 44100);
  fail_unless_equals_float (ab_size_mean (&size), 1469.9999853);
}

GST_END_TEST;

GST_START_TEST (test_a_restart_makes_the_next_batch_the_first)
{
  AbSize size;
  guint k;

  set_size (&size, &fractions[1], 48000);
  for (k = 0; k < 4; k++)
    ab_size_next (&size);
  ab_size_restart (&size);
  fail_unless_equals_int (ab_size_next (&size), 1601);
  fail_unless_equals_int (ab_size_next (&size), 1602);
  fail_unless_equals_int (ab_size_next (&size), 1601);
}

GST_END_TEST;

GST_START_TEST (test_a_length_taken_back_comes_again)
{
  guint i, k;

  for (i = 0; i < 4; i++) {
    AbSize size;

    set_size (&size, &fractions[i], 44100);
    for (k = 0; k < 3000; k++) {
      guint length = ab_size_next (&size);

      ab_size_undo (&size);
      fail_unless_equals_int (ab_size_next (&size), length);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_a_new_size_begins_anew)
{
  AbSize size;

  set_size (&size, &fractions[2], 11025);
  fail_unless_equals_int (ab_size_next (&size), 220);
  set_size (&size, &fractions[2], 11025);
  fail_unless_equals_int (ab_size_next (&size), 220);
}

GST_END_TEST;

/* Expects an error with each of the words in it. */
static void
assert_refused (const AbSizeWish * wish, guint rate, ...)
{
  GError *error = NULL;
  const gchar *words;
  AbSize size;
  va_list args;

  fail_if (ab_size_set (&size, wish, rate, &error),
      "%" G_GUINT64_FORMAT " ns, %d/%d at %u Hz is %u samples",
      wish->duration, wish->fraction_n, wish->fraction_d, rate, size.whole);
  fail_unless (g_error_matches (error, GST_LIBRARY_ERROR,
          GST_LIBRARY_ERROR_SETTINGS));
  va_start (args, rate);
  while ((words = va_arg (args, const gchar *)) != NULL)
      fail_unless (strstr (error->message, words) != NULL,
        "\"%s\" is not in: %s", words, error->message);
  va_end (args);
  g_error_free (error);
}

GST_START_TEST (test_nanoseconds_in_the_fraction_are_refused)
{
  const AbSizeWish milliseconds = {.fraction_n = 20000000,.fraction_d = 1 };
  const AbSizeWish most = {.fraction_n = G_MAXINT,.fraction_d = 1 };
  const AbSizeWish hours = {.fraction_n = 7203,.fraction_d = 2 };

  assert_refused (&milliseconds, 48000, "20000000/1", "20000000 seconds",
      "output-buffer-duration", NULL);
  assert_refused (&most, 48000, "2147483647/1", NULL);
  assert_refused (&most, G_MAXINT, "2147483647/1", NULL);
  assert_refused (&hours, 8000, "7203/2", NULL);
}

GST_END_TEST;

GST_START_TEST (test_a_fraction_of_nearly_an_hour_is_taken)
{
  const AbSizeWish wish = {.fraction_n = 7199,.fraction_d = 2 };
  AbSize size;

  set_size (&size, &wish, 8000);
  fail_unless_equals_int (ab_size_next (&size), 28796000);
}

GST_END_TEST;

GST_START_TEST (test_a_batch_without_a_sample_is_refused)
{
  const AbSizeWish duration = {.duration = 124999,.fraction_d = 1 };
  const AbSizeWish least = {.duration = 1,.fraction_d = 1 };
  const AbSizeWish fraction = {.fraction_n = 1,.fraction_d = 8001 };

  assert_refused (&duration, 8000, "0.000124999", "8000", NULL);
  assert_refused (&least, 192000, "1e-09", "192000", NULL);
  assert_refused (&fraction, 8000, "0.000124984", "8000", NULL);
}

GST_END_TEST;

GST_START_TEST (test_a_batch_of_one_sample_is_taken)
{
  const AbSizeWish duration = {.duration = 125000,.fraction_d = 1 };
  const AbSizeWish fraction = {.fraction_n = 1,.fraction_d = 8000 };
  AbSize size;

  set_size (&size, &duration, 8000);
  fail_unless_equals_int (ab_size_next (&size), 1);
  set_size (&size, &fraction, 8000);
  fail_unless_equals_int (ab_size_next (&size), 1);
}

GST_END_TEST;

GST_START_TEST (test_too_many_samples_are_refused)
{
  const AbSizeWish long_time = {.duration = 50000 * GST_SECOND,
    .fraction_d = 1
  };
  const AbSizeWish fraction = {.fraction_n = 3,.fraction_d = 2 };

  assert_refused (&long_time, 48000, "50000 seconds", "48000", "2147483647",
      NULL);
  assert_refused (&fraction, G_MAXINT, "2147483647", NULL);
}

GST_END_TEST;

GST_START_TEST (test_a_duration_that_would_wrap_around_is_refused)
{
  const AbSizeWish wish = {.duration = WRAPPING_DURATION,.fraction_d = 1 };

  assert_refused (&wish, 44100, "41829352 seconds", "44100", NULL);
}

GST_END_TEST;

/* for the i-th rate */
GST_START_TEST (test_an_endless_duration_is_refused_with_its_seconds)
{
  const AbSizeWish wish = {.duration = G_MAXUINT64,.fraction_d = 1 };
  gchar rate[16];

  g_snprintf (rate, sizeof rate, "%u", rates[__i__]);
  assert_refused (&wish, rates[__i__], "18446744074 seconds", rate, NULL);
}

GST_END_TEST;

static Suite *
size_suite (void)
{
  Suite *suite = suite_create ("size");
  TCase *tc = tcase_create ("size");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_a_number_of_samples_is_every_batch);
  tcase_add_test (tc, test_a_duration_wins_over_samples);
  tcase_add_test (tc, test_a_fraction_wins_over_all);
  tcase_add_test (tc, test_film_and_video_batches_have_the_known_lengths);
  tcase_add_loop_test (tc, test_fractions_never_drift, 0,
      G_N_ELEMENTS (fractions));
  tcase_add_loop_test (tc, test_durations_never_drift, 0,
      G_N_ELEMENTS (durations));
  tcase_add_test (tc, test_lengths_differ_by_one_at_most);
  tcase_add_test (tc, test_the_mean_is_rate_times_duration);
  tcase_add_test (tc, test_a_restart_makes_the_next_batch_the_first);
  tcase_add_test (tc, test_a_length_taken_back_comes_again);
  tcase_add_test (tc, test_a_new_size_begins_anew);
  tcase_add_test (tc, test_nanoseconds_in_the_fraction_are_refused);
  tcase_add_test (tc, test_a_fraction_of_nearly_an_hour_is_taken);
  tcase_add_test (tc, test_a_batch_without_a_sample_is_refused);
  tcase_add_test (tc, test_a_batch_of_one_sample_is_taken);
  tcase_add_test (tc, test_too_many_samples_are_refused);
  tcase_add_test (tc, test_a_duration_that_would_wrap_around_is_refused);
  tcase_add_loop_test (tc, test_an_endless_duration_is_refused_with_its_seconds,
      0, G_N_ELEMENTS (rates));
  return suite;
}

GST_CHECK_MAIN (size);
