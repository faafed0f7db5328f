/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this process uses between two moments. */
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

/* Also resets the peak of the resident memory. */
void process_usage_begin (ProcessUsage * self);

/* Sets the figures of the process to its usage since @begin. */
void process_usage_end (const ProcessUsage * begin, Figures * figures);

G_END_DECLS
