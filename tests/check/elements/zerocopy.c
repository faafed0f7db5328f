/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zero-copy: which chunks are pushed themselves, that such a batch is the
 * consumer's alone, and that nothing else of the output changes. */

#include "../batchcheck.h"
#include "../offeredallocator.h"

#define RATE 48000
#define BATCH 256
#define LONG 5000

/* A stream through audiobatch with known bytes. */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
  GstAudioInfo info;
  Audio *audio;
  guint pushed, checked;
} Stream;

static void
stream_setup (Stream * s, GstAudioFormat format, gint channels, gboolean planar)
{
  memset (s, 0, sizeof *s);
  s->info = audio_info (format, RATE, channels, planar);
  s->audio = audio_new_ramp (&s->info, LONG);
  s->h = harness_with_bus ("audiobatch", &s->bus);
  g_object_set (s->h->element, "samples-per-batch", BATCH, "zero-copy", TRUE,
      NULL);
}

static void
stream_start (Stream * s)
{
  harness_set_info (s->h, &s->info);
}

static void
stream_open (Stream * s)
{
  stream_setup (s, GST_AUDIO_FORMAT_S16, 2, FALSE);
  stream_start (s);
}

static guint64
count (Stream * s, const gchar * name)
{
  return get_stat (s->h->element, name);
}

#define assert_count(s, name, value) \
    fail_unless_equals_uint64 (count (s, name), value)

/* Each batch that was pushed was taken in one of three ways. */
static void
stream_finish (Stream * s)
{
  assert_count (s, "outstanding-batches", 0);
  assert_count (s, "outstanding-bytes", 0);
  fail_unless_equals_uint64 (count (s, "batches"), count (s, "allocations")
      + count (s, "reused") + count (s, "adopted"));
  fail_unless_equals_uint64 (count (s, "released"), count (s, "batches"));
  assert_lossless (s->h->element, count (s, "samples-in"), 0);
  harness_free_with_bus (s->h, s->bus);
  audio_free (s->audio);
}

/* The next @n samples. */
static GstBuffer *
next_chunk (Stream * s, guint n)
{
  GstBuffer *chunk = audio_chunk (s->audio, s->pushed, n);

  GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (s->pushed, GST_SECOND, RATE);
  s->pushed += n;
  return chunk;
}

static void
push (Stream * s, GstBuffer * chunk)
{
  fail_unless_equals_int (gst_harness_push (s->h, chunk), GST_FLOW_OK);
}

/* Pulls the next batch and checks it. */
static GstBuffer *
pull (Stream * s)
{
  GstBuffer *batch = gst_harness_try_pull (s->h);
  guint n;

  fail_unless (batch != NULL, "no batch from sample %u", s->checked);
  n = batch_samples (batch, &s->info);
  assert_batch_exclusive (batch);
  assert_batch_data (batch, s->audio, s->checked);
  assert_batch_time (batch, s->checked, n, RATE, 0);
  s->checked += n;
  return batch;
}

/* Pushes a batch of its own and pulls it. */
static GstBuffer *
pass_one (Stream * s)
{
  push (s, next_chunk (s, BATCH));
  return pull (s);
}

/* What is adopted */

GST_START_TEST (test_it_is_off_unless_it_is_asked_for)
{
  gboolean zero_copy = TRUE;
  Stream s;

  stream_open (&s);
  g_object_set (s.h->element, "zero-copy", FALSE, NULL);
  g_object_get (s.h->element, "zero-copy", &zero_copy, NULL);
  fail_if (zero_copy);
  gst_buffer_unref (pass_one (&s));
  assert_count (&s, "adopted", 0);
  assert_count (&s, "allocations", 1);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_that_is_the_next_batch_is_pushed_itself)
{
  guint n_formats, i;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < 2 * n_formats; i++) {
    guint bytes;
    guint k;
    Stream s;

    stream_setup (&s, formats[i / 2], 3, i % 2);
    stream_start (&s);
    bytes = BATCH * s.info.bpf;
    for (k = 0; k < 5; k++) {
      GstBuffer *chunk = next_chunk (&s, BATCH);
      GstMemory *memory = gst_buffer_peek_memory (chunk, 0);
      GstBuffer *batch;

      push (&s, chunk);
      batch = pull (&s);
      fail_unless (batch == chunk, "%s was copied",
          gst_audio_format_to_string (formats[i / 2]));
      fail_unless (gst_buffer_peek_memory (batch, 0) == memory);
      fail_unless_equals_int (gst_buffer_get_n_meta (batch,
              GST_AUDIO_META_API_TYPE), i % 2);
      assert_count (&s, "outstanding-batches", 1);
      fail_unless (count (&s, "outstanding-bytes") >= bytes);
      gst_buffer_unref (batch);
      assert_count (&s, "outstanding-batches", 0);
    }
    assert_count (&s, "adopted", 5);
    assert_count (&s, "allocations", 0);
    fail_unless (count (&s, "adopted-bytes") >= 5 * bytes
        && count (&s, "adopted-bytes") <= 5 * (bytes + 64));
    assert_count (&s, "peak-outstanding-batches", 1);
    fail_unless_equals_uint64 (get_counter (s.h->element, "adopted"), 5);
    stream_finish (&s);
  }
}

