/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audiobatchsrc element: makes batches. */

/**
 * SECTION:element-audiobatchsrc
 * @title: audiobatchsrc
 * @short_description: makes batches of audio with memory of their own
 *
 * Makes audio, in batches of #GstAudioBatchSrc:samples-per-batch samples, each
 * in a buffer that belongs to the consumer alone: one memory, one reference,
 * writable, and never touched again by this element. By default it makes mono
 * F32 at 48000 Hz: 46.875 batches a second of 4096 bytes each.
 *
 * It has the waves of audiotestsrc, with the same properties.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -v audiobatchsrc num-buffers=2000 ! queue ! fakesink
 * ]|
 * Shows the counters every 1000 batches and at the end.
 * |[
 * gst-launch-1.0 audiobatchsrc is-live=true wave=ticks num-buffers=100 ! fakesink sync=true
 * ]|
 * Ticks, one a second, in real time.
 *
 * ## The application's own samples
 *
 * If the application connects to #GstAudioBatchSrc::fill-batch, its handler
 * takes each batch from #GstAudioBatchSrc::new-batch, writes the samples into
 * its memory and returns it, in the streaming thread.
 *
 * Since: 1.0
 */

#include "gstaudiobatchsrc.h"

#include "batch/batch.h"
#include "batch/stream.h"
#include "time/position.h"
#include "sourcequeries.h"
#include "time/clock.h"

#define DEFAULT_IS_LIVE FALSE

/* The handler that the element was to ask is not connected any more. */
#define FLOW_HANDLER_GONE GST_FLOW_CUSTOM_SUCCESS

/* Looks this often for a handler that was connected while playing: a second of
 * audio has so many parts. */
#define LOOKS_PER_SECOND 10

GST_DEBUG_CATEGORY_STATIC (audio_batch_src_debug);
#define GST_CAT_DEFAULT audio_batch_src_debug

struct _GstAudioBatchSrc
{
  GstBaseSrc parent;

  /* settings, OBJECT_LOCK */
  AbSourceSettings settings;

  /* any thread: an error message has been posted */
  atomic_bool error_posted;

  /* any thread: the streaming thread, the thread that last called unlock() to
   * flush, and the thread that is taking the element to PAUSED */
  GThread *_Atomic streaming;
  GThread *_Atomic flushing;
  GThread *_Atomic pausing;

  /* any thread: the element plays, or is about to */
  atomic_bool plays;

  /* any thread: PAUSED has come while a batch waited for its time */
  atomic_bool interrupted;

  /* any thread: the thread that runs a handler of fill-batch, or NULL */
  GThread *_Atomic filling;

  /* see its own fields for threads */
  AbStream stream;

  /* all that follows: streaming thread, STREAM_LOCK of the src pad */

  AbWaveform *waveform;
  AbSourceSettings taken;
  /* the handler that fills the batches, or 0; if 0, how many samples are left
   * until the element looks for one (0: it looks at the next batch) */
  gulong handler;
  gint64 until_look;
  /* what new-batch hands out: the open batch, once while a handler runs */
  AbRoom *unclaimed;
  /* the first sample that the last call of a handler was asked for, and
   * whether that call ended the stream */
  guint64 last_asked;
  gboolean ended;
  gboolean tagged;
  /* the next batch follows one that was dropped */
  gboolean discont;
  AbPosition position;
  /* of the last batch, which the base class may drop: its samples, how far the
   * position moved for it, whether it is DISCONT, and where the base class was */
  guint made, advanced;
  gboolean made_discont;
  GstClockTime made_at;
  /* a seek has come since create() began */
  gboolean moved;
};

enum
{
  PROP_IS_LIVE = AB_SOURCE_PROP_LAST,
};

enum
{
  SIGNAL_FILL_BATCH,
  SIGNAL_NEW_BATCH,
  SIGNAL_END_OF_STREAM,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Not GST_AUDIO_FORMATS_ALL: since 1.28 it includes S20_32 and U20_32, whose
 * pack functions write only 3 of 4 bytes. */
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define BOTH_ORDERS(format) format "LE, " format "BE, "
#else
#define BOTH_ORDERS(format) format "BE, " format "LE, "
#endif
#define SOURCE_FORMATS "{ " \
    BOTH_ORDERS ("F64") BOTH_ORDERS ("F32") BOTH_ORDERS ("S32") \
    BOTH_ORDERS ("U32") BOTH_ORDERS ("S24_32") BOTH_ORDERS ("U24_32") \
    BOTH_ORDERS ("S24") BOTH_ORDERS ("U24") BOTH_ORDERS ("S20") \
    BOTH_ORDERS ("U20") BOTH_ORDERS ("S18") BOTH_ORDERS ("U18") \
    BOTH_ORDERS ("S16") BOTH_ORDERS ("U16") "S8, U8 }"

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, "
        "format = " SOURCE_FORMATS ", "
        "rate = " GST_AUDIO_RATE_RANGE ", "
        "channels = " GST_AUDIO_CHANNELS_RANGE ", "
        "layout = { interleaved, non-interleaved }"));

