/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts durations in buckets of the same relative width. */

#include "stats/histogram.h"

#define SUB_COUNT (1 << AB_HISTOGRAM_SUB_BITS)
#define LIMIT (G_GUINT64_CONSTANT (1) << AB_HISTOGRAM_MAX_BITS)

static guint
bucket_of (guint64 ns)
{
  guint shift;

  ns = MIN (ns, LIMIT - 1);
  if (ns < SUB_COUNT)
    return ns;
  /* g_bit_storage() takes a gulong, which may have 32 bits */
  shift = 63 - __builtin_clzll (ns) - AB_HISTOGRAM_SUB_BITS;
  return (shift << AB_HISTOGRAM_SUB_BITS) + (ns >> shift);
}

/* The middle of a bucket, rounded down. */
static guint64
middle_of (guint bucket)
{
  guint shift;
  guint64 low;

  if (bucket < 2 * SUB_COUNT)
    return bucket;
  shift = (bucket >> AB_HISTOGRAM_SUB_BITS) - 1;
  low = (guint64) (bucket - (shift << AB_HISTOGRAM_SUB_BITS)) << shift;
  return low + (G_GUINT64_CONSTANT (1) << shift) / 2;
}

void
ab_histogram_add (AbHistogram * self, guint64 ns)
{
  _Atomic guint64 *bucket = &self->bucket[bucket_of (ns)];

  atomic_store_explicit (bucket,
      atomic_load_explicit (bucket, memory_order_relaxed) + 1,
      memory_order_relaxed);
  if (ns > atomic_load_explicit (&self->max, memory_order_relaxed))
    atomic_store_explicit (&self->max, ns, memory_order_relaxed);
}

void
ab_histogram_clear (AbHistogram * self)
{
  guint i;

  for (i = 0; i < AB_HISTOGRAM_N_BUCKETS; i++)
    atomic_store_explicit (&self->bucket[i], 0, memory_order_relaxed);
  atomic_store_explicit (&self->max, 0, memory_order_relaxed);
}

/* The value that @part of 1000 values do not exceed. */
static guint64
permille (const guint64 * counts, guint64 total, guint64 part, guint64 max)
{
  guint64 rank = (total * part + 999) / 1000;
  guint64 seen = 0;
  guint i;

  for (i = 0; i < AB_HISTOGRAM_N_BUCKETS; i++) {
    seen += counts[i];
    if (seen >= rank && seen > 0)
      return MIN (middle_of (i), max);
  }
  return 0;
}

void
ab_histogram_summarize (AbHistogram * self, AbHistogramSummary * summary)
{
  guint64 counts[AB_HISTOGRAM_N_BUCKETS];
  guint64 total = 0;
  guint i;

  for (i = 0; i < AB_HISTOGRAM_N_BUCKETS; i++) {
    counts[i] = atomic_load_explicit (&self->bucket[i], memory_order_relaxed);
    total += counts[i];
  }
  summary->count = total;
  summary->max = atomic_load_explicit (&self->max, memory_order_relaxed);
  summary->p50 = permille (counts, total, 500, summary->max);
  summary->p99 = permille (counts, total, 990, summary->max);
  summary->p999 = permille (counts, total, 999, summary->max);
}
