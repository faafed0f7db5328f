/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When reports are due and what they say: message, log line, notify. */

#include "settings/common.h"
#include "stats/report.h"

#include <string.h>

#include <gst/check/gstcheck.h>

/* An element with the properties only. */
typedef struct
{
  GstElement parent;
  AbCommonSettings settings;
  AbLedger *stats;
} Reporter;

typedef struct
{
  GstElementClass parent;
} ReporterClass;

static GType reporter_get_type (void);

G_DEFINE_TYPE (Reporter, reporter, GST_TYPE_ELEMENT);

static void
reporter_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  ab_common_settings_set (&((Reporter *) object)->settings, id, value);
}

static void
reporter_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  Reporter *self = (Reporter *) object;

  ab_common_settings_get (&self->settings, self->stats, id, value);
}

static void
reporter_finalize (GObject * object)
{
  ab_ledger_unref (((Reporter *) object)->stats);
  G_OBJECT_CLASS (reporter_parent_class)->finalize (object);
}

static void
reporter_class_init (ReporterClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = reporter_set_property;
  object_class->get_property = reporter_get_property;
  object_class->finalize = reporter_finalize;
  ab_common_settings_install (object_class);
}

static void
reporter_init (Reporter * self)
{
  ab_common_settings_init (&self->settings);
  self->stats = ab_ledger_new ();
}

GST_DEBUG_CATEGORY_STATIC (category);
static Reporter *reporter;
static GstBus *bus;
static AbReport report;

static void
setup (void)
{
  GST_DEBUG_CATEGORY_INIT (category, "batchreport-test", 0, NULL);
  reporter = g_object_new (reporter_get_type (), NULL);
  bus = gst_bus_new ();
  gst_element_set_bus (GST_ELEMENT (reporter), bus);
  report.posts = TRUE;
}

static void
teardown (void)
{
  gst_element_set_bus (GST_ELEMENT (reporter), NULL);
  gst_object_unref (reporter);
  gst_object_unref (bus);
}

/* Counts one batch made and pushed, of as many bytes as its number. */
static void
count_batch (void)
{
  guint64 n = ab_ledger_get (reporter->stats, AB_COUNTER_BATCHES) + 1;

  ab_ledger_taken (reporter->stats, AB_COUNTER_ALLOCATIONS, n);
  ab_ledger_set (reporter->stats, AB_COUNTER_BATCHES, n);
}

static void
send_report (void)
{
  ab_report_send (&report, reporter->stats, GST_ELEMENT (reporter), category);
}

static void
finish_report (void)
{
  ab_report_finish (&report, reporter->stats, GST_ELEMENT (reporter), category);
}

/* Makes @n batches like an element does, and reports when a report is due. */
static void
make_batches (guint n)
{
  while (n-- > 0) {
    count_batch ();
    if (ab_report_is_due (&report, ab_ledger_get (reporter->stats,
                AB_COUNTER_BATCHES)))
      send_report ();
  }
}

static void
assert_no_report (void)
{
  fail_unless (gst_bus_pop (bus) == NULL, "a report came");
}

static guint64
get_uint64 (const GstStructure * structure, const gchar * name)
{
  guint64 value = 0;

  fail_unless (gst_structure_get_uint64 (structure, name, &value),
      "the report has no %s", name);
  return value;
}

/* Expects the report after @batches as the next message. */
static GstMessage *
expect_report (guint64 batches)
{
  GstMessage *message = gst_bus_pop (bus);

  fail_unless (message != NULL, "no report after %" G_GUINT64_FORMAT
      " batches", batches);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_ELEMENT);
  fail_unless (gst_message_has_name (message, "audiobatch-report"));
  fail_unless_equals_pointer (GST_MESSAGE_SRC (message), reporter);
  fail_unless_equals_uint64 (get_uint64 (gst_message_get_structure (message),
          "batches"), batches);
  return message;
}

static void
check_report (guint64 batches)
{
  gst_message_unref (expect_report (batches));
}

static gdouble
get_rate (void)
{
  gdouble rate = -1;

  g_object_get (reporter, "allocation-rate", &rate, NULL);
  return rate;
}

/* Makes the window begin @seconds ago, so that the speed of the test doesn't
 * matter. */
static void
age_window (guint seconds)
{
  report.window_start = g_get_monotonic_time () - seconds * G_USEC_PER_SEC;
}

static void
assert_rate_near (gdouble want)
{
  fail_unless (get_rate () > 0.9 * want && get_rate () <= want,
      "the rate is %f, not %f", get_rate (), want);
}