G_DEFINE_TYPE_WITH_CODE (GstAudioBatchSrc, gst_audio_batch_src,
    GST_TYPE_BASE_SRC, GST_DEBUG_CATEGORY_INIT (audio_batch_src_debug,
        "audiobatchsrc", 0, "makes batches of audio"));
GST_ELEMENT_REGISTER_DEFINE (audiobatchsrc, "audiobatchsrc", GST_RANK_NONE,
    GST_TYPE_AUDIO_BATCH_SRC);

/* Data path, callee before caller */

/* Looks whether the application fills the batches. While playing, it does not
 * look at each batch, because that takes GObject's signal lock. In PAUSED it
 * does: the sink plays before this element is told. */
static G_GNUC_NO_INLINE void
look_for_handler (GstAudioBatchSrc * self)
{
  self->handler = g_signal_handler_find (self,
      G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED, signals[SIGNAL_FILL_BATCH],
      0, NULL, NULL, NULL);
  self->until_look = self->handler || !atomic_load (&self->plays) ? 0
      : GST_AUDIO_INFO_RATE (&self->stream.info) / LOOKS_PER_SECOND;
}

static void
take_settings (GstAudioBatchSrc * self)
{
  ab_stream_take_settings (&self->stream);
  if (G_LIKELY (!self->stream.own_is_new))
    return;
  self->stream.own_is_new = FALSE;
  ab_waveform_set_settings (self->waveform, &self->taken.waveform);
  look_for_handler (self);
}

static void
stamp (GstAudioBatchSrc * self, GstBuffer * buffer, guint64 start,
    guint n_samples)
{
  ab_clock_stamp (&self->position.clock, buffer, start, n_samples);
  if (G_UNLIKELY (self->taken.timestamp_offset != 0)) {
    GstClockTime pts = GST_BUFFER_PTS (buffer);
    GstClockTime end = ab_time_offset (pts + GST_BUFFER_DURATION (buffer),
        self->taken.timestamp_offset);

    GST_BUFFER_PTS (buffer) =
        ab_time_offset (pts, self->taken.timestamp_offset);
    GST_BUFFER_DURATION (buffer) = end - GST_BUFFER_PTS (buffer);
  }
}

static gboolean
is_filling (GstAudioBatchSrc * self)
{
  return atomic_load_explicit (&self->filling, memory_order_relaxed) ==
      g_thread_self ();
}

static GstBuffer *
gst_audio_batch_src_new_batch (GstAudioBatchSrc * self)
{
  const GstAudioInfo *info = &self->stream.info;
  AbRoom *room;
  gsize size;

  if (!is_filling (self) || self->unclaimed == NULL) {
    GST_ELEMENT_WARNING (self, LIBRARY, FAILED,
        ("new-batch was emitted where there is no batch to fill."),
        ("A handler of fill-batch may emit it once, in its own thread."));
    return NULL;
  }
  room = g_steal_pointer (&self->unclaimed);
  size = gst_buffer_get_size (room->buffer);
  /* the samples that the handler does not write are silence */
  gst_audio_format_info_fill_silence (info->finfo, room->data, size);
  ab_room_close (room);
  ab_batch_describe (room->buffer, info, size / GST_AUDIO_INFO_BPF (info),
      FALSE);
  return g_steal_pointer (&room->buffer);
}

static void
gst_audio_batch_src_end_of_stream (GstAudioBatchSrc * self)
{
  if (is_filling (self))
    self->ended = TRUE;
  else
    gst_element_send_event (GST_ELEMENT (self), gst_event_new_eos ());
}

/* No batch came for @room. */
static G_GNUC_NO_INLINE GstFlowReturn
go_without_batch (GstAudioBatchSrc * self, AbRoom * room, guint64 start)
{
  gulong asked = self->handler;

  if (self->ended)
    return GST_FLOW_EOS;
  /* a handler that waits has to give up */
  if (ab_stream_is_shut_by (&self->stream, AB_GATE_FLUSHING))
    return GST_FLOW_FLUSHING;
  if (atomic_load_explicit (&self->error_posted, memory_order_relaxed))
    return GST_FLOW_ERROR;
  if (room->buffer)
    look_for_handler (self);
  if (self->handler != asked)
    return FLOW_HANDLER_GONE;
  GST_ELEMENT_ERROR (self, LIBRARY, FAILED,
      ("The handler of fill-batch returned no batch at sample %"
          G_GUINT64_FORMAT ".", start),
      ("It must return the buffer from new-batch, or emit end-of-stream, or "
          "post an error. A handler in Python that raises returns none."));
  return GST_FLOW_ERROR;
}

