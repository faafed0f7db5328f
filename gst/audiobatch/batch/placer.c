/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places chunks in time and puts their samples into batches. */

#include "batch/placer.h"

#define PLACER_DEBUG(self, ...) \
    GST_CAT_DEBUG_OBJECT ((self)->stream->category, (self)->stream->element, \
        __VA_ARGS__)

/* Samples of silence, after which a long fill looks whether it must end. */
#define LONGEST_SILENCE 65536

/* Takes the settings that may change between batches. Sets @changed if the size
 * or the hop is a new one. */
static inline gboolean
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

/* Returns the samples of the next batch. */
static guint
next_size (AbPlacer * self)
{
  if (G_UNLIKELY (GST_PAD_NEEDS_RECONFIGURE (self->srcpad)))
    negotiate (self);
  return ab_size_next (&self->stream->size);
}

static GstFlowReturn
acquire_batch (AbPlacer * self, AbRoom * room, guint * capacity)
{
  *capacity = next_size (self);
  return ab_supply_acquire (&self->stream->supply, *capacity, room);
}

/* The clock of a batch that begins with sample @start. Batches that overlap may
 * begin before the origin of the latest clock. */
static const AbClock *
clock_at (AbPlacer * self, guint64 start)
{
  const AbClock *clock;

  if (G_LIKELY (start >= self->timeline.clock.origin))
    return &self->timeline.clock;
  clock = ab_events_clock_at (&self->events, start);
  return clock ? clock : &self->batch.clock;
}

/* Downstream holds too many batches: the next one, of @n samples, is dropped.
 * Later calls skip its samples, of which the first @n_shared came before. */
static void
skip_batch (AbPlacer * self, guint n, guint n_shared)
{
  self->skip = MAX (n, self->hop) - n_shared;
  self->batch.discont = TRUE;
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
    skip_batch (self, capacity, shared ? shared->chunk.n_samples : 0);
    return GST_FLOW_OK;
  }
  if (G_UNLIKELY (ret != GST_FLOW_OK))
    return ret;
  ab_batch_open (&self->batch, &room, capacity, start, clock_at (self, start));
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
      GST_BUFFER_OFFSET_END (buffer) - start, rate);
  ab_metas_forget (&self->metas, keep);
}

/* Pushes @buffer, which has @rate samples a second. No later batch begins
 * before sample @keep. */
static GstFlowReturn
push_buffer (AbPlacer * self, GstBuffer * buffer, guint rate, guint64 keep)
{
  GstFlowReturn ret;

  if (G_UNLIKELY (self->metas.first != NULL))
    stamp_metas (self, buffer, rate, keep);
  GST_CAT_LOG_OBJECT (self->stream->category, self->stream->element,
      "pushing %" GST_PTR_FORMAT, buffer);
  ret = gst_pad_push (self->srcpad, buffer);
  ab_stream_report (self->stream);
  return ret;
}

/* Pushes the events that need not wait any longer. */
static void
release_due_events (AbPlacer * self)
{
  if (G_UNLIKELY (self->events.any)) {
    ab_events_release (&self->events, self->srcpad,
        self->timeline.position - self->batch.fresh,
        ab_batch_is_open (&self->batch) ? self->batch.start : G_MAXUINT64);
  }
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
  if (ret >= GST_FLOW_OK)
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
      clock_at (self, self->batch.start + self->hop));
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
  AbSampleCount change = {
    .in = arrival->kind == AB_ARRIVAL_CHUNK ? added : 0,
    .inserted = arrival->kind == AB_ARRIVAL_SILENCE ? added : 0,
    .out = batch,
    .dropped = dropped,
    .batches = batch > 0,
  };

  if (arrival->kind == AB_ARRIVAL_HELD)
    self->n_held -= added;
  change.pending = self->n_held + (batch > 0 ? 0 : self->batch.fresh);
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
    if (G_LIKELY (arrival->kind == AB_ARRIVAL_CHUNK))
      ab_stream_count_pending (self->stream, added, self->batch.fresh);
    else
      count_added (self, arrival, added, 0, 0);
    return GST_FLOW_OK;
  }
  do {
    copy_metas (self, arrival, *done);
    if (G_LIKELY (arrival->kind == AB_ARRIVAL_CHUNK))
      ab_stream_count_batch (self->stream, added, self->batch.fill);
    else
      count_added (self, arrival, added, self->batch.fill, 0);
    added = 0;
    ret = complete_batch (self);
    release_due_events (self);
  } while (ab_batch_is_open (&self->batch)
      && ab_batch_is_full (&self->batch) && ret >= GST_FLOW_OK);
  return ret;
}

