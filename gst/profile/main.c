/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-audiobatch-profile-1.0: tells whether a pipeline should recycle the
 * memory of its batches. */

#include <gst/gst.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "document.h"
#include "launchline.h"
#include "measurement.h"
#include "output.h"
#include "pipelinerun.h"
#include "plot.h"
#include "profileerror.h"
#include "table.h"
#include "terminal.h"

/* Checks everything that can be checked before minutes of measuring. */
static gboolean
check_before (const Options * options, const GPtrArray * cases, GError ** error)
{
  const Case *of = g_ptr_array_index (cases, 0);
  g_autoptr (GstElement) pipeline =
      launch_line_parse ((const gchar * const *) of->line, error);
  g_autoptr (GPtrArray) batchers = NULL;

  if (!pipeline)
    return FALSE;
  batchers = launch_line_batchers (pipeline, error);
  return batchers && output_check (options->json, error)
      && output_check (options->csv, error)
      && output_check (options->plot, error)
      && (!options->plot || plot_check (error));
}

static gboolean
is_stdout (const gchar * path)
{
  return g_strcmp0 (path, OUTPUT_STDOUT) == 0;
}

/* Without UTF-8, "us" reads better than "?s". */
static gchar *
for_terminal (const gchar * text)
{
  g_auto (GStrv) parts = g_strsplit (text, "µ", -1);

  return g_strjoinv (g_get_charset (NULL) ? "µ" : "u", parts);
}

static void
show_case (const Case * of, gpointer data)
{
  const Options *options = data;
  /* stdout is for JSON or CSV if the user asked for that */
  gboolean taken = is_stdout (options->json) || is_stdout (options->csv);
  g_autofree gchar *table =
      table_of_case (of, terminal_columns (taken ? STDERR_FILENO :
          STDOUT_FILENO));
  g_autofree gchar *text = for_terminal (table);

  if (taken)
    g_printerr ("%s\n", text);
  else
    g_print ("%s\n", text);
}

static gboolean
write_text (const gchar * path, gchar * text, GError ** error)
{
  gboolean written = output_write (path, text, strlen (text), error);

  g_free (text);
  return written;
}

static gboolean
any_runs (const GPtrArray * cases)
{
  guint i;

  for (i = 0; i < cases->len; i++) {
    if (case_has_runs (g_ptr_array_index (cases, i)))
      return TRUE;
  }
  return FALSE;
}

/* @early: why the measurement ended early, or NULL. If nothing was measured,
 * files stay as they are, but JSON on stdout says so. */
static gboolean
write_outputs (const Options * options, const GPtrArray * cases,
    const GError * early, GError ** error)
{
  gboolean any = any_runs (cases);

  if (options->json && (any || is_stdout (options->json))
      && !write_text (options->json, document_json (cases, early), error))
    return FALSE;
  if (options->csv && any
      && !write_text (options->csv, document_csv (cases), error))
    return FALSE;
  return !options->plot || !any || plot_write (cases, options->plot, error);
}

static GError *
explain_interrupt (const GPtrArray * cases)
{
  return g_error_new_literal (PROFILE_ERROR, PROFILE_ERROR_INTERRUPTED,
      any_runs (cases) ? "interrupted; this is what was measured" :
      "interrupted before the first run ended, so nothing was measured");
}

/* Writes the results even if the measurement ended early. */
static gboolean
measure_and_write (const Options * options, GPtrArray * cases,
    Interrupt * interrupt, GError ** error)
{
  g_autoptr (GError) early = NULL;
  g_autoptr (GError) why = NULL;

  if (measure_cases (cases, options, interrupt, show_case, (gpointer) options,
          &early))
    return write_outputs (options, cases, NULL, error);
  if (g_error_matches (early, PROFILE_ERROR, PROFILE_ERROR_INTERRUPTED)) {
    g_clear_error (&early);
    early = explain_interrupt (cases);
  }
  if (!write_outputs (options, cases, early, &why))
    g_printerr ("%s: %s\n", PROFILE_NAME, why->message);
  g_propagate_error (error, g_steal_pointer (&early));
  return FALSE;
}

static gboolean
profile (const Options * options, Interrupt * interrupt, GError ** error)
{
  g_autoptr (GPtrArray) cases = cases_new (options, error);

  return cases && check_before (options, cases, error)
      && measure_and_write (options, cases, interrupt, error);
}

static int
run_child (const Options * options)
{
  const RunRequest request = {
    .line = (const gchar * const *) options->line,
    .mode = options->run,
    .seconds = options->duration,
    .hold = options->hold,
  };

  return pipeline_run_main (&request);
}

static int
report (const GError * error)
{
  g_printerr ("%s: %s\n", PROFILE_NAME, error->message);
  if (error->code == PROFILE_ERROR_USAGE)
    g_printerr ("%s --help lists the options.\n", PROFILE_NAME);
  return error->code;
}

static int
run (gchar *** args, Interrupt * interrupt)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = options_parse (args, &error);

  if (!options)
    return report (error);
  if (options->version) {
    g_print ("%s %s\n", PROFILE_NAME, PACKAGE_VERSION);
    return PROFILE_OK;
  }
  if (options->run)
    return run_child (options);
  if (!profile (options, interrupt, &error))
    return report (error);
  return PROFILE_OK;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) args = g_strdupv (argv);
  Interrupt interrupt;
  int status;

  /* before GStreamer scans its plugins, which can take seconds */
  interrupt_watch (&interrupt);
  gst_init (NULL, NULL);
  /* the user's character set, but "." in numbers */
  (void) setlocale (LC_ALL, "");
  (void) setlocale (LC_NUMERIC, "C");
  g_set_prgname (PROFILE_NAME);
  status = run (&args, &interrupt);
  interrupt_clear (&interrupt);
  return status;
}
