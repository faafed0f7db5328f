/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of the samples: from chunks in their place in time to batches. */

#include "batch/placer.h"

#define REBATCHER_DEBUG(self, ...) \
    GST_CAT_DEBUG_OBJECT ((self)->stream->category, (self)->stream->element, \
        __VA_ARGS__)

/* Takes what may change between batches; @changed is set to whether windows
 * have another size or hop than before. */
static gboolean
update_window (Rebatcher * self, gboolean * changed)
{
  gboolean hop_changed = self->hop != self->settings.hop;
  gboolean resized;

  self->hop = self->settings.hop;
  if (!batch_stream_update (self->stream, &resized))
    return FALSE;
  *changed = hop_changed || resized;
  return TRUE;
}

static void
release_events (Rebatcher * self, guint n)
{
  for (; n > 0; n--) {
    GstEvent *event = g_queue_pop_head (&self->held);

    REBATCHER_DEBUG (self, "releasing %" GST_PTR_FORMAT, event);
    gst_pad_push_event (self->srcpad, event);
  }
  self->releasable = 0;
}

static void
forget_events (Rebatcher * self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_event_unref);
  self->releasable = 0;
}

static G_GNUC_NO_INLINE void
negotiate (Rebatcher * self)
{
  if (gst_pad_check_reconfigure (self->srcpad))
    batch_stream_negotiate (self->stream, self->srcpad);
}

static GstFlowReturn
acquire_batch (Rebatcher * self, BatchRoom * room, guint * capacity)
{
  if (G_UNLIKELY (GST_PAD_NEEDS_RECONFIGURE (self->srcpad)))
    negotiate (self);
  *capacity = batch_size_next (&self->stream->size);
  return batch_stream_acquire (self->stream, *capacity, room);
}

/* Begins the batch whose first sample is @start; @shared, if there are some,
 * are its first samples. A batch that has to be dropped is passed over. */
