/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A long stream through both elements at full speed, in each allocation mode, in
 * our memory, in that of downstream's allocator, and to another process: every
 * sample and every timestamp is right, memory stays flat, and the counters are
 * exact at the end. AUDIOBATCH_SOAK_SECONDS sets the length of the audio. The
 * default is a tenth of a day; 86400 is a whole day. */

#include "../awaitcheck.h"
#include "../offeredallocator.h"
#include "../otherprocess.h"
#include "../resident.h"

#include <glib/gstdio.h>

#define RATE 48000
#define SRC_BATCH 1024
#define FILTER_BATCH 1000
#define DEFAULT_SECONDS 8640
#define DAY 86400
/* Another process costs more for each batch. */
#define SHARED_BATCH 4800
/* Of the audio, unless a whole day is wanted, with memory that is not ours. */
#define PART 10
/* batches that the consumer holds, more than the pool has buffers */
#define MOST_HELD 20

static const gchar *const modes[] = { "fresh", "pool", "auto" };

typedef struct
{
  guint64 batches, samples;
  GstClockTime last_pts;
  /* minutes of audio, and the resident bytes: after the first minute, and the
   * least and the most since */
  guint minutes;
  guint64 at_first, least, most;
  GstBuffer *held[MOST_HELD];
  /* what it offers, or NULL */
  OfferedAllocator *allocator;
} Consumer;

/* The sample at @index. The odd factor makes all 2^32 values differ. */
static inline guint32
ramp_sample (guint64 index)
{
  return (guint32) index *0x9e3779b1u;
}

static GstBuffer *
fill_ramp (GstElement * src, guint64 start, guint n_samples, gpointer user_data)
{
  GstBuffer *batch = take_new_batch (src);
  GstMapInfo map;
  guint32 *samples;
  guint i;

  fail_unless (gst_buffer_map (batch, &map, GST_MAP_WRITE));
  samples = (guint32 *) map.data;
  for (i = 0; i < map.size / 4; i++)
    samples[i] = ramp_sample (start + i);
  gst_buffer_unmap (batch, &map);
  return batch;
}

/* The bits that differ from the ramp. No branch in the loop, so that the
 * compiler can vectorize it. */
static guint32
wrong_bits (const guint32 * samples, guint n, guint64 start)
{
  guint32 wrong = 0;
  guint i;

  for (i = 0; i < n; i++)
    wrong |= samples[i] ^ ramp_sample (start + i);
  return wrong;
}

static GstClockTime
time_of (guint64 sample)
{
  return gst_util_uint64_scale (sample, GST_SECOND, RATE);
}

static void
check_batch (Consumer * self, GstBuffer * batch)
{
  const guint64 start = self->samples;
  GstMapInfo map;
  guint n;

  if (!gst_buffer_map (batch, &map, GST_MAP_READ))
    fail ("batch %" G_GUINT64_FORMAT " can't be read", self->batches);
  n = map.size / 4;
  if (GST_BUFFER_PTS (batch) != time_of (start)
      || GST_BUFFER_DURATION (batch) != time_of (start + n) - time_of (start)
      || GST_BUFFER_OFFSET (batch) != start
      || GST_BUFFER_OFFSET_END (batch) != start + n)
    fail ("at sample %" G_GUINT64_FORMAT ": %" GST_PTR_FORMAT, start, batch);
  if (self->allocator && !offered_allocator_made (self->allocator, batch))
    fail ("the batch at sample %" G_GUINT64_FORMAT " has other memory", start);
  if (wrong_bits ((const guint32 *) map.data, n, start) != 0)
    fail ("the batch at sample %" G_GUINT64_FORMAT " has other samples", start);
  gst_buffer_unmap (batch, &map);
}

/* Once for each minute of audio. */
static void
look_at_memory (Consumer * self)
{
  guint64 now = resident_bytes ();

  if (self->minutes++ == 0)
    self->at_first = self->least = now;
  self->least = MIN (self->least, now);
  self->most = MAX (self->most, now);
}

/* Holds the last MOST_HELD batches. Every other minute holds only one, so that
 * the pool is sometimes empty and sometimes full. */
