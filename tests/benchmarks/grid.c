/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges allocation=auto: runs pipelines of many shapes with fresh, recycled
 * and automatic allocation, in turn, and compares the CPU time of a batch. Where
 * fresh and pool differ beyond noise, auto must end in the better one, and must
 * not cost much more. Each run is a process of its own, so that no run inherits
 * another's heap. */

#include "bench.h"

#include <gst/audio/audio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <glib/gstdio.h>

/* Instead of options: one run. */
#define ALONE "--alone"
#define RATE 48000

/* What is judged: a stream of so many batches. */
#define STREAM_BATCHES 10000
/* A run writes at most so many bytes, but has at least MIN_BATCHES. The rest of
 * the stream is taken to cost what the second half of the run cost. */
#define RUN_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define MIN_BATCHES 128
/* Stereo frames that the decoder reads. */
#define FILE_FRAMES (2500 * 1024)
#define FRAMES_OF_CHUNK 1024

/* Noise only adds CPU time, so the least of the rounds is what a mode costs. One
 * mode costs more than another if its least is above the other's median, and by
 * this part above the other's least. */
#define DIFFERENCE 1.05
/* A quick look is a test as well: it judges what noise does not make. */
#define CLEAR_DIFFERENCE 1.5
/* With fewer rounds nothing is judged. */
#define MIN_ROUNDS 3
/* The aim: this part of the cells. */
#define RIGHT_PART 0.95

#define HELD 8
#define QUEUED 4

enum
{ FRESH, POOL, AUTO, N_MODES };

static const gchar *const modes[] = { "fresh", "pool", "auto" };

typedef enum
{
  /* the source's thread consumes the batch */
  SAME_THREAD,
  /* another thread does */
  QUEUE,
  /* that thread keeps the last HELD batches */
  HOLDING,
  /* a decoder and a converter make the samples; the consumer is as in QUEUE */
  DECODE,
  N_SHAPES
} Shape;

static const gchar *const shapes[] = {
  "same thread", "queue", "held 8", "decode"
};

typedef struct
{
  guint channels, samples;
  Shape shape;
} Cell;

static const guint channel_counts[] = { 1, 2, 8, 64 };
static const guint sample_counts[] = { 1024, 4096, 16384, 65536, 262144 };

/* For a quick look: cells that differ much, and one that does not. */
static const Cell short_cells[] = {
  {2, 16384, SAME_THREAD}, {1, 65536, QUEUE}, {64, 1024, QUEUE},
  {1, 65536, HOLDING}
};

static const BenchColumn columns[] = {
  {"channels", "channels", 0},
  {"samples", "samples", 0},
  {"shape", "pipeline   ", BENCH_TEXT},
  {"batches", "batches", 0},
  {"fresh", "fresh    ", 2},
  {"pool", "pool     ", 2},
  {"auto", "auto     ", 2},
  {"fresh-faults", "faults fresh", 1},
  {"pool-faults", "pool ", 1},
  {"better", "better", BENCH_TEXT},
  {"ended", "auto ended in", BENCH_TEXT},
  {"cost", "of the better", 3},
  {"verdict", "verdict", BENCH_TEXT},
};

/* One run, in a process of its own */

typedef struct
{
  /* of all threads: CPU time in ns, in all and up to the half of the run */
  guint64 cpu, cpu_to_half;
  guint64 faults;
  gboolean pooled;
} Result;

/* Only for the consumer's thread. */
typedef struct
{
  GstBuffer *held[HELD];
  guint64 batches, half;
  guint64 cpu_at_half;
} Consumer;

static guint64
process_cpu (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return GST_TIMESPEC_TO_TIME (now);
}

