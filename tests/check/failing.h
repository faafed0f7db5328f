/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* g_try_malloc() as the plugin sees it: fails or blocks at the n-th call. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Nothing fails or blocks; calls are counted from 0. */
void failing_reset (void);

/* How often the plugin has asked for memory since. */
guint failing_calls (void);

/* @count calls fail from the @n-th (1 is the next one) on. */
void failing_fail (guint n, guint count);

/* The @n-th call waits until it is let go. */
void failing_block (guint n);
void failing_await_blocked (void);
void failing_let_go (void);

G_END_DECLS
