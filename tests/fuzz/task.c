/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "task.h"

/* there is one source at a time */
static struct
{
  GstTaskFunction function;
  gpointer user_data;
  gboolean started;
} task;

REPLACES gboolean
gst_pad_start_task (GstPad * pad, GstTaskFunction function, gpointer user_data,
    GDestroyNotify notify)
{
  task.function = function;
  task.user_data = user_data;
  task.started = TRUE;
  return TRUE;
}

REPLACES gboolean
gst_pad_pause_task (GstPad * pad)
{
  task.started = FALSE;
  return TRUE;
}

REPLACES gboolean
gst_pad_stop_task (GstPad * pad)
{
  task.started = FALSE;
  return TRUE;
}

gboolean
task_step (GstPad * pad)
{
  if (!task.started)
    return FALSE;
  GST_PAD_STREAM_LOCK (pad);
  task.function (task.user_data);
  GST_PAD_STREAM_UNLOCK (pad);
  return TRUE;
}
