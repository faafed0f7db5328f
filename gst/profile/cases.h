/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipelines to measure, with the figures of their runs. */
#pragma once

#include "figures.h"
#include "options.h"

G_BEGIN_DECLS

typedef struct
{
  /* a name for people, and a short one for the x axis of the plot */
  gchar *name;
  gchar *label;
  /* for launch_line_parse() */
  gchar **line;
  /* 0 for a launch line of the user */
  guint rate, channels, samples;
  /* for RunRequest */
  gdouble seconds;
  guint hold;

  /* Figures of each finished run, by mode, in the order of the rounds */
  GPtrArray *runs[N_MODES];
} Case;

/* One case for each combination of @options, or one for the launch line.
 *
 * Returns: Case, free with g_ptr_array_unref(); NULL with
 * PROFILE_ERROR_USAGE. */
GPtrArray *cases_new (const Options * options, GError ** error);

/* All runs of one mode combined, with the range of the CPU time of a batch. */
typedef struct
{
  guint rounds;
  Figures figures;
  gdouble least_cpu, most_cpu;
} ModeSummary;

/* Returns: FALSE if no run of that mode has finished. */
gboolean case_summarize (const Case * self, Mode mode, ModeSummary * summary);

gboolean case_has_runs (const Case * self);

G_END_DECLS
