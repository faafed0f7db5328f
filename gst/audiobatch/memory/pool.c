/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recycles batches: the consumer's last unref brings them back.
 *
 * Spare buffers are on a stack, linked through their slots:
 *
 *   spares -> AbSlot -> AbSlot -> NULL
 *               |         |
 *             buffer    buffer
 *
 * The stack is atomic and has no lock. Any thread pushes: it links the old top
 * behind its spare and swaps the top with a compare-exchange. Only one thread
 * pops, the one that holds `popping`. So the top can't be popped and pushed
 * again before that thread's compare-exchange, and `next` can't be stale (no
 * ABA). A second thread does not wait: it finds no spare. The buffer that came
 * back last goes out first: it is most likely still in the cache. */

#include "memory/pool.h"

#include <string.h>

#include "memory/foreign.h"
#include "memory/lease.h"

struct _GstAudioBatchPool
{
  GstBufferPool parent;

  /* constant; is the allocator ours, or downstream's? */
  AbLedger *ledger;
  GstAllocator *allocator;
  gboolean own;

  /* set by set_config(), while no buffer is outstanding */
  GstAllocationParams params;
  guint size;
  guint min;
  guint max;

  /* any thread */
    _Atomic (AbSlot *) spares;
  atomic_bool popping;
  /* see ab_pool_give_back() */
  atomic_bool giving_back;
  /* buffers that exist, spare or outstanding */
  atomic_uint total;
};

G_DEFINE_TYPE (GstAudioBatchPool, ab_pool, GST_TYPE_BUFFER_POOL);

static gboolean
ab_pool_set_config (GstBufferPool * pool, GstStructure * config)
{
  GstAudioBatchPool *self = AB_POOL (pool);

  if (!gst_buffer_pool_config_get_params (config, NULL, &self->size,
          &self->min, &self->max) || self->size == 0)
    return FALSE;
  gst_buffer_pool_config_get_allocator (config, NULL, &self->params);
  return GST_BUFFER_POOL_CLASS (ab_pool_parent_class)->set_config (pool,
      config);
}

static void
push_spare (GstAudioBatchPool * self, AbSlot * spare)
{
  AbSlot *next = atomic_load_explicit (&self->spares, memory_order_relaxed);

  do {
    spare->next = next;
  } while (!atomic_compare_exchange_weak_explicit (&self->spares, &next, spare,
          memory_order_seq_cst, memory_order_relaxed));
}

/* NULL if the stack is empty, or if another thread is popping. */
static AbSlot *
pop_spare (GstAudioBatchPool * self)
{
  AbSlot *spare;

  if (atomic_exchange_explicit (&self->popping, TRUE, memory_order_acquire))
    return NULL;
  spare = atomic_load_explicit (&self->spares, memory_order_acquire);
  while (spare && !atomic_compare_exchange_weak_explicit (&self->spares,
          &spare, spare->next, memory_order_acquire, memory_order_acquire));
  atomic_store_explicit (&self->popping, FALSE, memory_order_release);
  return spare;
}

static GstMemory *
alloc_memory (GstAudioBatchPool * self)
{
  GstMemory *memory;

  if (self->own)
    return ab_allocator_alloc_spare (AB_ALLOCATOR (self->allocator),
        self->size, &self->params);
  memory = ab_foreign_alloc (self->allocator, self->size, &self->params);
  /* not worth keeping: the allocator may have its own memory again later */
  if (memory && ab_foreign_is_substitute (self->allocator, memory)) {
    gst_memory_unref (memory);
    return NULL;
  }
  return memory;
}

/* A new buffer, not counted yet. */
static AbSlot *
make_spare (GstAudioBatchPool * self)
{
  GstMemory *memory = alloc_memory (self);
  GstBuffer *buffer;
  AbSlot *slot;

  if (memory == NULL)
    return NULL;
  buffer = gst_buffer_new ();
  gst_buffer_append_memory (buffer, memory);
  slot = self->own ? ab_allocator_slot (memory)
      : ab_lease_keep (buffer, self->ledger);
  slot->buffer = buffer;
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_TAG_MEMORY);
  return slot;
}

static void
discard (GstAudioBatchPool * self, GstBuffer * buffer)
{
  atomic_fetch_sub (&self->total, 1);
  if (!self->own)
    ab_lease_let_go (buffer);
  gst_buffer_unref (buffer);
}

/* Frees the spares, also those that come back meanwhile. */
static void
free_spares (GstAudioBatchPool * self)
{
  while (atomic_load (&self->spares)) {
    AbSlot *spare = pop_spare (self);

    if (spare)
      discard (self, spare->buffer);
  }
}

static gboolean
ab_pool_stop (GstBufferPool * pool)
{
  free_spares (AB_POOL (pool));
  return TRUE;
}

/* Writes to every byte, so that the batch causes no page faults later. */
static void
touch (GstMemory * memory)
{
  GstMapInfo map;

  if (!gst_memory_map (memory, &map, GST_MAP_WRITE))
    return;
  memset (map.data, 0, map.size);
  gst_memory_unmap (memory, &map);
}

/* Allocates and touches the first buffers. Downstream's allocator may have
 * memory for fewer: it is asked again for each batch. */
