/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where batch memory comes from, set through properties of both elements:
 * fresh, recycled, by advice, from downstream's pool. Also what is counted. */

#include "../batchcheck.h"
#include "../offeredpool.h"
#ifdef __linux__
#include "../pagesallocator.h"
#endif

#define RATE 48000
#define BATCH 256
#define BPF 4

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
stream_setup_format (Stream * s, const GstAudioInfo * info, guint n_samples,
    const gchar * mode)
{
  memset (s, 0, sizeof *s);
  s->info = *info;
  s->audio = audio_new_ramp (info, n_samples);
  s->h = harness_with_bus ("audiobatch", &s->bus);
  gst_util_set_object_arg (G_OBJECT (s->h->element), "allocation", mode);
  g_object_set (s->h->element, "samples-per-batch", BATCH, NULL);
}

static void
stream_setup (Stream * s, guint n_samples, const gchar * mode)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, FALSE);

  stream_setup_format (s, &info, n_samples, mode);
}

static void
stream_start (Stream * s)
{
  harness_set_info (s->h, &s->info);
}

static void
push (Stream * s, guint n)
{
  GstBuffer *chunk = audio_chunk (s->audio, s->pushed, n);

  GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (s->pushed, GST_SECOND, RATE);
  fail_unless_equals_int (gst_harness_push (s->h, chunk), GST_FLOW_OK);
  s->pushed += n;
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

static void
pull_all (Stream * s)
{
  while (gst_harness_buffers_in_queue (s->h) > 0)
    gst_buffer_unref (pull (s));
}

static guint64
count (Stream * s, const gchar * name)
{
  return get_stat (s->h->element, name);
}

#define assert_count(s, name, value) \
    fail_unless_equals_uint64 (count (s, name), value)

static void
stream_finish (Stream * s)
{
  gst_harness_push_event (s->h, gst_event_new_eos ());
  pull_all (s);
  fail_unless_equals_int (s->checked, s->pushed);
  assert_lossless (s->h->element, s->pushed, 0);
  assert_count (s, "outstanding-batches", 0);
  assert_count (s, "outstanding-bytes", 0);
  fail_unless_equals_uint64 (count (s, "allocations") + count (s, "reused"),
      count (s, "batches"));
  harness_free_with_bus (s->h, s->bus);
  audio_free (s->audio);
}

static void
set_allocation (Stream * s, const gchar * mode)
{
  gst_util_set_object_arg (G_OBJECT (s->h->element), "allocation", mode);
}

/* Modes */

GST_START_TEST (test_fresh_is_the_default_and_recycles_nothing)
{
  GstElement *filter = gst_element_factory_make ("audiobatch", NULL);
  GstElement *src = gst_element_factory_make ("audiobatchsrc", NULL);
  GstElement *elements[] = { filter, src };
  guint i;

  for (i = 0; i < 2; i++) {
    guint min, max, outstanding;
    gint mode, overrun;

    g_object_get (elements[i], "allocation", &mode, "pool-min-buffers", &min,
        "pool-max-buffers", &max, "max-outstanding-batches", &outstanding,
        "overrun", &overrun, NULL);
    fail_unless_equals_int (mode, 0);
    fail_unless_equals_int (min, 2);
    fail_unless_equals_int (max, 16);
    fail_unless_equals_int (outstanding, 0);
    fail_unless_equals_int (overrun, 0);
    gst_object_unref (elements[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_one_pool_buffer_serves_a_consumer_that_keeps_up)
{
  Stream s;
  guint i;

  stream_setup (&s, 1000 * BATCH, "pool");
  g_object_set (s.h->element, "pool-min-buffers", 1, NULL);
  stream_start (&s);
  for (i = 0; i < 1000; i++) {
    push (&s, BATCH);
    pull_all (&s);
  }
  assert_count (&s, "allocations", 1);
  assert_count (&s, "allocated-bytes", BATCH * BPF);
  assert_count (&s, "reused", 999);
  assert_count (&s, "fallbacks", 0);
  assert_count (&s, "discards", 0);
  assert_count (&s, "peak-outstanding-batches", 1);
  assert_count (&s, "peak-outstanding-bytes", BATCH * BPF);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_what_the_pool_has_not_is_allocated_and_counted)
{
  Stream s;
  guint round;

  stream_setup (&s, 3 * 20 * BATCH, "pool");
  g_object_set (s.h->element, "pool-max-buffers", 5, NULL);
  stream_start (&s);
  for (round = 0; round < 3; round++) {
    push (&s, 20 * BATCH);
    assert_count (&s, "outstanding-batches", 20);
    pull_all (&s);
    assert_count (&s, "outstanding-batches", 0);
  }
  assert_count (&s, "fallbacks", 3 * 15);
  assert_count (&s, "allocations", 5 + 3 * 15);
  assert_count (&s, "reused", 2 * 5);
  assert_count (&s, "peak-outstanding-batches", 20);
  stream_finish (&s);
}

GST_END_TEST;

static const gchar *const modes[] = { "fresh", "pool", "auto" };

GST_START_TEST (test_every_format_is_right_in_every_mode)
{
  guint n_formats, i, planar;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[i], RATE, 3, planar);
      Stream s;

      stream_setup_format (&s, &info, 10 * BATCH + 3, modes[__i__]);
      stream_start (&s);
      while (s.pushed < 10 * BATCH) {
        push (&s, 128);
        pull_all (&s);
      }
      push (&s, 3);
      stream_finish (&s);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_held_batches_keep_what_they_have_in_every_mode)
{
  GstBuffer *held[40];
  Stream s;
  guint i;

  stream_setup (&s, 40 * BATCH, modes[__i__]);
  stream_start (&s);
  for (i = 0; i < 40; i++) {
    push (&s, BATCH);
    held[i] = pull (&s);
    /* release every third at once */
    if (i % 3 == 0)
      gst_clear_buffer (&held[i]);
    fail_unless_equals_uint64 (count (&s, "outstanding-batches"),
        i + 1 - (i + 3) / 3);
  }
  for (i = 0; i < 40; i++) {
    if (held[i] == NULL)
      continue;
    assert_batch_exclusive (held[i]);
    assert_batch_data (held[i], s.audio, i * BATCH);
    gst_buffer_unref (held[i]);
  }
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_batches_outlive_the_element_in_every_mode)
{
  GstBuffer *held[20];
  Stream s;
  guint i;

  stream_setup (&s, 20 * BATCH, modes[__i__]);
  stream_start (&s);
  push (&s, 20 * BATCH);
  for (i = 0; i < 20; i++)
    held[i] = pull (&s);
  harness_free_with_bus (s.h, s.bus);
  for (i = 0; i < 20; i++) {
    assert_batch_exclusive (held[i]);
    assert_batch_data (held[i], s.audio, i * BATCH);
    gst_buffer_memset (held[i], 0, 0xff, -1);
    gst_buffer_unref (held[i]);
  }
  audio_free (s.audio);
}

GST_END_TEST;

/* Batches of the old run count there only; the new run starts at 0. */
GST_START_TEST (test_batches_of_an_earlier_run_do_not_count_in_this_one)
{
  GstBuffer *held;
  Stream s;

  stream_setup (&s, 4 * BATCH, modes[__i__]);
  stream_start (&s);
  push (&s, BATCH);
  held = pull (&s);
  gst_element_set_state (s.h->element, GST_STATE_NULL);
  assert_count (&s, "outstanding-batches", 1);
  gst_element_set_state (s.h->element, GST_STATE_PLAYING);
  assert_count (&s, "outstanding-batches", 0);
  assert_count (&s, "allocations", 0);
  gst_buffer_unref (held);
  assert_count (&s, "outstanding-batches", 0);
  harness_free_with_bus (s.h, s.bus);
  audio_free (s.audio);
}

GST_END_TEST;

/* Other holders of a batch */

GST_START_TEST (test_copies_and_held_memories_are_live_until_they_go)
{
  GstBuffer *batch, *copy, *deep;
  GstMemory *memory;
  Stream s;

  stream_setup (&s, 4 * BATCH, modes[__i__]);
  stream_start (&s);
  push (&s, BATCH);
  batch = pull (&s);
  copy = gst_buffer_copy (batch);
  deep = gst_buffer_copy_deep (batch);
  gst_buffer_unref (batch);
  assert_count (&s, "outstanding-batches", 1);
  memory = gst_buffer_get_memory (copy, 0);
  gst_buffer_unref (copy);
  assert_count (&s, "outstanding-batches", 1);
  assert_count (&s, "outstanding-bytes", BATCH * BPF);
  gst_memory_unref (memory);
  assert_count (&s, "outstanding-batches", 0);
  gst_buffer_unref (deep);
  assert_count (&s, "discards", g_str_equal (modes[__i__], "pool") ? 1 : 0);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_a_memory_held_without_its_buffer_keeps_its_samples)
{
  GstMemory *memory;
  GstMapInfo map;
  GstBuffer *batch;
  guint8 *before;
  Stream s;

  stream_setup (&s, 4 * BATCH, modes[__i__]);
  stream_start (&s);
  push (&s, BATCH);
  batch = pull (&s);
  memory = gst_buffer_get_memory (batch, 0);
  gst_buffer_unref (batch);
  gst_memory_map (memory, &map, GST_MAP_READ);
  before = g_memdup2 (map.data, map.size);
  push (&s, 3 * BATCH);
  pull_all (&s);
  fail_unless (memcmp (before, map.data, map.size) == 0,
      "a held memory was overwritten");
  assert_count (&s, "outstanding-batches", 1);
  g_free (before);
  gst_memory_unmap (memory, &map);
  gst_memory_unref (memory);
  stream_finish (&s);
}

GST_END_TEST;

/* Silence and planar audio in recycled memory */

GST_START_TEST (test_silence_is_written_into_recycled_memory)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, TRUE);
  GstBuffer *batch;
  GstMapInfo map;
  GstEvent *gap;
  Stream s;
  guint i;

  stream_setup_format (&s, &info, 4 * BATCH, "pool");
  g_object_set (s.h->element, "pool-min-buffers", 1, "pool-max-buffers", 1,
      NULL);
  gst_util_set_object_arg (G_OBJECT (s.h->element), "tail", "pad");
  gst_util_set_object_arg (G_OBJECT (s.h->element), "discont", "fill");
  stream_start (&s);
  push (&s, BATCH);
  pull_all (&s);
  gap = gst_event_new_gap (gst_util_uint64_scale (BATCH, GST_SECOND, RATE),
      gst_util_uint64_scale (BATCH, GST_SECOND, RATE));
  gst_harness_push_event (s.h, gap);
  batch = gst_harness_try_pull (s.h);
  fail_unless (batch != NULL);
  fail_unless (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  fail_unless (gst_buffer_get_audio_meta (batch) != NULL);
  gst_buffer_map (batch, &map, GST_MAP_READ);
  for (i = 0; i < map.size; i++)
    fail_unless_equals_int (map.data[i], 0);
  gst_buffer_unmap (batch, &map);
  gst_buffer_unref (batch);

  /* the padding of a tail must be written too */
  s.pushed = s.checked = 2 * BATCH;
  push (&s, 10);
  gst_harness_push_event (s.h, gst_event_new_eos ());
  batch = gst_harness_try_pull (s.h);
  fail_unless (batch != NULL);
  fail_unless_equals_int (batch_samples (batch, &info), BATCH);
  fail_if (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  gst_buffer_map (batch, &map, GST_MAP_READ);
  for (i = 10 * 2; i < BATCH * 2; i++) {
    fail_unless_equals_int (map.data[i], 0);
    fail_unless_equals_int (map.data[BATCH * 2 + i], 0);
  }
  gst_buffer_unmap (batch, &map);
  gst_buffer_unref (batch);
  assert_count (&s, "reused", 2);
  harness_free_with_bus (s.h, s.bus);
  audio_free (s.audio);
}

GST_END_TEST;

GST_START_TEST (test_a_recycled_planar_batch_has_one_meta_of_its_own)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_F32, RATE, 3, TRUE);
  Stream s;
  guint i;

  stream_setup_format (&s, &info, 50 * BATCH + 7, "pool");
  g_object_set (s.h->element, "pool-min-buffers", 1, "pool-max-buffers", 1,
      NULL);
  stream_start (&s);
  for (i = 0; i < 50; i++) {
    GstBuffer *batch;

    push (&s, BATCH);
    batch = pull (&s);
    fail_unless_equals_int (gst_buffer_get_n_meta (batch,
            GST_AUDIO_META_API_TYPE), 1);
    gst_buffer_unref (batch);
  }
  /* the tail is shorter */
  push (&s, 7);
  assert_count (&s, "reused", 50);
  stream_finish (&s);
}

GST_END_TEST;

static const gchar *const waves[] = { "sine", "silence", "ticks" };

/* Samples must not depend on what recycled memory held before. */
GST_START_TEST (test_the_source_makes_the_same_samples_from_recycled_memory)
{
  const gchar *caps[] = { "audio/x-raw,format=S16LE,rate=48000,channels=1",
    "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=non-interleaved"
  };
  guint c, i;

  for (c = 0; c < G_N_ELEMENTS (caps); c++) {
    GstHarness *h[2];

    for (i = 0; i < 2; i++) {
      h[i] = gst_harness_new ("audiobatchsrc");
      gst_util_set_object_arg (G_OBJECT (h[i]->element), "wave", waves[__i__]);
      gst_util_set_object_arg (G_OBJECT (h[i]->element), "allocation",
          modes[i]);
      g_object_set (h[i]->element, "pool-max-buffers", 1, "num-buffers", 50,
          "tick-interval", 30 * GST_MSECOND, NULL);
      gst_harness_set_sink_caps_str (h[i], caps[c]);
      gst_harness_play (h[i]);
    }
    for (i = 0; i < 50; i++) {
      GstBuffer *fresh = gst_harness_pull (h[0]);
      GstBuffer *pooled = gst_harness_pull (h[1]);
      GstMapInfo map;

      fail_unless (fresh && pooled);
      fail_unless_equals_int (gst_buffer_get_n_meta (pooled,
              GST_AUDIO_META_API_TYPE), c);
      fail_unless_equals_int (GST_BUFFER_FLAG_IS_SET (fresh,
              GST_BUFFER_FLAG_GAP), GST_BUFFER_FLAG_IS_SET (pooled,
              GST_BUFFER_FLAG_GAP));
      gst_buffer_map (fresh, &map, GST_MAP_READ);
      fail_unless (gst_buffer_get_size (pooled) == map.size
          && gst_buffer_memcmp (pooled, 0, map.data, map.size) == 0,
          "batch %u differs", i);
      gst_buffer_unmap (fresh, &map);
      gst_buffer_unref (fresh);
      gst_buffer_unref (pooled);
    }
    fail_unless (get_counter (h[1]->element, "allocations") > 0);
    for (i = 0; i < 2; i++)
      gst_harness_teardown (h[i]);
  }
}

GST_END_TEST;

/* Another pool */

GST_START_TEST (test_another_size_is_another_pool_and_no_sample_is_lost)
{
  static const guint sizes[] = { 256, 512, 100, 1, 2048, 256 };
  GstBuffer *held[G_N_ELEMENTS (sizes)];
  Stream s;
  guint i;

  stream_setup (&s, 20000, "pool");
  stream_start (&s);
  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_object_set (s.h->element, "samples-per-batch", sizes[i], NULL);
    push (&s, 2049);
    held[i] = pull (&s);
    pull_all (&s);
  }
  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    gst_buffer_unref (held[i]);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_other_caps_are_another_pool)
{
  GstAudioInfo wide = audio_info (GST_AUDIO_FORMAT_F64, RATE, 2, FALSE);
  Audio *audio = audio_new_ramp (&wide, 10 * BATCH);
  GstBuffer *held, *chunk;
  Stream s;
  guint i;

  stream_setup (&s, 10 * BATCH, "pool");
  stream_start (&s);
  push (&s, BATCH);
  held = pull (&s);
  harness_set_info (s.h, &wide);
  chunk = audio_chunk (audio, 0, 10 * BATCH);
  GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (BATCH, GST_SECOND, RATE);
  fail_unless_equals_int (gst_harness_push (s.h, chunk), GST_FLOW_OK);
  for (i = 0; i < 10; i++) {
    GstBuffer *batch = gst_harness_try_pull (s.h);

    fail_unless (batch != NULL);
    assert_batch_exclusive (batch);
    assert_batch_data (batch, audio, i * BATCH);
    gst_buffer_unref (batch);
  }
  assert_batch_data (held, s.audio, 0);
  assert_count (&s, "outstanding-batches", 1);
  gst_buffer_unref (held);
  assert_count (&s, "outstanding-batches", 0);
  assert_count (&s, "discards", 0);
  harness_free_with_bus (s.h, s.bus);
  audio_free (s.audio);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_a_flush_keeps_the_pool)
{
  Stream s;
  guint i;

  stream_setup (&s, BATCH + BATCH / 2, "pool");
  g_object_set (s.h->element, "pool-min-buffers", 0, NULL);
  stream_start (&s);
  for (i = 0; i < 20; i++) {
    GstSegment segment;

    push (&s, BATCH + BATCH / 2);
    pull_all (&s);
    gst_harness_push_event (s.h, gst_event_new_flush_start ());
    gst_harness_push_event (s.h, gst_event_new_flush_stop (TRUE));
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (s.h, gst_event_new_segment (&segment));
    assert_count (&s, "outstanding-batches", 0);
    s.pushed = s.checked = 0;
  }
  /* two fresh batches: the full one and the open one */
  assert_count (&s, "allocations", 2);
  assert_count (&s, "reused", 2 * 20 - 2);
  assert_count (&s, "discards", 0);
  assert_count (&s, "samples-dropped", 20 * BATCH / 2);
  harness_free_with_bus (s.h, s.bus);
  audio_free (s.audio);
}

