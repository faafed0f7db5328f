/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts chunks into their place in time, and their samples into batches. */
#pragma once

#include "batch/batch.h"
#include "batch/events.h"
#include "batch/metas.h"
#include "batch/stream.h"
#include "settings/filter.h"
#include "time/timeline.h"

G_BEGIN_DECLS

/* A chunk on its way through the element. */
typedef struct
{
  AbChunk chunk;
  /* NULL: silence, which counts as inserted */
  GstBuffer *buffer;
  /* samples of the buffer as it came that have been cut off at its start */
  guint cut;
  GstClockTime pts;
  gboolean flagged;
} AbArrival;

/* Thread-safety: streaming thread only. */
typedef struct
{
  /* constant; owned by the element, which embeds us. The segment is the one that
   * chunks come in, played forwards. */
  AbStream *stream;
  GstPad *srcpad;
  const GstSegment *segment;

  /* the settings in force, and the hop since the last batch began */
  AbFilterSettings settings;
  guint hop;

  AbTimeline timeline;
  AbEvents events;
  /* reference timestamps of the chunks in the open batch */
  AbMetas metas;
  AbBatch batch;
  /* samples to skip until the next batch begins */
  guint64 skip;
} AbPlacer;

/* Format, memory and counts are those of @stream. Batches are pushed out of
 * @srcpad. */
void ab_placer_init (AbPlacer * self, AbStream * stream, GstPad * srcpad,
    const GstSegment * segment);
void ab_placer_clear (AbPlacer * self);

/* As before the first chunk: what is pending is dropped and counted. */
void ab_placer_reset (AbPlacer * self);

/* The stream has another format; ab_placer_drain() comes first. */
void ab_placer_set_info (AbPlacer * self);

/* Puts @arrival into its place in time and pushes the batches that get full.
 * A chunk that can't be kept is counted as dropped. */
GstFlowReturn ab_placer_place (AbPlacer * self, AbArrival * arrival);

/* What is pending leaves as a tail, and after it all events that wait. */
void ab_placer_drain (AbPlacer * self);

/* The next chunk begins a new run, whatever its time. */
void ab_placer_break (AbPlacer * self);

/* The segment is a new one now, of which @event (transfer full) tells.
 *
 * Returns: FALSE if the event can be sent on at once; it is the caller's then. */
gboolean ab_placer_new_segment (AbPlacer * self, GstEvent * event);

/* Keeps @event (transfer full) behind those that wait.
 *
 * Returns: FALSE if none waits; it is the caller's then. */
gboolean ab_placer_hold (AbPlacer * self, GstEvent * event);

/* Counts @n_samples that nobody wants, which were @sent or inserted. */
void ab_placer_count_refused (AbPlacer * self, guint64 n_samples,
    gboolean sent);

G_END_DECLS
