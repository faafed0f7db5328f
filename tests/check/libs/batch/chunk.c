/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input buffers of every shape, read as planes of samples. */

#include "batch/chunk.h"

#include "batchcheck.h"

#define N_SAMPLES 1000

static GstAudioInfo
interleaved_info (void)
{
  return audio_info (GST_AUDIO_FORMAT_S16LE, 48000, 6, FALSE);
}

static GstAudioInfo
planar_info (void)
{
  return audio_info (GST_AUDIO_FORMAT_S24LE, 48000, 6, TRUE);
}

/* what all chunks are mapped in, one after another */
static GstAudioBuffer *planar;

static void
map_chunk (AbChunk * chunk, GstBuffer * buffer, const GstAudioInfo * info)
{
  GError *error = NULL;

  /* every field must be set, whatever it was before */
  memset (chunk, 0xa5, sizeof *chunk);
  fail_unless (ab_chunk_measure (chunk, buffer, info, &error),
      "not counted: %s", error ? error->message : "");
  fail_unless (ab_chunk_map (chunk, info, &planar, &error),
      "not mapped: %s", error ? error->message : "");
  fail_unless (error == NULL);
}

/* Checks that the planes of @chunk hold exactly the bytes of @audio. */
static void
assert_planes (const AbChunk * chunk, const Audio * audio)
{
  gsize size = (gsize) audio->n_samples * audio->sample_size;
  guint plane;

  fail_unless_equals_int (chunk->n_samples, audio->n_samples);
  for (plane = 0; plane < audio->n_planes; plane++) {
    const guint8 *got = chunk->planes[plane];
    const guint8 *want = audio->planes[plane];
    gsize i = 0;

    if (memcmp (got, want, size) == 0)
      continue;
    while (got[i] == want[i])
      i++;
    fail ("plane %u, byte %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
        ": got 0x%02x, want 0x%02x", plane, i, size, got[i], want[i]);
  }
}

/* Checks that unmapping restored the buffer: one owner, no memory mapped or
 * shared. */
static void
assert_let_go (GstBuffer * buffer)
{
  guint i;

  ASSERT_MINI_OBJECT_REFCOUNT (buffer, "buffer", 1);
  for (i = 0; i < gst_buffer_n_memory (buffer); i++) {
    GstMemory *memory = gst_buffer_peek_memory (buffer, i);

    ASSERT_MINI_OBJECT_REFCOUNT (memory, "memory", 1);
    fail_unless (gst_memory_is_writable (memory));
    /* the low half of the lock state counts maps */
    fail_unless_equals_int (GST_MINI_OBJECT_CAST (memory)->lockstate & 0xffff,
        0);
  }
}

static void
check_buffer (GstBuffer * buffer, const Audio * audio)
{
  AbChunk chunk;

  map_chunk (&chunk, buffer, &audio->info);
  assert_planes (&chunk, audio);
  fail_if (chunk.silent);
  fail_if (chunk.reversed);
  ab_chunk_unmap (&chunk);
  assert_let_go (buffer);
}

/* Returns the same bytes and metas in many memories, cut at odd places. */
static GstBuffer *
cut_up (GstBuffer * whole)
{
  gsize size = gst_buffer_get_size (whole);
  GstBuffer *parts = gst_buffer_new ();
  gsize at, n;

  for (at = 0; at < size; at += n) {
    gpointer bytes;

    n = MIN (size / 5 + 1, size - at);
    bytes = g_malloc (n);
    gst_buffer_extract (whole, at, bytes, n);
    gst_buffer_append_memory (parts, gst_memory_new_wrapped (0, bytes, n, 0, n,
            bytes, g_free));
  }
  gst_buffer_copy_into (parts, whole, GST_BUFFER_COPY_META, 0, -1);
  gst_buffer_unref (whole);
  fail_unless (gst_buffer_n_memory (parts) > 1);
  return parts;
}

