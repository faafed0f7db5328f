/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as text for a terminal. */

#include "table.h"

#include <string.h>

#include "judgement.h"
#include "units.h"

/* the longest line of a sentence */
#define WIDTH 100

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
  /* two lines */
  const gchar *above, *heading;
  CellKind kind;
  Figure figure;
} columns[] = {
  {"", "mode", CELL_MODE, 0},
  {"", "batches", CELL_COUNT, FIGURE_BATCHES},
  {"CPU of", "a batch", CELL_TIME, FIGURE_CPU_PER_BATCH},
  {"range of", "rounds", CELL_RANGE, FIGURE_CPU_PER_BATCH},
  {"alloc.", "p50", CELL_TIME, FIGURE_P50},
  {"alloc.", "p99", CELL_TIME, FIGURE_P99},
  {"alloc.", "p99.9", CELL_TIME, FIGURE_P999},
  {"alloc.", "max", CELL_TIME, FIGURE_MAX},
  {"faults", "of 1000", CELL_NUMBER, FIGURE_FAULTS_PER_1000},
  {"peak", "out", CELL_COUNT, FIGURE_PEAK_OUTSTANDING_BATCHES},
  {"RSS", "growth", CELL_BYTES, FIGURE_RSS_GROWTH},
  {"", "reused", CELL_COUNT, FIGURE_REUSED},
  {"fall-", "backs", CELL_COUNT, FIGURE_FALLBACKS},
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
append_cell (GString * line, guint column, const gchar * text, gsize width)
{
  if (column == 0)
    g_string_append_printf (line, "%-*s", (gint) width, text);
  else
    g_string_append_printf (line, "  %*s", (gint) width, text);
}

/* @cells: N_COLUMNS strings for each row. */
static void
append_rows (GString * text, const GPtrArray * cells)
{
  gsize widths[N_COLUMNS] = { 0 };
  guint i;

  for (i = 0; i < cells->len; i++) {
    gsize *width = &widths[i % N_COLUMNS];

    *width = MAX (*width, strlen (g_ptr_array_index (cells, i)));
  }
  for (i = 0; i < cells->len; i++) {
    append_cell (text, i % N_COLUMNS, g_ptr_array_index (cells, i),
        widths[i % N_COLUMNS]);
    if (i % N_COLUMNS == N_COLUMNS - 1)
      g_string_append_c (text, '\n');
  }
}

static GPtrArray *
make_cells (const Case * of)
{
  GPtrArray *cells = g_ptr_array_new_with_free_func (g_free);
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
  return cells;
}

/* Appends a paragraph, broken between words. */
static void
append_wrapped (GString * text, const gchar * sentence)
{
  g_auto (GStrv) words = g_strsplit (sentence, " ", -1);
  glong column = 0;
  guint i;

  for (i = 0; words[i]; i++) {
    glong length = g_utf8_strlen (words[i], -1);

    if (column > 0 && column + 1 + length > WIDTH) {
      g_string_append_c (text, '\n');
      column = 0;
    }
    g_string_append_printf (text, "%s%s", column > 0 ? " " : "", words[i]);
    column += length + (column > 0);
  }
  g_string_append_c (text, '\n');
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
table_of_case (const Case * of)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GPtrArray) cells = make_cells (of);
  g_autofree gchar *name = describe (of);
  g_autofree gchar *advice = case_advice (of);
  Verdict verdict;

  case_judge (of, &verdict);
  append_wrapped (text, name);
  g_string_append_c (text, '\n');
  append_rows (text, cells);
  g_string_append_c (text, '\n');
  append_wrapped (text, verdict.sentence);
  if (advice)
    append_wrapped (text, advice);
  g_free (verdict.sentence);
  return g_string_free (text, FALSE);
}
