/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Promise 6. If any one allocation fails, the element posts an error with the
 * size, and nothing worse happens. If an allocation blocks, only the streaming
 * thread blocks. */

#include "../batchcheck.h"
#include "../descriptors.h"
#include "../failing.h"
#include "../offeredallocator.h"
#include "../offeredpool.h"
#include "../resident.h"

#define BATCH 100
#define CHUNK 50
#define BATCHES 20
/* auto has decided by then */
#define AUTO_BATCHES 80
/* Samples that an upstream with jumps leaves out at once, and how much later a
 * wrong time is. */
#define LEFT_OUT 150
#define WRONG (GST_SECOND / 10)

/* What downstream offers in the ALLOCATION query. */
typedef enum
{
  NOTHING,
  ALLOCATOR,
  /* its memory comes back, still the same object */
  REVIVER,
  POOL,
} Offer;

/* What comes in. */
typedef enum
{
  PLAIN,
  /* some chunks have a wrong time, and some samples are left out */
  JUMPS,
  PLANAR,
} Kind;

/* Settings that reach every place that allocates. */
static const struct
{
  const gchar *settings;
  /* batches that the test holds */
  guint keep;
  Offer offer;
  Kind kind;
  guint batches;
} cases[] = {
  {"allocation=fresh", 3, NOTHING, PLAIN, BATCHES},
  {"allocation=pool", 0, NOTHING, PLAIN, BATCHES},
  {"allocation=pool pool-max-buffers=4", 3, NOTHING, PLAIN, BATCHES},
  {"allocation=pool pool-min-buffers=6 pool-max-buffers=4", 9, NOTHING, PLAIN,
      BATCHES},
  {"allocation=pool pool-min-buffers=0 pool-max-buffers=1", 2, NOTHING, PLAIN,
      BATCHES},
  {"allocation=auto", 3, NOTHING, PLAIN, BATCHES},
  {"allocation=fresh hop-samples=30", 3, NOTHING, PLAIN, BATCHES},
  {"allocation=pool hop-samples=30", 3, NOTHING, PLAIN, BATCHES},
  {"allocation=fresh hop-samples=30 max-outstanding-batches=40", 3, NOTHING,
      PLAIN, BATCHES},
  {"allocation=pool hop-samples=30 max-outstanding-batches=40 overrun=drop", 3,
      NOTHING, PLAIN, BATCHES},
  {"allocation=fresh hop-samples=130 max-outstanding-batches=9 overrun=drop",
      3, NOTHING, PLAIN, BATCHES},
  /* memory of downstream */
  {"allocation=fresh", 3, ALLOCATOR, PLAIN, BATCHES},
  {"allocation=pool pool-max-buffers=4", 9, ALLOCATOR, PLAIN, BATCHES},
  {"allocation=pool pool-min-buffers=0 pool-max-buffers=1", 2, REVIVER, PLAIN,
      BATCHES},
  {"allocation=fresh hop-samples=30", 3, REVIVER, PLAIN, BATCHES},
  {"allocation=pool pool-max-buffers=4", 3, POOL, PLAIN, BATCHES},
  /* the chunks themselves */
  {"zero-copy=true", 3, NOTHING, PLAIN, BATCHES},
  {"zero-copy=true allocation=pool", 9, ALLOCATOR, PLAIN, BATCHES},
  /* chunks that are held */
  {"discont=fill", 3, NOTHING, JUMPS, BATCHES},
  {"discont=fill allocation=pool zero-copy=true", 3, ALLOCATOR, JUMPS, BATCHES},
  {"discont=fill hop-samples=30 max-outstanding-batches=40", 3, NOTHING, JUMPS,
      BATCHES},
  /* more than half of the bound is out, so auto recycles */
#define AUTO_CASE 21
  {"allocation=auto max-outstanding-batches=8", 5, NOTHING, PLAIN,
      AUTO_BATCHES},
  {"allocation=auto max-outstanding-batches=8", 5, ALLOCATOR, PLAIN,
      AUTO_BATCHES},
  /* the planes of a chunk */
  {"allocation=fresh", 3, NOTHING, PLANAR, BATCHES},
};

