/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "seekmaker.h"

static void
any_edge (Input * input, GstSeekType * type, gint64 * value)
{
  *type = input_below (input, 3);
  *value = input_one_in (input, 8) ? -1 : (gint64) (input_time (input) >> 1);
  if (*type == GST_SEEK_TYPE_END)
    *value = -*value;
}

GstEvent *
fuzz_seek (Input * input, gboolean must_flush)
{
  static const gdouble rates[] = {
    1, 1, 1, -1, -1, 2, 0.5, -2, -0.5, 1e-9, 1e9, -1e-9, 3.7,
  };
  static const GstFormat formats[] = {
    GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_TIME,
    GST_FORMAT_DEFAULT, GST_FORMAT_BYTES, GST_FORMAT_PERCENT,
  };
  gdouble rate = input_pick (input, rates);
  GstFormat format = input_pick (input, formats);
  GstSeekFlags flags = input_bytes (input, 2);
  GstSeekType start_type, stop_type;
  gint64 start, stop;

  any_edge (input, &start_type, &start);
  any_edge (input, &stop_type, &stop);
  /* GstBaseSrc 1.22 refuses other types only after it has flushed, and then
   * continues without a segment */
  if (format != GST_FORMAT_TIME)
    start_type = stop_type = GST_SEEK_TYPE_SET;
  if (must_flush) {
    flags &= ~GST_SEEK_FLAG_INSTANT_RATE_CHANGE;
    flags |= GST_SEEK_FLAG_FLUSH;
  }
  if (flags & GST_SEEK_FLAG_INSTANT_RATE_CHANGE) {
    /* such a seek may change only the rate */
    start_type = stop_type = GST_SEEK_TYPE_NONE;
    flags &= ~GST_SEEK_FLAG_FLUSH;
  }
  /* keep only defined flags */
  flags &= GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE
      | GST_SEEK_FLAG_KEY_UNIT | GST_SEEK_FLAG_SEGMENT
      | GST_SEEK_FLAG_TRICKMODE | GST_SEEK_FLAG_SNAP_NEAREST
      | GST_SEEK_FLAG_INSTANT_RATE_CHANGE;
  if (flags & GST_SEEK_FLAG_SNAP_NEAREST)
    flags |= GST_SEEK_FLAG_KEY_UNIT;
  return gst_event_new_seek (rate, format, flags, start_type, start, stop_type,
      stop);
}
