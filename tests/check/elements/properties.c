/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets each property to its least, default and greatest value, in each state
 * and in each way. The stream must then have correct batches or end with an
 * element error that says why. */

#include <sys/resource.h>

#include "../resident.h"
#include "../sourcecheck.h"

#define CHUNK 70
#define CHUNKS 30
#define SAMPLES (CHUNK * CHUNKS)
/* a source that has made this many batches works */
#define ENOUGH 15
#define N_VALUES 3
#define N_STATES 4

/* Settings to test. The source makes a ramp with a handler, or its own wave. */
static const struct
{
  const gchar *element;
  const gchar *settings;
  gboolean has_ramp;
} variants[] = {
  {"audiobatch", "samples-per-batch=100", TRUE},
  {"audiobatch", "samples-per-batch=100 allocation=pool", TRUE},
  {"audiobatch", "samples-per-batch=100 hop-samples=30", TRUE},
  {"audiobatch", "samples-per-batch=100 zero-copy=true", TRUE},
  {"audiobatchsrc", "samples-per-batch=100", TRUE},
  {"audiobatchsrc", "samples-per-batch=100 allocation=pool wave=ticks", FALSE},
};

static const gchar *const elements[] = { "audiobatch", "audiobatchsrc" };

static const GstState states[N_STATES] = {
  GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING
};

/* Returns all properties of the element and its base class, without name and
 * parent. */
static GParamSpec **
properties_of (const gchar * name, GParamFlags flags)
{
  GstElement *element = gst_element_factory_make (name, NULL);
  GPtrArray *specs = g_ptr_array_new ();
  GParamSpec **all;
  guint n, i;

  all = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
  for (i = 0; i < n; i++) {
    if (all[i]->owner_type != GST_TYPE_OBJECT
        && (all[i]->flags & flags) == flags)
      g_ptr_array_add (specs, all[i]);
  }
  g_ptr_array_add (specs, NULL);
  g_free (all);
  gst_object_unref (element);
  return (GParamSpec **) g_ptr_array_free (specs, FALSE);
}

/* Gets the least, default or greatest value, as @which says. */
static void
get_number (GParamSpec * spec, guint which, GValue * value)
{
  if (G_IS_PARAM_SPEC_UINT (spec)) {
    GParamSpecUInt *s = G_PARAM_SPEC_UINT (spec);

    g_value_set_uint (value, which == 0 ? s->minimum : s->maximum);
  } else if (G_IS_PARAM_SPEC_INT (spec)) {
    GParamSpecInt *s = G_PARAM_SPEC_INT (spec);

    g_value_set_int (value, which == 0 ? s->minimum : s->maximum);
  } else if (G_IS_PARAM_SPEC_UINT64 (spec)) {
    GParamSpecUInt64 *s = G_PARAM_SPEC_UINT64 (spec);

    g_value_set_uint64 (value, which == 0 ? s->minimum : s->maximum);
  } else if (G_IS_PARAM_SPEC_INT64 (spec)) {
    GParamSpecInt64 *s = G_PARAM_SPEC_INT64 (spec);

    g_value_set_int64 (value, which == 0 ? s->minimum : s->maximum);
  } else if (G_IS_PARAM_SPEC_DOUBLE (spec)) {
    GParamSpecDouble *s = G_PARAM_SPEC_DOUBLE (spec);

    g_value_set_double (value, which == 0 ? s->minimum : s->maximum);
  } else {
    fail ("%s is of a type that this test does not know: %s", spec->name,
        G_PARAM_SPEC_TYPE_NAME (spec));
  }
}