static GstFlowReturn
ask_handler (GstAudioBatchSrc * self, AbRoom * room, guint64 start,
    guint * n_samples)
{
  g_autoptr (GError) error = NULL;
  GstBuffer *filled = NULL;
  AbGiven given;

  ab_given_init (&given, room->buffer, start, *n_samples);
  self->unclaimed = room;
  self->ended = FALSE;
  self->last_asked = start;
  atomic_store_explicit (&self->error_posted, FALSE, memory_order_relaxed);
  atomic_store_explicit (&self->filling, g_thread_self (),
      memory_order_relaxed);
  g_signal_emit (self, signals[SIGNAL_FILL_BATCH], 0, start, *n_samples,
      &filled);
  atomic_store_explicit (&self->filling, NULL, memory_order_relaxed);
  self->unclaimed = NULL;
  if (G_UNLIKELY (filled == NULL))
    return go_without_batch (self, room, start);
  if (!ab_batch_check_filled (filled, &given, &self->stream.info, n_samples,
          &error)) {
    gst_buffer_unref (filled);
    ab_stream_post_error (&self->stream, error);
    return GST_FLOW_ERROR;
  }
  room->buffer = filled;
  if (*n_samples < given.n_samples)
    stamp (self, filled, start, *n_samples);
  return GST_FLOW_OK;
}

static gsize
plane_stride (GstAudioBatchSrc * self, guint n_samples)
{
  /* GST_AUDIO_INFO_BPS() is the depth; S24_32, for one, is wider */
  return n_samples * (gsize) (GST_AUDIO_INFO_WIDTH (&self->stream.info) / 8);
}

/* Asks the handler, if there is one, and the next one if that has gone. */
static G_GNUC_NO_INLINE GstFlowReturn
ask_application (GstAudioBatchSrc * self, AbRoom * room, guint64 start,
    guint * n_samples)
{
  GstFlowReturn ret = FLOW_HANDLER_GONE;

  if (self->handler == 0)
    look_for_handler (self);
  while (self->handler != 0 && ret == FLOW_HANDLER_GONE)
    ret = ask_handler (self, room, start, n_samples);
  return ret;
}

/* Fills @room, from sample @start on. A handler may shorten the batch; then
 * @n_samples becomes less. */
static GstFlowReturn
fill (GstAudioBatchSrc * self, AbRoom * room, guint64 start, guint * n_samples)
{
  guint asked = *n_samples;
  gboolean silent;

  self->until_look -= asked;
  if (G_UNLIKELY (self->until_look < 0)) {
    GstFlowReturn ret = ask_application (self, room, start, n_samples);

    if (ret != FLOW_HANDLER_GONE)
      return ret;
  }
  silent = ab_waveform_fill (self->waveform, room->data,
      plane_stride (self, asked), start, asked);
  ab_room_close (room);
  ab_batch_describe (room->buffer, &self->stream.info, asked, silent);
  return GST_FLOW_OK;
}

static GstFlowReturn
make_batch (GstAudioBatchSrc * self, guint64 start, guint * n_samples,
    GstBuffer ** batch)
{
  GstFlowReturn ret;
  AbRoom room;

  ret = ab_supply_acquire (&self->stream.supply, *n_samples, &room);
  if (G_UNLIKELY (ret != GST_FLOW_OK))
    return ret;
  /* Controllers need the timestamp, which needs the timestamp offset. They may
   * change settings, so look at these again. */
  take_settings (self);
  stamp (self, room.buffer, start, *n_samples);
  gst_object_sync_values (GST_OBJECT (self), GST_BUFFER_PTS (room.buffer));
  take_settings (self);
  ret = fill (self, &room, start, n_samples);
  if (ret != GST_FLOW_OK) {
    ab_room_close (&room);
    gst_clear_buffer (&room.buffer);
    return ret;
  }
  self->made_discont = self->discont;
  if (G_UNLIKELY (self->discont)) {
    GST_BUFFER_FLAG_SET (room.buffer, GST_BUFFER_FLAG_DISCONT);
    self->discont = FALSE;
  }
  *batch = room.buffer;
  return GST_FLOW_OK;
}

/* If the element pauses while a batch waits for its time, GstBaseSrc drops the
 * batch, and its position stays. Then the batch is made again. */
static G_GNUC_NO_INLINE void
take_back (GstAudioBatchSrc * self)
{
  GstBaseSrc *src = GST_BASE_SRC (self);
  const AbSampleCount change = {
    .in = -(guint64) self->made,
    .out = -(guint64) self->made,
    .batches = -1,
  };

  atomic_store (&self->interrupted, FALSE);
  if (src->segment.position != self->made_at)
    return;
  GST_DEBUG_OBJECT (self, "the last batch was not pushed: it is made again");
  self->made_at = GST_CLOCK_TIME_NONE;
  ab_position_go_back (&self->position, self->advanced);
  ab_size_undo (&self->stream.size);
  self->discont = self->made_discont;
  self->ended = FALSE;
  if (src->num_buffers_left >= 0)
    src->num_buffers_left++;
  ab_stream_count (&self->stream, &change);
}