static guint64
process_faults (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

static void
keep (GstElement * sink, GstBuffer * batch, GstPad * pad, Consumer * self)
{
  gst_buffer_replace (&self->held[self->batches++ % HELD], batch);
}

/* Leaves when half of the batches have come. */
static GstPadProbeReturn
count_half (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Consumer *self = data;

  if (self->half-- > 0)
    return GST_PAD_PROBE_OK;
  self->cpu_at_half = process_cpu ();
  return GST_PAD_PROBE_REMOVE;
}

/* Stereo to n channels: each repeats one of the two. */
static gchar *
describe_matrix (guint channels)
{
  GString *text = g_string_new (NULL);
  guint i;

  for (i = 0; i < channels; i++)
    g_string_append_printf (text, "%s<(float)%d,(float)%d>", i ? "," : "",
        i % 2 == 0, i % 2 == 1);
  return g_string_free (text, FALSE);
}

static gchar *
describe (const Cell * cell, const gchar * file, guint batches)
{
  g_autofree gchar *matrix = describe_matrix (cell->channels);
  guint64 mask = gst_audio_channel_get_fallback_mask (cell->channels);
  g_autofree gchar *caps =
      g_strdup_printf ("audio/x-raw,format=" GST_AUDIO_NE (F32)
      ",rate=%d,channels=%u,channel-mask=(bitmask)%#" G_GINT64_MODIFIER
      "x,layout=interleaved", RATE, cell->channels, mask);
  g_autofree gchar *source = cell->shape == DECODE ?
      g_strdup_printf ("filesrc location=%s ! oggdemux ! vorbisdec ! "
      "audioconvert mix-matrix=\"<%s>\" ! %s ! audiobatch", file, matrix, caps)
      : g_strdup ("audiobatchsrc wave=silence");
  const gchar *between = cell->shape == SAME_THREAD ? "" :
      "! queue max-size-buffers=4 max-size-bytes=0 max-size-time=0 ";

  G_STATIC_ASSERT (QUEUED == 4);
  return g_strdup_printf ("%s name=batch samples-per-batch=%u ! %s %s! "
      "fakesink name=sink enable-last-sample=false num-buffers=%u", source,
      cell->samples, caps, between, batches);
}

/* Reads the bus up to the end of the stream. */
static void
await_end (GstElement * pipeline, Result * result)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gboolean ended = FALSE;

  while (!ended) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
        GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR
        | GST_MESSAGE_ELEMENT);
    const GstStructure *structure = gst_message_get_structure (message);
    gint to;

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      g_error ("%" GST_PTR_FORMAT, structure);
    ended = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (gst_message_has_name (message, "audiobatch-allocation-changed")
        && gst_structure_get_enum (structure, "to",
            G_VALUE_TYPE (gst_structure_get_value (structure, "to")), &to))
      result->pooled = to == POOL;
  }
}

/* The start is not counted: it costs as much as thousands of small batches. */
static void
play (GstElement * pipeline, const Consumer * consumer, Result * result)
{
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  result->faults = process_faults ();
  result->cpu = process_cpu ();
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  await_end (pipeline, result);
  result->cpu_to_half = consumer->cpu_at_half - result->cpu;
  result->cpu = process_cpu () - result->cpu;
  result->faults = process_faults () - result->faults;
}

static void
prepare (GstElement * pipeline, const gchar * mode, Shape shape,
    Consumer * consumer)
{
  g_autoptr (GstElement) batch =
      gst_bin_get_by_name (GST_BIN (pipeline), "batch");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");

  g_object_set (batch, "report-interval", 0, NULL);
  gst_util_set_object_arg (G_OBJECT (batch), "allocation", mode);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_half, consumer,
      NULL);
  if (shape == HOLDING) {
    g_object_set (sink, "signal-handoffs", TRUE, NULL);
    g_signal_connect (sink, "handoff", G_CALLBACK (keep), consumer);
  }
}

/* @argv: ALONE, mode, channels, samples, shape, batches, file. Prints a
 * Result. */
