/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes audiobatch: chunks, events, queries, properties and state changes in
 * any order. Checks the promises after each step. */

#include "../check/names.h"
#include "chunkmaker.h"
#include "consumer.h"
#include "eventmaker.h"
#include "gstaudiobatch.h"
#include "order.h"
#include "settings/filter.h"
#include "world.h"

/* The longest fill of a gap with overrun=drop. Dropped batches don't reach the
 * consumer, so it can't end a long fill by returning EOS. */
#define SHORT_FILL GST_USECOND
/* samples */
#define LONGEST_GAP (G_GUINT64_CONSTANT (1) << 44)
#define MAX_STEPS 400
/* flags of chunks that say nothing about time */
#define OTHER_FLAGS (GST_BUFFER_FLAG_LIVE | GST_BUFFER_FLAG_DECODE_ONLY \
    | GST_BUFFER_FLAG_CORRUPTED | GST_BUFFER_FLAG_MARKER \
    | GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DROPPABLE \
    | GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_SYNC_AFTER \
    | GST_BUFFER_FLAG_NON_DROPPABLE)
/* times of a chunk with a single wrong one are below this */
#define SOON (G_GUINT64_CONSTANT (1) << 58)

typedef struct
{
  Input input;
  GstElement *element;
  Listener listener;
  GstPad *sinkpad, *srcpad;
  /* The upstream pad. It only answers queries; chunks and events go straight to
   * the sink pad. */
  GstPad *asked;
  GstClockTime upstream_latency;
  gboolean is_live;
  /* the element's own; receive() calls it */
  GstPadEventFunction element_event;
  Consumer consumer;
  Order order;
  GstState state;

  /* the input so far */
  GstAudioInfo info;
  gboolean caps_sure;
  gboolean reverse;
  GstClockTime next;
  guint32 number;
  /* sent, and accepted by the pad */
  guint64 samples_in;
  /* the counters can be predicted exactly */
  gboolean in_sure, out_sure;
  /* batches may have overlapped */
  gboolean overlaps;
  gboolean drops;
  /* `discont` has been fill, so samples may still be due to be dropped */
  gboolean filled;
  /* what check_figures() read last, and the most samples that were pending */
  Figures figures;
  guint64 most_pending;
  /* in this step */
  guint flags;
} Filter;

static gboolean
is_streaming (Filter * self)
{
  return self->state >= GST_STATE_PAUSED;
}

/* Does the pad let chunks through to the element? */
static gboolean
lets_through (Filter * self)
{
  return is_streaming (self) && !GST_PAD_IS_FLUSHING (self->sinkpad)
      && !GST_PAD_IS_EOS (self->sinkpad);
}

/* Promises */

static void
check_figures (Filter * self)
{
  Consumer *consumer = &self->consumer;
  Figures f;

  figures_read (&f, self->element);
  if (!self->overlaps)
    PROMISE (f.in + f.inserted == f.out + f.dropped + f.pending,
        "in %" G_GUINT64_FORMAT " + inserted %" G_GUINT64_FORMAT " = out %"
        G_GUINT64_FORMAT " + dropped %" G_GUINT64_FORMAT " + pending %"
        G_GUINT64_FORMAT, f.in, f.inserted, f.out, f.dropped, f.pending);
  if (self->in_sure)
    PROMISE (f.in == self->samples_in, "in %" G_GUINT64_FORMAT
        " and %" G_GUINT64_FORMAT " were sent", f.in, self->samples_in);
  if (self->out_sure)
    PROMISE (f.out == consumer->samples && f.batches == consumer->batches,
        "out %" G_GUINT64_FORMAT " in %" G_GUINT64_FORMAT ", and %"
        G_GUINT64_FORMAT " in %" G_GUINT64_FORMAT " came", f.out, f.batches,
        consumer->samples, consumer->batches);
  PROMISE (f.outstanding >= consumer->held_now
      && f.outstanding <= consumer->held_now + 1,
      "%" G_GUINT64_FORMAT " outstanding, %u held", f.outstanding,
      consumer->held_now);
  PROMISE ((f.outstanding == 0) == (f.outstanding_bytes == 0),
      "%" G_GUINT64_FORMAT " outstanding batches of %" G_GUINT64_FORMAT
      " bytes", f.outstanding, f.outstanding_bytes);
  self->figures = f;
  self->most_pending = MAX (self->most_pending, f.pending);
}

