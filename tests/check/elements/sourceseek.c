/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Positions of audiobatchsrc: seeks, segments, reverse, queries and pull mode.
 * A commit named at a test fixed that fault in audiotestsrc. */

#include <math.h>

#include "../batchcheck.h"

/* One period of the wave is so long that each sample differs from its
 * neighbours. */
#define PERIOD 32768
#define NONE GST_CLOCK_TIME_NONE

static const gint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000, 88200,
  96000, 192000
};

#define N_RATES 9

/* A source of F64 mono, and its output since the last seek. */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
  gint rate;
  GPtrArray *batches;
  GstSegment segment;
  guint segments;
  GstSeekFlags seek_flags;
} Player;

static void
player_init (Player * p, gint rate)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, rate, 1, FALSE);

  memset (p, 0, sizeof *p);
  p->rate = rate;
  p->h = harness_with_bus ("audiobatchsrc", &p->bus);
  p->batches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  g_object_set (p->h->element, "freq", rate / (gdouble) PERIOD, "volume", 1.0,
      NULL);
  gst_harness_set_sink_caps (p->h, gst_audio_info_to_caps (&info));
}

static void
player_free (Player * p)
{
  g_ptr_array_unref (p->batches);
  harness_free_with_bus (p->h, p->bus);
}

/* Collects all output up to @end, which is EOS or SEGMENT_DONE. */
static void
collect (Player * p, GstEventType end)
{
  GstEventType type = GST_EVENT_UNKNOWN;
  GstBuffer *batch;

  g_ptr_array_set_size (p->batches, 0);
  p->segments = 0;
  while (type != end) {
    GstEvent *event = gst_harness_pull_event (p->h);

    fail_unless (event != NULL, "no %s came", gst_event_type_get_name (end));
    type = GST_EVENT_TYPE (event);
    if (type == GST_EVENT_SEGMENT) {
      gst_event_copy_segment (event, &p->segment);
      p->segments++;
    }
    gst_event_unref (event);
  }
  while ((batch = gst_harness_try_pull (p->h)))
    g_ptr_array_add (p->batches, batch);
}

static GstEvent *
seek_event (gdouble speed, GstFormat format, GstSeekFlags flags, gint64 start,
    gint64 stop)
{
  return gst_event_new_seek (speed, format, flags, GST_SEEK_TYPE_SET, start,
      stop == -1 ? GST_SEEK_TYPE_NONE : GST_SEEK_TYPE_SET, stop);
}

/* Seeks before the first batch or after an end, and collects the output. */
static void
play_from_to (Player * p, gdouble speed, GstFormat format, gint64 start,
    gint64 stop)
{
  GstEvent *seek = seek_event (speed, format, GST_SEEK_FLAG_FLUSH, start, stop);

  /* seeking by samples needs caps */
  if (format == GST_FORMAT_DEFAULT
      && GST_STATE (p->h->element) < GST_STATE_PAUSED)
    play_from_to (p, 1.0, GST_FORMAT_TIME, 0, GST_MSECOND);
  if (GST_STATE (p->h->element) < GST_STATE_PAUSED) {
    fail_unless (gst_element_send_event (p->h->element, seek));
    gst_harness_play (p->h);
  } else {
    fail_unless (gst_harness_push_upstream_event (p->h, seek));
  }
  collect (p, GST_EVENT_EOS);
}

static GstClockTime
time_of (const Player * p, guint64 sample)
{
  return gst_util_uint64_scale (sample, GST_SECOND, p->rate);
}

/* Checks that @batch has samples @start to @start + @n, and their time. */
static void
assert_samples (const Player * p, GstBuffer * batch, guint64 start, guint n)
{
  GstMapInfo map;
  guint i;

  fail_unless_equals_uint64 (gst_buffer_get_size (batch), n * sizeof (gdouble));
  assert_batch_time (batch, start, n, p->rate, 0);
  assert_batch_exclusive (batch);
  gst_buffer_map (batch, &map, GST_MAP_READ);
  for (i = 0; i < n; i++) {
    gdouble want = sin (2 * G_PI * ((start + i + 1) % PERIOD) / PERIOD);
    gdouble got = ((gdouble *) map.data)[i];

    fail_unless (ABS (got - want) < 1e-6, "sample %" G_GUINT64_FORMAT
        " is %.9f, not %.9f", start + i, got, want);
  }
  gst_buffer_unmap (batch, &map);
}

/* Checks that the output is samples @from to @to, in batches without a gap. */
static void
assert_played (const Player * p, guint64 from, guint64 to)
{
  guint64 start = from;
  guint i;

  for (i = 0; i < p->batches->len; i++) {
    guint n = MIN (DEFAULT_BATCH, to - start);

    assert_samples (p, p->batches->pdata[i], start, n);
    fail_unless_equals_int (GST_BUFFER_IS_DISCONT (p->batches->pdata[i]),
        i == 0);
    start += n;
  }
  fail_unless_equals_uint64 (start, to);
}

/* Seeks */

/* f68c95ebaa. In 1.22.0, at 44.1 kHz, the PTS of batch 1 gives sample 1023. */
GST_START_TEST (test_seek_to_the_time_of_any_batch_is_exact_to_the_sample)
{
  Player p;
  guint k;

  player_init (&p, rates[__i__]);
  for (k = 0; k < 200; k++) {
    guint64 from = k * 1024, to = from + 1024 + k;

    play_from_to (&p, 1.0, GST_FORMAT_TIME, time_of (&p, from),
        time_of (&p, to));
    assert_played (&p, from, to);
    fail_unless_equals_uint64 (p.segment.start, time_of (&p, from));
    fail_unless_equals_uint64 (p.segment.stop, time_of (&p, to));
    fail_unless_equals_uint64 (p.segment.time, time_of (&p, from));
  }
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_seek_by_samples_is_exact_to_the_sample)
{
  static const guint64 samples[] = { 0, 1, 2, 3, 5, 7, 1023, 1024, 1025, 44099,
    44101, 1000003, 987654321
  };
  Player p;
  guint i;

  player_init (&p, rates[__i__]);
  for (i = 0; i < G_N_ELEMENTS (samples); i++) {
    play_from_to (&p, 1.0, GST_FORMAT_DEFAULT, samples[i],
        samples[i] + 1500 + i);
    assert_played (&p, samples[i], samples[i] + 1500 + i);
  }
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_reverse_seek_by_samples_is_exact_to_the_sample)
{
  Player p;
  guint i;

  player_init (&p, rates[__i__]);
  for (i = 1; i < 50; i++) {
    play_from_to (&p, -1.0, GST_FORMAT_DEFAULT, 1000 + i, 2000 + i);
    fail_unless_equals_int (p.batches->len, 1);
    assert_samples (&p, p.batches->pdata[0], 1000 + i, 1000);
  }
  player_free (&p);
}

