/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocates the memory of batches, and counts the outstanding batches.
 *
 * A block is one piece of memory from malloc():
 *
 *   | Block | gap | prefix | samples | padding | gap |
 *                 ^        ^
 *                 data     aligned
 *                 |<----- mem.maxsize ---->|
 *
 * Both gaps together have `align` bytes: the first moves the samples to an
 * aligned address. A block is counted only while it is a batch, from
 * ab_slot_take() to its release; after that it is free, or a spare block of a
 * pool. A part that gst_memory_share() makes has a header of its own, points
 * into the block, keeps it alive, and is not counted. */

#include "memory/allocator.h"

#include <string.h>

#define BATCH_MEMORY_TYPE "AudioBatchMemory"

struct _GstAudioBatchAllocator
{
  GstAllocator parent;

  /* may outlive us */
  AbLedger *ledger;
};

/* The header of a block, or of a part that shares a block's data. */
typedef struct
{
  GstMemory mem;
  /* mem.offset counts from here */
  guint8 *data;
  /* counted: not for spare blocks, for parts, and for memory that others
   * allocate with gst_allocator_alloc() */
  AbSlot slot;
} Block;

G_DEFINE_TYPE (GstAudioBatchAllocator, ab_allocator, GST_TYPE_ALLOCATOR);

static gpointer
block_map (GstMemory * mem, gsize maxsize, GstMapFlags flags)
{
  return ((Block *) mem)->data;
}

static void
block_unmap (GstMemory * mem)
{
}

static GstMemory *
block_share (GstMemory * mem, gssize offset, gssize size)
{
  Block *part = g_try_new (Block, 1);
  GstMemory *whole = mem->parent ? mem->parent : mem;

  if (part == NULL)
    return NULL;
  if (size == -1)
    size = mem->size - offset;

  /* parts are always read-only */
  gst_memory_init (&part->mem,
      GST_MINI_OBJECT_FLAGS (whole) | GST_MINI_OBJECT_FLAG_LOCK_READONLY,
      mem->allocator, whole, mem->maxsize, mem->align, mem->offset + offset,
      size);
  part->data = ((Block *) mem)->data;
  part->slot.counted = FALSE;
  return &part->mem;
}

static gboolean
block_is_span (GstMemory * mem1, GstMemory * mem2, gsize * offset)
{
  const guint8 *end1 = ((Block *) mem1)->data + mem1->offset + mem1->size;
  const guint8 *start2 = ((Block *) mem2)->data + mem2->offset;

  if (offset)
    *offset = mem1->offset - mem1->parent->offset;
  return end1 == start2;
}

/* Computes @maxsize, which the memory reports, and @total, the bytes to
 * allocate. FALSE if a gsize can't hold them. */
static gboolean
block_size (gsize size, const GstAllocationParams * params, gsize align,
    gsize * maxsize, gsize * total)
{
  return g_size_checked_add (maxsize, size, params->prefix)
      && g_size_checked_add (maxsize, *maxsize, params->padding)
      && g_size_checked_add (total, *maxsize, sizeof (Block))
      && g_size_checked_add (total, *total, align);
}

static Block *
block_new (GstAllocator * allocator, gsize size,
    const GstAllocationParams * params)
{
  gsize align = params->align | AB_ALIGN_MASK;
  gsize maxsize, total;
  Block *block;
  guint8 *samples;

  if (!block_size (size, params, align, &maxsize, &total))
    return NULL;
  block = g_try_malloc (total);
  if (block == NULL)
    return NULL;

  samples = (guint8 *) (block + 1) + params->prefix;
  samples += -(guintptr) samples & align;
  block->data = samples - params->prefix;
  block->slot.counted = FALSE;
  block->slot.used = FALSE;
  if (params->flags & GST_MEMORY_FLAG_ZERO_PREFIXED)
    memset (block->data, 0, params->prefix);
  if (params->flags & GST_MEMORY_FLAG_ZERO_PADDED)
    memset (samples + size, 0, params->padding);

  gst_memory_init (&block->mem, params->flags, allocator, NULL, maxsize, align,
      params->prefix, size);
  return block;
}

static GstMemory *
ab_allocator_alloc_uncounted (GstAllocator * allocator, gsize size,
    GstAllocationParams * params)
{
  return (GstMemory *) block_new (allocator, size, params);
}

static void
ab_allocator_free (GstAllocator * allocator, GstMemory * mem)
{
  Block *block = (Block *) mem;

  if (block->slot.counted)
    ab_ledger_released (((GstAudioBatchAllocator *) allocator)->ledger,
        mem->maxsize);
  g_free (block);
}

static void
ab_allocator_finalize (GObject * object)
{
  ab_ledger_unref (AB_ALLOCATOR (object)->ledger);
  G_OBJECT_CLASS (ab_allocator_parent_class)->finalize (object);
}

static void
ab_allocator_class_init (GstAudioBatchAllocatorClass * klass)
{
  GstAllocatorClass *allocator_class = GST_ALLOCATOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ab_allocator_finalize;
  allocator_class->alloc = ab_allocator_alloc_uncounted;
  allocator_class->free = ab_allocator_free;
}

static void
ab_allocator_init (GstAudioBatchAllocator * self)
{
  GstAllocator *allocator = GST_ALLOCATOR_CAST (self);

  /* GStreamer's mem_copy stays. With this flag it copies to system memory: a
   * copy is not a batch, and is not counted. */
  GST_OBJECT_FLAG_SET (self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
  allocator->mem_type = BATCH_MEMORY_TYPE;
  allocator->mem_map = block_map;
  allocator->mem_unmap = block_unmap;
  allocator->mem_share = block_share;
  allocator->mem_is_span = block_is_span;
}

GstAudioBatchAllocator *
ab_allocator_new (AbLedger * ledger)
{
  GstAudioBatchAllocator *self = g_object_new (AB_TYPE_ALLOCATOR, NULL);

  gst_object_ref_sink (self);
  self->ledger = ab_ledger_ref (ledger);
  return self;
}

void
ab_slot_take (AbSlot * self, AbLedger * ledger, gsize bytes)
{
  ab_ledger_taken (ledger, self->used ? AB_COUNTER_REUSED
      : AB_COUNTER_ALLOCATIONS, bytes);
  self->counted = TRUE;
  self->used = TRUE;
}

GstMemory *
ab_allocator_alloc (GstAudioBatchAllocator * self, gsize size,
    const GstAllocationParams * params, guint8 ** data)
{
  Block *block = block_new (GST_ALLOCATOR_CAST (self), size, params);

  if (block == NULL)
    return NULL;
  ab_slot_take (&block->slot, self->ledger, block->mem.maxsize);
  *data = block->data + params->prefix;
  return &block->mem;
}

GstMemory *
ab_allocator_alloc_spare (GstAudioBatchAllocator * self, gsize size,
    const GstAllocationParams * params)
{
  return (GstMemory *) block_new (GST_ALLOCATOR_CAST (self), size, params);
}

guint8 *
ab_allocator_take (GstAudioBatchAllocator * self, GstMemory * memory)
{
  Block *block = (Block *) memory;

  ab_slot_take (&block->slot, self->ledger, memory->maxsize);
  return block->data + memory->offset;
}

AbSlot *
ab_allocator_slot (GstMemory * memory)
{
  return &((Block *) memory)->slot;
}

gboolean
ab_allocator_is_own (GstAudioBatchAllocator * self, GstMemory * memory)
{
  return memory->allocator == GST_ALLOCATOR_CAST (self)
      && memory->parent == NULL;
}