/* What is kept of chunks does not grow with the stream: each reference timestamp
 * belongs to samples of the open batch, but for those of the last chunk, and of
 * one that is held. */
static void
check_kept (Filter * self)
{
  guint kept = fuzz_references ();

  if (!self->overlaps && g_queue_is_empty (&self->consumer.held))
    PROMISE (kept <= self->most_pending + 2,
        "%u reference timestamps are kept, " "with %" G_GUINT64_FORMAT
        " samples pending at most", kept, self->most_pending);
}

static gint
choice (Filter * self, const gchar * property)
{
  gint value;

  g_object_get (self->element, property, &value, NULL);
  return value;
}

static gboolean
pads_tails (Filter * self)
{
  return choice (self, "tail") == GST_AUDIO_BATCH_TAIL_PAD;
}

/* Only a chunk, or a gap of a live upstream, inserts silence, and only with
 * discont=fill. */
static void
check_inserted (Filter * self, const Figures * before, gboolean may_fill)
{
  gboolean fills = may_fill
      && choice (self, "discont") == GST_AUDIO_BATCH_DISCONT_FILL;

  if (!fills && !pads_tails (self))
    PROMISE (self->figures.inserted <= before->inserted, "%" G_GUINT64_FORMAT
        " samples are inserted, and %" G_GUINT64_FORMAT " were",
        self->figures.inserted, before->inserted);
}

/* Will downstream take every batch? */
static gboolean
is_accepting (Filter * self)
{
  const Consumer *consumer = &self->consumer;

  return self->out_sure && !self->drops && consumer->flow == GST_FLOW_OK
      && consumer->batches < CONSUMER_MAX_BATCHES
      && consumer->bytes < CONSUMER_MAX_BYTES;
}

/* An event drops no samples, unless it flushes them. */
static void
check_dropped (Filter * self, const Figures * before, gint errors)
{
  if (!self->filled && !self->overlaps && is_accepting (self)
      && listener_errors (&self->listener) == errors
      && choice (self, "tail") != GST_AUDIO_BATCH_TAIL_DROP)
    PROMISE (self->figures.dropped <= before->dropped, "%" G_GUINT64_FORMAT
        " samples are dropped, and %" G_GUINT64_FORMAT " were",
        self->figures.dropped, before->dropped);
}

/* The element must post one error if it returns GST_FLOW_ERROR, and else
 * none. */
static void
check_errors (Filter * self, GstFlowReturn ret, gint errors)
{
  if (self->consumer.returned_error)
    return;
  PROMISE (errors == (ret == GST_FLOW_ERROR), "%d errors with %s", errors,
      gst_flow_get_name (ret));
}

/* The element waits for a release, or until time has passed. */
static gboolean
on_wait (gpointer user_data)
{
  Filter *self = user_data;

  return !input_one_in (&self->input, 4)
      && consumer_release_one (&self->consumer, FALSE);
}

/* Changes settings with which the element would take long, and notes which
 * promises the settings rule out. */
static void
keep_sane (Filter * self)
{
  guint max_outstanding =
      figures_uint (self->element, "max-outstanding-batches");
  gint overrun;
  guint64 max_fill;

  g_object_get (self->element, "overrun", &overrun, "max-fill", &max_fill,
      NULL);
  self->drops = max_outstanding > 0 && overrun == 1;
  if (self->drops && (max_fill == 0 || max_fill > SHORT_FILL))
    g_object_set (self->element, "max-fill", SHORT_FILL, NULL);
  if (figures_uint (self->element, "hop-samples") != 0)
    self->overlaps = TRUE;
  if (choice (self, "discont") == GST_AUDIO_BATCH_DISCONT_FILL)
    self->filled = TRUE;
  fuzz_keep_short (self->element, &self->info);
}

static void
update_consumer (Filter * self)
{
  gint tail;

  g_object_get (self->element, "tail", &tail, NULL);
  if (self->overlaps || self->drops || tail == 2)
    self->consumer.gapless = FALSE;
  if (self->overlaps || self->reverse)
    self->consumer.numbered = FALSE;
}

static void
change_property (Filter * self)
{
  fuzz_set_property (self->element, &self->input, "");
  keep_sane (self);
  update_consumer (self);
}

/* Input */

