/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rebatchrig.h"

#include <string.h>

/* The least work for a batch: a buffer, copies, a timestamp, a push. */
typedef struct
{
  GstPad *sink, *src;
  gsize batch_bytes;
  /* the open batch; NULL between two batches */
  GstBuffer *batch;
  GstMapInfo map;
  gsize filled;
  /* samples pushed */
  guint64 position;
} Floor;

struct _RebatchRig
{
  RebatchCase what;
  gsize chunk_bytes;

  GstPad *src, *sink;
  /* NULL: the floor */
  GstElement *element;
  Floor floor;

  /* samples */
  guint64 pushed;
  /* bytes */
  guint64 received;
};

static inline GstClockTime
time_of (guint64 samples)
{
  return gst_util_uint64_scale_int (samples, GST_SECOND, RIG_RATE);
}

static inline void
stamp (GstBuffer * buffer, guint64 position, guint samples)
{
  GST_BUFFER_PTS (buffer) = time_of (position);
  GST_BUFFER_DURATION (buffer) =
      time_of (position + samples) - GST_BUFFER_PTS (buffer);
}

static GstFlowReturn
floor_push (Floor * self)
{
  GstBuffer *batch = g_steal_pointer (&self->batch);

  gst_buffer_unmap (batch, &self->map);
  stamp (batch, self->position, RIG_BATCH);
  self->position += RIG_BATCH;
  return gst_pad_push (self->src, batch);
}

static GstFlowReturn
floor_chain (GstPad * pad, GstObject * parent, GstBuffer * chunk)
{
  Floor *self = gst_pad_get_element_private (pad);
  GstFlowReturn flow = GST_FLOW_OK;
  GstMapInfo map;
  gsize at, n;

  gst_buffer_map (chunk, &map, GST_MAP_READ);
  for (at = 0; at < map.size; at += n) {
    if (!self->batch) {
      self->batch = gst_buffer_new_allocate (NULL, self->batch_bytes, NULL);
      gst_buffer_map (self->batch, &self->map, GST_MAP_WRITE);
      self->filled = 0;
    }
    n = MIN (map.size - at, self->batch_bytes - self->filled);
    memcpy (self->map.data + self->filled, map.data + at, n);
    self->filled += n;
    if (self->filled == self->batch_bytes)
      flow = floor_push (self);
  }
  gst_buffer_unmap (chunk, &map);
  gst_buffer_unref (chunk);
  return flow;
}

static gboolean
floor_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  Floor *self = gst_pad_get_element_private (pad);

  return gst_pad_push_event (self->src, event);
}

static void
floor_open (Floor * self, gsize batch_bytes)
{
  self->batch_bytes = batch_bytes;
  self->sink = gst_pad_new ("floorsink", GST_PAD_SINK);
  self->src = gst_pad_new ("floorsrc", GST_PAD_SRC);
  gst_pad_set_element_private (self->sink, self);
  gst_pad_set_chain_function (self->sink, floor_chain);
  gst_pad_set_event_function (self->sink, floor_event);
  gst_pad_set_active (self->sink, TRUE);
  gst_pad_set_active (self->src, TRUE);
}

static void
floor_close (Floor * self)
{
  if (self->batch)
    gst_buffer_unmap (self->batch, &self->map);
  gst_clear_buffer (&self->batch);
  gst_pad_set_active (self->sink, FALSE);
  gst_pad_set_active (self->src, FALSE);
  g_clear_object (&self->sink);
  g_clear_object (&self->src);
}

static GstFlowReturn
receive (GstPad * pad, GstObject * parent, GstBuffer * batch)
{
  RebatchRig *self = gst_pad_get_element_private (pad);

  self->received += gst_buffer_get_size (batch);
  gst_buffer_unref (batch);
  return GST_FLOW_OK;
}

static void
link_between (RebatchRig * self, GstPad * sink, GstPad * src)
{
  gst_pad_link (self->src, sink);
  gst_pad_link (src, self->sink);
}

