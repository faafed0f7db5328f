/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts durations in buckets of the same relative width. */

#include "stats/histogram.h"

#define SUB_COUNT AB_HISTOGRAM_ROW
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

/* Those of 64 ns to 16 us are made together, as most times are there: so next to
 * nothing is allocated while a stream runs. */
#define FIRST_USUAL 3
#define N_USUAL 8

static gboolean
is_usual (guint row)
{
  return row >= FIRST_USUAL && row < FIRST_USUAL + N_USUAL;
}

static G_GNUC_NO_INLINE AbHistogramRow *
add_row (AbHistogram * self, guint number)
{
  guint first = is_usual (number) ? FIRST_USUAL : number;
  guint n = is_usual (number) ? N_USUAL : 1;
  AbHistogramRow *rows = g_try_malloc0 (n * sizeof (AbHistogramRow));
  guint i;

  /* readers that see a row see its zeros */
  for (i = 0; rows && i < n; i++)
    atomic_store_explicit (&self->row[first + i], &rows[i],
        memory_order_release);
  return rows ? &rows[number - first] : NULL;
}

void
ab_histogram_add (AbHistogram * self, guint64 ns)
{
  guint number = bucket_of (ns);
  AbHistogramRow *row = atomic_load_explicit (&self->row[number / SUB_COUNT],
      memory_order_relaxed);
  _Atomic guint64 *bucket;

  if (G_UNLIKELY (row == NULL)
      && (row = add_row (self, number / SUB_COUNT)) == NULL)
    return;
  bucket = &row->bucket[number % SUB_COUNT];
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

  for (i = 0; i < AB_HISTOGRAM_N_ROWS; i++) {
    AbHistogramRow *row = atomic_exchange (&self->row[i], NULL);

    if (i == FIRST_USUAL || !is_usual (i))
      g_free (row);
  }
  atomic_store (&self->max, 0);
}

static AbHistogramRow *
row_at (AbHistogram * self, guint number)
{
  return atomic_load_explicit (&self->row[number], memory_order_acquire);
}

static guint64
count_of (AbHistogramRow * row, guint place)
{
  return atomic_load_explicit (&row->bucket[place], memory_order_relaxed);
}

static guint64
count_all (AbHistogram * self)
{
  guint64 total = 0;
  guint i, k;

  for (i = 0; i < AB_HISTOGRAM_N_ROWS; i++) {
    AbHistogramRow *row = row_at (self, i);

    for (k = 0; row && k < SUB_COUNT; k++)
      total += count_of (row, k);
  }
  return total;
}

/* Reads the buckets twice instead of copying them: a copy would be the most that
 * the stack of the streaming thread ever holds. Counts only grow, so the second
 * time each rank is reached too. */
void
ab_histogram_summarize (AbHistogram * self, AbHistogramSummary * summary)
{
  guint64 total = count_all (self), seen = 0;
  /* the values that so many of 1000 values do not exceed; the last ends it */
  const guint64 rank[] = { (total * 500 + 999) / 1000,
    (total * 990 + 999) / 1000, (total * 999 + 999) / 1000, G_MAXUINT64
  };
  guint64 reached[] = { 0, 0, 0 };
  guint i, k, part = 0;

  for (i = 0; i < AB_HISTOGRAM_N_ROWS && total > 0; i++) {
    AbHistogramRow *row = row_at (self, i);

    for (k = 0; row && k < SUB_COUNT; k++) {
      seen += count_of (row, k);
      while (seen >= rank[part])
        reached[part++] = middle_of (i * SUB_COUNT + k);
    }
  }
  summary->count = total;
  summary->max = atomic_load_explicit (&self->max, memory_order_relaxed);
  summary->p50 = MIN (reached[0], summary->max);
  summary->p99 = MIN (reached[1], summary->max);
  summary->p999 = MIN (reached[2], summary->max);
}
