/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Downstream's allocator and pool: when we use them, what we count, and what we
 * do if they have a fault. */

#include "memory/foreign.h"

#include "offeredallocator.h"
#include "offeredpool.h"
#include "poolcheck.h"

/* Downstream offers @pool, and batches have BYTES bytes. Returns whether the
 * offer is taken. */
static gboolean
take_offer (OfferedPool * pool, guint size, guint min, guint max,
    const GstAllocationParams * params)
{
  const AbMemoryPlan plan = {.pooled = TRUE,.size = BYTES,.align = 3,
    .min = 2,.max = 4
  };
  GstCaps *caps = gst_caps_new_empty_simple ("audio/x-raw");
  GstQuery *query = gst_query_new_allocation (caps, TRUE);

  gst_query_add_allocation_pool (query, GST_BUFFER_POOL_CAST (pool), size, min,
      max);
  if (params)
    gst_query_add_allocation_param (query, NULL, params);
  ab_memory_take_query (&memory, query);
  gst_query_unref (query);
  gst_caps_unref (caps);
  return ab_memory_plan (&memory, &plan);
}

static gboolean
is_offered (OfferedPool * pool)
{
  return memory.pool == GST_BUFFER_POOL_CAST (pool);
}

/* Stops using the pool and checks that it has all its buffers back. */
static void
finish (OfferedPool * pool)
{
  const AbMemoryPlan fresh = {.size = BYTES };

  set_params (NULL);
  fail_unless (ab_memory_plan (&memory, &fresh));
  assert_counters ("outstanding-batches=0 outstanding-bytes=0");
  ASSERT_OBJECT_REFCOUNT (pool, "downstream's pool", 1);
  gst_object_unref (pool);
}

GST_START_TEST (test_downstreams_pool_is_used_and_counted)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  guint round;

  fail_unless (take_offer (pool, BYTES, 0, 8, NULL));
  fail_unless (is_offered (pool));
  for (round = 0; round < 10; round++)
    hold_batches (3);
  assert_batches (3, 27, 0, 0, 0);
  assert_counters ("peak-outstanding-batches=3");
  fail_unless_equals_int (pool->made, 3);
  finish (pool);
}

GST_END_TEST;

GST_START_TEST (test_an_exhausted_foreign_pool_is_answered_by_fresh_memory)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);

  fail_unless (take_offer (pool, BYTES, 0, 4, NULL));
  fail_unless (is_offered (pool));
  hold_batches (7);
  hold_batches (7);
  assert_batches (4 + 2 * 3, 4, 2 * 3, 0, 0);
  finish (pool);
}

GST_END_TEST;

/* Each offer, and whether we take it. */
static const struct
{
  OfferedFault fault;
  guint size, min, max;
  gboolean used;
} offers[] = {
  {OFFER_PLAIN, BYTES, 2, 0, TRUE},
  {OFFER_PLAIN, 2 * BYTES, 0, 0, TRUE},
  {OFFER_PLAIN, BYTES, 0, 2, TRUE},
  {OFFER_TIGHT, BYTES, 0, 0, TRUE},
  /* too small, and too few */
  {OFFER_PLAIN, BYTES - 1, 0, 0, FALSE},
  {OFFER_PLAIN, 0, 0, 0, FALSE},
  {OFFER_PLAIN, BYTES, 0, 1, FALSE},
  {OFFER_PLAIN, BYTES, 5, 4, FALSE},
  /* faults */
  {OFFER_REFUSES, BYTES, 0, 0, FALSE},
  {OFFER_GROWS, BYTES, 0, 0, TRUE},
  {OFFER_SHRINKS, BYTES, 0, 0, FALSE},
  {OFFER_TOO_FEW, BYTES, 0, 8, FALSE},
  {OFFER_WONT_START, BYTES, 0, 0, FALSE},
};

GST_START_TEST (test_an_offer_that_does_not_fit_is_not_taken)
{
  OfferedPool *pool = offered_pool_new (offers[__i__].fault);
  guint round;

  fail_unless (take_offer (pool, offers[__i__].size, offers[__i__].min,
          offers[__i__].max, NULL));
  fail_unless (memory.pool != NULL);
  fail_unless_equals_int (is_offered (pool), offers[__i__].used);
  /* either pool recycles */
  for (round = 0; round < 5; round++)
    hold_batches (2);
  assert_batches (2, 8, 0, 0, 0);
  finish (pool);
}

GST_END_TEST;

