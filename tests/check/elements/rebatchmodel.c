/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies the rules of docs/elements.md to one sample at a time. */

#include "rebatchmodel.h"

#include <math.h>

#include "../batchcheck.h"

static const guint64 default_settings[N_SETTINGS] = {
  [SET_SAMPLES] = DEFAULT_BATCH,
  [SET_THRESHOLD] = 40 * GST_MSECOND,
  [SET_WAIT] = GST_SECOND,
};

Item *
item_new (guint operation)
{
  Item *self = g_new0 (Item, 1);

  self->operation = operation;
  return self;
}

void
item_free (Item * self)
{
  g_clear_pointer (&self->event, gst_event_unref);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_free (self);
}

Model *
model_new (void)
{
  Model *self = g_new0 (Model, 1);

  memcpy (self->settings, default_settings, sizeof default_settings);
  self->fraction_d = 1;
  self->samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  self->waiting =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_event_unref);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  return self;
}

void
model_free (Model * self)
{
  g_array_unref (self->samples);
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->items);
  g_free (self);
}

static GstEvent *
caps_event (const Operation * operation)
{
  GstCaps *caps = gst_audio_info_to_caps (&operation->info);
  GstEvent *event;

  if (operation->note)
    gst_caps_set_simple (caps, "note", G_TYPE_INT, operation->note, NULL);
  event = gst_event_new_caps (caps);
  gst_caps_unref (caps);
  return event;
}

static GstEvent *
new_event (const Operation * operation)
{
  switch (operation->kind) {
    case OP_STREAM_START:
      return gst_event_new_stream_start ("model");
    case OP_GAP:
      return gst_event_new_gap (operation->time, operation->duration);
    case OP_FLUSH:
    case OP_SEGMENT:
      return gst_event_new_segment (&operation->segment);
    case OP_CAPS:
      return caps_event (operation);
    case OP_CUSTOM:
      return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new ("numbered", "number", G_TYPE_UINT, operation->id,
              NULL));
    case OP_SEGMENT_DONE:
      return gst_event_new_segment_done (GST_FORMAT_TIME, operation->time);
    default:
      return gst_event_new_eos ();
  }
}

GstEvent *
operation_event (const Operation * operation)
{
  GstEvent *event = new_event (operation);

  gst_event_set_seqnum (event, operation->id);
  return event;
}

static void
write_value (const GstAudioInfo * info, const Sample * sample, guint channel,
    guint8 * to)
{
  guint width = info->finfo->width / 8;
  guint i;

  if (sample->number < 0) {
    gst_audio_format_info_fill_silence (info->finfo, to, width);
    return;
  }
  for (i = 0; i < width; i++)
    to[i] = ramp_byte (sample->number * 64 + channel, i);
}

GBytes *
samples_to_bytes (const GstAudioInfo * info, const Sample * samples,
    guint n_samples)
{
  guint width = info->finfo->width / 8;
  guint8 *data = g_malloc (MAX ((gsize) n_samples * info->bpf, 1));
  gint channel;
  guint i;

  for (i = 0; i < n_samples; i++) {
    for (channel = 0; channel < info->channels; channel++) {
      gsize at = info_is_planar (info) ? (gsize) channel * n_samples + i
          : (gsize) i * info->channels + channel;

      write_value (info, &samples[i], channel, data + at * width);
    }
  }
  return g_bytes_new_take (data, (gsize) n_samples * info->bpf);
}

/* Samples and time */

static guint64
n_positions (const Model * self)
{
  return self->samples->len;
}

static GstClockTime
to_time (const Model * self, guint64 n_samples)
{
  return gst_util_uint64_scale (n_samples, GST_SECOND, self->info.rate);
}

static GstClockTime
time_of (const Model * self, const Timeline * timeline, guint64 position)
{
  g_assert (position >= timeline->position);
  return timeline->base + to_time (self, position - timeline->position);
}

static GstClockTime
expected_time (const Model * self)
{
  return time_of (self, &self->in, n_positions (self));
}