GST_END_TEST;

/* All transitions: from mode i / 3 to mode i % 3. */
GST_START_TEST (test_allocation_may_change_while_playing)
{
  const gchar *from = modes[__i__ / 3], *to = modes[__i__ % 3];
  GstBuffer *held[4];
  guint64 allocations;
  Stream s;
  guint i;

  stream_setup (&s, 200 * BATCH, from);
  stream_start (&s);
  for (i = 0; i < 4; i++) {
    push (&s, 10 * BATCH + 17);
    held[i] = pull (&s);
    pull_all (&s);
    set_allocation (&s, i % 2 ? from : to);
    push (&s, 10 * BATCH + 5);
    pull_all (&s);
  }
  for (i = 0; i < 4; i++)
    gst_buffer_unref (held[i]);

  /* the open batch keeps the old mode; the next one has the new mode */
  set_allocation (&s, to);
  push (&s, 2 * BATCH);
  pull_all (&s);
  allocations = count (&s, "allocations");
  for (i = 0; i < 10; i++) {
    push (&s, BATCH);
    pull_all (&s);
  }
  if (g_str_equal (to, "pool"))
    fail_unless (count (&s, "allocations") - allocations <= 2);
  else
    fail_unless_equals_uint64 (count (&s, "allocations") - allocations, 10);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_pool_bounds_may_change_while_playing)
{
  static const guint bounds[][2] = { {0, 1}, {4, 4}, {2, 0}, {0, 16}, {9, 2} };
  Stream s;
  guint i;

  stream_setup (&s, 5 * 20 * BATCH, "pool");
  stream_start (&s);
  for (i = 0; i < G_N_ELEMENTS (bounds); i++) {
    g_object_set (s.h->element, "pool-min-buffers", bounds[i][0],
        "pool-max-buffers", bounds[i][1], NULL);
    push (&s, 20 * BATCH);
    pull_all (&s);
  }
  fail_unless_equals_uint64 (count (&s, "fallbacks"), 19 + 16 + 0 + 4 + 11);
  stream_finish (&s);
}

