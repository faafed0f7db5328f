/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the results with gnuplot. */

#include "plot.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "profileerror.h"
#include "units.h"

/* in pixels: a case, the margins, the whole */
#define CASE_WIDTH 190
#define MARGINS 120
#define LEAST_WIDTH 760
#define HEIGHT 760
/* in characters: the launch line above the plots */
#define TITLE 90

/* distance and width of the bars of one case, where cases are 1 apart */
#define STEP 0.26
#define BAR 0.22

static const gchar *const colours[N_MODES] =
    { "#0072b2", "#e69f00", "#009e73" };

static const gchar style[] =
    "set encoding utf8\n"
    "set style fill solid 0.85 noborder\n"
    "set grid ytics lc rgb '#dddddd'\n"
    "set border 3\n"
    "set tics nomirror\n" "set lmargin 12\n" "set bmargin 4\n" "set rmargin 3\n"
    /* Room for the legend, which has a line between the titles. */
    "set tmargin 5\n" "set key at screen 0.5,0.945 center center horizontal\n";

gboolean
plot_check (GError ** error)
{
  g_autofree gchar *gnuplot = g_find_program_in_path ("gnuplot");

  if (gnuplot)
    return TRUE;
  g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_OUTPUT,
      "--plot needs gnuplot, and there is none in PATH. On Debian: "
      "apt-get install gnuplot-nox");
  return FALSE;
}

/* In double quotes gnuplot knows the escapes \n, \" and \\. */
static void
append_quoted (GString * script, const gchar * text)
{
  g_string_append_c (script, '"');
  for (; *text; text++) {
    if (*text == '\n') {
      g_string_append (script, "\\n");
      continue;
    }
    if (*text == '"' || *text == '\\')
      g_string_append_c (script, '\\');
    g_string_append_c (script, *text);
  }
  g_string_append_c (script, '"');
}

static GPtrArray *
measured (const GPtrArray * cases)
{
  GPtrArray *those = g_ptr_array_new ();
  guint i;

  for (i = 0; i < cases->len; i++) {
    if (case_has_runs (g_ptr_array_index (cases, i)))
      g_ptr_array_add (those, g_ptr_array_index (cases, i));
  }
  return those;
}

/* The mode that counts as 100 %: the first one that has run. */
static Mode
base_mode (const Case * of)
{
  guint mode = 0;

  while (mode + 1 < N_MODES && of->runs[mode]->len == 0)
    mode++;
  return mode;
}

static gdouble
base_cpu (const Case * of)
{
  ModeSummary summary;

  if (!case_summarize (of, base_mode (of), &summary))
    return 1;
  return MAX (summary.figures.value[FIGURE_CPU_PER_BATCH], 1);
}

/* One row of data. Columns:
 * 1     x
 * 2-4   CPU time of a batch, its least and its most, in per cent
 * 5     CPU time of a batch as text
 * 6-9   p50, p99, p99.9 and max of allocations in µs, above 0 for the logarithm
 */
static void
append_row (GString * script, gdouble x, const ModeSummary * summary,
    gdouble base)
{
  const Figure times[] = { FIGURE_P50, FIGURE_P99, FIGURE_P999, FIGURE_MAX };
  const gdouble *value = summary->figures.value;
  g_autofree gchar *cpu = units_microseconds (value[FIGURE_CPU_PER_BATCH]);
  guint i;

  g_string_append_printf (script, "%.3f %.2f %.2f %.2f \"%s\"", x,
      100 * value[FIGURE_CPU_PER_BATCH] / base,
      100 * summary->least_cpu / base, 100 * summary->most_cpu / base, cpu);
  for (i = 0; i < G_N_ELEMENTS (times); i++)
    g_string_append_printf (script, " %.4f", MAX (value[times[i]], 1) / 1000);
  g_string_append_c (script, '\n');
}

/* The rows of @mode, as a block of data called $fresh, $pool or $auto. */
static gboolean
append_block (GString * script, const GPtrArray * cases, Mode mode)
{
  gboolean any = FALSE;
  guint i;

  for (i = 0; i < cases->len; i++) {
    const Case *of = g_ptr_array_index (cases, i);
    ModeSummary summary;

    if (!case_summarize (of, mode, &summary))
      continue;
    if (!any)
      g_string_append_printf (script, "$%s << END\n", mode_names[mode]);
    any = TRUE;
    append_row (script, i + STEP * (mode - 1.0), &summary, base_cpu (of));
  }
  if (any)
    g_string_append (script, "END\n");
  return any;
}

static void
append_ticks (GString * script, const GPtrArray * cases)
{
  guint i;

  g_string_append (script, "set xtics scale 0 (");
  for (i = 0; i < cases->len; i++) {
    const Case *of = g_ptr_array_index (cases, i);

    g_string_append (script, i > 0 ? ", " : "");
    append_quoted (script, of->label);
    g_string_append_printf (script, " %u", i);
  }
  g_string_append_printf (script, ")\nset xrange [-0.6:%.1f]\n",
      cases->len - 0.4);
}

/* Plots the block of each mode that @has data. @append writes the drawings of a
 * mode in its colour. */
static void
append_plots (GString * script, const gboolean * has,
    void (*append) (GString *, const gchar *, const gchar *))
{
  const gchar *between = "plot ";
  guint mode;

  for (mode = 0; mode < N_MODES; mode++) {
    if (!has[mode])
      continue;
    g_string_append (script, between);
    append (script, mode_names[mode], colours[mode]);
    between = ", \\\n  ";
  }
  g_string_append_c (script, '\n');
}

