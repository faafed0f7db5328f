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

static void
set_info (const GstAudioInfo * info)
{
  format = *info;
  ab_batch_set_info (&current, &format);
}

static void
open_batch (guint capacity)
{
  AbRoom room = make_room (capacity);

  ab_batch_open (&current, &room, capacity, 0, &clock_);
}

/* Makes a chunk of samples from @start on. Free it with drop_chunk(). */
static GstBuffer *
make_chunk (AbChunk * chunk, const Audio * audio, guint start, guint n)
{
  GstBuffer *buffer = audio_chunk (audio, start, n);

  fail_unless (ab_chunk_measure (chunk, buffer, &audio->info, NULL));
  fail_unless_equals_int (chunk->n_samples, n);
  fail_unless (ab_chunk_map (chunk, &audio->info, NULL));
  return buffer;
}

static void
drop_chunk (AbChunk * chunk, GstBuffer * buffer)
{
  ab_chunk_unmap (chunk);
  gst_buffer_unref (buffer);
}

/* Adds @n samples of @audio from @start on. They must fit. */
static void
add_samples (const Audio * audio, guint start, guint n)
{
  AbChunk chunk;
  GstBuffer *buffer = make_chunk (&chunk, audio, start, n);

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

/* Closes the open batch and expects samples @start to @start + @n of @audio. */
static void
close_and_check (const Audio * audio, guint start, guint n)
{
  GstBuffer *batch = ab_batch_close (&current);

  fail_if (ab_batch_is_open (&current));
  fail_unless_equals_int (batch_samples (batch, &audio->info), n);
  assert_batch_exclusive (batch);
  assert_batch_data (batch, audio, start);
  fail_if (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (batch);
}

/* Adds all of @audio in chunks of random length to batches of @capacity. */
static void
check_batches (const Audio * audio, guint capacity)
{
  guint in = 0, out = 0;

  while (in < audio->n_samples) {
    guint n = g_rand_int_range (rand_, 1, 700);
    AbChunk chunk;
    GstBuffer *buffer;
    guint offset;

    n = MIN (n, audio->n_samples - in);
    buffer = make_chunk (&chunk, audio, in, n);
    for (offset = 0; offset < n;) {
      if (!ab_batch_is_open (&current))
        open_batch (capacity);
      offset += ab_batch_add (&current, &chunk, offset);
      if (ab_batch_is_full (&current)) {
        close_and_check (audio, out, capacity);
        out += capacity;
      }
    }
    drop_chunk (&chunk, buffer);
    in += n;
  }
  if (ab_batch_is_open (&current))
    close_and_check (audio, out, audio->n_samples - out);
}

/* for the i-th format */
GST_START_TEST (test_every_sample_comes_out_in_its_place)
{
  guint c, planar, k;

  for (c = 0; c < G_N_ELEMENTS (channel_counts); c++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[__i__], 48000,
          channel_counts[c], planar);
      Audio *audio = audio_new_ramp (&info, N_SAMPLES);

      set_info (&info);
      for (k = 0; k < G_N_ELEMENTS (capacities); k++) {
        /* batches of one sample are slow to make: a few are enough */
        audio->n_samples = capacities[k] == 1 ? 200 : N_SAMPLES;
        check_batches (audio, capacities[k]);
      }
      audio_free (audio);
    }
  }
}

GST_END_TEST;

static Audio *
start_stereo (gboolean planar)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16LE, 48000, 2, planar);

  set_info (&info);
  return audio_new_ramp (&info, N_SAMPLES);
}

