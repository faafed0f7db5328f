/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of the samples: from chunks in their place in time to batches. */

#include "batch/placer.h"

#define PLACER_DEBUG(self, ...) \
    GST_CAT_DEBUG_OBJECT ((self)->stream->category, (self)->stream->element, \
        __VA_ARGS__)

/* Takes what may change between batches; @changed is set to whether windows
 * have another size or hop than before. */
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

static void
release_events (AbPlacer * self, guint n)
{
  for (; n > 0; n--) {
    GstEvent *event = g_queue_pop_head (&self->held);

    PLACER_DEBUG (self, "releasing %" GST_PTR_FORMAT, event);
    gst_pad_push_event (self->srcpad, event);
  }
  self->releasable = 0;
}

static void
forget_events (AbPlacer * self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_event_unref);
  self->releasable = 0;
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
  return ab_stream_acquire (self->stream, *capacity, room);
}

/* Begins the batch whose first sample is @start; @shared, if there are some,
 * are its first samples. A batch that has to be dropped is passed over. */
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
    self->discont = TRUE;
    return GST_FLOW_OK;
  }
  if (G_UNLIKELY (ret != GST_FLOW_OK))
    return ret;
  if (self->discont) {
    GST_BUFFER_FLAG_SET (room.buffer,
        GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC);
    self->discont = FALSE;
  }
  ab_batch_open (&self->batcher, &room, capacity);
  if (shared)
    ab_batch_restore (&self->batcher, shared);
  self->start = start;
  if (start >= self->timeline.clock.origin)
    self->clock = self->timeline.clock;
  self->fresh = 0;
  self->has_metas = FALSE;
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
stamp_metas (AbPlacer * self, GstBuffer * buffer, guint64 start,
    guint n_samples, guint rate, guint64 keep)
{
  ab_metas_stamp (&self->metas, buffer, start, n_samples, rate, keep);
}

/* Stamps and pushes @buffer, of @n_samples samples from @start on. Nothing that
 * comes after begins before @keep. */
static GstFlowReturn
push_batch (AbPlacer * self, GstBuffer * buffer,
    const AbClock * clock, guint64 start, guint n_samples, guint64 keep)
{
  GstFlowReturn ret;

  ab_clock_stamp (clock, buffer, start, n_samples);
  if (G_UNLIKELY (self->metas.references.length > 0))
    stamp_metas (self, buffer, start, n_samples, clock->rate, keep);
  GST_CAT_LOG_OBJECT (self->stream->category, self->stream->element,
      "pushing %" GST_PTR_FORMAT, buffer);
  ret = gst_pad_push (self->srcpad, buffer);
  ab_stream_report (self->stream);
  return ret;
}

/* What waited for no more than the open batch, which has gone. */
static void
release_due_events (AbPlacer * self)
{
  if (G_UNLIKELY (self->releasable > 0)
      && (!ab_batch_is_open (&self->batcher)
          || self->start >= self->timeline.clock.origin))
    release_events (self, self->releasable);
}

static GstFlowReturn
push_open_batch (AbPlacer * self)
{
  guint n_samples = self->batcher.fill;
  guint64 end = self->start + n_samples;

  self->fresh = 0;
  self->has_metas = FALSE;
  return push_batch (self, ab_batch_close (&self->batcher), &self->clock,
      self->start, n_samples, end);
}

/* The same as push_and_slide() for when it may take a while until there is
 * memory for the next batch: the full one goes first. */
static GstFlowReturn
push_and_reopen (AbPlacer * self)
{
  guint64 start = self->start + self->hop;
  AbSharedSamples shared;
  GstFlowReturn ret;

  if (!ab_batch_save (&self->batcher, self->hop, &shared)) {
    GST_ELEMENT_ERROR (self->stream->element, RESOURCE, NO_SPACE_LEFT,
        ("There is no memory for the %u samples that two batches share.",
            self->batcher.fill - self->hop),
        ("A larger hop-samples or a smaller samples-per-batch needs less."));
    push_open_batch (self);
    return GST_FLOW_ERROR;
  }
  ret = push_open_batch (self);
  if (ret == GST_FLOW_OK)
    ret = open_batch_at (self, start, &shared);
  ab_shared_samples_clear (&shared);
  return ret;
}

