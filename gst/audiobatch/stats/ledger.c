/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what batches cost: counters, gauges, and one snapshot of them all.
 *
 * The streaming thread writes most counters, and must not wait for readers. So
 * a sequence lock makes a snapshot consistent:
 *
 *   streaming thread            reader
 *   ab_ledger_begin(): odd      read `sequence`
 *   change counters             copy everything
 *   ab_ledger_end(): even       read `sequence`; if odd or changed, start again
 *
 * Other threads count releases, outside of this lock. */

#include "stats/ledger.h"

#include <string.h>

static const AbCounterInfo counter_infos[AB_N_COUNTERS] = {
  [AB_COUNTER_BATCHES] = {"batches",
      "Batches pushed since the start", TRUE},
  [AB_COUNTER_ALLOCATIONS] = {"allocations",
      "Batches whose memory was newly allocated", TRUE},
  [AB_COUNTER_ALLOCATED_BYTES] = {"allocated-bytes",
      "Bytes newly allocated for batches", TRUE},
  [AB_COUNTER_REUSED] = {"reused",
      "Batches whose memory came back from an earlier batch", TRUE},
  [AB_COUNTER_REUSED_BYTES] = {"reused-bytes",
      "Bytes of batches whose memory came back from an earlier batch", FALSE},
  [AB_COUNTER_FALLBACKS] = {"fallbacks",
      "Batches newly allocated because the pool had no buffer", TRUE},
  [AB_COUNTER_PEAK_OUTSTANDING_BATCHES] = {"peak-outstanding-batches",
      "The most batches that were outstanding at one time", TRUE},
  [AB_COUNTER_PEAK_OUTSTANDING_BYTES] = {"peak-outstanding-bytes",
      "The most bytes that were outstanding at one time", FALSE},
  [AB_COUNTER_DROPPED_BATCHES] = {"dropped-batches",
      "Batches dropped because downstream held too many", TRUE},
  [AB_COUNTER_SAMPLES_IN] = {"samples-in",
      "Samples (frames) received or generated", FALSE},
  [AB_COUNTER_SAMPLES_OUT] = {"samples-out",
      "Samples (frames) pushed", FALSE},
  [AB_COUNTER_SAMPLES_INSERTED] = {"samples-inserted",
      "Samples (frames) of silence that the element added", FALSE},
  [AB_COUNTER_SAMPLES_DROPPED] = {"samples-dropped",
      "Samples (frames) dropped instead of pushed", FALSE},
  [AB_COUNTER_SAMPLES_PENDING] = {"samples-pending",
      "Samples (frames) waiting for their batch to fill", FALSE},
  [AB_COUNTER_BREAKS] = {"breaks",
      "Times that the samples did not continue, and a new run began", FALSE},
  [AB_COUNTER_FILLS] = {"fills",
      "Times that silence was inserted for missing samples", FALSE},
  [AB_COUNTER_DROPS] = {"drops",
      "Times that samples were dropped because they overlapped", FALSE},
  [AB_COUNTER_OUTSTANDING_BATCHES] = {"outstanding-batches",
      "Batches being filled or pushed and not yet released", TRUE},
  [AB_COUNTER_OUTSTANDING_BYTES] = {"outstanding-bytes",
      "Bytes of the outstanding batches", FALSE},
  [AB_COUNTER_RELEASED] = {"released",
      "Batches whose last reference is gone", FALSE},
  [AB_COUNTER_DISCARDS] = {"discards",
      "Buffers that came back to the pool unfit for reuse", FALSE},
};

const AbCounterInfo *
ab_counter_info (AbCounter counter)
{
  return &counter_infos[counter];
}