static gint64
running_time (const GstSegment * segment, GstClockTime time)
{
  guint64 running;
  gint sign = gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, time,
      &running);

  return sign * (gint64) running;
}

gint64
model_running_time (const Model * self)
{
  return running_time (&self->in.segment, expected_time (self));
}

/* Returns the time in @segment at a running time, but not before its start. */
static GstClockTime
time_at_running_time (const GstSegment * segment, gint64 running)
{
  guint64 time;
  gint sign;

  if (running < 0)
    return segment->start;
  sign = gst_segment_position_from_running_time_full (segment, GST_FORMAT_TIME,
      running, &time);
  return sign > 0 ? MAX (time, segment->start) : segment->start;
}

static GstClockTime
mirror (const GstSegment * segment, GstClockTime time)
{
  return segment->start + segment->stop - CLAMP (time, segment->start,
      segment->stop);
}

static gboolean
is_reverse (const Model * self)
{
  return self->upstream_segment.rate < 0;
}

/* Returns the expected time in the last segment from upstream. */
static GstClockTime
expected_time_in_segment (const Model * self)
{
  if (!self->in_run)
    return self->segment.start;
  if (!self->segment_is_new)
    return expected_time (self);
  return time_at_running_time (&self->segment, model_running_time (self));
}

GstClockTime
model_due (const Model * self, guint n_samples)
{
  const GstSegment *segment = &self->upstream_segment;
  gint64 time = expected_time_in_segment (self)
      - to_time (self, self->overlap);

  if (is_reverse (self))
    time = segment->start + segment->stop - time - to_time (self, n_samples);
  return MAX (time, 0);
}

static void
set_timeline (Model * self, GstClockTime base)
{
  self->in.segment = self->segment;
  self->in.base = base;
  self->in.position = n_positions (self);
  self->segment_is_new = FALSE;
}

/* What goes out */

static void
emit_event (Model * self, GstEvent * event)
{
  Item *item = item_new (self->operation);

  item->event = event;
  g_ptr_array_add (self->items, item);
}

/* Returns the first position of the open batch that no earlier batch had. */
static guint64
first_pending (const Model * self)
{
  return MAX (self->begin, self->done);
}

static guint64
n_pending (const Model * self)
{
  return self->is_open ? n_positions (self) - first_pending (self) : 0;
}

static gboolean
all_are_silent (const Sample * samples, guint n_samples)
{
  guint i;

  for (i = 0; i < n_samples; i++) {
    if (!samples[i].silent)
      return FALSE;
  }
  return TRUE;
}

/* Pushes the open batch, padded with silence up to @n_samples. */
static void
emit_batch (Model * self, guint64 n_samples)
{
  guint64 n = n_positions (self) - self->begin;
  const Sample silence = { -1, TRUE };
  GArray *batch = g_array_new (FALSE, FALSE, sizeof (Sample));
  Item *item = item_new (self->operation);

  /* if the size changed, the batch may not hold the whole overlap */
  n = MIN (n, n_samples);
  g_array_append_vals (batch, &g_array_index (self->samples, Sample,
          self->begin), n);
  while (batch->len < n_samples)
    g_array_append_val (batch, silence);

  item->pts = time_of (self, &self->out, self->begin);
  item->duration = time_of (self, &self->out, self->begin + n_samples)
      - item->pts;
  item->offset = self->begin;
  item->offset_end = self->begin + n_samples;
  item->padding = n_samples - n;
  if (!self->run_has_batch)
    item->flags |= GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC;
  if (all_are_silent ((Sample *) batch->data, n_samples))
    item->flags |= GST_BUFFER_FLAG_GAP;
  item->data = samples_to_bytes (&self->info, (Sample *) batch->data,
      n_samples);
  g_array_unref (batch);

  g_ptr_array_add (self->items, item);
  self->run_has_batch = TRUE;
  self->stats.batches++;
  self->stats.out += n_samples;
  self->stats.inserted += item->padding;
  self->done = MAX (self->done, self->begin + n);
}

/* Ends the open batch. The next one begins at the next sample, whatever the
 * hop. */