GST_END_TEST;

/* allocation=auto */

static guint
pop_changes (GstBus * bus, const gchar * to, const gchar * reason)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *structure = gst_message_get_structure (message);

    if (gst_structure_has_name (structure, "audiobatch-allocation-changed")) {
      guint64 batches;

      assert_enum (structure, "to", to);
      assert_enum (structure, "from", g_str_equal (to, "pool") ? "fresh" :
          "pool");
      assert_enum (structure, "reason", reason);
      fail_unless (gst_structure_get_uint64 (structure, "batches", &batches));
      n++;
    }
    gst_message_unref (message);
  }
  return n;
}

static void
assert_advice (GstElement * element, const gchar * advice, const gchar * reason)
{
  GstStructure *stats;

  g_object_get (element, "stats", &stats, NULL);
  assert_enum (stats, "advice", advice);
  assert_enum (stats, "advice-reason", reason);
  gst_structure_free (stats);
}

/* 256 KiB, in samples */
#define LARGE (256 * 1024 / BPF)

#ifdef __linux__
/* 64 KiB and 128 KiB, in samples: new memory is 16 and 32 page faults */
#define PAGES_16 (64 * 1024 / BPF)
#define PAGES_32 (128 * 1024 / BPF)

/* Downstream offers an allocator that gets new pages for each batch. */
static void
stream_setup_pages (Stream * s, const gchar * mode)
{
  GstAllocator *allocator = pages_allocator_new ();

  stream_setup (s, PAGES_32, mode);
  g_object_set (s->h->element, "samples-per-batch", PAGES_16, NULL);
  gst_harness_set_propose_allocator (s->h, allocator, NULL);
  stream_start (s);
}

