/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* audiobatchsrc while playing: live, controlled, and while settings or the
 * format change. A commit named at a test fixed that fault in audiotestsrc. */

#include <math.h>

#include <gst/check/gsttestclock.h>
#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>

#include "../sourcecheck.h"

#define N_WAVES 13

/* Checks that neighbouring values differ by @limit at most. */
static void
assert_no_jump (const gdouble * values, guint n, gdouble limit)
{
  guint i;

  for (i = 1; i < n; i++) {
    fail_unless (ABS (values[i] - values[i - 1]) <= limit,
        "from sample %u to %u there is a jump from %.9f to %.9f", i - 1, i,
        values[i - 1], values[i]);
  }
}

/* Live */

/* Ends the only pending clock wait and returns its time. */
static GstClockTime
end_wait (GstHarness * h)
{
  GstTestClock *clock = gst_harness_get_testclock (h);
  GstClockTime time;
  GstClockID id;

  fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 60));
  fail_unless (gst_test_clock_peek_next_pending_id (clock, &id));
  time = gst_clock_id_get_time (id);
  gst_clock_id_unref (id);
  fail_unless (gst_harness_crank_single_clock_wait (h));
  gst_object_unref (clock);
  return time;
}

GST_START_TEST (test_live_day_does_not_drift)
{
  /* a batch is slightly longer than ten minutes */
  guint n = 600 * 11025 + 1, k;
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S8, 11025, 1, FALSE);
  gchar *properties = g_strdup_printf ("is-live=true wave=silence "
      "samples-per-batch=%u num-buffers=144", n);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, properties, &bus);

  gst_harness_use_testclock (h);
  gst_harness_play (h);
  for (k = 0; k < 144; k++) {
    GstClockTime due = gst_util_uint64_scale ((guint64) k * n, GST_SECOND,
        11025);
    GstBuffer *batch;

    fail_unless_equals_uint64 (end_wait (h), due);
    batch = gst_harness_pull (h);
    assert_batch_time (batch, (guint64) k * n, n, 11025, 0);
    gst_buffer_unref (batch);
  }
  g_ptr_array_unref (play_to_end (h));
  harness_free_with_bus (h, bus);
  g_free (properties);
}

GST_END_TEST;

static GstBuffer *
fill_start (GstElement * element, guint64 start, guint n_samples,
    gpointer unused)
{
  GstBuffer *batch = take_new_batch (element);

  gst_buffer_memset (batch, 0, start / n_samples, -1);
  return batch;
}

/* GstBaseSrc drops the batch that waits for its time, and stamps the next one with
 * the time at which it plays again. */
