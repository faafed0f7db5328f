/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both elements ask of downstream in the ALLOCATION query, and how they use
 * the allocator that it offers. */

#include "../offeredallocator.h"
#include "../offeredpool.h"
#include "../sourcecheck.h"

#define BATCH 256
#define BATCHES 40

static const gchar *const modes[] = { "fresh", "pool", "auto" };

/* Each allocator, and whether it serves all, some or none of the batches. */
static const struct
{
  OfferedAllocFault fault;
  guint limit;
  gboolean serves, refuses;
} allocators[] = {
  {ALLOC_PLAIN, 0, TRUE, FALSE},
  {ALLOC_ROUNDED, 0, TRUE, FALSE},
  {ALLOC_REVIVED, 0, TRUE, FALSE},
  {ALLOC_DELEGATES, 0, TRUE, FALSE},
  {ALLOC_REFUSES, 0, FALSE, TRUE},
  {ALLOC_LIMITED, 3, TRUE, TRUE},
  {ALLOC_REFUSES_EVERY_SECOND, 0, TRUE, TRUE},
  {ALLOC_ELSEWHERE, 0, FALSE, TRUE},
  {ALLOC_PART, 0, FALSE, TRUE},
  {ALLOC_NOT_MAPPABLE, 0, FALSE, TRUE},
  {ALLOC_READONLY, 0, FALSE, TRUE},
  {ALLOC_ODD, 0, FALSE, TRUE},
  {ALLOC_NO_PREFIX, 0, FALSE, TRUE},
  {ALLOC_CUSTOM, 0, FALSE, FALSE},
  {ALLOC_SYSTEM, 0, FALSE, FALSE},
};

static const GstAllocationParams wished = {.prefix = 48,.padding = 16,
  .align = 63
};

/* Settings of audiobatch that take each way through the open batch. */
static const gchar *const windows[] = {
  "samples-per-batch=256", "samples-per-batch=256 hop-samples=64",
  "samples-per-batch=256 hop-samples=64 max-outstanding-batches=1000",
  "samples-per-batch=300 tail=pad", "samples-per-batch=301 hop-samples=400",
};

static void
offer (GstHarness * h, OfferedAllocator * allocator)
{
  gst_harness_set_propose_allocator (h, gst_object_ref (allocator), &wished);
}

static void
finish (GstHarness * h, GstBus * bus, OfferedAllocator * allocator)
{
  harness_free_with_bus (h, bus);
  offered_allocator_drain (allocator);
  fail_unless_equals_int (allocator->freed, allocator->made);
  ASSERT_OBJECT_REFCOUNT (allocator, "downstream's allocator", 1);
  gst_object_unref (allocator);
}

/* Pulls the batches that are there, and appends their bytes. Returns how many
 * have memory of @allocator. */
static guint
pull_bytes (GstHarness * h, OfferedAllocator * allocator, GByteArray * bytes)
{
  GstBuffer *batch;
  guint n = 0;

  while ((batch = gst_harness_try_pull (h))) {
    GstMapInfo map;

    assert_batch_exclusive (batch);
    fail_unless (gst_buffer_get_n_meta (batch, GST_AUDIO_META_API_TYPE) <= 1);
    n += allocator && offered_allocator_made (allocator, batch);
    fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
    g_byte_array_append (bytes, map.data, map.size);
    gst_buffer_unmap (batch, &map);
    gst_buffer_unref (batch);
  }
  return n;
}

/* Streams a ramp through audiobatch; see pull_bytes(). */
static guint
filter (const gchar * mode, const gchar * window, OfferedAllocator * allocator,
    gboolean planar, GByteArray * bytes, GstHarness ** h, GstBus ** bus)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 2, planar);
  Audio *audio = audio_new_ramp (&info, BATCHES * BATCH);
  guint i, n = 0;

  *h = harness_with_bus ("audiobatch", bus);
  set_properties ((*h)->element, window);
  set_properties ((*h)->element, "pool-max-buffers=0");
  gst_util_set_object_arg (G_OBJECT ((*h)->element), "allocation", mode);
  if (allocator)
    offer (*h, allocator);
  harness_set_info (*h, &info);
  for (i = 0; i < BATCHES; i++) {
    gst_harness_push (*h, audio_chunk (audio, i * BATCH, BATCH));
    /* hold some */
    if (i % 8 == 7)
      n += pull_bytes (*h, allocator, bytes);
  }
  gst_harness_push_event (*h, gst_event_new_eos ());
  n += pull_bytes (*h, allocator, bytes);
  audio_free (audio);
  return n;
}