/* Pushes batches, of which the last @held are kept. */
static void
push_batches (Stream * s, guint n_samples, guint n, guint held)
{
  GstBuffer *ring[16] = { NULL };
  guint i;

  for (i = 0; i < n; i++) {
    GstBuffer *chunk = audio_chunk (s->audio, 0, n_samples);

    fail_unless_equals_int (gst_harness_push (s->h, chunk), GST_FLOW_OK);
    gst_clear_buffer (&ring[i % MAX (held, 1)]);
    ring[i % MAX (held, 1)] = gst_harness_try_pull (s->h);
    if (held == 0)
      gst_clear_buffer (&ring[0]);
  }
  for (i = 0; i < held; i++)
    gst_clear_buffer (&ring[i]);
}

static void
stream_stop (Stream * s)
{
  assert_count (s, "outstanding-batches", 0);
  harness_free_with_bus (s->h, s->bus);
  audio_free (s->audio);
}

/* Enough batches for each part of a trial. */
#define TRIAL 3000

GST_START_TEST (test_auto_recycles_memory_that_costs_page_faults)
{
  Stream s;

  stream_setup_pages (&s, "auto");
  push_batches (&s, PAGES_16, TRIAL, 3);
  fail_unless_equals_int (pop_changes (s.bus, "pool", "page-faults"), 1);
  fail_unless (count (&s, "reused") > TRIAL / 2);
  assert_advice (s.h->element, "pool", "page-faults");
  push_batches (&s, PAGES_16, TRIAL, 3);
  fail_unless_equals_int (pop_changes (s.bus, "", ""), 0);
  stream_stop (&s);
}

