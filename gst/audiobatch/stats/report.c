/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports regularly what batches cost: log, message, notify. */

#include "stats/report.h"

#define NEVER G_MAXUINT64

void
ab_report_set_interval (AbReport * self, guint interval, guint64 batches)
{
  self->interval = interval;
  self->next = interval == 0 ? NEVER : batches + interval;
}

void
ab_report_start (AbReport * self, guint interval)
{
  self->window_start = g_get_monotonic_time ();
  self->window_allocations = 0;
  self->measured = FALSE;
  self->finished_at = NEVER;
  ab_report_set_interval (self, interval, 0);
}

static void
measure_rate (AbReport * self, AbLedger * ledger)
{
  gint64 now = g_get_monotonic_time ();
  guint64 allocations = ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS);
  gint64 passed = MAX (now - self->window_start, 1);

  ab_ledger_set_allocation_rate (ledger, (gdouble) G_USEC_PER_SEC *
      (allocations - self->window_allocations) / passed);
  self->window_start = now;
  self->window_allocations = allocations;
  self->measured = TRUE;
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
tell (AbLedger * ledger, GstElement * element, GstDebugCategory * category)
{
  AbSnapshot snapshot;
  const guint64 *value = snapshot.value;

  ab_ledger_snapshot (ledger, &snapshot);
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
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element),
          ab_snapshot_to_structure (&snapshot, AB_REPORT_NAME)));
  notify_counters (G_OBJECT (element));
}

void
ab_report_send (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category)
{
  measure_rate (self, ledger);
  tell (ledger, element, category);
  self->next += self->interval;
}

void
ab_report_finish (AbReport * self, AbLedger * ledger,
    GstElement * element, GstDebugCategory * category)
{
  guint64 batches = ab_ledger_get (ledger, AB_COUNTER_BATCHES);

  if (self->interval == 0 || batches == self->finished_at)
    return;
  self->finished_at = batches;
  /* a rate over only the batches since the last report would mean little */
  if (!self->measured)
    measure_rate (self, ledger);
  tell (ledger, element, category);
}