typedef struct
{
  GstHarness *h;
  GstBus *bus;
  Audio *audio;
  GQueue held;
  guint keep;
  gboolean jumps, adopts, overlaps;
  OfferedAllocator *allocator;
  OfferedPool *pool;

  /* the number of the next sample, and the samples and the chunks so far */
  guint next, pushed, chunks;
  /* behind each chunk comes an event; the numbers of the samples behind them */
  GArray *positions;
  /* the end of the last batch, and the events that came out */
  guint64 end;
  guint events;
} Stream;

static void
set_all (GstElement * element, const gchar * settings)
{
  gchar **list = g_strsplit (settings, " ", -1);
  guint i;

  for (i = 0; list[i]; i++) {
    gchar *equals = strchr (list[i], '=');

    *equals = '\0';
    gst_util_set_object_arg (G_OBJECT (element), list[i], equals + 1);
  }
  g_strfreev (list);
}

static guint64
sample_at (GstClockTime time)
{
  return gst_util_uint64_scale_round (time, 48000, GST_SECOND);
}

/* Events come in order, each behind the samples before it, unless those are
 * dropped. */
static void
note_event (Stream * s, GstEvent * event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  guint number;

  if (structure == NULL
      || !gst_structure_get_uint (structure, "number", &number))
    return;
  fail_unless_equals_int (number, s->events++);
  if (get_stat (s->h->element, "samples-dropped") == 0)
    fail_unless (g_array_index (s->positions, guint64, number) <= s->end);
}

static GstPadProbeReturn
note_item (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Stream *s = user_data;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (info);

    s->end = sample_at (GST_BUFFER_PTS (batch)) + batch_samples (batch,
        &s->audio->info);
  } else {
    note_event (s, GST_PAD_PROBE_INFO_EVENT (info));
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
offer_pool (GstPad * pad, GstPadProbeInfo * info, gpointer pool)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_add_allocation_pool (query, pool, BATCH * 4, 0, 0);
  return GST_PAD_PROBE_HANDLED;
}

static void
offer (Stream * s, Offer what)
{
  if (what == POOL) {
    s->pool = offered_pool_new (OFFER_PLAIN);
    s->pool->grants = failing_grants;
    gst_pad_add_probe (s->h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
        offer_pool, s->pool, NULL);
  } else if (what != NOTHING) {
    s->allocator = offered_allocator_new (what == REVIVER ? ALLOC_REVIVED
        : ALLOC_PLAIN, 0);
    s->allocator->grants = failing_grants;
    gst_harness_set_propose_allocator (s->h, gst_object_ref (s->allocator),
        NULL);
  }
}

static void
stream_begin (Stream * s)
{
  s->next = s->pushed = s->chunks = s->events = 0;
  s->end = 0;
  g_array_set_size (s->positions, 0);
  harness_set_info (s->h, &s->audio->info);
}

static void
stream_setup (Stream * s, guint i)
{
  GstAudioInfo info =
      audio_info (GST_AUDIO_FORMAT_S16, 48000, 2, cases[i].kind == PLANAR);

  memset (s, 0, sizeof *s);
  s->h = harness_with_bus ("audiobatch", &s->bus);
  s->audio = audio_new_ramp (&info, cases[i].batches * BATCH);
  s->keep = cases[i].keep;
  s->jumps = cases[i].kind == JUMPS;
  s->adopts = strstr (cases[i].settings, "zero-copy") != NULL;
  s->overlaps = strstr (cases[i].settings, "hop-samples") != NULL;
  s->positions = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_queue_init (&s->held);
  g_object_set (s->h->element, "samples-per-batch", BATCH,
      "alignment-threshold", G_GUINT64_CONSTANT (0), "discont-wait",
      GST_MSECOND, NULL);
  set_all (s->h->element, cases[i].settings);
  gst_pad_add_probe (s->h->sinkpad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
      | GST_PAD_PROBE_TYPE_BUFFER, note_item, s, NULL);
  offer (s, cases[i].offer);
  stream_begin (s);
}

