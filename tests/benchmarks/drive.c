/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a given number of batches in one way. cost.py runs it under
 * callgrind. */

#include "rebatchrig.h"
#include "sourcerig.h"

#include <stdlib.h>
#include <string.h>

/* The exit status that meson counts as skipped. */
#define MISSING 77

/* With every size of chunks, also with 480 samples, these end with a whole
 * batch. */
#define WARM_UP_BATCHES 15

/* In bytes. malloc keeps smaller blocks in lists by size. */
#define SMALLEST_HOLE 1040
#define LARGEST_HOLE (12 * 1024)

/* Allocates all free blocks in the heap that malloc would search in this thread,
 * so that all runs measure with the same heap. Random holes change the cost of a
 * batch by 4 %. */
static void
fill_holes (void)
{
  guintptr top = 0;
  gsize size;

  for (size = LARGEST_HOLE; size >= SMALLEST_HOLE; size -= 16) {
    guintptr block = 0;

    /* Never freed. A block above all others is new memory, not a hole: no more
     * holes of this size are left. */
    do {
      top = MAX (top, block);
      block = (guintptr) malloc (size);
    } while (block && block < top);
    top = MAX (top, block);
  }
}

/* @chunk: samples, or samples and channels, as in 1024x8 */
static gboolean
rebatch (const gchar * way, const gchar * chunk, guint batches)
{
  const gchar *channels = strchr (chunk, 'x');
  const RebatchCase what = {
    .chunk = atoi (chunk),
    .channels = channels ? atoi (channels + 1) : 1,
    .format = GST_AUDIO_FORMAT_F32,
  };
  RebatchRig *rig = rebatch_rig_new (way, &what);

  if (!rig)
    return FALSE;
  rebatch_rig_push (rig, WARM_UP_BATCHES);
  fill_holes ();
  rebatch_rig_push (rig, batches);
  rebatch_rig_free (rig);
  return TRUE;
}

static gboolean
run_source (const gchar * element, const SourceCase * what, guint batches)
{
  SourceRig *rig = source_rig_new (element, what);

  if (!rig)
    return FALSE;
  source_rig_run (rig, batches);
  source_rig_free (rig);
  return TRUE;
}

static gboolean
make (const gchar * way, const gchar * wave, guint batches)
{
  const SourceCase what = {
    .wave = wave,
    .format = GST_AUDIO_FORMAT_F32,
    .channels = 1,
    .prepare = fill_holes,
  };

  return run_source (way, &what, batches);
}

/* Silence from audiobatchsrc, to count its allocations. */
static gboolean
allocate (const gchar * allocation, const gchar * samples, guint batches)
{
  const SourceCase what = {
    .wave = "silence",
    .format = GST_AUDIO_FORMAT_F32,
    .channels = 1,
    .allocation = allocation,
    .samples = atoi (samples),
  };

  return run_source ("audiobatchsrc", &what, batches);
}

static const struct
{
  const gchar *name;
    gboolean (*run) (const gchar * way, const gchar * input, guint batches);
} jobs[] = {
  {"rebatch", rebatch},
  {"make", make},
  {"allocate", allocate},
};

int
main (int argc, char **argv)
{
  guint i;

  gst_init (&argc, &argv);
  if (argc == 2 && g_str_equal (argv[1], "version")) {
    guint major, minor, micro, nano;

    gst_version (&major, &minor, &micro, &nano);
    g_print ("%u.%u.%u\n", major, minor, micro);
    return EXIT_SUCCESS;
  }
  for (i = 0; argc == 5 && i < G_N_ELEMENTS (jobs); i++) {
    if (!g_str_equal (argv[1], jobs[i].name))
      continue;
    if (jobs[i].run (argv[2], argv[3], atoi (argv[4])))
      return EXIT_SUCCESS;
    g_printerr ("There is no element %s.\n", argv[2]);
    return MISSING;
  }
  g_printerr ("Usage: drive version\n"
      "       drive rebatch ELEMENT|" RIG_FLOOR "|" RIG_ZERO_COPY
      " CHUNK[xCHANNELS] BATCHES\n"
      "       drive make ELEMENT WAVE BATCHES\n"
      "       drive allocate fresh|pool|auto SAMPLES BATCHES\n"
      "F32 at 48 kHz, mono by default, batches of 1024 samples.\n");
  return EXIT_FAILURE;
}
