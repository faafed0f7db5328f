/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Combining the figures of elements and of rounds, and writing them. */

#include "figures.h"

#include <gst/check/gstcheck.h>

#include "units.h"

/* Sets a field of @stats to the enum value @nick. The elements use enums of
 * their own; this one has the nicks that the tests need. */
static void
set_enum (GstStructure * stats, const gchar * field, const gchar * nick)
{
  static const GEnumValue values[] = {
    {0, "fresh", "fresh"}, {1, "pool", "pool"}, {2, "none", "none"},
    {3, "batch-size", "batch-size"}, {4, "pauses", "pauses"}, {0, NULL, NULL},
  };
  static GType type = 0;
  GTypeClass *klass;

  if (type == 0)
    type = g_enum_register_static ("TestAdvice", values);
  klass = g_type_class_ref (type);
  gst_structure_set (stats, field, type,
      g_enum_get_value_by_nick ((GEnumClass *) klass, nick)->value, NULL);
  g_type_class_unref (klass);
}

static GstStructure *
make_stats (guint64 batches, guint64 p50, const gchar * advice,
    const gchar * reason)
{
  GstStructure *stats = gst_structure_new ("stats",
      "batches", G_TYPE_UINT64, batches,
      "allocation-time-p50", G_TYPE_UINT64, p50,
      "nominal-batches-per-second", G_TYPE_DOUBLE, 46.875, NULL);

  set_enum (stats, "advice", advice);
  set_enum (stats, "advice-reason", reason);
  return stats;
}

static void
add_stats (Figures * figures, guint64 batches, guint64 p50,
    const gchar * advice, const gchar * reason)
{
  g_autoptr (GstStructure) stats = make_stats (batches, p50, advice, reason);

  figures_add_stats (figures, stats);
}

GST_START_TEST (test_elements_add_up_and_the_slowest_gives_the_time)
{
  Figures figures = { 0 };

  add_stats (&figures, 10, 300, "fresh", "none");
  add_stats (&figures, 5, 200, "pool", "batch-size");
  add_stats (&figures, 1, 100, "fresh", "none");
  fail_unless_equals_float (figures.value[FIGURE_BATCHES], 16);
  fail_unless_equals_float (figures.value[FIGURE_P50], 300);
  fail_unless_equals_float (figures.value[FIGURE_BATCHES_PER_SECOND], 46.875);
  fail_unless_equals_string (figures.advice, "pool");
  fail_unless_equals_string (figures.reason, "batch-size");
}

GST_END_TEST;

GST_START_TEST (test_figures_of_a_batch_are_derived)
{
  Figures figures = { 0 };

  figures.value[FIGURE_BATCHES] = 2000;
  figures.value[FIGURE_CPU] = 5000;
  figures.value[FIGURE_FAULTS] = 30;
  figures_derive (&figures);
  fail_unless_equals_float (figures.value[FIGURE_CPU_PER_BATCH], 2.5);
  fail_unless_equals_float (figures.value[FIGURE_FAULTS_PER_1000], 15);
}

GST_END_TEST;

/* Every figure of round i is @values[i]. The last round has other advice. */
static GPtrArray *
make_rounds (const gdouble * values, guint n)
{
  GPtrArray *rounds = g_ptr_array_new_with_free_func (g_free);
  guint i, figure;

  for (i = 0; i < n; i++) {
    Figures *round = g_new0 (Figures, 1);

    for (figure = 0; figure < N_FIGURES; figure++)
      round->value[figure] = values[i];
    round->advice = i + 1 < n ? "fresh" : "pool";
    round->reason = i + 1 < n ? "none" : "rate";
    g_ptr_array_add (rounds, round);
  }
  return rounds;
}