GST_END_TEST;

/* How others may use a chunk, or what it may lack. What it returns they keep. */
typedef gpointer (*Sharer) (Stream * s, GstBuffer ** chunk);

static gpointer
keep_buffer (Stream * s, GstBuffer ** chunk)
{
  return gst_buffer_ref (*chunk);
}

static gpointer
keep_memory (Stream * s, GstBuffer ** chunk)
{
  return gst_buffer_get_memory (*chunk, 0);
}

static gpointer
keep_copy (Stream * s, GstBuffer ** chunk)
{
  return gst_buffer_copy (*chunk);
}

static gpointer
keep_part (Stream * s, GstBuffer ** chunk)
{
  return gst_buffer_copy_region (*chunk, GST_BUFFER_COPY_ALL, 4, 8);
}

/* the chunk is a part of what upstream keeps */
static gpointer
be_part (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);
  GstBuffer *whole = gst_buffer_new_allocate (NULL, size + 64, NULL);
  GstBuffer *part;

  gst_buffer_memset (whole, 0, 0, -1);
  part = gst_buffer_copy_region (whole, GST_BUFFER_COPY_ALL, 16, size);
  GST_BUFFER_PTS (part) = GST_BUFFER_PTS (*chunk);
  gst_buffer_unref (*chunk);
  *chunk = part;
  return whole;
}

/* Puts other memory into @chunk. */
static void
put_memory (GstBuffer * chunk, GstMemory * memory)
{
  gst_buffer_replace_all_memory (chunk, memory);
}

static gpointer
be_read_only (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);
  gpointer data = g_malloc0 (size);

  put_memory (*chunk, gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, data,
          size, 0, size, data, g_free));
  return NULL;
}

static gpointer
be_bytes (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);
  GBytes *bytes = g_bytes_new_take (g_malloc0 (size), size);
  GstBuffer *wrapped = gst_buffer_new_wrapped_bytes (bytes);

  GST_BUFFER_PTS (wrapped) = GST_BUFFER_PTS (*chunk);
  gst_buffer_unref (*chunk);
  *chunk = wrapped;
  g_bytes_unref (bytes);
  return NULL;
}

static gpointer
have_two_memories (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);

  put_memory (*chunk, gst_allocator_alloc (NULL, size / 2, NULL));
  gst_buffer_append_memory (*chunk, gst_allocator_alloc (NULL,
          size - size / 2, NULL));
  return NULL;
}

/* half of it is not used, so it would pin twice the memory */
static gpointer
be_large (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);

  put_memory (*chunk, gst_allocator_alloc (NULL, 2 * size, NULL));
  gst_buffer_resize (*chunk, 0, size);
  return NULL;
}

static gpointer
begin_late (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);

  put_memory (*chunk, gst_allocator_alloc (NULL, size + 64, NULL));
  gst_buffer_resize (*chunk, 64, size);
  return NULL;
}

static gpointer
have_odd_address (Stream * s, GstBuffer ** chunk)
{
  gsize size = gst_buffer_get_size (*chunk);
  guint8 *data = g_malloc0 (size + 1);

  put_memory (*chunk, gst_memory_new_wrapped (0, data + 1, size, 0, size, data,
          g_free));
  return NULL;
}

static gpointer
have_parent (Stream * s, GstBuffer ** chunk)
{
  GstBuffer *parent = gst_buffer_new ();

  gst_buffer_add_parent_buffer_meta (*chunk, parent);
  return parent;
}

static gpointer
have_reference (Stream * s, GstBuffer ** chunk)
{
  GstCaps *caps = gst_caps_new_empty_simple ("timestamp/x-test");

  gst_buffer_add_reference_timestamp_meta (*chunk, caps, 1, 2);
  gst_caps_unref (caps);
  return NULL;
}

static gpointer
have_needless_meta (Stream * s, GstBuffer ** chunk)
{
  gst_buffer_add_audio_meta (*chunk, &s->info, BATCH, NULL);
  return NULL;
}

static gpointer
be_of_a_pool (Stream * s, GstBuffer ** chunk)
{
  GstBufferPool *pool = gst_buffer_pool_new ();
  GstStructure *config = gst_buffer_pool_get_config (pool);
  GstBuffer *pooled = NULL;

  gst_buffer_pool_config_set_params (config, NULL,
      gst_buffer_get_size (*chunk), 0, 0);
  gst_buffer_pool_set_config (pool, config);
  gst_buffer_pool_set_active (pool, TRUE);
  gst_buffer_pool_acquire_buffer (pool, &pooled, NULL);
  GST_BUFFER_PTS (pooled) = GST_BUFFER_PTS (*chunk);
  gst_buffer_unref (*chunk);
  *chunk = pooled;
  gst_buffer_pool_set_active (pool, FALSE);
  gst_object_unref (pool);
  return NULL;
}