static void
emit_tail (Model * self)
{
  guint64 n = n_pending (self);

  if (n > 0 && self->settings[SET_TAIL] == TAIL_SHORT)
    emit_batch (self, n_positions (self) - self->begin);
  else if (n > 0 && self->settings[SET_TAIL] == TAIL_PAD)
    emit_batch (self, self->size);
  else
    self->stats.dropped += n;
  if (self->is_open)
    self->n_begun = 0;
  self->is_open = FALSE;
  self->next_begin = self->done = n_positions (self);
}

/* Continues running time in the last segment from upstream. */
static void
go_on_in_segment (Model * self)
{
  if (!self->segment_is_new)
    return;
  set_timeline (self, expected_time_in_segment (self));
  self->n_leaving = self->waiting->len;
}

/* Pushes the first @n waiting events. */
static void
emit_waiting (Model * self, guint n)
{
  guint i;

  for (i = 0; i < n; i++)
    emit_event (self, gst_event_ref (g_ptr_array_index (self->waiting, i)));
  if (n > 0)
    g_ptr_array_remove_range (self->waiting, 0, n);
  self->n_leaving = 0;
}

/* Pushes the segment in which the last chunk came, and the events after it. */
static void
emit_leaving (Model * self)
{
  emit_waiting (self, self->n_leaving);
  self->out = self->in;
}

static void
emit_or_wait (Model * self, GstEvent * event)
{
  if (self->waiting->len == 0) {
    emit_event (self, event);
    return;
  }
  g_ptr_array_add (self->waiting, event);
  if (!self->segment_is_new)
    self->n_leaving++;
}

static void
emit_tail_and_waiting (Model * self)
{
  emit_tail (self);
  emit_waiting (self, self->waiting->len);
  /* a segment that left without a chunk applies from now on */
  if (self->segment_is_new) {
    self->break_is_due |= self->in_run
        && self->upstream_segment.rate != self->run_rate;
    set_timeline (self, expected_time_in_segment (self));
  }
  self->out = self->in;
}

/* Batches */

static SizeWish
size_wish (const Model * self)
{
  SizeWish wish = { SET_SAMPLES, self->settings[SET_SAMPLES], 1 };

  if (self->settings[SET_FRACTION] != 0) {
    wish.kind = SET_FRACTION;
    wish.n = self->settings[SET_FRACTION];
    wish.d = self->fraction_d;
  } else if (self->settings[SET_DURATION] != 0) {
    wish.kind = SET_DURATION;
    wish.n = self->settings[SET_DURATION];
    wish.d = GST_SECOND;
  }
  return wish;
}

static gboolean
size_has_changed (const Model * self)
{
  SizeWish wish = size_wish (self);

  return wish.kind != self->wish.kind || wish.n != self->wish.n
      || wish.d != self->wish.d;
}

/* Returns how many samples the first @n batches have together. */
static guint64
size_of_batches (const Model * self, guint64 n)
{
  if (self->wish.kind == SET_SAMPLES)
    return n * self->wish.n;
  return gst_util_uint64_scale (n * self->info.rate, self->wish.n,
      self->wish.d);
}

static void
begin_batch (Model * self, guint64 position)
{
  if (size_has_changed (self))
    self->n_begun = 0;
  self->wish = size_wish (self);
  self->hop = self->settings[SET_HOP];
  self->size = size_of_batches (self, self->n_begun + 1)
      - size_of_batches (self, self->n_begun);
  self->n_begun++;
  self->begin = position;
  self->is_open = TRUE;
}

/* Returns the position at which the next batch begins. */
static guint64
next_begin (const Model * self)
{
  guint64 hop = self->hop == 0 ? self->size : self->hop;
  gboolean changed = size_has_changed (self)
      || self->settings[SET_HOP] != self->hop;

  return self->begin + (changed ? MAX (hop, self->size) : hop);
}

/* Pushes the open batch, which is full. */
static void
finish_batch (Model * self)
{
  guint64 begin = next_begin (self);

  emit_batch (self, self->size);
  self->is_open = FALSE;
  self->next_begin = begin;
  /* a batch that overlaps the old segment gets its time from that segment */
  if (begin >= self->in.position && (self->n_leaving > 0
          || !self->segment_is_new))
    emit_leaving (self);
  if (begin < self->begin + self->size)
    begin_batch (self, begin);
}

