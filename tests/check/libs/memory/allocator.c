/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of batches: alignment, counting and lifetime. */

#include "memory/allocator.h"

#include <string.h>

#include "batchcheck.h"

#define BATCH_BYTES 4096

static const gsize sizes[] = { 0, 1, 63, 4096, 5 * 1024 * 1024 };
static const gsize prefixes[] = { 0, 1, 17, 64, 4096 };

static AbLedger *stats;
static GstAudioBatchAllocator *allocator;

static void
setup (void)
{
  stats = ab_ledger_new ();
  allocator = ab_allocator_new (stats);
}

static void
teardown (void)
{
  gst_clear_object (&allocator);
  g_clear_pointer (&stats, ab_ledger_unref);
}

static guint64
counter (AbCounter which)
{
  AbSnapshot snapshot;

  ab_ledger_snapshot (stats, &snapshot);
  return snapshot.value[which];
}

static GstMemory *
alloc_params (gsize size, GstMemoryFlags flags, gsize align, gsize prefix,
    gsize padding, guint8 ** data)
{
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  params.flags = flags;
  params.align = align;
  params.prefix = prefix;
  params.padding = padding;
  return ab_allocator_alloc (allocator, size, &params, data);
}

static GstMemory *
alloc_batch (gsize size, guint8 ** data)
{
  GstMemory *memory = alloc_params (size, 0, 0, 0, 0, data);

  fail_unless (memory != NULL, "no memory of %" G_GSIZE_FORMAT " bytes", size);
  return memory;
}

static void
fill_ramp (guint8 * data, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = (i * 7 + 3) & 0xff;
}

/* Checks that @data holds @size bytes of the ramp from byte @first on. */
static void
assert_ramp (const guint8 * data, gsize first, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++) {
    guint8 want = ((first + i) * 7 + 3) & 0xff;

    if (data[i] != want)
      fail ("byte %" G_GSIZE_FORMAT ": got 0x%02x, want 0x%02x", i, data[i],
          want);
  }
}

static void
assert_aligned (const guint8 * data, gsize mask, gsize size, gsize prefix)
{
  fail_unless (((guintptr) data & mask) == 0,
      "samples at %p for mask %" G_GSIZE_FORMAT ", size %"
      G_GSIZE_FORMAT ", prefix %" G_GSIZE_FORMAT, data, mask, size, prefix);
}

static void
check_alignment (gsize align, gsize mask)
{
  guint s, p;

  for (s = 0; s < G_N_ELEMENTS (sizes); s++) {
    for (p = 0; p < G_N_ELEMENTS (prefixes); p++) {
      guint8 *data = NULL;
      GstMemory *memory = alloc_params (sizes[s], 0, align, prefixes[p], 5,
          &data);

      fail_unless (memory != NULL);
      assert_aligned (data, mask, sizes[s], prefixes[p]);
      fail_unless_equals_uint64 (memory->align, mask);
      gst_memory_unref (memory);
    }
  }
}

GST_START_TEST (test_samples_start_on_a_cache_line)
{
  check_alignment (0, 63);
}

GST_END_TEST;

GST_START_TEST (test_a_weaker_alignment_is_raised_to_a_cache_line)
{
  check_alignment (7, 63);
}

GST_END_TEST;

GST_START_TEST (test_a_stronger_alignment_is_given)
{
  check_alignment (127, 127);
  check_alignment (4095, 4095);
}

GST_END_TEST;

GST_START_TEST (test_every_size_can_be_written_and_read_back)
{
  guint s;

  for (s = 0; s < G_N_ELEMENTS (sizes); s++) {
    guint8 *data = NULL;
    GstMemory *memory = alloc_batch (sizes[s], &data);
    GstMapInfo map;

    fill_ramp (data, sizes[s]);
    fail_unless (gst_memory_map (memory, &map, GST_MAP_READ));
    fail_unless_equals_uint64 (map.size, sizes[s]);
    assert_ramp (map.data, 0, map.size);
    gst_memory_unmap (memory, &map);
    gst_memory_unref (memory);
  }
}

