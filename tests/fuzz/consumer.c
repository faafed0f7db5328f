/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "consumer.h"

#include "../check/offeredallocator.h"
#include "time/wide.h"

/* Times beyond this, some 146 years, are not checked. */
#define SANE_TIME (G_GUINT64_CONSTANT (1) << 62)


gboolean
consumer_can_number (const GstAudioInfo * info)
{
  return GST_AUDIO_INFO_WIDTH (info) >= 32
      && (GST_AUDIO_INFO_IS_SIGNED (info) || GST_AUDIO_INFO_IS_FLOAT (info));
}

/* Promises */

static void
check_exclusive (GstBuffer * batch)
{
  GstMemory *memory;
  GstMapInfo map;

  PROMISE (GST_MINI_OBJECT_REFCOUNT_VALUE (batch) == 1, "%u references",
      GST_MINI_OBJECT_REFCOUNT_VALUE (batch));
  PROMISE (gst_buffer_n_memory (batch) == 1, "%u memories",
      gst_buffer_n_memory (batch));
  memory = gst_buffer_peek_memory (batch, 0);
  PROMISE (GST_MINI_OBJECT_REFCOUNT_VALUE (memory) == 1
      && memory->parent == NULL, "the memory is shared");
  PROMISE (gst_buffer_is_writable (batch)
      && gst_buffer_is_all_memory_writable (batch), "not writable");
  PROMISE (gst_buffer_map (batch, &map, GST_MAP_READWRITE), "can't be mapped");
  PROMISE (map.memory == memory, "mapping it made a copy");
  gst_buffer_unmap (batch, &map);
}

