/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what batches cost: counters, gauges, and one snapshot of them all. */
#pragma once

#include <stdatomic.h>

#include <gst/gst.h>

#include "stats/advice.h"
#include "stats/gate.h"
#include "stats/histogram.h"

G_BEGIN_DECLS

/* The counters. The table in ledger.c gives their names and meaning. Counters
 * that one change touches are neighbours, see AbChange. */
typedef enum
{
  /* counted by the streaming thread */
  AB_COUNTER_SAMPLES_INSERTED,
  AB_COUNTER_SAMPLES_DROPPED,
  AB_COUNTER_BATCHES,
  AB_COUNTER_SAMPLES_OUT,
  AB_COUNTER_SAMPLES_IN,
  AB_COUNTER_SAMPLES_PENDING,
  AB_COUNTER_ALLOCATIONS,
  AB_COUNTER_ALLOCATED_BYTES,
  AB_COUNTER_REUSED,
  AB_COUNTER_REUSED_BYTES,
  AB_COUNTER_ADOPTED,
  AB_COUNTER_ADOPTED_BYTES,
  AB_COUNTER_FALLBACKS,
  AB_COUNTER_PEAK_OUTSTANDING_BATCHES,
  AB_COUNTER_PEAK_OUTSTANDING_BYTES,
  AB_COUNTER_DROPPED_BATCHES,
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

/* What is kept beside the counters: AbNominal, doubles as their bits. */
enum
{
  AB_KEPT_NOMINAL_BATCHES = AB_N_KEPT_COUNTERS,
  AB_KEPT_NOMINAL_BYTES,
  AB_KEPT_NOMINAL_BATCH_BYTES,
  AB_N_KEPT
};

/* A change of figures that must add up: the figures that it may touch. A single
 * counter needs no change. */
typedef enum
{
  AB_CHANGE_NONE,
  /* samples in and pending */
  AB_CHANGE_CHUNK,
  /* batches, and samples out, in and pending */
  AB_CHANGE_BATCH,
  /* batches, and all counters of samples */
  AB_CHANGE_SAMPLES,
  /* one of allocations, reused and adopted, and its bytes */
  AB_CHANGE_FRESH,
  AB_CHANGE_REUSED,
  AB_CHANGE_ADOPTED,
  AB_CHANGE_NOMINAL,
  /* the bits of `sequence` that hold a change */
  AB_CHANGE_MASK = 7
} AbChange;

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
  /* see ab_ledger_allocation_rate() */
  gdouble allocation_rate;
  /* of timed batches: recycled ones if memory is recycled now, else fresh */
  AbHistogramSummary allocation_time;
  AbAdvice advice;
} AbSnapshot;

/* The kept figures at one instant, with what was released by then. */
typedef struct
{
  guint64 kept[AB_N_KEPT];
  guint64 released;
  guint64 released_bytes;
  guint64 discards;
} AbFigures;

/* Reference-counted.
 *
 * Thread-safety: any thread may call any function, except those marked
 * "streaming thread", which have one caller at a time and never wait. The
 * streaming thread changes its counters between ab_ledger_begin() and
 * ab_ledger_end(); a snapshot never sees half of such a change, and never waits
 * for its end. The thread that drops the last reference to a batch counts the
 * release. */
