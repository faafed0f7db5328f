/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of making batches of chunks: audiobatch compared with
 * audiobuffersplit and with the floor, the least work necessary. */

#include "bench.h"
#include "rebatchrig.h"

#include <stdlib.h>

static const guint chunks[] = { 128, 441, 480, 1024, 4096, 65536 };
static const guint channels[] = { 1, 2, 8 };

static const GstAudioFormat formats[] = { GST_AUDIO_FORMAT_F32,
  GST_AUDIO_FORMAT_S16
};

enum
{
  OURS,
  FLOOR,
  PEER,
  N_WAYS
};

static const gchar *const way_names[N_WAYS] = {
  "audiobatch", RIG_FLOOR, "audiobuffersplit"
};

static const BenchColumn columns[] = {
  {"format", "format", BENCH_TEXT},
  {"channels", "channels", 0},
  {"chunk", "chunk", 0},
  {"audiobatch", "audiobatch", 1},
  {"floor", "  floor", 1},
  {"audiobuffersplit", "audiobuffersplit", 1},
  {"to-floor", "of floor", 2},
  {"to-audiobuffersplit", "of audiobuffersplit", 2},
};

static gdouble
run (gpointer rig, guint batches)
{
  guint64 start = bench_thread_time ();
  guint64 samples = rebatch_rig_push (rig, batches);

  return (gdouble) (bench_thread_time () - start) * RIG_BATCH / samples;
}

static void
measure (Bench * bench, const RebatchCase * what)
{
  const gchar *format = gst_audio_format_to_string (what->format);
  BenchWay ways[N_WAYS];
  guint i;

  bench_progress (bench, "%s, %u channels, chunks of %u samples", format,
      what->channels, what->chunk);
  for (i = 0; i < N_WAYS; i++) {
    ways[i].run = run;
    ways[i].data = rebatch_rig_new (way_names[i], what);
  }
  bench_take_turns (bench, ways, N_WAYS);
  bench_text (bench, format);
  bench_number (bench, what->channels);
  bench_number (bench, what->chunk);
  for (i = 0; i < N_WAYS; i++)
    bench_number (bench, ways[i].ns);
  bench_number (bench, ways[FLOOR].ratio);
  bench_number (bench, ways[PEER].ratio);
  for (i = 0; i < N_WAYS; i++)
    rebatch_rig_free (ways[i].data);
}

static void
require_elements (void)
{
  guint i;

  for (i = 0; i < N_WAYS; i++) {
    if (i != FLOOR && !gst_registry_check_feature_version (gst_registry_get (),
            way_names[i], 0, 0, 0)) {
      g_printerr ("There is no element %s.\n", way_names[i]);
      exit (BENCH_SKIPPED);
    }
  }
}

int
main (int argc, char **argv)
{
  static const BenchProgram program = {
    "transform", "What it costs to make batches of chunks", 51
  };
  Bench *bench = bench_new (&program, &argc, &argv);
  guint f, c, s;

  require_elements ();
  bench_expect (bench, G_N_ELEMENTS (formats) * G_N_ELEMENTS (channels)
      * G_N_ELEMENTS (chunks));
  bench_table (bench, "Batches of 1024 samples; ns of processor time for each, "
      "the making of the chunks included", columns, G_N_ELEMENTS (columns));
  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (c = 0; c < G_N_ELEMENTS (channels); c++) {
      for (s = 0; s < G_N_ELEMENTS (chunks); s++) {
        const RebatchCase what = { chunks[s], channels[c], formats[f] };

        measure (bench, &what);
      }
    }
  }
  return bench_finish (bench);
}