GST_END_TEST;

GST_START_TEST (test_auto_recycles_without_a_message_if_none_is_wanted)
{
  Stream s;

  stream_setup_pages (&s, "auto");
  g_object_set (s.h->element, "post-messages", FALSE, NULL);
  push_batches (&s, PAGES_16, TRIAL, 3);
  fail_unless (count (&s, "reused") > TRIAL / 2);
  fail_unless (gst_bus_pop_filtered (s.bus, GST_MESSAGE_ELEMENT) == NULL);
  stream_stop (&s);
}

GST_END_TEST;

/* The pool is too small for what the consumer holds. */
GST_START_TEST (test_auto_goes_back_once_where_recycling_does_not_help)
{
  GstMessage *message;
  const gchar *to[] = { "pool", "fresh" };
  gdouble value;
  guint64 p50;
  Stream s;
  guint i;

  stream_setup_pages (&s, "auto");
  g_object_set (s.h->element, "pool-min-buffers", 1, "pool-max-buffers", 1,
      NULL);
  push_batches (&s, PAGES_16, 2 * TRIAL, 4);
  for (i = 0; i < 2; i++) {
    const GstStructure *figures;

    do {
      message = gst_bus_pop_filtered (s.bus, GST_MESSAGE_ELEMENT);
      fail_unless (message != NULL, "%u messages", i);
      figures = gst_message_get_structure (message);
    } while (!gst_structure_has_name (figures,
            "audiobatch-allocation-changed"));
    assert_enum (figures, "to", to[i]);
    assert_enum (figures, "reason", i ? "none" : "page-faults");
    fail_unless (gst_structure_get_double (figures, "fresh-page-faults",
            &value) && value >= 16);
    fail_unless (gst_structure_get_double (figures, "fresh-cpu-time", &value)
        && value > 0);
    fail_unless (gst_structure_get_uint64 (figures,
            "fresh-allocation-time-p50", &p50) && p50 > 0);
    fail_unless_equals_int (gst_structure_get_double (figures,
            "pool-page-faults", &value), i);
    fail_unless_equals_int (gst_structure_has_field (figures,
            "pool-allocation-time-p99"), i);
    gst_message_unref (message);
  }
  fail_unless_equals_int (pop_changes (s.bus, "", ""), 0);
  assert_advice (s.h->element, "fresh", "none");
  stream_stop (&s);
}

