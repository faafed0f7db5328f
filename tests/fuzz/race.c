/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes what threads do to each other: audiobatchsrc ! audiobatch ! queue !
 * audiobatch ! consumer. The input says what a further thread does meanwhile:
 * properties, seeks, flushes, states, queries, handlers. One more thread
 * releases the batches. Meant for ThreadSanitizer. */

#include "consumer.h"
#include "gstaudiobatch.h"
#include "gstaudiobatchsrc.h"
#include "seekmaker.h"

#define MAX_STEPS 60
#define MAX_FILL (10 * GST_MSECOND)
/* A step waits for batches no longer than this. */
#define PATIENCE_US 5000
/* How often the releaser looks. */
#define RELEASE_US 200

/* Set by no input: the first would make endless work at once, and start() needs
 * the others as they are. */
#define KEPT "max-fill timestamp-offset can-activate-push can-activate-pull"

enum
{ SOURCE, FIRST, SECOND, N_OURS };

typedef struct
{
  /* main thread */
  Input input;
  GstElement *bin, *queue, *ours[N_OURS];
  GstState state;
  GstAudioInfo wished;
  gulong handler;
  GThread *releaser;

  /* streaming threads push into it; see its own fields */
  Consumer consumer;
  Listener listener;

  /* any thread: batches that came, those that may be held, and the releaser is
   * to end */
  gint came, may_hold, done;
} Race;

/* Other threads */

static void
on_batch (gpointer user_data)
{
  g_atomic_int_inc (&((Race *) user_data)->came);
}

static guint
count_held (Consumer * consumer)
{
  guint n;

  g_mutex_lock (&consumer->lock);
  n = g_queue_get_length (&consumer->held);
  g_mutex_unlock (&consumer->lock);
  return n;
}

static gpointer
release_all_along (gpointer user_data)
{
  Race *self = user_data;

  while (!g_atomic_int_get (&self->done)) {
    while ((gint) count_held (&self->consumer)
        > g_atomic_int_get (&self->may_hold))
      consumer_release_one (&self->consumer, FALSE);
    /* what waits for a release gets one in the end */
    if (!g_atomic_int_get (&self->done))
      g_usleep (RELEASE_US);
    consumer_release_one (&self->consumer, FALSE);
  }
  return NULL;
}

static GstBuffer *
on_fill (GstElement * element, guint64 start, guint n_samples, gpointer unused)
{
  GstBuffer *batch = NULL;

  g_signal_emit_by_name (element, "new-batch", &batch);
  return batch;
}

/* The queue of GStreamer 1.22 leaves a query without an answer that comes after EOS
 * from downstream, and who asked waits for ever. So it goes round the queue. */
static GstPadProbeReturn
pass_query (GstPad * pad, GstPadProbeInfo * info, gpointer next)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (!GST_QUERY_IS_SERIALIZED (query))
    return GST_PAD_PROBE_OK;
  return gst_pad_query (next, query) ? GST_PAD_PROBE_HANDLED
      : GST_PAD_PROBE_DROP;
}

static void
go_round_queue (Race * self)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (self->queue, "sink");
  GstPad *next = gst_element_get_static_pad (self->ours[SECOND], "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM
      | GST_PAD_PROBE_TYPE_PUSH, pass_query, next, gst_object_unref);
}

/* Steps */

static gboolean
is_streaming (Race * self)
{
  return self->state >= GST_STATE_PAUSED;
}

static void
wait_for_batches (Race * self, guint n)
{
  gint until = g_atomic_int_get (&self->came) + n;
  gint64 end = g_get_monotonic_time () + PATIENCE_US;

  while (is_streaming (self) && g_atomic_int_get (&self->came) < until
      && g_get_monotonic_time () < end)
    g_usleep (50);
}

static void
set_state (Race * self, GstState state)
{
  gboolean streams = state >= GST_STATE_PAUSED;

  if (is_streaming (self) && !streams)
    gst_pad_set_active (self->consumer.pad, FALSE);
  if (!is_streaming (self) && streams) {
    consumer_restart (&self->consumer);
    g_atomic_int_set (&self->listener.errors, 0);
    gst_pad_set_active (self->consumer.pad, TRUE);
  }
  if (gst_element_set_state (self->bin, state) == GST_STATE_CHANGE_FAILURE) {
    /* a seek before the start may be refused */
    gst_pad_set_active (self->consumer.pad, FALSE);
    state = GST_STATE_NULL;
    gst_element_set_state (self->bin, state);
  }
  self->state = state;
}

/* An error ends the stream, so begin another. */
static void
recover (Race * self)
{
  if (!is_streaming (self) || listener_errors (&self->listener) == 0)
    return;
  set_state (self, GST_STATE_READY);
  set_state (self, GST_STATE_PLAYING);
}

static GstElement *
one_of_ours (Race * self)
{
  return self->ours[input_below (&self->input, N_OURS)];
}

static void
change_property (Race * self)
{
  GstElement *element = one_of_ours (self);

  fuzz_set_property (element, &self->input, KEPT);
  fuzz_keep_short (element, &self->wished);
}

static void
flush (Race * self)
{
  GstElement *source = self->ours[SOURCE];
  g_autoptr (GstPad) pad = gst_element_get_static_pad (source, "src");

  if (!is_streaming (self))
    return;
  gst_element_send_event (source, gst_event_new_flush_start ());
  /* Wait until the task has stopped: GstBaseSrc 1.22 may otherwise stop for the
   * flush start after the flush stop has started it again. */
  GST_PAD_STREAM_LOCK (pad);
  GST_PAD_STREAM_UNLOCK (pad);
  gst_element_send_event (source, gst_event_new_flush_stop (TRUE));
}