GST_END_TEST;

/* 6499fcdc2e */
GST_START_TEST (test_seek_to_hours_days_and_years_does_not_overflow)
{
  static const guint64 seconds[] = { 3600, 86400, 100 * 86400, 31536000,
    G_GUINT64_CONSTANT (3153600000)
  };
  Player p;
  guint i;

  player_init (&p, rates[__i__]);
  for (i = 0; i < G_N_ELEMENTS (seconds); i++) {
    guint64 from = seconds[i] * p.rate + 1;

    play_from_to (&p, 1.0, GST_FORMAT_TIME, time_of (&p, from),
        time_of (&p, from + 2000));
    assert_played (&p, from, from + 2000);
  }
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_seek_between_two_samples_begins_with_the_earlier_one)
{
  Player p;

  player_init (&p, 44100);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, time_of (&p, 4410) + 10000,
      time_of (&p, 5000) - 10000);
  assert_played (&p, 4410, 5000);
  /* the segment has exactly the requested times */
  fail_unless_equals_uint64 (p.segment.start, time_of (&p, 4410) + 10000);
  fail_unless_equals_uint64 (p.segment.time, time_of (&p, 4410) + 10000);
  fail_unless_equals_uint64 (p.segment.stop, time_of (&p, 5000) - 10000);
  player_free (&p);
}

GST_END_TEST;

/* d8b42e993b, f18d2a5a9a */
GST_START_TEST (test_last_batch_before_the_stop_is_short_in_size_and_time)
{
  static const guint lengths[] = { 1, 2, 441, 1023, 1024, 1025, 2047, 2049,
    4410
  };
  Player p;
  guint i;

  player_init (&p, rates[__i__]);
  for (i = 0; i < G_N_ELEMENTS (lengths); i++) {
    GstBuffer *last;

    play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, lengths[i]));
    assert_played (&p, 0, lengths[i]);
    last = p.batches->pdata[p.batches->len - 1];
    fail_unless_equals_uint64 (GST_BUFFER_PTS (last)
        + GST_BUFFER_DURATION (last), time_of (&p, lengths[i]));
  }
  player_free (&p);
}

GST_END_TEST;

/* ab76fa091a, cf18fae9de: seeks that change the speed only. */
GST_START_TEST (test_new_speed_goes_on_from_the_position_of_the_segment)
{
  Player p;
  GstBuffer *batch;

  player_init (&p, 44100);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, time_of (&p, 1000),
      time_of (&p, 3000));
  assert_played (&p, 1000, 3000);
  fail_unless (gst_harness_push_upstream_event (p.h, gst_event_new_seek (2.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_NONE, 0,
              GST_SEEK_TYPE_SET, time_of (&p, 5000))));
  collect (&p, GST_EVENT_EOS);
  assert_played (&p, 3000, 5000);
  fail_unless_equals_float (p.segment.rate, 2.0);
  fail_unless_equals_uint64 (p.segment.time, p.segment.start);
  batch = p.batches->pdata[0];
  fail_unless_equals_uint64 (gst_segment_to_stream_time (&p.segment,
          GST_FORMAT_TIME, GST_BUFFER_PTS (batch)), time_of (&p, 3000));
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_segment_seeks_play_on_without_a_gap_or_an_eos)
{
  Player p;
  guint k;

  player_init (&p, rates[__i__]);
  fail_unless (gst_element_send_event (p.h->element, seek_event (1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_SEGMENT, 0,
              time_of (&p, 3001))));
  gst_harness_play (p.h);
  for (k = 0; k < 3; k++) {
    GstMessage *message;
    gint64 position;

    collect (&p, GST_EVENT_SEGMENT_DONE);
    assert_played (&p, k * 1000, 3001 + k * 1000);
    fail_unless_equals_int (p.segments, 1);
    fail_unless_equals_uint64 (p.segment.base, k == 0 ? 0
        : time_of (&p, 3001) + (k - 1) * (time_of (&p, 3001 + (k - 1) * 1000)
            - time_of (&p, (k - 1) * 1000)));
    message = expect_message (p.bus, GST_MESSAGE_SEGMENT_DONE);
    gst_message_parse_segment_done (message, NULL, &position);
    fail_unless_equals_uint64 (position, time_of (&p, 3001 + k * 1000));
    gst_message_unref (message);
    fail_unless (gst_harness_push_upstream_event (p.h, seek_event (1.0,
                GST_FORMAT_TIME, GST_SEEK_FLAG_SEGMENT,
                time_of (&p, (k + 1) * 1000),
                time_of (&p, 3001 + (k + 1) * 1000))));
  }
  player_free (&p);
}

GST_END_TEST;

static const gchar *const wide_formats[] = { "S16LE", "S24LE", "U8", "F32BE" };

static GstPadProbeReturn
check_after_seek (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GAsyncQueue *queue = data;
  GstEvent *event;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    if (g_object_get_data (G_OBJECT (pad), "fresh"))
      g_async_queue_push (queue,
          gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));
    g_object_set_data (G_OBJECT (pad), "fresh", NULL);
    return GST_PAD_PROBE_OK;
  }
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    g_object_set_data (G_OBJECT (pad), "fresh", pad);
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_seeks_under_load_begin_with_the_sample_asked_for)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=src ! audio/x-raw, "
      "format=%s, rate=44100 ! fakesink name=sink sync=false",
      wide_formats[__i__]);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstPad *pad = gst_element_get_static_pad (element, "src");
  GAsyncQueue *queue = g_async_queue_new_full ((GDestroyNotify)
      gst_buffer_unref);
  guint k;

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      check_after_seek, queue, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (k = 0; k < 60; k++) {
    guint64 sample = (guint64) k * 1234567 % 9999991;
    GstBuffer *batch = g_async_queue_timeout_pop (queue, 30 * G_USEC_PER_SEC);

    fail_unless (batch != NULL, "nothing comes after seek %u", k);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch),
        k == 0 ? 0 : (guint64) (k - 1) * 1234567 % 9999991);
    gst_buffer_unref (batch);
    fail_unless (gst_element_send_event (element, seek_event (1.0,
                GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                gst_util_uint64_scale (sample, GST_SECOND, 44100), -1)));
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_async_queue_unref (queue);
  gst_object_unref (pad);
  gst_object_unref (element);
  gst_object_unref (pipeline);
  g_free (line);
}