GST_END_TEST;

GST_START_TEST (test_auto_starts_fresh_after_a_change_of_size)
{
  Stream s;
  guint64 reused;

  stream_setup_pages (&s, "auto");
  push_batches (&s, PAGES_16, TRIAL, 0);
  fail_unless_equals_int (pop_changes (s.bus, "pool", "page-faults"), 1);
  reused = count (&s, "reused");
  g_object_set (s.h->element, "samples-per-batch", PAGES_32, NULL);
  push_batches (&s, PAGES_32, 8, 0);
  fail_unless_equals_int (pop_changes (s.bus, "fresh", "none"), 1);
  assert_count (&s, "reused", reused);
  push_batches (&s, PAGES_32, TRIAL, 0);
  fail_unless_equals_int (pop_changes (s.bus, "pool", "page-faults"), 1);
  stream_stop (&s);
}

GST_END_TEST;

GST_START_TEST (test_reports_say_what_fresh_memory_costs)
{
  Stream s;

  stream_setup_pages (&s, "fresh");
  g_object_set (s.h->element, "report-interval", 100, NULL);
  push_batches (&s, PAGES_16, 50, 0);
  assert_advice (s.h->element, "pool", "batch-size");
  push_batches (&s, PAGES_16, 200, 0);
  assert_advice (s.h->element, "pool", "page-faults");
  /* the same where the application follows it */
  set_allocation (&s, "pool");
  push_batches (&s, PAGES_16, 300, 0);
  assert_advice (s.h->element, "pool", "page-faults");
  stream_stop (&s);
}

GST_END_TEST;
#endif

GST_START_TEST (test_auto_follows_the_bound_on_memory)
{
  GstBuffer *held[6];
  Stream s;
  guint i;

  stream_setup (&s, 600 * BATCH, "auto");
  g_object_set (s.h->element, "max-outstanding-batches", 8, NULL);
  stream_start (&s);
  push (&s, BATCH);
  pull_all (&s);
  fail_unless_equals_int (pop_changes (s.bus, "", ""), 0);
  for (i = 0; i < 6; i++) {
    push (&s, BATCH);
    held[i] = pull (&s);
  }
  for (i = 0; i < 6; i++)
    gst_buffer_unref (held[i]);
  for (i = 0; i < 512; i++) {
    push (&s, BATCH);
    pull_all (&s);
  }
  fail_unless_equals_int (pop_changes (s.bus, "pool", "memory"), 1);
  fail_unless (count (&s, "reused") > 200);
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_no_message_is_posted_where_nothing_is_auto)
{
  Stream s;

  stream_setup (&s, 20 * LARGE, modes[__i__]);
  g_object_set (s.h->element, "samples-per-batch", LARGE, NULL);
  stream_start (&s);
  push (&s, 10 * LARGE);
  pull_all (&s);
  fail_unless_equals_int (pop_changes (s.bus, "", ""), 0);
  stream_finish (&s);
}

GST_END_TEST;

/* Advice and times */

GST_START_TEST (test_stats_have_the_advice_and_its_reason_in_every_mode)
{
  Stream s;

  stream_setup (&s, 20 * LARGE, modes[__i__]);
  stream_start (&s);
  push (&s, 1024);
  assert_advice (s.h->element, "fresh", "none");
  g_object_set (s.h->element, "samples-per-batch", LARGE, NULL);
  push (&s, 2 * LARGE);
  pull_all (&s);
  /* auto has yet to measure */
  if (g_str_equal (modes[__i__], "auto"))
    assert_advice (s.h->element, "fresh", "none");
  else
    assert_advice (s.h->element, "pool", "batch-size");
  stream_finish (&s);
}

GST_END_TEST;

GST_START_TEST (test_stats_have_the_times_of_allocations)
{
  guint64 p50, p99, p999, max;
  Stream s;
  guint i;

  stream_setup (&s, 1000 * BATCH, modes[__i__]);
  stream_start (&s);
  for (i = 0; i < 1000; i++) {
    push (&s, BATCH);
    pull_all (&s);
  }
  p50 = count (&s, "allocation-time-p50");
  p99 = count (&s, "allocation-time-p99");
  p999 = count (&s, "allocation-time-p999");
  max = count (&s, "allocation-time-max");
  /* auto may recycle by then, and has those times */
  if (!g_str_equal (modes[__i__], "auto"))
    assert_count (&s, "allocations-timed", 125);
  fail_unless (0 < p50 && p50 <= p99 && p99 <= p999 && p999 <= max,
      "%d %d %d %d", (int) p50, (int) p99, (int) p999, (int) max);
  fail_unless (max < GST_SECOND);
  stream_finish (&s);
}

