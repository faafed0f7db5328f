/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chunkmaker.h"

#include "consumer.h"

#define MAX_CHUNK_BYTES (16 << 10)

/* Writes its number into each sample. */
static UNGUIDED void
number_samples (const GstAudioInfo * info, guint32 * number, guint8 * data,
    gsize size, guint n_samples)
{
  gboolean planar =
      GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  guint channels = GST_AUDIO_INFO_CHANNELS (info);
  gsize width = GST_AUDIO_INFO_WIDTH (info) / 8;
  guint i, c;

  memset (data, 0, size);
  if (!consumer_can_number (info))
    return;
  for (i = 0; i < n_samples; i++) {
    ++*number;
    for (c = 0; c < channels; c++) {
      gsize at = planar ? c * n_samples + i : i * channels + c;

      memcpy (data + at * width, number, sizeof *number);
    }
  }
}

/* In one memory or in two; may be read-only. */
static GstBuffer *
wrap_samples (guint8 * data, gsize size, guint kind)
{
  GstBuffer *buffer = gst_buffer_new ();
  gsize split = kind & 1 ? size / 3 : 0;
  GstMemoryFlags flags = kind & 2 ? GST_MEMORY_FLAG_READONLY : 0;
  GstMemory *memory = gst_memory_new_wrapped (flags, data, size, 0, size, data,
      g_free);

  if (split > 0) {
    gst_buffer_append_memory (buffer, gst_memory_share (memory, 0, split));
    gst_buffer_append_memory (buffer, gst_memory_share (memory, split,
            size - split));
    gst_memory_unref (memory);
  } else {
    gst_buffer_append_memory (buffer, memory);
  }
  return buffer;
}

static GstStaticCaps reference = GST_STATIC_CAPS ("timestamp/x-unix");

guint
fuzz_references (void)
{
  g_autoptr (GstCaps) caps = gst_static_caps_get (&reference);

  /* without ours and that of the static caps */
  return GST_CAPS_REFCOUNT_VALUE (caps) - 2;
}

static void
add_reference (GstBuffer * buffer, GstClockTime time, GstClockTime duration)
{
  g_autoptr (GstCaps) caps = gst_static_caps_get (&reference);

  gst_buffer_add_reference_timestamp_meta (buffer, caps, time, duration);
}

GstBuffer *
fuzz_referenced_sample (const GstAudioInfo * info)
{
  gsize size = GST_AUDIO_INFO_BPF (info);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 0, size);
  if (GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
    gst_buffer_add_audio_meta (buffer, info, 1, NULL);
  add_reference (buffer, 0, GST_CLOCK_TIME_NONE);
  return buffer;
}

static void
add_metas (Input * input, GstBuffer * buffer)
{
  guint kind = input_byte (input);

  if (kind & 1) {
    GstClockTime time = input_valid_time (input);

    add_reference (buffer, time, kind & 8 ? input_time (input)
        : GST_CLOCK_TIME_NONE);
  }
  if (kind & 2) {
    gst_buffer_add_audio_clipping_meta (buffer, GST_FORMAT_DEFAULT,
        input_byte (input), input_byte (input));
  }
  if (kind & 4)
    gst_buffer_add_protection_meta (buffer, gst_structure_new_empty ("fuzz"));
  if (kind & 16) {
    g_autoptr (GstBuffer) parent = gst_buffer_new ();

    gst_buffer_add_parent_buffer_meta (buffer, parent);
  }
}

/* Planar audio needs a GstAudioMeta. Adds none, a wrong one or a right one;
 * TRUE if it is right. */
static gboolean
add_planes (Input * input, const GstAudioInfo * info, GstBuffer * buffer,
    guint n_samples)
{
  guint kind = input_byte (input);
  GstAudioMeta *meta;

  if (kind == 255)
    return FALSE;
  meta = gst_buffer_add_audio_meta (buffer, info, n_samples, NULL);
  PROMISE (meta, "no meta for %u samples", n_samples);
  if (kind < 248)
    return TRUE;
  if (kind & 1)
    meta->samples = input_number (input);
  if (kind & 2)
    meta->offsets[0] = input_number (input);
  if (kind & 4)
    fuzz_audio_info (&meta->info, input);
  return FALSE;
}

GstBuffer *
fuzz_chunk (Input * input, const GstAudioInfo * info, guint32 * number,
    guint * n_samples, gboolean * whole)
{
  guint kind = input_byte (input);
  guint bpf = GST_AUDIO_INFO_BPF (info);
  guint n = kind & 1 ? input_byte (input) : input_bytes (input, 2) % 1000;
  gsize size, extra;
  GstBuffer *buffer;
  guint8 *data;

  n = MIN (n, MAX_CHUNK_BYTES / bpf);
  extra = kind >= 250 ? 1 : 0;
  size = (gsize) n *bpf + extra;
  data = g_malloc (MAX (size, 1));
  number_samples (info, number, data, size, n);
  buffer = wrap_samples (data, size, kind >> 1);
  *n_samples = n;
  *whole = extra % bpf == 0;
  if (GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED) {
    *whole = add_planes (input, info, buffer, n);
  } else if (extra && *whole) {
    *n_samples += 1;
  }
  if (kind & 8)
    add_metas (input, buffer);
  if (kind & 16)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  return buffer;
}
