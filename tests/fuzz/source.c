/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes audiobatchsrc in push and in pull mode: seeks, properties, handlers,
 * queries, state changes and consumers in any order. Checks the promises after
 * each step. */

#include "consumer.h"
#include "gstaudiobatchsrc.h"
#include "handler.h"
#include "streamer.h"

#define MAX_STEPS 120
/* Batches longer than LONG_BATCH take too long to make. From REFUSED_BATCH on
 * there is no memory, and the element refuses at once. */
#define LONG_BATCH (32 << 10)
#define REFUSED_BATCH (128 << 20)
#define DEFAULT_RATE 48000

typedef struct
{
  Input input;
  GstElement *element;
  GstPad *srcpad;
  GstBus *bus;
  gint errors;
  Consumer consumer;
  Streamer streamer;
  Handler handler;
  GstState state;
  gboolean pulled;
  /* the rate that downstream asks for */
  guint rate;
  /* FALSE if a batch may have been lost downstream */
  gboolean out_sure;
  /* a seek before the start is pending; it may make the start fail */
  gboolean sought;
  /* EOS was sent to the element. A second EOS, a flush or a stop before it
   * comes out fails an assertion in GstBaseSrc 1.22. */
  gboolean eos_sent;
} Source;

static gboolean
is_streaming (Source * self)
{
  return self->state >= GST_STATE_PAUSED;
}

/* Promises */

static void
check_figures (Source * self)
{
  Consumer *consumer = &self->consumer;
  Figures f;

  if (!self->pulled && is_streaming (self)
      && !streamer_is_still (&self->streamer))
    return;
  figures_read (&f, self->element);
  PROMISE (f.in == f.out + f.dropped && f.inserted == 0 && f.pending == 0,
      "in %" G_GUINT64_FORMAT " = out %" G_GUINT64_FORMAT " + dropped %"
      G_GUINT64_FORMAT, f.in, f.out, f.dropped);
  if (self->out_sure)
    PROMISE (f.out == consumer->samples, "out %" G_GUINT64_FORMAT " and %"
        G_GUINT64_FORMAT " came", f.out, consumer->samples);
  PROMISE (f.outstanding >= consumer->held_now
      && f.outstanding <=
      consumer->held_now + handler_kept (&self->handler) + 1,
      "%" G_GUINT64_FORMAT " outstanding, %u held", f.outstanding,
      consumer->held_now);
}

/* Keeps batches shorter than LONG_BATCH, or at least REFUSED_BATCH long. */
static void
keep_short (Source * self)
{
  guint64 duration, samples = figures_uint (self->element, "samples-per-batch");
  GValue fraction = G_VALUE_INIT;
  gint n, d;

  g_value_init (&fraction, GST_TYPE_FRACTION);
  g_object_get_property (G_OBJECT (self->element),
      "output-buffer-duration-fraction", &fraction);
  g_object_get (self->element, "output-buffer-duration", &duration, NULL);
  n = gst_value_get_fraction_numerator (&fraction);
  d = gst_value_get_fraction_denominator (&fraction);
  if (duration > 0)
    samples = gst_util_uint64_scale (duration, self->rate, GST_SECOND);
  if (n > 0)
    samples = gst_util_uint64_scale (self->rate, n, d);
  if (samples > LONG_BATCH && samples < REFUSED_BATCH) {
    gst_value_set_fraction (&fraction, 0, 1);
    g_object_set_property (G_OBJECT (self->element),
        "output-buffer-duration-fraction", &fraction);
    g_object_set (self->element, "output-buffer-duration",
        G_GUINT64_CONSTANT (0), "samples-per-batch", 777, NULL);
  }
  g_value_unset (&fraction);
}

static void
keep_sane (Source * self)
{
  gint64 offset;

  keep_short (self);
  g_object_get (self->element, "timestamp-offset", &offset, NULL);
  if (offset != 0)
    self->consumer.timed = FALSE;
}

