/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line on the terminal that shows the progress of the measurement. */
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

/* The next run begins; @what describes it. */
void progress_show (Progress * self, const gchar * what);

void progress_done (Progress * self);

/* Removes the line. */
void progress_clear (const Progress * self);

G_END_DECLS
