/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An AbMemory and its counters, new for each test of a module. */
#pragma once

#include "memory/memory.h"

#include "batchcheck.h"
#include "ledgercheck.h"

static AbMemory memory;

static void
setup (void)
{
  stats = ab_ledger_new ();
  ab_memory_init (&memory, stats);
}

static void
teardown (void)
{
  ab_memory_clear (&memory);
  ab_ledger_unref (stats);
}
