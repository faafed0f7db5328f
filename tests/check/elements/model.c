/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds random sequences of operations to audiobatch and to a model of it, and
 * compares all output: samples, times, flags, events, counters. With zero-copy
 * the output is the same.
 *
 * AUDIOBATCH_MODEL_SEQUENCES sets the number of sequences,
 * AUDIOBATCH_MODEL_SEED the first seed. A failure prints both for the sequence
 * that failed. */

#include "../batchcheck.h"
#include "rebatchmodel.h"

#define DEFAULT_SEQUENCES 9600
#define DEFAULT_SEED 1
#define MAX_OPERATIONS 40
#define MAX_CHUNK 200
#define MAX_BATCH 64
/* the most that a chunk is off, in samples */
#define MAX_OFF 250

#define EVERY_SETTING ((1 << N_SETTINGS) - 1)
#define SIZE_SETTINGS \
    (1 << SET_SAMPLES | 1 << SET_DURATION | 1 << SET_FRACTION)
#define DISCONT_SETTINGS (1 << SET_DISCONT | 1 << SET_THRESHOLD \
    | 1 << SET_WAIT | 1 << SET_MAX_FILL)

/* The kind of sequences that one test plays. */
typedef struct
{
  const gchar *name;
  /* how often each operation comes, relative to the others */
  guint weights[N_OPS];
  /* bits: the settings to try */
  guint settings;
  /* percentages: chunks that are off; chunks that are flagged or have no time;
   * segments that change the rate or play backwards */
  guint off;
  guint odd;
  guint speeds;
  guint reverse;
  /* percentages: chunks whose time is wrong by seconds; chunks across the
   * limits of the segment; chunks with a flag that says nothing about time */
  guint wrong;
  guint across;
  guint flags;
} Area;

static const Area areas[] = {
  {"plain",
        {[OP_CHUNK] = 90,[OP_FLUSH] = 3,[OP_CUSTOM] = 4,[OP_TAG] = 2},
      1 << SET_SAMPLES, 0, 5, 0, 0, 0, 0, 5},
  {"gaps and overlaps",
        {[OP_CHUNK] = 80,[OP_GAP] = 10,[OP_FLUSH] = 2,[OP_TAG] = 2,
            [OP_SET] = 4},
      1 << SET_SAMPLES | DISCONT_SETTINGS, 45, 15, 0, 0, 0, 0, 0},
  {"wrong times",
        {[OP_CHUNK] = 85,[OP_GAP] = 4,[OP_FLUSH] = 2,[OP_SEGMENT] = 4,
              [OP_CAPS] = 2,[OP_TAG] = 4,[OP_SEGMENT_DONE] = 2,[OP_EOS] = 2,
            [OP_STREAM_START] = 2,[OP_SET] = 3},
        1 << SET_SAMPLES | 1 << SET_HOP | 1 << SET_TAIL | DISCONT_SETTINGS,
      25, 6, 0, 0, 20, 0, 4},
  {"gap events",
        {[OP_CHUNK] = 50,[OP_GAP] = 40,[OP_FLUSH] = 2,[OP_SEGMENT] = 3,
            [OP_TAG] = 4,[OP_SEGMENT_DONE] = 2,[OP_EOS] = 2,[OP_SET] = 3},
        1 << SET_SAMPLES | 1 << SET_TAIL | DISCONT_SETTINGS,
      20, 8, 5, 10, 3, 5, 0},
  {"tails",
        {[OP_CHUNK] = 70,[OP_GAP] = 4,[OP_FLUSH] = 2,[OP_CAPS] = 6,
            [OP_CUSTOM] = 4,[OP_SEGMENT_DONE] = 8,[OP_SET] = 6,[OP_EOS] = 4},
        1 << SET_SAMPLES | 1 << SET_TAIL | 1 << SET_DISCONT,
      15, 10, 0, 0, 0, 0, 5},
  {"hops",
        {[OP_CHUNK] = 85,[OP_GAP] = 3,[OP_FLUSH] = 2,[OP_CUSTOM] = 3,
            [OP_TAG] = 3,[OP_SEGMENT] = 3,[OP_SEGMENT_DONE] = 3,[OP_SET] = 8},
        1 << SET_SAMPLES | 1 << SET_HOP | 1 << SET_TAIL | 1 << SET_DISCONT,
      10, 10, 0, 0, 0, 0, 10},
  {"sizes",
        {[OP_CHUNK] = 75,[OP_FLUSH] = 2,[OP_CAPS] = 4,[OP_CUSTOM] = 2,
            [OP_SEGMENT_DONE] = 3,[OP_SET] = 12},
      SIZE_SETTINGS | 1 << SET_TAIL, 4, 5, 0, 0, 0, 0, 5},
  {"segments",
        {[OP_CHUNK] = 65,[OP_GAP] = 5,[OP_FLUSH] = 2,[OP_SEGMENT] = 14,
              [OP_STREAM_START] = 4,[OP_CAPS] = 3,[OP_CUSTOM] = 8,
            [OP_SEGMENT_DONE] = 4,[OP_SET] = 2},
        1 << SET_SAMPLES | 1 << SET_HOP | 1 << SET_TAIL | DISCONT_SETTINGS,
      20, 8, 15, 0, 0, 20, 3},
  {"streams",
        {[OP_CHUNK] = 60,[OP_GAP] = 4,[OP_FLUSH] = 4,[OP_SEGMENT] = 8,
              [OP_STREAM_START] = 8,[OP_CAPS] = 4,[OP_CUSTOM] = 5,[OP_TAG] = 8,
            [OP_STICKY] = 8,[OP_SEGMENT_DONE] = 2,[OP_SET] = 3,[OP_EOS] = 6},
        1 << SET_SAMPLES | 1 << SET_HOP | 1 << SET_TAIL | DISCONT_SETTINGS,
      10, 6, 5, 5, 3, 5, 5},
  {"caps",
        {[OP_CHUNK] = 75,[OP_GAP] = 4,[OP_FLUSH] = 2,[OP_CAPS] = 18,
            [OP_CUSTOM] = 4,[OP_SET] = 2},
        1 << SET_SAMPLES | 1 << SET_TAIL | DISCONT_SETTINGS, 15, 10, 0, 0, 0, 0,
      5},
  {"reverse",
        {[OP_CHUNK] = 75,[OP_GAP] = 5,[OP_FLUSH] = 4,[OP_SEGMENT] = 8,
            [OP_CAPS] = 3,[OP_CUSTOM] = 4,[OP_SEGMENT_DONE] = 4,[OP_SET] = 2},
        1 << SET_SAMPLES | 1 << SET_TAIL | DISCONT_SETTINGS,
      15, 8, 10, 75, 0, 20, 8},
  {"everything",
        {[OP_CHUNK] = 65,[OP_GAP] = 8,[OP_FLUSH] = 2,[OP_SEGMENT] = 6,
              [OP_STREAM_START] = 2,[OP_CAPS] = 6,[OP_CUSTOM] = 4,[OP_TAG] = 3,
            [OP_STICKY] = 3,[OP_SEGMENT_DONE] = 4,[OP_SET] = 8,[OP_EOS] = 2},
      EVERY_SETTING, 20, 10, 10, 15, 5, 8, 10},
};

