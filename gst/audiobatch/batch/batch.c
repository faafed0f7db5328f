/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open batch: filled from chunks, stamped, and handed over. */

#include "batch/batch.h"

#include "batch/metas.h"

/* The lock state of a GstMemory: bits from this one on count exclusive owners,
 * the lower ones mappings. */
#define LOCK_OWNERS_SHIFT 16

void
ab_batch_describe (GstBuffer * buffer, const GstAudioInfo * info,
    guint n_samples, gboolean silent)
{
  if (GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
    gst_buffer_add_audio_meta (buffer, info, n_samples, NULL);
  if (silent)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
}

gboolean
ab_batch_is_exclusive (GstBuffer * buffer)
{
  return gst_buffer_n_memory (buffer) == 1
      && ab_batch_owns (buffer, gst_buffer_peek_memory (buffer, 0));
}

gboolean
ab_batch_owns (GstBuffer * buffer, GstMemory * memory)
{
  return GST_MINI_OBJECT_REFCOUNT_VALUE (buffer) == 1
      && GST_MINI_OBJECT_REFCOUNT_VALUE (memory) == 1
      && memory->parent == NULL
      && (g_atomic_int_get (&GST_MINI_OBJECT_CAST (memory)->lockstate)
      & ((1 << LOCK_OWNERS_SHIFT) - 1)) == 0;
}

gboolean
ab_batch_is_described (GstBuffer * chunk, const GstAudioInfo * info,
    guint n_samples)
{
  GstAudioMeta *meta = gst_buffer_get_audio_meta (chunk);
  gsize plane_size = (gsize) n_samples * (GST_AUDIO_INFO_WIDTH (info) / 8);
  gint i;

  if (GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_INTERLEAVED)
    return meta == NULL;
  if (gst_buffer_get_n_meta (chunk, GST_AUDIO_META_API_TYPE) != 1)
    return FALSE;
  for (i = 0; i < GST_AUDIO_INFO_CHANNELS (info); i++) {
    if (meta->offsets[i] != i * plane_size)
      return FALSE;
  }
  return TRUE;
}

void
ab_given_init (AbGiven * self, GstBuffer * buffer, guint64 start,
    guint n_samples)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);

  self->buffer = buffer;
  self->memory = memory;
  self->allocator = memory->allocator;
  self->start = start;
  self->n_samples = n_samples;
}

static gboolean
is_given (const AbGiven * self, GstBuffer * buffer)
{
  GstMemory *memory;

  if (buffer != self->buffer || gst_buffer_n_memory (buffer) == 0)
    return FALSE;
  memory = gst_buffer_peek_memory (buffer, 0);
  return memory == self->memory && memory->allocator == self->allocator;
}

/* The size that is left is that of a batch as long as @given, or shorter where
 * that may be. */
static gboolean
check_size (gsize size, const AbGiven * given, const GstAudioInfo * info,
    GError ** error)
{
  gboolean planar =
      GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  guint bpf = GST_AUDIO_INFO_BPF (info);
  gsize left = size / bpf;

  if (size % bpf == 0 && left > 0 && left <= given->n_samples
      && (!planar || left == given->n_samples))
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
      "The handler of fill-batch returned a batch of %" G_GSIZE_FORMAT
      " bytes for one of %u samples of %u bytes. It may shorten interleaved "
      "audio by whole samples, and must not resize planar audio.", size,
      given->n_samples, bpf);
  return FALSE;
}

gboolean
ab_batch_check_filled (GstBuffer * buffer, const AbGiven * given,
    const GstAudioInfo * info, guint * n_samples, GError ** error)
{
  gsize size = gst_buffer_get_size (buffer);

  if (!is_given (given, buffer)) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
        "The handler of fill-batch returned a buffer, or memory in it, that is "
        "not from new-batch, for the batch of %u samples at sample %"
        G_GUINT64_FORMAT ".", given->n_samples, given->start);
    return FALSE;
  }
  if (!ab_batch_is_exclusive (buffer)) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
        "The handler of fill-batch has kept a reference to the batch of %u "
        "samples at sample %" G_GUINT64_FORMAT ", to its memory or to a "
        "mapping of it. A batch belongs to its consumer.", given->n_samples,
        given->start);
    return FALSE;
  }
  if (!check_size (size, given, info, error))
    return FALSE;
  *n_samples = size / GST_AUDIO_INFO_BPF (info);
  return TRUE;
}

