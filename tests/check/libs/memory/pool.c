/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool: what it recycles and what it discards. It never blocks. */

#include "memory/pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include "poolcheck.h"

static void
plan_pool (gsize size, guint min, guint max)
{
  const AbMemoryPlan plan = {.pooled = TRUE,.size = size,.min = min,
    .max = max
  };

  fail_unless (ab_memory_plan (&memory, &plan));
}

/* Asks the pool itself, without the fallback of AbMemory. */
static GstFlowReturn
ask_pool (GstBufferPool * pool, GstBufferPoolAcquireFlags flags,
    GstBuffer ** buffer)
{
  GstBufferPoolAcquireParams params = {.flags = flags };

  *buffer = NULL;
  return gst_buffer_pool_acquire_buffer (pool, buffer, &params);
}

static const GstBufferPoolAcquireFlags ways[] = {
  GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT, GST_BUFFER_POOL_ACQUIRE_FLAG_NONE
};

/* If acquire waited, this test would hang. */
GST_START_TEST (test_an_exhausted_pool_says_eos_at_once)
{
  GstBuffer *one, *other;

  plan_pool (BYTES, 0, 1);
  fail_unless_equals_int (ask_pool (memory.pool, ways[__i__], &one),
      GST_FLOW_OK);
  fail_unless_equals_int (ask_pool (memory.pool, ways[__i__], &other),
      GST_FLOW_EOS);
  fail_unless (other == NULL);
  ab_allocator_take (memory.allocator, gst_buffer_peek_memory (one, 0));
  gst_buffer_unref (one);
  fail_unless_equals_int (ask_pool (memory.pool, ways[__i__], &other),
      GST_FLOW_OK);
  ab_allocator_take (memory.allocator, gst_buffer_peek_memory (other, 0));
  gst_buffer_unref (other);
}

GST_END_TEST;

GST_START_TEST (test_a_flushing_pool_says_so_and_gets_its_buffers_back)
{
  GstBuffer *out, *other;
  GstBufferPool *pool;

  plan_pool (BYTES, 1, 2);
  pool = memory.pool;
  out = acquire ();
  gst_buffer_pool_set_flushing (pool, TRUE);
  fail_unless_equals_int (ask_pool (pool, ways[__i__], &other),
      GST_FLOW_FLUSHING);
  gst_buffer_unref (out);
  assert_counters ("outstanding-batches=0");
  gst_buffer_pool_set_flushing (pool, FALSE);
  hold_batches (1);
  assert_counters ("outstanding-batches=0");
}

GST_END_TEST;

GST_START_TEST (test_while_a_pool_flushes_batches_are_fresh)
{
  plan_pool (BYTES, 2, 4);
  gst_buffer_pool_set_flushing (memory.pool, TRUE);
  hold_batches (1);
  assert_batches (1, 0, 1, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_what_comes_back_is_used_again)
{
  guint8 *data, *again;
  GstBuffer *batch;
  guint i;

  plan_pool (BYTES, 1, 4);
  batch = acquire_data (BYTES, &data);
  gst_buffer_unref (batch);
  for (i = 0; i < 100; i++) {
    batch = acquire_data (BYTES, &again);
    fail_unless_equals_pointer (again, data);
    gst_buffer_unref (batch);
  }
  assert_batches (1, 100, 0, 0, 0);
  assert_counters ("allocated-bytes=4096 reused-bytes=409600 "
      "peak-outstanding-batches=1 peak-outstanding-bytes=4096");
}

GST_END_TEST;

/* @rounds times, @n batches are outstanding at one time. */
static const struct
{
  guint min, max;
  guint n, rounds;
  guint allocations, reused, fallbacks;
} plans[] = {
  /* 4 from the pool and 6 fallbacks in each round */
  {2, 4, 10, 3, 4 + 3 * 6, 2 * 4, 3 * 6},
  {0, 1, 2, 50, 1 + 50, 49, 50},
  /* no limit */
  {0, 0, 200, 2, 200, 200, 0},
  /* a first number above the most raises the most */
  {8, 3, 8, 1, 8, 0, 0},
};

GST_START_TEST (test_an_exhausted_pool_is_answered_by_fresh_memory)
{
  guint round;

  plan_pool (BYTES, plans[__i__].min, plans[__i__].max);
  for (round = 0; round < plans[__i__].rounds; round++)
    hold_batches (plans[__i__].n);
  assert_batches (plans[__i__].allocations, plans[__i__].reused,
      plans[__i__].fallbacks, 0, 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_PEAK_OUTSTANDING_BATCHES),
      plans[__i__].n);
  fail_unless_equals_uint64 (counter (AB_COUNTER_PEAK_OUTSTANDING_BYTES),
      plans[__i__].n * BYTES);
}

