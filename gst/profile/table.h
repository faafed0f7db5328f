/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was measured, as text for a terminal. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* The name of the case, a row for each mode that has run, the verdict. The
 * caller owns it. */
gchar *table_of_case (const Case * of);

G_END_DECLS
