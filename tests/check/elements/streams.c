/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What audiobatch does with uneven streams. Each test is a rule of
 * docs/elements.md; most are faults that audiobuffersplit had. */

#include <stdio.h>
#include <stdlib.h>

#include "../batchcheck.h"

#define RATE 1000
#define BATCH 10
#define SAMPLE (GST_SECOND / RATE)
#define NO_TIME -1

/* A stream of 16-bit samples, 1000 a second, in batches of 10. The log has all
 * output: "0+10" is a batch of 10 samples at 0 ms, followed by D for DISCONT
 * (with RESYNC), G for GAP, L for a level meta, C0-6 for a clipping meta, and
 * the values of the samples, with "." for silence. */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
  GString *log;
  gint16 value;
  gboolean values;
} Stream;

static void
log_values (Stream * s, GstBuffer * batch)
{
  GstMapInfo map;
  gsize i;

  gst_buffer_map (batch, &map, GST_MAP_READ);
  g_string_append_c (s->log, '[');
  for (i = 0; i < map.size / 2; i++) {
    gint16 value = ((gint16 *) map.data)[i];

    if (value == 0)
      g_string_append_c (s->log, '.');
    else
      g_string_append_printf (s->log, "%s%d", i ? " " : "", value);
  }
  g_string_append_c (s->log, ']');
  gst_buffer_unmap (batch, &map);
}

/* flags of chunks that batches can inherit */
static const struct
{
  gchar letter;
  GstBufferFlags flag;
} chunk_flags[] = {
  {'X', GST_BUFFER_FLAG_CORRUPTED},
  {'M', GST_BUFFER_FLAG_MARKER},
  {'O', GST_BUFFER_FLAG_DECODE_ONLY},
  {'H', GST_BUFFER_FLAG_HEADER},
  {'N', GST_BUFFER_FLAG_NON_DROPPABLE},
  {'P', GST_BUFFER_FLAG_DROPPABLE},
  {'U', GST_BUFFER_FLAG_DELTA_UNIT},
  {'V', GST_BUFFER_FLAG_LIVE},
};

static void
log_flags (Stream * s, GstBuffer * batch)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (chunk_flags); i++) {
    if (GST_BUFFER_FLAG_IS_SET (batch, chunk_flags[i].flag))
      g_string_append_c (s->log, chunk_flags[i].letter);
  }
}

static void
log_metas (Stream * s, GstBuffer * batch)
{
  GstAudioClippingMeta *clipping = gst_buffer_get_audio_clipping_meta (batch);

  if (gst_buffer_get_audio_level_meta (batch))
    g_string_append_c (s->log, 'L');
  if (clipping) {
    fail_unless_equals_int (clipping->format, GST_FORMAT_DEFAULT);
    g_string_append_printf (s->log, "C%u-%u", (guint) clipping->start,
        (guint) clipping->end);
  }
}

static GstPadProbeReturn
log_output (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Stream *s = user_data;

  if (s->log->len > 0)
    g_string_append_c (s->log, ' ');
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *batch = GST_PAD_PROBE_INFO_BUFFER (info);

    assert_batch_exclusive (batch);
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (batch),
        gst_buffer_get_size (batch) / 2 * SAMPLE);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (batch) % SAMPLE, 0);
    g_string_append_printf (s->log, "%u+%u%s%s",
        (guint) (GST_BUFFER_PTS (batch) / SAMPLE),
        (guint) gst_buffer_get_size (batch) / 2,
        GST_BUFFER_IS_DISCONT (batch) ? "D" : "",
        GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_GAP) ? "G" : "");
    fail_unless_equals_int (GST_BUFFER_IS_DISCONT (batch),
        GST_BUFFER_FLAG_IS_SET (batch, GST_BUFFER_FLAG_RESYNC));
    log_flags (s, batch);
    log_metas (s, batch);
    if (s->values)
      log_values (s, batch);
  } else {
    g_string_append (s->log,
        GST_EVENT_TYPE_NAME (GST_PAD_PROBE_INFO_EVENT (info)));
  }
  return GST_PAD_PROBE_OK;
}

/* Sets a property as in "tail=pad". */
static void
set_property (Stream * s, const gchar * setting)
{
  gchar **pair = g_strsplit (setting, "=", 2);

  gst_util_set_object_arg (G_OBJECT (s->h->element), pair[0], pair[1]);
  g_strfreev (pair);
}

static gboolean zero_copy = FALSE;

/* Begins the stream. The log leaves out "stream-start caps segment". */
static void
stream_setup (Stream * s, const gchar * properties)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  gchar **settings = g_strsplit (properties, " ", -1);
  GstPad *pad;
  guint i;

  s->h = harness_with_bus ("audiobatch", &s->bus);
  s->log = g_string_new (NULL);
  s->value = 0;
  s->values = FALSE;
  g_object_set (s->h->element, "samples-per-batch", BATCH, "zero-copy",
      zero_copy, NULL);
  for (i = 0; settings[i] && *settings[i]; i++)
    set_property (s, settings[i]);
  g_strfreev (settings);
  harness_set_info (s->h, &info);
  pad = gst_element_get_static_pad (s->h->element, "src");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      log_output, s, NULL);
  gst_object_unref (pad);
}

/* Checks the log and the counters. */
static void
stream_finish (Stream * s, const gchar * expected)
{
  guint64 pending = get_stat (s->h->element, "samples-pending");
  guint hop;

  fail_unless_equals_string (s->log->str, expected);
  g_object_get (s->h->element, "hop-samples", &hop, NULL);
  if (hop == 0 || hop >= BATCH)
    assert_lossless (s->h->element, get_stat (s->h->element, "samples-in"),
        pending);
  harness_free_with_bus (s->h, s->bus);
  g_string_free (s->log, TRUE);
}

/* Makes a chunk of @n samples at @time, which is in samples. */
static GstBuffer *
make_chunk (Stream * s, gint64 time, guint n)
{
  gint16 *data = g_new (gint16, n);
  GstBuffer *chunk = n > 0
      ? gst_buffer_new_wrapped (data, n * sizeof (gint16)) : gst_buffer_new ();
  guint i;

  for (i = 0; i < n; i++)
    data[i] = ++s->value;
  if (time != NO_TIME)
    GST_BUFFER_PTS (chunk) = time * SAMPLE;
  return chunk;
}

static void
push_chunk (Stream * s, GstBuffer * chunk)
{
  fail_unless_equals_int (gst_harness_push (s->h, chunk), GST_FLOW_OK);
}

