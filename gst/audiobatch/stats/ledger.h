/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what batches cost: counters, gauges, and one snapshot of them all. */
#pragma once

#include <stdatomic.h>

#include <gst/gst.h>

#include "stats/advice.h"
#include "stats/gate.h"
#include "stats/histogram.h"

G_BEGIN_DECLS

/* The counters. The table in ledger.c gives their names and meaning. */
typedef enum
{
  /* counted by the streaming thread */
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
  AB_COUNTER_BREAKS,
  AB_COUNTER_FILLS,
  AB_COUNTER_DROPS,
  AB_N_KEPT_COUNTERS,
  /* added by the snapshot */
  AB_COUNTER_OUTSTANDING_BATCHES = AB_N_KEPT_COUNTERS,
  AB_COUNTER_OUTSTANDING_BYTES,
  AB_COUNTER_RELEASED,
  AB_COUNTER_DISCARDS,
  AB_N_COUNTERS
} AbCounter;

/* `property` is FALSE if only the structures have the counter. */
typedef struct
{
  const gchar *name;
  const gchar *blurb;
  gboolean property;
} AbCounterInfo;

const AbCounterInfo *ab_counter_info (AbCounter counter);

/* The nominal figures, from the format and the size of the batches. */
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
  /* allocations per second of wall-clock time, in the last report interval */
  gdouble allocation_rate;
  /* of timed batches: recycled ones if memory is recycled now, else fresh */
  AbHistogramSummary allocation_time;
  AbAdvice advice;
} AbSnapshot;

/* Reference-counted.
 *
 * Thread-safety: any thread may call any function, except those marked
 * "streaming thread", which have one caller at a time and never wait. The
 * streaming thread changes its counters between ab_ledger_begin() and
 * ab_ledger_end(); a snapshot never sees half of such a change. The thread that
 * drops the last reference to a batch counts the release. */
typedef struct _AbLedger
{
  gatomicrefcount ref_count;

  /* streaming thread; odd during a change */
  _Atomic guint32 sequence;
  _Atomic guint64 kept[AB_N_KEPT_COUNTERS];
  /* the bits of doubles */
  _Atomic guint64 nominal_batches;
  _Atomic guint64 nominal_bytes;
  _Atomic guint64 nominal_batch_bytes;
  _Atomic guint64 allocation_rate;
  /* bytes that may be outstanding; 0: no limit */
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

/* Copies all figures into @snapshot. They add up: outstanding = allocations +
 * reused - released, and, if batches do not overlap, samples in + inserted =
 * out + dropped + pending. */
void ab_ledger_snapshot (AbLedger * ledger, AbSnapshot * snapshot);

/* Returns: (transfer full): @snapshot as a structure called @name */
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

/* A batch of @bytes was taken. @counter is ALLOCATIONS or REUSED, and
 * @bytes_counter the counter of its bytes. */
void ab_ledger_taken (AbLedger * ledger, AbCounter counter,
    AbCounter bytes_counter, gsize bytes);

/* Any thread: the last reference to a batch of @bytes is gone. */
static inline void
ab_ledger_count_release (AbLedger * ledger, gsize bytes)
{
  atomic_fetch_add_explicit (&ledger->released_bytes, bytes,
      memory_order_release);
  /* sequentially consistent, see ab_gate_knock() */
  atomic_fetch_add (&ledger->released, 1);
}

/* The same, and wakes a streaming thread that waits for a release. */
static inline void
ab_ledger_released (AbLedger * ledger, gsize bytes)
{
  ab_ledger_count_release (ledger, bytes);
  ab_gate_knock (&ledger->gate);
}

/* Any thread: a buffer came back to its pool unfit for reuse. */
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
