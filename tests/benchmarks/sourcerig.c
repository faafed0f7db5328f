/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sourcerig.h"

#include <time.h>

#define RIG_RATE 48000

struct _SourceRig
{
  GstElement *source;
  GstPad *sink;
  void (*prepare) (void);

  /* only for the streaming thread, while it runs */
  guint received, wanted;
  guint64 first, last;

  /* under the lock */
  GMutex lock;
  GCond changed;
  gboolean done;
};

static guint64
thread_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return GST_TIMESPEC_TO_TIME (now);
}

static void
tell_done (SourceRig * self)
{
  g_mutex_lock (&self->lock);
  self->done = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static GstFlowReturn
receive (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  SourceRig *self = gst_pad_get_element_private (pad);

  gst_buffer_unref (buffer);
  if (++self->received == 1) {
    if (self->prepare)
      self->prepare ();
    self->first = thread_time ();
  }
  if (self->received < self->wanted)
    return GST_FLOW_OK;
  self->last = thread_time ();
  tell_done (self);
  return GST_FLOW_EOS;
}

/* A pad that accepts only these caps, so that the source negotiates them. */
static GstPad *
open_pad (SourceRig * self, const SourceCase * what)
{
  g_autoptr (GstPadTemplate) template = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstAudioInfo info;
  GstPad *pad;

  gst_audio_info_set_format (&info, what->format, RIG_RATE, what->channels,
      NULL);
  caps = gst_audio_info_to_caps (&info);
  template = gst_object_ref_sink (gst_pad_template_new ("sink", GST_PAD_SINK,
          GST_PAD_ALWAYS, caps));
  pad = gst_pad_new_from_template (template, "sink");
  gst_pad_set_element_private (pad, self);
  gst_pad_set_chain_function (pad, receive);
  return pad;
}

SourceRig *
source_rig_new (const gchar * way, const SourceCase * what)
{
  GstElement *source = gst_element_factory_make (way, NULL);
  g_autoptr (GstPad) src = NULL;
  SourceRig *self;

  if (!source)
    return NULL;
  self = g_new0 (SourceRig, 1);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->source = gst_object_ref_sink (source);
  self->prepare = what->prepare;
  self->sink = open_pad (self, what);
  gst_util_set_object_arg (G_OBJECT (source), "wave", what->wave);
  if (what->allocation) {
    gst_util_set_object_arg (G_OBJECT (source), "allocation", what->allocation);
    g_object_set (source, "report-interval", 0, NULL);
  }
  if (what->samples > 0)
    g_object_set (source, "samples-per-batch", what->samples, NULL);
  src = gst_element_get_static_pad (source, "src");
  gst_pad_link (src, self->sink);
  return self;
}

void
source_rig_free (SourceRig * self)
{
  gst_element_set_state (self->source, GST_STATE_NULL);
  gst_object_unref (self->source);
  gst_object_unref (self->sink);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint64
source_rig_run (SourceRig * self, guint batches)
{
  self->received = 0;
  self->wanted = batches;
  self->done = FALSE;
  gst_pad_set_active (self->sink, TRUE);
  gst_element_set_state (self->source, GST_STATE_PLAYING);
  g_mutex_lock (&self->lock);
  while (!self->done)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  gst_element_set_state (self->source, GST_STATE_READY);
  gst_pad_set_active (self->sink, FALSE);
  return self->last - self->first;
}
