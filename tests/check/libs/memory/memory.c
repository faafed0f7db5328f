/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What AbMemory hands out: one exclusive batch for each call. */

#include "memorycheck.h"

#define BATCH_BYTES 4096

static GstBuffer *
acquire (gsize size, guint8 ** data)
{
  AbRoom room = { NULL };
  GstBuffer *buffer;

  fail_unless (ab_memory_acquire (&memory, size, &room));
  fail_unless (room.map.memory == NULL);
  buffer = room.buffer;
  *data = room.data;

  fail_unless (buffer != NULL, "no batch of %" G_GSIZE_FORMAT " bytes", size);
  return buffer;
}

GST_START_TEST (test_a_batch_belongs_to_its_caller_alone)
{
  guint8 *data;
  GstBuffer *buffer = acquire (BATCH_BYTES, &data);

  assert_batch_exclusive (buffer);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), BATCH_BYTES);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_batches_share_nothing)
{
  guint8 *data[2];
  GstBuffer *one = acquire (BATCH_BYTES, &data[0]);
  GstBuffer *other = acquire (BATCH_BYTES, &data[1]);

  memset (data[0], 0x11, BATCH_BYTES);
  memset (data[1], 0x22, BATCH_BYTES);
  fail_unless (gst_buffer_memcmp (one, 0, data[0], BATCH_BYTES) == 0);
  fail_unless_equals_int (data[0][BATCH_BYTES - 1], 0x11);
  fail_unless_equals_int (data[1][0], 0x22);
  gst_buffer_unref (one);
  gst_buffer_unref (other);
}

GST_END_TEST;

GST_START_TEST (test_data_is_where_the_buffer_is_mapped)
{
  guint8 *data;
  GstBuffer *buffer = acquire (BATCH_BYTES, &data);
  GstMapInfo map;

  data[0] = 1;
  data[BATCH_BYTES - 1] = 2;
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READWRITE));
  fail_unless_equals_pointer (map.data, data);
  fail_unless_equals_uint64 (map.size, BATCH_BYTES);
  fail_unless_equals_int (map.data[0], 1);
  fail_unless_equals_int (map.data[BATCH_BYTES - 1], 2);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_params_hold_from_the_next_batch_on)
{
  GstAllocationParams params = {.align = 4095,.prefix = 48,.padding = 24 };
  gsize offset, maxsize;
  GstBuffer *buffer;
  guint8 *data;

  set_params (&params);
  buffer = acquire (1000, &data);
  fail_unless (((guintptr) data & 4095) == 0, "samples at %p", data);
  fail_unless_equals_uint64 (gst_buffer_get_sizes (buffer, &offset, &maxsize),
      1000);
  fail_unless_equals_uint64 (offset, 48);
  fail_unless_equals_uint64 (maxsize, 48 + 1000 + 24);
  gst_buffer_unref (buffer);

  gst_allocation_params_init (&params);
  set_params (&params);
  buffer = acquire (1000, &data);
  gst_buffer_get_sizes (buffer, &offset, &maxsize);
  fail_unless_equals_uint64 (offset, 0);
  fail_unless_equals_uint64 (maxsize, 1000);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_without_params_samples_start_on_a_cache_line)
{
  guint i;

  for (i = 0; i < 20; i++) {
    guint8 *data;
    GstBuffer *buffer = acquire (100 + 16 * i, &data);

    fail_unless (((guintptr) data & AB_ALIGN_MASK) == 0, "samples at %p", data);
    gst_buffer_unref (buffer);
  }
}

GST_END_TEST;

GST_START_TEST (test_refused_memory_is_null_and_not_counted)
{
  const GstAllocationParams params = {.prefix = G_MAXSIZE - 100 };
  AbRoom room;

  fail_if (ab_memory_acquire (&memory, G_MAXSIZE, &room));
  fail_if (ab_memory_acquire (&memory, NOBODY_HAS, &room));
  set_params (&params);
  fail_if (ab_memory_acquire (&memory, BATCH_BYTES, &room));
  assert_counters ("allocations=0 outstanding-batches=0");
}

GST_END_TEST;

GST_START_TEST (test_what_is_longer_than_the_buffers_of_the_pool_is_fresh)
{
  const AbMemoryPlan plan = {.pooled = TRUE,.size = BATCH_BYTES,.min = 1 };
  GstBuffer *buffer;
  guint8 *data;

  fail_unless (ab_memory_plan (&memory, &plan));
  buffer = acquire (2 * BATCH_BYTES, &data);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), 2 * BATCH_BYTES);
  memset (data, 0x5a, 2 * BATCH_BYTES);
  assert_counters ("fallbacks=1");
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_batches_are_counted_until_they_go)
{
  guint8 *data;
  GstBuffer *one = acquire (BATCH_BYTES, &data);
  GstBuffer *other = acquire (BATCH_BYTES, &data);

  assert_counters ("allocations=2 allocated-bytes=8192 outstanding-batches=2");
  gst_buffer_unref (one);
  assert_counters ("outstanding-batches=1");
  gst_buffer_unref (other);
  assert_counters ("outstanding-batches=0");
}

