/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both elements do around a batch: settings, its size, its memory, the
 * count of it. */

#include "batch/stream.h"

#include "stats/limits.h"

#define PROC_CGROUP "/proc/self/cgroup"
#define CGROUP_ROOT "/sys/fs/cgroup"

#define CHANGED_NAME "audiobatch-allocation-changed"

/* One batch in so many is timed: looking at the clock twice takes some 50 ns,
 * which would be 3 % of a batch of 4 KiB. */
#define TIMED_EVERY 8
/* allocation=auto looks at the advice every so many batches. */
#define ADVICE_EVERY 256

void
ab_stream_init (AbStream * self, GstElement * element,
    GstDebugCategory * category)
{
  self->element = element;
  self->category = category;
  ab_common_settings_init (&self->settings);
  gst_audio_info_init (&self->info);
  gst_audio_info_init (&self->known_info);
  self->stats = ab_ledger_new ();
}

void
ab_stream_clear (AbStream * self)
{
  ab_memory_clear (&self->memory);
  g_clear_pointer (&self->stats, ab_ledger_unref);
}

static AbLedger *
ref_stats (AbStream * self)
{
  AbLedger *stats;

  GST_OBJECT_LOCK (self->element);
  stats = ab_ledger_ref (self->stats);
  GST_OBJECT_UNLOCK (self->element);
  return stats;
}

/* Whoever waits looks at the settings again. */
static void
knock (AbStream * self)
{
  AbLedger *stats = ref_stats (self);

  ab_gate_knock (&stats->gate);
  ab_ledger_unref (stats);
}

void
ab_stream_set_shut (AbStream * self, AbGateShut reason, gboolean shut)
{
  AbLedger *stats = ref_stats (self);

  ab_gate_set_shut (&stats->gate, reason, shut);
  ab_ledger_unref (stats);
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
  atomic_store_explicit (&self->changed, TRUE, memory_order_release);
  atomic_store (&self->limits_changed, TRUE);
  knock (self);
  return TRUE;
}

gboolean
ab_stream_get_property (AbStream * self, guint id, GValue * value)
{
  AbCommonSettings settings;
  AbLedger *stats;
  gboolean ours;

  GST_OBJECT_LOCK (self->element);
  settings = self->settings;
  stats = ab_ledger_ref (self->stats);
  GST_OBJECT_UNLOCK (self->element);
  ours = ab_common_settings_get (&settings, stats, id, value);
  ab_ledger_unref (stats);
  return ours;
}