/* The streaming thread */

static void
on_batch (gpointer user_data)
{
  Source *self = user_data;

  streamer_park (&self->streamer);
}

static void
on_event (gpointer user_data, GstEvent * event)
{
  Source *self = user_data;

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS
      || GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT_DONE)
    streamer_end (&self->streamer);
}

static GstBusSyncReply
on_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Source *self = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_atomic_int_inc (&self->errors);
    streamer_end (&self->streamer);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* No batch has come for a while. The element may wait for a release, so release
 * one batch. If GstBaseSrc has paused its task, the stream is over: in a stream
 * that ended before, GstBaseSrc sends no second EOS. */
static void
help_on (gpointer user_data)
{
  Source *self = user_data;

  if (gst_pad_get_task_state (self->srcpad) != GST_TASK_STARTED)
    streamer_end (&self->streamer);
  if (!consumer_release_one (&self->consumer, FALSE))
    handler_release (&self->handler);
}

/* A live source makes nothing while it is paused. */
static gboolean
is_running (Source * self)
{
  gboolean live;

  g_object_get (self->element, "is-live", &live, NULL);
  return self->state == GST_STATE_PLAYING
      || (self->state == GST_STATE_PAUSED && !live);
}

static void
run_on (Source * self, guint batches)
{
  if (self->pulled || !is_running (self))
    return;
  for (; batches > 0; batches--)
    PROMISE (streamer_step (&self->streamer, help_on, self),
        "neither a batch nor an end has come");
}

/* Steps */

static void
pull (Source * self)
{
  Input *input = &self->input;
  guint bpf = MAX (GST_AUDIO_INFO_BPF (&self->consumer.info), 4);
  gint errors = g_atomic_int_get (&self->errors);
  guint kind = input_byte (input);
  guint64 offset = input_number (input);
  guint size = input_bytes (input, 2) * (kind & 1 ? bpf : 1);
  GstBuffer *batch = NULL;
  GstFlowReturn ret;

  if (kind & 2)
    offset -= offset % bpf;
  if (kind >= 250)
    size = REFUSED_BATCH * (kind - 249);
  /* pulling and releasing are in the same thread: don't wait for ourselves */
  consumer_release_all (&self->consumer);
  handler_release (&self->handler);
  ret = gst_pad_pull_range (self->consumer.pad, offset, size, &batch);
  errors = g_atomic_int_get (&self->errors) - errors;
  /* GstBaseSrc returns NOT_NEGOTIATED for every problem with caps */
  if (ret != GST_FLOW_NOT_NEGOTIATED)
    PROMISE (errors == (ret == GST_FLOW_ERROR), "%d errors with %s", errors,
        gst_flow_get_name (ret));
  PROMISE ((ret == GST_FLOW_OK) == (batch != NULL), "%s",
      gst_flow_get_name (ret));
  if (batch == NULL)
    return;
  PROMISE (gst_buffer_get_size (batch) <= size, "%" G_GSIZE_FORMAT
      " bytes for %u", gst_buffer_get_size (batch), size);
  consumer_take (&self->consumer, batch);
}

static void
any_edge (Input * input, GstSeekType * type, gint64 * value)
{
  *type = input_below (input, 3);
  *value = input_one_in (input, 8) ? -1 : (gint64) (input_time (input) >> 1);
  if (*type == GST_SEEK_TYPE_END)
    *value = -*value;
}