static void
assert_figures (GstElement * element, guint served, guint row, guint batches)
{
  fail_unless_equals_uint64 (get_stat (element, "batches"), batches);
  /* where batches overlap the last one may have no sample of its own */
  fail_unless (get_stat (element, "allocations") + get_stat (element, "reused")
      - batches <= 1);
  fail_unless_equals_uint64 (get_stat (element, "outstanding-batches"), 0);
  fail_unless_equals_uint64 (get_stat (element, "outstanding-bytes"), 0);
  fail_unless_equals_int (served > 0, allocators[row].serves);
  fail_unless_equals_int (get_stat (element, "fallbacks") > 0,
      allocators[row].refuses);
  if (allocators[row].serves && !allocators[row].refuses)
    fail_unless_equals_int (served, batches);
}

/* Whatever the allocator does, the samples are those of a stream without it. */
static void
check_filter (guint row, const gchar * mode, const gchar * window,
    gboolean planar)
{
  OfferedAllocator *allocator =
      offered_allocator_new (allocators[row].fault, allocators[row].limit);
  GByteArray *got = g_byte_array_new (), *want = g_byte_array_new ();
  GstHarness *h, *plain;
  GstBus *bus, *plain_bus;
  guint served;

  filter (mode, window, NULL, planar, want, &plain, &plain_bus);
  served = filter (mode, window, allocator, planar, got, &h, &bus);
  assert_figures (h->element, served, row,
      get_stat (plain->element, "batches"));
  assert_same_bytes (got, want);
  harness_free_with_bus (plain, plain_bus);
  finish (h, bus, allocator);
}

GST_START_TEST (test_audiobatch_uses_the_allocator_of_downstream)
{
  guint mode, window;

  for (mode = 0; mode < G_N_ELEMENTS (modes); mode++) {
    for (window = 0; window < G_N_ELEMENTS (windows); window++) {
      check_filter (__i__, modes[mode], windows[window], FALSE);
      check_filter (__i__, modes[mode], windows[window], TRUE);
    }
  }
}

GST_END_TEST;

static guint
make (const gchar * mode, OfferedAllocator * allocator, GByteArray * bytes,
    GstHarness ** h, GstBus ** bus)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 2, FALSE);
  GPtrArray *batches;
  guint i, n = 0;

  *h = source ("audiobatchsrc", &info, "num-buffers=40 "
      "samples-per-batch=256 pool-max-buffers=0", bus);
  gst_util_set_object_arg (G_OBJECT ((*h)->element), "allocation", mode);
  if (allocator)
    offer (*h, allocator);
  batches = play_to_end (*h);
  for (i = 0; i < batches->len; i++) {
    GstBuffer *batch = g_ptr_array_index (batches, i);
    GstMapInfo map;

    n += allocator && offered_allocator_made (allocator, batch);
    fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
    g_byte_array_append (bytes, map.data, map.size);
    gst_buffer_unmap (batch, &map);
  }
  g_ptr_array_unref (batches);
  return n;
}

GST_START_TEST (test_audiobatchsrc_uses_the_allocator_of_downstream)
{
  guint mode;

  for (mode = 0; mode < G_N_ELEMENTS (modes); mode++) {
    OfferedAllocator *allocator = offered_allocator_new
        (allocators[__i__].fault, allocators[__i__].limit);
    GByteArray *got = g_byte_array_new (), *want = g_byte_array_new ();
    GstHarness *h, *plain;
    GstBus *bus, *plain_bus;
    guint served;

    make (modes[mode], NULL, want, &plain, &plain_bus);
    served = make (modes[mode], allocator, got, &h, &bus);
    assert_figures (h->element, served, __i__, 40);
    assert_same_bytes (got, want);
    harness_free_with_bus (plain, plain_bus);
    finish (h, bus, allocator);
  }
}

