/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as text for a terminal. */

#include "table.h"

#include <string.h>

#include "judgement.h"
#include "terminal.h"
#include "units.h"

typedef enum
{
  CELL_MODE,
  CELL_COUNT,
  CELL_NUMBER,
  CELL_TIME,
  CELL_BYTES,
  CELL_RANGE
} CellKind;

static const struct
{
  /* above a column, in two lines */
  const gchar *above, *heading;
  /* before a line */
  const gchar *name;
  CellKind kind;
  Figure figure;
} columns[] = {
  {"", "mode", "mode", CELL_MODE, 0},
  {"", "batches", "batches", CELL_COUNT, FIGURE_BATCHES},
  {"CPU of", "a batch", "CPU of a batch", CELL_TIME, FIGURE_CPU_PER_BATCH},
  {"range of", "rounds", "range of rounds", CELL_RANGE, FIGURE_CPU_PER_BATCH},
  {"alloc.", "p50", "alloc. p50", CELL_TIME, FIGURE_P50},
  {"alloc.", "p99", "alloc. p99", CELL_TIME, FIGURE_P99},
  {"alloc.", "p99.9", "alloc. p99.9", CELL_TIME, FIGURE_P999},
  {"alloc.", "max", "alloc. max", CELL_TIME, FIGURE_MAX},
  {"faults", "of 1000", "faults of 1000", CELL_NUMBER, FIGURE_FAULTS_PER_1000},
  {"peak", "out", "peak out", CELL_COUNT, FIGURE_PEAK_OUTSTANDING_BATCHES},
  {"RSS", "growth", "RSS growth", CELL_BYTES, FIGURE_RSS_GROWTH},
  {"", "reused", "reused", CELL_COUNT, FIGURE_REUSED},
  {"fall-", "backs", "fallbacks", CELL_COUNT, FIGURE_FALLBACKS},
};

#define N_COLUMNS G_N_ELEMENTS (columns)

static gchar *
format_range (const ModeSummary * summary)
{
  g_autofree gchar *least = units_time (summary->least_cpu);
  g_autofree gchar *most = units_time (summary->most_cpu);
  gchar *unit = strchr (least, ' ');

  /* if both units are the same, show it once */
  if (g_str_equal (unit, strchr (most, ' ')))
    *unit = '\0';
  return g_strdup_printf ("%s-%s", least, most);
}

static gchar *
format_cell (guint column, Mode mode, const ModeSummary * summary)
{
  gdouble value = summary->figures.value[columns[column].figure];

  switch (columns[column].kind) {
    case CELL_MODE:
      return g_strdup (mode_names[mode]);
    case CELL_COUNT:
      return g_strdup_printf ("%.0f", value);
    case CELL_NUMBER:
      return units_number (value);
    case CELL_TIME:
      return units_time (value);
    case CELL_BYTES:
      return units_bytes (value);
    case CELL_RANGE:
      return format_range (summary);
  }
  g_return_val_if_reached (NULL);
}

/* Aligns text to the left and figures to the right. */
static void
append_cell (GString * line, gboolean first, const gchar * text, glong width)
{
  gint blanks = width - g_utf8_strlen (text, -1);

  if (first)
    g_string_append_printf (line, "%s%*s", text, blanks, "");
  else
    g_string_append_printf (line, "  %*s%s", blanks, "", text);
}

/* @cells: @across strings for each line, and at most N_COLUMNS. */
static gchar *
align (const GPtrArray * cells, guint across)
{
  GString *text = g_string_new (NULL);
  glong widths[N_COLUMNS] = { 0 };
  guint i;

  for (i = 0; i < cells->len; i++) {
    glong *width = &widths[i % across];

    *width = MAX (*width, g_utf8_strlen (g_ptr_array_index (cells, i), -1));
  }
  for (i = 0; i < cells->len; i++) {
    append_cell (text, i % across == 0, g_ptr_array_index (cells, i),
        widths[i % across]);
    if (i % across == across - 1)
      g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}

/* A row for each mode. */
static gchar *
make_wide (const Case * of)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
  guint column, mode;

  for (column = 0; column < N_COLUMNS; column++)
    g_ptr_array_add (cells, g_strdup (columns[column].above));
  for (column = 0; column < N_COLUMNS; column++)
    g_ptr_array_add (cells, g_strdup (columns[column].heading));
  for (mode = 0; mode < N_MODES; mode++) {
    ModeSummary summary;

    if (!case_summarize (of, mode, &summary))
      continue;
    for (column = 0; column < N_COLUMNS; column++)
      g_ptr_array_add (cells, format_cell (column, mode, &summary));
  }
  return align (cells, N_COLUMNS);
}

/* A line for each figure, with the modes from @mode to @last side by side. */
static gchar *
make_narrow (const Case * of, guint mode, guint last)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
  ModeSummary summaries[N_MODES];
  guint modes[N_MODES];
  guint n = 0;
  guint column, i;

  for (; mode <= last; mode++) {
    if (case_summarize (of, mode, &summaries[n]))
      modes[n++] = mode;
  }
  for (column = 0; n > 0 && column < N_COLUMNS; column++) {
    g_ptr_array_add (cells, g_strdup (columns[column].name));
    for (i = 0; i < n; i++)
      g_ptr_array_add (cells, format_cell (column, modes[i], &summaries[i]));
  }
  return align (cells, n + 1);
}

/* The modes one after the other. */
static gchar *
make_narrowest (const Case * of)
{
  GString *text = g_string_new (NULL);
  guint mode;

  for (mode = 0; mode < N_MODES; mode++) {
    g_autofree gchar *one = make_narrow (of, mode, mode);

    if (*one)
      g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", one);
  }
  return g_string_free (text, FALSE);
}

/* All lines of a table are as long as the first. */
static gboolean
fits (const gchar * table, guint available)
{
  return (guint) g_utf8_strlen (table, strcspn (table, "\n")) <= available;
}

static gchar *
make_table (const Case * of, guint available)
{
  g_autofree gchar *wide = make_wide (of);
  g_autofree gchar *narrow = make_narrow (of, 0, N_MODES - 1);

  if (fits (wide, available))
    return g_steal_pointer (&wide);
  if (fits (narrow, available))
    return g_steal_pointer (&narrow);
  return make_narrowest (of);
}

static gchar *
describe (const Case * of)
{
  guint mode, runs = 0;

  for (mode = 0; mode < N_MODES; mode++)
    runs += of->runs[mode]->len;
  return g_strdup_printf ("%s: %u run%s", of->name, runs, runs == 1 ? "" : "s");
}

gchar *
table_of_case (const Case * of, guint available)
{
  GString *text = g_string_new (NULL);
  g_autofree gchar *table = make_table (of, available);
  g_autofree gchar *name = describe (of);
  g_autofree gchar *advice = case_advice (of);
  Verdict verdict;

  case_judge (of, &verdict);
  terminal_append_paragraph (text, name, available);
  g_string_append_printf (text, "\n%s\n", table);
  terminal_append_paragraph (text, verdict.sentence, available);
  if (advice)
    terminal_append_paragraph (text, advice, available);
  g_free (verdict.sentence);
  return g_string_free (text, FALSE);
}
