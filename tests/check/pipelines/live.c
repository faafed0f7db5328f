/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live streams, most of them on a test clock. The clock of the device is 0.05 % off,
 * chunks come with jitter and in bursts, some are lost, the clock is set back, and
 * the stream restarts. Every batch is what the rules of docs/elements.md say, and
 * every sample is accounted for. The model here has only what live streams need: that
 * of elements/rebatchmodel.h keeps every sample, and a day has too many.
 * AUDIOBATCH_LIVE_SECONDS sets the length, and 86400 is a day. AUDIOBATCH_LIVE_SEED
 * repeats one. */

#include "../batchcheck.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst/check/gsttestclock.h>

#define RATE 48000
#define CHUNK 480
#define BATCH 1024
#define CHUNK_TIME (10 * GST_MSECOND)
/* a chunk of a device whose clock is 0.05 % off lasts so much longer */
#define SKEW (5 * GST_USECOND)
#define JITTER (4 * GST_MSECOND)
#define DEFAULT_SECONDS 600

/* the defaults of audiobatch */
#define THRESHOLD (40 * GST_MSECOND)
#define WAIT GST_SECOND
#define MAX_FILL (5 * GST_SECOND)

/* Chunks from one misfortune to the next, at most: some come together, others so
 * late that the skew counts before. */
#define SOON 1000
#define LATE 24000
/* Once all has gone well for so long, the times of batches are as right as the
 * threshold, the jitter and the drift in discont-wait allow. */
#define SETTLED (4 * GST_SECOND)
#define LARGEST_ERROR (THRESHOLD + JITTER + GST_MSECOND)

#define NEVER G_MAXINT64
#define SILENCE G_MAXUINT64

/* The number in the environment variable @name. */
static guint64
wanted (const gchar * name, guint64 other)
{
  const gchar *wish = g_getenv (name);

  if (wish && !g_ascii_string_to_unsigned (wish, 10, 1, G_MAXUINT32, &other,
          NULL))
    fail ("%s is \"%s\": it must be a number", name, wish);
  return other;
}

static gint64
to_time (guint64 n_samples)
{
  return gst_util_uint64_scale_int (n_samples, GST_SECOND, RATE);
}

static guint64
to_samples (gint64 time)
{
  return gst_util_uint64_scale_int_round (ABS (time), RATE, GST_SECOND);
}

/* The sample with a number. Odd factors make all 2^32 values differ. */
static guint32
ramp_sample (guint64 number)
{
  return (guint32) number *0x9e3779b1u;
}

/* The model: what comes out for what came in */

/* Samples in a row: from @number on, or silence. */
typedef struct
{
  guint64 number;
  guint n;
} Part;

typedef struct
{
  guint64 offset;
  GstClockTime pts, end;
  gboolean discont;
  guint n;
  GArray *parts;
} Batch;

typedef struct
{
  guint64 number;
  guint n;
  gint64 pts;
} Chunk;

typedef struct
{
  gboolean fill;

  /* number of the next sample in the element; the time of one sample of the run */
  guint64 position, base_position;
  gint64 base;
  gboolean running, begun, discont;
  guint64 owed;
  gint64 off_since;
  /* n is 0 if none is held */
  Chunk held;

  /* the open batch, and those that are to come out */
  Batch *open;
  GQueue due;

  guint64 in, out, inserted, dropped, batches, breaks, fills, drops;
} Model;

static gint64
model_next (const Model * self)
{
  return self->base + to_time (self->position - self->base_position);
}

static gint64
model_due (const Model * self)
{
  return model_next (self) - to_time (self->owed);
}

static gboolean
is_counted (gint64 difference)
{
  return to_samples (difference) >= to_samples (THRESHOLD);
}

static guint
model_pending (const Model * self)
{
  return (self->open ? self->open->n : 0) + self->held.n;
}

static void
batch_free (Batch * batch)
{
  g_array_unref (batch->parts);
  g_free (batch);
}