void
ab_stream_post_error (AbStream * self, const GError * error)
{
  gst_element_message_full (self->element, GST_MESSAGE_ERROR, error->domain,
      error->code, g_strdup (error->message), NULL, __FILE__, GST_FUNCTION,
      __LINE__);
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
ab_stream_get_format (AbStream * self, GstAudioInfo * info, AbSize * size)
{
  GST_OBJECT_LOCK (self->element);
  *info = self->known_info;
  *size = self->known_size;
  GST_OBJECT_UNLOCK (self->element);
  return GST_AUDIO_INFO_RATE (info) != 0;
}

void
ab_stream_start (AbStream * self)
{
  AbLedger *stats = ab_ledger_new ();
  AbLedger *old;
  guint interval;

  GST_OBJECT_LOCK (self->element);
  old = self->stats;
  self->stats = stats;
  self->latency = 0;
  gst_audio_info_init (&self->known_info);
  interval = self->settings.report_interval;
  GST_OBJECT_UNLOCK (self->element);
  ab_ledger_unref (old);

  gst_audio_info_init (&self->info);
  self->process_limit = ab_limits_process (PROC_CGROUP, CGROUP_ROOT);
  self->machine_limit = ab_limits_machine ();
  ab_memory_init (&self->memory, stats);
  self->plan_due = TRUE;
  self->advice = (AbAdvice) {
  FALSE, AB_ADVICE_REASON_NONE};
  self->until_advice = ADVICE_EVERY;
  self->until_timed = 1;
  ab_report_start (&self->report, interval);
}

void
ab_stream_stop (AbStream * self)
{
  ab_memory_clear (&self->memory);
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

  ab_ledger_set_nominal (self->stats, &nominal);
}

static void
publish_format (AbStream * self)
{
  GstClockTime latency =
      gst_util_uint64_scale_int (ab_size_max (&self->size), GST_SECOND,
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
set_size (AbStream * self, const AbSizeWish * wish, gboolean * resized)
{
  g_autoptr (GError) error = NULL;
  AbSize size;

  if (!ab_size_set (&size, wish, GST_AUDIO_INFO_RATE (&self->info), &error)) {
    ab_stream_post_error (self, error);
    return FALSE;
  }
  if (!*resized && ab_size_is_same (&size, &self->size))
    return TRUE;
  *resized = TRUE;
  self->size = size;
  self->plan_due = TRUE;
  publish_nominal (self);
  publish_format (self);
  return TRUE;
}

static void
take_limits (AbStream * self)
{
  atomic_store (&self->limits_changed, FALSE);
  GST_OBJECT_LOCK (self->element);
  self->max_outstanding = self->settings.max_outstanding;
  self->overrun = self->settings.overrun;
  GST_OBJECT_UNLOCK (self->element);
}

static void
take_memory_settings (AbStream * self, const AbCommonSettings * settings)
{
  if (self->allocation == settings->allocation
      && self->pool_min == settings->pool_min
      && self->pool_max == settings->pool_max)
    return;
  self->allocation = settings->allocation;
  self->pool_min = settings->pool_min;
  self->pool_max = settings->pool_max;
  self->plan_due = TRUE;
}

/* The one place where settings become streaming state. Without @resized as TRUE
 * a size that stays as it is does not begin anew. */
static gboolean
take_settings (AbStream * self, gboolean * resized)
{
  AbCommonSettings settings;

  atomic_store_explicit (&self->changed, FALSE, memory_order_relaxed);
  GST_OBJECT_LOCK (self->element);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self->element);

  take_limits (self);
  take_memory_settings (self, &settings);
  if (settings.report_interval != self->report.interval) {
    ab_report_set_interval (&self->report, settings.report_interval,
        ab_ledger_get (self->stats, AB_COUNTER_BATCHES));
  }
  if (set_size (self, &settings.size, resized))
    return TRUE;
  /* they are looked at again, and not forgotten */
  atomic_store_explicit (&self->changed, TRUE, memory_order_relaxed);
  return FALSE;
}

gboolean
ab_stream_set_info (AbStream * self, const GstAudioInfo * info)
{
  const GstAudioInfo old = self->info;
  gboolean resized = TRUE;

  self->info = *info;
  if (take_settings (self, &resized))
    return TRUE;
  self->info = old;
  return FALSE;
}

gboolean
ab_stream_update (AbStream * self, gboolean * resized)
{
  *resized = FALSE;
  if (G_LIKELY (!atomic_load_explicit (&self->changed, memory_order_acquire)))
    return TRUE;
  return take_settings (self, resized);
}

void
ab_stream_take_allocation (AbStream * self, GstQuery * query)
{
  ab_memory_take_query (&self->memory, query);
  self->plan_due = TRUE;
  GST_CAT_DEBUG_OBJECT (self->category, self->element,
      "memory: alignment mask %" G_GSIZE_FORMAT ", prefix %" G_GSIZE_FORMAT
      ", padding %" G_GSIZE_FORMAT ", pool %" GST_PTR_FORMAT,
      self->memory.params.align, self->memory.params.prefix,
      self->memory.params.padding, self->memory.offered);
}

void
ab_stream_negotiate (AbStream * self, GstPad * srcpad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (srcpad);
  g_autoptr (GstQuery) query = gst_query_new_allocation (caps, FALSE);

  if (!gst_pad_peer_query (srcpad, query))
    GST_CAT_DEBUG_OBJECT (self->category, self->element,
        "downstream has no wishes for memory");
  ab_stream_take_allocation (self, query);
}

/* Where is this element's memory to come from? */

static guint64
memory_bound (AbStream * self)
{
  guint64 bound = self->process_limit;
  guint64 live;

  if (self->max_outstanding > 0
      && g_uint64_checked_mul (&live, self->max_outstanding,
          (guint64) ab_size_max (&self->size)
          * GST_AUDIO_INFO_BPF (&self->info))
      && (bound == 0 || live < bound))
    bound = live;
  return bound;
}

static void
tell_allocation_changed (AbStream * self, const AbAdvice * advice)
{
  gst_element_post_message (self->element,
      gst_message_new_element (GST_OBJECT (self->element),
          gst_structure_new (CHANGED_NAME,
              "from", G_TYPE_STRING, ab_advice_name (&self->advice),
              "to", G_TYPE_STRING, ab_advice_name (advice),
              "reason", G_TYPE_STRING, ab_advice_reason_name (advice),
              "batches", G_TYPE_UINT64,
              ab_ledger_get (self->stats, AB_COUNTER_BATCHES), NULL)));
}

/* With allocation=auto: what do the figures say now? */
static void
follow_advice (AbStream * self)
{
  AbSnapshot snapshot;

  self->until_advice = ADVICE_EVERY;
  if (self->allocation != GST_AUDIO_BATCH_ALLOCATION_AUTO)
    return;
  ab_ledger_set_memory (self->stats, memory_bound (self), self->advice.pool);
  ab_ledger_snapshot (self->stats, &snapshot);
  if (snapshot.advice.pool == self->advice.pool)
    return;
  GST_CAT_INFO_OBJECT (self->category, self->element,
      "from now on memory is %s: %s",
      snapshot.advice.pool ? "recycled" : "allocated",
      ab_advice_reason_name (&snapshot.advice));
  tell_allocation_changed (self, &snapshot.advice);
  self->advice = snapshot.advice;
  self->plan_due = TRUE;
}

/* What there is for a pool; 0: not known. */
static guint64
memory_limit (AbStream * self)
{
  guint64 limit = self->machine_limit;

  if (self->process_limit > 0)
    limit = limit > 0 ? MIN (limit, self->process_limit) : self->process_limit;
  return limit;
}

/* Samples of 24 bits in 3 bytes are written byte by byte. */
static gsize
sample_align (const GstAudioInfo * info)
{
  gsize bytes = GST_AUDIO_INFO_WIDTH (info) / 8;

  return bytes % 2 == 0 ? bytes - 1 : 0;
}

static G_GNUC_NO_INLINE GstFlowReturn
refuse_memory (AbStream * self, guint n_samples)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);

  GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
      ("There is no memory for a batch of %u samples of %u bytes (%"
          G_GUINT64_FORMAT " bytes).", n_samples, bpf,
          (guint64) n_samples * bpf),
      ("A smaller samples-per-batch needs less."));
  return GST_FLOW_ERROR;
}