GST_END_TEST;

/* Reverse */

/* b46718b1a0, 031f256584 */
GST_START_TEST (test_reverse_goes_down_to_the_start_without_empty_batches)
{
  static const guint64 starts[] = { 0, 1, 1000, 1024, 4095 };
  Player p;
  guint i, k;

  player_init (&p, rates[__i__]);
  for (i = 0; i < G_N_ELEMENTS (starts); i++) {
    guint64 end = 5000 + 1024 * i;

    play_from_to (&p, -1.0, GST_FORMAT_TIME, time_of (&p, starts[i]),
        time_of (&p, end));
    for (k = 0; k < p.batches->len; k++) {
      guint n = MIN (DEFAULT_BATCH, end - starts[i]);

      fail_unless (n > 0, "there is a batch below the start");
      assert_samples (&p, p.batches->pdata[k], end - n, n);
      end -= n;
    }
    fail_unless_equals_uint64 (end, starts[i]);
    fail_unless_equals_float (p.segment.rate, -1.0);
    fail_unless_equals_uint64 (p.segment.start, time_of (&p, starts[i]));
    fail_unless_equals_uint64 (p.segment.time, time_of (&p, starts[i]));
  }
  player_free (&p);
}

GST_END_TEST;

/* Shortens each longer batch to 600 samples. */
static GstBuffer *
cut_to_600 (GstElement * element, guint64 start, guint n_samples,
    gpointer unused)
{
  GstBuffer *batch = take_new_batch (element);

  gst_buffer_set_size (batch, MIN (n_samples, 600) * sizeof (gdouble));
  return batch;
}

GST_START_TEST (test_reverse_makes_no_sample_twice_where_a_handler_cuts_short)
{
  Player p;
  guint k;

  player_init (&p, 48000);
  g_signal_connect (p.h->element, "fill-batch", G_CALLBACK (cut_to_600), NULL);
  play_from_to (&p, -1.0, GST_FORMAT_TIME, 0, time_of (&p, 4 * DEFAULT_BATCH));
  fail_unless_equals_int (p.batches->len, 4);
  for (k = 0; k < 4; k++)
    assert_batch_time (p.batches->pdata[k], (3 - k) * DEFAULT_BATCH, 600,
        48000, 0);
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_reverse_from_an_unknown_end_is_refused)
{
  Player p;

  player_init (&p, 44100);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 100));
  fail_if (gst_harness_push_upstream_event (p.h, gst_event_new_seek (-1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
              GST_SEEK_TYPE_SET, -1)));
  player_free (&p);
}

GST_END_TEST;

/* Seeks with a flush to the current position, with another speed and maybe
 * another stop. */
static void
play_on (Player * p, gdouble speed, GstClockTime stop)
{
  fail_unless (gst_harness_push_upstream_event (p->h,
          gst_event_new_seek (speed, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
              GST_SEEK_TYPE_NONE, 0, GST_CLOCK_TIME_IS_VALID (stop) ?
              GST_SEEK_TYPE_SET : GST_SEEK_TYPE_NONE, stop)));
  collect (p, GST_EVENT_EOS);
}

GST_START_TEST (test_reverse_begins_at_the_stop_that_was_set_behind_it)
{
  Player p;

  player_init (&p, 48000);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 4 * DEFAULT_BATCH));
  play_on (&p, 1.0, time_of (&p, DEFAULT_BATCH));
  fail_unless_equals_int (p.batches->len, 0);
  play_on (&p, -1.0, NONE);
  fail_unless_equals_int (p.batches->len, 1);
  assert_samples (&p, p.batches->pdata[0], 0, DEFAULT_BATCH);
  player_free (&p);
}

GST_END_TEST;

static gboolean
is_start_refused (GstElement * element)
{
  GstStateChangeReturn ret;

  fail_unless (gst_element_send_event (element, seek_event (-1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_NONE, 0, -1)));
  ret = gst_element_set_state (element, GST_STATE_PAUSED);
  return ret == GST_STATE_CHANGE_FAILURE;
}

/* GstBaseSrc may have started the streaming thread before it refuses. The pad
 * keeps the caps, and GstBaseSrc does not set them again. Regression: the
 * element then divided by a rate of 0. */
GST_START_TEST (test_a_start_after_a_refused_one_has_a_format)
{
  guint i;

  for (i = 0; i < 50; i++) {
    Player p;

    player_init (&p, 44100);
    gst_element_set_state (p.h->element, GST_STATE_READY);
    fail_unless (is_start_refused (p.h->element));
    play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, DEFAULT_BATCH));
    assert_samples (&p, p.batches->pdata[p.batches->len - 1], 0, DEFAULT_BATCH);
    player_free (&p);
  }
}

GST_END_TEST;

static void
pull_segment_after_flush (Player * p)
{
  gboolean flushed = FALSE;

  do {
    GstEvent *event = gst_harness_pull_event (p->h);

    fail_unless (event != NULL, "no segment came");
    flushed |= GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP;
    p->segment.format = GST_FORMAT_UNDEFINED;
    if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
      gst_event_copy_segment (event, &p->segment);
    gst_event_unref (event);
  } while (!flushed || p->segment.format == GST_FORMAT_UNDEFINED);
}

/* When GstBaseSrc refuses, it has already flushed. Without a new segment the
 * stream would continue with a warning. */
GST_START_TEST (test_a_stream_goes_on_after_a_refused_seek)
{
  Player p;

  player_init (&p, 44100);
  gst_harness_play (p.h);
  gst_buffer_unref (gst_harness_pull (p.h));
  fail_if (gst_harness_push_upstream_event (p.h, seek_event (-1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0, -1)));
  pull_segment_after_flush (&p);
  fail_unless_equals_float (p.segment.rate, 1.0);
  fail_unless_equals_uint64 (p.segment.base, 0);
  fail_unless (p.segment.start >= time_of (&p, DEFAULT_BATCH));
  fail_unless_equals_uint64 (p.segment.time, p.segment.start);
  player_free (&p);
}