static void
add_sample (Model * self, const Sample * sample)
{
  guint64 position = n_positions (self);

  g_array_append_vals (self->samples, sample, 1);
  if (!self->is_open) {
    if (position < self->next_begin) {
      self->stats.dropped++;
      return;
    }
    begin_batch (self, position);
  }
  while (self->is_open && n_positions (self) - self->begin >= self->size)
    finish_batch (self);
}

/* Chunks */

static void
begin_run (Model * self, GstClockTime base)
{
  self->in_run = TRUE;
  self->run_has_batch = FALSE;
  self->run_rate = self->upstream_segment.rate;
  self->break_is_due = FALSE;
  set_timeline (self, base);
  self->out = self->in;
  self->is_off = FALSE;
  self->overlap = 0;
  self->n_begun = 0;
}

static void
break_at (Model * self, GstClockTime time)
{
  if (!GST_CLOCK_TIME_IS_VALID (time))
    time = expected_time_in_segment (self);
  emit_tail_and_waiting (self);
  begin_run (self, time);
}

/* Rounds to the nearest sample. */
static gint64
to_samples (const Model * self, gint64 time)
{
  gint64 n = gst_util_uint64_scale_round (ABS (time), self->info.rate,
      GST_SECOND);

  return time < 0 ? -n : n;
}

/* Returns the running time at which a chunk is due. Samples to be dropped for
 * an overlap come first. */
static gint64
due_running_time (const Model * self)
{
  return model_running_time (self)
      - (gint64) (to_time (self, self->overlap) / self->segment.rate);
}

/* Whether the difference of an unflagged chunk at @running is large and long
 * enough to act on. */
static gboolean
is_acted_on (Model * self, gint64 running)
{
  guint64 threshold = gst_util_uint64_scale (self->settings[SET_THRESHOLD],
      self->info.rate, GST_SECOND);
  gint64 wait = self->settings[SET_WAIT];
  gint64 off = ABS (running - due_running_time (self));

  if (to_samples (self, off) < (gint64) MAX (threshold, 1)) {
    self->is_off = FALSE;
    return FALSE;
  }
  if (off >= wait)
    return TRUE;
  if (!self->is_off) {
    self->is_off = TRUE;
    self->off_since = due_running_time (self);
  }
  return running - self->off_since >= wait;
}

/* Inserts silence, or arranges a drop, so that a chunk @late samples late is at
 * its place. */
static void
fill (Model * self, gint64 late)
{
  const Sample silence = { -1, TRUE };

  self->overlap = MAX (-late, 0);
  for (; late > 0; late--) {
    add_sample (self, &silence);
    self->stats.inserted++;
  }
}

static gboolean
is_too_long_to_fill (const Model * self, GstClockTime duration)
{
  return self->settings[SET_MAX_FILL] != 0
      && duration > self->settings[SET_MAX_FILL];
}

/* Continues the run. */
static void
go_on (Model * self)
{
  go_on_in_segment (self);
  if (!self->is_open)
    emit_leaving (self);
}

/* Judges a chunk with a time in a run. */
static void
judge (Model * self, GstClockTime time, gboolean flagged)
{
  gboolean fills = self->settings[SET_DISCONT] == DISCONT_FILL;
  gint64 running = running_time (&self->segment, time);
  gboolean acts = is_acted_on (self, running);
  /* in samples of the stream, which may play faster */
  gint64 late = to_samples (self, llround ((running
              - model_running_time (self)) * self->segment.rate));

  if (flagged)
    acts = late + (gint64) self->overlap != 0 || !fills;
  if (acts)
    self->is_off = FALSE;
  if (acts && (!fills || (late > 0
              && is_too_long_to_fill (self, to_time (self, late))))) {
    break_at (self, time);
    return;
  }
  if (acts)
    fill (self, late);
  go_on (self);
}

