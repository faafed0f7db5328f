/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of a batch's memory by allocation mode and size: acquire it, write
 * all of it and release it, in one thread, or with a consumer in another
 * thread or in another process that releases it. The modes take turns in each
 * round. */

#include "batch/stream.h"
#include "bench.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <glib/gstdio.h>

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
/* The same: be the consumer in another process. */
#define CONSUME "--consume"
#define RATE 48000

/* Larger batches may not fit into /dev/shm. */
#define LARGEST_SHARED (1 << 20)

static const gsize sizes[] = {
  4 << 10, 16 << 10, 64 << 10, 112 << 10, 128 << 10, 256 << 10, 1 << 20,
  4 << 20, 16 << 20
};

/* Indexed by GstAudioBatchAllocation. */
static const gchar *const allocations[] = { "fresh", "pool", "auto" };

#define N_WAYS G_N_ELEMENTS (allocations)

typedef enum
{
  ONE_THREAD,
  TWO_THREADS,
  SHM,
  UNIXFD,
  N_PLACES
} Place;

/* Where the consumer is. */
static const struct
{
  const gchar *title;
  /* for another process */
  const gchar *sink, *source;
} places[N_PLACES] = {
  {"one thread; times in us", NULL, NULL},
  {"consumer on another thread; times in us", NULL, NULL},
  {"consumer in another process, shmsink; times in us", "shmsink", "shmsrc"},
  {"consumer in another process, unixfdsink; times in us", "unixfdsink",
      "unixfdsrc"},
};

/* One allocation mode: a stream like that of the elements, and the results:
 * the time of each batch in ns, and the page faults. */
