/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties are set and read, and latency is asked for, by other threads while
 * samples stream. ThreadSanitizer is to find nothing in our code here. */

#include "../batchcheck.h"

#define CHUNKS 3000
#define CHUNK 100

typedef struct
{
  GstElement *element;
  GParamSpec **specs;
  guint n_specs;
  guint32 seed;
  gint stop;
} Shared;

/* Sizes, bounds and times stay small, so that streaming goes on. */
static void
set_at_random (Shared * shared, GParamSpec * spec, GRand * rand)
{
  GObject *object = G_OBJECT (shared->element);

  if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;

    /* an error would end the stream */
    g_object_set (object, spec->name, g_str_equal (spec->name, "overrun") ? 1 :
        g_rand_int_range (rand, 0, klass->n_values), NULL);
  } else if (G_IS_PARAM_SPEC_UINT (spec)) {
    g_object_set (object, spec->name, (guint) g_rand_int_range (rand, 1, 200),
        NULL);
  } else if (G_IS_PARAM_SPEC_UINT64 (spec)) {
    g_object_set (object, spec->name,
        (guint64) g_rand_int_range (rand, 1000000, 50000000), NULL);
  } else if (GST_IS_PARAM_SPEC_FRACTION (spec)) {
    g_object_set (object, spec->name, 1, g_rand_int_range (rand, 10, 500),
        NULL);
  }
}

static void
read_one (Shared * shared, GParamSpec * spec)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, spec->value_type);
  g_object_get_property (G_OBJECT (shared->element), spec->name, &value);
  g_value_unset (&value);
}

static gpointer
disturb (gpointer data)
{
  Shared *shared = data;
  GRand *rand = g_rand_new_with_seed (shared->seed);

  while (!g_atomic_int_get (&shared->stop)) {
    GParamSpec *spec = shared->specs[g_rand_int_range (rand, 0,
            shared->n_specs)];

    if (spec->owner_type != G_OBJECT_TYPE (shared->element))
      continue;
    if ((spec->flags & G_PARAM_WRITABLE) && g_rand_boolean (rand))
      set_at_random (shared, spec, rand);
    else
      read_one (shared, spec);
  }
  g_rand_free (rand);
  return NULL;
}

static gpointer
ask (gpointer data)
{
  Shared *shared = data;
  GstPad *pad = gst_element_get_static_pad (shared->element, "src");

  while (!g_atomic_int_get (&shared->stop)) {
    GstQuery *query = gst_query_new_latency ();
    GstStructure *stats;
    guint64 allocations, reused, live, released;

    gst_pad_query (pad, query);
    gst_query_unref (query);
    g_object_get (shared->element, "stats", &stats, NULL);
    fail_unless (gst_structure_get (stats, "allocations", G_TYPE_UINT64,
            &allocations, "reused", G_TYPE_UINT64, &reused, "live-batches",
            G_TYPE_UINT64, &live, "released", G_TYPE_UINT64, &released, NULL));
    fail_unless_equals_uint64 (allocations + reused, live + released);
    gst_structure_free (stats);
  }
  gst_object_unref (pad);
  return NULL;
}

GST_START_TEST (test_properties_are_set_and_read_while_samples_stream)
{
  GstAudioInfo info = audio_info (GST_AUDIO_FORMAT_S16, 8000, 2, FALSE);
  GstHarness *h = gst_harness_new ("audiobatch");
  Audio *audio = audio_new_ramp (&info, CHUNK);
  Shared shared = {.element = h->element,.seed = g_random_int () };
  GThread *threads[3];
  guint i;

  g_print ("seed %u\n", shared.seed);
  shared.specs = g_object_class_list_properties (G_OBJECT_GET_CLASS
      (h->element), &shared.n_specs);
  gst_harness_set_drop_buffers (h, TRUE);
  harness_set_info (h, &info);
  threads[0] = g_thread_new ("disturb", disturb, &shared);
  threads[1] = g_thread_new ("disturb", disturb, &shared);
  threads[2] = g_thread_new ("ask", ask, &shared);
  for (i = 0; i < CHUNKS; i++) {
    fail_unless_equals_int (gst_harness_push (h, audio_chunk (audio, 0,
                CHUNK)), GST_FLOW_OK);
  }
  g_atomic_int_set (&shared.stop, TRUE);
  for (i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  fail_unless_equals_uint64 (get_stat (h->element, "samples-in"),
      CHUNKS * CHUNK);
  fail_unless (get_counter (h->element, "batches") > 0);
  g_free (shared.specs);
  audio_free (audio);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
races_suite (void)
{
  Suite *s = suite_create ("races");
  TCase *tc = tcase_create ("properties");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_test (tc, test_properties_are_set_and_read_while_samples_stream);
  return s;
}

GST_CHECK_MAIN (races);