static void
get_value (GParamSpec * spec, guint which, GValue * value)
{
  g_value_init (value, spec->value_type);
  if (which == 1) {
    g_param_value_set_default (spec, value);
  } else if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;

    g_value_set_enum (value, which == 0 ? klass->minimum : klass->maximum);
  } else if (G_IS_PARAM_SPEC_BOOLEAN (spec)) {
    g_value_set_boolean (value, which == 2);
  } else if (GST_IS_PARAM_SPEC_FRACTION (spec)) {
    GstParamSpecFraction *s = (GstParamSpecFraction *) spec;

    gst_value_set_fraction (value, which == 0 ? s->min_num : s->max_num,
        which == 0 ? s->min_den : s->max_den);
  } else {
    get_number (spec, which, value);
  }
}

static void
assert_has_value (GstElement * element, GParamSpec * spec, const GValue * want)
{
  GValue got = G_VALUE_INIT;

  g_value_init (&got, spec->value_type);
  g_object_get_property (G_OBJECT (element), spec->name, &got);
  if (g_param_values_cmp (spec, &got, want) != 0) {
    gchar *got_text = g_strdup_value_contents (&got);
    gchar *want_text = g_strdup_value_contents (want);

    fail ("%s is %s and not %s", spec->name, got_text, want_text);
  }
  g_value_unset (&got);
}

/* A stream through the element, which sets a property on the way */

typedef struct
{
  GstElement *pipeline, *element;
  GstBus *bus;
  Audio *audio;
  gboolean is_source, has_ramp, overlaps;
  /* the property that the consumer sets at the third batch, or NULL */
  GParamSpec *late;
  const GValue *late_value;

  GMutex lock;
  GCond cond;
  guint seen;
  gboolean is_over, is_error;
} Stream;

/* Checks that batches hold the ramp at their offset. Samples may be skipped. */
static void
consume (GstElement * sink, GstBuffer * batch, GstPad * pad, Stream * self)
{
  guint n = batch_samples (batch, &self->audio->info);
  guint64 start = GST_BUFFER_OFFSET (batch);

  fail_unless (GST_BUFFER_PTS_IS_VALID (batch));
  fail_unless (GST_BUFFER_OFFSET_END (batch) == start + n
      || gst_buffer_get_audio_clipping_meta (batch));
  if (self->has_ramp)
    assert_batch_data (batch, self->audio, start);
  if (self->seen == 2 && self->late) {
    g_object_set_property (G_OBJECT (self->element), self->late->name,
        self->late_value);
    assert_has_value (self->element, self->late, self->late_value);
  }
  g_mutex_lock (&self->lock);
  self->seen++;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

static GstBuffer *
fill_ramp (GstElement * src, guint64 start, guint n_samples, Stream * self)
{
  GstBuffer *batch;

  if (start + n_samples > self->audio->n_samples) {
    g_signal_emit_by_name (src, "end-of-stream");
    return NULL;
  }
  batch = take_new_batch (src);
  gst_buffer_fill (batch, 0, self->audio->planes[0]
      + start * self->audio->sample_size, gst_buffer_get_size (batch));
  return batch;
}

/* A frame has 512 bytes, so the greatest batch is one TiB. */
static void
stream_setup (Stream * self, guint variant)
{
  const gchar *name = variants[variant].element;
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64LE, RATE, 64, FALSE);
  GstCaps *caps = gst_audio_info_to_caps (&info);
  gchar *text = gst_caps_to_string (caps);
  gchar *line;
  GstElement *sink;

  memset (self, 0, sizeof *self);
  self->is_source = g_str_equal (name, "audiobatchsrc");
  self->has_ramp = variants[variant].has_ramp;
  self->overlaps = strstr (variants[variant].settings, "hop-samples") != NULL;
  line = g_strdup_printf ("%s %s name=e %s ! capsfilter caps=\"%s\" ! "
      "fakesink name=sink async=false sync=false signal-handoffs=true "
      "enable-last-sample=false", self->is_source ? ""
      : "appsrc name=feed format=time !", name, variants[variant].settings,
      text);
  self->pipeline = gst_parse_launch (line, NULL);
  self->element = gst_bin_get_by_name (GST_BIN (self->pipeline), "e");
  self->bus = gst_element_get_bus (self->pipeline);
  self->audio = audio_new_ramp (&info, SAMPLES);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  if (self->is_source && self->has_ramp)
    g_signal_connect (self->element, "fill-batch", G_CALLBACK (fill_ramp),
        self);
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  g_signal_connect (sink, "handoff", G_CALLBACK (consume), self);
  gst_object_unref (sink);
  gst_caps_unref (caps);
  g_free (text);
  g_free (line);
}