/* Each step sets an interval and makes so many batches; then the reports are
 * those after so many batches. A finish reports once more. */
static const struct
{
  struct
  {
    guint interval, batches;
  } steps[3];
  gboolean finish;
  guint reports[4];
} intervals[] = {
  {{{10, 35}}, FALSE, {10, 20, 30}},
  {{{1, 3}}, FALSE, {1, 2, 3}},
  {{{10, 13}}, TRUE, {10, 13}},
  /* 0 never reports */
  {{{0, 2000}}, TRUE, {0}},
  /* an interval counts from where it was set */
  {{{10, 15}, {3, 6}}, FALSE, {10, 18, 21}},
  {{{10, 5}, {20, 40}}, FALSE, {25, 45}},
  /* off, and on again */
  {{{10, 5}, {0, 95}, {10, 10}}, FALSE, {110}},
};

GST_START_TEST (test_reports_come_at_every_interval_from_where_it_was_set)
{
  guint i;

  ab_report_start (&report, intervals[__i__].steps[0].interval,
      reporter->stats);
  for (i = 0; i < 3; i++) {
    if (i > 0 && intervals[__i__].steps[i].batches > 0) {
      ab_report_set_interval (&report, intervals[__i__].steps[i].interval,
          reporter->stats);
    }
    make_batches (intervals[__i__].steps[i].batches);
  }
  if (intervals[__i__].finish)
    finish_report ();
  for (i = 0; intervals[__i__].reports[i] > 0; i++)
    check_report (intervals[__i__].reports[i]);
  assert_no_report ();
}

GST_END_TEST;

GST_START_TEST (test_the_longest_interval_is_not_due_early)
{
  ab_report_start (&report, G_MAXUINT, reporter->stats);
  fail_if (ab_report_is_due (&report, 0));
  fail_if (ab_report_is_due (&report, G_MAXUINT - 1));
  fail_unless (ab_report_is_due (&report, G_MAXUINT));
}

GST_END_TEST;

GST_START_TEST (test_a_start_begins_anew)
{
  ab_report_start (&report, 10, reporter->stats);
  make_batches (15);
  check_report (10);

  ab_ledger_set (reporter->stats, AB_COUNTER_BATCHES, 0);
  ab_report_start (&report, 10, reporter->stats);
  make_batches (10);
  check_report (10);
  assert_no_report ();
}

GST_END_TEST;

GST_START_TEST (test_the_message_has_every_counter)
{
  const GstStructure *structure;
  GstMessage *message;
  guint i;

  ab_report_start (&report, 4, reporter->stats);
  make_batches (3);
  ab_ledger_released (reporter->stats, 1);
  make_batches (1);

  message = expect_report (4);
  structure = gst_message_get_structure (message);
  for (i = 0; i < AB_N_COUNTERS; i++)
    get_uint64 (structure, ab_counter_info (i)->name);
  fail_unless_equals_uint64 (get_uint64 (structure, "allocations"), 4);
  fail_unless_equals_uint64 (get_uint64 (structure, "allocated-bytes"), 10);
  fail_unless_equals_uint64 (get_uint64 (structure, "outstanding-batches"), 3);
  fail_unless_equals_uint64 (get_uint64 (structure, "outstanding-bytes"), 9);
  fail_unless_equals_uint64 (get_uint64 (structure, "peak-outstanding-batches"),
      3);
  fail_unless_equals_uint64 (get_uint64 (structure, "released"), 1);
  gst_message_unref (message);
}

GST_END_TEST;

GST_START_TEST (test_the_message_has_the_rates)
{
  const AbNominal nominal = { 46.875, 192000, 4096 };
  gdouble rate = -1, batches = -1, bytes = -1;
  GstMessage *message;

  ab_ledger_set_nominal (reporter->stats, &nominal);
  ab_report_start (&report, 50, reporter->stats);
  age_window (1000);
  make_batches (50);
  message = expect_report (50);
  gst_structure_get (gst_message_get_structure (message),
      "allocation-rate", G_TYPE_DOUBLE, &rate,
      "nominal-batches-per-second", G_TYPE_DOUBLE, &batches,
      "nominal-bytes-per-second", G_TYPE_DOUBLE, &bytes, NULL);
  fail_unless_equals_float (rate, get_rate ());
  fail_unless_equals_float (batches, 46.875);
  fail_unless_equals_float (bytes, 192000);
  gst_message_unref (message);
}

GST_END_TEST;

