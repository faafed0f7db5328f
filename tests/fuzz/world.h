/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces what differs from run to run: clocks, costs, limits, random numbers,
 * and the waits of a thread. So the same input always does the same. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Something waits, and the program has one thread. Ends the wait by a release,
 * or returns FALSE: the time passes instead. */
typedef gboolean (*WorldWait) (gpointer user_data);

/* Begins anew, before each input. @costs decides what memory seems to cost, from
 * one look to the next. */
void world_restart (guint costs, WorldWait on_wait, gpointer user_data);

G_END_DECLS
