/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part that both elements share: settings, format, batch size, memory and
 * counters. */

#include "batch/stream.h"

void
ab_stream_init (AbStream * self, GstElement * element,
    GstDebugCategory * category, gconstpointer own_settings, gpointer own_taken,
    gsize own_size)
{
  self->element = element;
  self->category = category;
  self->own_settings = own_settings;
  self->own_taken = own_taken;
  self->own_size = own_size;
  ab_stream_change_settings (self);
  ab_common_settings_init (&self->settings);
  ab_supply_init (&self->supply, element, category, &self->settings.supply);
  gst_audio_info_init (&self->info);
  self->ledger = ab_ledger_new ();
}

void
ab_stream_clear (AbStream * self)
{
  ab_supply_stop (&self->supply);
  g_clear_pointer (&self->ledger, ab_ledger_unref);
}

static AbLedger *
ref_stats (AbStream * self)
{
  AbLedger *ledger;

  GST_OBJECT_LOCK (self->element);
  ledger = ab_ledger_ref (self->ledger);
  GST_OBJECT_UNLOCK (self->element);
  return ledger;
}

/* Makes a waiting streaming thread look at the settings again. */
static void
knock (AbStream * self)
{
  AbLedger *ledger = ref_stats (self);

  ab_gate_knock (&ledger->gate);
  ab_ledger_unref (ledger);
}

void
ab_stream_set_shut (AbStream * self, AbGateShut reason, gboolean shut)
{
  AbLedger *ledger = ref_stats (self);

  ab_gate_set_shut (&ledger->gate, reason, shut);
  ab_ledger_unref (ledger);
}

gboolean
ab_stream_set_property (AbStream * self, guint id, const GValue * value)
{
  gboolean ours;

  GST_OBJECT_LOCK (self->element);
  ours = ab_common_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self->element);
  if (!ours)
    return FALSE;
  ab_stream_change_settings (self);
  ab_supply_wake (&self->supply);
  knock (self);
  return TRUE;
}

gboolean
ab_stream_get_property (AbStream * self, guint id, GValue * value)
{
  AbCommonSettings settings;
  AbLedger *ledger;
  gboolean ours;

  GST_OBJECT_LOCK (self->element);
  settings = self->settings;
  ledger = ab_ledger_ref (self->ledger);
  GST_OBJECT_UNLOCK (self->element);
  ours = ab_common_settings_get (&settings, ledger, id, value);
  ab_ledger_unref (ledger);
  return ours;
}

void
ab_stream_post_error_from (AbStream * self, const GError * error,
    const gchar * file, const gchar * function, gint line)
{
  gst_element_message_full (self->element, GST_MESSAGE_ERROR, error->domain,
      error->code, g_strdup (error->message), NULL, file, function, line);
}

GstClockTime
ab_stream_get_latency (AbStream * self)
{
  GstClockTime latency;

  GST_OBJECT_LOCK (self->element);
  latency = self->latency;
  GST_OBJECT_UNLOCK (self->element);
  return latency;
}

gboolean
ab_stream_get_format (AbStream * self, GstAudioInfo * info, guint64 * size_n,
    guint64 * size_d)
{
  GST_OBJECT_LOCK (self->element);
  *info = self->info;
  *size_n = self->size.n;
  *size_d = self->size.d;
  GST_OBJECT_UNLOCK (self->element);
  return GST_AUDIO_INFO_RATE (info) != 0;
}

static void
restart_counters (AbStream * self)
{
  AbLedger *ledger = ab_ledger_new ();
  AbLedger *old;
  guint interval;

  GST_OBJECT_LOCK (self->element);
  old = self->ledger;
  self->ledger = ledger;
  interval = self->settings.report_interval;
  GST_OBJECT_UNLOCK (self->element);
  ab_ledger_unref (old);
  ab_report_start (&self->report, interval, ledger);
}

void
ab_stream_start (AbStream * self)
{
  /* otherwise a pad was activated by hand, and the run continues */
  if (GST_STATE (self->element) < GST_STATE_PAUSED)
    restart_counters (self);
  GST_OBJECT_LOCK (self->element);
  self->latency = 0;
  gst_audio_info_init (&self->info);
  GST_OBJECT_UNLOCK (self->element);
  self->fraction_n = self->fraction_d = 0;
  ab_stream_set_shut (self, AB_GATE_FLUSHING | AB_GATE_STOPPING, FALSE);
  ab_supply_start (&self->supply, self->ledger);
}

void
ab_stream_stop (AbStream * self)
{
  ab_report_stop (&self->report, self->ledger);
  ab_supply_stop (&self->supply);
}

static void
publish_nominal (AbStream * self)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  guint rate = GST_AUDIO_INFO_RATE (&self->info);
  AbNominal nominal = {
    .batches_per_second = rate / ab_size_mean (&self->size),
    .bytes_per_second = (gdouble) rate * bpf,
    .bytes_per_batch = (guint64) ab_size_max (&self->size) * bpf,
  };

  ab_ledger_set_nominal (self->ledger, &nominal);
}

/* Sets size and format, and posts LATENCY if the latency changed. */
static void
take_size (AbStream * self, const GstAudioInfo * info, const AbSize * size)
{
  GstClockTime latency = gst_util_uint64_scale_int (ab_size_max (size),
      GST_SECOND, GST_AUDIO_INFO_RATE (info));
  gboolean changed;

  GST_OBJECT_LOCK (self->element);
  changed = self->latency != latency;
  self->latency = latency;
  if (info != &self->info)
    self->info = *info;
  self->size = *size;
  GST_OBJECT_UNLOCK (self->element);

  ab_supply_set_size (&self->supply, &self->info, ab_size_max (size));
  publish_nominal (self);
  if (changed) {
    gst_element_post_message (self->element,
        gst_message_new_latency (GST_OBJECT (self->element)));
  }
}