static void
model_push (Model * self)
{
  Batch *batch = g_steal_pointer (&self->open);

  if (batch == NULL)
    return;
  batch->end = model_next (self);
  batch->discont = self->discont;
  self->discont = FALSE;
  self->out += batch->n;
  self->batches++;
  g_queue_push_tail (&self->due, batch);
}

static void
model_add (Model * self, guint64 number, guint64 n)
{
  while (n > 0) {
    Part part = { number, 0 };

    if (self->open == NULL) {
      self->open = g_new0 (Batch, 1);
      self->open->parts = g_array_new (FALSE, FALSE, sizeof (Part));
      self->open->offset = self->position;
      self->open->pts = model_next (self);
    }
    part.n = MIN (n, BATCH - self->open->n);
    g_array_append_val (self->open->parts, part);
    self->open->n += part.n;
    self->position += part.n;
    n -= part.n;
    if (number != SILENCE)
      number += part.n;
    if (self->open->n == BATCH)
      model_push (self);
  }
}

static void
model_begin (Model * self, gint64 pts)
{
  model_push (self);
  self->breaks += self->begun;
  self->base = pts;
  self->base_position = self->position;
  self->owed = 0;
  self->off_since = NEVER;
  self->running = self->begun = self->discont = TRUE;
}

static void
model_insert (Model * self, guint64 n)
{
  self->inserted += n;
  model_add (self, SILENCE, n);
}

static void
model_act (Model * self, gint64 pts)
{
  gint64 late = pts - model_next (self);
  guint64 n = to_samples (late);

  self->off_since = NEVER;
  if (self->fill && late <= 0 && n == self->owed)
    return;
  if (!self->fill || to_time (n) > (gint64) MAX_FILL) {
    model_begin (self, pts);
    return;
  }
  self->owed = late < 0 ? n : 0;
  if (n == 0)
    return;
  if (late < 0) {
    self->drops++;
  } else {
    self->fills++;
    model_insert (self, n);
  }
}

/* Is the difference one to act on? Notes since when chunks are off. */
static gboolean
is_off (Model * self, gint64 pts)
{
  if (!is_counted (pts - model_due (self))) {
    self->off_since = NEVER;
    return FALSE;
  }
  if (ABS (pts - model_due (self)) >= (gint64) WAIT)
    return TRUE;
  if (self->off_since == NEVER) {
    self->off_since = model_due (self);
    return FALSE;
  }
  return ABS (pts - self->off_since) >= (gint64) WAIT;
}

static void
model_take (Model * self, Chunk chunk)
{
  guint64 n = MIN (self->owed, chunk.n);

  self->owed -= n;
  self->dropped += n;
  model_add (self, chunk.number + n, chunk.n - n);
}

/* Places a chunk that has a time. Returns FALSE if it is to be held. */
static gboolean
model_place (Model * self, const Chunk * chunk, gboolean flagged)
{
  if (!self->running) {
    model_begin (self, chunk->pts);
  } else if (flagged || is_off (self, chunk->pts)) {
    if (!flagged && self->fill
        && ABS (chunk->pts - model_due (self)) >= (gint64) WAIT)
      return FALSE;
    model_act (self, chunk->pts);
  }
  model_take (self, *chunk);
  return TRUE;
}

/* The held chunk is due, or its jump is real. */
static void
model_settle (Model * self, gboolean real)
{
  const Chunk held = self->held;

  self->held.n = 0;
  if (held.n == 0)
    return;
  if (real)
    model_place (self, &held, TRUE);
  else
    model_take (self, held);
}

static void
model_chunk (Model * self, const Chunk * chunk, gboolean flagged)
{
  gint64 end = self->held.pts + to_time (self->held.n);
  gboolean follows = !is_counted (chunk->pts - end);
  gboolean fits = self->running && ABS (chunk->pts - model_due (self)
      - to_time (self->held.n)) < (gint64) WAIT;

  self->in += chunk->n;
  model_settle (self, follows || !fits);
  if (!model_place (self, chunk, flagged))
    self->held = *chunk;
}

