/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what batches cost: counters, gauges, and one snapshot of them all. */

#include "stats/ledger.h"

#include <string.h>

static const BatchCounterInfo counter_infos[BATCH_N_COUNTERS] = {
  [BATCH_COUNTER_BATCHES] = {"batches",
      "Batches pushed since the start", TRUE},
  [BATCH_COUNTER_ALLOCATIONS] = {"allocations",
      "Batches whose memory was allocated afresh", TRUE},
  [BATCH_COUNTER_ALLOCATED_BYTES] = {"allocated-bytes",
      "Bytes allocated afresh for batches", TRUE},
  [BATCH_COUNTER_REUSED] = {"reused",
      "Batches whose memory came back from an earlier batch", TRUE},
  [BATCH_COUNTER_REUSED_BYTES] = {"reused-bytes",
      "Bytes of batches whose memory came back from an earlier batch", FALSE},
  [BATCH_COUNTER_FALLBACKS] = {"fallbacks",
      "Batches allocated afresh because the pool had none to give", TRUE},
  [BATCH_COUNTER_PEAK_LIVE_BATCHES] = {"peak-live-batches",
      "The most batches that were live at one time", TRUE},
  [BATCH_COUNTER_PEAK_LIVE_BYTES] = {"peak-live-bytes",
      "The most bytes that were live at one time", FALSE},
  [BATCH_COUNTER_DROPPED_BATCHES] = {"dropped-batches",
      "Batches dropped because downstream held too many", TRUE},
  [BATCH_COUNTER_SAMPLES_IN] = {"samples-in",
      "Samples (frames) that came in or were made", FALSE},
  [BATCH_COUNTER_SAMPLES_OUT] = {"samples-out",
      "Samples (frames) pushed", FALSE},
  [BATCH_COUNTER_SAMPLES_INSERTED] = {"samples-inserted",
      "Samples (frames) of silence that the element added", FALSE},
  [BATCH_COUNTER_SAMPLES_DROPPED] = {"samples-dropped",
      "Samples (frames) that came in and were not pushed", FALSE},
  [BATCH_COUNTER_SAMPLES_PENDING] = {"samples-pending",
      "Samples (frames) waiting for their batch to fill", FALSE},
  [BATCH_COUNTER_LIVE_BATCHES] = {"live-batches",
      "Batches being filled or pushed and not yet released", TRUE},
  [BATCH_COUNTER_LIVE_BYTES] = {"live-bytes",
      "Bytes of the live batches", FALSE},
  [BATCH_COUNTER_RELEASED] = {"released",
      "Batches that everybody is done with", FALSE},
  [BATCH_COUNTER_DISCARDS] = {"discards",
      "Buffers that came back to the pool unfit to be used again", FALSE},
};

const BatchCounterInfo *
batch_counter_info (BatchCounter counter)
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

BatchStats *
batch_stats_new (void)
{
  BatchStats *stats = g_new0 (BatchStats, 1);

  g_atomic_ref_count_init (&stats->ref_count);
  batch_gate_init (&stats->gate);
  return stats;
}

BatchStats *
batch_stats_ref (BatchStats * stats)
{
  g_atomic_ref_count_inc (&stats->ref_count);
  return stats;
}

void
batch_stats_unref (BatchStats * stats)
{
  if (!g_atomic_ref_count_dec (&stats->ref_count))
    return;
  batch_gate_clear (&stats->gate);
  g_free (stats);
}

void
batch_stats_set_nominal (BatchStats * stats, const BatchNominal * nominal)
{
  batch_stats_begin (stats);
  atomic_store_explicit (&stats->nominal_batches,
      double_bits (nominal->batches_per_second), memory_order_relaxed);
  atomic_store_explicit (&stats->nominal_bytes,
      double_bits (nominal->bytes_per_second), memory_order_relaxed);
  atomic_store_explicit (&stats->nominal_batch_bytes,
      nominal->bytes_per_batch, memory_order_relaxed);
  batch_stats_end (stats);
}

void
batch_stats_set_allocation_rate (BatchStats * stats, gdouble rate)
{
  batch_stats_begin (stats);
  atomic_store_explicit (&stats->allocation_rate, double_bits (rate),
      memory_order_relaxed);
  batch_stats_end (stats);
}

void
batch_stats_set_memory (BatchStats * stats, guint64 bound, gboolean pooled)
{
  batch_stats_begin (stats);
  atomic_store_explicit (&stats->memory_bound, bound, memory_order_relaxed);
  atomic_store_explicit (&stats->pooled, pooled, memory_order_relaxed);
  batch_stats_end (stats);
}

static void
raise_peak (BatchStats * stats, BatchCounter peak, guint64 value)
{
  if (value > batch_stats_get (stats, peak))
    batch_stats_set (stats, peak, value);
}