GST_START_TEST (test_a_pause_of_a_live_source_loses_no_batch)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 1000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, __i__ == 0 ?
      "is-live=true samples-per-batch=10 num-buffers=6" :
      "is-live=true output-buffer-duration-fraction=1/30 num-buffers=6", &bus);
  guint k, start = 0;

  if (__i__ == 0)
    g_signal_connect (h->element, "fill-batch", G_CALLBACK (fill_start), NULL);
  gst_harness_use_testclock (h);
  gst_harness_play (h);
  for (k = 0; k < 6; k++) {
    guint end = __i__ == 0 ? 10 * (k + 1) : 1000 * (k + 1) / 30;
    GstBuffer *batch;
    guint8 byte;

    fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 60));
    if (k % 2 == 0) {
      gst_element_set_state (h->element, GST_STATE_PAUSED);
      gst_element_set_state (h->element, GST_STATE_PLAYING);
    }
    end_wait (h);
    batch = gst_harness_pull (h);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), start);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (batch), end);
    fail_unless_equals_int (gst_buffer_get_size (batch), 2 * (end - start));
    gst_buffer_extract (batch, 0, &byte, 1);
    if (__i__ == 0)
      fail_unless_equals_int (byte, k);
    gst_buffer_unref (batch);
    start = end;
  }
  g_ptr_array_unref (play_to_end (h));
  fail_unless_equals_uint64 (get_counter (h->element, "batches"), 6);
  assert_lossless (h->element, start, 0);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_live_batch_waits_until_the_clock_is_there)
{
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", NULL, "is-live=true", &bus);
  guint k;

  gst_harness_use_testclock (h);
  gst_harness_set_time (h, 5 * GST_SECOND);
  gst_harness_play (h);
  for (k = 0; k < 5; k++) {
    GstClockTime due = 5 * GST_SECOND
        + gst_util_uint64_scale (k * 1024, GST_SECOND, RATE);

    fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 60));
    fail_unless_equals_int (gst_harness_buffers_received (h), k);
    fail_unless_equals_uint64 (end_wait (h), due);
    gst_buffer_unref (gst_harness_pull (h));
  }
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* Plays four batches from clock time 5 s on. */
static GPtrArray *
play_late (const gchar * element, const gchar * properties)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GPtrArray *batches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  GstBus *bus;
  GstHarness *h = source (element, &info, properties, &bus);
  gboolean live;
  guint k;

  g_object_get (h->element, "is-live", &live, NULL);
  gst_harness_use_testclock (h);
  gst_harness_set_time (h, 5 * GST_SECOND);
  gst_harness_play (h);
  for (k = 0; k < 4; k++) {
    if (live)
      end_wait (h);
    g_ptr_array_add (batches, gst_harness_pull (h));
  }
  harness_free_with_bus (h, bus);
  return batches;
}

static const gchar *const timings[] = {
  "num-buffers=4", "num-buffers=4 do-timestamp=true",
  "num-buffers=4 is-live=true", "num-buffers=4 is-live=true do-timestamp=true",
  "num-buffers=4 is-live=true timestamp-offset=1000000000"
};

GST_START_TEST (test_live_and_do_timestamp_stamp_as_audiotestsrc_does)
{
  GPtrArray *ours = play_late ("audiobatchsrc", timings[__i__]);
  GPtrArray *theirs = play_late ("audiotestsrc", timings[__i__]);
  guint k;

  for (k = 0; k < 4; k++) {
    fail_unless_equals_uint64 (GST_BUFFER_PTS (ours->pdata[k]),
        GST_BUFFER_PTS (theirs->pdata[k]));
    fail_unless_equals_uint64 (GST_BUFFER_DTS (ours->pdata[k]),
        GST_BUFFER_DTS (theirs->pdata[k]));
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (ours->pdata[k]),
        GST_BUFFER_DURATION (theirs->pdata[k]));
  }
  if (strstr (timings[__i__], "is-live"))
    fail_unless_equals_uint64 (GST_BUFFER_PTS (ours->pdata[0]), 5 * GST_SECOND);
  g_ptr_array_unref (ours);
  g_ptr_array_unref (theirs);
}

GST_END_TEST;

static void
assert_latency (GstHarness * h, gboolean live, GstClockTime latency)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean is_live;

  fail_unless (gst_element_query (h->element, query));
  gst_query_parse_latency (query, &is_live, &min, &max);
  fail_unless_equals_int (is_live, live);
  fail_unless_equals_uint64 (min, latency);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);
  gst_query_unref (query);
}

static GstBuffer *
cut_third (GstElement * element, guint64 start, guint n_samples, guint * calls)
{
  GstBuffer *batch;

  if (++*calls > 4) {
    g_signal_emit_by_name (element, "end-of-stream");
    return NULL;
  }
  batch = take_new_batch (element);
  if (*calls == 3)
    gst_buffer_set_size (batch, 7 * 2);
  return batch;
}