static gboolean
has_property (GstElement * element, const gchar * name)
{
  return g_object_class_find_property (G_OBJECT_GET_CLASS (element), name)
      != NULL;
}

static void
link_element (RebatchRig * self, gboolean zero_copy)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (self->element, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (self->element, "src");

  if (has_property (self->element, "samples-per-batch"))
    g_object_set (self->element, "samples-per-batch", RIG_BATCH, NULL);
  else if (has_property (self->element, "output-buffer-duration"))
    g_object_set (self->element, "output-buffer-duration", RIG_BATCH, RIG_RATE,
        NULL);
  if (zero_copy)
    g_object_set (self->element, "zero-copy", TRUE, NULL);
  link_between (self, sink, src);
  gst_element_set_state (self->element, GST_STATE_PLAYING);
}

static void
push_opening_events (RebatchRig * self, const GstAudioInfo * info)
{
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (info);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->src, gst_event_new_stream_start ("chunks"));
  gst_pad_push_event (self->src, gst_event_new_caps (caps));
  gst_pad_push_event (self->src, gst_event_new_segment (&segment));
}

static GstPad *
open_pad (RebatchRig * self, const gchar * name, GstPadDirection direction)
{
  GstPad *pad = gst_pad_new (name, direction);

  gst_pad_set_element_private (pad, self);
  if (direction == GST_PAD_SINK)
    gst_pad_set_chain_function (pad, receive);
  gst_pad_set_active (pad, TRUE);
  return pad;
}

RebatchRig *
rebatch_rig_new (const gchar * way, const RebatchCase * what)
{
  gboolean zero_copy = g_str_equal (way, RIG_ZERO_COPY);
  GstElement *element = NULL;
  RebatchRig *self;
  GstAudioInfo info;

  if (!g_str_equal (way, RIG_FLOOR)) {
    element = gst_element_factory_make (zero_copy ? "audiobatch" : way, NULL);
    if (!element)
      return NULL;
    gst_object_ref_sink (element);
  }
  gst_audio_info_set_format (&info, what->format, RIG_RATE, what->channels,
      NULL);
  self = g_new0 (RebatchRig, 1);
  self->what = *what;
  self->chunk_bytes = (gsize) what->chunk * info.bpf;
  self->element = element;
  self->src = open_pad (self, "chunks", GST_PAD_SRC);
  self->sink = open_pad (self, "batches", GST_PAD_SINK);
  if (element) {
    link_element (self, zero_copy);
  } else {
    floor_open (&self->floor, RIG_BATCH * (gsize) info.bpf);
    link_between (self, self->floor.sink, self->floor.src);
  }
  push_opening_events (self, &info);
  return self;
}

void
rebatch_rig_free (RebatchRig * self)
{
  gsize batch_bytes = self->chunk_bytes / self->what.chunk * RIG_BATCH;

  if (self->received != self->pushed / RIG_BATCH * batch_bytes)
    g_error ("%" G_GUINT64_FORMAT " samples gave %" G_GUINT64_FORMAT " bytes",
        self->pushed, self->received);
  if (self->element) {
    gst_element_set_state (self->element, GST_STATE_NULL);
    gst_object_unref (self->element);
  } else {
    floor_close (&self->floor);
  }
  gst_pad_set_active (self->src, FALSE);
  gst_pad_set_active (self->sink, FALSE);
  gst_object_unref (self->src);
  gst_object_unref (self->sink);
  g_free (self);
}

guint64
rebatch_rig_push (RebatchRig * self, guint batches)
{
  guint64 chunks = (guint64) batches * RIG_BATCH / self->what.chunk;
  guint64 start = self->pushed;

  for (chunks = MAX (chunks, 1); chunks > 0; chunks--) {
    GstBuffer *chunk = gst_buffer_new_allocate (NULL, self->chunk_bytes, NULL);

    stamp (chunk, self->pushed, self->what.chunk);
    gst_pad_push (self->src, chunk);
    self->pushed += self->what.chunk;
  }
  return self->pushed - start;
}