static void
take_back_if_dropped (GstAudioBatchSrc * self)
{
  if (G_UNLIKELY (atomic_load_explicit (&self->interrupted,
              memory_order_relaxed)))
    take_back (self);
}

static void
count (GstAudioBatchSrc * self, guint in, guint out, guint dropped)
{
  const AbSampleCount change = {
    .in = in,
    .out = out,
    .dropped = dropped,
    .batches = out > 0,
  };

  ab_stream_count (&self->stream, &change);
}

/* Makes the next batch in order. Sets @n_samples to its length even if there is
 * no batch. */
static GstFlowReturn
make_next (GstAudioBatchSrc * self, guint * n_samples, GstBuffer ** batch)
{
  GstFlowReturn ret;
  guint asked;

  /* not in MIN(), which would call it twice */
  asked = ab_size_next (&self->stream.size);
  asked = *n_samples = G_UNLIKELY (self->ended) ? 0
      : MIN (asked, ab_position_left (&self->position));
  if (asked == 0)
    return GST_FLOW_EOS;
  ret = make_batch (self, ab_position_start (&self->position, asked),
      n_samples, batch);
  if (G_UNLIKELY (self->moved))
    return ret;
  /* In reverse the position has passed the end of the batch already, also if
   * the handler cut that off. */
  if (ret == GST_FLOW_OK || ret == AB_FLOW_DROPPED) {
    self->advanced = self->position.reverse ? asked : *n_samples;
    ab_position_advance (&self->position, self->advanced);
  }
  /* The same batch will be made later and must have the same length. */
  else if (ret == GST_FLOW_FLUSHING)
    ab_size_undo (&self->stream.size);
  return ret;
}

static GstFlowReturn
make_and_count (GstAudioBatchSrc * self, GstBuffer ** batch)
{
  GstFlowReturn ret;
  guint n_samples;

  while ((ret = make_next (self, &n_samples, batch))
      == AB_FLOW_DROPPED) {
    count (self, n_samples, 0, n_samples);
    self->discont = TRUE;
    /* wait as long as the batch would have lasted */
    if (!ab_supply_pass_time (&self->stream.supply, n_samples))
      return GST_FLOW_FLUSHING;
  }
  /* the handler ended the stream without a last batch */
  if (ret == GST_FLOW_EOS && n_samples > 0)
    ab_stream_report_end (&self->stream);
  if (ret != GST_FLOW_OK)
    return ret;
  if (G_UNLIKELY (self->moved)) {
    count (self, n_samples, 0, n_samples);
    return GST_FLOW_OK;
  }
  self->made = n_samples;
  self->made_at = self->parent.segment.position;
  count (self, n_samples, n_samples, 0);
  if (self->parent.num_buffers_left == 0
      || ab_position_left (&self->position) == 0 || self->ended)
    ab_stream_report_end (&self->stream);
  return GST_FLOW_OK;
}

/* The application may seek in the streaming thread: in its handler, or when it
 * gets a report. GstBaseSrc would push the batch of the old position in the new
 * segment. */
static G_GNUC_NO_INLINE gboolean
drop_outdated (GstAudioBatchSrc * self, GstFlowReturn ret, GstBuffer ** batch)
{
  /* if each batch is outdated, a state change must still end this */
  if (ret != GST_FLOW_OK || GST_PAD_IS_FLUSHING (GST_BASE_SRC_PAD (self)))
    return FALSE;
  gst_clear_buffer (batch);
  return TRUE;
}

static GstFlowReturn
push_mode_create (GstAudioBatchSrc * self, GstBuffer ** batch)
{
  GstFlowReturn ret;

  do {
    self->moved = FALSE;
    ret = make_and_count (self, batch);
  } while (G_UNLIKELY (self->moved) && drop_outdated (self, ret, batch));
  return ret;
}

/* Makes @size bytes from @offset on. If downstream passes its own buffer, the
 * base class copies them into it. */
static GstFlowReturn
pull_mode_create (GstAudioBatchSrc * self, guint64 offset, guint size,
    GstBuffer ** batch)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->stream.info);
  guint64 start, end;
  guint n_samples;
  GstFlowReturn ret;

  if (bpf == 0)
    return GST_FLOW_NOT_NEGOTIATED;
  n_samples = size / bpf;
  if (offset % bpf != 0 || n_samples == 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Downstream pulled %u bytes from byte %" G_GUINT64_FORMAT ", but must "
            "pull whole samples of %u bytes.", size, offset, bpf), (NULL));
    return GST_FLOW_ERROR;
  }
  start = offset / bpf;
  if (self->ended && start > self->last_asked)
    return GST_FLOW_EOS;
  /* beyond the last sample number or the last time */
  if (!g_uint64_checked_add (&end, start, n_samples)
      || ab_clock_time (&self->position.clock, end) == AB_LAST_TIME)
    return GST_FLOW_EOS;
  ret = make_batch (self, start, &n_samples, batch);
  if (ret == GST_FLOW_OK)
    count (self, n_samples, n_samples, 0);
  return ret;
}

