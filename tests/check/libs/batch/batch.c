/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches of every format, layout and length, filled with a ramp. */

#include "batch/batch.h"

#include "batchcheck.h"

#define SEED 480441
#define N_SAMPLES 3000

/* sample widths of 1, 2, 3, 4 and 8 bytes */
static const GstAudioFormat formats[] = { GST_AUDIO_FORMAT_U8,
  GST_AUDIO_FORMAT_S16LE, GST_AUDIO_FORMAT_S24BE, GST_AUDIO_FORMAT_F32LE,
  GST_AUDIO_FORMAT_F64LE
};
static const gint channel_counts[] = { 1, 2, 6, 64 };
static const guint capacities[] = { 1, 7, 128, 1000, N_SAMPLES };

static GRand *rand_;
static AbBatch current;
static GstAudioInfo format;
/* the samples that come in */
static Audio *audio;
/* sample 0 at time 0 */
static const AbClock clock_ = {.rate = 48000 };

static void
setup (void)
{
  rand_ = g_rand_new_with_seed (SEED);
  memset (&current, 0, sizeof current);
}

static void
teardown (void)
{
  g_rand_free (rand_);
  g_clear_pointer (&audio, audio_free);
}

/* Returns room for @capacity samples, with every byte wrong. */
static AbRoom
make_room (guint capacity)
{
  gsize size = (gsize) capacity * GST_AUDIO_INFO_BPF (&format);
  AbRoom room = { NULL, g_malloc (size), GST_MAP_INFO_INIT };

  memset (room.data, 0xa5, size);
  room.buffer = gst_buffer_new_wrapped (room.data, size);
  return room;
}

/* Begins a format, with a ramp of @n samples. */
static void
start (GstAudioFormat sample, gint channels, gboolean planar, guint n)
{
  format = audio_info (sample, 48000, channels, planar);
  ab_batch_set_info (&current, &format);
  g_clear_pointer (&audio, audio_free);
  audio = audio_new_ramp (&format, n);
}

static void
start_stereo (gboolean planar)
{
  start (GST_AUDIO_FORMAT_S16LE, 2, planar, N_SAMPLES);
}

static void
open_batch (guint capacity)
{
  AbRoom room = make_room (capacity);

  ab_batch_open (&current, &room, capacity, 0, &clock_);
}

static GstAudioBuffer *mapping;

/* Makes a chunk of samples from @first on. Free it with drop_chunk(). */
static GstBuffer *
make_chunk (AbChunk * chunk, guint first, guint n)
{
  GstBuffer *buffer = audio_chunk (audio, first, n);

  fail_unless (ab_chunk_measure (chunk, buffer, &format, NULL));
  fail_unless_equals_int (chunk->n_samples, n);
  fail_unless (ab_chunk_map (chunk, &format, &mapping, NULL));
  return buffer;
}

static void
drop_chunk (AbChunk * chunk, GstBuffer * buffer)
{
  ab_chunk_unmap (chunk);
  gst_buffer_unref (buffer);
}

/* Adds @n samples from @first on. They must fit. */
static void
add_samples (guint first, guint n)
{
  AbChunk chunk;
  GstBuffer *buffer;

  /* elements add no empty chunk */
  if (n == 0)
    return;
  buffer = make_chunk (&chunk, first, n);
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 0), n);
  drop_chunk (&chunk, buffer);
}

static void
add_silence (guint n)
{
  AbChunk chunk;

  ab_chunk_silence (&chunk, n);
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 0), n);
}

