/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses and checks the command line. */

#include "options.h"

#include <gst/audio/audio.h>

#include "profileerror.h"

/* the value of an integer option that was not given */
#define NOT_GIVEN G_MININT
/* the longest run: twelve days */
#define MOST_SECONDS 1e6

static const gchar summary[] =
    "Tells whether a pipeline should recycle the memory of its batches. Runs\n"
    "it with each allocation mode in turn and compares what the batches cost.\n"
    "\n"
    "LAUNCH LINE is a pipeline for gst-launch-1.0 with an audiobatch or\n"
    "audiobatchsrc in it. Each run sets the property allocation of these\n"
    "elements. Without a launch line, the program builds pipelines from\n"
    "--rate, --channels and --samples-per-batch. Each of these takes a list\n"
    "(48000,96000), and the program measures every combination.";

static const gchar description[] =
    "Examples:\n"
    "  " PROFILE_NAME "\n"
    "  " PROFILE_NAME " -n 1024,65536 --channels 1,8\n"
    "  " PROFILE_NAME " --plot cost.svg --json - --rounds 5\n"
    "  " PROFILE_NAME " filesrc location=speech.ogg ! \\\n"
    "      decodebin ! audioconvert ! audiobatch samples-per-batch=512 ! \\\n"
    "      queue ! fakesink\n"
    "  " PROFILE_NAME " --duration 10 \\\n"
    "      autoaudiosrc ! audiobatch ! fakesink\n"
    "\n"
    "A launch line that does not end by itself needs --duration. Ctrl-C ends\n"
    "the measurement; the program shows and writes the results until then.\n"
    "\n"
    "Exit status:\n"
    "  0    measured\n"
    "  1    an option or the launch line is wrong, or the plugin isn't found\n"
    "  2    the pipeline failed\n"
    "  3    a file could not be written, or gnuplot is missing\n"
    "  130  interrupted by Ctrl-C";

const gchar *const mode_names[N_MODES] = { "fresh", "pool", "auto" };

/* option arguments, not parsed yet */
typedef struct
{
  gchar *rates, *channels, *samples, *modes, *duration;
} Lists;

/* Sets an error and evaluates to FALSE. */
#define fail(error, ...) \
  (g_set_error (error, PROFILE_ERROR, PROFILE_ERROR_USAGE, __VA_ARGS__), FALSE)