GST_END_TEST;

GST_START_TEST (test_new_memory_is_exclusive_and_writable)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);

  ASSERT_MINI_OBJECT_REFCOUNT (memory, "memory", 1);
  fail_unless (gst_memory_is_writable (memory));
  fail_unless (memory->parent == NULL);
  fail_unless (memory->allocator == GST_ALLOCATOR_CAST (allocator));
  gst_memory_unref (memory);
}

GST_END_TEST;

GST_START_TEST (test_data_points_to_what_is_mapped)
{
  guint p;

  for (p = 0; p < G_N_ELEMENTS (prefixes); p++) {
    guint8 *data = NULL;
    GstMemory *memory =
        alloc_params (BATCH_BYTES, 0, 0, prefixes[p], 100, &data);
    GstBuffer *buffer = gst_buffer_new ();
    GstMapInfo map;

    gst_buffer_append_memory (buffer, memory);
    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READWRITE));
    fail_unless_equals_pointer (map.data, data);
    fail_unless_equals_uint64 (map.size, BATCH_BYTES);
    fail_unless_equals_uint64 (map.maxsize, BATCH_BYTES + 100);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
}

GST_END_TEST;

GST_START_TEST (test_what_a_map_writes_is_in_the_data)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);
  GstMapInfo map;

  fail_unless (gst_memory_map (memory, &map, GST_MAP_WRITE));
  fill_ramp (map.data, map.size);
  gst_memory_unmap (memory, &map);
  assert_ramp (data, 0, BATCH_BYTES);
  gst_memory_unref (memory);
}

GST_END_TEST;

GST_START_TEST (test_prefix_and_padding_lie_around_the_samples)
{
  guint8 *data;
  GstMemory *memory = alloc_params (100, 0, 0, 17, 9, &data);
  gsize offset, maxsize;
  GstMapInfo map;

  fail_unless_equals_uint64 (gst_memory_get_sizes (memory, &offset, &maxsize),
      100);
  fail_unless_equals_uint64 (offset, 17);
  fail_unless_equals_uint64 (maxsize, 17 + 100 + 9);

  fill_ramp (data - 17, maxsize);
  gst_memory_resize (memory, -17, maxsize);
  fail_unless (gst_memory_map (memory, &map, GST_MAP_READ));
  fail_unless_equals_pointer (map.data, data - 17);
  assert_ramp (map.data, 0, maxsize);
  gst_memory_unmap (memory, &map);
  gst_memory_unref (memory);
}

GST_END_TEST;

/* Frees a block full of garbage. The next block of this size most likely reuses
 * it. */
static void
leave_dirt (gsize size, gsize prefix, gsize padding)
{
  guint8 *data;
  GstMemory *memory = alloc_params (size, 0, 0, prefix, padding, &data);

  memset (data - prefix, 0xa5, prefix + size + padding);
  gst_memory_unref (memory);
}

static void
assert_zero (const guint8 * data, gsize size, const gchar * what)
{
  gsize i;

  for (i = 0; i < size; i++) {
    if (data[i] != 0)
      fail ("byte %" G_GSIZE_FORMAT " of the %s is 0x%02x", i, what, data[i]);
  }
}

GST_START_TEST (test_zero_prefixed_clears_the_prefix)
{
  GstMemory *memory;
  guint8 *data;

  leave_dirt (100, 300, 200);
  memory = alloc_params (100, GST_MEMORY_FLAG_ZERO_PREFIXED, 0, 300, 200,
      &data);
  assert_zero (data - 300, 300, "prefix");
  fail_unless (GST_MEMORY_IS_ZERO_PREFIXED (memory));
  gst_memory_unref (memory);
}

GST_END_TEST;

