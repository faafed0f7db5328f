/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks the promises of waveform.h. */

#include "wave/waveform.h"
#include "wave/phase.h"
#include "time/wide.h"

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/fft/gstfftf64.h>
#include <math.h>
#include <string.h>

#define RATE 48000
#define SEED 1234
#define N_WAVES (AB_WAVEFORM_VIOLET_NOISE + 1)
#define ALL_SAMPLES 8192

static const AbWaveformSettings defaults = {
  .wave = AB_WAVEFORM_SINE,
  .freq = 440,
  .volume = 0.8,
  .tick_interval = GST_SECOND,
  .sine_periods_per_tick = 10,
  .marker_tick_volume = 1,
};

static const gchar *wave_nicks[N_WAVES] = {
  "sine", "square", "saw", "triangle", "silence", "white-noise",
  "pink-noise", "sine-table", "ticks", "gaussian-noise", "red-noise",
  "blue-noise", "violet-noise"
};

static gboolean
wave_is_walk (AbWave wave)
{
  return wave == AB_WAVEFORM_RED_NOISE || wave == AB_WAVEFORM_VIOLET_NOISE;
}

static void
set_info (AbWaveform * waveform, GstAudioFormat format, guint rate,
    guint channels, GstAudioLayout layout)
{
  GstAudioChannelPosition positions[64];
  GstAudioInfo info;

  for (guint c = 0; c < 64; c++)
    positions[c] = GST_AUDIO_CHANNEL_POSITION_NONE;
  gst_audio_info_set_format (&info, format, rate, channels,
      channels > 2 ? positions : NULL);
  info.layout = layout;
  ab_waveform_set_info (waveform, &info);
}

static AbWaveform *
new_waveform (const AbWaveformSettings * settings, GstAudioFormat format)
{
  AbWaveform *waveform = ab_waveform_new (SEED);

  set_info (waveform, format, RATE, 1, GST_AUDIO_LAYOUT_INTERLEAVED);
  ab_waveform_set_settings (waveform, settings);
  return waveform;
}

static gboolean
fill (AbWaveform * waveform, gpointer data, guint64 first, guint n)
{
  return ab_waveform_fill (waveform, data, 0, first, n);
}

/* Returns the first @n samples of a stream in mono F64. */
static gdouble *
render (const AbWaveformSettings * settings, guint n)
{
  AbWaveform *waveform = new_waveform (settings, GST_AUDIO_FORMAT_F64);
  gdouble *samples = g_new (gdouble, n);

  fill (waveform, samples, 0, n);
  ab_waveform_free (waveform);
  return samples;
}

static AbWide
remainder_of (AbWide a, AbWide b)
{
  AbWide rest;

  ab_wide_divide (a, b, &rest);
  return rest;
}

static long double
to_float (AbWide a)
{
  return a.high * 0x1p64L + a.low;
}

/* frac ((n + 1) * freq / rate). freq must be a multiple of 2^-60. */
static long double
exact_turns (guint64 n, gdouble freq, guint rate)
{
  guint64 whole = freq, fraction = (freq - whole) * 0x1p60;
  const guint64 one = G_GUINT64_CONSTANT (1) << 60;
  AbWide turn = ab_wide_product (rate, one);
  AbWide whole_turns = remainder_of (ab_wide_product (n + 1, whole),
      ab_wide_from (rate));
  AbWide sum = ab_wide_add (ab_wide_product (whole_turns.low, one),
      ab_wide_product (n + 1, fraction));

  return to_float (remainder_of (sum, turn)) / to_float (turn);
}

static gdouble
exact_sine (guint64 n, gdouble freq, guint rate)
{
  return sinl (2 * acosl (-1) * exact_turns (n, freq, rate));
}

static const gdouble sine_freqs[] = {
  0, 0.1, 1, 440, 440.3, 12345.678, 47999.5, 95999.9, 96000, 123456.7,
  1073741823.5, 2147483647
};

static void
check_sine_precision (guint64 first, GstAudioFormat format, gdouble tolerance)
{
  const guint rate = 192000, n = 1500;
  gdouble f64[1500];
  gfloat *f32 = (gfloat *) f64;

  for (guint i = 0; i < G_N_ELEMENTS (sine_freqs); i++) {
    AbWaveformSettings settings = defaults;
    AbWaveform *waveform = new_waveform (&settings, format);

    settings.freq = sine_freqs[i];
    settings.volume = 1;
    ab_waveform_set_settings (waveform, &settings);
    set_info (waveform, format, rate, 1, GST_AUDIO_LAYOUT_INTERLEAVED);
    fill (waveform, f64, first, n);
    for (guint k = 0; k < n; k++) {
      gdouble value = format == GST_AUDIO_FORMAT_F64 ? f64[k] : f32[k];
      gdouble expected = exact_sine (first + k, settings.freq, rate);

      fail_unless (fabs (value - expected) <= tolerance,
          "%g Hz, sample %" G_GUINT64_FORMAT ": %.15g, not %.15g",
          settings.freq, first + k, value, expected);
    }
    ab_waveform_free (waveform);
  }
}

static const guint64 far_samples[] = {
  0, 36000 * G_GUINT64_CONSTANT (192000), (G_GUINT64_CONSTANT (1) << 40) - 77
};

GST_START_TEST (test_sine_is_within_1e_12_of_long_double_after_ten_hours)
{
  check_sine_precision (far_samples[__i__], GST_AUDIO_FORMAT_F64, 1e-12);
}

GST_END_TEST;

GST_START_TEST (test_f32_sine_is_within_1e_6_of_long_double_after_ten_hours)
{
  check_sine_precision (far_samples[__i__], GST_AUDIO_FORMAT_F32, 1e-6);
}

GST_END_TEST;

static gdouble
exact_wave (AbWave wave, gdouble turns)
{
  switch (wave) {
    case AB_WAVEFORM_SQUARE:
      return turns < 0.5 ? 1 : -1;
    case AB_WAVEFORM_SAW:
      return turns < 0.5 ? 2 * turns : 2 * turns - 2;
    default:
      return turns < 0.25 ? 4 * turns :
          turns < 0.75 ? 2 - 4 * turns : 4 * turns - 4;
  }
}