static gboolean
send (Filter * self, GstEvent * event)
{
  const Figures before = self->figures;
  gint errors = listener_errors (&self->listener);
  GstEventType type = GST_EVENT_TYPE (event);
  gboolean ret = gst_pad_send_event (self->sinkpad, event);

  check_figures (self);
  check_inserted (self, &before, type == GST_EVENT_GAP && self->is_live);
  if (type != GST_EVENT_FLUSH_START && type != GST_EVENT_FLUSH_STOP)
    check_dropped (self, &before, errors);
  return ret;
}

/* Takes the place of the element's event function, which pads call only for
 * events that they let through. */
static gboolean
receive (GstPad * pad, GstObject * parent, GstEvent * event)
{
  Filter *self = pad->eventdata;
  guint32 seqnum = gst_event_get_seqnum (event);
  GstEventType type = GST_EVENT_TYPE (event);
  gboolean may_fill = type == GST_EVENT_GAP && self->is_live;
  guint64 fills = may_fill ? figures_one (self->element, "fills") : 0;
  gboolean taken;

  if (type == GST_EVENT_FLUSH_STOP)
    order_flush (&self->order);
  else if (GST_EVENT_IS_SERIALIZED (event))
    order_enter (&self->order, event, self->number);
  taken = self->element_event (pad, parent, event);
  if (!taken || (may_fill && figures_one (self->element, "fills") > fills))
    order_withdraw (&self->order, seqnum);
  return taken;
}

static void
on_event (gpointer user_data, GstEvent * event)
{
  Filter *self = user_data;

  order_leave (&self->order, event);
}

static void
on_batch (gpointer user_data)
{
  Filter *self = user_data;

  /* an event may wait behind the silence at the start of the batch */
  order_batch (&self->order, self->consumer.first_number,
      !self->drops && !self->consumer.starts_silent);
}

/* Has the sink pad accepted an event of @type? */
static gboolean
has (Filter * self, GstEventType type)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (self->sinkpad, type, 0);

  return event != NULL;
}

static void
send_stream_start (Filter * self)
{
  send (self, gst_event_new_stream_start ("fuzz"));
}

static void
ensure_start (Filter * self)
{
  if (!has (self, GST_EVENT_STREAM_START))
    send_stream_start (self);
}

static void
send_caps (Filter * self)
{
  Input *input = &self->input;
  g_autoptr (GstCaps) caps = NULL;
  gint errors = listener_errors (&self->listener);
  guint kind = input_byte (input);

  ensure_start (self);
  fuzz_audio_info (&self->info, input);
  fuzz_keep_short (self->element, &self->info);
  caps = gst_audio_info_to_caps (&self->info);
  if (kind == 255)
    gst_structure_remove_field (gst_caps_get_structure (caps, 0), "rate");
  if (kind == 254)
    gst_structure_remove_field (gst_caps_get_structure (caps, 0), "format");
  if (kind == 253)
    gst_caps_set_simple (caps, "channels", G_TYPE_INT, -1, NULL);
  self->caps_sure = send (self, gst_event_new_caps (caps));
  if (kind < 253 && lets_through (self) && !self->consumer.refuse_caps
      && gst_pad_is_linked (self->consumer.pad)
      && !GST_PAD_IS_EOS (self->srcpad))
    PROMISE (self->caps_sure || listener_errors (&self->listener) > errors,
        "good caps are refused without an error");
  if (!self->caps_sure)
    self->consumer.numbered = FALSE;
}

/* Sends what must precede a segment. FALSE if the caps were refused. */
static gboolean
ensure_caps (Filter * self)
{
  ensure_start (self);
  if (!has (self, GST_EVENT_CAPS))
    send_caps (self);
  return has (self, GST_EVENT_CAPS);
}

static GstClockTime
later (GstClockTime time, GstClockTime by)
{
  GstClockTime end = time + by;

  return by == GST_CLOCK_TIME_NONE || end < time ? GST_CLOCK_TIME_NONE : end;
}