/* Sends one tag about the wave, as audiotestsrc does. The base class sends it
 * after the segment and takes no lock that a state change might hold. */
static void
send_tag (GstAudioBatchSrc * self)
{
  GstTagList *tags = gst_tag_list_new (GST_TAG_DESCRIPTION,
      "audiobatchsrc wave", NULL);

  self->tagged = TRUE;
  GST_ELEMENT_CLASS (gst_audio_batch_src_parent_class)->send_event (GST_ELEMENT
      (self), gst_event_new_tag (tags));
}

static GstFlowReturn
create (GstBaseSrc * src, guint64 offset, guint size, GstBuffer ** buffer)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  gboolean resized;

  /* In pull mode the format may still be unknown; in push mode the base class
   * has negotiated it. */
  if (GST_AUDIO_INFO_RATE (&self->stream.info) == 0
      && !ab_source_negotiate (src))
    return GST_FLOW_NOT_NEGOTIATED;
  ab_stream_report (&self->stream);
  if (!self->tagged && self->handler == 0)
    send_tag (self);
  take_back_if_dropped (self);
  if (!ab_stream_update (&self->stream, &resized))
    return GST_FLOW_ERROR;
  if (GST_PAD_MODE (src->srcpad) == GST_PAD_MODE_PULL)
    return pull_mode_create (self, offset, size, buffer);
  return push_mode_create (self, buffer);
}

/* If only PAUSED ended a wait, waits until the element plays again, and returns
 * TRUE. Otherwise create() would return FLUSHING, and if the element played
 * again at once, GstBaseSrc (since 1.24) would end its task for good. */
static G_GNUC_NO_INLINE gboolean
outlast_pause (GstBaseSrc * src)
{
  return gst_base_src_is_live (src)
      && !ab_stream_is_shut_by (&GST_AUDIO_BATCH_SRC (src)->stream,
      AB_GATE_FLUSHING)
      && gst_base_src_wait_playing (src) == GST_FLOW_OK;
}

static GstFlowReturn
gst_audio_batch_src_create (GstBaseSrc * src, guint64 offset, guint size,
    GstBuffer ** buffer)
{
  GstFlowReturn ret;

  do {
    ret = create (src, offset, size, buffer);
  } while (G_UNLIKELY (ret == GST_FLOW_FLUSHING) && outlast_pause (src));
  return ret;
}

/* Base class */

static GstCaps *
gst_audio_batch_src_fixate (GstBaseSrc * src, GstCaps * caps)
{
  return GST_BASE_SRC_CLASS (gst_audio_batch_src_parent_class)->fixate (src,
      ab_source_prefer_caps (caps));
}

static void
seek_to_segment (GstAudioBatchSrc * self, const GstSegment * segment,
    guint rate)
{
  ab_position_seek (&self->position, segment, rate);
  ab_size_restart (&self->stream.size);
  look_for_handler (self);
}

static gboolean
gst_audio_batch_src_set_caps (GstBaseSrc * src, GstCaps * caps)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  GstAudioInfo info;
  guint old_rate, rate;

  if (!gst_audio_info_from_caps (&info, caps)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("No audio can be made for these caps."),
        ("the caps are %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  take_back_if_dropped (self);
  old_rate = GST_AUDIO_INFO_RATE (&self->stream.info);
  rate = GST_AUDIO_INFO_RATE (&info);
  if (!ab_stream_set_info (&self->stream, &info))
    return FALSE;

  if (old_rate == 0 && src->segment.format == GST_FORMAT_TIME)
    seek_to_segment (self, &src->segment, rate);
  else if (old_rate == 0)
    ab_clock_start (&self->position.clock, rate, 0, 0);
  else if (rate != old_rate)
    ab_position_set_rate (&self->position, &src->segment, rate);
  ab_waveform_set_info (self->waveform, &info);
  look_for_handler (self);
  return TRUE;
}

/* Batches use our own memory. Takes only downstream's wishes from the query. */
static gboolean
gst_audio_batch_src_decide_allocation (GstBaseSrc * src, GstQuery * query)
{
  ab_supply_take_query (&GST_AUDIO_BATCH_SRC (src)->stream.supply, query);
  return TRUE;
}

static gboolean
gst_audio_batch_src_is_seekable (GstBaseSrc * src)
{
  return TRUE;
}

static gboolean
gst_audio_batch_src_do_seek (GstBaseSrc * src, GstSegment * segment)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);

  if (segment->rate < 0 && !GST_CLOCK_TIME_IS_VALID (segment->stop)) {
    GST_WARNING_OBJECT (self, "A seek with a rate of %g needs a stop.",
        segment->rate);
    ab_source_resume (src, segment->flags & GST_SEGMENT_FLAG_RESET);
    return FALSE;
  }
  self->moved = TRUE;
  self->made_at = GST_CLOCK_TIME_NONE;
  self->ended = FALSE;
  /* If the rate is not known yet, set_caps() will read the segment. */
  if (segment->format == GST_FORMAT_TIME && self->stream.info.rate != 0)
    seek_to_segment (self, segment, self->stream.info.rate);
  return TRUE;
}