/* A ramp of @info in one memory, or @cut up, is read as it was made. */
static void
check_ramp (GstAudioInfo info, gboolean cut)
{
  Audio *audio = audio_new_ramp (&info, N_SAMPLES);
  GstBuffer *buffer = audio_chunk (audio, 0, N_SAMPLES);

  if (cut)
    buffer = cut_up (buffer);
  check_buffer (buffer, audio);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_START_TEST (test_interleaved_samples_are_one_plane)
{
  check_ramp (interleaved_info (), FALSE);
}

GST_END_TEST;

GST_START_TEST (test_interleaved_samples_in_many_memories_are_one_plane)
{
  check_ramp (interleaved_info (), TRUE);
}

GST_END_TEST;

GST_START_TEST (test_planes_are_read_by_their_channel)
{
  check_ramp (planar_info (), FALSE);
}

GST_END_TEST;

GST_START_TEST (test_planes_cut_across_memories_are_read_right)
{
  check_ramp (planar_info (), TRUE);
}

GST_END_TEST;

GST_START_TEST (test_64_planes_are_read)
{
  check_ramp (audio_info (GST_AUDIO_FORMAT_U8, 8000, 64, TRUE), FALSE);
}

GST_END_TEST;

/* Returns a buffer of @size bytes with its planes at @offsets. */
static GstBuffer *
place_planes (const Audio * audio, gsize size, gsize * offsets)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  guint plane;

  gst_buffer_memset (buffer, 0, 0xa5, size);
  for (plane = 0; plane < audio->n_planes; plane++) {
    gst_buffer_fill (buffer, offsets[plane], audio->planes[plane],
        (gsize) audio->n_samples * audio->sample_size);
  }
  gst_buffer_add_audio_meta (buffer, &audio->info, audio->n_samples, offsets);
  return buffer;
}

GST_START_TEST (test_gaps_around_planes_are_skipped)
{
  GstAudioInfo info = planar_info ();
  Audio *audio = audio_new_ramp (&info, N_SAMPLES);
  gsize offsets[6], at = 13;
  GstBuffer *buffer;
  guint plane;

  for (plane = 0; plane < 6; plane++) {
    offsets[plane] = at;
    at += (gsize) N_SAMPLES *audio->sample_size + 7 * (plane + 1);
  }
  buffer = place_planes (audio, at, offsets);
  check_buffer (buffer, audio);
  buffer = cut_up (buffer);
  check_buffer (buffer, audio);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_planes_in_reverse_order_are_read_right)
{
  GstAudioInfo info = planar_info ();
  Audio *audio = audio_new_ramp (&info, N_SAMPLES);
  gsize plane_size = (gsize) N_SAMPLES * audio->sample_size;
  GstBuffer *buffer;
  gsize offsets[6];
  guint plane;

  for (plane = 0; plane < 6; plane++)
    offsets[plane] = (5 - plane) * plane_size;
  buffer = place_planes (audio, 6 * plane_size, offsets);
  check_buffer (buffer, audio);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_END_TEST;

static void
check_count (const GstAudioInfo * info, guint n)
{
  Audio *audio = audio_new_ramp (info, n);
  GstBuffer *buffer = audio_chunk (audio, 0, n);
  GError *error = NULL;
  AbChunk chunk;

  fail_unless (ab_chunk_measure (&chunk, buffer, info, &error));
  fail_unless_equals_int (chunk.n_samples, n);
  fail_unless (error == NULL);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_START_TEST (test_whole_frames_are_counted)
{
  GstAudioInfo interleaved = interleaved_info ();
  GstAudioInfo planar = planar_info ();

  check_count (&interleaved, 1);
  check_count (&interleaved, 441);
  check_count (&planar, 1);
  check_count (&planar, 441);
}

GST_END_TEST;

GST_START_TEST (test_an_empty_buffer_has_no_samples_and_no_error)
{
  GstAudioInfo info = interleaved_info ();
  GstBuffer *buffers[] = { gst_buffer_new (),
    gst_buffer_new_allocate (NULL, 0, NULL)
  };
  GError *error = NULL;
  AbChunk chunk;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (buffers); i++) {
    fail_unless (ab_chunk_measure (&chunk, buffers[i], &info, &error));
    fail_unless_equals_int (chunk.n_samples, 0);
    fail_unless (error == NULL);
    gst_buffer_unref (buffers[i]);
  }
}

GST_END_TEST;

/* a buffer with no memory is mapped to no address */
GST_START_TEST (test_an_empty_buffer_can_be_mapped_and_unmapped)
{
  GstAudioInfo info = interleaved_info ();
  GstBuffer *buffer = gst_buffer_new ();
  AbChunk chunk;

  map_chunk (&chunk, buffer, &info);
  fail_unless_equals_int (chunk.n_samples, 0);
  ab_chunk_unmap (&chunk);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

static void
assert_not_counted (GstBuffer * buffer, const GstAudioInfo * info,
    const gchar * words, const gchar * more_words)
{
  GError *error = NULL;
  AbChunk chunk;

  fail_if (ab_chunk_measure (&chunk, buffer, info, &error));
  fail_unless_equals_int (chunk.n_samples, 0);
  fail_unless (g_error_matches (error, GST_STREAM_ERROR,
          GST_STREAM_ERROR_FORMAT));
  fail_unless (strstr (error->message, words) != NULL,
      "\"%s\" is not in: %s", words, error->message);
  fail_unless (strstr (error->message, more_words) != NULL,
      "\"%s\" is not in: %s", more_words, error->message);
  g_error_free (error);
}

GST_START_TEST (test_partial_frames_are_refused_with_both_sizes)
{
  GstAudioInfo info = interleaved_info ();
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 12 * 7 + 5, NULL);

  assert_not_counted (buffer, &info, "89 bytes", "12 bytes");
  gst_buffer_set_size (buffer, 11);
  assert_not_counted (buffer, &info, "11 bytes", "12 bytes");
  gst_buffer_unref (buffer);
}

GST_END_TEST;

/* The width is right but the format is not, so gst_audio_buffer_map() would not
 * notice. */
GST_START_TEST (test_planes_of_another_format_are_refused_with_both_formats)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S32LE, 44100, 2, TRUE);
  GstAudioInfo other = audio_info (GST_AUDIO_FORMAT_F32LE, 44100, 2, TRUE);
  GstAudioInfo faster = audio_info (GST_AUDIO_FORMAT_S32LE, 48000, 2, TRUE);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 800, NULL);
  GstAudioMeta *meta = gst_buffer_add_audio_meta (buffer, &other, 100, NULL);

  assert_not_counted (buffer, &info, "F32LE", "S32LE");
  meta->info = faster;
  assert_not_counted (buffer, &info, "48000 Hz", "44100 Hz");
  meta->info = info;
  gst_buffer_unref (buffer);
  check_count (&info, 100);
}