static void
append_cpu (GString * script, const gchar * mode, const gchar * colour)
{
  g_string_append_printf (script,
      "$%s using 1:2:(%.2f) with boxes lc rgb '%s' title '%s', "
      "'' using 1:3:(0):($4-$3) with vectors heads size screen 0.004,90 "
      "lw 1.5 lc rgb '#333333' notitle, "
      "'' using 1:4:5 with labels offset 0,0.6 font ',10' notitle",
      mode, BAR, colour, mode);
}

static void
append_times (GString * script, const gchar * mode, const gchar * colour)
{
  g_string_append_printf (script,
      "$%s using 1:6:6:9:8:(%.2f) with candlesticks lw 1.5 lc rgb '%s' "
      "title '%s', '' using 1:7:(%.2f) with points pt 7 ps 0.5 "
      "lc rgb '#333333' notitle, '' using 1:9 with points pt 2 ps 0.6 "
      "lc rgb '%s' notitle", mode, BAR, colour, mode, BAR, colour);
}

/* In one line; the caller owns it. */
static gchar *
make_title (const GPtrArray * cases)
{
  const Case *only = g_ptr_array_index (cases, 0);
  g_autofree gchar *line = g_strdelimit (g_strdup (only->name), "\t\n", ' ');
  g_autofree gchar *begin = NULL;

  if (only->rate > 0)
    return g_strdup ("What batches cost, by where their memory comes from");
  if (g_utf8_strlen (line, -1) <= TITLE)
    return g_steal_pointer (&line);
  begin = g_utf8_substring (line, 0, TITLE);
  return g_strconcat (begin, " ...", NULL);
}

gchar *
plot_script (const GPtrArray * all, gboolean svg)
{
  g_autoptr (GPtrArray) cases = measured (all);
  GString *script = g_string_new (NULL);
  g_autofree gchar *title = make_title (cases);
  gboolean has[N_MODES];
  guint mode;

  g_string_append_printf (script, "set terminal %s size %u,%d noenhanced "
      "background rgb 'white' font 'sans-serif,12'\n%s",
      svg ? "svg" : "pngcairo fontscale 0.75",
      MAX (LEAST_WIDTH, MARGINS + CASE_WIDTH * cases->len), HEIGHT, style);
  for (mode = 0; mode < N_MODES; mode++)
    has[mode] = append_block (script, cases, mode);
  append_ticks (script, cases);
  g_string_append (script, "set multiplot layout 2,1 title ");
  append_quoted (script, title);
  g_string_append_printf (script, " noenhanced\n"
      "set title 'CPU time of a batch: median, and range of the rounds'\n"
      "set ylabel '%% of %s'\nset yrange [0:*]\n"
      "set offsets 0,0,graph 0.12,0\n",
      mode_names[base_mode (g_ptr_array_index (cases, 0))]);
  append_plots (script, has, append_cpu);
  g_string_append (script, "set title 'Time to get the memory of a batch: box "
      "p50 to p99.9, dot p99, cross the longest'\nset ylabel 'µs'\n"
      "unset offsets\nunset key\nset tmargin 3\nset yrange [*:*]\nset logscale y\n");
  append_plots (script, has, append_times);
  g_string_append (script, "unset multiplot\n");
  return g_string_free (script, FALSE);
}

static gboolean
draw (const gchar * path, GBytes ** picture, GError ** error)
{
  g_autoptr (GSubprocess) gnuplot =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE |
      G_SUBPROCESS_FLAGS_STDERR_PIPE, error, "gnuplot", path, NULL);
  g_autoptr (GBytes) complaint = NULL;

  if (!gnuplot || !g_subprocess_communicate (gnuplot, NULL, NULL, picture,
          &complaint, error))
    return FALSE;
  if (g_subprocess_get_successful (gnuplot))
    return TRUE;
  g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_OUTPUT, "%.*s",
      (gint) g_bytes_get_size (complaint),
      (const gchar *) g_bytes_get_data (complaint, NULL));
  return FALSE;
}

/* Passes the script in a file: if gnuplot ended early, a pipe would break. */
static gboolean
draw_script (const gchar * script, GBytes ** picture, GError ** error)
{
  g_autofree gchar *path = NULL;
  gint file = g_file_open_tmp ("audiobatch-profile-XXXXXX", &path, error);
  gboolean drawn;

  if (file < 0)
    return FALSE;
  close (file);
  drawn = g_file_set_contents (path, script, -1, error)
      && draw (path, picture, error);
  g_unlink (path);
  return drawn;
}

/* Puts @title in place of gnuplot's. */
static void
name_picture (GBytes ** picture, const gchar * title)
{
  g_autofree gchar *svg = g_strndup (g_bytes_get_data (*picture, NULL),
      g_bytes_get_size (*picture));
  g_autofree gchar *escaped = g_markup_escape_text (title, -1);
  const gchar *begin = strstr (svg, "<title>");
  const gchar *end = begin ? strstr (begin, "</title>") : NULL;
  gchar *named;

  if (!end)
    return;
  named = g_strdup_printf ("%.*s<title>%s%s", (gint) (begin - svg), svg,
      escaped, end);
  g_bytes_unref (*picture);
  *picture = g_bytes_new_take (named, strlen (named));
}

gboolean
plot_write (const GPtrArray * cases, const gchar * path, GError ** error)
{
  gboolean svg = g_str_has_suffix (path, ".svg");
  g_autofree gchar *script = plot_script (cases, svg);
  g_autofree gchar *title = make_title (cases);
  g_autoptr (GBytes) picture = NULL;
  g_autoptr (GError) why = NULL;

  if (!draw_script (script, &picture, &why)) {
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_OUTPUT,
        "gnuplot could not draw '%s': %s", path, why->message);
    return FALSE;
  }
  if (svg)
    name_picture (&picture, title);
  return output_write (path, g_bytes_get_data (picture, NULL),
      g_bytes_get_size (picture), error);
}