static void
gst_audio_batch_src_get_times (GstBaseSrc * src, GstBuffer * buffer,
    GstClockTime * start, GstClockTime * end)
{
  *start = *end = GST_CLOCK_TIME_NONE;
  if (gst_base_src_is_live (src) && GST_BUFFER_PTS_IS_VALID (buffer)) {
    *start = GST_BUFFER_PTS (buffer);
    *end = *start + GST_BUFFER_DURATION (buffer);
  }
}

static gboolean
gst_audio_batch_src_query (GstBaseSrc * src, GstQuery * query)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  AbSourceSettings settings;

  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_LATENCY:
      return ab_source_answer_latency (src, &self->stream, query);
    case GST_QUERY_CONVERT:
      return ab_source_answer_convert (&self->stream, query);
    case GST_QUERY_SCHEDULING:
      return ab_source_answer_scheduling (&settings, query);
    case GST_QUERY_DURATION:
      if (ab_source_answer_duration (src, &self->stream, query))
        return TRUE;
      break;
    default:
      break;
  }
  return GST_BASE_SRC_CLASS (gst_audio_batch_src_parent_class)->query (src,
      query) && ab_source_answer_fits (query);
}

static gboolean
gst_audio_batch_src_start (GstBaseSrc * src)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);

  /* in pull mode the base class accepts only bytes */
  GstFormat format = GST_PAD_MODE (src->srcpad) == GST_PAD_MODE_PULL
      ? GST_FORMAT_BYTES : GST_FORMAT_TIME;

  /* The base class allows this only up to READY, but a pad that is activated by
   * hand starts us later. */
  if (src->segment.format != format)
    gst_base_src_set_format (src, format);
  ab_stream_start (&self->stream);
  /* in pull mode downstream waits for the very samples that it asked for */
  self->stream.supply.never_drops = format == GST_FORMAT_BYTES;
  self->tagged = FALSE;
  self->discont = FALSE;
  self->made_at = GST_CLOCK_TIME_NONE;
  self->ended = FALSE;
  self->waveform = ab_waveform_new (g_random_int ());
  ab_stream_change_settings (&self->stream);
  return TRUE;
}

static gboolean
gst_audio_batch_src_stop (GstBaseSrc * src)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);

  /* The stream may have ended elsewhere: by an EOS event of the application. */
  if (GST_AUDIO_INFO_RATE (&self->stream.info) != 0)
    ab_stream_report_end (&self->stream);
  g_clear_pointer (&self->waveform, ab_waveform_free);
  ab_stream_stop (&self->stream);
  return TRUE;
}

/* A flush ends waits until unlock_stop(); PAUSED ends them until PLAYING. Since
 * 1.24 GstBaseSrc calls unlock() for both, so we tell them apart by thread. */

static gboolean
gst_audio_batch_src_unlock (GstBaseSrc * src)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  GThread *caller = g_thread_self ();

  /* PAUSED: change_state() handles it, in every version */
  if (caller == atomic_load (&self->pausing))
    return TRUE;
  atomic_store (&self->flushing, caller);
  ab_stream_set_shut (&self->stream, AB_GATE_FLUSHING, TRUE);
  GST_DEBUG_OBJECT (self, "waiting is refused");
  return TRUE;
}

static gboolean
gst_audio_batch_src_unlock_stop (GstBaseSrc * src)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  GThread *caller = g_thread_self ();

  /* Just before create(), GstBaseSrc calls unlock_stop() to end its unlock()
   * for PAUSED. That call must not end a flush that has begun meanwhile. */
  if (caller == atomic_load (&self->streaming)
      && caller != atomic_load (&self->flushing))
    return TRUE;
  ab_stream_set_shut (&self->stream, AB_GATE_FLUSHING, FALSE);
  return TRUE;
}

static void
note_interruption (GstAudioBatchSrc * self)
{
  GstBaseSrc *src = GST_BASE_SRC (self);

  g_mutex_lock (&src->live_lock);
  if (src->clock_id)
    atomic_store (&self->interrupted, TRUE);
  g_mutex_unlock (&src->live_lock);
}

/* In PAUSED a live source does not wait for downstream to release a batch, and
 * drops no batches while time passes. The base class must enter PAUSED before
 * we shut the gate, and PLAYING after we open it: outlast_pause() asks it. */