static gboolean
ab_pool_start (GstBufferPool * pool)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  guint i;

  for (i = 0; i < self->min; i++) {
    AbSlot *spare = make_spare (self);

    if (spare == NULL && !self->own)
      break;
    if (spare == NULL) {
      ab_pool_stop (pool);
      return FALSE;
    }
    atomic_fetch_add (&self->total, 1);
    touch (gst_buffer_peek_memory (spare->buffer, 0));
    push_spare (self, spare);
  }
  return TRUE;
}

static GstFlowReturn
ab_pool_acquire_buffer (GstBufferPool * pool, GstBuffer ** buffer,
    GstBufferPoolAcquireParams * params)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  AbSlot *spare;

  if (G_UNLIKELY (GST_BUFFER_POOL_IS_FLUSHING (pool)))
    return GST_FLOW_FLUSHING;
  spare = pop_spare (self);
  if (spare == NULL) {
    guint before = atomic_fetch_add (&self->total, 1);

    atomic_store (&self->giving_back, FALSE);
    if (self->max != 0 && before >= self->max) {
      atomic_fetch_sub (&self->total, 1);
      return GST_FLOW_EOS;
    }
    spare = make_spare (self);
  }
  if (spare == NULL) {
    atomic_fetch_sub (&self->total, 1);
    return GST_FLOW_ERROR;
  }
  *buffer = spare->buffer;
  return GST_FLOW_OK;
}

/* The slot of @memory, which @buffer holds; NULL if it is not the memory that
 * the pool gave. */
static AbSlot *
slot_of (GstAudioBatchPool * self, GstBuffer * buffer, GstMemory * memory)
{
  if (!self->own)
    return ab_lease_slot (buffer, memory);
  return ab_allocator_is_own (AB_ALLOCATOR (self->allocator), memory)
      ? ab_allocator_slot (memory) : NULL;
}

/* The slot of @buffer if the pool can keep it. Also checks the reference count
 * of the memory: gst_buffer_is_all_memory_writable() looks only at locks, and
 * misses a plain reference. */
static AbSlot *
fit_slot (GstAudioBatchPool * self, GstBuffer * buffer)
{
  GstMemory *memory;

  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_TAG_MEMORY)
      || gst_buffer_n_memory (buffer) != 1
      || !gst_buffer_is_all_memory_writable (buffer))
    return NULL;
  memory = gst_buffer_peek_memory (buffer, 0);
  return GST_MINI_OBJECT_REFCOUNT_VALUE (memory) == 1
      ? slot_of (self, buffer, memory) : NULL;
}

/* Runs in the thread that drops the last reference. */
static void
ab_pool_release_buffer (GstBufferPool * pool, GstBuffer * buffer)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  AbSlot *slot = fit_slot (self, buffer);
  GstMemory *memory;

  if (G_UNLIKELY (slot == NULL)) {
    ab_ledger_discarded (self->ledger);
    discard (self, buffer);
    return;
  }
  if (G_UNLIKELY (GST_BUFFER_POOL_IS_FLUSHING (pool))) {
    discard (self, buffer);
    return;
  }
  memory = gst_buffer_peek_memory (buffer, 0);
  gst_memory_resize (memory, self->params.prefix - memory->offset, self->size);
  /* count the release before another thread can take the buffer again; wake the
   * streaming thread once it can */
  if (G_LIKELY (slot->counted)) {
    slot->counted = FALSE;
    ab_ledger_count_release (self->ledger, memory->maxsize);
  }
  slot->buffer = buffer;
  push_spare (self, slot);
  /* sequentially consistent, as the push: this thread sees the flag, or the one
   * that sets it sees the spare */
  if (G_UNLIKELY (atomic_load (&self->giving_back)))
    free_spares (self);
  ab_gate_knock (&self->ledger->gate);
}

static void
ab_pool_finalize (GObject * object)
{
  GstAudioBatchPool *self = AB_POOL (object);

  /* a pool that was never stopped still has spares */
  ab_pool_stop (GST_BUFFER_POOL (self));
  G_OBJECT_CLASS (ab_pool_parent_class)->finalize (object);
  gst_object_unref (self->allocator);
  ab_ledger_unref (self->ledger);
}

static void
ab_pool_class_init (GstAudioBatchPoolClass * klass)
{
  GstBufferPoolClass *pool_class = GST_BUFFER_POOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ab_pool_finalize;
  pool_class->set_config = ab_pool_set_config;
  pool_class->start = ab_pool_start;
  pool_class->stop = ab_pool_stop;
  pool_class->acquire_buffer = ab_pool_acquire_buffer;
  pool_class->release_buffer = ab_pool_release_buffer;
}

static void
ab_pool_init (GstAudioBatchPool * self)
{
}

GstBufferPool *
ab_pool_new (GstAllocator * allocator, AbLedger * ledger)
{
  GstAudioBatchPool *self = g_object_new (AB_TYPE_POOL, NULL);

  gst_object_ref_sink (self);
  self->allocator = gst_object_ref (allocator);
  self->own = AB_IS_ALLOCATOR (allocator);
  self->ledger = ab_ledger_ref (ledger);
  return GST_BUFFER_POOL (self);
}

void
ab_pool_give_back (GstAudioBatchPool * self)
{
  atomic_store (&self->giving_back, TRUE);
  free_spares (self);
}