/* Returns the event of a word, or NULL. Its times are in samples. */
static GstEvent *
make_event (const gchar * word)
{
  GstSegment segment;
  gint start, stop, base;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  if (g_str_equal (word, "eos"))
    return gst_event_new_eos ();
  if (g_str_equal (word, "stream-start"))
    return gst_event_new_stream_start ("next");
  if (g_str_equal (word, "tag"))
    return gst_event_new_tag (gst_tag_list_new_empty ());
  if (g_str_equal (word, "custom"))
    return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
        gst_structure_new_empty ("later"));
  if (sscanf (word, "segment-done:%d", &stop) == 1)
    return gst_event_new_segment_done (GST_FORMAT_TIME, stop * SAMPLE);
  if (sscanf (word, "gap:%d+%d", &start, &stop) == 2)
    return gst_event_new_gap (start * SAMPLE, stop * SAMPLE);
  if (sscanf (word, "gap:%d", &start) == 1)
    return gst_event_new_gap (start * SAMPLE, GST_CLOCK_TIME_NONE);
  if (sscanf (word, "segment:%lf,%d,%d,%d", &segment.rate, &start, &stop,
          &base) != 4)
    return NULL;
  segment.start = segment.time = segment.position = start * SAMPLE;
  if (stop != NO_TIME)
    segment.stop = stop * SAMPLE;
  segment.base = base * SAMPLE;
  return gst_event_new_segment (&segment);
}

/* Pushes a chunk, written as the log writes batches. */
static void
play_chunk (Stream * s, const gchar * word)
{
  const gchar *length = strchr (word, '+');
  GstBuffer *chunk;
  guint i;

  fail_unless (length != NULL, "what is \"%s\"?", word);
  chunk = make_chunk (s, *word == '?' ? NO_TIME : atoi (word),
      atoi (length + 1));
  if (strchr (length, 'D'))
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_DISCONT);
  if (strchr (length, 'R'))
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_RESYNC);
  if (strchr (length, 'G'))
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_GAP);
  for (i = 0; i < G_N_ELEMENTS (chunk_flags); i++) {
    if (strchr (length, chunk_flags[i].letter))
      GST_BUFFER_FLAG_SET (chunk, chunk_flags[i].flag);
  }
  if (strchr (length, 'L'))
    gst_buffer_add_audio_level_meta (chunk, 42, TRUE);
  if (strchr (length, 'C'))
    gst_buffer_add_audio_clipping_meta (chunk, GST_FORMAT_DEFAULT, 2, 3);
  push_chunk (s, chunk);
}

/* Plays words such as these:
 * 5+10D             a chunk of 10 samples at 5 ms with DISCONT; R is RESYNC, G
 *                   GAP, L a level meta and C a clipping meta of 2 to 3, and
 *                   the letters of other flags are below; "?+10" has no time
 * gap:5+10          a GAP event; "gap:5" does not know its duration
 * segment:1,5,-1,0  rate, start, stop (-1: none) and base
 * segment-done:15   and eos, stream-start, tag and custom: other events
 * not-live          upstream is not live, as a harness is by default
 * flush             FLUSH_START and FLUSH_STOP, which the log does not have
 * tail=pad          sets a property
 * samples-in==15    checks a counter */
static void
play (Stream * s, const gchar * input)
{
  gchar **words = g_strsplit (input, " ", -1);
  guint i;

  for (i = 0; words[i]; i++) {
    gchar *equals = strchr (words[i], '=');
    GstEvent *event = make_event (words[i]);

    if (event) {
      fail_unless (gst_harness_push_event (s->h, event));
    } else if (equals && equals[1] == '=') {
      *equals = '\0';
      fail_unless (get_stat (s->h->element, words[i])
          == g_ascii_strtoull (equals + 2, NULL, 10), "%s is %"
          G_GUINT64_FORMAT ", not %s", words[i],
          get_stat (s->h->element, words[i]), equals + 2);
    } else if (g_str_equal (words[i], "not-live")) {
      gst_harness_set_live (s->h, FALSE);
    } else if (g_str_equal (words[i], "flush")) {
      gst_harness_push_event (s->h, gst_event_new_flush_start ());
      gst_harness_push_event (s->h, gst_event_new_flush_stop (TRUE));
    } else if (equals) {
      set_property (s, words[i]);
    } else {
      play_chunk (s, words[i]);
    }
  }
  g_strfreev (words);
}

