/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of batches that our allocator did not make: from downstream's
 * allocator or pool, or that of a chunk. */

#include "memory/foreign.h"

/* Tells us that a buffer is released: GStreamer frees a meta without
 * GST_META_FLAG_POOLED when its buffer returns to the pool or is freed. A weak
 * reference would miss the return to the pool. In our own pool the meta stays on
 * the buffer, and the pool counts what comes back. */
typedef struct
{
  GstMeta meta;
  AbLedger *ledger;
  /* only to compare: it may be gone */
  GstMemory *memory;
  gsize bytes;
  /* the pool is downstream's */
  gboolean pooled;
  AbSlot slot;
} LeaseMeta;

/* A release that we count when the memory of the buffer is freed. */
typedef struct
{
  AbLedger *ledger;
  gsize bytes;
} Lease;

GType
ab_lease_meta_api_get_type (void)
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
  LeaseMeta *self = (LeaseMeta *) meta;

  self->ledger = ab_ledger_ref (params);
  self->memory = gst_buffer_peek_memory (buffer, 0);
  self->bytes = self->memory->maxsize;
  self->pooled = buffer->pool != NULL;
  self->slot.counted = FALSE;
  self->slot.used = FALSE;
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

/* Do others hold the memory, so that it outlives its buffer? Downstream's pool
 * reuses a memory that others only reference, not one that others share. Some
 * allocators revive memory instead of freeing it: nothing tells us of that. The
 * memory of a buffer that is being freed is never writable, so count the
 * references. */
static gboolean
is_held (const LeaseMeta * self, GstMemory * memory)
{
  if (GST_MINI_OBJECT_CAST (memory)->dispose)
    return FALSE;
  return self->pooled ? !gst_memory_is_writable (memory)
      : GST_MINI_OBJECT_REFCOUNT_VALUE (memory) > 1;
}

/* Will downstream's pool find the buffer unfit for reuse? GstBufferPool looks at
 * this after it frees the metas. */
static gboolean
is_discarded (const LeaseMeta * self, GstBuffer * buffer)
{
  return self->pooled
      && (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_TAG_MEMORY)
      || !gst_buffer_is_all_memory_writable (buffer));
}

/* Without memory for a lease, counts the release now. */
static void
lease_meta_free (GstMeta * meta, GstBuffer * buffer)
{
  LeaseMeta *self = (LeaseMeta *) meta;
  GstMemory *memory = gst_buffer_n_memory (buffer) > 0
      ? gst_buffer_peek_memory (buffer, 0) : NULL;
  Lease *lease;

  if (!self->slot.counted) {
    ab_ledger_unref (self->ledger);
    return;
  }
  if (is_discarded (self, buffer))
    ab_ledger_discarded (self->ledger);
  lease = memory && is_held (self, memory) ? g_try_new (Lease, 1) : NULL;
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
    const GstMetaInfo *new_info =
        gst_meta_register (ab_lease_meta_api_get_type (),
        "GstAudioBatchLeaseMeta", sizeof (LeaseMeta), lease_meta_init,
        lease_meta_free, NULL);

    g_once_init_leave ((GstMetaInfo **) & info, (GstMetaInfo *) new_info);
  }
  return info;
}

static LeaseMeta *
add_lease (GstBuffer * buffer, AbLedger * ledger)
{
  return (LeaseMeta *) gst_buffer_add_meta (buffer, lease_meta_info (), ledger);
}

static LeaseMeta *
get_lease (GstBuffer * buffer)
{
  return (LeaseMeta *) gst_buffer_get_meta (buffer,
      ab_lease_meta_api_get_type ());
}

void
ab_foreign_count (GstBuffer * buffer, AbLedger * ledger, AbCounter counter)
{
  LeaseMeta *lease = add_lease (buffer, ledger);

  lease->slot.counted = TRUE;
  ab_ledger_taken (ledger, counter, counter + 1, lease->bytes);
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
ab_foreign_take (GstBuffer * buffer, AbLedger * ledger)
{
  LeaseMeta *lease = get_lease (buffer);

  if (lease == NULL) {
    lease = add_lease (buffer, ledger);
    lease->slot.used = was_used (lease->memory);
  }
  ab_slot_take (&lease->slot, ledger, lease->bytes);
}

AbSlot *
ab_foreign_keep (GstBuffer * buffer, AbLedger * ledger)
{
  LeaseMeta *lease = add_lease (buffer, ledger);

  GST_META_FLAG_SET (&lease->meta, GST_META_FLAG_POOLED | GST_META_FLAG_LOCKED);
  return &lease->slot;
}

AbSlot *
ab_foreign_slot (GstBuffer * buffer, GstMemory * memory)
{
  LeaseMeta *lease = get_lease (buffer);

  return lease && lease->memory == memory ? &lease->slot : NULL;
}

/* Moves the samples behind the prefix that downstream asked for. GstBufferPool
 * removes the prefix each time a buffer comes back. */
static gboolean
fit (GstMemory * memory, gsize size, const GstAllocationParams * params)
{
  gsize offset, maxsize, need;

  gst_memory_get_sizes (memory, &offset, &maxsize);
  if (!g_size_checked_add (&need, size, params->prefix)
      || !g_size_checked_add (&need, need, params->padding) || need > maxsize)
    return FALSE;
  gst_memory_resize (memory, (gssize) params->prefix - (gssize) offset, size);
  return TRUE;
}

GstMemory *
ab_foreign_alloc (GstAllocator * allocator, gsize size,
    const GstAllocationParams * params)
{
  GstAllocationParams copy = *params;
  GstMemory *memory = gst_allocator_alloc (allocator, size, &copy);

  if (memory && !fit (memory, size, params)) {
    gst_memory_unref (memory);
    return NULL;
  }
  return memory;
}

gboolean
ab_foreign_is_substitute (GstAllocator * allocator, GstMemory * memory)
{
  return memory->allocator != allocator
      && gst_memory_is_type (memory, GST_ALLOCATOR_SYSMEM);
}

gboolean
ab_foreign_map (GstBuffer * buffer, gsize size,
    const GstAllocationParams * params, gsize align, GstMapInfo * map)
{
  GstMemory *memory;

  if (gst_buffer_n_memory (buffer) != 1
      || !gst_buffer_is_all_memory_writable (buffer))
    return FALSE;
  memory = gst_buffer_peek_memory (buffer, 0);
  /* GstBufferPool reuses a memory that others still reference. Not
   * gst_buffer_map(): if that fails it maps a copy. */
  if (memory->parent || GST_MINI_OBJECT_REFCOUNT_VALUE (memory) > 1
      || !fit (memory, size, params)
      || !gst_memory_map (memory, map, GST_MAP_WRITE))
    return FALSE;
  if (((guintptr) map->data & (params->align | align)) == 0)
    return TRUE;
  gst_memory_unmap (memory, map);
  return FALSE;
}
