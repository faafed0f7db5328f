/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters and their names. A snapshot is always consistent. */

#include "stats/ledger.h"

#include <float.h>
#include <string.h>

#include "ledgercheck.h"

/* the stream of the concurrency test */
#define MAX_OUTSTANDING 32
#define FRESH_BYTES 4096
#define REUSED_BYTES 1000
#define ADOPTED_BYTES 3000
/* AUDIOBATCH_SNAPSHOTS overrides this for slow builds */
#define SNAPSHOTS 1000000
/* of a writer without a pause */
#define RUSHED_SNAPSHOTS 20000
#define READERS 2

static void
setup (void)
{
  stats = ab_ledger_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&stats, ab_ledger_unref);
}

/* Compares to the bit; fail_unless_equals_float() allows a difference. */
static void
assert_double (gdouble got, gdouble want)
{
  fail_unless (memcmp (&got, &want, sizeof got) == 0, "got %.17g, want %.17g",
      got, want);
}

static void
take_fresh (gsize bytes)
{
  ab_ledger_taken (stats, AB_COUNTER_ALLOCATIONS, bytes);
}

static void
take_reused (gsize bytes)
{
  ab_ledger_taken (stats, AB_COUNTER_REUSED, bytes);
}

static void
take_adopted (gsize bytes)
{
  ab_ledger_taken (stats, AB_COUNTER_ADOPTED, bytes);
}