static GstFlowReturn
open_batch_at (Rebatcher * self, guint64 start, const SharedSamples * shared)
{
  GstFlowReturn ret;
  BatchRoom room;
  guint capacity;

  ret = acquire_batch (self, &room, &capacity);
  if (G_UNLIKELY (ret == BATCH_STREAM_FLOW_DROPPED)) {
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
  batcher_open (&self->batcher, &room, capacity);
  if (shared)
    batcher_restore (&self->batcher, shared);
  self->start = start;
  if (start >= self->timeline.clock.origin)
    self->clock = self->timeline.clock;
  self->fresh = 0;
  self->has_metas = FALSE;
  return GST_FLOW_OK;
}

static GstFlowReturn
open_batch (Rebatcher * self)
{
  gboolean changed;

  if (!update_window (self, &changed))
    return GST_FLOW_ERROR;
  return open_batch_at (self, self->timeline.position, NULL);
}

static G_GNUC_NO_INLINE void
stamp_metas (Rebatcher * self, GstBuffer * buffer, guint64 start,
    guint n_samples, guint rate, guint64 keep)
{
  batch_metas_stamp (&self->metas, buffer, start, n_samples, rate, keep);
}

/* Stamps and pushes @buffer, of @n_samples samples from @start on. Nothing that
 * comes after begins before @keep. */
static GstFlowReturn
push_batch (Rebatcher * self, GstBuffer * buffer,
    const SampleClock * clock, guint64 start, guint n_samples, guint64 keep)
{
  GstFlowReturn ret;

  sample_clock_stamp (clock, buffer, start, n_samples);
  if (G_UNLIKELY (self->metas.references.length > 0))
    stamp_metas (self, buffer, start, n_samples, clock->rate, keep);
  GST_CAT_LOG_OBJECT (self->stream->category, self->stream->element,
      "pushing %" GST_PTR_FORMAT, buffer);
  ret = gst_pad_push (self->srcpad, buffer);
  batch_stream_report (self->stream);
  return ret;
}

/* What waited for no more than the open batch, which has gone. */
static void
release_due_events (Rebatcher * self)
{
  if (G_UNLIKELY (self->releasable > 0)
      && (!batcher_is_open (&self->batcher)
          || self->start >= self->timeline.clock.origin))
    release_events (self, self->releasable);
}

static GstFlowReturn
push_open_batch (Rebatcher * self)
{
  guint n_samples = self->batcher.fill;
  guint64 end = self->start + n_samples;

  self->fresh = 0;
  self->has_metas = FALSE;
  return push_batch (self, batcher_close (&self->batcher), &self->clock,
      self->start, n_samples, end);
}

/* The same as push_and_slide() for when it may take a while until there is
 * memory for the next batch: the full one goes first. */
static GstFlowReturn
push_and_reopen (Rebatcher * self)
{
  guint64 start = self->start + self->hop;
  SharedSamples shared;
  GstFlowReturn ret;

  if (!batcher_save (&self->batcher, self->hop, &shared)) {
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
  shared_samples_clear (&shared);
  return ret;
}

/* Pushes the full batch, and begins the next one with the samples that the two
 * share. */
static GstFlowReturn
push_and_slide (Rebatcher * self)
{
  const SampleClock clock = self->clock;
  const guint64 start = self->start;
  const guint n_samples = self->batcher.fill;
  GstBuffer *full;
  BatchRoom next;
  guint capacity;

  if (acquire_batch (self, &next, &capacity) != GST_FLOW_OK) {
    push_open_batch (self);
    return GST_FLOW_ERROR;
  }
  full = batcher_slide (&self->batcher, self->hop, &next, capacity);
  self->start += self->hop;
  self->fresh = 0;
  self->has_metas = FALSE;
  if (self->start >= self->timeline.clock.origin)
    self->clock = self->timeline.clock;
  return push_batch (self, full, &clock, start, n_samples, self->start);
}

/* The open batch is full. */
static GstFlowReturn
complete_batch (Rebatcher * self)
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
  return self->stream->max_live > 0 ? push_and_reopen (self)
      : push_and_slide (self);
}

/* A batch has metas of a chunk only as long as all of it is of that chunk. */
static void
strip_metas (Rebatcher * self)
{
  if (G_UNLIKELY (self->has_metas)) {
    batch_metas_strip (self->batcher.room.buffer);
    self->has_metas = FALSE;
  }
}

/* @arrival has been copied up to sample @done of it. If all of the open batch
 * is of that chunk, so is what the chunk's metas say. */
static void
copy_metas (Rebatcher * self, const Arrival * arrival, guint done)
{
  guint fill = self->batcher.fill;
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);

  if (G_LIKELY (!arrival->chunk.has_metas) || done < fill
      || !batcher_is_open (&self->batcher))
    return;
  strip_metas (self);
  batch_metas_copy (self->batcher.room.buffer, arrival->buffer,
      (gsize) (done - fill) * bpf, (gsize) fill * bpf);
  self->has_metas = TRUE;
}

static void
count_added (Rebatcher * self, const Arrival * arrival, guint added,
    guint batch, guint dropped)
{
  const SampleCount change = {
    .in = arrival->buffer ? added : 0,
    .inserted = arrival->buffer ? 0 : added,
    .out = batch,
    .dropped = dropped,
    .batches = batch > 0,
    .pending = batch > 0 ? 0 : self->fresh,
  };

  batch_stream_count (self->stream, &change);
}

/* Passes over samples between two batches; returns how many. */
static guint
skip_samples (Rebatcher * self, const Arrival * arrival, guint n)
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
fill_batch (Rebatcher * self, const Arrival * arrival, guint * done)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint added;

  if (!batcher_is_open (&self->batcher)) {
    ret = open_batch (self);
    if (ret != GST_FLOW_OK || !batcher_is_open (&self->batcher))
      return ret;
  }
  added = batcher_add (&self->batcher, &arrival->chunk, *done);
  *done += added;
  self->timeline.position += added;
  self->fresh += added;
  if (!batcher_is_full (&self->batcher)) {
    if (G_LIKELY (arrival->buffer))
      batch_stream_count_pending (self->stream, added, self->fresh);
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
  } while (batcher_is_open (&self->batcher)
      && batcher_is_full (&self->batcher) && ret == GST_FLOW_OK);
  return ret;
}