/* Checks that @batch has @n samples from @first on. */
static void
check_batch (GstBuffer * batch, guint first, guint n)
{
  fail_unless_equals_int (batch_samples (batch, &format), n);
  assert_batch_exclusive (batch);
  assert_batch_data (batch, audio, first);
  fail_if (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (batch);
}

/* Closes the open batch and expects @n samples from @first on. */
static void
close_and_check (guint first, guint n)
{
  GstBuffer *batch = ab_batch_close (&current);

  fail_if (ab_batch_is_open (&current));
  check_batch (batch, first, n);
}

/* Adds all samples in chunks of random length to batches of @capacity. */
static void
check_batches (guint capacity)
{
  guint in = 0, out = 0;

  while (in < audio->n_samples) {
    guint n = g_rand_int_range (rand_, 1, 700);
    AbChunk chunk;
    GstBuffer *buffer;
    guint offset;

    n = MIN (n, audio->n_samples - in);
    buffer = make_chunk (&chunk, in, n);
    for (offset = 0; offset < n;) {
      if (!ab_batch_is_open (&current))
        open_batch (capacity);
      offset += ab_batch_add (&current, &chunk, offset);
      if (ab_batch_is_full (&current)) {
        close_and_check (out, capacity);
        out += capacity;
      }
    }
    drop_chunk (&chunk, buffer);
    in += n;
  }
  if (ab_batch_is_open (&current))
    close_and_check (out, audio->n_samples - out);
}

/* for the i-th format */
GST_START_TEST (test_every_sample_comes_out_in_its_place)
{
  guint c, planar, k;

  for (c = 0; c < G_N_ELEMENTS (channel_counts); c++) {
    for (planar = 0; planar < 2; planar++) {
      start (formats[__i__], channel_counts[c], planar, N_SAMPLES);
      for (k = 0; k < G_N_ELEMENTS (capacities); k++) {
        /* batches of one sample are slow to make: a few are enough */
        audio->n_samples = capacities[k] == 1 ? 200 : N_SAMPLES;
        check_batches (capacities[k]);
      }
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_a_batch_takes_what_it_has_room_for)
{
  AbChunk chunk;
  GstBuffer *buffer;

  start_stereo (FALSE);
  buffer = make_chunk (&chunk, 0, 150);
  open_batch (100);
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 0), 100);
  fail_unless (ab_batch_is_full (&current));
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 100), 0);
  close_and_check (0, 100);

  open_batch (100);
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 100), 50);
  fail_if (ab_batch_is_full (&current));
  close_and_check (100, 50);
  drop_chunk (&chunk, buffer);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_can_fill_a_batch_exactly)
{
  start_stereo (FALSE);
  open_batch (100);
  add_samples (0, 99);
  fail_if (ab_batch_is_full (&current));
  add_samples (99, 1);
  fail_unless (ab_batch_is_full (&current));
  close_and_check (0, 100);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_of_nothing_changes_nothing)
{
  start_stereo (FALSE);
  open_batch (100);
  add_samples (0, 10);
  add_silence (0);
  add_samples (10, 10);
  close_and_check (0, 20);
}

GST_END_TEST;

GST_START_TEST (test_a_short_batch_has_its_planes_together)
{
  GstBuffer *batch;

  start_stereo (TRUE);
  open_batch (1000);
  add_samples (0, 300);
  batch = ab_batch_close (&current);
  fail_unless_equals_uint64 (gst_buffer_get_size (batch), 300 * 4);
  fail_unless_equals_uint64 (gst_buffer_get_audio_meta (batch)->samples, 300);
  fail_unless_equals_uint64 (gst_buffer_get_audio_meta (batch)->offsets[1],
      600);
  assert_batch_data (batch, audio, 0);
  gst_buffer_unref (batch);
}

GST_END_TEST;

GST_START_TEST (test_interleaved_batches_need_no_audio_meta)
{
  GstBuffer *batch;

  start_stereo (FALSE);
  open_batch (100);
  add_samples (0, 100);
  batch = ab_batch_close (&current);
  fail_unless (gst_buffer_get_audio_meta (batch) == NULL);
  gst_buffer_unref (batch);
}

GST_END_TEST;