static const struct
{
  const gchar *name;
  Sharer share;
} sharers[] = {
  {"upstream keeps the buffer", keep_buffer},
  {"upstream keeps the memory", keep_memory},
  {"upstream keeps a copy", keep_copy},
  {"upstream keeps a copy of a part", keep_part},
  {"it is a part of another buffer", be_part},
  {"it is read-only", be_read_only},
  {"it is a GBytes", be_bytes},
  {"it has two memories", have_two_memories},
  {"its memory is twice as large", be_large},
  {"its samples are in the middle of the memory", begin_late},
  {"its samples have odd addresses", have_odd_address},
  {"it has a parent", have_parent},
  {"it has a reference timestamp", have_reference},
  {"it is interleaved and has a GstAudioMeta", have_needless_meta},
  {"it belongs to a pool", be_of_a_pool},
};

/* Fills a chunk, whose memory upstream can still write. */
static void
write_samples (GstBuffer * chunk)
{
  GstMapInfo map;
  guint i;

  for (i = 0; i < gst_buffer_n_memory (chunk); i++) {
    GstMemory *memory = gst_buffer_peek_memory (chunk, i);

    if (!gst_memory_is_writable (memory)
        || !gst_memory_map (memory, &map, GST_MAP_WRITE))
      return;
    memset (map.data, 1, map.size);
    gst_memory_unmap (memory, &map);
  }
}

/* Of a buffer or a memory; of nothing else. */
static gchar *
checksum_of (gpointer kept)
{
  GstBuffer *buffer;
  GstMapInfo map;
  gchar *sum;

  if (kept == NULL)
    return NULL;
  buffer = GST_IS_BUFFER (kept) ? gst_buffer_ref (kept) : gst_buffer_new ();
  if (!GST_IS_BUFFER (kept))
    gst_buffer_append_memory (buffer, gst_memory_ref (kept));
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  return sum;
}

/* The consumer spoils what it gets; upstream's bytes must not change. */
GST_START_TEST (test_what_others_use_or_what_is_no_batch_is_copied)
{
  gchar *bytes, *kept_bytes, *bytes_now;
  GstBuffer *chunk, *batch;
  gpointer kept;
  Stream s;

  stream_open (&s);
  chunk = next_chunk (&s, BATCH);
  kept = sharers[__i__].share (&s, &chunk);
  write_samples (chunk);
  bytes = checksum_of (chunk);
  kept_bytes = checksum_of (kept);

  push (&s, chunk);
  batch = gst_harness_try_pull (s.h);
  assert_batch_exclusive (batch);
  fail_unless (get_stat (s.h->element, "adopted") == 0, "%s, and it is adopted",
      sharers[__i__].name);
  assert_count (&s, "allocations", 1);
  bytes_now = checksum_of (batch);
  fail_unless_equals_string (bytes_now, bytes);
  g_free (bytes_now);
  gst_buffer_memset (batch, 0, 0xff, -1);
  bytes_now = checksum_of (kept);
  fail_unless_equals_string (bytes_now, kept_bytes);
  g_free (bytes_now);
  g_free (bytes);
  g_free (kept_bytes);
  g_clear_pointer (&kept, gst_mini_object_unref);
  gst_buffer_unref (batch);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_planes_at_other_places_are_copied)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, TRUE);
  gsize swapped[] = { BATCH * 2, 0 };
  GstBuffer *chunk, *batch;
  GstMapInfo map;
  Stream s;

  stream_setup (&s, GST_AUDIO_FORMAT_S16, 2, TRUE);
  stream_start (&s);
  chunk = gst_buffer_new_allocate (NULL, BATCH * 4, NULL);
  gst_buffer_memset (chunk, 0, 1, BATCH * 2);
  gst_buffer_memset (chunk, BATCH * 2, 2, BATCH * 2);
  gst_buffer_add_audio_meta (chunk, &info, BATCH, swapped);
  push (&s, chunk);
  batch = gst_harness_try_pull (s.h);
  gst_buffer_map (batch, &map, GST_MAP_READ);
  fail_unless_equals_int (map.data[0], 2);
  fail_unless_equals_int (map.data[BATCH * 2], 1);
  gst_buffer_unmap (batch, &map);
  gst_buffer_unref (batch);
  assert_count (&s, "adopted", 0);

  /* room behind the planes */
  chunk = gst_buffer_new_allocate (NULL, BATCH * 4 + 4, NULL);
  gst_buffer_memset (chunk, 0, 1, -1);
  gst_buffer_add_audio_meta (chunk, &info, BATCH, NULL);
  push (&s, chunk);
  batch = gst_harness_try_pull (s.h);
  fail_unless_equals_int (gst_buffer_get_size (batch), BATCH * 4);
  gst_buffer_unref (batch);
  assert_count (&s, "adopted", 0);
  stream_finish (&s);
}

GST_END_TEST;