GST_END_TEST;

/* Holds the first batch in the pad, until a flush. */
static GstPadProbeReturn
hold_first_batch (GstPad * pad, GstPadProbeInfo * info, gpointer n_batches)
{
  return g_atomic_int_add ((gint *) n_batches, 1) == 0 ? GST_PAD_PROBE_OK
      : GST_PAD_PROBE_PASS;
}

/* Plays 8 batches at @speed, has a seek refused while the first one is in the
 * pad, and collects the rest. */
static void
play_on_after_refused_seek (Player * p, gdouble speed)
{
  GstPad *pad = gst_element_get_static_pad (p->h->element, "src");
  gint n_batches = 0;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BLOCK,
      hold_first_batch, &n_batches, NULL);
  fail_unless (gst_element_send_event (p->h->element, seek_event (speed,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0, time_of (p, 8 * 1023))));
  gst_harness_play (p->h);
  while (!gst_pad_is_blocking (pad))
    g_thread_yield ();
  fail_if (gst_harness_push_upstream_event (p->h, gst_event_new_seek (-1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
              GST_SEEK_TYPE_SET, -1)));
  collect (p, GST_EVENT_EOS);
  gst_object_unref (pad);
}

static const struct
{
  gdouble speed;
  gint rate;
} refusals[] = { {1.0, 48000}, {-1.0, 48000}, {1.0, 2000000000},
{-1.0, 2000000000}
};

/* Regression: above 1 GHz, where samples share a nanosecond, the segment that
 * followed ended before the samples that followed. */
GST_START_TEST (test_no_sample_is_outside_the_segment_after_a_refused_seek)
{
  const gint rate = refusals[__i__].rate;
  Player p;
  guint i;

  player_init (&p, rate);
  /* odd: at 2 GHz batches begin between two nanoseconds */
  g_object_set (p.h->element, "samples-per-batch", 1023, NULL);
  play_on_after_refused_seek (&p, refusals[__i__].speed);
  fail_unless_equals_int (p.batches->len, 7);
  for (i = 0; i < p.batches->len; i++) {
    guint64 start = GST_BUFFER_OFFSET (p.batches->pdata[i]);
    guint64 end = GST_BUFFER_OFFSET_END (p.batches->pdata[i]);

    /* in 1/rate ns */
    fail_unless (start * GST_SECOND >= p.segment.start * rate);
    fail_unless ((end - 1) * GST_SECOND < p.segment.stop * rate, "sample %"
        G_GUINT64_FORMAT " is behind the stop at %" G_GUINT64_FORMAT, end - 1,
        p.segment.stop);
  }
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_a_segment_after_a_refused_seek_begins_before_its_stop)
{
  Player p;

  player_init (&p, 48000);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 4 * DEFAULT_BATCH));
  play_on (&p, 1.0, time_of (&p, DEFAULT_BATCH));
  fail_if (gst_harness_push_upstream_event (p.h, seek_event (-1.0,
              GST_FORMAT_DEFAULT, GST_SEEK_FLAG_FLUSH, 0, -1)));
  collect (&p, GST_EVENT_EOS);
  /* GstSegment asserts that the start is not behind the stop */
  play_on (&p, 1.0, time_of (&p, DEFAULT_BATCH));
  fail_unless_equals_int (p.batches->len, 0);
  player_free (&p);
}

GST_END_TEST;

static const GstSeekFlags flush_or_not[] = { GST_SEEK_FLAG_NONE,
  GST_SEEK_FLAG_FLUSH
};

/* To 2000 samples at 1 s, in the streaming thread. */
static void
seek_in_stream (Player * p)
{
  fail_unless (gst_element_send_event (p->h->element, seek_event (1.0,
              GST_FORMAT_TIME, p->seek_flags, GST_SECOND,
              GST_SECOND + time_of (p, 2000))));
}

static GstBuffer *
seek_from_handler (GstElement * element, guint64 start, guint n_samples,
    gpointer user_data)
{
  if (start == 2 * DEFAULT_BATCH)
    seek_in_stream (user_data);
  return take_new_batch (element);
}

/* Checks that all but the first two batches are those of seek_in_stream(). */
static void
assert_sought (const Player * p)
{
  fail_unless_equals_int (p->batches->len, 4);
  assert_batch_time (p->batches->pdata[0], 0, DEFAULT_BATCH, p->rate, 0);
  assert_batch_time (p->batches->pdata[1], DEFAULT_BATCH, DEFAULT_BATCH,
      p->rate, 0);
  assert_batch_time (p->batches->pdata[2], p->rate, DEFAULT_BATCH, p->rate, 0);
  assert_batch_time (p->batches->pdata[3], p->rate + DEFAULT_BATCH,
      2000 - DEFAULT_BATCH, p->rate, 0);
  fail_unless_equals_uint64 (p->segment.start, GST_SECOND);
}

/* Regression: the batch of before came in the new segment, and the first batch
 * of the new one was missing. */
GST_START_TEST (test_a_seek_of_the_handler_drops_the_batch_it_fills)
{
  Player p;

  player_init (&p, 48000);
  p.seek_flags = flush_or_not[__i__];
  g_signal_connect (p.h->element, "fill-batch", G_CALLBACK (seek_from_handler),
      &p);
  gst_harness_play (p.h);
  collect (&p, GST_EVENT_EOS);
  assert_sought (&p);
  fail_unless_equals_uint64 (get_stat (p.h->element, "samples-dropped"),
      DEFAULT_BATCH);
  assert_lossless (p.h->element, 3 * DEFAULT_BATCH + 2000, 0);
  player_free (&p);
}

GST_END_TEST;

