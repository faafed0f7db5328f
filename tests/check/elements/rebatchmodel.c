/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies the rules of docs/elements.md to one sample at a time. */

#include "rebatchmodel.h"

#include <math.h>

#include "../batchcheck.h"

static const guint64 default_settings[N_SETTINGS] = {
  [SET_SAMPLES] = DEFAULT_BATCH,
  [SET_THRESHOLD] = 40 * GST_MSECOND,
  [SET_WAIT] = GST_SECOND,
  [SET_MAX_FILL] = 5 * GST_SECOND,
};

static const Sample silence = { -1, TRUE, -1 };

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

static void
chunk_free (Chunk * self)
{
  g_array_unref (self->samples);
  g_free (self);
}

static void
clear_event (gpointer data)
{
  /* the first member of Waiting and of Sticky */
  gst_event_unref (*(GstEvent **) data);
}

static void
forget_gaps (Model * self)
{
  self->told_start = self->told_end = self->told_before = G_MININT64;
}

Model *
model_new (void)
{
  Model *self = g_new0 (Model, 1);

  memcpy (self->settings, default_settings, sizeof default_settings);
  self->fraction_d = 1;
  /* as GstHarness says */
  self->is_live = TRUE;
  forget_gaps (self);
  self->samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  self->placed = g_array_new (FALSE, FALSE, sizeof (Placed));
  self->timelines = g_array_new (FALSE, FALSE, sizeof (Timeline));
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  g_array_set_clear_func (self->waiting, clear_event);
  self->sticky = g_array_new (FALSE, FALSE, sizeof (Sticky));
  g_array_set_clear_func (self->sticky, clear_event);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  return self;
}

