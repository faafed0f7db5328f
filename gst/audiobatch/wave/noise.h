/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers with the spectra and distributions of the noise waves. */

#pragma once

#include <glib.h>

#include "wave/phase.h"

/* Each function writes AB_WAVE_BLOCK values: block number @block, from the
 * start of the stream, of the endless sequence of random numbers of @seed. Each
 * channel has its own seed. */

/* The full scale of the integers. A walk stays within half of it. */
#define AB_WAVE_NOISE_FULL_SCALE 0x1p31
#define AB_WAVE_NOISE_PINK_FULL_SCALE (13 * 0x1p15)

guint64 ab_wave_noise_seed (guint32 seed, guint channel);

void ab_wave_noise_white (gint32 * out, guint64 seed, guint64 block);
void ab_wave_noise_pink (gint32 * out, guint64 seed, guint64 block);

/* Takes @n steps of the walk, for the values from @first on; the other values
 * are set but have no meaning. @walk is the walk's position, 0 at first. */
void ab_wave_noise_red (gint32 * out, guint64 seed, guint64 block, guint first,
    guint n, guint32 * walk);

/* Mean 0, variance 1. */
void ab_wave_noise_gaussian (gfloat * out, guint64 seed, guint64 block);

/* Mirrors the spectrum: pink becomes blue, red violet. */
void ab_wave_noise_mirror (gint32 * out);
