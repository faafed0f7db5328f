/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on a case, and the advice of its elements. */
#pragma once

#include "cases.h"
#include "verdict.h"

G_BEGIN_DECLS

/* The caller frees the sentence. */
void case_judge (const Case * self, Verdict * verdict);

/* A sentence with what auto did, or else with the elements' own advice, or NULL
 * if nothing has run; the caller owns it. */
gchar *case_advice (const Case * self);

G_END_DECLS