/* Queues all chunks and EOS in the appsrc. Stops if the appsrc refuses one. */
static void
feed (Stream * self)
{
  GstElement *src = gst_bin_get_by_name (GST_BIN (self->pipeline), "feed");
  GstCaps *caps = gst_audio_info_to_caps (&self->audio->info);
  GstFlowReturn ret;
  guint i;

  g_object_set (src, "caps", caps, NULL);
  for (i = 0; i < CHUNKS; i++) {
    GstBuffer *chunk = audio_chunk (self->audio, i * CHUNK, CHUNK);

    GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (i * CHUNK, GST_SECOND,
        RATE);
    g_signal_emit_by_name (src, "push-buffer", chunk, &ret);
    gst_buffer_unref (chunk);
    if (ret != GST_FLOW_OK)
      break;
  }
  g_signal_emit_by_name (src, "end-of-stream", &ret);
  gst_caps_unref (caps);
  gst_object_unref (src);
}

static GstBusSyncReply
note_end (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Stream *self = user_data;

  if (GST_MESSAGE_TYPE (message) & (GST_MESSAGE_EOS | GST_MESSAGE_ERROR)) {
    g_mutex_lock (&self->lock);
    self->is_over = TRUE;
    self->is_error |= GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
    g_cond_signal (&self->cond);
    g_mutex_unlock (&self->lock);
  }
  return GST_BUS_PASS;
}

/* Checks that the error comes from the element, has an expected code and names
 * figures. */
static void
assert_fair_error (Stream * self, GstMessage * message)
{
  GError *error = NULL;

  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT (self->element));
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_NO_SPACE_LEFT)
      || g_error_matches (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS),
      "%s", error->message);
  fail_unless (strpbrk (error->message, "0123456789") != NULL,
      "no figures: %s", error->message);
  g_error_free (error);
}

/* Plays to EOS or to enough batches. Returns FALSE if an error came. */
static gboolean
play (Stream * self)
{
  const gint64 end = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  GstMessage *message;
  gboolean right;

  self->is_over = self->is_error = FALSE;
  gst_bus_set_sync_handler (self->bus, note_end, self, NULL);
  fail_unless (gst_element_set_state (self->pipeline, GST_STATE_PLAYING)
      != GST_STATE_CHANGE_FAILURE);
  if (!self->is_source)
    feed (self);
  g_mutex_lock (&self->lock);
  while (!self->is_over && !(self->is_source && self->seen >= ENOUGH)) {
    fail_unless (g_cond_wait_until (&self->cond, &self->lock, end),
        "no progress after %u batches", self->seen);
  }
  right = !self->is_error;
  g_mutex_unlock (&self->lock);
  if (!right) {
    message = expect_message (self->bus, GST_MESSAGE_ERROR);
    assert_fair_error (self, message);
    gst_message_unref (message);
  }
  gst_bus_set_sync_handler (self->bus, NULL, NULL, NULL);
  return right;
}

/* Goes back to the beginning of the stream, and to @state. */
static void
rewind_to (Stream * self, GstState state)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_set_flushing (self->bus, TRUE);
  gst_bus_set_flushing (self->bus, FALSE);
  self->seen = 0;
  fail_unless (gst_element_set_state (self->pipeline,
          MIN (state, GST_STATE_PAUSED)) != GST_STATE_CHANGE_FAILURE);
}

