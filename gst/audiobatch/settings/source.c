/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties that only audiobatchsrc has. */

#include "settings/source.h"

#define DEFAULT_WAVE AB_WAVEFORM_SINE
#define DEFAULT_FREQ 440.0
#define MAX_FREQ (G_MAXINT / 2.0)
#define DEFAULT_VOLUME 0.8
#define DEFAULT_TICK_INTERVAL GST_SECOND
#define DEFAULT_SINE_PERIODS_PER_TICK 10
#define DEFAULT_MARKER_TICK_PERIOD 0
#define DEFAULT_MARKER_TICK_VOLUME 1.0
#define DEFAULT_APPLY_TICK_RAMP FALSE
#define DEFAULT_TIMESTAMP_OFFSET 0
#define DEFAULT_CAN_ACTIVATE_PUSH TRUE
#define DEFAULT_CAN_ACTIVATE_PULL FALSE

#define GST_TYPE_AUDIO_BATCH_SRC_WAVE (gst_audio_batch_src_wave_get_type ())
static GType
gst_audio_batch_src_wave_get_type (void)
{
  static const GEnumValue values[] = {
    {AB_WAVEFORM_SINE, "Sine", "sine"},
    {AB_WAVEFORM_SQUARE, "Square", "square"},
    {AB_WAVEFORM_SAW, "Saw", "saw"},
    {AB_WAVEFORM_TRIANGLE, "Triangle", "triangle"},
    {AB_WAVEFORM_SILENCE, "Silence", "silence"},
    {AB_WAVEFORM_WHITE_NOISE, "White uniform noise", "white-noise"},
    {AB_WAVEFORM_PINK_NOISE, "Pink noise", "pink-noise"},
    {AB_WAVEFORM_SINE_TABLE, "Sine table", "sine-table"},
    {AB_WAVEFORM_TICKS, "Periodic ticks", "ticks"},
    {AB_WAVEFORM_GAUSSIAN_NOISE, "White Gaussian noise", "gaussian-noise"},
    {AB_WAVEFORM_RED_NOISE, "Red (brownian) noise", "red-noise"},
    {AB_WAVEFORM_BLUE_NOISE, "Blue noise", "blue-noise"},
    {AB_WAVEFORM_VIOLET_NOISE, "Violet noise", "violet-noise"},
    {0, NULL, NULL},
  };

  static gsize type = 0;

  return ab_enum_type (&type, "GstAudioBatchSrcWave", values);
}

void
ab_source_settings_init (AbSourceSettings * self)
{
  self->waveform.wave = DEFAULT_WAVE;
  self->waveform.freq = DEFAULT_FREQ;
  self->waveform.volume = DEFAULT_VOLUME;
  self->waveform.tick_interval = DEFAULT_TICK_INTERVAL;
  self->waveform.sine_periods_per_tick = DEFAULT_SINE_PERIODS_PER_TICK;
  self->waveform.marker_tick_period = DEFAULT_MARKER_TICK_PERIOD;
  self->waveform.marker_tick_volume = DEFAULT_MARKER_TICK_VOLUME;
  self->waveform.apply_tick_ramp = DEFAULT_APPLY_TICK_RAMP;
  self->timestamp_offset = DEFAULT_TIMESTAMP_OFFSET;
  self->can_activate_push = DEFAULT_CAN_ACTIVATE_PUSH;
  self->can_activate_pull = DEFAULT_CAN_ACTIVATE_PULL;
}

/**
 * GstAudioBatchSrc:wave:
 *
 * Shape of the wave. A handler of #GstAudioBatchSrc::fill-batch replaces it.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:freq:
 *
 * Frequency of the wave, in Hz. Above half the sample rate it aliases.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:volume:
 *
 * Amplitude of the wave. 1 is full scale.
 *
 * Since: 1.0
 */