void
ab_batch_set_info (AbBatch * self, const GstAudioInfo * info)
{
  gboolean planar =
      GST_AUDIO_INFO_LAYOUT (info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;

  self->info = info;
  self->n_planes = planar ? GST_AUDIO_INFO_CHANNELS (info) : 1;
  self->sample_size = GST_AUDIO_INFO_BPF (info) / self->n_planes;
}

/* Takes @room and resets everything but the format. */
static void
take_room (AbBatch * self, const AbRoom * room, guint capacity, guint64 start,
    const AbClock * clock)
{
  self->room.buffer = room->buffer;
  self->room.data = room->data;
  self->room.map.memory = NULL;
  if (G_UNLIKELY (room->map.memory))
    self->room.map = room->map;
  self->capacity = capacity;
  self->fill = 0;
  self->fresh = 0;
  self->silent = 0;
  self->start = start;
  self->clock = *clock;
  self->has_metas = FALSE;
}

static void
mark_discont (AbBatch * self, GstBuffer * buffer)
{
  GST_BUFFER_FLAG_SET (buffer,
      GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC);
  self->discont = FALSE;
}

void
ab_batch_open (AbBatch * self, const AbRoom * room, guint capacity,
    guint64 start, const AbClock * clock)
{
  take_room (self, room, capacity, start, clock);
  if (G_UNLIKELY (self->discont))
    mark_discont (self, room->buffer);
}

void
ab_batch_adopt (AbBatch * self, GstBuffer * chunk, guint n_samples,
    gboolean silent, guint64 start, const AbClock * clock)
{
  GST_BUFFER_DTS (chunk) = GST_CLOCK_TIME_NONE;
  /* all flags of buffers; new memory is tagged */
  GST_BUFFER_FLAG_UNSET (chunk, ~(GST_MINI_OBJECT_FLAG_LAST - 1));
  GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_TAG_MEMORY);
  if (G_UNLIKELY (self->discont))
    mark_discont (self, chunk);
  if (silent)
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_GAP);
  ab_clock_stamp (clock, chunk, start, n_samples);
}

/* Copies whole frames, or samples of one plane, from the last to the first. */
static void
copy_reversed (guint8 * to, const guint8 * end, guint n, guint sample_size)
{
  guint i;

  for (i = 0; i < n; i++) {
    end -= sample_size;
    memcpy (to, end, sample_size);
    to += sample_size;
  }
}

static void
copy_plane (const AbBatch * self, const AbChunk * chunk, guint plane,
    guint offset, guint n, guint8 * to)
{
  gsize sample_size = self->sample_size;

  if (chunk->planes == NULL) {
    gst_audio_format_info_fill_silence (self->info->finfo, to, n * sample_size);
  } else {
    const guint8 *from = chunk->planes[plane];

    if (G_LIKELY (!chunk->reversed))
      memcpy (to, from + offset * sample_size, n * sample_size);
    else
      copy_reversed (to, from + (chunk->n_samples - offset) * sample_size, n,
          sample_size);
  }
}

void
ab_batch_copy_planes (AbBatch * self, const AbChunk * chunk, guint offset,
    guint n, guint8 * to)
{
  gsize plane_size = (gsize) self->capacity * self->sample_size;
  guint plane;

  for (plane = 0; plane < self->n_planes; plane++, to += plane_size)
    copy_plane (self, chunk, plane, offset, n, to);
}

guint
ab_batch_pad (AbBatch * self)
{
  guint n = self->capacity - self->fill;
  AbChunk silence;

  ab_chunk_silence (&silence, n);
  ab_batch_add (self, &silence, 0);
  gst_buffer_add_audio_clipping_meta (self->room.buffer, GST_FORMAT_DEFAULT, 0,
      n);
  return n;
}

/* Shortens the batch to the samples in it. The planes lie where a full batch
 * has them, so move them together. */
