/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errors, by the exit status of the program. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define PROFILE_NAME "gst-audiobatch-profile-1.0"

/* The codes of PROFILE_ERROR, and the exit statuses of the program. */
typedef enum
{
  PROFILE_OK = 0,
  /* wrong options, a wrong launch line, or no plugin */
  PROFILE_ERROR_USAGE = 1,
  /* the pipeline ended with an error, or its process crashed */
  PROFILE_ERROR_PIPELINE = 2,
  /* a file can't be written, or gnuplot is missing */
  PROFILE_ERROR_OUTPUT = 3,
  /* Ctrl-C: 128 + SIGINT, as in shells */
  PROFILE_ERROR_INTERRUPTED = 130
} ProfileError;

#define PROFILE_ERROR (profile_error_quark ())
GQuark profile_error_quark (void);

G_END_DECLS
