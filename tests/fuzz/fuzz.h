/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the targets that drive an element: setup of GStreamer, the
 * element's errors, statistics and properties, random formats and queries. */
#pragma once

#include <gst/audio/audio.h>

#include "input.h"

G_BEGIN_DECLS

/* Each target defines these two; the first runs it on one input. */
int LLVMFuzzerTestOneInput (const guint8 * data, gsize size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* Asserts a promise. If it does not hold, aborts the program, so that the
 * fuzzer keeps the input. */
#define PROMISE(holds, ...) \
  G_STMT_START { \
    if (G_UNLIKELY (!(holds))) \
      fuzz_fail (__FILE__, __LINE__, #holds, __VA_ARGS__); \
  } G_STMT_END

void fuzz_fail (const gchar * file, gint line, const gchar * promise,
    const gchar * format, ...) G_GNUC_PRINTF (4, 5) G_GNUC_NORETURN;

/* Starts GStreamer without plugins and without a registry, and makes warnings
 * and criticals fatal. */
void fuzz_init_gst (void);

/* Counts the element's error messages and discards all messages. */
typedef struct
{
  GstBus *bus;
  gint errors;
} Listener;

void listener_init (Listener * self, GstElement * element);
gint listener_errors (Listener * self);
void listener_clear (Listener * self);

/* The counters in stats that must add up. */
typedef struct
{
  guint64 in, inserted, out, dropped, pending;
  guint64 batches, outstanding, outstanding_bytes;
} Figures;

void figures_read (Figures * self, GstElement * element);

/* One counter in stats. */
guint64 figures_one (GstElement * element, const gchar * name);

guint figures_uint (GstElement * element, const gchar * property);

/* Sets any property of @element to any value in its range, the limits
 * included. pool-min-buffers gets a small value: the pool allocates that many
 * at once.
 *
 * Returns: the property's name. */
const gchar *fuzz_set_property (GstElement * element, Input * input);

/* Any format. */
void fuzz_audio_info (GstAudioInfo * info, Input * input);

/* Sends any query to @pad. */
void fuzz_query (GstPad * pad, Input * input);

G_END_DECLS
