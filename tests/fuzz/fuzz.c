/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

/* The pool allocates and touches this many buffers before the first batch. */
#define MOST_POOL_MIN 8

void
fuzz_fail (const gchar * file, gint line, const gchar * promise,
    const gchar * format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("%s:%d: does not hold: %s: %s\n", file, line, promise, text);
  abort ();
}

/* FNV-1a, of 8 bytes at a time */
#define DIGEST_START G_GUINT64_CONSTANT (0xcbf29ce484222325)
#define DIGEST_PRIME G_GUINT64_CONSTANT (0x100000001b3)

static guint64 digest;

UNGUIDED void
fuzz_note (gconstpointer data, gsize size)
{
  const guint8 *bytes = data;
  guint64 word = 0;

  for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
    memcpy (&word, bytes, sizeof word);
    digest = (digest ^ word) * DIGEST_PRIME;
  }
  word = 0;
  memcpy (&word, bytes, size);
  digest = (digest ^ word ^ size) * DIGEST_PRIME;
}

guint64
fuzz_digest (void)
{
  return digest;
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  static gint64 repeat;
  guint64 first = 0;
  gint64 i;

  if (repeat == 0)
    repeat = MAX (g_ascii_strtoll (g_getenv ("FUZZ_REPEAT") ? : "1", NULL, 10),
        1);
  for (i = 0; i < repeat; i++) {
    digest = DIGEST_START;
    fuzz_run (data, size);
    if (i == 0)
      first = digest;
    PROMISE (digest == first, "round %" G_GINT64_FORMAT " of the same input "
        "has another digest", i);
  }
  return 0;
}

/* Used instead of G_DEBUG=fatal-criticals, which traps: the fuzzer keeps the
 * input only after an abort. */
static void
judge_log (const gchar * domain, GLogLevelFlags level, const gchar * message,
    gpointer unused)
{
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
      == 0)
    return;
  /* the application's mistake: the seek's start is after its stop, or its stop
   * is before the segment's offset */
  if (strstr (message, "gst_segment_do_seek: assertion 'start <= stop'")
      || strstr (message, "gst_segment_to_running_time_full: assertion 'stop "
          ">= offset'"))
    return;
  /* GStreamer's mistake: caps whose lists have nothing in common */
  if (strstr (message, "gst_value_intersect: assertion 'G_IS_VALUE"))
    return;
  PROMISE (FALSE, "%s: %s", domain, message);
}

void
fuzz_init_gst (void)
{
  g_setenv ("GST_REGISTRY_DISABLE", "yes", TRUE);
  g_setenv ("GST_REGISTRY_UPDATE", "no", TRUE);
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv ("GST_PLUGIN_PATH_1_0", "", TRUE);
  gst_init (NULL, NULL);
  g_log_set_default_handler (judge_log, NULL);
}

static GstBusSyncReply
count_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Listener *self = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    PROMISE (error->message[0] != '\0', "the error has no text");
    g_atomic_int_inc (&self->errors);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

void
listener_init (Listener * self, GstElement * element)
{
  self->bus = gst_bus_new ();
  self->errors = 0;
  gst_bus_set_sync_handler (self->bus, count_message, self, NULL);
  gst_element_set_bus (element, self->bus);
}

gint
listener_errors (Listener * self)
{
  return g_atomic_int_get (&self->errors);
}

void
listener_clear (Listener * self)
{
  gst_bus_set_sync_handler (self->bus, NULL, NULL, NULL);
  gst_clear_object (&self->bus);
}

static guint64
figure (const GstStructure * stats, const gchar * name)
{
  guint64 value = 0;

  PROMISE (gst_structure_get_uint64 (stats, name, &value), "stats has no %s",
      name);
  return value;
}

void
figures_read (Figures * self, GstElement * element)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (element, "stats", &stats, NULL);
  self->in = figure (stats, "samples-in");
  self->inserted = figure (stats, "samples-inserted");
  self->out = figure (stats, "samples-out");
  self->dropped = figure (stats, "samples-dropped");
  self->pending = figure (stats, "samples-pending");
  self->batches = figure (stats, "batches");
  self->outstanding = figure (stats, "outstanding-batches");
  self->outstanding_bytes = figure (stats, "outstanding-bytes");
  fuzz_note (self, sizeof *self);
}

guint64
figures_one (GstElement * element, const gchar * name)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (element, "stats", &stats, NULL);
  return figure (stats, name);
}

guint
figures_uint (GstElement * element, const gchar * property)
{
  guint value;

  g_object_get (element, property, &value, NULL);
  return value;
}

/* Properties */

static guint64
number_between (Input * input, guint64 least, guint64 most, guint64 usual)
{
  guint64 number;

  switch (input_below (input, 8)) {
    case 0:
      return least;
    case 1:
      return most;
    case 2:
      return usual;
    case 3:
    case 4:
      number = input_number (input);
      break;
    default:
      number = input_byte (input);
      break;
  }
  return CLAMP (number, least, most);
}

