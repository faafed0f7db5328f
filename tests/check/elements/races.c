/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other threads set and read all properties and send all queries, while samples
 * stream and while the pipeline seeks and changes state. ThreadSanitizer must
 * find nothing in our code; output and counters must be correct in every build.
 * RACES_SEED repeats a run. */

#include "../batchcheck.h"
#include "../names.h"

#define CHUNKS_A_ROUND 125
#define CHUNK 100
/* rate of the pipelines; a sample is 125000 ns */
#define RATE 8000
/* RACES_ROUNDS overrides this for slow builds */
#define ROUNDS 24
#define BATCHES_A_ROUND 5
/* how far into the stream a seek goes, in samples */
#define FARTHEST 100000
#define LONG (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  GstElement *element;
  GParamSpec **specs;
  guint n_specs;
  /* the allocation mode; if it is not NULL, the threads do not change it */
  const gchar *allocation;
  guint32 seed;
  gint stop;
  /* odd while the counters may restart */
  gint generation;
} Shared;

static guint32
choose_seed (void)
{
  const gchar *wish = g_getenv ("RACES_SEED");
  guint32 seed = wish ? g_ascii_strtoull (wish, NULL, 10) : g_random_int ();

  g_print ("RACES_SEED=%u\n", seed);
  return seed;
}

static guint
choose_rounds (void)
{
  const gchar *wish = g_getenv ("RACES_ROUNDS");

  return wish ? g_ascii_strtoull (wish, NULL, 10) : ROUNDS;
}

static void
shared_init (Shared * shared, GstElement * element, const gchar * allocation)
{
  shared->element = element;
  shared->specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (element),
      &shared->n_specs);
  shared->allocation = allocation;
  shared->seed = choose_seed ();
  shared->stop = FALSE;
  shared->generation = 0;
}

static gboolean
may_set (Shared * shared, GParamSpec * spec)
{
  return (spec->flags & G_PARAM_WRITABLE)
      && (spec->flags & GST_PARAM_MUTABLE_PLAYING)
      && !(shared->allocation && g_str_equal (spec->name, "allocation"));
}

/* Sets small sizes, bounds and times, so that streaming continues. */
static void
set_at_random (Shared * shared, GParamSpec * spec, GRand * rand)
{
  GObject *object = G_OBJECT (shared->element);

  if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;
    /* overrun=error would end the stream */
    guint n = g_str_equal (spec->name, "overrun") ? 2 : klass->n_values;

    g_object_set (object, spec->name, g_rand_int_range (rand, 0, n), NULL);
  } else if (G_IS_PARAM_SPEC_BOOLEAN (spec)) {
    g_object_set (object, spec->name, g_rand_boolean (rand), NULL);
  } else if (G_IS_PARAM_SPEC_DOUBLE (spec)) {
    g_object_set (object, spec->name, g_rand_double (rand), NULL);
  } else if (G_IS_PARAM_SPEC_UINT (spec)) {
    g_object_set (object, spec->name, (guint) g_rand_int_range (rand, 1, 200),
        NULL);
  } else if (G_IS_PARAM_SPEC_INT64 (spec)) {
    g_object_set (object, spec->name,
        (gint64) g_rand_int_range (rand, -1000000, 1000000), NULL);
  } else if (G_IS_PARAM_SPEC_UINT64 (spec)) {
    g_object_set (object, spec->name,
        (guint64) g_rand_int_range (rand, 1000000, 50000000), NULL);
  } else {
    fail_unless (GST_IS_PARAM_SPEC_FRACTION (spec), "what to set %s to?",
        spec->name);
    g_object_set (object, spec->name, 1, g_rand_int_range (rand, 10, 500),
        NULL);
  }
}

static void
read_one (Shared * shared, GParamSpec * spec)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, spec->value_type);
  g_object_get_property (G_OBJECT (shared->element), spec->name, &value);
  g_value_unset (&value);
}

static gpointer
disturb (gpointer data)
{
  Shared *shared = data;
  GRand *rand = g_rand_new_with_seed (shared->seed);

  while (!g_atomic_int_get (&shared->stop)) {
    GParamSpec *spec = shared->specs[g_rand_int_range (rand, 0,
            shared->n_specs)];

    if (spec->owner_type != G_OBJECT_TYPE (shared->element))
      continue;
    if (may_set (shared, spec) && g_rand_boolean (rand))
      set_at_random (shared, spec, rand);
    else
      read_one (shared, spec);
  }
  g_rand_free (rand);
  return NULL;
}