static G_GNUC_NO_INLINE void
shorten (AbBatch * self)
{
  gsize plane_size = (gsize) self->capacity * self->sample_size;
  gsize size = (gsize) self->fill * self->sample_size;
  guint plane;

  for (plane = 1; plane < self->n_planes; plane++) {
    memmove (self->room.data + plane * size,
        self->room.data + plane * plane_size, size);
  }
  ab_room_close (&self->room);
  gst_buffer_set_size (self->room.buffer, self->n_planes * size);
}

static GstBuffer *
hand_over (AbBatch * self)
{
  GstBuffer *buffer = g_steal_pointer (&self->room.buffer);

  ab_clock_stamp (&self->clock, buffer, self->start, self->fill);
  ab_batch_describe (buffer, self->info, self->fill,
      self->silent >= self->fill);
  return buffer;
}

GstBuffer *
ab_batch_close (AbBatch * self)
{
  GstBuffer *buffer;

  if (G_UNLIKELY (self->fill < self->capacity))
    shorten (self);
  ab_room_close (&self->room);
  buffer = hand_over (self);
  self->fill = 0;
  self->fresh = 0;
  self->has_metas = FALSE;
  return buffer;
}

GstBuffer *
ab_batch_slide (AbBatch * self, guint hop, const AbRoom * room,
    guint capacity, const AbClock * clock)
{
  AbBatch full = *self;
  guint shared = full.fill - hop;
  guint plane;

  take_room (self, room, capacity, full.start + hop, clock);
  for (plane = 0; plane < self->n_planes; plane++) {
    gsize from = ((gsize) plane * full.capacity + hop) * self->sample_size;
    gsize to = (gsize) plane * capacity * self->sample_size;

    memcpy (room->data + to, full.room.data + from,
        (gsize) shared * self->sample_size);
  }
  self->fill = shared;
  self->silent = MIN (full.silent, shared);
  ab_room_close (&full.room);
  return hand_over (&full);
}

void
ab_batch_copy_metas (AbBatch * self, GstBuffer * chunk, guint done)
{
  guint bpf = GST_AUDIO_INFO_BPF (self->info);

  ab_batch_strip_metas (self);
  ab_metas_copy (self->room.buffer, chunk, (gsize) (done - self->fill) * bpf,
      (gsize) self->fill * bpf);
  self->has_metas = TRUE;
}

void
ab_batch_strip_metas_slow (AbBatch * self)
{
  ab_metas_strip (self->room.buffer);
  self->has_metas = FALSE;
}

gboolean
ab_batch_save (AbBatch * self, guint hop, AbSharedSamples * shared)
{
  guint n = self->fill - hop;
  gsize plane_size = (gsize) n * self->sample_size;
  gsize pointers = self->n_planes * sizeof (gpointer);
  guint8 *block = g_try_malloc (pointers + self->n_planes * plane_size);
  guint plane;

  if (block == NULL)
    return FALSE;
  ab_chunk_silence (&shared->chunk, n);
  shared->chunk.silent = FALSE;
  shared->chunk.planes = (gpointer *) block;
  shared->block = block;
  shared->silent = MIN (self->silent, n);
  for (plane = 0; plane < self->n_planes; plane++) {
    gsize from = ((gsize) plane * self->capacity + hop) * self->sample_size;

    shared->chunk.planes[plane] = block + pointers + plane * plane_size;
    memcpy (shared->chunk.planes[plane], self->room.data + from, plane_size);
  }
  return TRUE;
}

void
ab_batch_restore (AbBatch * self, const AbSharedSamples * shared)
{
  ab_batch_add (self, &shared->chunk, 0);
  self->silent = MIN (shared->silent, self->fill);
  self->fresh = 0;
}

void
ab_shared_samples_clear (AbSharedSamples * shared)
{
  g_clear_pointer (&shared->block, g_free);
}

guint
ab_batch_discard (AbBatch * self)
{
  guint n = self->fresh;

  if (ab_batch_is_open (self)) {
    self->discont |= GST_BUFFER_IS_DISCONT (self->room.buffer);
    ab_room_close (&self->room);
  }
  gst_clear_buffer (&self->room.buffer);
  self->fill = 0;
  self->fresh = 0;
  self->has_metas = FALSE;
  return n;
}
