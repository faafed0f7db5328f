/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties that both elements share. */

#include "settings/common.h"

#include <string.h>

#define DEFAULT_SAMPLES_PER_BATCH 1024
#define DEFAULT_ALLOCATION GST_AUDIO_BATCH_ALLOCATION_FRESH
#define DEFAULT_POOL_MIN_BUFFERS 2
#define DEFAULT_POOL_MAX_BUFFERS 16
#define DEFAULT_MAX_OUTSTANDING_BATCHES 0
#define DEFAULT_OVERRUN GST_AUDIO_BATCH_OVERRUN_WAIT
#define DEFAULT_REPORT_INTERVAL 1000
#define DEFAULT_POST_MESSAGES TRUE

#define STATS_NAME "audiobatch-stats"

GType
gst_audio_batch_overrun_get_type (void)
{
  static const GEnumValue values[] = {
    {GST_AUDIO_BATCH_OVERRUN_WAIT,
        "Wait until downstream releases a batch", "wait"},
    {GST_AUDIO_BATCH_OVERRUN_DROP,
        "Drop the batch and count it; the next one is DISCONT", "drop"},
    {GST_AUDIO_BATCH_OVERRUN_ERROR, "End with an element error", "error"},
    {0, NULL, NULL},
  };
  static gsize type = 0;

  return ab_enum_type (&type, "GstAudioBatchOverrun", values);
}

void
ab_common_settings_init (AbCommonSettings * self)
{
  memset (self, 0, sizeof *self);
  self->size.samples = DEFAULT_SAMPLES_PER_BATCH;
  self->size.fraction_d = 1;
  self->supply.allocation = DEFAULT_ALLOCATION;
  self->supply.pool_min = DEFAULT_POOL_MIN_BUFFERS;
  self->supply.pool_max = DEFAULT_POOL_MAX_BUFFERS;
  self->supply.max_outstanding = DEFAULT_MAX_OUTSTANDING_BATCHES;
  self->supply.overrun = DEFAULT_OVERRUN;
  self->report_interval = DEFAULT_REPORT_INTERVAL;
  self->post_messages = DEFAULT_POST_MESSAGES;
}

/**
 * GstAudioBatch:samples-per-batch:
 *
 * Size of a batch, in samples (frames). While the stream plays, a new size
 * takes effect at the next batch. #GstAudioBatch:output-buffer-duration and
 * #GstAudioBatch:output-buffer-duration-fraction override it.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:samples-per-batch:
 *
 * See #GstAudioBatch:samples-per-batch.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:output-buffer-duration:
 *
 * Size of a batch as a duration, in nanoseconds. It overrides
 * #GstAudioBatch:samples-per-batch, and 0 leaves it unset. If it is not a
 * whole number of samples, the sizes of batches differ by one sample, so that
 * they are exact in the long run.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:output-buffer-duration:
 *
 * See #GstAudioBatch:output-buffer-duration.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:output-buffer-duration-fraction:
 *
 * Size of a batch as a fraction of a second, such as 1/50. If it is not a
 * whole number of samples, the sizes of batches differ by one sample, so that
 * they are exact in the long run. It overrides
 * #GstAudioBatch:output-buffer-duration, and 0/1 leaves it unset.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:output-buffer-duration-fraction:
 *
 * See #GstAudioBatch:output-buffer-duration-fraction.
 *
 * Since: 1.0
 */

static void
install_size (GObjectClass * klass, GParamFlags flags)
{
  g_object_class_install_property (klass, AB_PROP_SAMPLES_PER_BATCH,
      g_param_spec_uint ("samples-per-batch", "Samples per batch",
          "Size of a batch, in samples (frames); a change takes effect at the "
          "next batch", 1, G_MAXINT, DEFAULT_SAMPLES_PER_BATCH, flags));
  g_object_class_install_property (klass, AB_PROP_OUTPUT_BUFFER_DURATION,
      g_param_spec_uint64 ("output-buffer-duration", "Output buffer duration",
          "Size of a batch as a duration, in nanoseconds; overrides "
          "samples-per-batch (0 = unset)", 0, G_MAXINT64, 0, flags));
  g_object_class_install_property (klass,
      AB_PROP_OUTPUT_BUFFER_DURATION_FRACTION,
      gst_param_spec_fraction ("output-buffer-duration-fraction",
          "Output buffer duration fraction",
          "Size of a batch as a fraction of a second, exact in the long run; "
          "overrides output-buffer-duration (0/1 = unset)", 0, 1, G_MAXINT, 1,
          0, 1, flags));
}

