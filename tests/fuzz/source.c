/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes audiobatchsrc in push and in pull mode: seeks, properties, handlers,
 * queries, state changes and consumers in any order. Checks the promises after
 * each step. All of it runs in one thread. */

#include "consumer.h"
#include "gstaudiobatchsrc.h"
#include "handler.h"
#include "seekmaker.h"
#include "task.h"
#include "world.h"

#define MAX_STEPS 120
/* of the task without a batch */
#define MOST_ROUNDS 1000

typedef struct
{
  Input input;
  GstElement *element;
  GstPad *srcpad;
  GstBus *bus;
  gint errors;
  Consumer consumer;
  Handler handler;
  GstState state;
  gboolean pulled;
  /* the format that downstream asks for, if it does */
  GstAudioInfo wished;
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

  figures_read (&f, self->element);
  PROMISE (f.in == f.out + f.dropped && f.inserted == 0 && f.pending == 0,
      "in %" G_GUINT64_FORMAT " = out %" G_GUINT64_FORMAT " + dropped %"
      G_GUINT64_FORMAT, f.in, f.out, f.dropped);
  PROMISE (f.out == consumer->samples, "out %" G_GUINT64_FORMAT " and %"
      G_GUINT64_FORMAT " came", f.out, consumer->samples);
  PROMISE (f.outstanding >= consumer->held_now
      && f.outstanding <=
      consumer->held_now + handler_kept (&self->handler) + 1,
      "%" G_GUINT64_FORMAT " outstanding, %u held", f.outstanding,
      consumer->held_now);
}

static void
keep_sane (Source * self)
{
  gint64 offset;

  fuzz_keep_short (self->element, &self->wished);
  g_object_get (self->element, "timestamp-offset", &offset, NULL);
  if (offset != 0)
    self->consumer.timed = FALSE;
}

/* The streaming thread */

static GstBusSyncReply
on_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Source *self = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    self->errors++;
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* The element waits for a release, or until time has passed. */
static gboolean
on_wait (gpointer user_data)
{
  Source *self = user_data;

  if (input_one_in (&self->input, 4))
    return FALSE;
  return consumer_release_one (&self->consumer, FALSE)
      || handler_release (&self->handler);
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

/* Makes up to @batches. A stream that ends makes fewer. */
static void
run_on (Source * self, guint batches)
{
  guint64 until = self->consumer.batches + batches;
  guint rounds = 0;

  if (self->pulled || !is_running (self))
    return;
  while (self->consumer.batches < until && task_step (self->srcpad))
    PROMISE (++rounds < MOST_ROUNDS, "neither a batch nor an end comes");
}

/* Steps */

static void
pull (Source * self)
{
  Input *input = &self->input;
  guint bpf = MAX (GST_AUDIO_INFO_BPF (&self->consumer.info), 4);
  gint errors = self->errors;
  guint kind = input_byte (input);
  guint64 offset = input_number (input);
  guint size = input_bytes (input, 2) * (kind & 1 ? bpf : 1);
  GstBuffer *batch = NULL;
  GstFlowReturn ret;

  if (kind & 2)
    offset -= offset % bpf;
  if (kind >= 250)
    size = REFUSED_BYTES;
  ret = gst_pad_pull_range (self->consumer.pad, offset, size, &batch);
  errors = self->errors - errors;
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
seek (Source * self)
{
  /* without a flush GstBaseSrc 1.22 waits for ever for a paused live source */
  GstEvent *event = fuzz_seek (&self->input, !is_running (self));

  self->sought |= !is_streaming (self);
  gst_element_send_event (self->element, event);
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
      gst_element_send_event (self->element, gst_event_new_eos ());
      run_on (self, 1);
      break;
    case 1:
      if (self->pulled || !is_streaming (self) || self->eos_sent)
        break;
      gst_element_send_event (self->element, gst_event_new_flush_start ());
      run_on (self, input_below (&self->input, 2));
      gst_element_send_event (self->element, gst_event_new_flush_stop (TRUE));
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

  /* the consumer may never have seen a batch at the old rate */
  if (is_streaming (self))
    self->consumer.from_zero = FALSE;
  gst_audio_info_init (&self->wished);
  if (!input_one_in (&self->input, 4)) {
    fuzz_audio_info (&self->wished, &self->input);
    caps = gst_audio_info_to_caps (&self->wished);
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
  const gchar *name = fuzz_set_property (self->element, &self->input, "");

  /* start() decides the mode of the pad */
  if (g_str_has_prefix (name, "can-activate"))
    g_object_set (self->element, "can-activate-push", !self->pulled,
        "can-activate-pull", self->pulled, NULL);
  keep_sane (self);
}

/* States */

static void
restart (Source * self)
{
  consumer_restart (&self->consumer);
  self->consumer.timed = TRUE;
  self->consumer.from_zero = TRUE;
  self->consumer.gapless = !self->pulled;
  self->eos_sent = FALSE;
  keep_sane (self);
}

static void
stop (Source * self, GstState state)
{
  gst_pad_set_active (self->consumer.pad, FALSE);
  PROMISE (gst_element_set_state (self->element, state)
      != GST_STATE_CHANGE_FAILURE, "can't be stopped");
  self->state = state;
}

static void
start (Source * self, GstState state)
{
  gst_element_set_state (self->element, GST_STATE_READY);
  self->pulled = input_one_in (&self->input, 4);
  g_object_set (self->element, "can-activate-push", !self->pulled,
      "can-activate-pull", self->pulled, NULL);
  restart (self);
  gst_pad_activate_mode (self->consumer.pad,
      self->pulled ? GST_PAD_MODE_PULL : GST_PAD_MODE_PUSH, TRUE);
  self->state = state;
  if (gst_element_set_state (self->element, state)
      == GST_STATE_CHANGE_FAILURE) {
    PROMISE (self->sought, "can't be started");
    stop (self, GST_STATE_READY);
  }
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
    gst_element_set_state (self->element, state);
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
  check_figures (self);
}

static void
source_init (Source * self, const guint8 * data, gsize size)
{
  memset (self, 0, sizeof *self);
  world_restart (size, on_wait, self);
  self->input.data = data;
  self->input.left = size;
  gst_audio_info_init (&self->wished);
  self->element = gst_element_factory_make ("audiobatchsrc", NULL);
  gst_object_ref_sink (self->element);
  g_object_set (self->element, "samples-per-batch", SHORT_BATCH, NULL);
  self->bus = gst_bus_new ();
  gst_bus_set_sync_handler (self->bus, on_message, self, NULL);
  gst_element_set_bus (self->element, self->bus);
  self->srcpad = gst_element_get_static_pad (self->element, "src");
  handler_init (&self->handler, self->element);
  consumer_init (&self->consumer, self->srcpad);
  self->consumer.lone_end = TRUE;
  self->consumer.noted = TRUE;
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
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_init_gst ();
  GST_ELEMENT_REGISTER (audiobatchsrc, NULL);
  return 0;
}

void
fuzz_run (const guint8 * data, gsize size)
{
  Source self;
  guint steps;

  source_init (&self, data, size);
  for (steps = 0; steps < MAX_STEPS && self.input.left > 0; steps++)
    step (&self);
  source_clear (&self);
}
