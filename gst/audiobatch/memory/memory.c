/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Acquires the memory of batches: fresh or recycled, ours or downstream's. */

#include "memory/memory.h"

#include <string.h>

#include "memory/pool.h"
#include "memory/foreign.h"
#include "memory/lease.h"

/* GST_ALLOCATOR_SHM, which came with GStreamer 1.24. */
#define UNIXFD_MEMORY "shm"

void
ab_memory_init (AbMemory * self, AbLedger * ledger)
{
  memset (self, 0, sizeof *self);
  self->ledger = ab_ledger_ref (ledger);
  self->allocator = ab_allocator_new (ledger);
  gst_allocation_params_init (&self->params);
}

static void
drop_pool (AbMemory * self)
{
  if (self->pool)
    gst_buffer_pool_set_active (self->pool, FALSE);
  gst_clear_object (&self->pool);
  self->foreign = FALSE;
}

void
ab_memory_clear (AbMemory * self)
{
  drop_pool (self);
  gst_clear_object (&self->offered);
  gst_clear_object (&self->offered_allocator);
  gst_clear_caps (&self->caps);
  gst_clear_object (&self->allocator);
  g_clear_pointer (&self->ledger, ab_ledger_unref);
}

/* Can we, and need we, allocate with @allocator? One with CUSTOM_ALLOC works
 * only for elements that know it, but unixfdsink's only inherits the flag.
 * System memory is what we have ourselves. */
static gboolean
is_useful (GstAllocator * allocator)
{
  return (!GST_OBJECT_FLAG_IS_SET (allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC)
      || (g_strcmp0 (allocator->mem_type, UNIXFD_MEMORY) == 0
          && GST_ALLOCATOR_GET_CLASS (allocator)->alloc))
      && g_strcmp0 (allocator->mem_type, GST_ALLOCATOR_SYSMEM) != 0;
}

void
ab_memory_take_query (AbMemory * self, GstQuery * query)
{
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, &self->asked_for_pool);
  gst_caps_replace (&self->caps, caps);
  gst_allocation_params_init (&self->params);
  gst_clear_object (&self->offered_allocator);
  if (gst_query_get_n_allocation_params (query) > 0) {
    gst_query_parse_nth_allocation_param (query, 0, &self->offered_allocator,
        &self->params);
    if (self->offered_allocator && !is_useful (self->offered_allocator))
      gst_clear_object (&self->offered_allocator);
  }
  gst_clear_object (&self->offered);
  if (gst_query_get_n_allocation_pools (query) > 0) {
    gst_query_parse_nth_allocation_pool (query, 0, &self->offered,
        &self->offered_size, &self->offered_min, &self->offered_max);
  }
}

/* Configures and starts @pool. A pool may refuse a configuration and offer a
 * changed one: if that still fits, use it. */
static gboolean
start_pool (GstBufferPool * pool, GstCaps * caps, gsize size, guint min,
    guint max, GstAllocator * allocator, const GstAllocationParams * params)
{
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  gst_buffer_pool_config_set_allocator (config, allocator, params);
  if (!gst_buffer_pool_set_config (pool, config)) {
    config = gst_buffer_pool_get_config (pool);
    if (!gst_buffer_pool_config_validate_params (config, caps, size, min, max)) {
      gst_structure_free (config);
      return FALSE;
    }
    if (!gst_buffer_pool_set_config (pool, config))
      return FALSE;
  }
  return gst_buffer_pool_set_active (pool, TRUE);
}

/* Is there memory for @n buffers of @size bytes, with prefix, padding and
 * alignment? A pool writes to its first buffers. The kernel overcommits and
 * may kill us then, so refuse now what can't fit. */
static gboolean
can_fit (const AbMemory * self, gsize size, guint n)
{
  const GstAllocationParams *params = &self->params;
  guint64 limit = self->plan.limit;
  guint64 bytes;

  return g_size_checked_add (&size, size, params->prefix)
      && g_size_checked_add (&size, size, params->padding)
      && g_size_checked_add (&size, size, params->align)
      && size <= G_MAXSSIZE && g_uint64_checked_mul (&bytes, size, n)
      && (limit == 0 || bytes <= limit);
}

/* Uses downstream's pool if its buffers can hold a batch and there are enough
 * of them. Such a pool most likely has GStreamer's default allocator. That does
 * not check sums for overflow, and aborts if memory runs out: so check that at
 * least one buffer fits. */
static gboolean
try_offered_pool (AbMemory * self, const AbMemoryPlan * plan)
{
  guint min = MAX (plan->min, self->offered_min);

  if (self->offered == NULL || self->offered_size < plan->size
      || !can_fit (self, self->offered_size, MAX (min, 1))
      || (self->offered_max != 0 && self->offered_max < min)
      || !start_pool (self->offered, self->caps, self->offered_size, min,
          self->offered_max, self->offered_allocator, &self->params))
    return FALSE;
  self->pool = gst_object_ref (self->offered);
  self->foreign = TRUE;
  return TRUE;
}

