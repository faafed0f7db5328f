/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the streaming thread waits until downstream lets go of a batch. */
#pragma once

#include <stdatomic.h>

#include <gst/gst.h>

G_BEGIN_DECLS

/* Why nobody may wait at present. */
typedef enum
{
  AB_GATE_FLUSHING = 1 << 0,
  AB_GATE_STOPPING = 1 << 1,
  AB_GATE_PAUSED = 1 << 2,
} AbGateShut;

/* Thread-safety: one waiter, the streaming thread; anybody may knock or shut.
 * Knocking takes the lock only while somebody waits. */
typedef struct
{
  GMutex lock;
  GCond cond;
  atomic_bool waiting;
  /* changed under the lock: nobody may wait while there is a reason in it */
  atomic_uint shut;
} AbGate;

typedef gboolean (*AbGateCheck) (gpointer user_data);

void ab_gate_init (AbGate * self);
void ab_gate_clear (AbGate * self);

/* Waits until @may_pass says so, which is asked after each knock, or until the
 * gate is shut, or until @timeout (g_get_monotonic_time(), 0 is never).
 *
 * Returns: FALSE when the gate is shut. */
gboolean ab_gate_wait (AbGate * self, AbGateCheck may_pass,
    gpointer user_data, gint64 timeout);

/* What may_pass() looks at has changed. The change has to be sequentially
 * consistent, so that either the waiter sees it or we see the waiter. */
void ab_gate_knock_slow (AbGate * self);

static inline void
ab_gate_knock (AbGate * self)
{
  if (G_UNLIKELY (atomic_load (&self->waiting)))
    ab_gate_knock_slow (self);
}

/* While it is shut, for any reason, whoever waits is sent away, and nobody may
 * wait. */
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
