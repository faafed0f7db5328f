/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory limits of the process, read from cgroup trees made by the tests. */

#include "stats/limits.h"

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

static gchar *top;

static void
setup (void)
{
  top = g_dir_make_tmp ("memorylimit-XXXXXX", NULL);
  fail_unless (top != NULL);
}

static void
remove_tree (const gchar * path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    gchar *entry = g_build_filename (path, name, NULL);

    remove_tree (entry);
    g_free (entry);
  }
  if (dir)
    g_dir_close (dir);
  g_remove (path);
}

static void
teardown (void)
{
  remove_tree (top);
  g_clear_pointer (&top, g_free);
}

static void
write_file (const gchar * path, const gchar * text)
{
  gchar *full = g_build_filename (top, path, NULL);
  gchar *dir = g_path_get_dirname (full);

  fail_unless_equals_int (g_mkdir_with_parents (dir, 0700), 0);
  fail_unless (g_file_set_contents (full, text, -1, NULL));
  g_free (dir);
  g_free (full);
}

/* Returns the limit for these contents of /proc/self/cgroup. */
static guint64
limit (const gchar * cgroup)
{
  gchar *proc = g_build_filename (top, "cgroup", NULL);
  gchar *root = g_build_filename (top, "fs", NULL);
  guint64 result;

  if (cgroup)
    write_file ("cgroup", cgroup);
  result = ab_limits_process (proc, root);
  g_free (proc);
  g_free (root);
  return result;
}

GST_START_TEST (test_the_limit_of_the_own_group_is_read)
{
  write_file ("fs/user.slice/memory.max", "268435456\n");
  fail_unless_equals_uint64 (limit ("0::/user.slice\n"), 268435456);
  fail_unless_equals_uint64 (limit ("0::/user.slice"), 268435456);
}

GST_END_TEST;

GST_START_TEST (test_the_least_limit_of_all_groups_above_counts)
{
  write_file ("fs/a/memory.max", "3000\n");
  write_file ("fs/a/b/memory.max", "2000\n");
  write_file ("fs/a/b/c/memory.max", "5000\n");
  fail_unless_equals_uint64 (limit ("0::/a/b/c\n"), 2000);
  fail_unless_equals_uint64 (limit ("0::/a/b\n"), 2000);
  fail_unless_equals_uint64 (limit ("0::/a\n"), 3000);
  /* in a container the visible root may have a limit too */
  write_file ("fs/memory.max", "1000\n");
  fail_unless_equals_uint64 (limit ("0::/a/b/c\n"), 1000);
  fail_unless_equals_uint64 (limit ("0::/\n"), 1000);
}

GST_END_TEST;

GST_START_TEST (test_max_is_no_limit)
{
  write_file ("fs/a/memory.max", "max\n");
  fail_unless_equals_uint64 (limit ("0::/a\n"), 0);
  write_file ("fs/a/b/memory.max", "max\n");
  fail_unless_equals_uint64 (limit ("0::/a/b\n"), 0);
  write_file ("fs/a/memory.max", "77\n");
  fail_unless_equals_uint64 (limit ("0::/a/b\n"), 77);
}

GST_END_TEST;

GST_START_TEST (test_missing_files_are_no_limit)
{
  fail_unless_equals_uint64 (limit (NULL), 0);
  fail_unless_equals_uint64 (limit ("0::/gone/away\n"), 0);
  /* one level has no file, but the one above has */
  write_file ("fs/a/memory.max", "4096\n");
  fail_unless_equals_uint64 (limit ("0::/a/b/c\n"), 4096);
}

GST_END_TEST;

GST_START_TEST (test_the_line_of_version_2_is_found_among_others)
{
  write_file ("fs/v2/memory.max", "11\n");
  write_file ("fs/v1/memory.max", "22\n");
  fail_unless_equals_uint64 (limit ("12:memory:/v1\n1:name=systemd:/v1\n"
          "0::/v2\n"), 11);
  fail_unless_equals_uint64 (limit ("12:memory:/v1\n"), 0);
}

GST_END_TEST;

