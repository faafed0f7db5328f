/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the element tests: audio in which each lost, doubled or swapped
 * sample shows, and checks of what every batch promises. */
#pragma once

#include <string.h>

#include <gst/audio/audio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#define DEFAULT_BATCH 1024

/* More bytes than any system has: above the limit of malloc() or of the address
 * space. */
#define NOBODY_HAS (sizeof (gsize) > 4 ? G_MAXSSIZE / 2 : G_MAXSSIZE)

/* Planes of samples. Interleaved audio is one plane of frames. */
typedef struct
{
  GstAudioInfo info;
  guint n_planes;
  guint sample_size;
  guint n_samples;
  guint8 **planes;
} Audio;

static inline gboolean
info_is_planar (const GstAudioInfo * info)
{
  return GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}

static inline GstAudioInfo
audio_info (GstAudioFormat format, gint rate, gint channels, gboolean planar)
{
  GstAudioChannelPosition none[64];
  GstAudioInfo info;
  gint i;

  for (i = 0; i < 64; i++)
    none[i] = GST_AUDIO_CHANNEL_POSITION_NONE;
  gst_audio_info_init (&info);
  gst_audio_info_set_format (&info, format, rate, channels,
      channels > 2 ? none : NULL);
  if (planar)
    info.layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  return info;
}

/* A ramp. Its step is odd, so that every byte changes. */
static inline guint8
ramp_byte (guint64 index, guint byte)
{
  return (guint32) ((index + 1) * 0x9e3779b1u) >> (8 * (3 - byte % 4));
}

static inline Audio *
audio_new_ramp (const GstAudioInfo * info, guint n_samples)
{
  Audio *audio = g_new0 (Audio, 1);
  guint plane;
  gsize i;

  audio->info = *info;
  audio->n_samples = n_samples;
  audio->n_planes = info_is_planar (info) ? info->channels : 1;
  audio->sample_size = info->bpf / audio->n_planes;
  audio->planes = g_new (guint8 *, audio->n_planes);
  for (plane = 0; plane < audio->n_planes; plane++) {
    gsize size = (gsize) n_samples * audio->sample_size;
    guint8 *data = audio->planes[plane] = g_malloc (MAX (size, 1));

    for (i = 0; i < size; i++) {
      data[i] = ramp_byte (i / audio->sample_size * 64 + plane
          + i % audio->sample_size / 4, i % 4);
    }
  }
  return audio;
}

static inline void
audio_free (Audio * audio)
{
  guint plane;

  for (plane = 0; plane < audio->n_planes; plane++)
    g_free (audio->planes[plane]);
  g_free (audio->planes);
  g_free (audio);
}

/* Samples @start to @start + @n as a buffer without timestamps. */
static inline GstBuffer *
audio_chunk (const Audio * audio, guint start, guint n)
{
  gsize plane_size = (gsize) n * audio->sample_size;
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, plane_size * audio->n_planes, NULL);
  guint plane;

  for (plane = 0; plane < audio->n_planes; plane++) {
    gst_buffer_fill (buffer, plane * plane_size, audio->planes[plane]
        + (gsize) start * audio->sample_size, plane_size);
  }
  if (info_is_planar (&audio->info))
    gst_buffer_add_audio_meta (buffer, &audio->info, n, NULL);
  return buffer;
}

static inline guint
batch_samples (GstBuffer * batch, const GstAudioInfo * info)
{
  return gst_buffer_get_size (batch) / info->bpf;
}

/* Takes the batch that a handler of fill-batch is to fill. */
static inline GstBuffer *
take_new_batch (GstElement * element)
{
  GstBuffer *batch = NULL;

  g_signal_emit_by_name (element, "new-batch", &batch);
  fail_unless (batch != NULL, "new-batch gave none");
  return batch;
}

/* Checks that the batch holds the samples of @audio from @start on. */
static inline void
assert_batch_data (GstBuffer * batch, const Audio * audio, guint64 start)
{
  guint n = batch_samples (batch, &audio->info);
  gsize plane_size = (gsize) n * audio->sample_size;
  GstMapInfo map;
  guint plane;

  fail_unless (start + n <= audio->n_samples,
      "a batch of samples %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
      ", where only %u came in", start, start + n, audio->n_samples);
  if (info_is_planar (&audio->info)) {
    GstAudioMeta *meta = gst_buffer_get_audio_meta (batch);

    fail_unless (meta != NULL);
    fail_unless_equals_uint64 (meta->samples, n);
    fail_unless (gst_audio_info_is_equal (&meta->info, &audio->info));
    for (plane = 0; plane < audio->n_planes; plane++)
      fail_unless_equals_uint64 (meta->offsets[plane], plane * plane_size);
  }
  fail_unless (gst_buffer_map (batch, &map, GST_MAP_READ));
  for (plane = 0; plane < audio->n_planes; plane++) {
    const guint8 *want = audio->planes[plane]
        + (gsize) start * audio->sample_size;
    const guint8 *got = map.data + plane * plane_size;
    gsize i = 0;

    if (memcmp (got, want, plane_size) == 0)
      continue;
    while (got[i] == want[i])
      i++;
    fail ("sample %" G_GUINT64_FORMAT ", plane %u, byte %" G_GSIZE_FORMAT
        ": got 0x%02x, want 0x%02x", start + i / audio->sample_size, plane,
        i % audio->sample_size, got[i], want[i]);
  }
  gst_buffer_unmap (batch, &map);
}

