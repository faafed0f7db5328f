/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handler.h"

gboolean
handler_release (Handler * self)
{
  guint kept = handler_kept (self);
  gpointer object;

  if (self->map.memory) {
    GstMapInfo map = self->map;

    self->map.memory = NULL;
    gst_memory_unmap (map.memory, &map);
    gst_memory_unref (map.memory);
  }
  while ((object = g_queue_pop_head (&self->kept)))
    gst_mini_object_unref (object);
  return kept > 0;
}

guint
handler_kept (Handler * self)
{
  return g_queue_get_length (&self->kept) + (self->map.memory != NULL);
}

/* Takes the batch to fill: a whole one, and no one else has a reference. */
static GstBuffer *
take (GstElement * element, guint64 start)
{
  GstBuffer *batch = NULL;

  g_signal_emit_by_name (element, "new-batch", &batch);
  PROMISE (batch != NULL, "new-batch gave no batch");
  PROMISE (gst_buffer_is_writable (batch) && gst_buffer_n_memory (batch) == 1
      && gst_buffer_is_all_memory_writable (batch), "given without its memory");
  PROMISE (GST_BUFFER_PTS_IS_VALID (batch) && gst_buffer_get_size (batch) > 0,
      "given without a time");
  PROMISE (GST_BUFFER_OFFSET (batch) == start, "given another batch");
  return batch;
}

static void
take_again (GstElement * element)
{
  GstBuffer *batch = NULL;

  g_signal_emit_by_name (element, "new-batch", &batch);
  PROMISE (batch == NULL, "new-batch gave a batch twice");
}

static void
cut (GstBuffer * batch, GstElement * element, gsize amount, gboolean evenly)
{
  GstPad *pad = gst_element_get_static_pad (element, "src");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  gsize size = gst_buffer_get_size (batch);
  GstAudioInfo info;

  gst_object_unref (pad);
  if (caps == NULL || !gst_audio_info_from_caps (&info, caps))
    return;
  amount = evenly ? amount * GST_AUDIO_INFO_BPF (&info) : amount | 1;
  gst_buffer_set_size (batch, size - MIN (amount, size));
}

/* Keeps at most one mapping. */
static void
keep_mapped (Handler * self, GstBuffer * batch)
{
  GstMemory *memory = gst_buffer_get_memory (batch, 0);

  if (self->map.memory || !gst_memory_map (memory, &self->map, GST_MAP_READ))
    gst_memory_unref (memory);
}

static void
ask (Handler * self)
{
  GstPad *pad = gst_element_get_static_pad (self->element, "src");
  Input input = { (const guint8 *) &self->amount, sizeof self->amount };

  fuzz_query (pad, &input);
  gst_object_unref (pad);
}

/* What a handler does that takes no batch. */
static void
do_without (GstElement * element, Handler * self)
{
  if (self->kind == HANDLER_EOS)
    g_signal_emit_by_name (element, "end-of-stream");
  else if (self->kind == HANDLER_ERROR_TOLD)
    GST_ELEMENT_ERROR (element, LIBRARY, FAILED, ("The fuzzer ends."), (NULL));
}

static void
keep_something (Handler * self, GstBuffer * batch)
{
  if (self->kind == HANDLER_KEEP_BATCH)
    g_queue_push_tail (&self->kept, gst_buffer_ref (batch));
  else if (self->kind == HANDLER_KEEP_MEMORY)
    g_queue_push_tail (&self->kept, gst_buffer_get_memory (batch, 0));
  else
    keep_mapped (self, batch);
}

static void
change_buffer (Handler * self, GstElement * element, GstBuffer * batch)
{
  GstMemory *memory;

  switch (self->kind) {
    case HANDLER_CUT:
      cut (batch, element, self->amount, TRUE);
      break;
    case HANDLER_CUT_UNEVENLY:
      cut (batch, element, self->amount, FALSE);
      break;
    case HANDLER_EMPTY:
      gst_buffer_set_size (batch, 0);
      break;
    default:
      memory = gst_allocator_alloc (NULL, 64, NULL);
      if (self->kind == HANDLER_ADD_MEMORY)
        gst_buffer_append_memory (batch, memory);
      else
        gst_buffer_replace_all_memory (batch, memory);
      break;
  }
}

static void
leave (Handler * self, GstElement * element)
{
  if (self->id)
    g_signal_handler_disconnect (element, self->id);
  self->id = 0;
}

static GstBuffer *
on_fill (GstElement * element, guint64 start, guint n_samples, Handler * self)
{
  GstBuffer *batch;

  if (self->kind == HANDLER_EOS || self->kind == HANDLER_NONE
      || self->kind == HANDLER_ERROR_TOLD) {
    do_without (element, self);
    return NULL;
  }
  batch = take (element, start);
  switch (self->kind) {
    case HANDLER_FILL:
      gst_buffer_memset (batch, 0, self->amount, gst_buffer_get_size (batch));
      break;
    case HANDLER_LAST:
      g_signal_emit_by_name (element, "end-of-stream");
      break;
    case HANDLER_TAKE_TWICE:
      take_again (element);
      break;
    case HANDLER_DROP:
    case HANDLER_RETURN_OWN:
      gst_clear_buffer (&batch);
      if (self->kind == HANDLER_RETURN_OWN)
        batch = gst_buffer_new_allocate (NULL, 1 + self->amount, NULL);
      break;
    case HANDLER_KEEP_BATCH:
    case HANDLER_KEEP_MEMORY:
    case HANDLER_KEEP_MAP:
      keep_something (self, batch);
      break;
    case HANDLER_CUT:
    case HANDLER_CUT_UNEVENLY:
    case HANDLER_EMPTY:
    case HANDLER_ADD_MEMORY:
    case HANDLER_REPLACE_MEMORY:
      change_buffer (self, element, batch);
      break;
    case HANDLER_SET_PROPERTY:
      g_object_set (element, "samples-per-batch", 1 + self->amount, "wave",
          self->amount % 13, NULL);
      break;
    case HANDLER_ASK:
      ask (self);
      break;
    case HANDLER_LEAVE_FOR_GOOD:
      leave (self, element);
      break;
    default:
      break;
  }
  return batch;
}

void
handler_init (Handler * self, GstElement * element)
{
  self->element = element;
  self->id = 0;
  self->map.memory = NULL;
  g_queue_init (&self->kept);
}

void
handler_clear (Handler * self)
{
  handler_release (self);
}

void
handler_change (Handler * self, Input * input)
{
  self->kind = input_below (input, N_HANDLERS);
  self->amount = input_byte (input);
  if (self->id == 0) {
    self->id = g_signal_connect (self->element, "fill-batch",
        G_CALLBACK (on_fill), self);
  }
}