/* What is open, skipped or not of the size. */
GST_START_TEST (test_only_a_whole_batch_in_its_place_is_adopted)
{
  static const struct
  {
    guint size, hop, n;
    gboolean adopted;
  } steps[] = {
    {BATCH, 0, BATCH, TRUE}, {BATCH, BATCH, BATCH, TRUE},
    {BATCH, 0, BATCH - 1, FALSE}, {BATCH, 0, BATCH, FALSE},
    {BATCH, 0, 1, FALSE}, {BATCH, 0, BATCH, TRUE},
    {BATCH, 0, 2 * BATCH, FALSE}, {100, 0, 100, TRUE}, {1, 0, 1, TRUE},
  };
  Stream s;
  guint i;

  stream_open (&s);
  for (i = 0; i < G_N_ELEMENTS (steps); i++) {
    guint64 before = count (&s, "adopted");

    g_object_set (s.h->element, "samples-per-batch", steps[i].size,
        "hop-samples", steps[i].hop, NULL);
    push (&s, next_chunk (&s, steps[i].n));
    while (gst_harness_buffers_in_queue (s.h) > 0)
      gst_buffer_unref (pull (&s));
    fail_unless (count (&s, "adopted") - before == (steps[i].adopted ? 1 : 0),
        "step %u", i);
  }
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_batches_that_overlap_or_skip_are_copied)
{
  static const guint hops[] = { BATCH / 2, BATCH - 1, BATCH + 1, 2 * BATCH };
  Stream s;
  guint i;

  stream_open (&s);
  g_object_set (s.h->element, "hop-samples", hops[__i__], NULL);
  for (i = 0; i < 8; i++)
    push (&s, next_chunk (&s, BATCH));
  assert_count (&s, "adopted", 0);
  fail_unless (count (&s, "batches") > 2);
  harness_free_with_bus (s.h, s.bus);
  audio_free (s.audio);
}

GST_END_TEST;

/* 100 batches a second at 44.1 kHz have 441 samples, 1000 have 44 or 45. */
GST_START_TEST (test_uneven_sizes_are_adopted_and_stay_exact)
{
  guint i, n, done = 0;
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 44100, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);

  g_object_set (h->element, "output-buffer-duration-fraction", 1, 1000,
      "zero-copy", TRUE, NULL);
  harness_set_info (h, &info);
  for (i = 0; i < 100; i++) {
    GstBuffer *chunk, *batch;

    n = (i + 1) * 44100 / 1000 - i * 44100 / 1000;
    chunk = gst_buffer_new_allocate (NULL, n * 2, NULL);
    gst_buffer_memset (chunk, 0, i, -1);
    fail_unless_equals_int (gst_harness_push (h, chunk), GST_FLOW_OK);
    batch = gst_harness_pull (h);
    assert_batch_time (batch, done, n, 44100, 0);
    done += n;
    gst_buffer_unref (batch);
  }
  fail_unless_equals_uint64 (get_stat (h->element, "adopted"), 100);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* What downstream asks for */

GST_START_TEST (test_downstreams_alignment_prefix_and_padding_hold)
{
  static const struct
  {
    GstMemoryFlags flags;
    gsize align, prefix, padding;
  } wishes[] = {
    {0, 15, 0, 0}, {0, 255, 0, 0}, {0, 4095, 0, 0}, {0, 0, 32, 0},
    {0, 0, 0, 32}, {0, 63, 64, 64}, {GST_MEMORY_FLAG_ZERO_PADDED, 0, 0, 8},
  };
  GstAllocationParams params;
  guint i;
  Stream s;

  gst_allocation_params_init (&params);
  params.flags = wishes[__i__].flags;
  params.align = wishes[__i__].align;
  params.prefix = wishes[__i__].prefix;
  params.padding = wishes[__i__].padding;
  stream_setup (&s, GST_AUDIO_FORMAT_S16, 2, FALSE);
  gst_harness_set_propose_allocator (s.h, NULL, &params);
  stream_start (&s);
  for (i = 0; i < 10; i++) {
    GstBuffer *chunk = next_chunk (&s, BATCH), *batch;
    gboolean fits = i % 2;
    GstMapInfo map;
    gsize offset, maxsize;

    /* every second chunk is made as downstream asks */
    if (fits) {
      GstMemory *memory = gst_allocator_alloc (NULL, BATCH * 4, &params);
      guint8 bytes[BATCH * 4];

      gst_buffer_extract (chunk, 0, bytes, sizeof bytes);
      gst_buffer_replace_all_memory (chunk, memory);
      gst_buffer_fill (chunk, 0, bytes, sizeof bytes);
    }
    push (&s, chunk);
    batch = pull (&s);
    gst_memory_get_sizes (gst_buffer_peek_memory (batch, 0), &offset, &maxsize);
    fail_unless (offset >= params.prefix);
    fail_unless (maxsize - offset - BATCH * 4 >= params.padding);
    gst_buffer_map (batch, &map, GST_MAP_READ);
    fail_unless_equals_int ((guintptr) map.data & params.align, 0);
    gst_buffer_unmap (batch, &map);
    if (fits && (params.prefix & params.align) == 0)
      fail_unless (batch == chunk, "chunk %u was copied", i);
    gst_buffer_unref (batch);
  }
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_of_downstreams_allocator_or_copied_into_it)
{
  OfferedAllocator *allocator = offered_allocator_new (ALLOC_PLAIN, 0);
  guint i;
  Stream s;

  stream_setup (&s, GST_AUDIO_FORMAT_S16, 2, FALSE);
  gst_harness_set_propose_allocator (s.h, gst_object_ref (allocator), NULL);
  stream_start (&s);
  for (i = 0; i < 10; i++) {
    GstBuffer *chunk = next_chunk (&s, BATCH), *batch;

    if (i % 2) {
      guint8 bytes[BATCH * 4];

      gst_buffer_extract (chunk, 0, bytes, sizeof bytes);
      gst_buffer_replace_all_memory (chunk, gst_allocator_alloc (GST_ALLOCATOR
              (allocator), BATCH * 4, NULL));
      gst_buffer_fill (chunk, 0, bytes, sizeof bytes);
    }
    push (&s, chunk);
    batch = pull (&s);
    fail_unless (gst_buffer_peek_memory (batch, 0)->allocator ==
        GST_ALLOCATOR (allocator));
    gst_buffer_unref (batch);
  }
  assert_count (&s, "adopted", 5);
  assert_count (&s, "allocations", 5);
  stream_finish (&s);
  gst_object_unref (allocator);
}