static void
any_segment (Filter * self, GstSegment * segment)
{
  static const gdouble rates[] = {
    1, 1, 1, 1, 2, 0.5, -1, -1, -2, -0.5, 3.7, 1e-6, 1e6, -1e-6, 1e300,
  };
  static const GstFormat formats[] = {
    GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_BYTES,
    GST_FORMAT_DEFAULT,
  };
  Input *input = &self->input;
  guint kind = input_byte (input);

  gst_segment_init (segment, kind < 200 ? GST_FORMAT_TIME :
      input_pick (input, formats));
  segment->rate = kind < 64 ? 1 : input_pick (input, rates);
  if (kind & 1)
    segment->start = input_valid_time (input);
  if (kind & 2)
    segment->stop = later (segment->start, input_time (input));
  if (kind & 4)
    segment->base = input_valid_time (input);
  if (kind & 8)
    segment->time = input_time (input);
  if (kind & 16)
    segment->applied_rate = input_pick (input, rates);
  if (kind & 32)
    segment->offset = input_valid_time (input);
  segment->position = segment->start;
}

static void
send_segment (Filter * self)
{
  GstSegment segment;

  if (!ensure_caps (self))
    return;
  any_segment (self, &segment);
  if (segment.rate < 0)
    self->reverse = TRUE;
  update_consumer (self);
  send (self, gst_event_new_segment (&segment));
}

static gboolean
ensure_segment (Filter * self)
{
  GstSegment segment;

  if (!ensure_caps (self))
    return FALSE;
  if (!has (self, GST_EVENT_SEGMENT)) {
    gst_segment_init (&segment, GST_FORMAT_TIME);
    send (self, gst_event_new_segment (&segment));
  }
  return has (self, GST_EVENT_SEGMENT);
}

static GstClockTime
chunk_time (Filter * self, guint kind)
{
  static const GstClockTime steps[] = {
    1, 20833, GST_MSECOND, 39 * GST_MSECOND, 41 * GST_MSECOND, GST_SECOND,
  };
  GstClockTime step;

  switch (kind % 8) {
    case 1:
      return GST_CLOCK_TIME_NONE;
    case 2:
      return self->next + input_pick (&self->input, steps);
    case 3:
      step = input_pick (&self->input, steps);
      return self->next - MIN (self->next, step);
    case 4:
      return input_time (&self->input);
    default:
      return self->next;
  }
}

/* With zero-copy every second chunk is as long as a batch, unless batches would
 * be short: then there are many. */
static void
match_size (Filter * self, guint n_samples)
{
  if (choice (self, "zero-copy") && n_samples % 2 == 1 && n_samples > 64)
    g_object_set (self->element, "samples-per-batch", n_samples, NULL);
}

/* Pushes @chunk, which has @n_samples; @whole as in fuzz_chunk(). */
static GstFlowReturn
push_chunk (Filter * self, GstBuffer * chunk, guint n_samples, gboolean whole)
{
  const Figures before = self->figures;
  gint errors = listener_errors (&self->listener);
  gboolean through = lets_through (self);
  GstFlowReturn ret;

  self->consumer.numbered &= whole;
  self->consumer.returned_error = FALSE;
  match_size (self, n_samples);
  ret = gst_pad_chain (self->sinkpad, chunk);
  if (through)
    check_errors (self, ret, listener_errors (&self->listener) - errors);
  if (through && (!self->caps_sure || !whole))
    self->in_sure = FALSE;
  if (through && self->caps_sure && whole)
    self->samples_in += n_samples;
  check_figures (self);
  check_inserted (self, &before, TRUE);
  check_kept (self);
  return ret;
}

static GstClockTime
duration_of (Filter * self, guint n_samples)
{
  return gst_util_uint64_scale_int (n_samples, GST_SECOND,
      GST_AUDIO_INFO_RATE (&self->info));
}

static void
send_chunk (Filter * self)
{
  guint kind = input_byte (&self->input);
  guint n_samples;
  gboolean whole;
  GstBuffer *chunk;

  if (!ensure_segment (self))
    return;
  chunk = fuzz_chunk (&self->input, &self->info, &self->number, &n_samples,
      &whole);
  GST_BUFFER_PTS (chunk) = chunk_time (self, kind);
  if (kind & 64)
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_DISCONT);
  if (kind & 128)
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_RESYNC);
  GST_BUFFER_FLAG_SET (chunk, self->flags);
  if (GST_BUFFER_PTS_IS_VALID (chunk))
    self->next = GST_BUFFER_PTS (chunk);
  self->next += duration_of (self, n_samples);
  push_chunk (self, chunk, n_samples, whole);
}

