/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Supplies an element with memory for its batches: decides whether to recycle,
 * and limits how many batches downstream may hold. */

#include "memory/supply.h"

#include "memory/lease.h"
#include "stats/limits.h"

#define PROC_CGROUP "/proc/self/cgroup"
#define CGROUP_ROOT "/sys/fs/cgroup"

#define CHANGED_NAME "audiobatch-allocation-changed"

/* Every n-th batch is timed: reading the clock twice takes some 50 ns, which is
 * 3 % of a batch of 4 KiB. */
#define TIMED_EVERY 8
/* While it waits at the limit, it looks this often whether the pipeline is to
 * go on, and whether upstream has gone. */
#define LOOK_EVERY G_TIME_SPAN_SECOND
#define PATIENCE (5 * G_TIME_SPAN_SECOND)

void
ab_supply_init (AbSupply * self, GstElement * element,
    GstDebugCategory * category, const AbSupplySettings * wanted)
{
  self->element = element;
  self->category = category;
  self->wanted = wanted;
  self->patience = PATIENCE;
  self->read_usage = ab_usage_read;
}

void
ab_supply_start (AbSupply * self, AbLedger * ledger)
{
  ab_memory_init (&self->memory, ledger);
  self->system = gst_allocator_find (GST_ALLOCATOR_SYSMEM);
  self->process_limit = ab_limits_process (PROC_CGROUP, CGROUP_ROOT);
  self->machine_limit = ab_limits_machine ();
  self->plan_due = TRUE;
  ab_trial_start (&self->trial, 0);
  self->until_look = self->trial.until;
  self->looked = FALSE;
  self->until_timed = 1;
  self->stall_told = FALSE;
}

void
ab_supply_stop (AbSupply * self)
{
  ab_memory_clear (&self->memory);
  gst_clear_object (&self->system);
}

void
ab_supply_wake (AbSupply * self)
{
  atomic_store (&self->bound_changed, TRUE);
}

void
ab_supply_take_settings (AbSupply * self, const AbSupplySettings * settings)
{
  atomic_store (&self->bound_changed, FALSE);
  if (self->settings.allocation != settings->allocation)
    self->trial_due = TRUE;
  if (self->trial_due
      || self->settings.pool_min != settings->pool_min
      || self->settings.pool_max != settings->pool_max)
    self->plan_due = TRUE;
  self->settings = *settings;
}

void
ab_supply_set_size (AbSupply * self, const GstAudioInfo * info,
    guint max_samples)
{
  const AbCost unknown = { 0 };

  ab_ledger_set_fresh_cost (self->memory.ledger, &unknown);
  self->info = info;
  self->max_samples = max_samples;
  self->plan_due = TRUE;
  self->trial_due = TRUE;
}

static gboolean
is_recycled (const AbAdvice * advice)
{
  return advice->allocation == GST_AUDIO_BATCH_ALLOCATION_POOL;
}

void
ab_supply_take_query (AbSupply * self, GstQuery * query)
{
  ab_memory_take_query (&self->memory, query);
  self->plan_due = TRUE;
  GST_CAT_DEBUG_OBJECT (self->category, self->element,
      "memory: alignment mask %" G_GSIZE_FORMAT ", prefix %" G_GSIZE_FORMAT
      ", padding %" G_GSIZE_FORMAT ", allocator %" GST_PTR_FORMAT
      ", pool %" GST_PTR_FORMAT, self->memory.params.align,
      self->memory.params.prefix, self->memory.params.padding,
      self->memory.offered_allocator, self->memory.offered);
}

gboolean
ab_supply_is_recycled (const AbSupply * self)
{
  if (self->settings.allocation == GST_AUDIO_BATCH_ALLOCATION_AUTO)
    return is_recycled (&self->trial.advice);
  return self->settings.allocation == GST_AUDIO_BATCH_ALLOCATION_POOL;
}