void
batch_stats_taken (BatchStats * stats, BatchCounter counter,
    BatchCounter bytes_counter, gsize bytes)
{
  guint64 released, released_bytes, taken, taken_bytes;

  batch_stats_begin (stats);
  batch_stats_add (stats, counter, 1);
  batch_stats_add (stats, bytes_counter, bytes);

  /* the acquire makes a release that is counted here happen before */
  released = atomic_load_explicit (&stats->released, memory_order_acquire);
  released_bytes =
      atomic_load_explicit (&stats->released_bytes, memory_order_acquire);
  taken = batch_stats_get (stats, BATCH_COUNTER_ALLOCATIONS)
      + batch_stats_get (stats, BATCH_COUNTER_REUSED);
  taken_bytes = batch_stats_get (stats, BATCH_COUNTER_ALLOCATED_BYTES)
      + batch_stats_get (stats, BATCH_COUNTER_REUSED_BYTES);
  raise_peak (stats, BATCH_COUNTER_PEAK_LIVE_BATCHES, taken - released);
  raise_peak (stats, BATCH_COUNTER_PEAK_LIVE_BYTES,
      taken_bytes - released_bytes);
  batch_stats_end (stats);
}

static void
copy_kept (BatchStats * stats, BatchSnapshot * snapshot)
{
  guint i;

  for (i = 0; i < BATCH_N_KEPT_COUNTERS; i++)
    snapshot->value[i] = batch_stats_get (stats, i);

  snapshot->nominal.batches_per_second =
      bits_double (atomic_load_explicit (&stats->nominal_batches,
          memory_order_relaxed));
  snapshot->nominal.bytes_per_second =
      bits_double (atomic_load_explicit (&stats->nominal_bytes,
          memory_order_relaxed));
  snapshot->nominal.bytes_per_batch =
      atomic_load_explicit (&stats->nominal_batch_bytes, memory_order_relaxed);
  snapshot->allocation_rate =
      bits_double (atomic_load_explicit (&stats->allocation_rate,
          memory_order_relaxed));
}

/* Times and advice. They are no part of what has to add up. */
static void
draw_conclusions (BatchStats * stats, BatchSnapshot * snapshot)
{
  HistogramSummary fresh;
  AdviceInput input = {
    .batches_per_second = snapshot->nominal.batches_per_second,
    .bytes_per_batch = snapshot->nominal.bytes_per_batch,
    .peak_live_bytes = snapshot->value[BATCH_COUNTER_PEAK_LIVE_BYTES],
    .memory_bound =
        atomic_load_explicit (&stats->memory_bound, memory_order_relaxed),
    .pooled = atomic_load_explicit (&stats->pooled, memory_order_relaxed),
  };

  histogram_summarize (&stats->fresh_time, &fresh);
  input.timed = fresh.count;
  input.allocation_p999_ns = fresh.p999;
  snapshot->advice = advice_for (&input);
  if (input.pooled)
    histogram_summarize (&stats->pooled_time, &snapshot->allocation_time);
  else
    snapshot->allocation_time = fresh;
}

void
batch_stats_snapshot (BatchStats * stats, BatchSnapshot * snapshot)
{
  /* cppcheck-suppress ctuuninitvar ; what is to be filled may be anything */
  guint64 *value = snapshot->value;
  guint64 released, released_bytes;
  guint32 before, after;

  do {
    before = atomic_load_explicit (&stats->sequence, memory_order_acquire);
    /* Released before taken: a batch is taken before it is released, so that
     * what is live can't come out negative. */
    released = atomic_load_explicit (&stats->released, memory_order_acquire);
    released_bytes =
        atomic_load_explicit (&stats->released_bytes, memory_order_acquire);
    copy_kept (stats, snapshot);
    atomic_thread_fence (memory_order_acquire);
    after = atomic_load_explicit (&stats->sequence, memory_order_relaxed);
  } while (before != after || (before & 1));

  value[BATCH_COUNTER_DISCARDS] =
      atomic_load_explicit (&stats->discards, memory_order_relaxed);
  value[BATCH_COUNTER_RELEASED] = released;
  value[BATCH_COUNTER_LIVE_BATCHES] = value[BATCH_COUNTER_ALLOCATIONS]
      + value[BATCH_COUNTER_REUSED] - released;
  value[BATCH_COUNTER_LIVE_BYTES] = value[BATCH_COUNTER_ALLOCATED_BYTES]
      + value[BATCH_COUNTER_REUSED_BYTES] - released_bytes;
  draw_conclusions (stats, snapshot);
}

GstStructure *
batch_snapshot_to_structure (const BatchSnapshot * snapshot, const gchar * name)
{
  const HistogramSummary *time = &snapshot->allocation_time;
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
      "advice", G_TYPE_STRING, advice_name (&snapshot->advice),
      "advice-reason", G_TYPE_STRING, advice_reason_name (&snapshot->advice),
      NULL);
  guint i;

  for (i = 0; i < BATCH_N_COUNTERS; i++) {
    gst_structure_set (structure, counter_infos[i].name, G_TYPE_UINT64,
        snapshot->value[i], NULL);
  }
  return structure;
}
