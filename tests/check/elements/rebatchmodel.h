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
  OP_TAG,
  OP_STICKY,
  OP_SEGMENT_DONE,
  OP_SET,
  OP_LIVE,
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
  /* OP_CAPS */
  GstAudioInfo info;
  /* OP_CAPS: makes caps that differ but mean the same. OP_STICKY: makes names
   * that differ. OP_CUSTOM: not 0 if the event is not serialized */
  gint note;
  /* OP_LIVE: whether upstream is. OP_SET; fractions are
   * @value / @denominator */
  Setting setting;
  guint64 value;
  gint denominator;
} Operation;

/* Flags of a chunk that its batch can have. */
#define CHUNK_FLAGS (GST_BUFFER_FLAG_LIVE | GST_BUFFER_FLAG_DECODE_ONLY \
    | GST_BUFFER_FLAG_CORRUPTED | GST_BUFFER_FLAG_MARKER \
    | GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DROPPABLE \
    | GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_SYNC_AFTER \
    | GST_BUFFER_FLAG_NON_DROPPABLE)
#define BREAK_FLAGS (GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC)
#define BATCH_FLAGS (CHUNK_FLAGS | BREAK_FLAGS | GST_BUFFER_FLAG_GAP)

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
  /* BATCH_FLAGS only */
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
  guint64 breaks;
  guint64 fills;
  guint64 drops;
} Stats;

/* One frame. Input frames are numbered; silence has no number. */
typedef struct
{
  gint64 number;
  gboolean silent;
  /* index of the chunk that it comes from; -1 if it comes from none */
  gint chunk;
} Sample;

/* A chunk on its way in: clipped, and forwards. */
typedef struct
{
  GArray *samples;
  GstClockTime time;
  guint flags;
  /* has BREAK_FLAGS, or should have */
  gboolean flagged;
  /* samples before the first one that are not in the segment */
  guint n_cut;
} Chunk;

/* The positions of a chunk that is placed, those of its first samples included
 * if they were cut or dropped. */
typedef struct
{
  gint64 begin;
  gint64 end;
  guint flags;
} Placed;

/* A position that is not known yet. */
#define UNKNOWN G_MAXUINT64

/* A waiting event. It leaves when all samples before @position have left. */
typedef struct
{
  GstEvent *event;
  guint64 position;
  /* came after the held chunk */
  gboolean is_behind_held;
} Waiting;

/* A sticky event on the source pad, which may not have left yet. */
typedef struct
{
  GstEvent *event;
  gboolean has_left;
} Sticky;

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
  /* the next batch begins with an ALLOCATION query about the new format */
  gboolean asks;

  /* all samples; the index is the position */
  GArray *samples;
  guint64 n_numbers;

  gboolean in_run;
  gboolean run_has_batch;
  /* a run has begun since the start or a flush */
  gboolean had_run;
  /* of Timeline, in order; the last one judges chunks, and each stamps the
   * batches that begin in it */
  GArray *timelines;
  /* if chunks are off, since which running time */
  gboolean is_off;
  gint64 off_since;
  /* samples still to be dropped because they overlap */
  guint64 overlap;
  /* a chunk whose time the next chunk must confirm, or NULL */
  Chunk *held;
  /* nothing was left of a chunk with BREAK_FLAGS */
  gboolean flag_is_due;
  /* a stream has started: the flag of its first chunk may mean nothing */
  gboolean stream_is_new;
  /* of Placed */
  GArray *placed;

  /* the last segment from upstream, and the forward one that we make of it */
  GstSegment upstream_segment;
  GstSegment segment;
  /* no chunk has come yet to show whether running time continues in it */
  gboolean segment_is_new;
  /* rate of the segment in which the run began */
  gdouble run_rate;
  gboolean break_is_due;
  gboolean is_live;
  /* running times told by GAP events since the last chunk, and the latest one
   * told before it; G_MININT64 if there is none */
  gint64 told_start;
  gint64 told_end;
  gint64 told_before;

  GArray *waiting;
  /* of Sticky, in the order in which GStreamer pushes them */
  GArray *sticky;

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