GST_START_TEST (test_the_batch_is_the_memory_that_was_opened)
{
  GstBuffer *opened, *batch;
  guint8 *data;
  GstMapInfo map;

  start_stereo (FALSE);
  open_batch (100);
  opened = current.room.buffer;
  data = current.room.data;
  add_samples (0, 60);
  batch = ab_batch_close (&current);
  fail_unless_equals_pointer (batch, opened);
  fail_unless (gst_buffer_map (batch, &map, GST_MAP_READWRITE));
  fail_unless_equals_pointer (map.data, data);
  gst_buffer_unmap (batch, &map);
  gst_buffer_unref (batch);
}

GST_END_TEST;

/* One sample of silence, byte by byte. */
static const struct
{
  GstAudioFormat format;
  guint8 bytes[8];
} silences[] = {
  {GST_AUDIO_FORMAT_U8, {0x80}},
  {GST_AUDIO_FORMAT_S8, {0}},
  {GST_AUDIO_FORMAT_S16LE, {0}},
  {GST_AUDIO_FORMAT_U16LE, {0x00, 0x80}},
  {GST_AUDIO_FORMAT_U16BE, {0x80, 0x00}},
  {GST_AUDIO_FORMAT_S18BE, {0}},
  {GST_AUDIO_FORMAT_U18LE, {0x00, 0x00, 0x02}},
  {GST_AUDIO_FORMAT_U18BE, {0x02, 0x00, 0x00}},
  {GST_AUDIO_FORMAT_U20LE, {0x00, 0x00, 0x08}},
  {GST_AUDIO_FORMAT_S24LE, {0}},
  {GST_AUDIO_FORMAT_U24LE, {0x00, 0x00, 0x80}},
  {GST_AUDIO_FORMAT_U24BE, {0x80, 0x00, 0x00}},
  {GST_AUDIO_FORMAT_U24_32LE, {0x00, 0x00, 0x80, 0x00}},
  {GST_AUDIO_FORMAT_U24_32BE, {0x00, 0x80, 0x00, 0x00}},
  {GST_AUDIO_FORMAT_U32LE, {0x00, 0x00, 0x00, 0x80}},
  {GST_AUDIO_FORMAT_U32BE, {0x80, 0x00, 0x00, 0x00}},
  {GST_AUDIO_FORMAT_F32LE, {0}},
  {GST_AUDIO_FORMAT_F64BE, {0}},
};

static void
assert_silence (const guint8 * data, gsize size, const guint8 * silence)
{
  guint width = format.bpf / format.channels;
  gsize i;

  for (i = 0; i < size; i++) {
    if (data[i] != silence[i % width])
      fail ("%s, byte %" G_GSIZE_FORMAT ": got 0x%02x, want 0x%02x",
          GST_AUDIO_INFO_NAME (&format), i, data[i], silence[i % width]);
  }
}

/* for the i-th silence */
GST_START_TEST (test_silence_is_that_of_the_format)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    GstBuffer *batch;
    GstMapInfo map;

    start (silences[__i__].format, 6, planar, 0);
    open_batch (101);
    add_silence (101);
    batch = ab_batch_close (&current);
    fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
    fail_unless_equals_uint64 (map.size, (gsize) 101 * format.bpf);
    assert_silence (map.data, map.size, silences[__i__].bytes);
    gst_buffer_unmap (batch, &map);
    gst_buffer_unref (batch);
  }
}

GST_END_TEST;

/* Begins U8, whose silence is not zero, with samples @from to @to silent. */
static void
start_with_silence (gboolean planar, guint from, guint to)
{
  guint plane;

  start (GST_AUDIO_FORMAT_U8, 2, planar, 100);
  for (plane = 0; plane < audio->n_planes; plane++) {
    memset (audio->planes[plane] + from * audio->sample_size, 0x80,
        (to - from) * audio->sample_size);
  }
}

GST_START_TEST (test_silence_keeps_its_place_among_samples)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    start_with_silence (planar, 30, 70);
    open_batch (100);
    add_samples (0, 30);
    add_silence (40);
    add_samples (70, 30);
    close_and_check (0, 100);
  }
}

GST_END_TEST;

static void
assert_gap (gboolean want)
{
  GstBuffer *batch = ab_batch_close (&current);

  fail_unless_equals_int (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP),
      want);
  gst_buffer_unref (batch);
}

