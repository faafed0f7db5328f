/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places chunks in time and puts their samples into batches. */

#include "batch/placer.h"

#define PLACER_DEBUG(self, ...) \
    GST_CAT_DEBUG_OBJECT ((self)->stream->category, (self)->stream->element, \
        __VA_ARGS__)

/* Takes the settings that may change between batches. Sets @changed if the size
 * or the hop is a new one. */
static gboolean
update_window (AbPlacer * self, gboolean * changed)
{
  gboolean hop_changed = self->hop != self->settings.hop;
  gboolean resized;

  self->hop = self->settings.hop;
  if (!ab_stream_update (self->stream, &resized))
    return FALSE;
  *changed = hop_changed || resized;
  return TRUE;
}

static G_GNUC_NO_INLINE void
negotiate (AbPlacer * self)
{
  if (gst_pad_check_reconfigure (self->srcpad))
    ab_stream_negotiate (self->stream, self->srcpad);
}

static GstFlowReturn
acquire_batch (AbPlacer * self, AbRoom * room, guint * capacity)
{
  if (G_UNLIKELY (GST_PAD_NEEDS_RECONFIGURE (self->srcpad)))
    negotiate (self);
  *capacity = ab_size_next (&self->stream->size);
  return ab_supply_acquire (&self->stream->supply, *capacity, room);
}

/* Begins the batch whose first sample is @start, and puts @shared (may be NULL)
 * at its start. If the batch is dropped, later calls skip its samples. */
static GstFlowReturn
open_batch_at (AbPlacer * self, guint64 start, const AbSharedSamples * shared)
{
  GstFlowReturn ret;
  AbRoom room;
  guint capacity;

  ret = acquire_batch (self, &room, &capacity);
  if (G_UNLIKELY (ret == AB_FLOW_DROPPED)) {
    self->skip = MAX (capacity, self->hop)
        - (shared ? shared->chunk.n_samples : 0);
    self->batch.discont = TRUE;
    return GST_FLOW_OK;
  }
  if (G_UNLIKELY (ret != GST_FLOW_OK))
    return ret;
  ab_batch_open (&self->batch, &room, capacity, start, &self->timeline.clock);
  if (shared)
    ab_batch_restore (&self->batch, shared);
  return GST_FLOW_OK;
}

static GstFlowReturn
open_batch (AbPlacer * self)
{
  gboolean changed;

  if (!update_window (self, &changed))
    return GST_FLOW_ERROR;
  return open_batch_at (self, self->timeline.position, NULL);
}

static G_GNUC_NO_INLINE void
stamp_metas (AbPlacer * self, GstBuffer * buffer, guint rate, guint64 keep)
{
  guint64 start = GST_BUFFER_OFFSET (buffer);

  ab_metas_stamp (&self->metas, buffer, start,
      GST_BUFFER_OFFSET_END (buffer) - start, rate, keep);
}

/* Pushes @buffer, which has @rate samples a second. No later batch begins
 * before sample @keep. */
static GstFlowReturn
push_buffer (AbPlacer * self, GstBuffer * buffer, guint rate, guint64 keep)
{
  GstFlowReturn ret;

  if (G_UNLIKELY (self->metas.references.length > 0))
    stamp_metas (self, buffer, rate, keep);
  GST_CAT_LOG_OBJECT (self->stream->category, self->stream->element,
      "pushing %" GST_PTR_FORMAT, buffer);
  ret = gst_pad_push (self->srcpad, buffer);
  ab_stream_report (self->stream);
  return ret;
}

/* Pushes events that waited only for the batch just pushed. If batches overlap,
 * the next one is open already; if it begins before the clock's origin, it
 * still has samples of the old segment, and the events wait for it too. */
static void
release_due_events (AbPlacer * self)
{
  if (G_UNLIKELY (self->events.releasable > 0)
      && (!ab_batch_is_open (&self->batch)
          || self->batch.start >= self->timeline.clock.origin))
    ab_events_release (&self->events, self->srcpad);
}

static GstFlowReturn
push_batch (AbPlacer * self)
{
  guint64 end = self->batch.start + self->batch.fill;

  return push_buffer (self, ab_batch_close (&self->batch),
      self->batch.clock.rate, end);
}

/* push_and_slide() for streams with max-outstanding-batches, where the next
 * batch may wait for a release: push the full batch first. This copies the
 * shared samples twice, which costs 400 of the 6,800 instructions of a batch of
 * 1024 samples with a hop of 512 (callgrind, mono F32). */