GST_START_TEST (test_zero_padded_clears_the_padding)
{
  GstMemory *memory;
  guint8 *data;

  leave_dirt (100, 300, 200);
  memory = alloc_params (100, GST_MEMORY_FLAG_ZERO_PADDED, 0, 300, 200, &data);
  assert_zero (data + 100, 200, "padding");
  fail_unless (GST_MEMORY_IS_ZERO_PADDED (memory));
  gst_memory_unref (memory);
}

GST_END_TEST;

static void
assert_refused (gsize size, gsize align, gsize prefix, gsize padding)
{
  guint8 *data = NULL;
  GstMemory *memory = alloc_params (size, 0, align, prefix, padding, &data);

  fail_unless (memory == NULL,
      "memory of size %" G_GSIZE_FORMAT ", align %" G_GSIZE_FORMAT
      ", prefix %" G_GSIZE_FORMAT ", padding %" G_GSIZE_FORMAT, size,
      align, prefix, padding);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATED_BYTES), 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 0);
}

GST_START_TEST (test_an_overflowing_size_is_refused_and_not_counted)
{
  const gsize half = G_MAXSIZE / 2 + 1;

  assert_refused (G_MAXSIZE, 0, 0, 0);
  assert_refused (G_MAXSIZE - 63, 0, 0, 0);
  assert_refused (1, 0, G_MAXSIZE, 0);
  assert_refused (1, 0, 0, G_MAXSIZE);
  assert_refused (0, G_MAXSIZE, 0, 0);
  assert_refused (half, 0, half, 0);
  assert_refused (half, 0, 0, half);
  assert_refused (4096, 0, half, half);
  assert_refused (half, G_MAXSIZE / 2, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_size_that_nobody_has_is_refused_and_not_counted)
{
  assert_refused (NOBODY_HAS, 0, 0, 0);
  assert_refused (4096, 0, NOBODY_HAS / 2, NOBODY_HAS / 2);
}

GST_END_TEST;

GST_START_TEST (test_allocations_are_counted_with_prefix_and_padding)
{
  guint8 *data;
  GstMemory *first = alloc_params (4096, 0, 127, 16, 32, &data);
  GstMemory *second = alloc_params (100, 0, 0, 0, 0, &data);

  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 2);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATED_BYTES),
      4096 + 16 + 32 + 100);
  fail_unless_equals_uint64 (counter (AB_COUNTER_REUSED), 0);
  gst_memory_unref (first);
  gst_memory_unref (second);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 2);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATED_BYTES),
      4096 + 16 + 32 + 100);
}

GST_END_TEST;

GST_START_TEST (test_live_and_released_follow_every_release)
{
  GstMemory *memory[10];
  guint8 *data;
  guint i;

  for (i = 0; i < 10; i++) {
    memory[i] = alloc_batch (100 + i, &data);
    fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), i + 1);
  }
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES), 1045);
  for (i = 0; i < 10; i++) {
    gst_memory_unref (memory[i]);
    fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 9 - i);
    fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), i + 1);
  }
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES), 0);
}

GST_END_TEST;

GST_START_TEST (test_peaks_are_what_lived_together)
{
  GstMemory *memory[3];
  guint8 *data;
  guint i;

  for (i = 0; i < 3; i++)
    memory[i] = alloc_batch (1000, &data);
  for (i = 0; i < 3; i++)
    gst_memory_unref (memory[i]);
  /* more bytes than the three together, in fewer batches */
  memory[0] = alloc_batch (2000, &data);
  memory[1] = alloc_batch (2000, &data);
  gst_memory_unref (memory[0]);
  gst_memory_unref (memory[1]);

  fail_unless_equals_uint64 (counter (AB_COUNTER_PEAK_OUTSTANDING_BATCHES), 3);
  fail_unless_equals_uint64 (counter (AB_COUNTER_PEAK_OUTSTANDING_BYTES), 4000);
}

GST_END_TEST;