static const gchar *const garbage[] = {
  "", "\n", "lots", "-1", "12 apples", "0x1000", "1e9", "4096.5", "0", "\t",
  "99999999999999999999999999", "\xff\xfe\x01"
};

GST_START_TEST (test_a_limit_that_is_no_number_is_none)
{
  write_file ("fs/a/memory.max", garbage[__i__]);
  fail_unless_equals_uint64 (limit ("0::/a\n"), 0);
  /* the limit above still counts */
  write_file ("fs/memory.max", "8192\n");
  fail_unless_equals_uint64 (limit ("0::/a\n"), 8192);
}

GST_END_TEST;

static const gchar *const odd_cgroups[] = {
  "", "\n\n", "0::", "0::\n", "0:", "garbage", "::/a\n", "00::/a\n",
  "\xff\xff\xff", "0::///\n"
};

GST_START_TEST (test_odd_cgroup_files_are_survived)
{
  write_file ("fs/a/memory.max", "123\n");
  fail_unless_equals_uint64 (limit (odd_cgroups[__i__]), 0);
}

GST_END_TEST;

GST_START_TEST (test_the_largest_number_is_read)
{
  write_file ("fs/a/memory.max", "18446744073709551615\n");
  fail_unless_equals_uint64 (limit ("0::/a\n"), G_MAXUINT64);
}

GST_END_TEST;

GST_START_TEST (test_a_very_deep_group_is_climbed_to_the_root)
{
  GString *group = g_string_new ("0::");
  guint i;

  for (i = 0; i < 1000; i++)
    g_string_append (group, "/g");
  write_file ("fs/memory.max", "64\n");
  fail_unless_equals_uint64 (limit (group->str), 64);
  g_string_free (group, TRUE);
}

GST_END_TEST;

GST_START_TEST (test_the_real_files_are_read_without_harm)
{
  g_print ("memorylimit: this process may use %" G_GUINT64_FORMAT
      " bytes (0: no limit)\n", ab_limits_process ("/proc/self/cgroup",
          "/sys/fs/cgroup"));
}

GST_END_TEST;

/* Compares with the system's own figure. MemTotal leaves out what the kernel
 * keeps. */
GST_START_TEST (test_the_machine_has_the_memory_that_it_says)
{
  guint64 machine = ab_limits_machine ();
  gchar *text = NULL;
  guint64 kib, total;

  fail_unless (machine > 0);
  /* in a container MemTotal may be less than the machine has */
  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL)) {
    g_print ("skipped: there is no /proc/meminfo to compare with\n");
    return;
  }
  fail_unless (sscanf (text, "MemTotal: %" G_GUINT64_FORMAT " kB", &kib) == 1);
  total = kib * 1024;
  /* qemu-user gives a 32-bit program only the low 32 bits */
  if (sizeof (glong) < sizeof (guint64) && machine < total)
    total &= G_MAXUINT32;
  fail_unless (machine >= total, "%" G_GUINT64_FORMAT " bytes, not %"
      G_GUINT64_FORMAT, machine, total);
  g_free (text);
}

GST_END_TEST;

static Suite *
limits_suite (void)
{
  Suite *s = suite_create ("limits");
  TCase *tc = tcase_create ("memorylimit");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_the_limit_of_the_own_group_is_read);
  tcase_add_test (tc, test_the_least_limit_of_all_groups_above_counts);
  tcase_add_test (tc, test_max_is_no_limit);
  tcase_add_test (tc, test_missing_files_are_no_limit);
  tcase_add_test (tc, test_the_line_of_version_2_is_found_among_others);
  tcase_add_loop_test (tc, test_a_limit_that_is_no_number_is_none, 0,
      G_N_ELEMENTS (garbage));
  tcase_add_loop_test (tc, test_odd_cgroup_files_are_survived, 0,
      G_N_ELEMENTS (odd_cgroups));
  tcase_add_test (tc, test_the_largest_number_is_read);
  tcase_add_test (tc, test_a_very_deep_group_is_climbed_to_the_root);
  tcase_add_test (tc, test_the_real_files_are_read_without_harm);
  tcase_add_test (tc, test_the_machine_has_the_memory_that_it_says);
  return s;
}

GST_CHECK_MAIN (limits);