GST_START_TEST (test_square_saw_and_triangle_are_within_1e_14)
{
  const guint64 first = far_samples[1];
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gdouble samples[2000];

  settings.wave = AB_WAVEFORM_SQUARE + __i__;
  settings.freq = 440.3;
  settings.volume = 1;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  fill (waveform, samples, first, 2000);
  for (guint k = 0; k < 2000; k++) {
    gdouble expected = exact_wave (settings.wave,
        exact_turns (first + k, settings.freq, RATE));

    fail_unless (fabs (samples[k] - expected) <= 1e-14,
        "sample %u: %.17g, not %.17g", k, samples[k], expected);
  }
  ab_waveform_free (waveform);
}

GST_END_TEST;

GST_START_TEST (test_square_edges_on_a_sample_never_move)
{
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gfloat samples[4800];
  guint64 first = G_GUINT64_CONSTANT (4800000000);

  settings.wave = AB_WAVEFORM_SQUARE;
  settings.freq = 1000;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F32);
  fill (waveform, samples, first, 4800);
  for (guint k = 0; k < 4800; k++)
    fail_unless ((samples[k] > 0) == ((k + 1) % 48 < 24), "sample %u", k);
  ab_waveform_free (waveform);
}

GST_END_TEST;

static void
render_patterned (guint8 * data, gsize size, guint8 pattern,
    AbWave wave, GstAudioFormat format, GstAudioLayout layout,
    guint channels, guint n)
{
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gsize plane = size / channels;

  memset (data, pattern, size);
  settings.wave = wave;
  waveform = new_waveform (&settings, format);
  set_info (waveform, format, RATE, channels, layout);
  ab_waveform_fill (waveform, data, plane, 1000, n);
  ab_waveform_free (waveform);
}

static void
check_every_byte (AbWave wave, GstAudioFormat format,
    GstAudioLayout layout, guint channels)
{
  const guint n = 300;
  gsize width =
      GST_AUDIO_FORMAT_INFO_WIDTH (gst_audio_format_get_info (format)) / 8;
  gsize size = n * width * channels;
  guint8 *a = g_malloc (size + 1), *b = g_malloc (size + 1);

  a[size] = b[size] = 0x77;
  render_patterned (a, size, 0x55, wave, format, layout, channels, n);
  render_patterned (b, size, 0xaa, wave, format, layout, channels, n);
  fail_unless (memcmp (a, b, size) == 0, "%s, %s, layout %d, %u channels",
      wave_nicks[wave], gst_audio_format_to_string (format), layout, channels);
  fail_unless (a[size] == 0x77 && b[size] == 0x77);
  g_free (a);
  g_free (b);
}

GST_START_TEST (test_every_byte_is_written)
{
  const guint channels[] = { 1, 2, 5, 64 };

  for (gint format = GST_AUDIO_FORMAT_S8; format <= GST_AUDIO_FORMAT_F64BE;
      format++)
    for (guint i = 0; i < G_N_ELEMENTS (channels); i++) {
      check_every_byte (__i__, format, GST_AUDIO_LAYOUT_INTERLEAVED,
          channels[i]);
      check_every_byte (__i__, format, GST_AUDIO_LAYOUT_NON_INTERLEAVED,
          channels[i]);
    }
}

GST_END_TEST;

/* Both layouts carry the same audio, wherever a block begins. */
GST_START_TEST (test_layouts_carry_the_same_samples)
{
  const guint n = 700, channels = 3;
  gint16 interleaved[2100], planar[2100];
  AbWaveformSettings settings = defaults;
  AbWaveform *a, *b;

  settings.wave = __i__;
  a = new_waveform (&settings, GST_AUDIO_FORMAT_S16);
  b = new_waveform (&settings, GST_AUDIO_FORMAT_S16);
  set_info (a, GST_AUDIO_FORMAT_S16, RATE, channels,
      GST_AUDIO_LAYOUT_INTERLEAVED);
  set_info (b, GST_AUDIO_FORMAT_S16, RATE, channels,
      GST_AUDIO_LAYOUT_NON_INTERLEAVED);
  ab_waveform_fill (a, (guint8 *) interleaved, 0, 100, n);
  ab_waveform_fill (b, (guint8 *) planar, n * sizeof (gint16), 100, n);
  for (guint k = 0; k < n * channels; k++)
    assert_equals_int (interleaved[k], planar[k % channels * n + k / channels]);
  ab_waveform_free (a);
  ab_waveform_free (b);
}

GST_END_TEST;

static void
check_batch_size (const AbWaveformSettings * settings, GstAudioFormat format,
    gsize width, guint size)
{
  AbWaveform *whole = new_waveform (settings, format);
  AbWaveform *pieces = new_waveform (settings, format);
  guint8 *a = g_malloc (ALL_SAMPLES * width);
  guint8 *b = g_malloc (ALL_SAMPLES * width);

  fill (whole, a, 0, ALL_SAMPLES);
  for (guint n = 0; n < ALL_SAMPLES; n += size)
    fill (pieces, b + n * width, n, MIN (size, ALL_SAMPLES - n));
  fail_unless (memcmp (a, b, ALL_SAMPLES * width) == 0, "%s by %u samples",
      wave_nicks[settings->wave], size);
  g_free (a);
  g_free (b);
  ab_waveform_free (whole);
  ab_waveform_free (pieces);
}

