/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The enumerations that properties, stats and messages share. */

#include "stats/enums.h"

GType
ab_enum_type (gsize * type, const gchar * name, const GEnumValue * values)
{
  if (g_once_init_enter (type)) {
    GType new_type = g_enum_register_static (name, values);

    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (type, new_type);
  }
  return *type;
}

GType
gst_audio_batch_allocation_get_type (void)
{
  static const GEnumValue values[] = {
    {GST_AUDIO_BATCH_ALLOCATION_FRESH,
        "Allocate new memory for each batch", "fresh"},
    {GST_AUDIO_BATCH_ALLOCATION_POOL,
          "Reuse memory that consumers released; new memory if there is none",
        "pool"},
    {GST_AUDIO_BATCH_ALLOCATION_AUTO,
          "Start with new memory; recycle if that costs less",
        "auto"},
    {0, NULL, NULL},
  };
  static gsize type = 0;

  return ab_enum_type (&type, "GstAudioBatchAllocation", values);
}

GType
gst_audio_batch_advice_reason_get_type (void)
{
  static const GEnumValue values[] = {
    {GST_AUDIO_BATCH_ADVICE_REASON_NONE,
        "No reason to recycle memory", "none"},
    {GST_AUDIO_BATCH_ADVICE_REASON_RATE,
        "Many allocations a second", "rate"},
    {GST_AUDIO_BATCH_ADVICE_REASON_BATCH_SIZE,
          "Batches so large that malloc takes each one from the system",
        "batch-size"},
    {GST_AUDIO_BATCH_ADVICE_REASON_MEMORY,
        "Memory is limited, and downstream holds much of it", "memory"},
    {GST_AUDIO_BATCH_ADVICE_REASON_PAUSES,
          "Allocations that take a noticeable part of a batch's duration",
        "pauses"},
    {GST_AUDIO_BATCH_ADVICE_REASON_PAGE_FAULTS,
          "New memory that the system has to find and clear, page by page",
        "page-faults"},
    {0, NULL, NULL},
  };
  static gsize type = 0;

  return ab_enum_type (&type, "GstAudioBatchAdviceReason", values);
}

const gchar *
ab_enum_nick (GType type, gint value)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);

  return g_enum_get_value ((GEnumClass *) klass, value)->value_nick;
}
