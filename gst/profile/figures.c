/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a run, and how to combine several. */

#include "figures.h"

#include <math.h>
#include <string.h>

static const FigureInfo infos[N_FIGURES] = {
  [FIGURE_BATCHES] = {"batches", "batches", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_ALLOCATIONS] =
      {"allocations", "allocations", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_REUSED] = {"reused", "reused", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_FALLBACKS] = {"fallbacks", "fallbacks", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_DISCARDS] = {"discards", "discards", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_DROPPED] =
      {"dropped-batches", "dropped-batches", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_ALLOCATED_BYTES] =
      {"allocated-bytes", "allocated-bytes", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_PEAK_OUTSTANDING_BATCHES] =
      {"peak-outstanding-batches", "peak-outstanding-batches", FIGURES_SUM,
      FIGURES_MAX},
  [FIGURE_PEAK_OUTSTANDING_BYTES] =
      {"peak-outstanding-bytes", "peak-outstanding-bytes", FIGURES_SUM,
      FIGURES_MAX},
  [FIGURE_BYTES_PER_BATCH] =
      {"bytes-per-batch", "bytes-per-batch", FIGURES_MAX, FIGURES_MAX},
  [FIGURE_BATCHES_PER_SECOND] = {"nominal-batches-per-second",
      "nominal-batches-per-second", FIGURES_MAX, FIGURES_MEDIAN},
  [FIGURE_TIMED] =
      {"allocations-timed", "allocations-timed", FIGURES_SUM, FIGURES_SUM},
  [FIGURE_P50] = {"allocation-ns-p50", "allocation-time-p50", FIGURES_MAX,
      FIGURES_MEDIAN},
  [FIGURE_P99] = {"allocation-ns-p99", "allocation-time-p99", FIGURES_MAX,
      FIGURES_MEDIAN},
  [FIGURE_P999] = {"allocation-ns-p999", "allocation-time-p999", FIGURES_MAX,
      FIGURES_MEDIAN},
  [FIGURE_MAX] = {"allocation-ns-max", "allocation-time-max", FIGURES_MAX,
      FIGURES_MAX},
  [FIGURE_CPU] = {"cpu-ns", NULL, FIGURES_SUM, FIGURES_SUM},
  [FIGURE_CPU_PER_BATCH] =
      {"cpu-ns-per-batch", NULL, FIGURES_SUM, FIGURES_MEDIAN},
  [FIGURE_WALL] = {"wall-ns", NULL, FIGURES_SUM, FIGURES_SUM},
  [FIGURE_FAULTS] = {"page-faults", NULL, FIGURES_SUM, FIGURES_SUM},
  [FIGURE_FAULTS_PER_1000] =
      {"page-faults-per-1000-batches", NULL, FIGURES_SUM, FIGURES_MEDIAN},
  [FIGURE_RSS_GROWTH] = {"rss-growth-bytes", NULL, FIGURES_SUM, FIGURES_MEDIAN},
};

const FigureInfo *
figure_info (Figure figure)
{
  return &infos[figure];
}

static gdouble
stats_number (const GstStructure * stats, const gchar * field)
{
  guint64 count = 0;
  gdouble number = 0;

  if (gst_structure_get_uint64 (stats, field, &count))
    return count;
  gst_structure_get_double (stats, field, &number);
  return number;
}

/* The nick of an enum value; NULL if the field is missing. */
static const gchar *
stats_nick (const GstStructure * stats, const gchar * field)
{
  const GValue *value = gst_structure_get_value (stats, field);
  g_autoptr (GTypeClass) klass = NULL;

  if (value == NULL || !G_VALUE_HOLDS_ENUM (value))
    return NULL;
  klass = g_type_class_ref (G_VALUE_TYPE (value));
  return g_enum_get_value ((GEnumClass *) klass,
      g_value_get_enum (value))->value_nick;
}

void
figures_add_stats (Figures * self, const GstStructure * stats)
{
  guint i;

  for (i = 0; i < N_FIGURES; i++) {
    gdouble *value = &self->value[i];

    if (!infos[i].field)
      continue;
    if (infos[i].elements == FIGURES_SUM)
      *value += stats_number (stats, infos[i].field);
    else
      *value = MAX (*value, stats_number (stats, infos[i].field));
  }
  if (!self->advice || g_strcmp0 (self->advice, "pool") != 0) {
    self->advice = stats_nick (stats, "advice");
    self->reason = stats_nick (stats, "advice-reason");
  }
}

void
figures_derive (Figures * self)
{
  gdouble batches = MAX (self->value[FIGURE_BATCHES], 1);

  self->value[FIGURE_CPU_PER_BATCH] = self->value[FIGURE_CPU] / batches;
  self->value[FIGURE_FAULTS_PER_1000] =
      1000 * self->value[FIGURE_FAULTS] / batches;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a;
  gdouble y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

/* Sorts @values. */
static gdouble
combine (FiguresHow how, gdouble * values, guint n)
{
  gdouble sum = 0;
  guint i;

  qsort (values, n, sizeof *values, compare);
  if (how == FIGURES_MAX)
    return values[n - 1];
  if (how == FIGURES_MEDIAN)
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
  for (i = 0; i < n; i++)
    sum += values[i];
  return sum;
}

static gdouble *
values_of (const GPtrArray * rounds, Figure figure)
{
  gdouble *values = g_new (gdouble, rounds->len);
  guint i;

  for (i = 0; i < rounds->len; i++) {
    const Figures *round = g_ptr_array_index (rounds, i);

    values[i] = round->value[figure];
  }
  return values;
}

void
figures_combine (Figures * self, const GPtrArray * rounds)
{
  const Figures *last = g_ptr_array_index (rounds, rounds->len - 1);
  guint i;

  for (i = 0; i < N_FIGURES; i++) {
    g_autofree gdouble *values = values_of (rounds, i);

    self->value[i] = combine (infos[i].rounds, values, rounds->len);
  }
  self->advice = last->advice;
  self->reason = last->reason;
}

void
figures_range (const GPtrArray * rounds, Figure figure, gdouble * least,
    gdouble * most)
{
  g_autofree gdouble *values = values_of (rounds, figure);

  qsort (values, rounds->len, sizeof *values, compare);
  *least = values[0];
  *most = values[rounds->len - 1];
}

JsonObject *
figures_to_json (const Figures * self)
{
  JsonObject *object = json_object_new ();
  guint i;

  for (i = 0; i < N_FIGURES; i++) {
    gdouble value = self->value[i];

    if (value == trunc (value))
      json_object_set_int_member (object, infos[i].name, (gint64) value);
    else
      json_object_set_double_member (object, infos[i].name, value);
  }
  json_object_set_string_member (object, "advice", self->advice);
  json_object_set_string_member (object, "advice-reason", self->reason);
  return object;
}

gboolean
figures_from_json (Figures * self, JsonObject * object)
{
  guint i;

  for (i = 0; i < N_FIGURES; i++) {
    if (!json_object_has_member (object, infos[i].name))
      return FALSE;
    self->value[i] = json_object_get_double_member (object, infos[i].name);
  }
  self->advice = g_intern_string (json_object_get_string_member_with_default
      (object, "advice", NULL));
  self->reason = g_intern_string (json_object_get_string_member_with_default
      (object, "advice-reason", NULL));
  return self->advice && self->reason;
}