/* 631d356845, 6eb5f5b13e. In 1.22.0 the answer changes after a short buffer. */
GST_START_TEST (test_latency_is_one_batch_and_stays_so_after_short_ones)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 1000, 1, FALSE);
  guint calls = 0;
  gboolean live = __i__;
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info,
      live ? "samples-per-batch=10 is-live=true" : "samples-per-batch=10",
      &bus);
  guint k;

  g_signal_connect (h->element, "fill-batch", G_CALLBACK (cut_third), &calls);
  gst_harness_use_testclock (h);
  gst_harness_play (h);
  for (k = 0; k < 4; k++) {
    if (live)
      end_wait (h);
    gst_buffer_unref (gst_harness_pull (h));
    assert_latency (h, live, 10 * GST_MSECOND);
  }
  g_ptr_array_unref (play_to_end (h));
  assert_latency (h, live, 10 * GST_MSECOND);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static GstBuffer *
resize_in_handler (GstElement * element, guint64 start, guint n_samples,
    guint * calls)
{
  if (++*calls == 3)
    g_object_set (element, "samples-per-batch", 25, NULL);
  return take_new_batch (element);
}

GST_START_TEST (test_new_size_takes_the_next_batch_and_posts_latency_once)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 1000, 1, FALSE);
  static const guint expected[] = { 10, 10, 10, 25, 25, 25 };
  guint calls = 0;
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info,
      "samples-per-batch=10 num-buffers=6", &bus);
  GstMessage *message;
  guint k, start = 0, posted = 0;
  GPtrArray *batches;

  g_signal_connect (h->element, "fill-batch", G_CALLBACK (resize_in_handler),
      &calls);
  batches = play_to_end (h);
  fail_unless_equals_int (batches->len, 6);
  for (k = 0; k < 6; k++) {
    assert_batch_time (batches->pdata[k], start, expected[k], 1000, 0);
    start += expected[k];
  }
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_LATENCY))) {
    gst_message_unref (message);
    posted++;
  }
  /* one for each size */
  fail_unless_equals_int (posted, 2);
  assert_latency (h, FALSE, 25 * GST_MSECOND);
  g_ptr_array_unref (batches);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_no_clock_is_provided)
{
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);

  g_object_set (element, "is-live", TRUE, NULL);
  fail_if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_PROVIDE_CLOCK));
  fail_unless (gst_element_provide_clock (element) == NULL);
  gst_object_unref (element);
}

GST_END_TEST;

/* Controllers */

#define CONTROLLED 480

/* Controls @property with @points of time and value. Half a second is 50
 * batches. */
static void
control (GstElement * element, const gchar * property, gboolean absolute,
    GstInterpolationMode mode, const gdouble * points, guint n)
{
  GstControlSource *control = gst_interpolation_control_source_new ();
  guint i;

  g_object_set (control, "mode", mode, NULL);
  for (i = 0; i < n; i++)
    gst_timed_value_control_source_set (GST_TIMED_VALUE_CONTROL_SOURCE
        (control), points[2 * i] * GST_SECOND, points[2 * i + 1]);
  fail_unless (gst_object_add_control_binding (GST_OBJECT (element), absolute
          ? gst_direct_control_binding_new_absolute (GST_OBJECT (element),
              property, control)
          : gst_direct_control_binding_new (GST_OBJECT (element), property,
              control)));
  gst_object_unref (control);
}

static GByteArray *
play_controlled (const gchar * properties, const gchar * property,
    gboolean absolute, GstInterpolationMode mode, const gdouble * points,
    guint n)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, RATE, 1, FALSE);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", &info, properties, &bus);
  GPtrArray *batches;
  GByteArray *bytes;

  g_object_set (h->element, "samples-per-batch", CONTROLLED, "num-buffers",
      100, NULL);
  control (h->element, property, absolute, mode, points, n);
  batches = play_to_end (h);
  bytes = join (batches);
  fail_unless_equals_int (bytes->len, 100 * CONTROLLED * 8);
  g_ptr_array_unref (batches);
  harness_free_with_bus (h, bus);
  return bytes;
}

