/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gets memory from downstream's allocator, and checks whether memory that is not
 * ours can be a batch. */

#include "memory/foreign.h"

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