/* Checks that every input sample is counted. */
static void
assert_adds_up (Stream * self)
{
  guint64 in;

  gst_element_set_state (self->pipeline, GST_STATE_READY);
  in = get_stat (self->element, "samples-in");
  if (!self->is_source)
    fail_unless_equals_uint64 (in, SAMPLES);
  if (!self->overlaps)
    assert_lossless (self->element, in, 0);
  fail_unless_equals_uint64 (get_counter (self->element, "outstanding-batches"),
      0);
}

static void
stream_clear (Stream * self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->bus);
  gst_object_unref (self->element);
  gst_object_unref (self->pipeline);
  audio_free (self->audio);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

/* Checks that the element works again with the original value. */
static void
assert_works_again (Stream * self, GParamSpec * spec, const GValue * value)
{
  g_object_set_property (G_OBJECT (self->element), spec->name, value);
  rewind_to (self, GST_STATE_NULL);
  fail_unless (play (self), "error after %s was restored", spec->name);
  g_mutex_lock (&self->lock);
  fail_unless (self->seen >= ENOUGH);
  g_mutex_unlock (&self->lock);
  assert_adds_up (self);
}

/* Sets a property that is not meant to change while streaming. The element must
 * accept it without harm; the stream may stop (as with is-live). */
static gboolean
set_out_of_season (Stream * self, GParamSpec * spec, const GValue * value)
{
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  g_object_set_property (G_OBJECT (self->element), spec->name, value);
  assert_has_value (self->element, spec, value);
  return TRUE;
}