static GstBusSyncReply
seek_at_report (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Player *p = user_data;

  if (gst_message_has_name (message, "audiobatch-report")
      && get_counter (p->h->element, "batches") == 3)
    seek_in_stream (p);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* The last report comes while the last batch is on its way. */
GST_START_TEST (test_a_seek_at_the_last_report_drops_the_last_batch)
{
  Player p;

  player_init (&p, 48000);
  p.seek_flags = flush_or_not[__i__];
  gst_bus_set_sync_handler (p.bus, seek_at_report, &p, NULL);
  fail_unless (gst_element_send_event (p.h->element, seek_event (1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_NONE, 0, time_of (&p,
                  3 * DEFAULT_BATCH))));
  gst_harness_play (p.h);
  collect (&p, GST_EVENT_EOS);
  assert_sought (&p);
  gst_bus_set_sync_handler (p.bus, NULL, NULL, NULL);
  player_free (&p);
}

GST_END_TEST;

static void
set_sink_caps (Player * p, GstAudioFormat format, gint rate)
{
  GstAudioInfo info = audio_info (format, rate, 1, FALSE);

  gst_harness_set_sink_caps (p->h, gst_audio_info_to_caps (&info));
}

/* GstBaseSrc does not set caps again that the pad still has. Regression:
 * batches had the size of the refused format, and the wave was written beyond
 * it. */
GST_START_TEST (test_a_refused_format_leaves_the_old_one_in_force)
{
  Player p;

  player_init (&p, 48000);
  gst_util_set_object_arg (G_OBJECT (p.h->element),
      "output-buffer-duration-fraction", "8/375");
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 2000));
  assert_played (&p, 0, 2000);

  set_sink_caps (&p, GST_AUDIO_FORMAT_U8, 10);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 2000));
  fail_unless_equals_int (p.batches->len, 0);
  assert_error (p.bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "holds no sample at 10 samples a second");

  set_sink_caps (&p, GST_AUDIO_FORMAT_F64, 48000);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 5000));
  assert_played (&p, 0, 5000);
  player_free (&p);
}

GST_END_TEST;

/* Each new batch refuses an impossible size again. */
GST_START_TEST (test_a_refused_size_is_refused_until_it_is_changed)
{
  Player p;
  guint i;

  player_init (&p, 48000);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 2000));
  g_object_set (p.h->element, "output-buffer-duration", (guint64) 1, NULL);
  for (i = 0; i < 3; i++) {
    play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 2000));
    fail_unless_equals_int (p.batches->len, 0);
    assert_error (p.bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "holds no sample at 48000 samples a second");
    /* GstBaseSrc then posts that the stream stopped */
    assert_error (p.bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "");
  }
  g_object_set (p.h->element, "output-buffer-duration", (guint64) 0, NULL);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 5000));
  assert_played (&p, 0, 5000);
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_stop_is_exact_after_a_change_of_rate)
{
  GstElement *pipeline = gst_parse_launch ("audiobatchsrc name=src "
      "samples-per-batch=441 ! capsfilter name=filter "
      "caps=audio/x-raw,format=S16LE,rate=44100,channels=1 ! "
      "appsink name=sink sync=false max-buffers=1", NULL);
  static const gchar *const caps[] = {
    "audio/x-raw,format=S16LE,rate=96000,channels=1",
    "audio/x-raw,format=S16LE,rate=8000,channels=1",
    "audio/x-raw,format=S16LE,rate=11025,channels=1",
  };
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstClockTime end = 0, stop = 777777777;
  guint k, rate = 44100;

  fail_unless (gst_element_send_event (element, seek_event (1.0,
              GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0, stop)));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (k = 0;; k++) {
    GstSample *sample = NULL;
    GstBuffer *batch;

    g_signal_emit_by_name (sink, "pull-sample", &sample);
    if (sample == NULL)
      break;
    batch = gst_sample_get_buffer (sample);
    gst_structure_get_int (gst_caps_get_structure (gst_sample_get_caps (sample),
            0), "rate", (gint *) & rate);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), end);
    end += GST_BUFFER_DURATION (batch);
    gst_sample_unref (sample);
    if (k == 7)
      gst_util_set_object_arg (G_OBJECT (filter), "caps", caps[__i__]);
  }
  /* the last sample begins before the stop */
  fail_unless (end >= stop, "%" GST_TIME_FORMAT " is too short",
      GST_TIME_ARGS (end));
  fail_unless (end < stop + GST_SECOND / rate + 2, "%" GST_TIME_FORMAT
      " is too long", GST_TIME_ARGS (end));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (element);
  gst_object_unref (filter);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* Queries */

GST_START_TEST (test_duration_is_that_of_num_buffers)
{
  gint64 duration = 0;
  Player p;

  player_init (&p, rates[__i__]);
  g_object_set (p.h->element, "num-buffers", 7, NULL);
  gst_harness_play (p.h);
  collect (&p, GST_EVENT_EOS);
  assert_played (&p, 0, 7 * 1024);
  fail_unless (gst_element_query_duration (p.h->element, GST_FORMAT_TIME,
          &duration));
  fail_unless_equals_uint64 (duration, time_of (&p, 7 * 1024));
  fail_unless (gst_element_query_duration (p.h->element, GST_FORMAT_DEFAULT,
          &duration));
  fail_unless_equals_uint64 (duration, 7 * 1024);
  fail_unless (gst_element_query_duration (p.h->element, GST_FORMAT_BYTES,
          &duration));
  fail_unless_equals_uint64 (duration, 7 * 1024 * 8);
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_no_buffers_last_no_time)
{
  gint64 duration = -1;
  Player p;

  player_init (&p, 48000);
  g_object_set (p.h->element, "num-buffers", 0, NULL);
  gst_harness_play (p.h);
  collect (&p, GST_EVENT_EOS);
  fail_unless (gst_element_query_duration (p.h->element, GST_FORMAT_TIME,
          &duration));
  fail_unless_equals_int64 (duration, 0);
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_duration_is_unknown_without_num_buffers)
{
  gint64 duration = 0;
  Player p;

  player_init (&p, 48000);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, GST_SECOND);
  fail_if (gst_element_query_duration (p.h->element, GST_FORMAT_BYTES,
          &duration) && duration != -1);
  player_free (&p);
}

GST_END_TEST;

/* The time of a sample is the PTS of a batch that begins there. */
GST_START_TEST (test_convert_is_exact_in_every_direction)
{
  static const guint64 samples[] = { 0, 1, 2, 3, 5, 1023, 1024, 44101, 1000003,
    G_GUINT64_CONSTANT (6054912000001)
  };
  Player p;
  guint i;

  player_init (&p, rates[__i__]);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 100));
  for (i = 0; i < G_N_ELEMENTS (samples); i++) {
    gint64 value = -1;

    fail_unless (gst_element_query_convert (p.h->element, GST_FORMAT_DEFAULT,
            samples[i], GST_FORMAT_TIME, &value));
    fail_unless_equals_uint64 (value, time_of (&p, samples[i]));
    fail_unless (gst_element_query_convert (p.h->element, GST_FORMAT_TIME,
            value, GST_FORMAT_DEFAULT, &value));
    fail_unless_equals_uint64 (value, samples[i]);
    fail_unless (gst_element_query_convert (p.h->element, GST_FORMAT_DEFAULT,
            samples[i], GST_FORMAT_BYTES, &value));
    fail_unless_equals_uint64 (value, samples[i] * 8);
    fail_unless (gst_element_query_convert (p.h->element, GST_FORMAT_BYTES,
            value, GST_FORMAT_DEFAULT, &value));
    fail_unless_equals_uint64 (value, samples[i]);
  }
  player_free (&p);
}