GST_START_TEST (test_every_counter_has_a_name_and_a_meaning_of_its_own)
{
  guint i, k;

  for (i = 0; i < AB_N_COUNTERS; i++) {
    const gchar *name = ab_counter_info (i)->name;
    const gchar *blurb = ab_counter_info (i)->blurb;

    fail_unless (name != NULL && g_param_spec_is_valid_name (name),
        "counter %u is called %s", i, name);
    fail_unless (blurb != NULL && strlen (blurb) > 10,
        "counter %u has the blurb \"%s\"", i, blurb);
    for (k = 0; k < i; k++) {
      fail_unless (strcmp (name, ab_counter_info (k)->name) != 0,
          "counters %u and %u are both called %s", k, i, name);
      fail_unless (strcmp (blurb, ab_counter_info (k)->blurb) != 0,
          "counters %u and %u both have the blurb \"%s\"", k, i, blurb);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_the_promised_counters_are_properties)
{
  static const gchar *names[] = { "batches", "allocations", "allocated-bytes",
    "reused", "adopted", "fallbacks", "outstanding-batches",
    "peak-outstanding-batches", "dropped-batches"
  };
  guint n, i;

  for (n = 0; n < G_N_ELEMENTS (names); n++) {
    for (i = 0; i < AB_N_COUNTERS; i++) {
      if (strcmp (ab_counter_info (i)->name, names[n]) == 0)
        break;
    }
    fail_unless (i < AB_N_COUNTERS, "there is no counter %s", names[n]);
    fail_unless (ab_counter_info (i)->property, "%s is no property", names[n]);
  }
}

GST_END_TEST;

GST_START_TEST (test_the_structure_has_every_counter)
{
  AbSnapshot snapshot = {.allocation_rate = 0 };
  GstStructure *structure;
  guint i;

  for (i = 0; i < AB_N_COUNTERS; i++)
    snapshot.value[i] = G_GUINT64_CONSTANT (0x123456789a00) + i;
  structure = ab_snapshot_to_structure (&snapshot, "figures");

  fail_unless_equals_string (gst_structure_get_name (structure), "figures");
  for (i = 0; i < AB_N_COUNTERS; i++) {
    const gchar *name = ab_counter_info (i)->name;
    guint64 value;

    fail_unless (gst_structure_get_uint64 (structure, name, &value),
        "the structure has no %s", name);
    fail_unless (value == snapshot.value[i], "%s is %" G_GUINT64_FORMAT
        ", not %" G_GUINT64_FORMAT, name, value, snapshot.value[i]);
  }
  gst_structure_free (structure);
}

GST_END_TEST;

GST_START_TEST (test_the_structure_has_the_rates)
{
  AbSnapshot snapshot = {
    .nominal = {46.875, 192000.5, G_GUINT64_CONSTANT (0x500000000)},
    .allocation_rate = 1.0 / 3,
  };
  GstStructure *structure = ab_snapshot_to_structure (&snapshot, "figures");
  gdouble batches = -1, bytes = -1, rate = -1;
  guint64 batch_bytes = 0;

  gst_structure_get (structure,
      "nominal-batches-per-second", G_TYPE_DOUBLE, &batches,
      "nominal-bytes-per-second", G_TYPE_DOUBLE, &bytes,
      "bytes-per-batch", G_TYPE_UINT64, &batch_bytes,
      "allocation-rate", G_TYPE_DOUBLE, &rate, NULL);
  assert_double (batches, 46.875);
  assert_double (bytes, 192000.5);
  fail_unless_equals_uint64 (batch_bytes, G_GUINT64_CONSTANT (0x500000000));
  assert_double (rate, 1.0 / 3);
  gst_structure_free (structure);
}

GST_END_TEST;

GST_START_TEST (test_all_begins_at_zero)
{
  AbSnapshot snapshot;
  guint i;

  memset (&snapshot, 0xff, sizeof snapshot);
  ab_ledger_snapshot (stats, &snapshot);
  for (i = 0; i < AB_N_COUNTERS; i++) {
    fail_unless (snapshot.value[i] == 0, "%s is %" G_GUINT64_FORMAT,
        ab_counter_info (i)->name, snapshot.value[i]);
  }
  assert_double (snapshot.nominal.batches_per_second, 0);
  assert_double (snapshot.nominal.bytes_per_second, 0);
  fail_unless_equals_uint64 (snapshot.nominal.bytes_per_batch, 0);
  assert_double (snapshot.allocation_rate, 0);
}

GST_END_TEST;

GST_START_TEST (test_every_kept_counter_counts_for_itself)
{
  AbSnapshot snapshot;
  guint i;

  for (i = 0; i < AB_N_KEPT_COUNTERS; i++) {
    ab_ledger_set (stats, i, G_GUINT64_CONSTANT (0x100000000) * (i + 1));
    ab_ledger_add (stats, i, i);
    ab_ledger_add (stats, i, 7);
  }

  ab_ledger_snapshot (stats, &snapshot);
  for (i = 0; i < AB_N_KEPT_COUNTERS; i++) {
    guint64 want = G_GUINT64_CONSTANT (0x100000000) * (i + 1) + i + 7;

    fail_unless (snapshot.value[i] == want, "%s is %" G_GUINT64_FORMAT
        ", not %" G_GUINT64_FORMAT, ab_counter_info (i)->name,
        snapshot.value[i], want);
    fail_unless_equals_uint64 (ab_ledger_get (stats, i), want);
    fail_unless_equals_uint64 (ab_ledger_read (stats, i), want);
  }
}

GST_END_TEST;

GST_START_TEST (test_live_is_what_was_taken_and_not_released)
{
  take_fresh (1000);
  take_fresh (200);
  take_reused (30);
  take_adopted (4);
  ab_ledger_released (stats, 200);

  assert_counters ("allocations=2 allocated-bytes=1200 reused=1 "
      "reused-bytes=30 adopted=1 adopted-bytes=4 released=1 "
      "outstanding-batches=3 outstanding-bytes=1034 "
      "peak-outstanding-batches=4 peak-outstanding-bytes=1234");
  fail_unless_equals_uint64 (ab_ledger_outstanding (stats), 3);
}

GST_END_TEST;

GST_START_TEST (test_peaks_stay_when_batches_go)
{
  guint i;

  for (i = 0; i < 5; i++)
    take_fresh (100);
  for (i = 0; i < 5; i++)
    ab_ledger_released (stats, 100);
  take_reused (100);

  assert_counters ("peak-outstanding-batches=5 peak-outstanding-bytes=500");
}

GST_END_TEST;

GST_START_TEST (test_peaks_of_batches_and_of_bytes_stand_alone)
{
  take_fresh (10);
  take_fresh (10);
  ab_ledger_released (stats, 10);
  ab_ledger_released (stats, 10);
  take_reused (5000);

  assert_counters ("peak-outstanding-batches=2 peak-outstanding-bytes=5000");
}

GST_END_TEST;

GST_START_TEST (test_nominal_figures_come_back_to_the_bit)
{
  const AbNominal nominals[] = {
    {46.875, 192000, 4096},
    {0.1, 1.0 / 3, G_MAXUINT64},
    {DBL_MAX, DBL_MIN, 1},
    {DBL_TRUE_MIN, 0, 0},
  };
  AbSnapshot snapshot;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (nominals); i++) {
    ab_ledger_set_nominal (stats, &nominals[i]);
    ab_ledger_snapshot (stats, &snapshot);
    assert_double (snapshot.nominal.batches_per_second,
        nominals[i].batches_per_second);
    assert_double (snapshot.nominal.bytes_per_second,
        nominals[i].bytes_per_second);
    fail_unless_equals_uint64 (snapshot.nominal.bytes_per_batch,
        nominals[i].bytes_per_batch);
  }
}

GST_END_TEST;

GST_START_TEST (test_the_allocation_rate_comes_back_to_the_bit)
{
  const gdouble rates[] = { 46.875, 0.1, 1.0 / 3, DBL_MAX, DBL_TRUE_MIN, 0 };
  AbSnapshot snapshot;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    ab_ledger_set_allocation_rate (stats, rates[i]);
    ab_ledger_snapshot (stats, &snapshot);
    assert_double (snapshot.allocation_rate, rates[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_rates_are_counted_by_nothing_else)
{
  const AbNominal nominal = { 1, 2, 3 };
  guint i;

  ab_ledger_set_nominal (stats, &nominal);
  ab_ledger_set_allocation_rate (stats, 4);
  for (i = 0; i < AB_N_COUNTERS; i++)
    fail_unless_equals_uint64 (counter (i), 0);
}

GST_END_TEST;

GST_START_TEST (test_an_unknown_allocation_rate_is_that_since_the_start)
{
  AbSnapshot snapshot;
  guint i;

  for (i = 0; i < 50; i++)
    take_fresh (1);
  stats->start = g_get_monotonic_time () - 100 * G_USEC_PER_SEC;
  ab_ledger_snapshot (stats, &snapshot);
  fail_unless (snapshot.allocation_rate > 0.4
      && snapshot.allocation_rate <= 0.5, "%f", snapshot.allocation_rate);
  fail_unless (ab_ledger_allocation_rate (stats) > 0.4
      && ab_ledger_allocation_rate (stats) <= snapshot.allocation_rate);

  ab_ledger_set_allocation_rate (stats, 0);
  assert_double (ab_ledger_allocation_rate (stats), 0);
  ab_ledger_set_allocation_rate (stats, AB_RATE_UNKNOWN);
  fail_unless (ab_ledger_allocation_rate (stats) > 0.4);
}

GST_END_TEST;

GST_START_TEST (test_stats_live_until_the_last_reference)
{
  AbLedger *kept = ab_ledger_ref (stats);

  take_fresh (100);
  g_clear_pointer (&stats, ab_ledger_unref);
  ab_ledger_released (kept, 100);
  stats = kept;
  assert_counters ("allocations=1 released=1");
}

GST_END_TEST;

/* Puts a number of its own into each figure. */
static void
fill_figures (guint64 base)
{
  guint i;

  for (i = 0; i < AB_N_KEPT_COUNTERS; i++)
    ab_ledger_set (stats, i, base + i);
}

static void
assert_figures (guint64 base)
{
  AbSnapshot snapshot;
  guint64 want;
  guint i;

  ab_ledger_snapshot (stats, &snapshot);
  for (i = 0; i < AB_N_COUNTERS; i++) {
    want = i < AB_N_KEPT_COUNTERS ? base + i : snapshot.value[i];
    fail_unless (snapshot.value[i] == want && ab_ledger_read (stats, i) == want,
        "%s is %" G_GUINT64_FORMAT " of all and %" G_GUINT64_FORMAT
        " alone, not %" G_GUINT64_FORMAT, ab_counter_info (i)->name,
        snapshot.value[i], ab_ledger_read (stats, i), want);
  }
  fail_unless_equals_uint64 (snapshot.value[AB_COUNTER_OUTSTANDING_BATCHES],
      snapshot.value[AB_COUNTER_ALLOCATIONS]
      + snapshot.value[AB_COUNTER_REUSED]
      + snapshot.value[AB_COUNTER_ADOPTED]);
  fail_unless_equals_uint64 (snapshot.value[AB_COUNTER_OUTSTANDING_BYTES],
      snapshot.value[AB_COUNTER_ALLOCATED_BYTES]
      + snapshot.value[AB_COUNTER_REUSED_BYTES]
      + snapshot.value[AB_COUNTER_ADOPTED_BYTES]);
}

/* As when the streaming thread is preempted for long. */
GST_START_TEST (test_in_the_middle_of_a_change_the_figures_are_those_before_it)
{
  AbChange change;
  guint i;

  for (change = AB_CHANGE_CHUNK; change < AB_CHANGE_NOMINAL; change++) {
    guint64 now[AB_N_KEPT];

    fill_figures (1000);
    ab_ledger_begin (stats, change, now);
    assert_figures (1000);
    for (i = ab_change_first (change); i < ab_change_end (change); i++) {
      fail_unless_equals_uint64 (now[i], 1000 + i);
      ab_ledger_add (stats, i, 2000);
      assert_figures (1000);
    }
    ab_ledger_end (stats);
    fill_figures (3000);
    assert_figures (3000);
  }
}

GST_END_TEST;

GST_START_TEST (test_in_the_middle_of_a_new_format_the_nominal_figures_are_old)
{
  const AbNominal nominal = { 46.875, 192000, 4096 };
  guint64 now[AB_N_KEPT];
  AbSnapshot snapshot;
  guint i;

  ab_ledger_set_nominal (stats, &nominal);
  ab_ledger_begin (stats, AB_CHANGE_NOMINAL, now);
  for (i = AB_N_KEPT_COUNTERS; i < AB_N_KEPT; i++)
    ab_ledger_set (stats, i, 0);
  ab_ledger_snapshot (stats, &snapshot);
  assert_double (snapshot.nominal.batches_per_second, 46.875);
  assert_double (snapshot.nominal.bytes_per_second, 192000);
  fail_unless_equals_uint64 (snapshot.nominal.bytes_per_batch, 4096);
  ab_ledger_end (stats);
}

GST_END_TEST;

GST_START_TEST (test_a_request_is_answered_once_at_the_end_of_a_change)
{
  guint64 now[AB_N_KEPT];

  fill_figures (1000);
  atomic_store (&stats->request, 7);
  ab_ledger_begin (stats, AB_CHANGE_SAMPLES, now);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_IN, 5);
  fail_unless_equals_int (atomic_load (&stats->request), 7);
  ab_ledger_end (stats);
  fail_unless_equals_int (atomic_load (&stats->request), 8);
  fail_unless_equals_uint64 (stats->answer.kept[AB_COUNTER_SAMPLES_IN],
      1000 + AB_COUNTER_SAMPLES_IN + 5);
  fail_unless_equals_uint64 (stats->answer.kept[AB_COUNTER_ALLOCATIONS],
      1000 + AB_COUNTER_ALLOCATIONS);

  take_fresh (1);
  fail_unless_equals_int (atomic_load (&stats->request), 8);
  fail_unless_equals_uint64 (stats->answer.kept[AB_COUNTER_ALLOCATIONS],
      1000 + AB_COUNTER_ALLOCATIONS);
}

GST_END_TEST;

/* Only atomics connect the streaming thread, the consumer and the readers. */
static _Atomic guint64 n_taken, n_released;
static _Atomic guint readers_left;
static _Atomic gboolean stream_is_over;

static gsize
bytes_of_batch (guint64 index)
{
  static const gsize bytes[] = { FRESH_BYTES, REUSED_BYTES, ADOPTED_BYTES };

  return bytes[index % 3];
}

static gpointer
release_batches (gpointer unused)
{
  guint64 index = 0;

  while (!atomic_load (&stream_is_over) || index < atomic_load (&n_taken)) {
    if (index < atomic_load (&n_taken)) {
      ab_ledger_released (stats, bytes_of_batch (index++));
      atomic_store (&n_released, index);
    } else {
      g_thread_yield ();
    }
  }
  return NULL;
}

/* Counts samples of two batches: one is dropped, one pushed. One inserted
 * sample stays pending. */
static void
change_samples (guint64 index)
{
  guint n = 100 + index % 900;
  guint64 now[AB_N_KEPT];

  ab_ledger_begin (stats, AB_CHANGE_SAMPLES, now);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_IN, 2 * n);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_INSERTED, 1);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_PENDING, 2 * n + 1);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_DROPPED, n);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_OUT, n);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_PENDING, -(guint64) 2 * n);
  ab_ledger_add (stats, AB_COUNTER_BATCHES, 1);
  ab_ledger_end (stats);
}

