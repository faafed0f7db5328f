/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "world.h"

#include "stats/limits.h"
#include "stats/usage.h"

#define START_US G_GINT64_CONSTANT (3600000000)
/* No input lets so many waits follow on each other without an end. */
#define MOST_WAITS 5000

static struct
{
  gint64 now_us;
  guint64 page_faults;
  guint32 costs;
  guint waits;
  WorldWait on_wait;
  gpointer user_data;
} world = {.now_us = START_US };

void
world_restart (guint costs, WorldWait on_wait, gpointer user_data)
{
  world.now_us = START_US;
  world.page_faults = 0;
  world.costs = costs;
  world.waits = 0;
  world.on_wait = on_wait;
  world.user_data = user_data;
  g_random_set_seed (costs);
}

/* Numerical Recipes' generator */
static guint
next_cost (void)
{
  world.costs = world.costs * 1664525 + 1013904223;
  return world.costs >> 16;
}

/* Each look at the clock takes a microsecond. */
REPLACES gint64
g_get_monotonic_time (void)
{
  return ++world.now_us;
}

REPLACES GstClockTime
gst_util_get_timestamp (void)
{
  return g_get_monotonic_time () * GST_USECOND;
}

gboolean
ab_usage_read (AbUsage * usage)
{
  world.now_us += next_cost () % 2048;
  world.page_faults += next_cost () % 1024;
  usage->thread = &world;
  usage->time_ns = usage->cpu_ns = gst_util_get_timestamp ();
  usage->page_faults = world.page_faults;
  return TRUE;
}

guint64
ab_limits_process (const gchar * proc_cgroup, const gchar * root)
{
  return 0;
}

guint64
ab_limits_machine (void)
{
  return G_GUINT64_CONSTANT (1) << 32;
}

static gboolean
wait_once (GMutex * mutex)
{
  gboolean released;

  PROMISE (++world.waits < MOST_WAITS, "one wait follows on the other");
  g_mutex_unlock (mutex);
  released = world.on_wait (world.user_data);
  g_mutex_lock (mutex);
  return released;
}

REPLACES void
g_cond_wait (GCond * cond, GMutex * mutex)
{
  PROMISE (wait_once (mutex), "a wait without an end");
}

REPLACES gboolean
g_cond_wait_until (GCond * cond, GMutex * mutex, gint64 end_time)
{
  if (wait_once (mutex))
    return TRUE;
  world.now_us = MAX (world.now_us, end_time);
  return FALSE;
}
