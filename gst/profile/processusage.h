/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this process has used between two moments. */
#pragma once

#include "figures.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 cpu_ns;
  gint64 wall_ns;
  gint64 minor_faults;
  gint64 rss_bytes;
} ProcessUsage;

/* The most memory that was resident is counted from here on. */
void process_usage_begin (ProcessUsage * self);

/* Sets the figures of the process to what it used since. */
void process_usage_end (const ProcessUsage * begin, Figures * figures);

G_END_DECLS