GST_START_TEST (test_resizing_does_not_change_what_is_counted)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);

  gst_memory_resize (memory, 16, 100);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES),
      BATCH_BYTES);
  gst_memory_unref (memory);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES), 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 1);
}

GST_END_TEST;

GST_START_TEST (test_a_part_keeps_the_whole_alive_and_counts_once)
{
  guint8 *data;
  GstMemory *whole = alloc_batch (BATCH_BYTES, &data);
  GstMemory *part = gst_memory_share (whole, 100, 200);

  fail_unless (part != NULL);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 1);
  gst_memory_unref (whole);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 1);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES),
      BATCH_BYTES);
  gst_memory_unref (part);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 1);
}

GST_END_TEST;

static void
assert_part (GstMemory * part, guint8 * data, gsize start, gsize size)
{
  GstMapInfo map;

  fail_unless (gst_memory_map (part, &map, GST_MAP_READ));
  fail_unless_equals_pointer (map.data, data + start);
  fail_unless_equals_uint64 (map.size, size);
  assert_ramp (map.data, start, size);
  gst_memory_unmap (part, &map);
}

GST_START_TEST (test_parts_are_where_they_were_cut)
{
  guint8 *data;
  GstMemory *whole = alloc_params (1000, 0, 0, 24, 40, &data);
  GstMemory *part, *rest;

  fill_ramp (data, 1000);
  part = gst_memory_share (whole, 100, 200);
  rest = gst_memory_share (whole, 300, -1);
  assert_part (part, data, 100, 200);
  assert_part (rest, data, 300, 700);
  gst_memory_unref (part);
  gst_memory_unref (rest);
  gst_memory_unref (whole);
}

GST_END_TEST;

GST_START_TEST (test_a_part_of_a_part_hangs_on_the_whole)
{
  guint8 *data;
  GstMemory *whole = alloc_params (1000, 0, 0, 24, 40, &data);
  GstMemory *part, *rest;

  fill_ramp (data, 1000);
  part = gst_memory_share (whole, 100, 200);
  rest = gst_memory_share (part, 50, -1);
  fail_unless_equals_pointer (rest->parent, whole);
  gst_memory_unref (part);
  gst_memory_unref (whole);

  assert_part (rest, data, 150, 150);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 1);
  gst_memory_unref (rest);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 1);
}

GST_END_TEST;

GST_START_TEST (test_a_part_is_read_only)
{
  guint8 *data;
  GstMemory *whole = alloc_batch (BATCH_BYTES, &data);
  GstMemory *part = gst_memory_share (whole, 0, 100);
  GstMapInfo map;

  fail_if (gst_memory_map (part, &map, GST_MAP_WRITE));
  gst_memory_unref (part);
  gst_memory_unref (whole);
}

GST_END_TEST;

/* Two parts of @whole in one buffer. */
static GstBuffer *
join_parts (GstMemory * whole, gsize first, gsize n_first, gsize second,
    gsize n_second)
{
  GstBuffer *head = gst_buffer_new ();
  GstBuffer *tail = gst_buffer_new ();

  gst_buffer_append_memory (head, gst_memory_share (whole, first, n_first));
  gst_buffer_append_memory (tail, gst_memory_share (whole, second, n_second));
  return gst_buffer_append (head, tail);
}

GST_START_TEST (test_adjacent_parts_join_without_a_copy)
{
  guint8 *data;
  GstMemory *whole = alloc_params (1000, 0, 0, 24, 40, &data);
  GstBuffer *joined;
  GstMapInfo map;

  fill_ramp (data, 1000);
  joined = join_parts (whole, 10, 90, 100, 300);
  fail_unless (gst_buffer_map (joined, &map, GST_MAP_READ));
  fail_unless_equals_pointer (map.data, data + 10);
  fail_unless_equals_uint64 (map.size, 390);
  assert_ramp (map.data, 10, 390);
  gst_buffer_unmap (joined, &map);
  gst_buffer_unref (joined);
  gst_memory_unref (whole);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 1);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 0);
}

