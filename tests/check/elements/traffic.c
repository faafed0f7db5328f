/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends every query and every event to every pad in every state. Afterwards the
 * element must still produce correct batches. */

#include "../names.h"
#include "../workscheck.h"

/* Returns a harness in @state, in mid-stream if that state streams. */
static GstHarness *
harness_in_state (GstElement * element, gboolean is_source, GstState state)
{
  const gint64 end = g_get_monotonic_time () + LONG;
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  GstHarness *h = gst_harness_new_with_element (element,
      is_source ? NULL : "sink", "src");

  gst_harness_set_drop_buffers (h, TRUE);
  if (is_source) {
    gst_harness_play (h);
    while (get_counter (element, "batches") == 0) {
      fail_unless (g_get_monotonic_time () < end, "no batch came");
      g_thread_yield ();
    }
  } else {
    harness_set_info (h, &info);
    fail_unless_equals_int (gst_harness_push (h, gst_buffer_new_allocate (NULL,
                1500 * 4, NULL)), GST_FLOW_OK);
  }
  gst_element_set_state (element, state);
  return h;
}

/* Queries */

static GstQuery *
make_query (GstQueryType type)
{
  GstCaps *caps;
  GstQuery *query;

  switch (type) {
    case GST_QUERY_POSITION:
      return gst_query_new_position (GST_FORMAT_TIME);
    case GST_QUERY_DURATION:
      return gst_query_new_duration (GST_FORMAT_TIME);
    case GST_QUERY_LATENCY:
      return gst_query_new_latency ();
    case GST_QUERY_SEEKING:
      return gst_query_new_seeking (GST_FORMAT_TIME);
    case GST_QUERY_SEGMENT:
      return gst_query_new_segment (GST_FORMAT_TIME);
    case GST_QUERY_CONVERT:
      return gst_query_new_convert (GST_FORMAT_DEFAULT, RATE, GST_FORMAT_TIME);
    case GST_QUERY_FORMATS:
      return gst_query_new_formats ();
    case GST_QUERY_BUFFERING:
      return gst_query_new_buffering (GST_FORMAT_TIME);
    case GST_QUERY_URI:
      return gst_query_new_uri ();
    case GST_QUERY_SCHEDULING:
      return gst_query_new_scheduling ();
    case GST_QUERY_CAPS:
      return gst_query_new_caps (NULL);
    case GST_QUERY_DRAIN:
      return gst_query_new_drain ();
    case GST_QUERY_CONTEXT:
      return gst_query_new_context ("of.nobody");
    case GST_QUERY_BITRATE:
      return gst_query_new_bitrate ();
    case GST_QUERY_SELECTABLE:
      return gst_query_new_selectable ();
    case GST_QUERY_ALLOCATION:
    case GST_QUERY_ACCEPT_CAPS:
      caps = gst_caps_from_string ("audio/x-raw, format=S16LE, rate=48000, "
          "channels=2, layout=interleaved, channel-mask=(bitmask)0x3");
      query = type == GST_QUERY_ALLOCATION ? gst_query_new_allocation (caps,
          TRUE) : gst_query_new_accept_caps (caps);
      gst_caps_unref (caps);
      return query;
    default:
      return gst_query_new_custom (type, gst_structure_new_empty ("query"));
  }
}

static const GstQueryType queries[] = {
  GST_QUERY_POSITION, GST_QUERY_DURATION, GST_QUERY_LATENCY, GST_QUERY_JITTER,
  GST_QUERY_RATE, GST_QUERY_SEEKING, GST_QUERY_SEGMENT, GST_QUERY_CONVERT,
  GST_QUERY_FORMATS, GST_QUERY_BUFFERING, GST_QUERY_CUSTOM, GST_QUERY_URI,
  GST_QUERY_ALLOCATION, GST_QUERY_SCHEDULING, GST_QUERY_ACCEPT_CAPS,
  GST_QUERY_CAPS, GST_QUERY_DRAIN, GST_QUERY_CONTEXT, GST_QUERY_BITRATE,
  GST_QUERY_SELECTABLE
};