static void
install_wave (GObjectClass * klass, GParamFlags flags)
{
  GParamFlags controllable = flags | GST_PARAM_CONTROLLABLE;

  g_object_class_install_property (klass, AB_SOURCE_PROP_WAVE,
      g_param_spec_enum ("wave", "Waveform", "Shape of the wave",
          GST_TYPE_AUDIO_BATCH_SRC_WAVE, DEFAULT_WAVE, controllable));
  g_object_class_install_property (klass, AB_SOURCE_PROP_FREQ,
      g_param_spec_double ("freq", "Frequency",
          "Frequency of the wave, in Hz; above half the sample rate it aliases",
          0, MAX_FREQ, DEFAULT_FREQ, controllable));
  g_object_class_install_property (klass, AB_SOURCE_PROP_VOLUME,
      g_param_spec_double ("volume", "Volume",
          "Amplitude of the wave, 1 is full scale", 0, 1, DEFAULT_VOLUME,
          controllable));
}

/**
 * GstAudioBatchSrc:tick-interval:
 *
 * Time from the start of one tick to the start of the next, in nanoseconds, if
 * #GstAudioBatchSrc:wave is ticks.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:sine-periods-per-tick:
 *
 * Length of a tick, in periods of its sine, if #GstAudioBatchSrc:wave is
 * ticks.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:marker-tick-period:
 *
 * Ticks from one marker tick to the next, if #GstAudioBatchSrc:wave is ticks.
 * 0 is no marker ticks.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:marker-tick-volume:
 *
 * Amplitude of marker ticks, if #GstAudioBatchSrc:wave is ticks. 1 is full
 * scale.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:apply-tick-ramp:
 *
 * Whether to fade each tick in and out, if #GstAudioBatchSrc:wave is ticks.
 *
 * Since: 1.0
 */

static void
install_ticks (GObjectClass * klass, GParamFlags flags)
{
  g_object_class_install_property (klass, AB_SOURCE_PROP_TICK_INTERVAL,
      g_param_spec_uint64 ("tick-interval", "Tick interval",
          "Time from the start of one tick to the start of the next, in "
          "nanoseconds (wave=ticks)", 1, G_MAXUINT64, DEFAULT_TICK_INTERVAL,
          flags));
  g_object_class_install_property (klass, AB_SOURCE_PROP_SINE_PERIODS_PER_TICK,
      g_param_spec_uint ("sine-periods-per-tick", "Sine periods per tick",
          "Length of a tick, in periods of its sine (wave=ticks)", 1,
          G_MAXUINT, DEFAULT_SINE_PERIODS_PER_TICK, flags));
  g_object_class_install_property (klass, AB_SOURCE_PROP_MARKER_TICK_PERIOD,
      g_param_spec_uint ("marker-tick-period", "Marker tick period",
          "Ticks from one marker tick to the next (wave=ticks; 0 = no marker "
          "ticks)", 0, G_MAXUINT, DEFAULT_MARKER_TICK_PERIOD, flags));
  g_object_class_install_property (klass, AB_SOURCE_PROP_MARKER_TICK_VOLUME,
      g_param_spec_double ("marker-tick-volume", "Marker tick volume",
          "Amplitude of marker ticks, 1 is full scale (wave=ticks)", 0, 1,
          DEFAULT_MARKER_TICK_VOLUME, flags));
  g_object_class_install_property (klass, AB_SOURCE_PROP_APPLY_TICK_RAMP,
      g_param_spec_boolean ("apply-tick-ramp", "Apply tick ramp",
          "Fade each tick in and out (wave=ticks)",
          DEFAULT_APPLY_TICK_RAMP, flags));
}

/**
 * GstAudioBatchSrc:timestamp-offset:
 *
 * Offset added to the time of each batch, in nanoseconds. The result is never
 * below 0.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:can-activate-push:
 *
 * Whether the element may push batches.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:can-activate-pull:
 *
 * Whether downstream may pull any range of bytes.
 *
 * Since: 1.0
 */

void
ab_source_settings_install (GObjectClass * klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GParamFlags playing = flags | GST_PARAM_MUTABLE_PLAYING;
  GParamFlags ready = flags | GST_PARAM_MUTABLE_READY;

  install_wave (klass, playing);
  install_ticks (klass, playing);
  g_object_class_install_property (klass, AB_SOURCE_PROP_TIMESTAMP_OFFSET,
      g_param_spec_int64 ("timestamp-offset", "Timestamp offset",
          "Offset added to the time of each batch, in nanoseconds; the result "
          "is never below 0", G_MININT64, G_MAXINT64, DEFAULT_TIMESTAMP_OFFSET,
          playing));
  g_object_class_install_property (klass, AB_SOURCE_PROP_CAN_ACTIVATE_PUSH,
      g_param_spec_boolean ("can-activate-push", "Can activate push",
          "Whether the element may push batches", DEFAULT_CAN_ACTIVATE_PUSH,
          ready));
  g_object_class_install_property (klass, AB_SOURCE_PROP_CAN_ACTIVATE_PULL,
      g_param_spec_boolean ("can-activate-pull", "Can activate pull",
          "Whether downstream may pull any range of bytes",
          DEFAULT_CAN_ACTIVATE_PULL, ready));
}