/* A live upstream lost @n samples. */
static void
model_gap (Model * self, guint64 n)
{
  guint64 owed;

  model_settle (self, FALSE);
  if (!self->fill || to_time (n) > (gint64) MAX_FILL) {
    model_push (self);
    self->running = FALSE;
    return;
  }
  owed = MIN (self->owed, n);
  self->fills++;
  self->owed -= owed;
  self->inserted += owed;
  self->dropped += owed;
  model_insert (self, n - owed);
}

static void
model_eos (Model * self)
{
  model_settle (self, FALSE);
  model_push (self);
  self->running = FALSE;
}

static void
model_flush (Model * self)
{
  self->dropped += model_pending (self);
  self->held.n = 0;
  g_clear_pointer (&self->open, batch_free);
  self->position = 0;
  self->owed = 0;
  self->running = self->begun = self->discont = FALSE;
}

/* The stream */

typedef enum
{
  /* chunks are lost: nobody says so, the next one is flagged, a GAP event says so,
   * or there is none for long */
  LOST,
  LOST_FLAGGED,
  LOST_TOLD,
  LOST_LONG,
  /* chunks come late and all at once; one has another time */
  BURST,
  WRONG_TIME,
  SET_BACK,
  /* the stream begins anew */
  FLUSH,
  ENDS,
  RESTARTS,
  N_MISFORTUNES
} Misfortune;

static const gchar *const names[] = { "lost", "lost and flagged",
  "lost and told", "lost for long", "bursts", "wrong times", "set back",
  "flushes", "ends", "restarts"
};

typedef struct
{
  GstHarness *h;
  GstTestClock *clock;
  GRand *rand;
  Model model;
  GstClockTime chunk_time;

  /* when the device ends its next chunk, and the number of its next sample */
  GstClockTime device;
  guint64 number;
  /* the clock of the source is so far behind ours */
  gint64 behind;
  /* the next chunk is flagged, has a time that is wrong by so much, and so many
   * chunks come at @burst_end */
  gboolean flagged;
  gint64 wrong;
  guint burst;
  GstClockTime burst_end;

  /* since when all goes well, and how often the skew was then corrected */
  GstClockTime calm_since;
  gint64 largest_error;
  guint corrections;
  guint counts[N_MISFORTUNES];
  /* what the model counted before the last restart */
  guint64 total_in, total_batches;
} Live;

static void
assert_batch (GstBuffer * buffer, const Batch * batch)
{
  const gint32 *samples;
  GstMapInfo map;
  guint i, k;

  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), batch->offset);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), batch->pts);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer)
      + GST_BUFFER_DURATION (buffer), batch->end);
  fail_unless_equals_int (gst_buffer_get_size (buffer), batch->n * 4);
  fail_unless_equals_int (GST_BUFFER_IS_DISCONT (buffer), batch->discont);
  assert_batch_exclusive (buffer);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  samples = (const gint32 *) map.data;
  for (i = 0; i < batch->parts->len; i++) {
    Part part = g_array_index (batch->parts, Part, i);
    guint32 wrong = 0;

    for (k = 0; k < part.n; k++)
      wrong |= samples[k] ^ (part.number == SILENCE ? 0
          : ramp_sample (part.number + k));
    fail_unless (wrong == 0, "the batch at %" G_GUINT64_FORMAT
        " has other samples", batch->offset);
    samples += part.n;
  }
  gst_buffer_unmap (buffer, &map);
}

/* What came out is what had to come out, and no more. */
static void
expect (Live * self)
{
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (self->h))) {
    Batch *batch = g_queue_pop_head (&self->model.due);

    fail_unless (batch != NULL, "one batch too many");
    assert_batch (buffer, batch);
    gst_buffer_unref (buffer);
    batch_free (batch);
  }
  fail_unless_equals_int (self->model.due.length, 0);
}