/* The application may change the limit while the element waits for it. */
static void
take_bound (AbSupply * self)
{
  atomic_store (&self->bound_changed, FALSE);
  GST_OBJECT_LOCK (self->element);
  self->settings.max_outstanding = self->wanted->max_outstanding;
  self->settings.overrun = self->wanted->overrun;
  GST_OBJECT_UNLOCK (self->element);
}

/* Fresh or recycled */

static guint64
memory_bound (AbSupply * self)
{
  guint64 bound = self->process_limit;
  guint64 outstanding;

  if (self->settings.max_outstanding > 0
      && g_uint64_checked_mul (&outstanding, self->settings.max_outstanding,
          (guint64) self->max_samples * GST_AUDIO_INFO_BPF (self->info))
      && (bound == 0 || outstanding < bound))
    bound = outstanding;
  return bound;
}

/* Adds to @message the figures of fresh or recycled batches, as far as there are
 * any. */
static void
add_figures (GstStructure * message, const gchar * side, const AbCost * cost,
    AbHistogram * times)
{
  g_autofree gchar *page_faults = g_strconcat (side, "-page-faults", NULL);
  g_autofree gchar *cpu_time = g_strconcat (side, "-cpu-time", NULL);
  g_autofree gchar *p50 = g_strconcat (side, "-allocation-time-p50", NULL);
  g_autofree gchar *p99 = g_strconcat (side, "-allocation-time-p99", NULL);
  AbHistogramSummary summary;

  ab_histogram_summarize (times, &summary);
  if (cost->known)
    gst_structure_set (message, page_faults, G_TYPE_DOUBLE, cost->page_faults,
        cpu_time, G_TYPE_DOUBLE, cost->cpu_ns, NULL);
  if (summary.count > 0)
    gst_structure_set (message, p50, G_TYPE_UINT64, summary.p50,
        p99, G_TYPE_UINT64, summary.p99, NULL);
}

static void
tell_allocation_changed (AbSupply * self, GstAudioBatchAllocation from)
{
  AbLedger *ledger = self->memory.ledger;
  const AbTrial *trial = &self->trial;
  GstStructure *message = gst_structure_new (CHANGED_NAME,
      "from", GST_TYPE_AUDIO_BATCH_ALLOCATION, from,
      "to", GST_TYPE_AUDIO_BATCH_ALLOCATION, trial->advice.allocation,
      "reason", GST_TYPE_AUDIO_BATCH_ADVICE_REASON, trial->advice.reason,
      "batches", G_TYPE_UINT64, ab_ledger_get (ledger, AB_COUNTER_BATCHES),
      NULL);

  add_figures (message, "fresh", &trial->cost[0], &ledger->fresh_time);
  add_figures (message, "pool", &trial->cost[1], &ledger->pooled_time);
  GST_CAT_INFO_OBJECT (self->category, self->element,
      "from now on memory is %s: %" GST_PTR_FORMAT,
      is_recycled (&trial->advice) ? "recycled" : "allocated", message);
  if (self->posts)
    gst_element_post_message (self->element,
        gst_message_new_element (GST_OBJECT (self->element), message));
  else
    gst_structure_free (message);
}

/* Reads the figures of this instant: two system calls. */
static void
take_look (AbSupply * self, AbLook * look)
{
  AbLedger *ledger = self->memory.ledger;
  AbHistogramSummary times;

  memset (look, 0, sizeof *look);
  look->batches = ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS)
      + ab_ledger_get (ledger, AB_COUNTER_REUSED);
  look->fallbacks = ab_ledger_get (ledger, AB_COUNTER_FALLBACKS);
  look->made = ab_ledger_get (ledger, AB_COUNTER_ALLOCATIONS)
      - look->fallbacks;
  look->peak = ab_ledger_get (ledger, AB_COUNTER_PEAK_OUTSTANDING_BATCHES);
  look->known = self->read_usage (&look->usage);
  ab_histogram_summarize (&ledger->fresh_time, &times);
  look->fresh_p50_ns = times.p50;
  look->input.timed = times.count;
  look->input.allocation_p999_ns = times.p999;
  look->input.bytes_per_batch =
      (guint64) self->max_samples * GST_AUDIO_INFO_BPF (self->info);
  look->input.batches_per_second =
      (gdouble) GST_AUDIO_INFO_RATE (self->info) / self->max_samples;
  look->input.peak_outstanding_bytes =
      ab_ledger_get (ledger, AB_COUNTER_PEAK_OUTSTANDING_BYTES);
  look->input.memory_bound = memory_bound (self);
  look->input.pooled = is_recycled (&self->trial.advice);
  if (look->input.pooled) {
    ab_histogram_summarize (&ledger->pooled_time, &times);
    look->pooled_timed = times.count;
    look->pooled_p50_ns = times.p50;
    look->pooled_p999_ns = times.p999;
  }
}