static void
change_handler (Race * self)
{
  GstElement *source = self->ours[SOURCE];

  if (self->handler) {
    g_signal_handler_disconnect (source, self->handler);
    self->handler = 0;
  } else {
    self->handler = g_signal_connect (source, "fill-batch",
        G_CALLBACK (on_fill), NULL);
  }
}

static void
wish_caps (Race * self)
{
  GstCaps *caps = NULL;
  guint i;

  gst_audio_info_init (&self->wished);
  if (!input_one_in (&self->input, 4)) {
    fuzz_audio_info (&self->wished, &self->input);
    caps = gst_audio_info_to_caps (&self->wished);
  }
  for (i = 0; i < N_OURS; i++)
    fuzz_keep_short (self->ours[i], &self->wished);
  consumer_wish_caps (&self->consumer, caps);
  gst_pad_push_event (self->consumer.pad, gst_event_new_reconfigure ());
}

static void
ask (Race * self)
{
  GstElement *element = one_of_ours (self);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");

  fuzz_query (pad, &self->input);
}

static void
read_figures (Race * self)
{
  Figures f;

  figures_read (&f, one_of_ours (self));
}

static void
change_allocation (Race * self)
{
  consumer_fuzz_allocation (&self->consumer, &self->input);
  gst_pad_push_event (self->consumer.pad, gst_event_new_reconfigure ());
}

static void
change_state (Race * self)
{
  static const GstState states[] = {
    GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING,
  };

  set_state (self, input_pick (&self->input, states));
}

static void
seek (Race * self)
{
  /* without a flush GstBaseSrc 1.22 waits for ever for a paused live source */
  gst_element_send_event (self->ours[SOURCE], fuzz_seek (&self->input,
          self->state != GST_STATE_PLAYING));
}

static void
step (Race * self)
{
  guint op = input_byte (&self->input) % 24;

  if (op < 6)
    wait_for_batches (self, 1 + op % 4);
  else if (op < 11)
    change_property (self);
  else if (op < 13)
    seek (self);
  else if (op < 14)
    flush (self);
  else if (op < 15)
    change_handler (self);
  else if (op < 16)
    wish_caps (self);
  else if (op < 18)
    ask (self);
  else if (op < 20)
    read_figures (self);
  else if (op < 21)
    change_allocation (self);
  else if (op < 22)
    g_atomic_int_set (&self->may_hold, input_below (&self->input, 16));
  else
    change_state (self);
  recover (self);
}

/* Setting up */

static void
race_init (Race * self, const guint8 * data, gsize size)
{
  static const gchar *const names[] =
      { "audiobatchsrc", "audiobatch", "audiobatch" };
  g_autoptr (GstPad) pad = NULL;
  guint i;

  memset (self, 0, sizeof *self);
  self->input = (Input) {
  data, size};
  self->bin = gst_bin_new (NULL);
  gst_object_ref_sink (self->bin);
  listener_init (&self->listener, self->bin);
  for (i = 0; i < N_OURS; i++) {
    self->ours[i] = gst_element_factory_make (names[i], NULL);
    gst_bin_add (GST_BIN (self->bin), gst_object_ref (self->ours[i]));
    g_object_set (self->ours[i], "samples-per-batch", SHORT_BATCH, NULL);
  }
  self->queue = gst_element_factory_make ("queue", NULL);
  g_object_set (self->queue, "max-size-buffers", 3, NULL);
  gst_bin_add (GST_BIN (self->bin), self->queue);
  for (i = FIRST; i < N_OURS; i++)
    g_object_set (self->ours[i], "max-fill", MAX_FILL, NULL);
  gst_element_link_many (self->ours[SOURCE], self->ours[FIRST], self->queue,
      self->ours[SECOND], NULL);
  go_round_queue (self);
  pad = gst_element_get_static_pad (self->ours[SECOND], "src");
  consumer_init (&self->consumer, pad);
  self->consumer.timed = FALSE;
  self->consumer.hold = TRUE;
  self->consumer.lone_end = TRUE;
  self->consumer.on_batch = on_batch;
  self->consumer.user_data = self;
  gst_audio_info_init (&self->wished);
  self->state = GST_STATE_NULL;
  self->releaser = g_thread_new ("releaser", release_all_along, self);
  set_state (self, GST_STATE_PLAYING);
}

static void
race_clear (Race * self)
{
  Figures f;
  guint i;

  set_state (self, GST_STATE_NULL);
  g_atomic_int_set (&self->done, TRUE);
  g_thread_join (self->releaser);
  consumer_release_all (&self->consumer);
  consumer_clear (&self->consumer);
  gst_element_set_bus (self->bin, NULL);
  gst_object_unref (self->bin);
  for (i = 0; i < N_OURS; i++) {
    figures_read (&f, self->ours[i]);
    PROMISE (f.outstanding == 0, "%" G_GUINT64_FORMAT " outstanding at the end",
        f.outstanding);
    PROMISE (GST_OBJECT_REFCOUNT_VALUE (self->ours[i]) == 1,
        "%u references to an element",
        GST_OBJECT_REFCOUNT_VALUE (self->ours[i]));
    gst_object_unref (self->ours[i]);
  }
  listener_clear (&self->listener);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstPlugin) queue = NULL;

  fuzz_init_gst ();
  GST_ELEMENT_REGISTER (audiobatchsrc, NULL);
  GST_ELEMENT_REGISTER (audiobatch, NULL);
  queue = gst_plugin_load_file (CORE_ELEMENTS, &error);
  PROMISE (queue != NULL, "no queue: %s", error->message);
  return 0;
}

void
fuzz_run (const guint8 * data, gsize size)
{
  Race self;
  guint steps;

  race_init (&self, data, size);
  for (steps = 0; steps < MAX_STEPS && self.input.left > 0; steps++)
    step (&self);
  race_clear (&self);
}
