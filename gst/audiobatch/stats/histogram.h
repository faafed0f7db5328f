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
#define AB_HISTOGRAM_N_BUCKETS \
    ((AB_HISTOGRAM_MAX_BITS - AB_HISTOGRAM_SUB_BITS + 1) \
        << AB_HISTOGRAM_SUB_BITS)

/* Thread-safety: one writer, any number of readers, no locks. */
typedef struct
{
  _Atomic guint64 bucket[AB_HISTOGRAM_N_BUCKETS];
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

void ab_histogram_add (AbHistogram * self, guint64 ns);

void ab_histogram_clear (AbHistogram * self);

void ab_histogram_summarize (AbHistogram * self, AbHistogramSummary * summary);

G_END_DECLS
