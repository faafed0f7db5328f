/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An application that fills the batches of audiobatchsrc: a small additive
 * synthesiser that plays a tune. */

#include <math.h>
#include <stdlib.h>

#include <gst/audio/audio.h>

#include "player.h"

#define RATE 48000
#define N_PARTIALS 8
#define ATTACK_SECONDS 0.01
#define DECAY_PER_SECOND 3.0
#define VOLUME 0.3

#define SOURCE \
    "audiobatchsrc name=source ! audio/x-raw, " \
    "format=" GST_AUDIO_NE (F32) ", rate=48000, channels=2, " \
    "layout=interleaved ! "

/* One note, as its MIDI number (0: a rest) and its length in beats. */
typedef struct
{
  gint key;
  gdouble beats;
} Note;

/* The round "Frere Jacques". */
static const Note tune[] = {
  {60, 1}, {62, 1}, {64, 1}, {60, 1}, {60, 1}, {62, 1}, {64, 1}, {60, 1},
  {64, 1}, {65, 1}, {67, 2}, {64, 1}, {65, 1}, {67, 2},
  {67, .5}, {69, .5}, {67, .5}, {65, .5}, {64, 1}, {60, 1},
  {67, .5}, {69, .5}, {67, .5}, {65, .5}, {64, 1}, {60, 1},
  {60, 1}, {55, 1}, {60, 2}, {60, 1}, {55, 1}, {60, 2}, {0, 1},
};

/* The instrument. Only the streaming thread uses it. */
typedef struct
{
  gdouble beat_samples;
  guint note;
  /* number of the first sample of the note, and of the one after its last */
  guint64 start, end;
  gdouble step;
} Synth;

static gdouble tempo = 120;

static const GOptionEntry entries[] = {
  {"tempo", 't', 0, G_OPTION_ARG_DOUBLE, &tempo, "Beats a minute (120)", "N"},
  {NULL, 0, 0, 0, NULL, NULL, NULL}
};

static void
begin_note (Synth * synth, guint note, guint64 start)
{
  gdouble freq = 440.0 * exp2 ((tune[note].key - 69) / 12.0);

  synth->note = note;
  synth->start = start;
  synth->end = start + llround (tune[note].beats * synth->beat_samples);
  synth->step = 2 * G_PI * freq / RATE;
}

static void
synth_init (Synth * synth, gdouble beats_per_minute)
{
  synth->beat_samples = RATE * 60.0 / beats_per_minute;
  begin_note (synth, 0, 0);
}

/* FALSE after the last note. */
static gboolean
seek_note (Synth * synth, guint64 sample)
{
  while (sample >= synth->end) {
    if (synth->note + 1 == G_N_ELEMENTS (tune))
      return FALSE;
    begin_note (synth, synth->note + 1, synth->end);
  }
  return TRUE;
}

/* Higher partials are weaker and decay faster. */
static gdouble
sound (const Synth * synth, guint64 sample)
{
  gdouble place = sample - synth->start;
  gdouble seconds = place / RATE;
  gdouble left = (gdouble) (synth->end - sample) / RATE;
  gdouble value = 0;
  guint k;

  if (tune[synth->note].key == 0)
    return 0;
  for (k = 1; k <= N_PARTIALS; k++) {
    value += sin (synth->step * k * place) / k
        * exp (-DECAY_PER_SECOND * k * seconds);
  }
  return VOLUME * value * MIN (1.0, seconds / ATTACK_SECONDS)
      * MIN (1.0, left / ATTACK_SECONDS);
}

/* Streaming thread: takes the next batch, fills it, and returns it with the only
 * reference. */
static GstBuffer *
fill_batch (GstElement * source, guint64 start, guint n_samples, Synth * synth)
{
  GstBuffer *batch = NULL;
  GstMapInfo map;
  guint64 sample = start;
  gfloat *frame, *end;

  if (!seek_note (synth, start)) {
    g_signal_emit_by_name (source, "end-of-stream");
    return NULL;
  }
  g_signal_emit_by_name (source, "new-batch", &batch);
  if (!gst_buffer_map (batch, &map, GST_MAP_WRITE)) {
    GST_ELEMENT_ERROR (source, RESOURCE, WRITE,
        ("The synthesiser can't write to its batch."), (NULL));
    gst_buffer_unref (batch);
    return NULL;
  }
  end = (gfloat *) (map.data + map.size);
  /* after the last note the rest of the batch stays silent */
  for (frame = (gfloat *) map.data; frame < end; frame += 2, sample++) {
    if (!seek_note (synth, sample))
      break;
    frame[0] = frame[1] = sound (synth, sample);
  }
  gst_buffer_unmap (batch, &map);
  return batch;
}

static void
print_result (GstElement * source, const gchar * file)
{
  guint64 batches = player_counter (source, "batches");
  guint size;

  g_object_get (source, "samples-per-batch", &size, NULL);
  g_print ("tune         %u notes, %.1f s\n", (guint) G_N_ELEMENTS (tune),
      (gdouble) batches * size / RATE);
  g_print ("batches      %" G_GUINT64_FORMAT " of %u samples\n", batches, size);
  g_print ("allocations  %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " bytes\n",
      player_counter (source, "allocations"),
      player_counter (source, "allocated-bytes"));
  g_print ("outstanding  %" G_GUINT64_FORMAT " now, %" G_GUINT64_FORMAT
      " at most\n", player_counter (source, "outstanding-batches"),
      player_counter (source, "peak-outstanding-batches"));
  g_print ("written      %s\n", file ? file : "nowhere");
}

static gboolean
play (GstElement * pipeline, const gchar * file)
{
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  Synth synth;

  synth_init (&synth, tempo);
  if (file)
    g_object_set (sink, "location", file, NULL);
  g_signal_connect (source, "fill-batch", G_CALLBACK (fill_batch), &synth);
  if (!player_start (pipeline) || !player_wait (pipeline))
    return FALSE;
  print_result (source, file);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *file = NULL;
  g_autoptr (GstElement) pipeline = NULL;

  if (!player_parse_options (argc, argv, "FILE.wav",
          "Plays a tune of its own making through audiobatchsrc, into a WAV "
          "file if one is\nnamed.", entries, &file))
    return PLAYER_WRONG_USAGE;
  if (!(tempo >= 10 && tempo <= 1000)) {
    g_printerr ("The tempo is 10 to 1000 beats a minute.\n");
    return PLAYER_WRONG_USAGE;
  }
  pipeline = player_launch (file ? SOURCE "wavenc ! filesink name=sink"
      : SOURCE "fakesink name=sink");
  if (!pipeline)
    return PLAYER_FAILED;
  return play (pipeline, file) ? EXIT_SUCCESS : PLAYER_FAILED;
}
