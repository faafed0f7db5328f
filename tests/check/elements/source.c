/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Output of audiobatchsrc for its settings. A commit named at a test fixed that
 * fault in audiotestsrc. */

#include <malloc.h>
#include <math.h>

#include "../sourcecheck.h"

#define N_WAVES 13

static const gchar *const waves[N_WAVES] = { "sine", "square", "saw",
  "triangle", "silence", "white-noise", "pink-noise", "sine-table", "ticks",
  "gaussian-noise", "red-noise", "blue-noise", "violet-noise"
};

/* Properties */

static gboolean
same_range (GParamSpec * a, GParamSpec * b)
{
  if (G_IS_PARAM_SPEC_DOUBLE (a))
    return G_PARAM_SPEC_DOUBLE (a)->minimum == G_PARAM_SPEC_DOUBLE (b)->minimum
        && G_PARAM_SPEC_DOUBLE (a)->maximum == G_PARAM_SPEC_DOUBLE (b)->maximum;
  if (G_IS_PARAM_SPEC_UINT (a))
    return G_PARAM_SPEC_UINT (a)->minimum == G_PARAM_SPEC_UINT (b)->minimum
        && G_PARAM_SPEC_UINT (a)->maximum == G_PARAM_SPEC_UINT (b)->maximum;
  if (G_IS_PARAM_SPEC_UINT64 (a))
    return G_PARAM_SPEC_UINT64 (a)->minimum == G_PARAM_SPEC_UINT64 (b)->minimum
        && G_PARAM_SPEC_UINT64 (a)->maximum == G_PARAM_SPEC_UINT64 (b)->maximum;
  if (G_IS_PARAM_SPEC_INT64 (a))
    return G_PARAM_SPEC_INT64 (a)->minimum == G_PARAM_SPEC_INT64 (b)->minimum
        && G_PARAM_SPEC_INT64 (a)->maximum == G_PARAM_SPEC_INT64 (b)->maximum;
  return TRUE;
}

static void
assert_same_enum (GParamSpec * ours, GParamSpec * theirs)
{
  GEnumClass *a = G_PARAM_SPEC_ENUM (ours)->enum_class;
  GEnumClass *b = G_PARAM_SPEC_ENUM (theirs)->enum_class;
  guint i;

  fail_unless_equals_int (a->n_values, b->n_values);
  for (i = 0; i < a->n_values; i++) {
    fail_unless_equals_int (a->values[i].value, b->values[i].value);
    fail_unless_equals_string (a->values[i].value_nick,
        b->values[i].value_nick);
  }
}

static void
assert_same_property (GParamSpec * ours, GParamSpec * theirs)
{
  const gchar *name = theirs->name;
  GValue a = G_VALUE_INIT, b = G_VALUE_INIT;

  fail_unless (ours != NULL, "there is no %s", name);
  fail_unless (same_range (ours, theirs), "%s has another range", name);
  fail_unless_equals_int (ours->flags & GST_PARAM_CONTROLLABLE,
      theirs->flags & GST_PARAM_CONTROLLABLE);
  if (G_IS_PARAM_SPEC_ENUM (theirs)) {
    assert_same_enum (ours, theirs);
    fail_unless_equals_int (G_PARAM_SPEC_ENUM (ours)->default_value,
        G_PARAM_SPEC_ENUM (theirs)->default_value);
    return;
  }
  fail_unless (ours->value_type == theirs->value_type, "%s is a %s", name,
      g_type_name (ours->value_type));
  g_value_init (&a, ours->value_type);
  g_value_init (&b, theirs->value_type);
  g_param_value_set_default (ours, &a);
  g_param_value_set_default (theirs, &b);
  fail_unless (gst_value_compare (&a, &b) == GST_VALUE_EQUAL,
      "%s has another default", name);
  g_value_unset (&a);
  g_value_unset (&b);
}

GST_START_TEST (test_properties_are_those_of_audiotestsrc_but_for_the_size)
{
  GstElement *ours = gst_element_factory_make ("audiobatchsrc", NULL);
  GstElement *theirs = gst_element_factory_make ("audiotestsrc", NULL);
  GParamSpec **specs;
  guint n, i, seen = 0;

  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (theirs), &n);
  for (i = 0; i < n; i++) {
    if (strcmp (specs[i]->name, "samplesperbuffer") == 0
        || strcmp (specs[i]->name, "name") == 0
        || strcmp (specs[i]->name, "parent") == 0)
      continue;
    assert_same_property (g_object_class_find_property (G_OBJECT_GET_CLASS
            (ours), specs[i]->name), specs[i]);
    seen++;
  }
  fail_unless (seen >= 13, "audiotestsrc has only %u properties", seen);
  g_free (specs);
  gst_object_unref (ours);
  gst_object_unref (theirs);
}