/* A batch must keep the prefix that downstream asked for. GstBufferPool resets
 * the offset of a returned buffer: no prefix is left. */
static const OfferedFault prefixless[] = { OFFER_NO_PREFIX, OFFER_PLAIN };

GST_START_TEST (test_every_batch_has_the_prefix_that_is_wished)
{
  const GstAllocationParams params = {.prefix = 48,.padding = 16,.align = 63 };
  OfferedPool *pool = offered_pool_new (prefixless[__i__]);
  gsize offset, maxsize;
  guint i;

  fail_unless (take_offer (pool, BYTES, 0, 0, &params));
  for (i = 0; i < 3; i++) {
    GstBuffer *batch = acquire ();

    gst_buffer_get_sizes (batch, &offset, &maxsize);
    fail_unless_equals_uint64 (offset, 48);
    fail_unless (maxsize >= 48 + BYTES + 16);
    gst_buffer_unref (batch);
  }
  finish (pool);
}

GST_END_TEST;

/* The prefix that downstream asks for. `used` says whether 4-byte samples can
 * follow it in a block aligned to 8. */
static const struct
{
  gsize prefix;
  gboolean used;
} headers[] = {
  {12, TRUE},
  {13, FALSE},
  {14, FALSE},
};

GST_START_TEST (test_samples_are_aligned_behind_any_prefix)
{
  const GstAllocationParams params = {.prefix = headers[__i__].prefix };
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  guint8 *data;
  GstBuffer *batch;
  gsize offset;

  fail_unless (take_offer (pool, BYTES, 0, 0, &params));
  batch = acquire_data (BYTES, &data);
  memset (data, FILL, BYTES);
  fail_unless_equals_uint64 ((guintptr) data & 3, 0);
  gst_buffer_get_sizes (batch, &offset, NULL);
  fail_unless_equals_uint64 (offset, params.prefix);
  fail_unless_equals_int (batch->pool == GST_BUFFER_POOL_CAST (pool),
      headers[__i__].used);
  fail_unless_equals_uint64 (counter (AB_COUNTER_FALLBACKS),
      headers[__i__].used ? 0 : 1);
  gst_buffer_unref (batch);
  finish (pool);
}

GST_END_TEST;

static const OfferedFault unfit[] = { OFFER_TWO_MEMORIES, OFFER_RUNS_DRY };

GST_START_TEST (test_a_foreign_buffer_that_is_no_batch_is_given_back)
{
  OfferedPool *pool = offered_pool_new (unfit[__i__]);

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  fail_unless (is_offered (pool));
  hold_batches (4);
  assert_batches (4, 0, unfit[__i__] == OFFER_TWO_MEMORIES ? 4 : 2, 0, 0);
  finish (pool);
}

GST_END_TEST;

GST_START_TEST (test_a_larger_foreign_buffer_counts_with_all_it_pins)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  GstBuffer *batch;

  fail_unless (take_offer (pool, 4 * BYTES, 0, 0, NULL));
  batch = acquire ();
  fail_unless (counter (AB_COUNTER_OUTSTANDING_BYTES) >= 4 * BYTES);
  gst_buffer_unref (batch);
  finish (pool);
}

GST_END_TEST;

GST_START_TEST (test_a_foreign_batch_is_live_as_long_as_its_memory_is_held)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  GstMiniObject *left;
  GstBuffer *batch;

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  batch = acquire ();
  left = holders[__i__] (batch);
  assert_counters ("outstanding-batches=1");
  gst_buffer_unref (batch);
  /* the foreign pool takes a memory back even if someone holds a reference */
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES),
      holders[__i__] != keep_memory);
  gst_mini_object_unref (left);
  assert_counters ("outstanding-batches=0");
  finish (pool);
}

GST_END_TEST;

GST_START_TEST (test_what_is_held_does_not_add_up_over_many_batches)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  guint i;

  fail_unless (take_offer (pool, BYTES, 0, 4, NULL));
  for (i = 0; i < 50; i++) {
    GstBuffer *batch = acquire ();
    GstMiniObject *left = holders[__i__] (batch);

    gst_buffer_unref (batch);
    gst_mini_object_unref (left);
    assert_counters ("outstanding-batches=0");
  }
  assert_counters ("peak-outstanding-batches=1");
  finish (pool);
}

GST_END_TEST;

/* Releases each holder's reference while the consumer releases its own. */
static gpointer
unref_when_told (gpointer user_data)
{
  GAsyncQueue *queue = user_data;
  gpointer object;

  while ((object = g_async_queue_pop (queue)) != queue)
    gst_mini_object_unref (object);
  return NULL;
}

