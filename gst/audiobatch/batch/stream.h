/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both elements are around their batches: settings, format, size, memory
 * and counts. */
#pragma once

#include <gst/audio/audio.h>

#include "memory/supply.h"
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

  /* The format, rate 0 before there is one, and the size of batches. The
   * streaming thread writes them with the OBJECT_LOCK and reads them without;
   * others read with the lock, and nothing of what ab_size_next() changes. */
  GstAudioInfo info;
  AbSize size;

  /* set with the OBJECT_LOCK by start, internally atomic, may outlive us */
  AbLedger *ledger;

  /* any thread: a setting was changed since the streaming thread last looked */
  atomic_bool changed;

  /* says itself who touches what */
  AbSupply supply;

  /* streaming thread */
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

/* Any thread: the format, and the size of batches as a fraction of samples.
 *
 * Returns: FALSE before there is a format. */
gboolean ab_stream_get_format (AbStream * self, GstAudioInfo * info,
    guint64 * size_n, guint64 * size_d);

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

/* There is no format any more. */
void ab_stream_forget_info (AbStream * self);

/* Takes the settings if they were changed; to be called between batches.
 * @resized is set to whether batches have another size from now on. */
gboolean ab_stream_update (AbStream * self, gboolean * resized);

/* Asks downstream of @srcpad what it wishes for memory. */
void ab_stream_negotiate (AbStream * self, GstPad * srcpad);

/* Ends, or refuses, waiting for downstream to release a batch. Any thread. */
void ab_stream_set_shut (AbStream * self, AbGateShut reason,
    gboolean shut);

/* Has waiting been ended, or refused? Then what takes long has to end too. */
static inline gboolean
ab_stream_is_shut (AbStream * self)
{
  return ab_gate_is_shut (&self->ledger->gate);
}

static inline gboolean
ab_stream_is_shut_by (AbStream * self, AbGateShut reason)
{
  return ab_gate_is_shut_by (&self->ledger->gate, reason);
}

/* Counts @added samples that came in, now that @pending wait: what happens to
 * most chunks. */
static inline void
ab_stream_count_pending (AbStream * self, guint added, guint pending)
{
  ab_ledger_begin (self->ledger);
  ab_ledger_add (self->ledger, AB_COUNTER_SAMPLES_IN, added);
  ab_ledger_set (self->ledger, AB_COUNTER_SAMPLES_PENDING, pending);
  ab_ledger_end (self->ledger);
}

/* Adds @change to the counters; pending is not added but set. */
void ab_stream_count (AbStream * self, const AbSampleCount * change);

/* Reports if it is time to; to be called after the push. */
void ab_stream_report (AbStream * self);
void ab_stream_report_end (AbStream * self);

G_END_DECLS