static GstEvent *
any_seek (Input * input, gboolean must_flush)
{
  static const gdouble rates[] = {
    1, 1, 1, -1, -1, 2, 0.5, -2, -0.5, 1e-9, 1e9, -1e-9, 3.7,
  };
  static const GstFormat formats[] = {
    GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_TIME,
    GST_FORMAT_DEFAULT, GST_FORMAT_BYTES, GST_FORMAT_PERCENT,
  };
  gdouble rate = input_pick (input, rates);
  GstFormat format = input_pick (input, formats);
  GstSeekFlags flags = input_bytes (input, 2);
  GstSeekType start_type, stop_type;
  gint64 start, stop;

  any_edge (input, &start_type, &start);
  any_edge (input, &stop_type, &stop);
  /* GstBaseSrc 1.22 refuses other types only after it has flushed, and then
   * continues without a segment */
  if (format != GST_FORMAT_TIME)
    start_type = stop_type = GST_SEEK_TYPE_SET;
  if (must_flush) {
    flags &= ~GST_SEEK_FLAG_INSTANT_RATE_CHANGE;
    flags |= GST_SEEK_FLAG_FLUSH;
  }
  if (flags & GST_SEEK_FLAG_INSTANT_RATE_CHANGE) {
    /* such a seek may change only the rate */
    start_type = stop_type = GST_SEEK_TYPE_NONE;
    flags &= ~GST_SEEK_FLAG_FLUSH;
  }
  /* keep only defined flags */
  flags &= GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE
      | GST_SEEK_FLAG_KEY_UNIT | GST_SEEK_FLAG_SEGMENT
      | GST_SEEK_FLAG_TRICKMODE | GST_SEEK_FLAG_SNAP_NEAREST
      | GST_SEEK_FLAG_INSTANT_RATE_CHANGE;
  if (flags & GST_SEEK_FLAG_SNAP_NEAREST)
    flags |= GST_SEEK_FLAG_KEY_UNIT;
  return gst_event_new_seek (rate, format, flags, start_type, start, stop_type,
      stop);
}

static void
seek (Source * self)
{
  gboolean ended = streamer_is_still (&self->streamer)
      && !self->streamer.parked;
  /* without a flush GstBaseSrc 1.22 waits for ever for a paused live source */
  GstEvent *event = any_seek (&self->input, !is_running (self));

  self->sought |= !is_streaming (self);
  if (self->pulled) {
    gst_element_send_event (self->element, event);
    return;
  }
  /* the source also counted batches that the seek flushes */
  self->out_sure = FALSE;
  /* without a flush the seek waits for the streaming thread, which may wait for
   * a release */
  self->consumer.hold = FALSE;
  consumer_release_all (&self->consumer);
  handler_release (&self->handler);
  streamer_set_open (&self->streamer, TRUE);
  streamer_begin (&self->streamer);
  if (!gst_element_send_event (self->element, event) && ended)
    streamer_end (&self->streamer);
  streamer_set_open (&self->streamer, FALSE);
}

static void
flush (Source * self)
{
  streamer_set_open (&self->streamer, TRUE);
  streamer_begin (&self->streamer);
  gst_element_send_event (self->element, gst_event_new_flush_start ());
  /* Wait until the task has stopped: GstBaseSrc 1.22 may otherwise stop for the
   * flush start after the flush stop has started it again. */
  GST_PAD_STREAM_LOCK (self->srcpad);
  GST_PAD_STREAM_UNLOCK (self->srcpad);
  streamer_begin (&self->streamer);
  streamer_set_open (&self->streamer, FALSE);
  gst_element_send_event (self->element, gst_event_new_flush_stop (TRUE));
}

static void
send_event (Source * self)
{
  switch (input_below (&self->input, 4)) {
    case 0:
      /* GstBaseSrc 1.22 forgets an EOS that comes before it has started */
      if (!is_streaming (self) || self->eos_sent)
        break;
      self->eos_sent = TRUE;
      self->out_sure = FALSE;
      /* sending EOS takes the stream lock, so the thread must not park */
      streamer_set_open (&self->streamer, TRUE);
      gst_element_send_event (self->element, gst_event_new_eos ());
      streamer_set_open (&self->streamer, FALSE);
      run_on (self, 1);
      break;
    case 1:
      if (self->pulled || !is_streaming (self) || self->eos_sent)
        break;
      self->out_sure = FALSE;
      flush (self);
      break;
    case 2:
      gst_pad_push_event (self->consumer.pad, gst_event_new_reconfigure ());
      break;
    default:
      gst_element_send_event (self->element,
          gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "fuzz", NULL)));
      break;
  }
}