static void
assert_counts (Live * self)
{
  GstElement *element = self->h->element;
  const Model *model = &self->model;

  assert_lossless (element, model->in, model_pending (model));
  fail_unless_equals_uint64 (get_stat (element, "samples-out"), model->out);
  fail_unless_equals_uint64 (get_stat (element, "samples-inserted"),
      model->inserted);
  fail_unless_equals_uint64 (get_stat (element, "samples-dropped"),
      model->dropped);
  fail_unless_equals_uint64 (get_stat (element, "breaks"), model->breaks);
  fail_unless_equals_uint64 (get_stat (element, "fills"), model->fills);
  fail_unless_equals_uint64 (get_stat (element, "drops"), model->drops);
  fail_unless_equals_uint64 (get_counter (element, "batches"), model->batches);
  /* one batch may be open */
  fail_unless_equals_uint64 (get_counter (element, "outstanding-batches"),
      model->open != NULL);
}

/* What the clock of the source says when a chunk comes. */
static gint64
source_time (Live * self, GstClockTime arrival)
{
  if (arrival > gst_clock_get_time (GST_CLOCK (self->clock)))
    gst_test_clock_set_time (self->clock, arrival);
  return (gint64) gst_clock_get_time (GST_CLOCK (self->clock)) - self->behind;
}

/* The time of the next sample that comes out is nearly that of the device. */
static void
check_error (Live * self, gint64 began)
{
  gint64 error = ABS (began - model_due (&self->model));

  if (!self->model.running || self->model.owed > 0 || self->model.held.n > 0
      || self->burst > 0) {
    self->calm_since = self->device;
  } else if (self->device - self->calm_since > SETTLED) {
    self->largest_error = MAX (self->largest_error, error);
    fail_unless (error <= (gint64) LARGEST_ERROR, "%" G_GINT64_FORMAT
        " ns off", error);
  }
}

static GstBuffer *
record (Live * self, const Chunk * chunk)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, chunk->n * 4, NULL);
  GstMapInfo map;
  guint i;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (i = 0; i < chunk->n; i++)
    ((guint32 *) map.data)[i] = ramp_sample (chunk->number + i);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = chunk->pts;
  if (self->flagged)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

static void
push_chunk (Live * self)
{
  const Model *model = &self->model;
  const guint64 before = model->breaks + model->fills + model->drops;
  Chunk chunk = { self->number, CHUNK, 0 };
  GstClockTime arrival = self->device + g_rand_int_range (self->rand, 0,
      JITTER);
  GstBuffer *buffer;

  if (self->burst > 0) {
    arrival = self->burst_end;
    self->burst--;
  }
  check_error (self, (gint64) (self->device - self->chunk_time)
      - self->behind);
  chunk.pts = MAX (source_time (self, arrival) - (gint64) CHUNK_TIME
      + self->wrong, 0);
  buffer = record (self, &chunk);
  model_chunk (&self->model, &chunk, self->flagged);
  fail_unless_equals_int (gst_harness_push (self->h, buffer), GST_FLOW_OK);
  expect (self);
  if (self->device - self->calm_since > SETTLED)
    self->corrections += model->breaks + model->fills + model->drops - before;
  self->number += CHUNK;
  self->device += self->chunk_time;
  self->flagged = FALSE;
  self->wrong = 0;
}

/* The device loses @n chunks. */
static void
lose (Live * self, guint n)
{
  self->number += n * CHUNK;
  self->device += n * self->chunk_time;
}

static void
begin_stream (Live * self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (self->h, gst_event_new_segment (&segment));
}

static void
lose_and_tell (Live * self)
{
  guint n = g_rand_int_range (self->rand, 1, 700);
  gint64 start;

  model_settle (&self->model, FALSE);
  start = model_due (&self->model);
  if (self->model.running && start >= 0) {
    model_gap (&self->model, (guint64) n * CHUNK);
    gst_harness_push_event (self->h, gst_event_new_gap (start, n * CHUNK_TIME));
  }
  lose (self, n);
}

static void
flush (Live * self)
{
  gst_harness_push_event (self->h, gst_event_new_flush_start ());
  gst_harness_push_event (self->h, gst_event_new_flush_stop (TRUE));
  model_flush (&self->model);
  begin_stream (self);
}