GST_END_TEST;

/* a586547b0c */
GST_START_TEST (test_properties_set_before_caps_hold_when_they_come)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, 8000, 1, FALSE);
  GByteArray *bytes = bytes_of ("audiobatchsrc", &info,
      "wave=ticks freq=100 volume=0.5 tick-interval=20000000 "
      "sine-periods-per-tick=1 marker-tick-period=2 marker-tick-volume=1 "
      "apply-tick-ramp=true apply-tick-ramp=false samples-per-batch=640 "
      "num-buffers=1");
  const gdouble *values = (const gdouble *) bytes->data;
  guint i;

  fail_unless_equals_int (bytes->len, 640 * 8);
  for (i = 0; i < 640; i++) {
    guint tick = i / 160, place = i % 160;
    gdouble volume = tick % 2 ? 1.0 : 0.5;
    gdouble want =
        place < 80 ? volume * sin (2 * G_PI * 100 * place / 8000) : 0.0;

    fail_unless (ABS (values[i] - want) < 1e-9, "sample %u is %.12f, not %.12f",
        i, values[i], want);
  }
  g_byte_array_unref (bytes);
}

GST_END_TEST;

GST_START_TEST (test_output_buffer_duration_set_before_caps_holds)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 44100, 1, FALSE);
  GByteArray *bytes = bytes_of ("audiobatchsrc", &info,
      "output-buffer-duration-fraction=1/30 num-buffers=30");

  fail_unless_equals_int (bytes->len, 2 * 44100);
  g_byte_array_unref (bytes);
}

GST_END_TEST;

/* A batch is 68.57 samples, and begins less than a sample from its time. */
GST_START_TEST (test_batches_of_a_fraction_begin_at_its_multiples)
{
  GstHarness *h = gst_harness_new ("audiobatchsrc");
  guint64 i;

  g_object_set (h->element, "output-buffer-duration-fraction", 1, 700, NULL);
  gst_harness_play (h);
  for (i = 0; i < 700; i++) {
    GstBuffer *batch = gst_harness_pull (h);

    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), i * 48000 / 700);
    gst_buffer_unref (batch);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Waves */

/* In audiotestsrc 1.22 and head ticks come one buffer early. */
GST_START_TEST (test_ticks_start_at_sample_0_and_no_batch_size_moves_them)
{
  static const gchar *const sizes[] = {
    "samples-per-batch=24000 num-buffers=4",
    "samples-per-batch=1024 num-buffers=94",
    "samples-per-batch=1 num-buffers=96000",
    "samples-per-batch=441 num-buffers=218",
    "output-buffer-duration-fraction=1/30 num-buffers=60",
  };
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, RATE, 1, FALSE);
  gchar *whole = g_strdup_printf ("wave=ticks freq=1000 "
      "sine-periods-per-tick=5 tick-interval=333333333 %s", sizes[0]);
  gchar *cut = g_strdup_printf ("wave=ticks freq=1000 "
      "sine-periods-per-tick=5 tick-interval=333333333 %s", sizes[__i__]);
  GByteArray *want = bytes_of ("audiobatchsrc", &info, whole);
  GByteArray *got = bytes_of ("audiobatchsrc", &info, cut);
  guint length = MIN (want->len, got->len);
  const gdouble *values = (const gdouble *) want->data;

  fail_unless (length >= 96000 * 8 - 2 * 1024 * 8);
  fail_unless (memcmp (got->data, want->data, length) == 0);
  /* five periods of 48 samples, from samples 0 and 16000 */
  fail_unless (values[1] > 0.1 && values[238] < -0.2 && values[240] == 0);
  fail_unless (values[15999] == 0 && values[16001] > 0.1);
  g_byte_array_unref (want);
  g_byte_array_unref (got);
  g_free (whole);
  g_free (cut);
}

GST_END_TEST;

/* Waves that equal audiotestsrc's to the sample. */
static const gchar *const equal_waves[] = { "sine", "square", "saw", "triangle",
  "silence"
};