void
model_free (Model * self)
{
  g_clear_pointer (&self->held, chunk_free);
  g_array_unref (self->samples);
  g_array_unref (self->placed);
  g_array_unref (self->timelines);
  g_array_unref (self->waiting);
  g_array_unref (self->sticky);
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

/* No two streams have the same id. */
static GstEvent *
stream_start_event (guint number)
{
  gchar *id = g_strdup_printf ("%u", number);
  GstEvent *event = gst_event_new_stream_start (id);

  g_free (id);
  return event;
}

static GstEvent *
numbered_event (GstEventType type, const gchar * name, guint number)
{
  return gst_event_new_custom (type, gst_structure_new (name, "number",
          G_TYPE_UINT, number, NULL));
}

static GstEvent *
new_event (const Operation * operation)
{
  switch (operation->kind) {
    case OP_STREAM_START:
      return stream_start_event (operation->id);
    case OP_GAP:
      return gst_event_new_gap (operation->time, operation->duration);
    case OP_FLUSH:
    case OP_SEGMENT:
      return gst_event_new_segment (&operation->segment);
    case OP_CAPS:
      return caps_event (operation);
    case OP_CUSTOM:
      return numbered_event (operation->note ? GST_EVENT_CUSTOM_DOWNSTREAM_OOB
          : GST_EVENT_CUSTOM_DOWNSTREAM, "numbered", operation->id);
    case OP_TAG:
      return gst_event_new_tag (gst_tag_list_new (GST_TAG_TRACK_NUMBER,
              operation->id, NULL));
    case OP_STICKY:
      /* GStreamer 1.22 never pushes what is custom and sticky before EOS */
      return numbered_event (GST_EVENT_SINK_MESSAGE,
          operation->note ? "sticky" : "other", operation->id);
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
  gst_event_set_running_time_offset (event, operation->id);
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

/* Returns the timeline that judges chunks. */
static Timeline *
last_timeline (const Model * self)
{
  return &g_array_index (self->timelines, Timeline, self->timelines->len - 1);
}

/* Returns the timeline of a batch that begins at @position. */
static const Timeline *
timeline_at (const Model * self, guint64 position)
{
  const Timeline *timeline = last_timeline (self);

  while (timeline->position > position)
    timeline--;
  return timeline;
}

static GstClockTime
expected_time (const Model * self)
{
  return time_of (self, last_timeline (self), n_positions (self));
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
  return running_time (&last_timeline (self)->segment, expected_time (self));
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
  const Timeline timeline = { self->segment, base, n_positions (self) };

  g_array_append_val (self->timelines, timeline);
  self->segment_is_new = FALSE;
}

/* What goes out */

static void
add_event_item (Model * self, GstEvent * event)
{
  Item *item = item_new (self->operation);

  item->event = gst_event_ref (event);
  g_ptr_array_add (self->items, item);
}

static gboolean
is_same_sticky (GstEvent * a, GstEvent * b)
{
  if (GST_EVENT_TYPE (a) != GST_EVENT_TYPE (b))
    return FALSE;
  return !(GST_EVENT_TYPE (a) & GST_EVENT_TYPE_STICKY_MULTI)
      || gst_event_has_name (a, gst_structure_get_name (gst_event_get_structure
          (b)));
}

static void
forget_sticky (Model * self, GstEventType type)
{
  guint i;

  for (i = self->sticky->len; i > 0; i--) {
    if (GST_EVENT_TYPE (g_array_index (self->sticky, Sticky, i - 1).event)
        == type)
      g_array_remove_index (self->sticky, i - 1);
  }
}

/* What GStreamer does with a sticky event on a pad: it replaces the one like
 * it, or joins them in the order of the types, but EOS is the last. A new
 * stream has no tags yet. */
static void
store (Model * self, GstEvent * event)
{
  const Sticky added = { gst_event_ref (event), FALSE };
  guint i;

  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START) {
    forget_sticky (self, GST_EVENT_EOS);
    forget_sticky (self, GST_EVENT_TAG);
  }
  for (i = 0; i < self->sticky->len; i++) {
    Sticky *sticky = &g_array_index (self->sticky, Sticky, i);

    if (is_same_sticky (sticky->event, event)) {
      gst_event_unref (sticky->event);
      *sticky = added;
      return;
    }
    if (GST_EVENT_TYPE (sticky->event) > GST_EVENT_TYPE (event)
        || GST_EVENT_TYPE (sticky->event) == GST_EVENT_EOS)
      break;
  }
  g_array_insert_val (self->sticky, i, added);
}

/* Pushes stored events, as GStreamer does before a buffer and for an event.
 * Before a STREAM_START, caps or segment only those of lower types leave. */
static void
emit_sticky (Model * self, GstEvent * event)
{
  gboolean limits = event && GST_EVENT_IS_STICKY (event)
      && GST_EVENT_TYPE (event) <= GST_EVENT_SEGMENT;
  guint i;

  for (i = 0; i < self->sticky->len; i++) {
    Sticky *sticky = &g_array_index (self->sticky, Sticky, i);

    if (sticky->has_left || (limits
            && GST_EVENT_TYPE (sticky->event) > GST_EVENT_TYPE (event)))
      continue;
    sticky->has_left = TRUE;
    add_event_item (self, sticky->event);
  }
}

static void
emit_event (Model * self, GstEvent * event)
{
  if (GST_EVENT_IS_STICKY (event))
    store (self, event);
  if (GST_EVENT_IS_SERIALIZED (event)
      && GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP)
    emit_sticky (self, event);
  if (!GST_EVENT_IS_STICKY (event))
    add_event_item (self, event);
  gst_event_unref (event);
}

/* Returns the first position of the open batch that no earlier batch had. */
static guint64
first_pending (const Model * self)
{
  return MAX (self->begin, self->done);
}

/* Returns the first position that has not left. */
static guint64
first_inside (const Model * self)
{
  return self->is_open ? first_pending (self) : n_positions (self);
}

static guint64
n_pending (const Model * self)
{
  return n_positions (self) - first_inside (self)
      + (self->held ? self->held->samples->len : 0);
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

/* Returns the flags of chunks that the batch from @begin on has. */
static guint
flags_of_chunks (const Model * self, const GArray * batch)
{
  const Sample *samples = (const Sample *) batch->data;
  const Placed *placed = (const Placed *) self->placed->data;
  const Placed *first = samples->chunk < 0 ? NULL : &placed[samples->chunk];
  gint64 begin = self->begin;
  guint flags = 0, all = GST_BUFFER_FLAG_DECODE_ONLY;
  guint i;

  if (first && first->begin == begin && first->end == begin + batch->len)
    return first->flags;
  if (first && first->begin == begin)
    flags |= first->flags & GST_BUFFER_FLAG_MARKER;
  for (i = 0; i < batch->len; i++) {
    guint f = samples[i].chunk < 0 ? 0 : placed[samples[i].chunk].flags;

    flags |= f & GST_BUFFER_FLAG_CORRUPTED;
    all &= f;
  }
  return flags | all;
}

/* Pushes the open batch, padded with silence up to @n_samples. */
static void
emit_batch (Model * self, guint64 n_samples)
{
  guint64 n = n_positions (self) - self->begin;
  const Timeline *timeline = timeline_at (self, self->begin);
  GArray *batch = g_array_new (FALSE, FALSE, sizeof (Sample));
  Item *item = item_new (self->operation);

  /* if the size changed, the batch may not hold the whole overlap */
  n = MIN (n, n_samples);
  g_array_append_vals (batch, &g_array_index (self->samples, Sample,
          self->begin), n);
  while (batch->len < n_samples)
    g_array_append_val (batch, silence);

  item->pts = time_of (self, timeline, self->begin);
  item->duration = time_of (self, timeline, self->begin + n_samples)
      - item->pts;
  item->offset = self->begin;
  item->offset_end = self->begin + n_samples;
  item->padding = n_samples - n;
  item->flags = flags_of_chunks (self, batch);
  if (!self->run_has_batch)
    item->flags |= GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC;
  if (all_are_silent ((Sample *) batch->data, n_samples))
    item->flags |= GST_BUFFER_FLAG_GAP;
  item->data = samples_to_bytes (&self->info, (Sample *) batch->data,
      n_samples);
  g_array_unref (batch);

  emit_sticky (self, NULL);
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
  guint64 n = n_positions (self) - first_inside (self);

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

static Waiting *
first_waiting (const Model * self)
{
  return &g_array_index (self->waiting, Waiting, 0);
}

static void
emit_first_waiting (Model * self)
{
  emit_event (self, gst_event_ref (first_waiting (self)->event));
  g_array_remove_index (self->waiting, 0);
}

/* Whether the event begins a stream or segment, with the next chunk. */
static gboolean
is_beginning (GstEvent * event)
{
  return GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START
      || GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT;
}

static gboolean
may_leave (const Model * self, const Waiting * waiting)
{
  if (is_beginning (waiting->event) && self->is_open
      && self->begin < waiting->position)
    return FALSE;
  return waiting->position <= first_inside (self);
}

static void
emit_leaving (Model * self)
{
  while (self->waiting->len > 0 && may_leave (self, first_waiting (self)))
    emit_first_waiting (self);
}

static gboolean
is_running (const Model * self)
{
  return self->in_run && !self->break_is_due;
}

static void
emit_or_wait (Model * self, GstEvent * event)
{
  gboolean begins = is_beginning (event);
  gboolean waits = begins ? is_running (self) : n_pending (self) > 0;
  const Waiting waiting = {
    event, begins || self->held ? UNKNOWN : n_positions (self),
    self->held != NULL
  };

  if (waits || self->waiting->len > 0)
    g_array_append_val (self->waiting, waiting);
  else
    emit_event (self, event);
}

/* Continues running time in the last segment from upstream. Streams and
 * segments that wait begin at the next sample. */
static void
go_on_in_segment (Model * self)
{
  guint i;

  for (i = 0; i < self->waiting->len; i++) {
    Waiting *waiting = &g_array_index (self->waiting, Waiting, i);

    if (is_beginning (waiting->event) && waiting->position == UNKNOWN)
      waiting->position = n_positions (self);
  }
  if (self->segment_is_new)
    set_timeline (self, expected_time_in_segment (self));
}

/* Those that came after the held chunk stay. A segment that leaves without a
 * chunk applies from now on. */
static void
emit_waiting (Model * self)
{
  while (self->waiting->len > 0 && !first_waiting (self)->is_behind_held)
    emit_first_waiting (self);
  if (self->segment_is_new) {
    self->break_is_due |= self->in_run
        && self->upstream_segment.rate != self->run_rate;
    set_timeline (self, expected_time_in_segment (self));
  }
}

static void
emit_tail_and_waiting (Model * self)
{
  emit_tail (self);
  emit_waiting (self);
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

/* A query that is serialized pushes stored events, as GStreamer does. */
static void
begin_batch (Model * self, guint64 position)
{
  if (self->asks)
    emit_sticky (self, NULL);
  self->asks = FALSE;
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
  if (begin < self->begin + self->size)
    begin_batch (self, begin);
  emit_leaving (self);
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
  if (self->had_run) {
    self->stats.breaks++;
    forget_gaps (self);
  }
  self->in_run = self->had_run = TRUE;
  self->run_has_batch = FALSE;
  self->run_rate = self->upstream_segment.rate;
  self->break_is_due = FALSE;
  set_timeline (self, base);
  self->stream_is_new = FALSE;
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

/* The same for running time. The stream may play faster. */
static gint64
to_stream_samples (const Model * self, gint64 running)
{
  return to_samples (self, llround (running * self->segment.rate));
}

/* Returns the running time at which a chunk is due. Samples to be dropped for
 * an overlap come first. */
static gint64
due_running_time (const Model * self)
{
  return model_running_time (self)
      - (gint64) (to_time (self, self->overlap) / self->segment.rate);
}

static guint64
threshold (const Model * self)
{
  return MAX (gst_util_uint64_scale (self->settings[SET_THRESHOLD],
          self->info.rate, GST_SECOND), 1);
}

static gboolean
fills (const Model * self)
{
  return self->settings[SET_DISCONT] == DISCONT_FILL;
}

/* Whether a difference in running time counts. */
static gboolean
is_beyond_threshold (const Model * self, gint64 off)
{
  return to_samples (self, ABS (off)) >= (gint64) threshold (self);
}

/* Whether the difference of an unflagged chunk at @running is large and long
 * enough to act on. */
static gboolean
is_acted_on (Model * self, gint64 running)
{
  gint64 wait = self->settings[SET_WAIT];
  gint64 off = running - due_running_time (self);

  if (!is_beyond_threshold (self, off)) {
    self->is_off = FALSE;
    return FALSE;
  }
  if (ABS (off) >= wait)
    return TRUE;
  if (!self->is_off) {
    self->is_off = TRUE;
    self->off_since = due_running_time (self);
  }
  return running - self->off_since >= wait;
}

static void
add_silence (Model * self, guint64 n_samples)
{
  self->stats.inserted += n_samples;
  while (n_samples-- > 0)
    add_sample (self, &silence);
}

/* Inserts silence, or arranges a drop, so that a chunk @late samples late is at
 * its place. */
static void
fill (Model * self, gint64 late)
{
  if (late > 0)
    self->stats.fills++;
  if (late < 0)
    self->stats.drops++;
  self->overlap = MAX (-late, 0);
  add_silence (self, MAX (late, 0));
}

static gboolean
is_too_long_to_fill (const Model * self, guint64 n_samples)
{
  return self->settings[SET_MAX_FILL] != 0
      && to_time (self, n_samples) > self->settings[SET_MAX_FILL];
}

/* Continues the run. */
static void
go_on (Model * self)
{
  go_on_in_segment (self);
  emit_leaving (self);
}

/* Judges a chunk with a time in a run. */
static void
judge (Model * self, GstClockTime time, gboolean flagged)
{
  gint64 running = running_time (&self->segment, time);
  gboolean acts = is_acted_on (self, running);
  gint64 late = to_stream_samples (self, running - model_running_time (self));

  if (flagged)
    acts = late + (gint64) self->overlap != 0 || !fills (self);
  if (flagged || acts)
    self->is_off = FALSE;
  if (acts && (!fills (self) || is_too_long_to_fill (self, ABS (late)))) {
    break_at (self, time);
    return;
  }
  if (acts)
    fill (self, late);
  go_on (self);
}

static void
add_samples (Model * self, const Chunk * chunk)
{
  guint n_dropped = MIN (self->overlap, chunk->samples->len);
  gint64 first = n_positions (self);
  const Placed placed = { first - n_dropped - chunk->n_cut,
    first + chunk->samples->len - n_dropped, chunk->flags
  };
  guint i;

  g_array_append_val (self->placed, placed);
  self->overlap -= n_dropped;
  self->stats.dropped += n_dropped;
  for (i = n_dropped; i < chunk->samples->len; i++) {
    Sample sample = g_array_index (chunk->samples, Sample, i);

    sample.chunk = self->placed->len - 1;
    add_sample (self, &sample);
  }
}

/* A run that the next chunk, or the silence of a GAP, may continue. */
static gboolean
can_go_on (const Model * self)
{
  return is_running (self)
      && self->upstream_segment.rate == self->run_rate;
}

static void
place_chunk (Model * self, const Chunk * chunk)
{
  if (!can_go_on (self))
    break_at (self, chunk->time);
  else if (GST_CLOCK_TIME_IS_VALID (chunk->time))
    judge (self, chunk->time, chunk->flagged);
  else if (chunk->flagged && !fills (self))
    break_at (self, chunk->time);
  else
    go_on (self);
  add_samples (self, chunk);
}

/* Holding a chunk whose time jumps */

static gboolean
is_jump (const Model * self, const Chunk * chunk)
{
  gint64 off;

  if (chunk->flagged || !fills (self) || !can_go_on (self)
      || !GST_CLOCK_TIME_IS_VALID (chunk->time))
    return FALSE;
  off = running_time (&self->segment, chunk->time) - due_running_time (self);
  return is_beyond_threshold (self, off)
      && ABS (off) >= (gint64) self->settings[SET_WAIT];
}

/* Ends the wait. If the jump is not real the held chunk is due. */
static void
place_held (Model * self, gboolean is_real)
{
  Chunk *held = g_steal_pointer (&self->held);
  guint i;

  if (is_real)
    held->flagged = TRUE;
  else
    held->time = GST_CLOCK_TIME_NONE;
  place_chunk (self, held);
  for (i = 0; i < self->waiting->len; i++) {
    Waiting *waiting = &g_array_index (self->waiting, Waiting, i);

    if (waiting->is_behind_held)
      waiting->position = n_positions (self);
    waiting->is_behind_held = FALSE;
  }
  chunk_free (held);
  emit_leaving (self);
}

static void
end_hold (Model * self)
{
  if (self->held)
    place_held (self, FALSE);
}

/* Whether the jump of the held chunk is real, as @next says. */
static gboolean
confirms_held (const Model * self, const Chunk * next)
{
  guint64 n = self->held->samples->len;
  gint64 due;

  if (!GST_CLOCK_TIME_IS_VALID (next->time))
    return FALSE;
  if (!is_beyond_threshold (self, next->time - self->held->time
          - to_time (self, n)))
    return TRUE;
  due = running_time (&last_timeline (self)->segment, expected_time (self)
      + to_time (self, n)) - (gint64) (to_time (self, self->overlap)
      / self->segment.rate);
  return ABS (running_time (&self->segment, next->time) - due)
      >= (gint64) self->settings[SET_WAIT];
}

/* Every stream starts with a flagged chunk, whether or not it goes on where the
 * last one ended. */
static void
judge_first_flag (Model * self, Chunk * chunk)
{
  if (!self->stream_is_new || !can_go_on (self)
      || !GST_CLOCK_TIME_IS_VALID (chunk->time))
    return;
  self->stream_is_new = FALSE;
  if (!is_beyond_threshold (self, running_time (&self->segment, chunk->time)
          - due_running_time (self)))
    chunk->flagged = FALSE;
}

/* Takes a chunk that is clipped to the segment, runs forwards and is not
 * empty. */
static void
take_chunk (Model * self, Chunk * chunk)
{
  self->told_before = MAX (self->told_before, self->told_end);
  self->told_start = self->told_end = G_MININT64;
  if (self->held)
    place_held (self, confirms_held (self, chunk));
  judge_first_flag (self, chunk);
  if (is_jump (self, chunk)) {
    self->held = chunk;
    return;
  }
  place_chunk (self, chunk);
  chunk_free (chunk);
}

/* Chunks */

/* Returns how many samples of a chunk at @time are before @limit. */
static guint64
n_before (const Model * self, GstClockTime time, GstClockTime limit)
{
  if (limit <= time)
    return 0;
  return gst_util_uint64_scale_ceil (limit - time - 1, self->info.rate,
      GST_SECOND);
}

/* Cuts off samples outside of the segment. Chunks play forwards in @chunk
 * already, but its time is still that from upstream. */
static void
clip (Model * self, Chunk * chunk)
{
  const GstSegment *segment = &self->upstream_segment;
  guint n = chunk->samples->len;
  guint end = MIN (n_before (self, chunk->time, segment->stop), n);
  guint start = MIN (n_before (self, chunk->time, segment->start), end);

  self->stats.dropped += n - (end - start);
  g_array_set_size (chunk->samples, end);
  g_array_remove_range (chunk->samples, 0, start);
  if (start > 0)
    chunk->time = MAX (chunk->time + to_time (self, start), segment->start);
  chunk->n_cut = start;
}

static void
reverse (Model * self, Chunk * chunk)
{
  const GstSegment *segment = &self->upstream_segment;
  guint n = chunk->samples->len;
  GstClockTime end = chunk->time + to_time (self, n);
  guint i;

  for (i = 0; i < n / 2; i++) {
    Sample *front = &g_array_index (chunk->samples, Sample, i);
    Sample *back = &g_array_index (chunk->samples, Sample, n - 1 - i);
    Sample sample = *front;

    *front = *back;
    *back = sample;
  }
  if (!GST_CLOCK_TIME_IS_VALID (chunk->time))
    return;
  if (end + 2 >= segment->stop)
    end = segment->stop;
  chunk->time = segment->start + segment->stop - end;
}

static void
feed_chunk (Model * self, const Operation * operation)
{
  Chunk *chunk = g_new0 (Chunk, 1);
  guint i;

  chunk->samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  chunk->time = operation->time;
  chunk->flags = operation->flags & CHUNK_FLAGS;
  chunk->flagged = self->flag_is_due || (operation->flags & BREAK_FLAGS) != 0;
  for (i = 0; i < operation->n_samples; i++) {
    Sample sample = { self->n_numbers++,
      (operation->flags & GST_BUFFER_FLAG_GAP) != 0, -1
    };

    g_array_append_val (chunk->samples, sample);
  }
  self->stats.in += operation->n_samples;
  if (GST_CLOCK_TIME_IS_VALID (chunk->time))
    clip (self, chunk);
  if (is_reverse (self))
    reverse (self, chunk);
  self->flag_is_due = chunk->flagged && chunk->samples->len == 0;
  if (chunk->samples->len > 0)
    take_chunk (self, chunk);
  else
    chunk_free (chunk);
}

/* GAP events */

/* Returns how many samples of silence a GAP from @start to @end stands for, or
 * 0 if it is not data. */
static guint64
n_missing (const Model * self, const Operation * gap)
{
  const GstSegment *segment = &self->segment;
  GstClockTime start = MAX (gap->time, segment->start);
  GstClockTime end = MIN (gap->time + gap->duration, segment->stop);
  gint64 due, missing;

  if (!self->is_live || !can_go_on (self)
      || !GST_CLOCK_TIME_IS_VALID (gap->duration) || start >= end
      || to_samples (self, gap->duration) < 1)
    return 0;
  due = due_running_time (self);
  if (to_stream_samples (self, running_time (segment, start) - due) > 0)
    return 0;
  missing = to_stream_samples (self, running_time (segment, end) - due);
  return MAX (missing, 0);
}

static void
add_live_silence (Model * self, guint64 n_samples)
{
  guint n_dropped = MIN (self->overlap, n_samples);

  go_on (self);
  self->stats.fills++;
  self->overlap -= n_dropped;
  self->stats.inserted += n_dropped;
  self->stats.dropped += n_dropped;
  add_silence (self, n_samples - n_dropped);
}

/* Notes which time the GAP tells. Returns: whether GAPs since the last chunk
 * tell enough. */
static gboolean
tells_enough (Model * self, const Operation * gap)
{
  gint64 start = running_time (&self->segment, gap->time);
  gint64 end = start;

  if (GST_CLOCK_TIME_IS_VALID (gap->duration))
    end = running_time (&self->segment, gap->time + gap->duration);
  if (self->told_start == G_MININT64)
    self->told_start = start;
  self->told_end = MAX (self->told_end, end);
  end = self->told_end - MAX (self->told_start, self->told_before);
  return MAX (end, 0) >= (gint64) self->settings[SET_WAIT];
}

static void
feed_gap (Model * self, const Operation * operation)
{
  Operation gap = *operation;
  guint64 missing;

  end_hold (self);
  if (is_reverse (self)) {
    gap.time = mirror (&self->upstream_segment, operation->time
        + (GST_CLOCK_TIME_IS_VALID (gap.duration) ? gap.duration : 0));
  }
  missing = n_missing (self, &gap);
  if (missing == 0) {
    gboolean enough = tells_enough (self, &gap);

    if (!self->is_open)
      emit_waiting (self);
    emit_or_wait (self, operation_event (&gap));
    if (enough && self->waiting->len > 0)
      emit_tail_and_waiting (self);
  } else if (fills (self) && !is_too_long_to_fill (self, missing)) {
    add_live_silence (self, missing);
  } else {
    emit_tail_and_waiting (self);
    emit_event (self, operation_event (&gap));
    self->break_is_due = TRUE;
  }
}

/* Other events */

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
  Operation forward = *operation;

  end_hold (self);
  self->upstream_segment = operation->segment;
  self->segment = forward.segment = forward_segment (&operation->segment);
  emit_or_wait (self, operation_event (&forward));
  self->segment_is_new = self->in_run;
}

static void
feed_flush (Model * self, const Operation * operation)
{
  guint i;

  emit_event (self, gst_event_new_flush_start ());
  emit_event (self, gst_event_new_flush_stop (TRUE));
  for (i = 0; i < self->waiting->len; i++) {
    GstEvent *event = g_array_index (self->waiting, Waiting, i).event;

    if (GST_EVENT_IS_STICKY (event)
        && GST_EVENT_TYPE (event) != GST_EVENT_SEGMENT)
      store (self, event);
  }
  forget_sticky (self, GST_EVENT_SEGMENT);
  forget_sticky (self, GST_EVENT_EOS);
  self->stats.dropped += n_pending (self);
  g_clear_pointer (&self->held, chunk_free);
  g_array_set_size (self->samples, 0);
  g_array_set_size (self->timelines, 0);
  g_array_set_size (self->waiting, 0);
  self->flag_is_due = FALSE;
  self->is_open = FALSE;
  self->next_begin = self->done = 0;
  self->in_run = self->had_run = FALSE;
  self->segment_is_new = FALSE;
  forget_gaps (self);
  feed_segment (self, operation);
}

static void
feed_caps (Model * self, const Operation * operation)
{
  end_hold (self);
  if (self->has_format && gst_audio_info_is_equal (&self->info,
          &operation->info)) {
    emit_or_wait (self, operation_event (operation));
    return;
  }
  if (self->has_format) {
    emit_tail_and_waiting (self);
    if (self->in_run) {
      GstClockTime time = expected_time (self);
      Timeline timeline = *last_timeline (self);

      timeline.base = time;
      timeline.position = n_positions (self);
      g_array_append_val (self->timelines, timeline);
    }
    self->overlap = gst_util_uint64_scale_round (self->overlap,
        operation->info.rate, self->info.rate);
    self->n_begun = 0;
    self->asks = TRUE;
  }
  emit_event (self, operation_event (operation));
  self->info = operation->info;
  self->has_format = TRUE;
}

static void
feed_segment_done (Model * self, const Operation * operation)
{
  Operation mirrored = *operation;

  end_hold (self);
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
feed_live (Model * self, const Operation * operation)
{
  self->is_live = operation->value != 0;
}

static void
feed_eos (Model * self, const Operation * operation)
{
  end_hold (self);
  emit_tail_and_waiting (self);
  emit_event (self, operation_event (operation));
  self->break_is_due = self->in_run;
  forget_gaps (self);
}

static void
feed_stream_start (Model * self, const Operation * operation)
{
  end_hold (self);
  self->stream_is_new = TRUE;
  emit_or_wait (self, operation_event (operation));
}

static void
feed_event (Model * self, const Operation * operation)
{
  GstEvent *event = operation_event (operation);

  if (GST_EVENT_IS_SERIALIZED (event))
    emit_or_wait (self, event);
  else
    emit_event (self, event);
}

void
model_feed (Model * self, const Operation * operation)
{
  static void (*const feed[N_OPS]) (Model *, const Operation *) = {
    [OP_STREAM_START] = feed_stream_start,
    [OP_CHUNK] = feed_chunk,
    [OP_GAP] = feed_gap,
    [OP_FLUSH] = feed_flush,
    [OP_SEGMENT] = feed_segment,
    [OP_CAPS] = feed_caps,
    [OP_CUSTOM] = feed_event,
    [OP_TAG] = feed_event,
    [OP_STICKY] = feed_event,
    [OP_SEGMENT_DONE] = feed_segment_done,
    [OP_SET] = feed_set,
    [OP_LIVE] = feed_live,
    [OP_EOS] = feed_eos,
  };

  self->operation = operation->id;
  feed[operation->kind] (self, operation);
  self->stats.pending = n_pending (self);
}
