/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a run: their names, where they come from, and how to combine
 * those of several elements or rounds. */
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
  /* how to combine several elements of one pipeline, and several rounds */
  FiguresHow elements;
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

/* Thread-safety: pure functions of their arguments. */

const FigureInfo *figure_info (Figure figure);

/* Adds the stats of one more element. If one of the elements advises to
 * recycle, so does the result. */
void figures_add_stats (Figures * self, const GstStructure * stats);

/* Computes the figures per batch from the others. */
void figures_derive (Figures * self);

/* Combines the figures of @rounds, which holds at least one Figures. Takes the
 * advice of the last round. */
void figures_combine (Figures * self, const GPtrArray * rounds);

/* The smallest and the largest of a figure in @rounds. */
void figures_range (const GPtrArray * rounds, Figure figure, gdouble * least,
    gdouble * most);

/* One member for each figure; a whole number becomes an integer. The caller
 * owns the object. */
JsonObject *figures_to_json (const Figures * self);

/* Returns: FALSE if a figure is missing. */
gboolean figures_from_json (Figures * self, JsonObject * object);

G_END_DECLS
