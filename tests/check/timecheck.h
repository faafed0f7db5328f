/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of times share: rates, random numbers, and times that are
 * computed in 128 bits. */
#pragma once

#include "time/wide.h"

#include <gst/check/gstcheck.h>

#define SEED 20240229
#define RANDOM_SAMPLES 20000
#define YEAR_SECONDS (366 * 24 * 60 * 60)

static const guint rates[] = { 1, 8000, 11025, 12000, 16000, 22050, 24000,
  32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000, 384000, 768000,
  /* primes */
  7919, 11027, 22051, 44101, 47981, 48017, 88211, 96001, 191999
};

static GRand *rand_;

static inline void
setup (void)
{
  rand_ = g_rand_new_with_seed (SEED);
}

static inline void
teardown (void)
{
  g_rand_free (rand_);
}

static inline guint64
random_below (guint64 end)
{
  guint64 high = g_rand_int (rand_);

  return (high << 32 | g_rand_int (rand_)) % end;
}

static inline guint64
time_of (guint64 n, guint rate)
{
  AbWide rest;

  return ab_wide_to_64 (ab_wide_divide (ab_wide_product (n, GST_SECOND),
          ab_wide_from (rate), &rest));
}
