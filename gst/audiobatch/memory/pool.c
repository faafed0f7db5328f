/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recycles batches: the consumer's last unref brings them back.
 *
 * Spare buffers are on a stack, linked through the headers of their blocks:
 *
 *   spares -> AbSpare -> AbSpare -> NULL
 *               |          |
 *             buffer     buffer
 *
 * The stack is atomic and has no lock. Any thread pushes: it links the old top
 * behind its spare and swaps the top with a compare-exchange. Only one thread
 * pops, the one that holds `popping`. So the top can't be popped and pushed
 * again before that thread's compare-exchange, and `next` can't be stale (no
 * ABA). A second thread does not wait: it finds no spare. The buffer that came
 * back last goes out first: it is most likely still in the cache. */

#include "memory/pool.h"

struct _GstAudioBatchPool
{
  GstBufferPool parent;

  /* constant */
  GstAudioBatchAllocator *allocator;

  /* set by set_config(), while no buffer is outstanding */
  GstAllocationParams params;
  guint size;
  guint min;
  guint max;

  /* any thread */
    _Atomic (AbSpare *) spares;
  atomic_bool popping;
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
push_spare (GstAudioBatchPool * self, AbSpare * spare)
{
  AbSpare *next = atomic_load_explicit (&self->spares, memory_order_relaxed);

  do {
    spare->next = next;
  } while (!atomic_compare_exchange_weak_explicit (&self->spares, &next, spare,
          memory_order_release, memory_order_relaxed));
}

/* NULL if the stack is empty, or if another thread is popping. */
static AbSpare *
pop_spare (GstAudioBatchPool * self)
{
  AbSpare *spare;

  if (atomic_exchange_explicit (&self->popping, TRUE, memory_order_acquire))
    return NULL;
  spare = atomic_load_explicit (&self->spares, memory_order_acquire);
  while (spare && !atomic_compare_exchange_weak_explicit (&self->spares,
          &spare, spare->next, memory_order_acquire, memory_order_acquire));
  atomic_store_explicit (&self->popping, FALSE, memory_order_release);
  return spare;
}

/* A new buffer. ab_allocator_take() counts its memory. */
static AbSpare *
make_spare (GstAudioBatchPool * self)
{
  GstMemory *memory = ab_allocator_alloc_spare (self->allocator,
      self->size, &self->params);
  AbSpare *spare;

  if (memory == NULL)
    return NULL;
  spare = ab_allocator_spare (memory);
  spare->buffer = gst_buffer_new ();
  gst_buffer_append_memory (spare->buffer, memory);
  GST_BUFFER_FLAG_UNSET (spare->buffer, GST_BUFFER_FLAG_TAG_MEMORY);
  return spare;
}

static void
discard (GstAudioBatchPool * self, GstBuffer * buffer)
{
  atomic_fetch_sub (&self->total, 1);
  gst_buffer_unref (buffer);
}

static gboolean
ab_pool_stop (GstBufferPool * pool)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  AbSpare *spare;

  while ((spare = pop_spare (self)))
    discard (self, spare->buffer);
  return TRUE;
}

/* Allocates the first buffers and writes to every byte of them, so that they
 * cause no page faults while streaming. */
static gboolean
ab_pool_start (GstBufferPool * pool)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  guint i;

  for (i = 0; i < self->min; i++) {
    AbSpare *spare = make_spare (self);

    if (spare == NULL) {
      ab_pool_stop (pool);
      return FALSE;
    }
    atomic_fetch_add (&self->total, 1);
    gst_buffer_memset (spare->buffer, 0, 0, self->size);
    push_spare (self, spare);
  }
  return TRUE;
}

static GstFlowReturn
ab_pool_acquire_buffer (GstBufferPool * pool, GstBuffer ** buffer,
    GstBufferPoolAcquireParams * params)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  AbSpare *spare;

  if (G_UNLIKELY (GST_BUFFER_POOL_IS_FLUSHING (pool)))
    return GST_FLOW_FLUSHING;
  spare = pop_spare (self);
  if (spare == NULL) {
    guint before = atomic_fetch_add (&self->total, 1);

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

/* Can the pool keep @buffer? Also checks the reference count of the memory:
 * gst_buffer_is_all_memory_writable() looks only at locks, and misses a plain
 * reference. */
static gboolean
is_as_it_was (GstAudioBatchPool * self, GstBuffer * buffer)
{
  return !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_TAG_MEMORY)
      && gst_buffer_n_memory (buffer) == 1
      && gst_buffer_is_all_memory_writable (buffer)
      && GST_MINI_OBJECT_REFCOUNT_VALUE (gst_buffer_peek_memory (buffer, 0))
      == 1
      && ab_allocator_is_own (self->allocator,
      gst_buffer_peek_memory (buffer, 0));
}

/* Runs in the thread that drops the last reference. */
static void
ab_pool_release_buffer (GstBufferPool * pool, GstBuffer * buffer)
{
  GstAudioBatchPool *self = AB_POOL (pool);
  AbSpare *spare;
  GstMemory *memory;

  if (G_UNLIKELY (!is_as_it_was (self, buffer))) {
    ab_allocator_count_discard (self->allocator);
    discard (self, buffer);
    return;
  }
  if (G_UNLIKELY (GST_BUFFER_POOL_IS_FLUSHING (pool))) {
    discard (self, buffer);
    return;
  }
  memory = gst_buffer_peek_memory (buffer, 0);
  /* count the release before another thread can take the buffer again; wake the
   * streaming thread once it can */
  ab_allocator_give_back (self->allocator, memory, self->params.prefix,
      self->size);
  spare = ab_allocator_spare (memory);
  spare->buffer = buffer;
  push_spare (self, spare);
  ab_allocator_knock (self->allocator);
}

static void
ab_pool_finalize (GObject * object)
{
  GstAudioBatchPool *self = AB_POOL (object);

  /* a pool that was never stopped still has spares */
  ab_pool_stop (GST_BUFFER_POOL (self));
  G_OBJECT_CLASS (ab_pool_parent_class)->finalize (object);
  gst_object_unref (self->allocator);
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
ab_pool_new (GstAudioBatchAllocator * allocator)
{
  GstAudioBatchPool *self = g_object_new (AB_TYPE_POOL, NULL);

  gst_object_ref_sink (self);
  self->allocator = gst_object_ref (allocator);
  return GST_BUFFER_POOL (self);
}
