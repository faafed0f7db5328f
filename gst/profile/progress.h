/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line on the terminal that says how far the measurement is. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread-safety: one thread. */
typedef struct
{
  /* stderr is a terminal; otherwise nothing is written */
  gboolean terminal;
  guint done, total;
  gint64 start;
} Progress;

void progress_start (Progress * self, guint total);

/* One more run begins, of what @what says. */
void progress_show (Progress * self, const gchar * what);

void progress_done (Progress * self);

/* Takes the line away. */
void progress_clear (const Progress * self);

G_END_DECLS
