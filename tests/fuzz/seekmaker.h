/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes seeks of every kind, but for those at which GstBaseSrc 1.22 ends. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

GstEvent *fuzz_seek (Input * input, gboolean must_flush);

G_END_DECLS