GST_START_TEST (test_controlled_volume_is_followed_sample_by_sample)
{
  static const gdouble points[] = { 0, 0, 0.5, 1, 1, 0.2 };
  GByteArray *bytes = play_controlled ("freq=100", "volume", FALSE,
      GST_INTERPOLATION_MODE_LINEAR, points, 3);
  const gdouble *values = (const gdouble *) bytes->data;
  guint n;

  /* volume moves from its value one batch ago to its value now */
  for (n = CONTROLLED; n < 50 * CONTROLLED; n++) {
    gdouble volume = (n - CONTROLLED + 1) / 24000.0;
    gdouble want = volume * sin (2 * G_PI * 100 * (n + 1) / RATE);

    fail_unless (ABS (values[n] - want) < 1e-6, "sample %u is %.9f, not %.9f",
        n, values[n], want);
  }
  assert_no_jump (values, 100 * CONTROLLED, 2 * G_PI * 100 / RATE + 1 / 24000.);
  g_byte_array_unref (bytes);
}

GST_END_TEST;

GST_START_TEST (test_volume_that_is_switched_on_and_off_does_not_click)
{
  static const gdouble points[] = { 0, 0, 0.1, 1, 0.2, 0, 0.3, 1, 0.31, 0, 0.32,
    1, 0.33, 0
  };
  GByteArray *bytes = play_controlled ("freq=100", "volume", FALSE,
      GST_INTERPOLATION_MODE_NONE, points, 7);

  assert_no_jump ((const gdouble *) bytes->data, 100 * CONTROLLED,
      2 * G_PI * 100 / RATE + 1.0 / CONTROLLED);
  /* the volume was on in between */
  fail_unless (ABS (((gdouble *) bytes->data)[6 * RATE / 40 + 119]) > 0.99);
  g_byte_array_unref (bytes);
}

GST_END_TEST;

static guint
count_crossings (const gdouble * values, guint from, guint to)
{
  guint n, crossings = 0;

  for (n = from; n < to; n++)
    crossings += (values[n] < 0) != (values[n + 1] < 0);
  return crossings;
}

GST_START_TEST (test_controlled_freq_glides_and_jumps_without_a_click)
{
  static const gdouble points[] = { 0, 100, 0.5, 2000, 0.75, 301 };
  GstInterpolationMode mode = __i__ ? GST_INTERPOLATION_MODE_LINEAR
      : GST_INTERPOLATION_MODE_NONE;
  GByteArray *bytes = play_controlled ("volume=1", "freq", TRUE, mode, points,
      3);
  const gdouble *values = (const gdouble *) bytes->data;
  guint crossings;

  assert_no_jump (values, 100 * CONTROLLED, 2 * G_PI * 2000 / RATE);
  /* the last 0.2 s are at 301 Hz */
  crossings = count_crossings (values, 38400, 47999);
  fail_unless (crossings >= 119 && crossings <= 121, "%u crossings", crossings);
  /* 0.1 s around the highest note before */
  crossings = count_crossings (values, 24000, 26400);
  fail_unless (crossings >= (mode ? 180 : 199) && crossings <= 201,
      "%u crossings", crossings);
  g_byte_array_unref (bytes);
}

GST_END_TEST;

GST_START_TEST (test_wave_can_be_controlled)
{
  /* the first wave, then silence */
  static const gdouble points[] = { 0, 0, 0.5, 4.0 / 12 };
  GByteArray *bytes = play_controlled ("volume=1", "wave", FALSE,
      GST_INTERPOLATION_MODE_NONE, points, 2);
  const gdouble *values = (const gdouble *) bytes->data;

  fail_unless (count_crossings (values, 0, 23999) > 430);
  fail_unless (ABS (values[23998]) > 0);
  fail_unless_equals_float (values[24000], 0);
  fail_unless_equals_float (values[47999], 0);
  g_byte_array_unref (bytes);
}

GST_END_TEST;

/* Changes while playing */

/* A pipeline, and a probe that counts and checks its batches. */
typedef struct
{
  GstElement *pipeline, *element, *filter;
  GstBus *bus;
  GMutex mutex;
  GCond cond;
  guint batches;

  /* streaming thread */
  GstClockTime end;
  guint64 offset_end;
  gboolean checks_time;
  gboolean setting;
  gint stop;
} Playing;

