/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a target on files, once each, without libFuzzer. Prints the digest of what
 * came out of each. */

#include <sys/resource.h>

#include "fuzz.h"

/* More than any input needs; larger allocations fail. */
#define MOST_MEMORY (G_GUINT64_CONSTANT (1) << 30)

/* Sanitizers map terabytes, and have limits of their own. */
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define HAS_SANITIZER TRUE
#else
#define HAS_SANITIZER FALSE
#endif

static guint
replay_file (const gchar * path)
{
  g_autofree gchar *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  g_printerr ("%s ", path);
  LLVMFuzzerTestOneInput ((const guint8 *) data, size);
  g_printerr ("%016" G_GINT64_MODIFIER "x\n", fuzz_digest ());
  return 1;
}

static guint
replay_folder (const gchar * path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = g_dir_open (path, 0, &error);
  const gchar *name;
  guint n = 0;

  if (folder == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (folder))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);

    n += replay_file (file);
  }
  return n;
}

int
main (int argc, char **argv)
{
  const struct rlimit limit = { MOST_MEMORY, MOST_MEMORY };
  guint n = 0;
  int i;

  if (!HAS_SANITIZER && setrlimit (RLIMIT_DATA, &limit) != 0)
    g_error ("the memory can't be limited");
  LLVMFuzzerInitialize (&argc, &argv);
  for (i = 1; i < argc; i++) {
    if (g_file_test (argv[i], G_FILE_TEST_IS_DIR))
      n += replay_folder (argv[i]);
    else
      n += replay_file (argv[i]);
  }
  g_print ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
