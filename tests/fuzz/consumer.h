/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The consumer: takes batches from the element and checks the promises about
 * each of them. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* After this much the consumer returns GST_FLOW_EOS, so that no input takes
 * long. */
#define CONSUMER_MAX_BATCHES 300
#define CONSUMER_MAX_BYTES (256 << 10)

/* The last batch; the next one must continue it. */
typedef struct
{
  gboolean known;
  guint64 offset, offset_end;
  GstClockTime pts, end;
} LastBatch;

/* Thread-safety: only one pad pushes at a time. Meanwhile other threads may
 * only release held batches, and use the fields under the lock. */
typedef struct
{
  GstPad *pad;
  GstPad *peer;

  /* what the consumer does with the next batches */
  GstFlowReturn flow;
  gboolean hold;
  gboolean scribble;
  gboolean refuse_caps;
  /* allow SEGMENT_DONE without a SEGMENT: GstBaseSrc 1.22 sends no segment if
   * there is no batch */
  gboolean lone_end;
  /* all that comes is part of the digest; not if another thread makes one too */
  gboolean noted;
  /* called for each batch, after the checks */
  void (*on_batch) (gpointer user_data);
  void (*on_event) (gpointer user_data, GstEvent * event);
  gpointer user_data;

  /* The answers to the ALLOCATION and CAPS queries. Under the lock: the
   * streaming thread may query at any time, for example after an error. */
  GstAllocationParams params;
  gboolean has_params;
  GstAllocator *allocator;
  GstBufferPool *pool;
  guint pool_size, pool_min, pool_max;
  GstCaps *caps;

  /* what the next batch must match */
  GstAudioInfo info;
  GstSegment segment;
  LastBatch last;
  /* every sample is in exactly one batch, in order */
  gboolean gapless;
  gboolean reverse;
  /* samples carry their number, from 1; silence is 0 */
  gboolean numbered;
  /* sample 0 is at time 0, and all samples are inside the segment */
  gboolean from_zero;
  /* timestamps are those of the samples, without timestamp-offset */
  gboolean timed;
  guint32 last_number;
  /* that of the last batch, or 0 if it has none */
  guint32 first_number;
  gboolean starts_silent;
  /* the first batch of a run is DISCONT and RESYNC, and no other is */
  gboolean marks_runs;
  /* a flush came, and no segment since */
  gboolean flushed;
  /* the next batch begins a run */
  gboolean new_run;

  GMutex lock;
  /* under the lock */
  GQueue held;
  /* how many of the held batches are from the present run */
  guint held_now;
  guint64 batches, bytes, samples;
  gboolean returned_error;
  gboolean has_refused;
} Consumer;

/* Links to @srcpad. */
void consumer_init (Consumer * self, GstPad * srcpad);

/* Unlinks, and keeps the held batches. */
void consumer_unlink (Consumer * self);
void consumer_link (Consumer * self);

/* Forgets the stream, for a new run. */
void consumer_restart (Consumer * self);

/* FALSE if none is held. */
gboolean consumer_release_one (Consumer * self, gboolean last);
void consumer_release_all (Consumer * self);

/* Checks @batch; then holds or releases it. */
GstFlowReturn consumer_take (Consumer * self, GstBuffer * batch);

/* Sets the answer to the CAPS and ACCEPT_CAPS queries; NULL accepts anything.
 * Takes ownership of @caps. */
void consumer_wish_caps (Consumer * self, GstCaps * caps);

/* Sets any answer to the ALLOCATION query. */
void consumer_fuzz_allocation (Consumer * self, Input * input);

/* Releases all batches and the pad. */
void consumer_clear (Consumer * self);

/* Can the samples of @info carry a number? */
gboolean consumer_can_number (const GstAudioInfo * info);

G_END_DECLS