/* Operations as text */

static const gchar *const setting_names[N_SETTINGS] = {
  [SET_SAMPLES] = "samples-per-batch",
  [SET_DURATION] = "output-buffer-duration",
  [SET_FRACTION] = "output-buffer-duration-fraction",
  [SET_HOP] = "hop-samples",
  [SET_TAIL] = "tail",
  [SET_DISCONT] = "discont",
  [SET_THRESHOLD] = "alignment-threshold",
  [SET_WAIT] = "discont-wait",
  [SET_MAX_FILL] = "max-fill",
};

static gchar *
setting_value (const Operation * operation)
{
  static const gchar *const tails[] = { "short", "pad", "drop" };
  static const gchar *const disconts[] = { "resync", "fill" };

  switch (operation->setting) {
    case SET_FRACTION:
      return g_strdup_printf ("%" G_GUINT64_FORMAT "/%d", operation->value,
          operation->denominator);
    case SET_TAIL:
      return g_strdup (tails[operation->value]);
    case SET_DISCONT:
      return g_strdup (disconts[operation->value]);
    default:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, operation->value);
  }
}

/* Prints "none" as -1, which is easier to read. */
static gint64
shown (guint64 value)
{
  return (gint64) value;
}

static const struct
{
  guint flag;
  const gchar *name;
} flag_names[] = {
  {GST_BUFFER_FLAG_DISCONT, "DISCONT"},
  {GST_BUFFER_FLAG_RESYNC, "RESYNC"},
  {GST_BUFFER_FLAG_GAP, "GAP"},
  {GST_BUFFER_FLAG_CORRUPTED, "CORRUPTED"},
  {GST_BUFFER_FLAG_MARKER, "MARKER"},
  {GST_BUFFER_FLAG_DECODE_ONLY, "DECODE_ONLY"},
  {GST_BUFFER_FLAG_HEADER, "HEADER"},
  {GST_BUFFER_FLAG_LIVE, "LIVE"},
  {GST_BUFFER_FLAG_DROPPABLE, "DROPPABLE"},
  {GST_BUFFER_FLAG_DELTA_UNIT, "DELTA_UNIT"},
  {GST_BUFFER_FLAG_SYNC_AFTER, "SYNC_AFTER"},
  {GST_BUFFER_FLAG_NON_DROPPABLE, "NON_DROPPABLE"},
};

static void
append_flags (GString * text, guint flags)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (flag_names); i++) {
    if (flags & flag_names[i].flag)
      g_string_append_printf (text, " %s", flag_names[i].name);
  }
}

static void
append_segment (GString * text, const GstSegment * segment)
{
  g_string_append_printf (text, " rate %g applied %g flags %x start %"
      G_GINT64_FORMAT " stop %" G_GINT64_FORMAT " time %" G_GINT64_FORMAT
      " base %" G_GINT64_FORMAT " offset %" G_GINT64_FORMAT " position %"
      G_GINT64_FORMAT, segment->rate, segment->applied_rate, segment->flags,
      shown (segment->start), shown (segment->stop), shown (segment->time),
      shown (segment->base), shown (segment->offset),
      shown (segment->position));
}

static void
append_gap (GString * text, GstEvent * event)
{
  GstClockTime time, duration;

  gst_event_parse_gap (event, &time, &duration);
  g_string_append_printf (text, " at %" G_GINT64_FORMAT " duration %"
      G_GINT64_FORMAT, shown (time), shown (duration));
}

static void
append_caps (GString * text, GstEvent * event)
{
  GstCaps *caps;
  gchar *string;

  gst_event_parse_caps (event, &caps);
  string = gst_caps_to_string (caps);
  g_string_append_printf (text, " %s", string);
  g_free (string);
}

