/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of live streams, from one to a thousand in one process and by format,
 * their memory, and how late their batches are: audiobatchsrc ! audiobatch compared
 * with audiotestsrc ! audiobuffersplit. */

#include "bench.h"
#include "livestreams.h"

#include <stdlib.h>
#include <sys/resource.h>

#define DEFAULT_STREAMS "1,10,100,300,1000"
/* Silence costs nearly nothing to make, so it shows all the other work. */
#define DEFAULT_WAVES "sine,silence"
/* 480 samples are 10 ms, as from a capture device. They don't divide a batch
 * evenly, so they must be cut. 1024 is the default of both sources, and the
 * peer pushes such a chunk as it is. */
#define DEFAULT_CHUNKS "480,1024"
#define DEFAULT_SECONDS 0.5
#define DEFAULT_FORMAT_STREAMS 100
#define DEFAULT_RATE 48000
/* Formats of which many streams are measured too. */
static const struct
{
  GstAudioFormat format;
  guint rate, channels;
} formats[] = {
  {GST_AUDIO_FORMAT_S16, 16000, 1},
  {GST_AUDIO_FORMAT_F32, 48000, 1},
  {GST_AUDIO_FORMAT_S16, 48000, 2},
  {GST_AUDIO_FORMAT_F32, 48000, 8},
  {GST_AUDIO_FORMAT_F32, 192000, 2},
};

/* The processors that the streams shall fill. */
#define PROCESSORS 2

/* For memory: all streams have made batches by then. */
#define ALONE_DURATION (500 * GST_MSECOND)
/* File descriptors of a pipeline's bus, and of the process itself. */
#define FDS_OF_STREAM 2
#define FDS_OF_PROCESS 64

/* Then the program is to measure memory: ALONE, way, wave, chunk, streams. */
#define ALONE "--alone"

#define MS ((gdouble) GST_MSECOND)

typedef struct
{
  gchar *streams, *waves, *chunks;
  gdouble seconds;
  gint format_streams;
} Options;

/* The options, parsed. The lists of numbers end with 0. */
typedef struct
{
  guint *streams, *chunks;
  GStrv waves;
  GstClockTime duration;
  guint format_streams;
} Plan;

/* The results of one way, of all rounds. */
typedef struct
{
  /* a gdouble for each round */
  GArray *costs;
  /* a gint64 for each batch */
  GArray *lateness;
  guint threads;
} Series;

static const BenchColumn columns[] = {
  {"wave", "wave   ", BENCH_TEXT},
  {"chunk", "chunk", 0},
  {"streams", "streams", 0},
  {"audiobatch", "audiobatch us", 1},
  {"audiobuffersplit", "audiobuffersplit us", 1},
  {"ratio", "ratio", 3},
  {"audiobatch-late", "late, %", 3},
  {"audiobuffersplit-late", "peer's, %", 3},
  {"audiobatch-p50", "p50 ms", 3},
  {"audiobatch-p99", "p99 ms", 3},
  {"audiobatch-max", " max ms", 3},
  {"audiobuffersplit-p50", "peer's p50", 3},
  {"audiobuffersplit-p99", "peer's p99", 3},
  {"audiobuffersplit-max", "peer's max", 3},
  {"threads", "threads", 0},
  {"audiobatch-kib", "KiB", 1},
  {"audiobuffersplit-kib", "peer's KiB", 1},
};

static const BenchColumn format_columns[] = {
  {"format", "format", BENCH_TEXT},
  {"rate", "rate", 0},
  {"channels", "channels", 0},
  {"kib", "KiB/s", 1},
  {"streams", "streams", 0},
  {"audiobatch", "audiobatch us", 1},
  {"audiobuffersplit", "audiobuffersplit us", 1},
  {"ratio", "ratio", 3},
  {"audiobatch-fit", "fit", 0},
  {"audiobuffersplit-fit", "peer's fit", 0},
};

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

/* @lateness is sorted. */
static gdouble
percentile (GArray * lateness, guint percent)
{
  guint at = (guint64) lateness->len * percent / 100;

  return g_array_index (lateness, gint64, MIN (at, lateness->len - 1)) / MS;
}

/* @lateness is sorted. Returns: percent of all batches */
static gdouble
share_late (const LiveCase * what, GArray * lateness)
{
  const gint64 limit = live_batch_time (what);
  guint late = 0;

  while (late < lateness->len && g_array_index (lateness, gint64,
          lateness->len - 1 - late) > limit)
    late++;
  return 100.0 * late / lateness->len;
}