static guint
count_samples (Consumer * self, GstBuffer * batch)
{
  gsize size = gst_buffer_get_size (batch);
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  GstAudioMeta *meta = gst_buffer_get_audio_meta (batch);
  guint n_samples;

  PROMISE (bpf > 0, "a batch before caps");
  PROMISE (size > 0 && size % bpf == 0,
      "%" G_GSIZE_FORMAT " bytes are no samples of %u", size, bpf);
  n_samples = size / bpf;
  if (GST_AUDIO_INFO_LAYOUT (&self->info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED) {
    PROMISE (meta && meta->samples == n_samples
        && gst_audio_info_is_equal (&meta->info, &self->info),
        "no true GstAudioMeta on %u samples", n_samples);
  }
  return n_samples;
}

/* The duration of @n samples in ns, rounded down and limited to 64 bits. */
static guint64
duration_of (Consumer * self, guint64 n)
{
  AbWide rest;

  return ab_wide_to_64 (ab_wide_divide (ab_wide_product (n, GST_SECOND),
          ab_wide_from (GST_AUDIO_INFO_RATE (&self->info)), &rest));
}

static gboolean
is_near (guint64 one, guint64 other)
{
  return one - other + 1 <= 2;
}

/* Are samples @from and @to as far apart as the times @a and @b? */
static gboolean
is_as_far (Consumer * self, guint64 from, guint64 to, guint64 a, guint64 b)
{
  if (to < from)
    return is_as_far (self, to, from, b, a);
  return is_near (b - a, duration_of (self, to - from));
}

/* Does @batch continue the last one, in the same run? */
static void
check_following (Consumer * self, GstBuffer * batch)
{
  const LastBatch *last = &self->last;
  guint64 offset = GST_BUFFER_OFFSET (batch);
  GstClockTime pts = GST_BUFFER_PTS (batch);

  if (!last->known || GST_BUFFER_IS_DISCONT (batch))
    return;
  if (self->gapless && !self->reverse)
    PROMISE (offset == last->offset_end, "sample %" G_GUINT64_FORMAT
        " after %" G_GUINT64_FORMAT, offset, last->offset_end);
  if (self->gapless && self->reverse)
    PROMISE (GST_BUFFER_OFFSET_END (batch) == last->offset,
        "in reverse, up to %" G_GUINT64_FORMAT " before %" G_GUINT64_FORMAT,
        GST_BUFFER_OFFSET_END (batch), last->offset);
  if (!self->timed || MAX (pts, last->pts) >= SANE_TIME)
    return;
  if (GST_BUFFER_OFFSET_END (batch) == last->offset)
    PROMISE (pts + GST_BUFFER_DURATION (batch) == last->pts,
        "in reverse, up to %" G_GUINT64_FORMAT " before %" G_GUINT64_FORMAT,
        pts + GST_BUFFER_DURATION (batch), last->pts);
  if (offset == last->offset_end)
    PROMISE (pts == last->end, "PTS %" G_GUINT64_FORMAT " is not %"
        G_GUINT64_FORMAT, pts, last->end);
  PROMISE (is_as_far (self, last->offset, offset, last->pts, pts),
      "from sample %" G_GUINT64_FORMAT " at %" G_GUINT64_FORMAT " to %"
      G_GUINT64_FORMAT " at %" G_GUINT64_FORMAT, last->offset, last->pts,
      offset, pts);
}

/* If the stream starts with sample 0 at time 0: timestamps are exact to the
 * nanosecond, and no sample is outside the segment. */
static void
check_place (Consumer * self, guint64 offset, guint64 end, GstClockTime pts)
{
  const GstSegment *segment = &self->segment;
  guint rate = GST_AUDIO_INFO_RATE (&self->info);
  AbWide end_time, start;

  /* at 2 GHz the sample numbers overflow before the times do */
  if (end >= SANE_TIME * 2)
    return;
  PROMISE (pts == duration_of (self, offset), "sample %"
      G_GUINT64_FORMAT " is at %" G_GUINT64_FORMAT, offset, pts);
  if (segment->format != GST_FORMAT_TIME)
    return;
  /* in 1/rate ns */
  end_time = ab_wide_product (end, GST_SECOND);
  start = ab_wide_product (segment->start, rate);
  PROMISE (!ab_wide_less (ab_wide_add (end_time, ab_wide_from (GST_SECOND)),
          start), "samples up to %" G_GUINT64_FORMAT
      " before the segment's start at %" G_GUINT64_FORMAT, end, segment->start);
  if (GST_CLOCK_TIME_IS_VALID (segment->stop) && segment->stop > 0)
    PROMISE (ab_wide_less (ab_wide_product (end - 1, GST_SECOND),
            ab_wide_product (segment->stop, rate)),
        "samples up to %" G_GUINT64_FORMAT " behind the segment's stop at %"
        G_GUINT64_FORMAT, end, segment->stop);
}

static void
check_stamps (Consumer * self, GstBuffer * batch, guint n_samples)
{
  guint64 offset = GST_BUFFER_OFFSET (batch);
  GstClockTime pts = GST_BUFFER_PTS (batch);
  GstClockTime duration = GST_BUFFER_DURATION (batch);

  PROMISE (GST_BUFFER_OFFSET_END (batch) - offset == n_samples,
      "OFFSET %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " for %u samples",
      offset, GST_BUFFER_OFFSET_END (batch), n_samples);
  PROMISE (GST_CLOCK_TIME_IS_VALID (pts)
      && GST_CLOCK_TIME_IS_VALID (duration), "without a time");
  if (self->timed && pts < SANE_TIME)
    PROMISE (is_near (duration, duration_of (self, n_samples)),
        "%u samples take %" G_GUINT64_FORMAT, n_samples, duration);
  check_following (self, batch);
  if (self->from_zero && self->timed)
    check_place (self, offset, offset + n_samples, pts);
  /* Padding has no positions: the next batch continues from before it. */
  self->last.known = gst_buffer_get_audio_clipping_meta (batch) == NULL;
  self->last.offset = offset;
  self->last.offset_end = offset + n_samples;
  self->last.pts = pts;
  self->last.end = pts + duration;
}

static UNGUIDED guint32
number_at (const guint8 * data, gsize position)
{
  guint32 number;

  memcpy (&number, data + position, sizeof number);
  return number;
}

/* The numbers rise, with none twice. Silence (0) may be anywhere. */
static UNGUIDED void
check_numbers (Consumer * self, GstBuffer * batch, guint n_samples)
{
  gboolean planar =
      GST_AUDIO_INFO_LAYOUT (&self->info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  guint channels = GST_AUDIO_INFO_CHANNELS (&self->info);
  gsize width = GST_AUDIO_INFO_WIDTH (&self->info) / 8;
  gsize step = planar ? width : channels * width;
  gsize to_channel = planar ? n_samples * width : width;
  GstMapInfo map;
  guint i, c;

  self->first_number = 0;
  if (!self->numbered || !consumer_can_number (&self->info))
    return;
  gst_buffer_map (batch, &map, GST_MAP_READ);
  for (i = 0; i < n_samples; i++) {
    guint32 number = number_at (map.data, i * step);

    PROMISE (number == 0 || number > self->last_number,
        "sample %u of the batch at %" G_GUINT64_FORMAT " is %u after %u", i,
        GST_BUFFER_OFFSET (batch), number, self->last_number);
    for (c = 1; c < channels; c++)
      PROMISE (number_at (map.data, i * step + c * to_channel) == number,
          "channel %u of sample %u is not %u", c, i, number);
    if (number != 0)
      self->last_number = number;
    if (self->first_number == 0)
      self->first_number = number;
    if (i == 0)
      self->starts_silent = number == 0;
  }
  gst_buffer_unmap (batch, &map);
}

static void
check_run (Consumer * self, GstBuffer * batch)
{
  if (!self->marks_runs)
    return;
  PROMISE (GST_BUFFER_IS_DISCONT (batch) == GST_BUFFER_FLAG_IS_SET (batch,
          GST_BUFFER_FLAG_RESYNC), "DISCONT or RESYNC alone");
  PROMISE (!self->new_run || GST_BUFFER_IS_DISCONT (batch),
      "the first batch after EOS or a flush is not DISCONT");
  self->new_run = FALSE;
}

/* Taking batches */

/* The consumer owns the batch, so it may write to it. */
static void
write_over (GstBuffer * batch)
{
  gst_buffer_memset (batch, 0, 0xa5, gst_buffer_get_size (batch));
}

gboolean
consumer_release_one (Consumer * self, gboolean last)
{
  GstBuffer *batch;

  g_mutex_lock (&self->lock);
  batch = last ? g_queue_pop_tail (&self->held) :
      g_queue_pop_head (&self->held);
  /* batches of earlier runs are in front of those of this run */
  if (batch && last && self->held_now > 0)
    self->held_now--;
  self->held_now = MIN (self->held_now, g_queue_get_length (&self->held));
  g_mutex_unlock (&self->lock);
  if (batch == NULL)
    return FALSE;
  gst_buffer_unref (batch);
  return TRUE;
}

void
consumer_release_all (Consumer * self)
{
  while (consumer_release_one (self, FALSE));
}

static void
keep (Consumer * self, GstBuffer * batch)
{
  gsize all;

  /* a short tail has the memory of a whole batch */
  gst_memory_get_sizes (gst_buffer_peek_memory (batch, 0), NULL, &all);
  self->bytes += all - gst_buffer_get_size (batch);
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->held, batch);
  self->held_now++;
  g_mutex_unlock (&self->lock);
}

static void
note_batch (GstBuffer * batch)
{
  const guint64 stamps[] = {
    GST_BUFFER_PTS (batch), GST_BUFFER_DURATION (batch),
    GST_BUFFER_OFFSET (batch), GST_BUFFER_FLAGS (batch),
  };
  GstMapInfo map;

  fuzz_note (stamps, sizeof stamps);
  gst_buffer_map (batch, &map, GST_MAP_READ);
  fuzz_note (map.data, map.size);
  gst_buffer_unmap (batch, &map);
}

GstFlowReturn
consumer_take (Consumer * self, GstBuffer * batch)
{
  guint n_samples;

  check_exclusive (batch);
  n_samples = count_samples (self, batch);
  check_stamps (self, batch, n_samples);
  check_numbers (self, batch, n_samples);
  check_run (self, batch);
  if (self->noted)
    note_batch (batch);
  self->batches++;
  self->samples += n_samples;
  self->bytes += gst_buffer_get_size (batch);
  if (self->scribble)
    write_over (batch);
  if (self->hold)
    keep (self, batch);
  else
    gst_buffer_unref (batch);
  if (self->flow == GST_FLOW_ERROR)
    self->returned_error = TRUE;
  if (self->batches >= CONSUMER_MAX_BATCHES
      || self->bytes >= CONSUMER_MAX_BYTES)
    return GST_FLOW_EOS;
  return self->flow;
}

static GstFlowReturn
consumer_chain (GstPad * pad, GstObject * parent, GstBuffer * batch)
{
  Consumer *self = gst_pad_get_element_private (pad);
  GstFlowReturn ret = consumer_take (self, batch);

  if (self->on_batch)
    self->on_batch (self->user_data);
  return ret;
}

/* Events: in order, and valid. */
static void
check_order (Consumer * self, GstPad * pad, GstEvent * event)
{
  g_autoptr (GstEvent) start = NULL;
  g_autoptr (GstEvent) segment = NULL;

  /* After refused caps a pad sends no segment. In pull mode the pad sends only
   * caps. A sticky event that a flush has stored comes with EOS too. */
  if (!GST_EVENT_IS_SERIALIZED (event) || self->has_refused
      || GST_PAD_MODE (pad) == GST_PAD_MODE_PULL
      || GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START
      || GST_EVENT_TYPE (event) == GST_EVENT_EOS
      || (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT_DONE && self->lone_end)
      || (GST_EVENT_IS_STICKY (event) && self->flushed)
      || GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    return;
  start = gst_pad_get_sticky_event (pad, GST_EVENT_STREAM_START, 0);
  PROMISE (start, "%s before STREAM_START", GST_EVENT_TYPE_NAME (event));
  segment = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  PROMISE (segment || GST_EVENT_TYPE (event) <= GST_EVENT_SEGMENT,
      "%s before SEGMENT", GST_EVENT_TYPE_NAME (event));
}

static gboolean
take_caps (Consumer * self, GstEvent * event)
{
  GstAudioInfo info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  self->has_refused = self->refuse_caps;
  if (self->refuse_caps)
    return FALSE;
  PROMISE (gst_audio_info_from_caps (&info, caps), "caps of no audio");
  if (!gst_audio_info_is_equal (&info, &self->info))
    self->last.known = FALSE;
  /* at a new rate time continues, so sample 0 is no longer at time 0 */
  if (GST_AUDIO_INFO_RATE (&self->info) != 0
      && GST_AUDIO_INFO_RATE (&self->info) != GST_AUDIO_INFO_RATE (&info))
    self->from_zero = FALSE;
  self->info = info;
  return TRUE;
}

static gboolean
consumer_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  Consumer *self = gst_pad_get_element_private (pad);
  gboolean ret = TRUE;

  check_order (self, pad, event);
  if (self->noted)
    fuzz_note (&GST_EVENT_TYPE (event), sizeof GST_EVENT_TYPE (event));
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      ret = take_caps (self, event);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      self->reverse = self->segment.rate < 0;
      self->flushed = FALSE;
      self->last.known = FALSE;
      break;
    case GST_EVENT_EOS:
      self->new_run = TRUE;
      break;
    case GST_EVENT_FLUSH_STOP:
      self->last.known = FALSE;
      self->flushed = TRUE;
      self->new_run = TRUE;
      break;
    default:
      break;
  }
  if (self->on_event)
    self->on_event (self->user_data, event);
  gst_event_unref (event);
  return ret;
}

