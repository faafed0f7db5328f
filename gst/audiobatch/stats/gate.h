/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streaming thread waits here until downstream releases a batch. */
#pragma once

#include <stdatomic.h>

#include <gst/gst.h>

G_BEGIN_DECLS

/* Reasons to let no thread wait. */
typedef enum
{
  AB_GATE_FLUSHING = 1 << 0,
  AB_GATE_STOPPING = 1 << 1,
  AB_GATE_PAUSED = 1 << 2,
} AbGateShut;

/* Thread-safety: only the streaming thread waits; any thread may knock or shut.
 * A knock takes the lock only while the streaming thread waits. */
typedef struct
{
  GMutex lock;
  GCond cond;
  atomic_bool waiting;
  /* AbGateShut flags, changed under the lock; no wait while any is set */
  atomic_uint shut;
} AbGate;

typedef gboolean (*AbGateCheck) (gpointer user_data);

void ab_gate_init (AbGate * self);
void ab_gate_clear (AbGate * self);

/* Waits until @may_pass returns TRUE, or the gate is shut, or @timeout is
 * reached (g_get_monotonic_time(); 0: never). Calls @may_pass at first and
 * after each knock.
 *
 * Returns: FALSE if the gate is shut. */
gboolean ab_gate_wait (AbGate * self, AbGateCheck may_pass,
    gpointer user_data, gint64 timeout);

/* Knock after a change of what may_pass() reads. The change must be
 * sequentially consistent: then the waiter sees it, or we see the waiter. */
void ab_gate_knock_slow (AbGate * self);

static inline void
ab_gate_knock (AbGate * self)
{
  if (G_UNLIKELY (atomic_load (&self->waiting)))
    ab_gate_knock_slow (self);
}

/* Sets or clears @reason, or several. While any reason is set, ab_gate_wait()
 * returns at once, also if it is waiting. */
void ab_gate_set_shut (AbGate * self, AbGateShut reason,
    gboolean shut);

static inline gboolean
ab_gate_is_shut (AbGate * self)
{
  return atomic_load_explicit (&self->shut, memory_order_relaxed) != 0;
}

static inline gboolean
ab_gate_is_shut_by (AbGate * self, AbGateShut reason)
{
  return (atomic_load_explicit (&self->shut, memory_order_relaxed) & reason)
      != 0;
}

G_END_DECLS