static const struct
{
  const gchar *rule, *properties, *input, *expected;
} rules[] = {
  /* tails */
  {"a short tail is kept at breaks and at the end", "tail=short",
      "0+15 100+12D eos", "0+10D 10+5 100+10D 110+2 eos"},
  {"a tail is padded at breaks and at the end", "tail=pad",
      "0+15 100+12D eos", "0+10D 10+10C0-5 100+10D 110+10C0-8 eos"},
  {"a tail is dropped at breaks and at the end", "tail=drop",
      "0+15 100+12D eos", "0+10D 100+10D eos"},
  {"padding is silence and marked with its length", "tail=pad",
      "0+4 eos samples-inserted==6", "0+10DC0-6[1 2 3 4......] eos"},
  {"SEGMENT_DONE drains as EOS does", "",
      "0+15 segment-done:15 15+10", "0+10D 10+5 segment-done 15+10"},

  /* discontinuities */
  {"drained samples keep the time of their own run", "",
      "7+13 500+3R 900+10D", "7+10D 17+3 500+3D 900+10D"},
  {"a gap is filled with silence without a bound", "discont=fill",
      "0+5 38+12D", "0+10D[1 2 3 4 5.....] 10+10G[..........] "
        "20+10G[..........] 30+10[........ 6 7] "
        "40+10[8 9 10 11 12 13 14 15 16 17]"},
  {"a gap longer than max-fill is a break", "discont=fill max-fill=20000000",
      "0+10 30+10D 61+10D", "0+10D 10+10G 20+10G 30+10 61+10D"},
  {"overlap drops exactly the samples that overlap", "discont=fill",
        "0+10 7+5D 12+8 samples-dropped==3",
      "0+10D[1 2 3 4 5 6 7 8 9 10] 10+10[14 15 16 17 18 19 20 21 22 23]"},
  /* 8 samples overlap: two chunks of 3, and 2 of the third chunk */
  {"overlap longer than a chunk is dropped from the next ones", "discont=fill",
        "100+10 102+3D 105+3 108+3 111+9 samples-dropped==8",
      "100+10D[1 2 3 4 5 6 7 8 9 10] 110+10[19 20 21 22 23 24 25 26 27 28]"},
  {"a flag on a chunk that is due breaks only with resync", "discont=fill",
      "0+15 15+15D discont=resync 30+15D", "0+10D 10+10 20+10 30+10D"},
  {"jitter below the threshold changes nothing",
        "alignment-threshold=5000000 discont-wait=0",
        "100+10 111+10 122+10 133+10 144+10 150+10 161+10 172+10 183+10 194+10",
      "100+10D 110+10 120+10 130+10 140+10 150+10 160+10 170+10 180+10 190+10"},
  /* 60 ms off: above the threshold of 40 ms, below the wait of 200 ms */
  {"chunks that stay off are believed after the wait", "discont-wait=200000000",
        "0+20 80+50 130+50 180+50 230+50 280+50",
      "0+10D 10+10 20+10 30+10 40+10 50+10 60+10 70+10 80+10 90+10 100+10 "
        "110+10 120+10 130+10 140+10 150+10 160+10 "
        "230+10D 240+10 250+10 260+10 270+10 280+10 290+10 300+10 310+10 320+10"},
  {"a gap of the wait or longer is noticed at once", "",
      "0+10 1010+10", "0+10D 1010+10D"},
  {"with both thresholds 0 every sample counts",
        "alignment-threshold=0 discont-wait=0",
      "0+10 10+10 21+10", "0+10D 10+10 21+10D"},
  {"chunks without time count on", "alignment-threshold=0 discont-wait=0",
      "?+10 ?+5 15+5 ?+10D", "0+10D 10+10 20+10D"},

  /* gaps that a live upstream tells */
  {"with fill a loss is silence at once", "discont=fill",
        "0+4 gap:4+13 samples-inserted==13 fills==1 17+3 samples-in==7",
      "0+10D[1 2 3 4......] 10+10[....... 5 6 7]"},
  {"with fill only what is beyond the due time is lost", "discont=fill",
        "0+4 gap:2+8 samples-inserted==6 10+10",
      "0+10D[1 2 3 4......] 10+10[5 6 7 8 9 10 11 12 13 14]"},
  {"a loss that is told twice is one loss", "discont=fill",
      "0+10 gap:10+10 gap:10+10 20+10D", "0+10D 10+10G gap 20+10"},
  {"with resync a loss ends the run", "",
      "0+4 gap:4+13 17+13", "0+4D gap 17+10D"},
  {"a loss that ends a run breaks it even if time goes on", "",
      "0+4 gap:4+13 4+13 breaks==1", "0+4D gap 4+10D"},
  {"a GAP longer than max-fill ends the run", "discont=fill max-fill=20000000",
      "0+4 gap:4+21 25+10", "0+4D gap 25+10D"},
  {"a GAP as long as max-fill is filled", "discont=fill max-fill=20000000",
      "0+4 gap:4+20 24+6", "0+10D 10+10G 20+10"},
  {"only batches of nothing but silence are flagged GAP", "discont=fill",
      "0+12G gap:12+8 20+1 gap:21+18 39+1", "0+10DG 10+10G 20+10 30+10"},
  {"what overlaps comes off a loss", "discont=fill",
        "0+10 5+2D gap:7+5 samples-inserted==5 samples-dropped==5 12+8",
      "0+10D[1 2 3 4 5 6 7 8 9 10] 10+10[.. 13 14 15 16 17 18 19 20]"},

  /* GAP events that say nothing about samples */
  {"a GAP before the first chunk is no data", "discont=fill",
      "gap:0+50 0+10 samples-inserted==0", "gap 0+10D"},
  {"a GAP ahead waits behind the samples before it", "discont=fill",
      "0+4 gap:5+20 4+6 samples-inserted==0", "0+10D gap"},
  {"a GAP behind is no data", "discont=fill",
      "0+10 gap:0+10 10+10 samples-inserted==0", "0+10D gap 10+10"},
  {"a GAP of duration 0 goes on as an event", "discont=fill",
      "0+4 gap:4+0 4+6 gap:10+0 10+10", "0+10D gap gap 10+10"},
  {"a GAP of unknown duration goes on as an event", "discont=fill",
      "0+4 gap:4 4+6 gap:10", "0+10D gap gap"},
  {"a GAP of a file is no data", "discont=fill",
        "not-live 0+4 gap:4+13 4+6 gap:10+50 10+10 samples-inserted==0",
      "0+10D gap gap 10+10"},
  {"a GAP of a file is no data with resync either", "",
        "not-live 0+4 gap:4+13 4+6 gap:10+50 10+10 breaks==0",
      "0+10D gap gap 10+10"},
  {"samples wait no longer once GAP events tell of the wait", "",
        "not-live 0+4 gap:4+999 gap:1003+1 4+10",
      "0+4D gap gap 4+10"},
  {"one GAP as long as the wait is enough", "discont=fill",
      "not-live 0+4 gap:4+1000 4+10", "0+4D gap 4+10"},
  {"a chunk in between begins the count anew", "",
      "not-live 0+4 gap:4+900 4+1 gap:904+900 5+5", "0+10D gap gap"},
  {"a gap that is told again cuts nothing short", "",
      "not-live gap:0+3000 0+4 gap:4+3000 4+4 gap:8+3000 8+4 gap:12+3000 "
        "12+8", "gap 0+10D gap gap 10+10 gap"},

  /* one wrong time, with fill */
  {"a chunk that jumps alone loses nothing", "discont=fill",
        "0+5 5005+5 samples-in==10 samples-pending==10 10+10 "
        "samples-inserted==0 breaks==0 fills==0 drops==0",
      "0+10D[1 2 3 4 5 6 7 8 9 10] 10+10[11 12 13 14 15 16 17 18 19 20]"},
  {"a chunk that jumps back alone loses nothing", "discont=fill",
        "9000+5 4000+5 9010+10 samples-dropped==0 breaks==0",
      "9000+10D[1 2 3 4 5 6 7 8 9 10] 9010+10[11 12 13 14 15 16 17 18 19 20]"},
  {"a chunk an hour ahead alone breaks nothing", "discont=fill",
      "0+5 3600000+5 10+10", "0+10D 10+10"},
  {"a jump that goes on is filled from its first chunk on",
        "discont=fill discont-wait=50000000",
        "0+10 70+5 samples-inserted==0 75+5 samples-inserted==60 fills==1",
      "0+10D 10+10G 20+10G 30+10G 40+10G 50+10G 60+10G 70+10"},
  {"a jump back that goes on is dropped from its first chunk on",
      "discont=fill", "2000+10 1000+5 1005+5 samples-dropped==10 drops==1 "
        "1010+10 samples-dropped==20", "2000+10D"},
  {"an hour's jump that goes on is a break", "discont=fill",
        "0+5 3600000+5 3600005+5 breaks==1 samples-inserted==0",
      "0+5D 3600000+10D"},
  {"a restart at 0 after a minute is a break", "discont=fill",
      "60000+5 0+5 5+5 breaks==1 samples-dropped==0", "60000+5D 0+10D"},
  {"a first chunk 27 hours ahead costs nothing", "discont=fill",
        "97391000+5 5+5 10+5 samples-dropped==0 samples-inserted==0",
      "97391000+5D 5+10D"},
  {"a jump that another one follows is real",
        "discont=fill max-fill=1000000000",
      "0+5 9000+5 20000+5 20005+5 breaks==2", "0+5D 9000+5D 20000+10D"},
  {"the end does not confirm a jump", "discont=fill",
      "0+5 5005+5 eos breaks==0", "0+10D eos"},
  {"a segment does not confirm a jump", "discont=fill",
      "0+5 5005+5 segment:1,10,-1,10 10+10", "0+10D segment 10+10"},
  {"a chunk without time does not confirm a jump", "discont=fill",
      "0+5 5005+5 ?+10", "0+10D 10+10"},
  {"a GAP does not confirm a jump", "discont=fill",
      "0+5 5005+5 gap:10+5 15+5", "0+10D 10+10"},
  {"a flush forgets a jump", "discont=fill",
        "0+5 5005+5 flush samples-dropped==10 segment:1,0,-1,0 0+10",
      "segment 0+10D"},
  {"an event waits behind a chunk that jumps", "discont=fill",
      "0+5 5005+6 tag 11+9", "0+10D 10+10 tag"},
  {"an event waits behind a jump that goes on",
        "discont=fill discont-wait=50000000", "0+5 65+6 tag 71+9",
      "0+10D 10+10G 20+10G 30+10G 40+10G 50+10G 60+10 70+10 tag"},
  {"a flagged jump is acted on at once", "discont=fill",
      "0+5 9005+10D", "0+5D 9005+10D"},
  {"resync acts on a jump at once", "", "0+5 5005+10", "0+5D 5005+10D"},

  /* DISCONT of chunks of which nothing is left */
  {"DISCONT of an empty chunk is the next one's", "",
      "0+10 10+0D 10+10", "0+10D 10+10D"},
  {"DISCONT of a chunk before the segment is the next one's", "",
        "segment:1,100,-1,0 0+10 0+10D 100+10 100+0 90+10D 110+10",
      "segment 100+10D 110+10D"},

  /* flags */
  {"a batch that is one chunk keeps its flags", "",
      "0+10XMOHNPUV 10+10H 20+10", "0+10DXMOHNPUV 10+10H 20+10"},
  {"a short batch that is one chunk keeps its flags", "",
      "0+4H eos", "0+4DH eos"},
  {"CORRUPTED is of each batch with samples of the chunk", "",
      "0+5 5+1X 6+12 18+4X 22+8", "0+10DX 10+10X 20+10X"},
  {"MARKER is of the batch that begins with the chunk", "",
      "0+5M 5+5M 10+10 20+15M 35+5", "0+10DM 10+10 20+10M 30+10"},
  {"DECODE_ONLY is of batches with no other samples", "",
      "0+5O 5+10O 15+5", "0+10DO 10+10"},
  {"other flags are of whole chunks only", "",
      "0+15HNPUV 15+5HNPUV", "0+10D 10+10"},
  {"batches that overlap share the flags of their samples", "hop-samples=5",
        "0+5O 5+5XO 10+5M 15+5 20+5",
      "0+10DXO 5+10X 10+10M 15+10"},

  /* hops */
  {"windows overlap by what the hop leaves", "hop-samples=4",
        "0+3 3+16 eos",
      "0+10D[1 2 3 4 5 6 7 8 9 10] 4+10[5 6 7 8 9 10 11 12 13 14] "
        "8+10[9 10 11 12 13 14 15 16 17 18] 12+7[13 14 15 16 17 18 19] eos"},
  {"a tail that every batch has had is not pushed again",
      "hop-samples=4 tail=pad", "0+14 eos", "0+10D 4+10 eos"},
  {"hops longer than a batch skip samples and count them", "hop-samples=15",
      "0+7 7+20 eos samples-dropped==7", "0+10D[1 2 3 4 5 6 7 8 9 10] "
        "15+10[16 17 18 19 20 21 22 23 24 25] eos"},

  /* segments and events */
  {"a segment whose running time goes on neither retimes nor drains", "",
        "segment:1,0,15,0 0+15 segment:1,0,15,15 0+15 segment:1,0,15,30 0+15",
      "segment 0+10D 10+10 segment 5+10 segment 0+10"},
  {"a segment that breaks running time drains first", "",
      "0+15 segment:1,500,-1,3000 500+10", "0+10D 10+5 segment 500+10D"},
  {"a segment comes out before the first batch of it", "",
        "0+20 segment:1,100,-1,20 100+20",
      "0+10D 10+10 segment 100+10 110+10"},
  {"events wait behind a segment that waits", "",
        "0+15 tag segment:1,15,-1,15 custom 15+15 segment:1,30,-1,30 eos",
      "0+10D 10+10 tag segment custom-downstream 20+10 segment eos"},
  {"a stream that goes on begins behind the samples before it", "",
        "0+15 stream-start segment:1,0,-1,15 tag 0+15",
      "0+10D 10+10 stream-start segment tag 5+10"},
  {"a stream that does not go on begins behind the tail", "",
        "0+15 stream-start segment:1,0,-1,9000 tag 0+15",
      "0+10D 10+5 stream-start segment tag 0+10D"},
  {"a flag at the start of a stream that goes on is no break", "",
        "0+15 stream-start segment:1,0,-1,15 0+15D breaks==0",
      "0+10D 10+10 stream-start segment 5+10"},
  {"a stream that starts a little early loses no sample", "discont=fill",
        "0+15 stream-start segment:1,0,-1,14 0+15D samples-dropped==0",
      "0+10D 10+10 stream-start segment 6+10"},
  {"a flag behind the start of a stream is a break", "",
        "0+15 stream-start segment:1,0,-1,15 0+5D 5+15D breaks==1 eos",
      "0+10D 10+10 stream-start segment 5+10D 15+5 eos"},
  {"a segment waits for a chunk even if no samples are pending", "discont=fill",
        "0+10 segment:1,0,-1,20 0+10D",
      "0+10D 10+10G segment 0+10"},
  {"a GAP does not wait for a chunk behind a segment", "",
        "not-live 0+10 segment:1,0,-1,10 tag gap:0+5 0+10",
      "0+10D segment tag gap 0+10"},
  {"a stream alone does not move the clock", "alignment-threshold=0",
      "0+3 stream-start 3+17", "0+10D stream-start 10+10"},
  {"batches that overlap three segments have times of their own",
        "hop-samples=4",
        "0+3 segment:1,100,-1,3 100+4 segment:1,200,-1,7 200+12",
      "0+10D segment 101+10 segment 201+10"},
  {"a flag is due though a stream began with a chunk without time", "",
        "0+15 stream-start ?+5 20+5 25+5D breaks==1",
      "0+10D 10+10 stream-start 20+5"},
  {"an overlap that goes on as it was is one drop", "discont=fill",
      "100+10 80+10D 90+10D 100+10D drops==1 110+10", "100+10D 110+10"},
  {"a stream without a segment of its own begins in its place", "",
      "0+15 stream-start 15+15", "0+10D 10+10 stream-start 20+10"},
  {"a tag leaves behind the batch with the samples before it", "",
        "0+10 tag 10+4 tag 14+15 custom eos",
      "0+10D tag 10+10 tag 20+9 custom-downstream eos"},
  {"with overlap an event leaves behind the first batch", "hop-samples=4",
      "0+12 tag 12+9", "0+10D 4+10 tag 8+10"},
  {"the end ends the run, whatever time comes next", "",
        "0+15 eos stream-start segment:1,15,-1,15 15+10 breaks==1",
      "0+10D 10+5 eos stream-start segment 15+10D"},
  {"sticky events that wait survive a flush", "",
      "0+5 tag custom flush segment:1,0,-1,0 0+10", "segment tag 0+10D"},

  {"another playback rate is a break", "",
      "0+15 segment:2,15,-1,15 15+20", "0+10D 10+5 segment 15+10D 25+10"},

  /* metas */
  {"metas are kept where the chunk covers the batch", "",
      "0+5 5+27L 32+8", "0+10D 10+10L 20+10L 30+10"},
  {"a chunk after a batch with metas is taken", "",
      "0+10L 10+10L 20+10", "0+10DL 10+10L 20+10"},
  {"a chunk after a dropped tail with metas is taken", "tail=drop",
      "0+5L 100+10D", "100+10D"},
  {"clipping is kept where the batch is exactly the chunk", "",
      "0+10C 10+20C", "0+10DC2-3 10+10 20+10"},
};

