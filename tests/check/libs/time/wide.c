/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 128-bit integers, compared with the compiler's own if it has them. */

#include "time/wide.h"

#include <gst/check/gstcheck.h>

#define ROUNDS 20000

static GRand *rand_;

static void
setup (void)
{
  guint32 seed = g_random_int ();

  g_print ("seed %u\n", seed);
  rand_ = g_rand_new_with_seed (seed);
}

static void
teardown (void)
{
  g_rand_free (rand_);
}

/* Returns a number of random length, often next to a power of 2. */
static guint64
any_64 (void)
{
  guint64 value = (guint64) g_rand_int (rand_) << 32 | g_rand_int (rand_);
  guint length = g_rand_int_range (rand_, 0, 65);

  if (g_rand_int_range (rand_, 0, 4) == 0)
    value = g_rand_boolean (rand_) ? G_MAXUINT64 : 0;
  return length == 0 ? 0 : value >> (64 - length);
}

static AbWide
any_wide (void)
{
  AbWide value = { g_rand_boolean (rand_) ? any_64 () : 0, any_64 () };

  return value;
}

static void
assert_wide (const gchar * what, AbWide got, AbWide want)
{
  fail_unless (got.high == want.high && got.low == want.low,
      "%s: got %" G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER "x, want %"
      G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER "x", what, got.high,
      got.low, want.high, want.low);
}

static AbWide
wide (guint64 high, guint64 low)
{
  AbWide value = { high, low };

  return value;
}

GST_START_TEST (test_a_carry_and_a_borrow_reach_the_high_half)
{
  AbWide most = wide (G_MAXUINT64, G_MAXUINT64);

  assert_wide ("sum", ab_wide_add (wide (0, G_MAXUINT64), ab_wide_from (1)),
      wide (1, 0));
  assert_wide ("sum", ab_wide_add (wide (1, G_MAXUINT64), wide (2,
              G_MAXUINT64)), wide (4, G_MAXUINT64 - 1));
  assert_wide ("sum that wraps", ab_wide_add (most, ab_wide_from (1)),
      wide (0, 0));
  assert_wide ("difference", ab_wide_subtract (wide (1, 0), ab_wide_from (1)),
      wide (0, G_MAXUINT64));
  assert_wide ("difference that wraps", ab_wide_subtract (wide (0, 0),
          ab_wide_from (1)), most);
}

GST_END_TEST;

GST_START_TEST (test_both_halves_are_compared)
{
  fail_unless (ab_wide_less (wide (0, 1), wide (0, 2)));
  fail_unless (ab_wide_less (wide (0, 2), wide (1, 1)));
  fail_unless (ab_wide_less (wide (1, 1), wide (1, 2)));
  fail_if (ab_wide_less (wide (1, 1), wide (1, 1)));
  fail_if (ab_wide_less (wide (1, 1), wide (0, 2)));
  fail_if (ab_wide_less (wide (2, 0), wide (1, G_MAXUINT64)));
}

GST_END_TEST;

GST_START_TEST (test_products_lose_nothing)
{
  assert_wide ("square", ab_wide_product (G_MAXUINT64, G_MAXUINT64),
      wide (G_MAXUINT64 - 1, 1));
  assert_wide ("square of halves", ab_wide_product_of_halves (G_MAXUINT64,
          G_MAXUINT64), wide (G_MAXUINT64 - 1, 1));
  assert_wide ("halves", ab_wide_product (G_GUINT64_CONSTANT (1) << 63, 6),
      wide (3, 0));
  assert_wide ("multiple", ab_wide_multiply (wide (5, 1),
          G_GUINT64_CONSTANT (1) << 63), wide (G_GUINT64_CONSTANT (1) << 63,
          G_GUINT64_CONSTANT (1) << 63));
}

GST_END_TEST;

