/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as text for a terminal. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* The name of the case, the figures of each mode that has run, and the verdict.
 * If @available columns are too few for a row for each mode, each figure gets a
 * line. G_MAXUINT: any width. The caller owns the text. */
gchar *table_of_case (const Case * of, guint available);

G_END_DECLS
