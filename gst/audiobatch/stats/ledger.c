/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what batches cost: counters, gauges, and one snapshot of them all.
 *
 * The streaming thread writes most counters, and must not wait for readers; nor
 * must a reader wait for it, since the reader may have taken its processor. So a
 * sequence number makes a snapshot consistent:
 *
 *   streaming thread                    reader
 *   ab_ledger_begin(): save the figures read `sequence`
 *     of the change in `before`;        copy everything, but the figures of a
 *     `sequence` names the change         change that goes on from `before`
 *   change counters                     read `sequence`; if it moved, try again
 *   ab_ledger_end(): none goes on
 *
 * A try fails only if the streaming thread went on meanwhile. A reader whose
 * first tries fail asks for an answer: the streaming thread copies the figures
 * at the end of the change that it is in, so the reader needs at most a few tries
 * more. Only readers that ask wait for each other.
 *
 * Other threads count releases, outside of this. */

#include "stats/ledger.h"

#include <string.h>

/* What a reader tries before it asks. Batches and chunks are rarer by far than
 * one try is long. */
#define TRIES 8

/* What the figures advise, in place of an advice. */
#define ADVISE (-1)

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
  [AB_COUNTER_ADOPTED] = {"adopted",
      "Batches that are the chunk itself, pushed without a copy", TRUE},
  [AB_COUNTER_ADOPTED_BYTES] = {"adopted-bytes",
      "Bytes of batches that are the chunk itself", FALSE},
  [AB_COUNTER_FALLBACKS] = {"fallbacks",
      "Batches newly allocated because the pool had no buffer, or because "
        "downstream's allocator refused", TRUE},
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
  ledger->start = g_get_monotonic_time ();
  ab_ledger_set_allocation_rate (ledger, AB_RATE_UNKNOWN);
  ab_ledger_set_advice (ledger, NULL);
  g_mutex_init (&ledger->readers);
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
  g_mutex_clear (&ledger->readers);
  ab_histogram_clear (&ledger->fresh_time);
  ab_histogram_clear (&ledger->pooled_time);
  g_free (ledger);
}

void
ab_ledger_set_nominal (AbLedger * ledger, const AbNominal * nominal)
{
  guint64 now[AB_N_KEPT];

  ab_ledger_begin (ledger, AB_CHANGE_NOMINAL, now);
  ab_ledger_set (ledger, AB_KEPT_NOMINAL_BATCHES,
      double_bits (nominal->batches_per_second));
  ab_ledger_set (ledger, AB_KEPT_NOMINAL_BYTES,
      double_bits (nominal->bytes_per_second));
  ab_ledger_set (ledger, AB_KEPT_NOMINAL_BATCH_BYTES, nominal->bytes_per_batch);
  ab_ledger_end (ledger);
}

void
ab_ledger_set_allocation_rate (AbLedger * ledger, gdouble rate)
{
  atomic_store_explicit (&ledger->allocation_rate, double_bits (rate),
      memory_order_relaxed);
}

void
ab_ledger_set_memory (AbLedger * ledger, guint64 bound, gboolean pooled)
{
  atomic_store_explicit (&ledger->memory_bound, bound, memory_order_relaxed);
  atomic_store_explicit (&ledger->pooled, pooled, memory_order_relaxed);
}

void
ab_ledger_set_fresh_cost (AbLedger * ledger, const AbCost * cost)
{
  atomic_store_explicit (&ledger->fresh_page_faults,
      double_bits (cost->page_faults), memory_order_relaxed);
  atomic_store_explicit (&ledger->fresh_cpu_ns,
      double_bits (cost->known ? cost->cpu_ns : 0), memory_order_relaxed);
}

void
ab_ledger_set_advice (AbLedger * ledger, const AbAdvice * advice)
{
  atomic_store_explicit (&ledger->advice, advice ?
      2 * (gint) advice->reason + (gint) advice->allocation : ADVISE,
      memory_order_relaxed);
}

static void
raise_peak (AbLedger * ledger, AbCounter peak, guint64 value)
{
  if (value > ab_ledger_get (ledger, peak))
    ab_ledger_set (ledger, peak, value);
}

/* Each batch was taken in one of three ways. */
static guint64
taken_of (const guint64 * kept)
{
  return kept[AB_COUNTER_ALLOCATIONS] + kept[AB_COUNTER_REUSED]
      + kept[AB_COUNTER_ADOPTED];
}

static guint64
taken_bytes_of (const guint64 * kept)
{
  return kept[AB_COUNTER_ALLOCATED_BYTES] + kept[AB_COUNTER_REUSED_BYTES]
      + kept[AB_COUNTER_ADOPTED_BYTES];
}