static void
check_and_release (Stream * s)
{
  GstBuffer *batch = g_queue_pop_head (&s->held);

  assert_batch_exclusive (batch);
  assert_batch_data (batch, s->audio, sample_at (GST_BUFFER_PTS (batch)));
  gst_buffer_unref (batch);
}

/* Some samples never come: silence is inserted. */
static void
leave_out (Stream * s)
{
  guint n = MIN (LEFT_OUT, s->audio->n_samples - s->next);

  memset (s->audio->planes[0] + s->next * s->audio->sample_size, 0,
      n * s->audio->sample_size);
  s->next += n;
}

/* Every third chunk is a batch, if one can be one. */
static guint
next_length (Stream * s)
{
  guint n = s->adopts && s->chunks % 3 == 0 ? BATCH : CHUNK;

  return MIN (n, s->audio->n_samples - s->next);
}

static GstFlowReturn
push_chunk (Stream * s)
{
  GstBuffer *chunk;
  GstFlowReturn ret;
  guint n;

  if (s->jumps && s->chunks % 8 == 6)
    leave_out (s);
  n = next_length (s);
  if (n == 0)
    return GST_FLOW_OK;
  chunk = audio_chunk (s->audio, s->next, n);
  GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (s->next, GST_SECOND, 48000);
  if (s->jumps && s->chunks % 8 == 2)
    GST_BUFFER_PTS (chunk) += WRONG;
  s->next += n;
  s->pushed += n;
  ret = gst_harness_push (s->h, chunk);
  s->chunks++;
  return ret;
}

static void
push_event (Stream * s)
{
  guint64 position = s->next;
  GstStructure *structure = gst_structure_new ("number", "number", G_TYPE_UINT,
      s->positions->len, NULL);

  g_array_append_val (s->positions, position);
  gst_harness_push_event (s->h,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, structure));
}

/* No event stays behind once the samples before it are out. */
static void
assert_events_are_out (Stream * s)
{
  guint due = 0;

  while (due < s->positions->len
      && g_array_index (s->positions, guint64, due) <= s->end)
    due++;
  fail_unless (s->events >= due, "%u events of %u came out", s->events, due);
}

static GstFlowReturn
run (Stream * s)
{
  GstFlowReturn ret = GST_FLOW_OK;

  while (s->next < s->audio->n_samples && ret == GST_FLOW_OK) {
    ret = push_chunk (s);
    while (gst_harness_buffers_in_queue (s->h) > 0)
      g_queue_push_tail (&s->held, gst_harness_pull (s->h));
    while (s->held.length > s->keep)
      check_and_release (s);
    if (ret == GST_FLOW_OK)
      push_event (s);
  }
  if (ret != GST_FLOW_FLUSHING)
    assert_events_are_out (s);
  return ret;
}

/* Promise 2, after an error too. */
static void
assert_balance (Stream * s)
{
  /* the pad may have refused the last chunk */
  guint64 in = get_stat (s->h->element, "samples-in");

  fail_unless (in <= s->pushed && in + BATCH >= s->pushed,
      "%d of %u samples came in", (int) in, s->pushed);
  if (!s->overlaps)
    assert_lossless (s->h->element, in, get_stat (s->h->element,
            "samples-pending"));
}

static void
clear_offer (Stream * s)
{
  if (s->allocator) {
    offered_allocator_drain (s->allocator);
    fail_unless_equals_int (s->allocator->freed, s->allocator->made);
    ASSERT_OBJECT_REFCOUNT (s->allocator, "downstream's allocator", 1);
    gst_object_unref (s->allocator);
  }
  if (s->pool) {
    failing_reset ();
    /* GstBufferPool keeps what it made for a start that failed */
    if (gst_buffer_pool_set_active (GST_BUFFER_POOL (s->pool), TRUE))
      gst_buffer_pool_set_active (GST_BUFFER_POOL (s->pool), FALSE);
    fail_unless_equals_int (s->pool->freed, s->pool->made);
    ASSERT_OBJECT_REFCOUNT (s->pool, "downstream's pool", 1);
    gst_object_unref (s->pool);
  }
}