static int
run_alone (gchar ** argv)
{
  Cell cell = { atoi (argv[3]), atoi (argv[4]), atoi (argv[5]) };
  g_autofree gchar *line = describe (&cell, argv[7], atoi (argv[6]));
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  Consumer consumer = {.half = atoi (argv[6]) / 2 };
  Result result = {.pooled = g_str_equal (argv[2], modes[POOL]) };
  guint i;

  if (error)
    g_error ("%s: %s", line, error->message);
  prepare (pipeline, argv[2], cell.shape, &consumer);
  play (pipeline, &consumer, &result);
  g_print ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
      " %d\n", result.cpu, result.cpu_to_half, result.faults, result.pooled);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  for (i = 0; i < HELD; i++)
    gst_clear_buffer (&consumer.held[i]);
  return EXIT_SUCCESS;
}

/* All runs of a cell */

typedef struct
{
  const Cell *cell;
  gdouble difference;
  guint batches, rounds;
  /* by mode and round: CPU time of a stream's batch in ns, page faults of a
   * batch, and where it ended */
  GArray *ns[N_MODES], *faults[N_MODES];
  guint pooled[N_MODES];
} Runs;

static guint64
bytes_of (const Cell * cell)
{
  return (guint64) cell->channels * cell->samples * sizeof (gfloat);
}

static guint
batches_of (const Cell * cell)
{
  guint64 batches = CLAMP (RUN_BYTES / bytes_of (cell), MIN_BATCHES,
      STREAM_BATCHES);

  return cell->shape == DECODE ? MIN (batches, FILE_FRAMES / cell->samples) :
      batches;
}

/* CPU time of one batch of a whole stream. */
static gdouble
stream_ns (const Result * result, guint batches)
{
  gdouble later = (gdouble) (result->cpu - result->cpu_to_half)
      / (batches - batches / 2);
  gdouble rest = STREAM_BATCHES - batches;

  return (result->cpu + rest * later) / STREAM_BATCHES;
}

static void
run_once (Runs * runs, guint mode, const gchar * file)
{
  const Cell *cell = runs->cell;
  g_autofree gchar *numbers = g_strdup_printf ("%u %u %u %u", cell->channels,
      cell->samples, cell->shape, runs->batches);
  g_auto (GStrv) number = g_strsplit (numbers, " ", 0);
  const gchar *argv[] = { "/proc/self/exe", ALONE, modes[mode], number[0],
    number[1], number[2], number[3], file, NULL
  };
  g_autofree gchar *out = NULL;
  g_auto (GStrv) value = NULL;
  Result result;
  gdouble ns, faults;

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
          &out, NULL, NULL, NULL)
      || g_strv_length (value = g_strsplit (out, " ", 0)) != 4)
    g_error ("a run with %s failed: %s", modes[mode], numbers);
  result.cpu = g_ascii_strtoull (value[0], NULL, 10);
  result.cpu_to_half = g_ascii_strtoull (value[1], NULL, 10);
  ns = stream_ns (&result, runs->batches);
  faults = g_ascii_strtod (value[2], NULL) / runs->batches;
  g_array_append_val (runs->ns[mode], ns);
  g_array_append_val (runs->faults[mode], faults);
  runs->pooled[mode] += atoi (value[3]);
}

static gdouble
median_of (const GArray * values)
{
  g_autoptr (GArray) copy = g_array_copy ((GArray *) values);

  return bench_median (copy);
}

static gdouble
least_of (const GArray * values)
{
  gdouble least = G_MAXDOUBLE;
  guint i;

  for (i = 0; i < values->len; i++)
    least = MIN (least, g_array_index (values, gdouble, i));
  return least;
}

/* Does a batch cost more with @a than with @b, beyond noise? */
static gboolean
costs_more (const Runs * runs, guint a, guint b)
{
  gdouble least = least_of (runs->ns[a]);

  return least > median_of (runs->ns[b])
      && least > runs->difference * least_of (runs->ns[b]);
}