/* Pushes the full batch, and begins the next one with the samples that the two
 * share. */
static GstFlowReturn
push_and_slide (AbPlacer * self)
{
  const AbClock clock = self->clock;
  const guint64 start = self->start;
  const guint n_samples = self->batcher.fill;
  GstBuffer *full;
  AbRoom next;
  guint capacity;

  if (acquire_batch (self, &next, &capacity) != GST_FLOW_OK) {
    push_open_batch (self);
    return GST_FLOW_ERROR;
  }
  full = ab_batch_slide (&self->batcher, self->hop, &next, capacity);
  self->start += self->hop;
  self->fresh = 0;
  self->has_metas = FALSE;
  if (self->start >= self->timeline.clock.origin)
    self->clock = self->timeline.clock;
  return push_batch (self, full, &clock, start, n_samples, self->start);
}

/* The open batch is full. */
static GstFlowReturn
complete_batch (AbPlacer * self)
{
  guint capacity = self->batcher.capacity;
  gboolean changed;

  if (G_LIKELY (self->hop == 0 || self->hop == capacity))
    return push_open_batch (self);
  if (self->hop > capacity) {
    self->skip = self->hop - capacity;
    return push_open_batch (self);
  }
  if (!update_window (self, &changed)) {
    push_open_batch (self);
    return GST_FLOW_ERROR;
  }
  /* windows of another size or hop begin behind the last one */
  if (changed)
    return push_open_batch (self);
  return self->stream->max_outstanding > 0 ? push_and_reopen (self)
      : push_and_slide (self);
}

/* A batch has metas of a chunk only as long as all of it is of that chunk. */
static void
strip_metas (AbPlacer * self)
{
  if (G_UNLIKELY (self->has_metas)) {
    ab_metas_strip (self->batcher.room.buffer);
    self->has_metas = FALSE;
  }
}

/* @arrival has been copied up to sample @done of it. If all of the open batch
 * is of that chunk, so is what the chunk's metas say. */
static void
copy_metas (AbPlacer * self, const AbArrival * arrival, guint done)
{
  guint fill = self->batcher.fill;
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);

  if (G_LIKELY (!arrival->chunk.has_metas) || done < fill
      || !ab_batch_is_open (&self->batcher))
    return;
  strip_metas (self);
  ab_metas_copy (self->batcher.room.buffer, arrival->buffer,
      (gsize) (done - fill) * bpf, (gsize) fill * bpf);
  self->has_metas = TRUE;
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
    .pending = batch > 0 ? 0 : self->fresh,
  };

  ab_stream_count (self->stream, &change);
}

/* Passes over samples between two batches; returns how many. */
static guint
skip_samples (AbPlacer * self, const AbArrival * arrival, guint n)
{
  n = MIN (n, self->skip);
  self->skip -= n;
  self->timeline.position += n;
  count_added (self, arrival, n, 0, n);
  return n;
}

/* Copies samples of @arrival from @done on, as many as the open batch takes,
 * and pushes it when that makes it full. */
static GstFlowReturn
fill_batch (AbPlacer * self, const AbArrival * arrival, guint * done)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint added;

  if (!ab_batch_is_open (&self->batcher)) {
    ret = open_batch (self);
    if (ret != GST_FLOW_OK || !ab_batch_is_open (&self->batcher))
      return ret;
  }
  added = ab_batch_add (&self->batcher, &arrival->chunk, *done);
  *done += added;
  self->timeline.position += added;
  self->fresh += added;
  if (!ab_batch_is_full (&self->batcher)) {
    if (G_LIKELY (arrival->buffer))
      ab_stream_count_pending (self->stream, added, self->fresh);
    else
      count_added (self, arrival, added, 0, 0);
    return GST_FLOW_OK;
  }
  do {
    copy_metas (self, arrival, *done);
    count_added (self, arrival, added, self->batcher.fill, 0);
    added = 0;
    ret = complete_batch (self);
    release_due_events (self);
  } while (ab_batch_is_open (&self->batcher)
      && ab_batch_is_full (&self->batcher) && ret == GST_FLOW_OK);
  return ret;
}

