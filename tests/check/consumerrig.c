/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds a ramp to one of the elements. A consumer checks each batch, keeps some
 * of them and refuses one. */

#include "consumerrig.h"

const gchar *const rig_modes[N_MODES] = { "fresh", "pool", "auto" };

/* Times are exact relative to the base of the run. The base may be rounded. */
void
rig_assert_is_ramp (GstBuffer * batch, const Audio * audio)
{
  guint64 start = gst_util_uint64_scale_round (GST_BUFFER_PTS (batch), RATE,
      GST_SECOND);
  GstClockTime time = gst_util_uint64_scale (start, GST_SECOND, RATE);

  assert_batch_exclusive (batch);
  assert_batch_data (batch, audio, start);
  fail_unless (GST_BUFFER_PTS (batch) == time
      || GST_BUFFER_PTS (batch) == time - 1);
}

/* Checks that the batch continues the last one or is DISCONT. */
static void
assert_goes_on (Rig * self, GstBuffer * batch)
{
  guint64 start = gst_util_uint64_scale_round (GST_BUFFER_PTS (batch), RATE,
      GST_SECOND);

  fail_unless (start >= self->next);
  fail_unless (start == self->next || GST_BUFFER_IS_DISCONT (batch),
      "samples before %" G_GUINT64_FORMAT " are missing without DISCONT",
      start);
  self->discont += GST_BUFFER_IS_DISCONT (batch) ? 1 : 0;
  self->next = start + batch_samples (batch, &self->audio->info);
}

static GstFlowReturn
consume (GstPad * pad, GstObject * parent, GstBuffer * batch)
{
  Rig *self = gst_pad_get_element_private (pad);
  GstFlowReturn ret = GST_FLOW_OK;

  rig_assert_is_ramp (batch, self->audio);
  g_mutex_lock (&self->lock);
  assert_goes_on (self, batch);
  self->last_consumer = pad;
  if (++self->seen == self->refused)
    ret = self->refusal;
  g_ptr_array_add (self->held, batch);
  while (self->held->len > self->keep)
    g_ptr_array_remove_index (self->held, 0);
  g_mutex_unlock (&self->lock);
  return ret;
}

static gboolean
note_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  Rig *self = gst_pad_get_element_private (pad);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    g_mutex_lock (&self->lock);
    self->eos = TRUE;
    g_mutex_unlock (&self->lock);
  }
  gst_event_unref (event);
  return TRUE;
}

GstPad *
rig_consumer_new (Rig * self)
{
  GstPad *pad = gst_pad_new (NULL, GST_PAD_SINK);

  gst_pad_set_element_private (pad, self);
  gst_pad_set_chain_function (pad, consume);
  gst_pad_set_event_function (pad, note_event);
  gst_pad_set_active (pad, TRUE);
  return pad;
}

static GstBuffer *
fill_ramp (GstElement * src, guint64 start, guint n_samples, Rig * self)
{
  GstBuffer *batch = take_new_batch (src);

  gst_buffer_fill (batch, 0, self->audio->planes[0]
      + start * self->audio->sample_size, gst_buffer_get_size (batch));
  return batch;
}

/* A pad feeds the filter; the fill-batch signal feeds the source. */
static void
rig_connect (Rig * self)
{
  GstPad *sinkpad;

  self->srcpad = gst_element_get_static_pad (self->element, "src");
  self->consumer = rig_consumer_new (self);
  fail_unless_equals_int (gst_pad_link (self->srcpad, self->consumer),
      GST_PAD_LINK_OK);
  if (self->is_source) {
    g_object_set (self->element, "num-buffers", BATCHES, NULL);
    g_signal_connect (self->element, "fill-batch", G_CALLBACK (fill_ramp),
        self);
    return;
  }
  self->feed = gst_pad_new ("feed", GST_PAD_SRC);
  gst_pad_set_active (self->feed, TRUE);
  sinkpad = gst_element_get_static_pad (self->element, "sink");
  fail_unless_equals_int (gst_pad_link (self->feed, sinkpad), GST_PAD_LINK_OK);
  gst_object_unref (sinkpad);
}