static gdouble
median_ratio (const Series * ours, const Series * peer)
{
  g_autoptr (GArray) ratios = g_array_new (FALSE, FALSE, sizeof (gdouble));
  guint i;

  for (i = 0; i < ours->costs->len; i++) {
    gdouble ratio = g_array_index (ours->costs, gdouble, i)
        / g_array_index (peer->costs, gdouble, i);

    g_array_append_val (ratios, ratio);
  }
  return bench_median (ratios);
}

/* This program in a process of its own. Prints bytes. */
static int
run_alone (gchar ** argv)
{
  LiveCase what = {
    .wave = argv[1],
    .chunk = atoi (argv[2]),
    .streams = atoi (argv[3]),
    .duration = ALONE_DURATION,
  };
  g_autoptr (GArray) lateness = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;
  LiveResult result;

  gst_audio_info_set_format (&what.info, GST_AUDIO_FORMAT_F32, DEFAULT_RATE, 1,
      NULL);
  if (!live_streams_measure (atoi (argv[0]), &what, lateness, &result, &error)) {
    g_printerr ("%s\n", error->message);
    return EXIT_FAILURE;
  }
  g_print ("%.0f\n", result.resident);
  return EXIT_SUCCESS;
}

/* The resident memory of each stream, in KiB. */
static gdouble
measure_resident (LiveWay way, const LiveCase * what)
{
  g_autofree gchar *number = g_strdup_printf ("%u", way);
  g_autofree gchar *chunk = g_strdup_printf ("%u", what->chunk);
  g_autofree gchar *streams = g_strdup_printf ("%u", what->streams);
  const gchar *argv[] = { "/proc/self/exe", ALONE, number, what->wave, chunk,
    streams, NULL
  };
  g_autofree gchar *out = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
          &out, NULL, NULL, &error))
    g_error ("%s", error->message);
  return g_ascii_strtod (out, NULL) / 1024;
}

static void
show_case (Bench * bench, const LiveCase * what, const Series * series)
{
  const Series *ours = &series[LIVE_OURS];
  const Series *peer = &series[LIVE_PEER];
  gdouble ratio = median_ratio (ours, peer);
  guint way;

  bench_text (bench, what->wave);
  bench_number (bench, what->chunk);
  bench_number (bench, what->streams);
  bench_number (bench, bench_median (ours->costs) / GST_USECOND);
  bench_number (bench, bench_median (peer->costs) / GST_USECOND);
  bench_number (bench, ratio);
  bench_number (bench, share_late (what, ours->lateness));
  bench_number (bench, share_late (what, peer->lateness));
  for (way = 0; way < N_LIVE_WAYS; way++) {
    bench_number (bench, percentile (series[way].lateness, 50));
    bench_number (bench, percentile (series[way].lateness, 99));
    bench_number (bench, percentile (series[way].lateness, 100));
  }
  bench_number (bench, ours->threads);
  for (way = 0; way < N_LIVE_WAYS; way++)
    bench_number (bench, measure_resident (way, what));
}

static void
show_format (Bench * bench, const LiveCase * what, const Series * series)
{
  const GstAudioInfo *info = &what->info;
  guint way;

  bench_text (bench, GST_AUDIO_INFO_NAME (info));
  bench_number (bench, info->rate);
  bench_number (bench, info->channels);
  bench_number (bench, info->rate * info->bpf / 1024.0);
  bench_number (bench, what->streams);
  for (way = 0; way < N_LIVE_WAYS; way++)
    bench_number (bench, bench_median (series[way].costs) / GST_USECOND);
  bench_number (bench, median_ratio (&series[LIVE_OURS], &series[LIVE_PEER]));
  for (way = 0; way < N_LIVE_WAYS; way++)
    bench_number (bench, PROCESSORS * GST_SECOND
        / bench_median (series[way].costs));
}

static void
run_round (LiveWay way, const LiveCase * what, Series * series)
{
  g_autoptr (GError) error = NULL;
  LiveResult result;

  if (!live_streams_measure (way, what, series->lateness, &result, &error)) {
    g_printerr ("\n%u streams can't be measured: %s Limits on threads "
        "(ulimit -u) and files (ulimit -n) are the likely reasons.\n",
        what->streams, error->message);
    exit (EXIT_FAILURE);
  }
  g_array_append_val (series->costs, result.cost);
  series->threads = result.threads;
}

typedef void (*Show) (Bench * bench, const LiveCase * what,
    const Series * series);

