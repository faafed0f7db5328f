/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows ThreadSanitizer the locks, the conditions and the reference counts of a
 * GLib that was built without it. Each test of a build with -Db_sanitize=thread
 * links this file. Its symbols precede those of GLib, so the plugin and
 * GStreamer call these functions. Without them ThreadSanitizer would report
 * every guarded access, and we would have to suppress those reports. */

#include <dlfcn.h>
#include <glib-object.h>
#include <gst/gst.h>
#include <sanitizer/tsan_interface.h>

#define EXPORT __attribute__ ((visibility ("default")))

/* Sets @function to GLib's own function @name. Two threads may both look it up,
 * which does no harm. */
#define REAL(type, name) \
  static type real; \
  type function = __atomic_load_n (&real, __ATOMIC_RELAXED); \
  if (function == NULL) { \
    function = (type) dlsym (RTLD_NEXT, name); \
    __atomic_store_n (&real, function, __ATOMIC_RELAXED); \
  }

typedef void (*Call) (gpointer object);
typedef gboolean (*Try) (gpointer object);
typedef void (*Wait) (GCond * cond, GMutex * mutex);
typedef void (*Push) (GAsyncQueue * queue, gpointer data);
typedef gpointer (*Pop) (GAsyncQueue * queue);
typedef gpointer (*TimeoutPop) (GAsyncQueue * queue, guint64 timeout);
typedef void (*WeakRef) (GstMiniObject * object, GstMiniObjectNotify notify,
    gpointer data);
typedef gboolean (*WaitUntil) (GCond * cond, GMutex * mutex, gint64 end_time);

#define TAKES(name, type) \
EXPORT void name (type * lock) \
{ \
  REAL (Call, #name) \
  function (lock); \
  __tsan_acquire (lock); \
}

#define TRIES(name, type) \
EXPORT gboolean name (type * lock) \
{ \
  REAL (Try, #name) \
  if (!function (lock)) \
    return FALSE; \
  __tsan_acquire (lock); \
  return TRUE; \
}

#define GIVES(name, type) \
EXPORT void name (type * lock) \
{ \
  REAL (Call, #name) \
  __tsan_release (lock); \
  function (lock); \
}

TAKES (g_mutex_lock, GMutex)
    TRIES (g_mutex_trylock, GMutex)
    GIVES (g_mutex_unlock, GMutex)
    TAKES (g_rec_mutex_lock, GRecMutex)
    TRIES (g_rec_mutex_trylock, GRecMutex)
    GIVES (g_rec_mutex_unlock, GRecMutex)
    TAKES (g_rw_lock_writer_lock, GRWLock)
    GIVES (g_rw_lock_writer_unlock, GRWLock)
    TAKES (g_rw_lock_reader_lock, GRWLock)
    GIVES (g_rw_lock_reader_unlock, GRWLock)
     EXPORT void g_cond_wait (GCond * cond, GMutex * mutex)
{
  REAL (Wait, "g_cond_wait")
      __tsan_release (mutex);
  function (cond, mutex);
  __tsan_acquire (mutex);
}

EXPORT gboolean
g_cond_wait_until (GCond * cond, GMutex * mutex, gint64 end_time)
{
  REAL (WaitUntil, "g_cond_wait_until")
  gboolean signalled;

  __tsan_release (mutex);
  signalled = function (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* GLib locks its queues by internal calls, which we can't intercept. */
EXPORT void
g_async_queue_push (GAsyncQueue * queue, gpointer data)
{
  REAL (Push, "g_async_queue_push")
      __tsan_release (queue);
  function (queue, data);
}

EXPORT gpointer
g_async_queue_pop (GAsyncQueue * queue)
{
  REAL (Pop, "g_async_queue_pop")
  gpointer data = function (queue);

  __tsan_acquire (queue);
  return data;
}

EXPORT gpointer
g_async_queue_try_pop (GAsyncQueue * queue)
{
  REAL (Pop, "g_async_queue_try_pop")
  gpointer data = function (queue);

  __tsan_acquire (queue);
  return data;
}

EXPORT gpointer
g_async_queue_timeout_pop (GAsyncQueue * queue, guint64 timeout)
{
  REAL (TimeoutPop, "g_async_queue_timeout_pop")
  gpointer data = function (queue, timeout);

  __tsan_acquire (queue);
  return data;
}

/* A weak ref's callback runs after the call that set the weak ref. */

typedef struct
{
  GstMiniObjectNotify notify;
  gpointer data;
} Told;

static void
tell (gpointer data, GstMiniObject * object)
{
  Told *told = data;

  __tsan_acquire (object);
  told->notify (told->data, object);
  g_free (told);
}

EXPORT void
gst_mini_object_weak_ref (GstMiniObject * object, GstMiniObjectNotify notify,
    gpointer data)
{
  REAL (WeakRef, "gst_mini_object_weak_ref")
  Told *told = g_new (Told, 1);

  told->notify = notify;
  told->data = data;
  __tsan_release (object);
  function (object, tell, told);
}

/* The drop of the last reference comes after all earlier drops. */

EXPORT void
g_object_unref (gpointer object)
{
  REAL (Call, "g_object_unref")
      __tsan_release (object);
  __tsan_acquire (object);
  function (object);
}

/* The plugin reads the reference count itself, which comes after the drops that
 * made it so low. */
EXPORT void
gst_mini_object_unref (GstMiniObject * object)
{
  REAL (Call, "gst_mini_object_unref")
      __tsan_release (&object->refcount);
  __tsan_release (object);
  __tsan_acquire (object);
  function (object);
}
