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
  Chunk chunk;
  /* NULL: silence, which counts as inserted */
  GstBuffer *buffer;
  /* samples of the buffer as it came that have been cut off at its start */
  guint cut;
  GstClockTime pts;
  gboolean flagged;
} Arrival;

/* Thread-safety: streaming thread only. */
typedef struct
{
  /* constant; owned by the element, which embeds us */
  BatchStream *stream;
  GstPad *srcpad;

  /* the settings in force, and the hop since the last batch began */
  FilterSettings settings;
  guint hop;

  GstAudioInfo info;
  /* what chunks come in, played forwards */
  GstSegment segment;
  Timeline timeline;

  /* serialized events that wait until it is known where a new segment begins,
   * and how many of them wait for no more than the open batch */
  GQueue held;
  guint releasable;

  /* the open batch: its first sample, the clock that it is stamped by, how many
   * of its samples no batch has had, and whether it has metas of a chunk */
  Batcher batcher;
  BatchMetas metas;
  guint64 start;
  SampleClock clock;
  guint fresh;
  gboolean has_metas;
  /* the next batch follows a break */
  gboolean discont;
  /* samples to skip until the next batch begins */
  guint64 skip;
} Rebatcher;

/* Memory and counts are those of @stream, batches are pushed out of @srcpad. */
void rebatcher_init (Rebatcher * self, BatchStream * stream, GstPad * srcpad);
void rebatcher_clear (Rebatcher * self);

/* As before the first chunk: what is pending is dropped and counted. */
void rebatcher_reset (Rebatcher * self);

/* Another format; rebatcher_drain() comes first. */
void rebatcher_set_info (Rebatcher * self, const GstAudioInfo * info);

/* Puts @arrival into its place in time and pushes the batches that get full.
 * A chunk that can't be kept is counted as dropped. */
GstFlowReturn rebatcher_place (Rebatcher * self, Arrival * arrival);

/* What is pending leaves as a tail, and after it all events that are held. */
void rebatcher_drain (Rebatcher * self);

/* The next chunk begins a new run, whatever its time. */
void rebatcher_break (Rebatcher * self);

/* Chunks come in @segment from now on, of which @event tells.
 *
 * Returns: FALSE when the event can be sent on at once; it is not taken then. */
gboolean rebatcher_new_segment (Rebatcher * self, const GstSegment * segment,
    GstEvent * event);

/* Keeps @event behind those that are held.
 *
 * Returns: FALSE when there are none; it is not taken then. */
gboolean rebatcher_hold (Rebatcher * self, GstEvent * event);

/* Counts @n_samples that nobody wants, which were @sent or inserted. */
void rebatcher_count_refused (Rebatcher * self, guint64 n_samples,
    gboolean sent);

G_END_DECLS
