/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runs of all cases, in turns. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* Called with each case that has been measured, or was when it ended. */
typedef void (*MeasurementShow) (const Case * of, gpointer data);

/* Fills the runs of @cases. Ctrl-C ends the run that is under way, and a second
 * one the program.
 *
 * Returns: FALSE with PROFILE_ERROR_PIPELINE or PROFILE_ERROR_INTERRUPTED. What
 * was measured by then stays. */
gboolean measure_cases (GPtrArray * cases, const Options * options,
    MeasurementShow show, gpointer data, GError ** error);

G_END_DECLS