GST_START_TEST
    (test_holders_that_let_go_at_the_same_time_leave_nothing_outstanding) {
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  GAsyncQueue *queue = g_async_queue_new ();
  GThread *thread = g_thread_new ("holder", unref_when_told, queue);
  guint i;

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  for (i = 0; i < 20000; i++) {
    GstBuffer *batch = acquire ();

    g_async_queue_push (queue, gst_buffer_copy (batch));
    gst_buffer_unref (batch);
  }
  g_async_queue_push (queue, queue);
  g_thread_join (thread);
  g_async_queue_unref (queue);
  assert_counters ("outstanding-batches=0");
  finish (pool);
}

GST_END_TEST;

GST_START_TEST (test_foreign_batches_outlive_where_they_came_from)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  GstBuffer *batch;
  guint8 *data;

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  batch = acquire_data (BYTES, &data);
  memset (data, FILL, BYTES);
  gst_object_unref (pool);
  ab_memory_clear (&memory);
  assert_counters ("outstanding-batches=1");
  assert_filled (data, FILL);
  gst_buffer_unref (batch);
  assert_counters ("outstanding-batches=0");
  ab_memory_init (&memory, stats);
}

GST_END_TEST;

/* set_config() fails while buffers are outstanding, even if the pool is
 * inactive. */
GST_START_TEST (test_a_foreign_pool_with_buffers_out_is_not_configured_anew)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  GstBuffer *held, *batch;

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  held = acquire ();
  fail_unless (take_offer (pool, 2 * BYTES, 0, 0, NULL));
  fail_if (is_offered (pool));
  batch = acquire ();
  assert_counters ("outstanding-batches=2");
  gst_buffer_unref (batch);
  gst_buffer_unref (held);
  /* it has all buffers back now, so it can be configured */
  fail_unless (take_offer (pool, 2 * BYTES, 0, 0, NULL));
  fail_unless (is_offered (pool));
  finish (pool);
}

GST_END_TEST;

/* Downstream's allocator */

static gboolean
take_allocator (OfferedAllocator * allocator, gboolean pooled, guint max,
    const GstAllocationParams * params)
{
  const AbMemoryPlan plan = {.pooled = pooled,.size = BYTES,.align = 3,
    .min = 2,.max = max
  };
  GstQuery *query = gst_query_new_allocation (NULL, pooled);

  gst_query_add_allocation_param (query, GST_ALLOCATOR_CAST (allocator),
      params);
  ab_memory_take_query (&memory, query);
  gst_query_unref (query);
  return ab_memory_plan (&memory, &plan);
}

static void
finish_allocator (OfferedAllocator * allocator)
{
  const AbMemoryPlan fresh = {.size = BYTES };

  set_params (NULL);
  fail_unless (ab_memory_plan (&memory, &fresh));
  assert_counters ("outstanding-batches=0 outstanding-bytes=0");
  offered_allocator_drain (allocator);
  fail_unless_equals_int (allocator->freed, allocator->made);
  ASSERT_OBJECT_REFCOUNT (allocator, "downstream's allocator", 1);
  gst_object_unref (allocator);
}

/* Each allocator: how many of 8 batches have its memory while 4 are held, and
 * how many are fallbacks. */
static const struct
{
  OfferedAllocFault fault;
  guint limit, theirs, fallbacks;
} allocators[] = {
  {ALLOC_PLAIN, 0, 8, 0},
  {ALLOC_ROUNDED, 0, 8, 0},
  {ALLOC_REVIVED, 0, 8, 0},
  {ALLOC_DELEGATES, 0, 8, 0},
  {ALLOC_REFUSES, 0, 0, 8},
  {ALLOC_LIMITED, 3, 6, 2},
  {ALLOC_REFUSES_EVERY_SECOND, 0, 4, 4},
  {ALLOC_ELSEWHERE, 0, 0, 8},
  {ALLOC_PART, 0, 0, 8},
  {ALLOC_NOT_MAPPABLE, 0, 0, 8},
  {ALLOC_READONLY, 0, 0, 8},
  {ALLOC_ODD, 0, 0, 8},
  {ALLOC_NO_PREFIX, 0, 0, 8},
  {ALLOC_CUSTOM, 0, 0, 0},
  {ALLOC_SYSTEM, 0, 0, 0},
};

static const GstAllocationParams wished = {.prefix = 48,.padding = 16,
  .align = 63
};

