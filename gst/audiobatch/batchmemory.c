/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where the memory of a batch comes from. */

#include "batchmemory.h"

void
batch_memory_init (BatchMemory * self, BatchStats * stats)
{
  self->allocator = batch_allocator_new (stats);
  gst_allocation_params_init (&self->params);
}

void
batch_memory_clear (BatchMemory * self)
{
  gst_clear_object (&self->allocator);
}

void
batch_memory_set_params (BatchMemory * self, const GstAllocationParams * params)
{
  self->params = *params;
}

GstBuffer *
batch_memory_acquire (BatchMemory * self, gsize size, guint8 ** data)
{
  GstMemory *memory =
      batch_allocator_alloc (self->allocator, size, &self->params, data);
  GstBuffer *buffer;

  if (memory == NULL)
    return NULL;
  buffer = gst_buffer_new ();
  gst_buffer_append_memory (buffer, memory);
  return buffer;
}