static void
stream_finish (Stream * s)
{
  assert_balance (s);
  gst_element_set_state (s->h->element, GST_STATE_NULL);
  assert_balance (s);
  fail_unless_equals_uint64 (get_stat (s->h->element, "samples-pending"), 0);
  while (s->held.length > 0)
    check_and_release (s);
  fail_unless_equals_uint64 (get_counter (s->h->element, "outstanding-batches"),
      0);
  fail_unless_equals_uint64 (get_stat (s->h->element, "outstanding-bytes"), 0);
  harness_free_with_bus (s->h, s->bus);
  clear_offer (s);
  g_array_unref (s->positions);
  audio_free (s->audio);
}

static guint
calls_of_a_run (guint i)
{
  Stream s;
  guint n;

  failing_reset ();
  stream_setup (&s, i);
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  n = failing_calls ();
  stream_finish (&s);
  fail_unless (n > 0, "the plugin asks for memory in another way");
  return n;
}

/* The element posts one error, with the size. The base class may add its own
 * error that the stream has ended. */
static void
assert_refusal (GstBus * bus)
{
  GstMessage *message = expect_message (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_NO_SPACE_LEFT)
      || strstr (error->message, "(50 samples) can't be mapped"), "%s",
      error->message);
  fail_unless (strstr (error->message, "(400 bytes)")
      || strstr (error->message, "a pool of")
      || strstr (error->message, "can't be mapped")
      || strstr (error->message, "samples that two batches share"), "%s",
      error->message);
  g_error_free (error);
  gst_message_unref (message);
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
    error = NULL;
    gst_message_parse_error (message, &error, NULL);
    fail_unless (g_error_matches (error, GST_STREAM_ERROR,
            GST_STREAM_ERROR_FAILED), "a second error: %s", error->message);
    g_error_free (error);
    gst_message_unref (message);
  }
}

/* auto recycles when it has found that this costs less, sooner or later: then a
 * run makes fewer calls than the one that counted them. */
static gboolean
made_fewer_calls (const gchar * settings, guint n)
{
  return strstr (settings, "auto") && failing_calls () < n;
}

GST_START_TEST (test_without_memory_from_the_nth_call_on_there_is_one_error)
{
  const gchar *settings = cases[__i__].settings;
  const guint calls = calls_of_a_run (__i__);
  guint n;

  for (n = 1; n <= calls; n++) {
    Stream s;

    failing_reset ();
    failing_fail (n, G_MAXUINT);
    stream_setup (&s, __i__);
    if (run (&s) != GST_FLOW_OK)
      assert_refusal (s.bus);
    else
      fail_unless (made_fewer_calls (settings, n));
    stream_finish (&s);
  }
  failing_reset ();
  g_print ("%s: %u places\n", settings, calls);
}

GST_END_TEST;

/* If the pool can't allocate, the batch falls back to fresh memory. If that
 * fails too, it is an error. */
GST_START_TEST (test_one_refusal_is_an_error_or_a_fallback)
{
  const gchar *settings = cases[__i__].settings;
  const guint calls = calls_of_a_run (__i__);
  guint errors = 0, fallbacks = 0;
  guint n;

  for (n = 1; n <= calls; n++) {
    Stream s;

    failing_reset ();
    failing_fail (n, 1);
    stream_setup (&s, __i__);
    if (run (&s) == GST_FLOW_OK) {
      fail_unless (gst_bus_pop_filtered (s.bus, GST_MESSAGE_ERROR) == NULL);
      fail_unless (get_counter (s.h->element, "fallbacks") > 0
          || cases[__i__].offer != NOTHING || strstr (settings, "auto"));
      fallbacks++;
    } else {
      assert_refusal (s.bus);
      errors++;
    }
    stream_finish (&s);
  }
  failing_reset ();
  g_print ("%s: %u errors, %u fallbacks\n", settings, errors, fallbacks);
  if (strstr (settings, "fresh") && cases[__i__].offer == NOTHING)
    fail_unless_equals_int (fallbacks, 0);
  /* our own memory takes the place of downstream's */
  if (cases[__i__].offer == ALLOCATOR || cases[__i__].offer == REVIVER)
    fail_unless_equals_int (errors, 0);
}

GST_END_TEST;

