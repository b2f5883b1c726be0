// parse.h - one line of a model as the struct that model.h promises.
//
// Owns: what the words of a line mean. Everything it makes lies in the arena. A line
// that does not fit gives ERR_INVALID with file and line; no line can crash it.
// Private to host/model.
#ifndef CORDON_MODEL_PARSE_H
#define CORDON_MODEL_PARSE_H

#include "model/lines.h"
#include "model/model.h"

// A shape, and its members in the order of their names, for shape_member().
struct shape_entry {
    struct shape shape;
    const struct member **by_name;
};

bool parse_service(const struct lines *t, struct span line, struct arena *a, struct service *out,
                   struct err *e);
struct operation *parse_operation(const struct lines *t, struct span line, struct arena *a,
                                  const struct service *s, struct err *e);
struct shape_entry *parse_shape(const struct lines *t, struct span line, struct arena *a,
                                struct err *e);

#endif