GST_END_TEST;

/* Downstream's pool, in the ALLOCATION query */

static OfferedPool *
offer (GstHarness * h, OfferedFault fault, guint size, guint max)
{
  OfferedPool *pool = offered_pool_new (fault);
  GstStructure *config =
      gst_buffer_pool_get_config (GST_BUFFER_POOL_CAST (pool));

  gst_buffer_pool_config_set_params (config, NULL, size, 0, max);
  gst_buffer_pool_set_config (GST_BUFFER_POOL_CAST (pool), config);
  pool->asked = FALSE;
  return pool;
}

static gboolean
answer_with_pool (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  OfferedPool *pool = user_data;
  GstStructure *config;
  guint size, min, max;

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  config = gst_buffer_pool_get_config (GST_BUFFER_POOL_CAST (pool));
  gst_buffer_pool_config_get_params (config, NULL, &size, &min, &max);
  gst_structure_free (config);
  gst_query_add_allocation_pool (query, GST_BUFFER_POOL_CAST (pool), size, min,
      max);
  return GST_PAD_PROBE_HANDLED;
}

static const struct
{
  OfferedFault fault;
  gint size;
  guint max;
  gboolean used;
} offers[] = {
  {OFFER_PLAIN, BATCH * BPF, 0, TRUE},
  {OFFER_PLAIN, 2 * BATCH * BPF, 8, TRUE},
  {OFFER_PLAIN, BATCH * BPF - 1, 0, FALSE},
  {OFFER_PLAIN, BATCH * BPF, 1, FALSE},
  {OFFER_GROWS, BATCH * BPF, 0, TRUE},
  {OFFER_WONT_START, BATCH * BPF, 0, FALSE},
};

GST_START_TEST (test_downstreams_pool_is_used_where_it_fits)
{
  OfferedPool *pool;
  Stream s;
  guint i;

  stream_setup (&s, 200 * BATCH, "pool");
  pool = offer (s.h, offers[__i__].fault, offers[__i__].size,
      offers[__i__].max);
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      (GstPadProbeCallback) answer_with_pool, pool, NULL);
  stream_start (&s);
  for (i = 0; i < 100; i++) {
    GstBuffer *batch;

    push (&s, BATCH);
    batch = pull (&s);
    fail_unless_equals_int (batch->pool == GST_BUFFER_POOL_CAST (pool),
        offers[__i__].used);
    gst_buffer_unref (batch);
  }
  fail_unless (count (&s, "allocations") <= 2);
  fail_unless (count (&s, "reused") >= 98);
  assert_count (&s, "fallbacks", 0);
  assert_count (&s, "peak-outstanding-batches", 1);
  stream_finish (&s);
  ASSERT_OBJECT_REFCOUNT (pool, "downstream's pool", 1);
  gst_object_unref (pool);
}

GST_END_TEST;

/* A header that downstream asks for before the samples. `used` says whether
 * samples can follow it, aligned to their size if that is a power of two. */
static const struct
{
  GstAudioFormat format;
  gsize prefix;
  gboolean used;
} headers[] = {
  {GST_AUDIO_FORMAT_S8, 13, TRUE},
  {GST_AUDIO_FORMAT_S16, 13, FALSE},
  {GST_AUDIO_FORMAT_S16, 14, TRUE},
  {GST_AUDIO_FORMAT_S24, 13, TRUE},
  {GST_AUDIO_FORMAT_F32, 14, FALSE},
  {GST_AUDIO_FORMAT_F32, 12, TRUE},
  {GST_AUDIO_FORMAT_F64, 12, FALSE},
  {GST_AUDIO_FORMAT_F64, 16, TRUE},
};

static GstPadProbeReturn
answer_with_header (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  const GstAllocationParams *params = user_data;

  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION)
    gst_query_add_allocation_param (query, NULL, params);
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_downstreams_pool_is_used_where_samples_are_aligned)
{
  GstAllocationParams params = {.prefix = headers[__i__].prefix };
  GstAudioInfo info = audio_info (headers[__i__].format, RATE, 1, FALSE);
  OfferedPool *pool;
  GstBuffer *batch;
  gsize offset;
  Stream s;

  stream_setup_format (&s, &info, BATCH, "pool");
  pool = offer (s.h, OFFER_PLAIN, BATCH * info.bpf, 0);
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      (GstPadProbeCallback) answer_with_header, &params, NULL);
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      (GstPadProbeCallback) answer_with_pool, pool, NULL);
  stream_start (&s);
  push (&s, BATCH);
  batch = pull (&s);
  gst_buffer_get_sizes (batch, &offset, NULL);
  fail_unless_equals_uint64 (offset, params.prefix);
  fail_unless_equals_int (batch->pool == GST_BUFFER_POOL_CAST (pool),
      headers[__i__].used);
  assert_count (&s, "fallbacks", headers[__i__].used ? 0 : 1);
  gst_buffer_unref (batch);
  stream_finish (&s);
  ASSERT_OBJECT_REFCOUNT (pool, "downstream's pool", 1);
  gst_object_unref (pool);
}