/**
 * GstAudioBatch:allocation:
 *
 * Where the memory of a batch comes from: fresh memory for each batch, a pool
 * that gets released memory back, or whichever the figures of the stream
 * advise.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:allocation:
 *
 * See #GstAudioBatch:allocation.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:pool-min-buffers:
 *
 * Buffers that the pool allocates and writes before the first batch.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:pool-min-buffers:
 *
 * See #GstAudioBatch:pool-min-buffers.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:pool-max-buffers:
 *
 * The most buffers that the pool recycles; 0 is no limit. While all are
 * outstanding, a batch gets fresh memory, which #GstAudioBatch:fallbacks
 * counts. The element never waits for the pool.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:pool-max-buffers:
 *
 * See #GstAudioBatch:pool-max-buffers.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:max-outstanding-batches:
 *
 * The most batches that downstream may hold; 0 is no limit.
 * #GstAudioBatch:overrun says what happens at the limit.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:max-outstanding-batches:
 *
 * See #GstAudioBatch:max-outstanding-batches.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:overrun:
 *
 * What to do while downstream holds #GstAudioBatch:max-outstanding-batches
 * batches: wait for a release, drop the batch, or end with an element error.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:overrun:
 *
 * See #GstAudioBatch:overrun.
 *
 * Since: 1.0
 */

static void
install_memory (GObjectClass * klass, GParamFlags flags)
{
  g_object_class_install_property (klass, AB_PROP_ALLOCATION,
      g_param_spec_enum ("allocation", "Allocation",
          "Where the memory of a batch comes from",
          GST_TYPE_AUDIO_BATCH_ALLOCATION, DEFAULT_ALLOCATION, flags));
  g_object_class_install_property (klass, AB_PROP_POOL_MIN_BUFFERS,
      g_param_spec_uint ("pool-min-buffers", "Minimum pool buffers",
          "Buffers that the pool allocates and writes before the first batch",
          0, G_MAXINT, DEFAULT_POOL_MIN_BUFFERS, flags));
  g_object_class_install_property (klass, AB_PROP_POOL_MAX_BUFFERS,
      g_param_spec_uint ("pool-max-buffers", "Maximum pool buffers",
          "Maximum number of buffers that the pool recycles; while all are "
          "outstanding, batches get new memory, which is counted in fallbacks "
          "(0 = no limit)", 0, G_MAXINT, DEFAULT_POOL_MAX_BUFFERS, flags));
  g_object_class_install_property (klass, AB_PROP_MAX_OUTSTANDING_BATCHES,
      g_param_spec_uint ("max-outstanding-batches",
          "Maximum outstanding batches",
          "Maximum number of batches that downstream may hold (0 = no limit)",
          0, G_MAXUINT, DEFAULT_MAX_OUTSTANDING_BATCHES, flags));
  g_object_class_install_property (klass, AB_PROP_OVERRUN,
      g_param_spec_enum ("overrun", "Overrun",
          "What to do while downstream holds max-outstanding-batches",
          GST_TYPE_AUDIO_BATCH_OVERRUN, DEFAULT_OVERRUN, flags));
}

/**
 * GstAudioBatch:report-interval:
 *
 * Batches from one report to the next; 0 turns reports off. A report is a line
 * in the log (INFO), an `audiobatch-report` element message and a notify for
 * each counter. The end of the stream brings a last report, unless one was
 * just sent.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:report-interval:
 *
 * See #GstAudioBatch:report-interval.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:post-messages:
 *
 * Whether to post element messages on the bus: reports, and changes of the
 * allocation. Set it to %FALSE if the application never reads its bus, because
 * the messages would pile up there.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:post-messages:
 *
 * See #GstAudioBatch:post-messages.
 *
 * Since: 1.0
 */

