/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers the two elements. */

#include "gstaudiobatch.h"
#include "gstaudiobatchsrc.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  return GST_ELEMENT_REGISTER (audiobatch, plugin)
      && GST_ELEMENT_REGISTER (audiobatchsrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, audiobatch,
    "Audio in batches with memory of their own, and counters of their cost",
    plugin_init, PACKAGE_VERSION, "LGPL", PACKAGE_NAME, PACKAGE_ORIGIN)