/* Counters that never decrease come first. */
static const gchar *const figures[] = {
  "batches", "allocations", "allocated-bytes", "reused", "reused-bytes",
  "adopted", "adopted-bytes", "fallbacks", "discards", "dropped-batches",
  "samples-in", "samples-out",
  "samples-inserted", "samples-dropped", "released", "peak-outstanding-batches",
  "peak-outstanding-bytes", "outstanding-batches", "outstanding-bytes",
};

#define N_GROWING 17

typedef struct
{
  gint generation;
  guint64 value[G_N_ELEMENTS (figures)];
} Figures;

static guint64
figure (const Figures * now, const gchar * name)
{
  guint i;

  for (i = 0; !g_str_equal (figures[i], name); i++);
  return now->value[i];
}

/* Checks that one reading of `stats` adds up. */
static void
assert_adds_up (const Figures * now)
{
  const guint64 taken = figure (now, "allocations") + figure (now, "reused")
      + figure (now, "adopted");

  fail_unless_equals_uint64 (taken, figure (now, "outstanding-batches")
      + figure (now, "released"));
  fail_unless (figure (now, "batches") <= taken, "%" G_GUINT64_FORMAT
      " batches, of which %" G_GUINT64_FORMAT " got memory",
      figure (now, "batches"), taken);
  fail_unless (figure (now, "fallbacks") <= figure (now, "allocations"));
  fail_unless (figure (now, "outstanding-batches")
      <= figure (now, "peak-outstanding-batches"));
  fail_unless (figure (now, "outstanding-bytes") <= figure (now,
          "peak-outstanding-bytes"));
}

/* Checks that no counter decreased since @before, if both are of one run. */
static void
assert_goes_on (const Figures * before, const Figures * now)
{
  guint i;

  if (before->generation != now->generation || (now->generation & 1))
    return;
  for (i = 0; i < N_GROWING; i++) {
    fail_unless (now->value[i] >= before->value[i], "%s went from %"
        G_GUINT64_FORMAT " down to %" G_GUINT64_FORMAT, figures[i],
        before->value[i], now->value[i]);
  }
}

static void
read_figures (Shared * shared, Figures * now)
{
  GstStructure *stats;
  guint i;

  now->generation = g_atomic_int_get (&shared->generation);
  g_object_get (shared->element, "stats", &stats, NULL);
  for (i = 0; i < G_N_ELEMENTS (figures); i++) {
    fail_unless (gst_structure_get_uint64 (stats, figures[i], &now->value[i]),
        "stats has no %s", figures[i]);
  }
  gst_structure_free (stats);
  /* the counters may have restarted meanwhile: then it belongs to no run */
  if (g_atomic_int_get (&shared->generation) != now->generation)
    now->generation = -1;
}

/* In 1.22 GstBaseSrc initialises its segment without a lock at start, and logs
 * a warning if a position query comes meanwhile. The tests hold this lock to
 * leave that query out. */
static GMutex starting;

/* Sends all queries. Any answer will do, but nothing may break. */
static void
ask_all (GstElement * element)
{
  gint64 value = -1;
  GstPad *pad = gst_element_get_static_pad (element, "src");
  GstQuery *query = gst_query_new_latency ();

  gst_pad_query (pad, query);
  gst_query_unref (query);
  if (g_mutex_trylock (&starting)) {
    if (gst_pad_query_position (pad, GST_FORMAT_TIME, &value))
      fail_unless (value >= 0);
    g_mutex_unlock (&starting);
  }
  gst_pad_query_duration (pad, GST_FORMAT_TIME, &value);
  if (gst_pad_query_convert (pad, GST_FORMAT_DEFAULT, RATE, GST_FORMAT_TIME,
          &value))
    fail_unless_equals_int64 (value, GST_SECOND);
  gst_object_unref (pad);
}

static gpointer
ask (gpointer data)
{
  Shared *shared = data;
  Figures before = {.generation = -1 }, now;

  while (!g_atomic_int_get (&shared->stop)) {
    ask_all (shared->element);
    read_figures (shared, &now);
    assert_adds_up (&now);
    assert_goes_on (&before, &now);
    before = now;
  }
  return NULL;
}