static void
append_structure (GString * text, GstEvent * event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  gchar *string = structure ? gst_structure_to_string (structure) : NULL;

  if (string)
    g_string_append_printf (text, " %s", string);
  g_free (string);
}

/* FLUSH events keep the seqnum with which they were made. */
static void
append_event (GString * text, GstEvent * event)
{
  const GstSegment *segment;

  g_string_append (text, GST_EVENT_TYPE_NAME (event));
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START
      || GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    return;
  g_string_append_printf (text, " #%u", gst_event_get_seqnum (event));
  /* a second thing to keep with each event */
  if (gst_event_get_running_time_offset (event)
      != gst_event_get_seqnum (event))
    g_string_append_printf (text, " running time offset %" G_GINT64_FORMAT,
        gst_event_get_running_time_offset (event));
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
    gst_event_parse_segment (event, &segment);
    append_segment (text, segment);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
    append_gap (text, event);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    append_caps (text, event);
  } else {
    append_structure (text, event);
  }
}

static void
append_operation (GString * text, const Operation * operation)
{
  GstEvent *event;
  gchar *value;

  if (operation->kind == OP_CHUNK) {
    g_string_append_printf (text, "chunk #%u of %u samples at %"
        G_GINT64_FORMAT, operation->id, operation->n_samples,
        shown (operation->time));
    append_flags (text, operation->flags);
  } else if (operation->kind == OP_SET) {
    value = setting_value (operation);
    g_string_append_printf (text, "%s=%s", setting_names[operation->setting],
        value);
    g_free (value);
  } else if (operation->kind == OP_LIVE) {
    g_string_append (text, operation->value ? "live" : "not live");
  } else {
    event = operation_event (operation);
    g_string_append (text, operation->kind == OP_FLUSH ? "flush, then " : "");
    append_event (text, event);
    gst_event_unref (event);
  }
}

static gchar *
sequence_text (const GArray * sequence)
{
  GString *text = g_string_new (NULL);
  guint i;

  for (i = 0; i < sequence->len; i++) {
    g_string_append (text, "  ");
    append_operation (text, &g_array_index (sequence, Operation, i));
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}

static gchar *
item_text (const Item * item)
{
  GString *text = g_string_new (NULL);

  if (!item)
    return g_string_free (g_string_append (text, "nothing"), FALSE);
  if (item->event) {
    append_event (text, item->event);
    return g_string_free (text, FALSE);
  }
  g_string_append_printf (text, "batch of %" G_GUINT64_FORMAT " samples (%"
      G_GSIZE_FORMAT " bytes) PTS %" G_GINT64_FORMAT " duration %"
      G_GINT64_FORMAT " OFFSET %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
      item->offset_end - item->offset, g_bytes_get_size (item->data),
      shown (item->pts), shown (item->duration), shown (item->offset),
      shown (item->offset_end));
  append_flags (text, item->flags);
  if (item->padding)
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " of padding",
        item->padding);
  return g_string_free (text, FALSE);
}

/* Playing */

typedef struct
{
  GstHarness *h;
  gboolean zero_copy;
  GPtrArray *items;
  guint operation;
  guint64 n_numbers;
  /* formats of the chunks and of the batches */
  GstAudioInfo info;
  GstAudioInfo batch_info;
  /* the first fault found without the model, or NULL */
  gchar *fault;
} Player;

G_GNUC_PRINTF (2, 3)
     static void player_fault (Player * self, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  if (!self->fault)
    self->fault = g_strdup_vprintf (format, args);
  va_end (args);
}

/* Promise 1, like assert_batch_exclusive(). That function would end the test
 * before the sequence is shortened. */
static gboolean
is_exclusive (GstBuffer * batch)
{
  GstMemory *memory = gst_buffer_peek_memory (batch, 0);

  return GST_MINI_OBJECT_REFCOUNT_VALUE (batch) == 1
      && gst_buffer_is_writable (batch) && gst_buffer_n_memory (batch) == 1
      && GST_MINI_OBJECT_REFCOUNT_VALUE (memory) == 1 && !memory->parent
      && gst_buffer_is_all_memory_writable (batch)
      && (GST_MINI_OBJECT_CAST (memory)->lockstate & 0xffff) == 0;
}

static void
check_planes (Player * self, GstBuffer * batch)
{
  GstAudioMeta *meta = gst_buffer_get_audio_meta (batch);
  gsize plane = gst_buffer_get_size (batch) / self->batch_info.channels;
  gint i;

  if (!info_is_planar (&self->batch_info)) {
    if (meta)
      player_fault (self, "an interleaved batch has a GstAudioMeta");
    return;
  }
  if (!meta || !gst_audio_info_is_equal (&meta->info, &self->batch_info)
      || meta->samples != batch_samples (batch, &self->batch_info)) {
    player_fault (self, "the GstAudioMeta of a batch is missing or wrong");
    return;
  }
  for (i = 0; i < self->batch_info.channels; i++) {
    if (meta->offsets[i] != i * plane)
      player_fault (self, "plane %d is not at its place", i);
  }
}

static guint64
padding_of (Player * self, GstBuffer * batch)
{
  GstAudioClippingMeta *meta = gst_buffer_get_audio_clipping_meta (batch);

  if (!meta)
    return 0;
  if (meta->format != GST_FORMAT_DEFAULT || meta->start != 0 || meta->end == 0)
    player_fault (self, "a GstAudioClippingMeta in %s, %" G_GUINT64_FORMAT
        " from the start, %" G_GUINT64_FORMAT " from the end",
        gst_format_get_name (meta->format), meta->start, meta->end);
  return meta->end;
}