GST_START_TEST (test_samples_do_not_depend_on_batch_size)
{
  const guint sizes[] = { 1, 7, 128, 480, 1024, 4096 };
  AbWaveformSettings settings = defaults;

  settings.wave = __i__;
  settings.freq = 1234.5;
  settings.tick_interval = 33333333;
  settings.marker_tick_period = 3;
  settings.apply_tick_ramp = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    check_batch_size (&settings, GST_AUDIO_FORMAT_F32, 4, sizes[i]);
    check_batch_size (&settings, GST_AUDIO_FORMAT_F64, 8, sizes[i]);
    check_batch_size (&settings, GST_AUDIO_FORMAT_S16, 2, sizes[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_backwards_gives_the_same_samples)
{
  const guint size = 1000, n = 8000;
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gdouble *forward, backward[8000];

  if (wave_is_walk (__i__))
    return;

  settings.wave = __i__;
  settings.tick_interval = 33333333;
  forward = render (&settings, n);
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  for (guint first = n; first > 0; first -= size)
    fill (waveform, backward + first - size, first - size, size);
  fail_unless (memcmp (forward, backward, sizeof (backward)) == 0);
  ab_waveform_free (waveform);
  g_free (forward);
}

GST_END_TEST;

static gdouble
peak_of (const gdouble * samples, guint n)
{
  gdouble peak = 0;

  for (guint k = 0; k < n; k++)
    peak = MAX (peak, fabs (samples[k]));
  return peak;
}

/* At 1500 Hz a period is 32 samples, so a tick of 2 periods is 64 samples. */
static AbWaveformSettings
tick_settings (guint64 interval)
{
  AbWaveformSettings settings = defaults;

  settings.wave = AB_WAVEFORM_TICKS;
  settings.freq = 1500;
  settings.volume = 0.5;
  settings.sine_periods_per_tick = 2;
  settings.tick_interval = interval;
  return settings;
}

GST_START_TEST (test_ticks_start_at_sample_0_and_every_interval)
{
  AbWaveformSettings settings = tick_settings (10 * GST_MSECOND);
  gdouble *samples = render (&settings, 4800);

  for (guint k = 0; k < 4800; k++) {
    guint place = k % 480;
    gdouble expected = place < 64 ? 0.5 * sin (2 * G_PI * place / 32) : 0;

    fail_unless (fabs (samples[k] - expected) < 1e-12,
        "sample %u: %g, not %g", k, samples[k], expected);
  }
  g_free (samples);
}

GST_END_TEST;

/* 187500 ns are one and a half samples at 8000 Hz. */
GST_START_TEST (test_a_tick_between_two_samples_starts_on_the_later_one)
{
  const guint64 starts[] = { 0, 2, 3, 5, 6, 8 };
  AbWaveTick tick;

  for (guint64 sample = 0; sample < 8; sample++) {
    guint n = 0;

    while (starts[n + 1] <= sample)
      n++;
    fail_unless (ab_wave_tick_at (&tick, 187500, 8000, sample));
    fail_unless_equals_uint64 (tick.number, n);
    fail_unless_equals_uint64 (tick.start, starts[n]);
    fail_unless_equals_uint64 (tick.next, starts[n + 1]);
  }
}

GST_END_TEST;

GST_START_TEST (test_ticks_do_not_drift)
{
  /* 1/3 ns short of 1/3 s: after a day ticks are 86.4 us (4.1 samples) early */
  AbWaveformSettings settings = tick_settings (333333333);
  AbWaveform *waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  const guint64 tick = 3 * 86400;
  const guint64 start = tick * 16000 - 4;
  gdouble samples[32];

  fill (waveform, samples, start - 16, 32);
  fail_unless (peak_of (samples, 17) == 0);
  fail_unless (fabs (samples[17] - 0.5 * sin (2 * G_PI / 32)) < 1e-12);
  ab_waveform_free (waveform);
}

GST_END_TEST;

GST_START_TEST (test_every_nth_tick_is_a_marker)
{
  AbWaveformSettings settings = tick_settings (10 * GST_MSECOND);
  gdouble *samples;

  settings.marker_tick_period = 3;
  settings.marker_tick_volume = 0.25;
  samples = render (&settings, 10 * 480);
  for (guint tick = 0; tick < 10; tick++) {
    gdouble expected = tick % 3 == 2 ? 0.25 : 0.5;
    gdouble peak = peak_of (samples + tick * 480, 480);

    fail_unless (fabs (peak - expected) < 1e-12, "tick %u: %g, not %g", tick,
        peak, expected);
  }
  g_free (samples);
}

GST_END_TEST;

GST_START_TEST (test_tick_ramp_is_the_cube_of_one_period)
{
  AbWaveformSettings settings = tick_settings (10 * GST_MSECOND);
  gdouble *plain, *ramped;

  settings.sine_periods_per_tick = 4;
  plain = render (&settings, 480);
  settings.apply_tick_ramp = TRUE;
  ramped = render (&settings, 480);
  for (guint k = 0; k < 480; k++) {
    gdouble ramp = MIN (k / 32., MIN (1, (128 - MIN (k, 128)) / 32.));
    gdouble expected = plain[k] * ramp * ramp * ramp;

    fail_unless (fabs (ramped[k] - expected) < 1e-12,
        "sample %u: %g, not %g", k, ramped[k], expected);
  }
  g_free (plain);
  g_free (ramped);
}

GST_END_TEST;

static const guint64 odd_intervals[] = {
  0, 1, 20833, 20834, 30000, G_MAXUINT64 - 1, G_MAXUINT64
};

static const gdouble odd_freqs[] = { 0, 1e-300, 1e-3, 30000, 2147483647 };

GST_START_TEST (test_odd_tick_settings_stay_within_range)
{
  for (guint i = 0; i < G_N_ELEMENTS (odd_freqs); i++) {
    AbWaveformSettings settings = tick_settings (odd_intervals[__i__]);
    AbWaveform *waveform;
    gdouble samples[3000];

    settings.freq = odd_freqs[i];
    settings.sine_periods_per_tick = G_MAXUINT;
    settings.marker_tick_period = G_MAXUINT;
    settings.apply_tick_ramp = TRUE;
    waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
    fill (waveform, samples, 0, 3000);
    fail_unless (peak_of (samples, 3000) <= 0.5);
    fill (waveform, samples, G_MAXINT64 - 1000, 3000);
    fail_unless (peak_of (samples, 3000) <= 0.5);
    ab_waveform_free (waveform);
  }
}

GST_END_TEST;

GST_START_TEST (test_silence_between_ticks_is_reported)
{
  AbWaveformSettings settings = tick_settings (10 * GST_MSECOND);
  AbWaveform *waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F32);
  gfloat samples[480];

  fail_if (fill (waveform, samples, 0, 480));
  fail_unless (fill (waveform, samples, 64, 416));
  fail_if (fill (waveform, samples, 64, 480));
  settings.tick_interval = 1;
  ab_waveform_set_settings (waveform, &settings);
  fail_unless (fill (waveform, samples, 0, 480));
  ab_waveform_free (waveform);
}

GST_END_TEST;

static const AbWave noises[] = {
  AB_WAVEFORM_WHITE_NOISE, AB_WAVEFORM_PINK_NOISE, AB_WAVEFORM_GAUSSIAN_NOISE,
  AB_WAVEFORM_RED_NOISE, AB_WAVEFORM_BLUE_NOISE, AB_WAVEFORM_VIOLET_NOISE
};

/* Variance at volume 1. In this order: uniform over 2, mean of 13 of these,
 * unit, uniform over 1. Tolerances are for 2^18 samples; the mean of pink and
 * red noise wanders, because they change slowly. */
static const struct
{
  gdouble variance, tolerance, mean;
} moments[] = {
  {1. / 3, 0.01, 0.01}, {1. / 39, 0.1, 0.05}, {1, 0.01, 0.01},
  {1. / 12, 0.1, 0.05}, {1. / 39, 0.1, 0.01}, {1. / 12, 0.1, 0.01},
};

static gdouble *
render_noise (AbWave noise, guint n)
{
  AbWaveformSettings settings = defaults;

  settings.wave = noise;
  settings.volume = 1;
  return render (&settings, n);
}

GST_START_TEST (test_noise_has_its_mean_and_variance)
{
  const guint n = 1 << 18;
  gdouble *samples = render_noise (noises[__i__], n);
  gdouble sum = 0, squares = 0, expected = moments[__i__].variance, variance;

  for (guint k = 0; k < n; k++) {
    sum += samples[k];
    squares += samples[k] * samples[k];
  }
  variance = squares / n;
  fail_unless (fabs (sum / n) < moments[__i__].mean, "mean %g", sum / n);
  fail_unless (fabs (variance / expected - 1) < moments[__i__].tolerance,
      "%s: variance %g, not %g", wave_nicks[noises[__i__]], variance, expected);
  g_free (samples);
}

GST_END_TEST;

/* A Kolmogorov-Smirnov test on a grid of tenths of a sigma. */
GST_START_TEST (test_gaussian_noise_is_normal)
{
  const guint n = 1 << 18;
  gdouble *samples = render_noise (AB_WAVEFORM_GAUSSIAN_NOISE, n);
  guint below[101] = { 0 };

  for (guint k = 0; k < n; k++)
    for (gint i = CLAMP (ceil (samples[k] * 10) + 50, 0, 101); i <= 100; i++)
      below[i]++;
  for (gint i = 0; i <= 100; i++) {
    gdouble sigmas = (i - 50) / 10.;
    gdouble expected = 0.5 * erfc (-sigmas / sqrt (2));
    gdouble deviation = 5 * sqrt (expected * (1 - expected) / n) + 1. / n;

    fail_unless (fabs ((gdouble) below[i] / n - expected) < deviation,
        "below %g sigma: %g, not %g", sigmas, (gdouble) below[i] / n, expected);
  }
  fail_unless (peak_of (samples, n) > 4);
  g_free (samples);
}

GST_END_TEST;

static gdouble
mean_square_step (const gdouble * samples, guint n, guint every)
{
  gdouble sum = 0;

  for (guint k = every; k < n; k += every)
    sum += (samples[k] - samples[k - 1]) * (samples[k] - samples[k - 1]);
  return sum / ((n - 1) / every);
}

GST_START_TEST (test_red_noise_takes_steps_of_a_16th)
{
  const guint n = 1 << 16;
  gdouble *samples = render_noise (AB_WAVEFORM_RED_NOISE, n);
  gdouble rms = sqrt (mean_square_step (samples, n, 1));

  fail_unless (fabs (rms * 16 * sqrt (3) - 1) < 0.02, "rms step %g", rms);
  fail_unless (peak_of (samples, n) <= 0.5);
  g_free (samples);
}

GST_END_TEST;

/* Users may compare with a recorded stream, so each version must make the same
 * numbers. The samples are from the first block, its seams and later blocks. */
static const guint known_at[] = { 0, 1, 255, 256, 257, 5000, 70000 };

static const gdouble known_noise[][G_N_ELEMENTS (known_at)] = {
  {0.604415877257, 0.713274727575, 0.160054651089, 0.355337859131,
      -0.848284428008, -0.530285895336, 0.539385779761},
  {-0.0866863544171, -0.167440561148, -0.133951040415, -0.131051870493,
      0.0218623234675, -0.164658766526, -0.113844651442},
  {1.38045227528, -0.0224950555712, 0.539722681046, -1.26463520527,
      -0.475338459015, -0.420678317547, 1.57718229294},
  {0.0377759919502, 0.082355662249, -0.406872508582, -0.429081124719,
      -0.376063347794, 0.0602447888814, -0.330754617695},
  {-0.0866863544171, 0.167440561148, 0.133951040415, -0.131051870493,
      -0.0218623234675, -0.164658766526, -0.113844651442},
  {0.0377759919502, -0.082355662249, 0.406872508582, -0.429081124719,
      0.376063347794, 0.0602447888814, -0.330754617695},
};

GST_START_TEST (test_noise_keeps_its_numbers_from_version_to_version)
{
  gdouble *samples = render_noise (noises[__i__], 70001);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known_at); i++) {
    gdouble got = samples[known_at[i]];
    gdouble want = known_noise[__i__][i];

    fail_unless (fabs (got - want) < 1e-10, "%s, sample %u: %.12g, not %.12g",
        wave_nicks[noises[__i__]], known_at[i], got, want);
  }
  g_free (samples);
}

