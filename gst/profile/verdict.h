/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides from the figures whether to recycle, and says why. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The figures of one mode. */
typedef struct
{
  /* 0: not measured */
  guint rounds;
  /* CPU time of a batch, ns: the median of the rounds, the least, the most */
  gdouble cpu, least_cpu, most_cpu;
  /* 99.9th percentile of the time to get the memory of a batch, ns, and the
   * number of batches timed in a run */
  gdouble p999, timed;
  gdouble faults_per_1000;
  gdouble rss_growth;
  gdouble batches, fallbacks;
  /* in real time */
  gdouble batches_per_second;
} VerdictInput;

typedef enum
{
  /* fresh and pool were not both measured, or one round does not tell */
  VERDICT_NONE,
  VERDICT_FRESH,
  VERDICT_POOL,
  /* little or no difference: prefer fresh, which is simpler */
  VERDICT_EITHER
} VerdictChoice;

typedef struct
{
  VerdictChoice choice;
  gchar *sentence;
} Verdict;

const gchar *verdict_choice_name (VerdictChoice choice);

/* Pure. If there are several reasons to recycle, gives the first of CPU time,
 * pauses and memory. The caller frees the sentence of @verdict. */
void verdict_reach (const VerdictInput * fresh, const VerdictInput * pool,
    Verdict * verdict);

G_END_DECLS
