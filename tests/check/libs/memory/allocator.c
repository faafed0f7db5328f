/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of batches: alignment, counting and lifetime. */

#include "memory/allocator.h"

#include <string.h>

#include "batchcheck.h"
#include "ledgercheck.h"

#define BATCH_BYTES 4096

static const gsize sizes[] = { 0, 1, 63, 4096, 5 * 1024 * 1024 };
static const gsize prefixes[] = { 0, 1, 17, 64, 4096 };

static GstAudioBatchAllocator *allocator;
/* the samples of the memory that was allocated last */
static guint8 *data;

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

static GstMemory *
alloc_params (gsize size, GstMemoryFlags flags, gsize align, gsize prefix,
    gsize padding)
{
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  params.flags = flags;
  params.align = align;
  params.prefix = prefix;
  params.padding = padding;
  return ab_allocator_alloc (allocator, size, &params, &data);
}

static void
fill_ramp (guint8 * bytes, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    bytes[i] = (i * 7 + 3) & 0xff;
}

/* Checks that @bytes holds @size bytes of the ramp from byte @first on. */
static void
assert_ramp (const guint8 * bytes, gsize first, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++) {
    guint8 want = ((first + i) * 7 + 3) & 0xff;

    if (bytes[i] != want)
      fail ("byte %" G_GSIZE_FORMAT ": got 0x%02x, want 0x%02x", i, bytes[i],
          want);
  }
}

/* Checks that @memory has @size bytes of the ramp from byte @first on. Returns
 * where it was mapped. */
