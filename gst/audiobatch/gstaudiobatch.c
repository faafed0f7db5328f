/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audiobatch element: takes chunks of any length, pushes batches. */

/**
 * SECTION:element-audiobatch
 * @title: audiobatch
 * @short_description: cuts an audio stream into batches with memory of their own
 *
 * Collects raw audio, in chunks of any length, into batches of
 * #GstAudioBatch:samples-per-batch samples. It pushes each batch in a buffer
 * that belongs to the consumer alone: one memory, one reference, writable, and
 * never touched again by this element. A consumer may work on it in place, hold
 * it for as long as it likes, and release it in any thread, even after the
 * element is gone.
 *
 * The element counts what the batches cost. The figures are in its properties,
 * in #GstAudioBatch:stats, and every #GstAudioBatch:report-interval batches in
 * the log and in an `audiobatch-report` element message.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m audiotestsrc num-buffers=2000 samplesperbuffer=128 ! audiobatch report-interval=100 ! fakesink
 * ]|
 * Batches of 1024 from chunks of 128, with a report message every 100 batches.
 * |[
 * gst-launch-1.0 filesrc location=speech.oga ! oggdemux ! vorbisdec ! audiobatch samples-per-batch=512 ! queue ! fakesink
 * ]|
 * A recording in batches of 512 samples, consumed on another thread.
 *
 * Since: 1.0
 */

#include "gstaudiobatch.h"

#include "batch/placer.h"

GST_DEBUG_CATEGORY_STATIC (audio_batch_debug);
#define GST_CAT_DEFAULT audio_batch_debug

struct _GstAudioBatch
{
  GstElement parent;

  /* constant */
  GstPad *sinkpad;
  GstPad *srcpad;

  /* settings, OBJECT_LOCK */
  AbFilterSettings settings;

  /* see its own fields for threads */
  AbStream stream;

  /* streaming thread, sink STREAM_LOCK */
  /* the input segment; mirrored if its rate is negative, so that it plays
   * forwards */
  GstSegment segment;
  gboolean reverse;
  /* the caps or segment event that was refused last; see was_refused() */
  GstEventType refused_type;
  guint32 refused_seqnum;
  /* DISCONT and RESYNC of a chunk of which nothing was left: the next one has
   * them */
  guint due_flags;
  AbPlacer placer;
};

#define AUDIO_BATCH_CAPS "audio/x-raw, " \
    "format = " GST_AUDIO_FORMATS_ALL ", " \
    "rate = " GST_AUDIO_RATE_RANGE ", " \
    "channels = " GST_AUDIO_CHANNELS_RANGE ", " \
    "layout = { interleaved, non-interleaved }"

static GstStaticPadTemplate sink_template =
GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (AUDIO_BATCH_CAPS));
static GstStaticPadTemplate src_template =
GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (AUDIO_BATCH_CAPS));

G_DEFINE_TYPE_WITH_CODE (GstAudioBatch, gst_audio_batch, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (audio_batch_debug, "audiobatch", 0,
        "cuts audio streams into batches"));
GST_ELEMENT_REGISTER_DEFINE (audiobatch, "audiobatch", GST_RANK_NONE,
    GST_TYPE_AUDIO_BATCH);

/* Data path, callee before caller */

/* The start, in the mirrored segment, of samples that end at @end. */
static GstClockTime
mirror_time (GstAudioBatch * self, GstClockTime end)
{
  return self->segment.start + (self->segment.stop - CLAMP (end,
          self->segment.start, self->segment.stop));
}

static GstClockTime
end_time (GstAudioBatch * self, GstClockTime pts, guint64 n_samples)
{
  return pts + gst_util_uint64_scale_int (n_samples, GST_SECOND,
      GST_AUDIO_INFO_RATE (&self->stream.info));
}

