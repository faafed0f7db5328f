/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats figures for people: a number with a unit that suits its size. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread-safety: pure. The caller owns the text that is returned. */

/* "85 ns", "1.23 µs", "12.3 ms", "1.50 s": three digits. */
gchar *units_time (gdouble ns);

/* "512 B", "4 KiB", "1.5 MiB", "-64 KiB". */
gchar *units_bytes (gdouble bytes);

/* "0.085 µs", "12300 µs": always this unit, to compare at a glance. */
gchar *units_microseconds (gdouble ns);

/* Three digits, or all digits before the point if these are more. */
gchar *units_number (gdouble number);

G_END_DECLS
