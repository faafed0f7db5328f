/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audiobatchsrc element: makes batches. */

/**
 * SECTION:element-audiobatchsrc
 * @title: audiobatchsrc
 * @short_description: makes batches of audio with memory of their own
 *
 * Makes audio, in batches of #GstAudioBatchSrc:samples-per-batch samples, each
 * in a buffer that belongs to the consumer alone: one memory, one reference,
 * writable, and never touched again by this element. Left alone it settles for
 * mono F32 at 48000 Hz: 46.875 batches a second of 4096 bytes each.
 *
 * The waves and their properties are those of audiotestsrc.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -v audiobatchsrc num-buffers=2000 ! queue ! fakesink
 * ]|
 * Shows the counters every 1000 batches and at the end.
 * |[
 * gst-launch-1.0 audiobatchsrc is-live=true wave=ticks num-buffers=100 ! fakesink sync=true
 * ]|
 */

#include "gstaudiobatchsrc.h"

#include "batcher.h"
#include "batchstream.h"
#include "timeline.h"
#include "waveform.h"

#define DEFAULT_WAVE WAVEFORM_SINE
#define DEFAULT_FREQ 440.0
#define MAX_FREQ (G_MAXINT / 2.0)
#define DEFAULT_VOLUME 0.8
#define DEFAULT_IS_LIVE FALSE
#define DEFAULT_FORMAT GST_AUDIO_NE (F32)
#define DEFAULT_RATE 48000
#define DEFAULT_TICK_INTERVAL GST_SECOND
#define DEFAULT_SINE_PERIODS_PER_TICK 10
#define DEFAULT_MARKER_TICK_VOLUME 1.0

GST_DEBUG_CATEGORY_STATIC (audio_batch_src_debug);
#define GST_CAT_DEFAULT audio_batch_src_debug

struct _GstAudioBatchSrc
{
  GstBaseSrc parent;

  /* settings, OBJECT_LOCK */
  WaveformSettings settings;

  /* any thread: settings were changed since the streaming thread last looked */
  atomic_bool settings_changed;

  /* says itself who touches what */
  BatchStream stream;

  /* streaming thread, STREAM_LOCK of the src pad */
  GstAudioInfo info;
  SampleClock clock;
  Waveform *waveform;
  /* the next sample to make, and the first that is not made any more */
  guint64 next;
  guint64 stop;
};

enum
{
  PROP_WAVE = BATCH_PROP_LAST,
  PROP_FREQ,
  PROP_VOLUME,
  PROP_IS_LIVE,
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, "
        "format = " GST_AUDIO_FORMATS_ALL ", "
        "rate = " GST_AUDIO_RATE_RANGE ", "
        "channels = " GST_AUDIO_CHANNELS_RANGE ", "
        "layout = { interleaved, non-interleaved }"));

G_DEFINE_TYPE_WITH_CODE (GstAudioBatchSrc, gst_audio_batch_src,
    GST_TYPE_BASE_SRC, GST_DEBUG_CATEGORY_INIT (audio_batch_src_debug,
        "audiobatchsrc", 0, "makes batches of audio"));
GST_ELEMENT_REGISTER_DEFINE (audiobatchsrc, "audiobatchsrc", GST_RANK_NONE,
    GST_TYPE_AUDIO_BATCH_SRC);

#define GST_TYPE_AUDIO_BATCH_SRC_WAVE (gst_audio_batch_src_wave_get_type ())
static GType
gst_audio_batch_src_wave_get_type (void)
{
  static const GEnumValue values[] = {
    {WAVEFORM_SINE, "Sine", "sine"},
    {WAVEFORM_SQUARE, "Square", "square"},
    {WAVEFORM_SAW, "Saw", "saw"},
    {WAVEFORM_TRIANGLE, "Triangle", "triangle"},
    {WAVEFORM_SILENCE, "Silence", "silence"},
    {WAVEFORM_WHITE_NOISE, "White uniform noise", "white-noise"},
    {WAVEFORM_PINK_NOISE, "Pink noise", "pink-noise"},
    {WAVEFORM_SINE_TABLE, "Sine table", "sine-table"},
    {WAVEFORM_TICKS, "Periodic ticks", "ticks"},
    {WAVEFORM_GAUSSIAN_NOISE, "White Gaussian noise", "gaussian-noise"},
    {WAVEFORM_RED_NOISE, "Red (brownian) noise", "red-noise"},
    {WAVEFORM_BLUE_NOISE, "Blue noise", "blue-noise"},
    {WAVEFORM_VIOLET_NOISE, "Violet noise", "violet-noise"},
    {0, NULL, NULL},
  };

  static gsize type = 0;

  return batch_enum_type (&type, "GstAudioBatchSrcWave", values);
}