GST_END_TEST;

/* At the limit a batch of downstream's memory counts as any other. */
GST_START_TEST (test_the_limit_holds_for_memory_of_downstream)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 2, FALSE);
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  Audio *audio = audio_new_ramp (&info, BATCH);
  GByteArray *bytes = g_byte_array_new ();
  GstHarness *h;
  GstBus *bus;
  guint i;

  h = harness_with_bus ("audiobatch", &bus);
  set_properties (h->element, "samples-per-batch=256 max-outstanding-batches=3"
      " overrun=drop");
  gst_util_set_object_arg (G_OBJECT (h->element), "allocation", modes[__i__]);
  offer (h, allocator);
  harness_set_info (h, &info);
  for (i = 0; i < 10; i++)
    gst_harness_push (h, audio_chunk (audio, 0, BATCH));
  fail_unless_equals_uint64 (get_stat (h->element, "outstanding-batches"), 3);
  fail_unless_equals_uint64 (get_stat (h->element, "dropped-batches"), 7);
  fail_unless_equals_int (pull_bytes (h, allocator, bytes), 3);
  gst_harness_push (h, audio_chunk (audio, 0, BATCH));
  fail_unless_equals_int (pull_bytes (h, allocator, bytes), 1);
  g_byte_array_unref (bytes);
  audio_free (audio);
  finish (h, bus, allocator);
}

GST_END_TEST;

GST_START_TEST (test_memory_of_downstream_outlives_the_element)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 2, FALSE);
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  Audio *audio = audio_new_ramp (&info, 5 * BATCH);
  GstBuffer *held[5];
  GstHarness *h;
  GstBus *bus;
  guint i;

  h = harness_with_bus ("audiobatch", &bus);
  set_properties (h->element, "samples-per-batch=256");
  gst_util_set_object_arg (G_OBJECT (h->element), "allocation", modes[__i__]);
  offer (h, allocator);
  harness_set_info (h, &info);
  gst_harness_push (h, audio_chunk (audio, 0, 5 * BATCH));
  for (i = 0; i < 5; i++)
    held[i] = gst_harness_pull (h);
  harness_free_with_bus (h, bus);
  for (i = 0; i < 5; i++) {
    assert_batch_exclusive (held[i]);
    fail_unless (offered_allocator_made (allocator, held[i]));
    assert_batch_data (held[i], audio, i * BATCH);
    gst_buffer_memset (held[i], 0, 0xff, -1);
    gst_buffer_unref (held[i]);
  }
  fail_unless_equals_int (allocator->freed, allocator->made);
  ASSERT_OBJECT_REFCOUNT (allocator, "downstream's allocator", 1);
  gst_object_unref (allocator);
  audio_free (audio);
}

GST_END_TEST;

/* The query */

/* What the last ALLOCATION query asked for, and the pool in our answer. */
static struct
{
  guint n;
  gboolean need_pool;
  GstCaps *caps;
  OfferedPool *pool;
} asked;

static GstPadProbeReturn
answer (GstPad * pad, GstPadProbeInfo * info, gpointer unused)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  GstAudioInfo audio;
  GstCaps *caps;

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  asked.n++;
  gst_query_parse_allocation (query, &caps, &asked.need_pool);
  gst_caps_replace (&asked.caps, caps);
  gst_clear_object (&asked.pool);
  if (asked.need_pool) {
    fail_unless (gst_audio_info_from_caps (&audio, caps));
    asked.pool = offered_pool_new (OFFER_PLAIN);
    gst_query_add_allocation_pool (query, GST_BUFFER_POOL_CAST (asked.pool),
        BATCH * audio.bpf, 0, 8);
  }
  return GST_PAD_PROBE_HANDLED;
}

/* Pushes one batch of @info, and checks whose pool it is from. */
static void
push_batch (GstHarness * h, const GstAudioInfo * info, gboolean pooled)
{
  Audio *audio = audio_new_ramp (info, BATCH);
  GstBuffer *batch;

  gst_harness_push (h, audio_chunk (audio, 0, BATCH));
  batch = gst_harness_pull (h);
  assert_batch_data (batch, audio, 0);
  fail_unless_equals_int (batch->pool != NULL, pooled);
  if (pooled)
    fail_unless (batch->pool == GST_BUFFER_POOL_CAST (asked.pool));
  gst_buffer_unref (batch);
  audio_free (audio);
}

