/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on a case, and the advice of its elements. */

#include "judgement.h"

static void
fill_input (const Case * of, Mode mode, VerdictInput * input)
{
  const VerdictInput nothing = { 0 };
  ModeSummary summary;
  const gdouble *value;

  *input = nothing;
  if (!case_summarize (of, mode, &summary))
    return;
  value = summary.figures.value;
  input->rounds = summary.rounds;
  input->cpu = value[FIGURE_CPU_PER_BATCH];
  input->least_cpu = summary.least_cpu;
  input->most_cpu = summary.most_cpu;
  input->p999 = value[FIGURE_P999];
  /* percentiles are per run, so count per run */
  input->timed = value[FIGURE_TIMED] / summary.rounds;
  input->faults_per_1000 = value[FIGURE_FAULTS_PER_1000];
  input->rss_growth = value[FIGURE_RSS_GROWTH];
  input->batches = value[FIGURE_BATCHES];
  input->fallbacks = value[FIGURE_FALLBACKS];
  input->batches_per_second = value[FIGURE_BATCHES_PER_SECOND];
}

void
case_judge (const Case * self, Verdict * verdict)
{
  VerdictInput fresh, pool;

  fill_input (self, MODE_FRESH, &fresh);
  fill_input (self, MODE_POOL, &pool);
  verdict_reach (&fresh, &pool, verdict);
}

/* What auto did in the rounds, with the reason of the last one that recycled. */
static gchar *
tell_auto (const GPtrArray * runs)
{
  const gchar *reason = NULL;
  guint i, pool = 0;

  for (i = 0; i < runs->len; i++) {
    const Figures *run = g_ptr_array_index (runs, i);

    if (!g_str_equal (run->advice, "pool"))
      continue;
    pool++;
    reason = run->reason;
  }
  if (pool == 0)
    return g_strdup ("allocation=auto stayed with fresh memory.");
  if (pool == runs->len)
    return g_strdup_printf ("allocation=auto came to recycle (%s).", reason);
  return g_strdup_printf ("allocation=auto came to recycle in %u of %u rounds "
      "(%s).", pool, runs->len, reason);
}

gchar *
case_advice (const Case * self)
{
  ModeSummary summary;

  if (self->runs[MODE_AUTO]->len > 0)
    return tell_auto (self->runs[MODE_AUTO]);
  /* fresh first: there, recycling does not affect the advice */
  if (case_summarize (self, MODE_FRESH, &summary)
      || case_summarize (self, MODE_POOL, &summary))
    return g_strdup_printf ("The element's figures advise %s (%s).",
        summary.figures.advice, summary.figures.reason);
  return NULL;
}
