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
  BATCH_COUNTER_BATCHES,
  BATCH_COUNTER_ALLOCATIONS,
  BATCH_COUNTER_ALLOCATED_BYTES,
  BATCH_COUNTER_REUSED,
  BATCH_COUNTER_REUSED_BYTES,
  BATCH_COUNTER_FALLBACKS,
  BATCH_COUNTER_PEAK_LIVE_BATCHES,
  BATCH_COUNTER_PEAK_LIVE_BYTES,
  BATCH_COUNTER_DROPPED_BATCHES,
  BATCH_COUNTER_SAMPLES_IN,
  BATCH_COUNTER_SAMPLES_OUT,
  BATCH_COUNTER_SAMPLES_INSERTED,
  BATCH_COUNTER_SAMPLES_DROPPED,
  BATCH_COUNTER_SAMPLES_PENDING,
  BATCH_N_KEPT_COUNTERS,
  /* made from the others by the snapshot */
  BATCH_COUNTER_LIVE_BATCHES = BATCH_N_KEPT_COUNTERS,
  BATCH_COUNTER_LIVE_BYTES,
  BATCH_COUNTER_RELEASED,
  BATCH_COUNTER_DISCARDS,
  BATCH_N_COUNTERS
} BatchCounter;

/* What a counter is called and means; `property` is FALSE for those that only
 * the structures carry. */
typedef struct
{
  const gchar *name;
  const gchar *blurb;
  gboolean property;
} BatchCounterInfo;

const BatchCounterInfo *batch_counter_info (BatchCounter counter);

/* The nominal figures of the stream: what the format and the size of the
 * batches promise. */
typedef struct
{
  gdouble batches_per_second;
  gdouble bytes_per_second;
  guint64 bytes_per_batch;
} BatchNominal;

typedef struct
{
  guint64 value[BATCH_N_COUNTERS];
  BatchNominal nominal;
  /* allocations per second of wall-clock time, last report window */
  gdouble allocation_rate;
  /* of the batches that were timed, fresh or recycled as they are now */
  HistogramSummary allocation_time;
  Advice advice;
} BatchSnapshot;

/* Thread-safety: reference-counted, and every function may be called by any
 * thread, but for those marked "streaming thread": they have one caller at a
 * time and wait for nobody. The counters of the streaming thread change
 * between batch_stats_begin() and batch_stats_end(), and a snapshot never sees
 * half of such a change. Releases come from whichever thread drops the last
 * reference to a batch. */
typedef struct _BatchStats
{
  gatomicrefcount ref_count;

  /* streaming thread; odd while a change is under way */
  _Atomic guint32 sequence;
  _Atomic guint64 kept[BATCH_N_KEPT_COUNTERS];
  /* doubles, by their bits */
  _Atomic guint64 nominal_batches;
  _Atomic guint64 nominal_bytes;
  _Atomic guint64 nominal_batch_bytes;
  _Atomic guint64 allocation_rate;
  /* bytes that may be live, 0 where there is no bound */
  _Atomic guint64 memory_bound;
  atomic_bool pooled;

  /* any thread; on a cache line of their own */
  gchar padding[64];
  _Atomic guint64 released;
  _Atomic guint64 released_bytes;
  _Atomic guint64 discards;
  /* where the streaming thread waits for a release */
  BatchGate gate;

  /* streaming thread writes: times of fresh and of recycled batches */
  Histogram fresh_time;
  Histogram pooled_time;
} BatchStats;

/* All counters 0. Free with batch_stats_unref(). */
BatchStats *batch_stats_new (void);
BatchStats *batch_stats_ref (BatchStats * stats);
void batch_stats_unref (BatchStats * stats);

/* Copies every figure into @snapshot, consistent in itself: live = allocations
 * + reused - released, and samples in + inserted = out + dropped + pending
 * wherever the batches do not overlap. */
void batch_stats_snapshot (BatchStats * stats, BatchSnapshot * snapshot);

/* The snapshot as a structure called @name; the caller owns it. */
GstStructure *batch_snapshot_to_structure (const BatchSnapshot * snapshot,
    const gchar * name);

/* Streaming thread. */
void batch_stats_set_nominal (BatchStats * stats, const BatchNominal * nominal);
void batch_stats_set_memory (BatchStats * stats, guint64 bound,
    gboolean pooled);
void batch_stats_set_allocation_rate (BatchStats * stats, gdouble rate);

static inline void
batch_stats_begin (BatchStats * stats)
{
  guint32 sequence =
      atomic_load_explicit (&stats->sequence, memory_order_relaxed);

  atomic_store_explicit (&stats->sequence, sequence + 1, memory_order_relaxed);
  atomic_thread_fence (memory_order_release);
}

static inline void
batch_stats_end (BatchStats * stats)
{
  guint32 sequence =
      atomic_load_explicit (&stats->sequence, memory_order_relaxed);

  atomic_store_explicit (&stats->sequence, sequence + 1, memory_order_release);
}

static inline guint64
batch_stats_get (BatchStats * stats, BatchCounter counter)
{
  return atomic_load_explicit (&stats->kept[counter], memory_order_relaxed);
}

static inline void
batch_stats_set (BatchStats * stats, BatchCounter counter, guint64 value)
{
  atomic_store_explicit (&stats->kept[counter], value, memory_order_relaxed);
}

static inline void
batch_stats_add (BatchStats * stats, BatchCounter counter, guint64 n)
{
  batch_stats_set (stats, counter, batch_stats_get (stats, counter) + n);
}

/* A batch of @bytes was taken: @counter says from where (ALLOCATIONS or
 * REUSED), @bytes_counter is its sum of bytes. */
void batch_stats_taken (BatchStats * stats, BatchCounter counter,
    BatchCounter bytes_counter, gsize bytes);

/* Any thread: a batch of @bytes is not used by anybody any longer. */
static inline void
batch_stats_count_release (BatchStats * stats, gsize bytes)
{
  atomic_fetch_add_explicit (&stats->released_bytes, bytes,
      memory_order_release);
  /* sequentially consistent, see batch_gate_knock() */
  atomic_fetch_add (&stats->released, 1);
}

/* The same, and whoever waits for it is told. */
static inline void
batch_stats_released (BatchStats * stats, gsize bytes)
{
  batch_stats_count_release (stats, bytes);
  batch_gate_knock (&stats->gate);
}

/* Any thread: a buffer came back to its pool that can't be used again. */
static inline void
batch_stats_discarded (BatchStats * stats)
{
  atomic_fetch_add_explicit (&stats->discards, 1, memory_order_relaxed);
}

/* Streaming thread: how many batches are live. */
static inline guint64
batch_stats_live (BatchStats * stats)
{
  guint64 released = atomic_load (&stats->released);

  return batch_stats_get (stats, BATCH_COUNTER_ALLOCATIONS)
      + batch_stats_get (stats, BATCH_COUNTER_REUSED) - released;
}

G_END_DECLS