static void
install_settings (GObjectClass * klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  install_size (klass, flags);
  install_memory (klass, flags);
  g_object_class_install_property (klass, AB_PROP_REPORT_INTERVAL,
      g_param_spec_uint ("report-interval", "Report interval",
          "Batches from one report to the next; a report is a line in the log "
          "(INFO), an audiobatch-report element message and a notify for each "
          "counter; the end of the stream brings a last report, unless one was just "
          "sent (0 = off)", 0, G_MAXUINT, DEFAULT_REPORT_INTERVAL, flags));
  g_object_class_install_property (klass, AB_PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post element messages on the bus: reports, and changes of allocation; "
          "set it to FALSE if the application never reads its bus",
          DEFAULT_POST_MESSAGES, flags));
}

/**
 * GstAudioBatch:allocation-rate:
 *
 * Allocations per second of wall-clock time, over the last full report
 * interval. Until one is full, or without reports, it is the rate since the
 * start.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:allocation-rate:
 *
 * See #GstAudioBatch:allocation-rate.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:stats:
 *
 * All figures at one instant, in a #GstStructure: the counters, outstanding
 * batches and bytes, samples in, out, inserted, dropped and pending, the
 * nominal and the measured rate, allocation times in nanoseconds, and the
 * advice whether to recycle memory, with its reason.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:stats:
 *
 * See #GstAudioBatch:stats.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:batches:
 *
 * Batches pushed. Like all counters it restarts when the element goes from
 * READY to PAUSED, and any thread can read it in any state.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:batches:
 *
 * See #GstAudioBatch:batches.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:allocations:
 *
 * Batches whose memory was newly allocated.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:allocations:
 *
 * See #GstAudioBatch:allocations.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:allocated-bytes:
 *
 * Bytes newly allocated for batches.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:allocated-bytes:
 *
 * See #GstAudioBatch:allocated-bytes.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:reused:
 *
 * Batches whose memory came back from an earlier batch.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:reused:
 *
 * See #GstAudioBatch:reused.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:adopted:
 *
 * Batches that are the chunk itself, pushed without a copy; see
 * #GstAudioBatch:zero-copy.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:adopted:
 *
 * Always 0: no chunks come in. See #GstAudioBatch:adopted.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:fallbacks:
 *
 * Batches newly allocated because the pool had no buffer, or because the
 * allocator of downstream refused.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:fallbacks:
 *
 * See #GstAudioBatch:fallbacks.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:peak-outstanding-batches:
 *
 * The most batches that were outstanding at one time.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:peak-outstanding-batches:
 *
 * See #GstAudioBatch:peak-outstanding-batches.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:dropped-batches:
 *
 * Batches dropped because downstream held too many; see
 * #GstAudioBatch:overrun.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:dropped-batches:
 *
 * See #GstAudioBatch:dropped-batches.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatch:outstanding-batches:
 *
 * Batches being filled or pushed, and not yet released by downstream.
 *
 * Since: 1.0
 */

/**
 * GstAudioBatchSrc:outstanding-batches:
 *
 * See #GstAudioBatch:outstanding-batches.
 *
 * Since: 1.0
 */

static void
install_figures (GObjectClass * klass)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  guint i;

  g_object_class_install_property (klass, AB_PROP_ALLOCATION_RATE,
      g_param_spec_double ("allocation-rate", "Allocation rate",
          "Allocations per second of wall-clock time, over the last full report "
          "interval; until one is full, or without reports, since the start", 0,
          G_MAXDOUBLE, 0, flags));
  g_object_class_install_property (klass, AB_PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "All figures at one instant: the counters, outstanding and peak in "
          "batches and bytes, samples in, out, inserted, dropped and pending, "
          "nominal and measured rate, allocation times in nanoseconds, and the "
          "advice whether to recycle memory, with its reason",
          GST_TYPE_STRUCTURE, flags));

  for (i = 0; i < AB_N_COUNTERS; i++) {
    const AbCounterInfo *info = ab_counter_info (i);

    if (info->property) {
      g_object_class_install_property (klass, AB_PROP_FIRST_COUNTER + i,
          g_param_spec_uint64 (info->name, info->name, info->blurb, 0,
              G_MAXUINT64, 0, flags));
    }
  }
}

