/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every element must survive: state changes in any order, double
 * registration, pads without a peer, peers that accept nothing, EOS twice, and
 * ten thousand rounds of create and destroy. Afterwards it must still produce
 * correct batches. */

#include "../resident.h"
#include "../names.h"
#include "../workscheck.h"

#define WALK 500
#define ROUNDS 10000
#define WARM_UP 1000
#define FAILED_STARTS 1000

/* States */

static void
assert_goes_to (GstElement * element, GstState state)
{
  GstStateChangeReturn ret = gst_element_set_state (element, state);
  GstState current, pending;

  fail_unless (ret == GST_STATE_CHANGE_SUCCESS
      || ret == GST_STATE_CHANGE_ASYNC, "to %s: %s",
      state_name (state), state_change_return_name (ret));
  fail_unless_equals_int (gst_element_get_state (element, &current, &pending,
          10 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (current, state);
  fail_unless_equals_int (pending, GST_STATE_VOID_PENDING);
}

static const gchar *const lines[] = {
  "audiotestsrc ! audiobatch name=e ! fakesink",
  "audiobatchsrc name=e ! fakesink",
  "audiotestsrc ! audiobatch name=e allocation=pool ! queue ! fakesink",
  "audiobatchsrc name=e allocation=pool ! queue ! fakesink",
};

/* Each pair of states, then back to a stream that begins at 0. */
GST_START_TEST (test_each_state_can_be_reached_from_each_other)
{
  GstElement *pipeline = gst_parse_launch (lines[__i__], NULL);
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  guint from, to;

  for (from = 0; from < N_STATES; from++) {
    for (to = 0; to < N_STATES; to++) {
      assert_goes_to (pipeline, states[from]);
      assert_goes_to (pipeline, states[to]);
      if (states[to] <= GST_STATE_READY)
        fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"),
            0);
      if (states[from] <= GST_STATE_READY && states[to] >= GST_STATE_PAUSED)
        fail_unless (get_counter (element, "batches") >= 1);
    }
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (pipeline), element);
  check_and_free (element, IS_SOURCE);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* An unlinked element goes through its states in random order. */
GST_START_TEST (test_an_element_by_itself_walks_through_its_states)
{
  const guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);
  GstElement *element = make (__i__);
  guint i;

  g_print ("%s: seed %u\n", GST_OBJECT_NAME (element), seed);
  for (i = 0; i < WALK; i++) {
    GstState state = states[g_rand_int_range (rand, 0, N_STATES)];

    fail_unless (gst_element_set_state (element, state)
        != GST_STATE_CHANGE_FAILURE);
    fail_unless_equals_int (GST_STATE (element), state);
  }
  g_rand_free (rand);
  check_and_free (element, IS_SOURCE);
}

GST_END_TEST;

/* Registration */

GST_START_TEST (test_being_registered_twice_changes_nothing)
{
  GstRegistry *registry = gst_registry_get ();
  GstPlugin *plugin = gst_plugin_load_by_name ("audiobatch");
  GstPlugin *again = gst_plugin_load_by_name ("audiobatch");
  GstElement *element = make (__i__);
  GstElementFactory *factory;
  GError *error = NULL;
  GType type = G_OBJECT_TYPE (element);
  /* each registration replaces the factory's name, so keep a copy */
  g_autofree gchar *name =
      gst_object_get_name (GST_OBJECT (gst_element_get_factory (element)));
  GstPlugin *from_file;
  GList *features;

  fail_unless (plugin != NULL && plugin == again);
  from_file = gst_plugin_load_file (gst_plugin_get_filename (plugin), &error);
  fail_unless (from_file == plugin, "%s", error ? error->message : "");
  fail_unless (gst_registry_add_plugin (registry, plugin));
  fail_unless (gst_element_register (NULL, name, GST_RANK_NONE, type));
  fail_unless (gst_element_register (plugin, name, GST_RANK_NONE, type));
  factory = gst_element_factory_find (name);
  fail_unless (factory != NULL);
  fail_unless_equals_int (gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE
          (factory)), GST_RANK_NONE);
  features = gst_registry_get_feature_list_by_plugin (registry, "audiobatch");
  fail_unless_equals_int (g_list_length (features), 2);
  check_and_free (element, IS_SOURCE);
  element = make (__i__);
  fail_unless (G_OBJECT_TYPE (element) == type);
  check_and_free (element, IS_SOURCE);
  gst_plugin_feature_list_free (features);
  gst_object_unref (factory);
  gst_object_unref (plugin);
  gst_object_unref (again);
  gst_object_unref (from_file);
}

