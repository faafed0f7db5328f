/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures the purity of audiobatchsrc's sine with GStreamer's spectrum
 * element. */

#include <math.h>

#include "../batchcheck.h"

#define BANDS 1025
#define WINDOW (2 * (BANDS - 1))
/* spectrum's window is a raised cosine: a tone at the centre of a bin appears
 * in that bin and in its two neighbours */
#define SPREAD 1
#define SILENCE_DB -200

/* Tones at the centre of a bin, so that none leaks into other bins. */
static const struct
{
  const gchar *format;
  gint rate;
  guint bin;
  gint least_db;
} cases[] = {
  {"F64LE", 48000, 100, 100},
  {"F64LE", 48000, 3, 100},
  {"F64LE", 48000, 1020, 100},
  {"F64LE", 44100, 511, 100},
  {"F64BE", 96000, 255, 100},
  {"F64LE", 192000, 777, 100},
  {"F32LE", 48000, 100, 100},
  {"S32LE", 48000, 100, 100},
};

/* Gets the magnitudes in dB of the only spectrum message. */
static void
measure (guint i, gfloat * magnitudes)
{
  gchar *line = g_strdup_printf ("audiobatchsrc wave=sine volume=1 freq=%.17g "
      "samples-per-batch=%u num-buffers=4 ! audio/x-raw, format=%s, rate=%d, "
      "channels=1 ! audioconvert ! audio/x-raw, format=F64LE ! "
      "spectrum bands=%u threshold=%d interval=%" G_GUINT64_FORMAT " ! "
      "fakesink", cases[i].bin * (gdouble) cases[i].rate / WINDOW, WINDOW,
      cases[i].format, cases[i].rate, BANDS, SILENCE_DB,
      gst_util_uint64_scale (WINDOW, GST_SECOND, cases[i].rate));
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);
  GstBus *bus;
  GstMessage *message;
  const GValue *list;
  guint band;

  fail_unless (error == NULL, "%s", error ? error->message : "");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  do {
    message = expect_message (bus, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR
        | GST_MESSAGE_EOS);
    fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT,
        "there is no spectrum");
    list = gst_structure_has_name (gst_message_get_structure (message),
        "spectrum")
        ? gst_structure_get_value (gst_message_get_structure (message),
        "magnitude") : NULL;
    if (list == NULL)
      gst_message_unref (message);
  } while (list == NULL);
  fail_unless_equals_int (gst_value_list_get_size (list), BANDS);
  for (band = 0; band < BANDS; band++)
    magnitudes[band] =
        g_value_get_float (gst_value_list_get_value (list, band));
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_free (line);
}

GST_START_TEST (test_sine_has_its_peak_in_its_bin_and_nothing_else)
{
  gfloat magnitudes[BANDS];
  guint bin = cases[__i__].bin, band, peak = 0;

  measure (__i__, magnitudes);
  for (band = 0; band < BANDS; band++)
    if (magnitudes[band] > magnitudes[peak])
      peak = band;
  fail_unless_equals_int (peak, bin);
  for (band = 0; band < BANDS; band++) {
    if (band + SPREAD >= bin && band <= bin + SPREAD)
      continue;
    fail_unless (magnitudes[band] <= magnitudes[bin] - cases[__i__].least_db,
        "band %u has %.1f dB, and the sine %.1f dB in band %u", band,
        magnitudes[band], magnitudes[bin], bin);
  }
}

GST_END_TEST;

static Suite *
spectrum_suite (void)
{
  Suite *s = suite_create ("spectrum");
  TCase *tc = tcase_create ("sine");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_loop_test (tc, test_sine_has_its_peak_in_its_bin_and_nothing_else,
      0, G_N_ELEMENTS (cases));
  return s;
}

GST_CHECK_MAIN (spectrum);
