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
  AbCommonSettings settings;
  GstClockTime latency;
  GstAudioInfo known_info;
  AbSize known_size;

  /* set with the OBJECT_LOCK by start, internally atomic, may outlive us */
  AbLedger *stats;

  /* any thread: a setting was changed since the streaming thread last looked */
  atomic_bool changed;
  atomic_bool limits_changed;

  /* streaming thread: the settings in force */
  GstAudioInfo info;
  AbSize size;
  GstAudioBatchAllocation allocation;
  guint pool_min, pool_max;
  guint max_outstanding;
  GstAudioBatchOverrun overrun;
  /* bytes that the process may use, and that the machine has; 0 where there is
   * no limit, and where the system does not tell */
  guint64 process_limit;
  guint64 machine_limit;

  AbMemory memory;
  /* the memory has to be planned anew before the next batch */
  gboolean plan_due;
  AbAdvice advice;
  guint until_advice;
  guint until_timed;
  AbReport report;
} AbStream;

/* What happened to samples, all at one instant. */
typedef struct
{
  guint64 in, inserted, out, dropped;
  guint batches;
  /* waiting for their batch to fill, after all this */
  guint pending;
} AbSampleCount;

void ab_stream_init (AbStream * self, GstElement * element,
    GstDebugCategory * category);
void ab_stream_clear (AbStream * self);

/* Any thread. Return FALSE when @id is no property of ours. */
gboolean ab_stream_set_property (AbStream * self, guint id,
    const GValue * value);
gboolean ab_stream_get_property (AbStream * self, guint id,
    GValue * value);

/* Any thread: the duration of a full batch, or 0 before there is a format. */
GstClockTime ab_stream_get_latency (AbStream * self);

/* Any thread: the format and the size of batches, or FALSE before there is
 * one. */
gboolean ab_stream_get_format (AbStream * self, GstAudioInfo * info,
    AbSize * size);

/* Any thread: posts @error as an element error. */
void ab_stream_post_error (AbStream * self, const GError * error);

/* While nothing streams. start() begins all counters anew: batches of an
 * earlier run that are still out are counted where they were made. */
void ab_stream_start (AbStream * self);
void ab_stream_stop (AbStream * self);

/* All that follows: streaming thread. On FALSE or NULL an element error has
 * been posted that says why. */

/* Takes the format and the settings as they are now. Posts LATENCY if that
 * changed. On FALSE the format is the old one. */
gboolean ab_stream_set_info (AbStream * self, const GstAudioInfo * info);

/* Takes the settings if they were changed; to be called between batches.
 * @resized is set to whether batches have another size from now on. */
gboolean ab_stream_update (AbStream * self, gboolean * resized);

/* Takes what downstream wishes for memory, from an answered ALLOCATION query;
 * the first asks downstream of @srcpad. */
void ab_stream_negotiate (AbStream * self, GstPad * srcpad);
void ab_stream_take_allocation (AbStream * self, GstQuery * query);

/* Ends, or refuses, waiting for downstream to release a batch. Any thread. */
void ab_stream_set_shut (AbStream * self, AbGateShut reason,
    gboolean shut);

/* Has waiting been ended, or refused? Then what takes long has to end too. */
static inline gboolean
ab_stream_is_shut (AbStream * self)
{
  return ab_gate_is_shut (&self->stats->gate);
}

static inline gboolean
ab_stream_is_shut_by (AbStream * self, AbGateShut reason)
{
  return ab_gate_is_shut_by (&self->stats->gate, reason);
}

/* No batch was to be had, and was counted as dropped. */
#define AB_FLOW_DROPPED GST_FLOW_CUSTOM_SUCCESS

/* Room for the next batch, of @n_samples samples, which is the caller's alone.
 *
 * Returns: GST_FLOW_OK; AB_FLOW_DROPPED when downstream holds too
 * many batches and overrun says to drop; GST_FLOW_FLUSHING when waiting for one
 * was ended; GST_FLOW_ERROR when an element error has been posted. */
GstFlowReturn ab_stream_acquire (AbStream * self, guint n_samples,
    AbRoom * room);

/* Waits, for as long as @n_samples samples last, for downstream to release a
 * batch: what a source does in place of a batch that it drops.
 *
 * Returns: FALSE when that was ended. */
gboolean ab_stream_pass_time (AbStream * self, guint n_samples);

/* Counts @added samples that came in, now that @pending wait: what happens to
 * most chunks. */
static inline void
ab_stream_count_pending (AbStream * self, guint added, guint pending)
{
  ab_ledger_begin (self->stats);
  ab_ledger_add (self->stats, AB_COUNTER_SAMPLES_IN, added);
  ab_ledger_set (self->stats, AB_COUNTER_SAMPLES_PENDING, pending);
  ab_ledger_end (self->stats);
}

/* Adds @change to the counters; pending is not added but set. */
void ab_stream_count (AbStream * self, const AbSampleCount * change);

/* Reports if it is time to; to be called after the push. */
void ab_stream_report (AbStream * self);
void ab_stream_report_end (AbStream * self);

G_END_DECLS
