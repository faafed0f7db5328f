/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* How long one way runs in a round. Short, so that a disturbance of the machine
 * hits all ways of the round alike. */
#define TURN_NS (2 * GST_MSECOND)
#define WARM_UP_BATCHES 64
#define MIN_BATCHES 8
#define MAX_BATCHES 20000

struct _Bench
{
  const BenchProgram *program;
  gint rounds;
  gchar *json_path;

  gboolean terminal;
  guint rows_expected, rows_done;

  const BenchColumn *columns;
  guint n_columns;
  /* the next cell's column */
  guint column;

  JsonArray *tables;
  /* of the last table */
  JsonArray *rows;
  JsonObject *row;
};

static void
parse_options (Bench * self, const GOptionEntry * options, int *argc,
    char ***argv)
{
  const GOptionEntry entries[] = {
    {"rounds", 'r', 0, G_OPTION_ARG_INT, &self->rounds,
        "Rounds for each row of the tables", "N"},
    {"json", 'j', 0, G_OPTION_ARG_FILENAME, &self->json_path,
        "Write the tables into FILE as well", "FILE"},
    {NULL}
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, self->program->summary);
  if (options)
    g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, &error)
      || self->rounds < 1 || *argc > 1) {
    g_printerr ("%s: %s\n", self->program->name, error ? error->message :
        self->rounds < 1 ? "--rounds is at least 1" : "there are no arguments");
    exit (EXIT_FAILURE);
  }
}

Bench *
bench_new_with_options (const BenchProgram * program,
    const GOptionEntry * options, int *argc, char ***argv)
{
  Bench *self = g_new0 (Bench, 1);

  self->program = program;
  self->rounds = program->rounds;
  self->terminal = isatty (STDERR_FILENO);
  self->tables = json_array_new ();
  parse_options (self, options, argc, argv);
  return self;
}

Bench *
bench_new (const BenchProgram * program, int *argc, char ***argv)
{
  return bench_new_with_options (program, NULL, argc, argv);
}

guint
bench_rounds (const Bench * self)
{
  return self->rounds;
}

void
bench_expect (Bench * self, guint rows)
{
  self->rows_expected = rows;
}

static void
clear_progress (const Bench * self)
{
  if (self->terminal)
    g_printerr ("\r\033[K");
}

void
bench_progress (Bench * self, const gchar * format, ...)
{
  g_autofree gchar *what = NULL;
  va_list args;

  if (!self->terminal)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  clear_progress (self);
  g_printerr ("[%u/%u] %s", self->rows_done + 1, self->rows_expected, what);
}

static JsonArray *
describe_columns (const BenchColumn * columns, guint n_columns)
{
  JsonArray *all = json_array_new ();
  guint i;

  for (i = 0; i < n_columns; i++) {
    JsonObject *column = json_object_new ();
    g_autofree gchar *heading = g_strstrip (g_strdup (columns[i].heading));

    json_object_set_string_member (column, "name", columns[i].name);
    json_object_set_string_member (column, "heading", heading);
    if (columns[i].decimals != BENCH_TEXT)
      json_object_set_int_member (column, "decimals", columns[i].decimals);
    json_array_add_object_element (all, column);
  }
  return all;
}

void
bench_table (Bench * self, const gchar * title,
    const BenchColumn * columns, guint n_columns)
{
  JsonObject *table = json_object_new ();
  guint i;

  clear_progress (self);
  g_print ("%s%s\n\n|", json_array_get_length (self->tables) ? "\n" : "",
      title);
  for (i = 0; i < n_columns; i++)
    g_print (" %s |", columns[i].heading);
  g_print ("\n|");
  for (i = 0; i < n_columns; i++)
    g_print ("---|");
  g_print ("\n");

  self->columns = columns;
  self->n_columns = n_columns;
  self->rows = json_array_new ();
  json_object_set_string_member (table, "title", title);
  json_object_set_array_member (table, "columns",
      describe_columns (columns, n_columns));
  json_object_set_array_member (table, "rows", self->rows);
  json_array_add_object_element (self->tables, table);
}

static const BenchColumn *
begin_cell (Bench * self)
{
  if (self->column == 0) {
    clear_progress (self);
    g_print ("|");
    self->row = json_object_new ();
  }
  return &self->columns[self->column];
}

static void
end_cell (Bench * self)
{
  if (++self->column < self->n_columns)
    return;
  g_print ("\n");
  json_array_add_object_element (self->rows, self->row);
  self->column = 0;
  self->rows_done++;
}

void
bench_text (Bench * self, const gchar * text)
{
  const BenchColumn *column = begin_cell (self);

  g_print (" %-*s |", (int) strlen (column->heading), text);
  json_object_set_string_member (self->row, column->name, text);
  end_cell (self);
}