static guint8 *
assert_memory (GstMemory * memory, gsize first, gsize size)
{
  GstMapInfo map;

  fail_unless (gst_memory_map (memory, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, size);
  assert_ramp (map.data, first, size);
  gst_memory_unmap (memory, &map);
  return map.data;
}

/* Returns memory with the ramp in it. */
static GstMemory *
alloc_around (gsize size, gsize prefix, gsize padding)
{
  GstMemory *memory = alloc_params (size, 0, 0, prefix, padding);

  fail_unless (memory != NULL, "no memory of %" G_GSIZE_FORMAT " bytes", size);
  fill_ramp (data, size);
  return memory;
}

static GstMemory *
alloc_batch (gsize size)
{
  return alloc_around (size, 0, 0);
}

static void
assert_aligned (const guint8 * samples, gsize mask, gsize size, gsize prefix)
{
  fail_unless (((guintptr) samples & mask) == 0,
      "samples at %p for mask %" G_GSIZE_FORMAT ", size %"
      G_GSIZE_FORMAT ", prefix %" G_GSIZE_FORMAT, samples, mask, size, prefix);
}

/* The alignment that is asked for, and the one that is given. */
static const struct
{
  gsize align, mask;
} alignments[] = {
  {0, 63}, {7, 63}, {127, 127}, {4095, 4095}
};

GST_START_TEST (test_samples_start_on_a_cache_line_or_are_aligned_as_asked)
{
  const gsize mask = alignments[__i__].mask;
  guint s, p;

  for (s = 0; s < G_N_ELEMENTS (sizes); s++) {
    for (p = 0; p < G_N_ELEMENTS (prefixes); p++) {
      GstMemory *memory = alloc_params (sizes[s], 0, alignments[__i__].align,
          prefixes[p], 5);

      fail_unless (memory != NULL);
      assert_aligned (data, mask, sizes[s], prefixes[p]);
      fail_unless_equals_uint64 (memory->align, mask);
      gst_memory_unref (memory);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_every_size_can_be_written_and_read_back)
{
  guint s;

  for (s = 0; s < G_N_ELEMENTS (sizes); s++) {
    GstMemory *memory = alloc_batch (sizes[s]);

    assert_memory (memory, 0, sizes[s]);
    gst_memory_unref (memory);
  }
}

GST_END_TEST;

GST_START_TEST (test_new_memory_is_exclusive_and_writable)
{
  GstMemory *memory = alloc_batch (BATCH_BYTES);

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
    GstMemory *memory = alloc_params (BATCH_BYTES, 0, 0, prefixes[p], 100);
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
  GstMemory *memory = alloc_params (BATCH_BYTES, 0, 0, 0, 0);
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
  GstMemory *memory = alloc_params (100, 0, 0, 17, 9);
  gsize offset, maxsize;

  fail_unless_equals_uint64 (gst_memory_get_sizes (memory, &offset, &maxsize),
      100);
  fail_unless_equals_uint64 (offset, 17);
  fail_unless_equals_uint64 (maxsize, 17 + 100 + 9);

  fill_ramp (data - 17, maxsize);
  gst_memory_resize (memory, -17, maxsize);
  fail_unless_equals_pointer (assert_memory (memory, 0, maxsize), data - 17);
  gst_memory_unref (memory);
}

GST_END_TEST;

/* What a flag clears: @size bytes from @offset on, with a prefix of 300 bytes,
 * 100 bytes of samples and a padding of 200. */
static const struct
{
  GstMemoryFlags flag;
  gint offset;
  guint size;
} cleared[] = {
  {GST_MEMORY_FLAG_ZERO_PREFIXED, -300, 300},
  {GST_MEMORY_FLAG_ZERO_PADDED, 100, 200},
};

GST_START_TEST (test_zero_prefixed_and_zero_padded_clear_what_they_name)
{
  GstMemory *memory = alloc_params (100, 0, 0, 300, 200);
  guint i;

  /* the next block of this size most likely reuses this one */
  memset (data - 300, 0xa5, 300 + 100 + 200);
  gst_memory_unref (memory);
  memory = alloc_params (100, cleared[__i__].flag, 0, 300, 200);
  for (i = 0; i < cleared[__i__].size; i++)
    fail_unless_equals_int (data[cleared[__i__].offset + (gint) i], 0);
  fail_unless (GST_MEMORY_FLAG_IS_SET (memory, cleared[__i__].flag));
  gst_memory_unref (memory);
}

GST_END_TEST;

#define HALF (G_MAXSIZE / 2 + 1)

static const struct
{
  gsize size, align, prefix, padding;
} refused[] = {
  /* the sum overflows */
  {G_MAXSIZE, 0, 0, 0},
  {G_MAXSIZE - 63, 0, 0, 0},
  {1, 0, G_MAXSIZE, 0},
  {1, 0, 0, G_MAXSIZE},
  {0, G_MAXSIZE, 0, 0},
  {HALF, 0, HALF, 0},
  {HALF, 0, 0, HALF},
  {4096, 0, HALF, HALF},
  {HALF, G_MAXSIZE / 2, 0, 0},
  /* no system has so much */
  {NOBODY_HAS, 0, 0, 0},
  {4096, 0, NOBODY_HAS / 2, NOBODY_HAS / 2},
};

GST_START_TEST (test_a_size_that_nobody_has_is_refused_and_not_counted)
{
  fail_unless (alloc_params (refused[__i__].size, 0, refused[__i__].align,
          refused[__i__].prefix, refused[__i__].padding) == NULL);
  assert_counters ("allocations=0 allocated-bytes=0 outstanding-batches=0");
}

GST_END_TEST;

GST_START_TEST (test_allocations_are_counted_with_prefix_and_padding)
{
  GstMemory *first = alloc_params (4096, 0, 127, 16, 32);
  GstMemory *second = alloc_params (100, 0, 0, 0, 0);

  /* 4096 + 16 + 32 and 100 */
  assert_counters ("allocations=2 allocated-bytes=4244 reused=0");
  gst_memory_unref (first);
  gst_memory_unref (second);
  assert_counters ("allocations=2 allocated-bytes=4244");
}

GST_END_TEST;

GST_START_TEST (test_live_and_released_follow_every_release)
{
  GstMemory *memory[10];
  guint i;

  for (i = 0; i < 10; i++) {
    memory[i] = alloc_batch (100 + i);
    fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), i + 1);
  }
  assert_counters ("outstanding-bytes=1045");
  for (i = 0; i < 10; i++) {
    gst_memory_unref (memory[i]);
    fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), 9 - i);
    fail_unless_equals_uint64 (counter (AB_COUNTER_RELEASED), i + 1);
  }
  assert_counters ("outstanding-bytes=0");
}

GST_END_TEST;

