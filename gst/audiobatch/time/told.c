/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds up the time that GAP events tell while no chunk comes. */

#include "time/told.h"

void
ab_told_reset (AbTold * self)
{
  self->any = FALSE;
  self->end = G_MININT64;
  self->before = G_MININT64;
}

void
ab_told_chunk (AbTold * self)
{
  self->any = FALSE;
  self->before = self->end;
}

guint64
ab_told_add (AbTold * self, GstClockTimeDiff start, GstClockTimeDiff end)
{
  GstClockTimeDiff from;

  if (!self->any)
    self->first = start;
  self->any = TRUE;
  self->end = MAX (self->end, end);
  from = MAX (self->first, self->before);
  /* unsigned, since the difference of two signed times may overflow */
  return self->end > from ? (guint64) self->end - (guint64) from : 0;
}