GST_END_TEST;

/* The output */

#define CUSTOM_FLAG (GST_BUFFER_FLAG_LAST << 2)

static void
dress (GstBuffer * chunk, guint i)
{
  static const GstBufferFlags flags[] = {
    0, GST_BUFFER_FLAG_GAP, GST_BUFFER_FLAG_MARKER | GST_BUFFER_FLAG_CORRUPTED,
    GST_BUFFER_FLAG_DISCONT, GST_BUFFER_FLAG_RESYNC, GST_BUFFER_FLAG_HEADER,
    GST_BUFFER_FLAG_TAG_MEMORY, CUSTOM_FLAG, GST_BUFFER_FLAG_DECODE_ONLY,
    GST_BUFFER_FLAG_LIVE | GST_BUFFER_FLAG_NON_DROPPABLE,
  };

  GST_BUFFER_FLAG_SET (chunk, flags[i % G_N_ELEMENTS (flags)]);
  GST_BUFFER_DTS (chunk) = 12345;
  GST_BUFFER_DURATION (chunk) = 7;
  GST_BUFFER_OFFSET (chunk) = 99;
  GST_BUFFER_OFFSET_END (chunk) = 3;
  if (i % 7 == 0)
    gst_buffer_add_audio_level_meta (chunk, 12, TRUE);
  if (i % 11 == 0)
    gst_buffer_add_audio_clipping_meta (chunk, GST_FORMAT_DEFAULT, 0, 5);
}

static gboolean
note_meta (GstBuffer * buffer, GstMeta ** meta, gpointer text)
{
  g_string_append_printf (text, " %s", g_type_name ((*meta)->info->api));
  return TRUE;
}

/* All of a buffer but its memory. */
static gchar *
look_of (GstBuffer * batch)
{
  GString *text = g_string_new (NULL);
  g_autofree gchar *sum = NULL;
  GstMapInfo map;

  gst_buffer_map (batch, &map, GST_MAP_READ);
  sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, map.data, map.size);
  g_string_append_printf (text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %"
      G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " flags %x, %"
      G_GSIZE_FORMAT " bytes %s,", (gint64) GST_BUFFER_PTS (batch),
      (gint64) GST_BUFFER_DTS (batch), (gint64) GST_BUFFER_DURATION (batch),
      (gint64) GST_BUFFER_OFFSET (batch),
      (gint64) GST_BUFFER_OFFSET_END (batch), GST_BUFFER_FLAGS (batch),
      map.size, sum);
  gst_buffer_unmap (batch, &map);
  gst_buffer_foreach_meta (batch, note_meta, text);
  return g_string_free (text, FALSE);
}

GST_START_TEST (test_all_but_the_memory_is_as_in_copies)
{
  Stream copied, adopted;
  guint i;

  stream_setup (&copied, GST_AUDIO_FORMAT_F32, 2, __i__);
  g_object_set (copied.h->element, "zero-copy", FALSE, NULL);
  stream_setup (&adopted, GST_AUDIO_FORMAT_F32, 2, __i__);
  stream_start (&copied);
  stream_start (&adopted);
  g_object_set (copied.h->element, "samples-per-batch", 16, NULL);
  g_object_set (adopted.h->element, "samples-per-batch", 16, NULL);
  for (i = 0; i < 200; i++) {
    guint n = i % 13 == 12 ? 7 : 16;
    GstBuffer *a = next_chunk (&copied, n), *b = next_chunk (&adopted, n);

    dress (a, i);
    dress (b, i);
    if (i % 20 == 19)
      GST_BUFFER_PTS (a) = GST_BUFFER_PTS (b) = GST_CLOCK_TIME_NONE;
    push (&copied, a);
    push (&adopted, b);
    while ((a = gst_harness_try_pull (copied.h))) {
      gchar *want = look_of (a), *got;

      b = gst_harness_try_pull (adopted.h);
      fail_unless (b != NULL);
      assert_batch_exclusive (b);
      got = look_of (b);
      fail_unless_equals_string (got, want);
      gst_buffer_unref (a);
      gst_buffer_unref (b);
      g_free (want);
      g_free (got);
    }
    fail_unless (gst_harness_try_pull (adopted.h) == NULL);
  }
  fail_unless (count (&adopted, "adopted") > 10);
  fail_unless_equals_uint64 (count (&adopted, "batches"),
      count (&copied, "batches"));
  harness_free_with_bus (copied.h, copied.bus);
  harness_free_with_bus (adopted.h, adopted.bus);
  audio_free (copied.audio);
  audio_free (adopted.audio);
}

