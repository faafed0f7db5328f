/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs all cases; the modes of a case take turns. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* Called after each case that has runs, also if the measurement ended early. */
typedef void (*MeasurementShow) (const Case * of, gpointer data);

/* Fills the runs of @cases. Ctrl-C ends the current run and the measurement; a
 * second Ctrl-C ends the program.
 *
 * Returns: FALSE with PROFILE_ERROR_PIPELINE or PROFILE_ERROR_INTERRUPTED. The
 * finished runs stay in @cases. */
gboolean measure_cases (GPtrArray * cases, const Options * options,
    MeasurementShow show, gpointer data, GError ** error);

G_END_DECLS