static GstStateChangeReturn
gst_audio_batch_src_change_state (GstElement * element,
    GstStateChange transition)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (element);
  gboolean pauses = transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
  GstStateChangeReturn ret;

  atomic_store (&self->plays,
      GST_STATE_TRANSITION_NEXT (transition) == GST_STATE_PLAYING);
  /* the application may have connected a handler */
  ab_stream_change_settings (&self->stream);
  if (pauses) {
    note_interruption (self);
    atomic_store (&self->pausing, g_thread_self ());
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) {
    ab_stream_set_shut (&self->stream, AB_GATE_PAUSED, FALSE);
  }
  ret = GST_ELEMENT_CLASS (gst_audio_batch_src_parent_class)->change_state
      (element, transition);
  if (pauses) {
    atomic_store (&self->pausing, NULL);
    if (ret == GST_STATE_CHANGE_NO_PREROLL)
      ab_stream_set_shut (&self->stream, AB_GATE_PAUSED, TRUE);
  }
  return ret;
}

static void
note_streaming_thread (GstAudioBatchSrc * self, GstMessage * message)
{
  GstStreamStatusType type;

  gst_message_parse_stream_status (message, &type, NULL);
  if (type == GST_STREAM_STATUS_TYPE_ENTER)
    atomic_store (&self->streaming, g_thread_self ());
  else if (type == GST_STREAM_STATUS_TYPE_LEAVE)
    atomic_store (&self->streaming, NULL);
}

static gboolean
gst_audio_batch_src_post_message (GstElement * element, GstMessage * message)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (element);

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    atomic_store_explicit (&self->error_posted, TRUE, memory_order_relaxed);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS)
    note_streaming_thread (self, message);
  return GST_ELEMENT_CLASS (gst_audio_batch_src_parent_class)->post_message
      (element, message);
}

/* Properties */