static void
measure (Bench * bench, const LiveCase * what, Show show)
{
  Series series[N_LIVE_WAYS];
  guint round, turn;

  for (turn = 0; turn < N_LIVE_WAYS; turn++) {
    series[turn].costs = g_array_new (FALSE, FALSE, sizeof (gdouble));
    series[turn].lateness = g_array_new (FALSE, FALSE, sizeof (gint64));
  }
  for (round = 0; round < bench_rounds (bench); round++) {
    bench_progress (bench, "%s, chunks of %u, %u bytes a sample, %u streams, "
        "round %u", what->wave, what->chunk, what->info.bpf, what->streams,
        round + 1);
    for (turn = 0; turn < N_LIVE_WAYS; turn++) {
      LiveWay way = (round + turn) % N_LIVE_WAYS;

      run_round (way, what, &series[way]);
    }
  }
  for (turn = 0; turn < N_LIVE_WAYS; turn++)
    g_array_sort (series[turn].lateness, compare);
  show (bench, what, series);
  for (turn = 0; turn < N_LIVE_WAYS; turn++) {
    g_array_unref (series[turn].costs);
    g_array_unref (series[turn].lateness);
  }
}

/* Returns: the numbers, 0 at the end */
static guint *
parse_numbers (const gchar * list, guint most)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);
  guint n = g_strv_length (words);
  guint *numbers = g_new0 (guint, n + 1);
  guint i;

  for (i = 0; i < n; i++) {
    g_autoptr (GError) error = NULL;
    guint64 number;

    if (!g_ascii_string_to_unsigned (words[i], 10, 1, most, &number, &error)) {
      g_printerr ("streams: %s\n", error->message);
      exit (EXIT_FAILURE);
    }
    numbers[i] = number;
  }
  return numbers;
}

static guint
count_numbers (const guint * numbers)
{
  guint n = 0;

  while (numbers[n])
    n++;
  return n;
}

static void
check_waves (GStrv waves)
{
  g_autoptr (GstElement) source =
      gst_element_factory_make ("audiobatchsrc", NULL);
  GParamSpec *wave = g_object_class_find_property (G_OBJECT_GET_CLASS (source),
      "wave");
  GEnumClass *nicks = G_PARAM_SPEC_ENUM (wave)->enum_class;
  guint i;

  for (i = 0; waves[i]; i++) {
    if (!g_enum_get_value_by_nick (nicks, waves[i])) {
      g_printerr ("streams: there is no wave \"%s\"\n", waves[i]);
      exit (EXIT_FAILURE);
    }
  }
}

static void
require_elements (void)
{
  static const gchar *const names[] = {
    "audiobatchsrc", "audiobatch", "audiotestsrc", "audiobuffersplit",
    "fakesink"
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!gst_registry_check_feature_version (gst_registry_get (), names[i], 0,
            0, 0)) {
      g_printerr ("There is no element %s.\n", names[i]);
      exit (BENCH_SKIPPED);
    }
  }
}

/* Raises the limit on open files to what the most streams need. */
static void
raise_limit (const Plan * plan)
{
  guint most = plan->format_streams;
  struct rlimit limit;
  rlim_t wanted;
  guint i;

  for (i = 0; plan->streams[i]; i++)
    most = MAX (most, plan->streams[i]);
  wanted = FDS_OF_PROCESS + FDS_OF_STREAM * (rlim_t) most;
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = wanted;
  if (wanted <= limit.rlim_max && setrlimit (RLIMIT_NOFILE, &limit) == 0)
    return;
  g_printerr ("So many streams need %" G_GUINT64_FORMAT " open files, and %"
      G_GUINT64_FORMAT
      " are allowed: raise the limit (ulimit -Hn), or use fewer "
      "streams (--streams).\n", (guint64) wanted, (guint64) limit.rlim_max);
  exit (BENCH_SKIPPED);
}

static void
measure_all (Bench * bench, const Plan * plan)
{
  g_autofree gchar *title = g_strdup_printf ("Live streams, mono F32 at 48 "
      "kHz, batches of %d samples; us of processor time for a second of one "
      "stream, how late batches are, and KiB of resident memory of a stream",
      LIVE_BATCH);
  LiveCase what = {.duration = plan->duration };
  guint wave, chunk, streams;

  gst_audio_info_set_format (&what.info, GST_AUDIO_FORMAT_F32, DEFAULT_RATE, 1,
      NULL);
  bench_table (bench, title, columns, G_N_ELEMENTS (columns));
  for (wave = 0; plan->waves[wave]; wave++) {
    what.wave = plan->waves[wave];
    for (chunk = 0; plan->chunks[chunk]; chunk++) {
      what.chunk = plan->chunks[chunk];
      for (streams = 0; plan->streams[streams]; streams++) {
        what.streams = plan->streams[streams];
        measure (bench, &what, show_case);
      }
    }
  }
}