GST_END_TEST;

GST_START_TEST (test_a_batch_outlives_where_it_came_from)
{
  AbLedger *other_stats = ab_ledger_new ();
  AbMemory other;
  AbRoom room;
  GstBuffer *buffer;
  guint8 *data;
  guint i;

  ab_memory_init (&other, other_stats);
  fail_unless (ab_memory_acquire (&other, BATCH_BYTES, &room));
  buffer = room.buffer;
  data = room.data;
  memset (data, 0x5a, BATCH_BYTES);
  ab_memory_clear (&other);
  ab_ledger_unref (other_stats);

  for (i = 0; i < BATCH_BYTES; i++) {
    if (data[i] != 0x5a)
      fail ("byte %u is 0x%02x", i, data[i]);
  }
  assert_batch_exclusive (buffer);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

/* GStreamer's allocator adds sizes without an overflow check, and aborts if it
 * gets no memory. */
static const struct
{
  gsize padding;
  guint64 limit;
} too_much[] = {
  {G_MAXSIZE - 100, 0},
  {NOBODY_HAS / 4, NOBODY_HAS / 8},
  {1 << 29, 1 << 29},
};

GST_START_TEST (test_a_pool_with_more_padding_than_there_is_is_not_used)
{
  const GstAllocationParams params = {.padding = too_much[__i__].padding };
  const AbMemoryPlan plan = {.pooled = TRUE,.size = BATCH_BYTES,.min = 1,
    .limit = too_much[__i__].limit
  };
  GstCaps *caps = gst_caps_new_empty_simple ("audio/x-raw");
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBufferPool *pool = gst_buffer_pool_new ();

  gst_query_add_allocation_param (query, NULL, &params);
  gst_query_add_allocation_pool (query, pool, BATCH_BYTES, 1, 4);
  ab_memory_take_query (&memory, query);
  fail_if (ab_memory_plan (&memory, &plan));
  fail_if (gst_buffer_pool_is_active (pool));
  gst_query_unref (query);
  gst_object_unref (pool);
  gst_caps_unref (caps);
}

GST_END_TEST;

/* The pool's first buffers are more than the limit, though one of them is not. */
GST_START_TEST (test_a_pool_that_begins_with_more_than_the_limit_is_not_used)
{
  const AbMemoryPlan plan = {.pooled = TRUE,.size = BATCH_BYTES,.min = 1,
    .limit = 3 * BATCH_BYTES
  };
  GstCaps *caps = gst_caps_new_empty_simple ("audio/x-raw");
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBufferPool *pool = gst_buffer_pool_new ();

  gst_query_add_allocation_pool (query, pool, BATCH_BYTES, 4, 0);
  ab_memory_take_query (&memory, query);
  /* our own pool begins with one buffer */
  fail_unless (ab_memory_plan (&memory, &plan));
  fail_if (gst_buffer_pool_is_active (pool));
  gst_query_unref (query);
  gst_object_unref (pool);
  gst_caps_unref (caps);
}

GST_END_TEST;

static Suite *
memory_suite (void)
{
  Suite *suite = suite_create ("memory");
  TCase *tc = tcase_create ("batchmemory");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_a_batch_belongs_to_its_caller_alone);
  tcase_add_test (tc, test_batches_share_nothing);
  tcase_add_test (tc, test_data_is_where_the_buffer_is_mapped);
  tcase_add_test (tc, test_params_hold_from_the_next_batch_on);
  tcase_add_test (tc, test_without_params_samples_start_on_a_cache_line);
  tcase_add_test (tc, test_refused_memory_is_null_and_not_counted);
  tcase_add_test (tc,
      test_what_is_longer_than_the_buffers_of_the_pool_is_fresh);
  tcase_add_test (tc, test_batches_are_counted_until_they_go);
  tcase_add_test (tc, test_a_batch_outlives_where_it_came_from);
  tcase_add_loop_test (tc,
      test_a_pool_with_more_padding_than_there_is_is_not_used, 0,
      G_N_ELEMENTS (too_much));
  tcase_add_test (tc,
      test_a_pool_that_begins_with_more_than_the_limit_is_not_used);
  return suite;
}

GST_CHECK_MAIN (memory);
