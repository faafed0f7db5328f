/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of a batch's memory by allocation mode and size: acquire it, write
 * all of it and release it, in one thread, or with a consumer in another
 * thread that releases it. The modes take turns in each round. */

#include "batch/stream.h"
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Batches that may be with the consumer in the other thread, or queued for
 * it. */
#define DEPTH 4
/* Roughly how many bytes a round writes. */
#define ROUND_BYTES (64 * 1024 * 1024)
#define MIN_BATCHES 16
#define MAX_BATCHES 4000
/* Enough for allocation=auto to decide. */
#define WARM_UP_BATCHES 300

/* Instead of options: run one mode alone, to measure its resident memory. */
#define ALONE "--alone"
#define RATE 48000

static const gsize sizes[] = {
  4 << 10, 16 << 10, 64 << 10, 112 << 10, 128 << 10, 256 << 10, 1 << 20,
  4 << 20, 16 << 20
};

/* Indexed by GstAudioBatchAllocation. */
static const gchar *const allocations[] = { "fresh", "pool", "auto" };

#define N_WAYS G_N_ELEMENTS (allocations)

/* One allocation mode: a stream like that of the elements, and the results:
 * the time of each batch in ns, and the page faults. */
typedef struct
{
  GstElement *element;
  AbStream stream;
  guint n_samples;
  GArray *times;
  guint64 faults;
} Way;

static const BenchColumn columns[] = {
  {"kib", "KiB   ", 0},
  {"allocation", "way  ", BENCH_TEXT},
  {"p50", "p50    ", 2},
  {"p99", "p99    ", 2},
  {"p999", "p99.9  ", 2},
  {"max", "max    ", 1},
  {"p50-ratio", "p50 of fresh", 2},
  {"p999-ratio", "p99.9 of fresh", 2},
  {"faults", "faults", 2},
  {"rss", "RSS, MiB", 1},
};

/* Only elements have settings of their own. */
static guint8 no_settings[1];

static void
way_open (Way * self, guint allocation, gsize size)
{
  GstAudioInfo info;

  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_F32, RATE, 1, NULL);
  self->n_samples = size / info.bpf;
  self->element = gst_object_ref_sink (gst_bin_new (NULL));
  ab_stream_init (&self->stream, self->element, GST_CAT_DEFAULT,
      no_settings, no_settings, 0);
  self->stream.settings.supply.allocation = allocation;
  self->stream.settings.supply.pool_min = DEPTH + 1;
  self->stream.settings.size.samples = self->n_samples;
  ab_stream_start (&self->stream);
  if (!ab_stream_set_info (&self->stream, &info))
    exit (EXIT_FAILURE);
  self->times = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->faults = 0;
}

static void
way_close (Way * self)
{
  ab_stream_stop (&self->stream);
  ab_stream_clear (&self->stream);
  gst_object_unref (self->element);
  g_array_unref (self->times);
}