/* Queries */

static gboolean
answer_allocation (Consumer * self, GstQuery * query)
{
  if (self->has_params || self->allocator)
    gst_query_add_allocation_param (query, self->allocator, &self->params);
  if (self->pool)
    gst_query_add_allocation_pool (query, self->pool, self->pool_size,
        self->pool_min, self->pool_max);
  return self->has_params || self->allocator || self->pool;
}

/* Unlike the default, doesn't insist on the pad's current caps. */
static gboolean
answer_caps (Consumer * self, GstQuery * query)
{
  g_autoptr (GstCaps) any = gst_caps_new_any ();
  g_autoptr (GstCaps) caps = NULL;
  GstCaps *filter;

  gst_query_parse_caps (query, &filter);
  caps = gst_caps_intersect_full (filter ? filter : any,
      self->caps ? self->caps : any, GST_CAPS_INTERSECT_FIRST);
  gst_query_set_caps_result (query, caps);
  return TRUE;
}

static gboolean
answer_accept_caps (Consumer * self, GstQuery * query)
{
  GstCaps *caps;

  gst_query_parse_accept_caps (query, &caps);
  gst_query_set_accept_caps_result (query, self->caps == NULL
      || gst_caps_is_subset (caps, self->caps));
  return TRUE;
}

static gboolean
consumer_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  Consumer *self = gst_pad_get_element_private (pad);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_ALLOCATION:
      return answer_allocation (self, query);
    case GST_QUERY_CAPS:
      return answer_caps (self, query);
    case GST_QUERY_ACCEPT_CAPS:
      return answer_accept_caps (self, query);
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