static void
follow (AbSupply * self, GstAudioBatchAllocation from)
{
  self->until_look = self->trial.until;
  ab_ledger_set_advice (self->memory.ledger, &self->trial.advice);
  if (self->trial.advice.allocation == from)
    return;
  tell_allocation_changed (self, from);
  self->plan_due = TRUE;
}

/* allocation=auto: looks whether to recycle from now on. */
static G_GNUC_NO_INLINE void
look_at_costs (AbSupply * self)
{
  GstAudioBatchAllocation from = self->trial.advice.allocation;
  AbLook look;

  self->until_look = G_MAXUINT;
  if (self->settings.allocation != GST_AUDIO_BATCH_ALLOCATION_AUTO)
    return;
  take_look (self, &look);
  ab_trial_look (&self->trial, &look);
  follow (self, from);
}

/* Size, format or mode are new. Without figures of the thread, the thresholds say
 * at once what to do. */
static void
restart_trial (AbSupply * self)
{
  GstAudioBatchAllocation from = self->trial.advice.allocation;
  gboolean is_auto =
      self->settings.allocation == GST_AUDIO_BATCH_ALLOCATION_AUTO;
  AbLook look;

  self->trial_due = FALSE;
  self->looked = FALSE;
  if (is_auto)
    take_look (self, &look);
  ab_trial_start (&self->trial,
      (guint64) self->max_samples * GST_AUDIO_INFO_BPF (self->info));
  if (is_auto) {
    if (!look.known)
      ab_trial_look (&self->trial, &look);
    follow (self, from);
  } else {
    ab_ledger_set_advice (self->memory.ledger, NULL);
    self->until_look = G_MAXUINT;
  }
}

void
ab_supply_measure_fresh (AbSupply * self)
{
  AbLook look;
  AbCost cost;

  if (self->settings.allocation != GST_AUDIO_BATCH_ALLOCATION_FRESH)
    return;
  take_look (self, &look);
  if (self->looked && ab_look_is_steady (&look, &self->fresh_start)) {
    cost = ab_look_cost (&look, &self->fresh_start);
    ab_ledger_set_fresh_cost (self->memory.ledger, &cost);
  }
  self->fresh_start = look;
  self->looked = look.known;
}

/* The bytes that a pool may use; 0: unknown. */
static guint64
memory_limit (AbSupply * self)
{
  guint64 limit = self->machine_limit;

  if (self->process_limit > 0)
    limit = limit > 0 ? MIN (limit, self->process_limit) : self->process_limit;
  return limit;
}

/* The alignment mask of a sample. Samples of 3 bytes are written bytewise. */
static gsize
sample_align (const GstAudioInfo * info)
{
  gsize bytes = GST_AUDIO_INFO_WIDTH (info) / 8;

  return bytes % 2 == 0 ? bytes - 1 : 0;
}

static G_GNUC_NO_INLINE GstFlowReturn
refuse_memory (AbSupply * self, guint n_samples)
{
  guint bpf = GST_AUDIO_INFO_BPF (self->info);

  GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
      ("There is no memory for a batch of %u samples of %u bytes (%"
          G_GUINT64_FORMAT " bytes).", n_samples, bpf,
          (guint64) n_samples * bpf),
      ("A smaller samples-per-batch needs less."));
  return GST_FLOW_ERROR;
}

