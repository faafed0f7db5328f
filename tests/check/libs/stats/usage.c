/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a thread has used: its own, and no other's. */

#include "stats/usage.h"

#include <gst/check/gstcheck.h>
#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

/* An emulator has page faults of its own, some hundred for a new thread. */
#define PAGES 4000

/* Writes to new pages. Not by malloc: that may have them already. */
static gpointer
touch_new_pages (gpointer unused)
{
#ifdef __linux__
  gsize page = getpagesize ();
  guint8 *pages = mmap (NULL, PAGES * page, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  guint i;

  fail_unless (pages != MAP_FAILED);
  madvise (pages, PAGES * page, MADV_NOHUGEPAGE);
  for (i = 0; i < PAGES; i++)
    pages[i * page] = 1;
  munmap (pages, PAGES * page);
#endif
  return NULL;
}

GST_START_TEST (test_page_faults_of_this_thread_count_and_no_others)
{
  AbUsage start, ours, theirs;
  gboolean known = ab_usage_read (&start);

  touch_new_pages (NULL);
  fail_unless_equals_int (ab_usage_read (&ours), known);
  g_thread_join (g_thread_new ("other", touch_new_pages, NULL));
  fail_unless_equals_int (ab_usage_read (&theirs), known);
#ifdef __linux__
  fail_unless (known);
#endif
  if (!known)
    return;
  fail_unless (ours.page_faults - start.page_faults >= PAGES);
  fail_unless (theirs.page_faults - ours.page_faults < PAGES / 2);
  fail_unless (start.thread == ours.thread && ours.thread == theirs.thread);
  fail_unless (start.cpu_ns < ours.cpu_ns && start.time_ns < ours.time_ns);
}

GST_END_TEST;

static Suite *
usage_suite (void)
{
  Suite *s = suite_create ("usage");
  TCase *tc = tcase_create ("usage");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_page_faults_of_this_thread_count_and_no_others);
  return s;
}

GST_CHECK_MAIN (usage);