static void
playing_free (Playing * p)
{
  gst_element_set_state (p->pipeline, GST_STATE_NULL);
  gst_object_unref (p->element);
  gst_clear_object (&p->filter);
  gst_object_unref (p->bus);
  gst_object_unref (p->pipeline);
  g_mutex_clear (&p->mutex);
  g_cond_clear (&p->cond);
}

static void
playing_init (Playing * p, const gchar * line, GstPadProbeCallback probe,
    const gchar * probed)
{
  GstElement *element;
  GstPad *pad;

  memset (p, 0, sizeof *p);
  g_mutex_init (&p->mutex);
  g_cond_init (&p->cond);
  p->pipeline = gst_parse_launch (line, NULL);
  fail_unless (p->pipeline != NULL);
  p->element = gst_bin_get_by_name (GST_BIN (p->pipeline), "src");
  p->filter = gst_bin_get_by_name (GST_BIN (p->pipeline), "filter");
  p->bus = gst_element_get_bus (p->pipeline);
  element = gst_bin_get_by_name (GST_BIN (p->pipeline), probed);
  pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, p, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

static GstPadProbeReturn
count_batch (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (info);
  Playing *p = data;

  assert_batch_exclusive (batch);
  fail_unless (gst_buffer_get_size (batch) > 0);
  if (p->checks_time) {
    fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), p->end);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), p->offset_end);
  }
  p->end = GST_BUFFER_PTS (batch) + GST_BUFFER_DURATION (batch);
  p->offset_end = GST_BUFFER_OFFSET_END (batch);
  if (p->setting)
    g_object_set (p->element, "samples-per-batch",
        p->batches % 2 ? 100u : 1024u, NULL);
  g_mutex_lock (&p->mutex);
  p->batches++;
  g_cond_signal (&p->cond);
  g_mutex_unlock (&p->mutex);
  return GST_PAD_PROBE_OK;
}

static void
wait_for_batches (Playing * p, guint n)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  guint until;

  g_mutex_lock (&p->mutex);
  until = p->batches + n;
  while (p->batches < until)
    fail_unless (g_cond_wait_until (&p->cond, &p->mutex, deadline),
        "no more batches come");
  g_mutex_unlock (&p->mutex);
}

/* Values to try. All other properties get their default. */
static const struct
{
  const gchar *name;
  const gchar *values;
} changes[] = {
  {"samples-per-batch", "1 4096 7 1024"},
  {"output-buffer-duration", "1000000 20000000 0"},
  {"output-buffer-duration-fraction", "1/100 1/30 0/1"},
  {"report-interval", "1 0 3 1000"},
  {"freq", "0 1 30000 1073741823.5 440"},
  {"volume", "0 1 0.3"},
  {"wave", "sine square saw triangle silence white-noise pink-noise sine-table "
        "ticks gaussian-noise red-noise blue-noise violet-noise ticks"},
  {"tick-interval", "1 1000000 18446744073709551615 10000000"},
  {"sine-periods-per-tick", "1 4294967295 3"},
  {"marker-tick-period", "1 4294967295 0 2"},
  {"marker-tick-volume", "0 1 0.1"},
  {"apply-tick-ramp", "true false"},
  {"timestamp-offset", "1000000000 -1000000 -9223372036854775808 0"},
};

static const gchar *
values_for (const gchar * name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (changes); i++)
    if (strcmp (changes[i].name, name) == 0)
      return changes[i].values;
  return NULL;
}

/* Sets @spec to each of its values, a batch or two apart. */
static void
change_property (Playing * p, GParamSpec * spec, guint wait)
{
  const gchar *values = values_for (spec->name);
  GValue value = G_VALUE_INIT;
  gchar **list;
  guint i;

  if (values == NULL) {
    g_value_init (&value, spec->value_type);
    g_param_value_set_default (spec, &value);
    g_object_set_property (G_OBJECT (p->element), spec->name, &value);
    g_value_unset (&value);
    return;
  }
  list = g_strsplit (values, " ", -1);
  for (i = 0; list[i]; i++) {
    gst_util_set_object_arg (G_OBJECT (p->element), spec->name, list[i]);
    if (wait)
      wait_for_batches (p, wait);
  }
  g_strfreev (list);
}

