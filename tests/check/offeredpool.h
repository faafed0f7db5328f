/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pool that downstream offers: a good one, or one with a fault. */
#pragma once

#include <gst/gst.h>

typedef enum
{
  /* no fault */
  OFFER_PLAIN,
  /* refuses every configuration and does not change it */
  OFFER_REFUSES,
  /* refuse the first configuration and change it: larger buffers, smaller
   * buffers, fewer buffers than requested, no prefix */
  OFFER_GROWS,
  OFFER_SHRINKS,
  OFFER_TOO_FEW,
  OFFER_NO_PREFIX,
  /* does not start */
  OFFER_WONT_START,
  /* allocates buffers with two memories, or fails after two buffers */
  OFFER_TWO_MEMORIES,
  OFFER_RUNS_DRY,
  /* no fault: buffers have exactly the requested size. GStreamer's pool
   * allocates slightly more. */
  OFFER_TIGHT,
} OfferedFault;

typedef struct
{
  GstBufferPool parent;
  OfferedFault fault;
  gboolean asked;
  gint made, freed;
  /* NULL, or says of each new buffer whether there is memory for it */
  gboolean (*grants) (void);
} OfferedPool;

typedef GstBufferPoolClass OfferedPoolClass;

static GType offered_pool_get_type (void);
G_DEFINE_TYPE (OfferedPool, offered_pool, GST_TYPE_BUFFER_POOL);

static gboolean
offered_pool_set_config (GstBufferPool * pool, GstStructure * config)
{
  OfferedPool *self = (OfferedPool *) pool;
  guint size, min, max;
  GstAllocationParams params;
  GstAllocator *allocator;
  GstCaps *caps;
  gboolean asked = self->asked;

  self->asked = TRUE;
  gst_buffer_pool_config_get_params (config, &caps, &size, &min, &max);
  gst_buffer_pool_config_get_allocator (config, &allocator, &params);
  if (self->fault == OFFER_REFUSES)
    return FALSE;
  if (self->fault >= OFFER_GROWS && self->fault <= OFFER_NO_PREFIX && !asked) {
    if (self->fault == OFFER_GROWS)
      size *= 2;
    if (self->fault == OFFER_SHRINKS)
      size /= 2;
    if (self->fault == OFFER_TOO_FEW)
      min = max = 1;
    if (self->fault == OFFER_NO_PREFIX)
      params.prefix = 0;
    gst_buffer_pool_config_set_params (config, caps, size, min, max);
    gst_buffer_pool_config_set_allocator (config, allocator, &params);
    return FALSE;
  }
  return GST_BUFFER_POOL_CLASS (offered_pool_parent_class)->set_config (pool,
      config);
}

static gboolean
offered_pool_start (GstBufferPool * pool)
{
  if (((OfferedPool *) pool)->fault == OFFER_WONT_START)
    return FALSE;
  return GST_BUFFER_POOL_CLASS (offered_pool_parent_class)->start (pool);
}

static GstBuffer *
tight_buffer (GstBufferPool * pool)
{
  GstStructure *config = gst_buffer_pool_get_config (pool);
  guint size;

  gst_buffer_pool_config_get_params (config, NULL, &size, NULL, NULL);
  gst_structure_free (config);
  return gst_buffer_new_wrapped (g_malloc (size), size);
}

static GstFlowReturn
offered_pool_alloc_buffer (GstBufferPool * pool, GstBuffer ** buffer,
    GstBufferPoolAcquireParams * params)
{
  OfferedPool *self = (OfferedPool *) pool;
  GstFlowReturn ret;

  if ((self->fault == OFFER_RUNS_DRY && self->made >= 2)
      || (self->grants && !self->grants ()))
    return GST_FLOW_ERROR;
  ret = GST_BUFFER_POOL_CLASS (offered_pool_parent_class)->alloc_buffer (pool,
      buffer, params);
  if (ret != GST_FLOW_OK)
    return ret;
  if (self->fault == OFFER_TIGHT) {
    gst_buffer_unref (*buffer);
    *buffer = tight_buffer (pool);
  }
  g_atomic_int_inc (&self->made);
  if (self->fault == OFFER_TWO_MEMORIES)
    gst_buffer_append_memory (*buffer, gst_allocator_alloc (NULL, 16, NULL));
  return ret;
}

static void
offered_pool_free_buffer (GstBufferPool * pool, GstBuffer * buffer)
{
  g_atomic_int_inc (&((OfferedPool *) pool)->freed);
  GST_BUFFER_POOL_CLASS (offered_pool_parent_class)->free_buffer (pool, buffer);
}

static void
offered_pool_class_init (OfferedPoolClass * klass)
{
  klass->set_config = offered_pool_set_config;
  klass->start = offered_pool_start;
  klass->alloc_buffer = offered_pool_alloc_buffer;
  klass->free_buffer = offered_pool_free_buffer;
}

static void
offered_pool_init (OfferedPool * self)
{
}

static inline OfferedPool *
offered_pool_new (OfferedFault fault)
{
  OfferedPool *self = g_object_new (offered_pool_get_type (), NULL);

  gst_object_ref_sink (self);
  self->fault = fault;
  return self;
}