/* TRUE if all of the chunk is inside the segment, as nearly always. */
static gboolean
is_inside_segment (GstAudioBatch * self, const AbArrival * arrival)
{
  if (!GST_CLOCK_TIME_IS_VALID (arrival->pts))
    return TRUE;
  if (arrival->pts < self->segment.start)
    return FALSE;
  return self->segment.stop == GST_CLOCK_TIME_NONE
      || end_time (self, arrival->pts, arrival->chunk.n_samples)
      < self->segment.stop;
}

/* How many samples of the chunk are before @time. Timestamps are rounded to a
 * nanosecond: a sample that seems to be 1 ns before @time is at @time. */
static guint
samples_before (GstAudioBatch * self, const AbArrival * arrival,
    GstClockTime time)
{
  guint64 n;

  if (time <= arrival->pts)
    return 0;
  n = gst_util_uint64_scale_int_ceil (time - arrival->pts - 1,
      GST_AUDIO_INFO_RATE (&self->stream.info), GST_SECOND);
  return MIN (n, arrival->chunk.n_samples);
}

/* Returns @n samples of @buffer (transfer full) from number @start on.
 * gst_audio_buffer_truncate() believes a GstAudioMeta, but only that of planar
 * audio has been checked. */
static GstBuffer *
take_part (GstAudioBatch * self, GstBuffer * buffer, guint start, guint n)
{
  const GstAudioInfo *info = &self->stream.info;
  const GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);
  gsize bpf = GST_AUDIO_INFO_BPF (info);
  GstBufferCopyFlags flags = GST_BUFFER_COPY_ALL;
  GstBuffer *part;

  if (GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
    return gst_audio_buffer_truncate (buffer, bpf, start, n);
  /* no part of the buffer has room for planes that this meta may claim */
  if (meta && meta->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
    flags &= ~GST_BUFFER_COPY_META;
  part = gst_buffer_copy_region (buffer, flags, start * bpf, n * bpf);
  gst_buffer_unref (buffer);
  return part;
}

/* Cuts the chunk to its samples from number @start up to @end. */
static void
cut (GstAudioBatch * self, AbArrival * arrival, guint start, guint end)
{
  arrival->chunk.n_samples = 0;
  if (start >= end)
    return;
  arrival->buffer = take_part (self, arrival->buffer, start, end - start);
  ab_chunk_measure (&arrival->chunk, arrival->buffer, &self->stream.info, NULL);
  arrival->cut = start;
  if (start > 0)
    arrival->pts = MAX (end_time (self, arrival->pts, start),
        self->segment.start);
}

/* Clips the chunk to the segment, and counts the rest as dropped. */
static void
clip (GstAudioBatch * self, AbArrival * arrival)
{
  guint before = arrival->chunk.n_samples;
  guint start, end = before;

  if (G_LIKELY (is_inside_segment (self, arrival)))
    return;
  start = samples_before (self, arrival, self->segment.start);
  if (GST_CLOCK_TIME_IS_VALID (self->segment.stop))
    end = samples_before (self, arrival, self->segment.stop);
  if (start == 0 && end == before)
    return;
  cut (self, arrival, start, end);
  ab_placer_count_refused (&self->placer, before - arrival->chunk.n_samples);
}

/* Turns a chunk of a reverse segment round: its samples and its time. */
static void
reverse_chunk (GstAudioBatch * self, AbArrival * arrival)
{
  GstClockTime end, stop = self->segment.stop;

  arrival->chunk.reversed = TRUE;
  if (!GST_CLOCK_TIME_IS_VALID (arrival->pts))
    return;
  end = end_time (self, arrival->pts, arrival->chunk.n_samples);
  /* start and length of the chunk are both rounded down */
  if (end < stop && stop - end <= 2)
    end = stop;
  arrival->pts = mirror_time (self, end);
}

static GstFlowReturn
gst_audio_batch_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstAudioBatch *self = (GstAudioBatch *) parent;
  g_autoptr (GError) error = NULL;
  GstFlowReturn ret = GST_FLOW_OK;
  /* not cleared, to save time: most of it is for planar audio */
  AbArrival arrival;

  if (G_UNLIKELY (GST_AUDIO_INFO_RATE (&self->stream.info) == 0)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  ab_stream_take_settings (&self->stream);
  arrival.kind = AB_ARRIVAL_CHUNK;
  arrival.buffer = buffer;
  arrival.cut = 0;
  arrival.pts = GST_BUFFER_PTS (buffer);
  arrival.flags = GST_BUFFER_FLAGS (buffer) | self->due_flags;
  if (G_UNLIKELY (!ab_chunk_measure (&arrival.chunk, buffer,
              &self->stream.info, &error))) {
    ab_stream_post_error (&self->stream, error);
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  clip (self, &arrival);
  if (G_UNLIKELY (arrival.chunk.n_samples == 0)) {
    self->due_flags = arrival.flags & AB_BREAK_FLAGS;
    gst_clear_buffer (&arrival.buffer);
  } else {
    self->due_flags = 0;
    if (G_UNLIKELY (self->reverse))
      reverse_chunk (self, &arrival);
    arrival.chunk.has_metas = ab_metas_any (arrival.buffer);
    ret = ab_placer_place (&self->placer, &arrival);
    gst_clear_buffer (&arrival.buffer);
  }
  return ret;
}

/* Start and stop */

static void
forget_stream (GstAudioBatch * self)
{
  ab_placer_reset (&self->placer);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->reverse = FALSE;
  self->refused_type = GST_EVENT_UNKNOWN;
  self->due_flags = 0;
}

static void
start (GstAudioBatch * self)
{
  if (ab_stream_is_started (&self->stream))
    return;
  ab_stream_start (&self->stream);
  ab_stream_take_settings (&self->stream);
  forget_stream (self);
}

/* The sink pad, not the state, starts and stops us: a pad may be activated and
 * deactivated by hand, and a change of state that fails may leave it active. */

static gboolean
gst_audio_batch_sink_activate (GstPad * pad, GstObject * parent)
{
  /* the pad accepts data before it calls the activatemode function */
  start (GST_AUDIO_BATCH (parent));
  return gst_pad_activate_mode (pad, GST_PAD_MODE_PUSH, TRUE);
}

static gboolean
gst_audio_batch_sink_activate_mode (GstPad * pad, GstObject * parent,
    GstPadMode mode, gboolean active)
{
  GstAudioBatch *self = GST_AUDIO_BATCH (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (active) {
    start (self);
    return TRUE;
  }
  /* end the wait, if there is one, and let the streaming thread leave */
  ab_stream_set_shut (&self->stream, AB_GATE_STOPPING, TRUE);
  GST_PAD_STREAM_LOCK (pad);
  forget_stream (self);
  ab_stream_stop (&self->stream);
  GST_PAD_STREAM_UNLOCK (pad);
  return TRUE;
}

/* Events and queries */

/* The first field that raw audio needs and @caps lack, or NULL. */
static const gchar *
missing_field (const GstCaps * caps)
{
  static const gchar *const needed[] =
      { "format", "rate", "channels", "layout", NULL };
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gint channels;
  guint i;

  for (i = 0; needed[i]; i++) {
    if (!gst_structure_has_field (structure, needed[i]))
      return needed[i];
  }
  if (gst_structure_get_int (structure, "channels", &channels) && channels > 2
      && !gst_structure_has_field (structure, "channel-mask"))
    return "channel-mask";
  return NULL;
}

static void
refuse_caps (GstAudioBatch * self, const GstCaps * caps)
{
  const gchar *missing = missing_field (caps);
  g_autofree gchar *text = gst_caps_to_string (caps);

  if (missing) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Audio can't be batched: its caps have no field \"%s\".", missing),
        ("the caps are %s", text));
  } else {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("These caps don't describe raw audio: %s", text), (NULL));
  }
}