static Item *
item_of_batch (Player * self, GstBuffer * batch)
{
  Item *item = item_new (self->operation);
  gsize size = gst_buffer_get_size (batch);
  guint8 *data = g_malloc (MAX (size, 1));

  gst_buffer_extract (batch, 0, data, size);
  item->data = g_bytes_new_take (data, size);
  item->pts = GST_BUFFER_PTS (batch);
  item->duration = GST_BUFFER_DURATION (batch);
  item->offset = GST_BUFFER_OFFSET (batch);
  item->offset_end = GST_BUFFER_OFFSET_END (batch);
  item->flags = GST_BUFFER_FLAGS (batch) & BATCH_FLAGS;
  item->padding = padding_of (self, batch);
  return item;
}

static void
record_batch (Player * self, GstBuffer * batch)
{
  if (!is_exclusive (batch))
    player_fault (self, "a batch is not exclusive");
  check_planes (self, batch);
  g_ptr_array_add (self->items, item_of_batch (self, batch));
}

static void
record_event (Player * self, GstEvent * event)
{
  Item *item = item_new (self->operation);
  GstCaps *caps;

  item->event = gst_event_ref (event);
  g_ptr_array_add (self->items, item);
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    gst_audio_info_from_caps (&self->batch_info, caps);
  }
}

/* Records the samples and drops the batch. */
static GstPadProbeReturn
record (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    record_batch (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
    return GST_PAD_PROBE_DROP;
  }
  record_event (user_data, GST_PAD_PROBE_INFO_EVENT (info));
  return GST_PAD_PROBE_OK;
}

static Player *
player_new (gboolean zero_copy)
{
  Player *self = g_new0 (Player, 1);
  GstElement *element = gst_element_factory_make ("audiobatch", NULL);
  GstPad *pad = gst_element_get_static_pad (element, "src");

  self->zero_copy = zero_copy;
  g_object_set (element, "zero-copy", zero_copy, NULL);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      record, self, NULL);
  gst_object_unref (pad);
  self->h = gst_harness_new_with_element (element, "sink", "src");
  gst_object_unref (element);
  return self;
}

static void
player_free (Player * self)
{
  gst_harness_teardown (self->h);
  g_ptr_array_unref (self->items);
  g_free (self->fault);
  g_free (self);
}

static GstBuffer *
make_chunk (Player * self, const Operation * operation)
{
  Sample samples[MAX_CHUNK];
  GstBuffer *chunk;
  GBytes *bytes;
  guint i;

  for (i = 0; i < operation->n_samples; i++)
    samples[i].number = self->n_numbers++;
  bytes = samples_to_bytes (&self->info, samples, operation->n_samples);
  /* what a GBytes holds is read-only: for zero-copy make a copy */
  chunk = gst_buffer_new_wrapped_bytes (bytes);
  if (self->zero_copy)
    gst_buffer_replace_all_memory (chunk,
        gst_memory_copy (gst_buffer_peek_memory (chunk, 0), 0, -1));
  g_bytes_unref (bytes);
  if (info_is_planar (&self->info)) {
    gst_buffer_add_audio_meta (chunk, &self->info, operation->n_samples, NULL);
  }
  GST_BUFFER_PTS (chunk) = operation->time;
  GST_BUFFER_FLAG_SET (chunk, operation->flags);
  return chunk;
}

static void
play_chunk (Player * self, const Operation * operation)
{
  GstFlowReturn flow = gst_harness_push (self->h, make_chunk (self,
          operation));

  if (flow != GST_FLOW_OK)
    player_fault (self, "the chunk was answered with %s",
        gst_flow_get_name (flow));
}

static void
play_event (Player * self, GstEvent * event)
{
  if (!gst_harness_push_event (self->h, event))
    player_fault (self, "the event was refused");
}

static void
play (Player * self, const Operation * operation)
{
  gchar *value;

  self->operation = operation->id;
  if (operation->kind == OP_CHUNK) {
    play_chunk (self, operation);
  } else if (operation->kind == OP_SET) {
    value = setting_value (operation);
    gst_util_set_object_arg (G_OBJECT (self->h->element),
        setting_names[operation->setting], value);
    g_free (value);
  } else if (operation->kind == OP_LIVE) {
    gst_harness_set_live (self->h, operation->value != 0);
  } else {
    if (operation->kind == OP_CAPS)
      self->info = operation->info;
    if (operation->kind == OP_FLUSH) {
      play_event (self, gst_event_new_flush_start ());
      play_event (self, gst_event_new_flush_stop (TRUE));
    }
    play_event (self, operation_event (operation));
  }
}

/* Comparing. Functions return differences as text, or NULL. */

static gchar *
compare_data (const Item * want, const Item * got)
{
  gsize size, got_size, i = 0;
  const guint8 *want_data = g_bytes_get_data (want->data, &size);
  const guint8 *got_data = g_bytes_get_data (got->data, &got_size);

  g_assert (size == got_size);
  if (memcmp (want_data, got_data, size) == 0)
    return NULL;
  while (want_data[i] == got_data[i])
    i++;
  return g_strdup_printf ("byte %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
      ", batch from position %" G_GUINT64_FORMAT ": want 0x%02x, got 0x%02x",
      i, size, want->offset, want_data[i], got_data[i]);
}

