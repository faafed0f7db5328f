/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Promise 8. Pipelines that stand still because of max-outstanding-batches say
 * so, in real time; those that the application has paused don't. */

#include "../batchcheck.h"

/* The element waits for 5 seconds first. */
#define LONG (60 * GST_SECOND)

static const struct
{
  const gchar *line;
  /* the figures of the warning */
  const gchar *holds;
} cases[] = {
  {"audiotestsrc num-buffers=50 ! audiobatch name=e max-outstanding-batches=1 "
        "! fakesink", "downstream holds 1 of 1 batches"},
  {"audiotestsrc num-buffers=50 ! audiobatch name=e max-outstanding-batches=4 "
        "! queue min-threshold-buffers=20 ! fakesink",
      "downstream holds 4 of 4 batches"},
  {"audiobatchsrc name=e num-buffers=50 max-outstanding-batches=1 ! fakesink",
      "downstream holds 1 of 1 batches"},
  {"audiobatchsrc name=e num-buffers=50 max-outstanding-batches=4 "
        "! queue min-threshold-buffers=20 ! fakesink",
      "downstream holds 4 of 4 batches"},
};

#define N_CASES G_N_ELEMENTS (cases)

static GstElement *
launch (const gchar * line, GstState state)
{
  GstElement *pipeline = gst_parse_launch (line, NULL);

  fail_unless (pipeline != NULL);
  gst_element_set_state (pipeline, state);
  return pipeline;
}

static void
assert_warned_once (GstElement * pipeline, const gchar * holds)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, LONG,
      GST_MESSAGE_WARNING | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  GError *warning = NULL;
  gchar *cure = NULL;

  fail_unless (message != NULL, "it stands still without a word");
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_WARNING);
  fail_unless_equals_string (GST_OBJECT_NAME (GST_MESSAGE_SRC (message)), "e");
  gst_message_parse_warning (message, &warning, &cure);
  fail_unless (g_error_matches (warning, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_NO_SPACE_LEFT), "%s", warning->message);
  fail_unless (strstr (warning->message, holds) != NULL, "%s",
      warning->message);
  fail_unless (strstr (cure, "max-outstanding-batches") != NULL, "%s", cure);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING) == NULL);
  g_error_free (warning);
  g_free (cure);
  gst_message_unref (message);
  gst_object_unref (bus);
}

static void
assert_silent (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);

  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING) == NULL);
  gst_object_unref (bus);
}

static void
finish (GstElement * pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* All at once, so that they wait together. */
GST_START_TEST (test_a_pipeline_that_stands_still_tells_why)
{
  GstElement *paused = launch ("audiotestsrc ! audiobatch "
      "max-outstanding-batches=4 ! queue ! fakesink", GST_STATE_PAUSED);
  /* gst-launch-1.0 first waits for PAUSED */
  GstElement *prerolling = launch (cases[1].line, GST_STATE_PAUSED);
  GstElement *playing[N_CASES];
  guint i;

  for (i = 0; i < N_CASES; i++)
    playing[i] = launch (cases[i].line, GST_STATE_PLAYING);
  for (i = 0; i < N_CASES; i++)
    assert_warned_once (playing[i], cases[i].holds);
  assert_warned_once (prerolling, cases[1].holds);
  assert_silent (paused);
  for (i = 0; i < N_CASES; i++)
    finish (playing[i]);
  finish (prerolling);
  finish (paused);
}

GST_END_TEST;

static Suite *
standstill_suite (void)
{
  Suite *s = suite_create ("standstill");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_test (tc, test_a_pipeline_that_stands_still_tells_why);
  return s;
}

GST_CHECK_MAIN (standstill);