GST_START_TEST (test_the_rate_is_that_of_the_last_window)
{
  ab_report_start (&report, 100, reporter->stats);
  age_window (1000);
  make_batches (100);
  assert_rate_near (0.1);
  age_window (100);
  make_batches (100);
  assert_rate_near (1);
  /* the rate changes only at a report */
  age_window (10);
  make_batches (50);
  assert_rate_near (1);
}

GST_END_TEST;

GST_START_TEST (test_a_window_of_no_time_has_a_finite_rate)
{
  ab_report_start (&report, 1, reporter->stats);
  count_batch ();
  /* a window that begins in the future: the clock went backwards */
  report.window_start = g_get_monotonic_time () + G_USEC_PER_SEC;
  send_report ();
  fail_unless (get_rate () > 0 && get_rate () <= G_USEC_PER_SEC,
      "the rate is %f", get_rate ());
}

GST_END_TEST;

GST_START_TEST (test_finish_does_not_report_what_was_just_reported)
{
  ab_report_start (&report, 10, reporter->stats);
  make_batches (20);
  finish_report ();
  finish_report ();
  check_report (10);
  check_report (20);
  assert_no_report ();
}

GST_END_TEST;

GST_START_TEST (test_finish_reports_an_end_without_batches_once)
{
  ab_report_start (&report, 10, reporter->stats);
  finish_report ();
  finish_report ();
  check_report (0);
  assert_no_report ();
}

GST_END_TEST;

/* As in audiobatchsrc, which ends the stream before it looks for a report. */
GST_START_TEST (test_finish_of_a_full_window_measures_it)
{
  ab_report_start (&report, 10, reporter->stats);
  age_window (100);
  make_batches (10);
  check_report (10);
  age_window (1000);
  make_batches (9);
  count_batch ();
  finish_report ();
  assert_rate_near (0.01);
  make_batches (10);
  check_report (20);
  check_report (30);
  assert_no_report ();
}

GST_END_TEST;

/* Makes the stream begin @seconds ago. */
static void
age_stream (guint seconds)
{
  reporter->stats->start = g_get_monotonic_time () - seconds * G_USEC_PER_SEC;
}

GST_START_TEST (test_before_the_first_report_the_rate_is_that_since_the_start)
{
  ab_report_start (&report, 1000, reporter->stats);
  make_batches (10);
  age_stream (100);
  assert_rate_near (0.1);
  make_batches (10);
  assert_rate_near (0.2);
}

GST_END_TEST;

GST_START_TEST (test_without_reports_the_rate_is_that_since_the_start)
{
  ab_report_start (&report, 0, reporter->stats);
  make_batches (2000);
  age_stream (100);
  assert_rate_near (20);
}

GST_END_TEST;

GST_START_TEST (test_when_reports_end_the_rate_is_that_since_the_start)
{
  ab_report_start (&report, 10, reporter->stats);
  age_window (10);
  make_batches (10);
  assert_rate_near (1);
  ab_report_set_interval (&report, 0, reporter->stats);
  make_batches (90);
  age_stream (1000);
  assert_rate_near (0.1);

  /* a window begins when reports begin again */
  ab_report_set_interval (&report, 10, reporter->stats);
  age_stream (100);
  assert_rate_near (1);
  age_window (1000);
  make_batches (10);
  assert_rate_near (0.01);
}

GST_END_TEST;

GST_START_TEST (test_after_the_end_the_rate_does_not_sink)
{
  const guint intervals[] = { 0, 1000 };
  gdouble rate;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (intervals); i++) {
    ab_report_start (&report, intervals[i], reporter->stats);
    make_batches (10);
    age_stream (100);
    finish_report ();
    rate = get_rate ();
    age_stream (1000);
    ab_report_stop (&report, reporter->stats);
    fail_unless_equals_float (get_rate (), rate);

    /* the stream goes on */
    make_batches (1);
    fail_unless (get_rate () < rate / 5, "%f", get_rate ());
  }
}

GST_END_TEST;

GST_START_TEST (test_finish_keeps_the_rate_that_was_measured)
{
  gdouble rate;

  ab_report_start (&report, 10, reporter->stats);
  age_window (100);
  make_batches (10);
  rate = get_rate ();
  age_window (1000);
  make_batches (1);
  finish_report ();
  fail_unless_equals_float (get_rate (), rate);
}

GST_END_TEST;

static void
count_notify (GObject * object, GParamSpec * pspec, GHashTable * notified)
{
  gpointer name = (gpointer) g_intern_string (pspec->name);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (notified, name));

  g_hash_table_insert (notified, name, GUINT_TO_POINTER (n + 1));
}

static void
assert_notified (GHashTable * notified, const gchar * name, guint want)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (notified,
          g_intern_string (name)));

  fail_unless (n == want, "notified of %s %u times, not %u", name, n, want);
}

