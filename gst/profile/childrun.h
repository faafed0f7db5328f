/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of a pipeline, in a process of its own: what a run leaves behind in
 * the heap can't help or hinder the next, and a crash ends that run only. */
#pragma once

#include "pipelinerun.h"

G_BEGIN_DECLS

/* Runs the main loop of the default context meanwhile. @interrupt ends the
 * child.
 *
 * Returns: FALSE with an error of the run, PROFILE_ERROR_PIPELINE for a crash,
 * or PROFILE_ERROR_INTERRUPTED. */
gboolean child_run (const RunRequest * request, GCancellable * interrupt,
    Figures * figures, GError ** error);

G_END_DECLS