/* Checks that an answer is plausible. */
static void
assert_true_answer (GstPad * pad, GstQuery * query)
{
  GstCaps *caps, *of_template;
  GstClockTime min, max;
  GstFormat format;
  gint64 value;
  gboolean accepted;

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      gst_query_parse_caps_result (query, &caps);
      of_template = gst_pad_get_pad_template_caps (pad);
      fail_unless (gst_caps_is_subset (caps, of_template));
      fail_if (gst_caps_is_empty (caps));
      gst_caps_unref (of_template);
      break;
    case GST_QUERY_ACCEPT_CAPS:
      gst_query_parse_accept_caps_result (query, &accepted);
      fail_unless (accepted);
      break;
    case GST_QUERY_LATENCY:
      gst_query_parse_latency (query, NULL, &min, &max);
      fail_unless (min <= GST_SECOND && min <= max);
      break;
    case GST_QUERY_CONVERT:
      gst_query_parse_convert (query, NULL, NULL, &format, &value);
      fail_unless_equals_int (format, GST_FORMAT_TIME);
      fail_unless_equals_int64 (value, GST_SECOND);
      break;
    case GST_QUERY_POSITION:
      gst_query_parse_position (query, &format, &value);
      fail_unless_equals_int (format, GST_FORMAT_TIME);
      fail_unless (value >= 0);
      break;
    case GST_QUERY_DURATION:
      gst_query_parse_duration (query, &format, &value);
      fail_unless (value == 100 * 1024 * GST_SECOND / RATE || value == -1);
      break;
    default:
      break;
  }
}

/* Whether the element itself must answer when downstream asks. The filter
 * answers fewer. */
static gboolean
has_an_answer (GstQueryType type, gboolean is_source, GstState state)
{
  switch (type) {
    case GST_QUERY_CAPS:
      return TRUE;
    case GST_QUERY_ACCEPT_CAPS:
      return !is_source;
    case GST_QUERY_LATENCY:
      return state >= GST_STATE_PAUSED;
    case GST_QUERY_POSITION:
    case GST_QUERY_DURATION:
    case GST_QUERY_CONVERT:
    case GST_QUERY_SEEKING:
      return is_source && state >= GST_STATE_PAUSED;
    default:
      return FALSE;
  }
}

static void
ask_pad (GstPad * pad, gboolean is_source, GstState state)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (queries); i++) {
    GstQuery *query = make_query (queries[i]);
    gboolean answered;

    if (GST_PAD_IS_SINK (pad) ? !GST_QUERY_IS_DOWNSTREAM (query)
        : !GST_QUERY_IS_UPSTREAM (query)) {
      gst_query_unref (query);
      continue;
    }
    answered = gst_pad_query (pad, query);
    if (answered)
      assert_true_answer (pad, query);
    fail_unless (answered || GST_PAD_IS_SINK (pad)
        || !has_an_answer (queries[i], is_source, state),
        "%s in %s has no answer", gst_query_type_get_name (queries[i]),
        state_name (state));
    gst_query_unref (query);
  }
}

GST_START_TEST (test_each_query_in_each_state_has_a_true_answer_or_none)
{
  guint i;

  for (i = 0; i < N_STATES; i++) {
    GstElement *element = make (__i__);
    GstHarness *h;
    GList *pad;

    if (IS_SOURCE)
      g_object_set (element, "num-buffers", 100, NULL);
    h = harness_in_state (element, IS_SOURCE, states[i]);
    for (pad = element->pads; pad; pad = pad->next)
      ask_pad (pad->data, IS_SOURCE, states[i]);
    gst_harness_teardown (h);
    if (IS_SOURCE)
      g_object_set (element, "num-buffers", -1, NULL);
    check_and_free (element, IS_SOURCE);
  }
}

GST_END_TEST;

/* Events */

static GstEvent *
make_event (GstEventType type)
{
  GstSegment segment;
  GstEvent *event;
  gpointer thing;

  switch (type) {
    case GST_EVENT_FLUSH_START:
      return gst_event_new_flush_start ();
    case GST_EVENT_FLUSH_STOP:
      return gst_event_new_flush_stop (TRUE);
    case GST_EVENT_STREAM_START:
      return gst_event_new_stream_start ("another");
    case GST_EVENT_CAPS:
      thing = gst_caps_from_string ("audio/x-raw, format=S16LE, rate=8000, "
          "channels=1, layout=interleaved");
      event = gst_event_new_caps (thing);
      gst_caps_unref (thing);
      return event;
    case GST_EVENT_SEGMENT:
      gst_segment_init (&segment, GST_FORMAT_TIME);
      return gst_event_new_segment (&segment);
    case GST_EVENT_STREAM_COLLECTION:
      thing = gst_stream_collection_new ("another");
      event = gst_event_new_stream_collection (thing);
      gst_object_unref (thing);
      return event;
    case GST_EVENT_TAG:
      return gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "t", NULL));
    case GST_EVENT_BUFFERSIZE:
      return gst_event_new_buffer_size (GST_FORMAT_BYTES, 1, 2, FALSE);
    case GST_EVENT_SINK_MESSAGE:
      thing = gst_message_new_latency (NULL);
      event = gst_event_new_sink_message ("message", thing);
      gst_message_unref (thing);
      return event;
    case GST_EVENT_STREAM_GROUP_DONE:
      return gst_event_new_stream_group_done (1);
    case GST_EVENT_EOS:
      return gst_event_new_eos ();
    case GST_EVENT_TOC:
      thing = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
      event = gst_event_new_toc (thing, FALSE);
      gst_toc_unref (thing);
      return event;
    case GST_EVENT_SEGMENT_DONE:
      return gst_event_new_segment_done (GST_FORMAT_TIME, 0);
    case GST_EVENT_GAP:
      return gst_event_new_gap (0, GST_SECOND);
    case GST_EVENT_INSTANT_RATE_CHANGE:
      return gst_event_new_instant_rate_change (2.0, 0);
    case GST_EVENT_QOS:
      return gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.0, 0, 0);
    case GST_EVENT_SEEK:
      return gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
          GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, -1);
    case GST_EVENT_LATENCY:
      return gst_event_new_latency (GST_SECOND);
    case GST_EVENT_STEP:
      return gst_event_new_step (GST_FORMAT_TIME, GST_SECOND, 1, TRUE, FALSE);
    case GST_EVENT_RECONFIGURE:
      return gst_event_new_reconfigure ();
    case GST_EVENT_TOC_SELECT:
      return gst_event_new_toc_select ("uid");
    case GST_EVENT_INSTANT_RATE_SYNC_TIME:
      return gst_event_new_instant_rate_sync_time (2.0, 0, 0);
    default:
      return gst_event_new_custom (type, gst_structure_new_empty ("event"));
  }
}