static gboolean
batch_looks_alike (const Item * a, const Item * b)
{
  return a->pts == b->pts && a->duration == b->duration
      && a->offset == b->offset && a->offset_end == b->offset_end
      && a->flags == b->flags && a->padding == b->padding
      && g_bytes_get_size (a->data) == g_bytes_get_size (b->data);
}

static gchar *
compare_items (const Item * want, const Item * got)
{
  gchar *want_text, *got_text, *text = NULL;

  if (want && got && !want->event && !got->event
      && batch_looks_alike (want, got))
    return compare_data (want, got);
  want_text = item_text (want);
  got_text = item_text (got);
  if (strcmp (want_text, got_text) != 0)
    text = g_strdup_printf ("\n  want: %s\n  got:  %s", want_text, got_text);
  g_free (want_text);
  g_free (got_text);
  return text;
}

static gchar *
compare_stats (GstElement * element, const Stats * stats)
{
  const struct
  {
    const gchar *name;
    guint64 want;
  } figures[] = {
    {"samples-in", stats->in},
    {"samples-out", stats->out},
    {"samples-inserted", stats->inserted},
    {"samples-dropped", stats->dropped},
    {"samples-pending", stats->pending},
    {"batches", stats->batches},
    {"breaks", stats->breaks},
    {"fills", stats->fills},
    {"drops", stats->drops},
  };
  GstStructure *structure = NULL;
  gchar *text = NULL;
  guint i;

  g_object_get (element, "stats", &structure, NULL);
  for (i = 0; i < G_N_ELEMENTS (figures) && !text; i++) {
    guint64 got = G_MAXUINT64;

    gst_structure_get_uint64 (structure, figures[i].name, &got);
    if (got != figures[i].want)
      text = g_strdup_printf ("%s: want %" G_GUINT64_FORMAT ", got %"
          G_GUINT64_FORMAT, figures[i].name, figures[i].want, got);
  }
  gst_structure_free (structure);
  return text;
}

/* Compares all output after the first @n_compared items. */
static gchar *
compare (const Model * model, const Player * player, guint n_compared)
{
  guint n = MAX (model->items->len, player->items->len);
  guint i;

  if (player->fault)
    return g_strdup (player->fault);
  if (_gst_check_raised_critical || _gst_check_raised_warning)
    return g_strdup ("a critical or a warning was logged");
  for (i = n_compared; i < n; i++) {
    gchar *text = compare_items (i < model->items->len
        ? g_ptr_array_index (model->items, i) : NULL,
        i < player->items->len ? g_ptr_array_index (player->items, i) : NULL);

    if (text)
      return text;
  }
  return compare_stats (player->h->element, &model->stats);
}

/* Promise 2, checked for the model. The element must match the model. */
static gboolean
is_lossless (const Model * model)
{
  const Stats *stats = &model->stats;

  return stats->in + stats->inserted == stats->out + stats->dropped
      + stats->pending;
}

static guint64 n_adopted;

/* Returns: (nullable): the first difference, and where it is. */
static gchar *
try_way (const GArray * sequence, gboolean zero_copy)
{
  Model *model = model_new ();
  Player *player = player_new (zero_copy);
  gboolean has_hop = FALSE;
  gchar *text = NULL;
  guint i;

  _gst_check_expecting_log = TRUE;
  _gst_check_raised_critical = _gst_check_raised_warning = FALSE;
  for (i = 0; i < sequence->len && !text; i++) {
    const Operation *operation = &g_array_index (sequence, Operation, i);
    guint n_compared = model->items->len;
    gchar *difference;

    has_hop |= operation->kind == OP_SET && operation->setting == SET_HOP;
    model_feed (model, operation);
    play (player, operation);
    difference = compare (model, player, n_compared);
    if (!difference && !has_hop && !is_lossless (model))
      difference = g_strdup ("the model loses samples");
    if (difference) {
      GString *where = g_string_new ("at ");

      append_operation (where, operation);
      g_string_append_printf (where, ": %s", difference);
      text = g_string_free (where, FALSE);
      g_free (difference);
    }
  }
  n_adopted += get_counter (player->h->element, "adopted");
  player_free (player);
  model_free (model);
  return text;
}

/* Tries both ways: with copies, and without those that can be avoided. */
static gchar *
try_sequence (const GArray * sequence)
{
  gchar *text = try_way (sequence, FALSE);

  return text ? text : try_way (sequence, TRUE);
}

/* Making sequences */

typedef struct
{
  const Area *area;
  GRand *rand;
  /* tells which time is due */
  Model *model;
  GArray *sequence;
  guint next_id;
  /* the lowest allowed rate */
  gint lowest_rate;
  /* of the last GAP event */
  gboolean has_gap;
  GstClockTime last_gap;
} Maker;

static gboolean
chance (Maker * self, guint percent)
{
  return (guint) g_rand_int_range (self->rand, 0, 100) < percent;
}

/* @from to @to, both included. */
static gint
pick (Maker * self, gint from, gint to)
{
  return g_rand_int_range (self->rand, from, to + 1);
}

static GstClockTime
samples_to_time (const Maker * self, guint n)
{
  return gst_util_uint64_scale (n, GST_SECOND, self->model->info.rate);
}

/* Returns the duration of @n samples, now and then a bit more or less. */
static GstClockTime
about_samples (Maker * self, guint n)
{
  GstClockTime time = samples_to_time (self, n);

  if (time > 2 && chance (self, 30))
    time += pick (self, -2, 2);
  else if (chance (self, 30))
    time += g_rand_double (self->rand) * samples_to_time (self, 1);
  return time;
}

