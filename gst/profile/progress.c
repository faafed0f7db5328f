/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line on the terminal that shows the progress of the measurement. */

#include "progress.h"

#include <unistd.h>

#include "terminal.h"

#define BAR 20
/* if the terminal does not tell its width */
#define COLUMNS 80

void
progress_start (Progress * self, guint total)
{
  self->terminal = isatty (STDERR_FILENO);
  self->done = 0;
  self->total = total;
  self->start = g_get_monotonic_time ();
}

static gchar *
make_bar (const Progress * self)
{
  guint full = BAR * self->done / MAX (self->total, 1);
  g_autofree gchar *done = g_strnfill (full, '#');
  g_autofree gchar *left = g_strnfill (BAR - full, '-');

  return g_strconcat (done, left, NULL);
}

/* Estimates from the finished runs; empty before the first one is done. */
static gchar *
tell_rest (const Progress * self)
{
  gdouble passed = g_get_monotonic_time () - self->start;

  if (self->done == 0)
    return g_strdup ("");
  return g_strdup_printf (", %.0f s left",
      passed / self->done * (self->total - self->done) / G_USEC_PER_SEC);
}

/* The last column stays free: some terminals begin a new line there. */
static glong
longest_line (void)
{
  guint columns = terminal_columns (STDERR_FILENO);

  return columns == G_MAXUINT ? COLUMNS - 1 : columns - 1;
}

void
progress_show (Progress * self, const gchar * what)
{
  g_autofree gchar *bar = make_bar (self);
  g_autofree gchar *rest = tell_rest (self);
  g_autofree gchar *line = NULL;
  g_autofree gchar *fitting = NULL;

  if (!self->terminal)
    return;
  line = g_strdup_printf ("[%s] run %u of %u%s: %s", bar, self->done + 1,
      self->total, rest, what);
  fitting = g_utf8_substring (line, 0, MIN (g_utf8_strlen (line, -1),
          longest_line ()));
  progress_clear (self);
  g_printerr ("%s", fitting);
}

void
progress_done (Progress * self)
{
  self->done++;
}

void
progress_clear (const Progress * self)
{
  if (self->terminal)
    g_printerr ("\r\033[K");
}
