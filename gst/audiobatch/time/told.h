/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds up the time that GAP events tell while no chunk comes. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A demuxer sends GAP events for a track whose samples are late in the file, or
 * over. Only the second kind may end the open batch. The two differ in what is
 * new: a track that is late gets chunks in between, and each event after one
 * tells nearly the same time again; a track that is over gets none, and the time
 * told grows. So what counts is the time since the last chunk, without what was
 * told before it:
 *
 *   chunk, GAP 0-3 s, chunk, GAP 0-3.04 s, chunk    3 s, then 0.04 s
 *   chunk, GAP 9-12 s, GAP 12-15 s                  3 s, then 6 s
 *
 * All times are running times. Thread-safety: streaming thread only. */
typedef struct
{
  /* An event has come since the last chunk; where the first of these starts. */
  gboolean any;
  GstClockTimeDiff first;
  /* the latest end that was told: ever, and before the last chunk */
  GstClockTimeDiff end;
  GstClockTimeDiff before;
} AbTold;

void ab_told_reset (AbTold * self);

/* A chunk has come. */
void ab_told_chunk (AbTold * self);

/* A GAP event tells the time from @start to @end.
 *
 * Returns: the time that is new since the last chunk, in ns */
guint64 ab_told_add (AbTold * self, GstClockTimeDiff start,
    GstClockTimeDiff end);

G_END_DECLS
