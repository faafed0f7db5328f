/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks and writes the files of results. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* the file name that means stdout */
#define OUTPUT_STDOUT "-"

/* Checks before the measurement that @path (NULL: no file) can be written. Does
 * not touch the file.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean output_check (const gchar * path, GError ** error);

/* Replaces the file.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean output_write (const gchar * path, const gchar * data, gsize size,
    GError ** error);

G_END_DECLS