static void
add (Maker * self, Operation * operation)
{
  operation->id = self->next_id++;
  g_array_append_val (self->sequence, *operation);
  model_feed (self->model, operation);
}

/* Returns by how many nanoseconds a chunk is off. */
static gint64
make_off (Maker * self)
{
  /* behaviour changes at exactly this limit */
  const guint64 limit = self->model->settings[SET_THRESHOLD
      + pick (self, 0, SET_MAX_FILL - SET_THRESHOLD)];
  const guint64 furthest = samples_to_time (self, MAX_OFF);
  gint64 off;

  switch (pick (self, 0, 4)) {
    case 0:
      off = pick (self, 0, 3);
      break;
    case 1:
      off = about_samples (self, pick (self, 0, 3));
      break;
    case 2:
      off = limit < furthest ? limit : about_samples (self, 1);
      break;
    default:
      off = about_samples (self, pick (self, 1, MAX_OFF));
  }
  return chance (self, 50) ? off : -off;
}

/* Returns by how much a wrong time is off, in nanoseconds. */
static gint64
make_wrong (Maker * self)
{
  static const gint64 jumps[] = { 5, -5, 3600, -60 };

  return jumps[pick (self, 0, G_N_ELEMENTS (jumps) - 1)] * (gint64) GST_SECOND;
}

/* Returns a time near a limit of the segment. */
static gint64
make_time_across (Maker * self, guint n_samples)
{
  const GstSegment *segment = &self->model->upstream_segment;
  gint64 before = about_samples (self, pick (self, 0, n_samples));

  if (GST_CLOCK_TIME_IS_VALID (segment->stop) && chance (self, 50))
    return segment->stop - before;
  return segment->start - before;
}

static GstClockTime
make_time (Maker * self, guint n_samples)
{
  const Model *model = self->model;
  gint64 time = model_due (model, n_samples);

  /* a held chunk that is right */
  if (model->held && chance (self, 50)) {
    time += model->held->time - time;
    if (model->upstream_segment.rate < 0)
      time = model->segment.start + model->segment.stop - time
          - samples_to_time (self, n_samples);
    else
      time += samples_to_time (self, model->held->samples->len);
  }
  /* far enough for a step back */
  if (!model->in_run && self->area->wrong && chance (self, 50))
    time += 8 * GST_SECOND;
  if (chance (self, self->area->wrong))
    time += make_wrong (self);
  if (chance (self, self->area->across))
    time = make_time_across (self, n_samples);
  if (chance (self, self->area->off))
    time += make_off (self);
  return MAX (time, 0);
}

static void
make_chunk_operation (Maker * self, Operation * operation)
{
  static const gint most[] = { 0, 3, MAX_BATCH, MAX_CHUNK };

  operation->n_samples = pick (self, 0, most[pick (self, 0, 3)]);
  /* a batch of its own */
  if (chance (self, 20) && self->model->settings[SET_SAMPLES] <= MAX_CHUNK)
    operation->n_samples = self->model->settings[SET_SAMPLES];
  operation->time = make_time (self, operation->n_samples);
  if (chance (self, self->area->odd))
    operation->time = GST_CLOCK_TIME_NONE;
  if (chance (self, self->area->odd) && self->area->off)
    operation->flags |= chance (self, 50) ? GST_BUFFER_FLAG_DISCONT
        : GST_BUFFER_FLAG_RESYNC;
  if (chance (self, 15))
    operation->flags |= GST_BUFFER_FLAG_GAP;
  while (chance (self, self->area->flags)) {
    operation->flags |= flag_names[pick (self, 3, G_N_ELEMENTS (flag_names)
            - 1)].flag;
  }
}

/* Now and then a GAP tells again what another one told, as those of a file that
 * lags do. */
static void
make_gap (Maker * self, Operation * operation)
{
  static const guint most[] = { 0, 1, 20, MAX_CHUNK };
  guint n = pick (self, 0, most[pick (self, 0, 3)]);

  if (self->has_gap && chance (self, 30)) {
    operation->time = self->last_gap;
    if (chance (self, 50))
      operation->time += about_samples (self, n);
  } else {
    operation->time = make_time (self, n);
  }
  self->has_gap = TRUE;
  self->last_gap = operation->time;
  operation->duration = chance (self, 10) ? GST_CLOCK_TIME_NONE
      : about_samples (self, n);
}

/* Half of the custom sticky events have another name. */
static void
make_note (Maker * self, Operation * operation)
{
  operation->note = chance (self, operation->kind == OP_STICKY ? 50 : 10);
}

static void
make_live (Maker * self, Operation * operation)
{
  operation->value = chance (self, 50);
}

static gdouble
make_rate (Maker * self)
{
  gdouble rate = 1;

  if (chance (self, self->area->speeds))
    rate = chance (self, 50) ? 2 : 0.5;
  return chance (self, self->area->reverse) ? -rate : rate;
}

/* Returns the running time that is due, or another one. */
static GstClockTime
make_base (Maker * self)
{
  Model *model = self->model;
  gint64 base;

  if (!model->in_run)
    return 0;
  base = model_running_time (model);
  if (chance (self, self->area->off))
    base += make_off (self);
  return MAX (base, 0);
}