GST_START_TEST (test_peaks_are_what_lived_together)
{
  GstMemory *memory[3];
  guint i;

  for (i = 0; i < 3; i++)
    memory[i] = alloc_batch (1000);
  for (i = 0; i < 3; i++)
    gst_memory_unref (memory[i]);
  /* more bytes than the three together, in fewer batches */
  memory[0] = alloc_batch (2000);
  memory[1] = alloc_batch (2000);
  gst_memory_unref (memory[0]);
  gst_memory_unref (memory[1]);
  assert_counters ("peak-outstanding-batches=3 peak-outstanding-bytes=4000");
}

GST_END_TEST;

GST_START_TEST (test_resizing_does_not_change_what_is_counted)
{
  GstMemory *memory = alloc_batch (BATCH_BYTES);

  gst_memory_resize (memory, 16, 100);
  assert_counters ("outstanding-bytes=4096");
  gst_memory_unref (memory);
  assert_counters ("outstanding-bytes=0 released=1");
}

GST_END_TEST;

GST_START_TEST (test_a_part_keeps_the_whole_alive_and_counts_once)
{
  GstMemory *whole = alloc_batch (BATCH_BYTES);
  GstMemory *part = gst_memory_share (whole, 100, 200);

  fail_unless (part != NULL);
  assert_counters ("allocations=1");
  gst_memory_unref (whole);
  assert_counters ("outstanding-batches=1 outstanding-bytes=4096");
  gst_memory_unref (part);
  assert_counters ("outstanding-batches=0 released=1");
}

GST_END_TEST;

GST_START_TEST (test_parts_are_where_they_were_cut)
{
  GstMemory *whole = alloc_around (1000, 24, 40);
  GstMemory *part = gst_memory_share (whole, 100, 200);
  GstMemory *rest = gst_memory_share (whole, 300, -1);

  fail_unless_equals_pointer (assert_memory (part, 100, 200), data + 100);
  fail_unless_equals_pointer (assert_memory (rest, 300, 700), data + 300);
  gst_memory_unref (part);
  gst_memory_unref (rest);
  gst_memory_unref (whole);
}

GST_END_TEST;

GST_START_TEST (test_a_part_of_a_part_hangs_on_the_whole)
{
  GstMemory *whole = alloc_around (1000, 24, 40);
  GstMemory *part = gst_memory_share (whole, 100, 200);
  GstMemory *rest = gst_memory_share (part, 50, -1);

  fail_unless_equals_pointer (rest->parent, whole);
  gst_memory_unref (part);
  gst_memory_unref (whole);

  fail_unless_equals_pointer (assert_memory (rest, 150, 150), data + 150);
  assert_counters ("outstanding-batches=1");
  gst_memory_unref (rest);
  assert_counters ("outstanding-batches=0 released=1");
}

GST_END_TEST;

GST_START_TEST (test_a_part_is_read_only)
{
  GstMemory *whole = alloc_batch (BATCH_BYTES);
  GstMemory *part = gst_memory_share (whole, 0, 100);
  GstMapInfo map;

  fail_if (gst_memory_map (part, &map, GST_MAP_WRITE));
  gst_memory_unref (part);
  gst_memory_unref (whole);
}

GST_END_TEST;

/* Two parts of one memory in a buffer. `copied` says whether they join by copy.
 */
static const struct
{
  gsize first, n_first, second, n_second;
  gboolean copied;
} joins[] = {
  {10, 90, 100, 300, FALSE},
  /* a gap between, and the reverse order */
  {10, 90, 101, 300, TRUE},
  {100, 300, 10, 90, TRUE},
};

GST_START_TEST (test_only_adjacent_parts_join_without_a_copy)
{
  const gsize at = joins[__i__].first, n = joins[__i__].n_first;
  const gsize next = joins[__i__].second, n_next = joins[__i__].n_second;
  GstMemory *whole = alloc_around (1000, 24, 40);
  GstBuffer *head = gst_buffer_new ();
  GstBuffer *tail = gst_buffer_new ();
  GstMapInfo map;

  gst_buffer_append_memory (head, gst_memory_share (whole, at, n));
  gst_buffer_append_memory (tail, gst_memory_share (whole, next, n_next));
  head = gst_buffer_append (head, tail);
  fail_unless (gst_buffer_map (head, &map, GST_MAP_READ));
  fail_unless_equals_int (map.data != data + at, joins[__i__].copied);
  fail_unless_equals_uint64 (map.size, n + n_next);
  assert_ramp (map.data, at, n);
  assert_ramp (map.data + n, next, n_next);
  gst_buffer_unmap (head, &map);
  gst_buffer_unref (head);
  gst_memory_unref (whole);
  assert_counters ("allocations=1 outstanding-batches=0");
}