GST_START_TEST (test_a_batch_takes_what_it_has_room_for)
{
  Audio *audio = start_stereo (FALSE);
  AbChunk chunk;
  GstBuffer *buffer = make_chunk (&chunk, audio, 0, 150);

  open_batch (100);
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 0), 100);
  fail_unless (ab_batch_is_full (&current));
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 100), 0);
  close_and_check (audio, 0, 100);

  open_batch (100);
  fail_unless_equals_int (ab_batch_add (&current, &chunk, 100), 50);
  fail_if (ab_batch_is_full (&current));
  close_and_check (audio, 100, 50);
  drop_chunk (&chunk, buffer);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_can_fill_a_batch_exactly)
{
  Audio *audio = start_stereo (FALSE);

  open_batch (100);
  add_samples (audio, 0, 99);
  fail_if (ab_batch_is_full (&current));
  add_samples (audio, 99, 1);
  fail_unless (ab_batch_is_full (&current));
  close_and_check (audio, 0, 100);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_a_chunk_of_nothing_changes_nothing)
{
  Audio *audio = start_stereo (FALSE);

  open_batch (100);
  add_samples (audio, 0, 10);
  add_silence (0);
  add_samples (audio, 10, 10);
  close_and_check (audio, 0, 20);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_a_short_batch_has_its_planes_together)
{
  Audio *audio = start_stereo (TRUE);
  GstBuffer *batch;

  open_batch (1000);
  add_samples (audio, 0, 300);
  batch = ab_batch_close (&current);
  fail_unless_equals_uint64 (gst_buffer_get_size (batch), 300 * 4);
  fail_unless_equals_uint64 (gst_buffer_get_audio_meta (batch)->samples, 300);
  fail_unless_equals_uint64 (gst_buffer_get_audio_meta (batch)->offsets[1],
      600);
  assert_batch_data (batch, audio, 0);
  gst_buffer_unref (batch);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_interleaved_batches_need_no_audio_meta)
{
  Audio *audio = start_stereo (FALSE);
  GstBuffer *batch;

  open_batch (100);
  add_samples (audio, 0, 100);
  batch = ab_batch_close (&current);
  fail_unless (gst_buffer_get_audio_meta (batch) == NULL);
  gst_buffer_unref (batch);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_the_batch_is_the_memory_that_was_opened)
{
  Audio *audio = start_stereo (FALSE);
  GstBuffer *opened, *batch;
  guint8 *data;
  GstMapInfo map;

  open_batch (100);
  opened = current.room.buffer;
  data = current.room.data;
  add_samples (audio, 0, 60);
  batch = ab_batch_close (&current);
  fail_unless_equals_pointer (batch, opened);
  fail_unless (gst_buffer_map (batch, &map, GST_MAP_READWRITE));
  fail_unless_equals_pointer (map.data, data);
  gst_buffer_unmap (batch, &map);
  gst_buffer_unref (batch);
  audio_free (audio);
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
assert_silence (const guint8 * data, gsize size, const GstAudioInfo * info,
    const guint8 * silence)
{
  guint width = info->bpf / info->channels;
  gsize i;

  for (i = 0; i < size; i++) {
    if (data[i] != silence[i % width])
      fail ("%s, byte %" G_GSIZE_FORMAT ": got 0x%02x, want 0x%02x",
          GST_AUDIO_INFO_NAME (info), i, data[i], silence[i % width]);
  }
}

/* for the i-th silence */
GST_START_TEST (test_silence_is_that_of_the_format)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    GstAudioInfo info = audio_info (silences[__i__].format, 48000, 6, planar);
    GstBuffer *batch;
    GstMapInfo map;

    set_info (&info);
    open_batch (101);
    add_silence (101);
    batch = ab_batch_close (&current);
    fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
    fail_unless_equals_uint64 (map.size, (gsize) 101 * info.bpf);
    assert_silence (map.data, map.size, &info, silences[__i__].bytes);
    gst_buffer_unmap (batch, &map);
    gst_buffer_unref (batch);
  }
}

GST_END_TEST;

/* 30 samples, 40 of silence, 30 samples. The silence of U8 is not zero. */
GST_START_TEST (test_silence_keeps_its_place_among_samples)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_U8, 48000, 2, planar);
    Audio *audio = audio_new_ramp (&info, 100);
    guint plane;

    for (plane = 0; plane < audio->n_planes; plane++) {
      memset (audio->planes[plane] + 30 * audio->sample_size, 0x80,
          40 * audio->sample_size);
    }
    set_info (&info);
    open_batch (100);
    add_samples (audio, 0, 30);
    add_silence (40);
    add_samples (audio, 70, 30);
    close_and_check (audio, 0, 100);
    audio_free (audio);
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

