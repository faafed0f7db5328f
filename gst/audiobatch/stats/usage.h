/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what the calling thread has used so far. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Totals of one thread, which only grow. */
typedef struct
{
  /* compared only: totals of two threads have no difference */
  gconstpointer thread;
  /* monotonic clock, and CPU time of the thread, ns */
  guint64 time_ns;
  guint64 cpu_ns;
  /* minor page faults: pages that the system had to find and clear */
  guint64 page_faults;
} AbUsage;

/* Two system calls, 1 us in all.
 *
 * Returns: FALSE if the system does not count for each thread. */
gboolean ab_usage_read (AbUsage * usage);

G_END_DECLS