/* Promise 1: the batch has no other owner, parent or map. */
static inline void
assert_batch_exclusive (GstBuffer * batch)
{
  GstMemory *memory = gst_buffer_peek_memory (batch, 0);

  ASSERT_MINI_OBJECT_REFCOUNT (batch, "batch", 1);
  fail_unless (gst_buffer_is_writable (batch));
  fail_unless_equals_int (gst_buffer_n_memory (batch), 1);
  ASSERT_MINI_OBJECT_REFCOUNT (memory, "memory of the batch", 1);
  fail_unless (memory->parent == NULL, "the memory is part of another one");
  fail_unless (gst_buffer_is_all_memory_writable (batch));
  /* the low half of the lock state counts maps, the high half owners */
  fail_unless_equals_int (GST_MINI_OBJECT_CAST (memory)->lockstate & 0xffff, 0);
}

/* Promise 3: times are computed from the sample count, at @rate from @base. */
static inline void
assert_batch_time (GstBuffer * batch, guint64 start, guint n, gint rate,
    GstClockTime base)
{
  GstClockTime pts = base + gst_util_uint64_scale (start, GST_SECOND, rate);
  GstClockTime next = base + gst_util_uint64_scale (start + n, GST_SECOND,
      rate);

  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), pts);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (batch), next - pts);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (batch), start);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (batch), start + n);
}

static inline guint64
get_counter (GstElement * element, const gchar * name)
{
  guint64 value = G_MAXUINT64;

  g_object_get (element, name, &value, NULL);
  return value;
}

static inline guint64
get_stat (GstElement * element, const gchar * name)
{
  GstStructure *stats = NULL;
  guint64 value = G_MAXUINT64;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, name, &value),
      "stats has no %s", name);
  gst_structure_free (stats);
  return value;
}

static inline gdouble
get_stat_double (GstElement * element, const gchar * name)
{
  GstStructure *stats = NULL;
  gdouble value = -1;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_double (stats, name, &value),
      "stats has no %s", name);
  gst_structure_free (stats);
  return value;
}

/* Checks that field @name is an enum value with this @nick. */
static inline void
assert_enum (const GstStructure * structure, const gchar * name,
    const gchar * nick)
{
  const GValue *value = gst_structure_get_value (structure, name);
  gpointer klass;

  fail_unless (value && G_VALUE_HOLDS_ENUM (value), "%s is no enumeration",
      name);
  klass = g_type_class_ref (G_VALUE_TYPE (value));
  fail_unless_equals_string (g_enum_get_value (klass,
          g_value_get_enum (value))->value_nick, nick);
  g_type_class_unref (klass);
}

/* Promise 2: no sample is lost. The test knows how many are @pending. */
static inline void
assert_lossless (GstElement * element, guint64 in, guint64 pending)
{
  fail_unless_equals_uint64 (get_stat (element, "samples-in"), in);
  fail_unless_equals_uint64 (get_stat (element, "samples-pending"), pending);
  fail_unless_equals_uint64 (in + get_stat (element, "samples-inserted"),
      get_stat (element, "samples-out") + get_stat (element, "samples-dropped")
      + pending);
}

/* Returns the first message of @type and drops all before it. */
static inline GstMessage *
expect_message (GstBus * bus, GstMessageType type)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, type);

  fail_unless (message != NULL, "no %s message came",
      gst_message_type_get_name (type));
  return message;
}

/* Expects an element error with @words in its text. */
static inline void
assert_error (GstBus * bus, GQuark domain, gint code, const gchar * words)
{
  GstMessage *message = expect_message (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;
  gchar *debug = NULL;

  gst_message_parse_error (message, &error, &debug);
  fail_unless (g_error_matches (error, domain, code),
      "the error is %s %d: %s", g_quark_to_string (error->domain),
      error->code, error->message);
  fail_unless (strstr (error->message, words) != NULL,
      "\"%s\" is not in: %s", words, error->message);
  fail_unless (strstr (debug, "post_error") == NULL,
      "the error names the function that posts it: %s", debug);
  g_error_free (error);
  g_free (debug);
  gst_message_unref (message);
}

static inline void
fail_on_warning (const gchar * domain, GLogLevelFlags level,
    const gchar * message, gpointer unused)
{
  fail ("%s warns: %s", domain, message);
}

/* Returns a harness with a new @element that posts to @bus. */
static inline GstHarness *
harness_with_bus (const gchar * element, GstBus ** bus)
{
  GstHarness *h = gst_harness_new (element);

  /* GstCheck watches only the log domains of GLib and GStreamer */
  g_log_set_handler ("audiobatch", G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING,
      fail_on_warning, NULL);
  *bus = gst_bus_new ();
  gst_element_set_bus (h->element, *bus);
  return h;
}

static inline void
harness_free_with_bus (GstHarness * h, GstBus * bus)
{
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
  gst_object_unref (bus);
}

static inline void
harness_set_info (GstHarness * h, const GstAudioInfo * info)
{
  gst_harness_set_src_caps (h, gst_audio_info_to_caps (info));
}
