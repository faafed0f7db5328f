/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses and checks the command line. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The values of the property allocation, in the order of the runs. */
typedef enum
{
  MODE_FRESH,
  MODE_POOL,
  MODE_AUTO,
  N_MODES
} Mode;

extern const gchar *const mode_names[N_MODES];

typedef struct
{
  /* for pipelines that are built; elements are guint */
  GArray *rates, *channels, *samples;
  gchar *format;
  /* 0: depends on the size of a batch */
  gint batches;
  gint hold;
  gboolean same_thread;

  /* the user's own pipeline, or NULL */
  gchar **line;

  /* seconds, 0: none */
  gdouble duration;
  gint rounds;
  gboolean modes[N_MODES];

  gchar *json, *csv, *plot;
  gboolean version;
  /* in a child process: the mode of its only run */
  gchar *run;
} Options;

/* Parses @argv, which is empty afterwards. --help ends the program.
 *
 * Returns: NULL with PROFILE_ERROR_USAGE; free with options_free(). */
Options *options_parse (gchar *** argv, GError ** error);
void options_free (Options * self);

guint options_n_modes (const Options * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Options, options_free)

G_END_DECLS