/* The last ALLOCATION query did not say that we need a pool. Ask anew before the
 * next batch. */
static void
ask_for_pool (AbSupply * self)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (self->element, "src");

  if (pad)
    gst_pad_mark_reconfigure (pad);
}

/* There is no memory for a pool. auto only tries whether that helps, so it goes
 * on, and does not try again until size or format change. */
static void
go_on_fresh (AbSupply * self)
{
  ab_trial_go_back (&self->trial);
  follow (self, GST_AUDIO_BATCH_ALLOCATION_POOL);
  self->until_look = G_MAXUINT;
}

static G_GNUC_NO_INLINE GstFlowReturn
make_plan (AbSupply * self)
{
  guint bpf = GST_AUDIO_INFO_BPF (self->info);
  AbMemoryPlan plan = {
    .align = sample_align (self->info),
    .min = self->settings.pool_min,
    .max = self->settings.pool_max,
    .limit = memory_limit (self),
  };

  if (self->trial_due)
    restart_trial (self);
  plan.pooled = ab_supply_is_recycled (self);
  self->plan_due = FALSE;
  if (plan.pooled && !self->memory.asked_for_pool)
    ask_for_pool (self);
  ab_ledger_set_memory (self->memory.ledger, memory_bound (self), plan.pooled);
  /* on 32-bit systems even one batch may be larger than a gsize */
  if (!g_size_checked_mul (&plan.size, self->max_samples, bpf))
    return refuse_memory (self, self->max_samples);
  if (ab_memory_plan (&self->memory, &plan))
    return GST_FLOW_OK;
  if (self->settings.allocation == GST_AUDIO_BATCH_ALLOCATION_AUTO) {
    go_on_fresh (self);
    return GST_FLOW_OK;
  }
  GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
      ("There is no memory for a pool of %u batches of %u samples of %u "
          "bytes.", plan.min, self->max_samples, bpf),
      ("Set pool-min-buffers or samples-per-batch to a smaller value."));
  return GST_FLOW_ERROR;
}

/* The limit on what downstream holds */

static gboolean
has_room (gpointer user_data)
{
  AbSupply *self = user_data;

  return ab_ledger_outstanding (self->memory.ledger) <
      self->settings.max_outstanding || atomic_load (&self->bound_changed);
}

static GstFlowReturn
refuse_overrun (AbSupply * self)
{
  GST_ELEMENT_ERROR (self->element, RESOURCE, NO_SPACE_LEFT,
      ("Downstream holds %" G_GUINT64_FORMAT
          " batches, and max-outstanding-batches is %u.",
          ab_ledger_outstanding (self->memory.ledger),
          self->settings.max_outstanding),
      ("Set overrun to wait or drop, or raise max-outstanding-batches."));
  return GST_FLOW_ERROR;
}

static GstFlowReturn
count_overrun (AbSupply * self)
{
  /* a gap may drop years of batches, and no push would report a flush */
  if (ab_gate_is_shut (&self->memory.ledger->gate))
    return GST_FLOW_FLUSHING;
  ab_ledger_add (self->memory.ledger, AB_COUNTER_DROPPED_BATCHES, 1);
  return AB_FLOW_DROPPED;
}

/* Is the pipeline to play, or to preroll and has not? Until it has prerolled,
 * only its topmost bin knows: the target of the elements is PAUSED. */
static gboolean
is_to_go_on (GstElement * element)
{
  GstObject *top = gst_object_ref (GST_OBJECT (element));
  GstObject *parent;
  gboolean goes_on;

  while (!gst_element_is_locked_state (GST_ELEMENT (top))
      && (parent = gst_object_get_parent (top))) {
    gst_object_unref (top);
    top = parent;
  }
  GST_OBJECT_LOCK (top);
  goes_on = GST_STATE_TARGET (GST_ELEMENT (top)) == GST_STATE_PLAYING
      || GST_STATE_PENDING (GST_ELEMENT (top)) == GST_STATE_PAUSED;
  GST_OBJECT_UNLOCK (top);
  gst_object_unref (top);
  return goes_on;
}

