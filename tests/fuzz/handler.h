/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handler of fill-batch that does allowed and forbidden things. */
#pragma once

#include "fuzz.h"

G_BEGIN_DECLS

typedef enum
{
  HANDLER_FILL,
  HANDLER_LEAVE,
  HANDLER_EOS,
  HANDLER_LAST,
  HANDLER_NONE,
  HANDLER_ERROR_TOLD,
  HANDLER_DROP,
  HANDLER_TAKE_TWICE,
  HANDLER_RETURN_OWN,
  HANDLER_REPLACE_MEMORY,
  HANDLER_CUT,
  HANDLER_CUT_UNEVENLY,
  HANDLER_EMPTY,
  HANDLER_KEEP_BATCH,
  HANDLER_KEEP_MEMORY,
  HANDLER_KEEP_MAP,
  HANDLER_ADD_MEMORY,
  HANDLER_SET_PROPERTY,
  HANDLER_ASK,
  HANDLER_LEAVE_FOR_GOOD,
  N_HANDLERS
} HandlerKind;

typedef struct
{
  GstElement *element;
  gulong id;
  HandlerKind kind;
  guint amount;
  /* references that the handler must not keep, but does */
  GQueue kept;
  GstMapInfo map;
} Handler;

void handler_init (Handler * self, GstElement * element);
void handler_clear (Handler * self);

/* Connects if necessary, and changes what the handler does from now on. */
void handler_change (Handler * self, Input * input);

guint handler_kept (Handler * self);

/* Releases all that is kept; FALSE if that is nothing. */
gboolean handler_release (Handler * self);

G_END_DECLS