/* Batches of 100, one after another: samples, silence, samples. */
static const struct
{
  guint before, silence, after;
  gboolean gap;
} gaps[] = {
  {0, 100, 0, TRUE},
  {0, 99, 1, FALSE},
  {1, 99, 0, FALSE},
  {100, 0, 0, FALSE},
  {0, 20, 0, TRUE},
  {100, 0, 0, FALSE},
};

GST_START_TEST (test_gap_is_set_when_all_of_a_batch_is_silence)
{
  guint i;

  start_stereo (FALSE);
  for (i = 0; i < G_N_ELEMENTS (gaps); i++) {
    open_batch (100);
    add_samples (0, gaps[i].before);
    add_silence (gaps[i].silence);
    add_samples (0, gaps[i].after);
    assert_gap (gaps[i].gap);
  }
}

GST_END_TEST;

GST_START_TEST (test_samples_that_upstream_calls_silence_are_a_gap)
{
  AbChunk chunk;
  GstBuffer *buffer;

  start_stereo (FALSE);
  open_batch (100);
  buffer = make_chunk (&chunk, 0, 50);
  chunk.silent = TRUE;
  ab_batch_add (&current, &chunk, 0);
  drop_chunk (&chunk, buffer);
  add_silence (20);
  assert_gap (TRUE);
}

GST_END_TEST;

GST_START_TEST (test_describe_says_layout_and_silence)
{
  GstAudioInfo planar = audio_info (GST_AUDIO_FORMAT_S16LE, 48000, 2, TRUE);
  GstAudioInfo interleaved =
      audio_info (GST_AUDIO_FORMAT_S16LE, 48000, 2, FALSE);
  GstBuffer *one = gst_buffer_new_allocate (NULL, 400, NULL);
  GstBuffer *other = gst_buffer_new_allocate (NULL, 400, NULL);

  ab_batch_describe (one, &planar, 100, TRUE);
  fail_unless_equals_uint64 (gst_buffer_get_audio_meta (one)->samples, 100);
  fail_unless_equals_uint64 (gst_buffer_get_audio_meta (one)->offsets[1], 200);
  fail_unless (GST_BUFFER_FLAG_IS_SET (one, GST_BUFFER_FLAG_GAP));

  ab_batch_describe (other, &interleaved, 100, FALSE);
  fail_unless (gst_buffer_get_audio_meta (other) == NULL);
  fail_if (GST_BUFFER_FLAG_IS_SET (other, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (one);
  gst_buffer_unref (other);
}

GST_END_TEST;

/* Turns the samples around. */
static void
turn_around (void)
{
  Audio *turned = audio_new_ramp (&format, audio->n_samples);
  gsize size = audio->sample_size;
  guint plane, i;

  for (plane = 0; plane < audio->n_planes; plane++) {
    for (i = 0; i < audio->n_samples; i++) {
      memcpy (turned->planes[plane] + i * size, audio->planes[plane]
          + (audio->n_samples - 1 - i) * size, size);
    }
  }
  audio_free (audio);
  audio = turned;
}

/* for the i-th format */
GST_START_TEST (test_a_reversed_chunk_is_copied_from_its_end)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    AbChunk chunk;
    GstBuffer *buffer;

    start (formats[__i__], 6, planar, 150);
    buffer = make_chunk (&chunk, 0, 150);
    chunk.reversed = TRUE;
    turn_around ();
    open_batch (100);
    fail_unless_equals_int (ab_batch_add (&current, &chunk, 0), 100);
    close_and_check (0, 100);
    open_batch (100);
    fail_unless_equals_int (ab_batch_add (&current, &chunk, 100), 50);
    close_and_check (100, 50);
    drop_chunk (&chunk, buffer);
  }
}

GST_END_TEST;

