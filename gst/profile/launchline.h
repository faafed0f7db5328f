/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds the pipelines to measure from the options, or parses the user's launch
 * line. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The name of the sink in the pipelines that are built here. */
#define LAUNCH_LINE_CONSUMER "audiobatch-profile-consumer"

typedef struct
{
  guint rate, channels, samples;
  const gchar *format;
  guint batches;
  /* no queue: the consumer runs in the thread that makes the batches */
  gboolean same_thread;
} LaunchLineFigures;

/* The launch line for @figures; the caller owns it. */
gchar *launch_line_build (const LaunchLineFigures * figures);

/* Parses @words: one word is a whole launch line; several words are one line
 * that a shell has split.
 *
 * Returns: a new pipeline, or NULL with PROFILE_ERROR_USAGE. */
GstElement *launch_line_parse (const gchar * const *words, GError ** error);

/* The audiobatch and audiobatchsrc elements in @pipeline. The array has a
 * reference to each.
 *
 * Returns: NULL with PROFILE_ERROR_USAGE if there are none. */
GPtrArray *launch_line_batchers (GstElement * pipeline, GError ** error);

G_END_DECLS