static GOptionContext *
make_context (Options * self, Lists * lists)
{
  const GOptionEntry entries[] = {
    {"rate", 'r', 0, G_OPTION_ARG_STRING, &lists->rates,
        "Sample rates in Hz (48000)", "LIST"},
    {"channels", 'c', 0, G_OPTION_ARG_STRING, &lists->channels,
        "Numbers of channels (1)", "LIST"},
    {"samples-per-batch", 'n', 0, G_OPTION_ARG_STRING, &lists->samples,
        "Sizes of the batches in samples (1024)", "LIST"},
    {"format", 'f', 0, G_OPTION_ARG_STRING, &self->format,
        "Sample format (F32LE)", "FORMAT"},
    {"batches", 'b', 0, G_OPTION_ARG_INT, &self->batches,
        "Batches in a run (1 GiB of them, from 8000 to 50000)", "N"},
    {"hold", 0, 0, G_OPTION_ARG_INT, &self->hold,
        "Batches that the consumer keeps (0)", "N"},
    {"same-thread", 0, 0, G_OPTION_ARG_NONE, &self->same_thread,
        "No queue: one thread makes and consumes the batches", NULL},
    {"duration", 'd', 0, G_OPTION_ARG_STRING, &lists->duration,
          "Length of a run: of the audio, or of real time for a LAUNCH LINE",
        "SECONDS"},
    {"mode", 'm', 0, G_OPTION_ARG_STRING, &lists->modes,
        "Allocation modes to compare (fresh,pool,auto)", "LIST"},
    {"rounds", 'R', 0, G_OPTION_ARG_INT, &self->rounds,
        "Runs of each mode; the modes take turns (3)", "N"},
    {"json", 0, 0, G_OPTION_ARG_FILENAME, &self->json,
        "Write all figures as JSON; - is stdout", "FILE"},
    {"csv", 0, 0, G_OPTION_ARG_FILENAME, &self->csv,
        "Write the figures of the table as CSV; - is stdout", "FILE"},
    {"plot", 0, 0, G_OPTION_ARG_FILENAME, &self->plot,
        "Draw the figures with gnuplot; FILE ends in .svg or .png", "FILE"},
    {"version", 0, 0, G_OPTION_ARG_NONE, &self->version,
        "Show the version and exit", NULL},
    {"run", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &self->run, "",
        "MODE"},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->line, NULL,
        "[LAUNCH LINE]"},
    G_OPTION_ENTRY_NULL
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

/* Parses positive numbers with commas between them. Without the option, @text
 * is NULL and the list is @fallback alone. */
static gboolean
parse_list (const gchar * name, const gchar * text, guint fallback,
    GArray * values, GError ** error)
{
  g_auto (GStrv) words = NULL;
  guint i;

  if (!text) {
    g_array_append_val (values, fallback);
    return TRUE;
  }
  words = g_strsplit (text, ",", -1);
  for (i = 0; words[i]; i++) {
    guint64 number;
    guint value;

    if (!g_ascii_string_to_unsigned (words[i], 10, 1, G_MAXINT, &number, NULL))
      return fail (error,
          "--%s takes numbers from 1 to %d, with commas between "
          "them: '%s' in '%s' is not one", name, G_MAXINT, words[i], text);
    value = number;
    g_array_append_val (values, value);
  }
  return values->len > 0 || fail (error, "--%s: the list is empty", name);
}

static gboolean
find_mode (const gchar * name, Mode * mode)
{
  guint i;

  for (i = 0; i < N_MODES; i++) {
    if (g_str_equal (name, mode_names[i])) {
      *mode = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
parse_modes (Options * self, const gchar * text, GError ** error)
{
  g_auto (GStrv) words = g_strsplit (text ? text : "fresh,pool,auto", ",", -1);
  guint i;

  for (i = 0; words[i]; i++) {
    Mode mode;

    if (!find_mode (words[i], &mode))
      return fail (error, "--mode takes fresh, pool and auto, with commas "
          "between them: '%s' is not one of these", words[i]);
    self->modes[mode] = TRUE;
  }
  return options_n_modes (self) > 0 || fail (error,
      "--mode: the list is empty");
}

/* Checks that @value is not below @least; sets it to @fallback if the option
 * was not given. */
static gboolean
check_number (const gchar * name, gint * value, gint least, gint fallback,
    GError ** error)
{
  if (*value == NOT_GIVEN)
    *value = fallback;
  else if (*value < least)
    return fail (error, "--%s is at least %d: %d is too small", name, least,
        *value);
  return TRUE;
}

static gboolean
check_duration (Options * self, const gchar * text, GError ** error)
{
  gchar *end;

  if (!text)
    return TRUE;
  self->duration = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && self->duration > 0
      && self->duration <= MOST_SECONDS)
    return TRUE;
  return fail (error, "--duration takes more than 0 and at most %.0f "
      "seconds: '%s' is not that", MOST_SECONDS, text);
}

/* Refuses options that are only for pipelines that are built here. */
static gboolean
check_line (const Options * self, const Lists * lists, GError ** error)
{
  const struct
  {
    const gchar *name;
    gboolean given;
  } options[] = {
    {"rate", lists->rates != NULL},
    {"channels", lists->channels != NULL},
    {"samples-per-batch", lists->samples != NULL},
    {"format", self->format != NULL},
    {"batches", self->batches != NOT_GIVEN},
    {"hold", self->hold != NOT_GIVEN && !self->run},
    {"same-thread", self->same_thread},
  };
  guint i;

  for (i = 0; self->line && i < G_N_ELEMENTS (options); i++) {
    if (options[i].given)
      return fail (error, "--%s is for pipelines that are built, not for a "
          "launch line: set it in the line itself", options[i].name);
  }
  return TRUE;
}

static gboolean
check_format (Options * self, GError ** error)
{
  GstAudioFormat format;

  if (!self->format)
    self->format = g_strdup ("F32LE");
  format = gst_audio_format_from_string (self->format);
  if (format == GST_AUDIO_FORMAT_UNKNOWN || format == GST_AUDIO_FORMAT_ENCODED)
    return fail (error, "--format: GStreamer has no sample format '%s'; it has "
        "S16LE, S32LE and F32LE, for example", self->format);
  return TRUE;
}

static gboolean
check_outputs (const Options * self, GError ** error)
{
  if (g_strcmp0 (self->json, "-") == 0 && g_strcmp0 (self->csv, "-") == 0)
    return fail (error, "--json and --csv can't both go to stdout");
  if (self->plot && !g_str_has_suffix (self->plot, ".svg")
      && !g_str_has_suffix (self->plot, ".png"))
    return fail (error, "--plot draws files that end in .svg or .png: '%s' "
        "does not", self->plot);
  return TRUE;
}

static gboolean
check (Options * self, const Lists * lists, GError ** error)
{
  if (lists->duration && self->batches != NOT_GIVEN)
    return fail (error, "--duration and --batches both say how long a run "
        "is: give one of them");
  return check_line (self, lists, error)
      && parse_list ("rate", lists->rates, 48000, self->rates, error)
      && parse_list ("channels", lists->channels, 1, self->channels, error)
      && parse_list ("samples-per-batch", lists->samples, 1024, self->samples,
      error)
      && parse_modes (self, lists->modes, error)
      && check_format (self, error)
      && check_number ("batches", &self->batches, 1, 0, error)
      && check_number ("hold", &self->hold, 0, 0, error)
      && check_number ("rounds", &self->rounds, 1, 3, error)
      && check_duration (self, lists->duration, error)
      && check_outputs (self, error);
}

static Options *
new_options (void)
{
  Options *self = g_new0 (Options, 1);

  self->rates = g_array_new (FALSE, FALSE, sizeof (guint));
  self->channels = g_array_new (FALSE, FALSE, sizeof (guint));
  self->samples = g_array_new (FALSE, FALSE, sizeof (guint));
  self->batches = self->hold = self->rounds = NOT_GIVEN;
  return self;
}

static void
clear_lists (Lists * lists)
{
  g_free (lists->rates);
  g_free (lists->channels);
  g_free (lists->samples);
  g_free (lists->modes);
  g_free (lists->duration);
}

Options *
options_parse (gchar *** argv, GError ** error)
{
  g_autoptr (Options) self = new_options ();
  Lists lists = { 0 };
  g_autoptr (GOptionContext) context = make_context (self, &lists);
  g_autoptr (GError) why = NULL;
  gboolean right;

  right = g_option_context_parse_strv (context, argv, &why);
  if (!right)
    (void) fail (error, "%s", why->message);
  else if (!self->version)
    right = check (self, &lists, error);
  clear_lists (&lists);
  return right ? g_steal_pointer (&self) : NULL;
}

void
options_free (Options * self)
{
  g_array_unref (self->rates);
  g_array_unref (self->channels);
  g_array_unref (self->samples);
  g_strfreev (self->line);
  g_free (self->format);
  g_free (self->json);
  g_free (self->csv);
  g_free (self->plot);
  g_free (self->run);
  g_free (self);
}

guint
options_n_modes (const Options * self)
{
  guint i, n = 0;

  for (i = 0; i < N_MODES; i++)
    n += self->modes[i];
  return n;
}
