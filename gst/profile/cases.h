/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipelines to measure, and what was found of each. */
#pragma once

#include "figures.h"
#include "options.h"

G_BEGIN_DECLS

/* One pipeline. */
typedef struct
{
  /* for people, and one that fits under a bar of the plot */
  gchar *name;
  gchar *label;
  /* as launch_line_parse() takes it */
  gchar **line;
  /* 0 where the user's line decides */
  guint rate, channels, samples;
  /* as in RunRequest */
  gdouble seconds;
  guint hold;

  /* Figures of each finished run, by mode and in the order of the rounds */
  GPtrArray *runs[N_MODES];
} Case;

/* Every combination of @options, or the launch line; free with
 * g_ptr_array_unref(). NULL with PROFILE_ERROR_USAGE. */
GPtrArray *cases_new (const Options * options, GError ** error);

/* All of the runs of a mode in one, and the range of the CPU time of a batch.
 *
 * Returns: FALSE when no run of that mode has finished. */
typedef struct
{
  guint rounds;
  Figures figures;
  gdouble least_cpu, most_cpu;
} ModeSummary;

gboolean case_summarize (const Case * self, Mode mode, ModeSummary * summary);

gboolean case_has_runs (const Case * self);

G_END_DECLS
