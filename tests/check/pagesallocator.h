/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An allocator that gets new pages from the system for each memory: on every
 * system, and under every tool that replaces malloc, each page is a page fault
 * when it is first written. */
#pragma once

#include <gst/gst.h>
#include <sys/mman.h>

typedef GstAllocator PagesAllocator;
typedef GstAllocatorClass PagesAllocatorClass;

typedef struct
{
  GstMemory mem;
  gpointer pages;
} PagesMemory;

static GType pages_allocator_get_type (void);
G_DEFINE_TYPE (PagesAllocator, pages_allocator, GST_TYPE_ALLOCATOR);

static gpointer
pages_map (GstMemory * mem, gsize maxsize, GstMapFlags flags)
{
  return ((PagesMemory *) mem)->pages;
}

static void
pages_unmap (GstMemory * mem)
{
}

static GstMemory *
pages_alloc (GstAllocator * allocator, gsize size, GstAllocationParams * params)
{
  gsize maxsize = params->prefix + size + params->padding;
  PagesMemory *memory = g_new (PagesMemory, 1);

  memory->pages = mmap (NULL, maxsize, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory->pages == MAP_FAILED)
    g_error ("no pages");
  gst_memory_init (&memory->mem, params->flags, allocator, NULL, maxsize,
      params->align, params->prefix, size);
  return &memory->mem;
}

static void
pages_free (GstAllocator * allocator, GstMemory * mem)
{
  munmap (((PagesMemory *) mem)->pages, mem->maxsize);
  g_free (mem);
}

static void
pages_allocator_class_init (PagesAllocatorClass * klass)
{
  klass->alloc = pages_alloc;
  klass->free = pages_free;
}

static void
pages_allocator_init (PagesAllocator * self)
{
  self->mem_type = "PagesMemory";
  self->mem_map = pages_map;
  self->mem_unmap = pages_unmap;
}

static inline GstAllocator *
pages_allocator_new (void)
{
  return gst_object_ref_sink (g_object_new (pages_allocator_get_type (), NULL));
}