/* Starts two threads of each kind. */
static void
start_threads (Shared * shared, GThread ** threads)
{
  threads[0] = g_thread_new ("disturb", disturb, shared);
  threads[1] = g_thread_new ("disturb", disturb, shared);
  threads[2] = g_thread_new ("ask", ask, shared);
  threads[3] = g_thread_new ("ask", ask, shared);
}

static void
stop_threads (Shared * shared, GThread ** threads)
{
  guint i;

  g_atomic_int_set (&shared->stop, TRUE);
  for (i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_free (shared->specs);
}

GST_START_TEST (test_properties_are_set_and_read_while_samples_stream)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, CHUNK);
  const guint chunks = choose_rounds () * CHUNKS_A_ROUND;
  GThread *threads[4];
  Shared shared;
  guint i;

  shared_init (&shared, h->element, NULL);
  gst_harness_set_drop_buffers (h, TRUE);
  harness_set_info (h, &info);
  start_threads (&shared, threads);
  for (i = 0; i < chunks; i++) {
    fail_unless_equals_int (gst_harness_push (h, audio_chunk (audio, 0,
                CHUNK)), GST_FLOW_OK);
  }
  stop_threads (&shared, threads);
  fail_unless_equals_uint64 (get_stat (h->element, "samples-in"),
      chunks * CHUNK);
  fail_unless (get_counter (h->element, "batches") > 0);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* A pipeline in which each sample is its own number, with a consumer on another
 * thread. */
typedef struct
{
  GstElement *pipeline;
  /* PTS or OFFSET of a batch is the number of its first sample */
  gboolean filtered;
  GMutex lock;
  GCond cond;
  guint batches;
} Run;

static GstBuffer *
number_samples (GstElement * source, guint64 start, guint n_samples)
{
  GstBuffer *batch = take_new_batch (source);
  GstMapInfo map;
  gsize i;

  fail_unless (gst_buffer_map (batch, &map, GST_MAP_WRITE));
  for (i = 0; i < map.size / 4; i++)
    ((guint32 *) map.data)[i] = start + i;
  gst_buffer_unmap (batch, &map);
  return batch;
}

/* Checks that samples count up from the one that the batch names. Silence may
 * follow if it is marked as padding. */
static void
check_batch (GstElement * sink, GstBuffer * batch, GstPad * pad, Run * run)
{
  GstAudioClippingMeta *clip = gst_buffer_get_audio_clipping_meta (batch);
  guint64 start = GST_BUFFER_OFFSET (batch);
  GstMapInfo map;
  gsize i, n;

  assert_batch_exclusive (batch);
  if (run->filtered)
    start = gst_util_uint64_scale (GST_BUFFER_PTS (batch), RATE, GST_SECOND);
  fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
  n = map.size / 4;
  fail_unless (n > 0);
  for (i = 0; i < n - (clip ? clip->end : 0); i++)
    fail_unless_equals_uint64 (((guint32 *) map.data)[i], start + i);
  for (; i < n; i++)
    fail_unless_equals_uint64 (((guint32 *) map.data)[i], 0);
  gst_buffer_unmap (batch, &map);
  g_mutex_lock (&run->lock);
  run->batches++;
  g_cond_signal (&run->cond);
  g_mutex_unlock (&run->lock);
}

static void
await_batches (Run * run)
{
  const gint64 end = g_get_monotonic_time () + LONG;
  guint want;

  g_mutex_lock (&run->lock);
  want = run->batches + BATCHES_A_ROUND;
  while (run->batches < want) {
    fail_unless (g_cond_wait_until (&run->cond, &run->lock, end),
        "the stream has stopped");
  }
  g_mutex_unlock (&run->lock);
}

static GstBusSyncReply
expect_no_error (GstBus * bus, GstMessage * message, gpointer user_data)
{
  fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR, "%" GST_PTR_FORMAT,
      message);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static GstElement *