GST_END_TEST;

#define MOST G_MAXINT64

/* Answers have 63 bits. At each limit: the last value that fits, in mono F64
 * of 8 bytes, and its answer. */
static const struct
{
  gint rate;
  GstFormat from;
  gint64 last;
  GstFormat to;
  gint64 answer;
} limits[] = {
  {48000, GST_FORMAT_DEFAULT, MOST / 8, GST_FORMAT_BYTES, MOST - 7},
  {48000, GST_FORMAT_DEFAULT, G_GINT64_CONSTANT (442721857769029),
      GST_FORMAT_TIME, G_GINT64_CONSTANT (9223372036854770833)},
  {48000, GST_FORMAT_BYTES, G_GINT64_CONSTANT (442721857769029) * 8 + 7,
      GST_FORMAT_TIME, G_GINT64_CONSTANT (9223372036854770833)},
  {G_MAXINT, GST_FORMAT_TIME, G_GINT64_CONSTANT (4294967297999999999),
      GST_FORMAT_DEFAULT, G_GINT64_CONSTANT (9223372036854775805)},
  {G_MAXINT, GST_FORMAT_TIME, G_GINT64_CONSTANT (536870912249999999),
      GST_FORMAT_BYTES, G_GINT64_CONSTANT (9223372036854775800)},
};

GST_START_TEST (test_convert_refuses_an_answer_of_more_than_63_bits)
{
  const GstFormat from = limits[__i__].from, to = limits[__i__].to;
  const gint64 last = limits[__i__].last;
  const gint64 beyond[] = { last + 1, last + (MOST - last) / 2, MOST };
  gint64 value = 0;
  Player p;
  guint i;

  player_init (&p, limits[__i__].rate);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 100));
  fail_unless (gst_element_query_convert (p.h->element, from, last, to,
          &value));
  fail_unless_equals_int64 (value, limits[__i__].answer);
  for (i = 0; i < G_N_ELEMENTS (beyond); i++)
    fail_if (gst_element_query_convert (p.h->element, from, beyond[i], to,
            &value), "%" G_GINT64_FORMAT " is %" G_GINT64_FORMAT, beyond[i],
        value);
  player_free (&p);
}

GST_END_TEST;

/* Such a duration is unknown in time, and known in samples. */
GST_START_TEST (test_duration_of_more_than_63_bits_is_unknown)
{
  const guint size = 1 << 21;
  gint64 duration = 0;
  Player p;

  player_init (&p, 1);
  g_object_set (p.h->element, "num-buffers", G_MAXINT, "samples-per-batch",
      size, NULL);
  gst_harness_set_drop_buffers (p.h, TRUE);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 1));
  fail_unless (gst_element_query_duration (p.h->element, GST_FORMAT_DEFAULT,
          &duration));
  fail_unless_equals_int64 (duration, (gint64) G_MAXINT * size);
  fail_unless (gst_element_query_duration (p.h->element, GST_FORMAT_TIME,
          &duration));
  fail_unless_equals_int64 (duration, -1);
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_position_of_more_than_63_bits_is_refused)
{
  static const GstFormat formats[] = { GST_FORMAT_TIME, GST_FORMAT_DEFAULT,
    GST_FORMAT_BYTES
  };
  gint64 position = 0;
  Player p;
  guint i;

  player_init (&p, 48000);
  g_object_set (p.h->element, "num-buffers", 2, NULL);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, MOST - GST_MSECOND, -1);
  fail_unless_equals_int (p.batches->len, 2);
  fail_unless (GST_BUFFER_PTS (p.batches->pdata[1]) > MOST);
  for (i = 0; i < G_N_ELEMENTS (formats); i++)
    fail_if (gst_element_query_position (p.h->element, formats[i], &position),
        "the position in %s is %" G_GINT64_FORMAT,
        gst_format_get_name (formats[i]), position);
  player_free (&p);
}

GST_END_TEST;

static const struct
{
  GstFormat from, to;
  gint64 value;
} unchanged[] = {
  {GST_FORMAT_TIME, GST_FORMAT_TIME, 5},
  {GST_FORMAT_BYTES, GST_FORMAT_BYTES, 3},
  {GST_FORMAT_DEFAULT, GST_FORMAT_TIME, -1},
  {GST_FORMAT_TIME, GST_FORMAT_BYTES, -1},
};

GST_START_TEST (test_convert_to_the_same_format_or_of_none_changes_nothing)
{
  GstQuery *query = gst_query_new_convert (unchanged[__i__].from,
      unchanged[__i__].value, unchanged[__i__].to);
  gint64 value = 0;
  Player p;

  player_init (&p, 44100);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 100));
  fail_unless (gst_element_query (p.h->element, query));
  gst_query_parse_convert (query, NULL, NULL, NULL, &value);
  fail_unless_equals_int64 (value, unchanged[__i__].value);
  gst_query_unref (query);
  player_free (&p);
}

GST_END_TEST;

GST_START_TEST (test_position_and_seeking_are_known_while_playing)
{
  gint64 position = 0;
  gboolean seekable = FALSE;
  GstFormat format;
  GstQuery *query = gst_query_new_seeking (GST_FORMAT_TIME);
  Player p;

  player_init (&p, 44100);
  play_from_to (&p, 1.0, GST_FORMAT_TIME, 0, time_of (&p, 2500));
  fail_unless (gst_element_query_position (p.h->element, GST_FORMAT_TIME,
          &position));
  fail_unless_equals_uint64 (position, time_of (&p, 2500));
  fail_unless (gst_element_query (p.h->element, query));
  gst_query_parse_seeking (query, &format, &seekable, NULL, NULL);
  fail_unless (seekable);
  gst_query_unref (query);
  player_free (&p);
}

