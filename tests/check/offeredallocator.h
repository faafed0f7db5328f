/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An allocator that downstream offers: a good one, or one with a fault. */
#pragma once

#include <gst/gst.h>

typedef enum
{
  /* no fault: exactly what was asked for, or rounded up to a page */
  ALLOC_PLAIN,
  ALLOC_ROUNDED,
  /* no fault: memory of another allocator, which the first one has */
  ALLOC_DELEGATES,
  /* no fault: memory that is freed comes back, still the same object */
  ALLOC_REVIVED,
  /* refuses all; after @limit memories exist; every second */
  ALLOC_REFUSES,
  ALLOC_LIMITED,
  ALLOC_REFUSES_EVERY_SECOND,
  /* gives system memory instead, as shmsink does when its area is full */
  ALLOC_ELSEWHERE,
  /* a part of a larger memory */
  ALLOC_PART,
  /* memory that can't be mapped, or only for reading, that has an odd address,
   * or no room for the prefix */
  ALLOC_NOT_MAPPABLE,
  ALLOC_READONLY,
  ALLOC_ODD,
  ALLOC_NO_PREFIX,
  /* may not be used, or need not */
  ALLOC_CUSTOM,
  ALLOC_SYSTEM,
  N_ALLOC_FAULTS
} OfferedAllocFault;

typedef struct
{
  GstAllocator parent;
  OfferedAllocFault fault;
  guint limit;
  /* calls, memories that exist, and those that were freed and not reused */
  gint asked, made, freed;
  GAsyncQueue *spares;
  /* for ALLOC_DELEGATES */
  GstAllocator *other;
  /* revive nothing any more */
  gint closed;
  /* NULL, or says of each call whether there is memory for it */
  gboolean (*grants) (void);
} OfferedAllocator;

typedef GstAllocatorClass OfferedAllocatorClass;

typedef struct
{
  GstMemory mem;
  guint8 *block;
  guint8 *data;
} OfferedMemory;

static GType offered_allocator_get_type (void);
G_DEFINE_TYPE (OfferedAllocator, offered_allocator, GST_TYPE_ALLOCATOR);

static gpointer
offered_map (GstMemory * mem, gsize maxsize, GstMapFlags flags)
{
  OfferedAllocator *self = (OfferedAllocator *) mem->allocator;

  return self->fault == ALLOC_NOT_MAPPABLE ? NULL
      : ((OfferedMemory *) (mem->parent ? mem->parent : mem))->data;
}

static void
offered_unmap (GstMemory * mem)
{
}

static GstMemory *
offered_share (GstMemory * mem, gssize offset, gssize size)
{
  OfferedMemory *part = g_new0 (OfferedMemory, 1);
  GstMemory *whole = mem->parent ? mem->parent : mem;

  gst_memory_init (&part->mem,
      GST_MINI_OBJECT_FLAGS (whole) | GST_MINI_OBJECT_FLAG_LOCK_READONLY,
      mem->allocator, whole, mem->maxsize, mem->align, mem->offset + offset,
      size == -1 ? mem->size - (gsize) offset : (gsize) size);
  return &part->mem;
}

/* Keeps the memory for the next call, as pools of file descriptors do. */
static gboolean
offered_dispose (GstMiniObject * object)
{
  GstMemory *mem = GST_MEMORY_CAST (object);
  OfferedAllocator *self = (OfferedAllocator *) mem->allocator;

  if (mem->parent || g_atomic_int_get (&self->closed))
    return TRUE;
  gst_memory_ref (mem);
  g_async_queue_push (self->spares, mem);
  return FALSE;
}

static OfferedMemory *
offered_make (OfferedAllocator * self, gsize size, GstAllocationParams * params)
{
  OfferedMemory *memory = g_new0 (OfferedMemory, 1);
  gsize align = params->align | 63;
  gsize prefix = self->fault == ALLOC_NO_PREFIX ? 0 : params->prefix;
  gsize maxsize = prefix + size + params->padding;

  if (self->fault == ALLOC_NO_PREFIX)
    maxsize = size;
  if (self->fault == ALLOC_ROUNDED)
    maxsize = (maxsize + 4095) & ~(gsize) 4095;
  memory->block = g_try_malloc (maxsize + align + 1);
  if (memory->block == NULL) {
    g_free (memory);
    return NULL;
  }
  memory->data = memory->block + prefix;
  memory->data += -(guintptr) memory->data & align;
  memory->data -= prefix;
  memory->data += self->fault == ALLOC_ODD;
  gst_memory_init (&memory->mem, params->flags
      | (self->fault == ALLOC_READONLY ? GST_MEMORY_FLAG_READONLY : 0),
      GST_ALLOCATOR_CAST (self), NULL, maxsize, align, prefix, size);
  if (self->fault == ALLOC_REVIVED)
    GST_MINI_OBJECT_CAST (memory)->dispose = offered_dispose;
  return memory;
}