/* A chunk with flags that batches may inherit. */
static void
send_flagged_chunk (Filter * self)
{
  self->flags = input_bytes (&self->input, 2) << 4 & OTHER_FLAGS;
  send_chunk (self);
  self->flags = 0;
}

/* A DISCONT chunk that has no samples, or none in the segment. */
static void
send_lost_chunk (Filter * self)
{
  guint kind = input_byte (&self->input);
  g_autoptr (GstEvent) event = NULL;
  const GstSegment *segment;
  GstBuffer *chunk;
  guint n_samples;
  gboolean whole;

  if (!ensure_segment (self))
    return;
  chunk = fuzz_chunk (&self->input, &self->info, &self->number, &n_samples,
      &whole);
  event = gst_pad_get_sticky_event (self->sinkpad, GST_EVENT_SEGMENT, 0);
  gst_event_parse_segment (event, &segment);
  GST_BUFFER_PTS (chunk) = kind & 1 ? segment->stop
      : segment->start - MIN (segment->start, duration_of (self, n_samples));
  GST_BUFFER_FLAG_SET (chunk, kind & 2 ? GST_BUFFER_FLAG_RESYNC
      : GST_BUFFER_FLAG_DISCONT);
  push_chunk (self, chunk, n_samples, whole);
}

/* Runs of one sample each, which are dropped as tails of larger batches. */
static void
send_short_runs (Filter * self)
{
  guint n = input_byte (&self->input) % 16;
  GstBuffer *chunk;

  if (!ensure_segment (self))
    return;
  g_object_set (self->element, "discont", GST_AUDIO_BATCH_DISCONT_RESYNC,
      "tail", GST_AUDIO_BATCH_TAIL_DROP, NULL);
  update_consumer (self);
  while (n-- > 0) {
    chunk = fuzz_referenced_sample (&self->info);
    GST_BUFFER_PTS (chunk) = self->next;
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_DISCONT);
    self->next += duration_of (self, 1);
    push_chunk (self, chunk, 1, TRUE);
  }
}

/* Is all of the time from @start to @end in the segment, and is it played
 * forwards? */
static gboolean
is_in_segment (Filter * self, GstClockTime start, GstClockTime end)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (self->sinkpad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  return segment->format == GST_FORMAT_TIME && segment->rate > 0
      && start >= segment->start && start <= end && end < SOON
      && end < segment->stop;
}

/* Sends a chunk of the next samples, whose timestamp is @jump too late. TRUE if
 * the element must have taken it. */
static gboolean
send_next (Filter * self, gint64 jump, guint flags)
{
  GstClockTime start = self->next + jump;
  GstFlowReturn ret;
  GstBuffer *chunk;
  guint n_samples;
  gboolean whole;

  chunk = fuzz_chunk (&self->input, &self->info, &self->number, &n_samples,
      &whole);
  GST_BUFFER_PTS (chunk) = start;
  GST_BUFFER_FLAG_SET (chunk, flags);
  self->next += duration_of (self, n_samples);
  ret = push_chunk (self, chunk, n_samples, whole);
  return ret == GST_FLOW_OK && n_samples > 0 && whole && self->caps_sure
      && is_in_segment (self, start, start + duration_of (self, n_samples + 1));
}

/* Three chunks, of which the second one has a wrong timestamp: with
 * discont=fill not one sample is moved, dropped or inserted. */
static void
send_wrong_time (Filter * self)
{
  static const gint64 jumps[] = {
    GST_SECOND, 2 * GST_SECOND, 5 * GST_SECOND, 3600 * GST_SECOND,
    27 * 3600 * GST_SECOND, -GST_SECOND, -5 * GST_SECOND, -3600 * GST_SECOND,
  };
  gint64 jump = input_pick (&self->input, jumps);
  guint64 breaks;
  Figures before;
  gboolean sure;

  if (!ensure_segment (self))
    return;
  g_object_set (self->element, "discont", GST_AUDIO_BATCH_DISCONT_RESYNC, NULL);
  sure = send_next (self, 0, GST_BUFFER_FLAG_DISCONT) && !self->overlaps
      && is_accepting (self);
  before = self->figures;
  breaks = figures_one (self->element, "breaks");
  g_object_set (self->element, "discont", GST_AUDIO_BATCH_DISCONT_FILL,
      "discont-wait", GST_SECOND, "alignment-threshold", 40 * GST_MSECOND,
      NULL);
  keep_sane (self);
  sure = send_next (self, jump, 0) && sure;
  sure = send_next (self, 0, 0) && sure;
  if (!sure || !is_accepting (self))
    return;
  PROMISE (self->figures.inserted == before.inserted
      && self->figures.dropped == before.dropped
      && figures_one (self->element, "breaks") == breaks,
      "a single timestamp, wrong by %" G_GINT64_FORMAT " ns, is believed",
      jump);
}

