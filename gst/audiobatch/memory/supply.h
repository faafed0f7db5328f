/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Supplies an element with memory for its batches: fresh or recycled, and within
 * the bound on what downstream may hold. */
#pragma once

#include <gst/audio/audio.h>

#include "memory/memory.h"
#include "stats/advice.h"

G_BEGIN_DECLS

/**
 * GstAudioBatchOverrun:
 * @GST_AUDIO_BATCH_OVERRUN_WAIT: wait until downstream releases a batch
 * @GST_AUDIO_BATCH_OVERRUN_DROP: drop the batch
 * @GST_AUDIO_BATCH_OVERRUN_ERROR: end with an element error
 *
 * What to do while downstream holds as many batches as it may.
 */
typedef enum
{
  GST_AUDIO_BATCH_OVERRUN_WAIT,
  GST_AUDIO_BATCH_OVERRUN_DROP,
  GST_AUDIO_BATCH_OVERRUN_ERROR,
} GstAudioBatchOverrun;

/* What the user sets. */
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
  /* OBJECT_LOCK of the element: as the user has set them */
  const AbSupplySettings *wanted;

  /* any thread: the bound was changed since the streaming thread last looked */
  atomic_bool bound_changed;

  /* all that follows: streaming thread */

  AbMemory memory;
  /* the settings in force */
  AbSupplySettings settings;
  /* the format, owned by the element, and samples of the longest batch */
  const GstAudioInfo *info;
  guint max_samples;
  /* bytes that the process may use, and that the machine has; 0 where there is
   * no limit, and where the system does not tell */
  guint64 process_limit;
  guint64 machine_limit;

  /* the memory is planned anew before the next batch */
  gboolean plan_due;
  AbAdvice advice;
  guint until_advice;
  guint until_timed;
} AbSupply;

void ab_supply_init (AbSupply * self, GstElement * element,
    GstDebugCategory * category, const AbSupplySettings * wanted);

/* While nothing streams. Counts into @ledger, to which it keeps a reference
 * until ab_supply_stop(), which may be called without a start. */
void ab_supply_start (AbSupply * self, AbLedger * ledger);
void ab_supply_stop (AbSupply * self);

/* Any thread: @wanted has changed. Who waits at the bound looks again after a
 * knock at the gate. */
void ab_supply_wake (AbSupply * self);

/* All that follows: streaming thread. */

/* Takes @settings, which are a copy of what is wanted. */
void ab_supply_take_settings (AbSupply * self,
    const AbSupplySettings * settings);

/* Batches have up to @max_samples samples of @info from now on; @info is the
 * element's and stays where it is. */
void ab_supply_set_size (AbSupply * self, const GstAudioInfo * info,
    guint max_samples);

/* Takes what downstream wishes for memory, from an answered ALLOCATION query. */
void ab_supply_take_query (AbSupply * self, GstQuery * query);

/* No batch was to be had, and was counted as dropped. */
#define AB_FLOW_DROPPED GST_FLOW_CUSTOM_SUCCESS

/* Room for the next batch, of @n_samples samples, which is the caller's alone.
 *
 * Returns: GST_FLOW_OK; AB_FLOW_DROPPED if downstream holds too many batches and
 * overrun says to drop; GST_FLOW_FLUSHING if a wait for one was ended;
 * GST_FLOW_ERROR if an element error has been posted. */
GstFlowReturn ab_supply_acquire (AbSupply * self, guint n_samples,
    AbRoom * room);

/* Waits, for as long as @n_samples samples last, for downstream to release a
 * batch: what a source does in place of a batch that it drops.
 *
 * Returns: FALSE if that was ended. */
gboolean ab_supply_pass_time (AbSupply * self, guint n_samples);

G_END_DECLS
