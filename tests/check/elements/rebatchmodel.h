/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What audiobatch has to do by docs/elements.md, written as plainly as can be:
 * it keeps every sample, goes sample by sample, and is in no hurry. */
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

/* nicks of the properties' values */
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

/* What upstream or the user does. */
typedef struct
{
  OperationKind kind;
  /* stays the same when others are taken away; the seqnum of an event */
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
  /* OP_CAPS; @note makes caps that are others and mean the same */
  GstAudioInfo info;
  gint note;
  /* OP_SET; fractions are @value / @denominator */
  Setting setting;
  guint64 value;
  gint denominator;
} Operation;

/* What comes out: an event or a batch. */
typedef struct
{
  /* id of the operation that it comes at */
  guint operation;
  GstEvent *event;

  GstClockTime pts;
  GstClockTime duration;
  guint64 offset;
  guint64 offset_end;
  /* DISCONT, RESYNC and GAP only */
  guint flags;
  /* samples that the clipping meta marks; 0 where there is none */
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

/* One frame. All that came in are numbered; silence has no number. */
typedef struct
{
  gint64 number;
  gboolean silent;
} Sample;

/* What decides on the size of batches: @n / @d seconds, or @n samples. */
typedef struct
{
  Setting kind;
  guint64 n;
  guint64 d;
} SizeWish;

/* A run's way through a segment: the sample at @position is due at @base. */
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

  /* every sample that has a position, which is its index */
  GArray *samples;
  guint64 n_numbers;

  gboolean in_run;
  gboolean run_has_batch;
  /* what chunks are judged by, and what batches are stamped with; another only
   * while a segment waits */
  Timeline in;
  Timeline out;
  /* running time since when chunks are off, if they are */
  gboolean is_off;
  gint64 off_since;
  /* samples still to be dropped because they overlap */
  guint64 overlap;

  /* the last that came, and what it is as an ordinary, forward one */
  GstSegment upstream_segment;
  GstSegment segment;
  /* no chunk has shown yet whether running time goes on in it */
  gboolean segment_is_new;
  /* that of the segment in which the run began */
  gdouble run_rate;
  gboolean break_is_due;
  /* events: segments, and all behind them; the first so many wait only for
   * the open batch to be out */
  GPtrArray *waiting;
  guint n_leaving;

  gboolean is_open;
  guint64 begin;
  guint64 size;
  guint64 hop;
  SizeWish wish;
  /* batches begun since the run, or since the size was set */
  guint64 n_begun;
  /* where the next batch begins at the earliest */
  guint64 next_begin;
  /* samples before this position have left, or never will */
  guint64 done;

  guint operation;
  GPtrArray *items;
  Stats stats;
} Model;

Model *model_new (void);
void model_free (Model * self);

/* Adds what has to come out at @operation to the items. */
void model_feed (Model * self, const Operation * operation);

/* PTS with which a chunk of @n_samples would be due. */
GstClockTime model_due (const Model * self, guint n_samples);

/* Running time of the sample that is due. Only in a run. */
gint64 model_running_time (const Model * self);

/* Returns: (transfer full): the event of an operation that is one. */
GstEvent *operation_event (const Operation * operation);

/* Frames as bytes, plane after plane, the way they are in a buffer. */
GBytes *samples_to_bytes (const GstAudioInfo * info, const Sample * samples,
    guint n_samples);

Item *item_new (guint operation);
void item_free (Item * self);
