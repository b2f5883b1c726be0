// place.h - where in a shape a walker stands.
//
// Owns: the chain of places from a value up to its root, the names that a place has on
// the wire, and its path for messages. Places live on the walkers' stacks. Private to
// host/codec.
#ifndef CORDON_CODEC_PLACE_H
#define CORDON_CODEC_PLACE_H

#include "base/buf.h"
#include "base/err.h"
#include "model/model.h"

// What every walker needs to look further.
struct codec {
    struct model *model;
    const struct service *service;
    struct err *e;
    bool strict;  // a request: scalars of another type are refused
};

struct place {
    const struct place *parent;  // NULL at the root
    const struct shape *shape;
    const struct member *member;  // how the parent refers to it; NULL at the root
    size_t index;                 // its turn in the parent, from 0
    size_t depth;                 // 0 for the root
    const char *key;              // in a map
    size_t key_len;
};

// The place of a member, item or value below `parent`. False when the model is broken.
bool place_below(const struct codec *c, const struct place *parent, const struct member *member,
                 size_t index, struct place *out);

bool place_flattened(const struct place *p);
enum timestamp_format place_timestamp(const struct place *p, enum timestamp_format otherwise);

// The member's name in a request of the protocol; `first` is its first byte, which the
// ec2 protocol may change.
const char *request_name(enum protocol protocol, const struct member *m, char *first);
// The member's element in a response. A flattened list may go by its item's name.
const char *element_name(const struct member *m, const struct shape *target);
// The member's key in a JSON document.
const char *json_name(const struct member *m);

// Appends "Filters[0].Values"; nothing for the root.
void place_path(struct buf *out, const struct place *p);
// Fills `e` with "PATH: message". Returns false.
bool place_bad(const struct place *p, struct err *e, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
