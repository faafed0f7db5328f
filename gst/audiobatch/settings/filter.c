/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties that only audiobatch has. */

#include "settings/filter.h"

#define DEFAULT_HOP_SAMPLES 0
#define DEFAULT_TAIL GST_AUDIO_BATCH_TAIL_SHORT
#define DEFAULT_DISCONT GST_AUDIO_BATCH_DISCONT_RESYNC
#define DEFAULT_ALIGNMENT_THRESHOLD (40 * GST_MSECOND)
#define DEFAULT_DISCONT_WAIT (1 * GST_SECOND)
#define DEFAULT_MAX_FILL (5 * GST_SECOND)
#define DEFAULT_ZERO_COPY FALSE

enum
{
  PROP_HOP_SAMPLES = AB_PROP_LAST,
  PROP_TAIL,
  PROP_DISCONT,
  PROP_ALIGNMENT_THRESHOLD,
  PROP_DISCONT_WAIT,
  PROP_MAX_FILL,
  PROP_ZERO_COPY,
};

#define GST_TYPE_AUDIO_BATCH_TAIL (gst_audio_batch_tail_get_type ())
static GType
gst_audio_batch_tail_get_type (void)
{
  static const GEnumValue values[] = {
    {GST_AUDIO_BATCH_TAIL_SHORT,
        "Push a batch that is as long as the tail", "short"},
    {GST_AUDIO_BATCH_TAIL_PAD,
        "Push a whole batch, padded with silence that GstAudioClippingMeta "
          "marks", "pad"},
    {GST_AUDIO_BATCH_TAIL_DROP, "Drop the tail", "drop"},
    {0, NULL, NULL},
  };
  static gsize type = 0;

  return ab_enum_type (&type, "GstAudioBatchTail", values);
}

#define GST_TYPE_AUDIO_BATCH_DISCONT (gst_audio_batch_discont_get_type ())
static GType
gst_audio_batch_discont_get_type (void)
{
  static const GEnumValue values[] = {
    {GST_AUDIO_BATCH_DISCONT_RESYNC,
        "End the batch and start again at the time of the chunk", "resync"},
    {GST_AUDIO_BATCH_DISCONT_FILL,
          "Insert silence or drop samples, so that the output has no gaps",
        "fill"},
    {0, NULL, NULL},
  };
  static gsize type = 0;

  return ab_enum_type (&type, "GstAudioBatchDiscont", values);
}

void
ab_filter_settings_init (AbFilterSettings * self)
{
  self->hop = DEFAULT_HOP_SAMPLES;
  self->tail = DEFAULT_TAIL;
  self->policy.fill = DEFAULT_DISCONT == GST_AUDIO_BATCH_DISCONT_FILL;
  self->policy.alignment_threshold = DEFAULT_ALIGNMENT_THRESHOLD;
  self->policy.discont_wait = DEFAULT_DISCONT_WAIT;
  self->policy.max_fill = DEFAULT_MAX_FILL;
  self->zero_copy = DEFAULT_ZERO_COPY;
}

/**
 * GstAudioBatch:hop-samples:
 *
 * Samples (frames) from the start of one batch to the start of the next; 0 is
 * the size of a batch. Less than a batch makes batches overlap. More skips the
 * samples between them.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:tail:
 *
 * What to do with samples that don't fill a batch when the stream ends or
 * breaks: push a short batch, pad it with silence, or drop them.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:discont:
 *
 * What to do if a chunk does not continue the one before: start again at its
 * time, or insert silence and drop samples so that the output has no gaps.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:alignment-threshold:
 *
 * The smallest error in the time of a chunk that counts, in nanoseconds.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:discont-wait:
 *
 * How long chunks must be off before they count as a discontinuity, in
 * nanoseconds.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:max-fill:
 *
 * The longest jump, forwards or backwards, that #GstAudioBatch:discont bridges
 * if it is set to fill, in nanoseconds; 0 is no limit. A longer jump is a
 * discontinuity.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:zero-copy:
 *
 * Whether to push a chunk itself, without a copy, if it is exactly the next
 * batch and no one else uses it. #GstAudioBatch:adopted counts these batches.
 *
 * Since: 1.0
 */

