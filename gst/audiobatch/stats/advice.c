/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Advises, from the figures of a stream, whether to recycle its memory. */

#include "stats/advice.h"

/* The thresholds come from the measurements in docs/design.md. */

/* A page fault takes 2 to 3 us in a virtual machine. A saving of 2 % is what a
 * comparison of a few hundred batches can show. */
#define PAGE_FAULT_NS 2000.0
#define PAGE_FAULT_PART 0.02
/* Where nothing counts page faults: from this size on, they took a tenth of a
 * batch or more behind a queue. */
#define BATCH_SIZE_BYTES (64.0 * 1024)
/* At this many batches a second, recycling saves 1 % of a core: behind a queue a
 * fresh batch of 4 to 32 KiB takes 1 us longer. */
#define RATE_PER_SECOND 10000.0
/* Outstanding memory, as a fraction of its limit. */
#define MEMORY_PART 0.5
/* The 99.9th percentile of allocation times, as a fraction of a batch's
 * duration, and how many timed allocations it needs. If nothing disturbs them,
 * batches of 4 KiB have a ten thousandth. */
#define PAUSE_PART 0.01
#define PAUSE_TIMED 1000

/* Once on, recycling stays on until the figure falls below this fraction of the
 * threshold. */
#define HYSTERESIS 0.5

gdouble
ab_advice_fault_part (const AbCost * cost)
{
  return cost->known && cost->cpu_ns > 0 ?
      cost->page_faults * PAGE_FAULT_NS / cost->cpu_ns : 0;
}

AbAdvice
ab_advice_for (const AbAdviceInput * input)
{
  gdouble ease = input->pooled ? HYSTERESIS : 1.0;
  gdouble pauses = input->allocation_p999_ns * 1e-9 * input->batches_per_second;
  const struct
  {
    GstAudioBatchAdviceReason reason;
    gboolean known;
    gdouble value, threshold;
  } rules[] = {
    {GST_AUDIO_BATCH_ADVICE_REASON_MEMORY, input->memory_bound > 0,
          input->peak_outstanding_bytes,
        MEMORY_PART * input->memory_bound},
    {GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS, input->cost.known,
          ab_advice_fault_part (&input->cost),
        PAGE_FAULT_PART},
    {GST_AUDIO_BATCH_ADVICE_REASON_BATCH_SIZE, !input->cost.known,
          input->bytes_per_batch,
        BATCH_SIZE_BYTES},
    {GST_AUDIO_BATCH_ADVICE_REASON_RATE, TRUE, input->batches_per_second,
        RATE_PER_SECOND},
    {GST_AUDIO_BATCH_ADVICE_REASON_PAUSES, input->timed >= PAUSE_TIMED, pauses,
        PAUSE_PART},
  };
  AbAdvice advice = { GST_AUDIO_BATCH_ALLOCATION_FRESH,
    GST_AUDIO_BATCH_ADVICE_REASON_NONE
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rules); i++) {
    if (rules[i].known && rules[i].value >= ease * rules[i].threshold) {
      advice.allocation = GST_AUDIO_BATCH_ALLOCATION_POOL;
      advice.reason = rules[i].reason;
      break;
    }
  }
  return advice;
}
