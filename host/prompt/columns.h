// columns.h - aligned columns of text for people.
//
// Owns: cells, escaped as they come in, and the widths of their columns on a terminal. It never
// writes.
#ifndef CORDON_PROMPT_COLUMNS_H
#define CORDON_PROMPT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct columns;

// A table of `count` columns. NULL on no memory.
struct columns *columns_new(size_t count);
void columns_free(struct columns *c);

// A row of `count` cells (NULL is an empty one); each is escaped and cut at `max` bytes (0: not).
bool columns_add(struct columns *c, const char *const *cells, size_t max);

// Appends the rows, two blanks between columns, nothing behind the last cell of a row.
void columns_print(const struct columns *c, struct buf *out);

// Columns that the text takes on a terminal: 2 for East Asian wide characters and pictures, 0
// for combining ones; near enough for alignment.
size_t text_width(const char *text, size_t len);

#endif