/* As many streams as may be wanted, of a sine in chunks of a batch. */
static void
measure_formats (Bench * bench, const Plan * plan)
{
  g_autofree gchar *title = g_strdup_printf ("Live streams by format, sine, "
      "chunks and batches of %d samples; us of processor time for a second of "
      "one stream, and how many such streams fill %d processors", LIVE_BATCH,
      PROCESSORS);
  LiveCase what = {.duration = plan->duration,.chunk = LIVE_BATCH,.wave =
        "sine",.streams = plan->format_streams,
  };
  guint i;

  bench_table (bench, title, format_columns, G_N_ELEMENTS (format_columns));
  for (i = 0; i < G_N_ELEMENTS (formats); i++) {
    GstAudioChannelPosition position[64];

    gst_audio_channel_positions_from_mask (formats[i].channels,
        gst_audio_channel_get_fallback_mask (formats[i].channels), position);
    gst_audio_info_set_format (&what.info, formats[i].format, formats[i].rate,
        formats[i].channels, position);
    measure (bench, &what, show_format);
  }
}

static void
make_plan (const Options * options, Plan * plan)
{
  if (!(options->seconds >= 0.1 && options->seconds <= 3600)) {
    g_printerr ("streams: --seconds is from 0.1 to 3600\n");
    exit (EXIT_FAILURE);
  }
  if (options->format_streams <= 0) {
    g_printerr ("streams: --format-streams is 1 or more\n");
    exit (EXIT_FAILURE);
  }
  plan->duration = options->seconds * GST_SECOND;
  plan->format_streams = options->format_streams;
  plan->streams = parse_numbers (options->streams ? options->streams
      : DEFAULT_STREAMS, 100000);
  plan->chunks = parse_numbers (options->chunks ? options->chunks
      : DEFAULT_CHUNKS, DEFAULT_RATE);
  plan->waves = g_strsplit (options->waves ? options->waves : DEFAULT_WAVES,
      ",", -1);
}

static Bench *
parse (Options * options, int *argc, char ***argv)
{
  static const BenchProgram program = {
    "streams", "What live streams cost, and how late their batches are", 3
  };
  const GOptionEntry entries[] = {
    {"streams", 's', 0, G_OPTION_ARG_STRING, &options->streams,
        "Numbers of streams (" DEFAULT_STREAMS ")", "N,..."},
    {"waves", 'w', 0, G_OPTION_ARG_STRING, &options->waves,
        "Waves of the sources (" DEFAULT_WAVES ")", "WAVE,..."},
    {"chunks", 'c', 0, G_OPTION_ARG_STRING, &options->chunks,
        "Samples that a source makes at a time (" DEFAULT_CHUNKS ")", "N,..."},
    {"format-streams", 0, 0, G_OPTION_ARG_INT, &options->format_streams,
        "Number of streams of each format (100)", "N"},
    {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &options->seconds,
        "Length of each measurement (0.5)", "S"},
    {NULL}
  };

  return bench_new_with_options (&program, entries, argc, argv);
}

int
main (int argc, char **argv)
{
  Options options = {.seconds = DEFAULT_SECONDS,.format_streams =
        DEFAULT_FORMAT_STREAMS
  };
  Bench *bench;
  Plan plan;

  if (argc == 6 && g_str_equal (argv[1], ALONE)) {
    gst_init (NULL, NULL);
    return run_alone (argv + 2);
  }
  bench = parse (&options, &argc, &argv);

  require_elements ();
  make_plan (&options, &plan);
  check_waves (plan.waves);
  raise_limit (&plan);
  bench_expect (bench, g_strv_length (plan.waves)
      * count_numbers (plan.chunks) * count_numbers (plan.streams)
      + G_N_ELEMENTS (formats));
  measure_all (bench, &plan);
  measure_formats (bench, &plan);
  g_strfreev (plan.waves);
  g_free (plan.streams);
  g_free (plan.chunks);
  g_free (options.streams);
  g_free (options.waves);
  g_free (options.chunks);
  return bench_finish (bench);
}
