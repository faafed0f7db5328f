/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what the calling thread has used so far. */

#include "stats/usage.h"

#include <gst/gst.h>

#ifdef __linux__
#include <sys/resource.h>
#include <time.h>

gboolean
ab_usage_read (AbUsage * usage)
{
  struct rusage resources;
  struct timespec cpu;

  /* The CPU time in resources is as old as the last tick. */
  if (getrusage (RUSAGE_THREAD, &resources) != 0
      || clock_gettime (CLOCK_THREAD_CPUTIME_ID, &cpu) != 0)
    return FALSE;
  usage->thread = g_thread_self ();
  usage->time_ns = gst_util_get_timestamp ();
  usage->cpu_ns = GST_TIMESPEC_TO_TIME (cpu);
  usage->page_faults = resources.ru_minflt;
  return TRUE;
}
#else
gboolean
ab_usage_read (AbUsage * usage)
{
  return FALSE;
}
#endif