static GstFlowReturn
push_and_reopen (AbPlacer * self)
{
  guint64 start = self->batch.start + self->hop;
  AbSharedSamples shared;
  GstFlowReturn ret;

  if (!ab_batch_save (&self->batch, self->hop, &shared)) {
    GST_ELEMENT_ERROR (self->stream->element, RESOURCE, NO_SPACE_LEFT,
        ("There is no memory for the %u samples that two batches share.",
            self->batch.fill - self->hop),
        ("A larger hop-samples or a smaller samples-per-batch needs less."));
    push_batch (self);
    return GST_FLOW_ERROR;
  }
  ret = push_batch (self);
  if (ret == GST_FLOW_OK)
    ret = open_batch_at (self, start, &shared);
  ab_shared_samples_clear (&shared);
  return ret;
}

/* Begins the next batch with the samples that both batches share, then pushes
 * the full one. */
static GstFlowReturn
push_and_slide (AbPlacer * self)
{
  guint rate = self->batch.clock.rate;
  GstBuffer *full;
  AbRoom next;
  guint capacity;

  if (acquire_batch (self, &next, &capacity) != GST_FLOW_OK) {
    push_batch (self);
    return GST_FLOW_ERROR;
  }
  full = ab_batch_slide (&self->batch, self->hop, &next, capacity,
      &self->timeline.clock);
  return push_buffer (self, full, rate, self->batch.start);
}

/* Pushes the full batch and, if batches overlap, begins the next one. */
static GstFlowReturn
complete_batch (AbPlacer * self)
{
  guint capacity = self->batch.capacity;
  gboolean changed;

  if (G_LIKELY (self->hop == 0 || self->hop == capacity))
    return push_batch (self);
  if (self->hop > capacity) {
    self->skip = self->hop - capacity;
    return push_batch (self);
  }
  if (!update_window (self, &changed)) {
    push_batch (self);
    return GST_FLOW_ERROR;
  }
  /* If the size or the hop changed, the next batch shares no samples with this
   * one. */
  if (changed)
    return push_batch (self);
  return self->stream->supply.settings.max_outstanding >
      0 ? push_and_reopen (self)
      : push_and_slide (self);
}

/* Called once @arrival is copied up to its sample @done. If all samples of the
 * open batch come from that chunk, the batch gets the chunk's metas. */
static void
copy_metas (AbPlacer * self, const AbArrival * arrival, guint done)
{
  if (G_UNLIKELY (arrival->chunk.has_metas) && done >= self->batch.fill
      && ab_batch_is_open (&self->batch))
    ab_batch_copy_metas (&self->batch, arrival->buffer, done);
}

static void
count_added (AbPlacer * self, const AbArrival * arrival, guint added,
    guint batch, guint dropped)
{
  const AbSampleCount change = {
    .in = arrival->buffer ? added : 0,
    .inserted = arrival->buffer ? 0 : added,
    .out = batch,
    .dropped = dropped,
    .batches = batch > 0,
    .pending = batch > 0 ? 0 : self->batch.fresh,
  };

  ab_stream_count (self->stream, &change);
}

/* Drops samples between two batches; returns how many. */
static guint
skip_samples (AbPlacer * self, const AbArrival * arrival, guint n)
{
  n = MIN (n, self->skip);
  self->skip -= n;
  self->timeline.position += n;
  count_added (self, arrival, n, 0, n);
  return n;
}

/* Copies the samples of @arrival from @done on until the open batch is full,
 * then pushes it. */
static GstFlowReturn
fill_batch (AbPlacer * self, const AbArrival * arrival, guint * done)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint added;

  if (!ab_batch_is_open (&self->batch)) {
    ret = open_batch (self);
    if (ret != GST_FLOW_OK || !ab_batch_is_open (&self->batch))
      return ret;
  }
  added = ab_batch_add (&self->batch, &arrival->chunk, *done);
  *done += added;
  self->timeline.position += added;
  if (!ab_batch_is_full (&self->batch)) {
    if (G_LIKELY (arrival->buffer))
      ab_stream_count_pending (self->stream, added, self->batch.fresh);
    else
      count_added (self, arrival, added, 0, 0);
    return GST_FLOW_OK;
  }
  do {
    copy_metas (self, arrival, *done);
    count_added (self, arrival, added, self->batch.fill, 0);
    added = 0;
    ret = complete_batch (self);
    release_due_events (self);
  } while (ab_batch_is_open (&self->batch)
      && ab_batch_is_full (&self->batch) && ret == GST_FLOW_OK);
  return ret;
}