static void
change_all (Playing * p, guint wait)
{
  guint n, i, changed = 0;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (p->element), &n);

  for (i = 0; i < n; i++) {
    if ((specs[i]->flags & GST_PARAM_MUTABLE_PLAYING) == 0
        || (specs[i]->flags & G_PARAM_WRITABLE) == 0
        || (p->checks_time && strcmp (specs[i]->name, "timestamp-offset") == 0))
      continue;
    change_property (p, specs[i], wait);
    changed++;
  }
  fail_unless (changed >= 10, "only %u properties can be changed", changed);
  g_free (specs);
}

static gpointer
change_beside (gpointer data)
{
  Playing *p = data;
  guint i;

  for (i = 0; !g_atomic_int_get (&p->stop); i++) {
    g_object_set (p->element, "wave", i % N_WAVES, "samples-per-batch",
        1 + i % 2000, NULL);
    get_stat (p->element, "batches");
    get_counter (p->element, "outstanding-batches");
    if (i % 16 == 0)
      wait_for_batches (p, 1);
  }
  return NULL;
}

static const gchar *const load_formats[] = {
  "format=F32LE, channels=1",
  "format=S16LE, channels=6, channel-mask=(bitmask)0",
  "format=F64BE, channels=2, layout=non-interleaved",
  "format=S24_32LE, channels=3, channel-mask=(bitmask)0",
};

/* audiotestsrc 1.22.0 and head crash if wave changes while playing. */
GST_START_TEST (test_every_property_can_be_changed_while_playing_under_load)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=src ! audio/x-raw, %s ! "
      "fakesink sync=false", load_formats[__i__ / 2]);
  GThread *thread;
  Playing p;
  guint i;

  playing_init (&p, line, count_batch, "src");
  p.checks_time = __i__ % 2;
  gst_element_set_state (p.pipeline, GST_STATE_PLAYING);
  wait_for_batches (&p, 1);
  change_all (&p, 2);
  thread = g_thread_new ("beside", change_beside, &p);
  for (i = 0; i < 3; i++) {
    change_all (&p, 0);
    change_all (&p, 1);
  }
  g_atomic_int_set (&p.stop, TRUE);
  g_thread_join (thread);
  wait_for_batches (&p, 2);
  assert_no_error (p.bus);
  playing_free (&p);
  g_free (line);
}

GST_END_TEST;

/* 357336cd5 of gst-plugins-rs */
GST_START_TEST (test_size_set_in_the_streaming_thread_does_not_deadlock)
{
  Playing p;

  playing_init (&p, "audiobatchsrc name=src num-buffers=500 ! "
      "fakesink sync=false", count_batch, "src");
  p.checks_time = p.setting = TRUE;
  gst_element_set_state (p.pipeline, GST_STATE_PLAYING);
  gst_message_unref (expect_message (p.bus, GST_MESSAGE_EOS));
  fail_unless_equals_int (p.batches, 500);
  playing_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_size_set_while_downstream_blocks_does_not_deadlock)
{
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", NULL, "num-buffers=3", &bus);
  GstPad *pad = gst_element_get_static_pad (h->element, "src");
  gulong id = gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, NULL, NULL, NULL);
  GPtrArray *batches;
  guint size;

  gst_harness_play (h);
  while (!gst_pad_is_blocking (pad))
    g_thread_yield ();
  g_object_set (h->element, "samples-per-batch", 100, NULL);
  g_object_get (h->element, "samples-per-batch", &size, NULL);
  fail_unless_equals_int (size, 100);
  gst_pad_remove_probe (pad, id);
  batches = play_to_end (h);
  fail_unless_equals_int (batches->len, 3);
  assert_batch_time (batches->pdata[0], 0, 1024, RATE, 0);
  assert_batch_time (batches->pdata[1], 1024, 100, RATE, 0);
  assert_batch_time (batches->pdata[2], 1124, 100, RATE, 0);
  g_ptr_array_unref (batches);
  gst_object_unref (pad);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* Formats to use one after the other, for five batches each. */