GST_END_TEST;

/* Each sample of pink noise changes one of its rows and the white row. */
GST_START_TEST (test_pink_noise_has_no_seams)
{
  const guint n = 1 << 18;
  gdouble *samples = render_noise (AB_WAVEFORM_PINK_NOISE, n);

  for (guint every = 1; every <= 1024; every *= 2) {
    gdouble step = mean_square_step (samples, n, every) * 13 * 13;

    fail_unless (fabs (step / (4. / 3) - 1) < 0.3,
        "every %u samples: mean square step %g", every, step);
  }
  g_free (samples);
}

GST_END_TEST;

GST_START_TEST (test_noise_follows_its_seed)
{
  AbWaveformSettings settings = defaults;
  gfloat samples[3][1000];
  const guint32 seeds[3] = { 7, 7, 8 };

  settings.wave = noises[__i__];
  for (guint i = 0; i < 3; i++) {
    AbWaveform *waveform = ab_waveform_new (seeds[i]);

    set_info (waveform, GST_AUDIO_FORMAT_F32, RATE, 1,
        GST_AUDIO_LAYOUT_INTERLEAVED);
    ab_waveform_set_settings (waveform, &settings);
    fill (waveform, samples[i], 0, 1000);
    ab_waveform_free (waveform);
  }
  fail_unless (memcmp (samples[0], samples[1], sizeof (samples[0])) == 0);
  fail_if (memcmp (samples[0], samples[2], sizeof (samples[0])) == 0);
}

