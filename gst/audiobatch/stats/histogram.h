/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts durations in buckets of the same relative width. */
#pragma once

#include <stdatomic.h>

#include <glib.h>

G_BEGIN_DECLS

/* Log-linear, as HdrHistogram: each power of 2 has 16 buckets, so a value
 * differs from the middle of its bucket by at most 1/33. Below 16 each value
 * has its own bucket. Longer than 2^40 ns (18 minutes) is the last bucket. */
#define AB_HISTOGRAM_SUB_BITS 4
#define AB_HISTOGRAM_MAX_BITS 40
#define AB_HISTOGRAM_ROW (1 << AB_HISTOGRAM_SUB_BITS)
#define AB_HISTOGRAM_N_ROWS (AB_HISTOGRAM_MAX_BITS - AB_HISTOGRAM_SUB_BITS + 1)

/* The buckets of a power of 2. */
typedef struct
{
  _Atomic guint64 bucket[AB_HISTOGRAM_ROW];
} AbHistogramRow;

/* All zeros is an empty one. The writer makes a row, or all the usual ones, with
 * the first value in it: times of one kind need few of the 37, and most streams
 * have only one kind.
 *
 * Thread-safety: one writer, any number of readers, no locks. */
typedef struct
{
  AbHistogramRow *_Atomic row[AB_HISTOGRAM_N_ROWS];
  _Atomic guint64 max;
} AbHistogram;

/* In ns; all are 0 if nothing was counted. */
typedef struct
{
  guint64 count;
  guint64 p50;
  guint64 p99;
  guint64 p999;
  guint64 max;
} AbHistogramSummary;

/* Does not count @ns if there is no memory for a new row. */
void ab_histogram_add (AbHistogram * self, guint64 ns);

/* Empties and frees it. No other thread may use it. */
void ab_histogram_clear (AbHistogram * self);

void ab_histogram_summarize (AbHistogram * self, AbHistogramSummary * summary);

G_END_DECLS