/* Counts the samples of @arrival from @done on as dropped after an error. If
 * upstream keeps pushing, the next chunk starts a new run. */
static void
lose_rest (AbPlacer * self, const AbArrival * arrival, guint done)
{
  guint lost = arrival->chunk.n_samples - done;

  ab_timeline_break (&self->timeline);
  ab_metas_lose (&self->metas, self->timeline.position);
  count_added (self, arrival, lost, 0, lost);
}

/* Has the chunk what a batch has, and nothing else, and do we alone own it? */
static gboolean
is_like_a_batch (AbPlacer * self, const AbArrival * arrival)
{
  GstMemory *memory;

  if (arrival->kind != AB_ARRIVAL_CHUNK || arrival->chunk.reversed
      || arrival->chunk.has_metas)
    return FALSE;
  memory = ab_chunk_memory (&arrival->chunk);
  return memory && ab_batch_owns (arrival->buffer, memory)
      && ab_batch_is_described (arrival->buffer, &self->stream->info,
      arrival->chunk.n_samples);
}

/* Makes the chunk the next batch, if it can be. On AB_FLOW_UNFIT it can't;
 * other values are those of ab_supply_adopt(). */
static GstFlowReturn
take_chunk (AbPlacer * self, const AbArrival * arrival)
{
  guint n = arrival->chunk.n_samples;
  GstFlowReturn ret = AB_FLOW_UNFIT;
  gboolean changed;

  if (ab_batch_is_open (&self->batch) || self->skip > 0
      || !is_like_a_batch (self, arrival))
    return AB_FLOW_UNFIT;
  if (!update_window (self, &changed))
    return GST_FLOW_ERROR;
  if (next_size (self) == n && (self->hop == 0 || self->hop == n))
    ret = ab_supply_adopt (&self->stream->supply, arrival->buffer,
        ab_chunk_memory (&arrival->chunk), n);
  if (ret == AB_FLOW_UNFIT)
    ab_size_undo (&self->stream->size);
  return ret;
}

/* With zero-copy: pushes the chunk itself as the next batch, if it can be one.
 * Then arrival->buffer is NULL. */
static G_GNUC_NO_INLINE GstFlowReturn
push_chunk (AbPlacer * self, AbArrival * arrival)
{
  guint64 start = self->timeline.position;
  const AbClock *clock = &self->timeline.clock;
  guint n = arrival->chunk.n_samples;
  GstFlowReturn ret = take_chunk (self, arrival);

  if (ret == AB_FLOW_DROPPED)
    skip_batch (self, n, 0);
  if (ret == AB_FLOW_DROPPED || ret == AB_FLOW_UNFIT)
    return GST_FLOW_OK;
  if (ret != GST_FLOW_OK) {
    lose_rest (self, arrival, 0);
    return ret;
  }
  ab_batch_adopt (&self->batch, arrival->buffer, n, arrival->chunk.silent,
      start, clock);
  self->timeline.position += n;
  ab_stream_count_batch (self->stream, n, n);
  ret = push_buffer (self, g_steal_pointer (&arrival->buffer), clock->rate,
      start + n);
  release_due_events (self);
  if (ret < GST_FLOW_OK)
    lose_rest (self, arrival, n);
  return ret;
}

/* Copies the samples of @arrival from @done on into batches and pushes each
 * full batch. */
