/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a batch's memory costs, fresh and recycled, by the size of the batch:
 * got, written from end to end, and released, on one thread or by a consumer
 * on another one. The two alternate, round by round. */

#include "batchmemory.h"
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* What the consumer on the other thread holds and has before it. */
#define DEPTH 4
/* Bytes that a round writes, about. */
#define ROUND_BYTES (64 * 1024 * 1024)
#define MIN_BATCHES 16
#define MAX_BATCHES 4000

static const gsize sizes[] = {
  4 << 10, 16 << 10, 64 << 10, 112 << 10, 128 << 10, 256 << 10, 1 << 20,
  4 << 20, 16 << 20
};

typedef enum
{
  FRESH,
  POOL,
  N_MODES
} Mode;

/* Of one size, in one mode: each batch's time in ns, and the page faults. */
typedef struct
{
  GArray *times;
  guint64 faults;
} Series;

static const BenchColumn columns[] = {
  {"kib", "KiB   ", 0},
  {"fresh-p50", "fresh p50", 2},
  {"pool-p50", "pool p50 ", 2},
  {"ratio", "ratio", 2},
  {"fresh-p99.9", "fresh 99.9", 1},
  {"pool-p99.9", "pool 99.9", 1},
  {"fresh-faults", "faults f", 2},
  {"pool-faults", "faults p", 2},
};

static guint64
page_faults (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

/* Gets a batch and writes all of it, as the producer does. */
static GstBuffer *
make_batch (BatchMemory * memory, gsize size)
{
  BatchRoom room;

  if (!batch_memory_acquire (memory, size, &room)) {
    g_printerr ("There is no memory for %" G_GSIZE_FORMAT " bytes.\n", size);
    exit (EXIT_FAILURE);
  }
  memset (room.data, 1, size);
  batch_room_close (&room);
  return room.buffer;
}

static void
run_on_one_thread (BatchMemory * memory, gsize size, guint n, GArray * times)
{
  guint i;

  for (i = 0; i < n; i++) {
    guint64 start = gst_util_get_timestamp ();
    guint64 passed;

    gst_buffer_unref (make_batch (memory, size));
    passed = gst_util_get_timestamp () - start;
    g_array_append_val (times, passed);
  }
}

/* What the producer and the consumer on its thread share. */
typedef struct
{
  GAsyncQueue *full;
  GAsyncQueue *credit;
} Exchange;

static gpointer
consume (gpointer data)
{
  Exchange *exchange = data;
  gpointer item = g_async_queue_pop (exchange->full);

  while (GST_IS_BUFFER (item)) {
    GstMapInfo map;

    /* looks at a byte of each page, as a consumer at the least does */
    if (gst_buffer_map (item, &map, GST_MAP_READ)) {
      volatile guint8 sum = 0;
      gsize i;

      for (i = 0; i < map.size; i += 4096)
        sum += map.data[i];
      gst_buffer_unmap (item, &map);
    }
    gst_buffer_unref (item);
    g_async_queue_push (exchange->credit, GINT_TO_POINTER (1));
    item = g_async_queue_pop (exchange->full);
  }
  return NULL;
}

static void
run_across_threads (BatchMemory * memory, gsize size, guint n, GArray * times)
{
  Exchange exchange = { g_async_queue_new (), g_async_queue_new () };
  GThread *thread = g_thread_new ("consumer", consume, &exchange);
  /* anything that is no buffer ends it */
  GstCaps *end = gst_caps_new_empty ();
  guint i;

  for (i = 0; i < DEPTH; i++)
    g_async_queue_push (exchange.credit, GINT_TO_POINTER (1));
  for (i = 0; i < n; i++) {
    guint64 start, passed;
    GstBuffer *batch;

    g_async_queue_pop (exchange.credit);
    start = gst_util_get_timestamp ();
    batch = make_batch (memory, size);
    passed = gst_util_get_timestamp () - start;
    g_array_append_val (times, passed);
    g_async_queue_push (exchange.full, batch);
  }
  g_async_queue_push (exchange.full, end);
  g_thread_join (thread);
  gst_caps_unref (end);
  g_async_queue_unref (exchange.full);
  g_async_queue_unref (exchange.credit);
}

static void
run_round (Mode mode, gsize size, gboolean across, Series * series)
{
  const BatchMemoryPlan plan = {
    .pooled = mode == POOL,
    .size = size,
    .min = DEPTH + 1,
    .max = 16,
  };
  guint n = CLAMP (ROUND_BYTES / size, MIN_BATCHES, MAX_BATCHES);
  BatchStats *stats = batch_stats_new ();
  BatchMemory memory = { NULL };
  guint64 faults;

  batch_memory_init (&memory, stats);
  batch_memory_plan (&memory, &plan);
  faults = page_faults ();
  if (across)
    run_across_threads (&memory, size, n, series->times);
  else
    run_on_one_thread (&memory, size, n, series->times);
  series->faults += page_faults () - faults;
  batch_memory_clear (&memory);
  batch_stats_unref (stats);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a;
  guint64 y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

static gdouble
permille (const Series * series, guint part)
{
  guint n = series->times->len;

  return g_array_index (series->times, guint64,
      MIN (n - 1, (guint64) n * part / 1000)) / 1000.0;
}

static gdouble
faults_of_one (const Series * series)
{
  return (gdouble) series->faults / series->times->len;
}

static void
show (Bench * bench, gsize size, const Series * fresh, const Series * pool)
{
  bench_number (bench, size >> 10);
  bench_number (bench, permille (fresh, 500));
  bench_number (bench, permille (pool, 500));
  bench_number (bench, permille (pool, 500) / permille (fresh, 500));
  bench_number (bench, permille (fresh, 999));
  bench_number (bench, permille (pool, 999));
  bench_number (bench, faults_of_one (fresh));
  bench_number (bench, faults_of_one (pool));
}

static void
measure (Bench * bench, gsize size, gboolean across)
{
  Series series[N_MODES];
  guint round, mode;

  bench_progress (bench, "%s, %" G_GSIZE_FORMAT " KiB",
      across ? "two threads" : "one thread", size >> 10);

  for (mode = 0; mode < N_MODES; mode++) {
    series[mode].times = g_array_new (FALSE, FALSE, sizeof (guint64));
    series[mode].faults = 0;
  }
  for (round = 0; round < bench_rounds (bench); round++) {
    for (mode = 0; mode < N_MODES; mode++)
      run_round (mode, size, across, &series[mode]);
  }
  for (mode = 0; mode < N_MODES; mode++)
    g_array_sort (series[mode].times, compare);
  show (bench, size, &series[FRESH], &series[POOL]);
  for (mode = 0; mode < N_MODES; mode++)
    g_array_unref (series[mode].times);
}

int
main (int argc, char **argv)
{
  static const BenchProgram program = {
    "memory", "What a batch's memory costs, fresh and recycled", 15
  };
  Bench *bench = bench_new (&program, &argc, &argv);
  guint across, i;

  bench_expect (bench, 2 * G_N_ELEMENTS (sizes));
  for (across = 0; across < 2; across++) {
    bench_table (bench, across ? "consumer on another thread; times in us" :
        "one thread; times in us", columns, G_N_ELEMENTS (columns));
    for (i = 0; i < G_N_ELEMENTS (sizes); i++)
      measure (bench, sizes[i], across);
  }
  return bench_finish (bench);
}