static GstHarness *
start_asking (const gchar * mode, GstBus ** bus)
{
  GstHarness *h = harness_with_bus ("audiobatch", bus);

  memset (&asked, 0, sizeof asked);
  set_properties (h->element, "samples-per-batch=256");
  gst_util_set_object_arg (G_OBJECT (h->element), "allocation", mode);
  gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer,
      NULL, NULL);
  return h;
}

static void
stop_asking (GstHarness * h, GstBus * bus)
{
  harness_free_with_bus (h, bus);
  gst_clear_caps (&asked.caps);
  gst_clear_object (&asked.pool);
}

static void
assert_asked (guint n, gboolean need_pool, const GstAudioInfo * info)
{
  GstCaps *caps = gst_audio_info_to_caps (info);

  fail_unless_equals_int (asked.n, n);
  fail_unless_equals_int (asked.need_pool, need_pool);
  fail_unless (gst_caps_is_equal (asked.caps, caps));
  gst_caps_unref (caps);
}

GST_START_TEST (test_allocation_is_asked_anew_after_new_caps)
{
  GstAudioInfo mono = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstAudioInfo stereo = audio_info (GST_AUDIO_FORMAT_F32, 96000, 2, FALSE);
  gboolean pooled = g_str_equal (modes[__i__], "pool");
  GstBus *bus;
  GstHarness *h = start_asking (modes[__i__], &bus);
  guint i;

  harness_set_info (h, &mono);
  for (i = 0; i < 3; i++)
    push_batch (h, &mono, pooled);
  assert_asked (1, pooled, &mono);
  harness_set_info (h, &stereo);
  for (i = 0; i < 3; i++)
    push_batch (h, &stereo, pooled);
  assert_asked (2, pooled, &stereo);
  stop_asking (h, bus);
}

GST_END_TEST;

GST_START_TEST (test_a_pool_is_asked_for_once_batches_are_recycled)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstBus *bus;
  GstHarness *h = start_asking ("fresh", &bus);
  Audio *audio = audio_new_ramp (&info, BATCH);

  harness_set_info (h, &info);
  push_batch (h, &info, FALSE);
  assert_asked (1, FALSE, &info);
  gst_util_set_object_arg (G_OBJECT (h->element), "allocation", "pool");
  /* the first batch of the new plan comes from our own pool */
  gst_harness_push (h, audio_chunk (audio, 0, BATCH));
  gst_buffer_unref (gst_harness_pull (h));
  push_batch (h, &info, TRUE);
  assert_asked (2, TRUE, &info);
  gst_util_set_object_arg (G_OBJECT (h->element), "allocation", "fresh");
  push_batch (h, &info, FALSE);
  assert_asked (2, TRUE, &info);
  audio_free (audio);
  stop_asking (h, bus);
}

GST_END_TEST;

static Suite *
downstream_suite (void)
{
  Suite *suite = suite_create ("downstream");
  TCase *tc = tcase_create ("downstream");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc, test_audiobatch_uses_the_allocator_of_downstream, 0,
      G_N_ELEMENTS (allocators));
  tcase_add_loop_test (tc, test_audiobatchsrc_uses_the_allocator_of_downstream,
      0, G_N_ELEMENTS (allocators));
  tcase_add_loop_test (tc, test_the_limit_holds_for_memory_of_downstream, 0,
      G_N_ELEMENTS (modes));
  tcase_add_loop_test (tc, test_memory_of_downstream_outlives_the_element, 0,
      G_N_ELEMENTS (modes));
  tcase_add_loop_test (tc, test_allocation_is_asked_anew_after_new_caps, 0,
      G_N_ELEMENTS (modes));
  tcase_add_test (tc, test_a_pool_is_asked_for_once_batches_are_recycled);
  return suite;
}

GST_CHECK_MAIN (downstream);