GST_START_TEST (test_each_rule_for_uneven_streams_holds)
{
  Stream s;

  stream_setup (&s, rules[__i__].properties);
  s.values = strchr (rules[__i__].expected, '[') != NULL;
  play (&s, rules[__i__].input);
  fail_unless (g_str_equal (s.log->str, rules[__i__].expected),
      "%s: got \"%s\", want \"%s\"", rules[__i__].rule, s.log->str,
      rules[__i__].expected);
  stream_finish (&s, rules[__i__].expected);
}

GST_END_TEST;

GST_START_TEST (test_padding_of_unsigned_samples_is_their_silence)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_U8, RATE, 2, TRUE);
  GstHarness *h = gst_harness_new ("audiobatch");
  guint8 data[] = { 1, 2, 3, 4 };
  static const guint8 expected[] = { 1, 2, 128, 128, 3, 4, 128, 128 };
  GstBuffer *buffer = gst_buffer_new_memdup (data, sizeof data);

  g_object_set (h->element, "samples-per-batch", 4, NULL);
  gst_util_set_object_arg (G_OBJECT (h->element), "tail", "pad");
  harness_set_info (h, &info);
  gst_buffer_add_audio_meta (buffer, &info, 2, NULL);
  gst_harness_push (h, buffer);
  gst_harness_push_event (h, gst_event_new_eos ());
  buffer = gst_harness_pull (h);
  gst_check_buffer_data (buffer, expected, sizeof expected);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

