/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts batches whose memory comes from downstream's pool. */

#include "memory/foreign.h"

/* Tells us that a buffer is released: GStreamer frees a meta without
 * GST_META_FLAG_POOLED when its buffer returns to the pool or is freed. A weak
 * reference would miss the return to the pool. */
typedef struct
{
  GstMeta meta;
  AbLedger *ledger;
  gsize bytes;
} LeaseMeta;

/* A release that we count when the memory of the buffer is freed. */
typedef struct
{
  AbLedger *ledger;
  gsize bytes;
} Lease;

static GType
lease_meta_api_get_type (void)
{
  static const gchar *tags[] = { NULL };
  static gsize type = 0;

  if (g_once_init_enter (&type)) {
    g_once_init_leave (&type,
        gst_meta_api_type_register ("GstAudioBatchLeaseMetaAPI", tags));
  }
  return type;
}

static gboolean
lease_meta_init (GstMeta * meta, gpointer params, GstBuffer * buffer)
{
  ((LeaseMeta *) meta)->ledger = NULL;
  return TRUE;
}

static void
count_release (AbLedger * ledger, gsize bytes)
{
  ab_ledger_released (ledger, bytes);
  ab_ledger_unref (ledger);
}

static void
lease_ends (gpointer user_data, GstMiniObject * memory)
{
  Lease *lease = user_data;

  count_release (lease->ledger, lease->bytes);
  g_free (lease);
}

/* If others share the memory, the pool does not reuse it: count its release
 * when it is freed. A plain reference does not stop the pool from reusing it,
 * so check the share count. Without memory for a lease count it now. */
static void
lease_meta_free (GstMeta * meta, GstBuffer * buffer)
{
  LeaseMeta *self = (LeaseMeta *) meta;
  GstMemory *memory = gst_buffer_n_memory (buffer) > 0
      ? gst_buffer_peek_memory (buffer, 0) : NULL;
  gboolean shared = memory && !gst_memory_is_writable (memory);
  Lease *lease = shared ? g_try_new (Lease, 1) : NULL;

  if (lease == NULL) {
    count_release (self->ledger, self->bytes);
    return;
  }
  lease->ledger = self->ledger;
  lease->bytes = self->bytes;
  gst_mini_object_weak_ref (GST_MINI_OBJECT_CAST (memory), lease_ends, lease);
}

static const GstMetaInfo *
lease_meta_info (void)
{
  static const GstMetaInfo *info = NULL;

  if (g_once_init_enter ((GstMetaInfo **) & info)) {
    const GstMetaInfo *new_info = gst_meta_register (lease_meta_api_get_type (),
        "GstAudioBatchLeaseMeta", sizeof (LeaseMeta), lease_meta_init,
        lease_meta_free, NULL);

    g_once_init_leave ((GstMetaInfo **) & info, (GstMetaInfo *) new_info);
  }
  return info;
}

/* TRUE if @memory was a batch before. Marks it as one. */
static gboolean
was_used (GstMemory * memory)
{
  GQuark quark = g_quark_from_static_string ("audiobatch-used");
  GstMiniObject *object = GST_MINI_OBJECT_CAST (memory);

  if (gst_mini_object_get_qdata (object, quark))
    return TRUE;
  gst_mini_object_set_qdata (object, quark, GINT_TO_POINTER (TRUE), NULL);
  return FALSE;
}

void
ab_foreign_count (GstBuffer * buffer, AbLedger * ledger, AbCounter counter)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);
  LeaseMeta *meta = (LeaseMeta *) gst_buffer_add_meta (buffer,
      lease_meta_info (), NULL);

  meta->ledger = ab_ledger_ref (ledger);
  meta->bytes = memory->maxsize;
  ab_ledger_taken (ledger, counter, counter + 1, memory->maxsize);
}

void
ab_foreign_take (GstBuffer * buffer, AbLedger * ledger)
{
  ab_foreign_count (buffer, ledger, was_used (gst_buffer_peek_memory (buffer,
              0)) ? AB_COUNTER_REUSED : AB_COUNTER_ALLOCATIONS);
}
