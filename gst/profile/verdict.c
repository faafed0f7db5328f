/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides from the figures whether to recycle, and says why. */

#include "verdict.h"

#include <math.h>

#include "units.h"

/* A difference in CPU time counts if it is a tenth of the pipeline's CPU time
 * for a batch and if the rounds of the two modes don't overlap. One round does
 * not tell how much rounds differ, so the difference must be a third. */
#define CPU_PART 0.1
#define CPU_PART_OF_ONE_ROUND 0.33
/* The difference is worth a pool if it is a hundredth of a core in real time,
 * as in the elements' own advice. It also is if fresh batches get new pages
 * from the system: a page fault for each batch, and twice as many as with the
 * pool. The verdict reports a smaller saving, but leaves the choice to the
 * user. */
#define CORE_PART 0.01
#define FAULTS_PER_1000 1000
#define FAULTS_RATIO 2
/* The slowest of a thousand allocations counts if it takes a hundredth of the
 * duration of a batch, as in the elements' own advice, and if the pool halves
 * it. */
#define PAUSE_PART 0.01
#define PAUSE_TIMED 1000
#define PAUSE_GAIN 0.5
/* Memory counts if a pool saves this much, and a quarter of it. */
#define RSS_BYTES (4.0 * 1024 * 1024)
#define RSS_PART 0.25
/* A pool is too small if it is empty for half of the batches. */
#define FALLBACK_PART 0.5

const gchar *
verdict_choice_name (VerdictChoice choice)
{
  static const gchar *const names[] = {
    [VERDICT_NONE] = "none",
    [VERDICT_FRESH] = "fresh",
    [VERDICT_POOL] = "pool",
    [VERDICT_EITHER] = "either",
  };

  return names[choice];
}

/* One round does not tell how much rounds differ. */
static gboolean
is_one_round (const VerdictInput * fresh, const VerdictInput * pool)
{
  return fresh->rounds == 1 || pool->rounds == 1;
}

/* The smallest part of the CPU time that counts as a difference. */
static gdouble
part_that_counts (const VerdictInput * fresh, const VerdictInput * pool)
{
  return is_one_round (fresh, pool) ? CPU_PART_OF_ONE_ROUND : CPU_PART;
}

/* Does @less take less CPU time than @more, by a difference that counts? */
static gboolean
is_cheaper (const VerdictInput * less, const VerdictInput * more)
{
  return less->most_cpu < more->least_cpu
      && more->cpu - less->cpu >= part_that_counts (less, more) * more->cpu;
}

/* Do the rounds of the two modes not overlap? */
static gboolean
is_apart (const VerdictInput * fresh, const VerdictInput * pool)
{
  return pool->most_cpu < fresh->least_cpu || fresh->most_cpu < pool->least_cpu;
}

static gdouble
saved_core (const VerdictInput * less, const VerdictInput * more)
{
  return (more->cpu - less->cpu) * 1e-9 * more->batches_per_second;
}

static gboolean
saves_faults (const VerdictInput * fresh, const VerdictInput * pool)
{
  return fresh->faults_per_1000 >= FAULTS_PER_1000
      && fresh->faults_per_1000 >= FAULTS_RATIO * pool->faults_per_1000;
}

static gboolean
is_worth_it (const VerdictInput * fresh, const VerdictInput * pool)
{
  return saved_core (pool, fresh) >= CORE_PART || saves_faults (fresh, pool);
}

static gboolean
is_steadier (const VerdictInput * fresh, const VerdictInput * pool)
{
  gdouble duration = fresh->batches_per_second > 0 ?
      1e9 / fresh->batches_per_second : 0;

  return fresh->timed >= PAUSE_TIMED && pool->timed >= PAUSE_TIMED
      && duration > 0 && fresh->p999 >= PAUSE_PART * duration
      && pool->p999 <= PAUSE_GAIN * fresh->p999;
}

static gboolean
is_smaller (const VerdictInput * fresh, const VerdictInput * pool)
{
  gdouble saved = fresh->rss_growth - pool->rss_growth;

  return saved >= RSS_BYTES && saved >= RSS_PART * fresh->rss_growth;
}

static gboolean
is_empty (const VerdictInput * pool)
{
  return pool->batches > 0 && pool->fallbacks >= FALLBACK_PART * pool->batches;
}

static gchar *
tell_cpu (const VerdictInput * less, const VerdictInput * more)
{
  g_autofree gchar *now = units_time (less->cpu);
  g_autofree gchar *before = units_time (more->cpu);
  g_autofree gchar *core = units_number (100 * saved_core (less, more));
  g_autofree gchar *pace = units_number (more->batches_per_second);

  return g_strdup_printf ("a batch takes %s of CPU time in place of %s "
      "(%.0f %% less), which in real time, at %s batches/s, saves %s %% of a "
      "core", now, before, 100 * (more->cpu - less->cpu) / more->cpu, pace,
      core);
}

static gchar *
tell_faults (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *before = units_number (fresh->faults_per_1000);
  g_autofree gchar *now = units_number (pool->faults_per_1000);

  if (!saves_faults (fresh, pool))
    return g_strdup ("");
  return g_strdup_printf ("; 1000 batches cause %s page faults in place of %s",
      now, before);
}