static gpointer
stream_batches (gpointer unused)
{
  guint64 index;

  for (index = 0; atomic_load (&readers_left) > 0; index++) {
    while (index - atomic_load (&n_released) >= MAX_OUTSTANDING - 1)
      g_thread_yield ();
    if (bytes_of_batch (index) == FRESH_BYTES)
      take_fresh (FRESH_BYTES);
    else if (bytes_of_batch (index) == REUSED_BYTES)
      take_reused (REUSED_BYTES);
    else
      take_adopted (ADOPTED_BYTES);
    atomic_store (&n_taken, index + 1);
    change_samples (index);
  }
  atomic_store (&stream_is_over, TRUE);
  return NULL;
}

static const gchar *
find_lie (const guint64 * now, const guint64 * before)
{
  guint i;

  if (now[AB_COUNTER_SAMPLES_IN] + now[AB_COUNTER_SAMPLES_INSERTED]
      != now[AB_COUNTER_SAMPLES_OUT] + now[AB_COUNTER_SAMPLES_DROPPED]
      + now[AB_COUNTER_SAMPLES_PENDING])
    return "in + inserted = out + dropped + pending";
  if (now[AB_COUNTER_SAMPLES_PENDING] != now[AB_COUNTER_BATCHES])
    return "each batch leaves one sample";
  if (now[AB_COUNTER_ALLOCATIONS] + now[AB_COUNTER_REUSED]
      + now[AB_COUNTER_ADOPTED]
      != now[AB_COUNTER_OUTSTANDING_BATCHES] + now[AB_COUNTER_RELEASED])
    return "allocations + reused + adopted = outstanding + released";
  if (now[AB_COUNTER_ALLOCATED_BYTES]
      != now[AB_COUNTER_ALLOCATIONS] * FRESH_BYTES)
    return "allocated bytes are those of the allocations";
  if (now[AB_COUNTER_REUSED_BYTES]
      != now[AB_COUNTER_REUSED] * REUSED_BYTES)
    return "reused bytes are those of the reused";
  if (now[AB_COUNTER_ADOPTED_BYTES] != now[AB_COUNTER_ADOPTED] * ADOPTED_BYTES)
    return "adopted bytes are those of the adopted";
  if (now[AB_COUNTER_OUTSTANDING_BATCHES] > MAX_OUTSTANDING)
    return "outstanding batches are bounded";
  if (now[AB_COUNTER_OUTSTANDING_BYTES] > MAX_OUTSTANDING * FRESH_BYTES)
    return "outstanding bytes are bounded";
  if (now[AB_COUNTER_PEAK_OUTSTANDING_BATCHES] <
      now[AB_COUNTER_OUTSTANDING_BATCHES])
    return "the peak is no less than what is outstanding";
  if (now[AB_COUNTER_PEAK_OUTSTANDING_BYTES] <
      now[AB_COUNTER_OUTSTANDING_BYTES])
    return "the peak of bytes is no less than the outstanding bytes";
  for (i = 0; i < AB_N_KEPT_COUNTERS; i++) {
    if (now[i] < before[i] && i != AB_COUNTER_SAMPLES_PENDING)
      return ab_counter_info (i)->name;
  }
  if (now[AB_COUNTER_RELEASED] < before[AB_COUNTER_RELEASED])
    return "released only grows";
  return NULL;
}

