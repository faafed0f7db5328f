/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Downstream of an element: takes batches, and looks at what is promised of
 * each of them. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* What a consumer takes before it returns GST_FLOW_EOS, so that no input takes
 * long. */
#define CONSUMER_MAX_BATCHES 300
#define CONSUMER_MAX_BYTES (8 << 20)

/* The last batch that came, for what the next one is to follow on. */
typedef struct
{
  gboolean known;
  guint64 offset, offset_end;
  GstClockTime pts, end;
} LastBatch;

/* Thread-safety: one pad pushes here at one time, and nobody else has to do
 * with this meanwhile, but for releasing what is held. */
typedef struct
{
  GstPad *pad;
  GstPad *peer;

  /* what is done with the next batches */
  GstFlowReturn flow;
  gboolean hold;
  gboolean scribble;
  gboolean refuse_caps;
  /* GstBaseSrc 1.22 sends no segment where no batch is to be made */
  gboolean lone_end;
  /* called for each batch, after the checks */
  void (*on_batch) (gpointer user_data);
  void (*on_event) (gpointer user_data, GstEvent * event);
  gpointer user_data;

  /* what the ALLOCATION and CAPS queries answer, under the lock: who streams
   * asks again when he likes, such as behind an error */
  GstAllocationParams params;
  gboolean has_params;
  GstBufferPool *pool;
  guint pool_size, pool_min, pool_max;
  GstCaps *caps;

  /* what batches have to follow on */
  GstAudioInfo info;
  GstSegment segment;
  LastBatch last;
  /* every sample is in one batch, in order, and none of them is lost */
  gboolean gapless;
  gboolean reverse;
  /* samples carry their number, from 1; silence is 0 */
  gboolean numbered;
  /* sample 0 is at time 0, and nothing is outside of the segment */
  gboolean from_zero;
  /* times are those of the samples, and not offset */
  gboolean timed;
  guint32 last_number;

  GMutex lock;
  /* under the lock */
  GQueue held;
  /* of the held ones, those of the run that goes on */
  guint held_now;
  guint64 batches, bytes, samples;
  gboolean returned_error;
  gboolean has_refused;
} Consumer;

/* Links to @srcpad. */
void consumer_init (Consumer * self, GstPad * srcpad);

/* Unlinks, and keeps what is held. */
void consumer_unlink (Consumer * self);
void consumer_link (Consumer * self);

/* As the start of a run: nothing has come. */
void consumer_restart (Consumer * self);

/* FALSE when nothing is held. */
gboolean consumer_release_one (Consumer * self, gboolean last);
void consumer_release_all (Consumer * self);

/* Looks at @batch, and then does what is to be done with it. */
GstFlowReturn consumer_take (Consumer * self, GstBuffer * batch);

/* What the CAPS and ACCEPT_CAPS queries answer from now on; NULL: anything.
 * Takes @caps. */
void consumer_wish_caps (Consumer * self, GstCaps * caps);

/* Takes one of all sorts of answers to the ALLOCATION query. */
void consumer_fuzz_allocation (Consumer * self, Input * input);

/* Releases all and lets go of the pad. */
void consumer_clear (Consumer * self);

/* Does @info have numbers in its samples? */
gboolean consumer_can_number (const GstAudioInfo * info);

G_END_DECLS