static gchar *
recycle_for_cpu (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *cpu = tell_cpu (pool, fresh);
  g_autofree gchar *faults = tell_faults (fresh, pool);

  return g_strdup_printf ("Recycle (allocation=pool): %s%s.", cpu, faults);
}

static gchar *
recycle_for_pauses (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *before = units_time (fresh->p999);
  g_autofree gchar *now = units_time (pool->p999);
  g_autofree gchar *duration = units_time (1e9 / fresh->batches_per_second);

  return g_strdup_printf ("Recycle (allocation=pool): one allocation in a "
      "thousand takes %s or more, of the %s that a batch lasts, and %s from "
      "the pool.", before, duration, now);
}

static gchar *
recycle_for_memory (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *before = units_bytes (fresh->rss_growth);
  g_autofree gchar *now = units_bytes (pool->rss_growth);

  return g_strdup_printf ("Recycle (allocation=pool): the process grows by %s "
      "in place of %s.", now, before);
}

static gchar *
keep_for_cpu (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *cpu = tell_cpu (fresh, pool);

  return g_strdup_printf ("Keep fresh: %s.", cpu);
}

static gchar *
keep_for_fallbacks (const VerdictInput * pool)
{
  return g_strdup_printf ("Keep fresh: the pool was empty for %.0f %% of the "
      "batches, since the consumer keeps more of them than pool-max-buffers "
      "allows for; to recycle, raise that.",
      100 * pool->fallbacks / pool->batches);
}

/* The pool is cheaper, but saves little. */
static gchar *
too_little (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *cpu = tell_cpu (pool, fresh);
  gdouble saved = saved_core (pool, fresh);

  if (saved <= 0)
    return g_strdup_printf ("Stay with fresh, the simplest. With pool %s.",
        cpu);
  return g_strdup_printf ("Stay with fresh, the simplest. With pool %s: it "
      "takes %.0f such streams to save %.0f %% of one.", cpu,
      ceil (CORE_PART / saved), 100 * CORE_PART);
}

/* "2.9 µs (2.8 µs to 3 µs)" */
static gchar *
tell_range (const VerdictInput * input)
{
  g_autofree gchar *cpu = units_time (input->cpu);
  g_autofree gchar *least = units_time (input->least_cpu);
  g_autofree gchar *most = units_time (input->most_cpu);

  return g_strdup_printf ("%s (%s to %s)", cpu, least, most);
}

static gchar *
no_difference (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *before = tell_range (fresh);
  g_autofree gchar *now = tell_range (pool);

  if (!is_apart (fresh, pool))
    return g_strdup_printf ("It makes no measurable difference: stay with "
        "fresh, the simplest. A batch takes %s of CPU time with fresh and %s "
        "with pool.", before, now);
  return g_strdup_printf ("It makes little difference: stay with fresh, the "
      "simplest. A batch takes %s of CPU time with fresh and %s with pool; "
      "less than %.0f %% does not count.", before, now, 100 * CPU_PART);
}

static gchar *
one_round (const VerdictInput * fresh, const VerdictInput * pool)
{
  g_autofree gchar *before = units_time (fresh->cpu);
  g_autofree gchar *now = units_time (pool->cpu);

  return g_strdup_printf ("No verdict: a batch took %s of CPU time with fresh "
      "and %s with pool, and with one round a difference below %.0f %% can be "
      "chance. For a verdict, type --rounds 3.", before, now,
      100 * CPU_PART_OF_ONE_ROUND);
}

void
verdict_reach (const VerdictInput * fresh, const VerdictInput * pool,
    Verdict * verdict)
{
  if (fresh->rounds == 0 || pool->rounds == 0) {
    verdict->choice = VERDICT_NONE;
    verdict->sentence = g_strdup ("No verdict: that takes a finished run with "
        "fresh and one with pool.");
  } else if (is_cheaper (pool, fresh) && is_worth_it (fresh, pool)) {
    verdict->choice = VERDICT_POOL;
    verdict->sentence = recycle_for_cpu (fresh, pool);
  } else if (is_cheaper (fresh, pool)) {
    verdict->choice = VERDICT_FRESH;
    verdict->sentence = keep_for_cpu (fresh, pool);
  } else if (is_empty (pool)) {
    verdict->choice = VERDICT_FRESH;
    verdict->sentence = keep_for_fallbacks (pool);
  } else if (is_steadier (fresh, pool)) {
    verdict->choice = VERDICT_POOL;
    verdict->sentence = recycle_for_pauses (fresh, pool);
  } else if (is_smaller (fresh, pool)) {
    verdict->choice = VERDICT_POOL;
    verdict->sentence = recycle_for_memory (fresh, pool);
  } else if (is_cheaper (pool, fresh)) {
    verdict->choice = VERDICT_EITHER;
    verdict->sentence = too_little (fresh, pool);
  } else if (is_one_round (fresh, pool)) {
    verdict->choice = VERDICT_NONE;
    verdict->sentence = one_round (fresh, pool);
  } else {
    verdict->choice = VERDICT_EITHER;
    verdict->sentence = no_difference (fresh, pool);
  }
}