GST_END_TEST;

static const struct
{
  gboolean push, pull;
} activations[] = { {TRUE, FALSE}, {TRUE, TRUE}, {FALSE, TRUE} };

GST_START_TEST (test_scheduling_tells_push_and_pull_as_they_are_set)
{
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);
  GstQuery *query = gst_query_new_scheduling ();
  GstPad *pad = gst_element_get_static_pad (element, "src");

  g_object_set (element, "can-activate-push", activations[__i__].push,
      "can-activate-pull", activations[__i__].pull, NULL);
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless (gst_pad_query (pad, query));
  fail_unless_equals_int (gst_query_has_scheduling_mode (query,
          GST_PAD_MODE_PUSH), activations[__i__].push);
  fail_unless_equals_int (gst_query_has_scheduling_mode (query,
          GST_PAD_MODE_PULL), activations[__i__].pull);
  gst_query_unref (query);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

GST_END_TEST;

GST_START_TEST (test_push_that_is_switched_off_is_refused)
{
  GstElement *pipeline = gst_parse_launch ("audiobatchsrc name=src "
      "can-activate-push=false ! fakesink", NULL);

  ASSERT_SET_STATE (pipeline, GST_STATE_PLAYING, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* Pull */

/* Returns a source in pull mode and its @srcpad. */
static GstElement *
pulled_source (GstPad ** srcpad)
{
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);

  g_object_set (element, "can-activate-pull", TRUE, "volume", 1.0, NULL);
  *srcpad = gst_element_get_static_pad (element, "src");
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless (gst_pad_activate_mode (*srcpad, GST_PAD_MODE_PULL, TRUE));
  gst_element_set_state (element, GST_STATE_PLAYING);
  return element;
}

static void
pulled_free (GstElement * element, GstPad * pad)
{
  gst_pad_activate_mode (pad, GST_PAD_MODE_PULL, FALSE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

/* These byte counts are more years than a timestamp can hold. */
GST_START_TEST (test_a_range_beyond_all_time_is_the_end)
{
  static const guint64 offsets[] = {
    G_MAXUINT64 - 3, G_GUINT64_CONSTANT (1) << 62, G_GUINT64_CONSTANT (1) << 52,
  };
  GstPad *pad;
  GstElement *element = pulled_source (&pad);
  GstBuffer *buffer = NULL;
  guint i;

  fail_unless_equals_int (gst_pad_get_range (pad, 0, 4, &buffer), GST_FLOW_OK);
  gst_clear_buffer (&buffer);
  for (i = 0; i < G_N_ELEMENTS (offsets); i++) {
    fail_unless_equals_int (gst_pad_get_range (pad, offsets[i], 4, &buffer),
        GST_FLOW_EOS);
  }
  pulled_free (element, pad);
}

GST_END_TEST;

static GstStaticPadTemplate fastest = GST_STATIC_PAD_TEMPLATE ("fastest",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("audio/x-raw, format=U8, "
        "rate=2147483647, channels=1, layout=interleaved"));

/* At one byte a sample and 2 GHz, the last byte comes at the end of time. */
GST_START_TEST (test_a_range_beyond_the_last_sample_is_the_end)
{
  GstPad *peer = gst_pad_new_from_static_template (&fastest, "sink");
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);
  GstPad *pad = gst_element_get_static_pad (element, "src");
  GstBuffer *buffer = NULL;

  g_object_set (element, "can-activate-pull", TRUE, NULL);
  fail_unless_equals_int (gst_pad_link (pad, peer), GST_PAD_LINK_OK);
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless (gst_pad_activate_mode (peer, GST_PAD_MODE_PULL, TRUE));
  gst_element_set_state (element, GST_STATE_PLAYING);
  fail_unless_equals_int (gst_pad_pull_range (peer, G_MAXUINT64 - 5, 4,
          &buffer), GST_FLOW_OK);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), G_MAXUINT64 - 1);
  gst_clear_buffer (&buffer);
  fail_unless_equals_int (gst_pad_pull_range (peer, G_MAXUINT64 - 3, 4,
          &buffer), GST_FLOW_EOS);
  fail_unless_equals_int (gst_pad_pull_range (peer, G_MAXUINT64 - 3, 8,
          &buffer), GST_FLOW_EOS);
  gst_pad_activate_mode (peer, GST_PAD_MODE_PULL, FALSE);
  gst_pad_unlink (pad, peer);
  gst_object_unref (peer);
  pulled_free (element, pad);
}

GST_END_TEST;

GST_START_TEST (test_pulled_ranges_are_the_samples_at_their_offset)
{
  static const struct
  {
    guint64 sample;
    guint n;
  } ranges[] = { {0, 1024}, {1024, 100}, {1000000, 7}, {0, 1}, {5, 4096} };
  GstPad *pad;
  GstElement *element = pulled_source (&pad);
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (ranges); i++) {
    GstBuffer *buffer = NULL;
    GstMapInfo map;

    fail_unless_equals_int (gst_pad_get_range (pad, ranges[i].sample * 4,
            ranges[i].n * 4, &buffer), GST_FLOW_OK);
    fail_unless_equals_uint64 (gst_buffer_get_size (buffer), ranges[i].n * 4);
    assert_batch_exclusive (buffer);
    assert_batch_time (buffer, ranges[i].sample, ranges[i].n, 48000, 0);
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    for (k = 0; k < ranges[i].n; k++) {
      gdouble want = sin (2 * G_PI * 440 * ((ranges[i].sample + k + 1) % 1200)
          / 48000);

      fail_unless (ABS (((gfloat *) map.data)[k] - want) < 1e-5);
    }
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  pulled_free (element, pad);
}

GST_END_TEST;

/* Buffers of the pool hold just one batch. */
GST_START_TEST (test_pull_of_more_than_a_batch_is_not_served_from_the_pool)
{
  const guint n = 4 * DEFAULT_BATCH;
  GstPad *pad;
  GstElement *element = pulled_source (&pad);
  GstBuffer *buffer = NULL;

  gst_util_set_object_arg (G_OBJECT (element), "allocation", "pool");
  fail_unless_equals_int (gst_pad_get_range (pad, 0, n * 4, &buffer),
      GST_FLOW_OK);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), n * 4);
  assert_batch_exclusive (buffer);
  assert_batch_time (buffer, 0, n, 48000, 0);
  fail_unless_equals_uint64 (get_stat (element, "fallbacks"), 1);
  gst_buffer_unref (buffer);
  pulled_free (element, pad);
}

