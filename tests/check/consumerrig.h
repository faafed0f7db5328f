/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds a ramp to one of the elements. A consumer checks each batch, keeps some
 * of them and refuses one. */
#pragma once

#include "batchcheck.h"

#define RATE 48000
#define BATCH 64
#define BATCHES 300
#define SAMPLES (BATCH * BATCHES)
#define LONGEST_CHUNK 400
#define LONG (30 * G_TIME_SPAN_SECOND)

/* Each element in each mode. */
#define N_MODES 3
#define VARIANTS (2 * N_MODES)

extern const gchar *const rig_modes[N_MODES];

/* An element linked with pads of the test. */
typedef struct
{
  GstElement *element;
  gboolean is_source;
  GstBus *bus;
  /* the element's source pad, and the pads that feed it and consume from it */
  GstPad *srcpad, *feed, *consumer;
  Audio *audio;
  guint pushed;
  GThread *feeder;
  GRand *rand;

  GMutex lock;
  /* batches that the consumer holds, and how many it may hold */
  GPtrArray *held;
  guint keep, seen, discont;
  /* the pad that got the last batch: a test may swap consumers */
  GstPad *last_consumer;
  /* the first sample after the last batch */
  guint64 next;
  /* the number of the batch to refuse, from 1, and the flow return for it */
  guint refused;
  GstFlowReturn refusal;
  gboolean eos;
} Rig;

/* Variants from N_MODES on use the source, which makes F32 mono at 48 kHz by
 * default. The feed of the filter has the same format. */
void rig_setup (Rig * self, guint variant);

/* Streams all samples from a thread of its own. */
void rig_start (Rig * self);

/* Waits until streaming has ended. Returns the filter's last flow return. */
GstFlowReturn rig_await_end (Rig * self);

/* Feed the filter from the calling thread. */
void rig_begin_feed (Rig * self);
GstFlowReturn rig_feed_chunk (Rig * self);

/* Returns a pad to link in place of the consumer. */
GstPad *rig_consumer_new (Rig * self);

/* Checks that @batch holds the part of the ramp that its PTS names. */
void rig_assert_is_ramp (GstBuffer * batch, const Audio * audio);
void rig_assert_nothing_lost (Rig * self);

/* Frees all but the ramp and the batches that the consumer holds. */
void rig_dismantle (Rig * self);
void rig_clear (Rig * self);