GST_START_TEST (test_a_pad_is_silence_that_is_marked)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    GstAudioClippingMeta *meta;
    GstBuffer *batch;

    start_with_silence (planar, 30, 100);
    open_batch (100);
    add_samples (0, 30);
    fail_unless_equals_int (ab_batch_pad (&current), 70);
    fail_unless (ab_batch_is_full (&current));
    batch = ab_batch_close (&current);
    meta = gst_buffer_get_audio_clipping_meta (batch);
    fail_unless (meta != NULL);
    fail_unless_equals_int (meta->format, GST_FORMAT_DEFAULT);
    fail_unless_equals_uint64 (meta->start, 0);
    fail_unless_equals_uint64 (meta->end, 70);
    check_batch (batch, 0, 100);
  }
}

GST_END_TEST;

GST_START_TEST (test_padded_silence_is_a_gap)
{
  start_stereo (FALSE);
  open_batch (100);
  add_silence (30);
  ab_batch_pad (&current);
  assert_gap (TRUE);
}

GST_END_TEST;

/* Slides from the full batch to one of @capacity. The full one must hold the
 * samples from @first on. */
static void
slide_and_check (guint first, guint hop, guint capacity)
{
  guint n = current.fill;
  AbRoom room = make_room (capacity);
  GstBuffer *batch = ab_batch_slide (&current, hop, &room, capacity, &clock_);

  fail_unless (ab_batch_is_open (&current));
  fail_unless_equals_int (current.fill, n - hop);
  check_batch (batch, first, n);
}

/* for the i-th format */
GST_START_TEST (test_a_slide_begins_with_what_overlaps)
{
  static const guint hops[] = { 1, 25, 64, 99 };
  guint h, planar, k;

  for (h = 0; h < G_N_ELEMENTS (hops); h++) {
    for (planar = 0; planar < 2; planar++) {
      start (formats[__i__], 6, planar, N_SAMPLES);
      open_batch (100);
      add_samples (0, 100);
      for (k = 0; k < 20; k++) {
        slide_and_check (k * hops[h], hops[h], 100);
        add_samples (k * hops[h] + 100, hops[h]);
      }
      close_and_check (20 * hops[h], 100);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_a_slide_can_change_the_capacity)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    start_stereo (planar);
    open_batch (100);
    add_samples (0, 100);
    slide_and_check (0, 40, 200);
    add_samples (100, 140);
    slide_and_check (40, 150, 50);
    /* the overlap alone fills it */
    fail_unless (ab_batch_is_full (&current));
    slide_and_check (190, 20, 80);
    add_samples (240, 10);
    close_and_check (210, 40);
  }
}

GST_END_TEST;

/* The full batch is samples, then silence. The next one goes on with
 * silence or samples. `gaps` are those of both. */
static const struct
{
  guint samples, hop;
  gboolean silence_added;
  gboolean gaps[2];
} slides[] = {
  {50, 49, TRUE, {FALSE, FALSE}},
  {50, 50, TRUE, {FALSE, TRUE}},
  {50, 90, TRUE, {FALSE, TRUE}},
  {0, 50, FALSE, {TRUE, FALSE}},
};

GST_START_TEST (test_a_slide_is_a_gap_when_all_of_the_batch_is_silence)
{
  const guint hop = slides[__i__].hop;
  AbRoom room;
  GstBuffer *batch;

  start_stereo (FALSE);
  room = make_room (100);
  open_batch (100);
  add_samples (0, slides[__i__].samples);
  add_silence (100 - slides[__i__].samples);
  batch = ab_batch_slide (&current, hop, &room, 100, &clock_);
  fail_unless_equals_int (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP),
      slides[__i__].gaps[0]);
  gst_buffer_unref (batch);
  if (slides[__i__].silence_added)
    add_silence (hop);
  else
    add_samples (0, hop);
  assert_gap (slides[__i__].gaps[1]);
}

GST_END_TEST;

static void
note_freed (gpointer freed, GstMiniObject * object)
{
  *(gboolean *) freed = TRUE;
}

