/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the targets that drive an element share: setting GStreamer up, the
 * element's errors, its figures, its properties, formats. */
#pragma once

#include <gst/audio/audio.h>

#include "input.h"

G_BEGIN_DECLS

/* One target: a run on one input. */
int LLVMFuzzerTestOneInput (const guint8 * data, gsize size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* What is promised. Ends the program, and with it the fuzzer's run, where it
 * does not hold. */
#define PROMISE(holds, ...) \
  G_STMT_START { \
    if (G_UNLIKELY (!(holds))) \
      fuzz_fail (__FILE__, __LINE__, #holds, __VA_ARGS__); \
  } G_STMT_END

void fuzz_fail (const gchar * file, gint line, const gchar * promise,
    const gchar * format, ...) G_GNUC_PRINTF (4, 5) G_GNUC_NORETURN;

/* Without plugins and without a registry; every critical warning is fatal. */
void fuzz_init_gst (void);

/* The element's messages: errors are counted, and nothing is kept. */
typedef struct
{
  GstBus *bus;
  gint errors;
} Listener;

void listener_init (Listener * self, GstElement * element);
gint listener_errors (Listener * self);
void listener_clear (Listener * self);

/* The counters of @element that have to add up. */
typedef struct
{
  guint64 in, inserted, out, dropped, pending;
  guint64 batches, outstanding, outstanding_bytes;
} Figures;

void figures_read (Figures * self, GstElement * element);
guint figures_uint (GstElement * element, const gchar * property);

/* Sets any property of @element to any value it may have, the least and the
 * greatest among them. Where a value would take for ever (a pool of two
 * thousand million buffers), it is a smaller one.
 *
 * Returns: its name. */
const gchar *fuzz_set_property (GstElement * element, Input * input);

/* Any format. */
void fuzz_audio_info (GstAudioInfo * info, Input * input);

/* Asks @pad one of all sorts of queries. */
void fuzz_query (GstPad * pad, Input * input);

G_END_DECLS
