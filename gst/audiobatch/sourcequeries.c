/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What audiobatchsrc answers when it is asked. */

#include "sourcequeries.h"

gboolean
source_answer_latency (GstBaseSrc * src, BatchStream * stream, GstQuery * query)
{
  GstClockTime latency = batch_stream_get_latency (stream);

  if (latency == 0)
    return FALSE;
  gst_query_set_latency (query, gst_base_src_is_live (src), latency,
      GST_CLOCK_TIME_NONE);
  return TRUE;
}

gboolean
source_answer_convert (BatchStream * stream, GstQuery * query)
{
  GstFormat from, to;
  gint64 value, result;
  GstAudioInfo info;
  BatchSize size;

  gst_query_parse_convert (query, &from, &value, &to, NULL);
  if (!batch_stream_get_format (stream, &info, &size)
      || !gst_audio_info_convert (&info, from, value, to, &result))
    return FALSE;
  gst_query_set_convert (query, from, value, to, result);
  return TRUE;
}

gboolean
source_answer_duration (GstBaseSrc * src, BatchStream * stream,
    GstQuery * query)
{
  gint64 duration;
  GstAudioInfo info;
  BatchSize size;
  GstFormat format;
  gint batches;

  g_object_get (src, "num-buffers", &batches, NULL);
  gst_query_parse_duration (query, &format, NULL);
  if (batches < 0 || !batch_stream_get_format (stream, &info, &size))
    return FALSE;
  duration = gst_util_uint64_scale (batches, size.n, size.d);
  if (!gst_audio_info_convert (&info, GST_FORMAT_DEFAULT, duration, format,
          &duration))
    return FALSE;
  gst_query_set_duration (query, format, duration);
  return TRUE;
}

gboolean
source_answer_scheduling (const SourceSettings * settings, GstQuery * query)
{
  gst_query_set_scheduling (query, GST_SCHEDULING_FLAG_SEEKABLE, 1, -1, 0);
  if (settings->can_activate_push)
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
  if (settings->can_activate_pull)
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PULL);
  return TRUE;
}
