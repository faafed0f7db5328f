/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of our pool and of downstream's share: batches, what they
 * count, and what a consumer can hold on to. */
#pragma once

#include "memorycheck.h"

#define BYTES 4096
/* what acquire() writes */
#define FILL 0x21

#define assert_batches(alloc, re, fall, disc, outstanding) G_STMT_START { \
  fail_unless_equals_uint64 (counter (AB_COUNTER_ALLOCATIONS), alloc); \
  fail_unless_equals_uint64 (counter (AB_COUNTER_REUSED), re); \
  fail_unless_equals_uint64 (counter (AB_COUNTER_FALLBACKS), fall); \
  fail_unless_equals_uint64 (counter (AB_COUNTER_DISCARDS), disc); \
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), outstanding); \
} G_STMT_END

static inline GstBuffer *
acquire_data (gsize size, guint8 ** data)
{
  AbRoom room = { NULL };

  fail_unless (ab_memory_acquire (&memory, size, &room));
  fail_unless_equals_uint64 (gst_buffer_get_size (room.buffer), size);
  *data = room.data;
  ab_room_close (&room);
  assert_batch_exclusive (room.buffer);
  return room.buffer;
}

static inline GstBuffer *
acquire (void)
{
  guint8 *data;
  GstBuffer *batch = acquire_data (BYTES, &data);

  memset (data, FILL, BYTES);
  return batch;
}

/* Takes @n batches, then releases them all. */
static inline void
hold_batches (guint n)
{
  GstBuffer **batches = g_new (GstBuffer *, n);
  guint64 bytes = 0;
  guint i;

  for (i = 0; i < n; i++) {
    batches[i] = acquire ();
    bytes += gst_buffer_peek_memory (batches[i], 0)->maxsize;
  }
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BATCHES), n);
  fail_unless_equals_uint64 (counter (AB_COUNTER_OUTSTANDING_BYTES), bytes);
  for (i = 0; i < n; i++)
    gst_buffer_unref (batches[i]);
  g_free (batches);
}

static inline void
assert_filled (const guint8 * data, guint8 value)
{
  guint i;

  for (i = 0; i < BYTES; i++)
    fail_unless_equals_int (data[i], value);
}

/* Since 1.24 a copy of a whole buffer of a pool keeps the buffer itself. */
static inline gboolean
copies_keep_their_buffer (void)
{
  guint major, minor, micro, nano;

  gst_version (&major, &minor, &micro, &nano);
  return major > 1 || minor >= 24;
}

/* Holders: each returns something that holds memory of @batch. */

static inline gpointer
copy_shallow (GstBuffer * batch)
{
  return gst_buffer_copy (batch);
}

static inline gpointer
copy_region (GstBuffer * batch)
{
  return gst_buffer_copy_region (batch, GST_BUFFER_COPY_MEMORY, 100, 50);
}

static inline gpointer
share_memory (GstBuffer * batch)
{
  return gst_memory_share (gst_buffer_peek_memory (batch, 0), 10, 20);
}

static inline gpointer
keep_memory (GstBuffer * batch)
{
  return gst_buffer_get_memory (batch, 0);
}

static gpointer (*const holders[]) (GstBuffer *) = {
  copy_shallow, copy_region, share_memory, keep_memory
};
