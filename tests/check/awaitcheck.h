/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits until other threads bring a counter of an element to a value. */
#pragma once

#include "batchcheck.h"

/* Only a test that fails takes so long. */
#define AWAIT_LIMIT (60 * G_TIME_SPAN_SECOND)

static inline void
await_range (GstElement * element, const gchar * name, guint64 least,
    guint64 most)
{
  const gint64 end = g_get_monotonic_time () + AWAIT_LIMIT;
  guint64 value;

  while ((value = get_counter (element, name)) < least || value > most) {
    fail_unless (g_get_monotonic_time () < end, "%s is %" G_GUINT64_FORMAT
        ", not %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, name, value,
        least, most);
    g_thread_yield ();
  }
}

static inline void
await_counter (GstElement * element, const gchar * name, guint64 value)
{
  await_range (element, name, value, value);
}
