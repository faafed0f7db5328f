/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame of a benchmark program: its options, rounds in which the ways that
 * are compared take turns, and tables, on stdout and as JSON. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* What a program returns that can't run here; meson counts it as skipped. */
#define BENCH_SKIPPED 77

/* Thread-safety: of the thread that made it. */
typedef struct _Bench Bench;

typedef struct
{
  const gchar *name;
  const gchar *summary;
  /* unless --rounds says otherwise */
  gint rounds;
} BenchProgram;

/* Takes the options out of @argv and initialises GStreamer. Ends the program
 * when it was asked for help or when the options are wrong. @program has to
 * outlive the result. */
Bench *bench_new (const BenchProgram * program, int *argc, char ***argv);

/* The same for a program that has @options of its own as well; NULL: none. */
Bench *bench_new_with_options (const BenchProgram * program,
    const GOptionEntry * options, int *argc, char ***argv);

/* Writes the JSON that was asked for, and frees @self.
 *
 * Returns: what main() returns. */
int bench_finish (Bench * self);

guint bench_rounds (const Bench * self);

/* There will be so many rows, in all tables; for the progress line only. */
void bench_expect (Bench * self, guint rows);

/* Says what goes on, on stderr, when that is a terminal. */
void bench_progress (Bench * self, const gchar * format, ...)
    G_GNUC_PRINTF (2, 3);

/* In place of decimals: the column holds text. */
#define BENCH_TEXT -1

typedef struct
{
  /* of the member in JSON */
  const gchar *name;
  /* above the column */
  const gchar *heading;
  gint decimals;
} BenchColumn;

/* Begins a table. Of each row of it the cells are set from left to right; the
 * last one ends the row. @columns has to outlive the table. */
void bench_table (Bench * self, const gchar * title,
    const BenchColumn * columns, guint n_columns);
void bench_text (Bench * self, const gchar * text);
void bench_number (Bench * self, gdouble number);

/* Does the work for about @batches batches.
 *
 * Returns: the time of one of them, in ns. */
typedef gdouble (*BenchRun) (gpointer data, guint batches);

/* One of the ways that are compared. */
typedef struct
{
  BenchRun run;
  gpointer data;

  /* What was found: the time of a batch in ns, the median of all rounds; and
   * how the first way's time relates to it, the median of each round's ratio:
   * what disturbs a round disturbs both. */
  gdouble ns;
  gdouble ratio;
} BenchWay;

/* Warms the ways up, sees how many batches make a round, and lets them take
 * turns; a different one begins each round. */
void bench_take_turns (Bench * self, BenchWay * ways, guint n_ways);

/* Sorts @values, doubles, and returns the median. */
gdouble bench_median (GArray * values);

/* What the calling thread has had of the processor, in ns. */
guint64 bench_thread_time (void);

G_END_DECLS