GST_END_TEST;

GST_START_TEST (test_pull_fills_the_memory_that_the_caller_brings)
{
  gfloat values[256];
  GstPad *pad;
  GstElement *element = pulled_source (&pad);
  GstBuffer *buffer = gst_buffer_new_wrapped_full (0, values, sizeof values, 0,
      sizeof values, NULL, NULL);
  GstBuffer *theirs = buffer;
  guint k;

  for (k = 0; k < 256; k++)
    values[k] = 42;
  fail_unless_equals_int (gst_pad_get_range (pad, 4 * 1000, sizeof values,
          &buffer), GST_FLOW_OK);
  fail_unless (buffer == theirs);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), sizeof values);
  for (k = 0; k < 256; k++) {
    gdouble want = sin (2 * G_PI * 440 * ((1000 + k + 1) % 1200) / 48000);

    fail_unless (ABS (values[k] - want) < 1e-5,
        "value %u in the caller's memory is %f, not %f", k, values[k], want);
  }
  gst_buffer_unref (buffer);
  pulled_free (element, pad);
}

GST_END_TEST;

GST_START_TEST (test_pull_of_part_of_a_sample_is_an_error)
{
  GstPad *pad;
  GstElement *element = pulled_source (&pad);
  GstBus *bus = gst_bus_new ();
  GstBuffer *buffer = NULL;

  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_pad_get_range (pad, 2, 1024, &buffer),
      GST_FLOW_ERROR);
  fail_unless (buffer == NULL);
  assert_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "must pull whole samples");
  fail_unless_equals_int (gst_pad_get_range (pad, 0, 3, &buffer),
      GST_FLOW_ERROR);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  pulled_free (element, pad);
}

GST_END_TEST;

static Suite *
sourceseek_suite (void)
{
  Suite *s = suite_create ("sourceseek");
  TCase *tc = tcase_create ("seeks");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_loop_test (tc,
      test_seek_to_the_time_of_any_batch_is_exact_to_the_sample, 0, N_RATES);
  tcase_add_loop_test (tc, test_seek_by_samples_is_exact_to_the_sample, 0,
      N_RATES);
  tcase_add_loop_test (tc, test_reverse_seek_by_samples_is_exact_to_the_sample,
      0, N_RATES);
  tcase_add_loop_test (tc, test_seek_to_hours_days_and_years_does_not_overflow,
      0, N_RATES);
  tcase_add_test (tc,
      test_seek_between_two_samples_begins_with_the_earlier_one);
  tcase_add_loop_test (tc,
      test_last_batch_before_the_stop_is_short_in_size_and_time, 0, N_RATES);
  tcase_add_test (tc, test_new_speed_goes_on_from_the_position_of_the_segment);
  tcase_add_loop_test (tc, test_segment_seeks_play_on_without_a_gap_or_an_eos,
      0, N_RATES);
  tcase_add_loop_test (tc,
      test_seeks_under_load_begin_with_the_sample_asked_for, 0,
      G_N_ELEMENTS (wide_formats));
  tcase_add_loop_test (tc,
      test_reverse_goes_down_to_the_start_without_empty_batches, 0, N_RATES);
  tcase_add_test (tc,
      test_reverse_makes_no_sample_twice_where_a_handler_cuts_short);
  tcase_add_test (tc, test_reverse_from_an_unknown_end_is_refused);
  tcase_add_test (tc, test_reverse_begins_at_the_stop_that_was_set_behind_it);
  tcase_add_test (tc, test_a_start_after_a_refused_one_has_a_format);
  tcase_add_test (tc, test_a_stream_goes_on_after_a_refused_seek);
  tcase_add_loop_test (tc,
      test_no_sample_is_outside_the_segment_after_a_refused_seek, 0,
      G_N_ELEMENTS (refusals));
  tcase_add_test (tc,
      test_a_segment_after_a_refused_seek_begins_before_its_stop);
  tcase_add_loop_test (tc, test_a_seek_of_the_handler_drops_the_batch_it_fills,
      0, 2);
  tcase_add_loop_test (tc, test_a_seek_at_the_last_report_drops_the_last_batch,
      0, 2);
  tcase_add_test (tc, test_a_refused_format_leaves_the_old_one_in_force);
  tcase_add_test (tc, test_a_refused_size_is_refused_until_it_is_changed);
  tcase_add_loop_test (tc, test_stop_is_exact_after_a_change_of_rate, 0, 3);

  tc = tcase_create ("queries");
  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_loop_test (tc, test_duration_is_that_of_num_buffers, 0, N_RATES);
  tcase_add_test (tc, test_no_buffers_last_no_time);
  tcase_add_test (tc, test_duration_is_unknown_without_num_buffers);
  tcase_add_loop_test (tc, test_convert_is_exact_in_every_direction, 0,
      N_RATES);
  tcase_add_loop_test (tc,
      test_convert_to_the_same_format_or_of_none_changes_nothing, 0,
      G_N_ELEMENTS (unchanged));
  tcase_add_loop_test (tc,
      test_convert_refuses_an_answer_of_more_than_63_bits, 0,
      G_N_ELEMENTS (limits));
  tcase_add_test (tc, test_duration_of_more_than_63_bits_is_unknown);
  tcase_add_test (tc, test_position_of_more_than_63_bits_is_refused);
  tcase_add_test (tc, test_position_and_seeking_are_known_while_playing);
  tcase_add_loop_test (tc, test_scheduling_tells_push_and_pull_as_they_are_set,
      0, G_N_ELEMENTS (activations));
  tcase_add_test (tc, test_push_that_is_switched_off_is_refused);

  tc = tcase_create ("pull");
  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_test (tc, test_a_range_beyond_all_time_is_the_end);
  tcase_add_test (tc, test_a_range_beyond_the_last_sample_is_the_end);
  tcase_add_test (tc, test_pulled_ranges_are_the_samples_at_their_offset);
  tcase_add_test (tc,
      test_pull_of_more_than_a_batch_is_not_served_from_the_pool);
  tcase_add_test (tc, test_pull_fills_the_memory_that_the_caller_brings);
  tcase_add_test (tc, test_pull_of_part_of_a_sample_is_an_error);
  return s;
}

GST_CHECK_MAIN (sourceseek);