/* Drains with the current settings. */
static void
drain (GstAudioBatch * self)
{
  ab_stream_take_settings (&self->stream);
  ab_placer_settle (&self->placer);
  ab_placer_drain (&self->placer);
}

static gboolean
set_info (GstAudioBatch * self, const GstAudioInfo * info)
{
  if (!ab_stream_set_info (&self->stream, info)) {
    ab_stream_forget_info (&self->stream);
    return FALSE;
  }
  ab_placer_set_info (&self->placer);
  return TRUE;
}

/* Forwards @event, after the events that wait. */
static gboolean
send_event (GstAudioBatch * self, GstEvent * event)
{
  if (ab_placer_hold (&self->placer, event))
    return TRUE;
  return gst_pad_event_default (self->sinkpad, GST_OBJECT (self), event);
}

/* The same for an event with which a segment or a stream begins. */
static gboolean
change (GstAudioBatch * self, GstEvent * event)
{
  if (ab_placer_change (&self->placer, event))
    return TRUE;
  return gst_pad_event_default (self->sinkpad, GST_OBJECT (self), event);
}

/* Refuses @event; an error message has been posted. */
static gboolean
refuse_event (GstAudioBatch * self, GstEvent * event)
{
  self->refused_type = GST_EVENT_TYPE (event);
  self->refused_seqnum = gst_event_get_seqnum (event);
  gst_event_unref (event);
  return FALSE;
}