static const gchar *const formats_in_turn[] = {
  "audio/x-raw, format=F64LE, rate=48000, channels=1",
  "audio/x-raw, format=F64LE, rate=96000, channels=1",
  "audio/x-raw, format=F64LE, rate=44100, channels=2",
  "audio/x-raw, format=S16LE, rate=44100, channels=2",
  "audio/x-raw, format=S16LE, rate=11025, channels=2, layout=non-interleaved",
  "audio/x-raw, format=F64LE, rate=192000, channels=1",
  "audio/x-raw, format=F64LE, rate=8000, channels=6, "
      "channel-mask=(bitmask)0x3f",
  "audio/x-raw, format=U8, rate=8000, channels=1",
  "audio/x-raw, format=F64LE, rate=48000, channels=1",
};

typedef struct
{
  Playing playing;
  gboolean has_last;
  gdouble last;
  guint formats;
  GstCaps *caps;
} Turns;

/* Checks that the first channel continues without a jump. */
static void
check_wave_goes_on (Turns * turns, GstBuffer * batch, const GstAudioInfo * info)
{
  gdouble limit = 2 * G_PI * 100 / MIN (info->rate, 8000);
  guint i, n = gst_buffer_get_size (batch) / info->bpf;
  gboolean is_f64 = GST_AUDIO_INFO_FORMAT (info) == GST_AUDIO_FORMAT_F64LE;
  GstMapInfo map;

  if (!is_f64) {
    turns->has_last = FALSE;
    return;
  }
  gst_buffer_map (batch, &map, GST_MAP_READ);
  for (i = 0; i < n; i++) {
    gdouble value = ((gdouble *) map.data)[i * info->channels];

    if (turns->has_last)
      fail_unless (ABS (value - turns->last) <= limit,
          "from %.6f to %.6f at sample %u of a batch at %d Hz", turns->last,
          value, i, info->rate);
    turns->last = value;
    turns->has_last = TRUE;
  }
  gst_buffer_unmap (batch, &map);
}

static GstPadProbeReturn
check_turn (GstPad * pad, GstPadProbeInfo * probe, gpointer data)
{
  GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (probe);
  Turns *turns = data;
  Playing *p = &turns->playing;
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GstClockTime end;
  GstAudioInfo info;
  guint n;

  fail_unless (gst_audio_info_from_caps (&info, caps));
  if (turns->caps == NULL || !gst_caps_is_equal (turns->caps, caps))
    turns->formats++;
  gst_caps_replace (&turns->caps, caps);
  n = gst_buffer_get_size (batch) / info.bpf;
  end = GST_BUFFER_PTS (batch) + gst_util_uint64_scale (n, GST_SECOND,
      info.rate);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), p->end);
  p->end = GST_BUFFER_PTS (batch) + GST_BUFFER_DURATION (batch);
  /* times are rounded down from the start, so a batch may be 1 ns longer */
  fail_unless (p->end == end || p->end == end + 1,
      "%u samples at %d Hz take %" G_GUINT64_FORMAT " ns", n, info.rate,
      GST_BUFFER_DURATION (batch));
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (batch),
      GST_BUFFER_OFFSET (batch) + n);
  fail_unless (ABS ((gdouble) GST_BUFFER_OFFSET (batch)
          - (gdouble) GST_BUFFER_PTS (batch) * info.rate / GST_SECOND) <= 1);
  check_wave_goes_on (turns, batch, &info);
  p->batches++;
  if (p->batches % 5 == 0 && p->batches / 5 < G_N_ELEMENTS (formats_in_turn))
    gst_util_set_object_arg (G_OBJECT (p->filter), "caps",
        formats_in_turn[p->batches / 5]);
  gst_caps_unref (caps);
  return GST_PAD_PROBE_OK;
}

