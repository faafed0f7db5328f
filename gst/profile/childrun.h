/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a pipeline once, in a process of its own: the heap that a run leaves
 * behind does not affect the next run, and a crash ends only one run. */
#pragma once

#include "pipelinerun.h"

G_BEGIN_DECLS

/* Runs the main loop of the default context until the child ends. @interrupt
 * ends the child.
 *
 * Returns: FALSE with an error of the run, PROFILE_ERROR_PIPELINE for a crash,
 * or PROFILE_ERROR_INTERRUPTED. */
gboolean child_run (const RunRequest * request, GCancellable * interrupt,
    Figures * figures, GError ** error);

G_END_DECLS