GST_START_TEST (test_tones_are_those_of_audiotestsrc)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, 44100, 2, FALSE);
  gchar *properties = g_strdup_printf ("wave=%s freq=523.25 volume=0.7 "
      "num-buffers=20", equal_waves[__i__]);
  GByteArray *ours = bytes_of ("audiobatchsrc", &info, properties);
  GByteArray *theirs = bytes_of ("audiotestsrc", &info, properties);
  guint i;

  fail_unless_equals_int (ours->len, theirs->len);
  for (i = 0; i < ours->len / 8; i++) {
    gdouble got = ((gdouble *) ours->data)[i];
    gdouble want = ((gdouble *) theirs->data)[i];

    /* at a jump the two may differ by one sample in time */
    fail_unless (ABS (got - want) < 1e-6 || ABS (ABS (got - want) - 1.4) < 1e-6,
        "value %u is %.9f, audiotestsrc's %.9f", i, got, want);
  }
  g_byte_array_unref (ours);
  g_byte_array_unref (theirs);
  g_free (properties);
}

GST_END_TEST;

/* Returns the output if malloc() fills memory with @byte. */
static GByteArray *
bytes_in_dirty_memory (const GstAudioInfo * info, const gchar * properties,
    gint byte)
{
  GByteArray *bytes;

  /* noise takes its seed from this generator */
  g_random_set_seed (1);
  mallopt (M_PERTURB, byte);
  bytes = bytes_of ("audiobatchsrc", info, properties);
  mallopt (M_PERTURB, 0);
  return bytes;
}

/* 6c429a5891. Under valgrind, valgrind itself finds unwritten bytes. */
GST_START_TEST (test_no_wave_leaves_a_byte_unwritten_in_any_format)
{
  gchar *properties = g_strdup_printf ("wave=%s samples-per-batch=333 "
      "num-buffers=2", waves[__i__]);
  guint n_formats, i, planar, k;
  g_autofree GstAudioFormat *formats = source_formats (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[i], 44100, 3, planar);
      GByteArray *a, *b;

      /* let Orc compile in clean memory first */
      g_byte_array_unref (bytes_in_dirty_memory (&info, properties, 0));
      a = bytes_in_dirty_memory (&info, properties, 0xa5);
      b = bytes_in_dirty_memory (&info, properties, 0x5a);
      fail_unless_equals_int (a->len, 2 * 333 * info.bpf);
      fail_unless_equals_int (b->len, a->len);
      for (k = 0; k < a->len; k++)
        fail_unless (a->data[k] == b->data[k], "byte %u of %s in %s is 0x%02x "
            "or 0x%02x", k, waves[__i__], GST_AUDIO_INFO_NAME (&info),
            a->data[k], b->data[k]);
      g_byte_array_unref (a);
      g_byte_array_unref (b);
    }
  }
  g_free (properties);
}

GST_END_TEST;

static guint
value_at (const GstAudioInfo * info, guint n_samples, guint frame,
    guint channel)
{
  guint width = info->bpf / info->channels;

  if (info_is_planar (info))
    return (channel * n_samples + frame) * width;
  return frame * info->bpf + channel * width;
}

GST_START_TEST (test_planar_is_what_interleaved_is_in_every_format)
{
  gchar *properties = g_strdup_printf ("wave=%s samples-per-batch=333 "
      "num-buffers=1", waves[__i__]);
  guint n_formats, i, frame, c;
  g_autofree GstAudioFormat *formats = source_formats (&n_formats);

  for (i = 0; i < n_formats; i++) {
    GstAudioInfo info = audio_info (formats[i], 44100, 3, FALSE);
    GstAudioInfo planar = audio_info (formats[i], 44100, 3, TRUE);
    GByteArray *a, *b;

    g_random_set_seed (1);
    a = bytes_of ("audiobatchsrc", &info, properties);
    g_random_set_seed (1);
    b = bytes_of ("audiobatchsrc", &planar, properties);
    fail_unless_equals_int (b->len, a->len);
    for (frame = 0; frame < 333; frame++) {
      for (c = 0; c < 3; c++) {
        fail_unless (memcmp (a->data + value_at (&info, 333, frame, c), b->data
                + value_at (&planar, 333, frame, c), info.bpf / 3) == 0,
            "%s in %s: sample %u of channel %u is not the same in both layouts",
            waves[__i__], GST_AUDIO_INFO_NAME (&info), frame, c);
      }
    }
    g_byte_array_unref (a);
    g_byte_array_unref (b);
  }
  g_free (properties);
}

GST_END_TEST;

static const gchar *const noises[] = { "white-noise", "pink-noise",
  "gaussian-noise", "red-noise", "blue-noise", "violet-noise"
};