static void
send_gap (Filter * self)
{
  Input *input = &self->input;
  guint kind = input_byte (input);
  GstClockTime pts = chunk_time (self, kind);
  GstClockTime duration = input_time (input);

  if (!ensure_segment (self))
    return;
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = self->next;
  if (pts == GST_CLOCK_TIME_NONE)
    pts = 0;
  /* at most what max-fill is then, or the fill takes very long */
  if (self->drops)
    duration = MIN (duration, SHORT_FILL);
  /* nor more samples than can be counted soon, if the rate is in GHz */
  duration = MIN (duration, gst_util_uint64_scale (LONGEST_GAP, GST_SECOND,
          MAX (GST_AUDIO_INFO_RATE (&self->info), 1)));
  self->next = later (pts, duration);
  send (self, gst_event_new_gap (pts, duration));
}

/* Gaps that tell little or nothing, or the same again. */
static void
send_odd_gaps (Filter * self)
{
  Input *input = &self->input;
  const GstClockTime durations[] = {
    0, GST_CLOCK_TIME_NONE, 1, GST_MSECOND, GST_SECOND, 3 * GST_SECOND,
    GST_SECOND / MAX (GST_AUDIO_INFO_RATE (&self->info), 1) / 2,
  };
  guint kind = input_byte (input);
  GstClockTime pts = chunk_time (self, kind);
  GstClockTime duration = input_pick (input, durations);
  guint i;

  if (!ensure_segment (self) || !GST_CLOCK_TIME_IS_VALID (pts))
    return;
  for (i = 0; i <= kind / 64; i++)
    send (self, gst_event_new_gap (pts, duration));
}

static void
flush (Filter * self, gboolean start, gboolean stop)
{
  if (start)
    send (self, gst_event_new_flush_start ());
  if (stop)
    send (self, gst_event_new_flush_stop (TRUE));
}

/* Events that must follow a segment. */
static GstEvent *
any_serialized (Filter * self)
{
  Input *input = &self->input;

  switch (input_below (input, 4)) {
    case 0:
      return gst_event_new_segment_done (input_one_in (input, 4) ?
          GST_FORMAT_BYTES : GST_FORMAT_TIME, (gint64) input_time (input));
    case 1:
      return gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "fuzz", NULL));
    case 2:
      return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("fuzz"));
    default:
      return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
          gst_structure_new_empty ("fuzz"));
  }
}

static void
send_event (Filter * self)
{
  if (ensure_segment (self))
    send (self, fuzz_event (&self->input));
}

/* The caps of now, in another event. */
static void
repeat_caps (Filter * self)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->sinkpad);

  if (caps)
    send (self, gst_event_new_caps (caps));
}

/* As playlists do: perhaps EOS, then a new stream. */
static void
begin_stream (Filter * self)
{
  guint kind = input_byte (&self->input);

  ensure_start (self);
  if (kind & 1)
    send (self, gst_event_new_eos ());
  send_stream_start (self);
  if (kind & 2)
    repeat_caps (self);
  if (kind & 4)
    send_segment (self);
}

static void
send_other_event (Filter * self)
{
  switch (input_below (&self->input, 8)) {
    case 0:
      ensure_start (self);
      send (self, gst_event_new_eos ());
      break;
    case 1:
      send_stream_start (self);
      break;
    case 2:
      flush (self, TRUE, TRUE);
      break;
    case 3:
      flush (self, TRUE, FALSE);
      break;
    case 4:
      flush (self, FALSE, TRUE);
      break;
    default:
      if (ensure_segment (self))
        send (self, any_serialized (self));
      break;
  }
}

