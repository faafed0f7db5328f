/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns the fuzzer's bytes into choices and numbers, from first to last. */
#pragma once

#include <string.h>

#include <gst/gst.h>

G_BEGIN_DECLS

/* After the end every byte reads as 0. */
typedef struct
{
  const guint8 *data;
  gsize left;
} Input;

static inline guint8
input_byte (Input * self)
{
  if (self->left == 0)
    return 0;
  self->left--;
  return *self->data++;
}

static inline guint
input_below (Input * self, guint n)
{
  return input_byte (self) % n;
}

static inline gboolean
input_one_in (Input * self, guint n)
{
  return input_below (self, n) == n - 1;
}

static inline guint64
input_bytes (Input * self, guint n)
{
  guint64 value = 0;

  while (n-- > 0)
    value = value << 8 | input_byte (self);
  return value;
}

#define input_pick(self, table) \
    ((table)[input_below (self, G_N_ELEMENTS (table))])

/* A number of any size; those near 0 and near powers of two are frequent. */
static inline guint64
input_number (Input * self)
{
  guint kind = input_byte (self);

  if (kind < 64)
    return kind;
  if (kind < 128)
    return input_bytes (self, 2);
  if (kind < 192)
    return (G_GUINT64_CONSTANT (1) << (kind - 128)) - 2 + input_below (self, 5);
  return input_bytes (self, 1 + kind % 8);
}

/* A time in ns: a few ms, whole seconds, or any number, NONE among them. */
static inline GstClockTime
input_time (Input * self)
{
  guint kind = input_byte (self);

  if (kind < 96)
    return kind * GST_MSECOND;
  if (kind < 160)
    return input_bytes (self, 4);
  if (kind < 200)
    return (kind - 160) * GST_SECOND;
  if (kind < 216)
    return GST_CLOCK_TIME_NONE;
  return input_number (self);
}

/* Like input_time(), but never NONE. */
static inline GstClockTime
input_valid_time (Input * self)
{
  GstClockTime time = input_time (self);

  return time == GST_CLOCK_TIME_NONE ? time - 1 : time;
}

G_END_DECLS
