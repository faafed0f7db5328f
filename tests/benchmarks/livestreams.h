/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures many live pipelines in this process: their CPU time, and how late
 * their batches are. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* Samples of a batch. */
#define LIVE_BATCH 1024

typedef enum
{
  /* audiobatchsrc ! audiobatch */
  LIVE_OURS,
  /* audiotestsrc ! audiobuffersplit */
  LIVE_PEER,
  N_LIVE_WAYS
} LiveWay;

typedef struct
{
  GstAudioInfo info;
  guint streams;
  /* samples per buffer of the source */
  guint chunk;
  /* a nick of "wave" */
  const gchar *wave;
  /* of the measurement, which starts once all streams play */
  GstClockTime duration;
} LiveCase;

/* The length of a batch, in ns. */
GstClockTime live_batch_time (const LiveCase * what);

typedef struct
{
  /* CPU time of all threads per stream and second, in ns */
  gdouble cost;
  /* threads of this process while the streams play */
  guint threads;
  /* what the streams added to the resident memory of this process, per stream,
   * in bytes; in a process that has played streams before, it tells nothing */
  gdouble resident;
} LiveResult;

/* Plays the streams and measures all batches that are due in that time. The
 * streams start one after another, so that their wake-ups are spread evenly,
 * like those of independent streams.
 *
 * A batch is due when the source wakes up to make the chunk with the batch's
 * last sample. @lateness (gint64, ns) gets for each batch how much later it
 * reached the sink, or for a missing batch, how late it was at the end.
 *
 * Returns: FALSE and @error if the streams could not be played */
gboolean live_streams_measure (LiveWay way, const LiveCase * what,
    GArray * lateness, LiveResult * result, GError ** error);

G_END_DECLS
