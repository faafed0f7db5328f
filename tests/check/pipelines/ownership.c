/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In a real pipeline the consumer owns each batch alone: an element that works
 * in place makes no copy. After the stream no batch is outstanding. */

#include "../batchcheck.h"

/* The last batch that left the element, to be found again behind the
 * consumer. */
typedef struct
{
  GstBuffer *buffer;
  guint8 *data;
  guint seen;
  guint copied;
} Witness;

static guint8 *
data_of (GstBuffer * buffer)
{
  GstMapInfo map;
  guint8 *data;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  data = map.data;
  gst_buffer_unmap (buffer, &map);
  return data;
}

static GstPadProbeReturn
note_batch (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Witness *witness = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  assert_batch_exclusive (buffer);
  witness->buffer = buffer;
  witness->data = data_of (buffer);
  witness->seen++;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
compare_batch (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Witness *witness = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (buffer != witness->buffer || data_of (buffer) != witness->data)
    witness->copied++;
  return GST_PAD_PROBE_OK;
}

static void
probe (GstElement * pipeline, const gchar * name, GstPadProbeCallback callback,
    gpointer user_data)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *pad = gst_element_get_static_pad (element, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, user_data, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

/* Longer than valgrind needs on a busy machine. */
#define LONG (500 * GST_SECOND)

static void
run_to_eos (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, LONG,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "no EOS came");
  fail_unless_equals_string (GST_MESSAGE_TYPE_NAME (message), "eos");
  gst_message_unref (message);
  gst_object_unref (bus);
}

static const gchar *const in_place[] = {
  "audiobatchsrc name=batch num-buffers=200 ! volume name=v volume=0.5 "
      "! fakesink",
  "audiotestsrc num-buffers=200 samplesperbuffer=480 ! audiobatch name=batch "
      "! volume name=v volume=0.5 ! fakesink",
  "audiotestsrc num-buffers=50 samplesperbuffer=65536 ! audiobatch name=batch "
      "! volume name=v volume=0.5 ! fakesink",
};

GST_START_TEST (test_an_in_place_consumer_gives_back_the_same_pointer)
{
  GstElement *pipeline = gst_parse_launch (in_place[__i__], NULL);
  Witness witness = { 0 };

  probe (pipeline, "batch", note_batch, &witness);
  probe (pipeline, "v", compare_batch, &witness);
  run_to_eos (pipeline);
  fail_unless (witness.seen > 90, "only %u batches came", witness.seen);
  fail_unless_equals_int (witness.copied, 0);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_END_TEST;

GST_START_TEST (test_nothing_is_live_when_a_hundred_thousand_batches_are_over)
{
  GstElement *pipeline =
      gst_parse_launch
      ("audiobatchsrc name=src num-buffers=100000 wave=silence "
      "! queue ! audiobatch name=filter samples-per-batch=1000 ! queue "
      "! fakesink", NULL);
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  const guint64 samples = 100000 * G_GUINT64_CONSTANT (1024);

  run_to_eos (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (src, "batches"), 100000);
  fail_unless_equals_uint64 (get_counter (src, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (src, "outstanding-bytes"), 0);
  assert_lossless (src, samples, 0);
  fail_unless_equals_uint64 (get_counter (filter, "batches"), samples / 1000);
  fail_unless_equals_uint64 (get_counter (filter, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (filter, "outstanding-bytes"), 0);
  assert_lossless (filter, samples, 0);
  gst_object_unref (src);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
}

GST_END_TEST;

static Suite *
ownership_suite (void)
{
  Suite *s = suite_create ("ownership");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 600);
  tcase_add_loop_test (tc,
      test_an_in_place_consumer_gives_back_the_same_pointer, 0,
      G_N_ELEMENTS (in_place));
  tcase_add_test (tc,
      test_nothing_is_live_when_a_hundred_thousand_batches_are_over);
  return s;
}

GST_CHECK_MAIN (ownership);
