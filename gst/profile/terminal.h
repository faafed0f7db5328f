/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How wide a terminal is, and texts that fit. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The columns of the terminal @fd: what it tells, or COLUMNS if that is less.
 *
 * Returns: G_MAXUINT if @fd is no terminal or its width is not known. */
guint terminal_columns (int fd);

/* Appends a paragraph. Breaks lines between words at @columns, but at 100 if
 * there are more. Breaks a word only if it is longer than @columns. */
void terminal_append_paragraph (GString * text, const gchar * sentence,
    guint columns);

G_END_DECLS
