/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds overlapping windows to an FFT, to find the strongest frequency of a
 * recording over time. */

#include <math.h>
#include <stdlib.h>

#include <gst/audio/audio.h>
#include <gst/fft/gstfftf32.h>

#include "player.h"

#define DEFAULT_RECORDING PLAYER_SOUNDS "phone-outgoing-busy.oga"

#define WINDOW 1024
#define HOP 256
#define BINS (WINDOW / 2 + 1)

/* tail=pad: the last batch is a whole window too */
#define PIPELINE \
    "audioconvert ! audio/x-raw, format=" GST_AUDIO_NE (F32) ", channels=1 ! " \
    "audiobatch samples-per-batch=" G_STRINGIFY (WINDOW) \
    " hop-samples=" G_STRINGIFY (HOP) " tail=pad ! queue ! " \
    "fakesink name=sink signal-handoffs=true enable-last-sample=false"

/* Windows in a row whose strongest frequency is the same within a bin. */
typedef struct
{
  GstClockTime begin, end;
  guint windows;
  /* of the loudest window */
  gdouble hz, db;
} Note;

/* While the pipeline runs, only the thread of the queue uses it. */
typedef struct
{
  GstFFTF32 *fft;
  GstFFTF32Complex bins[BINS];
  guint windows, refused, notes;
  gint rate;
  Note note;
} Analyser;

static gdouble floor_db = -50;
static gint shortest = 8;

static const GOptionEntry entries[] = {
  {"floor", 'f', 0, G_OPTION_ARG_DOUBLE, &floor_db,
      "Ignore windows below DB decibels of full scale (-50)", "DB"},
  {"shortest", 's', 0, G_OPTION_ARG_INT, &shortest,
      "Ignore tones shorter than N windows (8)", "N"},
  {NULL, 0, 0, 0, NULL, NULL, NULL}
};

static gdouble
seconds (GstClockTime time)
{
  return (gdouble) time / GST_SECOND;
}

static void
end_note (Analyser * self)
{
  const Note *note = &self->note;

  if (note->windows >= (guint) shortest) {
    g_print ("%8.3f  %8.3f  %9.1f  %8.1f\n", seconds (note->begin),
        seconds (note->end), note->hz, note->db);
    self->notes++;
  }
  self->note.windows = 0;
}

/* Decibels of full scale, for a sine. The Hann window halves the amplitude. */
static gdouble
level (const Analyser * self, guint bin)
{
  const GstFFTF32Complex *value = &self->bins[bin];
  gdouble amplitude = 4 * hypot (value->r, value->i) / WINDOW;

  return 20 * log10 (MAX (amplitude, 1e-9));
}

/* The strongest bin, with a fraction: the peak of the parabola through it and
 * its neighbours. Ignores the first and the last bin. */
static gdouble
strongest (const Analyser * self, gdouble * db)
{
  gdouble left, top, right, curve;
  guint bin, best = 1;

  for (bin = 2; bin < BINS - 1; bin++) {
    if (level (self, bin) > level (self, best))
      best = bin;
  }
  left = level (self, best - 1);
  top = level (self, best);
  right = level (self, best + 1);
  curve = left - 2 * top + right;
  *db = top;
  return curve < 0 ? best + 0.5 * (left - right) / curve : best;
}

static void
add_window (Analyser * self, GstClockTime begin, GstClockTime end)
{
  gdouble bin_hz = (gdouble) self->rate / WINDOW;
  gdouble db;
  gdouble hz = strongest (self, &db) * bin_hz;
  Note *note = &self->note;

  if (note->windows > 0 && (db < floor_db || fabs (hz - note->hz) > bin_hz))
    end_note (self);
  if (db < floor_db)
    return;
  if (note->windows == 0)
    note->begin = begin;
  if (note->windows == 0 || db > note->db) {
    note->hz = hz;
    note->db = db;
  }
  note->end = end;
  note->windows++;
}

static gint
rate_of (GstPad * pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstAudioInfo info;

  return gst_audio_info_from_caps (&info, caps) ? GST_AUDIO_INFO_RATE (&info)
      : 0;
}

/* Applies the window to the batch in place. Overlapping batches don't share
 * memory, so the neighbours are not changed. */
static void
analyse (GstElement * sink, GstBuffer * batch, GstPad * pad, Analyser * self)
{
  GstMapInfo map;
  gfloat *samples;

  if (self->rate == 0)
    self->rate = rate_of (pad);
  if (!gst_buffer_is_writable (batch)
      || gst_buffer_get_size (batch) != WINDOW * sizeof (gfloat)
      || !gst_buffer_map (batch, &map, GST_MAP_READWRITE)) {
    self->refused++;
    return;
  }
  samples = (gfloat *) map.data;
  gst_fft_f32_window (self->fft, samples, GST_FFT_WINDOW_HANN);
  gst_fft_f32_fft (self->fft, samples, self->bins);
  gst_buffer_unmap (batch, &map);
  self->windows++;
  add_window (self, GST_BUFFER_PTS (batch),
      GST_BUFFER_PTS (batch) + GST_BUFFER_DURATION (batch));
}

static gboolean
run (GstElement * pipeline, Analyser * self)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  g_signal_connect (sink, "handoff", G_CALLBACK (analyse), self);
  g_print ("%8s  %8s  %9s  %8s\n", "from s", "to s", "Hz", "dB");
  if (!player_start (pipeline) || !player_wait (pipeline))
    return FALSE;
  end_note (self);
  g_print ("found        %u that lasted for %d windows, over %.0f dB\n",
      self->notes, shortest, floor_db);
  g_print ("windows      %u of %u samples, %u apart, at %d Hz\n", self->windows,
      WINDOW, HOP, self->rate);
  if (self->refused > 0)
    g_printerr ("%u batches were no windows to write to.\n", self->refused);
  return self->windows > 0 && self->refused == 0;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *recording = g_strdup (DEFAULT_RECORDING);
  g_autoptr (GstElement) pipeline = NULL;
  Analyser analyser = { 0 };
  gboolean ok;

  if (!player_parse_options (argc, argv, "RECORDING",
          "Prints the strongest frequency of a recording over time, from "
          "windows of 1024\nsamples that begin 256 samples after one another.",
          entries, &recording))
    return PLAYER_WRONG_USAGE;
  if (shortest < 1) {
    g_printerr ("--shortest is 1 or more.\n");
    return PLAYER_WRONG_USAGE;
  }
  pipeline = player_open (recording, PIPELINE);
  if (!pipeline)
    return PLAYER_FAILED;
  g_print ("recording    %s\n", recording);
  analyser.fft = gst_fft_f32_new (WINDOW, FALSE);
  ok = run (pipeline, &analyser);
  gst_fft_f32_free (analyser.fft);
  return ok ? EXIT_SUCCESS : PLAYER_FAILED;
}
