/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both elements do around a batch: settings, its size, its memory, the
 * count of it. */

#include "batchstream.h"

#include <string.h>

void
batch_stream_init (BatchStream * self, GstElement * element,
    GstDebugCategory * category)
{
  self->element = element;
  self->category = category;
  batch_settings_init (&self->settings);
  gst_audio_info_init (&self->info);
  gst_audio_info_init (&self->known_info);
  self->stats = batch_stats_new ();
}

void
batch_stream_clear (BatchStream * self)
{
  batch_memory_clear (&self->memory);
  g_clear_pointer (&self->stats, batch_stats_unref);
}

gboolean
batch_stream_set_property (BatchStream * self, guint id, const GValue * value)
{
  gboolean ours;

  GST_OBJECT_LOCK (self->element);
  ours = batch_properties_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self->element);
  if (ours)
    atomic_store_explicit (&self->changed, TRUE, memory_order_release);
  return ours;
}

gboolean
batch_stream_get_property (BatchStream * self, guint id, GValue * value)
{
  BatchSettings settings;
  BatchStats *stats;
  gboolean ours;

  GST_OBJECT_LOCK (self->element);
  settings = self->settings;
  stats = batch_stats_ref (self->stats);
  GST_OBJECT_UNLOCK (self->element);
  ours = batch_properties_get (&settings, stats, id, value);
  batch_stats_unref (stats);
  return ours;
}

GstClockTime
batch_stream_get_latency (BatchStream * self)
{
  GstClockTime latency;

  GST_OBJECT_LOCK (self->element);
  latency = self->latency;
  GST_OBJECT_UNLOCK (self->element);
  return latency;
}

gboolean
batch_stream_get_format (BatchStream * self, GstAudioInfo * info,
    BatchSize * size)
{
  GST_OBJECT_LOCK (self->element);
  *info = self->known_info;
  *size = self->known_size;
  GST_OBJECT_UNLOCK (self->element);
  return GST_AUDIO_INFO_RATE (info) != 0;
}

void
batch_stream_start (BatchStream * self)
{
  BatchStats *stats = batch_stats_new ();
  BatchStats *old;
  guint interval;

  GST_OBJECT_LOCK (self->element);
  old = self->stats;
  self->stats = stats;
  self->latency = 0;
  gst_audio_info_init (&self->known_info);
  interval = self->settings.report_interval;
  GST_OBJECT_UNLOCK (self->element);
  batch_stats_unref (old);

  gst_audio_info_init (&self->info);
  batch_memory_init (&self->memory, stats);
  batch_report_start (&self->report, interval);
}

void
batch_stream_stop (BatchStream * self)
{
  batch_memory_clear (&self->memory);
}

static void
publish_nominal (BatchStream * self)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  guint rate = GST_AUDIO_INFO_RATE (&self->info);
  BatchNominal nominal = {
    .batches_per_second = rate / batch_size_mean (&self->size),
    .bytes_per_second = (gdouble) rate * bpf,
    .bytes_per_batch = (guint64) batch_size_max (&self->size) * bpf,
  };

  batch_stats_set_nominal (self->stats, &nominal);
}

static void
publish_format (BatchStream * self)
{
  GstClockTime latency =
      gst_util_uint64_scale_int (batch_size_max (&self->size), GST_SECOND,
      GST_AUDIO_INFO_RATE (&self->info));
  gboolean changed;

  GST_OBJECT_LOCK (self->element);
  changed = self->latency != latency;
  self->latency = latency;
  self->known_info = self->info;
  self->known_size = self->size;
  GST_OBJECT_UNLOCK (self->element);

  if (changed) {
    gst_element_post_message (self->element,
        gst_message_new_latency (GST_OBJECT (self->element)));
  }
}

static gboolean
set_size (BatchStream * self, const BatchSizeWish * wish)
{
  g_autoptr (GError) error = NULL;

  if (!batch_size_set (&self->size, wish, GST_AUDIO_INFO_RATE (&self->info),
          &error)) {
    GST_ELEMENT_ERROR (self->element, LIBRARY, SETTINGS,
        ("%s", error->message), (NULL));
    return FALSE;
  }
  self->wish = *wish;
  publish_nominal (self);
  publish_format (self);
  return TRUE;
}

