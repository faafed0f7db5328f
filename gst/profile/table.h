/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as text for a terminal. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* The name of the case, a row for each mode that has run, and the verdict. The
 * caller owns the text. */
gchar *table_of_case (const Case * of);

G_END_DECLS
