/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out how much memory the process may use. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The lowest memory.max, in bytes, of the cgroup (version 2) of the process and
 * of the cgroups above it; 0 if there is no limit or no such file.
 *
 * @proc_cgroup is /proc/self/cgroup, @root is where the hierarchy is mounted,
 * /sys/fs/cgroup. Reads files: not for the streaming thread. */
guint64 ab_limits_process (const gchar * proc_cgroup, const gchar * root);

/* The memory of the machine in bytes; 0: unknown. */
guint64 ab_limits_machine (void);

G_END_DECLS
