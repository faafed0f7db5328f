/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells what batches cost, every so many of them: log, message, notify. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

#define AB_REPORT_NAME "audiobatch-report"
/* Thread-safety: streaming thread only. */
typedef struct
{
  guint interval;
  guint64 next;
  gint64 window_start;
  guint64 window_allocations;
  gboolean measured;
  /* batches of the last report that was the last one of a stream, or none */
  guint64 finished_at;
} AbReport;

/* Begins at 0 batches, now. */
void ab_report_start (AbReport * self, guint interval);

/* The next report comes @interval batches from now, at @batches. */
void ab_report_set_interval (AbReport * self, guint interval,
    guint64 batches);

/* Measures the rate of allocations, writes one INFO line to @category, posts
 * one element message and notifies of the counters, in the name of @element. */
void ab_report_send (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category);

/* The last one, at the end of the stream. Nothing where reports are off, or
 * where the end has been told of already. */
void ab_report_finish (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category);

static inline gboolean
ab_report_is_due (const AbReport * self, guint64 batches)
{
  return batches == self->next;
}

G_END_DECLS