GST_END_TEST;

/* Who holds a batch */

GST_START_TEST (test_batches_outlive_the_element)
{
  GstBuffer *held[10];
  Stream s;
  guint i;

  stream_open (&s);
  for (i = 0; i < 10; i++)
    held[i] = pass_one (&s);
  assert_count (&s, "adopted", 10);
  assert_count (&s, "outstanding-batches", 10);
  assert_count (&s, "peak-outstanding-batches", 10);
  harness_free_with_bus (s.h, s.bus);
  for (i = 0; i < 10; i++) {
    assert_batch_exclusive (held[i]);
    assert_batch_data (held[i], s.audio, i * BATCH);
    gst_buffer_memset (held[i], 0, 0xff, -1);
    gst_buffer_unref (held[i]);
  }
  audio_free (s.audio);
}

GST_END_TEST;

GST_START_TEST (test_what_is_held_of_a_batch_is_outstanding_until_it_goes)
{
  GstBuffer *batch, *copy, *part, *deep;
  GstMemory *memory;
  Stream s;

  stream_open (&s);
  batch = pass_one (&s);
  memory = gst_buffer_get_memory (batch, 0);
  gst_buffer_unref (batch);
  assert_count (&s, "outstanding-batches", 1);
  gst_memory_unref (memory);
  assert_count (&s, "outstanding-batches", 0);

  batch = pass_one (&s);
  copy = gst_buffer_copy (batch);
  part = gst_buffer_copy_region (batch, GST_BUFFER_COPY_ALL, 4, 8);
  deep = gst_buffer_copy_deep (batch);
  gst_buffer_unref (batch);
  assert_count (&s, "outstanding-batches", 1);
  gst_buffer_unref (copy);
  assert_count (&s, "outstanding-batches", 1);
  gst_buffer_unref (part);
  assert_count (&s, "outstanding-batches", 0);
  gst_buffer_unref (deep);
  stream_finish (&s);
}

GST_END_TEST;

/* More than are counted in the cheapest way. */
GST_START_TEST (test_any_number_can_be_held)
{
  const guint n = 20000;
  GstBuffer **held = g_new (GstBuffer *, n);
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GstBus *bus;
  GstHarness *h = harness_with_bus ("audiobatch", &bus);
  guint i;

  g_object_set (h->element, "samples-per-batch", 4, "zero-copy", TRUE, NULL);
  harness_set_info (h, &info);
  for (i = 0; i < n; i++) {
    GstBuffer *chunk = gst_buffer_new_allocate (NULL, 8, NULL);

    gst_buffer_memset (chunk, 0, i, -1);
    gst_harness_push (h, chunk);
    held[i] = gst_harness_pull (h);
    fail_unless (held[i] == chunk);
  }
  fail_unless_equals_uint64 (get_stat (h->element, "adopted"), n);
  fail_unless_equals_uint64 (get_stat (h->element, "outstanding-batches"), n);
  for (i = 0; i < n; i++) {
    gst_buffer_unref (held[i]);
    if (i % 1000 == 0)
      fail_unless_equals_uint64 (get_stat (h->element, "outstanding-batches"),
          n - 1 - i);
  }
  fail_unless_equals_uint64 (get_stat (h->element, "outstanding-bytes"), 0);
  g_free (held);
  harness_free_with_bus (h, bus);
}

GST_END_TEST;

