/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places chunks in time and puts their samples into batches. */
#pragma once

#include "batch/batch.h"
#include "batch/events.h"
#include "batch/metas.h"
#include "batch/stream.h"
#include "settings/filter.h"
#include "time/timeline.h"

G_BEGIN_DECLS

/* An input chunk, or silence for a gap. */
typedef struct
{
  AbChunk chunk;
  /* NULL: silence, counted as inserted */
  GstBuffer *buffer;
  /* samples that clipping to the segment removed from its start */
  guint cut;
  GstClockTime pts;
  /* the buffer had DISCONT or RESYNC */
  gboolean flagged;
} AbArrival;

/* The timeline judges the time of each chunk. The placer acts on its verdict:
 * inserts silence, drops an overlap, or starts a new run. Then it copies the
 * samples into the open batch and pushes the batch once it is full.
 *
 * Thread-safety: streaming thread only. */
typedef struct
{
  /* Constant; the element owns these and embeds us. The segment is the input
   * segment; the element mirrors a reverse one, so it always plays forwards. */
  AbStream *stream;
  GstPad *srcpad;
  const GstSegment *segment;

  /* the settings in force, and the hop that the open batch began with */
  AbFilterSettings settings;
  guint hop;

  AbTimeline timeline;
  AbEvents events;
  AbMetas metas;
  AbBatch batch;
  /* samples to skip until the next batch begins */
  guint64 skip;
} AbPlacer;

/* Uses the format, memory and counters of @stream, and pushes batches from
 * @srcpad. */
void ab_placer_init (AbPlacer * self, AbStream * stream, GstPad * srcpad,
    const GstSegment * segment);
void ab_placer_clear (AbPlacer * self);

/* Returns to the state before the first chunk. Pending samples are counted as
 * dropped. */
void ab_placer_reset (AbPlacer * self);

/* Takes the new format of the stream. Call ab_placer_drain() first. */
void ab_placer_set_info (AbPlacer * self);

/* Places @arrival in time, copies its samples into batches, and pushes each
 * full batch. On an error the rest of the chunk is counted as dropped. */
GstFlowReturn ab_placer_place (AbPlacer * self, AbArrival * arrival);

/* Handles pending samples as the tail setting says, then pushes all waiting
 * events. */
void ab_placer_drain (AbPlacer * self);

/* Makes the next chunk begin a new run, whatever its time. */
void ab_placer_break (AbPlacer * self);

/* The input segment has changed; @event (transfer full) is the output's segment
 * event.
 *
 * Returns: FALSE if the caller can push @event at once; then the caller keeps
 * it. */
gboolean ab_placer_new_segment (AbPlacer * self, GstEvent * event);

/* Queues @event (transfer full) if other events wait.
 *
 * Returns: FALSE if none waits; then the caller keeps @event. */
gboolean ab_placer_hold (AbPlacer * self, GstEvent * event);

/* Counts @n_samples as dropped, and as samples in if @sent, as inserted if
 * not. */
void ab_placer_count_refused (AbPlacer * self, guint64 n_samples,
    gboolean sent);

G_END_DECLS