/* Returns: the rule that a snapshot broke, or NULL. */
static gpointer
read_snapshots (gpointer unused)
{
  AbSnapshot snapshots[2] = { {.allocation_rate = 0}, };
  const gchar *wish = g_getenv ("AUDIOBATCH_SNAPSHOTS");
  const guint64 n_snapshots = wish ? g_ascii_strtoull (wish, NULL, 10)
      : SNAPSHOTS;
  const gchar *lie = NULL;
  guint i;

  while (atomic_load (&n_taken) == 0)
    g_thread_yield ();
  for (i = 1; i <= n_snapshots && lie == NULL; i++) {
    AbSnapshot *now = &snapshots[i % 2];

    ab_ledger_snapshot (stats, now);
    lie = find_lie (now->value, snapshots[(i + 1) % 2].value);
  }
  atomic_fetch_sub (&readers_left, 1);
  return (gpointer) lie;
}

GST_START_TEST (test_a_snapshot_holds_together_while_threads_count)
{
  GThread *stream, *consumer, *readers[READERS];
  const gchar *lie = NULL;
  guint i;

  atomic_store (&readers_left, READERS);
  stream = g_thread_new ("stream", stream_batches, NULL);
  consumer = g_thread_new ("consumer", release_batches, NULL);
  for (i = 0; i < READERS; i++)
    readers[i] = g_thread_new ("reader", read_snapshots, NULL);
  for (i = 0; i < READERS; i++) {
    gpointer result = g_thread_join (readers[i]);

    lie = lie ? lie : result;
  }
  g_thread_join (stream);
  g_thread_join (consumer);

  fail_unless (lie == NULL, "a snapshot broke: %s", lie);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED),
      atomic_load (&n_taken));
  assert_counters ("outstanding-batches=0 outstanding-bytes=0");
}

