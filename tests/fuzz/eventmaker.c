/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "eventmaker.h"

static GstEvent *
any_custom (Input * input, GstEventType type)
{
  static const gchar *const names[] = { "fuzz-a", "fuzz-b", "fuzz-c" };

  return gst_event_new_custom (type,
      gst_structure_new_empty (input_pick (input, names)));
}

static GstEvent *
new_sink_message (void)
{
  g_autoptr (GstMessage) message = gst_message_new_latency (NULL);

  return gst_event_new_sink_message ("fuzz", message);
}

static GstEvent *
new_toc (void)
{
  GstToc *toc = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
  GstEvent *event = gst_event_new_toc (toc, FALSE);

  gst_toc_unref (toc);
  return event;
}

GstEvent *
fuzz_event (Input * input)
{
  switch (input_below (input, 8)) {
    case 0:
      return gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "fuzz", NULL));
    case 1:
      return any_custom (input, GST_EVENT_CUSTOM_DOWNSTREAM);
    case 2:
      return any_custom (input, GST_EVENT_CUSTOM_BOTH);
    case 3:
      return new_sink_message ();
    case 4:
      return gst_event_new_buffer_size (GST_FORMAT_BYTES, 1, 2, FALSE);
    case 5:
      return new_toc ();
    case 6:
      return gst_event_new_stream_group_done (1);
    default:
      return any_custom (input, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY);
  }
}
