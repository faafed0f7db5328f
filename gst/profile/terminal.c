/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How wide a terminal is, and texts that fit. */

#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* longer lines are hard to read */
#define LONGEST_LINE 100

guint
terminal_columns (int fd)
{
  const gchar *wanted = g_getenv ("COLUMNS");
  guint columns = G_MAXUINT;
  struct winsize size;
  guint64 number;

  if (!isatty (fd))
    return columns;
  if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    columns = size.ws_col;
  if (wanted && g_ascii_string_to_unsigned (wanted, 10, 1, columns, &number,
          NULL))
    columns = number;
  return columns;
}

/* In columns: 0, 1 or 2. */
static guint
character_width (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

static guint
word_width (const gchar * word)
{
  guint width = 0;

  for (; *word; word = g_utf8_next_char (word))
    width += character_width (g_utf8_get_char (word));
  return width;
}

/* Returns: the column after the word. */
static guint
append_word (GString * text, const gchar * word, guint column, guint columns)
{
  for (; *word; word = g_utf8_next_char (word)) {
    gunichar character = g_utf8_get_char (word);
    guint width = character_width (character);

    if (column > 0 && column + width > columns) {
      g_string_append_c (text, '\n');
      column = 0;
    }
    g_string_append_unichar (text, character);
    column += width;
  }
  return column;
}

void
terminal_append_paragraph (GString * text, const gchar * sentence,
    guint columns)
{
  g_auto (GStrv) words = g_strsplit_set (sentence, " \t\n", -1);
  guint longest = MIN (columns, LONGEST_LINE);
  guint column = 0;
  guint i;

  for (i = 0; words[i]; i++) {
    if (*words[i] == '\0')
      continue;
    if (column > 0 && column + 1 + word_width (words[i]) > longest) {
      g_string_append_c (text, '\n');
      column = 0;
    } else if (column > 0) {
      g_string_append_c (text, ' ');
      column++;
    }
    column = append_word (text, words[i], column, columns);
  }
  g_string_append_c (text, '\n');
}