GST_START_TEST (test_without_memory_for_times_only_times_are_lost)
{
  Stream s;

  failing_reset ();
  failing_fail_times ();
  stream_setup (&s, __i__);
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  fail_unless (get_counter (s.h->element, "batches") > 0);
  fail_unless_equals_uint64 (get_stat (s.h->element, "allocations-timed"), 0);
  stream_finish (&s);
  failing_reset ();
}

GST_END_TEST;

/* How often the allocation changed since the last call. */
static guint
changes_told (GstBus * bus)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
    n += gst_message_has_name (message, "audiobatch-allocation-changed");
    gst_message_unref (message);
  }
  return n;
}

/* auto only tries whether recycling helps. No machine has so many buffers. */
GST_START_TEST (test_auto_goes_on_without_memory_for_its_pool)
{
  Stream s;

  failing_reset ();
  stream_setup (&s, AUTO_CASE);
  g_object_set (s.h->element, "pool-min-buffers", G_MAXINT, NULL);
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  fail_unless_equals_uint64 (get_counter (s.h->element, "allocations"),
      AUTO_BATCHES);
  /* to recycle and back, and no second time */
  fail_unless_equals_int (changes_told (s.bus), 2);
  stream_finish (&s);
}

GST_END_TEST;

/* The pool is refused one of its first buffers. */
GST_START_TEST (test_auto_goes_on_if_its_pool_is_refused_memory)
{
  const guint calls = calls_of_a_run (AUTO_CASE);
  guint refused = 0;
  guint n;

  for (n = 1; n <= calls; n++) {
    Stream s;

    failing_reset ();
    failing_fail (n, 1);
    stream_setup (&s, AUTO_CASE);
    if (run (&s) == GST_FLOW_OK) {
      refused += changes_told (s.bus) == 2;
    } else {
      GstMessage *message = expect_message (s.bus, GST_MESSAGE_ERROR);
      GError *error = NULL;

      gst_message_parse_error (message, &error, NULL);
      fail_unless (strstr (error->message, "(400 bytes)"), "%s",
          error->message);
      g_error_free (error);
      gst_message_unref (message);
    }
    stream_finish (&s);
  }
  failing_reset ();
  /* two buffers, the default of pool-min-buffers, before and after downstream is
   * asked for a pool */
  fail_unless_equals_int (refused, 4);
}

GST_END_TEST;

GST_START_TEST (test_after_a_refusal_the_element_can_start_again)
{
  Stream s;

  failing_reset ();
  failing_fail (1, G_MAXUINT);
  stream_setup (&s, __i__);
  fail_unless_equals_int (run (&s), GST_FLOW_ERROR);
  assert_refusal (s.bus);
  while (s.held.length > 0)
    check_and_release (&s);
  gst_element_set_state (s.h->element, GST_STATE_NULL);

  failing_reset ();
  gst_element_set_state (s.h->element, GST_STATE_PLAYING);
  gst_harness_play (s.h);
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
  stream_begin (&s);
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  stream_finish (&s);
}

GST_END_TEST;

static const gchar *const source_settings[] = {
  "allocation=fresh", "allocation=pool",
  "allocation=pool pool-min-buffers=0 pool-max-buffers=1",
  "allocation=auto max-outstanding-batches=100",
};

GST_START_TEST (test_the_source_ends_with_one_error_when_memory_is_refused)
{
  guint n;

  for (n = 1; n <= 2; n++) {
    GstBus *bus;
    GstHarness *h = harness_with_bus ("audiobatchsrc", &bus);

    failing_reset ();
    failing_fail (n, G_MAXUINT);
    g_object_set (h->element, "samples-per-batch", BATCH, NULL);
    set_all (h->element, source_settings[__i__]);
    gst_harness_set_sink_caps_str (h, "audio/x-raw,format=F32LE,channels=1");
    gst_harness_play (h);
    assert_refusal (bus);
    gst_element_set_state (h->element, GST_STATE_NULL);
    fail_unless (get_counter (h->element, "batches") <= n - 1);
    harness_free_with_bus (h, bus);
    failing_reset ();
  }
}

GST_END_TEST;