static gint64
any_int64 (Input * input)
{
  switch (input_below (input, 4)) {
    case 0:
      return G_MININT64;
    case 1:
      return -(gint64) (input_number (input) >> 1);
    default:
      return (gint64) (input_number (input) >> 1);
  }
}

static void
any_value (GValue * value, GParamSpec * spec, Input * input)
{
  if (G_IS_PARAM_SPEC_UINT (spec)) {
    GParamSpecUInt *uints = G_PARAM_SPEC_UINT (spec);

    g_value_set_uint (value, number_between (input, uints->minimum,
            uints->maximum, uints->default_value));
  } else if (G_IS_PARAM_SPEC_UINT64 (spec)) {
    GParamSpecUInt64 *uints = G_PARAM_SPEC_UINT64 (spec);

    g_value_set_uint64 (value, number_between (input, uints->minimum,
            uints->maximum, uints->default_value));
  } else if (G_IS_PARAM_SPEC_INT64 (spec)) {
    g_value_set_int64 (value, any_int64 (input));
  } else if (G_IS_PARAM_SPEC_INT (spec)) {
    g_value_set_int (value, (gint) input_number (input));
  } else if (G_IS_PARAM_SPEC_BOOLEAN (spec)) {
    g_value_set_boolean (value, input_below (input, 2));
  } else if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *enums = G_PARAM_SPEC_ENUM (spec)->enum_class;

    g_value_set_enum (value,
        enums->values[input_below (input, enums->n_values)].value);
  } else if (G_IS_PARAM_SPEC_DOUBLE (spec)) {
    g_value_set_double (value, input_one_in (input, 2) ?
        (gdouble) input_number (input) : input_byte (input) / 255.0);
  } else if (GST_IS_PARAM_SPEC_FRACTION (spec)) {
    guint64 n = input_number (input);
    guint64 d = input_number (input);

    gst_value_set_fraction (value, MIN (n, G_MAXINT), CLAMP (d, 1, G_MAXINT));
  }
}

/* The properties that can be set in the element's present state. */
static guint
settable (GstElement * element, const gchar * except, GParamSpec ** specs,
    guint most)
{
  guint n_all, i, n = 0;
  GParamSpec **all =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n_all);

  for (i = 0; i < n_all && n < most; i++) {
    const gchar *name = all[i]->name;

    if ((all[i]->flags & GST_PARAM_MUTABLE_READY)
        && GST_STATE (element) >= GST_STATE_PAUSED)
      continue;
    if ((all[i]->flags & G_PARAM_WRITABLE) && strcmp (name, "name") != 0
        && strcmp (name, "parent") != 0 && !strstr (except, name))
      specs[n++] = all[i];
  }
  g_free (all);
  return n;
}

const gchar *
fuzz_set_property (GstElement * element, Input * input, const gchar * except)
{
  GValue value = G_VALUE_INIT;
  GParamSpec *specs[64];
  guint n = settable (element, except, specs, G_N_ELEMENTS (specs));
  GParamSpec *spec = specs[input_below (input, n)];

  g_value_init (&value, spec->value_type);
  any_value (&value, spec, input);
  if (strcmp (spec->name, "pool-min-buffers") == 0)
    g_value_set_uint (&value, g_value_get_uint (&value) % (MOST_POOL_MIN + 1));
  /* GObject would warn about a value out of range, and a warning is fatal */
  g_param_value_validate (spec, &value);
  g_object_set_property (G_OBJECT (element), spec->name, &value);
  g_value_unset (&value);
  return spec->name;
}

/* The samples of a batch, as the settings say. */
static guint64
batch_samples (GstElement * element, guint rate)
{
  guint64 samples = figures_uint (element, "samples-per-batch");
  GValue fraction = G_VALUE_INIT;
  guint64 duration;
  gint n, d;

  g_value_init (&fraction, GST_TYPE_FRACTION);
  g_object_get_property (G_OBJECT (element),
      "output-buffer-duration-fraction", &fraction);
  g_object_get (element, "output-buffer-duration", &duration, NULL);
  n = gst_value_get_fraction_numerator (&fraction);
  d = gst_value_get_fraction_denominator (&fraction);
  g_value_unset (&fraction);
  if (duration > 0)
    samples = gst_util_uint64_scale (duration, rate, GST_SECOND);
  if (n > 0)
    samples = gst_util_uint64_scale (rate, n, d);
  return samples;
}