/* A pad sends a refused sticky event again with each buffer. Post one error
 * only. */
static gboolean
was_refused (GstAudioBatch * self, GstEvent * event)
{
  return GST_EVENT_TYPE (event) == self->refused_type
      && gst_event_get_seqnum (event) == self->refused_seqnum;
}

static gboolean
handle_caps (GstAudioBatch * self, GstEvent * event)
{
  GstAudioInfo info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&info, caps)) {
    refuse_caps (self, caps);
    return refuse_event (self, event);
  }
  if (gst_audio_info_is_equal (&info, &self->stream.info)) {
    ab_placer_settle (&self->placer);
    return send_event (self, event);
  }
  drain (self);
  if (!set_info (self, &info))
    return refuse_event (self, event);
  /* downstream's answer was for the old caps */
  gst_pad_mark_reconfigure (self->srcpad);
  return gst_pad_event_default (self->sinkpad, GST_OBJECT (self), event);
}

static gboolean
check_segment (GstAudioBatch * self, const GstSegment * segment)
{
  if (segment->format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Audio can be batched only in a time segment, and this one is in %s.",
            gst_format_get_name (segment->format)),
        ("For raw audio from a file, put rawaudioparse before this element."));
    return FALSE;
  }
  if (segment->rate < 0 && !GST_CLOCK_TIME_IS_VALID (segment->stop)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Audio can't be batched in reverse if the end is not known: the "
            "segment has a rate of %g and no stop.", segment->rate),
        ("Seek with a stop, such as the duration."));
    return FALSE;
  }
  return TRUE;
}

/* Returns @event (transfer full) in place of @old, which it frees. */
static GstEvent *
replace_event (GstEvent * old, GstEvent * event)
{
  gst_event_set_seqnum (event, gst_event_get_seqnum (old));
  gst_event_set_running_time_offset (event,
      gst_event_get_running_time_offset (old));
  GST_EVENT_TIMESTAMP (event) = GST_EVENT_TIMESTAMP (old);
  gst_event_unref (old);
  return event;
}

static gboolean
handle_segment (GstAudioBatch * self, GstEvent * event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (!check_segment (self, segment))
    return refuse_event (self, event);
  GST_DEBUG_OBJECT (self, "new %" GST_SEGMENT_FORMAT, segment);
  ab_placer_settle (&self->placer);
  self->segment = *segment;
  self->reverse = segment->rate < 0;
  if (self->reverse) {
    /* the output is in order, so downstream plays it forwards */
    self->segment.rate = -segment->rate;
    self->segment.applied_rate = -segment->applied_rate;
    event = replace_event (event, gst_event_new_segment (&self->segment));
  }
  return change (self, event);
}