void
consumer_wish_caps (Consumer * self, GstCaps * caps)
{
  g_mutex_lock (&self->lock);
  gst_clear_caps (&self->caps);
  self->caps = caps;
  g_mutex_unlock (&self->lock);
}

/* More than any machine's memory; on 32 bits, most of the address space. */
#define NO_MACHINE_HAS ((gsize) MIN (G_GUINT64_CONSTANT (1) << 48, \
    G_MAXSIZE / 4 * 3))
#define SOME_PADDING (1 << 12)

static void
drop_allocator (Consumer * self)
{
  if (self->allocator)
    offered_allocator_drain ((OfferedAllocator *) self->allocator);
  gst_clear_object (&self->allocator);
}

void
consumer_fuzz_allocation (Consumer * self, Input * input)
{
  static const gsize masks[] = { 0, 7, 15, 63, 4095 };
  guint kind = input_byte (input);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  gst_allocation_params_init (&self->params);
  self->has_params = kind & 1;
  gst_clear_object (&self->pool);
  drop_allocator (self);
  if (self->has_params) {
    self->params.align = input_pick (input, masks);
    self->params.prefix = input_byte (input) * 3;
    self->params.padding = kind & 2 ? input_number (input) : input_byte (input);
    self->params.flags = kind & 4 ? GST_MEMORY_FLAG_ZERO_PADDED
        | GST_MEMORY_FLAG_ZERO_PREFIXED : 0;
  }
  if (kind & 8) {
    self->pool = gst_buffer_pool_new ();
    self->pool_size = input_bytes (input, 2) * 4;
    self->pool_min = input_below (input, 4);
    self->pool_max = input_below (input, 8);
  }
  if (kind & 16) {
    OfferedAllocFault fault = input_below (input, N_ALLOC_FAULTS);

    /* a pool of GStreamer 1.22 that can't make all of its first buffers leaks
     * those that it has made */
    if (self->pool && (fault == ALLOC_LIMITED
            || fault == ALLOC_REFUSES_EVERY_SECOND))
      fault = ALLOC_REFUSES;
    self->allocator = GST_ALLOCATOR_CAST (offered_allocator_new (fault,
            input_below (input, 8)));
  }
  /* The pool uses GStreamer's own allocator, which aborts if memory is refused,
   * and so may the allocator. Ask for little, or for more than any machine
   * has. */
  if (self->params.padding < (self->pool || self->allocator ? NO_MACHINE_HAS
          : REFUSED_BYTES))
    self->params.padding %= SOME_PADDING;
}

