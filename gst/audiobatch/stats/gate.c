/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streaming thread waits here until downstream releases a batch. */

#include "stats/gate.h"

void
ab_gate_init (AbGate * self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

void
ab_gate_clear (AbGate * self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

gboolean
ab_gate_wait (AbGate * self, AbGateCheck may_pass,
    gpointer user_data, gint64 timeout)
{
  gboolean in_time = TRUE;
  gboolean open;

  g_mutex_lock (&self->lock);
  /* sequentially consistent, and before may_pass(): see ab_gate_knock() */
  atomic_store (&self->waiting, TRUE);
  while (self->shut == 0 && in_time && !may_pass (user_data)) {
    if (timeout == 0)
      g_cond_wait (&self->cond, &self->lock);
    else
      in_time = g_cond_wait_until (&self->cond, &self->lock, timeout);
  }
  atomic_store (&self->waiting, FALSE);
  open = self->shut == 0;
  g_mutex_unlock (&self->lock);
  return open;
}

void
ab_gate_knock_slow (AbGate * self)
{
  g_mutex_lock (&self->lock);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
ab_gate_set_shut (AbGate * self, AbGateShut reason, gboolean shut)
{
  g_mutex_lock (&self->lock);
  if (shut)
    self->shut |= reason;
  else
    self->shut &= ~reason;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}