run_setup (Run * run, gboolean filtered, const gchar * allocation)
{
  g_autofree gchar *line = g_strdup_printf ("audiobatchsrc name=source "
      "samples-per-batch=100 ! audio/x-raw,format=" GST_AUDIO_NE (S32)
      ",rate=%u,channels=1 %s ! queue max-size-buffers=3 "
      "! fakesink name=sink signal-handoffs=true enable-last-sample=false "
      "sync=false", RATE, filtered ? "! audiobatch name=filter" : "");
  GstElement *element, *source, *sink;
  GstBus *bus;

  memset (run, 0, sizeof *run);
  run->filtered = filtered;
  g_mutex_init (&run->lock);
  g_cond_init (&run->cond);
  run->pipeline = gst_parse_launch (line, NULL);
  source = gst_bin_get_by_name (GST_BIN (run->pipeline), "source");
  sink = gst_bin_get_by_name (GST_BIN (run->pipeline), "sink");
  g_signal_connect (source, "fill-batch", G_CALLBACK (number_samples), NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (check_batch), run);
  bus = gst_element_get_bus (run->pipeline);
  gst_bus_set_sync_handler (bus, expect_no_error, NULL, NULL);
  gst_object_unref (bus);
  element = gst_bin_get_by_name (GST_BIN (run->pipeline),
      filtered ? "filter" : "source");
  if (allocation)
    gst_util_set_object_arg (G_OBJECT (element), "allocation", allocation);
  gst_object_unref (source);
  gst_object_unref (sink);
  return element;
}

static void
run_teardown (Run * run)
{
  fail_unless_equals_int (gst_element_set_state (run->pipeline,
          GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (run->pipeline);
  g_mutex_clear (&run->lock);
  g_cond_clear (&run->cond);
}

static void
go_to (Run * run, GstState state)
{
  fail_if (gst_element_set_state (run->pipeline, state)
      == GST_STATE_CHANGE_FAILURE);
  fail_if (gst_element_get_state (run->pipeline, NULL, NULL, 60 * GST_SECOND)
      != GST_STATE_CHANGE_SUCCESS, "cannot reach %s", state_name (state));
}

static void
restart (Run * run, Shared * shared)
{
  g_atomic_int_inc (&shared->generation);
  g_mutex_lock (&starting);
  go_to (run, GST_STATE_READY);
  go_to (run, GST_STATE_PLAYING);
  g_mutex_unlock (&starting);
  g_atomic_int_inc (&shared->generation);
}

static void
seek (Run * run, GRand * rand)
{
  gint64 position = g_rand_int_range (rand, 0, FARTHEST)
      * (gint64) (GST_SECOND / RATE);

  fail_unless (gst_element_seek_simple (run->pipeline, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, position));
}

static void
change_course (Run * run, Shared * shared, GRand * rand)
{
  switch (g_rand_int_range (rand, 0, 5)) {
    case 0:
    case 1:
      seek (run, rand);
      break;
    case 2:
      go_to (run, GST_STATE_PAUSED);
      seek (run, rand);
      go_to (run, GST_STATE_PLAYING);
      break;
    case 3:
      gst_bin_recalculate_latency (GST_BIN (run->pipeline));
      break;
    default:
      restart (run, shared);
      break;
  }
}

static const gchar *const allocations[] = { "fresh", "pool", "auto", NULL };

/* Each element in each mode, and with a mode that changes. */
GST_START_TEST (test_all_at_once_while_seeking_and_changing_state)
{
  const gchar *allocation = allocations[__i__ % 4];
  const guint rounds = choose_rounds ();
  GThread *threads[4];
  GstElement *element;
  Figures last;
  Shared shared;
  GRand *rand;
  guint i;
  Run run;

  element = run_setup (&run, __i__ / 4, allocation);
  shared_init (&shared, element, allocation);
  rand = g_rand_new_with_seed (shared.seed);
  go_to (&run, GST_STATE_PLAYING);
  start_threads (&shared, threads);
  for (i = 0; i < rounds; i++) {
    change_course (&run, &shared, rand);
    await_batches (&run);
  }
  stop_threads (&shared, threads);
  g_rand_free (rand);
  go_to (&run, GST_STATE_READY);
  read_figures (&shared, &last);
  assert_adds_up (&last);
  fail_unless_equals_uint64 (figure (&last, "outstanding-batches"), 0);
  gst_object_unref (element);
  run_teardown (&run);
}

GST_END_TEST;

static Suite *
races_suite (void)
{
  Suite *s = suite_create ("races");
  TCase *tc = tcase_create ("properties");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_test (tc, test_properties_are_set_and_read_while_samples_stream);
  tcase_add_loop_test (tc, test_all_at_once_while_seeking_and_changing_state, 0,
      2 * G_N_ELEMENTS (allocations));
  return s;
}

GST_CHECK_MAIN (races);
