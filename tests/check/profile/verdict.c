/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict about recycling: each rule just above and just below its
 * threshold, and the figures in the sentence. */

#include "verdict.h"

#include <gst/check/gstcheck.h>

/* complete() fills in the other fields: three rounds that differ by 1 %, 20000
 * batches each, 46.875 batches a second (real time). QUICK has 50000 a
 * second. */
#define ROUNDS(ns) .cpu = ns
#define QUICK(ns) ROUNDS (ns), .batches_per_second = 50000
#define NO_RATE -1

typedef struct
{
  VerdictInput fresh, pool;
  VerdictChoice choice;
  /* a part of the sentence */
  const gchar *figures;
} Row;

static const Row rows[] = {
  /* one of the two is missing */
  {{0}, {0}, VERDICT_NONE, "No verdict"},
  {{ROUNDS (1000)}, {0}, VERDICT_NONE, "No verdict"},
  {{0}, {ROUNDS (1000)}, VERDICT_NONE, "No verdict"},

  /* equal, then 10 % less: the rule needs 1 % of a core, here 1 % and 0.99 % */
  {{QUICK (2000)}, {QUICK (2000)}, VERDICT_EITHER, "no measurable difference"},
  {{QUICK (2000)}, {QUICK (1800)}, VERDICT_POOL,
      "1.80 µs of CPU time in place of 2 µs (10 % less)"},
  {{QUICK (2000)}, {QUICK (1800)}, VERDICT_POOL, "saves 1 % of a core"},
  {{QUICK (2000)}, {QUICK (1801)}, VERDICT_EITHER,
      "little difference: stay with fresh, the simplest. A batch takes 2 µs "
      "(1.98 µs to 2.02 µs) of CPU time with fresh and 1.80 µs (1.78 µs to "
      "1.82 µs) with pool; less than 10 % does not count"},
  {{QUICK (2000)}, {QUICK (1961)}, VERDICT_EITHER, "no measurable difference"},
  {{QUICK (1980)}, {QUICK (1781)}, VERDICT_EITHER, "takes 2 such streams"},

  /* Half the time, but in real time that is nothing: 1 µs each for 46.875
   * batches a second. It takes 214 streams to reach 10000 a second. */
  {{ROUNDS (2000)}, {ROUNDS (1000)}, VERDICT_EITHER,
      "takes 214 such streams to save 1 % of one"},
  /* Page faults decide all the same, if fresh has one a batch or more and at
   * least twice the pool's. */
  {{ROUNDS (2000),.faults_per_1000 = 1000}, {ROUNDS (1000),
          .faults_per_1000 = 500}, VERDICT_POOL,
      "500 page faults in place of 1000"},
  {{ROUNDS (2000),.faults_per_1000 = 999}, {ROUNDS (1000),
          .faults_per_1000 = 0}, VERDICT_EITHER, "Stay with fresh"},
  {{ROUNDS (2000),.faults_per_1000 = 1000}, {ROUNDS (1000),
          .faults_per_1000 = 501}, VERDICT_EITHER, "Stay with fresh"},
  /* without a rate the sentence can't say how many streams it takes */
  {{ROUNDS (2000),.batches_per_second = NO_RATE}, {ROUNDS (1000),
          .batches_per_second =
            NO_RATE}, VERDICT_EITHER, "saves 0 % of a core."},

  /* if the rounds' ranges overlap, there is no difference */
  {{QUICK (2000),.least_cpu = 1500}, {QUICK (1400),.most_cpu = 1499},
      VERDICT_POOL, "30 % less"},
  {{QUICK (2000),.least_cpu = 1500}, {QUICK (1400),.most_cpu = 1500},
      VERDICT_EITHER, "no measurable difference"},
  /* one round must differ by a third */
  {{QUICK (2000),.rounds = 1}, {QUICK (1350),.rounds = 1}, VERDICT_NONE,
      "No verdict: a batch took 2 µs of CPU time with fresh and 1.35 µs with "
      "pool, and with one round a difference below 33 % can be chance. For a "
      "verdict, type --rounds 3."},
  {{QUICK (2000),.rounds = 2}, {QUICK (2000),.rounds = 1}, VERDICT_NONE,
      "type --rounds 3"},
  {{QUICK (2000),.rounds = 1}, {QUICK (1330),.rounds = 1}, VERDICT_POOL,
      "34 % less"},

  /* if the pool is slower, the rate doesn't matter */
  {{ROUNDS (1000)}, {ROUNDS (1111)}, VERDICT_EITHER, "little difference"},
  {{ROUNDS (1000)}, {ROUNDS (1112)}, VERDICT_FRESH,
      "Keep fresh: a batch takes 1 µs of CPU time in place of 1.11 µs"},

  /* half of the batches found the pool empty */
  {{ROUNDS (1000)}, {ROUNDS (1000),.fallbacks = 30000}, VERDICT_FRESH,
      "empty for 50 % of the batches"},
  {{ROUNDS (1000)}, {ROUNDS (1000),.fallbacks = 29999}, VERDICT_EITHER,
      "no measurable"},

  /* pauses: p999 over 1 % of 21.3 ms, at most half of it with the pool, and
   * 1000 allocations timed */
  {{ROUNDS (1000),.p999 = 213334}, {ROUNDS (1000),.p999 = 106000},
      VERDICT_POOL, "takes 213 µs or more, of the 21.3 ms"},
  {{ROUNDS (1000),.p999 = 213333}, {ROUNDS (1000),.p999 = 106000},
      VERDICT_EITHER, "no measurable"},
  {{ROUNDS (1000),.p999 = 213334}, {ROUNDS (1000),.p999 = 106668},
      VERDICT_EITHER, "no measurable"},
  {{ROUNDS (1000),.p999 = 213334,.timed = 999}, {ROUNDS (1000),.p999 = 1},
      VERDICT_EITHER, "no measurable"},

  /* memory: 4 MiB or more, and a quarter less with the pool */
  {{ROUNDS (1000),.rss_growth = 16777216}, {ROUNDS (1000),
          .rss_growth = 12582912}, VERDICT_POOL,
      "grows by 12 MiB in place of 16 MiB"},
  {{ROUNDS (1000),.rss_growth = 16777217}, {ROUNDS (1000),
          .rss_growth = 12582913}, VERDICT_EITHER, "no measurable"},
  {{ROUNDS (1000),.rss_growth = 4194303}, {ROUNDS (1000)}, VERDICT_EITHER,
      "no measurable"},

  /* the first rule that applies decides: CPU time, an empty pool, pauses,
   * memory */
  {{QUICK (2000),.p999 = 213334}, {QUICK (1500),.fallbacks = 60000,.p999 = 1},
      VERDICT_POOL, "CPU time"},
  {{ROUNDS (1000),.p999 = 213334}, {ROUNDS (1000),.fallbacks = 60000,
          .p999 = 1}, VERDICT_FRESH, "empty"},
  {{ROUNDS (1000),.p999 = 213334,.rss_growth = 16777216}, {ROUNDS (1000),
          .p999 = 1}, VERDICT_POOL, "one allocation in a thousand"},
};

