/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handler.h"

static void
keep (Handler * self, gpointer kept)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->kept, kept);
  g_mutex_unlock (&self->lock);
}

static void
release_mapped (Handler * self)
{
  GstMapInfo map;

  g_mutex_lock (&self->lock);
  map = self->map;
  self->map.memory = NULL;
  g_mutex_unlock (&self->lock);
  if (map.memory == NULL)
    return;
  gst_memory_unmap (map.memory, &map);
  gst_memory_unref (map.memory);
}

void
handler_release (Handler * self)
{
  gpointer kept;

  release_mapped (self);
  do {
    g_mutex_lock (&self->lock);
    kept = g_queue_pop_head (&self->kept);
    g_mutex_unlock (&self->lock);
    if (kept)
      gst_mini_object_unref (kept);
  } while (kept);
}

guint
handler_kept (Handler * self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_queue_get_length (&self->kept) + (self->map.memory != NULL);
  g_mutex_unlock (&self->lock);
  return n;
}

/* The handler gets a whole batch, and no one else has a reference. */
static void
check_lent (GstBuffer * batch)
{
  PROMISE (gst_buffer_is_writable (batch) && gst_buffer_n_memory (batch) == 1
      && gst_buffer_is_all_memory_writable (batch), "lent without its memory");
  PROMISE (GST_BUFFER_PTS_IS_VALID (batch) && gst_buffer_get_size (batch) > 0,
      "lent without a time");
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

  g_mutex_lock (&self->lock);
  if (self->map.memory || !gst_memory_map (memory, &self->map, GST_MAP_READ))
    gst_memory_unref (memory);
  g_mutex_unlock (&self->lock);
}

static void
ask (Handler * self)
{
  GstPad *pad = gst_element_get_static_pad (self->element, "src");
  Input input = { (const guint8 *) &self->amount, sizeof self->amount };

  fuzz_query (pad, &input);
  gst_object_unref (pad);
}

static GstFlowReturn
on_fill (GstElement * element, GstBuffer * batch, guint64 start, Handler * self)
{
  check_lent (batch);
  switch (self->kind) {
    case HANDLER_FILL:
      gst_buffer_memset (batch, 0, self->amount, gst_buffer_get_size (batch));
      break;
    case HANDLER_EOS:
      return GST_FLOW_EOS;
    case HANDLER_ERROR_TOLD:
      GST_ELEMENT_ERROR (element, LIBRARY, FAILED, ("The fuzzer ends."),
          (NULL));
      return GST_FLOW_ERROR;
    case HANDLER_ERROR:
      return GST_FLOW_ERROR;
    case HANDLER_ODD_RETURN:
      return (GstFlowReturn) (gint8) self->amount;
    case HANDLER_CUT:
      cut (batch, element, self->amount, TRUE);
      break;
    case HANDLER_CUT_UNEVENLY:
      cut (batch, element, self->amount, FALSE);
      break;
    case HANDLER_EMPTY:
      gst_buffer_set_size (batch, 0);
      break;
    case HANDLER_KEEP_BATCH:
      keep (self, gst_buffer_ref (batch));
      break;
    case HANDLER_KEEP_MEMORY:
      keep (self, gst_buffer_get_memory (batch, 0));
      break;
    case HANDLER_KEEP_MAP:
      keep_mapped (self, batch);
      break;
    case HANDLER_ADD_MEMORY:
      gst_buffer_append_memory (batch, gst_allocator_alloc (NULL, 64, NULL));
      break;
    case HANDLER_SET_PROPERTY:
      g_object_set (element, "samples-per-batch", 1 + self->amount, "wave",
          self->amount % 13, NULL);
      break;
    case HANDLER_ASK:
      ask (self);
      break;
    case HANDLER_LEAVE_FOR_GOOD:
      if (self->id)
        g_signal_handler_disconnect (element, self->id);
      self->id = 0;
      break;
    default:
      break;
  }
  return GST_FLOW_OK;
}

void
handler_init (Handler * self, GstElement * element)
{
  self->element = element;
  self->id = 0;
  self->map.memory = NULL;
  g_mutex_init (&self->lock);
  g_queue_init (&self->kept);
}

void
handler_clear (Handler * self)
{
  handler_release (self);
  g_mutex_clear (&self->lock);
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
