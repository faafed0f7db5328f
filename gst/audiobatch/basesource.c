/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GstBaseSrc leaves undone where a start or a seek has failed. */

#include "basesource.h"

gboolean
ab_source_negotiate (GstBaseSrc * src)
{
  g_autoptr (GstCaps) before = gst_pad_get_current_caps (src->srcpad);
  g_autoptr (GstCaps) caps = NULL;

  if (!gst_base_src_negotiate (src))
    return FALSE;
  caps = gst_pad_get_current_caps (src->srcpad);
  /* a start that failed may have left the pad its caps */
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
  if (segment.rate < 0)
    segment.stop = segment.position;
  else
    segment.start = segment.time = segment.position;
  gst_base_src_new_segment (src, &segment);
}