static GstEvent *
mirror_segment_done (GstAudioBatch * self, GstEvent * event)
{
  GstFormat format;
  gint64 position;

  gst_event_parse_segment_done (event, &format, &position);
  if (format != GST_FORMAT_TIME || position < 0)
    return event;
  return replace_event (event, gst_event_new_segment_done (format,
          mirror_time (self, MAX ((guint64) position, self->segment.start))));
}

/* The end is the start if the event does not tell the duration. */
static void
parse_gap (GstEvent * event, GstClockTime * start, GstClockTime * end)
{
  GstClockTime duration;

  gst_event_parse_gap (event, start, &duration);
  *end = GST_CLOCK_TIME_IS_VALID (duration)
      ? ab_time_offset (*start, MIN (duration, G_MAXINT64)) : *start;
}

/* A GAP event of a reverse segment, turned round as the chunks are. */
static GstEvent *
mirror_gap (GstAudioBatch * self, GstEvent * event)
{
  GstClockTime start, end;

  parse_gap (event, &start, &end);
  event = gst_event_make_writable (event);
  gst_structure_set (gst_event_writable_structure (event), "timestamp",
      GST_TYPE_CLOCK_TIME, mirror_time (self, end), NULL);
  return event;
}

static gboolean
is_live (GstAudioBatch * self)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (self->sinkpad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

/* Does a gap from @start to @end say that the next sample will never come? Only
 * a live upstream knows: in a file the samples may be stored further behind. Sets
 * @n_samples to those that will not come. */
static gboolean
is_loss (GstAudioBatch * self, GstClockTime start, GstClockTime end,
    guint64 * n_samples)
{
  guint rate = GST_AUDIO_INFO_RATE (&self->stream.info);

  if (rate == 0
      || gst_util_uint64_scale_int_round (end - start, rate, GST_SECOND) == 0)
    return FALSE;
  start = MAX (start, self->segment.start);
  end = MIN (end, self->segment.stop);
  return start < end && ab_placer_misses (&self->placer, start, end, n_samples)
      && is_live (self);
}

static gboolean
handle_gap (GstAudioBatch * self, GstEvent * event)
{
  GstClockTime start, end;
  guint64 n_samples;

  ab_stream_take_settings (&self->stream);
  ab_placer_settle (&self->placer);
  if (self->reverse)
    event = mirror_gap (self, event);
  parse_gap (event, &start, &end);
  if (is_loss (self, start, end, &n_samples)) {
    if (ab_placer_fill (&self->placer, n_samples, end)) {
      gst_event_unref (event);
      return TRUE;
    }
    drain (self);
    ab_placer_break (&self->placer);
  } else if (ab_placer_hold_gap (&self->placer, event, start, end)) {
    return TRUE;
  }
  return gst_pad_event_default (self->sinkpad, GST_OBJECT (self), event);
}

static gboolean
gst_audio_batch_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstAudioBatch *self = GST_AUDIO_BATCH (parent);

  if (was_refused (self, event))
    return refuse_event (self, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      return handle_caps (self, event);
    case GST_EVENT_SEGMENT:
      return handle_segment (self, event);
    case GST_EVENT_GAP:
      return handle_gap (self, event);
    case GST_EVENT_SEGMENT_DONE:
      drain (self);
      if (self->reverse)
        event = mirror_segment_done (self, event);
      break;
    case GST_EVENT_EOS:
      drain (self);
      ab_placer_break (&self->placer);
      ab_stream_report_end (&self->stream);
      break;
    case GST_EVENT_STREAM_START:
      ab_placer_settle (&self->placer);
      return change (self, event);
    case GST_EVENT_FLUSH_START:
      ab_stream_set_shut (&self->stream, AB_GATE_FLUSHING, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      ab_stream_set_shut (&self->stream, AB_GATE_FLUSHING, FALSE);
      forget_stream (self);
      break;
    default:
      if (GST_EVENT_IS_SERIALIZED (event))
        return send_event (self, event);
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* Accepts raw audio caps that lack a field, so that the event function can name
 * the field. Otherwise upstream reports only "not negotiated". */
static gboolean
accept_incomplete_caps (GstQuery * query)
{
  GstCaps *caps;

  gst_query_parse_accept_caps (query, &caps);
  if (!gst_caps_is_fixed (caps)
      || !gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "audio/x-raw")
      || missing_field (caps) == NULL)
    return FALSE;
  gst_query_set_accept_caps_result (query, TRUE);
  return TRUE;
}

static gboolean
gst_audio_batch_sink_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_ACCEPT_CAPS:
      if (accept_incomplete_caps (query))
        return TRUE;
      break;
    case GST_QUERY_ALLOCATION:
      /* We read any memory; planar audio needs its meta. */
      gst_query_add_allocation_meta (query, GST_AUDIO_META_API_TYPE, NULL);
      return TRUE;
    default:
      break;
  }
  return gst_pad_query_default (pad, parent, query);
}

