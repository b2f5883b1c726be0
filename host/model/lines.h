// lines.h - the text of one model: its lines, words and traits.
//
// Owns: the syntax that generate.py documents. It knows nothing of what the words
// mean: parse.c does. Private to host/model.
#ifndef CORDON_MODEL_LINES_H
#define CORDON_MODEL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/arena.h"

#define MODEL_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct lines {
    const char *text;
    size_t len;
    const char *what;  // the file's name, for messages
};

// Part of a line.
struct span {
    const char *at;
    size_t len;
};

// The line that starts with "KIND NAME " (or is "KIND NAME"), by binary search.
bool lines_find(const struct lines *t, const char *kind, struct span name, struct span *line);

// Calls `fn` for each line of a kind, in order, until it returns false; returns that.
bool lines_each(const struct lines *t, const char *kind, bool (*fn)(void *, struct span line),
                void *ctx);

// The whole text of a model from outside: known kinds, sorted, no name twice, plain ASCII.
bool lines_check(const struct lines *t, struct err *e);

// ERR_INVALID with "FILE:LINE: " before the message. Returns false.
bool lines_bad(const struct lines *t, const char *at, struct err *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// Cuts the text up to `separator` off the front of `rest`; false when nothing is left.
bool span_cut(struct span *rest, char separator, struct span *part);
bool span_is(struct span s, const char *word);
// When the trait is "key=value": true, with the value.
bool span_value(struct span trait, const char *key, struct span *value);
// *out: the text with %XX decoded, NULL when memory ran out. False when it is malformed.
bool span_text(struct arena *a, struct span s, const char **out);

#endif
