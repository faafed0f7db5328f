/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports regularly what batches cost: log, message, notify. */
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
  /* batches at the last ab_report_finish(): an end is reported only once */
  guint64 finished_at;
} AbReport;

/* Starts to count batches and to measure time. */
void ab_report_start (AbReport * self, guint interval);

/* The next report is due @interval batches after @batches. */
void ab_report_set_interval (AbReport * self, guint interval,
    guint64 batches);

/* Measures the allocation rate and reports for @element: one INFO line in
 * @category, one element message, and a notify for each counter. */
void ab_report_send (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category);

/* The last report, at the end of the stream. Does nothing if reports are off,
 * or if no batch came since the last call. */
void ab_report_finish (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category);

static inline gboolean
ab_report_is_due (const AbReport * self, guint64 batches)
{
  return batches == self->next;
}

G_END_DECLS