static void
wish_caps (Source * self)
{
  GstCaps *caps = NULL;
  GstAudioInfo info;

  /* the consumer may never have seen a batch at the old rate */
  if (is_streaming (self))
    self->consumer.from_zero = FALSE;
  self->rate = DEFAULT_RATE;
  if (!input_one_in (&self->input, 4)) {
    fuzz_audio_info (&info, &self->input);
    self->rate = GST_AUDIO_INFO_RATE (&info);
    caps = gst_audio_info_to_caps (&info);
  }
  consumer_wish_caps (&self->consumer, caps);
  keep_sane (self);
  gst_pad_push_event (self->consumer.pad, gst_event_new_reconfigure ());
}

static void
change_consumer (Source * self)
{
  static const GstFlowReturn flows[] = {
    GST_FLOW_OK, GST_FLOW_OK, GST_FLOW_OK, GST_FLOW_EOS, GST_FLOW_ERROR,
    GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_LINKED,
  };
  Consumer *consumer = &self->consumer;

  switch (input_below (&self->input, 8)) {
    case 0:
      consumer->flow = input_pick (&self->input, flows);
      break;
    case 1:
      consumer->hold = TRUE;
      break;
    case 2:
      consumer->hold = FALSE;
      break;
    case 3:
      consumer_release_one (consumer, input_below (&self->input, 2));
      break;
    case 4:
      consumer->scribble = input_below (&self->input, 2);
      break;
    case 5:
      consumer_fuzz_allocation (consumer, &self->input);
      gst_pad_push_event (consumer->pad, gst_event_new_reconfigure ());
      break;
    default:
      wish_caps (self);
      break;
  }
}

static void
change_property (Source * self)
{
  gboolean timed = self->consumer.timed;
  const gchar *name;
  gint64 offset;

  /* the streaming thread may see a new timestamp-offset before we do */
  self->consumer.timed = FALSE;
  name = fuzz_set_property (self->element, &self->input);
  /* start() decides the mode of the pad */
  if (g_str_has_prefix (name, "can-activate"))
    g_object_set (self->element, "can-activate-push", !self->pulled,
        "can-activate-pull", self->pulled, NULL);
  keep_short (self);
  g_object_get (self->element, "timestamp-offset", &offset, NULL);
  self->consumer.timed = timed && offset == 0;
}

/* States */

static void
restart (Source * self)
{
  consumer_restart (&self->consumer);
  self->consumer.timed = TRUE;
  self->consumer.from_zero = TRUE;
  self->consumer.gapless = !self->pulled;
  self->out_sure = TRUE;
  self->eos_sent = FALSE;
  keep_sane (self);
}

static void
stop (Source * self, GstState state)
{
  /* the source also counts a batch that its pad no longer accepts */
  self->out_sure = FALSE;
  streamer_set_open (&self->streamer, TRUE);
  gst_pad_set_active (self->consumer.pad, FALSE);
  PROMISE (gst_element_set_state (self->element, state)
      != GST_STATE_CHANGE_FAILURE, "can't be stopped");
  streamer_set_open (&self->streamer, FALSE);
  self->state = state;
}

static void
start (Source * self, GstState state)
{
  gst_element_set_state (self->element, GST_STATE_READY);
  self->pulled = input_one_in (&self->input, 4);
  g_object_set (self->element, "can-activate-push", !self->pulled,
      "can-activate-pull", self->pulled, NULL);
  streamer_begin (&self->streamer);
  /* before the thread runs */
  restart (self);
  gst_pad_activate_mode (self->consumer.pad,
      self->pulled ? GST_PAD_MODE_PULL : GST_PAD_MODE_PUSH, TRUE);
  self->state = state;
  streamer_set_open (&self->streamer, self->sought);
  if (gst_element_set_state (self->element, state)
      == GST_STATE_CHANGE_FAILURE) {
    PROMISE (self->sought, "can't be started");
    stop (self, GST_STATE_READY);
  }
  streamer_set_open (&self->streamer, FALSE);
  self->sought = FALSE;
}