GST_END_TEST;

GST_START_TEST (test_planes_without_audio_meta_are_refused)
{
  GstAudioInfo info = planar_info ();
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 1800, NULL);

  assert_not_counted (buffer, &info, "GstAudioMeta", "1800 bytes");
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_more_samples_than_can_be_counted_are_refused)
{
  GstAudioInfo info = planar_info ();
  Audio *audio = audio_new_ramp (&info, 1);
  GstBuffer *buffer = audio_chunk (audio, 0, 1);
  gsize many = G_MAXUINT;
  gchar *figure;

  /* a 32-bit size can't claim more */
  if (sizeof (many) > sizeof (guint))
    many++;
  figure = g_strdup_printf ("%" G_GSIZE_FORMAT " samples", many);
  gst_buffer_get_audio_meta (buffer)->samples = many;
  assert_not_counted (buffer, &info, figure, "GstAudioMeta");
  g_free (figure);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_END_TEST;

/* Checks that measuring or mapping fails with an error. */
static void
assert_not_read (GstBuffer * buffer, const GstAudioInfo * info)
{
  GError *error = NULL;
  AbChunk chunk;

  if (ab_chunk_measure (&chunk, buffer, info, &error)) {
    fail_if (ab_chunk_map (&chunk, info, &planar, &error),
        "%u samples were mapped from %" G_GSIZE_FORMAT " bytes",
        chunk.n_samples, gst_buffer_get_size (buffer));
  }
  fail_unless (error != NULL);
  g_error_free (error);
  ASSERT_MINI_OBJECT_REFCOUNT (buffer, "buffer", 1);
}

/* Where the caps are planar_info(), a ramp of @sent is not read whose last plane
 * is said to begin @shift bytes later, and to have @more samples. */
static void
refuse_ramp (GstAudioInfo sent, guint shift, guint more)
{
  GstAudioInfo info = planar_info ();
  Audio *audio = audio_new_ramp (&sent, N_SAMPLES);
  GstBuffer *buffer = audio_chunk (audio, 0, N_SAMPLES);
  GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);

  meta->offsets[audio->n_planes - 1] += shift;
  meta->samples += more;
  assert_not_read (buffer, &info);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_START_TEST (test_a_plane_beyond_the_end_of_the_buffer_is_refused)
{
  refuse_ramp (planar_info (), 1, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_meta_of_more_samples_than_the_buffer_has_is_refused)
{
  refuse_ramp (planar_info (), 0, 1);
}

GST_END_TEST;

/* Otherwise we would read planes that do not exist. */
GST_START_TEST (test_a_meta_with_fewer_planes_than_the_caps_is_refused)
{
  refuse_ramp (audio_info (GST_AUDIO_FORMAT_S24LE, 48000, 2, TRUE), 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_meta_of_narrower_samples_than_the_caps_is_refused)
{
  refuse_ramp (audio_info (GST_AUDIO_FORMAT_U8, 48000, 6, TRUE), 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_a_gap_buffer_is_silent)
{
  GstAudioInfo info = interleaved_info ();
  Audio *audio = audio_new_ramp (&info, N_SAMPLES);
  GstBuffer *buffer = audio_chunk (audio, 0, N_SAMPLES);
  AbChunk chunk;

  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  map_chunk (&chunk, buffer, &info);
  fail_unless (chunk.silent);
  assert_planes (&chunk, audio);
  ab_chunk_unmap (&chunk);
  gst_buffer_unref (buffer);
  audio_free (audio);
}

GST_END_TEST;

GST_START_TEST (test_silence_has_a_length_and_no_planes)
{
  AbChunk chunk;

  memset (&chunk, 0xa5, sizeof chunk);
  ab_chunk_silence (&chunk, 12345);
  fail_unless_equals_int (chunk.n_samples, 12345);
  fail_unless (chunk.planes == NULL);
  fail_unless (chunk.silent);
  fail_if (chunk.reversed);
}

GST_END_TEST;

static Suite *
chunk_suite (void)
{
  Suite *suite = suite_create ("chunk");
  TCase *tc = tcase_create ("chunk");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_interleaved_samples_are_one_plane);
  tcase_add_test (tc, test_interleaved_samples_in_many_memories_are_one_plane);
  tcase_add_test (tc, test_planes_are_read_by_their_channel);
  tcase_add_test (tc, test_planes_cut_across_memories_are_read_right);
  tcase_add_test (tc, test_64_planes_are_read);
  tcase_add_test (tc, test_gaps_around_planes_are_skipped);
  tcase_add_test (tc, test_planes_in_reverse_order_are_read_right);
  tcase_add_test (tc, test_whole_frames_are_counted);
  tcase_add_test (tc, test_an_empty_buffer_has_no_samples_and_no_error);
  tcase_add_test (tc, test_an_empty_buffer_can_be_mapped_and_unmapped);
  tcase_add_test (tc, test_partial_frames_are_refused_with_both_sizes);
  tcase_add_test (tc,
      test_planes_of_another_format_are_refused_with_both_formats);
  tcase_add_test (tc, test_planes_without_audio_meta_are_refused);
  tcase_add_test (tc, test_more_samples_than_can_be_counted_are_refused);
  tcase_add_test (tc, test_a_plane_beyond_the_end_of_the_buffer_is_refused);
  tcase_add_test (tc,
      test_a_meta_of_more_samples_than_the_buffer_has_is_refused);
  tcase_add_test (tc, test_a_meta_with_fewer_planes_than_the_caps_is_refused);
  tcase_add_test (tc, test_a_meta_of_narrower_samples_than_the_caps_is_refused);
  tcase_add_test (tc, test_a_gap_buffer_is_silent);
  tcase_add_test (tc, test_silence_has_a_length_and_no_planes);
  return suite;
}

GST_CHECK_MAIN (chunk);