static void
keep_warning (GstDebugCategory * category, GstDebugLevel level,
    const gchar * file, const gchar * function, gint line, GObject * object,
    GstDebugMessage * message, gpointer lines)
{
  if (level == GST_LEVEL_WARNING
      && g_str_equal (gst_debug_category_get_name (category), "audiobatch"))
    g_ptr_array_add (lines, g_strdup (gst_debug_message_get (message)));
}

static const struct
{
  const gchar *properties, *input;
  /* one for each run that has something to tell */
  const gchar *warnings[3];
} warned[] = {
  {"discont=fill", "0+10 5+5D 6+9D 7+8D",
      {"overlap are dropped: 0.010000000 s was due, and a chunk is at "
              "0.005000000 s."}},
  {"discont=fill", "0+10 9000+10D 18000+10D 18005+10D",
      {"max-fill: 0.010000000 s was due, and the samples go on at "
              "9.000000000 s.", "max-fill: 9.010000000 s was due, and the "
              "samples go on at 18.000000000 s.", "overlap are dropped: "
              "18.010000000 s was due, and a chunk is at 18.005000000 s."}},
  {"discont=fill", "0+10 gap:10+9000 9010+10",
      {"max-fill: 0.010000000 s was due, and the samples go on at "
              "9.010000000 s."}},
  /* nothing is lost */
  {"discont=fill", "0+10 500+10D 5000+10 510+10", {NULL}},
  {"discont=resync", "0+10 9000+10D 5+10D", {NULL}},
};

GST_START_TEST (test_what_is_lost_is_in_the_log_once_a_run_with_both_times)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  Stream s;
  guint i;

  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (keep_warning, lines, NULL);
  stream_setup (&s, warned[__i__].properties);
  gst_debug_set_threshold_for_name ("audiobatch", GST_LEVEL_WARNING);
  play (&s, warned[__i__].input);
  gst_debug_set_threshold_for_name ("audiobatch", GST_LEVEL_NONE);
  gst_debug_remove_log_function (keep_warning);
  for (i = 0; i < lines->len; i++) {
    const gchar *line = g_ptr_array_index (lines, i);

    fail_unless (i < 3 && warned[__i__].warnings[i], "\"%s\" too", line);
    fail_unless (g_str_has_suffix (line, warned[__i__].warnings[i]),
        "\"%s\" does not end with \"%s\"", line, warned[__i__].warnings[i]);
  }
  fail_unless (i == 3 || warned[__i__].warnings[i] == NULL, "only %u", i);
  g_ptr_array_unref (lines);
  harness_free_with_bus (s.h, s.bus);
  g_string_free (s.log, TRUE);
}

GST_END_TEST;

GST_START_TEST (test_an_hours_gap_is_filled_too)
{
  Stream s;

  stream_setup (&s, "discont=fill max-fill=0 samples-per-batch=100000");
  play (&s, "0+100 3600000+100D samples-inserted==3599900 "
      "samples-pending==100");
  g_string_truncate (s.log, strlen ("0+100000D 100000+100000G"));
  stream_finish (&s, "0+100000D 100000+100000G");
}

GST_END_TEST;

GST_START_TEST (test_drops_and_fills_leave_no_drift_at_44100)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 44100, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  guint64 position = 0, start = 0;
  guint i;

  gst_util_set_object_arg (G_OBJECT (h->element), "discont", "fill");
  harness_set_info (h, &info);
  gst_harness_set_drop_buffers (h, TRUE);
  for (i = 0; i < 3000; i++) {
    guint n = 1 + i * 7 % 501;
    GstBuffer *chunk = gst_buffer_new_allocate (NULL, n * 2, NULL);

    /* alternately 5 samples late and 5 samples early */
    start = position + (i % 2 ? 5 : 0);
    GST_BUFFER_PTS (chunk) = gst_util_uint64_scale (start, GST_SECOND, 44100);
    GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_DISCONT);
    gst_buffer_memset (chunk, 0, 1, -1);
    gst_harness_push (h, chunk);
    position = MAX (position, start + n);
  }
  fail_unless_equals_uint64 (get_stat (h->element, "samples-out")
      + get_stat (h->element, "samples-pending"), position);
  gst_harness_teardown (h);
}

GST_END_TEST;

static void
check_windows (const GstAudioInfo * info, guint size, guint hop, guint chunk)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (info, 500);
  guint start, n;

  g_object_set (h->element, "samples-per-batch", size, "hop-samples", hop,
      NULL);
  harness_set_info (h, info);
  for (start = 0; start < 500; start += n) {
    GstBuffer *buffer = audio_chunk (audio, start, MIN (chunk, 500 - start));

    n = MIN (chunk, 500 - start);
    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (start, GST_SECOND, 44100);
    gst_harness_push (h, buffer);
  }
  for (start = 0; start + size <= 500; start += hop) {
    GstBuffer *batch = gst_harness_pull (h);

    fail_unless_equals_int (batch_samples (batch, info), size);
    assert_batch_exclusive (batch);
    assert_batch_data (batch, audio, start);
    assert_batch_time (batch, start, size, 44100, 0);
    gst_buffer_unref (batch);
  }
  fail_unless (gst_harness_try_pull (h) == NULL);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_START_TEST (test_windows_are_exact_in_every_format_and_layout)
{
  static const struct
  {
    guint size, hop, chunk;
  } cases[] = { {64, 16, 10}, {64, 63, 1}, {64, 1, 500}, {50, 80, 33} };
  guint n_formats, i, c, planar;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (c = 0; c < G_N_ELEMENTS (cases); c++) {
      for (planar = 0; planar < 2; planar++) {
        GstAudioInfo info = audio_info (formats[i], 44100, 1 + i % 3, planar);

        check_windows (&info, cases[c].size, cases[c].hop, cases[c].chunk);
      }
    }
  }
}