static void
check_combined (const gdouble * values, guint n, gdouble sum, gdouble median,
    gdouble most)
{
  g_autoptr (GPtrArray) rounds = make_rounds (values, n);
  Figures all;
  gdouble low, high;

  figures_combine (&all, rounds);
  fail_unless_equals_float (all.value[FIGURE_BATCHES], sum);
  fail_unless_equals_float (all.value[FIGURE_REUSED], sum);
  fail_unless_equals_float (all.value[FIGURE_CPU_PER_BATCH], median);
  fail_unless_equals_float (all.value[FIGURE_P999], median);
  fail_unless_equals_float (all.value[FIGURE_MAX], most);
  fail_unless_equals_float (all.value[FIGURE_PEAK_OUTSTANDING_BATCHES], most);
  fail_unless_equals_string (all.advice, "pool");
  figures_range (rounds, FIGURE_CPU_PER_BATCH, &low, &high);
  fail_unless_equals_float (low, 2);
  fail_unless_equals_float (high, most);
}

GST_START_TEST (test_rounds_become_a_sum_a_median_or_the_largest)
{
  const gdouble values[] = { 9, 2, 5, 100 };

  check_combined (values, 4, 116, 7, 100);
  check_combined (values, 3, 16, 5, 9);
  check_combined (values + 1, 1, 2, 2, 2);
}

GST_END_TEST;

GST_START_TEST (test_json_brings_back_every_figure)
{
  Figures figures = {.advice = "pool",.reason = "pauses" };
  Figures copy = { 0 };
  JsonObject *object;
  guint i;

  for (i = 0; i < N_FIGURES; i++)
    figures.value[i] = i % 2 ? i + 9007199254740000.0 : i + 0.1;
  object = figures_to_json (&figures);
  fail_unless (figures_from_json (&copy, object));
  for (i = 0; i < N_FIGURES; i++)
    fail_unless (copy.value[i] == figures.value[i], "%s: %.17g, was %.17g",
        figure_info (i)->name, copy.value[i], figures.value[i]);
  fail_unless_equals_string (copy.advice, "pool");
  fail_unless_equals_string (copy.reason, "pauses");

  json_object_remove_member (object, "reused");
  fail_if (figures_from_json (&copy, object));
  json_object_unref (object);
}

GST_END_TEST;

GST_START_TEST (test_units_suit_the_size)
{
  const struct
  {
    gchar *(*format) (gdouble);
    gdouble value;
    const gchar *text;
  } rows[] = {
    {units_time, 0, "0 ns"},
    {units_time, 999.4, "999 ns"},
    {units_time, 999.5, "1.00 µs"},
    {units_time, 1234, "1.23 µs"},
    {units_time, 12345, "12.3 µs"},
    {units_time, 999499, "999 µs"},
    {units_time, 999500, "1.00 ms"},
    {units_time, 1.5e9, "1.50 s"},
    {units_microseconds, 0, "0 µs"},
    {units_microseconds, 85, "0.085 µs"},
    {units_microseconds, 12345, "12.3 µs"},
    {units_microseconds, 1234567, "1235 µs"},
    {units_bytes, 0, "0 B"},
    {units_bytes, 1023, "1023 B"},
    {units_bytes, 4096, "4 KiB"},
    {units_bytes, 1.5 * 1024 * 1024, "1.50 MiB"},
    {units_number, 0, "0"},
    {units_number, 0.0004, "less than 0.001"},
    {units_number, 0.0123, "0.012"},
    {units_number, 46.875, "46.9"},
    {units_number, 125000, "125000"},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *text = rows[i].format (rows[i].value);

    fail_unless_equals_string (text, rows[i].text);
  }
}

GST_END_TEST;

static Suite *
figures_suite (void)
{
  Suite *s = suite_create ("figures");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_elements_add_up_and_the_slowest_gives_the_time);
  tcase_add_test (tc, test_figures_of_a_batch_are_derived);
  tcase_add_test (tc, test_rounds_become_a_sum_a_median_or_the_largest);
  tcase_add_test (tc, test_json_brings_back_every_figure);
  tcase_add_test (tc, test_units_suit_the_size);
  return s;
}

GST_CHECK_MAIN (figures);