/* Downstream has refused a batch: what comes next does not follow on what it
 * has, and begins at a time of its own. Samples of @arrival from @done on are
 * lost. */
static void
lose_rest (AbPlacer * self, const AbArrival * arrival, guint done)
{
  guint lost = arrival->chunk.n_samples - done;

  ab_timeline_break (&self->timeline);
  count_added (self, arrival, lost, 0, lost);
}

/* Copies the samples of @arrival from @done on into batches and pushes those
 * that get full. */
static GstFlowReturn
feed (AbPlacer * self, const AbArrival * arrival, guint done)
{
  GstFlowReturn ret = GST_FLOW_OK;

  strip_metas (self);
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

/* @n_samples of silence that nobody sent. */
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
drop_open_batch (AbPlacer * self)
{
  const AbSampleCount change = {.dropped = self->fresh };

  if (ab_batch_is_open (&self->batcher)
      && GST_BUFFER_IS_DISCONT (self->batcher.room.buffer))
    self->discont = TRUE;
  ab_batch_discard (&self->batcher);
  ab_stream_count (self->stream, &change);
  self->fresh = 0;
  self->has_metas = FALSE;
}

/* What is pending leaves as a tail. */
static GstFlowReturn
drain (AbPlacer * self)
{
  AbSampleCount change = {.batches = 1 };

  self->skip = 0;
  if (!ab_batch_is_open (&self->batcher))
    return GST_FLOW_OK;
  ab_size_restart (&self->stream->size);
  if (self->fresh == 0 || self->settings.tail == GST_AUDIO_BATCH_TAIL_DROP) {
    drop_open_batch (self);
    return GST_FLOW_OK;
  }
  if (self->settings.tail == GST_AUDIO_BATCH_TAIL_PAD) {
    strip_metas (self);
    change.inserted = ab_batch_pad (&self->batcher);
  }
  change.out = self->batcher.fill;
  ab_stream_count (self->stream, &change);
  return push_open_batch (self);
}

/* What is held goes out when the open batch has gone. */
static void
let_events_go (AbPlacer * self)
{
  self->releasable = g_queue_get_length (&self->held);
  if (!ab_batch_is_open (&self->batcher))
    release_events (self, self->releasable);
}

/* Begins a new run of samples without a break at @pts. */
static GstFlowReturn
begin_run (AbPlacer * self, GstClockTime pts)
{
  GstFlowReturn ret = drain (self);

  ab_timeline_begin (&self->timeline, GST_AUDIO_INFO_RATE (&self->info),
      &self->segment, pts);
  PLACER_DEBUG (self, "a run begins: sample %" G_GUINT64_FORMAT " is at %"
      GST_TIME_FORMAT, self->timeline.position,
      GST_TIME_ARGS (self->timeline.clock.base));
  ab_size_restart (&self->stream->size);
  self->discont = TRUE;
  let_events_go (self);
  return ret;
}

/* Samples that overlap with earlier ones; returns how many of the chunk. */
static guint
drop_overlap (AbPlacer * self, const AbArrival * arrival)
{
  guint n = MIN (self->timeline.owed, arrival->chunk.n_samples);

  self->timeline.owed -= n;
  count_added (self, arrival, n, 0, n);
  return n;
}

static GstFlowReturn
feed_in_time (AbPlacer * self, AbArrival * arrival)
{
  guint done = 0;

  if (G_UNLIKELY (!self->timeline.entered)) {
    ab_timeline_enter_segment (&self->timeline, &self->segment);
    let_events_go (self);
  }
  if (G_UNLIKELY (self->timeline.owed > 0))
    done = drop_overlap (self, arrival);
  if (done == arrival->chunk.n_samples)
    return GST_FLOW_OK;
  if (G_UNLIKELY (arrival->chunk.has_metas) && !arrival->chunk.reversed) {
    gint64 position = self->timeline.position;

    ab_metas_note (&self->metas, arrival->buffer,
        position - done - arrival->cut,
        position + arrival->chunk.n_samples - done);
  }
  return feed (self, arrival, done);
}

GstFlowReturn
ab_placer_place (AbPlacer * self, AbArrival * arrival)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint64 missing = 0;
  AbVerdict verdict = ab_timeline_judge (&self->timeline,
      &self->settings.policy, &self->segment, arrival->pts, arrival->flagged,
      &missing);

  if (G_LIKELY (verdict == AB_TIMELINE_DUE))
    return feed_in_time (self, arrival);
  switch (verdict) {
    case AB_TIMELINE_BREAK:
      ret = begin_run (self, arrival->pts);
      break;
    case AB_TIMELINE_FILL:
      PLACER_DEBUG (self, "%" G_GUINT64_FORMAT " samples are missing", missing);
      ret = feed_silence (self, missing);
      break;
    case AB_TIMELINE_DROP:
      PLACER_DEBUG (self, "%" G_GUINT64_FORMAT " samples overlap", missing);
      break;
    case AB_TIMELINE_DUE:
      break;
  }
  if (ret == GST_FLOW_OK)
    return feed_in_time (self, arrival);
  lose_rest (self, arrival, 0);
  return ret;
}