void
fuzz_keep_short (GstElement * element, const GstAudioInfo * info)
{
  guint rate = GST_AUDIO_INFO_RATE (info);
  guint bpf = GST_AUDIO_INFO_BPF (info);
  guint64 samples = batch_samples (element, rate ? rate : 48000);

  if (bpf == 0)
    bpf = sizeof (gfloat);
  if (samples <= LONG_BYTES / bpf || samples >= REFUSED_BYTES / bpf)
    return;
  g_object_set (element, "output-buffer-duration-fraction", 0, 1,
      "output-buffer-duration", G_GUINT64_CONSTANT (0),
      "samples-per-batch", MIN (777, LONG_BYTES / bpf), NULL);
}

/* Formats and queries */

void
fuzz_audio_info (GstAudioInfo * info, Input * input)
{
  static const GstAudioFormat usual[] = {
    GST_AUDIO_FORMAT_F32, GST_AUDIO_FORMAT_S32LE, GST_AUDIO_FORMAT_S16,
    GST_AUDIO_FORMAT_S24,
  };
  static const gint rates[] = {
    48000, 44100, 8000, 1, 7, 192000, 999999937, 1000000000, G_MAXINT,
  };
  static const gint channels[] = { 1, 2, 3, 6, 8, 64 };
  GstAudioChannelPosition none[64];
  GstAudioFormat format = input_pick (input, usual);
  gint rate = input_pick (input, rates);
  guint kind = input_byte (input);
  guint i;

  if (kind & 0x80) {
    format = GST_AUDIO_FORMAT_S8 + input_below (input,
        GST_AUDIO_FORMAT_F64BE - GST_AUDIO_FORMAT_S8 + 1);
  }
  for (i = 0; i < G_N_ELEMENTS (none); i++)
    none[i] = GST_AUDIO_CHANNEL_POSITION_NONE;
  i = channels[kind % G_N_ELEMENTS (channels)];
  gst_audio_info_init (info);
  gst_audio_info_set_format (info, format, rate, i, i > 2 ? none : NULL);
  if (kind & 0x40)
    info->layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}

static GstQuery *
any_query (Input * input)
{
  static const GstFormat formats[] = {
    GST_FORMAT_TIME, GST_FORMAT_BYTES, GST_FORMAT_DEFAULT, GST_FORMAT_PERCENT,
    GST_FORMAT_BUFFERS,
  };
  guint kind = input_below (input, 12);
  GstFormat format = input_pick (input, formats);

  switch (kind) {
    case 0:
      return gst_query_new_latency ();
    case 1:
      return gst_query_new_position (format);
    case 2:
      return gst_query_new_duration (format);
    case 3:
      return gst_query_new_segment (format);
    case 4:
      return gst_query_new_seeking (format);
    case 5:
      return gst_query_new_caps (NULL);
    case 6:
      return gst_query_new_scheduling ();
    case 7:
      return gst_query_new_formats ();
    case 8:
      return gst_query_new_allocation (NULL, input_below (input, 2));
    case 9:
      return gst_query_new_uri ();
    case 10:
    {
      GstAudioInfo info;
      g_autoptr (GstCaps) caps = NULL;

      fuzz_audio_info (&info, input);
      caps = gst_audio_info_to_caps (&info);
      return gst_query_new_accept_caps (caps);
    }
    default:
      return gst_query_new_convert (format, (gint64) input_number (input),
          input_pick (input, formats));
  }
}

static void
check_latency (GstQuery * query)
{
  GstClockTime min, max;

  gst_query_parse_latency (query, NULL, &min, &max);
  PROMISE (GST_CLOCK_TIME_IS_VALID (min), "the latency has no minimum");
  PROMISE (max >= min, "latency %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
      min, max);
}

/* A negative answer, other than -1 for none, has overflowed. */
static void
check_sign (GstQuery * query)
{
  gint64 asked = 0, one = 0, other = 0;

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_POSITION:
      gst_query_parse_position (query, NULL, &one);
      break;
    case GST_QUERY_DURATION:
      gst_query_parse_duration (query, NULL, &one);
      break;
    case GST_QUERY_SEGMENT:
      gst_query_parse_segment (query, NULL, NULL, &one, &other);
      break;
    case GST_QUERY_CONVERT:
      gst_query_parse_convert (query, NULL, &asked, NULL, &one);
      break;
    default:
      break;
  }
  PROMISE (asked < 0 || (one >= -1 && other >= -1), "%s: %" G_GINT64_FORMAT
      " and %" G_GINT64_FORMAT, GST_QUERY_TYPE_NAME (query), one, other);
}

void
fuzz_query (GstPad * pad, Input * input)
{
  g_autoptr (GstQuery) query = any_query (input);

  if (!(GST_PAD_IS_SRC (pad) ? GST_QUERY_IS_UPSTREAM (query)
          : GST_QUERY_IS_DOWNSTREAM (query)))
    return;
  if (!gst_pad_query (pad, query))
    return;
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    check_latency (query);
  else
    check_sign (query);
}