static guint64
double_bits (gdouble value)
{
  guint64 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static gdouble
bits_double (guint64 bits)
{
  gdouble value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

AbLedger *
ab_ledger_new (void)
{
  AbLedger *ledger = g_new0 (AbLedger, 1);

  g_atomic_ref_count_init (&ledger->ref_count);
  ab_gate_init (&ledger->gate);
  return ledger;
}

AbLedger *
ab_ledger_ref (AbLedger * ledger)
{
  g_atomic_ref_count_inc (&ledger->ref_count);
  return ledger;
}

void
ab_ledger_unref (AbLedger * ledger)
{
  if (!g_atomic_ref_count_dec (&ledger->ref_count))
    return;
  ab_gate_clear (&ledger->gate);
  g_free (ledger);
}

void
ab_ledger_set_nominal (AbLedger * ledger, const AbNominal * nominal)
{
  ab_ledger_begin (ledger);
  atomic_store_explicit (&ledger->nominal_batches,
      double_bits (nominal->batches_per_second), memory_order_relaxed);
  atomic_store_explicit (&ledger->nominal_bytes,
      double_bits (nominal->bytes_per_second), memory_order_relaxed);
  atomic_store_explicit (&ledger->nominal_batch_bytes,
      nominal->bytes_per_batch, memory_order_relaxed);
  ab_ledger_end (ledger);
}

void
ab_ledger_set_allocation_rate (AbLedger * ledger, gdouble rate)
{
  ab_ledger_begin (ledger);
  atomic_store_explicit (&ledger->allocation_rate, double_bits (rate),
      memory_order_relaxed);
  ab_ledger_end (ledger);
}

void
ab_ledger_set_memory (AbLedger * ledger, guint64 bound, gboolean pooled)
{
  ab_ledger_begin (ledger);
  atomic_store_explicit (&ledger->memory_bound, bound, memory_order_relaxed);
  atomic_store_explicit (&ledger->pooled, pooled, memory_order_relaxed);
  ab_ledger_end (ledger);
}

static void
raise_peak (AbLedger * ledger, AbCounter peak, guint64 value)
{
  if (value > ab_ledger_get (ledger, peak))
    ab_ledger_set (ledger, peak, value);
}

void
ab_ledger_taken (AbLedger * ledger, AbCounter counter,
    AbCounter bytes_counter, gsize bytes)
{
  guint64 released, released_bytes, taken, taken_bytes;

  ab_ledger_begin (ledger);
  ab_ledger_add (ledger, counter, 1);
  ab_ledger_add (ledger, bytes_counter, bytes);

  /* acquire: pairs with the release in ab_ledger_count_release() */
  released = atomic_load_explicit (&ledger->released, memory_order_acquire);
  released_bytes =
      atomic_load_explicit (&ledger->released_bytes, memory_order_acquire);
  taken = ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS)
      + ab_ledger_get (ledger, AB_COUNTER_REUSED);
  taken_bytes = ab_ledger_get (ledger, AB_COUNTER_ALLOCATED_BYTES)
      + ab_ledger_get (ledger, AB_COUNTER_REUSED_BYTES);
  raise_peak (ledger, AB_COUNTER_PEAK_OUTSTANDING_BATCHES, taken - released);
  raise_peak (ledger, AB_COUNTER_PEAK_OUTSTANDING_BYTES,
      taken_bytes - released_bytes);
  ab_ledger_end (ledger);
}

static void
copy_kept (AbLedger * ledger, AbSnapshot * snapshot)
{
  guint i;

  for (i = 0; i < AB_N_KEPT_COUNTERS; i++)
    snapshot->value[i] = ab_ledger_get (ledger, i);

  snapshot->nominal.batches_per_second =
      bits_double (atomic_load_explicit (&ledger->nominal_batches,
          memory_order_relaxed));
  snapshot->nominal.bytes_per_second =
      bits_double (atomic_load_explicit (&ledger->nominal_bytes,
          memory_order_relaxed));
  snapshot->nominal.bytes_per_batch =
      atomic_load_explicit (&ledger->nominal_batch_bytes, memory_order_relaxed);
  snapshot->allocation_rate =
      bits_double (atomic_load_explicit (&ledger->allocation_rate,
          memory_order_relaxed));
}

/* Times and advice, which need not add up with the counters. */
static void
draw_conclusions (AbLedger * ledger, AbSnapshot * snapshot)
{
  AbHistogramSummary fresh;
  AbAdviceInput input = {
    .batches_per_second = snapshot->nominal.batches_per_second,
    .bytes_per_batch = snapshot->nominal.bytes_per_batch,
    .peak_outstanding_bytes =
        snapshot->value[AB_COUNTER_PEAK_OUTSTANDING_BYTES],
    .memory_bound =
        atomic_load_explicit (&ledger->memory_bound, memory_order_relaxed),
    .pooled = atomic_load_explicit (&ledger->pooled, memory_order_relaxed),
  };

  ab_histogram_summarize (&ledger->fresh_time, &fresh);
  input.timed = fresh.count;
  input.allocation_p999_ns = fresh.p999;
  snapshot->advice = ab_advice_for (&input);
  if (input.pooled)
    ab_histogram_summarize (&ledger->pooled_time, &snapshot->allocation_time);
  else
    snapshot->allocation_time = fresh;
}

void
ab_ledger_snapshot (AbLedger * ledger, AbSnapshot * snapshot)
{
  /* cppcheck-suppress ctuuninitvar ; the snapshot is output only */
  guint64 *value = snapshot->value;
  guint64 released, released_bytes;
  guint32 before, after;

  do {
    before = atomic_load_explicit (&ledger->sequence, memory_order_acquire);
    /* Read `released` before the batches taken. Each batch is taken before it
     * is released, so the outstanding count can't be negative. */
    released = atomic_load_explicit (&ledger->released, memory_order_acquire);
    released_bytes =
        atomic_load_explicit (&ledger->released_bytes, memory_order_acquire);
    copy_kept (ledger, snapshot);
    atomic_thread_fence (memory_order_acquire);
    after = atomic_load_explicit (&ledger->sequence, memory_order_relaxed);
  } while (before != after || (before & 1));

  value[AB_COUNTER_DISCARDS] =
      atomic_load_explicit (&ledger->discards, memory_order_relaxed);
  value[AB_COUNTER_RELEASED] = released;
  value[AB_COUNTER_OUTSTANDING_BATCHES] = value[AB_COUNTER_ALLOCATIONS]
      + value[AB_COUNTER_REUSED] - released;
  value[AB_COUNTER_OUTSTANDING_BYTES] = value[AB_COUNTER_ALLOCATED_BYTES]
      + value[AB_COUNTER_REUSED_BYTES] - released_bytes;
  draw_conclusions (ledger, snapshot);
}

GstStructure *
ab_snapshot_to_structure (const AbSnapshot * snapshot, const gchar * name)
{
  const AbHistogramSummary *time = &snapshot->allocation_time;
  GstStructure *structure = gst_structure_new (name,
      "nominal-batches-per-second", G_TYPE_DOUBLE,
      snapshot->nominal.batches_per_second,
      "nominal-bytes-per-second", G_TYPE_DOUBLE,
      snapshot->nominal.bytes_per_second,
      "bytes-per-batch", G_TYPE_UINT64, snapshot->nominal.bytes_per_batch,
      "allocation-rate", G_TYPE_DOUBLE, snapshot->allocation_rate,
      "allocations-timed", G_TYPE_UINT64, time->count,
      "allocation-time-p50", G_TYPE_UINT64, time->p50,
      "allocation-time-p99", G_TYPE_UINT64, time->p99,
      "allocation-time-p999", G_TYPE_UINT64, time->p999,
      "allocation-time-max", G_TYPE_UINT64, time->max,
      "advice", GST_TYPE_AUDIO_BATCH_ALLOCATION, snapshot->advice.allocation,
      "advice-reason", GST_TYPE_AUDIO_BATCH_ADVICE_REASON,
      snapshot->advice.reason,
      NULL);
  guint i;

  for (i = 0; i < AB_N_COUNTERS; i++) {
    gst_structure_set (structure, counter_infos[i].name, G_TYPE_UINT64,
        snapshot->value[i], NULL);
  }
  return structure;
}