/* Downstream has refused a batch: what comes next does not follow on what it
 * has, and begins at a time of its own. Samples of @arrival from @done on are
 * lost. */
static void
lose_rest (Rebatcher * self, const Arrival * arrival, guint done)
{
  guint lost = arrival->chunk.n_samples - done;

  timeline_break (&self->timeline);
  count_added (self, arrival, lost, 0, lost);
}

/* Copies the samples of @arrival from @done on into batches and pushes those
 * that get full. */
static GstFlowReturn
feed (Rebatcher * self, const Arrival * arrival, guint done)
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
feed_silence (Rebatcher * self, guint64 n_samples)
{
  GstFlowReturn ret = GST_FLOW_OK;
  Arrival silence = { 0 };

  while (n_samples > 0 && ret == GST_FLOW_OK) {
    chunk_silence (&silence.chunk, MIN (n_samples, G_MAXINT));
    ret = feed (self, &silence, 0);
    n_samples -= silence.chunk.n_samples;
  }
  return ret;
}

static void
drop_open_batch (Rebatcher * self)
{
  const SampleCount change = {.dropped = self->fresh };

  if (batcher_is_open (&self->batcher)
      && GST_BUFFER_IS_DISCONT (self->batcher.room.buffer))
    self->discont = TRUE;
  batcher_discard (&self->batcher);
  batch_stream_count (self->stream, &change);
  self->fresh = 0;
  self->has_metas = FALSE;
}

/* What is pending leaves as a tail. */
static GstFlowReturn
drain (Rebatcher * self)
{
  SampleCount change = {.batches = 1 };

  self->skip = 0;
  if (!batcher_is_open (&self->batcher))
    return GST_FLOW_OK;
  batch_size_restart (&self->stream->size);
  if (self->fresh == 0 || self->settings.tail == GST_AUDIO_BATCH_TAIL_DROP) {
    drop_open_batch (self);
    return GST_FLOW_OK;
  }
  if (self->settings.tail == GST_AUDIO_BATCH_TAIL_PAD) {
    strip_metas (self);
    change.inserted = batcher_pad (&self->batcher);
  }
  change.out = self->batcher.fill;
  batch_stream_count (self->stream, &change);
  return push_open_batch (self);
}

/* What is held goes out when the open batch has gone. */
static void
let_events_go (Rebatcher * self)
{
  self->releasable = g_queue_get_length (&self->held);
  if (!batcher_is_open (&self->batcher))
    release_events (self, self->releasable);
}

/* Begins a new run of samples without a break at @pts. */
static GstFlowReturn
begin_run (Rebatcher * self, GstClockTime pts)
{
  GstFlowReturn ret = drain (self);

  timeline_begin (&self->timeline, GST_AUDIO_INFO_RATE (&self->info),
      &self->segment, pts);
  REBATCHER_DEBUG (self, "a run begins: sample %" G_GUINT64_FORMAT " is at %"
      GST_TIME_FORMAT, self->timeline.position,
      GST_TIME_ARGS (self->timeline.clock.base));
  batch_size_restart (&self->stream->size);
  self->discont = TRUE;
  let_events_go (self);
  return ret;
}

/* Samples that overlap with earlier ones; returns how many of the chunk. */
static guint
drop_overlap (Rebatcher * self, const Arrival * arrival)
{
  guint n = MIN (self->timeline.owed, arrival->chunk.n_samples);

  self->timeline.owed -= n;
  count_added (self, arrival, n, 0, n);
  return n;
}