static void
hold (Consumer * self, GstBuffer * batch)
{
  guint i = self->batches % MOST_HELD;
  guint before = (i + MOST_HELD - 1) % MOST_HELD;

  gst_clear_buffer (&self->held[i]);
  if (self->minutes % 2 == 1)
    gst_clear_buffer (&self->held[before]);
  self->held[i] = batch;
}

static GstFlowReturn
consume (GstPad * pad, GstObject * parent, GstBuffer * batch)
{
  Consumer *self = gst_pad_get_element_private (pad);

  check_batch (self, batch);
  self->last_pts = GST_BUFFER_PTS (batch);
  self->samples = GST_BUFFER_OFFSET_END (batch);
  hold (self, batch);
  self->batches++;
  if (self->samples / (60 * RATE) > self->minutes)
    look_at_memory (self);
  return GST_FLOW_OK;
}

static guint64
seconds_wanted (void)
{
  const gchar *wish = g_getenv ("AUDIOBATCH_SOAK_SECONDS");
  guint64 seconds = DEFAULT_SECONDS;

  if (wish && (!g_ascii_string_to_unsigned (wish, 10, 120, G_MAXINT32,
              &seconds, NULL)))
    fail ("AUDIOBATCH_SOAK_SECONDS is \"%s\": it must be a number of seconds, "
        "120 or more", wish);
  return seconds;
}

static guint64
seconds_in (gboolean our_memory)
{
  guint64 seconds = seconds_wanted ();

  return our_memory || seconds >= DAY ? seconds : seconds / PART;
}

/* Counters of @element after the end: @samples in @batches, all released. */
static void
assert_counts (GstElement * element, guint64 samples, guint64 batches)
{
  fail_unless_equals_uint64 (get_counter (element, "batches"), batches);
  fail_unless_equals_uint64 (get_counter (element, "allocations")
      + get_counter (element, "reused"), batches);
  fail_unless_equals_uint64 (get_stat (element, "samples-out"), samples);
  fail_unless_equals_uint64 (get_stat (element, "samples-inserted"), 0);
  fail_unless_equals_uint64 (get_stat (element, "samples-dropped"), 0);
  assert_lossless (element, samples, 0);
  fail_unless_equals_uint64 (get_stat (element, "released"), batches);
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (element, "outstanding-bytes"), 0);
  fail_unless_equals_uint64 (get_stat (element, "discards"), 0);
}

/* The mode, and the number of held batches, decide how many were allocated. */
static void
assert_allocations (GstElement * element, const gchar * mode, guint64 batches)
{
  /* auto depends on the machine: it may or may not recycle */
  if (g_str_equal (mode, "auto"))
    return;
  if (g_str_equal (mode, "fresh")) {
    fail_unless_equals_uint64 (get_counter (element, "allocations"), batches);
    fail_unless_equals_uint64 (get_counter (element, "fallbacks"), 0);
    return;
  }
  fail_unless (get_counter (element, "reused") > batches / 2);
  fail_unless (get_counter (element, "allocations")
      <= get_counter (element, "fallbacks") + 16);
}

static gboolean
answer_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  Consumer *self = gst_pad_get_element_private (pad);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION || !self->allocator)
    return gst_pad_query_default (pad, parent, query);
  gst_query_add_allocation_param (query, GST_ALLOCATOR_CAST (self->allocator),
      NULL);
  return TRUE;
}

static GstPad *
consumer_pad (GstElement * filter, Consumer * consumer)
{
  GstPad *pad = gst_pad_new ("sink", GST_PAD_SINK);
  GstPad *srcpad = gst_element_get_static_pad (filter, "src");

  gst_pad_set_element_private (pad, consumer);
  gst_pad_set_chain_function (pad, consume);
  gst_pad_set_query_function (pad, answer_query);
  fail_unless_equals_int (gst_pad_link (srcpad, pad), GST_PAD_LINK_OK);
  gst_pad_set_active (pad, TRUE);
  gst_object_unref (srcpad);
  return pad;
}

static void
stop (GstElement * pipeline, GstPad * pad, Consumer * consumer)
{
  guint i;

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_pad_set_active (pad, FALSE);
  for (i = 0; i < MOST_HELD; i++)
    gst_clear_buffer (&consumer->held[i]);
}