typedef struct
{
  GstElement *element;
  AbStream stream;
  guint n_samples;
  GArray *times;
  guint64 faults;
  /* for another process: the pad before the sink, and the consumer */
  GstElement *pipeline;
  GstPad *pad;
  gchar *folder;
  GPid consumer;
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
start_consumer (const gchar * source, const gchar * socket, GPid * pid)
{
  const gchar *argv[] = { "/proc/self/exe", CONSUME, source, socket, NULL };
  g_autoptr (GError) error = NULL;

  if (!g_spawn_async (NULL, (gchar **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
          NULL, NULL, pid, &error))
    g_error ("%s", error->message);
}

/* @argv: CONSUME, the source element and its socket. Runs until it is killed. */
static int
run_consumer (gchar ** argv)
{
  g_autofree gchar *line = g_strdup_printf ("%s socket-path=%s ! fakesink "
      "sync=false async=false enable-last-sample=false", argv[1], argv[2]);
  GstElement *pipeline = gst_parse_launch (line, NULL);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return EXIT_SUCCESS;
}

static void
push_sticky_events (GstPad * pad, const GstAudioInfo * info)
{
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (info);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start ("benchmark"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

/* Links to the sink and takes its answer to the ALLOCATION query. */
static void
open_process (Way * self, Place place, gsize size, const GstAudioInfo * info)
{
  g_autofree gchar *socket = NULL, *line = NULL, *area = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstPad) sinkpad = NULL;
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (info);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);

  self->folder = g_dir_make_tmp ("benchmark-XXXXXX", NULL);
  socket = g_build_filename (self->folder, "socket", NULL);
  area = place == SHM ? g_strdup_printf ("shm-size=%" G_GSIZE_FORMAT,
      (2 * DEPTH + 2) * (size + 4096)) : g_strdup ("");
  line = g_strdup_printf ("%s name=sink socket-path=%s sync=false "
      "wait-for-connection=true enable-last-sample=false %s",
      places[place].sink, socket, area);
  self->pipeline = gst_pipeline_new (NULL);
  sink = gst_object_ref (gst_parse_launch (line, NULL));
  gst_bin_add (GST_BIN (self->pipeline), sink);
  sinkpad = gst_element_get_static_pad (sink, "sink");
  self->pad = gst_pad_new ("src", GST_PAD_SRC);
  gst_pad_link_full (self->pad, sinkpad, GST_PAD_LINK_CHECK_NOTHING);
  gst_pad_set_active (self->pad, TRUE);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  push_sticky_events (self->pad, info);
  start_consumer (places[place].source, socket, &self->consumer);
  if (gst_pad_query (sinkpad, query))
    ab_supply_take_query (&self->stream.supply, query);
  gst_query_unref (query);
}

static void
close_process (Way * self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  kill (self->consumer, SIGKILL);
  waitpid (self->consumer, NULL, 0);
  gst_object_unref (self->pipeline);
  gst_object_unref (self->pad);
  g_rmdir (self->folder);
  g_free (self->folder);
}

static void
way_open (Way * self, guint allocation, gsize size, Place place)
{
  GstAudioInfo info;

  self->pad = NULL;
  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_F32, RATE, 1, NULL);
  self->n_samples = size / info.bpf;
  self->element = gst_object_ref_sink (gst_bin_new (NULL));
  ab_stream_init (&self->stream, self->element, GST_CAT_DEFAULT,
      no_settings, no_settings, 0);
  self->stream.settings.supply.allocation = allocation;
  self->stream.settings.supply.pool_min = DEPTH + 1;
  self->stream.settings.size.samples = self->n_samples;
  if (places[place].sink)
    self->stream.settings.supply.max_outstanding = DEPTH;
  ab_stream_start (&self->stream);
  if (!ab_stream_set_info (&self->stream, &info))
    exit (EXIT_FAILURE);
  if (places[place].sink)
    open_process (self, place, size, &info);
  self->times = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->faults = 0;
}

static void
way_close (Way * self)
{
  if (self->pad)
    close_process (self);
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

/* The time includes what the sink does to send the batch. */
static void
run_to_process (Way * way, guint n)
{
  guint i;

  for (i = 0; i < n; i++) {
    guint64 start = gst_util_get_timestamp ();

    if (gst_pad_push (way->pad, make_batch (way)) != GST_FLOW_OK)
      g_error ("The sink takes no batches.");
    note_time (way, start);
  }
}

static void
run (Way * way, Place place, guint n)
{
  if (places[place].sink)
    run_to_process (way, n);
  else if (place == TWO_THREADS)
    run_across_threads (way, n);
  else
    run_on_one_thread (way, n);
}

static void
run_round (Way * way, gsize size, Place place)
{
  guint64 faults = page_faults ();

  run (way, place, CLAMP (ROUND_BYTES / size, MIN_BATCHES, MAX_BATCHES));
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

/* @argv: ALONE, the allocation mode, the size, the place. Prints KiB. */
static int
run_alone (gchar ** argv)
{
  gsize size = g_ascii_strtoull (argv[2], NULL, 10);
  guint64 before = peak_rss ();
  Way way;

  way_open (&way, atoi (argv[1]), size, atoi (argv[3]));
  run (&way, atoi (argv[3]), WARM_UP_BATCHES);
  way_close (&way);
  g_print ("%" G_GUINT64_FORMAT "\n", peak_rss () - before);
  return EXIT_SUCCESS;
}

/* The largest growth of the process, in MiB. */
static gdouble
measure_rss (guint allocation, gsize size, Place place)
{
  g_autofree gchar *of = g_strdup_printf ("%u", allocation);
  g_autofree gchar *bytes = g_strdup_printf ("%" G_GSIZE_FORMAT, size);
  g_autofree gchar *where = g_strdup_printf ("%d", place);
  const gchar *argv[] = { "/proc/self/exe", ALONE, of, bytes,
    where, NULL
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
show (Bench * bench, gsize size, Place place, const Way * ways)
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
    bench_number (bench, measure_rss (i, size, place));
  }
}

static void
measure (Bench * bench, gsize size, Place place)
{
  Way ways[N_WAYS];
  guint round, i;

  bench_progress (bench, "%s, %" G_GSIZE_FORMAT " KiB",
      places[place].title, size >> 10);

  for (i = 0; i < N_WAYS; i++) {
    way_open (&ways[i], i, size, place);
    run (&ways[i], place, WARM_UP_BATCHES);
    g_array_set_size (ways[i].times, 0);
  }
  for (round = 0; round < bench_rounds (bench); round++) {
    for (i = 0; i < N_WAYS; i++)
      run_round (&ways[(round + i) % N_WAYS], size, place);
  }
  for (i = 0; i < N_WAYS; i++)
    g_array_sort (ways[i].times, compare);
  show (bench, size, place, ways);
  for (i = 0; i < N_WAYS; i++)
    way_close (&ways[i]);
}

/* Is there an element that waits for a consumer? */
static gboolean
has_sink (const gchar * name)
{
  g_autoptr (GstElement) sink = gst_element_factory_make (name, NULL);

  return sink && g_object_class_find_property (G_OBJECT_GET_CLASS (sink),
      "wait-for-connection");
}

int
main (int argc, char **argv)
{
  static const BenchProgram program = {
    "memory", "What a batch's memory costs by where it comes from", 15
  };
  Bench *bench;
  guint place, i;

  if (argc == 5 && g_str_equal (argv[1], ALONE)) {
    gst_init (NULL, NULL);
    return run_alone (argv + 1);
  }
  if (argc == 4 && g_str_equal (argv[1], CONSUME)) {
    gst_init (NULL, NULL);
    return run_consumer (argv + 1);
  }
  bench = bench_new (&program, &argc, &argv);
  bench_expect (bench, N_PLACES * N_WAYS * G_N_ELEMENTS (sizes));
  for (place = 0; place < N_PLACES; place++) {
    if (places[place].sink && !has_sink (places[place].sink))
      continue;
    bench_table (bench, places[place].title, columns, G_N_ELEMENTS (columns));
    for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
      if (!places[place].sink || sizes[i] <= LARGEST_SHARED)
        measure (bench, sizes[i], place);
    }
  }
  return bench_finish (bench);
}