static GstFlowReturn
feed_in_time (Rebatcher * self, Arrival * arrival)
{
  guint done = 0;

  if (G_UNLIKELY (!self->timeline.entered)) {
    timeline_enter_segment (&self->timeline, &self->segment);
    let_events_go (self);
  }
  if (G_UNLIKELY (self->timeline.owed > 0))
    done = drop_overlap (self, arrival);
  if (done == arrival->chunk.n_samples)
    return GST_FLOW_OK;
  if (G_UNLIKELY (arrival->chunk.has_metas) && !arrival->chunk.reversed) {
    gint64 position = self->timeline.position;

    batch_metas_note (&self->metas, arrival->buffer,
        position - done - arrival->cut,
        position + arrival->chunk.n_samples - done);
  }
  return feed (self, arrival, done);
}

GstFlowReturn
rebatcher_place (Rebatcher * self, Arrival * arrival)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint64 missing = 0;
  TimelineVerdict verdict = timeline_judge (&self->timeline,
      &self->settings.policy, &self->segment, arrival->pts, arrival->flagged,
      &missing);

  if (G_LIKELY (verdict == TIMELINE_DUE))
    return feed_in_time (self, arrival);
  switch (verdict) {
    case TIMELINE_BREAK:
      ret = begin_run (self, arrival->pts);
      break;
    case TIMELINE_FILL:
      REBATCHER_DEBUG (self, "%" G_GUINT64_FORMAT " samples are missing",
          missing);
      ret = feed_silence (self, missing);
      break;
    case TIMELINE_DROP:
      REBATCHER_DEBUG (self, "%" G_GUINT64_FORMAT " samples overlap", missing);
      break;
    case TIMELINE_DUE:
      break;
  }
  if (ret == GST_FLOW_OK)
    return feed_in_time (self, arrival);
  lose_rest (self, arrival, 0);
  return ret;
}

/* Setting up, and what events do */

void
rebatcher_init (Rebatcher * self, BatchStream * stream, GstPad * srcpad)
{
  self->stream = stream;
  self->srcpad = srcpad;
  filter_settings_init (&self->settings);
  batch_metas_init (&self->metas);
  g_queue_init (&self->held);
}

void
rebatcher_clear (Rebatcher * self)
{
  batcher_discard (&self->batcher);
  batch_metas_clear (&self->metas);
  forget_events (self);
}

void
rebatcher_reset (Rebatcher * self)
{
  drop_open_batch (self);
  forget_events (self);
  batch_metas_clear (&self->metas);
  batch_size_restart (&self->stream->size);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  timeline_reset (&self->timeline);
  self->discont = FALSE;
  self->skip = 0;
}

void
rebatcher_set_info (Rebatcher * self, const GstAudioInfo * info)
{
  timeline_set_rate (&self->timeline, GST_AUDIO_INFO_RATE (info));
  self->info = *info;
  batcher_set_info (&self->batcher, info);
}

void
rebatcher_drain (Rebatcher * self)
{
  drain (self);
  release_events (self, g_queue_get_length (&self->held));
  /* a segment that has gone out without a sample is the one that counts now */
  if (self->timeline.begun && !self->timeline.entered) {
    if (!timeline_can_enter (&self->timeline, &self->segment))
      timeline_break (&self->timeline);
    timeline_enter_segment (&self->timeline, &self->segment);
  }
}

void
rebatcher_break (Rebatcher * self)
{
  timeline_break (&self->timeline);
}

gboolean
rebatcher_new_segment (Rebatcher * self, const GstSegment * segment,
    GstEvent * event)
{
  self->segment = *segment;
  if (!self->timeline.begun)
    return rebatcher_hold (self, event);
  timeline_leave_segment (&self->timeline);
  g_queue_push_tail (&self->held, event);
  return TRUE;
}

gboolean
rebatcher_hold (Rebatcher * self, GstEvent * event)
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
rebatcher_count_refused (Rebatcher * self, guint64 n_samples, gboolean sent)
{
  const SampleCount change = {
    .in = sent ? n_samples : 0,
    .inserted = sent ? 0 : n_samples,
    .dropped = n_samples,
    .pending = self->fresh,
  };

  batch_stream_count (self->stream, &change);
}
