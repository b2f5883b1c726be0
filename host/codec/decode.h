// decode.h - the one walk from a document to a value; readers say where things stand.
//
// Owns: containers, bounds, and places in messages. A reader calls back for what it
// finds. Private to host/codec.
#ifndef CORDON_CODEC_DECODE_H
#define CORDON_CODEC_DECODE_H

#include "base/val.h"
#include "codec/place.h"

// The most keys a map may have: values keep keys sorted, and a hostile order makes that
// quadratic.
#define DECODE_MAX_KEYS ((size_t)20000)

struct decoder;

// Where a reader stands in its document; what it means is the reader's.
typedef const void *node;

struct reader {
    // Calls decode_member for each member of the structure that is there.
    bool (*structure)(struct decoder *d, const struct place *p, node n, struct val *out);
    // Calls decode_item for each item.
    bool (*list)(struct decoder *d, const struct place *p, node n, struct val *out);
    // Calls decode_entry for each entry.
    bool (*map)(struct decoder *d, const struct place *p, node n, struct val *out);
    struct val *(*scalar)(struct decoder *d, const struct place *p, node n);
    // For unions: how many members are set, and the last one's name. May be NULL.
    size_t (*members)(node n, const char **name);
};

struct decoder {
    const struct reader *reader;
    struct codec codec;
};

// The value of `n` as the structure `shape`; NULL with the place.
struct val *decode(struct decoder *d, const struct shape *shape, node n);

bool decode_member(struct decoder *d, const struct place *parent, const struct member *m, node n,
                   struct val *out);
bool decode_item(struct decoder *d, const struct place *parent, node n, struct val *out);
bool decode_entry(struct decoder *d, const struct place *parent, const char *key, size_t key_len,
                  node n, struct val *out);

#endif
