// extra.h - services that a team adds.
//
// Owns: reading a folder's model files. A file that could stand for an embedded
// service, by name or by where its requests go, is refused: it could mark a mutation
// as a read. Private to host/model.
#ifndef CORDON_MODEL_EXTRA_H
#define CORDON_MODEL_EXTRA_H

#include "model/model.h"
#include "model/source.h"

struct model {
    struct source **sources;
    size_t count;
};

struct source *model_add_source(struct model *m);
bool model_add_extras(struct model *m, const char *folder, struct err *e);

#endif