/* A batch of one element is a chunk of the next, and counts in both. */
GST_START_TEST (test_a_batch_passes_through_several_elements)
{
  GstHarness *h = gst_harness_new_parse ("audiobatch samples-per-batch=256 "
      "name=a ! audiobatch samples-per-batch=256 zero-copy=true name=b ! "
      "audiobatch samples-per-batch=256 zero-copy=true name=c");
  GstElement *bin = h->element;
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  static const gchar *const names[] = { "a", "b", "c" };
  GstElement *e[3];
  GstBuffer *batch;
  GstMemory *memory;
  guint i;

  for (i = 0; i < 3; i++)
    e[i] = gst_bin_get_by_name (GST_BIN (bin), names[i]);
  harness_set_info (h, &info);
  gst_harness_push (h, gst_buffer_new_allocate (NULL, 512, NULL));
  batch = gst_harness_pull (h);
  assert_batch_exclusive (batch);
  fail_unless_equals_uint64 (get_stat (e[0], "allocations"), 1);
  fail_unless_equals_uint64 (get_stat (e[1], "adopted"), 1);
  fail_unless_equals_uint64 (get_stat (e[2], "adopted"), 1);
  memory = gst_buffer_get_memory (batch, 0);
  gst_buffer_unref (batch);
  for (i = 0; i < 3; i++)
    fail_unless_equals_uint64 (get_stat (e[i], "outstanding-batches"), 1);
  gst_memory_unref (memory);
  for (i = 0; i < 3; i++) {
    fail_unless_equals_uint64 (get_stat (e[i], "outstanding-batches"), 0);
    gst_object_unref (e[i]);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Too many batches out */

GST_START_TEST (test_overrun_drop_drops_chunks_and_marks_the_next_batch)
{
  GstBuffer *held[2], *batch;
  Stream s;

  stream_open (&s);
  g_object_set (s.h->element, "max-outstanding-batches", 2, NULL);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "overrun", "drop");
  held[0] = pass_one (&s);
  held[1] = pass_one (&s);
  push (&s, next_chunk (&s, BATCH));
  push (&s, next_chunk (&s, BATCH));
  fail_unless (gst_harness_try_pull (s.h) == NULL);
  assert_count (&s, "dropped-batches", 2);
  assert_count (&s, "samples-dropped", 2 * BATCH);
  gst_buffer_unref (held[0]);
  s.checked += 2 * BATCH;
  batch = pass_one (&s);
  fail_unless (GST_BUFFER_IS_DISCONT (batch));
  gst_buffer_unref (batch);
  batch = pass_one (&s);
  fail_if (GST_BUFFER_IS_DISCONT (batch));
  gst_buffer_unref (batch);
  gst_buffer_unref (held[1]);
  assert_count (&s, "adopted", 4);
  assert_count (&s, "peak-outstanding-batches", 2);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_overrun_error_ends_the_stream)
{
  GstBuffer *held;
  Stream s;

  stream_open (&s);
  g_object_set (s.h->element, "max-outstanding-batches", 1, NULL);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "overrun", "error");
  held = pass_one (&s);
  fail_unless_equals_int (gst_harness_push (s.h, next_chunk (&s, BATCH)),
      GST_FLOW_ERROR);
  assert_error (s.bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "1 batches");
  assert_count (&s, "samples-dropped", BATCH);
  gst_buffer_unref (held);
  stream_finish (&s);
}

GST_END_TEST;

static gpointer
push_many (gpointer user_data)
{
  Stream *s = user_data;
  guint i;

  for (i = 0; i < 15; i++)
    push (s, next_chunk (s, BATCH));
  return NULL;
}

GST_START_TEST (test_overrun_wait_never_exceeds_the_bound)
{
  GThread *thread;
  guint i;
  Stream s;

  stream_open (&s);
  g_object_set (s.h->element, "max-outstanding-batches", 2, NULL);
  thread = g_thread_new ("upstream", push_many, &s);
  for (i = 0; i < 15; i++) {
    GstBuffer *batch = gst_harness_pull (s.h);

    fail_unless (batch != NULL);
    assert_batch_data (batch, s.audio, i * BATCH);
    fail_unless (count (&s, "outstanding-batches") <= 2);
    gst_buffer_unref (batch);
  }
  g_thread_join (thread);
  assert_count (&s, "adopted", 15);
  fail_unless (count (&s, "peak-outstanding-batches") <= 2);
  stream_finish (&s);
}

GST_END_TEST;

/* Modes */

GST_START_TEST (test_it_may_change_while_playing_in_every_mode)
{
  static const gchar *const modes[] = { "fresh", "pool", "auto" };
  guint i, adopted = 0;
  Stream s;

  stream_setup (&s, GST_AUDIO_FORMAT_S16, 2, FALSE);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "allocation", modes[__i__]);
  stream_start (&s);
  for (i = 0; i < 15; i++) {
    gboolean on = i % 3 != 0;

    g_object_set (s.h->element, "zero-copy", on, NULL);
    gst_buffer_unref (pass_one (&s));
    adopted += on;
    assert_count (&s, "adopted", adopted);
  }
  stream_finish (&s);
}

GST_END_TEST;

/* Pipelines */

/* What is pushed is the consumer's alone; it spoils it. */
static void
consume (GstElement * sink, GstBuffer * batch, GstPad * pad, gpointer user_data)
{
  ++*(guint *) user_data;
  gst_buffer_memset (batch, 0, 0x55, -1);
}