static void
start_stream (Live * self)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S32, RATE, 1, FALSE);

  gst_harness_push_event (self->h, gst_event_new_stream_start ("live"));
  harness_set_info (self->h, &info);
  begin_stream (self);
}

static void
restart (Live * self)
{
  Model *model = &self->model;

  gst_element_set_state (self->h->element, GST_STATE_NULL);
  model_flush (model);
  assert_counts (self);
  self->total_in += model->in;
  self->total_batches += model->batches;
  model->in = model->out = model->inserted = model->dropped = 0;
  model->batches = model->breaks = model->fills = model->drops = 0;
  gst_element_set_state (self->h->element, GST_STATE_PLAYING);
  start_stream (self);
}

static void
begin_burst (Live * self)
{
  self->burst = g_rand_int_range (self->rand, 2, 30);
  self->burst_end = self->device + self->burst * self->chunk_time;
}

/* The clock of the source is set back, by up to an hour, but not below 0. */
static void
set_back (Live * self)
{
  static const gint64 most[] = { 30 * GST_MSECOND, GST_SECOND,
    10 * GST_SECOND, 3600 * GST_SECOND
  };
  gint64 now = (gint64) self->device - self->behind - (gint64) GST_SECOND;
  gint64 step = g_rand_double (self->rand)
      * most[g_rand_int_range (self->rand, 0, G_N_ELEMENTS (most))];

  self->behind += MIN (step, MAX (now, 0));
}

static void
suffer (Live * self, Misfortune what)
{
  self->counts[what]++;
  self->calm_since = self->device;
  switch (what) {
    case LOST_FLAGGED:
      self->flagged = TRUE;
      /* fallthrough */
    case LOST:
      lose (self, g_rand_int_range (self->rand, 1, 700));
      break;
    case LOST_TOLD:
      lose_and_tell (self);
      break;
    case LOST_LONG:
      lose (self, g_rand_int_range (self->rand, 600, 12000));
      break;
    case BURST:
      begin_burst (self);
      break;
    case WRONG_TIME:
      self->wrong = g_rand_double_range (self->rand, -3600, 3600) * GST_SECOND;
      break;
    case SET_BACK:
      set_back (self);
      break;
    case FLUSH:
      flush (self);
      break;
    case ENDS:
      gst_harness_push_event (self->h, gst_event_new_eos ());
      model_eos (&self->model);
      start_stream (self);
      break;
    default:
      restart (self);
      break;
  }
  self->calm_since = self->device;
  expect (self);
  assert_counts (self);
}

/* Chunks up to the next misfortune. */
static guint
calm_chunks (Live * self)
{
  return g_rand_int_range (self->rand, 1, g_rand_boolean (self->rand) ? SOON
      : LATE);
}

static void
live_setup (Live * self, gboolean fill, gboolean slow, guint32 seed)
{
  memset (self, 0, sizeof *self);
  self->h = gst_harness_new ("audiobatch");
  self->clock = gst_harness_get_testclock (self->h);
  self->rand = g_rand_new_with_seed (seed);
  self->model.fill = fill;
  self->model.off_since = NEVER;
  self->chunk_time = slow ? CHUNK_TIME + SKEW : CHUNK_TIME - SKEW;
  self->device = self->chunk_time;
  gst_util_set_object_arg (G_OBJECT (self->h->element), "discont",
      fill ? "fill" : "resync");
  start_stream (self);
}

static void
tell (Live * self)
{
  guint i;

  g_print ("%" G_GUINT64_FORMAT " samples in %" G_GUINT64_FORMAT " batches, "
      "skew corrected %u times, off by %.1f ms at most;", self->total_in,
      self->total_batches, self->corrections, self->largest_error / 1e6);
  for (i = 0; i < N_MISFORTUNES; i++)
    g_print (" %s %u", names[i], self->counts[i]);
  g_print ("\n");
}

