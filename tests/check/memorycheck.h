/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A memory of batches and its counters, new for each test of a module. */
#pragma once

#include "memory/memory.h"

#include "batchcheck.h"

static BatchStats *stats;
static BatchMemory memory;

static void
setup (void)
{
  stats = batch_stats_new ();
  batch_memory_init (&memory, stats);
}

static void
teardown (void)
{
  batch_memory_clear (&memory);
  batch_stats_unref (stats);
}

static guint64
counter (BatchCounter which)
{
  BatchSnapshot snapshot;

  batch_stats_snapshot (stats, &snapshot);
  return snapshot.value[which];
}