static void
add_samples (Model * self, const Sample * samples, guint n_samples)
{
  guint i;

  for (i = 0; i < n_samples; i++) {
    if (self->overlap > 0) {
      self->overlap--;
      self->stats.dropped++;
    } else {
      add_sample (self, &samples[i]);
    }
  }
}

/* Takes a chunk that is clipped to the segment and runs forwards. */
static void
take_chunk (Model * self, const Sample * samples, guint n_samples,
    GstClockTime time, gboolean flagged)
{
  gboolean is_break = !self->in_run || self->break_is_due
      || self->upstream_segment.rate != self->run_rate;

  if (is_break)
    break_at (self, time);
  else if (GST_CLOCK_TIME_IS_VALID (time))
    judge (self, time, flagged);
  else if (flagged && self->settings[SET_DISCONT] == DISCONT_RESYNC)
    break_at (self, time);
  else
    go_on (self);
  add_samples (self, samples, n_samples);
}

/* Cuts off samples that are wholly outside of the segment, like
 * gst_audio_buffer_clip(). */
static void
clip (Model * self, GArray * chunk, GstClockTime * time)
{
  const GstSegment *segment = &self->upstream_segment;
  GstClockTime end = *time + to_time (self, chunk->len);
  guint n_before = 0, n_after = 0;

  if (end <= segment->start || *time >= segment->stop) {
    n_before = chunk->len;
  } else {
    if (*time < segment->start) {
      n_before = gst_util_uint64_scale (segment->start - *time,
          self->info.rate, GST_SECOND);
      *time = segment->start;
    }
    if (end > segment->stop) {
      n_after = gst_util_uint64_scale (end - segment->stop, self->info.rate,
          GST_SECOND);
    }
  }
  self->stats.dropped += n_before + n_after;
  g_array_remove_range (chunk, chunk->len - n_after, n_after);
  g_array_remove_range (chunk, 0, n_before);
}

static void
reverse (GArray * chunk)
{
  guint i;

  for (i = 0; i < chunk->len / 2; i++) {
    Sample *front = &g_array_index (chunk, Sample, i);
    Sample *back = &g_array_index (chunk, Sample, chunk->len - 1 - i);
    Sample sample = *front;

    *front = *back;
    *back = sample;
  }
}

/* Receives @chunk from upstream. */
static void
receive_chunk (Model * self, GArray * chunk, GstClockTime time,
    gboolean flagged)
{
  if (chunk->len > 0 && GST_CLOCK_TIME_IS_VALID (time))
    clip (self, chunk, &time);
  if (is_reverse (self)) {
    reverse (chunk);
    if (GST_CLOCK_TIME_IS_VALID (time)) {
      time = mirror (&self->upstream_segment,
          time + to_time (self, chunk->len));
    }
  }
  if (chunk->len > 0) {
    take_chunk (self, (Sample *) chunk->data, chunk->len, time, flagged);
  }
  g_array_unref (chunk);
}

static void
feed_chunk (Model * self, const Operation * operation)
{
  GArray *chunk = g_array_new (FALSE, FALSE, sizeof (Sample));
  guint i;

  for (i = 0; i < operation->n_samples; i++) {
    Sample sample;

    sample.number = self->n_numbers++;
    sample.silent = (operation->flags & GST_BUFFER_FLAG_GAP) != 0;
    g_array_append_val (chunk, sample);
  }
  self->stats.in += operation->n_samples;
  receive_chunk (self, chunk, operation->time, (operation->flags
          & (GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC)) != 0);
}

/* Events */

static void
feed_gap_with_duration (Model * self, const Operation * operation)
{
  const Sample silence = { -1, TRUE };
  guint n = gst_util_uint64_scale_round (operation->duration, self->info.rate,
      GST_SECOND);
  GArray *chunk = g_array_new (FALSE, FALSE, sizeof (Sample));

  self->stats.inserted += n;
  while (chunk->len < n)
    g_array_append_val (chunk, silence);
  receive_chunk (self, chunk, operation->time, FALSE);
}