/* Takes 4 batches, releases them, takes 4 again. Returns how many have memory of
 * @allocator. */
static guint
use_allocator (OfferedAllocator * allocator)
{
  GstBuffer *batches[4];
  guint8 *data[4];
  guint round, i, theirs = 0;
  gsize offset;

  for (round = 0; round < 2; round++) {
    for (i = 0; i < 4; i++) {
      batches[i] = acquire_data (BYTES, &data[i]);
      memset (data[i], i, BYTES);
      theirs += offered_allocator_made (allocator, batches[i]);
      gst_buffer_get_sizes (batches[i], &offset, NULL);
      fail_unless_equals_uint64 (offset, 48);
      fail_unless_equals_uint64 ((guintptr) data[i] & 63, 0);
    }
    fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 4);
    for (i = 0; i < 4; i++) {
      assert_filled (data[i], i);
      gst_buffer_unref (batches[i]);
    }
    assert_counters ("outstanding-batches=0 outstanding-bytes=0");
  }
  return theirs;
}

GST_START_TEST (test_fresh_batches_have_memory_of_downstreams_allocator)
{
  OfferedAllocator *allocator =
      offered_allocator_new (allocators[__i__].fault, allocators[__i__].limit);

  fail_unless (take_allocator (allocator, FALSE, 0, &wished));
  fail_unless_equals_int (use_allocator (allocator), allocators[__i__].theirs);
  assert_batches (8, 0, allocators[__i__].fallbacks, 0, 0);
  finish_allocator (allocator);
}

GST_END_TEST;

/* The pool has memory of the allocator, and what it can't have is our own. */
GST_START_TEST (test_recycled_batches_have_memory_of_downstreams_allocator)
{
  OfferedAllocFault fault = allocators[__i__].fault;
  OfferedAllocator *allocator =
      offered_allocator_new (fault, allocators[__i__].limit);
  gboolean unused = fault == ALLOC_CUSTOM || fault == ALLOC_SYSTEM;

  fail_unless (take_allocator (allocator, TRUE, 8, &wished));
  fail_unless_equals_int (use_allocator (allocator) > 0,
      allocators[__i__].theirs > 0);
  fail_unless_equals_int (counter (AB_COUNTER_FALLBACKS) > 0,
      allocators[__i__].fallbacks > 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS)
      + counter (AB_COUNTER_REUSED), 8);
  if (unused || allocators[__i__].fallbacks == 0)
    assert_batches (4, 4, 0, 0, 0);
  if (allocators[__i__].theirs == 0 && !unused)
    assert_batches (8, 0, 8, 0, 0);
  finish_allocator (allocator);
}

GST_END_TEST;

GST_START_TEST (test_an_exhausted_pool_is_answered_by_downstreams_allocator)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);

  fail_unless (take_allocator (allocator, TRUE, 3, &wished));
  fail_unless_equals_int (use_allocator (allocator), 8);
  assert_batches (3 + 2, 3, 2, 0, 0);
  finish_allocator (allocator);
}

GST_END_TEST;

/* A copy shares the memory, so the pool can't reuse it. What is held is
 * outstanding, pooled or not. */
GST_START_TEST (test_memory_of_downstream_is_live_as_long_as_it_is_held)
{
  gboolean pooled = __i__ % 2;
  guint holder = __i__ / 2;
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  GstMiniObject *left;
  GstBuffer *batch;

  fail_unless (take_allocator (allocator, pooled, 8, NULL));
  batch = acquire ();
  left = holders[holder] (batch);
  gst_buffer_unref (batch);
  assert_counters ("outstanding-batches=1");
  gst_mini_object_unref (left);
  assert_batches (1, 0, 0, pooled && !(holders[holder] == copy_shallow
          && copies_keep_their_buffer ()), 0);
  finish_allocator (allocator);
}

GST_END_TEST;

/* Nothing tells when revived memory is free, so a copy does not count. */
GST_START_TEST (test_revived_memory_is_never_outstanding_for_good)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_REVIVED, 0);
  guint i;

  fail_unless (take_allocator (allocator, FALSE, 0, NULL));
  for (i = 0; i < 5; i++) {
    GstBuffer *batch = acquire ();
    GstMiniObject *left = holders[i % G_N_ELEMENTS (holders)] (batch);

    gst_buffer_unref (batch);
    gst_mini_object_unref (left);
    assert_counters ("outstanding-batches=0");
  }
  fail_unless_equals_int (allocator->made, 1);
  finish_allocator (allocator);
}

GST_END_TEST;