/* @change is constant, so that the compiler knows the figures. */
static inline void
take (AbLedger * ledger, AbChange change, gsize bytes)
{
  AbCounter counter = ab_change_first (change);
  guint64 released, released_bytes;
  guint64 now[AB_N_KEPT];

  ab_ledger_begin (ledger, change, now);
  ab_ledger_set (ledger, counter, now[counter] + 1);
  ab_ledger_set (ledger, counter + 1, now[counter + 1] + bytes);
  ledger->taken++;
  ledger->taken_bytes += bytes;

  /* acquire: pairs with the release in ab_ledger_count_release() */
  released = atomic_load_explicit (&ledger->released, memory_order_acquire);
  released_bytes =
      atomic_load_explicit (&ledger->released_bytes, memory_order_acquire);
  raise_peak (ledger, AB_COUNTER_PEAK_OUTSTANDING_BATCHES,
      ledger->taken - released);
  raise_peak (ledger, AB_COUNTER_PEAK_OUTSTANDING_BYTES,
      ledger->taken_bytes - released_bytes);
  ab_ledger_end (ledger);
}

void
ab_ledger_taken (AbLedger * ledger, AbCounter counter, gsize bytes)
{
  if (G_LIKELY (counter == AB_COUNTER_ALLOCATIONS))
    take (ledger, AB_CHANGE_FRESH, bytes);
  else if (counter == AB_COUNTER_REUSED)
    take (ledger, AB_CHANGE_REUSED, bytes);
  else
    take (ledger, AB_CHANGE_ADOPTED, bytes);
}

/* Reading */

static void
copy_released (AbLedger * ledger, AbFigures * figures)
{
  figures->released =
      atomic_load_explicit (&ledger->released, memory_order_acquire);
  figures->released_bytes =
      atomic_load_explicit (&ledger->released_bytes, memory_order_acquire);
  figures->discards =
      atomic_load_explicit (&ledger->discards, memory_order_relaxed);
}

G_GNUC_NO_INLINE void
ab_ledger_answer (AbLedger * ledger)
{
  /* acquire: the reader is done with the last answer */
  guint32 request =
      atomic_load_explicit (&ledger->request, memory_order_acquire);
  guint i;

  copy_released (ledger, &ledger->answer);
  for (i = 0; i < AB_N_KEPT; i++)
    ledger->answer.kept[i] = ab_ledger_get (ledger, i);
  /* fails if a newer request came: that one needs newer figures */
  atomic_compare_exchange_strong (&ledger->request, &request, request + 1);
}

/* Has nothing changed since @sequence was read? */
static gboolean
is_unchanged (AbLedger * ledger, guint32 sequence)
{
  atomic_thread_fence (memory_order_acquire);
  return atomic_load_explicit (&ledger->sequence, memory_order_relaxed)
      == sequence;
}

static guint64
kept_before (AbLedger * ledger, AbChange change, guint i)
{
  return atomic_load_explicit (i >= ab_change_first (change)
      && i < ab_change_end (change) ? &ledger->before[i] : &ledger->kept[i],
      memory_order_relaxed);
}

/* Copies the figures from @first up to @end, and what was released if that is
 * more than one figure. */
static gboolean
try_copy (AbLedger * ledger, guint first, guint end, AbFigures * figures)
{
  guint32 sequence =
      atomic_load_explicit (&ledger->sequence, memory_order_acquire);
  guint i;

  /* Read `released` before the batches taken. Each batch is taken before it is
   * released, so the outstanding count can't be negative. */
  if (end - first > 1)
    copy_released (ledger, figures);
  for (i = first; i < end; i++)
    figures->kept[i] = kept_before (ledger, sequence & AB_CHANGE_MASK, i);
  return is_unchanged (ledger, sequence);
}

/* Copies the figures with the streaming thread's help, which comes as soon as
 * that thread goes on. */
static G_GNUC_NO_INLINE void
ask_for_figures (AbLedger * ledger, guint first, guint end, AbFigures * figures)
{
  guint32 request;

  g_mutex_lock (&ledger->readers);
  request = (atomic_load (&ledger->request) | 1) + 2;
  atomic_store (&ledger->request, request);
  while (!try_copy (ledger, first, end, figures)) {
    if (atomic_load (&ledger->request) == request + 1) {
      *figures = ledger->answer;
      break;
    }
  }
  g_mutex_unlock (&ledger->readers);
}