static G_GNUC_NO_INLINE GstFlowReturn
make_plan (AbStream * self)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  AbMemoryPlan plan = {
    .pooled = self->allocation == GST_AUDIO_BATCH_ALLOCATION_POOL,
    .align = sample_align (&self->info),
    .min = self->pool_min,
    .max = self->pool_max,
    .limit = memory_limit (self),
  };

  follow_advice (self);
  if (self->allocation == GST_AUDIO_BATCH_ALLOCATION_AUTO)
    plan.pooled = self->advice.pool;
  self->plan_due = FALSE;
  ab_ledger_set_memory (self->stats, memory_bound (self), plan.pooled);
  /* on 32 bits not even one may have a size */
  if (!g_size_checked_mul (&plan.size, ab_size_max (&self->size), bpf))
    return refuse_memory (self, ab_size_max (&self->size));
  if (ab_memory_plan (&self->memory, &plan))
    return GST_FLOW_OK;
  GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
      ("There is no memory for a pool of %u batches of %u samples of %u "
          "bytes.", plan.min, ab_size_max (&self->size), bpf),
      ("Set pool-min-buffers or samples-per-batch to less."));
  return GST_FLOW_ERROR;
}

/* The bound on what downstream holds */

static gboolean
has_room (gpointer user_data)
{
  AbStream *self = user_data;

  return ab_ledger_outstanding (self->stats) < self->max_outstanding
      || atomic_load (&self->limits_changed);
}

static GstFlowReturn
refuse_overrun (AbStream * self)
{
  GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
      ("Downstream holds %" G_GUINT64_FORMAT
          " batches, and max-outstanding-batches " "is %u.",
          ab_ledger_outstanding (self->stats), self->max_outstanding),
      ("Set overrun to wait or drop, or max-outstanding-batches to more."));
  return GST_FLOW_ERROR;
}

