/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the examples: options, a decoder for the recording, the main loop,
 * and messages about what is missing. */
#pragma once

#include <gst/gst.h>

#define PLAYER_SOUNDS "/usr/share/sounds/freedesktop/stereo/"

/* Exit statuses of the examples; 0 is success. */
enum
{
  PLAYER_FAILED = 1,
  PLAYER_WRONG_USAGE = 2,
};

/* Thread-safety: call all of these only from the main thread. */

/* Initialises GStreamer and parses its options, those of @entries (or NULL) and
 * at most one argument. @name is the argument's name for --help. If there is an
 * argument, replaces @value with it; the caller frees @value. If the command
 * line is wrong, prints the reason and returns FALSE. */
gboolean player_parse_options (int argc, char **argv, const gchar * name,
    const gchar * summary, const GOptionEntry * entries, gchar ** value);

/* Makes the pipeline of a launch line. Returns a new reference, not a floating
 * one. If an element is missing, prints the reason and returns NULL. */
GstElement *player_launch (const gchar * line);

/* Makes a pipeline that decodes a recording of any format into @rest, the end
 * of a launch line. Returns what player_launch() does; also NULL if there is no
 * such recording. */
GstElement *player_open (const gchar * recording, const gchar * rest);

/* Starts the pipeline. If that fails, prints the reason, sets the pipeline to
 * NULL and returns FALSE. */
gboolean player_start (GstElement * pipeline);

/* Runs a main loop until the end of the stream or an error, then sets the
 * pipeline to NULL, which ends its threads. Prints an error and then returns
 * FALSE. */
gboolean player_wait (GstElement * pipeline);

/* The value of a counter of audiobatch or audiobatchsrc. */
guint64 player_counter (GstElement * element, const gchar * name);
