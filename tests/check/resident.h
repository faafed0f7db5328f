/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resident memory of the process, for tests that check for growth. */
#pragma once

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gst/check/gstcheck.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined (__has_feature)
#if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static inline guint64
resident_bytes (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  unsigned long pages = 0;

  fail_unless (file != NULL && fscanf (file, "%*u %lu", &pages) == 1);
  fclose (file);
  return (guint64) pages * sysconf (_SC_PAGESIZE);
}

static inline gboolean
is_under_valgrind (void)
{
  const gchar *preload = g_getenv ("LD_PRELOAD");

  return preload != NULL && strstr (preload, "vgpreload") != NULL;
}

/* Sanitizers and valgrind keep freed memory, so the figure tells nothing.
 * Valgrind finds leaks itself. */
static inline gboolean
resident_is_the_programs_own (void)
{
#ifdef HAS_SANITIZER
  return FALSE;
#else
  return !is_under_valgrind ();
#endif
}
