/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The position of a source: which sample to make next, and where to stop. */

#include "time/position.h"

static void
find_edge (AbPosition * self, const GstSegment * segment)
{
  if (self->reverse)
    self->edge = ab_clock_until (&self->clock, segment->start);
  else if (GST_CLOCK_TIME_IS_VALID (segment->stop))
    self->edge = ab_clock_from (&self->clock,
        MAX (segment->stop, self->clock.base));
  else
    self->edge = G_MAXUINT64;
}

void
ab_position_seek (AbPosition * self, const GstSegment * segment, guint rate)
{
  ab_clock_start (&self->clock, rate, 0, 0);
  self->reverse = segment->rate < 0;
  /* GST_SEEK_TYPE_NONE keeps start and stop: the position may be outside */
  if (self->reverse)
    self->next = ab_clock_from (&self->clock, MIN (segment->position,
            segment->stop));
  else
    self->next = ab_clock_until (&self->clock, segment->position);
  find_edge (self, segment);
}

void
ab_position_set_rate (AbPosition * self, const GstSegment * segment, guint rate)
{
  GstClockTime time = ab_clock_time (&self->clock, self->next);

  ab_clock_start (&self->clock, rate, 0, 0);
  self->next = ab_clock_from (&self->clock, time);
  /* in reverse the source still makes earlier samples, so the origin stays 0 */
  if (!self->reverse)
    ab_clock_start (&self->clock, rate, self->next, time);
  find_edge (self, segment);
}

guint64
ab_position_left (const AbPosition * self)
{
  if (self->reverse)
    return self->next - MIN (self->edge, self->next);
  return self->edge - MIN (self->edge, self->next);
}

guint64
ab_position_start (const AbPosition * self, guint n_samples)
{
  return self->reverse ? self->next - n_samples : self->next;
}

void
ab_position_advance (AbPosition * self, guint n_samples)
{
  if (self->reverse)
    self->next -= n_samples;
  else
    self->next += n_samples;
}

void
ab_position_go_back (AbPosition * self, guint n_samples)
{
  if (self->reverse)
    self->next += n_samples;
  else
    self->next -= n_samples;
}