/* Data path, callee before caller */

/* TRUE when no batch comes after the one that ends before sample next. */
static gboolean
is_last (GstAudioBatchSrc * self)
{
  return GST_BASE_SRC (self)->num_buffers_left == 0 || self->next >= self->stop;
}

static void
take_settings (GstAudioBatchSrc * self)
{
  WaveformSettings settings;

  if (!atomic_exchange_explicit (&self->settings_changed, FALSE,
          memory_order_acquire))
    return;
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  waveform_set_settings (self->waveform, &settings);
}

/* Makes @n_samples from sample next on. */
static GstBuffer *
make_batch (GstAudioBatchSrc * self, guint n_samples)
{
  gsize plane_stride = (gsize) n_samples * GST_AUDIO_INFO_BPS (&self->info);
  GstBuffer *buffer;
  gboolean silent;
  guint8 *data;

  buffer = batch_stream_acquire (&self->stream, n_samples, &data);
  if (G_UNLIKELY (buffer == NULL))
    return NULL;
  sample_clock_stamp (&self->clock, buffer, self->next, n_samples);
  gst_object_sync_values (GST_OBJECT (self), GST_BUFFER_PTS (buffer));
  take_settings (self);
  silent = waveform_fill (self->waveform, data, plane_stride, self->next,
      n_samples);
  batch_describe (buffer, &self->info, n_samples, silent);
  self->next += n_samples;
  return buffer;
}

static GstFlowReturn
gst_audio_batch_src_create (GstBaseSrc * src, guint64 offset, guint size,
    GstBuffer ** buffer)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  gboolean resized;
  guint n_samples;

  batch_stream_report (&self->stream);
  if (!batch_stream_update (&self->stream, &resized))
    return GST_FLOW_ERROR;
  if (self->next >= self->stop)
    return GST_FLOW_EOS;

  n_samples = MIN (batch_size_next (&self->stream.size),
      self->stop - self->next);
  *buffer = make_batch (self, n_samples);
  if (G_UNLIKELY (*buffer == NULL))
    return GST_FLOW_ERROR;
  batch_stream_count (&self->stream, &(SampleCount) {
      .in = n_samples,.out = n_samples,.batches = 1,}
  );
  if (is_last (self))
    batch_stream_report_end (&self->stream);
  return GST_FLOW_OK;
}

/* Base class */

static GstCaps *
gst_audio_batch_src_fixate (GstBaseSrc * src, GstCaps * caps)
{
  GstStructure *structure;
  gint channels;

  caps = gst_caps_make_writable (caps);
  structure = gst_caps_get_structure (caps, 0);
  gst_structure_fixate_field_string (structure, "format", DEFAULT_FORMAT);
  gst_structure_fixate_field_nearest_int (structure, "rate", DEFAULT_RATE);
  gst_structure_fixate_field_string (structure, "layout", "interleaved");
  gst_structure_fixate_field_nearest_int (structure, "channels", 1);
  if (gst_structure_get_int (structure, "channels", &channels) && channels > 2
      && !gst_structure_has_field (structure, "channel-mask")) {
    gst_structure_set (structure, "channel-mask", GST_TYPE_BITMASK,
        gst_audio_channel_get_fallback_mask (channels), NULL);
  }
  return GST_BASE_SRC_CLASS (gst_audio_batch_src_parent_class)->fixate (src,
      caps);
}

static void
find_stop (GstAudioBatchSrc * self, const GstSegment * segment)
{
  self->stop = G_MAXUINT64;
  if (GST_CLOCK_TIME_IS_VALID (segment->stop))
    self->stop = sample_clock_from (&self->clock, segment->stop);
}

