/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the streaming thread waits until downstream lets go of a batch. */

#include "stats/gate.h"

void
batch_gate_init (BatchGate * self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

void
batch_gate_clear (BatchGate * self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

gboolean
batch_gate_wait (BatchGate * self, BatchGateCheck may_pass,
    gpointer user_data, gint64 timeout)
{
  gboolean in_time = TRUE;
  gboolean open;

  g_mutex_lock (&self->lock);
  /* sequentially consistent, and before the first look: see knock() */
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
batch_gate_knock_slow (BatchGate * self)
{
  g_mutex_lock (&self->lock);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
batch_gate_set_shut (BatchGate * self, BatchGateShut reason, gboolean shut)
{
  g_mutex_lock (&self->lock);
  if (shut)
    self->shut |= reason;
  else
    self->shut &= ~reason;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}
