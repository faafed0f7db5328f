/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts batches whose memory our allocator did not make, until their consumer
 * releases them.
 *
 * A buffer of a pool comes back while its memory lives on. It has a meta: without
 * GST_META_FLAG_POOLED, GStreamer frees that when the buffer returns or is freed.
 *
 * Other memory counts until its last holder frees it, also without the buffer. Its
 * dispose function counts the release, and finds the ledger in a table by the
 * address of the memory. If the table has no place, a weak reference does the same.
 *
 * Some allocators have a dispose function of their own, and revive memory instead
 * of freeing it. Nothing tells us of that: such buffers have the meta as well.
 *
 * For a batch of one chunk of 1024 samples, the meta takes 450 of 4,000
 * instructions (callgrind): GStreamer allocates it. The table takes 60. */

#include "memory/lease.h"

/* The places of the table, for all elements together; and how many of them one
 * memory may have. */
#define TABLE_BITS 12
#define PLACES 8

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

/* What the weak reference knows. */
typedef struct
{
  AbLedger *ledger;
  gsize bytes;
} Lease;

/* `memory` is NULL if this place of the table is free. The thread that sets it owns
 * `ledger` until it stores it, with release; then the thread that frees the memory
 * owns it. */
typedef struct
{
  _Atomic (GstMemory *) memory;
  _Atomic (AbLedger *) ledger;
} Place;

/* any thread */
static Place table[1 << TABLE_BITS];

static void
count_release (AbLedger * ledger, gsize bytes)
{
  ab_ledger_released (ledger, bytes);
  ab_ledger_unref (ledger);
}

/* Memory that counts until it is freed */

/* The first place of @memory in the table; the next ones follow. */
static guint
first_place (GstMemory * memory)
{
  /* blocks of malloc() are multiples of 16 bytes */
  return (guint32) ((guintptr) memory >> 4) * 2654435769u >> (32 - TABLE_BITS);
}

static Place *
place_at (guint i)
{
  return &table[i & ((1 << TABLE_BITS) - 1)];
}

/* Runs at the last unref of the memory, in any thread. */
static gboolean
dispose_memory (GstMiniObject * object)
{
  GstMemory *memory = (GstMemory *) object;
  guint i = first_place (memory);
  AbLedger *ledger;

  while (atomic_load_explicit (&place_at (i)->memory, memory_order_relaxed)
      != memory)
    i++;
  ledger = atomic_load_explicit (&place_at (i)->ledger, memory_order_acquire);
  object->dispose = NULL;
  atomic_store_explicit (&place_at (i)->memory, NULL, memory_order_release);
  count_release (ledger, memory->maxsize);
  return TRUE;
}

/* Returns: FALSE if the table has no place for @memory */
static gboolean
note_memory (GstMemory * memory, AbLedger * ledger)
{
  guint first = first_place (memory);
  guint i;

  for (i = first; i < first + PLACES; i++) {
    GstMemory *none = NULL;

    /* acquire: the place's last owner is done with it */
    if (atomic_compare_exchange_strong_explicit (&place_at (i)->memory, &none,
            memory, memory_order_acquire, memory_order_relaxed)) {
      GST_MINI_OBJECT_CAST (memory)->dispose = dispose_memory;
      atomic_store_explicit (&place_at (i)->ledger, ab_ledger_ref (ledger),
          memory_order_release);
      return TRUE;
    }
  }
  return FALSE;
}

static void
lease_ends (gpointer user_data, GstMiniObject * memory)
{
  Lease *lease = user_data;

  count_release (lease->ledger, lease->bytes);
  g_free (lease);
}

/* Without memory for a lease, counts the release now. */
static G_GNUC_NO_INLINE void
watch_memory (GstMemory * memory, AbLedger * ledger)
{
  Lease *lease = g_try_new (Lease, 1);

  if (lease == NULL) {
    ab_ledger_released (ledger, memory->maxsize);
    return;
  }
  lease->ledger = ab_ledger_ref (ledger);
  lease->bytes = memory->maxsize;
  gst_mini_object_weak_ref (GST_MINI_OBJECT_CAST (memory), lease_ends, lease);
}

