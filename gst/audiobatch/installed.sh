#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Run by "meson install": prints its arguments, and DESTDIR if it is set.
set -eu

[ -z "${MESON_INSTALL_QUIET-}" ] || exit 0
[ -z "${DESTDIR-}" ] || echo "audiobatch: staged, $DESTDIR is before each path."
echo "audiobatch: $*"