static VerdictInput
complete (const VerdictInput * row)
{
  VerdictInput input = *row;
  const struct
  {
    gdouble *value;
    gdouble otherwise;
  } defaults[] = {
    {&input.least_cpu, input.cpu * 0.99},
    {&input.most_cpu, input.cpu * 1.01},
    {&input.timed, 2500},
    {&input.p999, 400},
    {&input.batches, 60000},
    {&input.batches_per_second, 46.875},
  };
  guint i;

  for (i = 0; input.cpu > 0 && i < G_N_ELEMENTS (defaults); i++) {
    if (*defaults[i].value == 0)
      *defaults[i].value = defaults[i].otherwise;
  }
  if (input.cpu > 0 && input.rounds == 0)
    input.rounds = 3;
  input.batches_per_second = MAX (input.batches_per_second, 0);
  return input;
}

GST_START_TEST (test_figures_get_their_verdict)
{
  const Row *row = &rows[__i__];
  VerdictInput fresh = complete (&row->fresh);
  VerdictInput pool = complete (&row->pool);
  Verdict verdict;

  verdict_reach (&fresh, &pool, &verdict);
  fail_unless (verdict.choice == row->choice, "row %d: %s: %s", __i__,
      verdict_choice_name (verdict.choice), verdict.sentence);
  fail_unless (strstr (verdict.sentence, row->figures) != NULL,
      "row %d: no '%s' in: %s", __i__, row->figures, verdict.sentence);
  fail_unless (g_str_has_suffix (verdict.sentence, "."), "%s",
      verdict.sentence);
  g_free (verdict.sentence);
}

GST_END_TEST;

static Suite *
verdict_suite (void)
{
  Suite *s = suite_create ("verdict");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_figures_get_their_verdict, 0,
      G_N_ELEMENTS (rows));
  return s;
}

GST_CHECK_MAIN (verdict);