static void
send_upstream_event (Filter * self)
{
  GstEvent *event;

  switch (input_below (&self->input, 4)) {
    case 0:
      event = gst_event_new_reconfigure ();
      break;
    case 1:
      event = gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.0, 0,
          input_time (&self->input));
      break;
    case 2:
      event = gst_event_new_seek (1.0, GST_FORMAT_TIME, 0, GST_SEEK_TYPE_SET,
          (gint64) (input_time (&self->input) >> 1), GST_SEEK_TYPE_NONE, 0);
      break;
    default:
      event = gst_event_new_latency (input_time (&self->input) >> 1);
      break;
  }
  gst_pad_push_event (self->consumer.pad, event);
}

/* Downstream, states */

static void
change_consumer (Filter * self)
{
  static const GstFlowReturn flows[] = {
    GST_FLOW_OK, GST_FLOW_OK, GST_FLOW_EOS, GST_FLOW_FLUSHING, GST_FLOW_ERROR,
    GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_LINKED, GST_FLOW_CUSTOM_SUCCESS,
  };
  Consumer *consumer = &self->consumer;

  switch (input_below (&self->input, 8)) {
    case 0:
      consumer->flow = input_pick (&self->input, flows);
      break;
    case 1:
      consumer->hold = TRUE;
      keep_sane (self);
      break;
    case 2:
      consumer->hold = FALSE;
      break;
    case 3:
      consumer_release_one (consumer, input_below (&self->input, 2));
      break;
    case 4:
      consumer->scribble = input_below (&self->input, 2);
      break;
    case 5:
      consumer_fuzz_allocation (consumer, &self->input);
      gst_pad_mark_reconfigure (self->srcpad);
      break;
    case 6:
      self->out_sure = FALSE;
      self->order.sure = FALSE;
      consumer->refuse_caps = input_below (&self->input, 2);
      break;
    default:
      self->out_sure = FALSE;
      self->order.sure = FALSE;
      consumer->last.known = FALSE;
      if (gst_pad_is_linked (consumer->pad))
        consumer_unlink (consumer);
      else
        consumer_link (consumer);
      break;
  }
}

/* Resets everything for a new run. */
static void
restart (Filter * self)
{
  consumer_restart (&self->consumer);
  gst_audio_info_init (&self->info);
  self->caps_sure = FALSE;
  self->reverse = FALSE;
  self->in_sure = TRUE;
  self->out_sure = gst_pad_is_linked (self->consumer.pad)
      && !self->consumer.refuse_caps;
  self->samples_in = 0;
  self->next = 0;
  self->consumer.gapless = TRUE;
  self->consumer.numbered = TRUE;
  self->overlaps = FALSE;
  self->filled = FALSE;
  order_reset (&self->order, self->out_sure);
  keep_sane (self);
  update_consumer (self);
}

static void
set_state (Filter * self, GstState state)
{
  gboolean streamed = is_streaming (self);

  if (streamed && state < GST_STATE_PAUSED)
    gst_pad_set_active (self->consumer.pad, FALSE);
  if (!streamed && state >= GST_STATE_PAUSED)
    gst_pad_set_active (self->consumer.pad, TRUE);
  PROMISE (gst_element_set_state (self->element, state)
      == GST_STATE_CHANGE_SUCCESS, "no change to %s", state_name (state));
  self->state = state;
  if (!streamed && is_streaming (self))
    restart (self);
  check_figures (self);
}

static void
cycle_state (Filter * self)
{
  static const GstState states[] = {
    GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING,
  };

  set_state (self, input_pick (&self->input, states));
  if (!is_streaming (self) && !input_one_in (&self->input, 4))
    set_state (self, GST_STATE_PAUSED);
}

static gboolean
upstream_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  Filter *self = gst_pad_get_element_private (pad);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, self->is_live, self->upstream_latency,
      self->upstream_latency % 2 ? GST_CLOCK_TIME_NONE :
      self->upstream_latency);
  return TRUE;
}

static void
ask (Filter * self)
{
  self->upstream_latency = input_byte (&self->input) * GST_USECOND;
  fuzz_query (input_one_in (&self->input, 2) ? self->sinkpad : self->srcpad,
      &self->input);
}

