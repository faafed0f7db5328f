/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces g_try_malloc() for the plugin: the n-th call fails or blocks. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Makes all calls succeed and restarts the count at 0. */
void failing_reset (void);

/* Makes the calls for times fail, and only those, until the reset. They are
 * never counted: how many there are depends on how long the others take. */
void failing_fail_times (void);

/* A call of the test's own allocator, which counts as one of the plugin's.
 *
 * Returns: FALSE if it must fail. May block. */
gboolean failing_grants (void);

/* How many calls the plugin has made since the reset. */
guint failing_calls (void);

/* Makes @count calls fail, from the @n-th on (1 is the next call). */
void failing_fail (guint n, guint count);

/* Makes the @n-th call block until failing_let_go(). */
void failing_block (guint n);
void failing_await_blocked (void);
void failing_let_go (void);

G_END_DECLS