GST_END_TEST;

GST_START_TEST (test_the_first_buffers_are_there_and_touched_before_use)
{
  const gsize size = 4 * 1024 * 1024;
  const guintptr page = sysconf (_SC_PAGESIZE);
  guint8 pages[4096];
  GstBuffer *batches[3];
  guint8 *data;
  guint i;
  gsize p;

  plan_pool (size, 2, 4);
  /* spare buffers do not count as batches */
  assert_batches (0, 0, 0, 0, 0);
  assert_counters ("outstanding-bytes=0");
  for (i = 0; i < 3; i++) {
    batches[i] = acquire_data (size, &data);
    if (i < 2) {
      guint8 *aligned = (guint8 *) (((guintptr) data + page - 1) & -page);
      gsize n = (data + size - aligned) / page;

      fail_unless (n <= G_N_ELEMENTS (pages));
      fail_unless_equals_int (mincore (aligned, n * page, pages), 0);
      for (p = 0; p < n; p++)
        fail_unless (pages[p] & 1, "page %d of batch %u is not resident",
            (int) p, i);
    }
  }
  assert_batches (3, 0, 0, 0, 3);
  for (i = 0; i < 3; i++)
    gst_buffer_unref (batches[i]);
}

GST_END_TEST;

GST_START_TEST (test_a_recycled_buffer_has_nothing_of_its_last_life_but_data)
{
  /* GStreamer never frees the caps of a static: on the stack they would leak */
  static GstStaticCaps timestamp_caps = GST_STATIC_CAPS ("timestamp/x-test");
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 48000, 2, TRUE);
  GstBuffer *batch;
  guint8 *data;

  plan_pool (BYTES, 1, 1);
  batch = acquire_data (BYTES, &data);
  memset (data, 0x77, BYTES);
  gst_buffer_add_audio_meta (batch, &info, BYTES / 4, NULL);
  gst_buffer_add_reference_timestamp_meta (batch,
      gst_static_caps_get (&timestamp_caps), 1, 2);
  GST_BUFFER_PTS (batch) = 5;
  GST_BUFFER_DTS (batch) = 6;
  GST_BUFFER_DURATION (batch) = 7;
  GST_BUFFER_OFFSET (batch) = 8;
  GST_BUFFER_OFFSET_END (batch) = 9;
  GST_BUFFER_FLAG_SET (batch, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_GAP
      | GST_BUFFER_FLAG_RESYNC | GST_BUFFER_FLAG_LIVE);
  gst_buffer_unref (batch);

  batch = acquire_data (BYTES, &data);
  /* the data is stale, so every sample must be written, silence too */
  fail_unless_equals_int (data[0], 0x77);
  fail_unless_equals_int (data[BYTES - 1], 0x77);
  fail_unless (gst_buffer_get_audio_meta (batch) == NULL);
  fail_unless_equals_int (gst_buffer_get_n_meta (batch,
          GST_REFERENCE_TIMESTAMP_META_API_TYPE), 0);
  fail_if (GST_BUFFER_PTS_IS_VALID (batch) || GST_BUFFER_DTS_IS_VALID (batch)
      || GST_BUFFER_DURATION_IS_VALID (batch)
      || GST_BUFFER_OFFSET_IS_VALID (batch)
      || GST_BUFFER_OFFSET_END_IS_VALID (batch));
  fail_unless_equals_int (GST_BUFFER_FLAGS (batch) & (GST_BUFFER_FLAG_DISCONT
          | GST_BUFFER_FLAG_GAP | GST_BUFFER_FLAG_RESYNC
          | GST_BUFFER_FLAG_LIVE | GST_BUFFER_FLAG_TAG_MEMORY), 0);
  gst_buffer_unref (batch);
  assert_batches (1, 1, 0, 0, 0);
}