typedef struct
{
  guint cells, skipped;
  /* where fresh and pool differ; of those, where auto ended in the better one */
  guint differ, right;
  /* where auto costs more than the better one, beyond noise */
  guint dear;
} Tally;

static void
judge (Bench * bench, const Runs * runs, Tally * tally)
{
  guint better = least_of (runs->ns[POOL]) < least_of (runs->ns[FRESH]) ?
      POOL : FRESH;
  gboolean differ = costs_more (runs, better == POOL ? FRESH : POOL, better);
  guint ended = runs->pooled[AUTO] * 2 > runs->rounds ? POOL : FRESH;
  gboolean dear = costs_more (runs, AUTO, better);
  gboolean wrong = differ && ended != better;
  guint i;

  tally->cells++;
  tally->differ += differ;
  tally->right += differ && !wrong;
  tally->dear += dear;
  bench_number (bench, runs->cell->channels);
  bench_number (bench, runs->cell->samples);
  bench_text (bench, shapes[runs->cell->shape]);
  bench_number (bench, runs->batches);
  for (i = 0; i < N_MODES; i++)
    bench_number (bench, least_of (runs->ns[i]) / 1000);
  bench_number (bench, median_of (runs->faults[FRESH]));
  bench_number (bench, median_of (runs->faults[POOL]));
  bench_text (bench, differ ? modes[better] : "same");
  bench_text (bench, modes[ended]);
  bench_number (bench, least_of (runs->ns[AUTO]) / least_of (runs->ns[better]));
  bench_text (bench, wrong ? "wrong" : dear ? "dear" : "ok");
}

/* audioconvert of GStreamer 1.22 does not come to an end with 64 channels. */
#define DECODE_CHANNELS 16

/* Can the batches that are out at one time be in memory? */
static gboolean
fits (const Cell * cell)
{
  g_autofree gchar *info = NULL;
  const gchar *line = NULL;

  if (g_file_get_contents ("/proc/meminfo", &info, NULL, NULL))
    line = strstr (info, "MemAvailable:");
  return line == NULL || bytes_of (cell) * (HELD + QUEUED + 4) / 1024
      < g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10);
}

static void
measure (Bench * bench, const Cell * cell, gdouble difference,
    const gchar * file, Tally * tally)
{
  Runs runs = {.cell = cell,.difference = difference,
    .rounds = bench_rounds (bench)
  };
  guint i, round;

  bench_progress (bench, "%s, %u x %u", shapes[cell->shape], cell->channels,
      cell->samples);
  if (cell->shape == DECODE && cell->channels > DECODE_CHANNELS) {
    tally->skipped++;
    return;
  }
  if (!fits (cell)) {
    g_printerr ("%s, %u x %u: left out, as memory is short\n",
        shapes[cell->shape], cell->channels, cell->samples);
    tally->skipped++;
    return;
  }
  runs.batches = batches_of (cell);
  for (i = 0; i < N_MODES; i++) {
    runs.ns[i] = g_array_new (FALSE, FALSE, sizeof (gdouble));
    runs.faults[i] = g_array_new (FALSE, FALSE, sizeof (gdouble));
  }
  for (round = 0; round < runs.rounds; round++) {
    for (i = 0; i < N_MODES; i++)
      run_once (&runs, (round + i) % N_MODES, file);
  }
  judge (bench, &runs, tally);
  for (i = 0; i < N_MODES; i++) {
    g_array_unref (runs.ns[i]);
    g_array_unref (runs.faults[i]);
  }
}

static gboolean
play_line (const gchar * line)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  if (pipeline == NULL)
    return FALSE;
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
}

/* What the decoder reads: @frames of Vorbis. */
static void
encode (const gchar * file, guint frames)
{
  g_autofree gchar *line = g_strdup_printf ("audiotestsrc wave=pink-noise "
      "samplesperbuffer=%u num-buffers=%u ! audio/x-raw,rate=%u,channels=2 ! "
      "vorbisenc ! oggmux ! filesink location=%s", FRAMES_OF_CHUNK,
      frames / FRAMES_OF_CHUNK, RATE, file);

  if (!play_line (line)) {
    g_printerr ("There is no vorbisenc or oggmux.\n");
    exit (BENCH_SKIPPED);
  }
}

