/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces g_try_malloc() for the plugin: the n-th call fails or blocks. The
 * test program exports it, so the dynamic linker finds it before GLib's. Calls
 * from other libraries always go to malloc(). */

#include "failing.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* What stats/histogram.c asks for at once: 16 counts of times, and 8 times as
 * many. */
#define TIMES (16 * sizeof (guint64))
#define USUAL_TIMES (8 * TIMES)

#define EXPORT __attribute__ ((visibility ("default")))

static GMutex lock;
static GCond cond;
static guint calls;
static guint fail_from, fail_to;
static guint block_at;
static gboolean blocked, times_fail;

void
failing_reset (void)
{
  g_mutex_lock (&lock);
  calls = 0;
  times_fail = FALSE;
  fail_from = fail_to = block_at = 0;
  blocked = FALSE;
  g_mutex_unlock (&lock);
}

void
failing_fail_times (void)
{
  g_mutex_lock (&lock);
  times_fail = TRUE;
  g_mutex_unlock (&lock);
}

guint
failing_calls (void)
{
  guint n;

  g_mutex_lock (&lock);
  n = calls;
  g_mutex_unlock (&lock);
  return n;
}

void
failing_fail (guint n, guint count)
{
  g_mutex_lock (&lock);
  fail_from = calls + n;
  fail_to = count > G_MAXUINT - fail_from ? G_MAXUINT : fail_from + count;
  g_mutex_unlock (&lock);
}

void
failing_block (guint n)
{
  g_mutex_lock (&lock);
  block_at = calls + n;
  g_mutex_unlock (&lock);
}

void
failing_await_blocked (void)
{
  g_mutex_lock (&lock);
  while (!blocked)
    g_cond_wait (&cond, &lock);
  g_mutex_unlock (&lock);
}

void
failing_let_go (void)
{
  g_mutex_lock (&lock);
  block_at = 0;
  g_cond_broadcast (&cond);
  g_mutex_unlock (&lock);
}

gboolean
failing_grants (void)
{
  gboolean granted;

  g_mutex_lock (&lock);
  calls++;
  granted = calls < fail_from || calls >= fail_to;
  while (calls == block_at) {
    blocked = TRUE;
    g_cond_broadcast (&cond);
    g_cond_wait (&cond, &lock);
  }
  g_mutex_unlock (&lock);
  return granted;
}

static gboolean
times_have_memory (void)
{
  gboolean granted;

  g_mutex_lock (&lock);
  granted = !times_fail;
  g_mutex_unlock (&lock);
  return granted;
}

static gboolean
may_have_memory (gpointer caller, gsize size)
{
  Dl_info info;

  if (!dladdr (caller, &info) || info.dli_fname == NULL
      || strstr (info.dli_fname, "gstaudiobatch") == NULL)
    return TRUE;
  if (size == TIMES || size == USUAL_TIMES)
    return times_have_memory ();
  return failing_grants ();
}

EXPORT gpointer
g_try_malloc (gsize n_bytes)
{
  if (!may_have_memory (__builtin_return_address (0), n_bytes)
      || n_bytes == 0)
    return NULL;
  return malloc (n_bytes);
}

EXPORT gpointer
g_try_malloc0 (gsize n_bytes)
{
  if (!may_have_memory (__builtin_return_address (0), n_bytes)
      || n_bytes == 0)
    return NULL;
  return calloc (1, n_bytes);
}

static gboolean
has_size (gsize n_blocks, gsize n_block_bytes, gsize * size, gpointer caller)
{
  return g_size_checked_mul (size, n_blocks, n_block_bytes)
      && may_have_memory (caller, *size) && *size != 0;
}

EXPORT gpointer
g_try_malloc_n (gsize n_blocks, gsize n_block_bytes)
{
  gsize size;

  return has_size (n_blocks, n_block_bytes, &size, __builtin_return_address (0))
      ? malloc (size) : NULL;
}

/* What g_try_new0() is without optimization. */
EXPORT gpointer
g_try_malloc0_n (gsize n_blocks, gsize n_block_bytes)
{
  gsize size;

  return has_size (n_blocks, n_block_bytes, &size, __builtin_return_address (0))
      ? calloc (1, size) : NULL;
}