GST_END_TEST;

/* Resized buffers get their size back */

static void
shrink (GstBuffer * batch)
{
  gst_buffer_set_size (batch, 100);
}

static void
cut_off_the_start (GstBuffer * batch)
{
  gst_buffer_resize (batch, 1000, 96);
}

static void
empty (GstBuffer * batch)
{
  gst_buffer_set_size (batch, 0);
}

static void
resize_memory (GstBuffer * batch)
{
  gst_memory_resize (gst_buffer_peek_memory (batch, 0), 64, 8);
}

static void
write_to_it (GstBuffer * batch)
{
  gst_buffer_memset (batch, 0, 0x11, -1);
}

static const struct
{
  void (*use) (GstBuffer * batch);
} uses[] = {
  {shrink}, {cut_off_the_start}, {empty}, {resize_memory}, {write_to_it}
};

GST_START_TEST (test_a_resized_buffer_gets_its_size_back)
{
  const GstAllocationParams params = {.prefix = 128,.padding = 64 };
  GstBuffer *batch;
  guint8 *data, *again;
  gsize offset, maxsize;

  set_params (&params);
  plan_pool (BYTES, 1, 1);
  batch = acquire_data (BYTES, &data);
  uses[__i__].use (batch);
  gst_buffer_unref (batch);
  batch = acquire_data (BYTES, &again);
  fail_unless_equals_pointer (again, data);
  fail_unless_equals_uint64 (gst_buffer_get_sizes (batch, &offset, &maxsize),
      BYTES);
  fail_unless_equals_uint64 (offset, 128);
  fail_unless_equals_uint64 (maxsize, 128 + BYTES + 64);
  gst_buffer_unref (batch);
  assert_batches (1, 1, 0, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_batches_of_less_than_was_planned_are_recycled_too)
{
  guint8 *data;
  guint i;

  plan_pool (BYTES, 1, 1);
  for (i = 0; i < 100; i++) {
    GstBuffer *batch = acquire_data (i % 2 ? BYTES : BYTES - 4, &data);

    gst_buffer_unref (batch);
  }
  assert_batches (1, 99, 0, 0, 0);
}

GST_END_TEST;

/* The pool discards buffers that were altered. Each function here alters one;
 * it may return something to release after the buffer. */

static gpointer
append_memory (GstBuffer * batch)
{
  gst_buffer_append_memory (batch, gst_allocator_alloc (NULL, 16, NULL));
  return NULL;
}

static gpointer
replace_memory (GstBuffer * batch)
{
  gst_buffer_replace_all_memory (batch, gst_allocator_alloc (NULL, BYTES,
          NULL));
  return NULL;
}

static gpointer
remove_memory (GstBuffer * batch)
{
  gst_buffer_remove_all_memory (batch);
  return NULL;
}

static gpointer
tag_memory (GstBuffer * batch)
{
  GST_BUFFER_FLAG_SET (batch, GST_BUFFER_FLAG_TAG_MEMORY);
  return NULL;
}

/* Takes and overwrites five batches, none of which may be at @held. */
static void
overwrite_others (const guint8 * held)
{
  guint i;

  for (i = 0; i < 5; i++) {
    guint8 *other;
    GstBuffer *batch = acquire_data (BYTES, &other);

    fail_if (other == held);
    memset (other, 0xff, BYTES);
    gst_buffer_unref (batch);
  }
}

static const struct
{
  gpointer (*spoil) (GstBuffer * batch);
  gboolean still_outstanding;
} spoils[] = {
  {append_memory, FALSE}, {replace_memory, FALSE}, {remove_memory, FALSE},
  {tag_memory, FALSE}, {copy_region, TRUE}, {share_memory, TRUE},
  {keep_memory, TRUE},
};

GST_START_TEST (test_a_buffer_that_is_not_what_it_was_is_discarded)
{
  GstMiniObject *left;
  GstBuffer *batch;
  guint8 *data;

  plan_pool (BYTES, 1, 1);
  batch = acquire_data (BYTES, &data);
  memset (data, 0x3c, BYTES);
  left = spoils[__i__].spoil (batch);
  gst_buffer_unref (batch);
  assert_batches (1, 0, 0, 1, spoils[__i__].still_outstanding ? 1 : 0);

  /* the pool replaces the buffer and still works */
  overwrite_others (left ? data : NULL);
  assert_batches (2, 4, 0, 1, spoils[__i__].still_outstanding ? 1 : 0);
  if (left) {
    assert_filled (data, 0x3c);
    gst_mini_object_unref (left);
  }
  assert_batches (2, 4, 0, 1, 0);
  assert_counters ("outstanding-bytes=0");
}

GST_END_TEST;

/* A copy shares the memory. Before 1.24 the buffer returns while the copy holds
 * its memory, and the pool discards it. Since 1.24 a copy of the whole buffer
 * keeps the buffer itself (GstParentBufferMeta): it stays outstanding, and the
 * pool recycles it once the copy is gone. */
GST_START_TEST (test_a_copy_that_is_held_is_out_or_a_discard)
{
  const guint kept = copies_keep_their_buffer ()? 1 : 0;
  GstBuffer *batch, *copy;
  guint8 *data, *other;

  plan_pool (BYTES, 1, 1);
  batch = acquire_data (BYTES, &data);
  memset (data, 0x3c, BYTES);
  copy = copy_shallow (batch);
  fail_unless_equals_int (gst_buffer_is_writable (batch), !kept);
  gst_buffer_unref (batch);
  assert_batches (1, 0, 0, 1 - kept, 1);

  overwrite_others (data);
  if (kept)
    assert_batches (1 + 5, 0, 5, 0, 1);
  else
    assert_batches (2, 4, 0, 1, 1);
  assert_filled (data, 0x3c);
  gst_buffer_unref (copy);
  assert_counters ("outstanding-batches=0 outstanding-bytes=0");

  batch = acquire_data (BYTES, &other);
  fail_unless_equals_int (other == data, kept);
  gst_buffer_unref (batch);
  if (kept)
    assert_batches (1 + 5, 1, 5, 0, 0);
  else
    assert_batches (2, 5, 0, 1, 0);
}

GST_END_TEST;

GST_START_TEST (test_what_is_over_before_the_release_costs_nothing)
{
  guint i;

  plan_pool (BYTES, 1, 1);
  for (i = 0; i < G_N_ELEMENTS (holders); i++) {
    GstBuffer *batch = acquire ();

    gst_mini_object_unref (holders[i] (batch));
    gst_buffer_unref (batch);
  }
  assert_batches (1, G_N_ELEMENTS (holders) - 1, 0, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_deep_copy_is_its_makers_and_no_batch)
{
  GstBuffer *batch, *copy;

  plan_pool (BYTES, 1, 1);
  batch = acquire ();
  copy = gst_buffer_copy_deep (batch);
  gst_buffer_unref (batch);
  assert_batches (1, 0, 0, 0, 0);
  gst_buffer_unref (copy);
}

GST_END_TEST;

GST_START_TEST (test_an_old_pool_lives_until_its_last_buffer_is_back)
{
  GstBuffer *batches[4];
  GstBufferPool *old;
  gpointer watch;
  guint8 *data[4];
  guint i;

  plan_pool (BYTES, 2, 4);
  old = watch = memory.pool;
  g_object_add_weak_pointer (G_OBJECT (old), &watch);
  for (i = 0; i < 4; i++) {
    batches[i] = acquire_data (BYTES, &data[i]);
    memset (data[i], 0x10 + i, BYTES);
  }
  plan_pool (2 * BYTES, 2, 4);
  fail_unless (memory.pool != old);
  for (i = 0; i < 4; i++) {
    guint8 *other;
    GstBuffer *batch = acquire_data (2 * BYTES, &other);

    memset (other, 0xff, 2 * BYTES);
    gst_buffer_unref (batch);
    fail_unless (watch != NULL, "the pool was freed before its buffer %u", i);
    fail_unless_equals_int (data[i][BYTES - 1], 0x10 + i);
    gst_buffer_unref (batches[i]);
  }
  fail_unless (watch == NULL, "the old pool was not freed");
  /* a buffer that returns to the old pool is not a discard */
  assert_batches (4 + 1, 3, 0, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_pool_with_buffers_out_takes_no_other_configuration)
{
  GstBuffer *batch;
  GstStructure *config;

  plan_pool (BYTES, 2, 4);
  batch = acquire ();
  gst_object_ref (memory.pool);
  gst_buffer_pool_set_active (memory.pool, FALSE);
  config = gst_buffer_pool_get_config (memory.pool);
  gst_buffer_pool_config_set_params (config, NULL, 2 * BYTES, 2, 4);
  fail_if (gst_buffer_pool_set_config (memory.pool, config));
  gst_object_unref (memory.pool);
  gst_buffer_unref (batch);
  assert_batches (1, 0, 0, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_pool_of_batches_without_bytes_is_refused)
{
  GstBufferPool *pool = ab_pool_new (GST_ALLOCATOR_CAST
      (memory.allocator), stats);
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_buffer_pool_config_set_params (config, NULL, 0, 2, 4);
  fail_if (gst_buffer_pool_set_config (pool, config));
  gst_object_unref (pool);
}

GST_END_TEST;

GST_START_TEST (test_recycled_batches_outlive_where_they_came_from)
{
  GstBuffer *batches[2];
  guint8 *data[2];
  guint i;

  plan_pool (BYTES, 1, 1);
  for (i = 0; i < 2; i++) {
    batches[i] = acquire_data (BYTES, &data[i]);
    memset (data[i], 0x40 + i, BYTES);
  }
  ab_memory_clear (&memory);
  assert_counters ("outstanding-batches=2");
  for (i = 0; i < 2; i++) {
    assert_filled (data[i], 0x40 + i);
    fail_unless (gst_buffer_memcmp (batches[i], 0, data[i], BYTES) == 0);
    assert_batch_exclusive (batches[i]);
    gst_buffer_unref (batches[i]);
  }
  assert_batches (2, 0, 1, 0, 0);
  ab_memory_init (&memory, stats);
}

GST_END_TEST;

GST_START_TEST (test_batches_longer_than_a_pool_can_count_are_allocated)
{
#if GLIB_SIZEOF_SIZE_T > 4
  plan_pool ((gsize) G_MAXUINT + 1, 2, 4);
  fail_unless (memory.pool == NULL);
#endif
  plan_pool (BYTES, 0, 1);
  fail_unless (memory.pool != NULL);
}

GST_END_TEST;

GST_START_TEST (test_a_pool_that_can_not_be_made_is_told)
{
  const AbMemoryPlan plan = {.pooled = TRUE,.size = G_MAXUINT,
    .min = G_MAXINT,.max = G_MAXINT
  };
  const GstAllocationParams params = {.prefix = G_MAXSIZE / 4 };
  const AbMemoryPlan fresh = {.size = BYTES };

  set_params (&params);
  fail_if (ab_memory_plan (&memory, &plan));
  /* no part of the failed pool remains */
  fail_unless (memory.pool == NULL);
  set_params (NULL);
  fail_unless (ab_memory_plan (&memory, &fresh));
  hold_batches (1);
  assert_batches (1, 0, 0, 0, 0);
}

GST_END_TEST;

/* Consumers on threads of their own */

#define CONSUMERS 4
#define ROUNDS 20000

static gpointer
consume (gpointer user_data)
{
  GAsyncQueue *queue = user_data;
  gpointer batch;

  while ((batch = g_async_queue_pop (queue)) != queue) {
    GstMapInfo map;
    guint i;

    fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
    /* fail_unless() takes a lock, so call it once for each batch */
    for (i = 1; i < map.size && map.data[i] == map.data[0]; i++);
    fail_unless_equals_int (i, map.size);
    gst_buffer_unmap (batch, &map);
    gst_buffer_unref (batch);
  }
  return NULL;
}

GST_START_TEST (test_consumers_on_many_threads_get_what_was_written)
{
  GAsyncQueue *queue = g_async_queue_new ();
  GThread *threads[CONSUMERS];
  guint i;

  plan_pool (64, 2, 16);
  for (i = 0; i < CONSUMERS; i++)
    threads[i] = g_thread_new ("consumer", consume, queue);
  for (i = 0; i < ROUNDS; i++) {
    guint8 *data;
    GstBuffer *batch = acquire_data (64, &data);

    memset (data, i, 64);
    g_async_queue_push (queue, batch);
  }
  for (i = 0; i < CONSUMERS; i++)
    g_async_queue_push (queue, queue);
  for (i = 0; i < CONSUMERS; i++)
    g_thread_join (threads[i]);
  g_async_queue_unref (queue);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS)
      + counter (AB_COUNTER_REUSED), ROUNDS);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), ROUNDS);
  fail_unless (counter (AB_COUNTER_ALLOCATIONS)
      - counter (AB_COUNTER_FALLBACKS) <= 16, "%d from a pool of 16",
      (int) (counter (AB_COUNTER_ALLOCATIONS)
          - counter (AB_COUNTER_FALLBACKS)));
  assert_batches (counter (AB_COUNTER_ALLOCATIONS),
      counter (AB_COUNTER_REUSED), counter (AB_COUNTER_FALLBACKS), 0, 0);
}