static GstPadProbeReturn
look (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  assert_batch_exclusive (GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static void
check_silent (GstElement * sink, GstBuffer * chunk, GstPad * pad,
    gpointer user_data)
{
  gsize size = gst_buffer_get_size (chunk);
  guint8 *zeros = g_malloc0 (size);

  fail_unless (gst_buffer_memcmp (chunk, 0, zeros, size) == 0,
      "a consumer of a batch changed what others have");
  g_free (zeros);
}

#define CHUNKS "audiotestsrc wave=silence num-buffers=40 "
#define BATCHES "audiobatch name=b zero-copy=true ! fakesink name=sink " \
    "sync=false signal-handoffs=true enable-last-sample=false"
#define OTHER "fakesink name=other sync=false signal-handoffs=true"

static const struct
{
  const gchar *line;
  /* of all batches; -1: as it comes */
  gint adopted;
} pipelines[] = {
  {"audiobatchsrc wave=silence num-buffers=40 ! " BATCHES, 40},
  {"audiobatchsrc wave=silence num-buffers=40 allocation=pool ! " BATCHES, 0},
  {"audiobatchsrc wave=silence num-buffers=40 ! tee name=t ! queue ! " BATCHES
        " t. ! queue ! " OTHER, -1},
  {"audiobatchsrc wave=silence num-buffers=40 ! tee name=t ! queue ! " BATCHES
        " t. ! queue ! audiobatch zero-copy=true ! " OTHER, -1},
  {CHUNKS "! " BATCHES, -1},
  {CHUNKS "! wavenc ! wavparse ! " BATCHES, -1},
  {CHUNKS "! audioconvert ! audioresample ! volume ! " BATCHES, -1},
  {CHUNKS "! rawaudioparse use-sink-caps=true ! " BATCHES, -1},
  {CHUNKS "! audioconvert ! flacenc ! flacparse ! flacdec ! " BATCHES, -1},
  {CHUNKS "! audioconvert ! vorbisenc ! vorbisdec ! " BATCHES, -1},
  {CHUNKS "! audioconvert ! opusenc ! opusdec ! " BATCHES, -1},
  {CHUNKS "! audiobuffersplit output-buffer-duration=1024/44100 ! " BATCHES,
      -1},
};

static void
connect_handoff (GstElement * pipeline, const gchar * name, GCallback callback,
    gpointer user_data)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), name);

  if (sink)
    g_signal_connect (sink, "handoff", callback, user_data);
  gst_clear_object (&sink);
}

static void
play_to_the_end (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_object_unref (bus);
}

GST_START_TEST (test_batches_are_exclusive_whatever_upstream_is)
{
  GstElement *pipeline, *filter;
  GError *error = NULL;
  guint batches = 0;
  GstPad *pad;

  pipeline = gst_parse_launch (pipelines[__i__].line, &error);
  if (error) {
    g_print ("left out: %s\n", error->message);
    g_clear_error (&error);
    gst_clear_object (&pipeline);
    return;
  }
  filter = gst_bin_get_by_name (GST_BIN (pipeline), "b");
  pad = gst_element_get_static_pad (filter, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, look, NULL, NULL);
  connect_handoff (pipeline, "sink", G_CALLBACK (consume), &batches);
  connect_handoff (pipeline, "other", G_CALLBACK (check_silent), NULL);
  play_to_the_end (pipeline);
  fail_unless (batches > 10);
  fail_unless_equals_uint64 (get_stat (filter, "batches"), batches);
  fail_unless_equals_uint64 (batches, get_stat (filter, "adopted")
      + get_stat (filter, "allocations"));
  if (pipelines[__i__].adopted >= 0)
    fail_unless_equals_uint64 (get_stat (filter, "adopted"),
        pipelines[__i__].adopted);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless_equals_uint64 (get_stat (filter, "outstanding-batches"), 0);
  gst_object_unref (pad);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
}

GST_END_TEST;

static Suite *
zerocopy_suite (void)
{
  Suite *suite = suite_create ("zerocopy");
  TCase *tc = tcase_create ("zero-copy");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_test (tc, test_it_is_off_unless_it_is_asked_for);
  tcase_add_test (tc, test_a_chunk_that_is_the_next_batch_is_pushed_itself);
  tcase_add_loop_test (tc, test_what_others_use_or_what_is_no_batch_is_copied,
      0, G_N_ELEMENTS (sharers));
  tcase_add_test (tc, test_planes_at_other_places_are_copied);
  tcase_add_test (tc, test_only_a_whole_batch_in_its_place_is_adopted);
  tcase_add_loop_test (tc, test_batches_that_overlap_or_skip_are_copied, 0, 4);
  tcase_add_test (tc, test_uneven_sizes_are_adopted_and_stay_exact);
  tcase_add_loop_test (tc, test_downstreams_alignment_prefix_and_padding_hold,
      0, 7);
  tcase_add_test (tc, test_of_downstreams_allocator_or_copied_into_it);
  tcase_add_loop_test (tc, test_all_but_the_memory_is_as_in_copies, 0, 2);
  tcase_add_test (tc, test_batches_outlive_the_element);
  tcase_add_test (tc,
      test_what_is_held_of_a_batch_is_outstanding_until_it_goes);
  tcase_add_test (tc, test_any_number_can_be_held);
  tcase_add_test (tc, test_a_batch_passes_through_several_elements);
  tcase_add_test (tc, test_overrun_drop_drops_chunks_and_marks_the_next_batch);
  tcase_add_test (tc, test_overrun_error_ends_the_stream);
  tcase_add_test (tc, test_overrun_wait_never_exceeds_the_bound);
  tcase_add_loop_test (tc, test_it_may_change_while_playing_in_every_mode, 0,
      3);
  tcase_add_loop_test (tc, test_batches_are_exclusive_whatever_upstream_is, 0,
      G_N_ELEMENTS (pipelines));
  return suite;
}

GST_CHECK_MAIN (zerocopy);
