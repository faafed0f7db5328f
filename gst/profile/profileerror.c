/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can go wrong, by the status that the program then ends with. */

#include "profileerror.h"

G_DEFINE_QUARK (profile - error - quark, profile_error)
