/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports regularly what batches cost: log, message, notify. */

#include "stats/report.h"

#define NEVER G_MAXUINT64

/* Opens a window now. */
static void
open_window (AbReport * self, AbLedger * ledger)
{
  guint64 batches = ab_ledger_get (ledger, AB_COUNTER_BATCHES);

  self->window_start = g_get_monotonic_time ();
  self->window_allocations = ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS);
  self->due = self->interval == 0 ? NEVER : batches + self->interval;
  self->wake = self->due;
}

void
ab_report_set_interval (AbReport * self, guint interval, AbLedger * ledger)
{
  self->interval = interval;
  if (interval == 0)
    self->rate = AB_RATE_UNKNOWN;
  open_window (self, ledger);
  ab_ledger_set_allocation_rate (ledger, self->rate);
}

void
ab_report_start (AbReport * self, guint interval, AbLedger * ledger)
{
  self->told = NEVER;
  self->rate = AB_RATE_UNKNOWN;
  ab_report_set_interval (self, interval, ledger);
}

/* If the window is full, measures its rate and opens the next one. */
static gboolean
close_window (AbReport * self, AbLedger * ledger)
{
  guint64 allocations = ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS);
  gint64 passed = MAX (g_get_monotonic_time () - self->window_start, 1);

  if (ab_ledger_get (ledger, AB_COUNTER_BATCHES) < self->due)
    return FALSE;
  self->rate = (gdouble) G_USEC_PER_SEC *
      (allocations - self->window_allocations) / passed;
  ab_ledger_set_allocation_rate (ledger, self->rate);
  open_window (self, ledger);
  return TRUE;
}

static void
notify_counters (GObject * object)
{
  guint i;

  for (i = 0; i < AB_N_COUNTERS; i++) {
    const AbCounterInfo *info = ab_counter_info (i);

    if (info->property)
      g_object_notify (object, info->name);
  }
  g_object_notify (object, "allocation-rate");
}

static void
tell (AbReport * self, AbLedger * ledger, GstElement * element,
    GstDebugCategory * category)
{
  AbSnapshot snapshot;
  const guint64 *value = snapshot.value;

  ab_ledger_snapshot (ledger, &snapshot);
  self->told = value[AB_COUNTER_BATCHES];
  GST_CAT_INFO_OBJECT (category, element,
      "%" G_GUINT64_FORMAT " batches, %" G_GUINT64_FORMAT " allocations of %"
      G_GUINT64_FORMAT
      " bytes in all, %.3f allocations/s (nominal %.3f), outstanding %"
      G_GUINT64_FORMAT ", peak %" G_GUINT64_FORMAT,
      value[AB_COUNTER_BATCHES], value[AB_COUNTER_ALLOCATIONS],
      value[AB_COUNTER_ALLOCATED_BYTES], snapshot.allocation_rate,
      snapshot.nominal.batches_per_second,
      value[AB_COUNTER_OUTSTANDING_BATCHES],
      value[AB_COUNTER_PEAK_OUTSTANDING_BATCHES]);
  if (self->posts) {
    gst_element_post_message (element,
        gst_message_new_element (GST_OBJECT (element),
            ab_snapshot_to_structure (&snapshot, AB_REPORT_NAME)));
  }
  notify_counters (G_OBJECT (element));
}

void
ab_report_send (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category)
{
  if (close_window (self, ledger)) {
    tell (self, ledger, element, category);
    return;
  }
  /* the first batch after an end */
  ab_ledger_set_allocation_rate (ledger, self->rate);
  self->wake = self->due;
}

void
ab_report_stop (AbReport * self, AbLedger * ledger)
{
  if (self->rate != AB_RATE_UNKNOWN)
    return;
  ab_ledger_set_allocation_rate (ledger, ab_ledger_allocation_rate (ledger));
  self->wake = ab_ledger_get (ledger, AB_COUNTER_BATCHES) + 1;
}

void
ab_report_finish (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category)
{
  close_window (self, ledger);
  ab_report_stop (self, ledger);
  if (self->interval != 0
      && ab_ledger_get (ledger, AB_COUNTER_BATCHES) != self->told)
    tell (self, ledger, element, category);
}