static void
live_clear (Live * self)
{
  restart (self);
  tell (self);
  g_rand_free (self->rand);
  gst_object_unref (self->clock);
  gst_harness_teardown (self->h);
}

GST_START_TEST (test_a_live_stream_is_what_the_rules_say_for_a_day)
{
  const gboolean fill = __i__ % 2, slow = __i__ / 2;
  const guint32 seed = wanted ("AUDIOBATCH_LIVE_SEED", g_random_int ());
  const GstClockTime end = wanted ("AUDIOBATCH_LIVE_SECONDS", DEFAULT_SECONDS)
      * GST_SECOND;
  guint calm;
  Live live;

  g_print ("%s, the device is %s, seed %u: ", fill ? "fill" : "resync",
      slow ? "slow" : "fast", seed);
  live_setup (&live, fill, slow, seed);
  while (live.device < end) {
    for (calm = calm_chunks (&live); calm > 0 && live.device < end; calm--)
      push_chunk (&live);
    suffer (&live, g_rand_int_range (live.rand, 0, N_MISFORTUNES));
  }
  live_clear (&live);
}

GST_END_TEST;

/* audiobatchsrc as a live source */

#define SRC_BATCH 4800
#define SRC_DROPOUT (3 * GST_SECOND)

typedef struct
{
  GstHarness *h;
  GstTestClock *clock;
  GRand *rand;
  /* the number of the next sample that comes out, and of all that did */
  guint64 next, total;
  /* GstBaseSrc pushes the batch that waits as soon as it plays again */
  gint64 offset;
  guint dropouts, pauses, restarts;
} LiveSource;

static GstBuffer *
fill_numbers (GstElement * src, guint64 start, guint n_samples, gpointer unused)
{
  GstBuffer *batch = take_new_batch (src);
  GstMapInfo map;
  guint i;

  gst_buffer_map (batch, &map, GST_MAP_WRITE);
  for (i = 0; i < map.size / 4; i++)
    ((guint32 *) map.data)[i] = ramp_sample (start + i);
  gst_buffer_unmap (batch, &map);
  return batch;
}

/* The batch that follows: @n samples from @start on. */
static void
assert_follows (GstBuffer * buffer, guint64 start, guint n, gint64 offset)
{
  Part part = { start, n };
  Batch batch = { start, to_time (start) + offset, to_time (start + n) + offset,
    start == 0, n, g_array_new (FALSE, FALSE, sizeof (Part))
  };

  g_array_append_val (batch.parts, part);
  assert_batch (buffer, &batch);
  g_array_unref (batch.parts);
}

/* The time of the batch for which the source waits. All before it are out. */
static GstClockTime
await_batch (LiveSource * self)
{
  GstElement *src = self->h->element;
  GstClockTime time;
  GstClockID id;
  GstBuffer *batch;

  gst_test_clock_wait_for_next_pending_id (self->clock, &id);
  time = gst_clock_id_get_time (id);
  gst_clock_id_unref (id);
  while ((batch = gst_harness_try_pull (self->h))) {
    assert_follows (batch, self->next, SRC_BATCH, self->offset);
    gst_buffer_unref (batch);
    self->next += SRC_BATCH;
  }
  fail_unless_equals_uint64 (time, gst_element_get_base_time (src)
      + to_time (self->next) + self->offset);
  /* one more has been made, and waits for its time */
  fail_unless_equals_uint64 (get_counter (src, "batches"),
      self->next / SRC_BATCH + 1);
  return time;
}

static void
wake (LiveSource * self, GstClockTime time)
{
  GstClockID id;

  /* the source may be late */
  if (time > gst_clock_get_time (GST_CLOCK (self->clock)))
    gst_test_clock_set_time (self->clock, time);
  id = gst_test_clock_process_next_clock_id (self->clock);
  gst_clock_id_unref (id);
}