GST_END_TEST;

/* Size */

GST_START_TEST (test_a_fraction_of_a_second_carries_its_remainder)
{
  static const struct
  {
    gint rate, n, d;
  } cases[] = {
    {44100, 1, 30}, {48000, 1001, 30000}, {44100, 1, 60}, {11025, 1, 50},
    {44100, 1001, 60000}
  };
  GstAudioInfo info =
      audio_info (GST_AUDIO_FORMAT_U8, cases[__i__].rate, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  guint64 position = 0;
  guint k;

  g_object_set (h->element, "output-buffer-duration-fraction", cases[__i__].n,
      cases[__i__].d, NULL);
  harness_set_info (h, &info);
  for (k = 1; k <= 200; k++) {
    guint64 end = (guint64) k * cases[__i__].rate * cases[__i__].n
        / cases[__i__].d;
    GstBuffer *batch;

    gst_harness_push (h, gst_buffer_new_allocate (NULL, end - position, NULL));
    batch = gst_harness_try_pull (h);
    fail_unless (batch != NULL, "batch %u is longer than it should be", k);
    assert_batch_time (batch, position, end - position, cases[__i__].rate, 0);
    gst_buffer_unref (batch);
    position = end;
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_the_sizes_do_not_overwrite_each_other)
{
  guint samples;
  guint64 duration;
  gint n, d;
  Stream s;

  stream_setup (&s, "output-buffer-duration-fraction=1/500 "
      "output-buffer-duration=3000000");
  play (&s, "0+2 output-buffer-duration-fraction=0/1 2+3 "
      "output-buffer-duration=0 5+10");
  g_object_get (s.h->element, "samples-per-batch", &samples,
      "output-buffer-duration", &duration, NULL);
  fail_unless_equals_int (samples, BATCH);
  fail_unless_equals_uint64 (duration, 0);
  {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_FRACTION);
    g_object_get_property (G_OBJECT (s.h->element),
        "output-buffer-duration-fraction", &value);
    n = gst_value_get_fraction_numerator (&value);
    d = gst_value_get_fraction_denominator (&value);
    g_value_unset (&value);
  }
  fail_unless_equals_int (n, 0);
  fail_unless_equals_int (d, 1);
  stream_finish (&s, "0+2D 2+3 5+10");
}

GST_END_TEST;

static const struct
{
  const gchar *setting;
  const gchar *words;
} bad_sizes[] = {
  {"output-buffer-duration-fraction=20000000/1", "nanoseconds"},
  {"output-buffer-duration-fraction=1/2147483647", "holds no sample"},
  {"output-buffer-duration=1", "holds no sample"},
  {"output-buffer-duration=9223372036854775807", "has more than"},
};

GST_START_TEST (test_a_size_that_can_not_be_is_an_error_that_says_why)
{
  Stream s;

  stream_setup (&s, bad_sizes[__i__].setting);
  assert_error (s.bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      bad_sizes[__i__].words);
  stream_finish (&s, "");
}

GST_END_TEST;

GST_START_TEST (test_latency_is_told_once_and_only_when_it_changes)
{
  Stream s;

  stream_setup (&s, "");
  gst_message_unref (expect_message (s.bus, GST_MESSAGE_LATENCY));
  play (&s, "0+10 samples-per-batch=10 report-interval=7 10+10");
  fail_unless (gst_bus_pop_filtered (s.bus, GST_MESSAGE_LATENCY) == NULL);
  play (&s, "samples-per-batch=5 20+20");
  gst_message_unref (expect_message (s.bus, GST_MESSAGE_LATENCY));
  fail_unless (gst_bus_pop_filtered (s.bus, GST_MESSAGE_LATENCY) == NULL);
  fail_unless_equals_uint64 (gst_harness_query_latency (s.h), 5 * SAMPLE);
  stream_finish (&s, "0+10D 10+10 20+5 25+5 30+5 35+5");
}

GST_END_TEST;

/* Segments and events */

GST_START_TEST (test_eos_before_data_still_sends_the_segment)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  GstSegment segment;
  GString *log = g_string_new (NULL);
  GstEvent *event;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  gst_harness_push_event (h, gst_event_new_eos ());
  while ((event = gst_harness_try_pull_event (h))) {
    g_string_append_printf (log, "%s ", GST_EVENT_TYPE_NAME (event));
    gst_event_unref (event);
  }
  fail_unless_equals_string (log->str, "stream-start segment eos ");
  g_string_free (log, TRUE);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_sticky_events_come_in_order_and_the_tag_not_first)
{
  /* GStreamer never frees the caps of a static: on the stack they would leak */
  static GstStaticPadTemplate any_template = GST_STATIC_PAD_TEMPLATE ("src",
      GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GstCaps *caps = gst_audio_info_to_caps (&info);
  GstElement *element = gst_element_factory_make ("audiobatch", NULL);
  GstPad *src = gst_check_setup_src_pad_by_name (element,
      &any_template, "sink");
  GstPad *out = gst_element_get_static_pad (element, "src");
  Stream s = {.log = g_string_new (NULL) };
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_add_probe (out, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, log_output, &s,
      NULL);
  gst_pad_set_active (src, TRUE);
  gst_element_set_state (element, GST_STATE_PLAYING);
  gst_pad_push_event (src, gst_event_new_stream_start ("s"));
  gst_pad_push_event (src, gst_event_new_caps (caps));
  gst_pad_push_event (src, gst_event_new_segment (&segment));
  gst_pad_push_event (src, gst_event_new_tag (gst_tag_list_new_empty ()));
  gst_pad_push_event (src, gst_event_new_eos ());
  fail_unless_equals_string (s.log->str, "stream-start caps segment tag eos");
  gst_element_set_state (element, GST_STATE_NULL);
  gst_check_teardown_pad_by_name (element, "sink");
  gst_object_unref (out);
  gst_object_unref (element);
  gst_caps_unref (caps);
  g_string_free (s.log, TRUE);
}

GST_END_TEST;

/* Queries and upstream events */

GST_START_TEST (test_upstream_is_told_that_planes_with_meta_are_welcome)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, RATE, 2, TRUE);
  GstCaps *caps = gst_audio_info_to_caps (&info);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  Stream s;

  stream_setup (&s, "");
  fail_unless (gst_pad_peer_query (s.h->srcpad, query));
  fail_unless (gst_query_find_allocation_meta (query,
          GST_AUDIO_META_API_TYPE, NULL));
  /* we copy chunks, so a pool or an alignment would not help */
  fail_unless_equals_int (gst_query_get_n_allocation_pools (query), 0);
  fail_unless_equals_int (gst_query_get_n_allocation_params (query), 0);
  gst_query_unref (query);
  gst_caps_unref (caps);
  stream_finish (&s, "");
}

GST_END_TEST;