static GstFlowReturn
count_overrun (AbStream * self)
{
  /* a gap may be years of batches, of which none is pushed */
  if (ab_stream_is_shut (self))
    return GST_FLOW_FLUSHING;
  ab_ledger_begin (self->stats);
  ab_ledger_add (self->stats, AB_COUNTER_DROPPED_BATCHES, 1);
  ab_ledger_end (self->stats);
  return AB_FLOW_DROPPED;
}

static G_GNUC_NO_INLINE GstFlowReturn
await_room (AbStream * self)
{
  while (self->max_outstanding > 0
      && ab_ledger_outstanding (self->stats) >= self->max_outstanding) {
    if (self->overrun == GST_AUDIO_BATCH_OVERRUN_ERROR)
      return refuse_overrun (self);
    if (self->overrun == GST_AUDIO_BATCH_OVERRUN_DROP)
      return count_overrun (self);
    GST_CAT_DEBUG_OBJECT (self->category, self->element,
        "waiting: downstream holds %u batches", self->max_outstanding);
    if (!ab_gate_wait (&self->stats->gate, has_room, self, 0))
      return GST_FLOW_FLUSHING;
    if (atomic_load (&self->limits_changed))
      take_limits (self);
  }
  return GST_FLOW_OK;
}

gboolean
ab_stream_pass_time (AbStream * self, guint n_samples)
{
  gint64 duration = gst_util_uint64_scale_int (n_samples, G_USEC_PER_SEC,
      GST_AUDIO_INFO_RATE (&self->info));
  gboolean open;

  open = ab_gate_wait (&self->stats->gate, has_room, self,
      g_get_monotonic_time () + MAX (duration, 1));
  if (atomic_load (&self->limits_changed))
    take_limits (self);
  return open;
}

static G_GNUC_NO_INLINE gboolean
acquire_timed (AbStream * self, gsize size, AbRoom * room)
{
  AbHistogram *histogram = self->memory.pool ? &self->stats->pooled_time
      : &self->stats->fresh_time;
  GstClockTime start = gst_util_get_timestamp ();
  gboolean acquired = ab_memory_acquire (&self->memory, size, room);

  ab_histogram_add (histogram, gst_util_get_timestamp () - start);
  self->until_timed = TIMED_EVERY;
  return acquired;
}

GstFlowReturn
ab_stream_acquire (AbStream * self, guint n_samples, AbRoom * room)
{
  gboolean acquired;
  gsize size;

  if (G_UNLIKELY (self->max_outstanding > 0)) {
    GstFlowReturn ret = await_room (self);

    if (ret != GST_FLOW_OK)
      return ret;
  }
  if (G_UNLIKELY (--self->until_advice == 0))
    follow_advice (self);
  if (G_UNLIKELY (self->plan_due) && make_plan (self) != GST_FLOW_OK)
    return GST_FLOW_ERROR;

  if (!g_size_checked_mul (&size, n_samples, GST_AUDIO_INFO_BPF (&self->info)))
    return refuse_memory (self, n_samples);
  if (G_UNLIKELY (--self->until_timed == 0))
    acquired = acquire_timed (self, size, room);
  else
    acquired = ab_memory_acquire (&self->memory, size, room);
  return G_LIKELY (acquired) ? GST_FLOW_OK : refuse_memory (self, n_samples);
}

void
ab_stream_count (AbStream * self, const AbSampleCount * change)
{
  AbLedger *stats = self->stats;

  ab_ledger_begin (stats);
  ab_ledger_add (stats, AB_COUNTER_BATCHES, change->batches);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_IN, change->in);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_OUT, change->out);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_INSERTED, change->inserted);
  ab_ledger_add (stats, AB_COUNTER_SAMPLES_DROPPED, change->dropped);
  ab_ledger_set (stats, AB_COUNTER_SAMPLES_PENDING, change->pending);
  ab_ledger_end (stats);
}

static G_GNUC_NO_INLINE void
send_report (AbStream * self)
{
  ab_report_send (&self->report, self->stats, self->element, self->category);
}

void
ab_stream_report (AbStream * self)
{
  guint64 batches = ab_ledger_get (self->stats, AB_COUNTER_BATCHES);

  if (G_UNLIKELY (ab_report_is_due (&self->report, batches)))
    send_report (self);
}

void
ab_stream_report_end (AbStream * self)
{
  ab_report_finish (&self->report, self->stats, self->element, self->category);
}