GST_START_TEST (test_discard_frees_the_batch_and_says_how_much_was_in_it)
{
  gboolean freed = FALSE;

  start_stereo (FALSE);
  open_batch (100);
  gst_mini_object_weak_ref (GST_MINI_OBJECT_CAST (current.room.buffer),
      note_freed, &freed);
  add_samples (0, 42);
  fail_unless_equals_int (ab_batch_discard (&current), 42);
  fail_unless (freed);
  fail_if (ab_batch_is_open (&current));
  fail_unless_equals_int (ab_batch_discard (&current), 0);

  open_batch (100);
  add_samples (7, 100);
  close_and_check (7, 100);
}

GST_END_TEST;

GST_START_TEST (test_discard_of_no_batch_is_nothing)
{
  start_stereo (FALSE);
  fail_unless_equals_int (ab_batch_discard (&current), 0);
  open_batch (100);
  add_samples (0, 42);
  close_and_check (0, 42);
  fail_unless_equals_int (ab_batch_discard (&current), 0);
}

GST_END_TEST;

static const struct
{
  gboolean planar;
  guint hop;
} saves[] = {
  {FALSE, 1}, {FALSE, 99}, {TRUE, 30}
};

GST_START_TEST (test_shared_samples_outlive_the_batch_that_they_came_from)
{
  const guint hop = saves[__i__].hop;
  AbSharedSamples shared;

  start_stereo (saves[__i__].planar);
  open_batch (100);
  add_samples (0, 100);
  fail_unless (ab_batch_save (&current, hop, &shared));
  gst_buffer_unref (ab_batch_close (&current));
  open_batch (100);
  ab_batch_restore (&current, &shared);
  ab_shared_samples_clear (&shared);
  fail_unless_equals_int (current.fill, 100 - hop);
  add_samples (100, hop);
  close_and_check (hop, 100);
}

GST_END_TEST;

static Suite *
batch_suite (void)
{
  Suite *suite = suite_create ("batch");
  TCase *tc = tcase_create ("batch");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc, test_every_sample_comes_out_in_its_place, 0,
      G_N_ELEMENTS (formats));
  tcase_add_test (tc, test_a_batch_takes_what_it_has_room_for);
  tcase_add_test (tc, test_a_chunk_can_fill_a_batch_exactly);
  tcase_add_test (tc, test_a_chunk_of_nothing_changes_nothing);
  tcase_add_test (tc, test_a_short_batch_has_its_planes_together);
  tcase_add_test (tc, test_interleaved_batches_need_no_audio_meta);
  tcase_add_test (tc, test_the_batch_is_the_memory_that_was_opened);
  tcase_add_loop_test (tc, test_silence_is_that_of_the_format, 0,
      G_N_ELEMENTS (silences));
  tcase_add_test (tc, test_silence_keeps_its_place_among_samples);
  tcase_add_test (tc, test_gap_is_set_when_all_of_a_batch_is_silence);
  tcase_add_test (tc, test_samples_that_upstream_calls_silence_are_a_gap);
  tcase_add_test (tc, test_describe_says_layout_and_silence);
  tcase_add_loop_test (tc, test_a_reversed_chunk_is_copied_from_its_end, 0,
      G_N_ELEMENTS (formats));
  tcase_add_test (tc, test_a_pad_is_silence_that_is_marked);
  tcase_add_test (tc, test_padded_silence_is_a_gap);
  tcase_add_loop_test (tc, test_a_slide_begins_with_what_overlaps, 0,
      G_N_ELEMENTS (formats));
  tcase_add_test (tc, test_a_slide_can_change_the_capacity);
  tcase_add_loop_test (tc,
      test_a_slide_is_a_gap_when_all_of_the_batch_is_silence, 0,
      G_N_ELEMENTS (slides));
  tcase_add_test (tc, test_discard_frees_the_batch_and_says_how_much_was_in_it);
  tcase_add_test (tc, test_discard_of_no_batch_is_nothing);
  tcase_add_loop_test (tc,
      test_shared_samples_outlive_the_batch_that_they_came_from, 0,
      G_N_ELEMENTS (saves));
  return suite;
}

GST_CHECK_MAIN (batch);
