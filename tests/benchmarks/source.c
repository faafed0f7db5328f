/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost of batches of a wave: audiobatchsrc compared with audiotestsrc. */

#include "bench.h"
#include "sourcerig.h"

#include <stdlib.h>

static const GstAudioFormat formats[] = {
  GST_AUDIO_FORMAT_F32, GST_AUDIO_FORMAT_S16, GST_AUDIO_FORMAT_F64
};
static const guint channels[] = { 1, 2 };

enum
{
  OURS,
  PEER,
  N_WAYS
};

static const gchar *const way_names[N_WAYS] = {
  "audiobatchsrc", "audiotestsrc"
};

static const BenchColumn columns[] = {
  {"wave", "wave          ", BENCH_TEXT},
  {"format", "format", BENCH_TEXT},
  {"channels", "channels", 0},
  {"audiobatchsrc", "audiobatchsrc", 1},
  {"audiotestsrc", "audiotestsrc", 1},
  {"to-audiotestsrc", "of audiotestsrc", 3},
};

static gdouble
run (gpointer rig, guint batches)
{
  return (gdouble) source_rig_run (rig, batches + 1) / batches;
}

static void
measure (Bench * bench, const SourceCase * what)
{
  const gchar *format = gst_audio_format_to_string (what->format);
  BenchWay ways[N_WAYS];
  guint i;

  bench_progress (bench, "%s, %s, %u channels", what->wave, format,
      what->channels);
  for (i = 0; i < N_WAYS; i++) {
    ways[i].run = run;
    ways[i].data = source_rig_new (way_names[i], what);
  }
  bench_take_turns (bench, ways, N_WAYS);
  bench_text (bench, what->wave);
  bench_text (bench, format);
  bench_number (bench, what->channels);
  bench_number (bench, ways[OURS].ns);
  bench_number (bench, ways[PEER].ns);
  bench_number (bench, ways[PEER].ratio);
  for (i = 0; i < N_WAYS; i++)
    source_rig_free (ways[i].data);
}

/* The waves; both sources have the same. Exits if an element is missing. */
static GEnumClass *
get_waves (void)
{
  GEnumClass *waves = NULL;
  guint i;

  for (i = 0; i < N_WAYS; i++) {
    g_autoptr (GstElement) source =
        gst_element_factory_make (way_names[i], NULL);
    GParamSpec *spec;

    if (!source) {
      g_printerr ("There is no element %s.\n", way_names[i]);
      exit (BENCH_SKIPPED);
    }
    gst_object_ref_sink (source);
    spec = g_object_class_find_property (G_OBJECT_GET_CLASS (source), "wave");
    g_clear_pointer (&waves, g_type_class_unref);
    waves = g_type_class_ref (spec->value_type);
  }
  return waves;
}

static void
measure_wave (Bench * bench, const gchar * wave)
{
  guint f, c;

  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (c = 0; c < G_N_ELEMENTS (channels); c++) {
      const SourceCase what = {
        .wave = wave,
        .format = formats[f],
        .channels = channels[c],
      };

      measure (bench, &what);
    }
  }
}

int
main (int argc, char **argv)
{
  static const BenchProgram program = {
    "source", "What it costs to make batches of a wave", 51
  };
  Bench *bench = bench_new (&program, &argc, &argv);
  GEnumClass *waves = get_waves ();
  guint i;

  bench_expect (bench, waves->n_values * G_N_ELEMENTS (formats)
      * G_N_ELEMENTS (channels));
  bench_table (bench,
      "Batches of 1024 samples; ns of processor time for each", columns,
      G_N_ELEMENTS (columns));
  for (i = 0; i < waves->n_values; i++)
    measure_wave (bench, waves->values[i].value_nick);
  g_type_class_unref (waves);
  return bench_finish (bench);
}
