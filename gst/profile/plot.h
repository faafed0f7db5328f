/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was measured, as a picture: what a batch costs, and how long it takes to
 * get its memory. Drawn by gnuplot. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* Before anything is measured.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT where there is no gnuplot. */
gboolean plot_check (GError ** error);

/* Draws the cases that have run into @path, which ends in .svg or .png.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean plot_write (const GPtrArray * cases, const gchar * path,
    GError ** error);

/* What gnuplot is told; the caller owns it. */
gchar *plot_script (const GPtrArray * cases, gboolean svg);

G_END_DECLS