static gboolean
make_own_pool (AbMemory * self, const AbMemoryPlan * plan)
{
  GstAllocator *allocator = self->offered_allocator
      ? self->offered_allocator : GST_ALLOCATOR_CAST (self->allocator);
  GstBufferPool *pool = ab_pool_new (allocator, self->ledger);
  guint max = plan->max == 0 ? 0 : MAX (plan->max, plan->min);

  if (!can_fit (self, plan->size, plan->min)
      || !start_pool (pool, self->caps, plan->size, plan->min, max, NULL,
          &self->params)) {
    gst_object_unref (pool);
    return FALSE;
  }
  self->pool = pool;
  self->foreign = self->offered_allocator != NULL;
  return TRUE;
}

/* Each GstBufferPool opens a file descriptor, and without one warns again and
 * again. Another thread may still take the last one after this. */
static gboolean
has_descriptor (void)
{
  GstPoll *poll = gst_poll_new_timer ();

  if (poll == NULL)
    return FALSE;
  gst_poll_free (poll);
  return TRUE;
}

gboolean
ab_memory_plan (AbMemory * self, const AbMemoryPlan * plan)
{
  drop_pool (self);
  self->plan = *plan;
  if (!plan->pooled)
    return TRUE;
  /* GstBufferPool has 32-bit sizes: batches that are longer get fresh memory */
  if (plan->size > G_MAXUINT)
    return TRUE;
  return try_offered_pool (self, plan) || !has_descriptor ()
      || make_own_pool (self, plan);
}

static gboolean
acquire_own (AbMemory * self, gsize size, AbRoom * room)
{
  GstMemory *memory = ab_allocator_alloc (self->allocator, size,
      &self->params, &room->data);

  if (G_UNLIKELY (memory == NULL))
    return FALSE;
  room->buffer = gst_buffer_new ();
  gst_buffer_append_memory (room->buffer, memory);
  room->map.memory = NULL;
  return TRUE;
}

static gboolean
open_foreign (AbMemory * self, gsize size, AbRoom * room)
{
  if (!ab_foreign_map (room->buffer, size, &self->params, self->plan.align,
          &room->map)) {
    gst_buffer_unref (room->buffer);
    return FALSE;
  }
  room->data = room->map.data;
  return TRUE;
}

static gboolean
acquire_offered (AbMemory * self, gsize size, AbRoom * room)
{
  GstMemory *memory = can_fit (self, size, 1)
      ? ab_foreign_alloc (self->offered_allocator, size, &self->params) : NULL;

  if (memory == NULL)
    return FALSE;
  room->buffer = gst_buffer_new ();
  gst_buffer_append_memory (room->buffer, memory);
  if (!open_foreign (self, size, room))
    return FALSE;
  ab_lease_count (room->buffer, memory, self->ledger, AB_COUNTER_ALLOCATIONS);
  return TRUE;
}

static gboolean
acquire_pooled (AbMemory * self, gsize size, AbRoom * room)
{
  GstBufferPoolAcquireParams params = {
    .flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT,
  };

  /* in pull mode downstream chooses the size */
  if (size > self->plan.size)
    return FALSE;
  if (gst_buffer_pool_acquire_buffer (self->pool, &room->buffer, &params)
      != GST_FLOW_OK)
    return FALSE;
  if (self->foreign) {
    if (!open_foreign (self, size, room))
      return FALSE;
    ab_lease_take (room->buffer, self->ledger);
  } else {
    room->data = ab_allocator_take (self->allocator,
        gst_buffer_peek_memory (room->buffer, 0));
    room->map.memory = NULL;
  }
  if (gst_buffer_get_size (room->buffer) != size)
    gst_buffer_set_size (room->buffer, size);
  return TRUE;
}

/* Takes what is preferred to our own fresh memory: from the pool, or else from
 * downstream's allocator. */
static G_GNUC_NO_INLINE gboolean
acquire_preferred (AbMemory * self, gsize size, AbRoom * room)
{
  gboolean offered;

  if (self->pool && acquire_pooled (self, size, room))
    return TRUE;
  offered = self->offered_allocator && acquire_offered (self, size, room);
  if (!offered && !acquire_own (self, size, room))
    return FALSE;
  offered = offered && !ab_foreign_is_substitute (self->offered_allocator,
      gst_buffer_peek_memory (room->buffer, 0));
  if (offered && self->pool == NULL)
    return TRUE;
  if (!offered && self->foreign && AB_IS_POOL (self->pool))
    ab_pool_give_back (AB_POOL (self->pool));
  ab_ledger_add (self->ledger, AB_COUNTER_FALLBACKS, 1);
  return TRUE;
}

gboolean
ab_memory_acquire (AbMemory * self, gsize size, AbRoom * room)
{
  if (G_UNLIKELY (self->pool || self->offered_allocator))
    return acquire_preferred (self, size, room);
  return acquire_own (self, size, room);
}
