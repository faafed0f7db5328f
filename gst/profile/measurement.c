/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs all cases; the modes of a case take turns. */

#include "measurement.h"

#include <glib-unix.h>
#include <signal.h>

#include "childrun.h"
#include "progress.h"

typedef struct
{
  const Options *options;
  Progress progress;
  GCancellable *interrupt;
} Measurement;

static gboolean
take_signal (gpointer data)
{
  Interrupt *self = data;

  g_cancellable_cancel (self->cancelled);
  self->source = 0;
  /* without this source, the next Ctrl-C ends the program */
  return G_SOURCE_REMOVE;
}

void
interrupt_watch (Interrupt * self)
{
  self->cancelled = g_cancellable_new ();
  self->source = g_unix_signal_add (SIGINT, take_signal, self);
}

void
interrupt_clear (Interrupt * self)
{
  if (self->source)
    g_source_remove (self->source);
  self->source = 0;
  g_clear_object (&self->cancelled);
}

static gboolean
run_once (Measurement * self, Case * of, Mode mode, GError ** error)
{
  const RunRequest request = {
    .line = (const gchar * const *) of->line,
    .mode = mode_names[mode],
    .seconds = of->seconds,
    .hold = of->hold,
  };
  g_autofree gchar *what = g_strdup_printf ("%s, %s", mode_names[mode],
      of->name);
  g_autofree Figures *figures = g_new0 (Figures, 1);

  progress_show (&self->progress, what);
  if (!child_run (&request, self->interrupt, figures, error)) {
    g_prefix_error (error, "allocation=%s: ", mode_names[mode]);
    return FALSE;
  }
  progress_done (&self->progress);
  g_ptr_array_add (of->runs[mode], g_steal_pointer (&figures));
  return TRUE;
}

/* The modes take turns, so that a disturbance of the machine affects all of
 * them. */
static gboolean
measure_case (Measurement * self, Case * of, GError ** error)
{
  gint round;
  guint mode;

  for (round = 0; round < self->options->rounds; round++) {
    for (mode = 0; mode < N_MODES; mode++) {
      if (self->options->modes[mode] && !run_once (self, of, mode, error))
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
measure_cases (GPtrArray * cases, const Options * options,
    Interrupt * interrupt, MeasurementShow show, gpointer data, GError ** error)
{
  Measurement self = {.options = options,.interrupt = interrupt->cancelled };
  gboolean good = TRUE;
  guint i;

  progress_start (&self.progress,
      cases->len * options->rounds * options_n_modes (options));
  for (i = 0; good && i < cases->len; i++) {
    Case *of = g_ptr_array_index (cases, i);

    good = measure_case (&self, of, error);
    progress_clear (&self.progress);
    if (case_has_runs (of))
      show (of, data);
  }
  interrupt_clear (interrupt);
  return good;
}
