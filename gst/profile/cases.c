/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipelines to measure, with the figures of their runs. */

#include "cases.h"

#include <gst/audio/audio.h>
#include <math.h>

#include "launchline.h"
#include "profileerror.h"

/* By default a run has this many bytes of batches, within these bounds. The
 * elements time one batch in eight, and a 99.9th percentile needs a thousand
 * times, so 8000 batches are the least. */
#define RUN_BYTES (1024.0 * 1024 * 1024)
#define LEAST_BATCHES 8000.0
#define MOST_BATCHES 50000.0

static void
case_free (gpointer data)
{
  Case *self = data;
  guint i;

  for (i = 0; i < N_MODES; i++)
    g_ptr_array_unref (self->runs[i]);
  g_strfreev (self->line);
  g_free (self->name);
  g_free (self->label);
  g_free (self);
}

static Case *
case_new (void)
{
  Case *self = g_new0 (Case, 1);
  guint i;

  for (i = 0; i < N_MODES; i++)
    self->runs[i] = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static Case *
case_of_line (const Options * options)
{
  Case *self = case_new ();
  g_autofree gchar *line = g_strjoinv (" ", options->line);

  self->line = g_strdupv (options->line);
  self->name = g_utf8_make_valid (line, -1);
  self->label = g_strdup ("the launch line");
  self->seconds = options->duration;
  self->hold = options->hold;
  return self;
}

static gdouble
count_batches (const Options * options, const Case * of)
{
  const GstAudioFormatInfo *format =
      gst_audio_format_get_info (gst_audio_format_from_string
      (options->format));
  gdouble bytes = (gdouble) of->samples * of->channels *
      GST_AUDIO_FORMAT_INFO_WIDTH (format) / 8;

  if (options->duration > 0)
    return ceil (options->duration * of->rate / of->samples);
  if (options->batches > 0)
    return options->batches;
  return floor (CLAMP (RUN_BYTES / bytes, LEAST_BATCHES, MOST_BATCHES));
}

static gboolean
build_line (Case * self, const Options * options, GError ** error)
{
  gdouble batches = count_batches (options, self);
  const LaunchLineFigures figures = {
    .rate = self->rate,
    .channels = self->channels,
    .samples = self->samples,
    .format = options->format,
    .batches = MIN (batches, G_MAXINT),
    .same_thread = options->same_thread,
  };

  if (batches > G_MAXINT) {
    g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_USAGE,
        "--duration: %g s are %.0f batches of %u samples, and a run has at "
        "most %d", options->duration, batches, self->samples, G_MAXINT);
    return FALSE;
  }
  self->hold = options->hold;
  self->line = g_new0 (gchar *, 2);
  self->line[0] = launch_line_build (&figures);
  return TRUE;
}

static Case *
case_of_figures (guint rate, guint channels, guint samples,
    const gchar * format)
{
  Case *self = case_new ();

  self->rate = rate;
  self->channels = channels;
  self->samples = samples;
  self->name = g_strdup_printf ("%u Hz, %u channel%s, batches of %u samples "
      "(%s)", rate, channels, channels == 1 ? "" : "s", samples, format);
  self->label =
      g_strdup_printf ("%u Hz\n%u ch\n%u samples", rate, channels, samples);
  return self;
}

GPtrArray *
cases_new (const Options * options, GError ** error)
{
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (case_free);
  guint n_channels = options->channels->len, n_samples = options->samples->len;
  guint n = options->rates->len * n_channels * n_samples;
  guint i;

  if (options->line) {
    g_ptr_array_add (cases, case_of_line (options));
    return g_steal_pointer (&cases);
  }
  for (i = 0; i < n; i++) {
    Case *next = case_of_figures (g_array_index (options->rates, guint,
            i / (n_channels * n_samples)),
        g_array_index (options->channels, guint, i / n_samples % n_channels),
        g_array_index (options->samples, guint, i % n_samples),
        options->format);

    g_ptr_array_add (cases, next);
    if (!build_line (next, options, error))
      return NULL;
  }
  return g_steal_pointer (&cases);
}

gboolean
case_summarize (const Case * self, Mode mode, ModeSummary * summary)
{
  const GPtrArray *runs = self->runs[mode];

  summary->rounds = runs->len;
  if (runs->len == 0)
    return FALSE;
  figures_combine (&summary->figures, runs);
  figures_range (runs, FIGURE_CPU_PER_BATCH, &summary->least_cpu,
      &summary->most_cpu);
  return TRUE;
}

gboolean
case_has_runs (const Case * self)
{
  guint i, runs = 0;

  for (i = 0; i < N_MODES; i++)
    runs += self->runs[i]->len;
  return runs > 0;
}