void
ab_filter_settings_install (GObjectClass * klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (klass, PROP_HOP_SAMPLES,
      g_param_spec_uint ("hop-samples", "Hop",
          "Samples (frames) from the start of one batch to the start of the "
          "next; less than a batch makes batches overlap, more skips the "
          "samples between them (0 = size of a batch)", 0, G_MAXINT,
          DEFAULT_HOP_SAMPLES, flags));
  g_object_class_install_property (klass, PROP_TAIL,
      g_param_spec_enum ("tail", "Tail",
          "What to do with samples that don't fill a batch when the stream "
          "ends or breaks", GST_TYPE_AUDIO_BATCH_TAIL, DEFAULT_TAIL, flags));
  g_object_class_install_property (klass, PROP_DISCONT,
      g_param_spec_enum ("discont", "Discontinuity",
          "What to do if a chunk does not continue the one before",
          GST_TYPE_AUDIO_BATCH_DISCONT, DEFAULT_DISCONT, flags));
  g_object_class_install_property (klass, PROP_ALIGNMENT_THRESHOLD,
      g_param_spec_uint64 ("alignment-threshold", "Alignment threshold",
          "Smallest error in the time of a chunk that counts, in nanoseconds",
          0, G_MAXINT64, DEFAULT_ALIGNMENT_THRESHOLD, flags));
  g_object_class_install_property (klass, PROP_DISCONT_WAIT,
      g_param_spec_uint64 ("discont-wait", "Discontinuity wait",
          "How long chunks must be off before they count as a discontinuity, "
          "in nanoseconds", 0, G_MAXINT64, DEFAULT_DISCONT_WAIT, flags));
  g_object_class_install_property (klass, PROP_MAX_FILL,
      g_param_spec_uint64 ("max-fill", "Maximum fill",
          "Longest jump, forwards or backwards, that discont=fill bridges, in "
          "nanoseconds; a longer one is a discontinuity (0 = no limit)", 0,
          G_MAXINT64, DEFAULT_MAX_FILL, flags));
  g_object_class_install_property (klass, PROP_ZERO_COPY,
      g_param_spec_boolean ("zero-copy", "Zero copy",
          "Push a chunk itself, without a copy, if it is exactly the next batch "
          "and no one else uses it", DEFAULT_ZERO_COPY, flags));
}

gboolean
ab_filter_settings_set (AbFilterSettings * self, guint id, const GValue * value)
{
  switch (id) {
    case PROP_HOP_SAMPLES:
      self->hop = g_value_get_uint (value);
      return TRUE;
    case PROP_TAIL:
      self->tail = g_value_get_enum (value);
      return TRUE;
    case PROP_DISCONT:
      self->policy.fill =
          g_value_get_enum (value) == GST_AUDIO_BATCH_DISCONT_FILL;
      return TRUE;
    case PROP_ALIGNMENT_THRESHOLD:
      self->policy.alignment_threshold = g_value_get_uint64 (value);
      return TRUE;
    case PROP_DISCONT_WAIT:
      self->policy.discont_wait = g_value_get_uint64 (value);
      return TRUE;
    case PROP_MAX_FILL:
      self->policy.max_fill = g_value_get_uint64 (value);
      return TRUE;
    case PROP_ZERO_COPY:
      self->zero_copy = g_value_get_boolean (value);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
ab_filter_settings_get (const AbFilterSettings * self, guint id, GValue * value)
{
  switch (id) {
    case PROP_HOP_SAMPLES:
      g_value_set_uint (value, self->hop);
      return TRUE;
    case PROP_TAIL:
      g_value_set_enum (value, self->tail);
      return TRUE;
    case PROP_DISCONT:
      g_value_set_enum (value, self->policy.fill ?
          GST_AUDIO_BATCH_DISCONT_FILL : GST_AUDIO_BATCH_DISCONT_RESYNC);
      return TRUE;
    case PROP_ALIGNMENT_THRESHOLD:
      g_value_set_uint64 (value, self->policy.alignment_threshold);
      return TRUE;
    case PROP_DISCONT_WAIT:
      g_value_set_uint64 (value, self->policy.discont_wait);
      return TRUE;
    case PROP_MAX_FILL:
      g_value_set_uint64 (value, self->policy.max_fill);
      return TRUE;
    case PROP_ZERO_COPY:
      g_value_set_boolean (value, self->zero_copy);
      return TRUE;
    default:
      return FALSE;
  }
}