/* Events among samples, odd gaps, flags and wrong times. */
static void
do_odd_step (Filter * self, guint op)
{
  if (op < 5)
    send_flagged_chunk (self);
  else if (op < 7)
    send_lost_chunk (self);
  else if (op < 11)
    send_odd_gaps (self);
  else if (op < 14)
    begin_stream (self);
  else if (op < 20)
    send_event (self);
  else if (op < 22)
    repeat_caps (self);
  else if (op < 24)
    self->is_live = input_below (&self->input, 2);
  else if (op < 27)
    send_wrong_time (self);
  else if (op < 29)
    send_short_runs (self);
  else
    flush (self, TRUE, TRUE);
}

static void
step (Filter * self)
{
  guint kind = input_byte (&self->input);
  guint op = kind % 32;

  if (kind >= 224)
    do_odd_step (self, op);
  else if (op < 15)
    send_chunk (self);
  else if (op < 17)
    send_gap (self);
  else if (op < 18)
    send_caps (self);
  else if (op < 20)
    send_segment (self);
  else if (op < 22)
    send_other_event (self);
  else if (op < 23)
    send_upstream_event (self);
  else if (op < 27)
    change_property (self);
  else if (op < 29)
    change_consumer (self);
  else if (op < 30)
    ask (self);
  else
    cycle_state (self);
}

static void
filter_init (Filter * self, const guint8 * data, gsize size)
{
  memset (self, 0, sizeof *self);
  world_restart (size, on_wait, self);
  self->input = (Input) {
  data, size};
  self->element = gst_element_factory_make ("audiobatch", NULL);
  gst_object_ref_sink (self->element);
  /* in half of the inputs at first, and then as the input sets it */
  g_object_set (self->element, "zero-copy", size % 2 == 1,
      "samples-per-batch", SHORT_BATCH, NULL);
  listener_init (&self->listener, self->element);
  self->sinkpad = gst_element_get_static_pad (self->element, "sink");
  self->srcpad = gst_element_get_static_pad (self->element, "src");
  self->asked = gst_pad_new ("asked", GST_PAD_SRC);
  gst_object_ref_sink (self->asked);
  gst_pad_set_element_private (self->asked, self);
  gst_pad_set_query_function (self->asked, upstream_query);
  gst_pad_set_active (self->asked, TRUE);
  gst_pad_link (self->asked, self->sinkpad);
  self->is_live = TRUE;
  self->element_event = GST_PAD_EVENTFUNC (self->sinkpad);
  gst_pad_set_event_function_full (self->sinkpad, receive, self, NULL);
  consumer_init (&self->consumer, self->srcpad);
  self->consumer.on_event = on_event;
  self->consumer.on_batch = on_batch;
  self->consumer.user_data = self;
  self->consumer.marks_runs = TRUE;
  self->consumer.noted = TRUE;
  order_init (&self->order);
  self->state = GST_STATE_NULL;
  set_state (self, GST_STATE_PAUSED);
}

/* Releases the held batches before or after the element is finalized. */
static void
filter_clear (Filter * self)
{
  gboolean outlives = input_one_in (&self->input, 2);
  Figures f;

  set_state (self, GST_STATE_NULL);
  if (!outlives) {
    consumer_release_all (&self->consumer);
    figures_read (&f, self->element);
    PROMISE (f.outstanding == 0, "%" G_GUINT64_FORMAT " outstanding at the end",
        f.outstanding);
  }
  gst_pad_unlink (self->asked, self->sinkpad);
  gst_pad_set_active (self->asked, FALSE);
  gst_object_unref (self->asked);
  gst_object_unref (self->sinkpad);
  gst_object_unref (self->srcpad);
  gst_element_set_bus (self->element, NULL);
  if (gst_pad_is_linked (self->consumer.pad))
    consumer_unlink (&self->consumer);
  gst_clear_object (&self->consumer.peer);
  PROMISE (GST_OBJECT_REFCOUNT_VALUE (self->element) == 1,
      "%u references to the element", GST_OBJECT_REFCOUNT_VALUE
      (self->element));
  gst_object_unref (self->element);
  consumer_clear (&self->consumer);
  order_reset (&self->order, FALSE);
  listener_clear (&self->listener);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_init_gst ();
  GST_ELEMENT_REGISTER (audiobatch, NULL);
  return 0;
}

void
fuzz_run (const guint8 * data, gsize size)
{
  Filter self;
  guint steps;

  filter_init (&self, data, size);
  for (steps = 0; steps < MAX_STEPS && self.input.left > 0; steps++)
    step (&self);
  filter_clear (&self);
}