/* 82199c5815 */
GST_START_TEST (test_noise_is_each_instances_own)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F64, RATE, 1, FALSE);
  gchar *properties = g_strdup_printf ("wave=%s num-buffers=3",
      noises[__i__]);
  GByteArray *alone, *beside, *other;
  GstHarness *h;
  GstBus *bus;
  GPtrArray *batches;

  g_random_set_seed (7);
  alone = bytes_of ("audiobatchsrc", &info, properties);
  other = bytes_of ("audiobatchsrc", &info, properties);
  fail_unless (memcmp (alone->data, other->data, alone->len) != 0,
      "two instances make the same noise");

  /* another instance plays meanwhile */
  g_random_set_seed (7);
  h = source ("audiobatchsrc", &info, properties, &bus);
  gst_element_set_state (h->element, GST_STATE_PAUSED);
  g_byte_array_unref (other);
  other = bytes_of ("audiobatchsrc", &info, properties);
  batches = play_to_end (h);
  beside = join (batches);
  fail_unless (memcmp (alone->data, beside->data, alone->len) == 0,
      "another instance has changed the noise");
  g_ptr_array_unref (batches);
  harness_free_with_bus (h, bus);
  g_byte_array_unref (alone);
  g_byte_array_unref (beside);
  g_byte_array_unref (other);
  g_free (properties);
}

GST_END_TEST;

/* 64ac6a1d16 */
GST_START_TEST (test_1_to_64_channels_have_the_default_channel_mask)
{
  gint channels = __i__;
  gchar *caps = g_strdup_printf ("audio/x-raw, channels=%d", channels);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", NULL, "num-buffers=1", &bus);
  GstStructure *structure;
  GstCaps *current;
  guint64 mask = 0;
  GPtrArray *batches;

  gst_harness_set_sink_caps_str (h, caps);
  batches = play_to_end (h);
  fail_unless_equals_int (batches->len, 1);
  fail_unless_equals_uint64 (gst_buffer_get_size (batches->pdata[0]),
      DEFAULT_BATCH * 4 * channels);
  current = gst_pad_get_current_caps (h->sinkpad);
  structure = gst_caps_get_structure (current, 0);
  fail_unless_equals_int (gst_structure_get (structure, "channel-mask",
          GST_TYPE_BITMASK, &mask, NULL), channels > 2);
  if (channels > 2)
    fail_unless_equals_uint64_hex (mask,
        gst_audio_channel_get_fallback_mask (channels));
  gst_caps_unref (current);
  g_ptr_array_unref (batches);
  harness_free_with_bus (h, bus);
  g_free (caps);
}

GST_END_TEST;

/* 7278c5871c */
GST_START_TEST (test_volume_0_and_silence_carry_the_gap_flag_in_every_wave)
{
  static const guint8 zeros[4096];
  gdouble volume;

  for (volume = 0; volume <= 0.5; volume += 0.5) {
    gchar *properties = g_strdup_printf ("wave=%s volume=%.1f num-buffers=2",
        waves[__i__], volume);
    GstBus *bus;
    GstHarness *h = source ("audiobatchsrc", NULL, properties, &bus);
    GPtrArray *batches = play_to_end (h);
    gboolean silent = volume == 0 || strcmp (waves[__i__], "silence") == 0;

    fail_unless_equals_int (batches->len, 2);
    fail_unless_equals_int (GST_BUFFER_FLAG_IS_SET (batches->pdata[0],
            GST_BUFFER_FLAG_GAP), silent);
    if (silent)
      gst_check_buffer_data (batches->pdata[0], zeros, sizeof zeros);
    g_ptr_array_unref (batches);
    harness_free_with_bus (h, bus);
    g_free (properties);
  }
}

GST_END_TEST;

/* Timestamps */

static const gint64 offsets[] = { G_GINT64_CONSTANT (1000000000), -1000000,
  -21333333, -G_GINT64_CONSTANT (3600000000000), G_MININT64, G_MAXINT64
};

static GstClockTime
moved (GstClockTime time, gint64 offset)
{
  if (offset >= 0)
    return time + offset;
  return (gint64) time + offset > 0 ? time + offset : 0;
}