static guint64
page_faults (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

/* Acquires a batch and writes all of it. */
static GstBuffer *
make_batch (Way * way)
{
  gsize size = (gsize) way->n_samples * GST_AUDIO_INFO_BPF (&way->stream.info);
  AbRoom room;

  if (ab_supply_acquire (&way->stream.supply, way->n_samples, &room)
      != GST_FLOW_OK) {
    g_printerr ("There is no memory for %" G_GSIZE_FORMAT " bytes.\n", size);
    exit (EXIT_FAILURE);
  }
  memset (room.data, 1, size);
  ab_room_close (&room);
  return room.buffer;
}

/* Records the time since @start. */
static void
note_time (Way * way, guint64 start)
{
  guint64 passed = gst_util_get_timestamp () - start;

  g_array_append_val (way->times, passed);
}

static void
run_on_one_thread (Way * way, guint n)
{
  guint i;

  for (i = 0; i < n; i++) {
    guint64 start = gst_util_get_timestamp ();

    gst_buffer_unref (make_batch (way));
    note_time (way, start);
  }
}

/* Shared by the producer and the consumer. */
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

    /* read one byte of each page, the least that a consumer does */
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
run_across_threads (Way * way, guint n)
{
  Exchange exchange = { g_async_queue_new (), g_async_queue_new () };
  GThread *thread = g_thread_new ("consumer", consume, &exchange);
  /* the consumer ends at the first item that is no buffer */
  GstCaps *end = gst_caps_new_empty ();
  guint i;

  for (i = 0; i < DEPTH; i++)
    g_async_queue_push (exchange.credit, GINT_TO_POINTER (1));
  for (i = 0; i < n; i++) {
    guint64 start;
    GstBuffer *batch;

    g_async_queue_pop (exchange.credit);
    start = gst_util_get_timestamp ();
    batch = make_batch (way);
    note_time (way, start);
    g_async_queue_push (exchange.full, batch);
  }
  g_async_queue_push (exchange.full, end);
  g_thread_join (thread);
  gst_caps_unref (end);
  g_async_queue_unref (exchange.full);
  g_async_queue_unref (exchange.credit);
}

static void
run (Way * way, gboolean across, guint n)
{
  if (across)
    run_across_threads (way, n);
  else
    run_on_one_thread (way, n);
}

static void
run_round (Way * way, gsize size, gboolean across)
{
  guint64 faults = page_faults ();

  run (way, across, CLAMP (ROUND_BYTES / size, MIN_BATCHES, MAX_BATCHES));
  way->faults += page_faults () - faults;
}

/* Resident memory. A process has only one peak, so this program runs itself
 * once for each mode. */

/* The peak of the process, in KiB. Not by getrusage(): on Linux that includes
 * the peak of the parent. */
static guint64
peak_rss (void)
{
  g_autofree gchar *status = NULL;
  const gchar *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  line = strstr (status, "VmHWM:");
  return line ? g_ascii_strtoull (line + strlen ("VmHWM:"), NULL, 10) : 0;
}

/* @argv: ALONE, the allocation mode, the size, across threads or not. Prints
 * KiB. */
static int
run_alone (gchar ** argv)
{
  gsize size = g_ascii_strtoull (argv[2], NULL, 10);
  guint64 before = peak_rss ();
  Way way;

  way_open (&way, atoi (argv[1]), size);
  run (&way, atoi (argv[3]), WARM_UP_BATCHES);
  way_close (&way);
  g_print ("%" G_GUINT64_FORMAT "\n", peak_rss () - before);
  return EXIT_SUCCESS;
}

/* The largest growth of the process, in MiB. */
static gdouble
measure_rss (guint allocation, gsize size, gboolean across)
{
  g_autofree gchar *of = g_strdup_printf ("%u", allocation);
  g_autofree gchar *bytes = g_strdup_printf ("%" G_GSIZE_FORMAT, size);
  const gchar *argv[] = { "/proc/self/exe", ALONE, of, bytes,
    across ? "1" : "0", NULL
  };
  g_autofree gchar *out = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
          &out, NULL, NULL, &error))
    g_error ("%s", error->message);
  return g_ascii_strtod (out, NULL) / 1024;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a;
  guint64 y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

/* The time below which @part of 1000 batches are, in us. */
static gdouble
permille (const Way * way, guint part)
{
  guint n = way->times->len;

  return g_array_index (way->times, guint64,
      MIN (n - 1, (guint64) n * part / 1000)) / 1000.0;
}

static void
show (Bench * bench, gsize size, gboolean across, const Way * ways)
{
  const Way *fresh = &ways[GST_AUDIO_BATCH_ALLOCATION_FRESH];
  guint i;

  for (i = 0; i < N_WAYS; i++) {
    const Way *way = &ways[i];

    bench_number (bench, size >> 10);
    bench_text (bench, allocations[i]);
    bench_number (bench, permille (way, 500));
    bench_number (bench, permille (way, 990));
    bench_number (bench, permille (way, 999));
    bench_number (bench, permille (way, 1000));
    bench_number (bench, permille (way, 500) / permille (fresh, 500));
    bench_number (bench, permille (way, 999) / permille (fresh, 999));
    bench_number (bench, (gdouble) way->faults / way->times->len);
    bench_number (bench, measure_rss (i, size, across));
  }
}

static void
measure (Bench * bench, gsize size, gboolean across)
{
  Way ways[N_WAYS];
  guint round, i;

  bench_progress (bench, "%s, %" G_GSIZE_FORMAT " KiB",
      across ? "two threads" : "one thread", size >> 10);

  for (i = 0; i < N_WAYS; i++) {
    way_open (&ways[i], i, size);
    run (&ways[i], across, WARM_UP_BATCHES);
    g_array_set_size (ways[i].times, 0);
  }
  for (round = 0; round < bench_rounds (bench); round++) {
    for (i = 0; i < N_WAYS; i++)
      run_round (&ways[(round + i) % N_WAYS], size, across);
  }
  for (i = 0; i < N_WAYS; i++)
    g_array_sort (ways[i].times, compare);
  show (bench, size, across, ways);
  for (i = 0; i < N_WAYS; i++)
    way_close (&ways[i]);
}

int
main (int argc, char **argv)
{
  static const BenchProgram program = {
    "memory", "What a batch's memory costs by where it comes from", 15
  };
  Bench *bench;
  guint across, i;

  if (argc == 5 && g_str_equal (argv[1], ALONE)) {
    gst_init (NULL, NULL);
    return run_alone (argv + 1);
  }
  bench = bench_new (&program, &argc, &argv);
  bench_expect (bench, 2 * N_WAYS * G_N_ELEMENTS (sizes));
  for (across = 0; across < 2; across++) {
    bench_table (bench, across ? "consumer on another thread; times in us" :
        "one thread; times in us", columns, G_N_ELEMENTS (columns));
    for (i = 0; i < G_N_ELEMENTS (sizes); i++)
      measure (bench, sizes[i], across);
  }
  return bench_finish (bench);
}
