/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "streamer.h"

#define IMPATIENCE_US 2000
#define MOST_IMPATIENCE 2500

void
streamer_init (Streamer * self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->parked = self->may_go = self->open = self->ended = FALSE;
}

void
streamer_clear (Streamer * self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

void
streamer_park (Streamer * self)
{
  g_mutex_lock (&self->lock);
  self->parked = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->may_go && !self->open)
    g_cond_wait (&self->cond, &self->lock);
  self->may_go = FALSE;
  self->parked = FALSE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
streamer_end (Streamer * self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static gboolean
wait_once (Streamer * self)
{
  gint64 until = g_get_monotonic_time () + IMPATIENCE_US;

  while (self->may_go || (!self->parked && !self->ended)) {
    if (!g_cond_wait_until (&self->cond, &self->lock, until))
      return FALSE;
  }
  return TRUE;
}

gboolean
streamer_step (Streamer * self, void (*impatient) (gpointer),
    gpointer user_data)
{
  gboolean arrived = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  self->may_go = self->parked;
  g_cond_broadcast (&self->cond);
  for (i = 0; i < MOST_IMPATIENCE && !arrived; i++) {
    arrived = wait_once (self);
    if (!arrived) {
      g_mutex_unlock (&self->lock);
      impatient (user_data);
      g_mutex_lock (&self->lock);
    }
  }
  g_mutex_unlock (&self->lock);
  return arrived;
}

void
streamer_set_open (Streamer * self, gboolean open)
{
  g_mutex_lock (&self->lock);
  self->open = open;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
streamer_begin (Streamer * self)
{
  g_mutex_lock (&self->lock);
  self->ended = FALSE;
  g_mutex_unlock (&self->lock);
}

gboolean
streamer_is_still (Streamer * self)
{
  gboolean still;

  g_mutex_lock (&self->lock);
  still = self->parked || self->ended;
  g_mutex_unlock (&self->lock);
  return still;
}
