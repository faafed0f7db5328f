/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errors, by the exit status of the program. */

#include "profileerror.h"

G_DEFINE_QUARK (profile - error - quark, profile_error)