GST_END_TEST;

GST_START_TEST (test_a_copy_is_not_counted)
{
  GstMemory *memory = alloc_batch (BATCH_BYTES);
  GstMemory *copy = gst_memory_copy (memory, 100, 200);

  gst_memory_unref (memory);
  assert_counters ("allocations=1 outstanding-batches=0");
  assert_memory (copy, 100, 200);
  gst_memory_unref (copy);
  assert_counters ("released=1");
}

GST_END_TEST;

GST_START_TEST (test_a_copy_is_not_of_this_allocator)
{
  GstMemory *memory = alloc_batch (BATCH_BYTES);
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
  assert_counters ("allocations=0");
  gst_memory_unref (memory);
  assert_counters ("released=0");
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
  GstMemory *memory = alloc_batch (BATCH_BYTES);
  GstMemory *part = gst_memory_share (memory, 100, 200);

  g_clear_pointer (&stats, ab_ledger_unref);
  gst_clear_object (&allocator);

  fail_unless_equals_pointer (assert_memory (memory, 0, BATCH_BYTES), data);
  gst_memory_unref (memory);
  fail_unless_equals_pointer (assert_memory (part, 100, 200), data + 100);
  gst_memory_unref (part);
}

GST_END_TEST;

GST_START_TEST (test_the_last_memory_frees_the_allocator)
{
  GstMemory *memory = alloc_batch (BATCH_BYTES);
  gpointer watched = allocator;

  g_object_add_weak_pointer (G_OBJECT (allocator), &watched);
  gst_clear_object (&allocator);
  fail_unless (watched != NULL);
  gst_memory_unref (memory);
  fail_unless (watched == NULL);
  assert_counters ("released=1");
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
  guint i;

  for (i = 0; i < 8; i++) {
    threads[i] = g_thread_new ("consumer", unref_memory,
        alloc_batch (BATCH_BYTES));
  }
  for (i = 0; i < 8; i++)
    g_thread_join (threads[i]);

  assert_counters ("allocations=8 released=8 outstanding-batches=0 "
      "outstanding-bytes=0");
}

GST_END_TEST;

static Suite *
allocator_suite (void)
{
  Suite *suite = suite_create ("allocator");
  TCase *tc = tcase_create ("batchallocator");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc,
      test_samples_start_on_a_cache_line_or_are_aligned_as_asked, 0,
      G_N_ELEMENTS (alignments));
  tcase_add_test (tc, test_every_size_can_be_written_and_read_back);
  tcase_add_test (tc, test_new_memory_is_exclusive_and_writable);
  tcase_add_test (tc, test_data_points_to_what_is_mapped);
  tcase_add_test (tc, test_what_a_map_writes_is_in_the_data);
  tcase_add_test (tc, test_prefix_and_padding_lie_around_the_samples);
  tcase_add_loop_test (tc,
      test_zero_prefixed_and_zero_padded_clear_what_they_name, 0,
      G_N_ELEMENTS (cleared));
  tcase_add_loop_test (tc,
      test_a_size_that_nobody_has_is_refused_and_not_counted, 0,
      G_N_ELEMENTS (refused));
  tcase_add_test (tc, test_allocations_are_counted_with_prefix_and_padding);
  tcase_add_test (tc, test_live_and_released_follow_every_release);
  tcase_add_test (tc, test_peaks_are_what_lived_together);
  tcase_add_test (tc, test_resizing_does_not_change_what_is_counted);
  tcase_add_test (tc, test_a_part_keeps_the_whole_alive_and_counts_once);
  tcase_add_test (tc, test_parts_are_where_they_were_cut);
  tcase_add_test (tc, test_a_part_of_a_part_hangs_on_the_whole);
  tcase_add_test (tc, test_a_part_is_read_only);
  tcase_add_loop_test (tc, test_only_adjacent_parts_join_without_a_copy, 0,
      G_N_ELEMENTS (joins));
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