GST_END_TEST;

/* Changes figures without a pause, so that hardly a try to copy them succeeds. */
static gpointer
change_figures (gpointer unused)
{
  guint64 now[AB_N_KEPT];

  while (atomic_load_explicit (&readers_left, memory_order_relaxed) > 0) {
    ab_ledger_begin (stats, AB_CHANGE_SAMPLES, now);
    ab_ledger_add (stats, AB_COUNTER_SAMPLES_IN, 1);
    ab_ledger_add (stats, AB_COUNTER_SAMPLES_PENDING, 1);
    ab_ledger_end (stats);
  }
  return NULL;
}

static gpointer
read_changes (gpointer unused)
{
  guint64 in, last = 0;
  gboolean good = TRUE;
  guint i;

  for (i = 0; i < RUSHED_SNAPSHOTS && good; i++) {
    AbSnapshot snapshot;

    in = ab_ledger_read (stats, AB_COUNTER_SAMPLES_IN);
    ab_ledger_snapshot (stats, &snapshot);
    good = last <= in && in <= snapshot.value[AB_COUNTER_SAMPLES_IN]
        && snapshot.value[AB_COUNTER_SAMPLES_IN]
        == snapshot.value[AB_COUNTER_SAMPLES_PENDING];
    last = snapshot.value[AB_COUNTER_SAMPLES_IN];
  }
  atomic_fetch_sub (&readers_left, 1);
  return GINT_TO_POINTER (good);
}

