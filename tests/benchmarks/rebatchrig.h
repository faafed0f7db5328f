/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pushes chunks from one pad to another, through an element that makes batches
 * of them or through the "floor", which does only the least work necessary. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* Samples of a batch. */
#define RIG_BATCH 1024
#define RIG_RATE 48000

/* These stand in place of an element's name: the floor, and audiobatch with
 * zero-copy. */
#define RIG_FLOOR "floor"
#define RIG_ZERO_COPY "zero-copy"

typedef struct
{
  /* samples of a chunk */
  guint chunk;
  guint channels;
  GstAudioFormat format;
} RebatchCase;

/* Thread-safety: only for the thread that created it; there is no other. */
typedef struct _RebatchRig RebatchRig;

/* @way is RIG_FLOOR, RIG_ZERO_COPY, "audiobatch", "audiobuffersplit", or
 * "identity", which needs chunks of one batch.
 *
 * Returns: NULL if there is no such element. */
RebatchRig *rebatch_rig_new (const gchar * way, const RebatchCase * what);

/* Checks that all batches arrived, and frees @self. */
void rebatch_rig_free (RebatchRig * self);

/* Makes and pushes chunks for at most @batches batches, but at least one chunk.
 *
 * Returns: how many samples it pushed. */
guint64 rebatch_rig_push (RebatchRig * self, guint batches);

G_END_DECLS
