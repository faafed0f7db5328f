/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part that both elements share: settings, format, batch size, memory and
 * counters. */
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

  /* OBJECT_LOCK of the element: what the user has set, for both elements and for
   * this one (constant pointers; the element owns what they point to) */
  AbCommonSettings settings;
  gconstpointer own_settings;
  GstClockTime latency;

  /* streaming thread: the same as they were last taken; whether they are not in
   * force yet, and whether the element has not looked at its own yet */
  AbCommonSettings taken;
  gpointer own_taken;
  gsize own_size;
  gboolean common_is_new;
  gboolean own_is_new;

  /* The format (rate 0 until it is known) and the batch size. The streaming
   * thread writes them under OBJECT_LOCK and reads them without it. Other
   * threads read them under OBJECT_LOCK, but not the fields of the size that
   * ab_size_next() changes. */
  GstAudioInfo info;
  AbSize size;

  /* ab_stream_start() sets it under OBJECT_LOCK; internally atomic; may outlive
   * us */
  AbLedger *ledger;

  /* any thread: a setting changed since the streaming thread last looked */
  atomic_bool changed;

  /* see its own fields for threads */
  AbSupply supply;

  /* streaming thread */
  AbReport report;
  /* the fraction of a second in force, of which the application was warned if
   * it is above 1; 0/0 at the start */
  gint fraction_n, fraction_d;
} AbStream;

/* Changes of the counters, applied together. */
typedef struct
{
  guint64 in, inserted, out, dropped;
  gint batches;
  /* the new figure: samples in a batch that is not full */
  guint pending;
} AbSampleCount;

/* The settings that only this element has are @own_size bytes: the user's in
 * @own_settings, and those of the streaming thread in @own_taken. Both must
 * outlive the stream. */
void ab_stream_init (AbStream * self, GstElement * element,
    GstDebugCategory * category, gconstpointer own_settings, gpointer own_taken,
    gsize own_size);
void ab_stream_clear (AbStream * self);

/* Any thread. Return FALSE if @id is not a common property. */
gboolean ab_stream_set_property (AbStream * self, guint id,
    const GValue * value);
gboolean ab_stream_get_property (AbStream * self, guint id,
    GValue * value);

/* Any thread: a setting has changed. */
static inline void
ab_stream_change_settings (AbStream * self)
{
  atomic_store_explicit (&self->changed, TRUE, memory_order_release);
}

/* Any thread: the duration of a full batch, or 0 until the format is known. */
GstClockTime ab_stream_get_latency (AbStream * self);

/* Any thread: the format, and the batch size in samples as a fraction.
 *
 * Returns: FALSE until the format is known. */
gboolean ab_stream_get_format (AbStream * self, GstAudioInfo * info,
    guint64 * size_n, guint64 * size_d);

/* Any thread: posts @error as an element error, from the place of the call. */
#define ab_stream_post_error(self, error) \
    ab_stream_post_error_from ((self), (error), __FILE__, GST_FUNCTION, \
        __LINE__)
void ab_stream_post_error_from (AbStream * self, const GError * error,
    const gchar * file, const gchar * function, gint line);

/* While nothing streams. On READY to PAUSED ab_stream_start() makes new
 * counters. Batches of an earlier run that are still outstanding stay in the
 * old ones. */
void ab_stream_start (AbStream * self);
void ab_stream_stop (AbStream * self);

static inline gboolean
ab_stream_is_started (AbStream * self)
{
  return self->supply.memory.ledger != NULL;
}

/* From here on: streaming thread, unless noted. On FALSE, an element error has
 * been posted. */

/* Takes the format and the current settings. Posts LATENCY if the latency
 * changed. On FALSE the old format stays. */
gboolean ab_stream_set_info (AbStream * self, const GstAudioInfo * info);

void ab_stream_take_changed_settings (AbStream * self);

/* Makes the format unknown. */
void ab_stream_forget_info (AbStream * self);

/* The one place where settings are copied into streaming state, those of both
 * elements and those of this one, if any has changed. */
static inline void
ab_stream_take_settings (AbStream * self)
{
  if (G_UNLIKELY (atomic_load_explicit (&self->changed, memory_order_acquire)))
    ab_stream_take_changed_settings (self);
}

/* Takes the settings, and puts those of both elements in force. Call it between
 * batches. Sets @resized if the batch size is a new one. */
gboolean ab_stream_update (AbStream * self, gboolean * resized);

/* Sends an ALLOCATION query downstream and takes the answer. */
void ab_stream_negotiate (AbStream * self, GstPad * srcpad);

/* Any thread. While shut for any reason, the streaming thread does not wait for
 * downstream to release a batch. */
void ab_stream_set_shut (AbStream * self, AbGateShut reason,
    gboolean shut);

/* If it is shut, long operations must end too. */
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

/* ab_stream_count() for most chunks: @added samples came in, and @pending is
 * the new figure. */
static inline void
ab_stream_count_pending (AbStream * self, guint added, guint pending)
{
  guint64 now[AB_N_KEPT];

  ab_ledger_begin (self->ledger, AB_CHANGE_CHUNK, now);
  ab_ledger_add (self->ledger, AB_COUNTER_SAMPLES_IN, added);
  ab_ledger_set (self->ledger, AB_COUNTER_SAMPLES_PENDING, pending);
  ab_ledger_end (self->ledger);
}

/* ab_stream_count() for most batches: @added samples came in and filled a batch of
 * @out. */
static inline void
ab_stream_count_batch (AbStream * self, guint added, guint out)
{
  guint64 now[AB_N_KEPT];

  ab_ledger_begin (self->ledger, AB_CHANGE_BATCH, now);
  ab_ledger_add (self->ledger, AB_COUNTER_BATCHES, 1);
  ab_ledger_add (self->ledger, AB_COUNTER_SAMPLES_OUT, out);
  ab_ledger_add (self->ledger, AB_COUNTER_SAMPLES_IN, added);
  ab_ledger_set (self->ledger, AB_COUNTER_SAMPLES_PENDING, 0);
  ab_ledger_end (self->ledger);
}

/* Adds @change to the counters, and sets the pending samples. */
void ab_stream_count (AbStream * self, const AbSampleCount * change);

/* Adds 1 to @counter. */
void ab_stream_count_one (AbStream * self, AbCounter counter);

/* Sends a report if one is due. Call it after each push. */
void ab_stream_report (AbStream * self);
void ab_stream_report_end (AbStream * self);

G_END_DECLS