static gboolean
set_waveform (AbWaveformSettings * self, guint id, const GValue * value)
{
  switch (id) {
    case AB_SOURCE_PROP_WAVE:
      self->wave = g_value_get_enum (value);
      return TRUE;
    case AB_SOURCE_PROP_FREQ:
      self->freq = g_value_get_double (value);
      return TRUE;
    case AB_SOURCE_PROP_VOLUME:
      self->volume = g_value_get_double (value);
      return TRUE;
    case AB_SOURCE_PROP_TICK_INTERVAL:
      self->tick_interval = g_value_get_uint64 (value);
      return TRUE;
    case AB_SOURCE_PROP_SINE_PERIODS_PER_TICK:
      self->sine_periods_per_tick = g_value_get_uint (value);
      return TRUE;
    case AB_SOURCE_PROP_MARKER_TICK_PERIOD:
      self->marker_tick_period = g_value_get_uint (value);
      return TRUE;
    case AB_SOURCE_PROP_MARKER_TICK_VOLUME:
      self->marker_tick_volume = g_value_get_double (value);
      return TRUE;
    case AB_SOURCE_PROP_APPLY_TICK_RAMP:
      self->apply_tick_ramp = g_value_get_boolean (value);
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
get_waveform (const AbWaveformSettings * self, guint id, GValue * value)
{
  switch (id) {
    case AB_SOURCE_PROP_WAVE:
      g_value_set_enum (value, self->wave);
      return TRUE;
    case AB_SOURCE_PROP_FREQ:
      g_value_set_double (value, self->freq);
      return TRUE;
    case AB_SOURCE_PROP_VOLUME:
      g_value_set_double (value, self->volume);
      return TRUE;
    case AB_SOURCE_PROP_TICK_INTERVAL:
      g_value_set_uint64 (value, self->tick_interval);
      return TRUE;
    case AB_SOURCE_PROP_SINE_PERIODS_PER_TICK:
      g_value_set_uint (value, self->sine_periods_per_tick);
      return TRUE;
    case AB_SOURCE_PROP_MARKER_TICK_PERIOD:
      g_value_set_uint (value, self->marker_tick_period);
      return TRUE;
    case AB_SOURCE_PROP_MARKER_TICK_VOLUME:
      g_value_set_double (value, self->marker_tick_volume);
      return TRUE;
    case AB_SOURCE_PROP_APPLY_TICK_RAMP:
      g_value_set_boolean (value, self->apply_tick_ramp);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
ab_source_settings_set (AbSourceSettings * self, guint id, const GValue * value)
{
  switch (id) {
    case AB_SOURCE_PROP_TIMESTAMP_OFFSET:
      self->timestamp_offset = g_value_get_int64 (value);
      return TRUE;
    case AB_SOURCE_PROP_CAN_ACTIVATE_PUSH:
      self->can_activate_push = g_value_get_boolean (value);
      return TRUE;
    case AB_SOURCE_PROP_CAN_ACTIVATE_PULL:
      self->can_activate_pull = g_value_get_boolean (value);
      return TRUE;
    default:
      return set_waveform (&self->waveform, id, value);
  }
}

gboolean
ab_source_settings_get (const AbSourceSettings * self, guint id, GValue * value)
{
  switch (id) {
    case AB_SOURCE_PROP_TIMESTAMP_OFFSET:
      g_value_set_int64 (value, self->timestamp_offset);
      return TRUE;
    case AB_SOURCE_PROP_CAN_ACTIVATE_PUSH:
      g_value_set_boolean (value, self->can_activate_push);
      return TRUE;
    case AB_SOURCE_PROP_CAN_ACTIVATE_PULL:
      g_value_set_boolean (value, self->can_activate_pull);
      return TRUE;
    default:
      return get_waveform (&self->waveform, id, value);
  }
}