static void
seek_to_segment (GstAudioBatchSrc * self, const GstSegment * segment,
    guint rate)
{
  sample_clock_start (&self->clock, rate, 0, 0);
  self->next = sample_clock_until (&self->clock, segment->position);
  find_stop (self, segment);
  batch_size_restart (&self->stream.size);
}

/* Time goes on without a break, in samples of another length. */
static void
change_rate (GstAudioBatchSrc * self, guint rate)
{
  GstClockTime time = sample_clock_time (&self->clock, self->next);

  sample_clock_start (&self->clock, rate, 0, 0);
  self->next = sample_clock_from (&self->clock, time);
  sample_clock_start (&self->clock, rate, self->next, time);
  find_stop (self, &GST_BASE_SRC (self)->segment);
}

static gboolean
gst_audio_batch_src_set_caps (GstBaseSrc * src, GstCaps * caps)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("No audio can be made for these caps."),
        ("the caps are %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  if (!batch_stream_set_info (&self->stream, &info))
    return FALSE;

  if (GST_AUDIO_INFO_RATE (&self->info) != 0)
    change_rate (self, GST_AUDIO_INFO_RATE (&info));
  else
    seek_to_segment (self, &src->segment, GST_AUDIO_INFO_RATE (&info));
  self->info = info;
  waveform_set_info (self->waveform, &info);
  return TRUE;
}

/* Memory is ours: from the query only the wishes for it are taken. */
static gboolean
gst_audio_batch_src_decide_allocation (GstBaseSrc * src, GstQuery * query)
{
  batch_stream_take_allocation (&GST_AUDIO_BATCH_SRC (src)->stream, query);
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
  guint rate = GST_AUDIO_INFO_RATE (&self->info);

  if (segment->rate < 0)
    return FALSE;
  /* before there is a rate, the caps will find the position in the segment */
  if (rate != 0)
    seek_to_segment (self, segment, rate);
  return TRUE;
}

static void
gst_audio_batch_src_get_times (GstBaseSrc * src, GstBuffer * buffer,
    GstClockTime * start, GstClockTime * end)
{
  *start = GST_CLOCK_TIME_NONE;
  *end = GST_CLOCK_TIME_NONE;
  if (gst_base_src_is_live (src) && GST_BUFFER_PTS_IS_VALID (buffer)) {
    *start = GST_BUFFER_PTS (buffer);
    *end = *start + GST_BUFFER_DURATION (buffer);
  }
}

static gboolean
gst_audio_batch_src_query (GstBaseSrc * src, GstQuery * query)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);
  GstClockTime latency;

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_BASE_SRC_CLASS (gst_audio_batch_src_parent_class)->query (src,
        query);

  latency = batch_stream_get_latency (&self->stream);
  if (latency == 0)
    return FALSE;
  gst_query_set_latency (query, gst_base_src_is_live (src), latency,
      GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean
gst_audio_batch_src_start (GstBaseSrc * src)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);

  batch_stream_start (&self->stream);
  gst_audio_info_init (&self->info);
  self->next = 0;
  self->stop = G_MAXUINT64;
  self->waveform = waveform_new (g_random_int ());
  atomic_store_explicit (&self->settings_changed, TRUE, memory_order_relaxed);
  return TRUE;
}

static gboolean
gst_audio_batch_src_stop (GstBaseSrc * src)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (src);

  g_clear_pointer (&self->waveform, waveform_free);
  batch_stream_stop (&self->stream);
  return TRUE;
}

/* Properties */