GST_END_TEST;

GST_START_TEST (test_fresh_batches_leave_downstreams_pool_alone)
{
  OfferedPool *pool;
  Stream s;

  stream_setup (&s, 200 * BATCH, "fresh");
  pool = offer (s.h, OFFER_PLAIN, BATCH * BPF, 0);
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      (GstPadProbeCallback) answer_with_pool, pool, NULL);
  stream_start (&s);
  push (&s, 20 * BATCH);
  pull_all (&s);
  fail_unless_equals_int (pool->made, 0);
  stream_finish (&s);
  ASSERT_OBJECT_REFCOUNT (pool, "downstream's pool", 1);
  gst_object_unref (pool);
}

GST_END_TEST;

GST_START_TEST (test_overlapping_batches_are_recycled)
{
  Stream s;
  guint i;

  stream_setup (&s, 100 * BATCH, "pool");
  g_object_set (s.h->element, "hop-samples", BATCH / 4, NULL);
  stream_start (&s);
  for (i = 0; i < 100; i++) {
    push (&s, BATCH);
    while (gst_harness_buffers_in_queue (s.h) > 0) {
      GstBuffer *batch = gst_harness_pull (s.h);

      assert_batch_exclusive (batch);
      assert_batch_data (batch, s.audio, s.checked);
      s.checked += BATCH / 4;
      gst_buffer_unref (batch);
    }
  }
  fail_unless_equals_uint64 (count (&s, "batches"), 99 * 4 + 1);
  /* at most four held and the open one */
  fail_unless (count (&s, "allocations") <= 5);
  assert_count (&s, "fallbacks", 0);
  harness_free_with_bus (s.h, s.bus);
  audio_free (s.audio);
}

GST_END_TEST;

static Suite *
memory_suite (void)
{
  Suite *suite = suite_create ("memory");
  TCase *tc = tcase_create ("memory");
  guint n_modes = G_N_ELEMENTS (modes);

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_test (tc, test_fresh_is_the_default_and_recycles_nothing);
  tcase_add_test (tc, test_one_pool_buffer_serves_a_consumer_that_keeps_up);
  tcase_add_test (tc, test_what_the_pool_has_not_is_allocated_and_counted);
  tcase_add_loop_test (tc, test_every_format_is_right_in_every_mode, 0,
      n_modes);
  tcase_add_loop_test (tc, test_held_batches_keep_what_they_have_in_every_mode,
      0, n_modes);
  tcase_add_loop_test (tc, test_batches_outlive_the_element_in_every_mode, 0,
      n_modes);
  tcase_add_loop_test (tc,
      test_batches_of_an_earlier_run_do_not_count_in_this_one, 0, n_modes);
  tcase_add_loop_test (tc, test_copies_and_held_memories_are_live_until_they_go,
      0, n_modes);
  tcase_add_loop_test (tc,
      test_a_memory_held_without_its_buffer_keeps_its_samples, 0, n_modes);
  tcase_add_test (tc, test_silence_is_written_into_recycled_memory);
  tcase_add_test (tc, test_a_recycled_planar_batch_has_one_meta_of_its_own);
  tcase_add_loop_test (tc,
      test_the_source_makes_the_same_samples_from_recycled_memory, 0,
      G_N_ELEMENTS (waves));
  tcase_add_test (tc, test_another_size_is_another_pool_and_no_sample_is_lost);
  tcase_add_test (tc, test_other_caps_are_another_pool);
  tcase_add_test (tc, test_a_flush_keeps_the_pool);
  tcase_add_loop_test (tc, test_allocation_may_change_while_playing, 0, 9);
  tcase_add_test (tc, test_pool_bounds_may_change_while_playing);
#ifdef __linux__
  tcase_add_test (tc, test_auto_recycles_memory_that_costs_page_faults);
  tcase_add_test (tc, test_auto_recycles_without_a_message_if_none_is_wanted);
  tcase_add_test (tc, test_auto_goes_back_once_where_recycling_does_not_help);
  tcase_add_test (tc, test_auto_starts_fresh_after_a_change_of_size);
  tcase_add_test (tc, test_reports_say_what_fresh_memory_costs);
#endif
  tcase_add_test (tc, test_auto_follows_the_bound_on_memory);
  tcase_add_loop_test (tc, test_no_message_is_posted_where_nothing_is_auto, 0,
      2);
  tcase_add_loop_test (tc,
      test_stats_have_the_advice_and_its_reason_in_every_mode, 0, n_modes);
  tcase_add_loop_test (tc, test_stats_have_the_times_of_allocations, 0,
      n_modes);
  tcase_add_loop_test (tc, test_downstreams_pool_is_used_where_it_fits, 0,
      G_N_ELEMENTS (offers));
  tcase_add_loop_test (tc,
      test_downstreams_pool_is_used_where_samples_are_aligned, 0,
      G_N_ELEMENTS (headers));
  tcase_add_test (tc, test_fresh_batches_leave_downstreams_pool_alone);
  tcase_add_test (tc, test_overlapping_batches_are_recycled);
  return suite;
}

GST_CHECK_MAIN (memory);