static void
change_state (Source * self)
{
  static const GstState states[] = {
    GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING,
  };
  GstState state = input_pick (&self->input, states);

  if (state < GST_STATE_PAUSED && is_streaming (self)) {
    stop (self, state);
  } else if (state >= GST_STATE_PAUSED && !is_streaming (self)) {
    start (self, state);
  } else {
    streamer_set_open (&self->streamer, TRUE);
    gst_element_set_state (self->element, state);
    streamer_set_open (&self->streamer, FALSE);
    self->state = state;
  }
}

static void
step (Source * self)
{
  guint op = input_byte (&self->input) % 24;

  if (op < 8 && self->pulled && is_running (self))
    pull (self);
  else if (op < 8)
    run_on (self, 1 + op % 4);
  else if (op < 11)
    seek (self);
  else if (op < 15)
    change_property (self);
  else if (op < 17)
    change_consumer (self);
  else if (op < 19)
    handler_change (&self->handler, &self->input);
  else if (op < 21)
    fuzz_query (self->srcpad, &self->input);
  else if (op < 22)
    send_event (self);
  else
    change_state (self);
  /* Run to the next batch or to the end: the counters of a running thread can't
   * be checked, and the run could not be repeated. */
  if (!streamer_is_still (&self->streamer))
    run_on (self, 1);
  check_figures (self);
}

static void
source_init (Source * self, const guint8 * data, gsize size)
{
  memset (self, 0, sizeof *self);
  self->input.data = data;
  self->input.left = size;
  self->rate = DEFAULT_RATE;
  self->element = gst_element_factory_make ("audiobatchsrc", NULL);
  gst_object_ref_sink (self->element);
  self->bus = gst_bus_new ();
  gst_bus_set_sync_handler (self->bus, on_message, self, NULL);
  gst_element_set_bus (self->element, self->bus);
  self->srcpad = gst_element_get_static_pad (self->element, "src");
  streamer_init (&self->streamer);
  handler_init (&self->handler, self->element);
  consumer_init (&self->consumer, self->srcpad);
  self->consumer.on_batch = on_batch;
  self->consumer.on_event = on_event;
  self->consumer.user_data = self;
  self->consumer.lone_end = TRUE;
  self->state = GST_STATE_READY;
  gst_element_set_state (self->element, GST_STATE_READY);
}

static void
source_clear (Source * self)
{
  Figures f;

  stop (self, GST_STATE_NULL);
  consumer_release_all (&self->consumer);
  handler_clear (&self->handler);
  figures_read (&f, self->element);
  PROMISE (f.outstanding == 0, "%" G_GUINT64_FORMAT " outstanding at the end",
      f.outstanding);
  gst_element_set_bus (self->element, NULL);
  gst_object_unref (self->srcpad);
  consumer_clear (&self->consumer);
  PROMISE (GST_OBJECT_REFCOUNT_VALUE (self->element) == 1,
      "%u references to the element", GST_OBJECT_REFCOUNT_VALUE
      (self->element));
  gst_object_unref (self->element);
  gst_bus_set_sync_handler (self->bus, NULL, NULL, NULL);
  gst_object_unref (self->bus);
  streamer_clear (&self->streamer);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_init_gst ();
  GST_ELEMENT_REGISTER (audiobatchsrc, NULL);
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  Source self;
  guint steps;

  source_init (&self, data, size);
  for (steps = 0; steps < MAX_STEPS && self.input.left > 0; steps++)
    step (&self);
  source_clear (&self);
  return 0;
}