static GstMemory *
offered_alloc (GstAllocator * allocator, gsize size,
    GstAllocationParams * params)
{
  OfferedAllocator *self = (OfferedAllocator *) allocator;
  gint asked = g_atomic_int_add (&self->asked, 1);
  OfferedMemory *memory;
  GstMemory *spare;

  if ((self->grants && !self->grants ())
      || self->fault == ALLOC_REFUSES
      || (self->fault == ALLOC_REFUSES_EVERY_SECOND && asked % 2 == 1)
      || (self->fault == ALLOC_LIMITED
          && g_atomic_int_get (&self->made) - g_atomic_int_get (&self->freed)
          >= (gint) self->limit))
    return NULL;
  /* GStreamer's own allocator ends the program if memory is refused */
  if (self->fault == ALLOC_ELSEWHERE)
    return size > 1 << 24 ? NULL : gst_allocator_alloc (NULL, size, params);
  if (self->fault == ALLOC_DELEGATES)
    return gst_allocator_alloc (self->other, size, params);
  spare = g_async_queue_try_pop (self->spares);
  if (spare)
    return spare;
  memory = offered_make (self, size, params);
  if (memory == NULL)
    return NULL;
  g_atomic_int_inc (&self->made);
  if (self->fault == ALLOC_PART) {
    GstMemory *part = gst_memory_share (&memory->mem, 0, -1);

    gst_memory_unref (&memory->mem);
    GST_MINI_OBJECT_FLAG_UNSET (part, GST_MINI_OBJECT_FLAG_LOCK_READONLY);
    return part;
  }
  return &memory->mem;
}

static void
offered_free (GstAllocator * allocator, GstMemory * mem)
{
  OfferedAllocator *self = (OfferedAllocator *) allocator;

  if (mem->parent == NULL)
    g_atomic_int_inc (&self->freed);
  g_free (((OfferedMemory *) mem)->block);
  g_free (mem);
}

static void
offered_allocator_finalize (GObject * object)
{
  g_async_queue_unref (((OfferedAllocator *) object)->spares);
  gst_clear_object (&((OfferedAllocator *) object)->other);
  G_OBJECT_CLASS (offered_allocator_parent_class)->finalize (object);
}

static void
offered_allocator_class_init (OfferedAllocatorClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = offered_allocator_finalize;
  klass->alloc = offered_alloc;
  klass->free = offered_free;
}

static void
offered_allocator_init (OfferedAllocator * self)
{
  GstAllocator *allocator = GST_ALLOCATOR_CAST (self);

  allocator->mem_type = "OfferedMemory";
  allocator->mem_map = offered_map;
  allocator->mem_unmap = offered_unmap;
  allocator->mem_share = offered_share;
  self->spares = g_async_queue_new ();
}

static inline OfferedAllocator *
offered_allocator_new (OfferedAllocFault fault, guint limit)
{
  OfferedAllocator *self = g_object_new (offered_allocator_get_type (), NULL);

  gst_object_ref_sink (self);
  self->fault = fault;
  self->limit = limit;
  if (fault == ALLOC_DELEGATES) {
    self->other = g_object_new (offered_allocator_get_type (), NULL);
    gst_object_ref_sink (self->other);
  }
  if (fault == ALLOC_CUSTOM)
    GST_OBJECT_FLAG_SET (self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
  if (fault == ALLOC_SYSTEM)
    GST_ALLOCATOR_CAST (self)->mem_type = GST_ALLOCATOR_SYSMEM;
  return self;
}

/* Frees the memories that wait to be used again; those that are still in use are
 * freed after use. */
static inline void
offered_allocator_drain (OfferedAllocator * self)
{
  GstMemory *spare;

  g_atomic_int_set (&self->closed, TRUE);
  while ((spare = g_async_queue_try_pop (self->spares))) {
    GST_MINI_OBJECT_CAST (spare)->dispose = NULL;
    gst_memory_unref (spare);
  }
}

/* Does a batch have memory of @self? */
static inline gboolean
offered_allocator_made (OfferedAllocator * self, GstBuffer * batch)
{
  GstAllocator *allocator = gst_buffer_peek_memory (batch, 0)->allocator;

  return allocator == GST_ALLOCATOR_CAST (self)
      || (self->other && allocator == self->other);
}