static gboolean
gst_audio_batch_src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstAudioBatch *self = GST_AUDIO_BATCH (parent);
  GstClockTime min, max, ours;
  gboolean live;

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);

  if (!gst_pad_peer_query (self->sinkpad, query))
    return FALSE;
  ours = ab_stream_get_latency (&self->stream);
  gst_query_parse_latency (query, &live, &min, &max);
  min += ours;
  if (max != GST_CLOCK_TIME_NONE)
    max += ours;
  GST_DEBUG_OBJECT (self, "latency: %" GST_TIME_FORMAT " added, %"
      GST_TIME_FORMAT " in total", GST_TIME_ARGS (ours), GST_TIME_ARGS (min));
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

/* Properties */

static void
gst_audio_batch_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAudioBatch *self = GST_AUDIO_BATCH (object);
  gboolean ours;

  if (ab_stream_set_property (&self->stream, id, value))
    return;
  GST_OBJECT_LOCK (self);
  ours = ab_filter_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  ab_stream_change_settings (&self->stream);
  if (!ours)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_audio_batch_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAudioBatch *self = GST_AUDIO_BATCH (object);
  AbFilterSettings settings;

  if (ab_stream_get_property (&self->stream, id, value))
    return;
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (!ab_filter_settings_get (&settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_audio_batch_finalize (GObject * object)
{
  GstAudioBatch *self = GST_AUDIO_BATCH (object);

  ab_placer_clear (&self->placer);
  ab_stream_clear (&self->stream);
  G_OBJECT_CLASS (gst_audio_batch_parent_class)->finalize (object);
}

static void
gst_audio_batch_init (GstAudioBatch * self)
{
  ab_stream_init (&self->stream, GST_ELEMENT (self), GST_CAT_DEFAULT,
      &self->settings, &self->placer.settings, sizeof self->settings);
  ab_filter_settings_init (&self->settings);

  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad,
      GST_DEBUG_FUNCPTR (gst_audio_batch_chain));
  gst_pad_set_activate_function (self->sinkpad,
      GST_DEBUG_FUNCPTR (gst_audio_batch_sink_activate));
  gst_pad_set_activatemode_function (self->sinkpad,
      GST_DEBUG_FUNCPTR (gst_audio_batch_sink_activate_mode));
  gst_pad_set_event_function (self->sinkpad,
      GST_DEBUG_FUNCPTR (gst_audio_batch_sink_event));
  gst_pad_set_query_function (self->sinkpad,
      GST_DEBUG_FUNCPTR (gst_audio_batch_sink_query));
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (self->srcpad,
      GST_DEBUG_FUNCPTR (gst_audio_batch_src_query));
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  ab_placer_init (&self->placer, &self->stream, self->srcpad, &self->segment);
}

static void
gst_audio_batch_class_init (GstAudioBatchClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_audio_batch_set_property;
  object_class->get_property = gst_audio_batch_get_property;
  object_class->finalize = gst_audio_batch_finalize;
  ab_common_settings_install (object_class);
  ab_filter_settings_install (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Audio batcher",
      "Filter/Audio",
      "Cuts an audio stream into batches, each with memory of its own",
      "The audiobatch developers, in the project's issue tracker");
}
