/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places chunks in time and puts their samples into batches. */
#pragma once

#include "batch/batch.h"
#include "batch/events.h"
#include "batch/metas.h"
#include "batch/stream.h"
#include "settings/filter.h"
#include "time/timeline.h"
#include "time/told.h"

G_BEGIN_DECLS

typedef enum
{
  AB_ARRIVAL_CHUNK,
  /* a chunk that was held, so its samples are already counted as in */
  AB_ARRIVAL_HELD,
  /* silence, counted as inserted; it has no buffer */
  AB_ARRIVAL_SILENCE,
} AbArrivalKind;

/* An input chunk, or silence for a gap. */
typedef struct
{
  AbArrivalKind kind;
  AbChunk chunk;
  GstBuffer *buffer;
  /* samples that clipping to the segment removed from its start */
  guint cut;
  GstClockTime pts;
  /* those of the buffer */
  guint flags;
} AbArrival;

/* Upstream says that a chunk does not continue the one before. */
#define AB_BREAK_FLAGS (GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC)

/* A chunk whose time may be wrong. */
typedef struct
{
  /* NULL if none is held */
  GstBuffer *buffer;
  guint n_samples;
  guint cut;
  GstClockTime pts;
  guint flags;
  gboolean reversed;
} AbHeldChunk;

/* The timeline judges the time of each chunk. The placer acts on its verdict:
 * inserts silence, drops an overlap, starts a new run, or holds the chunk until
 * the next one comes. Then it copies the samples into the open batch and pushes
 * the batch once it is full.
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
  /* the mapping of a planar chunk, or NULL: see ab_chunk_map() */
  GstAudioBuffer *planar;
  /* samples to skip until the next batch begins */
  guint64 skip;

  /* the next chunk must look at `held` and `told` first */
  gboolean unsettled;
  AbHeldChunk held;
  /* samples of the held chunk that are not placed yet */
  guint n_held;
  AbTold told;
  /* dropped samples or a bounded jump of this run are in the log */
  gboolean warned;
} AbPlacer;

/* Uses the format, memory and counters of @stream, and pushes batches from
 * @srcpad. */
void ab_placer_init (AbPlacer * self, AbStream * stream, GstPad * srcpad,
    const GstSegment * segment);
void ab_placer_clear (AbPlacer * self);

/* Returns to the state before the first chunk, as a flush does. Pending samples
 * are counted as dropped; sticky events that wait are stored on the src pad. */
void ab_placer_reset (AbPlacer * self);

/* Takes the new format of the stream. Call ab_placer_drain() first. */
void ab_placer_set_info (AbPlacer * self);

/* Places @arrival in time, copies its samples into batches, and pushes each
 * full batch. On an error the rest of the chunk is counted as dropped. If the
 * chunk itself is pushed, arrival->buffer becomes NULL.
 *
 * Returns: what the last push returned. A custom success of downstream is no
 * error. */
GstFlowReturn ab_placer_place (AbPlacer * self, AbArrival * arrival);

/* Handles pending samples as the tail setting says, then pushes all waiting
 * events. Call ab_placer_settle() first. */
void ab_placer_drain (AbPlacer * self);

/* Places the chunk that is held, if there is one: no other chunk has told of a
 * jump, so its own time is not believed. */
void ab_placer_settle (AbPlacer * self);

/* Makes the next chunk begin a new run, whatever its time. */
void ab_placer_break (AbPlacer * self);

/* A new input segment or a new stream begins with the next chunk. @event
 * (transfer full) is the output's event.
 *
 * Returns: FALSE if the caller can push @event at once; then the caller keeps
 * it. */
gboolean ab_placer_change (AbPlacer * self, GstEvent * event);

/* Queues @event (transfer full) if samples or events before it wait.
 *
 * Returns: FALSE if none waits; then the caller keeps @event. */
gboolean ab_placer_hold (AbPlacer * self, GstEvent * event);

/* Handles a GAP event about time in which samples may still come, from @start to
 * @end in the segment, as ab_placer_hold() does. If such events tell of enough
 * time, the pending samples do not wait any longer. */
gboolean ab_placer_hold_gap (AbPlacer * self, GstEvent * event,
    GstClockTime start, GstClockTime end);

/* Is the sample that is due between @start and @end? Sets @n_samples to those that
 * are due until @end. */
gboolean ab_placer_misses (AbPlacer * self, GstClockTime start,
    GstClockTime end, guint64 * n_samples);

/* Puts @n_samples of silence, which end at @end, in the place of those that are
 * due.
 *
 * Returns: FALSE if the settings want a break instead */
gboolean ab_placer_fill (AbPlacer * self, guint64 n_samples,
    GstClockTime end);

/* Counts @n_samples that came and are dropped. */
void ab_placer_count_refused (AbPlacer * self, guint64 n_samples);

G_END_DECLS