static void
measure_all (Bench * bench, gboolean quick, const gchar * only,
    const gchar * file, Tally * tally)
{
  guint shape, c, s;

  bench_table (bench,
      "Streams of 10,000 batches of F32; us of CPU time, of all "
      "threads, and page faults of a batch", columns, G_N_ELEMENTS (columns));
  if (quick) {
    bench_expect (bench, G_N_ELEMENTS (short_cells));
    for (c = 0; c < G_N_ELEMENTS (short_cells); c++)
      measure (bench, &short_cells[c], CLEAR_DIFFERENCE, file, tally);
    return;
  }
  encode (file, FILE_FRAMES);
  bench_expect (bench, N_SHAPES * G_N_ELEMENTS (channel_counts)
      * G_N_ELEMENTS (sample_counts));
  for (shape = 0; shape < N_SHAPES; shape++) {
    for (c = 0; c < G_N_ELEMENTS (channel_counts); c++) {
      for (s = 0; s < G_N_ELEMENTS (sample_counts); s++) {
        const Cell cell = { channel_counts[c], sample_counts[s], shape };

        if (only && !g_str_equal (only, shapes[shape]))
          continue;
        measure (bench, &cell, DIFFERENCE, file, tally);
      }
    }
  }
}

/* Returns: whether auto does what it should. */
static gboolean
conclude (const Tally * tally, gdouble difference, guint rounds)
{
  gboolean ok = tally->right >= RIGHT_PART * tally->differ
      && tally->cells - tally->dear >= RIGHT_PART * tally->cells;

  g_print
      ("\n%u cells, %u left out. Fresh and pool differ in %u; in %u of them "
      "auto ended in the better one. In %u it cost at most %.0f %% more, or no more "
      "beyond noise.\n", tally->cells, tally->skipped, tally->differ,
      tally->right, tally->cells - tally->dear, 100 * (difference - 1));
  if (rounds < MIN_ROUNDS) {
    g_print ("Not judged: that takes %u rounds.\n", MIN_ROUNDS);
    return TRUE;
  }
  g_print ("%s\n", ok ? "OK" : "FAIL");
  return ok;
}

int
main (int argc, char **argv)
{
  static const BenchProgram program = {
    "grid", "Does allocation=auto end in the better mode, at little cost?", 5
  };
  g_autofree gchar *only = NULL;
  gboolean quick = FALSE;
  const GOptionEntry options[] = {
    {"short", 's', 0, G_OPTION_ARG_NONE, &quick, "Only a few cells", NULL},
    {"pipeline", 'p', 0, G_OPTION_ARG_STRING, &only,
        "Only this one: same thread, queue, held 8 or decode", "NAME"},
    {NULL}
  };
  g_autofree gchar *folder = NULL;
  g_autofree gchar *file = NULL;
  Tally tally = { 0 };
  Bench *bench;
  gboolean ok;
  int status;

  if (argc == 8 && g_str_equal (argv[1], ALONE)) {
    gst_init (NULL, NULL);
    return run_alone (argv);
  }
  bench = bench_new_with_options (&program, options, &argc, &argv);
  folder = g_dir_make_tmp ("audiobatch-grid-XXXXXX", NULL);
  file = g_build_filename (folder, "noise.ogg", NULL);
  measure_all (bench, quick, only, file, &tally);
  g_unlink (file);
  g_rmdir (folder);
  ok = conclude (&tally, quick ? CLEAR_DIFFERENCE : DIFFERENCE,
      bench_rounds (bench));
  status = bench_finish (bench);
  return status == EXIT_SUCCESS && !ok ? EXIT_FAILURE : status;
}