/* File descriptors */

/* What the element reads of the system at its start it can do without. */
GST_START_TEST (test_without_descriptors_the_element_starts_and_streams)
{
  Descriptors descriptors;
  Stream s;

  /* valgrind has a limit of its own: some calls succeed beyond it, with a
   * descriptor that is closed */
  if (is_under_valgrind ())
    return;
  failing_reset ();
  stream_setup (&s, __i__);
  gst_element_set_state (s.h->element, GST_STATE_NULL);
  descriptors_take (&descriptors);
  gst_element_set_state (s.h->element, GST_STATE_PLAYING);
  gst_harness_play (s.h);
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
  stream_begin (&s);
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  descriptors_give_back (&descriptors);
  stream_finish (&s);
}

GST_END_TEST;

/* The handler of fill-batch */

#define FILLED 20

static GstBuffer *
fill_ramp (GstElement * src, guint64 start, guint n_samples, Audio * audio)
{
  GstBuffer *batch = take_new_batch (src);

  gst_buffer_fill (batch, 0, audio->planes[0] + start * audio->sample_size,
      gst_buffer_get_size (batch));
  return batch;
}

static GstPadProbeReturn
tell_end (GstPad * pad, GstPadProbeInfo * info, gpointer bus)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    gst_bus_post (bus, gst_message_new_application (NULL,
            gst_structure_new_empty ("end")));
  return GST_PAD_PROBE_OK;
}

/* Plays the source to its end. Returns the batches, each with the samples that
 * follow on those before it. */
static guint
play (GstHarness * h, GstBus * bus, Audio * audio)
{
  GstMessage *end;
  GstBuffer *batch;
  guint n = 0;

  gst_harness_play (h);
  end = gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND,
      GST_MESSAGE_APPLICATION);
  fail_unless (end != NULL, "the source does not end");
  gst_message_unref (end);
  while ((batch = gst_harness_try_pull (h))) {
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), n * BATCH);
    assert_batch_exclusive (batch);
    assert_batch_data (batch, audio, n * BATCH);
    gst_buffer_unref (batch);
    n++;
  }
  fail_unless_equals_uint64 (get_stat (h->element, "samples-out"), n * BATCH);
  assert_lossless (h->element, n * BATCH, 0);
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_counter (h->element, "outstanding-batches"),
      0);
  return n;
}

/* One refusal: the n-th. The handler is not asked for a batch that has no memory,
 * and the stream can be started again. */
GST_START_TEST (test_a_filled_stream_ends_with_one_error_and_starts_again)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  Audio *audio = audio_new_ramp (&info, FILLED * BATCH);
  guint n, made = 0;

  for (n = 1; made < FILLED; n++) {
    GstBus *bus;
    GstHarness *h = harness_with_bus ("audiobatchsrc", &bus);
    GstBus *ends = gst_bus_new ();

    failing_reset ();
    failing_fail (n, 1);
    g_object_set (h->element, "samples-per-batch", BATCH, "num-buffers", FILLED,
        NULL);
    set_all (h->element, source_settings[__i__]);
    g_signal_connect (h->element, "fill-batch", G_CALLBACK (fill_ramp), audio);
    gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        tell_end, ends, NULL);
    gst_harness_set_sink_caps_str (h, "audio/x-raw, format="
        GST_AUDIO_NE (F32) ", rate=48000, channels=1");
    made = play (h, ends, audio);
    if (made < FILLED) {
      assert_refusal (bus);
      fail_unless_equals_int (play (h, ends, audio), FILLED);
    }
    harness_free_with_bus (h, bus);
    gst_object_unref (ends);
  }
  failing_reset ();
  audio_free (audio);
}

GST_END_TEST;

static GstBuffer *
batch_with_reference (GstHarness * h, guint number)
{
  GstCaps *caps = gst_caps_new_empty_simple ("timestamp/x-test");
  GstBuffer *chunk = gst_buffer_new_allocate (NULL, BATCH * 4, NULL);

  gst_buffer_memset (chunk, 0, 0, -1);
  gst_buffer_add_reference_timestamp_meta (chunk, caps, number,
      GST_CLOCK_TIME_NONE);
  gst_caps_unref (caps);
  fail_unless_equals_int (gst_harness_push (h, chunk), GST_FLOW_OK);
  return gst_harness_pull (h);
}

