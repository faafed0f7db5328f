/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GstBaseSrc leaves undone where a start or a seek has failed. */
#pragma once

#include <gst/base/gstbasesrc.h>

G_BEGIN_DECLS

/* For when there is no format yet: the base class does not set caps that the pad
 * has already. Streaming thread. */
gboolean ab_source_negotiate (GstBaseSrc * src);

/* After a seek that was refused: if the stream has been @flushed for it, or has
 * not begun, the base class would go on without a segment. */
void ab_source_resume (GstBaseSrc * src, gboolean flushed);

G_END_DECLS
