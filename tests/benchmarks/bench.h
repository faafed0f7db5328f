/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame of a benchmark program: options, rounds and tables. A program
 * compares several ways of doing one thing. In each round the ways take turns.
 * The tables go to stdout and to JSON. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The exit status if the program can't run here; meson counts it as skipped. */
#define BENCH_SKIPPED 77

/* Thread-safety: only for the thread that created it. */
typedef struct _Bench Bench;

typedef struct
{
  const gchar *name;
  const gchar *summary;
  /* the default of --rounds */
  gint rounds;
} BenchProgram;

/* Removes the options from @argv and initialises GStreamer. Exits after --help
 * and if an option is wrong. @program must outlive the result. */
Bench *bench_new (const BenchProgram * program, int *argc, char ***argv);

/* Like bench_new(), with further @options, or NULL. */
Bench *bench_new_with_options (const BenchProgram * program,
    const GOptionEntry * options, int *argc, char ***argv);

/* Writes the JSON file, if --json is given, and frees @self.
 *
 * Returns: the exit status for main(). */
int bench_finish (Bench * self);

guint bench_rounds (const Bench * self);

/* Sets the number of rows in all tables, for the progress line. */
void bench_expect (Bench * self, guint rows);

/* Prints the progress to stderr, if that is a terminal. */
void bench_progress (Bench * self, const gchar * format, ...)
    G_GNUC_PRINTF (2, 3);

/* Instead of decimals: the column holds text. */
#define BENCH_TEXT -1

typedef struct
{
  /* of the member in JSON */
  const gchar *name;
  /* above the column */
  const gchar *heading;
  gint decimals;
} BenchColumn;

/* Begins a table. Then set the cells row by row, from left to right; the last
 * cell of a row ends it. @columns must outlive the table. */
void bench_table (Bench * self, const gchar * title,
    const BenchColumn * columns, guint n_columns);
void bench_text (Bench * self, const gchar * text);
void bench_number (Bench * self, gdouble number);

/* Does the work for about @batches batches.
 *
 * Returns: the time per batch, in ns. */
typedef gdouble (*BenchRun) (gpointer data, guint batches);

/* One of the ways to compare. */
typedef struct
{
  BenchRun run;
  gpointer data;

  /* The results. @ns: the time per batch, the median of all rounds. @ratio: the
   * first way's time divided by this way's, the median of the rounds' ratios.
   * A disturbance hits both times of a round, so the ratio is the steadier. */
  gdouble ns;
  gdouble ratio;
} BenchWay;

/* Warms the ways up, chooses the number of batches for a turn, and runs the
 * rounds. Each round starts with a different way. */
void bench_take_turns (Bench * self, BenchWay * ways, guint n_ways);

/* Sorts @values (gdouble) and returns the median. */
gdouble bench_median (GArray * values);

/* The CPU time of the calling thread, in ns. */
guint64 bench_thread_time (void);

G_END_DECLS