GST_END_TEST;

static gdouble
correlation (const gdouble * a, const gdouble * b, guint n, guint stride)
{
  gdouble ab = 0, aa = 0, bb = 0;

  for (guint k = 0; k < n * stride; k += stride) {
    ab += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  return ab / sqrt (aa * bb);
}

GST_START_TEST (test_noise_channels_are_independent)
{
  const guint n = 1 << 17;
  gdouble *samples = g_new (gdouble, 2 * n);
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;

  settings.wave = noises[__i__];
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  set_info (waveform, GST_AUDIO_FORMAT_F64, RATE, 2,
      GST_AUDIO_LAYOUT_INTERLEAVED);
  fill (waveform, samples, 0, n);
  fail_unless (fabs (correlation (samples, samples + 1, n, 2)) < 0.1);
  ab_waveform_free (waveform);
  g_free (samples);
}

GST_END_TEST;

#define FFT_SIZE 4096
#define FFT_ROUNDS 64

/* Power of each bin, averaged over FFT_ROUNDS. If @mirrored, the highest bin
 * comes first. */
static void
periodogram (gdouble * power, gdouble * samples, gboolean mirrored)
{
  GstFFTF64 *fft = gst_fft_f64_new (FFT_SIZE, FALSE);
  GstFFTF64Complex bins[FFT_SIZE / 2 + 1];

  memset (power, 0, (FFT_SIZE / 2 + 1) * sizeof (gdouble));
  for (guint round = 0; round < FFT_ROUNDS; round++) {
    gdouble *segment = samples + round * FFT_SIZE;

    gst_fft_f64_window (fft, segment, GST_FFT_WINDOW_HANN);
    gst_fft_f64_fft (fft, segment, bins);
    for (guint k = 0; k <= FFT_SIZE / 2; k++)
      power[mirrored ? FFT_SIZE / 2 - k : k] +=
          bins[k].r * bins[k].r + bins[k].i * bins[k].i;
  }
  gst_fft_f64_free (fft);
}

static gdouble
octave_power_db (const gdouble * power, guint from)
{
  gdouble sum = 0;

  for (guint k = from; k < 2 * from; k++)
    sum += power[k];
  return 10 * log10 (sum / from);
}

static const struct
{
  AbWave wave;
  gboolean mirrored;
  gdouble slope;
} spectra[] = {
  {AB_WAVEFORM_WHITE_NOISE, FALSE, 0}, {AB_WAVEFORM_GAUSSIAN_NOISE, FALSE, 0},
  {AB_WAVEFORM_PINK_NOISE, FALSE, -3}, {AB_WAVEFORM_RED_NOISE, FALSE, -6},
  {AB_WAVEFORM_BLUE_NOISE, TRUE, -3}, {AB_WAVEFORM_VIOLET_NOISE, TRUE, -6},
};

/* In dB per octave, from bin 16 to 512: above that, a sampled walk levels off.
 * Blue and violet noise are measured downwards from half the rate. */
GST_START_TEST (test_noise_has_its_slope)
{
  gdouble *samples = render_noise (spectra[__i__].wave, FFT_SIZE * FFT_ROUNDS);
  gdouble power[FFT_SIZE / 2 + 1], slope;

  periodogram (power, samples, spectra[__i__].mirrored);
  slope = (octave_power_db (power, 256) - octave_power_db (power, 16)) / 4;
  fail_unless (fabs (slope - spectra[__i__].slope) < 0.4,
      "%s: %g dB per octave, not %g", wave_nicks[spectra[__i__].wave], slope,
      spectra[__i__].slope);
  g_free (samples);
}

GST_END_TEST;

static gdouble
max_difference (const gdouble * samples, guint n)
{
  gdouble max = 0;

  for (guint k = 1; k < n; k++)
    max = MAX (max, fabs (samples[k] - samples[k - 1]));
  return max;
}

/* Only sines and triangles: a square always jumps. */
GST_START_TEST (test_freq_change_does_not_click)
{
  const AbWave waves[] = { AB_WAVEFORM_SINE, AB_WAVEFORM_TRIANGLE };
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gdouble samples[20 * 500];

  settings.wave = waves[__i__];
  settings.volume = 1;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  for (guint i = 0; i < 20; i++) {
    settings.freq = 100 + 37 * i;
    ab_waveform_set_settings (waveform, &settings);
    fill (waveform, samples + i * 500, 100000 + i * 500, 500);
  }
  fail_unless (max_difference (samples, 20 * 500)
      <= 2 * G_PI * settings.freq / RATE);
  ab_waveform_free (waveform);
}

GST_END_TEST;

GST_START_TEST (test_freq_change_in_a_tick_does_not_click)
{
  AbWaveformSettings settings = tick_settings (GST_SECOND);
  AbWaveform *waveform;
  gdouble samples[1000];

  settings.freq = 200;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  fill (waveform, samples, 0, 100);
  settings.freq = 230;
  ab_waveform_set_settings (waveform, &settings);
  fill (waveform, samples + 100, 100, 100);
  settings.freq = 170;
  ab_waveform_set_settings (waveform, &settings);
  fill (waveform, samples + 200, 200, 100);
  fail_unless (max_difference (samples, 300) <= 0.5 * 2 * G_PI * 230 / RATE);

  /* the next tick starts at phase 0 again */
  fill (waveform, samples, RATE, 2);
  fail_unless (samples[0] == 0 && samples[1] > 0);
  ab_waveform_free (waveform);
}

GST_END_TEST;

/* Sample 500 is sample 20 of a tick at 3000 Hz, as if from the start. */
static void
assert_tick_from_its_sample_20 (AbWaveform * waveform)
{
  gdouble samples[12];

  fill (waveform, samples, 500, 12);
  for (guint k = 0; k < 12; k++) {
    gdouble expected = 0.5 * sin (2 * G_PI * (20 + k) / 16);

    fail_unless (fabs (samples[k] - expected) < 1e-12,
        "sample %u: %g, not %g", k, samples[k], expected);
  }
}

/* Sample 500 is sample 20 of tick 1 before the change, of tick 2 after it. */
GST_START_TEST (test_another_tick_after_a_change_has_its_own_phase)
{
  AbWaveformSettings settings = tick_settings (10 * GST_MSECOND);
  AbWaveform *waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  gdouble samples[500];

  fill (waveform, samples, 0, 500);
  settings.tick_interval = 5 * GST_MSECOND;
  settings.freq = 3000;
  ab_waveform_set_settings (waveform, &settings);
  assert_tick_from_its_sample_20 (waveform);
  ab_waveform_free (waveform);
}

GST_END_TEST;

/* Where a tick would sound already, had the wave been ticks before. */
GST_START_TEST (test_ticks_after_another_wave_are_as_if_from_the_start)
{
  AbWaveformSettings settings = tick_settings (10 * GST_MSECOND);
  AbWaveform *waveform;
  gdouble samples[500];

  settings.wave = AB_WAVEFORM_SILENCE;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  fill (waveform, samples, 0, 500);
  settings.wave = AB_WAVEFORM_TICKS;
  settings.freq = 3000;
  ab_waveform_set_settings (waveform, &settings);
  assert_tick_from_its_sample_20 (waveform);
  ab_waveform_free (waveform);
}

GST_END_TEST;

GST_START_TEST (test_new_freq_after_a_seek_is_as_if_from_the_start)
{
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  gdouble samples[100];

  fill (waveform, samples, 0, 100);
  settings.freq = 555.5;
  ab_waveform_set_settings (waveform, &settings);
  fill (waveform, samples, 777, 100);
  for (guint k = 0; k < 100; k++)
    fail_unless (fabs (samples[k] - 0.8 * exact_sine (777 + k, 555.5, RATE))
        < 1e-12);
  ab_waveform_free (waveform);
}

GST_END_TEST;

/* The magnitude of a square is the volume itself. */
GST_START_TEST (test_volume_change_is_a_line_over_one_fill)
{
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gdouble samples[1000];

  settings.wave = AB_WAVEFORM_SQUARE;
  settings.volume = 0.2;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  fill (waveform, samples, 0, 1000);
  settings.volume = 1;
  ab_waveform_set_settings (waveform, &settings);
  fail_if (fill (waveform, samples, 1000, 1000));
  for (guint k = 0; k < 1000; k++)
    fail_unless (fabs (fabs (samples[k]) - (0.2 + 0.0008 * (k + 1))) < 1e-12,
        "sample %u: %g", k, samples[k]);
  fill (waveform, samples, 2000, 1000);
  fail_unless (fabs (samples[0]) == 1 && fabs (samples[999]) == 1);

  settings.volume = 0.5;
  ab_waveform_set_settings (waveform, &settings);
  fill (waveform, samples, 5000, 1000);
  fail_unless (fabs (samples[0]) == 0.5);
  ab_waveform_free (waveform);
}

GST_END_TEST;

GST_START_TEST (test_volume_0_fades_out_before_it_is_silence)
{
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gdouble samples[500];

  settings.wave = __i__;
  settings.tick_interval = GST_MSECOND;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  fill (waveform, samples, 0, 500);
  settings.volume = 0;
  ab_waveform_set_settings (waveform, &settings);
  fail_unless (fill (waveform, samples, 500, 500)
      == (__i__ == AB_WAVEFORM_SILENCE));
  fail_unless (fabs (samples[499]) < 0.01);
  fail_unless (fill (waveform, samples, 1000, 500));
  fail_unless (peak_of (samples, 500) == 0);
  ab_waveform_free (waveform);
}

GST_END_TEST;

GST_START_TEST (test_rate_change_keeps_the_phase)
{
  AbWaveformSettings settings = defaults;
  AbWaveform *waveform;
  gdouble samples[1500];
  const guint64 restarts[] = { 1000, 2000, 0 };

  settings.freq = 100.7;
  settings.volume = 1;
  waveform = new_waveform (&settings, GST_AUDIO_FORMAT_F64);
  fill (waveform, samples, 0, 1000);
  set_info (waveform, GST_AUDIO_FORMAT_F64, 2 * RATE, 1,
      GST_AUDIO_LAYOUT_INTERLEAVED);
  fill (waveform, samples + 1000, restarts[__i__], 500);
  for (guint k = 0; k < 500; k++) {
    gdouble turns = settings.freq * (1000 + (k + 1) / 2.) / RATE;

    fail_unless (fabs (samples[1000 + k] - sin (2 * G_PI * turns)) < 1e-11,
        "sample %u: %g, not %g", k, samples[1000 + k], sin (2 * G_PI * turns));
  }
  ab_waveform_free (waveform);
}

GST_END_TEST;

static const GstAudioFormatInfo *
integer_format (gint format)
{
  const GstAudioFormatInfo *finfo = gst_audio_format_get_info (format);

  return GST_AUDIO_FORMAT_INFO_IS_INTEGER (finfo) ? finfo : NULL;
}

/* Renders @n samples and unpacks them to S32 with GStreamer. */
static void
render_unpacked (gint32 * samples, const GstAudioFormatInfo * finfo,
    const AbWaveformSettings * settings, guint n)
{
  AbWaveform *waveform = new_waveform (settings, finfo->format);
  guint64 packed[1000];

  fill (waveform, packed, 0, n);
  finfo->unpack_func (finfo, GST_AUDIO_PACK_FLAG_TRUNCATE_RANGE, samples,
      packed, n);
  ab_waveform_free (waveform);
}

static void
check_full_scale (const GstAudioFormatInfo * finfo, AbWave wave)
{
  AbWaveformSettings settings = defaults;
  guint shift = 32 - GST_AUDIO_FORMAT_INFO_DEPTH (finfo);
  gint32 peak = (G_MAXINT32 >> shift) * (1 << shift), unpacked[1000];
  gdouble *exact;

  settings.wave = wave;
  settings.volume = 1;
  exact = render (&settings, 1000);
  render_unpacked (unpacked, finfo, &settings, 1000);
  for (guint k = 0; k < 1000; k++) {
    gdouble expected = CLAMP (exact[k], -1, 1) * peak;

    fail_unless (fabs (unpacked[k] - expected) <= 0.51 * (1 << shift) + 300,
        "%s, %s, sample %u: %d, not %g", wave_nicks[wave], finfo->name, k,
        unpacked[k], expected);
  }
  g_free (exact);
}

GST_START_TEST (test_integers_round_and_saturate)
{
  for (gint format = GST_AUDIO_FORMAT_S8; format <= GST_AUDIO_FORMAT_F64BE;
      format++)
    if (integer_format (format))
      check_full_scale (integer_format (format), __i__);
}

GST_END_TEST;

static void
check_silence (const GstAudioFormatInfo * finfo, AbWave wave, gdouble volume)
{
  AbWaveformSettings settings = defaults;
  guint8 data[800], expected[800];
  gsize size = 100 * finfo->width / 8;
  AbWaveform *waveform;

  settings.wave = wave;
  settings.volume = volume;
  waveform = new_waveform (&settings, finfo->format);
  memset (data, 0x55, sizeof (data));
  gst_audio_format_info_fill_silence (finfo, expected, size);
  fail_unless (fill (waveform, data, 0, 100));
  fail_unless (memcmp (data, expected, size) == 0, "%s", finfo->name);
  ab_waveform_free (waveform);
}

GST_START_TEST (test_silence_is_the_silence_of_the_format)
{
  for (gint format = GST_AUDIO_FORMAT_S8; format <= GST_AUDIO_FORMAT_F64BE;
      format++) {
    check_silence (gst_audio_format_get_info (format), AB_WAVEFORM_SILENCE, 1);
    check_silence (gst_audio_format_get_info (format), __i__, 0);
  }
}

GST_END_TEST;

GST_START_TEST (test_anything_may_change_between_any_two_fills)
{
  GRand *rand = g_rand_new_with_seed (1);
  AbWaveform *waveform = new_waveform (&defaults, GST_AUDIO_FORMAT_F64);
  guint64 first = 0;
  gdouble samples[600];

  for (guint i = 0; i < 3000; i++) {
    AbWaveformSettings settings = defaults;
    guint n = g_rand_int_range (rand, 0, 300), channels = 1 + i % 2;

    settings.wave = g_rand_int_range (rand, 0, N_WAVES);
    settings.freq = exp (g_rand_double_range (rand, -5, 21));
    settings.volume = g_rand_double (rand);
    settings.tick_interval = 1 << g_rand_int_range (rand, 0, 31);
    settings.marker_tick_period = g_rand_int_range (rand, 0, 3);
    settings.apply_tick_ramp = g_rand_boolean (rand);
    ab_waveform_set_settings (waveform, &settings);
    set_info (waveform, GST_AUDIO_FORMAT_F64,
        g_rand_boolean (rand) ? RATE : 44100, channels,
        GST_AUDIO_LAYOUT_INTERLEAVED);
    fill (waveform, samples, first, n);
    fail_unless (peak_of (samples, n * channels)
        <= (settings.wave == AB_WAVEFORM_GAUSSIAN_NOISE ? 7 : 1 + 1e-12));
    first = g_rand_boolean (rand) ? first + n : g_rand_int (rand);
  }
  ab_waveform_free (waveform);
  g_rand_free (rand);
}

GST_END_TEST;

/* Returns what audiotestsrc makes of the same settings, or NULL if it is
 * missing. */
static GstBuffer *
peer_samples (const AbWaveformSettings * settings, const gchar * format,
    guint n)
{
  g_autofree gchar *launch =
      g_strdup_printf ("audiotestsrc wave=%s freq=%f volume=%f "
      "samplesperbuffer=%u tick-interval=%" G_GUINT64_FORMAT
      " marker-tick-period=%u apply-tick-ramp=%s num-buffers=1 "
      "! capsfilter caps=audio/x-raw,layout=interleaved,channels=1,"
      "format=%s,rate=%u",
      wave_nicks[settings->wave], settings->freq, settings->volume, n,
      settings->tick_interval, settings->marker_tick_period,
      settings->apply_tick_ramp ? "true" : "false", format, RATE);
  GstHarness *harness;
  GstBuffer *buffer;

  if (!gst_registry_check_feature_version (gst_registry_get (),
          "audiotestsrc", 1, 22, 0)) {
    g_print ("skipped: audiotestsrc is missing\n");
    return NULL;
  }
  harness = gst_harness_new_parse (launch);
  gst_harness_play (harness);
  buffer = gst_harness_pull (harness);
  gst_harness_teardown (harness);
  return buffer;
}

static gdouble
sample_at (gconstpointer data, GstAudioFormat format, guint k)
{
  switch (format) {
    case GST_AUDIO_FORMAT_F64:
      return ((const gdouble *) data)[k];
    case GST_AUDIO_FORMAT_F32:
      return ((const gfloat *) data)[k];
    default:
      return ((const gint16 *) data)[k];
  }
}

static void
check_against_peer (const AbWaveformSettings * settings, GstAudioFormat format,
    guint n, gdouble tolerance)
{
  GstBuffer *buffer = peer_samples (settings,
      gst_audio_format_to_string (format), n);
  AbWaveform *waveform = new_waveform (settings, format);
  gdouble *ours = g_new (gdouble, n);
  GstMapInfo map;

  if (buffer) {
    fill (waveform, ours, 0, n);
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    for (guint k = settings->wave == AB_WAVEFORM_TICKS; k < n; k++) {
      gdouble value = sample_at (ours, format, k);
      gdouble expected = sample_at (map.data, format, k);

      fail_unless (fabs (value - expected) <= tolerance,
          "%s, sample %u: %.12g, audiotestsrc %.12g",
          wave_nicks[settings->wave], k, value, expected);
    }
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  g_free (ours);
  ab_waveform_free (waveform);
}

static const AbWave peer_waves[] = {
  AB_WAVEFORM_SINE, AB_WAVEFORM_SQUARE, AB_WAVEFORM_SAW, AB_WAVEFORM_TRIANGLE,
  AB_WAVEFORM_SILENCE, AB_WAVEFORM_SINE_TABLE, AB_WAVEFORM_TICKS
};

/* audiotestsrc takes sines from a table of 1024 entries without interpolation,
 * and truncates integers where we round. If a buffer is one tick interval, its
 * ticks start at sample 0 too, but it never writes that sample. */
GST_START_TEST (test_samples_are_those_of_audiotestsrc)
{
  AbWaveformSettings settings = defaults;
  gdouble table = 0;

  settings.wave = peer_waves[__i__];
  settings.freq = 440.3;
  settings.apply_tick_ramp = TRUE;
  if (settings.wave == AB_WAVEFORM_SINE_TABLE
      || settings.wave == AB_WAVEFORM_TICKS)
    table = 2 * G_PI / 1024;
  check_against_peer (&settings, GST_AUDIO_FORMAT_F64, RATE, table + 1e-8);
  check_against_peer (&settings, GST_AUDIO_FORMAT_F32, RATE, table + 1e-6);
  check_against_peer (&settings, GST_AUDIO_FORMAT_S16, RATE,
      table * 32767 + 1.01);
}

GST_END_TEST;

static Suite *
waveform_suite (void)
{
  Suite *suite = suite_create ("waveform");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc,
      test_sine_is_within_1e_12_of_long_double_after_ten_hours, 0,
      G_N_ELEMENTS (far_samples));
  tcase_add_loop_test (tc,
      test_f32_sine_is_within_1e_6_of_long_double_after_ten_hours, 0,
      G_N_ELEMENTS (far_samples));
  tcase_add_loop_test (tc, test_square_saw_and_triangle_are_within_1e_14, 0, 3);
  tcase_add_test (tc, test_square_edges_on_a_sample_never_move);
  tcase_add_loop_test (tc, test_every_byte_is_written, 0, N_WAVES);
  tcase_add_loop_test (tc, test_layouts_carry_the_same_samples, 0, N_WAVES);
  tcase_add_loop_test (tc, test_samples_do_not_depend_on_batch_size, 0,
      N_WAVES);
  tcase_add_loop_test (tc, test_backwards_gives_the_same_samples, 0, N_WAVES);
  tcase_add_test (tc, test_ticks_start_at_sample_0_and_every_interval);
  tcase_add_test (tc, test_a_tick_between_two_samples_starts_on_the_later_one);
  tcase_add_test (tc, test_ticks_do_not_drift);
  tcase_add_test (tc, test_every_nth_tick_is_a_marker);
  tcase_add_test (tc, test_tick_ramp_is_the_cube_of_one_period);
  tcase_add_loop_test (tc, test_odd_tick_settings_stay_within_range, 0,
      G_N_ELEMENTS (odd_intervals));
  tcase_add_test (tc, test_silence_between_ticks_is_reported);
  tcase_add_loop_test (tc, test_noise_has_its_mean_and_variance, 0,
      G_N_ELEMENTS (noises));
  tcase_add_test (tc, test_gaussian_noise_is_normal);
  tcase_add_test (tc, test_red_noise_takes_steps_of_a_16th);
  tcase_add_test (tc, test_pink_noise_has_no_seams);
  tcase_add_loop_test (tc,
      test_noise_keeps_its_numbers_from_version_to_version, 0,
      G_N_ELEMENTS (noises));
  tcase_add_loop_test (tc, test_noise_follows_its_seed, 0,
      G_N_ELEMENTS (noises));
  tcase_add_loop_test (tc, test_noise_channels_are_independent, 0,
      G_N_ELEMENTS (noises));
  tcase_add_loop_test (tc, test_noise_has_its_slope, 0, G_N_ELEMENTS (spectra));
  tcase_add_loop_test (tc, test_freq_change_does_not_click, 0, 2);
  tcase_add_test (tc, test_freq_change_in_a_tick_does_not_click);
  tcase_add_test (tc, test_another_tick_after_a_change_has_its_own_phase);
  tcase_add_test (tc, test_ticks_after_another_wave_are_as_if_from_the_start);
  tcase_add_test (tc, test_new_freq_after_a_seek_is_as_if_from_the_start);
  tcase_add_test (tc, test_volume_change_is_a_line_over_one_fill);
  tcase_add_loop_test (tc, test_volume_0_fades_out_before_it_is_silence, 0,
      N_WAVES);
  tcase_add_loop_test (tc, test_rate_change_keeps_the_phase, 0, 3);
  tcase_add_loop_test (tc, test_integers_round_and_saturate, 0, N_WAVES);
  tcase_add_loop_test (tc, test_silence_is_the_silence_of_the_format, 0,
      N_WAVES);
  tcase_add_test (tc, test_anything_may_change_between_any_two_fills);
  tcase_add_loop_test (tc, test_samples_are_those_of_audiotestsrc, 0,
      G_N_ELEMENTS (peer_waves));
  return suite;
}

GST_CHECK_MAIN (waveform);
