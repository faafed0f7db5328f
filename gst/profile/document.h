/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as JSON and CSV. docs/profile.md describes both. */
#pragma once

#include "cases.h"

G_BEGIN_DECLS

/* @cases holds Case. @early: why the measurement ended early, or NULL. The
 * caller owns the text that is returned. */
gchar *document_json (const GPtrArray * cases, const GError * early);

/* A line of names, then one line for each case and mode that has run. */
gchar *document_csv (const GPtrArray * cases);

G_END_DECLS