static GstElement *
soak_pipeline (const gchar * mode, guint64 samples)
{
  gchar *line = g_strdup_printf ("audiobatchsrc name=src allocation=%1$s "
      "samples-per-batch=%2$d num-buffers=%3$" G_GUINT64_FORMAT " ! "
      "audio/x-raw,format=F32LE,rate=%4$d,channels=1 ! audiobatch name=filter "
      "allocation=%1$s samples-per-batch=%5$d", mode, SRC_BATCH,
      samples / SRC_BATCH, RATE, FILTER_BATCH);
  GstElement *pipeline = gst_parse_launch (line, NULL);

  g_free (line);
  return pipeline;
}

static void
await_end (GstPad * pad, GstBus * bus)
{
  GstMessage *message = NULL;
  GstEvent *eos = NULL;

  /* the pipeline has no sink that posts EOS, so look at the pad */
  while (message == NULL && eos == NULL) {
    message = gst_bus_timed_pop_filtered (bus, 10 * GST_MSECOND,
        GST_MESSAGE_ERROR);
    eos = gst_pad_get_sticky_event (pad, GST_EVENT_EOS, 0);
  }
  fail_unless (message == NULL, "%" GST_PTR_FORMAT, message);
  gst_event_unref (eos);
}

static void
tell (const gchar * mode, const gchar * memory, const Consumer * self,
    GstElement * filter, gint64 took)
{
  g_print ("%s, %s: %.2f h of audio in %.1f s, %" G_GUINT64_FORMAT
      " batches, last " "PTS %" GST_TIME_FORMAT ", %" G_GUINT64_FORMAT
      " allocated and %" G_GUINT64_FORMAT
      " reused; resident %.2f MiB after the first minute, "
      "from %.2f to %.2f MiB since\n", mode, memory,
      self->samples / (3600.0 * RATE), took / 1e6, self->batches,
      GST_TIME_ARGS (self->last_pts), get_counter (filter, "allocations"),
      get_counter (filter, "reused"), (gdouble) self->at_first / MIB,
      (gdouble) self->least / MIB, (gdouble) self->most / MIB);
}

static void
assert_flat (const Consumer * self)
{
  if (resident_is_the_programs_own ()) {
    fail_unless (self->most - self->at_first <= MIB,
        "%" G_GUINT64_FORMAT " bytes more than after the first minute",
        self->most - self->at_first);
  }
}

/* All memory of downstream's is free again. */
static void
clear_offer (Consumer * self)
{
  if (self->allocator == NULL)
    return;
  offered_allocator_drain (self->allocator);
  fail_unless_equals_int (self->allocator->made, self->allocator->freed);
  ASSERT_OBJECT_REFCOUNT (self->allocator, "downstream's allocator", 1);
  gst_object_unref (self->allocator);
}

static const struct
{
  const gchar *name;
  gboolean offered;
  OfferedAllocFault kind;
} memories[] = {
  {"our memory", FALSE, ALLOC_PLAIN},
  {"memory of downstream", TRUE, ALLOC_PLAIN},
  {"memory of downstream that is revived", TRUE, ALLOC_REVIVED},
};