static void
make_segment (Maker * self, Operation * operation)
{
  GstSegment *segment = &operation->segment;
  gboolean simple = self->area->weights[OP_SEGMENT] == 0;

  gst_segment_init (segment, GST_FORMAT_TIME);
  if (chance (self, 50))
    segment->start = about_samples (self, pick (self, 0, 2000));
  segment->time = segment->position = segment->start;
  if (simple)
    return;
  segment->rate = make_rate (self);
  if (chance (self, 30))
    segment->time = about_samples (self, 100);
  if (chance (self, 30) || segment->rate < 0)
    segment->stop = segment->start + about_samples (self, pick (self, 50,
            4000));
  segment->base = operation->kind == OP_FLUSH ? 0 : make_base (self);
}

static void
make_info (Maker * self, GstAudioInfo * info)
{
  static const GstAudioFormat formats[] = { GST_AUDIO_FORMAT_U8,
    GST_AUDIO_FORMAT_S16LE, GST_AUDIO_FORMAT_S16BE, GST_AUDIO_FORMAT_U16LE,
    GST_AUDIO_FORMAT_S24LE, GST_AUDIO_FORMAT_F32LE, GST_AUDIO_FORMAT_F64LE
  };
  static const gint rates[] = { 7, 1000, 8000, 11025, 44100, 48000 };
  guint first_rate = self->area->weights[OP_CAPS] ? 2 : 0;

  *info = audio_info (formats[pick (self, 0, G_N_ELEMENTS (formats) - 1)],
      rates[pick (self, first_rate, G_N_ELEMENTS (rates) - 1)],
      pick (self, 1, 3), chance (self, 50));
}

static void
make_caps (Maker * self, Operation * operation)
{
  if (self->model->has_format && chance (self, 40)) {
    operation->info = self->model->info;
    operation->note = operation->id + 1;
  } else {
    make_info (self, &operation->info);
  }
}

static void
make_setting_value (Maker * self, Operation * operation)
{
  gboolean none = chance (self, 30);

  switch (operation->setting) {
    case SET_SAMPLES:
      operation->value = pick (self, 1, MAX_BATCH);
      break;
    case SET_DURATION:
      operation->value = none ? 0 : gst_util_uint64_scale_ceil (pick (self,
              1000, 1000 * MAX_BATCH), GST_MSECOND, self->lowest_rate);
      break;
    case SET_FRACTION:
      operation->value = none ? 0 : pick (self, 1000, 1000 * MAX_BATCH);
      operation->denominator = none ? 1 : 1000 * self->lowest_rate;
      break;
    case SET_HOP:
      operation->value = none ? 0 : pick (self, 1, 2 * MAX_BATCH);
      break;
    case SET_TAIL:
      operation->value = pick (self, TAIL_SHORT, TAIL_DROP);
      break;
    case SET_DISCONT:
      operation->value = chance (self, 70) ? DISCONT_FILL : DISCONT_RESYNC;
      break;
    case SET_THRESHOLD:
      operation->value = none ? 0 : about_samples (self, pick (self, 0, 20));
      break;
    case SET_WAIT:
    case SET_MAX_FILL:
    default:
      operation->value = none ? 0 : about_samples (self, pick (self, 1, 150));
      /* nobody has memory for an hour of silence */
      if (operation->setting == SET_MAX_FILL && self->area->wrong && none)
        operation->value = samples_to_time (self, MAX_OFF);
  }
}

static void
make_set (Maker * self, Operation * operation)
{
  do {
    operation->setting = pick (self, 0, N_SETTINGS - 1);
  } while (!(self->area->settings & 1 << operation->setting));
  make_setting_value (self, operation);
}

static void
make_segment_done (Maker * self, Operation * operation)
{
  const GstSegment *segment = &self->model->upstream_segment;

  operation->time = chance (self, 20) ? GST_CLOCK_TIME_NONE
      : CLAMP (model_due (self->model, 0), segment->start, segment->stop);
}

static void
make (Maker * self, OperationKind kind)
{
  static void (*const makers[N_OPS]) (Maker *, Operation *) = {
    [OP_CHUNK] = make_chunk_operation,
    [OP_GAP] = make_gap,
    [OP_FLUSH] = make_segment,
    [OP_SEGMENT] = make_segment,
    [OP_CAPS] = make_caps,
    [OP_CUSTOM] = make_note,
    [OP_STICKY] = make_note,
    [OP_LIVE] = make_live,
    [OP_SEGMENT_DONE] = make_segment_done,
    [OP_SET] = make_set,
  };
  Operation operation;

  memset (&operation, 0, sizeof operation);
  operation.kind = kind;
  if (makers[kind])
    makers[kind] (self, &operation);
  add (self, &operation);
}

/* After EOS only a new stream or a flush lets anything through. */
static OperationKind
pick_kind (Maker * self)
{
  const GArray *sequence = self->sequence;
  const guint *weights = self->area->weights;
  guint sum = 0;
  guint kind;
  gint at;

  if (g_array_index (sequence, Operation, sequence->len - 1).kind == OP_EOS)
    return chance (self, 80) ? OP_STREAM_START : OP_FLUSH;
  for (kind = 0; kind < N_OPS; kind++)
    sum += weights[kind];
  at = pick (self, 0, sum - 1);
  for (kind = 0; at >= (gint) weights[kind]; kind++)
    at -= weights[kind];
  return kind;
}

static void
make_first_settings (Maker * self)
{
  guint i;

  for (i = 0; i < N_SETTINGS; i++) {
    Operation operation;

    memset (&operation, 0, sizeof operation);
    operation.kind = OP_SET;
    operation.setting = i;
    make_setting_value (self, &operation);
    /* the default size is too long for chunks this short */
    if (i == SET_SAMPLES || (self->area->settings & 1 << i && chance (self,
                70)))
      add (self, &operation);
  }
}

