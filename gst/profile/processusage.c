/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this process uses between two moments. */

#include "processusage.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static gint64
clock_ns (clockid_t id)
{
  struct timespec now;

  clock_gettime (id, &now);
  return GST_TIMESPEC_TO_TIME (now);
}

static gint64
minor_faults (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/* A line of /proc/self/status in bytes, or 0 if there is none. */
static gint64
status_bytes (const gchar * name)
{
  g_autofree gchar *status = NULL;
  const gchar *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  line = strstr (status, name);
  return line ? 1024 * g_ascii_strtoll (line + strlen (name), NULL, 10) : 0;
}

/* Not with getrusage(): its maximum starts at the parent's. */
static void
reset_peak_rss (void)
{
  FILE *file = fopen ("/proc/self/clear_refs", "w");

  /* If this is not allowed, the peak is that since the process started. */
  if (file) {
    (void) fputs ("5", file);
    (void) fclose (file);
  }
}

void
process_usage_begin (ProcessUsage * self)
{
  reset_peak_rss ();
  self->rss_bytes = status_bytes ("VmRSS:");
  self->minor_faults = minor_faults ();
  self->wall_ns = clock_ns (CLOCK_MONOTONIC);
  self->cpu_ns = clock_ns (CLOCK_PROCESS_CPUTIME_ID);
}

void
process_usage_end (const ProcessUsage * begin, Figures * figures)
{
  gdouble *value = figures->value;

  value[FIGURE_CPU] = clock_ns (CLOCK_PROCESS_CPUTIME_ID) - begin->cpu_ns;
  value[FIGURE_WALL] = clock_ns (CLOCK_MONOTONIC) - begin->wall_ns;
  value[FIGURE_FAULTS] = minor_faults () - begin->minor_faults;
  value[FIGURE_RSS_GROWTH] =
      MAX (status_bytes ("VmHWM:") - begin->rss_bytes, 0);
}