static void
pause_source (LiveSource * self)
{
  GstElement *src = self->h->element;

  gst_element_set_state (src, GST_STATE_PAUSED);
  gst_element_set_state (src, GST_STATE_PLAYING);
  self->offset = GST_CLOCK_DIFF (gst_element_get_base_time (src)
      + to_time (self->next), gst_clock_get_time (GST_CLOCK (self->clock)));
  self->pauses++;
}

static void
restart_source (LiveSource * self)
{
  GstElement *src = self->h->element;

  gst_element_set_state (src, GST_STATE_NULL);
  assert_lossless (src, self->next + SRC_BATCH, 0);
  fail_unless_equals_uint64 (get_stat (src, "samples-dropped"), 0);
  fail_unless_equals_uint64 (get_counter (src, "outstanding-batches"), 0);
  self->total += self->next;
  self->next = self->offset = 0;
  gst_element_set_base_time (src, gst_clock_get_time (GST_CLOCK (self->clock)));
  gst_element_set_state (src, GST_STATE_PLAYING);
  self->restarts++;
}

static void
run_source (LiveSource * self, GstClockTime end)
{
  GstClockTime time;

  while ((time = await_batch (self)) < end) {
    switch (g_rand_int_range (self->rand, 0, 1000)) {
      case 0:
        time += SRC_DROPOUT;
        self->dropouts++;
        break;
      case 1:
        pause_source (self);
        continue;
      case 2:
        restart_source (self);
        continue;
      default:
        time += g_rand_int_range (self->rand, 0, JITTER);
        break;
    }
    wake (self, time);
  }
}

GST_START_TEST (test_a_live_source_misses_no_sample_of_a_day)
{
  const guint32 seed = wanted ("AUDIOBATCH_LIVE_SEED", g_random_int ());
  LiveSource self = { NULL };

  self.h = gst_harness_new ("audiobatchsrc");
  gst_harness_use_testclock (self.h);
  self.clock = gst_harness_get_testclock (self.h);
  self.rand = g_rand_new_with_seed (seed);
  g_object_set (self.h->element, "is-live", TRUE, "samples-per-batch",
      SRC_BATCH, NULL);
  g_signal_connect (self.h->element, "fill-batch", G_CALLBACK (fill_numbers),
      NULL);
  gst_harness_set_sink_caps_str (self.h, "audio/x-raw, format="
      GST_AUDIO_NE (S32) ", rate=48000, channels=1");
  gst_harness_play (self.h);
  run_source (&self, wanted ("AUDIOBATCH_LIVE_SECONDS", DEFAULT_SECONDS)
      * GST_SECOND);
  restart_source (&self);
  g_print ("seed %u: %" G_GUINT64_FORMAT " samples, dropouts %u pauses %u "
      "restarts %u\n", seed, self.total, self.dropouts, self.pauses,
      self.restarts);
  g_rand_free (self.rand);
  gst_object_unref (self.clock);
  gst_harness_teardown (self.h);
}

GST_END_TEST;

/* Real time: nothing depends on how much of it passes */

#define REAL_BATCH 480
#define REAL_BATCHES 30

/* A clock that is set back by 30 ms again and again. GStreamer lets it stand still
 * until it is where it was. */
typedef GstSystemClock SteppedClock;
typedef GstSystemClockClass SteppedClockClass;

static GType stepped_clock_get_type (void);
G_DEFINE_TYPE (SteppedClock, stepped_clock, GST_TYPE_SYSTEM_CLOCK);

static gint steps_back;

static GstClockTime
stepped_clock_time (GstClock * clock)
{
  return GST_CLOCK_CLASS (stepped_clock_parent_class)->get_internal_time (clock)
      - (guint) g_atomic_int_get (&steps_back) * 30 * GST_MSECOND;
}

static void
stepped_clock_class_init (SteppedClockClass * klass)
{
  GST_CLOCK_CLASS (klass)->get_internal_time = stepped_clock_time;
}

static void
stepped_clock_init (SteppedClock * self)
{
}

typedef struct
{
  /* streaming thread */
  guint64 next;
  GstClockTime base;
  gboolean steps;
} RealConsumer;