GST_END_TEST;

GST_START_TEST (test_parts_with_a_gap_between_join_by_copy)
{
  guint8 *data;
  GstMemory *whole = alloc_batch (1000, &data);
  GstBuffer *joined;
  GstMapInfo map;

  fill_ramp (data, 1000);
  joined = join_parts (whole, 10, 90, 101, 300);
  fail_unless (gst_buffer_map (joined, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, 390);
  assert_ramp (map.data, 10, 90);
  assert_ramp (map.data + 90, 101, 300);
  gst_buffer_unmap (joined, &map);
  gst_buffer_unref (joined);
  gst_memory_unref (whole);
}

GST_END_TEST;

GST_START_TEST (test_parts_in_reverse_order_join_by_copy)
{
  guint8 *data;
  GstMemory *whole = alloc_batch (1000, &data);
  GstBuffer *joined;
  GstMapInfo map;

  fill_ramp (data, 1000);
  joined = join_parts (whole, 100, 300, 10, 90);
  fail_unless (gst_buffer_map (joined, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, 390);
  assert_ramp (map.data, 100, 300);
  assert_ramp (map.data + 300, 10, 90);
  gst_buffer_unmap (joined, &map);
  gst_buffer_unref (joined);
  gst_memory_unref (whole);
}

GST_END_TEST;

GST_START_TEST (test_a_copy_is_not_counted)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);
  GstMemory *copy;
  GstMapInfo map;

  fill_ramp (data, BATCH_BYTES);
  copy = gst_memory_copy (memory, 100, 200);
  gst_memory_unref (memory);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 1);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 0);

  fail_unless (gst_memory_map (copy, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, 200);
  assert_ramp (map.data, 100, 200);
  gst_memory_unmap (copy, &map);
  gst_memory_unref (copy);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 1);
}

GST_END_TEST;

GST_START_TEST (test_a_copy_is_not_of_this_allocator)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);
  GstMemory *copy = gst_memory_copy (memory, 0, -1);

  fail_unless (copy->allocator != memory->allocator,
      "the copy is from %s too", GST_OBJECT_NAME (copy->allocator));
  gst_memory_unref (copy);
  gst_memory_unref (memory);
}

GST_END_TEST;

GST_START_TEST (test_memory_that_others_allocate_here_works_uncounted)
{
  GstAllocationParams params = {.align = 4095,.prefix = 16,.padding = 32 };
  GstMemory *memory =
      gst_allocator_alloc (GST_ALLOCATOR_CAST (allocator), 1000, &params);
  GstMapInfo map;

  fail_unless (memory != NULL);
  fail_unless (gst_memory_map (memory, &map, GST_MAP_WRITE));
  fail_unless_equals_uint64 (map.size, 1000);
  assert_aligned (map.data, 4095, 1000, 16);
  fill_ramp (map.data, map.size);
  gst_memory_unmap (memory, &map);
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 0);
  gst_memory_unref (memory);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 0);
}

GST_END_TEST;

GST_START_TEST (test_what_others_can_not_have_here_is_null)
{
  GstAllocationParams params = {.align = 0 };

  fail_unless (gst_allocator_alloc (GST_ALLOCATOR_CAST (allocator), G_MAXSIZE,
          &params) == NULL);
  params.prefix = NOBODY_HAS;
  fail_unless (gst_allocator_alloc (GST_ALLOCATOR_CAST (allocator), 1,
          &params) == NULL);
}

GST_END_TEST;

GST_START_TEST (test_memory_outlives_allocator_and_stats)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);
  GstMemory *part = gst_memory_share (memory, 100, 200);

  fill_ramp (data, BATCH_BYTES);
  g_clear_pointer (&stats, ab_ledger_unref);
  gst_clear_object (&allocator);

  assert_part (memory, data, 0, BATCH_BYTES);
  gst_memory_unref (memory);
  assert_part (part, data, 100, 200);
  gst_memory_unref (part);
}

