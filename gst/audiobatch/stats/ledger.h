/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what batches cost: counters, gauges, and one snapshot of them all. */
#pragma once

#include <stdatomic.h>

#include <gst/gst.h>

#include "stats/advice.h"
#include "stats/gate.h"
#include "stats/histogram.h"

G_BEGIN_DECLS

/* Every counter. The table in batchstats.c gives each its name, as a property
 * and in the structures, and its meaning. */
typedef enum
{
  /* kept by the streaming thread */
  AB_COUNTER_BATCHES,
  AB_COUNTER_ALLOCATIONS,
  AB_COUNTER_ALLOCATED_BYTES,
  AB_COUNTER_REUSED,
  AB_COUNTER_REUSED_BYTES,
  AB_COUNTER_FALLBACKS,
  AB_COUNTER_PEAK_OUTSTANDING_BATCHES,
  AB_COUNTER_PEAK_OUTSTANDING_BYTES,
  AB_COUNTER_DROPPED_BATCHES,
  AB_COUNTER_SAMPLES_IN,
  AB_COUNTER_SAMPLES_OUT,
  AB_COUNTER_SAMPLES_INSERTED,
  AB_COUNTER_SAMPLES_DROPPED,
  AB_COUNTER_SAMPLES_PENDING,
  AB_N_KEPT_COUNTERS,
  /* made from the others by the snapshot */
  AB_COUNTER_OUTSTANDING_BATCHES = AB_N_KEPT_COUNTERS,
  AB_COUNTER_OUTSTANDING_BYTES,
  AB_COUNTER_RELEASED,
  AB_COUNTER_DISCARDS,
  AB_N_COUNTERS
} AbCounter;

/* What a counter is called and means; `property` is FALSE for those that only
 * the structures carry. */
typedef struct
{
  const gchar *name;
  const gchar *blurb;
  gboolean property;
} AbCounterInfo;

const AbCounterInfo *ab_counter_info (AbCounter counter);

/* The nominal figures of the stream: what the format and the size of the
 * batches promise. */
typedef struct
{
  gdouble batches_per_second;
  gdouble bytes_per_second;
  guint64 bytes_per_batch;
} AbNominal;

typedef struct
{
  guint64 value[AB_N_COUNTERS];
  AbNominal nominal;
  /* allocations per second of wall-clock time, last report window */
  gdouble allocation_rate;
  /* of the batches that were timed, fresh or recycled as they are now */
  AbHistogramSummary allocation_time;
  AbAdvice advice;
} AbSnapshot;

/* Thread-safety: reference-counted, and every function may be called by any
 * thread, but for those marked "streaming thread": they have one caller at a
 * time and wait for nobody. The counters of the streaming thread change
 * between ab_ledger_begin() and ab_ledger_end(), and a snapshot never sees
 * half of such a change. Releases come from whichever thread drops the last
 * reference to a batch. */
typedef struct _AbLedger
{
  gatomicrefcount ref_count;

  /* streaming thread; odd while a change is under way */
  _Atomic guint32 sequence;
  _Atomic guint64 kept[AB_N_KEPT_COUNTERS];
  /* doubles, by their bits */
  _Atomic guint64 nominal_batches;
  _Atomic guint64 nominal_bytes;
  _Atomic guint64 nominal_batch_bytes;
  _Atomic guint64 allocation_rate;
  /* bytes that may be outstanding, 0 for no bound */
  _Atomic guint64 memory_bound;
  atomic_bool pooled;

  /* any thread; on a cache line of their own */
  gchar padding[64];
  _Atomic guint64 released;
  _Atomic guint64 released_bytes;
  _Atomic guint64 discards;
  /* where the streaming thread waits for a release */
  AbGate gate;

  /* streaming thread writes: times of fresh and of recycled batches */
  AbHistogram fresh_time;
  AbHistogram pooled_time;
} AbLedger;

/* All counters 0. Free with ab_ledger_unref(). */
AbLedger *ab_ledger_new (void);
AbLedger *ab_ledger_ref (AbLedger * ledger);
void ab_ledger_unref (AbLedger * ledger);

/* Copies every figure into @snapshot, consistent in itself: outstanding =
 * allocations + reused - released, and samples in + inserted = out + dropped + pending
 * wherever the batches do not overlap. */
void ab_ledger_snapshot (AbLedger * ledger, AbSnapshot * snapshot);

/* The snapshot as a structure called @name; the caller owns it. */
GstStructure *ab_snapshot_to_structure (const AbSnapshot * snapshot,
    const gchar * name);

/* Streaming thread. */
void ab_ledger_set_nominal (AbLedger * ledger, const AbNominal * nominal);
void ab_ledger_set_memory (AbLedger * ledger, guint64 bound,
    gboolean pooled);
void ab_ledger_set_allocation_rate (AbLedger * ledger, gdouble rate);

static inline void
ab_ledger_begin (AbLedger * ledger)
{
  guint32 sequence =
      atomic_load_explicit (&ledger->sequence, memory_order_relaxed);

  atomic_store_explicit (&ledger->sequence, sequence + 1, memory_order_relaxed);
  atomic_thread_fence (memory_order_release);
}

static inline void
ab_ledger_end (AbLedger * ledger)
{
  guint32 sequence =
      atomic_load_explicit (&ledger->sequence, memory_order_relaxed);

  atomic_store_explicit (&ledger->sequence, sequence + 1, memory_order_release);
}

static inline guint64
ab_ledger_get (AbLedger * ledger, AbCounter counter)
{
  return atomic_load_explicit (&ledger->kept[counter], memory_order_relaxed);
}

static inline void
ab_ledger_set (AbLedger * ledger, AbCounter counter, guint64 value)
{
  atomic_store_explicit (&ledger->kept[counter], value, memory_order_relaxed);
}

static inline void
ab_ledger_add (AbLedger * ledger, AbCounter counter, guint64 n)
{
  ab_ledger_set (ledger, counter, ab_ledger_get (ledger, counter) + n);
}

/* A batch of @bytes was taken: @counter says from where (ALLOCATIONS or
 * REUSED), @bytes_counter is its sum of bytes. */
void ab_ledger_taken (AbLedger * ledger, AbCounter counter,
    AbCounter bytes_counter, gsize bytes);

/* Any thread: a batch of @bytes is not used by anybody any longer. */
static inline void
ab_ledger_count_release (AbLedger * ledger, gsize bytes)
{
  atomic_fetch_add_explicit (&ledger->released_bytes, bytes,
      memory_order_release);
  /* sequentially consistent, see ab_gate_knock() */
  atomic_fetch_add (&ledger->released, 1);
}

/* The same, and whoever waits for it is told. */
static inline void
ab_ledger_released (AbLedger * ledger, gsize bytes)
{
  ab_ledger_count_release (ledger, bytes);
  ab_gate_knock (&ledger->gate);
}

/* Any thread: a buffer came back to its pool that can't be used again. */
static inline void
ab_ledger_discarded (AbLedger * ledger)
{
  atomic_fetch_add_explicit (&ledger->discards, 1, memory_order_relaxed);
}

/* Streaming thread: how many batches are outstanding. */
static inline guint64
ab_ledger_outstanding (AbLedger * ledger)
{
  guint64 released = atomic_load (&ledger->released);

  return ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS)
      + ab_ledger_get (ledger, AB_COUNTER_REUSED) - released;
}

G_END_DECLS
