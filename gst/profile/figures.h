/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a run: what each is called, where it comes from, and how those
 * of several elements and of several rounds become one. */
#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum
{
  /* from the elements' stats */
  FIGURE_BATCHES,
  FIGURE_ALLOCATIONS,
  FIGURE_REUSED,
  FIGURE_FALLBACKS,
  FIGURE_DISCARDS,
  FIGURE_DROPPED,
  FIGURE_ALLOCATED_BYTES,
  FIGURE_PEAK_OUTSTANDING_BATCHES,
  FIGURE_PEAK_OUTSTANDING_BYTES,
  FIGURE_BYTES_PER_BATCH,
  FIGURE_BATCHES_PER_SECOND,
  FIGURE_TIMED,
  FIGURE_P50,
  FIGURE_P99,
  FIGURE_P999,
  FIGURE_MAX,
  /* of the process that ran the pipeline */
  FIGURE_CPU,
  FIGURE_CPU_PER_BATCH,
  FIGURE_WALL,
  FIGURE_FAULTS,
  FIGURE_FAULTS_PER_1000,
  FIGURE_RSS_GROWTH,
  N_FIGURES
} Figure;

typedef enum
{
  FIGURES_SUM,
  FIGURES_MEDIAN,
  FIGURES_MAX
} FiguresHow;

typedef struct
{
  /* in JSON and CSV */
  const gchar *name;
  /* field of stats, or NULL */
  const gchar *field;
  /* several elements in one pipeline */
  FiguresHow elements;
  /* several rounds */
  FiguresHow rounds;
} FigureInfo;

/* Counts below 2^53 are exact in a double. */
typedef struct
{
  gdouble value[N_FIGURES];
  /* static strings: "fresh" or "pool", and the reason */
  const gchar *advice;
  const gchar *reason;
} Figures;

/* Thread-safety: pure, but for what is passed in. */

const FigureInfo *figure_info (Figure figure);

/* Adds the stats of one more element. Where several elements don't agree,
 * those that advise to recycle are right. */
void figures_add_stats (Figures * self, const GstStructure * stats);

/* Sets the figures that others make up: those for each batch. */
void figures_derive (Figures * self);

/* Each figure from those of several rounds, of which there is at least one.
 * What is advised is what the last one says. @rounds holds Figures. */
void figures_combine (Figures * self, const GPtrArray * rounds);

/* The smallest and the largest of a figure in @rounds. */
void figures_range (const GPtrArray * rounds, Figure figure, gdouble * least,
    gdouble * most);

/* One member for each figure; the caller owns the object. Whole numbers are
 * written as such. */
JsonObject *figures_to_json (const Figures * self);

/* Returns: FALSE when a figure is missing. */
gboolean figures_from_json (Figures * self, JsonObject * object);

G_END_DECLS