GST_START_TEST (test_a_writer_that_never_rests_starves_no_reader)
{
  GThread *writer, *readers[READERS];
  gboolean good = TRUE;
  guint i;

  atomic_store (&readers_left, READERS);
  writer = g_thread_new ("writer", change_figures, NULL);
  for (i = 0; i < READERS; i++)
    readers[i] = g_thread_new ("reader", read_changes, NULL);
  for (i = 0; i < READERS; i++)
    good &= GPOINTER_TO_INT (g_thread_join (readers[i]));
  g_thread_join (writer);
  fail_unless (good, "figures do not add up, or went back");
}

GST_END_TEST;

static Suite *
ledger_suite (void)
{
  Suite *suite = suite_create ("ledger");
  TCase *tc = tcase_create ("batchstats");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_every_counter_has_a_name_and_a_meaning_of_its_own);
  tcase_add_test (tc, test_the_promised_counters_are_properties);
  tcase_add_test (tc, test_the_structure_has_every_counter);
  tcase_add_test (tc, test_the_structure_has_the_rates);
  tcase_add_test (tc, test_all_begins_at_zero);
  tcase_add_test (tc, test_every_kept_counter_counts_for_itself);
  tcase_add_test (tc, test_live_is_what_was_taken_and_not_released);
  tcase_add_test (tc, test_peaks_stay_when_batches_go);
  tcase_add_test (tc, test_peaks_of_batches_and_of_bytes_stand_alone);
  tcase_add_test (tc, test_nominal_figures_come_back_to_the_bit);
  tcase_add_test (tc, test_the_allocation_rate_comes_back_to_the_bit);
  tcase_add_test (tc, test_rates_are_counted_by_nothing_else);
  tcase_add_test (tc, test_an_unknown_allocation_rate_is_that_since_the_start);
  tcase_add_test (tc, test_stats_live_until_the_last_reference);
  tcase_add_test (tc,
      test_in_the_middle_of_a_change_the_figures_are_those_before_it);
  tcase_add_test (tc,
      test_in_the_middle_of_a_new_format_the_nominal_figures_are_old);
  tcase_add_test (tc, test_a_request_is_answered_once_at_the_end_of_a_change);
  tcase_add_test (tc, test_a_writer_that_never_rests_starves_no_reader);
  tcase_add_test (tc, test_a_snapshot_holds_together_while_threads_count);
  return suite;
}

GST_CHECK_MAIN (ledger);
