/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of making batches of chunks: audiobatch compared with
 * audiobuffersplit and with the floor, the least work necessary. Chunks of one
 * batch that no one else uses: with zero-copy, compared with identity as well. */

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

enum
{
  ZERO_COPY,
  IDENTITY,
  ZERO_COPY_PEER,
  N_ZERO_COPY_WAYS
};

static const gchar *const zero_copy_names[N_ZERO_COPY_WAYS] = {
  RIG_ZERO_COPY, "identity", "audiobuffersplit"
};

static const BenchColumn zero_copy_columns[] = {
  {"format", "format", BENCH_TEXT},
  {"channels", "channels", 0},
  {"zero-copy", "zero-copy", 1},
  {"identity", "identity", 1},
  {"audiobuffersplit", "audiobuffersplit", 1},
  {"to-identity", "of identity", 2},
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
take_turns (Bench * bench, const RebatchCase * what, BenchWay * ways,
    const gchar * const *names, guint n_ways)
{
  guint i;

  bench_progress (bench, "%s, %u channels, chunks of %u samples",
      gst_audio_format_to_string (what->format), what->channels, what->chunk);
  for (i = 0; i < n_ways; i++) {
    ways[i].run = run;
    ways[i].data = rebatch_rig_new (names[i], what);
  }
  bench_take_turns (bench, ways, n_ways);
  for (i = 0; i < n_ways; i++)
    rebatch_rig_free (ways[i].data);
}

static void
measure (Bench * bench, const RebatchCase * what)
{
  BenchWay ways[N_WAYS];
  guint i;

  take_turns (bench, what, ways, way_names, N_WAYS);
  bench_text (bench, gst_audio_format_to_string (what->format));
  bench_number (bench, what->channels);
  bench_number (bench, what->chunk);
  for (i = 0; i < N_WAYS; i++)
    bench_number (bench, ways[i].ns);
  bench_number (bench, ways[FLOOR].ratio);
  bench_number (bench, ways[PEER].ratio);
}

static void
measure_zero_copy (Bench * bench, const RebatchCase * what)
{
  BenchWay ways[N_ZERO_COPY_WAYS];
  guint i;

  take_turns (bench, what, ways, zero_copy_names, N_ZERO_COPY_WAYS);
  bench_text (bench, gst_audio_format_to_string (what->format));
  bench_number (bench, what->channels);
  for (i = 0; i < N_ZERO_COPY_WAYS; i++)
    bench_number (bench, ways[i].ns);
  bench_number (bench, ways[IDENTITY].ratio);
  bench_number (bench, ways[ZERO_COPY_PEER].ratio);
}

static void
require_elements (void)
{
  static const gchar *const names[] = {
    "audiobatch", "audiobuffersplit", "identity"
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

static void
measure_all (Bench * bench)
{
  guint f, c, s;

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
}

static void
measure_all_zero_copy (Bench * bench)
{
  guint f, c;

  bench_table (bench, "Chunks of 1024 samples that are nobody else's, with "
      "zero-copy; ns of processor time for each batch, the making of the "
      "chunks included", zero_copy_columns, G_N_ELEMENTS (zero_copy_columns));
  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (c = 0; c < G_N_ELEMENTS (channels); c++) {
      const RebatchCase what = { RIG_BATCH, channels[c], formats[f] };

      measure_zero_copy (bench, &what);
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

  require_elements ();
  bench_expect (bench, G_N_ELEMENTS (formats) * G_N_ELEMENTS (channels)
      * (G_N_ELEMENTS (chunks) + 1));
  measure_all (bench);
  measure_all_zero_copy (bench);
  return bench_finish (bench);
}