/* Warns once of a fraction above 1: 50/1 in place of 1/50 is a common slip. */
static void
check_fraction (AbStream * self, gint n, gint d)
{
  if (n == self->fraction_n && d == self->fraction_d)
    return;
  self->fraction_n = n;
  self->fraction_d = d;
  if (n > d) {
    GST_ELEMENT_WARNING (self->element, LIBRARY, SETTINGS,
        ("output-buffer-duration-fraction is %d/%d: each batch has %g seconds.",
            n, d, (gdouble) n / d),
        ("It is a fraction of a second: 1/50 is 20 milliseconds."));
  }
}

void
ab_stream_take_changed_settings (AbStream * self)
{
  atomic_store_explicit (&self->changed, FALSE, memory_order_relaxed);
  GST_OBJECT_LOCK (self->element);
  self->taken = self->settings;
  memcpy (self->own_taken, self->own_settings, self->own_size);
  GST_OBJECT_UNLOCK (self->element);
  self->common_is_new = TRUE;
  self->own_is_new = TRUE;
}

/* Puts the settings in force, for audio of @info. If @resized is TRUE, takes
 * size and format even if the size is the same. Sets @resized if the size
 * changes. */
static gboolean
apply_settings (AbStream * self, const GstAudioInfo * info, gboolean * resized)
{
  g_autoptr (GError) error = NULL;
  const AbCommonSettings *settings = &self->taken;
  AbSize size;

  ab_supply_take_settings (&self->supply, &settings->supply);
  self->report.posts = settings->post_messages;
  self->supply.posts = settings->post_messages;
  if (settings->report_interval != self->report.interval) {
    ab_report_set_interval (&self->report, settings->report_interval,
        self->ledger);
  }
  if (!ab_size_set (&size, &settings->size, GST_AUDIO_INFO_RATE (info), &error)) {
    ab_stream_post_error (self, error);
    return FALSE;
  }
  if (*resized || !ab_size_is_same (&size, &self->size)) {
    *resized = TRUE;
    take_size (self, info, &size);
  }
  check_fraction (self, settings->size.fraction_n, settings->size.fraction_d);
  self->common_is_new = FALSE;
  return TRUE;
}

gboolean
ab_stream_set_info (AbStream * self, const GstAudioInfo * info)
{
  gboolean resized = TRUE;

  ab_stream_take_settings (self);
  return apply_settings (self, info, &resized);
}

void
ab_stream_forget_info (AbStream * self)
{
  GST_OBJECT_LOCK (self->element);
  gst_audio_info_init (&self->info);
  GST_OBJECT_UNLOCK (self->element);
}

gboolean
ab_stream_update (AbStream * self, gboolean * resized)
{
  *resized = FALSE;
  ab_stream_take_settings (self);
  if (G_LIKELY (!self->common_is_new))
    return TRUE;
  return apply_settings (self, &self->info, resized);
}

void
ab_stream_negotiate (AbStream * self, GstPad * srcpad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (srcpad);
  g_autoptr (GstQuery) query = gst_query_new_allocation (caps,
      ab_supply_is_recycled (&self->supply));

  if (!gst_pad_peer_query (srcpad, query))
    GST_CAT_DEBUG_OBJECT (self->category, self->element,
        "downstream does not answer the ALLOCATION query");
  ab_supply_take_query (&self->supply, query);
}

void
ab_stream_count (AbStream * self, const AbSampleCount * change)
{
  AbLedger *ledger = self->ledger;
  guint64 now[AB_N_KEPT];

  ab_ledger_begin (ledger, AB_CHANGE_SAMPLES, now);
  ab_ledger_set (ledger, AB_COUNTER_BATCHES,
      now[AB_COUNTER_BATCHES] + change->batches);
  ab_ledger_set (ledger, AB_COUNTER_SAMPLES_IN,
      now[AB_COUNTER_SAMPLES_IN] + change->in);
  ab_ledger_set (ledger, AB_COUNTER_SAMPLES_OUT,
      now[AB_COUNTER_SAMPLES_OUT] + change->out);
  ab_ledger_set (ledger, AB_COUNTER_SAMPLES_INSERTED,
      now[AB_COUNTER_SAMPLES_INSERTED] + change->inserted);
  ab_ledger_set (ledger, AB_COUNTER_SAMPLES_DROPPED,
      now[AB_COUNTER_SAMPLES_DROPPED] + change->dropped);
  ab_ledger_set (ledger, AB_COUNTER_SAMPLES_PENDING, change->pending);
  ab_ledger_end (ledger);
}

void
ab_stream_count_one (AbStream * self, AbCounter counter)
{
  ab_ledger_add (self->ledger, counter, 1);
}

static G_GNUC_NO_INLINE void
send_report (AbStream * self)
{
  ab_supply_measure_fresh (&self->supply);
  ab_report_send (&self->report, self->ledger, self->element, self->category);
}

void
ab_stream_report (AbStream * self)
{
  guint64 batches = ab_ledger_get (self->ledger, AB_COUNTER_BATCHES);

  if (G_UNLIKELY (ab_report_is_due (&self->report, batches)))
    send_report (self);
}

void
ab_stream_report_end (AbStream * self)
{
  ab_report_finish (&self->report, self->ledger, self->element, self->category);
}