void
bench_number (Bench * self, gdouble number)
{
  const BenchColumn *column = begin_cell (self);

  g_print (" %*.*f |", (int) strlen (column->heading), column->decimals,
      number);
  if (column->decimals == 0)
    json_object_set_int_member (self->row, column->name, (gint64) number);
  else
    json_object_set_double_member (self->row, column->name, number);
  end_cell (self);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a;
  gdouble y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

gdouble
bench_median (GArray * values)
{
  guint n = values->len;

  g_array_sort (values, compare);
  return (g_array_index (values, gdouble, (n - 1) / 2)
      + g_array_index (values, gdouble, n / 2)) / 2;
}

guint64
bench_thread_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return GST_TIMESPEC_TO_TIME (now);
}

/* Warms the way up. Returns how many batches fill a turn. */
static guint
warm_up (const BenchWay * way)
{
  way->run (way->data, WARM_UP_BATCHES);
  return CLAMP (TURN_NS / way->run (way->data, WARM_UP_BATCHES), MIN_BATCHES,
      MAX_BATCHES);
}

/* Sets the results. @times has a time for each way, round by round. */
static void
conclude (BenchWay * ways, guint n_ways, const gdouble * times, guint rounds)
{
  g_autoptr (GArray) of_way = g_array_new (FALSE, FALSE, sizeof (gdouble));
  g_autoptr (GArray) ratios = g_array_new (FALSE, FALSE, sizeof (gdouble));
  guint way, round;

  for (way = 0; way < n_ways; way++) {
    g_array_set_size (of_way, 0);
    g_array_set_size (ratios, 0);
    for (round = 0; round < rounds; round++) {
      const gdouble *of_round = times + round * n_ways;
      gdouble ratio = of_round[0] / of_round[way];

      g_array_append_val (of_way, of_round[way]);
      g_array_append_val (ratios, ratio);
    }
    ways[way].ns = bench_median (of_way);
    ways[way].ratio = bench_median (ratios);
  }
}

void
bench_take_turns (Bench * self, BenchWay * ways, guint n_ways)
{
  guint rounds = bench_rounds (self);
  g_autofree guint *batches = g_new (guint, n_ways);
  g_autofree gdouble *times = g_new (gdouble, rounds * n_ways);
  guint round, turn;

  for (turn = 0; turn < n_ways; turn++)
    batches[turn] = warm_up (&ways[turn]);
  for (round = 0; round < rounds; round++) {
    for (turn = 0; turn < n_ways; turn++) {
      guint way = (round + turn) % n_ways;

      times[round * n_ways + way] =
          ways[way].run (ways[way].data, batches[way]);
    }
  }
  conclude (ways, n_ways, times, rounds);
}

static gchar *
processor_name (void)
{
  g_autofree gchar *info = NULL;
  g_auto (GStrv) lines = NULL;
  guint i;

  if (!g_file_get_contents ("/proc/cpuinfo", &info, NULL, NULL))
    return g_strdup ("unknown");
  lines = g_strsplit (info, "\n", -1);
  for (i = 0; lines[i]; i++) {
    const gchar *colon = strchr (lines[i], ':');

    if (colon && g_str_has_prefix (lines[i], "model name"))
      return g_strstrip (g_strdup (colon + 1));
  }
  return g_strdup ("unknown");
}

static JsonObject *
describe_machine (void)
{
  JsonObject *machine = json_object_new ();
  g_autofree gchar *processor = processor_name ();
  g_autofree gchar *gstreamer = gst_version_string ();
  g_autofree gchar *os = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  struct utsname system;

  json_object_set_string_member (machine, "processor", processor);
  json_object_set_int_member (machine, "cores", g_get_num_processors ());
  json_object_set_string_member (machine, "gstreamer", gstreamer);
  json_object_set_string_member (machine, "os", os ? os : "unknown");
  json_object_set_string_member (machine, "compiler", __VERSION__);
  if (uname (&system) == 0)
    json_object_set_string_member (machine, "kernel", system.release);
  return machine;
}

/* Takes ownership of the tables. */
static JsonNode *
make_document (const Bench * self)
{
  JsonNode *root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *document = json_object_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *date = g_date_time_format_iso8601 (now);

  json_object_set_string_member (document, "benchmark", self->program->name);
  json_object_set_string_member (document, "date", date);
  json_object_set_int_member (document, "rounds", self->rounds);
  json_object_set_object_member (document, "machine", describe_machine ());
  json_object_set_array_member (document, "tables", self->tables);
  json_node_take_object (root, document);
  return root;
}

int
bench_finish (Bench * self)
{
  g_autoptr (JsonNode) root = make_document (self);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;

  clear_progress (self);
  json_generator_set_pretty (generator, TRUE);
  json_generator_set_root (generator, root);
  if (self->json_path
      && !json_generator_to_file (generator, self->json_path, &error)) {
    g_printerr ("%s: %s\n", self->program->name, error->message);
    status = EXIT_FAILURE;
  }
  g_free (self->json_path);
  g_free (self);
  return status;
}
