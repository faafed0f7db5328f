/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pipelines the options ask for. */

#include "cases.h"

#include <gst/check/gstcheck.h>

#include "judgement.h"
#include "profileerror.h"

/* Parses @line, split at its blanks. */
static Options *
parse (const gchar * line, GError ** error)
{
  g_autofree gchar *command = g_strdup_printf ("program%s%s", *line ? " " : "",
      line);
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);

  return options_parse (&argv, error);
}

static GPtrArray *
make_cases (const gchar * line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = parse (line, &error);
  GPtrArray *cases;

  fail_unless (options != NULL, "%s", error ? error->message : "");
  cases = cases_new (options, &error);
  fail_unless (cases != NULL, "%s", error ? error->message : "");
  return cases;
}

GST_START_TEST (test_every_combination_is_a_case)
{
  g_autoptr (GPtrArray) cases =
      make_cases ("--rate 44100,96000 -c 1,2 -n 256,1024,65536");
  const guint expected[][3] = {
    {44100, 1, 256}, {44100, 1, 1024}, {44100, 1, 65536},
    {44100, 2, 256}, {44100, 2, 1024}, {44100, 2, 65536},
    {96000, 1, 256}, {96000, 1, 1024}, {96000, 1, 65536},
    {96000, 2, 256}, {96000, 2, 1024}, {96000, 2, 65536},
  };
  guint i;

  fail_unless_equals_int (cases->len, G_N_ELEMENTS (expected));
  for (i = 0; i < cases->len; i++) {
    const Case *of = g_ptr_array_index (cases, i);

    fail_unless_equals_int (of->rate, expected[i][0]);
    fail_unless_equals_int (of->channels, expected[i][1]);
    fail_unless_equals_int (of->samples, expected[i][2]);
    fail_if (case_has_runs (of));
  }
}

GST_END_TEST;

typedef struct
{
  const gchar *line, *text;
} Pair;

/* options, and a part of the first pipeline's line */
static const Pair lines[] = {
  {"", "num-buffers=50000 samples-per-batch=1024 ! "
        "audio/x-raw,format=F32LE,rate=48000,channels=1 ! queue"},
  /* by default 1 GiB of batches, within the bounds */
  {"-n 16384", "num-buffers=16384 "},
  {"-n 16384 -f S16LE", "num-buffers=32768 "},
  {"-n 1048576", "num-buffers=8000 "},
  {"-b 7", "num-buffers=7 "},
  /* rounded up to whole batches */
  {"-d 1", "num-buffers=47 "},
  {"-d 0.5 -n 24000", "num-buffers=1 "},
  {"--same-thread", "channels=1 ! fakesink"},
};