GST_START_TEST (test_each_report_notifies_of_every_counter_once)
{
  GHashTable *notified = g_hash_table_new (NULL, NULL);
  guint i;

  g_signal_connect (reporter, "notify", G_CALLBACK (count_notify), notified);
  ab_report_start (&report, 10, reporter->stats);
  make_batches (9);
  fail_unless_equals_int (g_hash_table_size (notified), 0);
  make_batches (12);
  finish_report ();

  for (i = 0; i < AB_N_COUNTERS; i++) {
    const AbCounterInfo *info = ab_counter_info (i);

    assert_notified (notified, info->name, info->property ? 3 : 0);
  }
  assert_notified (notified, "allocation-rate", 3);
  assert_notified (notified, "report-interval", 0);
  g_hash_table_unref (notified);
}

GST_END_TEST;

static void
read_batches (GObject * object, GParamSpec * pspec, guint64 * value)
{
  g_object_get (object, "batches", value, NULL);
}

GST_START_TEST (test_who_is_notified_reads_the_new_figures)
{
  guint64 value = 0;

  g_signal_connect (reporter, "notify::batches", G_CALLBACK (read_batches),
      &value);
  ab_report_start (&report, 10, reporter->stats);
  make_batches (10);
  fail_unless_equals_uint64 (value, 10);
}

GST_END_TEST;

/* Collects the log lines of the category in a GPtrArray. */
static void
keep_line (GstDebugCategory * line_category, GstDebugLevel level,
    const gchar * file, const gchar * function, gint line, GObject * object,
    GstDebugMessage * message, gpointer lines)
{
  if (line_category == category) {
    g_ptr_array_add (lines, g_strdup_printf ("%s %s",
            gst_debug_level_get_name (level), gst_debug_message_get (message)));
  }
}

GST_START_TEST (test_each_report_is_one_line_of_the_log)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  const gchar *line;

  gst_debug_set_active (TRUE);
  gst_debug_category_set_threshold (category, GST_LEVEL_LOG);
  gst_debug_add_log_function (keep_line, lines, NULL);
  ab_report_start (&report, 10, reporter->stats);
  age_window (100);
  make_batches (10);
  gst_debug_remove_log_function_by_data (lines);
  gst_debug_category_reset_threshold (category);

  fail_unless_equals_int (lines->len, 1);
  line = g_ptr_array_index (lines, 0);
  fail_unless (g_str_has_prefix (line, "INFO"), "not INFO: %s", line);
  fail_unless (strstr (line, "10 batches") != NULL, "no batches: %s", line);
  fail_unless (strstr (line, "10 allocations of 55 bytes") != NULL,
      "no allocations: %s", line);
  fail_unless (strstr (line, "outstanding 10") != NULL,
      "nothing outstanding: %s", line);
  g_ptr_array_unref (lines);
}

GST_END_TEST;

static Suite *
report_suite (void)
{
  Suite *suite = suite_create ("report");
  TCase *tc = tcase_create ("batchreport");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc,
      test_reports_come_at_every_interval_from_where_it_was_set, 0,
      G_N_ELEMENTS (intervals));
  tcase_add_test (tc, test_the_longest_interval_is_not_due_early);
  tcase_add_test (tc, test_a_start_begins_anew);
  tcase_add_test (tc, test_the_message_has_every_counter);
  tcase_add_test (tc, test_the_message_has_the_rates);
  tcase_add_test (tc, test_the_rate_is_that_of_the_last_window);
  tcase_add_test (tc, test_a_window_of_no_time_has_a_finite_rate);
  tcase_add_test (tc, test_finish_does_not_report_what_was_just_reported);
  tcase_add_test (tc, test_finish_reports_an_end_without_batches_once);
  tcase_add_test (tc, test_finish_of_a_full_window_measures_it);
  tcase_add_test (tc,
      test_before_the_first_report_the_rate_is_that_since_the_start);
  tcase_add_test (tc, test_without_reports_the_rate_is_that_since_the_start);
  tcase_add_test (tc, test_when_reports_end_the_rate_is_that_since_the_start);
  tcase_add_test (tc, test_after_the_end_the_rate_does_not_sink);
  tcase_add_test (tc, test_finish_keeps_the_rate_that_was_measured);
  tcase_add_test (tc, test_each_report_notifies_of_every_counter_once);
  tcase_add_test (tc, test_who_is_notified_reads_the_new_figures);
  tcase_add_test (tc, test_each_report_is_one_line_of_the_log);
  return suite;
}

GST_CHECK_MAIN (report);
