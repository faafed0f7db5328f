/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a source for a given number of buffers. Its peer pad drops them. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

typedef struct
{
  /* a nick */
  const gchar *wave;
  GstAudioFormat format;
  guint channels;
  /* Only for audiobatchsrc: a nick of "allocation", which also turns the
   * reports off, or NULL for the default; and the samples of a batch, or 0 for
   * the default, 1024. */
  const gchar *allocation;
  guint samples;
  /* NULL, or called in the streaming thread, once, with the first buffer. */
  void (*prepare) (void);
} SourceCase;

/* Thread-safety: only for the thread that created it. The source has a
 * streaming thread of its own. */
typedef struct _SourceRig SourceRig;

/* @way is "audiobatchsrc" or "audiotestsrc".
 *
 * Returns: NULL if there is no such element. */
SourceRig *source_rig_new (const gchar * way, const SourceCase * what);
void source_rig_free (SourceRig * self);

/* Starts the source, waits for @batches buffers, and stops it.
 *
 * Returns: the CPU time of the streaming thread from the first buffer to the
 * last, in ns. */
guint64 source_rig_run (SourceRig * self, guint batches);

G_END_DECLS
