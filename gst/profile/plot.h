/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the results with gnuplot: the cost of a batch, and the time to get its
 * memory. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* Checks before the measurement that gnuplot is installed.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean plot_check (GError ** error);

/* Draws the cases that have run into @path, which ends in .svg or .png.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean plot_write (const GPtrArray * cases, const gchar * path,
    GError ** error);

/* The script for gnuplot; the caller owns it. */
gchar *plot_script (const GPtrArray * cases, gboolean svg);

G_END_DECLS
