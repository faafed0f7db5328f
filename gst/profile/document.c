/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as JSON and CSV. */

#include "document.h"

#include <string.h>

#include "judgement.h"
#include "profileerror.h"

static JsonArray *
describe_runs (const GPtrArray * runs)
{
  JsonArray *array = json_array_new ();
  guint i;

  for (i = 0; i < runs->len; i++)
    json_array_add_object_element (array,
        figures_to_json (g_ptr_array_index (runs, i)));
  return array;
}

static JsonObject *
describe_mode (const Case * of, Mode mode, const ModeSummary * summary)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "mode", mode_names[mode]);
  json_object_set_int_member (object, "rounds", summary->rounds);
  json_object_set_double_member (object, "cpu-ns-per-batch-least",
      summary->least_cpu);
  json_object_set_double_member (object, "cpu-ns-per-batch-most",
      summary->most_cpu);
  json_object_set_object_member (object, "all",
      figures_to_json (&summary->figures));
  json_object_set_array_member (object, "runs", describe_runs (of->runs[mode]));
  return object;
}

static JsonObject *
describe_verdict (const Case * of)
{
  JsonObject *object = json_object_new ();
  Verdict verdict;

  case_judge (of, &verdict);
  json_object_set_string_member (object, "choice",
      verdict_choice_name (verdict.choice));
  json_object_set_string_member (object, "sentence", verdict.sentence);
  g_free (verdict.sentence);
  return object;
}

static JsonObject *
describe_case (const Case * of)
{
  JsonObject *object = json_object_new ();
  JsonArray *modes = json_array_new ();
  guint mode;

  json_object_set_string_member (object, "name", of->name);
  if (of->rate > 0) {
    json_object_set_int_member (object, "rate", of->rate);
    json_object_set_int_member (object, "channels", of->channels);
    json_object_set_int_member (object, "samples-per-batch", of->samples);
    json_object_set_string_member (object, "launch-line", of->line[0]);
  }
  for (mode = 0; mode < N_MODES; mode++) {
    ModeSummary summary;

    if (case_summarize (of, mode, &summary))
      json_array_add_object_element (modes, describe_mode (of, mode, &summary));
  }
  json_object_set_array_member (object, "modes", modes);
  json_object_set_object_member (object, "verdict", describe_verdict (of));
  return object;
}

static JsonArray *
describe_cases (const GPtrArray * cases)
{
  JsonArray *array = json_array_new ();
  guint i;

  for (i = 0; i < cases->len; i++) {
    const Case *of = g_ptr_array_index (cases, i);

    if (case_has_runs (of))
      json_array_add_object_element (array, describe_case (of));
  }
  return array;
}

gchar *
document_json (const GPtrArray * cases, const GError * early)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *date = g_date_time_format_iso8601 (now);
  g_autofree gchar *gstreamer = gst_version_string ();
  g_autofree gchar *text = NULL;

  json_object_set_string_member (object, "program", "gst-audiobatch-profile");
  json_object_set_string_member (object, "version", PACKAGE_VERSION);
  json_object_set_string_member (object, "date", date);
  json_object_set_string_member (object, "gstreamer", gstreamer);
  json_object_set_int_member (object, "processors", g_get_num_processors ());
  json_object_set_boolean_member (object, "interrupted",
      g_error_matches (early, PROFILE_ERROR, PROFILE_ERROR_INTERRUPTED));
  if (early)
    json_object_set_string_member (object, "error", early->message);
  json_object_set_array_member (object, "cases", describe_cases (cases));
  json_node_take_object (root, object);
  text = json_to_string (root, TRUE);
  return g_strconcat (text, "\n", NULL);
}

/* RFC 4180: in quotes, and double each quote inside. */
static void
append_text (GString * csv, const gchar * text)
{
  g_auto (GStrv) parts = g_strsplit (text, "\"", -1);
  g_autofree gchar *doubled = g_strjoinv ("\"\"", parts);

  g_string_append_printf (csv, "\"%s\"", doubled);
}

static void
append_number (GString * csv, gdouble number)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  /* reads back as the same number, in any locale */
  g_string_append_c (csv, ',');
  g_string_append (csv, g_ascii_dtostr (text, sizeof text, number));
}

static void
append_mode (GString * csv, const Case * of, Mode mode)
{
  ModeSummary summary;
  guint i;

  if (!case_summarize (of, mode, &summary))
    return;
  append_text (csv, of->name);
  g_string_append_printf (csv, ",%s,%u", mode_names[mode], summary.rounds);
  for (i = 0; i < N_FIGURES; i++)
    append_number (csv, summary.figures.value[i]);
  append_number (csv, summary.least_cpu);
  append_number (csv, summary.most_cpu);
  g_string_append_printf (csv, ",%s,%s\n", summary.figures.advice,
      summary.figures.reason);
}

gchar *
document_csv (const GPtrArray * cases)
{
  GString *csv = g_string_new ("case,mode,rounds");
  guint i, mode;

  for (i = 0; i < N_FIGURES; i++)
    g_string_append_printf (csv, ",%s", figure_info (i)->name);
  g_string_append (csv, ",cpu-ns-per-batch-least,cpu-ns-per-batch-most,"
      "advice,advice-reason\n");
  for (i = 0; i < cases->len; i++) {
    for (mode = 0; mode < N_MODES; mode++)
      append_mode (csv, g_ptr_array_index (cases, i), mode);
  }
  return g_string_free (csv, FALSE);
}
