/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes events that say nothing about samples. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

/* Any serialized event that must follow a segment; most are sticky. */
GstEvent *fuzz_event (Input * input);

G_END_DECLS
