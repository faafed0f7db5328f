/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks and writes the files of results. */

#include "output.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "profileerror.h"

static gboolean
refuse (const gchar * path, const gchar * why, GError ** error)
{
  g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_OUTPUT,
      "'%s' can't be written: %s", path, why);
  return FALSE;
}

gboolean
output_check (const gchar * path, GError ** error)
{
  g_autofree gchar *folder = path ? g_path_get_dirname (path) : NULL;

  if (!path || g_str_equal (path, OUTPUT_STDOUT))
    return TRUE;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return refuse (path, g_strerror (EISDIR), error);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    return refuse (path, "there is no such folder", error);
  if (g_access (g_file_test (path, G_FILE_TEST_EXISTS) ? path : folder,
          W_OK) != 0)
    return refuse (path, g_strerror (errno), error);
  return TRUE;
}

gboolean
output_write (const gchar * path, const gchar * data, gsize size,
    GError ** error)
{
  gboolean standard = g_str_equal (path, OUTPUT_STDOUT);
  FILE *file = standard ? stdout : g_fopen (path, "w");
  gboolean written;

  if (!file)
    return refuse (path, g_strerror (errno), error);
  written = fwrite (data, 1, size, file) == size;
  written = (standard ? fflush (file) : fclose (file)) == 0 && written;
  return written || refuse (path, g_strerror (errno), error);
}