typedef struct _AbLedger
{
  gatomicrefcount ref_count;

  /* streaming thread: counts changes; the lowest bits are the AbChange that is
   * going on */
  _Atomic guint32 sequence;
  _Atomic guint64 kept[AB_N_KEPT];
  /* streaming thread: what the figures of that change were before it */
  _Atomic guint64 before[AB_N_KEPT];
  /* streaming thread only: batches taken in all ways, and their bytes */
  guint64 taken;
  guint64 taken_bytes;
  /* streaming thread: the bits of a double; below 0: not measured */
  _Atomic guint64 allocation_rate;
  /* streaming thread: bytes that may be outstanding; 0: no limit */
  _Atomic guint64 memory_bound;
  /* streaming thread */
  atomic_bool pooled;
  /* streaming thread: what a fresh batch cost, the bits of doubles; the CPU
   * time is 0 if that is not known */
  _Atomic guint64 fresh_page_faults;
  _Atomic guint64 fresh_cpu_ns;
  /* streaming thread: 2 * reason + allocation of an AbAdvice, or ADVISE */
  _Atomic gint advice;
  /* monotonic time of the start, in us; constant once others know us */
  gint64 start;

  /* A reader, under the mutex, asks with the next odd number; the streaming
   * thread answers with the even number after it. */
  GMutex readers;
  _Atomic guint32 request;
  /* streaming thread if `request` is odd, else the reader */
  AbFigures answer;

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
 * reused + adopted - released, and, if batches do not overlap, samples in +
 * inserted = out + dropped + pending. */
void ab_ledger_snapshot (AbLedger * ledger, AbSnapshot * snapshot);

/* One figure of the snapshot, without the others. */
guint64 ab_ledger_read (AbLedger * ledger, AbCounter counter);

/* Allocations per second of wall-clock time: the rate that was set, or else
 * the one since the start. */
gdouble ab_ledger_allocation_rate (AbLedger * ledger);

/* Returns: (transfer full): @snapshot as a structure called @name */
GstStructure *ab_snapshot_to_structure (const AbSnapshot * snapshot,
    const gchar * name);

/* Streaming thread. */
void ab_ledger_set_nominal (AbLedger * ledger, const AbNominal * nominal);
void ab_ledger_set_memory (AbLedger * ledger, guint64 bound, gboolean pooled);
/* What a batch in fresh memory costs; advice depends on it. */
void ab_ledger_set_fresh_cost (AbLedger * ledger, const AbCost * cost);
/* Snapshots have this advice; NULL: what the figures advise. */
void ab_ledger_set_advice (AbLedger * ledger, const AbAdvice * advice);
/* @rate: AB_RATE_UNKNOWN for the rate since the start, at any time */
#define AB_RATE_UNKNOWN (-1.0)
void ab_ledger_set_allocation_rate (AbLedger * ledger, gdouble rate);

/* Streaming thread: answers a request. */
void ab_ledger_answer (AbLedger * ledger);

/* @figure: an AbCounter, or one of the others that are kept */
static inline guint64
ab_ledger_get (AbLedger * ledger, guint figure)
{
  return atomic_load_explicit (&ledger->kept[figure], memory_order_relaxed);
}

static inline void
ab_ledger_set (AbLedger * ledger, guint figure, guint64 value)
{
  atomic_store_explicit (&ledger->kept[figure], value, memory_order_relaxed);
}

static inline void
ab_ledger_add (AbLedger * ledger, guint figure, guint64 n)
{
  ab_ledger_set (ledger, figure, ab_ledger_get (ledger, figure) + n);
}

/* The first figure of @change, and the one after its last. */
static inline guint
ab_change_first (AbChange change)
{
  switch (change) {
    case AB_CHANGE_CHUNK:
      return AB_COUNTER_SAMPLES_IN;
    case AB_CHANGE_BATCH:
      return AB_COUNTER_BATCHES;
    case AB_CHANGE_SAMPLES:
      return AB_COUNTER_SAMPLES_INSERTED;
    case AB_CHANGE_FRESH:
      return AB_COUNTER_ALLOCATIONS;
    case AB_CHANGE_REUSED:
      return AB_COUNTER_REUSED;
    case AB_CHANGE_ADOPTED:
      return AB_COUNTER_ADOPTED;
    case AB_CHANGE_NOMINAL:
      return AB_KEPT_NOMINAL_BATCHES;
    default:
      return AB_N_KEPT;
  }
}

static inline guint
ab_change_end (AbChange change)
{
  switch (change) {
    case AB_CHANGE_CHUNK:
    case AB_CHANGE_BATCH:
    case AB_CHANGE_SAMPLES:
      return AB_COUNTER_SAMPLES_PENDING + 1;
    case AB_CHANGE_FRESH:
      return AB_COUNTER_ALLOCATED_BYTES + 1;
    case AB_CHANGE_REUSED:
      return AB_COUNTER_REUSED_BYTES + 1;
    case AB_CHANGE_ADOPTED:
      return AB_COUNTER_ADOPTED_BYTES + 1;
    default:
      return AB_N_KEPT;
  }
}

/* Begins @change, and sets those of @now that it may touch: an array of
 * AB_N_KEPT, so that the caller need not read them again. */
static inline void
ab_ledger_begin (AbLedger * ledger, AbChange change, guint64 * now)
{
  guint32 sequence =
      atomic_load_explicit (&ledger->sequence, memory_order_relaxed);
  guint i;

  /* who sees what was before this change knows that the last one has ended */
  atomic_thread_fence (memory_order_release);
#pragma GCC unroll 8
  for (i = ab_change_first (change); i < ab_change_end (change); i++) {
    now[i] = ab_ledger_get (ledger, i);
    atomic_store_explicit (&ledger->before[i], now[i], memory_order_relaxed);
  }
  atomic_store_explicit (&ledger->sequence, sequence + change,
      memory_order_release);
  atomic_thread_fence (memory_order_release);
}

static inline void
ab_ledger_end (AbLedger * ledger)
{
  guint32 sequence =
      atomic_load_explicit (&ledger->sequence, memory_order_relaxed);

  atomic_store_explicit (&ledger->sequence, (sequence | AB_CHANGE_MASK) + 1,
      memory_order_release);
  if (G_UNLIKELY (atomic_load_explicit (&ledger->request,
              memory_order_relaxed) & 1))
    ab_ledger_answer (ledger);
}

/* A batch of @bytes was taken. @counter is ALLOCATIONS, REUSED or ADOPTED; the
 * one behind it counts the bytes. */
void ab_ledger_taken (AbLedger * ledger, AbCounter counter, gsize bytes);

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
  return ledger->taken - atomic_load (&ledger->released);
}

G_END_DECLS