/* Setting up, and what events do */

void
ab_placer_init (AbPlacer * self, AbStream * stream, GstPad * srcpad)
{
  self->stream = stream;
  self->srcpad = srcpad;
  ab_filter_settings_init (&self->settings);
  ab_metas_init (&self->metas);
  g_queue_init (&self->held);
}

void
ab_placer_clear (AbPlacer * self)
{
  ab_batch_discard (&self->batcher);
  ab_metas_clear (&self->metas);
  forget_events (self);
}

void
ab_placer_reset (AbPlacer * self)
{
  drop_open_batch (self);
  forget_events (self);
  ab_metas_clear (&self->metas);
  ab_size_restart (&self->stream->size);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  ab_timeline_reset (&self->timeline);
  self->discont = FALSE;
  self->skip = 0;
}

void
ab_placer_set_info (AbPlacer * self, const GstAudioInfo * info)
{
  ab_timeline_set_rate (&self->timeline, GST_AUDIO_INFO_RATE (info));
  self->info = *info;
  ab_batch_set_info (&self->batcher, info);
}

void
ab_placer_drain (AbPlacer * self)
{
  drain (self);
  release_events (self, g_queue_get_length (&self->held));
  /* a segment that has gone out without a sample is the one that counts now */
  if (self->timeline.begun && !self->timeline.entered) {
    if (!ab_timeline_can_enter (&self->timeline, &self->segment))
      ab_timeline_break (&self->timeline);
    ab_timeline_enter_segment (&self->timeline, &self->segment);
  }
}

void
ab_placer_break (AbPlacer * self)
{
  ab_timeline_break (&self->timeline);
}

gboolean
ab_placer_new_segment (AbPlacer * self, const GstSegment * segment,
    GstEvent * event)
{
  self->segment = *segment;
  if (!self->timeline.begun)
    return ab_placer_hold (self, event);
  ab_timeline_leave_segment (&self->timeline);
  g_queue_push_tail (&self->held, event);
  return TRUE;
}

gboolean
ab_placer_hold (AbPlacer * self, GstEvent * event)
{
  if (g_queue_is_empty (&self->held))
    return FALSE;
  /* what waits behind a segment that has begun waits no longer than that */
  if (self->releasable == g_queue_get_length (&self->held))
    self->releasable++;
  g_queue_push_tail (&self->held, event);
  return TRUE;
}

void
ab_placer_count_refused (AbPlacer * self, guint64 n_samples, gboolean sent)
{
  const AbSampleCount change = {
    .in = sent ? n_samples : 0,
    .inserted = sent ? 0 : n_samples,
    .dropped = n_samples,
    .pending = self->fresh,
  };

  ab_stream_count (self->stream, &change);
}
