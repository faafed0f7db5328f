/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Supplies an element with memory for its batches: decides whether to recycle,
 * and limits how many batches downstream may hold. */
#pragma once

#include <gst/audio/audio.h>

#include "memory/memory.h"
#include "stats/trial.h"

G_BEGIN_DECLS

/**
 * GstAudioBatchOverrun:
 * @GST_AUDIO_BATCH_OVERRUN_WAIT: wait until downstream releases a batch
 * @GST_AUDIO_BATCH_OVERRUN_DROP: drop the batch
 * @GST_AUDIO_BATCH_OVERRUN_ERROR: end with an element error
 *
 * What to do while downstream holds max-outstanding-batches.
 *
 * Since: 1.0
 */
typedef enum
{
  GST_AUDIO_BATCH_OVERRUN_WAIT,
  GST_AUDIO_BATCH_OVERRUN_DROP,
  GST_AUDIO_BATCH_OVERRUN_ERROR,
} GstAudioBatchOverrun;

/* The settings of the application. */
typedef struct
{
  GstAudioBatchAllocation allocation;
  /* buffers; max 0: no limit */
  guint pool_min, pool_max;
  /* batches; 0: no limit */
  guint max_outstanding;
  GstAudioBatchOverrun overrun;
} AbSupplySettings;

typedef struct
{
  /* constant; the element embeds us and so outlives us */
  GstElement *element;
  GstDebugCategory *category;
  /* guarded by the element's OBJECT_LOCK: as the application set them */
  const AbSupplySettings *wanted;

  /* any thread: the limit changed since the streaming thread last checked */
  atomic_bool bound_changed;

  /* all that follows: streaming thread */

  AbMemory memory;
  /* GStreamer's allocator of system memory, to compare */
  GstAllocator *system;
  /* the settings in force */
  AbSupplySettings settings;
  /* the format, owned by the element, and samples of the longest batch */
  const GstAudioInfo *info;
  guint max_samples;
  /* bytes that the process may use, and that the machine has; 0: no limit, or
   * unknown */
  guint64 process_limit;
  guint64 machine_limit;

  /* post element messages; set by the owner */
  gboolean posts;

  /* make a new plan before the next batch */
  gboolean plan_due;
  /* size or format changed: fresh memory may cost something else now */
  gboolean trial_due;
  AbTrial trial;
  guint until_look;
  /* where the figures of fresh batches begin, if @looked */
  AbLook fresh_start;
  gboolean looked;
  /* Constant; tests change it. */
  gboolean (*read_usage) (AbUsage * usage);
  guint until_timed;

  /* Microseconds, without the duration of a batch: after a wait of this length
   * downstream most likely never releases a batch. Constant; tests change it. */
  gint64 patience;
  /* the application was told so since the start */
  gboolean stall_told;
  /* set at the start: wait also with overrun=drop */
  gboolean never_drops;
} AbSupply;

void ab_supply_init (AbSupply * self, GstElement * element,
    GstDebugCategory * category, const AbSupplySettings * wanted);

/* Call these while nothing streams. Keeps a reference to @ledger, and counts
 * there, until ab_supply_stop(). A stop without a start is allowed. */
void ab_supply_start (AbSupply * self, AbLedger * ledger);
void ab_supply_stop (AbSupply * self);

/* Any thread: @wanted has changed. Knock at the gate after this: then a waiting
 * streaming thread checks the limit again. */
void ab_supply_wake (AbSupply * self);

/* All that follows: streaming thread. */

/* Applies @settings, a copy of @wanted. */
void ab_supply_take_settings (AbSupply * self,
    const AbSupplySettings * settings);

/* From now on batches have up to @max_samples samples of @info. The element
 * owns @info, and must keep it. */
void ab_supply_set_size (AbSupply * self, const GstAudioInfo * info,
    guint max_samples);

/* Is memory recycled? Then an ALLOCATION query needs a pool. */
gboolean ab_supply_is_recycled (const AbSupply * self);

/* Takes downstream's answer to an ALLOCATION query. */
void ab_supply_take_query (AbSupply * self, GstQuery * query);

/* The batch was dropped and counted, because downstream holds too many. Other
 * elements can't return this value: theirs begin at GST_FLOW_CUSTOM_SUCCESS. */
#define AB_FLOW_DROPPED ((GstFlowReturn) (GST_FLOW_OK + 1))

/* With allocation=fresh, measures for the advice what batches cost the calling
 * thread. Makes system calls: for reports. */
void ab_supply_measure_fresh (AbSupply * self);

/* Acquires @room for the next batch, of @n_samples samples. The caller is its
 * only owner.
 *
 * If it waits for too long while the pipeline is to play, it posts a warning,
 * once after each start.
 *
 * Returns: GST_FLOW_OK; AB_FLOW_DROPPED if downstream holds too many batches
 * and overrun=drop; GST_FLOW_FLUSHING if the gate was shut; GST_FLOW_ERROR if
 * an element error was posted. */
GstFlowReturn ab_supply_acquire (AbSupply * self, guint n_samples,
    AbRoom * room);

/* The chunk's memory does not suit downstream. Copy its samples. */
#define AB_FLOW_UNFIT ((GstFlowReturn) (GST_FLOW_OK + 2))

/* Makes @chunk the next batch, of @n_samples samples, and counts it. The caller
 * is its only owner, and of @memory, the only one in it.
 *
 * Returns: as ab_supply_acquire(), and AB_FLOW_UNFIT */
GstFlowReturn ab_supply_adopt (AbSupply * self, GstBuffer * chunk,
    GstMemory * memory, guint n_samples);

/* Waits until downstream releases a batch, at most for the duration of
 * @n_samples samples. A source calls it after it drops a batch.
 *
 * Returns: FALSE if the gate was shut. */
gboolean ab_supply_pass_time (AbSupply * self, guint n_samples);

G_END_DECLS
