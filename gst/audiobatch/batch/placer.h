/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of the samples: from chunks in their place in time to batches. */
#pragma once

#include "batch/batch.h"
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
  /* constant; owned by the element, which embeds us */
  AbStream *stream;
  GstPad *srcpad;

  /* the settings in force, and the hop since the last batch began */
  AbFilterSettings settings;
  guint hop;

  GstAudioInfo info;
  /* what chunks come in, played forwards */
  GstSegment segment;
  AbTimeline timeline;

  /* serialized events that wait until it is known where a new segment begins,
   * and how many of them wait for no more than the open batch */
  GQueue held;
  guint releasable;

  /* the open batch: its first sample, the clock that it is stamped by, how many
   * of its samples no batch has had, and whether it has metas of a chunk */
  AbBatch batcher;
  AbMetas metas;
  guint64 start;
  AbClock clock;
  guint fresh;
  gboolean has_metas;
  /* the next batch follows a break */
  gboolean discont;
  /* samples to skip until the next batch begins */
  guint64 skip;
} AbPlacer;

/* Memory and counts are those of @stream, batches are pushed out of @srcpad. */
void ab_placer_init (AbPlacer * self, AbStream * stream, GstPad * srcpad);
void ab_placer_clear (AbPlacer * self);

/* As before the first chunk: what is pending is dropped and counted. */
void ab_placer_reset (AbPlacer * self);

/* Another format; ab_placer_drain() comes first. */
void ab_placer_set_info (AbPlacer * self, const GstAudioInfo * info);

/* Puts @arrival into its place in time and pushes the batches that get full.
 * A chunk that can't be kept is counted as dropped. */
GstFlowReturn ab_placer_place (AbPlacer * self, AbArrival * arrival);

/* What is pending leaves as a tail, and after it all events that are held. */
void ab_placer_drain (AbPlacer * self);

/* The next chunk begins a new run, whatever its time. */
void ab_placer_break (AbPlacer * self);

/* Chunks come in @segment from now on, of which @event tells.
 *
 * Returns: FALSE when the event can be sent on at once; it is not taken then. */
gboolean ab_placer_new_segment (AbPlacer * self, const GstSegment * segment,
    GstEvent * event);

/* Keeps @event behind those that are held.
 *
 * Returns: FALSE when there are none; it is not taken then. */
gboolean ab_placer_hold (AbPlacer * self, GstEvent * event);

/* Counts @n_samples that nobody wants, which were @sent or inserted. */
void ab_placer_count_refused (AbPlacer * self, guint64 n_samples,
    gboolean sent);

G_END_DECLS