/* In 1.22.0, at a change from 48 to 96 kHz, a duration is negative and the PTS
 * goes back. */
GST_START_TEST (test_time_and_wave_go_on_through_changes_of_format)
{
  Turns turns = { 0 };
  Playing *p = &turns.playing;

  playing_init (p, "audiobatchsrc name=src freq=100 volume=1 num-buffers=45 ! "
      "capsfilter name=filter ! fakesink sync=false", check_turn, "filter");
  gst_util_set_object_arg (G_OBJECT (p->filter), "caps", formats_in_turn[0]);
  gst_element_set_state (p->pipeline, GST_STATE_PLAYING);
  gst_message_unref (expect_message (p->bus, GST_MESSAGE_EOS));
  fail_unless_equals_int (p->batches, 45);
  fail_unless_equals_int (turns.formats, G_N_ELEMENTS (formats_in_turn));
  gst_clear_caps (&turns.caps);
  playing_free (p);
}

GST_END_TEST;

static GstBuffer *
follow_format (GstElement * element, guint64 start, guint n_samples,
    guint * calls)
{
  GstBuffer *batch = take_new_batch (element);

  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), start);
  ++*calls;
  return batch;
}

GST_START_TEST (test_handler_sees_changes_of_format_with_time_going_on)
{
  Turns turns = { 0 };
  Playing *p = &turns.playing;
  guint calls = 0;

  playing_init (p, "audiobatchsrc name=src num-buffers=45 ! "
      "capsfilter name=filter ! fakesink sync=false", check_turn, "filter");
  g_signal_connect (p->element, "fill-batch", G_CALLBACK (follow_format),
      &calls);
  gst_util_set_object_arg (G_OBJECT (p->filter), "caps", formats_in_turn[0]);
  gst_element_set_state (p->pipeline, GST_STATE_PLAYING);
  gst_message_unref (expect_message (p->bus, GST_MESSAGE_EOS));
  fail_unless_equals_int (calls, 45);
  fail_unless_equals_int (p->batches, 45);
  gst_clear_caps (&turns.caps);
  playing_free (p);
}

GST_END_TEST;

static Suite *
sourceplay_suite (void)
{
  Suite *s = suite_create ("sourceplay");
  TCase *tc = tcase_create ("live");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_test (tc, test_live_day_does_not_drift);
  tcase_add_loop_test (tc, test_a_pause_of_a_live_source_loses_no_batch, 0, 2);
  tcase_add_test (tc, test_live_batch_waits_until_the_clock_is_there);
  tcase_add_loop_test (tc,
      test_live_and_do_timestamp_stamp_as_audiotestsrc_does, 0,
      G_N_ELEMENTS (timings));
  tcase_add_loop_test (tc,
      test_latency_is_one_batch_and_stays_so_after_short_ones, 0, 2);
  tcase_add_test (tc,
      test_new_size_takes_the_next_batch_and_posts_latency_once);
  tcase_add_test (tc, test_no_clock_is_provided);

  tc = tcase_create ("changes");
  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_test (tc, test_controlled_volume_is_followed_sample_by_sample);
  tcase_add_test (tc, test_volume_that_is_switched_on_and_off_does_not_click);
  tcase_add_loop_test (tc,
      test_controlled_freq_glides_and_jumps_without_a_click, 0, 2);
  tcase_add_test (tc, test_wave_can_be_controlled);
  tcase_add_loop_test (tc,
      test_every_property_can_be_changed_while_playing_under_load, 0,
      2 * G_N_ELEMENTS (load_formats));
  tcase_add_test (tc, test_size_set_in_the_streaming_thread_does_not_deadlock);
  tcase_add_test (tc, test_size_set_while_downstream_blocks_does_not_deadlock);
  tcase_add_test (tc, test_time_and_wave_go_on_through_changes_of_format);
  tcase_add_test (tc, test_handler_sees_changes_of_format_with_time_going_on);
  return s;
}

GST_CHECK_MAIN (sourceplay);