static void
consume (GstElement * sink, GstBuffer * buffer, GstPad * pad,
    RealConsumer * self)
{
  /* fakesink and its pad hold the buffer as well */
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), self->next);
  if (self->next == 0)
    self->base = GST_BUFFER_PTS (buffer);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), self->base
      + to_time (self->next));
  self->next += gst_buffer_get_size (buffer) / 4;
  if (self->steps && self->next % (10 * REAL_BATCH) == 0)
    g_atomic_int_inc (&steps_back);
}

static void
await_eos (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_object_unref (bus);
}

/* Plays a live stream in real time; nothing is lost, however late. */
static void
play_in_real_time (const gchar * source, GstClock * clock)
{
  gchar *line = g_strdup_printf ("%s is-live=true num-buffers=%d ! "
      "audio/x-raw,rate=48000,format=S32LE,channels=1 ! queue ! "
      "audiobatch name=e samples-per-batch=%d ! queue ! fakesink name=sink "
      "sync=true signal-handoffs=true", source, REAL_BATCHES, REAL_BATCH);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  RealConsumer consumer = {.steps = clock != NULL };

  g_signal_connect (sink, "handoff", G_CALLBACK (consume), &consumer);
  if (clock)
    gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  await_eos (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless_equals_uint64 (consumer.next, REAL_BATCHES * REAL_BATCH);
  assert_lossless (element, REAL_BATCHES * REAL_BATCH, 0);
  fail_unless_equals_uint64 (get_stat (element, "samples-dropped"), 0);
  fail_unless_equals_uint64 (get_stat (element, "samples-inserted"), 0);
  gst_object_unref (sink);
  gst_object_unref (element);
  gst_object_unref (pipeline);
  g_free (line);
}

static const gchar *const sources[] = {
  "audiobatchsrc samples-per-batch=480", "audiotestsrc samplesperbuffer=480",
};

GST_START_TEST (test_a_clock_that_is_set_back_costs_no_sample)
{
  GstClock *clock = g_object_new (stepped_clock_get_type (), NULL);

  gst_object_ref_sink (clock);
  play_in_real_time (sources[__i__], clock);
  gst_object_unref (clock);
}

GST_END_TEST;

#ifdef __linux__
#define SPINNERS 3

/* A process that keeps this CPU busy; it ends by itself should the test fail. */
static pid_t
spin (void)
{
  pid_t pid = fork ();

  if (pid == 0) {
    alarm (60);
    for (;;);
  }
  return pid;
}

/* Other processes leave a quarter of the only CPU. */
GST_START_TEST (test_a_busy_cpu_costs_no_sample)
{
  cpu_set_t before, one;
  pid_t spinners[SPINNERS];
  guint i;

  sched_getaffinity (0, sizeof before, &before);
  CPU_ZERO (&one);
  CPU_SET (sched_getcpu (), &one);
  sched_setaffinity (0, sizeof one, &one);
  for (i = 0; i < SPINNERS; i++)
    spinners[i] = spin ();
  play_in_real_time (sources[__i__], NULL);
  for (i = 0; i < SPINNERS; i++) {
    kill (spinners[i], SIGKILL);
    waitpid (spinners[i], NULL, 0);
  }
  sched_setaffinity (0, sizeof before, &before);
}

GST_END_TEST;
#endif

static Suite *
live_suite (void)
{
  Suite *s = suite_create ("live");
  TCase *tc = tcase_create ("pipelines");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 1200);
  tcase_add_loop_test (tc, test_a_live_stream_is_what_the_rules_say_for_a_day,
      0, 4);
  tcase_add_test (tc, test_a_live_source_misses_no_sample_of_a_day);
  tcase_add_loop_test (tc, test_a_clock_that_is_set_back_costs_no_sample, 0,
      G_N_ELEMENTS (sources));
#ifdef __linux__
  tcase_add_loop_test (tc, test_a_busy_cpu_costs_no_sample, 0,
      G_N_ELEMENTS (sources));
#endif
  return s;
}

GST_CHECK_MAIN (live);