/* In 1.22.0 an offset of -1 ms makes the first PTS wrap to 2^64. */
GST_START_TEST (test_timestamp_offset_moves_every_batch_and_never_below_0)
{
  gint64 offset = offsets[__i__];
  gchar *properties = g_strdup_printf ("timestamp-offset=%" G_GINT64_FORMAT
      " num-buffers=5", offset);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", NULL, properties, &bus);
  GPtrArray *batches = play_to_end (h);
  guint k;

  fail_unless_equals_int (batches->len, 5);
  for (k = 0; k < 5; k++) {
    GstBuffer *batch = batches->pdata[k];
    GstClockTime pts = gst_util_uint64_scale (k * 1024, GST_SECOND, RATE);
    GstClockTime next = gst_util_uint64_scale ((k + 1) * 1024, GST_SECOND,
        RATE);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), moved (pts, offset));
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (batch),
        moved (next, offset) - moved (pts, offset));
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), k * 1024);
    fail_unless_equals_uint64 (gst_buffer_get_size (batch), 4096);
  }
  g_ptr_array_unref (batches);
  harness_free_with_bus (h, bus);
  g_free (properties);
}

GST_END_TEST;

static GstPadProbeReturn
log_output (GstPad * pad, GstPadProbeInfo * info, gpointer log)
{
  if (((GString *) log)->len > 0)
    g_string_append_c (log, ' ');
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    g_string_append (log, "batch");
  else
    g_string_append (log,
        GST_EVENT_TYPE_NAME (GST_PAD_PROBE_INFO_EVENT (info)));
  return GST_PAD_PROBE_OK;
}

/* 196b38d4ef */
GST_START_TEST (test_tag_comes_once_behind_the_segment_before_the_first_batch)
{
  GString *log = g_string_new (NULL);
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", NULL, "num-buffers=3", &bus);
  GstPad *pad = gst_element_get_static_pad (h->element, "src");

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      log_output, log, NULL);
  g_ptr_array_unref (play_to_end (h));
  fail_unless_equals_string (log->str,
      "stream-start caps segment tag batch batch batch eos");
  gst_object_unref (pad);
  harness_free_with_bus (h, bus);
  g_string_free (log, TRUE);
}

GST_END_TEST;

/* 0bb9b75a75: otherwise a state change that waits for the streaming thread
 * would never end. */
GST_START_TEST (test_streaming_thread_takes_no_state_lock)
{
  GstBus *bus;
  GstHarness *h = source ("audiobatchsrc", NULL, "num-buffers=3", &bus);
  GstPad *pad = gst_element_get_static_pad (h->element, "src");
  gulong id = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      NULL, NULL, NULL);
  GPtrArray *batches;

  gst_harness_play (h);
  GST_STATE_LOCK (h->element);
  gst_pad_remove_probe (pad, id);
  gst_buffer_unref (gst_harness_pull (h));
  gst_buffer_unref (gst_harness_pull (h));
  gst_buffer_unref (gst_harness_pull (h));
  GST_STATE_UNLOCK (h->element);
  batches = play_to_end (h);
  fail_unless_equals_int (batches->len, 0);
  g_ptr_array_unref (batches);
  gst_object_unref (pad);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

static Suite *
source_suite (void)
{
  Suite *s = suite_create ("source");
  TCase *tc = tcase_create ("settings");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 300);
  tcase_add_test (tc,
      test_properties_are_those_of_audiotestsrc_but_for_the_size);
  tcase_add_test (tc, test_properties_set_before_caps_hold_when_they_come);
  tcase_add_test (tc, test_output_buffer_duration_set_before_caps_holds);
  tcase_add_test (tc, test_batches_of_a_fraction_begin_at_its_multiples);
  tcase_add_loop_test (tc,
      test_ticks_start_at_sample_0_and_no_batch_size_moves_them, 1, 5);
  tcase_add_loop_test (tc, test_tones_are_those_of_audiotestsrc, 0,
      G_N_ELEMENTS (equal_waves));
  tcase_add_loop_test (tc,
      test_no_wave_leaves_a_byte_unwritten_in_any_format, 0, N_WAVES);
  tcase_add_loop_test (tc, test_planar_is_what_interleaved_is_in_every_format,
      0, N_WAVES);
  tcase_add_loop_test (tc, test_noise_is_each_instances_own, 0,
      G_N_ELEMENTS (noises));
  tcase_add_loop_test (tc,
      test_1_to_64_channels_have_the_default_channel_mask, 1, 65);
  tcase_add_loop_test (tc,
      test_volume_0_and_silence_carry_the_gap_flag_in_every_wave, 0, N_WAVES);
  tcase_add_loop_test (tc,
      test_timestamp_offset_moves_every_batch_and_never_below_0, 0,
      G_N_ELEMENTS (offsets));
  tcase_add_test (tc,
      test_tag_comes_once_behind_the_segment_before_the_first_batch);
  tcase_add_test (tc, test_streaming_thread_takes_no_state_lock);
  return s;
}

GST_CHECK_MAIN (source);
