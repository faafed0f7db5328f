/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the elements, fed with a ramp, and a consumer that checks each batch
 * of it, keeps some and refuses one. */
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

/* One of the elements between pads of the test. */
typedef struct
{
  GstElement *element;
  gboolean is_source;
  GstBus *bus;
  /* of the element, and those that it is linked with */
  GstPad *srcpad, *feed, *consumer;
  Audio *audio;
  guint pushed;
  GThread *feeder;
  GRand *rand;

  GMutex lock;
  /* what the consumer has, and how many it keeps */
  GPtrArray *held;
  guint keep, seen, discont;
  /* who had the last batch, since consumers may be exchanged */
  GstPad *last_consumer;
  /* the sample that would go on from the last one */
  guint64 next;
  /* the batch that is refused, counted from 1, and how */
  guint refused;
  GstFlowReturn refusal;
  gboolean eos;
} Rig;

/* Variants from N_MODES on are of the source. It makes F32 mono at 48 kHz, left
 * alone: so does the feed of the filter. */
void rig_setup (Rig * self, guint variant);

/* Everything is streamed, by a thread. */
void rig_start (Rig * self);

/* Nothing streams any more: what the filter returned last. */
GstFlowReturn rig_await_end (Rig * self);

/* Feeds the filter from the thread of the caller. */
void rig_begin_feed (Rig * self);
GstFlowReturn rig_feed_chunk (Rig * self);

/* A pad to link in place of the consumer. */
GstPad *rig_consumer_new (Rig * self);

/* @batch is the ramp at its time. */
void rig_assert_is_ramp (GstBuffer * batch, const Audio * audio);
void rig_assert_nothing_lost (Rig * self);

/* Ends all but the batches that are held, and the ramp. */
void rig_dismantle (Rig * self);
void rig_clear (Rig * self);
