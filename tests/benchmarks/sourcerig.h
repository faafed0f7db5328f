/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A source that runs, for so many buffers, into a pad that drops them. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

typedef struct
{
  /* a nick */
  const gchar *wave;
  GstAudioFormat format;
  guint channels;
  /* of audiobatchsrc only: a nick, or NULL for what it is when left alone, and
   * then without reports; and the size of a batch, 0 for 1024 samples */
  const gchar *allocation;
  guint samples;
} SourceCase;

/* Thread-safety: of the thread that made it; the source has one of its own. */
typedef struct _SourceRig SourceRig;

/* @way is "audiobatchsrc" or "audiotestsrc".
 *
 * Returns: NULL where there is no such element. */
SourceRig *source_rig_new (const gchar * way, const SourceCase * what);
void source_rig_free (SourceRig * self);

/* Starts the source, waits for so many buffers, and stops it.
 *
 * Returns: the time on the processor, in ns, from the end of the first of them
 * to the end of the last. */
guint64 source_rig_run (SourceRig * self, guint batches);

G_END_DECLS