GST_START_TEST (test_caps_queries_are_answered_by_who_is_behind_us)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  GstCaps *caps, *wanted;

  gst_harness_set_sink_caps_str (h,
      "audio/x-raw, format=S16LE, rate=[1, 8000], channels=1, "
      "layout=interleaved");
  caps = gst_pad_peer_query_caps (h->srcpad, NULL);
  wanted = gst_caps_from_string ("audio/x-raw, format=S16LE, "
      "rate=[1, 8000], channels=1, layout=interleaved");
  fail_unless (gst_caps_is_equal (caps, wanted));
  gst_caps_unref (wanted);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

GST_END_TEST;

GST_START_TEST (test_quality_of_service_passes_upstream)
{
  GstEvent *event;
  Stream s;

  stream_setup (&s, "");
  play (&s, "0+10");
  gst_harness_push_upstream_event (s.h, gst_event_new_qos
      (GST_QOS_TYPE_OVERFLOW, 0.5, 7, 3 * SAMPLE));
  event = gst_harness_pull_upstream_event (s.h);
  while (GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE
      || GST_EVENT_TYPE (event) == GST_EVENT_LATENCY) {
    gst_event_unref (event);
    event = gst_harness_pull_upstream_event (s.h);
  }
  fail_unless_equals_int (GST_EVENT_TYPE (event), GST_EVENT_QOS);
  gst_event_unref (event);
  stream_finish (&s, "0+10D");
}

GST_END_TEST;

/* Clipping */

GST_START_TEST (test_a_chunk_cut_at_its_end_keeps_its_time)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 1000, 1, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, 20);
  GstSegment segment;
  GstBuffer *buffer;

  g_object_set (h->element, "samples-per-batch", 10, NULL);
  harness_set_info (h, &info);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  /* a sample may seem to be 1 ns early */
  segment.start = 5 * SAMPLE + 1;
  segment.stop = 15 * SAMPLE;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  buffer = audio_chunk (audio, 0, 20);
  GST_BUFFER_PTS (buffer) = 5 * SAMPLE;
  gst_harness_push (h, buffer);
  buffer = gst_harness_pull (h);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 5 * SAMPLE);
  gst_buffer_unref (buffer);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Reverse */

