/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can go wrong, by the status that the program then ends with. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define PROFILE_NAME "gst-audiobatch-profile-1.0"

/* The codes of PROFILE_ERROR, and the exit statuses of the program. */
typedef enum
{
  PROFILE_OK = 0,
  /* options, the launch line, or the plugin isn't found */
  PROFILE_ERROR_USAGE = 1,
  /* the pipeline ended with an error, or took its process with it */
  PROFILE_ERROR_PIPELINE = 2,
  /* a file that can't be written, or there is no gnuplot */
  PROFILE_ERROR_OUTPUT = 3,
  /* Ctrl-C: 128 + SIGINT, as shells have it */
  PROFILE_ERROR_INTERRUPTED = 130
} ProfileError;

#define PROFILE_ERROR (profile_error_quark ())
GQuark profile_error_quark (void);

G_END_DECLS
