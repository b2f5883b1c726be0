// walk.h - the one walk over a value and its shape; writers say what is written.
//
// Owns: the order and the bounds of the walk. It checks nothing that codec_check does,
// but a value that does not fit its shape gives an error, never a crash. Private to
// host/codec.
#ifndef CORDON_CODEC_WALK_H
#define CORDON_CODEC_WALK_H

#include "base/val.h"
#include "codec/place.h"

struct writer {
    // A structure, list or map begins and ends. May be NULL.
    void (*enter)(struct writer *w, const struct place *p, const struct val *v);
    void (*leave)(struct writer *w, const struct place *p, const struct val *v);
    // The key of a map's entry, before its value; `p` is the value's place. May be NULL.
    void (*key)(struct writer *w, const struct place *p);
    void (*after_entry)(struct writer *w, const struct place *p);
    bool (*scalar)(struct writer *w, const struct place *p, const struct val *v);
    struct buf *out;
    struct codec codec;
};

// Walks `v` (NULL: an empty structure) as the structure `shape`.
bool walk(struct writer *w, const struct shape *shape, const struct val *v);

#endif
