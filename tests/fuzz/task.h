/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces the streaming thread of a source: the program calls it batch by
 * batch, in its own thread. So the same input always does the same. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Makes the source's task go round once, unless it is paused.
 *
 * Returns: FALSE if it is paused, or was never started. */
gboolean task_step (GstPad * pad);

G_END_DECLS
