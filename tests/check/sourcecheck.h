/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the audiobatchsrc tests: sets up a source and plays it to EOS. */
#pragma once

#include "batchcheck.h"

#define RATE 48000

/* Sets "name=value name=value ...". */
static inline void
set_properties (gpointer object, const gchar * properties)
{
  gchar **settings = g_strsplit (properties, " ", -1);
  guint i;

  for (i = 0; settings[i] && *settings[i]; i++) {
    gchar *equals = strchr (settings[i], '=');

    *equals = '\0';
    gst_util_set_object_arg (G_OBJECT (object), settings[i], equals + 1);
  }
  g_strfreev (settings);
}

static inline gboolean
source_has_format (GstElement * element, GstAudioFormat format)
{
  GstCaps *all = gst_element_class_get_pad_template
      (GST_ELEMENT_GET_CLASS (element), "src")->caps;
  GstCaps *caps = gst_caps_new_simple ("audio/x-raw",
      "format", G_TYPE_STRING, gst_audio_format_to_string (format), NULL);
  gboolean has = gst_caps_can_intersect (all, caps);

  gst_caps_unref (caps);
  return has;
}

/* One format for each way to write a sample, where all would take too long. */
static inline gboolean
is_wanted (GstAudioFormat format)
{
  static const GstAudioFormat few[] = {
    GST_AUDIO_FORMAT_F32, GST_AUDIO_FORMAT_F64, GST_AUDIO_FORMAT_S32,
    GST_AUDIO_FORMAT_S16, GST_AUDIO_FORMAT_S24, GST_AUDIO_FORMAT_U18BE,
    GST_AUDIO_FORMAT_U8,
  };
  guint i;

  if (g_getenv ("AUDIOBATCH_FEW_FORMATS") == NULL)
    return TRUE;
  for (i = 0; i < G_N_ELEMENTS (few); i++)
    if (few[i] == format)
      return TRUE;
  return FALSE;
}

/* The raw formats that audiobatchsrc offers. It leaves out those that newer
 * versions of GStreamer do not write in full. With AUDIOBATCH_FEW_FORMATS, some
 * of them. */
static inline GstAudioFormat *
source_formats (guint * n_formats)
{
  GstElement *element = gst_element_factory_make ("audiobatchsrc", NULL);
  guint n_raw, i;
  const GstAudioFormat *raw = gst_audio_formats_raw (&n_raw);
  GstAudioFormat *formats = g_new (GstAudioFormat, n_raw);

  *n_formats = 0;
  for (i = 0; i < n_raw; i++)
    if (is_wanted (raw[i]) && source_has_format (element, raw[i]))
      formats[(*n_formats)++] = raw[i];
  gst_object_unref (element);
  /* GStreamer has had at least 30 since 1.0 */
  fail_unless (*n_formats >= (g_getenv ("AUDIOBATCH_FEW_FORMATS") ? 7 : 30),
      "%u formats", *n_formats);
  return formats;
}

static inline GstHarness *
source (const gchar * element, const GstAudioInfo * info,
    const gchar * properties, GstBus ** bus)
{
  GstHarness *h = harness_with_bus (element, bus);

  set_properties (h->element, properties);
  if (info)
    gst_harness_set_sink_caps (h, gst_audio_info_to_caps (info));
  return h;
}

/* Returns all batches up to EOS, in order. */
static inline GPtrArray *
play_to_end (GstHarness * h)
{
  GPtrArray *batches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  GstBuffer *batch;
  gboolean eos = FALSE;

  gst_harness_play (h);
  while (!eos) {
    GstEvent *event = gst_harness_pull_event (h);

    fail_unless (event != NULL, "no EOS came");
    eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  while ((batch = gst_harness_try_pull (h)))
    g_ptr_array_add (batches, batch);
  return batches;
}

/* Returns the bytes of all @batches in one array. */
static inline GByteArray *
join (GPtrArray * batches)
{
  GByteArray *bytes = g_byte_array_new ();
  guint i;

  for (i = 0; i < batches->len; i++) {
    GstMapInfo map;

    fail_unless (gst_buffer_map (batches->pdata[i], &map, GST_MAP_READ));
    g_byte_array_append (bytes, map.data, map.size);
    gst_buffer_unmap (batches->pdata[i], &map);
  }
  return bytes;
}

/* Returns all bytes that @element produces up to EOS. */
static inline GByteArray *
bytes_of (const gchar * element, const GstAudioInfo * info,
    const gchar * properties)
{
  GstBus *bus;
  GstHarness *h = source (element, info, properties, &bus);
  GPtrArray *batches = play_to_end (h);
  GByteArray *bytes = join (batches);

  g_ptr_array_unref (batches);
  harness_free_with_bus (h, bus);
  return bytes;
}

static inline void
assert_no_error (GstBus * bus)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  if (message == NULL)
    return;
  gst_message_parse_error (message, &error, NULL);
  fail ("unexpected error: %s", error->message);
}

/* Compares, and frees both. */
static inline void
assert_same_bytes (GByteArray * got, GByteArray * want)
{
  fail_unless_equals_int (got->len, want->len);
  fail_unless (memcmp (got->data, want->data, want->len) == 0);
  g_byte_array_unref (got);
  g_byte_array_unref (want);
}