GST_END_TEST;

GST_START_TEST (test_the_last_memory_frees_the_allocator)
{
  guint8 *data;
  GstMemory *memory = alloc_batch (BATCH_BYTES, &data);
  gpointer watched = allocator;

  g_object_add_weak_pointer (G_OBJECT (allocator), &watched);
  gst_clear_object (&allocator);
  fail_unless (watched != NULL);
  gst_memory_unref (memory);
  fail_unless (watched == NULL);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 1);
  fail_unless (g_atomic_ref_count_compare (&stats->ref_count, 1));
}

GST_END_TEST;

static gpointer
unref_memory (gpointer memory)
{
  gst_memory_unref (memory);
  return NULL;
}

GST_START_TEST (test_memory_freed_on_other_threads_is_counted)
{
  GThread *threads[8];
  guint8 *data;
  guint i;

  for (i = 0; i < 8; i++) {
    threads[i] = g_thread_new ("consumer", unref_memory,
        alloc_batch (BATCH_BYTES, &data));
  }
  for (i = 0; i < 8; i++)
    g_thread_join (threads[i]);

  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), 8);
  fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), 8);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 0);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES), 0);
}

GST_END_TEST;

static Suite *
allocator_suite (void)
{
  Suite *suite = suite_create ("allocator");
  TCase *tc = tcase_create ("batchallocator");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_samples_start_on_a_cache_line);
  tcase_add_test (tc, test_a_weaker_alignment_is_raised_to_a_cache_line);
  tcase_add_test (tc, test_a_stronger_alignment_is_given);
  tcase_add_test (tc, test_every_size_can_be_written_and_read_back);
  tcase_add_test (tc, test_new_memory_is_exclusive_and_writable);
  tcase_add_test (tc, test_data_points_to_what_is_mapped);
  tcase_add_test (tc, test_what_a_map_writes_is_in_the_data);
  tcase_add_test (tc, test_prefix_and_padding_lie_around_the_samples);
  tcase_add_test (tc, test_zero_prefixed_clears_the_prefix);
  tcase_add_test (tc, test_zero_padded_clears_the_padding);
  tcase_add_test (tc, test_an_overflowing_size_is_refused_and_not_counted);
  tcase_add_test (tc, test_a_size_that_nobody_has_is_refused_and_not_counted);
  tcase_add_test (tc, test_allocations_are_counted_with_prefix_and_padding);
  tcase_add_test (tc, test_live_and_released_follow_every_release);
  tcase_add_test (tc, test_peaks_are_what_lived_together);
  tcase_add_test (tc, test_resizing_does_not_change_what_is_counted);
  tcase_add_test (tc, test_a_part_keeps_the_whole_alive_and_counts_once);
  tcase_add_test (tc, test_parts_are_where_they_were_cut);
  tcase_add_test (tc, test_a_part_of_a_part_hangs_on_the_whole);
  tcase_add_test (tc, test_a_part_is_read_only);
  tcase_add_test (tc, test_adjacent_parts_join_without_a_copy);
  tcase_add_test (tc, test_parts_with_a_gap_between_join_by_copy);
  tcase_add_test (tc, test_parts_in_reverse_order_join_by_copy);
  tcase_add_test (tc, test_a_copy_is_not_counted);
  tcase_add_test (tc, test_a_copy_is_not_of_this_allocator);
  tcase_add_test (tc, test_memory_that_others_allocate_here_works_uncounted);
  tcase_add_test (tc, test_what_others_can_not_have_here_is_null);
  tcase_add_test (tc, test_memory_outlives_allocator_and_stats);
  tcase_add_test (tc, test_the_last_memory_frees_the_allocator);
  tcase_add_test (tc, test_memory_freed_on_other_threads_is_counted);
  return suite;
}

GST_CHECK_MAIN (allocator);
