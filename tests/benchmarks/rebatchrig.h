/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chunks pushed from one pad to another one, through an element that makes
 * batches of them, or through the floor: the least that could do it. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* Samples of a batch. */
#define RIG_BATCH 1024
#define RIG_RATE 48000

/* The way that is no element. */
#define RIG_FLOOR "floor"

typedef struct
{
  /* samples of a chunk */
  guint chunk;
  guint channels;
  GstAudioFormat format;
} RebatchCase;

/* Thread-safety: of the thread that made it, in which everything runs. */
typedef struct _RebatchRig RebatchRig;

/* @way is RIG_FLOOR, "audiobatch" or "audiobuffersplit".
 *
 * Returns: NULL where there is no such element. */
RebatchRig *rebatch_rig_new (const gchar * way, const RebatchCase * what);

/* Checks that all the batches came, and frees @self. */
void rebatch_rig_free (RebatchRig * self);

/* Makes and pushes whole chunks, for @batches batches at the most, but one
 * chunk at the least.
 *
 * Returns: how many samples those were. */
guint64 rebatch_rig_push (RebatchRig * self, guint batches);

G_END_DECLS