GST_START_TEST (test_quotients_at_the_ends_are_right)
{
  AbWide most = wide (G_MAXUINT64, G_MAXUINT64), rest;

  assert_wide ("by 1", ab_wide_divide (most, ab_wide_from (1), &rest), most);
  assert_wide ("rest", rest, wide (0, 0));
  assert_wide ("by itself", ab_wide_divide (most, most, &rest),
      ab_wide_from (1));
  assert_wide ("rest", rest, wide (0, 0));
  assert_wide ("of 0", ab_wide_divide (wide (0, 0), most, &rest), wide (0, 0));
  assert_wide ("by 2^127", ab_wide_divide (most,
          wide (G_GUINT64_CONSTANT (1) << 63, 0), &rest), ab_wide_from (1));
  assert_wide ("rest", rest, wide (G_MAXUINT64 >> 1, G_MAXUINT64));
  fail_unless_equals_uint64 (ab_wide_to_64 (wide (0, 7)), 7);
  fail_unless_equals_uint64 (ab_wide_to_64 (wide (1, 7)), G_MAXUINT64);
}

GST_END_TEST;

/* Runs on systems without a 128-bit type too: each operation undoes another. */
GST_START_TEST (test_operations_undo_each_other)
{
  guint i;

  for (i = 0; i < ROUNDS; i++) {
    AbWide a = any_wide (), b = any_wide (), rest;
    guint64 n = any_64 ();

    assert_wide ("a + b - b", ab_wide_subtract (ab_wide_add (a, b), b), a);
    assert_wide ("2 * a / 2", ab_wide_halve (ab_wide_double (wide (a.high >> 1,
                    a.low))), wide (a.high >> 1, a.low));
    assert_wide ("both ways", ab_wide_product_of_halves (a.low, n),
        ab_wide_product (a.low, n));
    if (b.high == 0 && b.low == 0)
      continue;
    b = wide (0, MAX (b.low, 1));
    a = ab_wide_add (ab_wide_multiply (ab_wide_from (n), b.low), rest =
        ab_wide_from (any_64 () % b.low));
    assert_wide ("(n * b + r) / b", ab_wide_divide (a, b, &a),
        ab_wide_from (n));
    assert_wide ("its rest", a, rest);
  }
}

GST_END_TEST;

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 Native;

static Native
native (AbWide a)
{
  return (Native) a.high << 64 | a.low;
}

static AbWide
wide_of (Native a)
{
  return wide (a >> 64, a);
}

GST_START_TEST (test_all_is_as_the_compilers_own)
{
  guint i;

  for (i = 0; i < ROUNDS; i++) {
    AbWide a = any_wide (), b = any_wide (), rest;
    guint64 n = any_64 ();

    assert_wide ("+", ab_wide_add (a, b), wide_of (native (a) + native (b)));
    assert_wide ("-", ab_wide_subtract (a, b),
        wide_of (native (a) - native (b)));
    assert_wide ("*", ab_wide_multiply (a, n), wide_of (native (a) * n));
    assert_wide ("64 * 64", ab_wide_product (a.low, n),
        wide_of ((Native) a.low * n));
    fail_unless_equals_int (ab_wide_less (a, b), native (a) < native (b));
    if (native (b) == 0)
      continue;
    assert_wide ("/", ab_wide_divide (a, b, &rest),
        wide_of (native (a) / native (b)));
    assert_wide ("%", rest, wide_of (native (a) % native (b)));
  }
}

GST_END_TEST;
#endif

static Suite *
wide_suite (void)
{
  Suite *s = suite_create ("wide");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_a_carry_and_a_borrow_reach_the_high_half);
  tcase_add_test (tc, test_both_halves_are_compared);
  tcase_add_test (tc, test_products_lose_nothing);
  tcase_add_test (tc, test_quotients_at_the_ends_are_right);
  tcase_add_test (tc, test_operations_undo_each_other);
#ifdef __SIZEOF_INT128__
  tcase_add_test (tc, test_all_is_as_the_compilers_own);
#endif
  return s;
}

GST_CHECK_MAIN (wide);