static const GstEventType events[] = {
  GST_EVENT_FLUSH_START, GST_EVENT_FLUSH_STOP, GST_EVENT_STREAM_START,
  GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_STREAM_COLLECTION, GST_EVENT_TAG,
  GST_EVENT_BUFFERSIZE, GST_EVENT_SINK_MESSAGE, GST_EVENT_STREAM_GROUP_DONE,
  GST_EVENT_EOS, GST_EVENT_TOC, GST_EVENT_PROTECTION, GST_EVENT_SEGMENT_DONE,
  GST_EVENT_GAP, GST_EVENT_INSTANT_RATE_CHANGE, GST_EVENT_QOS, GST_EVENT_SEEK,
  GST_EVENT_NAVIGATION, GST_EVENT_LATENCY, GST_EVENT_STEP,
  GST_EVENT_RECONFIGURE, GST_EVENT_TOC_SELECT, GST_EVENT_SELECT_STREAMS,
  GST_EVENT_INSTANT_RATE_SYNC_TIME, GST_EVENT_CUSTOM_UPSTREAM,
  GST_EVENT_CUSTOM_DOWNSTREAM, GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
  GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, GST_EVENT_CUSTOM_BOTH,
  GST_EVENT_CUSTOM_BOTH_OOB
};

/* Sends an event into @pad as its peer would, if the direction allows it. */
static void
send_event (GstPad * pad, GstEventType type, GstState state)
{
  GstElement *element = GST_PAD_PARENT (pad);
  GstEvent *event = make_event (type);
  gboolean taken;

  if (GST_PAD_IS_SINK (pad) ? !GST_EVENT_IS_DOWNSTREAM (event)
      : !GST_EVENT_IS_UPSTREAM (event)) {
    gst_event_unref (event);
    return;
  }
  /* flush a source through its element, which sends a new segment; a FLUSH_STOP
   * needs a FLUSH_START first */
  if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE)
      && type == GST_EVENT_FLUSH_STOP) {
    gst_element_send_event (element, gst_event_new_flush_start ());
    taken = gst_element_send_event (element, event);
  } else {
    taken = gst_pad_send_event (pad, event);
  }
  fail_unless (!taken || state >= GST_STATE_PAUSED,
      "%s was taken in %s", gst_event_type_get_name (type), state_name (state));
}

GST_START_TEST (test_each_event_in_each_state_is_taken_or_refused)
{
  guint i, s;

  for (i = 0; i < G_N_ELEMENTS (events); i++) {
    for (s = 0; s < N_STATES; s++) {
      GstElement *element = make (__i__);
      GstHarness *h = harness_in_state (element, IS_SOURCE, states[s]);
      GList *pad;

      for (pad = element->pads; pad; pad = pad->next)
        send_event (pad->data, events[i], states[s]);
      gst_element_set_state (element, GST_STATE_NULL);
      fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"),
          0);
      gst_harness_teardown (h);
      check_and_free (element, IS_SOURCE);
    }
  }
}

GST_END_TEST;

static Suite *
traffic_suite (void)
{
  Suite *s = suite_create ("traffic");
  TCase *tc = tcase_create ("pads");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc,
      test_each_query_in_each_state_has_a_true_answer_or_none, 0, 2);
  tcase_add_loop_test (tc, test_each_event_in_each_state_is_taken_or_refused, 0,
      2);
  return s;
}

GST_CHECK_MAIN (traffic);