static void
feed_gap (Model * self, const Operation * operation)
{
  if (!self->has_format || !GST_CLOCK_TIME_IS_VALID (operation->duration)) {
    emit_or_wait (self, operation_event (operation));
  } else if (is_too_long_to_fill (self, operation->duration)) {
    emit_tail_and_waiting (self);
    emit_event (self, operation_event (operation));
    self->break_is_due = self->in_run;
  } else {
    feed_gap_with_duration (self, operation);
  }
}

/* Returns the segment as downstream sees it: always forwards. */
static GstSegment
forward_segment (const GstSegment * segment)
{
  GstSegment forward = *segment;

  if (segment->rate < 0) {
    forward.rate = -segment->rate;
    forward.applied_rate = -segment->applied_rate;
  }
  return forward;
}

static void
feed_segment (Model * self, const Operation * operation)
{
  GstEvent *event;

  self->upstream_segment = operation->segment;
  self->segment = forward_segment (&operation->segment);
  event = gst_event_new_segment (&self->segment);
  gst_event_set_seqnum (event, operation->id);
  if (self->in_run) {
    g_ptr_array_add (self->waiting, event);
    self->segment_is_new = TRUE;
  } else {
    emit_event (self, event);
  }
}

static void
feed_flush (Model * self, const Operation * operation)
{
  emit_event (self, gst_event_new_flush_start ());
  emit_event (self, gst_event_new_flush_stop (TRUE));
  self->stats.dropped += n_pending (self);
  g_array_set_size (self->samples, 0);
  g_ptr_array_set_size (self->waiting, 0);
  self->n_leaving = 0;
  self->is_open = FALSE;
  self->next_begin = self->done = 0;
  self->in_run = FALSE;
  self->segment_is_new = FALSE;
  feed_segment (self, operation);
}

static void
feed_caps (Model * self, const Operation * operation)
{
  if (self->has_format && gst_audio_info_is_equal (&self->info,
          &operation->info)) {
    emit_or_wait (self, operation_event (operation));
    return;
  }
  if (self->has_format) {
    emit_tail_and_waiting (self);
    self->in.base = self->in_run ? expected_time (self) : 0;
    self->in.position = n_positions (self);
    if (!self->segment_is_new)
      self->out = self->in;
    self->overlap = gst_util_uint64_scale_round (self->overlap,
        operation->info.rate, self->info.rate);
    self->n_begun = 0;
  }
  emit_event (self, operation_event (operation));
  self->info = operation->info;
  self->has_format = TRUE;
}

static void
feed_segment_done (Model * self, const Operation * operation)
{
  Operation mirrored = *operation;

  if (is_reverse (self) && GST_CLOCK_TIME_IS_VALID (mirrored.time))
    mirrored.time = mirror (&self->upstream_segment, mirrored.time);
  emit_tail_and_waiting (self);
  emit_event (self, operation_event (&mirrored));
}

static void
feed_set (Model * self, const Operation * operation)
{
  self->settings[operation->setting] = operation->value;
  if (operation->setting == SET_FRACTION)
    self->fraction_d = operation->denominator;
}

static void
feed_eos (Model * self, const Operation * operation)
{
  emit_tail_and_waiting (self);
  emit_event (self, operation_event (operation));
}

static void
feed_event (Model * self, const Operation * operation)
{
  emit_or_wait (self, operation_event (operation));
}

void
model_feed (Model * self, const Operation * operation)
{
  static void (*const feed[N_OPS]) (Model *, const Operation *) = {
    [OP_STREAM_START] = feed_event,
    [OP_CHUNK] = feed_chunk,
    [OP_GAP] = feed_gap,
    [OP_FLUSH] = feed_flush,
    [OP_SEGMENT] = feed_segment,
    [OP_CAPS] = feed_caps,
    [OP_CUSTOM] = feed_event,
    [OP_SEGMENT_DONE] = feed_segment_done,
    [OP_SET] = feed_set,
    [OP_EOS] = feed_eos,
  };

  self->operation = operation->id;
  feed[operation->kind] (self, operation);
  self->stats.pending = n_pending (self);
}
