// source.h - one service and the text it comes from.
//
// Owns: one model text, what was parsed of it so far, and the memory of both. Private
// to host/model.
#ifndef CORDON_MODEL_SOURCE_H
#define CORDON_MODEL_SOURCE_H

#include "base/buf.h"
#include "model/parse.h"
#include "model/table.h"

struct source {
    struct service service;  // first: a service given out leads back to its source
    char *name;
    char *asset;         // where an embedded model lies, NULL for others
    struct buf text;     // what others brought
    struct lines lines;  // empty until an embedded model is asked for
    struct arena arena;
    struct table operations, shapes;
};

// Finds the text of an embedded model and reads its service line, once.
bool source_open(struct source *s, struct err *e);
// A model from outside: `text` is taken over, checked and parsed as a whole.
bool source_from_text(struct source *s, const char *what, struct buf *text, struct err *e);
void source_close(struct source *s);

// By method name. NULL with *e untouched when there is none, with `e` when it is broken.
struct operation *source_operation(struct source *s, const char *method, bool *broken,
                                   struct err *e);
struct shape_entry *source_shape(struct source *s, const char *name, struct err *e);
// Parses every operation; in the order of their names. False at the first broken one.
bool source_operations(struct source *s, bool (*fn)(void *, struct operation *), void *ctx,
                       struct err *e);

#endif