/* The one place where settings become streaming state. */
static BatchSettings
take_settings (BatchStream * self)
{
  BatchSettings settings;

  atomic_store_explicit (&self->changed, FALSE, memory_order_relaxed);
  GST_OBJECT_LOCK (self->element);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self->element);

  if (settings.report_interval != self->report.interval) {
    batch_report_set_interval (&self->report, settings.report_interval,
        batch_stats_get (self->stats, BATCH_COUNTER_BATCHES));
  }
  return settings;
}

gboolean
batch_stream_set_info (BatchStream * self, const GstAudioInfo * info)
{
  BatchSettings settings = take_settings (self);

  self->info = *info;
  return set_size (self, &settings.size);
}

gboolean
batch_stream_update (BatchStream * self, gboolean * resized)
{
  BatchSettings settings;

  *resized = FALSE;
  if (G_LIKELY (!atomic_load_explicit (&self->changed, memory_order_acquire)))
    return TRUE;
  settings = take_settings (self);
  if (memcmp (&settings.size, &self->wish, sizeof self->wish) == 0)
    return TRUE;
  *resized = TRUE;
  return set_size (self, &settings.size);
}

void
batch_stream_take_allocation (BatchStream * self, GstQuery * query)
{
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  if (gst_query_get_n_allocation_params (query) > 0) {
    g_autoptr (GstAllocator) allocator = NULL;

    gst_query_parse_nth_allocation_param (query, 0, &allocator, &params);
  }
  GST_CAT_DEBUG_OBJECT (self->category, self->element,
      "memory: alignment mask %" G_GSIZE_FORMAT ", prefix %" G_GSIZE_FORMAT
      ", padding %" G_GSIZE_FORMAT, params.align, params.prefix,
      params.padding);
  batch_memory_set_params (&self->memory, &params);
}

void
batch_stream_negotiate (BatchStream * self, GstPad * srcpad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (srcpad);
  g_autoptr (GstQuery) query = gst_query_new_allocation (caps, FALSE);

  if (!gst_pad_peer_query (srcpad, query))
    GST_CAT_DEBUG_OBJECT (self->category, self->element,
        "downstream has no wishes for memory");
  batch_stream_take_allocation (self, query);
}

GstBuffer *
batch_stream_acquire (BatchStream * self, guint n_samples, guint8 ** data)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  GstBuffer *buffer = NULL;
  gsize size;

  if (g_size_checked_mul (&size, n_samples, bpf))
    buffer = batch_memory_acquire (&self->memory, size, data);
  if (G_UNLIKELY (buffer == NULL)) {
    GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
        ("There is no memory for a batch of %u samples of %u bytes (%"
            G_GUINT64_FORMAT " bytes).", n_samples, bpf,
            (guint64) n_samples * bpf),
        ("A smaller samples-per-batch needs less."));
  }
  return buffer;
}

void
batch_stream_count (BatchStream * self, const SampleCount * change)
{
  BatchStats *stats = self->stats;

  batch_stats_begin (stats);
  batch_stats_add (stats, BATCH_COUNTER_BATCHES, change->batches);
  batch_stats_add (stats, BATCH_COUNTER_SAMPLES_IN, change->in);
  batch_stats_add (stats, BATCH_COUNTER_SAMPLES_OUT, change->out);
  batch_stats_add (stats, BATCH_COUNTER_SAMPLES_INSERTED, change->inserted);
  batch_stats_add (stats, BATCH_COUNTER_SAMPLES_DROPPED, change->dropped);
  batch_stats_set (stats, BATCH_COUNTER_SAMPLES_PENDING, change->pending);
  batch_stats_end (stats);
}

void
batch_stream_report (BatchStream * self)
{
  guint64 batches = batch_stats_get (self->stats, BATCH_COUNTER_BATCHES);

  if (G_UNLIKELY (batch_report_is_due (&self->report, batches)))
    batch_report_send (&self->report, self->stats, self->element,
        self->category);
}

void
batch_stream_report_end (BatchStream * self)
{
  batch_report_finish (&self->report, self->stats, self->element,
      self->category);
}
