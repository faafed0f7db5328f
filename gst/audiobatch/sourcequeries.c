/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Query answers of audiobatchsrc, and workarounds for GstBaseSrc. */

#include "sourcequeries.h"

#include "time/clock.h"

#define DEFAULT_FORMAT GST_AUDIO_NE (F32)
#define DEFAULT_RATE 48000

gboolean
ab_source_answer_latency (GstBaseSrc * src, AbStream * stream, GstQuery * query)
{
  GstClockTime latency = ab_stream_get_latency (stream);

  if (latency == 0)
    return FALSE;
  gst_query_set_latency (query, gst_base_src_is_live (src), latency,
      GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean
is_known (GstFormat format)
{
  return format == GST_FORMAT_TIME || format == GST_FORMAT_BYTES
      || format == GST_FORMAT_DEFAULT;
}

/* Converts as the timestamps of batches do. gst_audio_info_convert() may differ
 * by a nanosecond. */
static guint64
to_samples (const GstAudioInfo * info, GstFormat format, guint64 value)
{
  AbClock clock;

  ab_clock_start (&clock, GST_AUDIO_INFO_RATE (info), 0, 0);
  if (format == GST_FORMAT_TIME)
    return ab_clock_until (&clock, value);
  return format == GST_FORMAT_BYTES ? value / GST_AUDIO_INFO_BPF (info) : value;
}

/* Queries have signed values. FALSE if there is no such value. */
static gboolean
from_samples (const GstAudioInfo * info, GstFormat format, guint64 samples,
    gint64 * value)
{
  guint64 result = samples;
  AbClock clock;

  if (format == GST_FORMAT_TIME) {
    ab_clock_start (&clock, GST_AUDIO_INFO_RATE (info), 0, 0);
    result = ab_clock_time (&clock, samples);
  } else if (format == GST_FORMAT_BYTES && !g_uint64_checked_mul (&result,
          samples, GST_AUDIO_INFO_BPF (info))) {
    return FALSE;
  }
  *value = result;
  return result <= G_MAXINT64;
}

gboolean
ab_source_answer_convert (AbStream * stream, GstQuery * query)
{
  GstFormat from, to;
  gint64 value, result;
  GstAudioInfo info;
  guint64 size_n, size_d;

  gst_query_parse_convert (query, &from, &value, &to, NULL);
  if (!ab_stream_get_format (stream, &info, &size_n, &size_d))
    return FALSE;
  /* -1 is "none" in every format */
  result = value;
  if (from != to && value != -1) {
    if (value < 0 || !is_known (from) || !is_known (to)
        || !from_samples (&info, to, to_samples (&info, from, value), &result))
      return FALSE;
  }
  gst_query_set_convert (query, from, value, to, result);
  return TRUE;
}

gboolean
ab_source_answer_duration (GstBaseSrc * src, AbStream * stream,
    GstQuery * query)
{
  gint64 duration;
  GstAudioInfo info;
  guint64 size_n, size_d;
  GstFormat format;
  gint batches;

  g_object_get (src, "num-buffers", &batches, NULL);
  gst_query_parse_duration (query, &format, NULL);
  if (batches < 0 || !is_known (format)
      || !ab_stream_get_format (stream, &info, &size_n, &size_d)
      || !from_samples (&info, format, gst_util_uint64_scale (batches, size_n,
              size_d), &duration))
    return FALSE;
  gst_query_set_duration (query, format, duration);
  return TRUE;
}

gboolean
ab_source_answer_fits (GstQuery * query)
{
  gint64 start = 0, stop = 0;

  if (GST_QUERY_TYPE (query) == GST_QUERY_POSITION)
    gst_query_parse_position (query, NULL, &start);
  else if (GST_QUERY_TYPE (query) == GST_QUERY_SEGMENT)
    gst_query_parse_segment (query, NULL, NULL, &start, &stop);
  /* -1 is "none" */
  return start >= -1 && stop >= -1;
}

gboolean
ab_source_answer_scheduling (const AbSourceSettings * settings,
    GstQuery * query)
{
  gst_query_set_scheduling (query, GST_SCHEDULING_FLAG_SEEKABLE, 1, -1, 0);
  if (settings->can_activate_push)
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
  if (settings->can_activate_pull)
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PULL);
  return TRUE;
}

GstCaps *
ab_source_prefer_caps (GstCaps * caps)
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
  return caps;
}

/* Workarounds for GstBaseSrc after a failed start or a refused seek */

gboolean
ab_source_negotiate (GstBaseSrc * src)
{
  g_autoptr (GstCaps) before = gst_pad_get_current_caps (src->srcpad);
  g_autoptr (GstCaps) caps = NULL;

  if (!gst_base_src_negotiate (src))
    return FALSE;
  caps = gst_pad_get_current_caps (src->srcpad);
  /* A start that failed may have left its caps on the pad; then the base class
   * did not call set_caps(). */
  if (before && caps && gst_caps_is_equal (before, caps))
    return GST_BASE_SRC_GET_CLASS (src)->set_caps (src, caps);
  return TRUE;
}

void
ab_source_resume (GstBaseSrc * src, gboolean flushed)
{
  g_autoptr (GstEvent) sent = gst_pad_get_sticky_event (src->srcpad,
      GST_EVENT_SEGMENT, 0);
  GstSegment segment = src->segment;

  if (sent && !flushed)
    return;
  segment.base = 0;
  /* The position is rounded down, and may be behind the stop. */
  if (segment.rate < 0)
    segment.stop = MIN (segment.position + 1, segment.stop);
  else
    segment.start = segment.time = MIN (segment.position, segment.stop);
  gst_base_src_new_segment (src, &segment);
}
