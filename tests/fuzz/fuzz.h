/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the targets that drive an element: setup of GStreamer, the
 * element's errors, statistics and properties, random formats and queries. */
#pragma once

#include <gst/audio/audio.h>

#include "input.h"

G_BEGIN_DECLS

/* Each target defines these two; the first runs it on one input. */
void fuzz_run (const guint8 * data, gsize size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* Calls fuzz_run(), as often as FUZZ_REPEAT says. Each time it must end with the
 * same digest. */
int LLVMFuzzerTestOneInput (const guint8 * data, gsize size);

/* Adds to the digest of what came out of this input. */
void fuzz_note (gconstpointer data, gsize size);
guint64 fuzz_digest (void);

/* Asserts a promise. If it does not hold, aborts the program, so that the
 * fuzzer keeps the input. */
#define PROMISE(holds, ...) \
  G_STMT_START { \
    if (G_UNLIKELY (!(holds))) \
      fuzz_fail (__FILE__, __LINE__, #holds, __VA_ARGS__); \
  } G_STMT_END

void fuzz_fail (const gchar * file, gint line, const gchar * promise,
    const gchar * format, ...) G_GNUC_PRINTF (4, 5) G_GNUC_NORETURN;

/* Before a function with a loop over samples: not instrumented, because each
 * round would be reported to libFuzzer. */
#ifdef __clang__
#define UNGUIDED __attribute__ ((no_sanitize ("coverage")))
#else
#define UNGUIDED
#endif

/* Before a definition that takes the place of one in a library: the program's
 * symbols come first. */
#define REPLACES __attribute__ ((visibility ("default")))

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

/* Adds them to the digest too. */
void figures_read (Figures * self, GstElement * element);

/* One counter in stats. */
guint64 figures_one (GstElement * element, const gchar * name);

guint figures_uint (GstElement * element, const gchar * property);

/* Sets any property of @element that is not in the text @except to any value in
 * its range, the limits included. pool-min-buffers gets a small value: the pool allocates that many
 * at once.
 *
 * Returns: the property's name. */
const gchar *fuzz_set_property (GstElement * element, Input * input,
    const gchar * except);

/* A batch of more bytes takes long and shows nothing new. From REFUSED_BYTES on
 * there is no memory, and the element refuses at once. */
#define LONG_BYTES (32 << 10)

/* The batch size that an input begins with. */
#define SHORT_BATCH 100
#define REFUSED_BYTES (G_GUINT64_CONSTANT (1) << 30)

/* Keeps batches short, or so long that they are refused, if they have the format
 * @info. One without a format stands for the default. */
void fuzz_keep_short (GstElement * element, const GstAudioInfo * info);

/* Any format. */
void fuzz_audio_info (GstAudioInfo * info, Input * input);

/* Sends any query to @pad. */
void fuzz_query (GstPad * pad, Input * input);

G_END_DECLS
