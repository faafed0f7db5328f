/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of results: whether they can be written, and writing them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* stdout, in place of a file */
#define OUTPUT_STDOUT "-"

/* Before anything is measured: whether a file of that name (NULL: no file) can
 * be written. It is not touched.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean output_check (const gchar * path, GError ** error);

/* Replaces the file.
 *
 * Returns: FALSE with PROFILE_ERROR_OUTPUT. */
gboolean output_write (const gchar * path, const gchar * data, gsize size,
    GError ** error);

G_END_DECLS
