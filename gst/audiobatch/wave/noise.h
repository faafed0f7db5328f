/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers with the spectra and distributions of the noise waves. */

#pragma once

#include <glib.h>

#include "wave/phase.h"

/* Every function writes AB_WAVE_BLOCK values: block number @block, counted from
 * the start of the stream, of the endless row of random numbers that @seed
 * stands for. Each channel has a seed of its own. */

/* The integers' full scale. A walk stays within half of it. */
#define AB_WAVE_NOISE_FULL_SCALE 0x1p31
#define AB_WAVE_NOISE_PINK_FULL_SCALE (13 * 0x1p15)

guint64 ab_wave_noise_seed (guint32 seed, guint channel);

void ab_wave_noise_white (gint32 * out, guint64 seed, guint64 block);
void ab_wave_noise_pink (gint32 * out, guint64 seed, guint64 block);

/* Takes steps for @n values from @first on, and leaves the others undefined
 * but set. @walk is the place it has come to; 0 at the start. */
void ab_wave_noise_red (gint32 * out, guint64 seed, guint64 block, guint first,
    guint n, guint32 * walk);

/* Mean 0, variance 1. */
void ab_wave_noise_gaussian (gfloat * out, guint64 seed, guint64 block);

/* Mirrors the spectrum: pink becomes blue, red violet. */
void ab_wave_noise_mirror (gint32 * out);