static GArray *
make_sequence (const Area * area, guint seed)
{
  const guint32 seeds[] = { seed, area - areas };
  Maker self = { area, g_rand_new_with_seed_array (seeds, 2), model_new (),
    g_array_new (FALSE, TRUE, sizeof (Operation)), 1, 8000, FALSE, 0
  };
  gint n = pick (&self, 1, MAX_OPERATIONS);

  make (&self, OP_LIVE);
  make (&self, OP_STREAM_START);
  make (&self, OP_CAPS);
  if (!area->weights[OP_CAPS])
    self.lowest_rate = self.model->info.rate;
  make_first_settings (&self);
  make (&self, OP_SEGMENT);
  while (n-- > 0)
    make (&self, pick_kind (&self));
  if (chance (&self, 90) && g_array_index (self.sequence, Operation,
          self.sequence->len - 1).kind != OP_EOS)
    make (&self, OP_EOS);
  model_free (self.model);
  g_rand_free (self.rand);
  return self.sequence;
}

/* Shortening failing sequences */

/* STREAM_START, caps and segment must come before data. After EOS a stream must
 * start, or a flush come. */
static gboolean
is_possible (const GArray * sequence)
{
  gboolean has_stream = FALSE, has_caps = FALSE, has_segment = FALSE;
  guint i;

  for (i = 0; i < sequence->len; i++) {
    OperationKind kind = g_array_index (sequence, Operation, i).kind;

    if (kind == OP_SET || kind == OP_LIVE)
      continue;
    has_stream |= kind == OP_STREAM_START || (kind == OP_FLUSH && has_caps);
    if (!has_stream)
      return FALSE;
    has_caps |= kind == OP_CAPS;
    has_segment |= kind == OP_SEGMENT || kind == OP_FLUSH;
    if (kind != OP_STREAM_START && kind != OP_CAPS
        && !(has_caps && has_segment))
      return FALSE;
    if (kind == OP_EOS)
      has_stream = FALSE;
  }
  return TRUE;
}

/* Returns @sequence without @n operations from @start on, or NULL if that does
 * not fail any more. */
static GArray *
try_without (const GArray * sequence, guint start, guint n)
{
  GArray *shorter = g_array_new (FALSE, TRUE, sizeof (Operation));
  gchar *difference = NULL;

  g_array_append_vals (shorter, sequence->data, sequence->len);
  g_array_remove_range (shorter, start, MIN (n, sequence->len - start));
  if (is_possible (shorter))
    difference = try_sequence (shorter);
  if (!difference)
    g_clear_pointer (&shorter, g_array_unref);
  g_free (difference);
  return shorter;
}

/* Returns: whether removing @n operations somewhere still fails. */
static gboolean
shorten_by (GArray ** sequence, guint n)
{
  gboolean shortened = FALSE;
  guint start = 0;

  while (start < (*sequence)->len) {
    GArray *shorter = try_without (*sequence, start, n);

    if (shorter) {
      g_array_unref (*sequence);
      *sequence = shorter;
      shortened = TRUE;
    } else {
      start += n;
    }
  }
  return shortened;
}

static void
shorten (GArray ** sequence)
{
  guint n = MAX ((*sequence)->len / 2, 1);

  while (shorten_by (sequence, n) || n > 1)
    n = MAX (n / 2, 1);
}

static void
fail_shortly (const Area * area, guint seed, GArray ** sequence)
{
  gchar *text, *difference;

  shorten (sequence);
  text = sequence_text (*sequence);
  difference = try_sequence (*sequence);
  fail ("%s, AUDIOBATCH_MODEL_SEED=%u AUDIOBATCH_MODEL_SEQUENCES=1:\n%s%s",
      area->name, seed, text, difference);
}

static guint
environment (const gchar * name, guint value)
{
  const gchar *text = g_getenv (name);

  return text ? g_ascii_strtoull (text, NULL, 10) : value;
}

/* One area for each loop test, so that no failure hides another. */
GST_START_TEST (test_the_element_does_what_the_model_does)
{
  const Area *area = &areas[__i__];
  guint seed = environment ("AUDIOBATCH_MODEL_SEED", DEFAULT_SEED);
  guint n = environment ("AUDIOBATCH_MODEL_SEQUENCES", DEFAULT_SEQUENCES);
  guint i;

  n = (n + G_N_ELEMENTS (areas) - 1) / G_N_ELEMENTS (areas);
  g_print ("%s: %u sequences from seed %u on\n", area->name, n, seed);
  for (i = 0; i < n; i++) {
    GArray *sequence = make_sequence (area, seed + i);
    gchar *difference = try_sequence (sequence);

    if (difference)
      fail_shortly (area, seed + i, &sequence);
    g_array_unref (sequence);
  }
  g_print ("%s: %" G_GUINT64_FORMAT " chunks were pushed without a copy\n",
      area->name, n_adopted);
  fail_unless (n < 100 || n_adopted > 0);
}

GST_END_TEST;

static Suite *
model_suite (void)
{
  Suite *s = suite_create ("model");
  TCase *tc = tcase_create ("sequences");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 600);
  tcase_add_loop_test (tc, test_the_element_does_what_the_model_does, 0,
      G_N_ELEMENTS (areas));
  return s;
}

GST_CHECK_MAIN (model);