/* What a consumer can do to a batch. All but the last make it unfit for a
 * pool. */

static void
append_memory (GstBuffer * batch)
{
  gst_buffer_append_memory (batch, gst_allocator_alloc (NULL, 10, NULL));
}

static void
replace_memory (GstBuffer * batch)
{
  gst_buffer_replace_all_memory (batch, gst_allocator_alloc (NULL, BYTES,
          NULL));
}

static void
remove_memory (GstBuffer * batch)
{
  gst_buffer_remove_all_memory (batch);
}

static void
tag_memory (GstBuffer * batch)
{
  GST_BUFFER_FLAG_SET (batch, GST_BUFFER_FLAG_TAG_MEMORY);
}

static void
resize (GstBuffer * batch)
{
  gst_buffer_resize (batch, 8, 100);
}

static void (*const changes[]) (GstBuffer *) = {
  append_memory, replace_memory, remove_memory, tag_memory, resize
};

/* Changes a batch of the pool; then uses the pool again. */
static void
change_a_batch (guint change)
{
  GstBuffer *batch = acquire ();

  changes[change] (batch);
  gst_buffer_unref (batch);
  fail_unless_equals_uint64 (counter (AB_COUNTER_DISCARDS),
      changes[change] != resize);
  assert_counters ("outstanding-batches=0 outstanding-bytes=0");
  hold_batches (3);
}

GST_START_TEST (test_what_is_no_longer_a_batch_is_discarded_and_counted)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);

  fail_unless (take_allocator (allocator, TRUE, 8, NULL));
  change_a_batch (__i__);
  finish_allocator (allocator);
}

GST_END_TEST;

GST_START_TEST (test_a_discard_of_downstreams_pool_is_counted)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  change_a_batch (__i__);
  finish (pool);
}

GST_END_TEST;

/* GstBufferPool takes such a buffer back, but it is not a batch of its own. */
GST_START_TEST (test_memory_that_is_referenced_elsewhere_is_not_used_again)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  GstBuffer *batches[2];
  GstMemory *left;
  guint8 *data;

  fail_unless (take_offer (pool, BYTES, 0, 2, NULL));
  batches[0] = acquire_data (BYTES, &data);
  memset (data, 0x55, BYTES);
  left = gst_buffer_get_memory (batches[0], 0);
  gst_buffer_unref (batches[0]);
  /* the pool has two buffers */
  batches[0] = acquire ();
  batches[1] = acquire ();
  assert_filled (data, 0x55);
  assert_batches (3, 0, 1, 0, 2);
  gst_buffer_unref (batches[0]);
  gst_buffer_unref (batches[1]);
  gst_memory_unref (left);
  finish (pool);
}

GST_END_TEST;

/* A copy that is held: see test_a_copy_that_is_held_is_out_or_a_discard. */
GST_START_TEST (test_a_held_copy_of_downstreams_pool_is_out_or_a_discard)
{
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  const guint kept = copies_keep_their_buffer ()? 1 : 0;
  GstBuffer *batch, *copy;

  fail_unless (take_offer (pool, BYTES, 0, 0, NULL));
  batch = acquire ();
  copy = gst_buffer_copy (batch);
  gst_buffer_unref (batch);
  assert_batches (1, 0, 0, 1 - kept, 1);
  gst_buffer_unref (copy);
  assert_batches (1, 0, 0, 1 - kept, 0);
  finish (pool);
}

GST_END_TEST;

GST_START_TEST (test_memory_of_downstream_outlives_where_it_came_from)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  GstBuffer *batch;
  guint8 *data;

  fail_unless (take_allocator (allocator, __i__, 8, NULL));
  batch = acquire_data (BYTES, &data);
  memset (data, FILL, BYTES);
  ab_memory_clear (&memory);
  assert_counters ("outstanding-batches=1");
  assert_filled (data, FILL);
  gst_buffer_unref (batch);
  assert_counters ("outstanding-batches=0");
  ab_memory_init (&memory, stats);
  finish_allocator (allocator);
}

GST_END_TEST;

/* Such an allocator may end the program where ours returns NULL. */
GST_START_TEST (test_what_the_machine_does_not_have_is_not_asked_of_downstream)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  const GstAllocationParams params = {.padding = 1 << 20 };
  const AbMemoryPlan plan = {.size = BYTES,.limit = 1 << 20 };
  GstBuffer *batch;

  fail_unless (take_allocator (allocator, FALSE, 0, &params));
  fail_unless (ab_memory_plan (&memory, &plan));
  batch = acquire ();
  fail_unless_equals_int (allocator->asked, 0);
  assert_batches (1, 0, 1, 0, 1);
  gst_buffer_unref (batch);
  finish_allocator (allocator);
}