GST_START_TEST (test_gap_is_set_when_all_of_it_is_silence)
{
  Audio *audio = start_stereo (FALSE);
  AbChunk chunk;
  GstBuffer *buffer;

  open_batch (100);
  add_silence (100);
  assert_gap (TRUE);

  /* upstream calls these samples silence; the batch is short */
  open_batch (100);
  buffer = make_chunk (&chunk, audio, 0, 50);
  chunk.silent = TRUE;
  ab_batch_add (&current, &chunk, 0);
  drop_chunk (&chunk, buffer);
  add_silence (20);
  assert_gap (TRUE);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_gap_is_not_set_when_a_sample_is_no_silence)
{
  Audio *audio = start_stereo (FALSE);

  open_batch (100);
  add_silence (99);
  add_samples (audio, 0, 1);
  assert_gap (FALSE);

  open_batch (100);
  add_samples (audio, 0, 1);
  add_silence (99);
  assert_gap (FALSE);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_each_batch_has_a_gap_of_its_own)
{
  Audio *audio = start_stereo (FALSE);

  open_batch (10);
  add_samples (audio, 0, 10);
  assert_gap (FALSE);
  open_batch (10);
  add_silence (10);
  assert_gap (TRUE);
  open_batch (10);
  add_samples (audio, 0, 10);
  assert_gap (FALSE);
  audio_free (audio);
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

/* Returns the samples of @audio in reverse order. */
static Audio *
turn_around (const Audio * audio)
{
  Audio *turned = audio_new_ramp (&audio->info, audio->n_samples);
  gsize size = audio->sample_size;
  guint plane, i;

  for (plane = 0; plane < audio->n_planes; plane++) {
    for (i = 0; i < audio->n_samples; i++) {
      memcpy (turned->planes[plane] + i * size, audio->planes[plane]
          + (audio->n_samples - 1 - i) * size, size);
    }
  }
  return turned;
}

GST_START_TEST (test_a_reversed_chunk_is_copied_from_its_end)
{
  guint f, planar;

  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[f], 48000, 6, planar);
      Audio *audio = audio_new_ramp (&info, 150);
      Audio *turned = turn_around (audio);
      AbChunk chunk;
      GstBuffer *buffer = make_chunk (&chunk, audio, 0, 150);

      chunk.reversed = TRUE;
      set_info (&info);
      open_batch (100);
      fail_unless_equals_int (ab_batch_add (&current, &chunk, 0), 100);
      close_and_check (turned, 0, 100);
      open_batch (100);
      fail_unless_equals_int (ab_batch_add (&current, &chunk, 100), 50);
      close_and_check (turned, 100, 50);
      drop_chunk (&chunk, buffer);
      audio_free (audio);
      audio_free (turned);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_a_pad_is_silence_that_is_marked)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_U8, 48000, 2, planar);
    Audio *audio = audio_new_ramp (&info, 100);
    GstAudioClippingMeta *meta;
    GstBuffer *batch;
    guint plane;

    for (plane = 0; plane < audio->n_planes; plane++) {
      memset (audio->planes[plane] + 30 * audio->sample_size, 0x80,
          70 * audio->sample_size);
    }
    set_info (&info);
    open_batch (100);
    add_samples (audio, 0, 30);
    fail_unless_equals_int (ab_batch_pad (&current), 70);
    fail_unless (ab_batch_is_full (&current));
    batch = ab_batch_close (&current);
    assert_batch_data (batch, audio, 0);
    fail_if (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));

    meta = gst_buffer_get_audio_clipping_meta (batch);
    fail_unless (meta != NULL);
    fail_unless_equals_int (meta->format, GST_FORMAT_DEFAULT);
    fail_unless_equals_uint64 (meta->start, 0);
    fail_unless_equals_uint64 (meta->end, 70);
    gst_buffer_unref (batch);
    audio_free (audio);
  }
}

GST_END_TEST;

GST_START_TEST (test_padded_silence_is_a_gap)
{
  Audio *audio = start_stereo (FALSE);

  open_batch (100);
  add_silence (30);
  ab_batch_pad (&current);
  assert_gap (TRUE);
  audio_free (audio);
}

GST_END_TEST;

/* Slides from the full batch to one of @capacity. The full one must hold the
 * samples from @start on. */
static void
slide_and_check (const Audio * audio, guint start, guint hop, guint capacity)
{
  guint n = current.fill;
  AbRoom room = make_room (capacity);
  GstBuffer *batch = ab_batch_slide (&current, hop, &room, capacity, &clock_);

  fail_unless (ab_batch_is_open (&current));
  fail_unless_equals_int (current.fill, n - hop);
  fail_unless_equals_int (batch_samples (batch, &audio->info), n);
  assert_batch_exclusive (batch);
  assert_batch_data (batch, audio, start);
  gst_buffer_unref (batch);
}

/* for the i-th format */
GST_START_TEST (test_a_slide_begins_with_what_overlaps)
{
  static const guint hops[] = { 1, 25, 64, 99 };
  guint h, planar, k;

  for (h = 0; h < G_N_ELEMENTS (hops); h++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[__i__], 48000, 6, planar);
      Audio *audio = audio_new_ramp (&info, N_SAMPLES);

      set_info (&info);
      open_batch (100);
      add_samples (audio, 0, 100);
      for (k = 0; k < 20; k++) {
        slide_and_check (audio, k * hops[h], hops[h], 100);
        add_samples (audio, k * hops[h] + 100, hops[h]);
      }
      close_and_check (audio, 20 * hops[h], 100);
      audio_free (audio);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_a_slide_can_change_the_capacity)
{
  guint planar;

  for (planar = 0; planar < 2; planar++) {
    Audio *audio = start_stereo (planar);

    open_batch (100);
    add_samples (audio, 0, 100);
    slide_and_check (audio, 0, 40, 200);
    add_samples (audio, 100, 140);
    slide_and_check (audio, 40, 150, 50);
    /* the overlap alone fills it */
    fail_unless (ab_batch_is_full (&current));
    slide_and_check (audio, 190, 20, 80);
    add_samples (audio, 240, 10);
    close_and_check (audio, 210, 40);
    audio_free (audio);
  }
}

GST_END_TEST;