GST_START_TEST (test_a_pipeline_is_built_as_asked_for)
{
  g_autoptr (GPtrArray) cases = make_cases (lines[__i__].line);
  const Case *only = g_ptr_array_index (cases, 0);

  fail_unless_equals_int (cases->len, 1);
  fail_unless (strstr (only->line[0], lines[__i__].text) != NULL,
      "no '%s' in: %s", lines[__i__].text, only->line[0]);
  /* num-buffers ends the run, not a clock */
  fail_unless_equals_float (only->seconds, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_launch_line_is_taken_as_it_is)
{
  g_autoptr (GPtrArray) cases =
      make_cases ("-d 2 audiobatchsrc ! fakesink --rounds 4");
  const Case *only = g_ptr_array_index (cases, 0);

  fail_unless_equals_int (cases->len, 1);
  fail_unless_equals_string (only->name, "audiobatchsrc ! fakesink");
  fail_unless_equals_int (g_strv_length (only->line), 3);
  fail_unless_equals_float (only->seconds, 2);
}

GST_END_TEST;

GST_START_TEST (test_modes_are_those_that_were_asked_for)
{
  g_autoptr (Options) all = parse ("", NULL);
  g_autoptr (Options) two = parse ("--mode auto,fresh", NULL);

  fail_unless_equals_int (options_n_modes (all), 3);
  fail_unless_equals_int (options_n_modes (two), 2);
  fail_unless (two->modes[MODE_FRESH] && two->modes[MODE_AUTO]);
}

GST_END_TEST;

/* wrong options, and a part of the error message */
static const Pair wrong[] = {
  {"--rate 0", "'0' in '0'"},
  {"--rate 48000,", "'' in '48000,'"},
  {"--rate -48000", "'-48000'"},
  {"--channels x", "--channels takes numbers from 1 to 2147483647"},
  {"--samples-per-batch 1024,1e3", "'1e3' in '1024,1e3'"},
  {"--samples-per-batch 2147483648", "'2147483648'"},
  {"--rate=", "empty"},
  {"--mode fresh,recycle", "'recycle'"},
  {"--rounds 0", "--rounds is at least 1: 0"},
  {"--rounds x", "x"},
  {"--batches 0", "--batches is at least 1: 0"},
  {"--hold -1", "--hold is at least 0: -1"},
  {"--duration 0", "'0'"},
  {"--duration -1", "'-1'"},
  {"--duration nan", "'nan'"},
  {"--duration 1s", "'1s'"},
  {"--duration 1 --batches 1", "give one of them"},
  {"--format mp3", "'mp3'"},
  {"--plot cost.pdf", "'cost.pdf'"},
  {"--json - --csv -", "stdout"},
  {"--nothing", "--nothing"},
  {"--rate 1 audiobatchsrc", "--rate is for pipelines that are built"},
  {"--channels 1 audiobatchsrc", "--channels is for"},
  {"--samples-per-batch 1 audiobatchsrc", "--samples-per-batch is for"},
  {"--format S16LE audiobatchsrc", "--format is for"},
  {"--batches 1 audiobatchsrc", "--batches is for"},
  {"--hold 1 audiobatchsrc", "--hold is for"},
  {"--same-thread audiobatchsrc", "--same-thread is for"},
};

GST_START_TEST (test_what_is_wrong_is_told_with_its_value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = parse (wrong[__i__].line, &error);

  fail_unless (options == NULL, "taken: %s", wrong[__i__].line);
  fail_unless (g_error_matches (error, PROFILE_ERROR, PROFILE_ERROR_USAGE));
  fail_unless (strstr (error->message, wrong[__i__].text) != NULL,
      "%s: no '%s' in: %s", wrong[__i__].line, wrong[__i__].text,
      error->message);
}

GST_END_TEST;

GST_START_TEST (test_more_batches_than_a_run_can_have_are_refused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = parse ("-d 1000000 -n 1", &error);
  g_autoptr (GPtrArray) cases = cases_new (options, &error);

  fail_unless (cases == NULL);
  fail_unless (g_error_matches (error, PROFILE_ERROR, PROFILE_ERROR_USAGE));
  fail_unless (strstr (error->message, "48000000000 batches") != NULL, "%s",
      error->message);
}

GST_END_TEST;

/* 'p': the round ended with recycling, 'f': with fresh memory. */
static const struct
{
  const gchar *rounds;
  const gchar *sentence;
} autos[] = {
  {"f", "allocation=auto stayed with fresh memory."},
  {"fff", "allocation=auto stayed with fresh memory."},
  {"p", "allocation=auto came to recycle (rate)."},
  {"ppp", "allocation=auto came to recycle (rate)."},
  {"ppf", "allocation=auto came to recycle in 2 of 3 rounds (rate)."},
  {"fpf", "allocation=auto came to recycle in 1 of 3 rounds (rate)."},
};

GST_START_TEST (test_what_auto_did_counts_every_round)
{
  g_autoptr (GPtrArray) cases = make_cases ("");
  const Case *of = g_ptr_array_index (cases, 0);
  g_autofree gchar *sentence = NULL;
  const gchar *round;

  for (round = autos[__i__].rounds; *round; round++) {
    Figures *figures = g_new0 (Figures, 1);

    figures->advice = *round == 'p' ? "pool" : "fresh";
    figures->reason = *round == 'p' ? "rate" : "none";
    g_ptr_array_add (of->runs[MODE_AUTO], figures);
  }
  sentence = case_advice (of);
  fail_unless_equals_string (sentence, autos[__i__].sentence);
}

GST_END_TEST;

static Suite *
cases_suite (void)
{
  Suite *s = suite_create ("cases");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_every_combination_is_a_case);
  tcase_add_loop_test (tc, test_a_pipeline_is_built_as_asked_for, 0,
      G_N_ELEMENTS (lines));
  tcase_add_test (tc, test_a_launch_line_is_taken_as_it_is);
  tcase_add_test (tc, test_modes_are_those_that_were_asked_for);
  tcase_add_loop_test (tc, test_what_is_wrong_is_told_with_its_value, 0,
      G_N_ELEMENTS (wrong));
  tcase_add_test (tc, test_more_batches_than_a_run_can_have_are_refused);
  tcase_add_loop_test (tc, test_what_auto_did_counts_every_round, 0,
      G_N_ELEMENTS (autos));
  return s;
}

GST_CHECK_MAIN (cases);
