/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model of audiobatch: docs/elements.md in the simplest code possible. It
 * keeps every sample and works sample by sample; speed does not matter. */
#pragma once

#include <gst/audio/audio.h>

typedef enum
{
  OP_STREAM_START,
  OP_CHUNK,
  OP_GAP,
  OP_FLUSH,
  OP_SEGMENT,
  OP_CAPS,
  OP_CUSTOM,
  OP_SEGMENT_DONE,
  OP_SET,
  OP_EOS,
  N_OPS
} OperationKind;

typedef enum
{
  SET_SAMPLES,
  SET_DURATION,
  SET_FRACTION,
  SET_HOP,
  SET_TAIL,
  SET_DISCONT,
  SET_THRESHOLD,
  SET_WAIT,
  SET_MAX_FILL,
  N_SETTINGS
} Setting;

/* values of the enum properties */
typedef enum
{
  TAIL_SHORT,
  TAIL_PAD,
  TAIL_DROP
} Tail;

typedef enum
{
  DISCONT_RESYNC,
  DISCONT_FILL
} Discont;

/* An operation of upstream or of the user. */
typedef struct
{
  OperationKind kind;
  /* stays when other operations are removed; also the seqnum of an event */
  guint id;

  /* OP_CHUNK */
  guint n_samples;
  GstBufferFlags flags;
  /* OP_CHUNK, OP_GAP, OP_SEGMENT_DONE */
  GstClockTime time;
  /* OP_GAP */
  GstClockTime duration;
  /* OP_FLUSH, OP_SEGMENT */
  GstSegment segment;
  /* OP_CAPS; @note makes caps that differ but mean the same */
  GstAudioInfo info;
  gint note;
  /* OP_SET; fractions are @value / @denominator */
  Setting setting;
  guint64 value;
  gint denominator;
} Operation;

/* An output item: an event or a batch. */
typedef struct
{
  /* id of the operation that caused it */
  guint operation;
  GstEvent *event;

  GstClockTime pts;
  GstClockTime duration;
  guint64 offset;
  guint64 offset_end;
  /* DISCONT, RESYNC and GAP only */
  guint flags;
  /* samples that the clipping meta marks; 0 without one */
  guint64 padding;
  GBytes *data;
} Item;

typedef struct
{
  guint64 in;
  guint64 out;
  guint64 inserted;
  guint64 dropped;
  guint64 pending;
  guint64 batches;
} Stats;

/* One frame. Input frames are numbered; silence has no number. */
typedef struct
{
  gint64 number;
  gboolean silent;
} Sample;

/* The setting that decides the batch size: @n / @d seconds, or @n samples. */
typedef struct
{
  Setting kind;
  guint64 n;
  guint64 d;
} SizeWish;

/* Position and time of a run in a segment: the sample at @position is due at
 * @base. */
typedef struct
{
  GstSegment segment;
  GstClockTime base;
  guint64 position;
} Timeline;

typedef struct
{
  guint64 settings[N_SETTINGS];
  gint fraction_d;

  gboolean has_format;
  GstAudioInfo info;

  /* all samples; the index is the position */
  GArray *samples;
  guint64 n_numbers;

  gboolean in_run;
  gboolean run_has_batch;
  /* `in` judges chunks, `out` stamps batches. They differ only while a segment
   * waits. */
  Timeline in;
  Timeline out;
  /* if chunks are off, since which running time */
  gboolean is_off;
  gint64 off_since;
  /* samples still to be dropped because they overlap */
  guint64 overlap;

  /* the last segment from upstream, and the forward one that we make of it */
  GstSegment upstream_segment;
  GstSegment segment;
  /* no chunk has come yet to show whether running time continues in it */
  gboolean segment_is_new;
  /* rate of the segment in which the run began */
  gdouble run_rate;
  gboolean break_is_due;
  /* Waiting events: segments and what follows them. The first `n_leaving` may
   * leave once the open batch is pushed. */
  GPtrArray *waiting;
  guint n_leaving;

  gboolean is_open;
  guint64 begin;
  guint64 size;
  guint64 hop;
  SizeWish wish;
  /* batches begun since the run, or since the size was set */
  guint64 n_begun;
  /* the earliest position of the next batch */
  guint64 next_begin;
  /* samples before this position were pushed or never will be */
  guint64 done;

  guint operation;
  GPtrArray *items;
  Stats stats;
} Model;

Model *model_new (void);
void model_free (Model * self);

/* Adds what must come out at @operation to the items. */
void model_feed (Model * self, const Operation * operation);

/* Returns the PTS at which a chunk of @n_samples would be due. */
GstClockTime model_due (const Model * self, guint n_samples);

/* Returns the running time of the sample that is due. Call it only in a run. */
gint64 model_running_time (const Model * self);

/* Returns: (transfer full): the event of @operation, which must be an event. */
GstEvent *operation_event (const Operation * operation);

/* Returns frames as bytes, in the layout of a buffer: plane after plane. */
GBytes *samples_to_bytes (const GstAudioInfo * info, const Sample * samples,
    guint n_samples);

Item *item_new (guint operation);
void item_free (Item * self);