/* Fills a batch with 50 samples and 50 of silence, then slides by @hop and adds
 * only silence. */
static void
slide_into_silence (guint hop)
{
  Audio *audio = start_stereo (FALSE);
  AbRoom room = make_room (100);
  GstBuffer *batch;

  open_batch (100);
  add_samples (audio, 0, 50);
  add_silence (50);
  batch = ab_batch_slide (&current, hop, &room, 100, &clock_);
  fail_if (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (batch);
  add_silence (hop);
  audio_free (audio);
}

GST_START_TEST (test_a_slide_into_silence_is_a_gap)
{
  slide_into_silence (49);
  assert_gap (FALSE);
  slide_into_silence (50);
  assert_gap (TRUE);
  slide_into_silence (90);
  assert_gap (TRUE);
}

GST_END_TEST;

GST_START_TEST (test_a_slide_out_of_silence_is_a_gap)
{
  Audio *audio = start_stereo (FALSE);
  AbRoom room = make_room (100);
  GstBuffer *batch;

  open_batch (100);
  add_silence (100);
  batch = ab_batch_slide (&current, 50, &room, 100, &clock_);
  fail_unless (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (batch);
  add_samples (audio, 0, 50);
  assert_gap (FALSE);
  audio_free (audio);
}

GST_END_TEST;

static void
note_freed (gpointer freed, GstMiniObject * object)
{
  *(gboolean *) freed = TRUE;
}

GST_START_TEST (test_discard_frees_the_batch_and_says_how_much_was_in_it)
{
  Audio *audio = start_stereo (FALSE);
  gboolean freed = FALSE;

  open_batch (100);
  gst_mini_object_weak_ref (GST_MINI_OBJECT_CAST (current.room.buffer),
      note_freed, &freed);
  add_samples (audio, 0, 42);
  fail_unless_equals_int (ab_batch_discard (&current), 42);
  fail_unless (freed);
  fail_if (ab_batch_is_open (&current));
  fail_unless_equals_int (ab_batch_discard (&current), 0);

  open_batch (100);
  add_samples (audio, 7, 100);
  close_and_check (audio, 7, 100);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_discard_of_no_batch_is_nothing)
{
  Audio *audio = start_stereo (FALSE);

  fail_unless_equals_int (ab_batch_discard (&current), 0);
  open_batch (100);
  add_samples (audio, 0, 42);
  close_and_check (audio, 0, 42);
  fail_unless_equals_int (ab_batch_discard (&current), 0);
  audio_free (audio);
}

GST_END_TEST;

static void
save_and_restore (gboolean planar, guint hop)
{
  Audio *audio = start_stereo (planar);
  AbSharedSamples shared;
  GstBuffer *batch;

  open_batch (100);
  add_samples (audio, 0, 100);
  fail_unless (ab_batch_save (&current, hop, &shared));
  gst_buffer_unref (ab_batch_close (&current));
  open_batch (100);
  ab_batch_restore (&current, &shared);
  ab_shared_samples_clear (&shared);
  fail_unless_equals_int (current.fill, 100 - hop);
  add_samples (audio, 100, hop);
  batch = ab_batch_close (&current);
  fail_if (GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP));
  assert_batch_data (batch, audio, hop);
  gst_buffer_unref (batch);
  audio_free (audio);
}

GST_START_TEST (test_shared_samples_outlive_the_batch_that_they_came_from)
{
  save_and_restore (FALSE, 1);
  save_and_restore (FALSE, 99);
  save_and_restore (TRUE, 30);
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
  tcase_add_test (tc, test_gap_is_set_when_all_of_it_is_silence);
  tcase_add_test (tc, test_gap_is_not_set_when_a_sample_is_no_silence);
  tcase_add_test (tc, test_each_batch_has_a_gap_of_its_own);
  tcase_add_test (tc, test_describe_says_layout_and_silence);
  tcase_add_test (tc, test_a_reversed_chunk_is_copied_from_its_end);
  tcase_add_test (tc, test_a_pad_is_silence_that_is_marked);
  tcase_add_test (tc, test_padded_silence_is_a_gap);
  tcase_add_loop_test (tc, test_a_slide_begins_with_what_overlaps, 0,
      G_N_ELEMENTS (formats));
  tcase_add_test (tc, test_a_slide_can_change_the_capacity);
  tcase_add_test (tc, test_a_slide_into_silence_is_a_gap);
  tcase_add_test (tc, test_a_slide_out_of_silence_is_a_gap);
  tcase_add_test (tc, test_discard_frees_the_batch_and_says_how_much_was_in_it);
  tcase_add_test (tc, test_discard_of_no_batch_is_nothing);
  tcase_add_test (tc,
      test_shared_samples_outlive_the_batch_that_they_came_from);
  return suite;
}

GST_CHECK_MAIN (batch);