/* Was the pad upstream of us deactivated? Nothing else tells so: the ghost pad of
 * a bin, for one, waits for the streaming thread and does not end its wait. */
static gboolean
is_cut_off (GstElement * element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "sink");
  g_autoptr (GstPad) peer = pad ? gst_pad_get_peer (pad) : NULL;

  return peer && GST_PAD_IS_FLUSHING (peer);
}

static void
tell_stall (AbSupply * self)
{
  self->stall_told = TRUE;
  GST_ELEMENT_WARNING (self->element, RESOURCE, NO_SPACE_LEFT,
      ("The stream stands still, since downstream holds %" G_GUINT64_FORMAT
          " of %u batches: a queue or sink that wants more than that before it "
          "goes on never gets it.",
          ab_ledger_outstanding (self->memory.ledger),
          self->settings.max_outstanding),
      ("Raise max-outstanding-batches, or let downstream hold fewer: "
          "enable-last-sample=false on a sink, or a lower min-threshold-buffers "
          "on a queue."));
}

/* Waits until there is room, or the limit has changed. Tells if the pipeline
 * has been to go on since @since (0: not yet known), and that is long ago.
 *
 * Returns: FALSE if the gate was shut, or upstream has gone. */
static gboolean
wait_for_room (AbSupply * self, gint64 * since)
{
  /* a sink in real time releases a batch after its duration */
  gint64 patience = self->patience + gst_util_uint64_scale_int
      (self->max_samples, G_USEC_PER_SEC, GST_AUDIO_INFO_RATE (self->info));
  gint64 now = g_get_monotonic_time ();

  if (*since == 0)
    *since = now;
  for (;;) {
    if (!ab_gate_wait (&self->memory.ledger->gate, has_room, self,
            now + MIN (LOOK_EVERY, self->patience)))
      return FALSE;
    if (has_room (self))
      return TRUE;
    if (is_cut_off (self->element))
      return FALSE;
    now = g_get_monotonic_time ();
    if (!is_to_go_on (self->element))
      *since = now;
    else if (!self->stall_told && now - *since >= patience)
      tell_stall (self);
  }
}

static G_GNUC_NO_INLINE GstFlowReturn
await_room (AbSupply * self)
{
  gint64 since = 0;

  while (self->settings.max_outstanding > 0
      && ab_ledger_outstanding (self->memory.ledger) >=
      self->settings.max_outstanding) {
    if (self->settings.overrun == GST_AUDIO_BATCH_OVERRUN_ERROR)
      return refuse_overrun (self);
    if (self->settings.overrun == GST_AUDIO_BATCH_OVERRUN_DROP
        && !self->never_drops)
      return count_overrun (self);
    GST_CAT_DEBUG_OBJECT (self->category, self->element,
        "waiting: downstream holds %u batches", self->settings.max_outstanding);
    if (!wait_for_room (self, &since))
      return GST_FLOW_FLUSHING;
    if (atomic_load (&self->bound_changed))
      take_bound (self);
  }
  return GST_FLOW_OK;
}

gboolean
ab_supply_pass_time (AbSupply * self, guint n_samples)
{
  gint64 duration = gst_util_uint64_scale_int (n_samples, G_USEC_PER_SEC,
      GST_AUDIO_INFO_RATE (self->info));
  gboolean open;

  open = ab_gate_wait (&self->memory.ledger->gate, has_room, self,
      g_get_monotonic_time () + MAX (duration, 1));
  if (atomic_load (&self->bound_changed))
    take_bound (self);
  return open;
}

static G_GNUC_NO_INLINE void
note_time (AbSupply * self, GstClockTime time)
{
  ab_histogram_add (self->memory.pool ? &self->memory.ledger->pooled_time
      : &self->memory.ledger->fresh_time, time);
  self->until_timed = TIMED_EVERY;
}

/* Before each batch: waits until downstream may get it, and plans anew if that
 * is due. */
