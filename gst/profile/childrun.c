/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a pipeline once, in a process of its own. */

#include "childrun.h"

#include <signal.h>

#include "profileerror.h"

typedef struct
{
  GMainLoop *loop;
  gchar *report;
  GError *error;
} Talk;

static void
add_words (GPtrArray * argv, const gchar * const *words)
{
  for (; *words; words++)
    g_ptr_array_add (argv, g_strdup (*words));
}

/* The command that starts this program again for one run. */
static GPtrArray *
make_command (const RunRequest * request)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  gchar seconds[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_dtostr (seconds, sizeof seconds, request->seconds);
  g_ptr_array_add (argv, g_file_read_link ("/proc/self/exe", NULL));
  g_ptr_array_add (argv, g_strdup_printf ("--run=%s", request->mode));
  if (request->seconds > 0)
    g_ptr_array_add (argv, g_strdup_printf ("--duration=%s", seconds));
  if (request->hold > 0)
    g_ptr_array_add (argv, g_strdup_printf ("--hold=%u", request->hold));
  g_ptr_array_add (argv, g_strdup ("--"));
  add_words (argv, request->line);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static void
finish_talk (GObject * child, GAsyncResult * result, gpointer data)
{
  Talk *talk = data;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (child), result,
      &talk->report, NULL, &talk->error);
  g_main_loop_quit (talk->loop);
}

static void
explain_end (GSubprocess * child, GError ** error)
{
  gboolean signaled = g_subprocess_get_if_signaled (child);

  /* Ctrl-C reaches the child as well, which may not ignore it yet. */
  if (signaled && g_subprocess_get_term_sig (child) == SIGINT)
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_INTERRUPTED,
        "interrupted");
  else if (signaled)
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "the process of the pipeline was ended by signal %d (%s)",
        g_subprocess_get_term_sig (child),
        g_strsignal (g_subprocess_get_term_sig (child)));
  else
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "the process of the pipeline ended with status %d and no report",
        g_subprocess_get_exit_status (child));
}

/* Reads what the child wrote: figures or an error. */
static gboolean
read_report (GSubprocess * child, const gchar * report, Figures * figures,
    GError ** error)
{
  g_autoptr (JsonNode) root = json_from_string (report ? report : "", NULL);
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root) ?
      json_node_get_object (root) : NULL;

  if (object && figures_from_json (figures, object))
    return TRUE;
  if (object && json_object_has_member (object, "error"))
    g_set_error_literal (error, PROFILE_ERROR,
        g_subprocess_get_exit_status (child),
        json_object_get_string_member (object, "error"));
  else
    explain_end (child, error);
  return FALSE;
}

/* Reads the report until the child ends. */
static gboolean
talk_to (GSubprocess * child, GCancellable * interrupt, gchar ** report,
    GError ** error)
{
  Talk talk = { g_main_loop_new (NULL, FALSE), NULL, NULL };

  g_subprocess_communicate_utf8_async (child, NULL, interrupt, finish_talk,
      &talk);
  g_main_loop_run (talk.loop);
  g_main_loop_unref (talk.loop);
  *report = talk.report;
  if (!talk.error)
    return TRUE;
  g_subprocess_force_exit (child);
  g_subprocess_wait (child, NULL, NULL);
  if (g_error_matches (talk.error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_INTERRUPTED,
        "interrupted");
  else
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "the report of the run can't be read: %s", talk.error->message);
  g_error_free (talk.error);
  return FALSE;
}

gboolean
child_run (const RunRequest * request, GCancellable * interrupt,
    Figures * figures, GError ** error)
{
  g_autoptr (GPtrArray) command = make_command (request);
  g_autoptr (GError) why = NULL;
  g_autoptr (GSubprocess) child = NULL;
  g_autofree gchar *report = NULL;

  child = g_subprocess_newv ((const gchar * const *) command->pdata,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE, &why);
  if (!child) {
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_PIPELINE,
        "a process for the run can't be started: %s", why->message);
    return FALSE;
  }
  return talk_to (child, interrupt, &report, error)
      && read_report (child, report, figures, error);
}