void
ab_common_settings_install (GObjectClass * klass)
{
  install_settings (klass);
  install_figures (klass);
}

gboolean
ab_common_settings_set (AbCommonSettings * settings, guint id,
    const GValue * value)
{
  switch (id) {
    case AB_PROP_SAMPLES_PER_BATCH:
      settings->size.samples = g_value_get_uint (value);
      return TRUE;
    case AB_PROP_OUTPUT_BUFFER_DURATION:
      settings->size.duration = g_value_get_uint64 (value);
      return TRUE;
    case AB_PROP_OUTPUT_BUFFER_DURATION_FRACTION:
      settings->size.fraction_n = gst_value_get_fraction_numerator (value);
      settings->size.fraction_d = gst_value_get_fraction_denominator (value);
      return TRUE;
    case AB_PROP_ALLOCATION:
      settings->supply.allocation = g_value_get_enum (value);
      return TRUE;
    case AB_PROP_POOL_MIN_BUFFERS:
      settings->supply.pool_min = g_value_get_uint (value);
      return TRUE;
    case AB_PROP_POOL_MAX_BUFFERS:
      settings->supply.pool_max = g_value_get_uint (value);
      return TRUE;
    case AB_PROP_MAX_OUTSTANDING_BATCHES:
      settings->supply.max_outstanding = g_value_get_uint (value);
      return TRUE;
    case AB_PROP_OVERRUN:
      settings->supply.overrun = g_value_get_enum (value);
      return TRUE;
    case AB_PROP_REPORT_INTERVAL:
      settings->report_interval = g_value_get_uint (value);
      return TRUE;
    case AB_PROP_POST_MESSAGES:
      settings->post_messages = g_value_get_boolean (value);
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
get_figure (AbLedger * ledger, guint id, GValue * value)
{
  if (id == AB_PROP_ALLOCATION_RATE) {
    g_value_set_double (value, ab_ledger_allocation_rate (ledger));
  } else if (id == AB_PROP_STATS) {
    AbSnapshot snapshot;

    ab_ledger_snapshot (ledger, &snapshot);
    g_value_take_boxed (value,
        ab_snapshot_to_structure (&snapshot, STATS_NAME));
  } else if (id >= AB_PROP_FIRST_COUNTER && id < AB_PROP_LAST) {
    g_value_set_uint64 (value,
        ab_ledger_read (ledger, id - AB_PROP_FIRST_COUNTER));
  } else {
    return FALSE;
  }
  return TRUE;
}

gboolean
ab_common_settings_get (const AbCommonSettings * settings, AbLedger * ledger,
    guint id, GValue * value)
{
  switch (id) {
    case AB_PROP_SAMPLES_PER_BATCH:
      g_value_set_uint (value, settings->size.samples);
      return TRUE;
    case AB_PROP_OUTPUT_BUFFER_DURATION:
      g_value_set_uint64 (value, settings->size.duration);
      return TRUE;
    case AB_PROP_OUTPUT_BUFFER_DURATION_FRACTION:
      gst_value_set_fraction (value, settings->size.fraction_n,
          settings->size.fraction_d);
      return TRUE;
    case AB_PROP_ALLOCATION:
      g_value_set_enum (value, settings->supply.allocation);
      return TRUE;
    case AB_PROP_POOL_MIN_BUFFERS:
      g_value_set_uint (value, settings->supply.pool_min);
      return TRUE;
    case AB_PROP_POOL_MAX_BUFFERS:
      g_value_set_uint (value, settings->supply.pool_max);
      return TRUE;
    case AB_PROP_MAX_OUTSTANDING_BATCHES:
      g_value_set_uint (value, settings->supply.max_outstanding);
      return TRUE;
    case AB_PROP_OVERRUN:
      g_value_set_enum (value, settings->supply.overrun);
      return TRUE;
    case AB_PROP_REPORT_INTERVAL:
      g_value_set_uint (value, settings->report_interval);
      return TRUE;
    case AB_PROP_POST_MESSAGES:
      g_value_set_boolean (value, settings->post_messages);
      return TRUE;
    default:
      return get_figure (ledger, id, value);
  }
}