static GstFlowReturn
feed (AbPlacer * self, const AbArrival * arrival, guint done)
{
  GstFlowReturn ret = GST_FLOW_OK;

  ab_batch_strip_metas (&self->batch);
  while (done < arrival->chunk.n_samples && ret >= GST_FLOW_OK) {
    if (G_UNLIKELY (self->skip > 0))
      done += skip_samples (self, arrival, arrival->chunk.n_samples - done);
    else
      ret = fill_batch (self, arrival, &done);
  }
  if (G_UNLIKELY (ret < GST_FLOW_OK))
    lose_rest (self, arrival, done);
  copy_metas (self, arrival, done);
  return ret;
}

static GstFlowReturn
feed_silence (AbPlacer * self, guint64 n_samples)
{
  GstFlowReturn ret = GST_FLOW_OK;
  AbArrival silence = {.kind = AB_ARRIVAL_SILENCE };

  while (n_samples > 0 && ret >= GST_FLOW_OK) {
    ab_chunk_silence (&silence.chunk, MIN (n_samples, LONGEST_SILENCE));
    ret = feed (self, &silence, 0);
    n_samples -= silence.chunk.n_samples;
    /* no push reports that the sink pad was deactivated */
    if (ret >= GST_FLOW_OK && ab_stream_is_shut (self->stream))
      ret = GST_FLOW_FLUSHING;
  }
  return ret;
}

static void
drop_batch (AbPlacer * self)
{
  const AbSampleCount change = {
    .dropped = ab_batch_discard (&self->batch),
    .pending = self->n_held,
  };

  ab_stream_count (self->stream, &change);
}

/* Ends the open batch as the tail setting says: shortened, padded or
 * dropped. */
