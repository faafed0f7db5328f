#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Run by "meson install": prints what it is told, and where DESTDIR leads to.
set -eu

[ -z "${MESON_INSTALL_QUIET-}" ] || exit 0
[ -z "${DESTDIR-}" ] || echo "audiobatch: staged, $DESTDIR is before each path."
echo "audiobatch: $*"
