/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transfers the metas of chunks to batches. */

#include "batch/metas.h"

#include "time/clock.h"

#include <gst/audio/audio.h>

/* The timestamp of sample number start, from a chunk that ends before sample
 * number end. */
typedef struct
{
  GstCaps *reference;
  GstClockTime timestamp;
  gboolean has_duration;
  gint64 start;
  guint64 end;
} Reference;

static void
reference_free (gpointer data)
{
  Reference *self = data;

  gst_caps_unref (self->reference);
  g_free (self);
}

void
ab_metas_init (AbMetas * self)
{
  g_queue_init (&self->references);
}

void
ab_metas_clear (AbMetas * self)
{
  g_queue_clear_full (&self->references, reference_free);
}

gboolean
ab_metas_any_of_them (GstBuffer * chunk)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (chunk, &state))) {
    if (meta->info->api != GST_AUDIO_META_API_TYPE)
      return TRUE;
  }
  return FALSE;
}

void
ab_metas_note (AbMetas * self, GstBuffer * chunk, gint64 start, guint64 end)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta_filtered (chunk, &state,
              GST_REFERENCE_TIMESTAMP_META_API_TYPE))) {
    GstReferenceTimestampMeta *from = (GstReferenceTimestampMeta *) meta;
    Reference *reference = g_new (Reference, 1);

    reference->reference = gst_caps_ref (from->reference);
    reference->timestamp = from->timestamp;
    reference->has_duration = GST_CLOCK_TIME_IS_VALID (from->duration);
    reference->start = start;
    reference->end = end;
    g_queue_push_tail (&self->references, reference);
  }
}

/* The reference's time at sample number @sample, clamped to 0 and the last
 * time. */
static GstClockTime
reference_time (const Reference * self, guint64 sample, guint rate)
{
  gint64 moved = (gint64) sample - self->start;
  GstClockTime by = gst_util_uint64_scale_int (ABS (moved), GST_SECOND, rate);

  if (moved >= 0)
    return self->timestamp + MIN (by, AB_LAST_TIME - self->timestamp);
  return self->timestamp > by ? self->timestamp - by : 0;
}

void
ab_metas_stamp (AbMetas * self, GstBuffer * batch, guint64 start,
    guint n_samples, guint rate, guint64 keep)
{
  gint64 first_start = 0;
  gboolean found = FALSE;
  GList *link;

  for (link = self->references.head; link; link = link->next) {
    const Reference *reference = link->data;

    if (reference->end <= start)
      continue;
    if (reference->start >= (gint64) (start + n_samples)
        || (found && reference->start != first_start))
      break;
    found = TRUE;
    first_start = reference->start;
    gst_buffer_add_reference_timestamp_meta (batch, reference->reference,
        reference_time (reference, start, rate),
        reference->has_duration ? GST_BUFFER_DURATION (batch) :
        GST_CLOCK_TIME_NONE);
  }
  while (self->references.head
      && ((Reference *) self->references.head->data)->end <= keep)
    reference_free (g_queue_pop_head (&self->references));
}

static gboolean
depends_on_memory (const GstMetaInfo * info)
{
  static const gchar *const tags[] = { "memory", "memory-reference", "size" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tags); i++) {
    if (gst_meta_api_type_has_tag (info->api,
            g_quark_from_static_string (tags[i])))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_carried (const GstMetaInfo * info, gboolean whole)
{
  if (info->api == GST_AUDIO_META_API_TYPE
      || info->api == GST_REFERENCE_TIMESTAMP_META_API_TYPE)
    return FALSE;
  if (info->api == GST_AUDIO_CLIPPING_META_API_TYPE)
    return whole;
  return info->transform_func != NULL && !depends_on_memory (info);
}

void
ab_metas_copy (GstBuffer * batch, GstBuffer * chunk, gsize offset, gsize size)
{
  gboolean whole = offset == 0 && size == gst_buffer_get_size (chunk);
  GstMetaTransformCopy part = { !whole, offset, size };
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (chunk, &state))) {
    if (is_carried (meta->info, whole))
      meta->info->transform_func (batch, meta, chunk,
          _gst_meta_transform_copy, &part);
  }
}

static gboolean
strip (GstBuffer * batch, GstMeta ** meta, gpointer unused)
{
  if (is_carried ((*meta)->info, TRUE))
    *meta = NULL;
  return TRUE;
}

void
ab_metas_strip (GstBuffer * batch)
{
  gst_buffer_foreach_meta (batch, strip, NULL);
}
