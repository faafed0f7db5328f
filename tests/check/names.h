/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names for failure messages. GStreamer 1.28 deprecates its own functions for
 * these; 1.22 does not have the new ones. */
#pragma once

#include <gst/gst.h>

static inline const gchar *
enum_name (GType type, gint value)
{
  GEnumClass *klass = g_type_class_ref (type);
  const GEnumValue *found = g_enum_get_value (klass, value);

  /* the values are static */
  g_type_class_unref (klass);
  return found ? found->value_name : "no such value";
}

static inline const gchar *
state_name (GstState state)
{
  return enum_name (GST_TYPE_STATE, state);
}

static inline const gchar *
state_change_return_name (GstStateChangeReturn ret)
{
  return enum_name (GST_TYPE_STATE_CHANGE_RETURN, ret);
}
