/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes all file descriptors that are left to the process. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gst/check/gstcheck.h>

typedef struct
{
  struct rlimit before;
  GArray *taken;
} Descriptors;

/* Opens all that are left. */
static inline void
descriptors_take (Descriptors * self)
{
  struct rlimit few;
  gint fd;

  self->taken = g_array_new (FALSE, FALSE, sizeof (gint));
  getrlimit (RLIMIT_NOFILE, &self->before);
  few = self->before;
  few.rlim_cur = MIN (few.rlim_cur, 256);
  setrlimit (RLIMIT_NOFILE, &few);
  while ((fd = open ("/dev/null", O_RDONLY)) >= 0)
    g_array_append_val (self->taken, fd);
  fail_unless_equals_int (errno, EMFILE);
}

static inline void
descriptors_give_back (Descriptors * self)
{
  guint i;

  for (i = 0; i < self->taken->len; i++)
    close (g_array_index (self->taken, gint, i));
  g_array_unref (self->taken);
  setrlimit (RLIMIT_NOFILE, &self->before);
}
