/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transfers the metas and flags of chunks to batches. */

#include "batch/metas.h"

#include "memory/lease.h"
#include "time/clock.h"

#include <gst/audio/audio.h>

/* What is known of a chunk: either its flags, or a reference timestamp of its
 * sample number start. It ends before sample number end. */
typedef struct _AbNote
{
  struct _AbNote *next;
  gint64 start;
  guint64 end;
  guint flags;
  /* NULL if it is a note of flags */
  GstCaps *reference;
  GstClockTime timestamp;
  gboolean has_duration;
} AbNote;

static void
note_free (AbNote * self)
{
  gst_clear_caps (&self->reference);
  g_free (self);
}

/* Appends a note. Without memory for it, the batch lacks what it says. */
static AbNote *
add_note (AbMetas * self, gint64 start, guint64 end)
{
  AbNote *note = g_try_new0 (AbNote, 1);

  if (note == NULL) {
    GST_WARNING ("There is no memory to keep flags or a reference timestamp of "
        "a chunk.");
    return NULL;
  }
  note->start = start;
  note->end = end;
  if (self->last)
    self->last->next = note;
  else
    self->first = note;
  self->last = note;
  return note;
}

void
ab_metas_forget (AbMetas * self, guint64 keep)
{
  while (self->first && self->first->end <= keep) {
    AbNote *note = self->first;

    self->first = note->next;
    note_free (note);
  }
  if (self->first == NULL)
    self->last = NULL;
}

void
ab_metas_lose (AbMetas * self, guint64 position)
{
  AbNote **link = &self->first;
  AbNote *note;

  self->last = NULL;
  while ((note = *link)) {
    if (note->end > position) {
      *link = note->next;
      note_free (note);
    } else {
      self->last = note;
      link = &note->next;
    }
  }
}

void
ab_metas_clear (AbMetas * self)
{
  ab_metas_forget (self, G_MAXUINT64);
}

gboolean
ab_metas_any_of_them (GstBuffer * chunk)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (chunk, &state))) {
    if (meta->info->api != GST_AUDIO_META_API_TYPE
        && meta->info->api != ab_lease_meta_api_get_type ())
      return TRUE;
  }
  return FALSE;
}

void
ab_metas_note_flags (AbMetas * self, guint flags, guint64 start, guint64 end)
{
  AbNote *note = add_note (self, start, end);

  if (note)
    note->flags = flags;
}

void
ab_metas_note (AbMetas * self, GstBuffer * chunk, gint64 start, guint64 end)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta_filtered (chunk, &state,
              GST_REFERENCE_TIMESTAMP_META_API_TYPE))) {
    GstReferenceTimestampMeta *from = (GstReferenceTimestampMeta *) meta;
    AbNote *note = add_note (self, start, end);

    if (note == NULL)
      return;
    note->reference = gst_caps_ref (from->reference);
    note->timestamp = from->timestamp;
    note->has_duration = GST_CLOCK_TIME_IS_VALID (from->duration);
  }
}

/* The reference's time at sample number @sample, clamped to 0 and the last
 * time. */
static GstClockTime
reference_time (const AbNote * self, guint64 sample, guint rate)
{
  gint64 moved = (gint64) sample - self->start;
  GstClockTime by = gst_util_uint64_scale_int (ABS (moved), GST_SECOND, rate);

  if (moved >= 0)
    return self->timestamp + MIN (by, AB_LAST_TIME - self->timestamp);
  return self->timestamp > by ? self->timestamp - by : 0;
}

/* Adds the timestamps of the first chunk in @batch that has any. */
static void
stamp_references (const AbMetas * self, GstBuffer * batch, guint64 start,
    guint64 end, guint rate)
{
  const AbNote *first = NULL;
  const AbNote *note;

  for (note = self->first; note && note->start < (gint64) end;
      note = note->next) {
    if (note->reference == NULL || note->end <= start)
      continue;
    if (first && note->start != first->start)
      break;
    first = note;
    gst_buffer_add_reference_timestamp_meta (batch, note->reference,
        reference_time (note, start, rate),
        note->has_duration ? GST_BUFFER_DURATION (batch) : GST_CLOCK_TIME_NONE);
  }
}

/* The flags of a batch with the samples from @start up to @end. */
static guint
flags_of (const AbMetas * self, guint64 start, guint64 end)
{
  guint64 hidden = 0;
  guint flags = 0;
  const AbNote *note;

  for (note = self->first; note && note->start < (gint64) end;
      note = note->next) {
    gboolean begins = note->start == (gint64) start;

    if (note->end <= start)
      continue;
    if (begins && note->end == end && note->flags != 0)
      return note->flags;
    flags |= note->flags & GST_BUFFER_FLAG_CORRUPTED;
    if (begins)
      flags |= note->flags & GST_BUFFER_FLAG_MARKER;
    if (note->flags & GST_BUFFER_FLAG_DECODE_ONLY)
      hidden += MIN (note->end, end) - MAX (note->start, (gint64) start);
  }
  if (hidden == end - start)
    flags |= GST_BUFFER_FLAG_DECODE_ONLY;
  return flags;
}

void
ab_metas_stamp (AbMetas * self, GstBuffer * batch, guint64 start,
    guint n_samples, guint rate)
{
  GST_BUFFER_FLAG_SET (batch, flags_of (self, start, start + n_samples));
  stamp_references (self, batch, start, start + n_samples, rate);
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
