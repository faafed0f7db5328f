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

/* Answers an ALLOCATION query as downstream would: with @params, or without. */
static inline void
set_params (const GstAllocationParams * params)
{
  GstQuery *query = gst_query_new_allocation (NULL, FALSE);

  if (params)
    gst_query_add_allocation_param (query, NULL, params);
  ab_memory_take_query (&memory, query);
  gst_query_unref (query);
}