GST_END_TEST;

/* Peers */

/* Expects an error as the first one on @bus, with @words in its message or
 * debug text. */
static void
assert_told (GstBus * bus, GQuark domain, gint code, const gchar * words)
{
  GstMessage *message = expect_message (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;
  gchar *debug, *text;

  gst_message_parse_error (message, &error, &debug);
  text = g_strdup_printf ("%s (%s)", error->message, debug);
  fail_unless (g_error_matches (error, domain, code), "%s", text);
  fail_unless (strstr (text, words) != NULL, "\"%s\" is not in: %s", words,
      text);
  g_error_free (error);
  g_free (debug);
  g_free (text);
  gst_message_unref (message);
}

GST_START_TEST (test_a_source_that_nobody_is_linked_with_says_so)
{
  GstElement *element = make (1);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  gst_element_set_state (element, GST_STATE_PLAYING);
  assert_told (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "not-linked");
  gst_element_set_state (element, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  check_and_free (element, TRUE);
}

GST_END_TEST;

GST_START_TEST (test_a_filter_without_a_peer_returns_not_linked)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  Audio *audio = audio_new_ramp (&info, 1000);
  GstElement *element = make (0);
  GstHarness *h = gst_harness_new_with_element (element, "sink", NULL);

  g_object_set (element, "samples-per-batch", 100, NULL);
  harness_set_info (h, &info);
  fail_unless_equals_int (gst_harness_push (h, audio_chunk (audio, 0, 99)),
      GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_push (h, audio_chunk (audio, 99, 201)),
      GST_FLOW_NOT_LINKED);
  fail_unless_equals_uint64 (get_counter (element, "batches"), 1);
  fail_unless_equals_uint64 (get_stat (element, "samples-dropped"), 200);
  assert_lossless (element, 300, 0);
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  audio_free (audio);
  gst_harness_teardown (h);
  check_and_free (element, FALSE);
}

GST_END_TEST;

static gboolean
refuse_caps (GstPad * pad, GstObject * parent, GstEvent * event)
{
  gboolean is_caps = GST_EVENT_TYPE (event) == GST_EVENT_CAPS;

  gst_event_unref (event);
  return !is_caps;
}

/* Caps that the peer offers: it accepts none of ours, or offers all and then
 * refuses. */
static const gchar *const refusers[] = { "EMPTY", "video/x-raw", "ANY" };

static GstHarness *
harness_with_refuser (GstElement * element, gboolean is_source, guint i)
{
  GstHarness *h = gst_harness_new_with_element (element,
      is_source ? NULL : "sink", "src");

  gst_harness_set_sink_caps_str (h, refusers[i]);
  if (g_str_equal (refusers[i], "ANY"))
    gst_pad_set_event_function (h->sinkpad, refuse_caps);
  return h;
}

GST_START_TEST (test_a_peer_that_accepts_nothing_is_told_of)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  GstElement *element = make (__i__);
  GstBus *bus = gst_bus_new ();
  GstHarness *h;

  gst_element_set_bus (element, bus);
  h = harness_with_refuser (element, IS_SOURCE, __i__ / 2);
  if (IS_SOURCE) {
    gst_harness_play (h);
    assert_told (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        "not-negotiated");
  } else {
    harness_set_info (h, &info);
    fail_unless_equals_int (gst_harness_push (h, gst_buffer_new_allocate (NULL,
                1024 * 4, NULL)), GST_FLOW_NOT_NEGOTIATED);
  }
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  gst_element_set_bus (element, NULL);
  gst_harness_teardown (h);
  gst_object_unref (bus);
  check_and_free (element, IS_SOURCE);
}

GST_END_TEST;

