/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many live pipelines in this process, each with a clock's time of its own:
 * what they cost, and how late their batches are. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Samples of a batch, and of a second. */
#define LIVE_BATCH 1024
#define LIVE_RATE 48000

typedef enum
{
  /* audiobatchsrc ! audiobatch */
  LIVE_OURS,
  /* audiotestsrc ! audiobuffersplit */
  LIVE_PEER,
  N_LIVE_WAYS
} LiveWay;

/* So many streams of mono F32 at 48 kHz. */
typedef struct
{
  guint streams;
  /* samples that the source makes at a time */
  guint chunk;
  /* a nick of "wave" */
  const gchar *wave;
  /* of the measurement, which begins when all streams play */
  GstClockTime duration;
} LiveCase;

typedef struct
{
  /* ns of processor time, of all threads, that a stream takes in a second */
  gdouble cost;
  /* of this process, while the streams play */
  guint threads;
} LiveResult;

/* Plays the streams and measures all batches that fall due in that time. The
 * streams start one after the other, so that they wake up at instants that are
 * spread evenly, as those of streams that began at any time.
 *
 * A batch is due when the source wakes up to make the chunk with the batch's
 * last sample. How much later each batch reached the sink goes to @lateness,
 * gint64s in ns; for one that never came, how late it was when all ended.
 *
 * Returns: FALSE where the streams could not be played, with @error */
gboolean live_streams_measure (LiveWay way, const LiveCase * what,
    GArray * lateness, LiveResult * result, GError ** error);

G_END_DECLS
