/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both elements do around a batch: settings, its size, its memory, the
 * count of it. */
#pragma once

#include <gst/audio/audio.h>

#include "memory/memory.h"
#include "settings/common.h"
#include "stats/report.h"
#include "time/size.h"

G_BEGIN_DECLS

typedef struct
{
  /* constant; the element embeds us and so outlives us */
  GstElement *element;
  GstDebugCategory *category;

  /* OBJECT_LOCK of the element */
  BatchSettings settings;
  GstClockTime latency;
  GstAudioInfo known_info;
  BatchSize known_size;

  /* set with the OBJECT_LOCK by start, internally atomic, may outlive us */
  BatchStats *stats;

  /* any thread: a setting was changed since the streaming thread last looked */
  atomic_bool changed;
  atomic_bool limits_changed;

  /* streaming thread: the settings in force */
  GstAudioInfo info;
  BatchSize size;
  GstAudioBatchAllocation allocation;
  guint pool_min, pool_max;
  guint max_live;
  GstAudioBatchOverrun overrun;
  /* bytes that the process may use, and that the machine has; 0 where there is
   * no limit, and where the system does not tell */
  guint64 process_limit;
  guint64 machine_limit;

  BatchMemory memory;
  /* the memory has to be planned anew before the next batch */
  gboolean plan_due;
  Advice advice;
  guint until_advice;
  guint until_timed;
  BatchReport report;
} BatchStream;

/* What happened to samples, all at one instant. */
typedef struct
{
  guint64 in, inserted, out, dropped;
  guint batches;
  /* waiting for their batch to fill, after all this */
  guint pending;
} SampleCount;

void batch_stream_init (BatchStream * self, GstElement * element,
    GstDebugCategory * category);
void batch_stream_clear (BatchStream * self);

/* Any thread. Return FALSE when @id is no property of ours. */
gboolean batch_stream_set_property (BatchStream * self, guint id,
    const GValue * value);
gboolean batch_stream_get_property (BatchStream * self, guint id,
    GValue * value);

/* Any thread: the duration of a full batch, or 0 before there is a format. */
GstClockTime batch_stream_get_latency (BatchStream * self);

/* Any thread: the format and the size of batches, or FALSE before there is
 * one. */
gboolean batch_stream_get_format (BatchStream * self, GstAudioInfo * info,
    BatchSize * size);

/* Any thread: posts @error as an element error. */
void batch_stream_post_error (BatchStream * self, const GError * error);

/* While nothing streams. start() begins all counters anew: batches of an
 * earlier run that are still out are counted where they were made. */
void batch_stream_start (BatchStream * self);
void batch_stream_stop (BatchStream * self);

/* All that follows: streaming thread. On FALSE or NULL an element error has
 * been posted that says why. */

/* Takes the format and the settings as they are now. Posts LATENCY if that
 * changed. On FALSE the format is the old one. */
gboolean batch_stream_set_info (BatchStream * self, const GstAudioInfo * info);

/* Takes the settings if they were changed; to be called between batches.
 * @resized is set to whether batches have another size from now on. */
gboolean batch_stream_update (BatchStream * self, gboolean * resized);

/* Takes what downstream wishes for memory, from an answered ALLOCATION query;
 * the first asks downstream of @srcpad. */
void batch_stream_negotiate (BatchStream * self, GstPad * srcpad);
void batch_stream_take_allocation (BatchStream * self, GstQuery * query);

/* Ends, or refuses, waiting for downstream to release a batch. Any thread. */
void batch_stream_set_shut (BatchStream * self, BatchGateShut reason,
    gboolean shut);

/* Has waiting been ended, or refused? Then what takes long has to end too. */
static inline gboolean
batch_stream_is_shut (BatchStream * self)
{
  return batch_gate_is_shut (&self->stats->gate);
}

static inline gboolean
batch_stream_is_shut_by (BatchStream * self, BatchGateShut reason)
{
  return batch_gate_is_shut_by (&self->stats->gate, reason);
}

/* No batch was to be had, and was counted as dropped. */
#define BATCH_STREAM_FLOW_DROPPED GST_FLOW_CUSTOM_SUCCESS

/* Room for the next batch, of @n_samples samples, which is the caller's alone.
 *
 * Returns: GST_FLOW_OK; BATCH_STREAM_FLOW_DROPPED when downstream holds too
 * many batches and overrun says to drop; GST_FLOW_FLUSHING when waiting for one
 * was ended; GST_FLOW_ERROR when an element error has been posted. */
GstFlowReturn batch_stream_acquire (BatchStream * self, guint n_samples,
    BatchRoom * room);

/* Waits, for as long as @n_samples samples last, for downstream to release a
 * batch: what a source does in place of a batch that it drops.
 *
 * Returns: FALSE when that was ended. */
gboolean batch_stream_pass_time (BatchStream * self, guint n_samples);

/* Counts @added samples that came in, now that @pending wait: what happens to
 * most chunks. */
static inline void
batch_stream_count_pending (BatchStream * self, guint added, guint pending)
{
  batch_stats_begin (self->stats);
  batch_stats_add (self->stats, BATCH_COUNTER_SAMPLES_IN, added);
  batch_stats_set (self->stats, BATCH_COUNTER_SAMPLES_PENDING, pending);
  batch_stats_end (self->stats);
}

/* Adds @change to the counters; pending is not added but set. */
void batch_stream_count (BatchStream * self, const SampleCount * change);

/* Reports if it is time to; to be called after the push. */
void batch_stream_report (BatchStream * self);
void batch_stream_report_end (BatchStream * self);

G_END_DECLS
