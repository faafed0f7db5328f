/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipelines that are measured: the user's own, or those that the figures
 * asked for make. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* In a pipeline that is built here: the sink. */
#define LAUNCH_LINE_CONSUMER "audiobatch-profile-consumer"

typedef struct
{
  guint rate, channels, samples;
  const gchar *format;
  guint batches;
  /* the consumer is called by the thread that makes the batches */
  gboolean same_thread;
} LaunchLineFigures;

/* The line of a pipeline that pushes so many batches; the caller owns it. */
gchar *launch_line_build (const LaunchLineFigures * figures);

/* Makes the pipeline of @words: one word is a whole line, several are what a
 * shell made of one.
 *
 * Returns: a new pipeline, or NULL with PROFILE_ERROR_USAGE. */
GstElement *launch_line_parse (const gchar * const *words, GError ** error);

/* The elements of @pipeline whose batches are counted, each of them referenced;
 * or NULL with PROFILE_ERROR_USAGE when there are none. */
GPtrArray *launch_line_batchers (GstElement * pipeline, GError ** error);

G_END_DECLS