static gboolean
set_wave_setting (WaveformSettings * settings, guint id, const GValue * value)
{
  switch (id) {
    case PROP_WAVE:
      settings->wave = g_value_get_enum (value);
      return TRUE;
    case PROP_FREQ:
      settings->freq = g_value_get_double (value);
      return TRUE;
    case PROP_VOLUME:
      settings->volume = g_value_get_double (value);
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
get_wave_setting (const WaveformSettings * settings, guint id, GValue * value)
{
  switch (id) {
    case PROP_WAVE:
      g_value_set_enum (value, settings->wave);
      return TRUE;
    case PROP_FREQ:
      g_value_set_double (value, settings->freq);
      return TRUE;
    case PROP_VOLUME:
      g_value_set_double (value, settings->volume);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
gst_audio_batch_src_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (object);
  gboolean ours;

  if (batch_stream_set_property (&self->stream, id, value))
    return;
  if (id == PROP_IS_LIVE) {
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  ours = set_wave_setting (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  atomic_store_explicit (&self->settings_changed, TRUE, memory_order_release);
  if (!ours)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_audio_batch_src_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (object);
  WaveformSettings settings;

  if (batch_stream_get_property (&self->stream, id, value))
    return;
  if (id == PROP_IS_LIVE) {
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
    return;
  }
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (!get_wave_setting (&settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_audio_batch_src_finalize (GObject * object)
{
  GstAudioBatchSrc *self = GST_AUDIO_BATCH_SRC (object);

  g_clear_pointer (&self->waveform, waveform_free);
  batch_stream_clear (&self->stream);
  G_OBJECT_CLASS (gst_audio_batch_src_parent_class)->finalize (object);
}

static void
gst_audio_batch_src_init (GstAudioBatchSrc * self)
{
  batch_stream_init (&self->stream, GST_ELEMENT (self), GST_CAT_DEFAULT);
  self->settings = (WaveformSettings) {
  .wave = DEFAULT_WAVE,.freq = DEFAULT_FREQ,.volume =
        DEFAULT_VOLUME,.tick_interval =
        DEFAULT_TICK_INTERVAL,.sine_periods_per_tick =
        DEFAULT_SINE_PERIODS_PER_TICK,.marker_tick_volume =
        DEFAULT_MARKER_TICK_VOLUME,};
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_base_src_set_live (GST_BASE_SRC (self), DEFAULT_IS_LIVE);
}

static void
install_own_properties (GObjectClass * klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GParamFlags controllable = flags | GST_PARAM_CONTROLLABLE
      | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (klass, PROP_WAVE,
      g_param_spec_enum ("wave", "Waveform", "Shape of the wave",
          GST_TYPE_AUDIO_BATCH_SRC_WAVE, DEFAULT_WAVE, controllable));
  g_object_class_install_property (klass, PROP_FREQ,
      g_param_spec_double ("freq", "Frequency",
          "Frequency of the wave, in Hz; above half the sample rate it aliases",
          0, MAX_FREQ, DEFAULT_FREQ, controllable));
  g_object_class_install_property (klass, PROP_VOLUME,
      g_param_spec_double ("volume", "Volume",
          "Amplitude of the wave, 1 is full scale", 0, 1, DEFAULT_VOLUME,
          controllable));
  g_object_class_install_property (klass, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live",
          "Make each batch when its time has come, as a capture device does",
          DEFAULT_IS_LIVE, flags | GST_PARAM_MUTABLE_READY));
}

static void
gst_audio_batch_src_class_init (GstAudioBatchSrcClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  object_class->set_property = gst_audio_batch_src_set_property;
  object_class->get_property = gst_audio_batch_src_get_property;
  object_class->finalize = gst_audio_batch_src_finalize;
  batch_properties_install (object_class);
  install_own_properties (object_class);

  src_class->start = GST_DEBUG_FUNCPTR (gst_audio_batch_src_start);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_audio_batch_src_stop);
  src_class->fixate = GST_DEBUG_FUNCPTR (gst_audio_batch_src_fixate);
  src_class->set_caps = GST_DEBUG_FUNCPTR (gst_audio_batch_src_set_caps);
  src_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_audio_batch_src_decide_allocation);
  src_class->is_seekable = GST_DEBUG_FUNCPTR (gst_audio_batch_src_is_seekable);
  src_class->do_seek = GST_DEBUG_FUNCPTR (gst_audio_batch_src_do_seek);
  src_class->get_times = GST_DEBUG_FUNCPTR (gst_audio_batch_src_get_times);
  src_class->query = GST_DEBUG_FUNCPTR (gst_audio_batch_src_query);
  src_class->create = GST_DEBUG_FUNCPTR (gst_audio_batch_src_create);

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Audio batch source",
      "Source/Audio",
      "Makes audio in batches, each with memory of its own",
      "The audiobatch developers");
}