GST_END_TEST;

static Suite *
pool_suite (void)
{
  Suite *s = suite_create ("pool");
  TCase *tc = tcase_create ("batchpool");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc, test_an_exhausted_pool_says_eos_at_once, 0,
      G_N_ELEMENTS (ways));
  tcase_add_loop_test (tc,
      test_a_flushing_pool_says_so_and_gets_its_buffers_back, 0,
      G_N_ELEMENTS (ways));
  tcase_add_test (tc, test_while_a_pool_flushes_batches_are_fresh);
  tcase_add_test (tc, test_what_comes_back_is_used_again);
  tcase_add_loop_test (tc, test_an_exhausted_pool_is_answered_by_fresh_memory,
      0, G_N_ELEMENTS (plans));
  tcase_add_test (tc, test_the_first_buffers_are_there_and_touched_before_use);
  tcase_add_test (tc,
      test_a_recycled_buffer_has_nothing_of_its_last_life_but_data);
  tcase_add_loop_test (tc, test_a_resized_buffer_gets_its_size_back, 0,
      G_N_ELEMENTS (uses));
  tcase_add_test (tc, test_batches_of_less_than_was_planned_are_recycled_too);
  tcase_add_loop_test (tc, test_a_buffer_that_is_not_what_it_was_is_discarded,
      0, G_N_ELEMENTS (spoils));
  tcase_add_test (tc, test_a_copy_that_is_held_is_out_or_a_discard);
  tcase_add_test (tc, test_what_is_over_before_the_release_costs_nothing);
  tcase_add_test (tc, test_a_deep_copy_is_its_makers_and_no_batch);
  tcase_add_test (tc, test_an_old_pool_lives_until_its_last_buffer_is_back);
  tcase_add_test (tc,
      test_a_pool_with_buffers_out_takes_no_other_configuration);
  tcase_add_test (tc, test_a_pool_of_batches_without_bytes_is_refused);
  tcase_add_test (tc, test_recycled_batches_outlive_where_they_came_from);
  tcase_add_test (tc, test_batches_longer_than_a_pool_can_count_are_allocated);
  tcase_add_test (tc, test_a_pool_that_can_not_be_made_is_told);
  tcase_add_test (tc, test_consumers_on_many_threads_get_what_was_written);
  return s;
}

GST_CHECK_MAIN (pool);