/* Sets one value in one state. Returns TRUE if the element streamed. */
static gboolean
try_value (Stream * self, GParamSpec * spec, const GValue * value,
    GstState state)
{
  rewind_to (self, state);
  if (state >= GST_STATE_PAUSED
      && (spec->flags & GST_PARAM_MUTABLE_PLAYING) == 0)
    return set_out_of_season (self, spec, value);
  if (state == GST_STATE_PLAYING) {
    self->late = spec;
    self->late_value = value;
  } else {
    g_object_set_property (G_OBJECT (self->element), spec->name, value);
    assert_has_value (self->element, spec, value);
  }
  if (g_str_equal (spec->name, "can-activate-push")
      && !g_value_get_boolean (value) && state < GST_STATE_PAUSED) {
    fail_unless_equals_int (gst_element_set_state (self->pipeline,
            GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    return FALSE;
  }
  if (!play (self))
    return FALSE;
  assert_has_value (self->element, spec, value);
  assert_adds_up (self);
  return TRUE;
}

/* Limits memory, so that a huge batch is an error and the kernel does not kill
 * us. */
static void
limit_memory (void)
{
#ifndef HAS_SANITIZER
  const struct rlimit limit = { 4 * 1024 * MIB, 4 * 1024 * MIB };

  fail_unless_equals_int (setrlimit (RLIMIT_AS, &limit), 0);
#endif
}

GST_START_TEST (test_each_value_set_in_each_state_streams_or_is_told)
{
  GParamSpec **specs = properties_of (variants[__i__].element,
      G_PARAM_READWRITE);
  guint tried = 0, streamed = 0;
  guint i, which, s;

  limit_memory ();
  for (i = 0; specs[i]; i++) {
    GValue before = G_VALUE_INIT;
    Stream stream;

    stream_setup (&stream, __i__);
    g_value_init (&before, specs[i]->value_type);
    g_object_get_property (G_OBJECT (stream.element), specs[i]->name, &before);
    for (which = 0; which < N_VALUES; which++) {
      GValue value = G_VALUE_INIT;

      get_value (specs[i], which, &value);
      for (s = 0; s < N_STATES; s++) {
        GST_INFO ("%s, value %u, state %u", specs[i]->name, which, s);
        streamed += try_value (&stream, specs[i], &value, states[s]);
        stream.late = NULL;
        assert_works_again (&stream, specs[i], &before);
        tried++;
      }
      g_value_unset (&value);
    }
    g_value_unset (&before);
    stream_clear (&stream);
  }
  g_print ("%s %s: %u tried, %u streamed, %u were refused in words\n",
      variants[__i__].element, variants[__i__].settings, tried, streamed,
      tried - streamed);
  fail_unless (tried > 100 && streamed > tried * 8 / 10 && streamed < tried);
  g_free (specs);
}

GST_END_TEST;

/* Ways of setting */

/* Returns a property as a launch line writes it. */
static gchar *
launch_text (GParamSpec * spec, const GValue * value)
{
  gchar *text = gst_value_serialize (value);
  gchar *setting = g_strdup_printf ("%s=%s", spec->name, text);

  g_free (text);
  return setting;
}

GST_START_TEST (test_each_value_can_be_written_in_a_launch_line)
{
  GParamSpec **specs = properties_of (elements[__i__], G_PARAM_READWRITE);
  guint i, which;

  for (i = 0; specs[i]; i++) {
    for (which = 0; which < N_VALUES; which++) {
      GstElement *pipeline, *element;
      GValue value = G_VALUE_INIT;
      GError *error = NULL;
      gchar *text, *line;

      get_value (specs[i], which, &value);
      text = launch_text (specs[i], &value);
      line = g_strdup_printf ("%s name=e %s ! fakesink", elements[__i__], text);
      pipeline = gst_parse_launch (line, &error);
      fail_unless (pipeline != NULL && error == NULL, "%s: %s", line,
          error ? error->message : "");
      element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
      assert_has_value (element, specs[i], &value);
      gst_object_unref (element);
      gst_object_unref (pipeline);
      g_value_unset (&value);
      g_free (text);
      g_free (line);
    }
  }
  g_free (specs);
}

GST_END_TEST;

GST_START_TEST (test_each_value_can_be_set_and_got_through_the_bin)
{
  GParamSpec **specs = properties_of (elements[__i__], G_PARAM_READWRITE);
  GstElement *bin = gst_bin_new (NULL);
  GstElement *element = gst_element_factory_make (elements[__i__], "e");
  guint i, which;

  gst_bin_add (GST_BIN (bin), element);
  for (i = 0; specs[i]; i++) {
    gchar *path = g_strdup_printf ("e::%s", specs[i]->name);

    for (which = 0; which < N_VALUES; which++) {
      GValue want = G_VALUE_INIT, got = G_VALUE_INIT;

      get_value (specs[i], which, &want);
      gst_child_proxy_set_property (GST_CHILD_PROXY (bin), path, &want);
      assert_has_value (element, specs[i], &want);
      gst_child_proxy_get_property (GST_CHILD_PROXY (bin), path, &got);
      fail_unless_equals_int (g_param_values_cmp (specs[i], &got, &want), 0);
      g_value_unset (&want);
      g_value_unset (&got);
    }
    g_free (path);
  }
  g_free (specs);
  gst_object_unref (bin);
}

GST_END_TEST;

/* Before a stream starts, every counter is 0 in every way of reading it. */
GST_START_TEST (test_each_figure_can_be_got_through_the_bin)
{
  GParamSpec **specs = properties_of (elements[__i__], G_PARAM_READABLE);
  GstElement *bin = gst_bin_new (NULL);
  guint i, n = 0;

  gst_bin_add (GST_BIN (bin), gst_element_factory_make (elements[__i__], "e"));
  for (i = 0; specs[i]; i++) {
    gchar *path = g_strdup_printf ("e::%s", specs[i]->name);
    GValue got = G_VALUE_INIT;

    gst_child_proxy_get_property (GST_CHILD_PROXY (bin), path, &got);
    fail_unless (G_VALUE_HOLDS (&got, specs[i]->value_type));
    if ((specs[i]->flags & G_PARAM_WRITABLE) == 0) {
      n++;
      if (G_VALUE_HOLDS_UINT64 (&got))
        fail_unless_equals_uint64 (g_value_get_uint64 (&got), 0);
    }
    g_value_unset (&got);
    g_free (path);
  }
  fail_unless_equals_int (n, 11);
  g_free (specs);
  gst_object_unref (bin);
}

GST_END_TEST;

/* Expects @n warnings, and that they tell @seconds. */
static void
assert_seconds_told (GstBus * bus, guint n, const gchar * seconds)
{
  GstMessage *message;
  guint i;

  for (i = 0; (message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING)); i++) {
    GError *warning = NULL;

    gst_message_parse_warning (message, &warning, NULL);
    fail_unless (g_error_matches (warning, GST_LIBRARY_ERROR,
            GST_LIBRARY_ERROR_SETTINGS), "%s", warning->message);
    fail_unless (strstr (warning->message, seconds) != NULL, "%s",
        warning->message);
    g_error_free (warning);
    gst_message_unref (message);
  }
  fail_unless_equals_int (i, n);
}

static void
push_at_rate (GstHarness * h, gint rate)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, rate, 1, FALSE);

  harness_set_info (h, &info);
  fail_unless_equals_int (gst_harness_push (h,
          gst_harness_create_buffer (h, 8000)), GST_FLOW_OK);
}

