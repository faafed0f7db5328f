/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recycles batches: the consumer's last unref brings them back. */

#include "memory/pool.h"

struct _GstAudioBatchPool
{
  GstBufferPool parent;

  /* constant */
  GstAudioBatchAllocator *allocator;

  /* set with the configuration, while nothing is out */
  GstAllocationParams params;
  guint size;
  guint min;
  guint max;

  /* Any thread: a stack of the spare buffers. Whoever pops holds `popping`: with
   * one at a time, no spare can have gone and come back between his look at the
   * stack and his change of it. */
    _Atomic (AbSpare *) spares;
  atomic_bool popping;
  /* buffers that there are, spare or out */
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

/* NULL when there is none, or when somebody else is at it. */
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

/* A buffer with a memory that is not counted until it is taken. */
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

/* Makes the first buffers and touches every byte of them, so that no page of
 * them is new to the system when it counts. */
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

/* Locks alone would not tell of somebody who holds the memory. */
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

/* By whoever drops the last reference. */
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
  /* counted before somebody can take it again, told when he can */
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

  /* one that was never stopped has spares yet */
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
