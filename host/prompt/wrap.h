// wrap.h - long lines on a narrow terminal: broken between words, never inside one.
#ifndef CORDON_PROMPT_WRAP_H
#define CORDON_PROMPT_WRAP_H

#include <stddef.h>

#include "base/buf.h"

// Columns of the terminal behind `fd`; 0 when it is none, does not say, or is too narrow to wrap.
size_t wrap_width(int fd);

// Adds `text` (escaped, without newlines) to `out`, broken where a word would cross `width`
// columns; later lines begin `hang` columns further in than the first. A word that is longer than
// a line stays whole. `width` 0 adds it as it is.
void wrap_line(struct buf *out, const char *text, size_t len, size_t width, size_t hang);

#endif
