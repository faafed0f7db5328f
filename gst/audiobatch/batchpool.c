/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recycles batches: the consumer's last unref brings them back. */

#include "batchpool.h"

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

  /* any thread */
  GstAtomicQueue *free;
  /* buffers that there are, free or out */
  atomic_uint total;
};

G_DEFINE_TYPE (GstAudioBatchPool, batch_pool, GST_TYPE_BUFFER_POOL);

static gboolean
batch_pool_set_config (GstBufferPool * pool, GstStructure * config)
{
  GstAudioBatchPool *self = BATCH_POOL (pool);

  if (!gst_buffer_pool_config_get_params (config, NULL, &self->size,
          &self->min, &self->max) || self->size == 0)
    return FALSE;
  gst_buffer_pool_config_get_allocator (config, NULL, &self->params);
  return GST_BUFFER_POOL_CLASS (batch_pool_parent_class)->set_config (pool,
      config);
}

/* A buffer with a memory that is not counted until it is taken. */
static GstBuffer *
make_buffer (GstAudioBatchPool * self)
{
  GstMemory *memory = batch_allocator_alloc_spare (self->allocator,
      self->size, &self->params);
  GstBuffer *buffer;

  if (memory == NULL)
    return NULL;
  buffer = gst_buffer_new ();
  gst_buffer_append_memory (buffer, memory);
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_TAG_MEMORY);
  return buffer;
}

static void
discard_buffer (GstAudioBatchPool * self, GstBuffer * buffer)
{
  atomic_fetch_sub (&self->total, 1);
  gst_buffer_unref (buffer);
}

static gboolean
batch_pool_stop (GstBufferPool * pool)
{
  GstAudioBatchPool *self = BATCH_POOL (pool);
  GstBuffer *buffer;

  while ((buffer = gst_atomic_queue_pop (self->free)))
    discard_buffer (self, buffer);
  return TRUE;
}

/* Makes the first buffers and touches every byte of them, so that no page of
 * them is new to the system when it counts. */
static gboolean
batch_pool_start (GstBufferPool * pool)
{
  GstAudioBatchPool *self = BATCH_POOL (pool);
  guint i;

  for (i = 0; i < self->min; i++) {
    GstBuffer *buffer = make_buffer (self);

    if (buffer == NULL) {
      batch_pool_stop (pool);
      return FALSE;
    }
    atomic_fetch_add (&self->total, 1);
    gst_buffer_memset (buffer, 0, 0, self->size);
    gst_atomic_queue_push (self->free, buffer);
  }
  return TRUE;
}

static GstFlowReturn
batch_pool_acquire_buffer (GstBufferPool * pool, GstBuffer ** buffer,
    GstBufferPoolAcquireParams * params)
{
  GstAudioBatchPool *self = BATCH_POOL (pool);

  if (G_UNLIKELY (GST_BUFFER_POOL_IS_FLUSHING (pool)))
    return GST_FLOW_FLUSHING;
  *buffer = gst_atomic_queue_pop (self->free);
  if (*buffer)
    return GST_FLOW_OK;
  if (self->max != 0 && atomic_fetch_add (&self->total, 1) >= self->max) {
    atomic_fetch_sub (&self->total, 1);
    return GST_FLOW_EOS;
  }
  if (self->max == 0)
    atomic_fetch_add (&self->total, 1);
  *buffer = make_buffer (self);
  if (*buffer == NULL) {
    atomic_fetch_sub (&self->total, 1);
    return GST_FLOW_ERROR;
  }
  return GST_FLOW_OK;
}

static gboolean
is_as_it_was (GstAudioBatchPool * self, GstBuffer * buffer)
{
  return !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_TAG_MEMORY)
      && gst_buffer_n_memory (buffer) == 1
      && gst_buffer_is_all_memory_writable (buffer)
      && batch_allocator_is_own (self->allocator,
      gst_buffer_peek_memory (buffer, 0));
}

/* By whoever drops the last reference. */
static void
batch_pool_release_buffer (GstBufferPool * pool, GstBuffer * buffer)
{
  GstAudioBatchPool *self = BATCH_POOL (pool);

  if (G_UNLIKELY (GST_BUFFER_POOL_IS_FLUSHING (pool))) {
    discard_buffer (self, buffer);
    return;
  }
  if (G_UNLIKELY (!is_as_it_was (self, buffer))) {
    batch_allocator_count_discard (self->allocator);
    discard_buffer (self, buffer);
    return;
  }
  /* counted before somebody can take it again, told when he can */
  batch_allocator_give_back (self->allocator,
      gst_buffer_peek_memory (buffer, 0), self->params.prefix, self->size);
  gst_atomic_queue_push (self->free, buffer);
  batch_allocator_knock (self->allocator);
}

static void
batch_pool_finalize (GObject * object)
{
  GstAudioBatchPool *self = BATCH_POOL (object);

  /* the base class stops us if need be, which uses the queue */
  batch_pool_stop (GST_BUFFER_POOL (self));
  G_OBJECT_CLASS (batch_pool_parent_class)->finalize (object);
  gst_atomic_queue_unref (self->free);
  gst_object_unref (self->allocator);
}

static void
batch_pool_class_init (GstAudioBatchPoolClass * klass)
{
  GstBufferPoolClass *pool_class = GST_BUFFER_POOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = batch_pool_finalize;
  pool_class->set_config = batch_pool_set_config;
  pool_class->start = batch_pool_start;
  pool_class->stop = batch_pool_stop;
  pool_class->acquire_buffer = batch_pool_acquire_buffer;
  pool_class->release_buffer = batch_pool_release_buffer;
}

static void
batch_pool_init (GstAudioBatchPool * self)
{
  self->free = gst_atomic_queue_new (16);
}

GstBufferPool *
batch_pool_new (GstAudioBatchAllocator * allocator)
{
  GstAudioBatchPool *self = g_object_new (BATCH_TYPE_POOL, NULL);

  gst_object_ref_sink (self);
  self->allocator = gst_object_ref (allocator);
  return GST_BUFFER_POOL (self);
}