static void
gst_audio_batch_src_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (object);
  gboolean ours;

  if (ab_stream_set_property (&self->stream, id, value))
    return;
  if (id == PROP_IS_LIVE) {
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  ours = ab_source_settings_set (&self->settings, id, value);
  GST_BASE_SRC (self)->can_activate_push = self->settings.can_activate_push;
  GST_OBJECT_UNLOCK (self);
  ab_stream_change_settings (&self->stream);
  if (!ours)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_audio_batch_src_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (object);
  AbSourceSettings settings;

  if (ab_stream_get_property (&self->stream, id, value))
    return;
  if (id == PROP_IS_LIVE) {
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
    return;
  }
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (!ab_source_settings_get (&settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_audio_batch_src_finalize (GObject * object)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (object);

  g_clear_pointer (&self->waveform, ab_waveform_free);
  ab_stream_clear (&self->stream);
  G_OBJECT_CLASS (gst_audio_batch_src_parent_class)->finalize (object);
}

static void
gst_audio_batch_src_init (GstAudioBatchSrc * self)
{
  ab_stream_init (&self->stream, GST_ELEMENT (self), GST_CAT_DEFAULT,
      &self->settings, &self->taken, sizeof self->settings);
  ab_source_settings_init (&self->settings);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

/* GLib's own marshallers use libffi: 1,200 instructions more for each call. */

static void
marshal_fill_batch (GClosure * closure, GValue * batch, gpointer self,
    va_list args, gpointer marshal_data, int n_params, GType * types)
{
  GstBuffer *(*handler) (gpointer, guint64, guint, gpointer) =
      ((GCClosure *) closure)->callback;
  gboolean swapped = G_CCLOSURE_SWAP_DATA (closure);
  va_list copy;
  guint64 start;
  guint n_samples;

  va_copy (copy, args);
  start = va_arg (copy, guint64);
  n_samples = va_arg (copy, guint);
  va_end (copy);
  g_value_take_boxed (batch, handler (swapped ? closure->data : self, start,
          n_samples, swapped ? self : closure->data));
}

static void
marshal_new_batch (GClosure * closure, GValue * batch, gpointer self,
    va_list args, gpointer marshal_data, int n_params, GType * types)
{
  GstBuffer *(*handler) (gpointer, gpointer) =
      ((GCClosure *) closure)->callback;
  gboolean swapped = G_CCLOSURE_SWAP_DATA (closure);

  g_value_take_boxed (batch, handler (swapped ? closure->data : self,
          swapped ? self : closure->data));
}

static void
install_fill_batch (GType type)
{
  /**
   * GstAudioBatchSrc::fill-batch:
   * @self: the element
   * @start: the number of the first sample of the batch
   * @n_samples: how many samples it has
   *
   * Asks the application for the next batch, in the streaming thread. The
   * handler takes it from #GstAudioBatchSrc::new-batch, writes to its memory,
   * and returns it. It may shorten interleaved batches by whole samples with
   * gst_buffer_set_size(). It must not keep a reference to the batch or its
   * memory, leave it mapped, or return another buffer: the element posts an
   * error then. If the handler seeks, the element drops the batch.
   *
   * To end the stream, the handler emits #GstAudioBatchSrc::end-of-stream. To
   * report an error, it posts an error message from @self with
   * GST_ELEMENT_ERROR() or gst_element_message_full(), and returns %NULL. If it
   * returns %NULL without one of these, the element posts an error itself, but
   * not while it is flushed or stopped.
   *
   * The element calls only the first handler. While none is connected, it fills
   * batches with the #GstAudioBatchSrc:wave. In PAUSED it looks for a handler
   * at each batch, and while playing after a seek, new caps, a new value of a
   * property, and each tenth of a second of audio.
   *
   * Returns: (transfer full) (nullable): the batch
   *
   * Since: 1.0
   */
  signals[SIGNAL_FILL_BATCH] = g_signal_new ("fill-batch", type,
      G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_first_wins, NULL,
      g_cclosure_marshal_generic, GST_TYPE_BUFFER, 2, G_TYPE_UINT64,
      G_TYPE_UINT);
  g_signal_set_va_marshaller (signals[SIGNAL_FILL_BATCH], type,
      marshal_fill_batch);
}

static void
install_new_batch (GType type)
{
  /**
   * GstAudioBatchSrc::new-batch:
   * @self: the element
   *
   * Gives a handler of #GstAudioBatchSrc::fill-batch the batch to fill: silence
   * in the negotiated format, with its PTS. The caller has the only reference,
   * so the batch is writable. A handler may emit this once, in the thread in
   * which it is called. In all other cases the element posts a warning and
   * returns %NULL.
   *
   * Returns: (transfer full) (nullable): the batch
   *
   * Since: 1.0
   */
  signals[SIGNAL_NEW_BATCH] = g_signal_new_class_handler ("new-batch", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_audio_batch_src_new_batch), NULL, NULL,
      g_cclosure_marshal_generic, GST_TYPE_BUFFER, 0);
  g_signal_set_va_marshaller (signals[SIGNAL_NEW_BATCH], type,
      marshal_new_batch);
}

static void
install_end_of_stream (GType type)
{
  /**
   * GstAudioBatchSrc::end-of-stream:
   * @self: the element
   *
   * Ends the stream when the handler of #GstAudioBatchSrc::fill-batch that
   * emits it returns. If that returns a batch, it is the last one. Emitted
   * elsewhere, this is the same as an EOS event sent to the element.
   *
   * Since: 1.0
   */
  signals[SIGNAL_END_OF_STREAM] = g_signal_new_class_handler ("end-of-stream",
      type, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_audio_batch_src_end_of_stream), NULL, NULL, NULL,
      G_TYPE_NONE, 0);
}

/**
 * GstAudioBatchSrc:is-live:
 *
 * Whether to make each batch when its time has come, as a capture device does.
 *
 * Since: 1.0
 */

static void
gst_audio_batch_src_class_init (GstAudioBatchSrcClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  object_class->set_property = gst_audio_batch_src_set_property;
  object_class->get_property = gst_audio_batch_src_get_property;
  object_class->finalize = gst_audio_batch_src_finalize;
  ab_common_settings_install (object_class);
  ab_source_settings_install (object_class);
  g_object_class_install_property (object_class, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live",
          "Make each batch when its time has come, as a capture device does",
          DEFAULT_IS_LIVE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
          | GST_PARAM_MUTABLE_READY));
  install_fill_batch (G_TYPE_FROM_CLASS (klass));
  install_new_batch (G_TYPE_FROM_CLASS (klass));
  install_end_of_stream (G_TYPE_FROM_CLASS (klass));

  src_class->start = GST_DEBUG_FUNCPTR (gst_audio_batch_src_start);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_audio_batch_src_stop);
  src_class->unlock = GST_DEBUG_FUNCPTR (gst_audio_batch_src_unlock);
  src_class->unlock_stop = GST_DEBUG_FUNCPTR (gst_audio_batch_src_unlock_stop);
  src_class->fixate = GST_DEBUG_FUNCPTR (gst_audio_batch_src_fixate);
  src_class->set_caps = GST_DEBUG_FUNCPTR (gst_audio_batch_src_set_caps);
  src_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_audio_batch_src_decide_allocation);
  src_class->is_seekable = GST_DEBUG_FUNCPTR (gst_audio_batch_src_is_seekable);
  src_class->do_seek = GST_DEBUG_FUNCPTR (gst_audio_batch_src_do_seek);
  src_class->get_times = GST_DEBUG_FUNCPTR (gst_audio_batch_src_get_times);
  src_class->query = GST_DEBUG_FUNCPTR (gst_audio_batch_src_query);
  src_class->create = GST_DEBUG_FUNCPTR (gst_audio_batch_src_create);

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_audio_batch_src_change_state);
  element_class->post_message =
      GST_DEBUG_FUNCPTR (gst_audio_batch_src_post_message);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Audio batch source",
      "Source/Audio",
      "Makes audio in batches, each with memory of its own",
      "The audiobatch developers, in the project's issue tracker");
}
