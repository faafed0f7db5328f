/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unsigned 128-bit integers, also for compilers without __int128. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* high * 2^64 + low. Arithmetic wraps at 2^128.
 *
 * Thread-safety: plain values. */
typedef struct
{
  guint64 high;
  guint64 low;
} AbWide;

#define AB_WIDE_HALF_BITS 32
#define AB_WIDE_HALF_MASK 0xffffffff

static inline AbWide
ab_wide_from (guint64 value)
{
  return (AbWide) { 0, value };
}

static inline AbWide
ab_wide_add (AbWide a, AbWide b)
{
  AbWide sum = { a.high + b.high, a.low + b.low };

  sum.high += sum.low < b.low;
  return sum;
}

static inline AbWide
ab_wide_subtract (AbWide a, AbWide b)
{
  return (AbWide) { a.high - b.high - (a.low < b.low), a.low - b.low };
}

static inline gboolean
ab_wide_less (AbWide a, AbWide b)
{
  return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* a * b, exact, from four products of 32-bit halves. */
static inline AbWide
ab_wide_product_of_halves (guint64 a, guint64 b)
{
  guint64 a_low = a & AB_WIDE_HALF_MASK, a_high = a >> AB_WIDE_HALF_BITS;
  guint64 b_low = b & AB_WIDE_HALF_MASK, b_high = b >> AB_WIDE_HALF_BITS;
  guint64 low = a_low * b_low;
  guint64 middle = a_high * b_low + (low >> AB_WIDE_HALF_BITS);
  guint64 other = a_low * b_high + (middle & AB_WIDE_HALF_MASK);

  return (AbWide) { a_high * b_high + (middle >> AB_WIDE_HALF_BITS)
        + (other >> AB_WIDE_HALF_BITS),
    other << AB_WIDE_HALF_BITS | (low & AB_WIDE_HALF_MASK)
  };
}

/* a * b, exact. It runs twice for each chunk and once for each block of a wave.
 * If the processor multiplies to 128 bits, it takes one instruction instead of
 * 20. */
static inline AbWide
ab_wide_product (guint64 a, guint64 b)
{
#ifdef __SIZEOF_INT128__
  __extension__ unsigned __int128 product = (unsigned __int128) a * b;

  return (AbWide) { product >> 64, product };
#else
  return ab_wide_product_of_halves (a, b);
#endif
}

static inline AbWide
ab_wide_multiply (AbWide a, guint64 n)
{
  AbWide product = ab_wide_product (a.low, n);

  product.high += a.high * n;
  return product;
}

static inline AbWide
ab_wide_double (AbWide a)
{
  return (AbWide) { a.high << 1 | a.low >> 63, a.low << 1 };
}

static inline AbWide
ab_wide_halve (AbWide a)
{
  return (AbWide) { a.high >> 1, a.high << 63 | a.low >> 1 };
}

/* One step of a long division by @b. @digit: the next 32 bits of the dividend.
 * @rest: the remainder so far. Returns the next 32 bits of the quotient. */
static inline guint64
ab_wide_divide_digit (guint64 digit, guint32 b, guint64 * rest)
{
  guint64 value = *rest << AB_WIDE_HALF_BITS | (digit & AB_WIDE_HALF_MASK);

  *rest = value % b;
  return value / b;
}

/* Long division, 32 bits at a time. */
static inline AbWide
ab_wide_divide_32 (AbWide a, guint32 b, guint64 * rest)
{
  AbWide quotient = { a.high / b, 0 };

  *rest = a.high % b;
  quotient.low = ab_wide_divide_digit (a.low >> AB_WIDE_HALF_BITS, b, rest)
      << AB_WIDE_HALF_BITS;
  quotient.low |= ab_wide_divide_digit (a.low, b, rest);
  return quotient;
}

/* a / b, rounded down; @rest is set to a % b. @b must be at least 1. If @b has
 * more than 32 bits, each bit of the quotient takes one shift and subtract. */
static inline AbWide
ab_wide_divide (AbWide a, AbWide b, AbWide * rest)
{
  AbWide quotient = { 0, 0 };
  guint shift = 0;

  if (b.high == 0 && b.low <= AB_WIDE_HALF_MASK) {
    rest->high = 0;
    return ab_wide_divide_32 (a, b.low, &rest->low);
  }
  /* don't shift the top bit out: a @b that large goes in at most once */
  while (b.high >> 63 == 0 && !ab_wide_less (a, ab_wide_double (b))) {
    b = ab_wide_double (b);
    shift++;
  }
  for (;; shift--) {
    quotient = ab_wide_double (quotient);
    if (!ab_wide_less (a, b)) {
      a = ab_wide_subtract (a, b);
      quotient.low |= 1;
    }
    if (shift == 0)
      break;
    b = ab_wide_halve (b);
  }
  *rest = a;
  return quotient;
}

/* Saturates at G_MAXUINT64. */
static inline guint64
ab_wide_to_64 (AbWide a)
{
  return a.high == 0 ? a.low : G_MAXUINT64;
}

G_END_DECLS
