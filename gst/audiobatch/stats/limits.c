/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out how much memory the process may use. */

#include "stats/limits.h"

#include <string.h>

#ifdef G_OS_UNIX
#include <unistd.h>
#endif

/* The line with the path in the version 2 hierarchy starts with this. */
#define UNIFIED "0::"

static gchar *
read_own_group (const gchar * proc_cgroup)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint i;

  if (!g_file_get_contents (proc_cgroup, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; lines[i]; i++) {
    if (g_str_has_prefix (lines[i], UNIFIED))
      return g_strdup (lines[i] + strlen (UNIFIED));
  }
  return NULL;
}

/* If the file says "max", which is not a number, there is no limit. */
static guint64
read_limit (const gchar * root, const gchar * group)
{
  g_autofree gchar *path = g_build_filename (root, group, "memory.max", NULL);
  g_autofree gchar *text = NULL;
  guint64 limit = 0;

  if (g_file_get_contents (path, &text, NULL, NULL)
      && !g_ascii_string_to_unsigned (g_strstrip (text), 10, 0, G_MAXUINT64,
          &limit, NULL))
    limit = 0;
  return limit;
}

guint64
ab_limits_process (const gchar * proc_cgroup, const gchar * root)
{
  g_autofree gchar *group = read_own_group (proc_cgroup);
  guint64 least = 0;

  while (group) {
    guint64 limit = read_limit (root, group);
    gchar *slash = strrchr (group, '/');

    if (limit != 0 && (least == 0 || limit < least))
      least = limit;
    if (slash == NULL || *group == '\0')
      break;
    *slash = '\0';
  }
  return least;
}

guint64
ab_limits_machine (void)
{
#ifdef _SC_PHYS_PAGES
  glong pages = sysconf (_SC_PHYS_PAGES);
  glong page_size = sysconf (_SC_PAGESIZE);

  if (pages > 0 && page_size > 0)
    return page_size * (guint64) pages;
#endif
  return 0;
}