static inline GstFlowReturn
prepare (AbSupply * self)
{
  if (G_UNLIKELY (self->settings.max_outstanding > 0)) {
    GstFlowReturn ret = await_room (self);

    if (ret != GST_FLOW_OK)
      return ret;
  }
  if (G_UNLIKELY (--self->until_look == 0))
    look_at_costs (self);
  if (G_UNLIKELY (self->plan_due) && make_plan (self) != GST_FLOW_OK)
    return GST_FLOW_ERROR;
  return GST_FLOW_OK;
}

GstFlowReturn
ab_supply_acquire (AbSupply * self, guint n_samples, AbRoom * room)
{
  GstFlowReturn ret = prepare (self);
  GstClockTime start = GST_CLOCK_TIME_NONE;
  gboolean acquired;
  gsize size;

  if (G_UNLIKELY (ret != GST_FLOW_OK))
    return ret;
  if (!g_size_checked_mul (&size, n_samples, GST_AUDIO_INFO_BPF (self->info)))
    return refuse_memory (self, n_samples);
  if (G_UNLIKELY (--self->until_timed == 0))
    start = gst_util_get_timestamp ();
  acquired = ab_memory_acquire (&self->memory, size, room);
  if (G_UNLIKELY (start != GST_CLOCK_TIME_NONE))
    note_time (self, gst_util_get_timestamp () - start);
  return G_LIKELY (acquired) ? GST_FLOW_OK : refuse_memory (self, n_samples);
}

/* Can the samples be written where they are, and are they aligned? For system
 * memory `align` and `offset` tell it. Allocators differ in what they mean by
 * that, so map other memory. */
static gboolean
is_aligned (const AbSupply * self, GstMemory * memory)
{
  gsize align = self->memory.params.align | self->memory.plan.align;
  GstMapInfo map;
  gboolean aligned;

  if (G_LIKELY (memory->allocator == self->system
          && (memory->align & align) == align && (memory->offset & align) == 0))
    return TRUE;
  if (!gst_memory_map (memory, &map, GST_MAP_READWRITE))
    return FALSE;
  aligned = ((guintptr) map.data & align) == 0;
  gst_memory_unmap (memory, &map);
  return aligned;
}

/* Is @memory what downstream asked for, for a batch of @size bytes, and hardly
 * larger? What is in front of the samples or behind them stays as long as the
 * batch. */
static gboolean
suits (const AbSupply * self, GstMemory * memory, gsize size)
{
  const GstAllocationParams *params = &self->memory.params;
  GstAllocator *offered = self->memory.offered_allocator;
  gsize behind = memory->maxsize - memory->offset - memory->size;

  return memory->size == size
      && (offered == NULL || memory->allocator == offered)
      && !GST_MEMORY_FLAG_IS_SET (memory,
      GST_MEMORY_FLAG_READONLY | GST_MEMORY_FLAG_NOT_MAPPABLE)
      && (GST_MINI_OBJECT_FLAGS (memory) & params->flags) == params->flags
      && memory->offset >= params->prefix && behind >= params->padding
      && memory->offset - params->prefix + behind - params->padding
      <= memory->align && is_aligned (self, memory);
}

GstFlowReturn
ab_supply_adopt (AbSupply * self, GstBuffer * chunk, GstMemory * memory,
    guint n_samples)
{
  GstFlowReturn ret = prepare (self);
  gsize size = (gsize) n_samples * GST_AUDIO_INFO_BPF (self->info);

  if (G_UNLIKELY (ret != GST_FLOW_OK))
    return ret;
  /* a buffer of a pool goes back to it, and downstream's pool, if we use that,
   * is what downstream wants */
  if (chunk->pool || (self->memory.pool
          && self->memory.pool == self->memory.offered)
      || !suits (self, memory, size))
    return AB_FLOW_UNFIT;
  ab_lease_count (chunk, memory, self->memory.ledger, AB_COUNTER_ADOPTED);
  return GST_FLOW_OK;
}