/* Counts the samples of @arrival from @done on as dropped after an error. If
 * upstream keeps pushing, the next chunk starts a new run. */
static void
lose_rest (AbPlacer * self, const AbArrival * arrival, guint done)
{
  guint lost = arrival->chunk.n_samples - done;

  ab_timeline_break (&self->timeline);
  count_added (self, arrival, lost, 0, lost);
}

/* Copies the samples of @arrival from @done on into batches and pushes each
 * full batch. */
static GstFlowReturn
feed (AbPlacer * self, const AbArrival * arrival, guint done)
{
  GstFlowReturn ret = GST_FLOW_OK;

  ab_batch_strip_metas (&self->batch);
  while (done < arrival->chunk.n_samples && ret == GST_FLOW_OK) {
    if (G_UNLIKELY (self->skip > 0))
      done += skip_samples (self, arrival, arrival->chunk.n_samples - done);
    else
      ret = fill_batch (self, arrival, &done);
  }
  if (G_UNLIKELY (ret != GST_FLOW_OK))
    lose_rest (self, arrival, done);
  copy_metas (self, arrival, done);
  return ret;
}

static GstFlowReturn
feed_silence (AbPlacer * self, guint64 n_samples)
{
  GstFlowReturn ret = GST_FLOW_OK;
  AbArrival silence = { 0 };

  while (n_samples > 0 && ret == GST_FLOW_OK) {
    ab_chunk_silence (&silence.chunk, MIN (n_samples, G_MAXINT));
    ret = feed (self, &silence, 0);
    n_samples -= silence.chunk.n_samples;
  }
  return ret;
}

static void
drop_batch (AbPlacer * self)
{
  const AbSampleCount change = {.dropped = ab_batch_discard (&self->batch) };

  ab_stream_count (self->stream, &change);
}

/* Ends the open batch as the tail setting says: shortened, padded or
 * dropped. */
static GstFlowReturn
drain (AbPlacer * self)
{
  AbSampleCount change = {.batches = 1 };

  self->skip = 0;
  if (!ab_batch_is_open (&self->batch))
    return GST_FLOW_OK;
  ab_size_restart (&self->stream->size);
  if (self->batch.fresh == 0
      || self->settings.tail == GST_AUDIO_BATCH_TAIL_DROP) {
    drop_batch (self);
    return GST_FLOW_OK;
  }
  if (self->settings.tail == GST_AUDIO_BATCH_TAIL_PAD) {
    ab_batch_strip_metas (&self->batch);
    change.inserted = ab_batch_pad (&self->batch);
  }
  change.out = self->batch.fill;
  ab_stream_count (self->stream, &change);
  return push_batch (self);
}

/* Makes the waiting events releasable, and pushes them if no batch is open. */
static void
let_events_go (AbPlacer * self)
{
  ab_events_set_releasable (&self->events);
  if (!ab_batch_is_open (&self->batch))
    ab_events_release (&self->events, self->srcpad);
}

/* Ends the current run and begins a new one at @pts. */
static GstFlowReturn
begin_run (AbPlacer * self, GstClockTime pts)
{
  GstFlowReturn ret = drain (self);

  ab_timeline_begin (&self->timeline,
      GST_AUDIO_INFO_RATE (&self->stream->info), self->segment, pts);
  PLACER_DEBUG (self, "a run begins: sample %" G_GUINT64_FORMAT " is at %"
      GST_TIME_FORMAT, self->timeline.position,
      GST_TIME_ARGS (self->timeline.clock.base));
  ab_size_restart (&self->stream->size);
  self->batch.discont = TRUE;
  let_events_go (self);
  return ret;
}

/* Drops the samples of @arrival that overlap with earlier ones; returns how
 * many. */
static guint
drop_overlap (AbPlacer * self, const AbArrival * arrival)
{
  guint n = MIN (self->timeline.owed, arrival->chunk.n_samples);

  self->timeline.owed -= n;
  count_added (self, arrival, n, 0, n);
  return n;
}

static void
enter_segment (AbPlacer * self)
{
  ab_timeline_enter_segment (&self->timeline, self->segment);
  let_events_go (self);
}

static void
note_metas (AbPlacer * self, const AbArrival * arrival, guint done)
{
  gint64 position = self->timeline.position;

  if (!arrival->chunk.reversed)
    ab_metas_note (&self->metas, arrival->buffer,
        position - done - arrival->cut,
        position + arrival->chunk.n_samples - done);
}