GST_START_TEST (test_a_refused_note_costs_one_batch_its_reference_timestamp)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  guint i;

  failing_reset ();
  g_object_set (h->element, "samples-per-batch", BATCH, NULL);
  gst_util_set_object_arg (G_OBJECT (h->element), "allocation", "pool");
  harness_set_info (h, &info);
  for (i = 0; i < 3; i++) {
    GstReferenceTimestampMeta *meta;
    GstBuffer *batch;

    if (i == 1)
      failing_fail (1, 1);
    batch = batch_with_reference (h, i);
    meta = gst_buffer_get_reference_timestamp_meta (batch, NULL);
    fail_unless_equals_int (meta == NULL, i == 1);
    if (meta)
      fail_unless_equals_uint64 (meta->timestamp, i);
    gst_buffer_unref (batch);
  }
  gst_harness_teardown (h);
  failing_reset ();
}

GST_END_TEST;

GST_START_TEST (test_a_part_of_a_batch_that_can_not_be_shared_is_null)
{
  GstMemory *memory;
  Stream s;

  failing_reset ();
  stream_setup (&s, 0);
  run (&s);
  memory = gst_buffer_peek_memory (g_queue_peek_head (&s.held), 0);
  failing_fail (1, 1);
  fail_unless (gst_memory_share (memory, 0, 4) == NULL);
  failing_reset ();
  stream_finish (&s);
}

GST_END_TEST;

/* A batch in memory of downstream's pool, of which the consumer shares a part
 * when it releases the batch. */
GST_START_TEST (test_a_release_is_remembered_without_memory)
{
  GstBufferPool *pool = gst_buffer_pool_new ();
  GstMemory *part;
  Stream s;

  failing_reset ();
  stream_setup (&s, 1);
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      offer_pool, pool, NULL);
  s.keep = 1;
  fail_unless_equals_int (run (&s), GST_FLOW_OK);
  fail_unless_equals_int (s.held.length, 1);
  part = gst_memory_share (gst_buffer_peek_memory (s.held.head->data, 0), 0, 4);
  failing_fail (1, 100);
  gst_buffer_unref (g_queue_pop_head (&s.held));
  fail_unless_equals_uint64 (get_counter (s.h->element, "outstanding-batches"),
      1);
  gst_memory_unref (part);
  fail_unless_equals_uint64 (get_counter (s.h->element, "outstanding-batches"),
      0);
  failing_reset ();
  stream_finish (&s);
  gst_object_unref (pool);
}

GST_END_TEST;

/* The second element that counts a memory needs some of its own to do so, or
 * counts the release at once. */
GST_START_TEST (test_a_release_without_memory_to_remember_it_is_counted_at_once)
{
  const gboolean refused = __i__ == 1;
  GstHarness *h[2];
  GstBuffer *batch = gst_buffer_new_allocate (NULL, BATCH * 4, NULL);
  guint i;

  failing_reset ();
  gst_buffer_memset (batch, 0, 1, -1);
  for (i = 0; i < 2; i++) {
    h[i] = gst_harness_new ("audiobatch");
    g_object_set (h[i]->element, "zero-copy", TRUE, "samples-per-batch", BATCH,
        NULL);
    gst_harness_set_src_caps_str (h[i],
        "audio/x-raw, format=" GST_AUDIO_NE (F32)
        ", rate=48000, channels=1, layout=interleaved");
    if (i == 1 && refused)
      failing_fail (1, 1);
    gst_harness_push (h[i], batch);
    batch = gst_harness_pull (h[i]);
    fail_unless_equals_uint64 (get_counter (h[i]->element, "adopted"), 1);
  }
  fail_unless_equals_uint64 (get_counter (h[0]->element,
          "outstanding-batches"), 1);
  fail_unless_equals_uint64 (get_counter (h[1]->element,
          "outstanding-batches"), refused ? 0 : 1);
  gst_buffer_unref (batch);
  for (i = 0; i < 2; i++) {
    fail_unless_equals_uint64 (get_counter (h[i]->element,
            "outstanding-batches"), 0);
    gst_harness_teardown (h[i]);
  }
  failing_reset ();
}