GST_START_TEST (test_a_fraction_above_one_is_told_once_in_seconds)
{
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);

  g_object_set (h->element, "output-buffer-duration-fraction", 1, 1, NULL);
  push_at_rate (h, 48000);
  assert_seconds_told (bus, 0, "");
  g_object_set (h->element, "output-buffer-duration-fraction", 50, 1, NULL);
  push_at_rate (h, 44100);
  push_at_rate (h, 8000);
  assert_seconds_told (bus, 1, "50/1: each batch has 50 seconds");
  g_object_set (h->element, "output-buffer-duration-fraction", 3, 2,
      "report-interval", 7, NULL);
  push_at_rate (h, 48000);
  assert_seconds_told (bus, 1, "3/2: each batch has 1.5 seconds");
  g_object_set (h->element, "output-buffer-duration-fraction", 0, 1, NULL);
  push_at_rate (h, 8000);
  g_object_set (h->element, "output-buffer-duration-fraction", 3, 2, NULL);
  push_at_rate (h, 48000);
  assert_seconds_told (bus, 1, "3/2: each batch has 1.5 seconds");
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_the_source_tells_a_fraction_above_one_too)
{
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatchsrc", &bus);
  guint i;

  g_object_set (h->element, "output-buffer-duration-fraction", 3, 2,
      "num-buffers", 3, NULL);
  gst_harness_set_sink_caps_str (h, "audio/x-raw,rate=8000");
  gst_harness_play (h);
  for (i = 0; i < 3; i++)
    gst_buffer_unref (gst_harness_pull (h));
  assert_seconds_told (bus, 1, "3/2: each batch has 1.5 seconds");
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static Suite *
properties_suite (void)
{
  Suite *s = suite_create ("properties");
  TCase *tc = tcase_create ("values");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_loop_test (tc,
      test_each_value_set_in_each_state_streams_or_is_told, 0,
      G_N_ELEMENTS (variants));
  tcase_add_loop_test (tc, test_each_value_can_be_written_in_a_launch_line, 0,
      G_N_ELEMENTS (elements));
  tcase_add_loop_test (tc, test_each_value_can_be_set_and_got_through_the_bin,
      0, G_N_ELEMENTS (elements));
  tcase_add_test (tc, test_a_fraction_above_one_is_told_once_in_seconds);
  tcase_add_test (tc, test_the_source_tells_a_fraction_above_one_too);
  tcase_add_loop_test (tc, test_each_figure_can_be_got_through_the_bin, 0,
      G_N_ELEMENTS (elements));
  return s;
}

GST_CHECK_MAIN (properties);