/* Ranges and lists that downstream offers, and what the source chooses. */
static const struct
{
  const gchar *offered;
  const gchar *chosen;
} choices[] = {
  {"ANY", "audio/x-raw, format=F32LE, rate=48000, channels=1"},
  {"audio/x-raw", "audio/x-raw, format=F32LE, rate=48000, channels=1"},
  {"audio/x-raw, rate=[ 1, 44100 ]",
      "audio/x-raw, format=F32LE, rate=44100, channels=1"},
  {"audio/x-raw, rate={ 8000, 11025 }, channels=[ 6, 8 ]",
      "audio/x-raw, format=F32LE, rate=11025, channels=6"},
  {"audio/x-raw, format={ S24_32BE, U8 }, layout=non-interleaved",
      "audio/x-raw, format=S24_32BE, rate=48000, channels=1, "
        "layout=non-interleaved"},
  {"video/x-raw; audio/x-raw, format=S16LE",
      "audio/x-raw, format=S16LE, rate=48000, channels=1"},
};

GST_START_TEST (test_caps_that_nobody_fixes_are_chosen_from)
{
  GstElement *element = make (1);
  GstHarness *h = gst_harness_new_with_element (element, NULL, "src");
  GstCaps *want = gst_caps_from_string (choices[__i__].chosen);
  GstCaps *caps;

  gst_harness_set_sink_caps_str (h, choices[__i__].offered);
  gst_harness_play (h);
  gst_buffer_unref (gst_harness_pull (h));
  caps = gst_pad_get_current_caps (h->sinkpad);
  fail_unless (gst_caps_is_fixed (caps));
  fail_unless (gst_caps_is_subset (caps, want), "chose %" GST_PTR_FORMAT, caps);
  gst_caps_unref (caps);
  gst_caps_unref (want);
  gst_harness_teardown (h);
  check_and_free (element, TRUE);
}

GST_END_TEST;

/* Ends */

static guint
count_events (GstHarness * h, GstEventType type)
{
  GstEvent *event;
  guint n = 0;

  while ((event = gst_harness_try_pull_event (h))) {
    n += GST_EVENT_TYPE (event) == type;
    gst_event_unref (event);
  }
  return n;
}