GST_START_TEST (test_a_long_stream_is_exact_to_its_end_and_memory_is_flat)
{
  const gchar *mode = modes[__i__ % G_N_ELEMENTS (modes)];
  const guint memory = __i__ / G_N_ELEMENTS (modes);
  /* rounded down to whole batches of the source */
  const guint64 samples = seconds_in (!memories[memory].offered) * RATE
      / SRC_BATCH * SRC_BATCH;
  const guint64 batches = (samples + FILTER_BATCH - 1) / FILTER_BATCH;
  GstElement *pipeline = soak_pipeline (mode, samples);
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  GstBus *bus = gst_element_get_bus (pipeline);
  Consumer consumer = {
    .allocator = memories[memory].offered
        ? offered_allocator_new (memories[memory].kind, 0) : NULL,
  };
  GstPad *pad = consumer_pad (filter, &consumer);
  gint64 start = g_get_monotonic_time ();

  g_signal_connect (src, "fill-batch", G_CALLBACK (fill_ramp), NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  await_end (pad, bus);
  stop (pipeline, pad, &consumer);
  tell (mode, memories[memory].name, &consumer, filter,
      g_get_monotonic_time () - start);

  fail_unless_equals_uint64 (consumer.samples, samples);
  fail_unless_equals_uint64 (consumer.batches, batches);
  fail_unless_equals_uint64 (consumer.last_pts,
      time_of ((batches - 1) * FILTER_BATCH));
  assert_counts (src, samples, samples / SRC_BATCH);
  assert_counts (filter, samples, batches);
  assert_allocations (src, mode, samples / SRC_BATCH);
  assert_allocations (filter, mode, batches);
  fail_unless_equals_int (consumer.minutes, samples / (60 * RATE));
  assert_flat (&consumer);
  gst_object_unref (pad);
  gst_object_unref (bus);
  gst_object_unref (src);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
  clear_offer (&consumer);
}

GST_END_TEST;

/* The sink keeps the area, so memory that is not given back shows. */
static GstElement *
shared_pipeline (const gchar * mode, guint64 batches, const gchar * socket)
{
  gchar *line = g_strdup_printf ("audiobatchsrc " RAMP_SETTINGS
      " samples-per-batch=%d num-buffers=%" G_GUINT64_FORMAT " ! " RAMP_CAPS
      " ! audiobatch name=filter allocation=%s samples-per-batch=%d "
      "max-outstanding-batches=%d ! shmsink name=sink socket-path=%s "
      "wait-for-connection=true sync=false enable-last-sample=false",
      SHARED_BATCH, batches, mode, SHARED_BATCH, MOST_HELD, socket);
  GstElement *pipeline = gst_parse_launch (line, NULL);

  fail_unless (pipeline != NULL, "%s", line);
  g_free (line);
  return pipeline;
}

static void
read_all (OtherProcess * process, Consumer * self, guint64 batches)
{
  while (self->batches < batches) {
    guint start = other_process_next_batch (process, SHARED_BATCH);

    fail_unless_equals_int (start, self->samples % RAMP_PERIOD);
    self->last_pts = time_of (self->samples);
    self->samples += SHARED_BATCH;
    self->batches++;
    if (self->samples / (60 * RATE) > self->minutes)
      look_at_memory (self);
  }
}

GST_START_TEST (test_a_long_stream_to_another_process_is_exact_and_flat)
{
  const guint64 batches = seconds_in (FALSE) * RATE / SHARED_BATCH;
  gint64 start = g_get_monotonic_time ();
  GstElement *pipeline, *filter;
  Consumer consumer = { 0 };
  OtherProcess process;
  GstBus *bus;
  gchar *folder, *socket;

  if (!gst_registry_check_feature_version (gst_registry_get (), "shmsink", 1,
          0, 0)) {
    g_print ("skipped: no shmsink\n");
    return;
  }
  folder = g_dir_make_tmp ("audiobatch-XXXXXX", NULL);
  socket = g_build_filename (folder, "socket", NULL);
  pipeline = shared_pipeline (modes[__i__], batches, socket);
  filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  /* nobody reads the reports, and a day of them has 5 MiB */
  bus = gst_element_get_bus (pipeline);
  gst_bus_set_flushing (bus, TRUE);
  gst_object_unref (bus);
  /* a consumer that connects before the sink has caps gets none */
  await_range (filter, "batches", 1, G_MAXUINT64);
  other_process_start (&process, "shmsrc", socket, MOST_HELD / 2);
  read_all (&process, &consumer, batches);
  tell (modes[__i__], "shared memory", &consumer, filter,
      g_get_monotonic_time () - start);
  other_process_finish (&process);
  await_counter (filter, "outstanding-batches", 0);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  assert_counts (filter, batches * SHARED_BATCH, batches);
  assert_allocations (filter, modes[__i__], batches);
  assert_flat (&consumer);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
  g_rmdir (folder);
  g_free (folder);
  g_free (socket);
}

GST_END_TEST;

static Suite *
soak_suite (void)
{
  Suite *s = suite_create ("soak");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  /* without valgrind a whole day takes less than a minute */
  tcase_set_timeout (tc, 1200);
  tcase_add_loop_test (tc,
      test_a_long_stream_is_exact_to_its_end_and_memory_is_flat, 0,
      G_N_ELEMENTS (memories) * G_N_ELEMENTS (modes));
  tcase_add_loop_test (tc,
      test_a_long_stream_to_another_process_is_exact_and_flat, 0,
      G_N_ELEMENTS (modes));
  return s;
}

int
main (int argc, char **argv)
{
  if (other_process_main (argc, argv))
    return 0;
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (soak_suite (), "soak", __FILE__);
}