GST_END_TEST;

GST_START_TEST (test_downstreams_pool_gets_downstreams_allocator)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  OfferedPool *pool = offered_pool_new (OFFER_PLAIN);
  const AbMemoryPlan plan = {.pooled = TRUE,.size = BYTES,.min = 2,.max = 4 };
  GstCaps *caps = gst_caps_new_empty_simple ("audio/x-raw");
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBuffer *batch;

  gst_query_add_allocation_param (query, GST_ALLOCATOR_CAST (allocator), NULL);
  gst_query_add_allocation_pool (query, GST_BUFFER_POOL_CAST (pool), BYTES, 2,
      0);
  ab_memory_take_query (&memory, query);
  gst_query_unref (query);
  gst_caps_unref (caps);
  fail_unless (ab_memory_plan (&memory, &plan));
  fail_unless (is_offered (pool));
  batch = acquire ();
  fail_unless (offered_allocator_made (allocator, batch));
  gst_buffer_unref (batch);
  finish (pool);
  finish_allocator (allocator);
}

GST_END_TEST;

static Suite *
foreign_suite (void)
{
  Suite *s = suite_create ("foreign");
  TCase *tc = tcase_create ("foreignbatch");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_downstreams_pool_is_used_and_counted);
  tcase_add_test (tc,
      test_an_exhausted_foreign_pool_is_answered_by_fresh_memory);
  tcase_add_loop_test (tc, test_an_offer_that_does_not_fit_is_not_taken, 0,
      G_N_ELEMENTS (offers));
  tcase_add_loop_test (tc, test_every_batch_has_the_prefix_that_is_wished, 0,
      G_N_ELEMENTS (prefixless));
  tcase_add_loop_test (tc, test_samples_are_aligned_behind_any_prefix, 0,
      G_N_ELEMENTS (headers));
  tcase_add_loop_test (tc, test_a_foreign_buffer_that_is_no_batch_is_given_back,
      0, G_N_ELEMENTS (unfit));
  tcase_add_test (tc, test_a_larger_foreign_buffer_counts_with_all_it_pins);
  tcase_add_loop_test (tc,
      test_a_foreign_batch_is_live_as_long_as_its_memory_is_held, 0,
      G_N_ELEMENTS (holders));
  tcase_add_loop_test (tc,
      test_what_is_held_does_not_add_up_over_many_batches, 0,
      G_N_ELEMENTS (holders));
  tcase_add_test (tc,
      test_holders_that_let_go_at_the_same_time_leave_nothing_outstanding);
  tcase_add_test (tc, test_foreign_batches_outlive_where_they_came_from);
  tcase_add_test (tc,
      test_a_foreign_pool_with_buffers_out_is_not_configured_anew);
  tcase_add_loop_test (tc,
      test_fresh_batches_have_memory_of_downstreams_allocator, 0,
      G_N_ELEMENTS (allocators));
  tcase_add_loop_test (tc,
      test_recycled_batches_have_memory_of_downstreams_allocator, 0,
      G_N_ELEMENTS (allocators));
  tcase_add_test (tc,
      test_an_exhausted_pool_is_answered_by_downstreams_allocator);
  tcase_add_loop_test (tc,
      test_memory_of_downstream_is_live_as_long_as_it_is_held, 0,
      2 * G_N_ELEMENTS (holders));
  tcase_add_test (tc,
      test_memory_that_is_referenced_elsewhere_is_not_used_again);
  tcase_add_test (tc, test_revived_memory_is_never_outstanding_for_good);
  tcase_add_loop_test (tc,
      test_what_is_no_longer_a_batch_is_discarded_and_counted, 0,
      G_N_ELEMENTS (changes));
  tcase_add_loop_test (tc, test_a_discard_of_downstreams_pool_is_counted, 0,
      G_N_ELEMENTS (changes));
  tcase_add_test (tc, test_a_held_copy_of_downstreams_pool_is_out_or_a_discard);
  tcase_add_loop_test (tc,
      test_memory_of_downstream_outlives_where_it_came_from, 0, 2);
  tcase_add_test (tc,
      test_what_the_machine_does_not_have_is_not_asked_of_downstream);
  tcase_add_test (tc, test_downstreams_pool_gets_downstreams_allocator);
  return s;
}

GST_CHECK_MAIN (foreign);