static G_GNUC_NO_INLINE GstFlowReturn
act (AbPlacer * self, const AbArrival * arrival, AbVerdict verdict,
    guint64 missing)
{
  switch (verdict) {
    case AB_TIMELINE_BREAK:
      return begin_run (self, arrival->pts);
    case AB_TIMELINE_FILL:
      PLACER_DEBUG (self, "%" G_GUINT64_FORMAT " samples are missing", missing);
      return feed_silence (self, missing);
    case AB_TIMELINE_DROP:
      PLACER_DEBUG (self, "%" G_GUINT64_FORMAT " samples overlap", missing);
      break;
    case AB_TIMELINE_DUE:
      break;
  }
  return GST_FLOW_OK;
}

GstFlowReturn
ab_placer_place (AbPlacer * self, AbArrival * arrival)
{
  GstFlowReturn ret;
  guint64 missing = 0;
  guint done = 0;
  AbVerdict verdict = ab_timeline_judge (&self->timeline,
      &self->settings.policy, self->segment, arrival->pts, arrival->flagged,
      &missing);

  if (G_UNLIKELY (verdict != AB_TIMELINE_DUE)) {
    ret = act (self, arrival, verdict, missing);
    if (ret != GST_FLOW_OK) {
      lose_rest (self, arrival, 0);
      return ret;
    }
  }
  if (G_UNLIKELY (!self->timeline.entered))
    enter_segment (self);
  if (G_UNLIKELY (self->timeline.owed > 0)) {
    done = drop_overlap (self, arrival);
    if (done == arrival->chunk.n_samples)
      return GST_FLOW_OK;
  }
  if (G_UNLIKELY (arrival->chunk.has_metas))
    note_metas (self, arrival, done);
  return feed (self, arrival, done);
}

/* Setup and events */

void
ab_placer_init (AbPlacer * self, AbStream * stream, GstPad * srcpad,
    const GstSegment * segment)
{
  self->stream = stream;
  self->srcpad = srcpad;
  self->segment = segment;
  ab_filter_settings_init (&self->settings);
  ab_metas_init (&self->metas);
  ab_events_init (&self->events);
}

void
ab_placer_clear (AbPlacer * self)
{
  ab_batch_discard (&self->batch);
  ab_metas_clear (&self->metas);
  ab_events_clear (&self->events);
}

void
ab_placer_reset (AbPlacer * self)
{
  drop_batch (self);
  ab_events_clear (&self->events);
  ab_metas_clear (&self->metas);
  ab_size_restart (&self->stream->size);
  ab_timeline_reset (&self->timeline);
  self->batch.discont = FALSE;
  self->skip = 0;
}

void
ab_placer_set_info (AbPlacer * self)
{
  const GstAudioInfo *info = &self->stream->info;

  ab_timeline_set_rate (&self->timeline, GST_AUDIO_INFO_RATE (info));
  ab_batch_set_info (&self->batch, info);
}

void
ab_placer_drain (AbPlacer * self)
{
  drain (self);
  ab_events_set_releasable (&self->events);
  ab_events_release (&self->events, self->srcpad);
  /* The new segment event has been pushed, though no sample of its segment has
   * come: enter that segment now. */
  if (self->timeline.begun && !self->timeline.entered) {
    if (!ab_timeline_can_enter (&self->timeline, self->segment))
      ab_timeline_break (&self->timeline);
    ab_timeline_enter_segment (&self->timeline, self->segment);
  }
}

void
ab_placer_break (AbPlacer * self)
{
  ab_timeline_break (&self->timeline);
}

gboolean
ab_placer_new_segment (AbPlacer * self, GstEvent * event)
{
  if (!self->timeline.begun)
    return ab_placer_hold (self, event);
  ab_timeline_leave_segment (&self->timeline);
  ab_events_push (&self->events, event);
  return TRUE;
}

gboolean
ab_placer_hold (AbPlacer * self, GstEvent * event)
{
  return ab_events_join (&self->events, event);
}

void
ab_placer_count_refused (AbPlacer * self, guint64 n_samples, gboolean sent)
{
  const AbSampleCount change = {
    .in = sent ? n_samples : 0,
    .inserted = sent ? 0 : n_samples,
    .dropped = n_samples,
    .pending = self->batch.fresh,
  };

  ab_stream_count (self->stream, &change);
}