static void
copy_figures (AbLedger * ledger, guint first, guint end, AbFigures * figures)
{
  guint i;

  for (i = 0; i < TRIES; i++) {
    if (try_copy (ledger, first, end, figures))
      return;
  }
  ask_for_figures (ledger, first, end, figures);
}

static guint64
counter_of (const AbFigures * figures, AbCounter counter)
{
  const guint64 *kept = figures->kept;

  switch (counter) {
    case AB_COUNTER_OUTSTANDING_BATCHES:
      return taken_of (kept) - figures->released;
    case AB_COUNTER_OUTSTANDING_BYTES:
      return taken_bytes_of (kept) - figures->released_bytes;
    case AB_COUNTER_RELEASED:
      return figures->released;
    case AB_COUNTER_DISCARDS:
      return figures->discards;
    default:
      return kept[counter];
  }
}

guint64
ab_ledger_read (AbLedger * ledger, AbCounter counter)
{
  AbFigures figures;

  if (counter < AB_N_KEPT_COUNTERS)
    copy_figures (ledger, counter, counter + 1, &figures);
  else
    copy_figures (ledger, AB_COUNTER_ALLOCATIONS,
        AB_COUNTER_ADOPTED_BYTES + 1, &figures);
  return counter_of (&figures, counter);
}

static gdouble
allocation_rate (AbLedger * ledger, guint64 allocations)
{
  gdouble rate = bits_double (atomic_load_explicit (&ledger->allocation_rate,
          memory_order_relaxed));

  if (rate >= 0)
    return rate;
  return (gdouble) G_USEC_PER_SEC *allocations
      / MAX (g_get_monotonic_time () - ledger->start, 1);
}

gdouble
ab_ledger_allocation_rate (AbLedger * ledger)
{
  return allocation_rate (ledger,
      ab_ledger_read (ledger, AB_COUNTER_ALLOCATIONS));
}

/* Not at one instant with each other: one of them may be new, one old. */
static AbCost
fresh_cost (AbLedger * ledger)
{
  AbCost cost = {
    .page_faults = bits_double (atomic_load_explicit
        (&ledger->fresh_page_faults, memory_order_relaxed)),
    .cpu_ns = bits_double (atomic_load_explicit (&ledger->fresh_cpu_ns,
            memory_order_relaxed)),
  };

  cost.known = cost.cpu_ns > 0;
  return cost;
}

/* The advice that is set, or else what the figures advise. */
static AbAdvice
conclude (AbLedger * ledger, const AbAdviceInput * input)
{
  gint set = atomic_load_explicit (&ledger->advice, memory_order_relaxed);
  AbAdvice advice = { set % 2, set / 2 };

  return set == ADVISE ? ab_advice_for (input) : advice;
}

/* Times and advice, which need not add up with the counters. */
static void
draw_conclusions (AbLedger * ledger, AbSnapshot * snapshot)
{
  AbHistogramSummary fresh;
  AbAdviceInput input = {
    .batches_per_second = snapshot->nominal.batches_per_second,
    .bytes_per_batch = snapshot->nominal.bytes_per_batch,
    .cost = fresh_cost (ledger),
    .peak_outstanding_bytes =
        snapshot->value[AB_COUNTER_PEAK_OUTSTANDING_BYTES],
    .memory_bound =
        atomic_load_explicit (&ledger->memory_bound, memory_order_relaxed),
    .pooled = atomic_load_explicit (&ledger->pooled, memory_order_relaxed),
  };

  ab_histogram_summarize (&ledger->fresh_time, &fresh);
  input.timed = fresh.count;
  input.allocation_p999_ns = fresh.p999;
  snapshot->advice = conclude (ledger, &input);
  if (input.pooled)
    ab_histogram_summarize (&ledger->pooled_time, &snapshot->allocation_time);
  else
    snapshot->allocation_time = fresh;
}

void
ab_ledger_snapshot (AbLedger * ledger, AbSnapshot * snapshot)
{
  AbFigures figures;
  guint i;

  copy_figures (ledger, 0, AB_N_KEPT, &figures);
  for (i = 0; i < AB_N_COUNTERS; i++)
    snapshot->value[i] = counter_of (&figures, i);
  snapshot->nominal.batches_per_second =
      bits_double (figures.kept[AB_KEPT_NOMINAL_BATCHES]);
  snapshot->nominal.bytes_per_second =
      bits_double (figures.kept[AB_KEPT_NOMINAL_BYTES]);
  snapshot->nominal.bytes_per_batch = figures.kept[AB_KEPT_NOMINAL_BATCH_BYTES];
  snapshot->allocation_rate = allocation_rate (ledger,
      snapshot->value[AB_COUNTER_ALLOCATIONS]);
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
