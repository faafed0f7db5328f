/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs all cases; the modes of a case take turns. */
#pragma once

#include <gio/gio.h>

#include "cases.h"

G_BEGIN_DECLS

/* Called after each case that has runs, also if the measurement ended early. */
typedef void (*MeasurementShow) (const Case * of, gpointer data);

/* Thread-safety: one thread, the one of the default main context. */
typedef struct
{
  GCancellable *cancelled;
  guint source;
} Interrupt;

/* Handles Ctrl-C from now on. The first one ends the measurement, even if that
 * has not begun yet. A second one during the measurement ends the program. */
void interrupt_watch (Interrupt * self);
void interrupt_clear (Interrupt * self);

/* Fills the runs of @cases. Clears the watch at the end: then Ctrl-C ends the
 * program.
 *
 * Returns: FALSE with PROFILE_ERROR_PIPELINE or PROFILE_ERROR_INTERRUPTED. The
 * finished runs stay in @cases. */
gboolean measure_cases (GPtrArray * cases, const Options * options,
    Interrupt * interrupt, MeasurementShow show, gpointer data,
    GError ** error);

G_END_DECLS