/* Counts the release of @memory when it is freed. The caller has a reference. */
static void
lease_memory (GstMemory * memory, AbLedger * ledger)
{
  if (GST_MINI_OBJECT_CAST (memory)->dispose != NULL
      || !note_memory (memory, ledger))
    watch_memory (memory, ledger);
}

static gboolean
is_revived (GstMemory * memory)
{
  GstMiniObjectDisposeFunction dispose = GST_MINI_OBJECT_CAST (memory)->dispose;

  return dispose != NULL && dispose != dispose_memory;
}

/* Buffers that count until they are back in their pool */

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

/* Do others hold the memory, so that it outlives its buffer? Downstream's pool
 * reuses a memory that others only reference, not one that others share. */
static gboolean
is_held (const LeaseMeta * self, GstMemory * memory)
{
  return !is_revived (memory) && (!gst_memory_is_writable (memory)
      || (!self->pooled && GST_MINI_OBJECT_REFCOUNT_VALUE (memory) > 1));
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

/* Counts the release of @buffer: now, or when others let its memory go. */
static void
end_lease (LeaseMeta * self, GstBuffer * buffer)
{
  GstMemory *memory = gst_buffer_n_memory (buffer) > 0
      ? gst_buffer_peek_memory (buffer, 0) : NULL;

  self->slot.counted = FALSE;
  if (is_discarded (self, buffer))
    ab_ledger_discarded (self->ledger);
  if (memory && is_held (self, memory))
    lease_memory (memory, self->ledger);
  else
    ab_ledger_released (self->ledger, self->bytes);
}

/* Since GStreamer 1.24, a buffer that is freed and not pooled has lost its memory
 * before its metas. */
static void
lease_meta_free (GstMeta * meta, GstBuffer * buffer)
{
  LeaseMeta *self = (LeaseMeta *) meta;

  if (self->slot.counted) {
    if (GST_MINI_OBJECT_REFCOUNT_VALUE (buffer) > 0)
      end_lease (self, buffer);
    else
      ab_ledger_released (self->ledger, self->bytes);
  }
  ab_ledger_unref (self->ledger);
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
ab_lease_count (GstBuffer * buffer, GstMemory * memory, AbLedger * ledger,
    AbCounter counter)
{
  ab_ledger_taken (ledger, counter, memory->maxsize);
  if (G_UNLIKELY (buffer->pool || is_revived (memory)))
    add_lease (buffer, ledger)->slot.counted = TRUE;
  else
    lease_memory (memory, ledger);
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
ab_lease_take (GstBuffer * buffer, AbLedger * ledger)
{
  LeaseMeta *lease = get_lease (buffer);

  if (lease == NULL) {
    lease = add_lease (buffer, ledger);
    lease->slot.used = was_used (lease->memory);
    /* Others shared the memory when its buffer came back, but no longer when the
     * pool looked: so the pool kept it. */
    if (GST_MINI_OBJECT_CAST (lease->memory)->dispose == dispose_memory)
      dispose_memory (GST_MINI_OBJECT_CAST (lease->memory));
  }
  ab_slot_take (&lease->slot, ledger, lease->bytes);
}

AbSlot *
ab_lease_keep (GstBuffer * buffer, AbLedger * ledger)
{
  LeaseMeta *lease = add_lease (buffer, ledger);

  GST_META_FLAG_SET (&lease->meta, GST_META_FLAG_POOLED | GST_META_FLAG_LOCKED);
  return &lease->slot;
}

AbSlot *
ab_lease_slot (GstBuffer * buffer, GstMemory * memory)
{
  LeaseMeta *lease = get_lease (buffer);

  return lease && lease->memory == memory ? &lease->slot : NULL;
}

void
ab_lease_let_go (GstBuffer * buffer)
{
  LeaseMeta *lease = get_lease (buffer);

  if (lease && lease->slot.counted)
    end_lease (lease, buffer);
}