void
rig_setup (Rig * self, guint variant)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 1, FALSE);
  guint32 seed = g_random_int ();

  memset (self, 0, sizeof *self);
  self->is_source = variant / N_MODES == 1;
  self->element = gst_element_factory_make (self->is_source ? "audiobatchsrc"
      : "audiobatch", NULL);
  g_print ("%s, %s, seed %u\n", GST_OBJECT_NAME (self->element),
      rig_modes[variant % N_MODES], seed);
  gst_util_set_object_arg (G_OBJECT (self->element), "allocation",
      rig_modes[variant % N_MODES]);
  g_object_set (self->element, "samples-per-batch", BATCH, "pool-max-buffers",
      4, NULL);
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->element, self->bus);
  self->audio = audio_new_ramp (&info, SAMPLES);
  self->rand = g_rand_new_with_seed (seed);
  self->held = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_buffer_unref);
  self->keep = 3;
  g_mutex_init (&self->lock);
  rig_connect (self);
}

void
rig_begin_feed (Rig * self)
{
  GstCaps *caps = gst_audio_info_to_caps (&self->audio->info);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->feed, gst_event_new_stream_start ("ramp"));
  gst_pad_push_event (self->feed, gst_event_new_caps (caps));
  gst_pad_push_event (self->feed, gst_event_new_segment (&segment));
  gst_caps_unref (caps);
}

GstFlowReturn
rig_feed_chunk (Rig * self)
{
  guint wanted = g_rand_int_range (self->rand, 1, LONGEST_CHUNK);
  guint n = MIN (wanted, SAMPLES - self->pushed);
  GstBuffer *chunk = audio_chunk (self->audio, self->pushed, n);

  GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (self->pushed, GST_SECOND,
      RATE);
  self->pushed += n;
  return gst_pad_push (self->feed, chunk);
}

static gpointer
feed_all (gpointer data)
{
  GstFlowReturn ret = GST_FLOW_OK;
  Rig *self = data;

  while (ret >= GST_FLOW_OK && self->pushed < SAMPLES)
    ret = rig_feed_chunk (self);
  if (ret >= GST_FLOW_OK)
    gst_pad_push_event (self->feed, gst_event_new_eos ());
  return GINT_TO_POINTER (ret);
}

void
rig_start (Rig * self)
{
  fail_unless (gst_element_set_state (self->element, GST_STATE_PLAYING)
      != GST_STATE_CHANGE_FAILURE);
  if (self->is_source)
    return;
  rig_begin_feed (self);
  self->feeder = g_thread_new ("feeder", feed_all, self);
}

GstFlowReturn
rig_await_end (Rig * self)
{
  const gint64 end = g_get_monotonic_time () + LONG;

  if (!self->is_source)
    return GPOINTER_TO_INT (g_thread_join (g_steal_pointer (&self->feeder)));
  while (gst_pad_get_task_state (self->srcpad) == GST_TASK_STARTED) {
    fail_unless (g_get_monotonic_time () < end, "the source does not end");
    g_thread_yield ();
  }
  /* the source pushes EOS after it has paused its task, under this lock */
  GST_PAD_STREAM_LOCK (self->srcpad);
  GST_PAD_STREAM_UNLOCK (self->srcpad);
  return GST_FLOW_OK;
}

void
rig_assert_nothing_lost (Rig * self)
{
  guint64 in = get_stat (self->element, "samples-in");

  assert_lossless (self->element, in, get_stat (self->element,
          "samples-pending"));
  fail_unless_equals_uint64 (get_counter (self->element, "allocations")
      + get_counter (self->element, "reused"),
      get_stat (self->element, "released")
      + get_counter (self->element, "outstanding-batches"));
}

void
rig_dismantle (Rig * self)
{
  gst_element_set_state (self->element, GST_STATE_NULL);
  gst_pad_set_active (self->consumer, FALSE);
  gst_element_set_bus (self->element, NULL);
  gst_object_unref (self->bus);
  gst_object_unref (self->consumer);
  gst_object_unref (self->srcpad);
  g_clear_pointer (&self->feed, gst_object_unref);
  gst_object_unref (self->element);
}

void
rig_clear (Rig * self)
{
  gst_element_set_state (self->element, GST_STATE_NULL);
  g_ptr_array_set_size (self->held, 0);
  fail_unless_equals_uint64 (get_counter (self->element, "outstanding-batches"),
      0);
  fail_unless_equals_uint64 (get_stat (self->element, "outstanding-bytes"), 0);
  rig_dismantle (self);
  g_ptr_array_unref (self->held);
  audio_free (self->audio);
  g_rand_free (self->rand);
  g_mutex_clear (&self->lock);
}
