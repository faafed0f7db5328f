/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a pipeline once, in this process. */
#pragma once

#include "figures.h"

G_BEGIN_DECLS

typedef struct
{
  /* for launch_line_parse() */
  const gchar *const *line;
  /* the value of the property allocation */
  const gchar *mode;
  /* send EOS after this many seconds; 0: the stream ends by itself */
  gdouble seconds;
  /* batches that the consumer keeps, in a pipeline that was built here */
  guint hold;
} RunRequest;

/* Plays the pipeline to its end.
 *
 * Returns: FALSE with PROFILE_ERROR_USAGE or PROFILE_ERROR_PIPELINE. */
gboolean pipeline_run (const RunRequest * request, Figures * figures,
    GError ** error);

/* The main function of a child process. Runs the pipeline and writes the report
 * that child_run() reads to stdout. Discards what the pipeline writes there.
 *
 * Returns: the exit status. */
int pipeline_run_main (const RunRequest * request);

G_END_DECLS
