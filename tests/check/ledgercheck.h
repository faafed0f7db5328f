/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The counters of a test, and checks of them by name. */
#pragma once

#include "stats/ledger.h"

#include <gst/check/gstcheck.h>

static AbLedger *stats;

static inline guint64
counter (AbCounter which)
{
  AbSnapshot snapshot;

  ab_ledger_snapshot (stats, &snapshot);
  return snapshot.value[which];
}

/* Checks what one snapshot says, as in "allocations=2 released=0". */
static inline void
assert_counters (const gchar * wanted)
{
  gchar **words = g_strsplit (wanted, " ", -1);
  GstStructure *figures;
  AbSnapshot snapshot;
  guint i;

  ab_ledger_snapshot (stats, &snapshot);
  figures = ab_snapshot_to_structure (&snapshot, "counters");
  for (i = 0; words[i]; i++) {
    gchar **pair = g_strsplit (words[i], "=", 2);
    guint64 got;

    fail_unless (gst_structure_get_uint64 (figures, pair[0], &got),
        "there is no counter %s", pair[0]);
    fail_unless (got == g_ascii_strtoull (pair[1], NULL, 10),
        "got %" G_GUINT64_FORMAT ", want %s", got, words[i]);
    g_strfreev (pair);
  }
  gst_structure_free (figures);
  g_strfreev (words);
}
