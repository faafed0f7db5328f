/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-audiobatch-profile-1.0: tells whether a pipeline should recycle the
 * memory of its batches. */

#include <gst/gst.h>
#include <locale.h>
#include <string.h>

#include "cases.h"
#include "document.h"
#include "launchline.h"
#include "measurement.h"
#include "output.h"
#include "pipelinerun.h"
#include "plot.h"
#include "profileerror.h"
#include "table.h"

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

static void
show_case (const Case * of, gpointer data)
{
  const Options *options = data;
  g_autofree gchar *table = table_of_case (of);

  /* stdout is for JSON or CSV if the user asked for that */
  if (g_strcmp0 (options->json, OUTPUT_STDOUT) == 0
      || g_strcmp0 (options->csv, OUTPUT_STDOUT) == 0)
    g_printerr ("%s\n", table);
  else
    g_print ("%s\n", table);
}

static gboolean
write_text (const gchar * path, gchar * text, GError ** error)
{
  gboolean written = output_write (path, text, strlen (text), error);

  g_free (text);
  return written;
}

static gboolean
write_outputs (const Options * options, const GPtrArray * cases,
    gboolean interrupted, GError ** error)
{
  if (options->json && !write_text (options->json,
          document_json (cases, interrupted), error))
    return FALSE;
  if (options->csv && !write_text (options->csv, document_csv (cases), error))
    return FALSE;
  return !options->plot || plot_write (cases, options->plot, error);
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

/* Writes the results even if the measurement ended early. */
static gboolean
measure_and_write (const Options * options, GPtrArray * cases, GError ** error)
{
  g_autoptr (GError) early = NULL;

  if (!measure_cases (cases, options, show_case, (gpointer) options, &early)) {
    gboolean interrupted = g_error_matches (early, PROFILE_ERROR,
        PROFILE_ERROR_INTERRUPTED);
    g_autoptr (GError) why = NULL;

    if (any_runs (cases)
        && !write_outputs (options, cases, interrupted, &why))
      g_printerr ("%s: %s\n", PROFILE_NAME, why->message);
    g_propagate_error (error, g_steal_pointer (&early));
    return FALSE;
  }
  return write_outputs (options, cases, FALSE, error);
}

static gboolean
profile (const Options * options, GError ** error)
{
  g_autoptr (GPtrArray) cases = cases_new (options, error);

  return cases && check_before (options, cases, error)
      && measure_and_write (options, cases, error);
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
  if (error->code == PROFILE_ERROR_INTERRUPTED)
    g_printerr ("%s: interrupted; this is what was measured\n", PROFILE_NAME);
  else
    g_printerr ("%s: %s\n", PROFILE_NAME, error->message);
  if (error->code == PROFILE_ERROR_USAGE)
    g_printerr ("%s --help lists the options.\n", PROFILE_NAME);
  return error->code;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) args = g_strdupv (argv);
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = NULL;

  gst_init (NULL, NULL);
  /* the user's character set, but "." in numbers */
  (void) setlocale (LC_ALL, "");
  (void) setlocale (LC_NUMERIC, "C");
  g_set_prgname (PROFILE_NAME);
  options = options_parse (&args, &error);
  if (!options)
    return report (error);
  if (options->version) {
    g_print ("%s %s\n", PROFILE_NAME, PACKAGE_VERSION);
    return PROFILE_OK;
  }
  if (options->run)
    return run_child (options);
  if (!profile (options, &error))
    return report (error);
  return PROFILE_OK;
}
