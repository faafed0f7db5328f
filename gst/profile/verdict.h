/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says from what was measured whether to recycle, and why. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What was measured of one way of allocation. */
typedef struct
{
  /* how often; 0: not at all */
  guint rounds;
  /* CPU time of a batch, ns: the median of the rounds, the least, the most */
  gdouble cpu, least_cpu, most_cpu;
  /* 99.9th percentile of the time to get the memory of a batch, ns, and of how
   * many batches a run */
  gdouble p999, timed;
  gdouble faults_per_1000;
  gdouble rss_growth;
  gdouble batches, fallbacks;
  /* in real time */
  gdouble batches_per_second;
} VerdictInput;

typedef enum
{
  /* fresh and pool were not both measured */
  VERDICT_NONE,
  VERDICT_FRESH,
  VERDICT_POOL,
  /* no difference, or too little: fresh is simpler */
  VERDICT_EITHER
} VerdictChoice;

typedef struct
{
  VerdictChoice choice;
  gchar *sentence;
} Verdict;

const gchar *verdict_choice_name (VerdictChoice choice);

/* Pure. Of the reasons to recycle that hold, the first of CPU time, pauses and
 * memory is given. @verdict's sentence is the caller's to free. */
void verdict_reach (const VerdictInput * fresh, const VerdictInput * pool,
    Verdict * verdict);

G_END_DECLS