GST_END_TEST;

/* Allocations that block */

static gpointer
run_in_thread (gpointer user_data)
{
  return GINT_TO_POINTER (run (user_data));
}

static gpointer
go_to_null (gpointer user_data)
{
  gst_element_set_state (user_data, GST_STATE_NULL);
  return NULL;
}

GST_START_TEST (test_while_an_allocation_blocks_everybody_else_goes_on)
{
  GThread *thread, *stopper;
  GstQuery *query = gst_query_new_latency ();
  Stream s;
  guint i;

  failing_reset ();
  stream_setup (&s, __i__);
  failing_block (2);
  thread = g_thread_new ("pusher", run_in_thread, &s);
  failing_await_blocked ();
  for (i = 0; i < 100; i++) {
    fail_unless (get_counter (s.h->element, "outstanding-batches") <= 40);
    get_stat (s.h->element, "allocation-time-p99");
    g_object_set (s.h->element, "max-outstanding-batches", 50 + i,
        "report-interval", i, NULL);
    gst_pad_peer_query (s.h->sinkpad, query);
  }
  /* the state change waits for the streaming thread; stats must not */
  stopper = g_thread_new ("stopper", go_to_null, s.h->element);
  for (i = 0; i < 100; i++)
    get_stat (s.h->element, "outstanding-bytes");
  failing_let_go ();
  g_thread_join (thread);
  g_thread_join (stopper);
  gst_query_unref (query);
  failing_reset ();
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_a_flush_while_an_allocation_blocks_is_no_deadlock)
{
  GThread *thread;
  Stream s;

  failing_reset ();
  stream_setup (&s, __i__);
  failing_block (2);
  thread = g_thread_new ("pusher", run_in_thread, &s);
  failing_await_blocked ();
  gst_harness_push_event (s.h, gst_event_new_flush_start ());
  failing_let_go ();
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
  failing_reset ();
  stream_finish (&s);
}

GST_END_TEST;

static Suite *
faults_suite (void)
{
  Suite *suite = suite_create ("faults");
  TCase *tc = tcase_create ("pipelines");
  guint n = G_N_ELEMENTS (cases);

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc,
      test_without_memory_from_the_nth_call_on_there_is_one_error, 0, n);
  tcase_add_loop_test (tc, test_one_refusal_is_an_error_or_a_fallback, 0, n);
  tcase_add_loop_test (tc, test_without_memory_for_times_only_times_are_lost, 0,
      n);
  tcase_add_test (tc, test_auto_goes_on_without_memory_for_its_pool);
  tcase_add_test (tc, test_auto_goes_on_if_its_pool_is_refused_memory);
  tcase_add_loop_test (tc, test_after_a_refusal_the_element_can_start_again, 0,
      n);
  tcase_add_loop_test (tc,
      test_the_source_ends_with_one_error_when_memory_is_refused, 0,
      G_N_ELEMENTS (source_settings));
  tcase_add_loop_test (tc,
      test_without_descriptors_the_element_starts_and_streams, 0, n);
  tcase_add_loop_test (tc,
      test_a_filled_stream_ends_with_one_error_and_starts_again, 0,
      G_N_ELEMENTS (source_settings));
  tcase_add_test (tc,
      test_a_refused_note_costs_one_batch_its_reference_timestamp);
  tcase_add_test (tc, test_a_part_of_a_batch_that_can_not_be_shared_is_null);
  tcase_add_test (tc, test_a_release_is_remembered_without_memory);
  tcase_add_loop_test (tc,
      test_a_release_without_memory_to_remember_it_is_counted_at_once, 0, 2);
  tcase_add_loop_test (tc,
      test_while_an_allocation_blocks_everybody_else_goes_on, 0, n);
  tcase_add_loop_test (tc,
      test_a_flush_while_an_allocation_blocks_is_no_deadlock, 0, n);
  return suite;
}

GST_CHECK_MAIN (faults);
