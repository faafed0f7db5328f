/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the examples have in common: options, a decoder for the recording, the
 * main loop, and what to say when something is missing. */
#pragma once

#include <gst/gst.h>

#define PLAYER_SOUNDS "/usr/share/sounds/freedesktop/stereo/"

/* Exit statuses of the examples; 0 is success. */
enum
{
  PLAYER_FAILED = 1,
  PLAYER_WRONG_USAGE = 2,
};

/* Thread-safety: all of these are for the main thread alone. */

/* Initialises GStreamer and takes its options, those of entries (which may be
 * NULL), and at most one argument, whose name is for --help. value is replaced
 * by the argument if there is one, and is the caller's to free. FALSE, with the
 * reason printed, if the command line is wrong. */
gboolean player_parse_options (int argc, char **argv, const gchar * name,
    const gchar * summary, const GOptionEntry * entries, gchar ** value);

/* Makes the pipeline of a launch line. Returns a new reference, not a floating
 * one; NULL, with the reason printed, if an element is missing. */
GstElement *player_launch (const gchar * line);

/* Makes a pipeline that decodes the audio of a recording of any kind into rest,
 * the end of a launch line. Returns as player_launch() does; NULL also if there
 * is no such recording. */
GstElement *player_open (const gchar * recording, const gchar * rest);

/* Starts it. FALSE, with the reason printed, if that fails; then it is stopped,
 * in NULL. */
gboolean player_start (GstElement * pipeline);

/* Runs a main loop until all has been played, or an error (then it prints that
 * and returns FALSE), and stops the pipeline: afterwards it is in NULL, and
 * none of its threads runs any more. */
gboolean player_wait (GstElement * pipeline);

/* The value of a counter of audiobatch or audiobatchsrc. */
guint64 player_counter (GstElement * element, const gchar * name);