/* Setting up */

void
consumer_link (Consumer * self)
{
  PROMISE (gst_pad_link (self->peer, self->pad) == GST_PAD_LINK_OK,
      "the consumer can't be linked");
}

void
consumer_unlink (Consumer * self)
{
  gst_pad_unlink (self->peer, self->pad);
}

void
consumer_init (Consumer * self, GstPad * srcpad)
{
  memset (self, 0, sizeof *self);
  g_mutex_init (&self->lock);
  self->flow = GST_FLOW_OK;
  self->timed = TRUE;
  gst_audio_info_init (&self->info);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  g_queue_init (&self->held);
  self->peer = gst_object_ref (srcpad);
  self->pad = gst_pad_new ("consumer", GST_PAD_SINK);
  gst_object_ref_sink (self->pad);
  gst_pad_set_element_private (self->pad, self);
  gst_pad_set_chain_function (self->pad, consumer_chain);
  gst_pad_set_event_function (self->pad, consumer_event);
  gst_pad_set_query_function (self->pad, consumer_query);
  consumer_link (self);
}

void
consumer_restart (Consumer * self)
{
  gst_audio_info_init (&self->info);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->reverse = FALSE;
  self->last.known = FALSE;
  self->has_refused = FALSE;
  self->new_run = TRUE;
  self->flushed = FALSE;
  g_mutex_lock (&self->lock);
  self->held_now = 0;
  g_mutex_unlock (&self->lock);
  self->batches = self->bytes = self->samples = 0;
}

void
consumer_clear (Consumer * self)
{
  gst_pad_set_active (self->pad, FALSE);
  if (gst_pad_is_linked (self->pad))
    consumer_unlink (self);
  consumer_release_all (self);
  gst_clear_object (&self->pool);
  drop_allocator (self);
  gst_clear_caps (&self->caps);
  gst_clear_object (&self->pad);
  gst_clear_object (&self->peer);
  g_mutex_clear (&self->lock);
}