static GstFlowReturn
drain (AbPlacer * self)
{
  AbSampleCount change = {.batches = 1,.pending = self->n_held };

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

/* The samples of the segment, or of the stream, that comes next begin here. */
static void
let_events_go (AbPlacer * self)
{
  ab_events_settle (&self->events, AB_EVENTS_NEXT_CHUNK,
      self->timeline.position, &self->timeline.clock);
  release_due_events (self);
}

/* Ends the current run and begins a new one at @pts. */
static GstFlowReturn
begin_run (AbPlacer * self, GstClockTime pts)
{
  GstFlowReturn ret = drain (self);

  if (self->timeline.begun) {
    ab_stream_count_one (self->stream, AB_COUNTER_BREAKS);
    ab_told_reset (&self->told);
  }
  ab_timeline_begin (&self->timeline,
      GST_AUDIO_INFO_RATE (&self->stream->info), self->segment, pts);
  PLACER_DEBUG (self, "a run begins: sample %" G_GUINT64_FORMAT " is at %"
      GST_TIME_FORMAT, self->timeline.position,
      GST_TIME_ARGS (self->timeline.clock.base));
  ab_size_restart (&self->stream->size);
  self->batch.discont = TRUE;
  self->warned = FALSE;
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

/* Silence takes the place of @n samples that would have been dropped. */
static void
drop_silence (AbPlacer * self, guint64 n)
{
  const AbSampleCount change = {
    .inserted = n,
    .dropped = n,
    .pending = self->batch.fresh,
  };

  self->timeline.owed -= n;
  ab_stream_count (self->stream, &change);
}

static void
enter_segment (AbPlacer * self)
{
  ab_timeline_enter_segment (&self->timeline, self->segment);
  let_events_go (self);
}

/* Remembers what batches may need of the chunk, whose first @done samples are
 * dropped. */
static G_GNUC_NO_INLINE void
note_chunk (AbPlacer * self, const AbArrival * arrival, guint done)
{
  guint64 position = self->timeline.position;
  guint64 end = position + arrival->chunk.n_samples - done;
  guint missing = done + arrival->cut;
  guint flags = arrival->flags & AB_CHUNK_FLAGS;

  /* Nothing may have been pushed for long. */
  ab_metas_forget (&self->metas,
      ab_batch_is_open (&self->batch) ? self->batch.start : position);
  /* a part of a chunk does not have what is said of the whole */
  if (missing > 0)
    flags &= GST_BUFFER_FLAG_CORRUPTED | GST_BUFFER_FLAG_DECODE_ONLY;
  if (flags != 0)
    ab_metas_note_flags (&self->metas, flags, position, end);
  if (arrival->chunk.has_metas && !arrival->chunk.reversed)
    ab_metas_note (&self->metas, arrival->buffer, position - missing, end);
}

static gdouble
seconds (GstClockTime time)
{
  return (gdouble) time / GST_SECOND;
}

/* Tells, once a run, of a jump to @time: that samples are dropped, or that it is
 * not bridged. */
static void
warn (AbPlacer * self, GstClockTime time, gboolean dropped)
{
  GstElement *element = self->stream->element;
  gdouble due = seconds (ab_clock_time (&self->timeline.clock,
          self->timeline.position));

  if (self->warned)
    return;
  self->warned = TRUE;
  if (dropped) {
    GST_CAT_WARNING_OBJECT (self->stream->category, element, "Samples that "
        "overlap are dropped: %.9f s was due, and a chunk is at %.9f s.",
        due, seconds (time));
  } else {
    GST_CAT_WARNING_OBJECT (self->stream->category, element, "A jump is longer "
        "than max-fill: %.9f s was due, and the samples go on at %.9f s.",
        due, seconds (time));
  }
}

/* Keeps the chunk until the next one tells whether its time is right. */
static GstFlowReturn
hold_chunk (AbPlacer * self, const AbArrival * arrival)
{
  const AbHeldChunk held = {
    .buffer = gst_buffer_ref (arrival->buffer),
    .n_samples = arrival->chunk.n_samples,
    .cut = arrival->cut,
    .pts = arrival->pts,
    .flags = arrival->flags,
    .reversed = arrival->chunk.reversed,
  };
  const AbSampleCount change = {
    .in = held.n_samples,
    .pending = self->batch.fresh + held.n_samples,
  };

  PLACER_DEBUG (self, "held: a chunk that jumps to %" GST_TIME_FORMAT,
      GST_TIME_ARGS (held.pts));
  self->held = held;
  self->n_held = held.n_samples;
  self->unsettled = TRUE;
  ab_stream_count (self->stream, &change);
  return GST_FLOW_OK;
}

static G_GNUC_NO_INLINE GstFlowReturn
act (AbPlacer * self, const AbArrival * arrival, AbVerdict verdict,
    guint64 missing)
{
  switch (verdict) {
    case AB_TIMELINE_BREAK:
      if (missing > 0)
        warn (self, arrival->pts, FALSE);
      return begin_run (self, arrival->pts);
    case AB_TIMELINE_FILL:
      PLACER_DEBUG (self, "%" G_GUINT64_FORMAT " samples are missing", missing);
      ab_stream_count_one (self->stream, AB_COUNTER_FILLS);
      return feed_silence (self, missing);
    case AB_TIMELINE_DROP:
      PLACER_DEBUG (self, "%" G_GUINT64_FORMAT " samples overlap", missing);
      warn (self, arrival->pts, TRUE);
      ab_stream_count_one (self->stream, AB_COUNTER_DROPS);
      break;
    case AB_TIMELINE_DUE:
    case AB_TIMELINE_DOUBT:
      break;
  }
  return GST_FLOW_OK;
}

/* Maps the chunk. On FALSE an error has been posted, and the samples from @done
 * on are lost. */
static gboolean
map_chunk (AbPlacer * self, AbArrival * arrival, guint done)
{
  g_autoptr (GError) error = NULL;

  if (G_LIKELY (ab_chunk_map (&arrival->chunk, &self->stream->info,
              &self->planar, &error)))
    return TRUE;
  ab_stream_post_error (self->stream, error);
  lose_rest (self, arrival, done);
  return FALSE;
}

/* Places the held chunk: at its own time if that is @real, else as due. */
static GstFlowReturn
place_held (AbPlacer * self, gboolean real)
{
  const AbHeldChunk held = self->held;
  GstFlowReturn ret;
  AbArrival arrival = {
    .kind = AB_ARRIVAL_HELD,
    .buffer = held.buffer,
    .cut = held.cut,
    .flags = held.flags | (real ? GST_BUFFER_FLAG_DISCONT : 0),
    .pts = real ? held.pts : GST_CLOCK_TIME_NONE,
  };

  self->held.buffer = NULL;
  /* it was measured before, so this does not fail */
  ab_chunk_measure (&arrival.chunk, held.buffer, &self->stream->info, NULL);
  arrival.chunk.reversed = held.reversed;
  arrival.chunk.has_metas = ab_metas_any (held.buffer);
  ret = ab_placer_place (self, &arrival);
  gst_buffer_unref (held.buffer);
  ab_events_settle (&self->events, AB_EVENTS_HELD_CHUNK,
      self->timeline.position, NULL);
  release_due_events (self);
  return ret;
}

/* Does a chunk at @pts confirm the time of the held one? Not if it comes where
 * the run would go on without a jump. */
static gboolean
confirms (AbPlacer * self, GstClockTime pts)
{
  const AbTimelinePolicy *policy = &self->settings.policy;
  GstClockTime end = ab_time_offset (self->held.pts,
      gst_util_uint64_scale_int (self->held.n_samples, GST_SECOND,
          GST_AUDIO_INFO_RATE (&self->stream->info)));

  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return FALSE;
  return ab_timeline_agrees (&self->timeline, policy, pts, end)
      || !ab_timeline_fits (&self->timeline, policy, self->segment, pts,
      self->held.n_samples);
}

/* This chunk shows whether the time of the held one is right. It also shows that
 * GAP events do not mean the end of the track. If the held chunk can't be pushed,
 * this one is lost too. */
static G_GNUC_NO_INLINE GstFlowReturn
settle (AbPlacer * self, const AbArrival * arrival)
{
  GstFlowReturn ret = GST_FLOW_OK;

  self->unsettled = FALSE;
  ab_told_chunk (&self->told);
  if (self->held.buffer)
    ret = place_held (self, confirms (self, arrival->pts));
  if (ret < GST_FLOW_OK)
    lose_rest (self, arrival, 0);
  return ret;
}

GstFlowReturn
ab_placer_place (AbPlacer * self, AbArrival * arrival)
{
  GstFlowReturn ret;
  guint64 missing = 0;
  guint done = 0;
  AbVerdict verdict;

  if (G_UNLIKELY (self->unsettled)) {
    ret = settle (self, arrival);
    if (ret < GST_FLOW_OK)
      return ret;
  }
  verdict = ab_timeline_judge (&self->timeline,
      &self->settings.policy, self->segment, arrival->pts,
      arrival->flags & AB_BREAK_FLAGS, &missing);
  if (G_UNLIKELY (verdict != AB_TIMELINE_DUE)) {
    if (verdict == AB_TIMELINE_DOUBT)
      return hold_chunk (self, arrival);
    ret = act (self, arrival, verdict, missing);
    if (ret < GST_FLOW_OK) {
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
  if (G_UNLIKELY (arrival->chunk.has_metas
          || (arrival->flags & AB_CHUNK_FLAGS)))
    note_chunk (self, arrival, done);
  if (G_UNLIKELY (self->settings.zero_copy) && done == 0) {
    ret = push_chunk (self, arrival);
    if (ret < GST_FLOW_OK || arrival->buffer == NULL)
      return ret;
  }
  if (!map_chunk (self, arrival, done))
    return GST_FLOW_ERROR;
  ret = feed (self, arrival, done);
  ab_chunk_unmap (&arrival->chunk);
  return ret;
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
  ab_events_init (&self->events);
  ab_told_reset (&self->told);
}

void
ab_placer_clear (AbPlacer * self)
{
  ab_batch_discard (&self->batch);
  gst_clear_buffer (&self->held.buffer);
  g_clear_pointer (&self->planar, g_free);
  ab_metas_clear (&self->metas);
  ab_events_clear (&self->events);
}

void
ab_placer_reset (AbPlacer * self)
{
  const AbSampleCount change = {.dropped = self->n_held };

  self->n_held = 0;
  gst_clear_buffer (&self->held.buffer);
  ab_stream_count (self->stream, &change);
  drop_batch (self);
  ab_events_flush (&self->events, self->srcpad);
  ab_metas_clear (&self->metas);
  ab_size_restart (&self->stream->size);
  ab_timeline_reset (&self->timeline);
  ab_told_reset (&self->told);
  self->batch.discont = FALSE;
  self->skip = 0;
  self->unsettled = FALSE;
  self->warned = FALSE;
}

void
ab_placer_set_info (AbPlacer * self)
{
  const GstAudioInfo *info = &self->stream->info;

  ab_timeline_set_rate (&self->timeline, GST_AUDIO_INFO_RATE (info));
  ab_batch_set_info (&self->batch, info);
}

/* Pushes all waiting events. */
static void
pass_events (AbPlacer * self)
{
  ab_events_release_all (&self->events, self->srcpad);
  /* The new segment event has been pushed, though no sample of its segment has
   * come: enter that segment now. */
  if (self->timeline.begun && !self->timeline.entered) {
    if (!ab_timeline_can_enter (&self->timeline, self->segment))
      ab_timeline_break (&self->timeline);
    ab_timeline_enter_segment (&self->timeline, self->segment);
  }
}

void
ab_placer_drain (AbPlacer * self)
{
  drain (self);
  pass_events (self);
}

void
ab_placer_settle (AbPlacer * self)
{
  if (self->held.buffer == NULL)
    return;
  ab_stream_take_settings (self->stream);
  place_held (self, FALSE);
}

void
ab_placer_break (AbPlacer * self)
{
  ab_timeline_break (&self->timeline);
  ab_told_reset (&self->told);
}

gboolean
ab_placer_change (AbPlacer * self, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    ab_timeline_join_stream (&self->timeline);
  else if (self->timeline.begun)
    ab_timeline_leave_segment (&self->timeline);
  if (!self->events.any && !self->timeline.running)
    return FALSE;
  ab_events_push (&self->events, event, AB_EVENTS_NEXT_CHUNK);
  return TRUE;
}

gboolean
ab_placer_hold (AbPlacer * self, GstEvent * event)
{
  if (!self->events.any && self->batch.fresh + self->n_held == 0)
    return FALSE;
  ab_events_push (&self->events, event, self->held.buffer
      ? AB_EVENTS_HELD_CHUNK : self->timeline.position);
  return TRUE;
}

gboolean
ab_placer_hold_gap (AbPlacer * self, GstEvent * event, GstClockTime start,
    GstClockTime end)
{
  guint64 told = ab_told_add (&self->told,
      ab_running_time (self->segment, start),
      ab_running_time (self->segment, end));

  self->unsettled = TRUE;
  /* a sink prerolls on it: it does not wait for a chunk behind a new segment */
  if (!ab_batch_is_open (&self->batch))
    pass_events (self);
  if (!ab_placer_hold (self, event))
    return FALSE;
  if (told >= self->settings.policy.discont_wait)
    ab_placer_drain (self);
  return TRUE;
}

gboolean
ab_placer_misses (AbPlacer * self, GstClockTime start, GstClockTime end,
    guint64 * n_samples)
{
  return ab_timeline_misses (&self->timeline, self->segment, start, end,
      n_samples);
}

gboolean
ab_placer_fill (AbPlacer * self, guint64 n_samples, GstClockTime end)
{
  const AbTimelinePolicy *policy = &self->settings.policy;
  guint64 n_owed;

  if (!policy->fill)
    return FALSE;
  if (ab_timeline_exceeds (policy, n_samples, self->timeline.clock.rate)) {
    warn (self, end, FALSE);
    return FALSE;
  }
  ab_stream_count_one (self->stream, AB_COUNTER_FILLS);
  if (!self->timeline.entered)
    enter_segment (self);
  n_owed = MIN (self->timeline.owed, n_samples);
  drop_silence (self, n_owed);
  feed_silence (self, n_samples - n_owed);
  return TRUE;
}

void
ab_placer_count_refused (AbPlacer * self, guint64 n_samples)
{
  const AbSampleCount change = {
    .in = n_samples,
    .dropped = n_samples,
    .pending = self->batch.fresh + self->n_held,
  };

  ab_stream_count (self->stream, &change);
}
