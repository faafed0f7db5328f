/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports regularly what batches cost: log, message, notify. */
#pragma once

#include "stats/ledger.h"

G_BEGIN_DECLS

#define AB_REPORT_NAME "audiobatch-report"

/* Thread-safety: streaming thread only; ab_report_start() and ab_report_stop()
 * while nothing streams. */
typedef struct
{
  guint interval;
  /* post the element message; set by the owner */
  gboolean posts;
  /* the batches at the next report, at which the window is full */
  guint64 due;
  /* the batches at which ab_report_send() has something to do */
  guint64 wake;
  gint64 window_start;
  guint64 window_allocations;
  /* of the last full window, or AB_RATE_UNKNOWN */
  gdouble rate;
  /* the batches at the last report: none is sent twice */
  guint64 told;
} AbReport;

/* Starts to count batches and to measure time. */
void ab_report_start (AbReport * self, guint interval, AbLedger * ledger);

/* Opens a new window: the next report is due @interval batches from now. */
void ab_report_set_interval (AbReport * self, guint interval,
    AbLedger * ledger);

/* Call it when ab_report_is_due(). If a report is due, measures the allocation
 * rate and reports for @element: one INFO line in @category, one element
 * message if the report `posts`, and a notify for each counter. */
void ab_report_send (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category);

/* Nothing streams for now: holds a rate that counts from the start, so that it
 * does not sink. The next batch makes it count on. */
void ab_report_stop (AbReport * self, AbLedger * ledger);

/* The last report, at the end of the stream. Does not report if reports are
 * off, or if no batch came since the last report. */
void ab_report_finish (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category);

static inline gboolean
ab_report_is_due (const AbReport * self, guint64 batches)
{
  return batches >= self->wake;
}

G_END_DECLS
