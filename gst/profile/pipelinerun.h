/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of a pipeline, in this process. */
#pragma once

#include "figures.h"

G_BEGIN_DECLS

typedef struct
{
  /* as launch_line_parse() takes it */
  const gchar *const *line;
  /* for the property allocation */
  const gchar *mode;
  /* EOS is sent after so many seconds; 0: the stream ends by itself */
  gdouble seconds;
  /* batches that the consumer of a built pipeline keeps */
  guint hold;
} RunRequest;

/* Plays the pipeline to its end.
 *
 * Returns: FALSE with PROFILE_ERROR_USAGE or PROFILE_ERROR_PIPELINE. */
gboolean pipeline_run (const RunRequest * request, Figures * figures,
    GError ** error);

/* The main function of a child process: runs the pipeline and writes what
 * child_run() reads, to what was stdout: the pipeline's own output is thrown
 * away.
 *
 * Returns: the exit status. */
int pipeline_run_main (const RunRequest * request);

G_END_DECLS