GST_START_TEST (test_an_end_that_comes_twice_ends_once)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  Audio *audio = audio_new_ramp (&info, 150);
  GstHarness *h = gst_harness_new ("audiobatch");
  GstBuffer *chunk = audio_chunk (audio, 0, 150);
  guint round;

  g_object_set (h->element, "samples-per-batch", 100, NULL);
  for (round = 1; round <= 2; round++) {
    harness_set_info (h, &info);
    fail_unless_equals_int (gst_harness_push (h, gst_buffer_ref (chunk)),
        GST_FLOW_OK);
    fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
    gst_harness_push_event (h, gst_event_new_eos ());
    fail_unless_equals_int (count_events (h, GST_EVENT_EOS), 1);
    fail_unless_equals_int (gst_harness_push (h, gst_buffer_ref (chunk)),
        GST_FLOW_EOS);
    fail_unless_equals_int (gst_harness_buffers_in_queue (h), 2 * round);
    assert_lossless (h->element, 150 * round, 0);
    gst_harness_push_event (h, gst_event_new_flush_start ());
    gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  }
  gst_buffer_unref (chunk);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_a_source_that_is_told_twice_to_end_ends_once)
{
  GstHarness *h = gst_harness_new ("audiobatchsrc");
  const gint64 end = g_get_monotonic_time () + LONG;
  GstBus *bus = gst_bus_new ();
  guint eos = 0;

  gst_element_set_bus (h->element, bus);
  gst_harness_set_drop_buffers (h, TRUE);
  gst_harness_play (h);
  fail_unless (gst_element_send_event (h->element, gst_event_new_eos ()));
  gst_element_send_event (h->element, gst_event_new_eos ());
  while (eos == 0) {
    fail_unless (g_get_monotonic_time () < end);
    eos += count_events (h, GST_EVENT_EOS);
  }
  gst_element_send_event (h->element, gst_event_new_eos ());
  gst_element_set_state (h->element, GST_STATE_READY);
  eos += count_events (h, GST_EVENT_EOS);
  fail_unless_equals_int (eos, 1);
  assert_no_error (bus);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Coming and going */

static void
count_gone (gpointer gone, GObject * object)
{
  (*(guint *) gone)++;
}

/* Creates an element, takes it to a state by @round, and destroys it. */
static void
make_and_destroy (guint round, guint * gone)
{
  GstElement *element = make (round);
  GstPad *pad = gst_element_get_static_pad (element, "src");

  g_object_weak_ref (G_OBJECT (element), count_gone, gone);
  g_object_weak_ref (G_OBJECT (pad), count_gone, gone);
  gst_object_unref (pad);
  g_object_set (element, "samples-per-batch", 1 + round, "allocation",
      round % 3, NULL);
  if (round % 2 == 0)
    gst_element_set_state (element, states[round / 2 % N_STATES]);
  else
    gst_element_set_state (element, states[round / 2 % 2]);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

GST_START_TEST (test_ten_thousand_rounds_leave_nothing_behind)
{
  guint64 before = 0;
  guint gone = 0;
  guint i;

  for (i = 0; i < ROUNDS; i++) {
    if (i == WARM_UP)
      before = resident_bytes ();
    make_and_destroy (i, &gone);
    if (gone != 2 * (i + 1))
      fail ("after round %u only %u of %u objects are freed", i, gone,
          2 * (i + 1));
  }
  g_print ("%u rounds: resident %.2f MiB after %u, %.2f MiB at the end\n",
      ROUNDS, (gdouble) before / MIB, WARM_UP,
      (gdouble) resident_bytes () / MIB);
  if (resident_is_the_programs_own ())
    fail_unless (resident_bytes () < before + MIB / 4);
}

GST_END_TEST;

static gboolean
refuse_activation (GstPad * pad, GstObject * parent)
{
  return FALSE;
}

/* Fails once the element's own pads are active, first with what an earlier
 * failure left, then without. */
static void
fail_to_start (GstElement * element)
{
  guint i;

  for (i = 0; i < 2; i++) {
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    gst_element_set_state (element, GST_STATE_READY);
  }
  gst_element_set_state (element, GST_STATE_NULL);
}

GST_START_TEST (test_starts_that_fail_leave_nothing_behind)
{
  GstElement *element = make (__i__);
  GstPad *refuser = gst_pad_new ("refuser", GST_PAD_SINK);
  guint64 before = 0;
  guint i;

  gst_pad_set_activate_function (refuser, refuse_activation);
  gst_element_add_pad (element, refuser);
  for (i = 0; i < FAILED_STARTS; i++) {
    if (i == FAILED_STARTS / 5)
      before = resident_bytes ();
    fail_to_start (element);
  }
  g_print ("%d failed starts: resident %.2f MiB more\n", FAILED_STARTS,
      ((gdouble) resident_bytes () - before) / MIB);
  if (resident_is_the_programs_own ())
    fail_unless (resident_bytes () < before + MIB);
  gst_element_remove_pad (element, refuser);
  check_and_free (element, __i__);
}

GST_END_TEST;

static Suite *
conformance_suite (void)
{
  Suite *s = suite_create ("conformance");
  TCase *tc = tcase_create ("elements");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc, test_each_state_can_be_reached_from_each_other, 0,
      G_N_ELEMENTS (lines));
  tcase_add_loop_test (tc, test_an_element_by_itself_walks_through_its_states,
      0, 2);
  tcase_add_loop_test (tc, test_being_registered_twice_changes_nothing, 0, 2);
  tcase_add_test (tc, test_a_source_that_nobody_is_linked_with_says_so);
  tcase_add_test (tc, test_a_filter_without_a_peer_returns_not_linked);
  tcase_add_loop_test (tc, test_a_peer_that_accepts_nothing_is_told_of, 0,
      2 * G_N_ELEMENTS (refusers));
  tcase_add_loop_test (tc, test_caps_that_nobody_fixes_are_chosen_from, 0,
      G_N_ELEMENTS (choices));
  tcase_add_test (tc, test_an_end_that_comes_twice_ends_once);
  tcase_add_test (tc, test_a_source_that_is_told_twice_to_end_ends_once);
  tcase_add_test (tc, test_ten_thousand_rounds_leave_nothing_behind);
  tcase_add_loop_test (tc, test_starts_that_fail_leave_nothing_behind, 0, 2);
  return s;
}

GST_CHECK_MAIN (conformance);