static void
check_reverse (const GstAudioInfo * info)
{
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (info, 64);
  GstSegment segment;
  GstBuffer *batch;
  guint plane, i;

  g_object_set (h->element, "samples-per-batch", 64, NULL);
  harness_set_info (h, info);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = 64 * SAMPLE;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  for (i = 64; i > 0; i -= 16) {
    batch = audio_chunk (audio, i - 16, 16);
    GST_BUFFER_PTS (batch) = (i - 16) * SAMPLE;
    gst_harness_push (h, batch);
  }
  batch = gst_harness_pull (h);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (batch), 0);
  assert_batch_exclusive (batch);
  for (plane = 0; plane < audio->n_planes; plane++) {
    guint8 *data = g_malloc (64 * audio->sample_size);

    for (i = 0; i < 64; i++)
      memcpy (data + i * audio->sample_size,
          audio->planes[plane] + (63 - i) * audio->sample_size,
          audio->sample_size);
    fail_unless (gst_buffer_memcmp (batch, plane * 64 * audio->sample_size,
            data, 64 * audio->sample_size) == 0, "plane %u differs", plane);
    g_free (data);
  }
  gst_buffer_unref (batch);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_START_TEST (test_reverse_turns_samples_of_every_width_and_layout_round)
{
  guint n_formats, i, planar;
  const GstAudioFormat *formats = gst_audio_formats_raw (&n_formats);

  for (i = 0; i < n_formats; i++) {
    for (planar = 0; planar < 2; planar++) {
      GstAudioInfo info = audio_info (formats[i], RATE, 1 + i % 6, planar);

      check_reverse (&info);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_reverse_goes_out_as_a_segment_played_forwards)
{
  const GstSegment *out;
  GstEvent *event;
  Stream s;

  stream_setup (&s, "");
  s.values = TRUE;
  play (&s, "segment:-2,100,130,0 120+10 110+10 segment-done:110");
  event = gst_pad_get_sticky_event (s.h->sinkpad, GST_EVENT_SEGMENT, 0);
  gst_event_parse_segment (event, &out);
  fail_unless (out->rate == 2);
  fail_unless (out->applied_rate == -1);
  gst_event_unref (event);
  stream_finish (&s, "segment 100+10D[10 9 8 7 6 5 4 3 2 1] "
      "110+10[20 19 18 17 16 15 14 13 12 11] segment-done");
}

GST_END_TEST;

GST_START_TEST (test_reverse_without_an_end_is_an_error)
{
  Stream s;

  stream_setup (&s, "");
  play (&s, "segment:-1,0,-1,0");
  assert_error (s.bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "no stop");
  stream_finish (&s, "");
}

GST_END_TEST;

/* Metas */

static void
add_reference (GstBuffer * chunk, GstClockTime reference)
{
  GstCaps *caps = gst_caps_new_empty_simple ("timestamp/x-ntp");

  gst_buffer_add_reference_timestamp_meta (chunk, caps, reference,
      GST_CLOCK_TIME_NONE);
  gst_caps_unref (caps);
}

static void
push_with_reference (Stream * s, guint64 time, guint n, GstClockTime reference)
{
  GstBuffer *chunk = make_chunk (s, time, n);

  add_reference (chunk, reference);
  push_chunk (s, chunk);
}

static void
expect_reference (Stream * s, GstClockTime timestamp)
{
  GstBuffer *batch = gst_harness_pull (s->h);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (batch, NULL);

  fail_unless (meta != NULL);
  fail_unless_equals_uint64 (meta->timestamp, timestamp);
  fail_unless_equals_int (gst_buffer_get_n_meta (batch,
          GST_REFERENCE_TIMESTAMP_META_API_TYPE), 1);
  gst_buffer_unref (batch);
}

GST_START_TEST (test_each_batch_has_one_reference_timestamp_of_its_own_start)
{
  const GstClockTime ntp = 1000 * GST_SECOND;
  guint i;
  Stream s;

  stream_setup (&s, "");
  /* eight small chunks for one batch, then one chunk for more than three */
  for (i = 0; i < 8; i++)
    push_with_reference (&s, i * 2, 2, ntp + i * 2 * SAMPLE);
  push_with_reference (&s, 16, 34, ntp + 16 * SAMPLE);
  /* the reference is another clock */
  push_with_reference (&s, 50, 20, 2 * ntp);
  for (i = 0; i < 5; i++)
    expect_reference (&s, ntp + i * 10 * SAMPLE);
  expect_reference (&s, 2 * ntp);
  expect_reference (&s, 2 * ntp + 10 * SAMPLE);
  stream_finish (&s, "0+10D 10+10 20+10 30+10 40+10 50+10 60+10");
}

GST_END_TEST;

GST_START_TEST (test_a_reference_in_the_middle_of_a_batch_is_moved_to_its_start)
{
  Stream s;

  stream_setup (&s, "");
  play (&s, "0+6");
  push_with_reference (&s, 6, 4, 506 * SAMPLE);
  expect_reference (&s, 500 * SAMPLE);
  stream_finish (&s, "0+10D");
}

GST_END_TEST;

GST_START_TEST
    (test_the_reference_of_a_chunk_that_is_cut_is_moved_with_its_start) {
  Stream s;

  stream_setup (&s, "");
  play (&s, "segment:1,5,-1,5");
  push_with_reference (&s, 0, 15, 500 * SAMPLE);
  expect_reference (&s, 505 * SAMPLE);
  stream_finish (&s, "segment 5+10D");
}

GST_END_TEST;

/* Only planar audio needs a GstAudioMeta. */
GST_START_TEST (test_interleaved_chunks_are_cut_whatever_a_meta_claims)
{
  /* fewer than there are, and more than are left */
  const gsize n_claimed[] = { 3, 15 };
  GstAudioInfo claims;
  GstBuffer *chunk;
  Stream s;

  stream_setup (&s, "");
  play (&s, "segment:1,5,12,0");
  chunk = make_chunk (&s, 0, 15);
  claims = audio_info (GST_AUDIO_FORMAT_S16, RATE, 1, __i__ / 2);
  gst_buffer_add_audio_meta (chunk, &claims, n_claimed[__i__ % 2], NULL);
  push_chunk (&s, chunk);
  play (&s, "eos");
  stream_finish (&s, "segment 5+7D eos");
}

GST_END_TEST;

static GstFlowReturn
refuse_batch (GstPad * pad, GstObject * parent, GstBuffer * batch)
{
  gst_buffer_unref (batch);
  return GST_FLOW_NOT_LINKED;
}

GST_START_TEST (test_metas_and_flags_of_lost_samples_are_lost)
{
  GstPadChainFunction take_batch;
  GstBuffer *chunk;
  Stream s;

  stream_setup (&s, "");
  take_batch = GST_PAD_CHAINFUNC (s.h->sinkpad);
  gst_pad_set_chain_function (s.h->sinkpad, refuse_batch);
  chunk = make_chunk (&s, 0, 40);
  GST_BUFFER_FLAG_SET (chunk, GST_BUFFER_FLAG_CORRUPTED);
  add_reference (chunk, 500 * SAMPLE);
  fail_unless_equals_int (gst_harness_push (s.h, chunk), GST_FLOW_NOT_LINKED);
  gst_pad_set_chain_function (s.h->sinkpad, take_batch);
  push_with_reference (&s, 40, 10, 900 * SAMPLE);
  expect_reference (&s, 900 * SAMPLE);
  stream_finish (&s, "0+10DX 40+10D");
}

GST_END_TEST;

GST_START_TEST (test_a_reference_stays_at_the_end_of_all_time)
{
  const GstClockTime last = GST_CLOCK_TIME_NONE - 1;
  Stream s;

  stream_setup (&s, "");
  push_with_reference (&s, 0, 30, last - 15 * SAMPLE);
  expect_reference (&s, last - 15 * SAMPLE);
  expect_reference (&s, last - 5 * SAMPLE);
  expect_reference (&s, last);
  stream_finish (&s, "0+10D 10+10 20+10");
}

GST_END_TEST;

GST_START_TEST (test_metas_about_memory_are_dropped)
{
  GstBuffer *parent = gst_buffer_new ();
  GstBuffer *batch;
  Stream s;

  stream_setup (&s, "");
  batch = make_chunk (&s, 0, 10);
  gst_buffer_add_parent_buffer_meta (batch, parent);
  push_chunk (&s, batch);
  batch = gst_harness_pull (s.h);
  fail_unless (gst_buffer_get_parent_buffer_meta (batch) == NULL);
  ASSERT_MINI_OBJECT_REFCOUNT (parent, "parent", 1);
  gst_buffer_unref (batch);
  gst_buffer_unref (parent);
  stream_finish (&s, "0+10D");
}

GST_END_TEST;

static void
avoid_copies (void)
{
  zero_copy = TRUE;
}

static void
add_tests (TCase * tc)
{
  tcase_set_timeout (tc, 600);
  tcase_add_loop_test (tc,
      test_what_is_lost_is_in_the_log_once_a_run_with_both_times, 0,
      G_N_ELEMENTS (warned));
  tcase_add_loop_test (tc, test_each_rule_for_uneven_streams_holds, 0,
      G_N_ELEMENTS (rules));
  tcase_add_test (tc, test_padding_of_unsigned_samples_is_their_silence);
  tcase_add_test (tc, test_an_hours_gap_is_filled_too);
  tcase_add_test (tc, test_drops_and_fills_leave_no_drift_at_44100);
  tcase_add_test (tc, test_windows_are_exact_in_every_format_and_layout);
  tcase_add_loop_test (tc, test_a_fraction_of_a_second_carries_its_remainder,
      0, 5);
  tcase_add_test (tc, test_the_sizes_do_not_overwrite_each_other);
  tcase_add_loop_test (tc,
      test_a_size_that_can_not_be_is_an_error_that_says_why, 0,
      G_N_ELEMENTS (bad_sizes));
  tcase_add_test (tc, test_latency_is_told_once_and_only_when_it_changes);
  tcase_add_test (tc, test_eos_before_data_still_sends_the_segment);
  tcase_add_test (tc, test_sticky_events_come_in_order_and_the_tag_not_first);
  tcase_add_test (tc, test_upstream_is_told_that_planes_with_meta_are_welcome);
  tcase_add_test (tc, test_caps_queries_are_answered_by_who_is_behind_us);
  tcase_add_test (tc, test_quality_of_service_passes_upstream);
  tcase_add_test (tc, test_a_chunk_cut_at_its_end_keeps_its_time);
  tcase_add_test (tc,
      test_reverse_turns_samples_of_every_width_and_layout_round);
  tcase_add_test (tc, test_reverse_goes_out_as_a_segment_played_forwards);
  tcase_add_test (tc, test_reverse_without_an_end_is_an_error);
  tcase_add_test (tc,
      test_each_batch_has_one_reference_timestamp_of_its_own_start);
  tcase_add_test (tc,
      test_a_reference_in_the_middle_of_a_batch_is_moved_to_its_start);
  tcase_add_test (tc,
      test_the_reference_of_a_chunk_that_is_cut_is_moved_with_its_start);
  tcase_add_loop_test (tc,
      test_interleaved_chunks_are_cut_whatever_a_meta_claims, 0, 4);
  tcase_add_test (tc, test_metas_and_flags_of_lost_samples_are_lost);
  tcase_add_test (tc, test_a_reference_stays_at_the_end_of_all_time);
  tcase_add_test (tc, test_metas_about_memory_are_dropped);
}

/* With zero-copy nothing else comes out. */
static Suite *
streams_suite (void)
{
  Suite *s = suite_create ("streams");
  TCase *rules = tcase_create ("rules");
  TCase *without_copies = tcase_create ("without copies");

  suite_add_tcase (s, rules);
  add_tests (rules);
  suite_add_tcase (s, without_copies);
  tcase_add_checked_fixture (without_copies, avoid_copies, NULL);
  add_tests (without_copies);
  return s;
}

GST_CHECK_MAIN (streams);
