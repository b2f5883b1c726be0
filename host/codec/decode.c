// decode.c - up from a document, guided by its shape.
#include "codec/decode.h"

static struct val *no_memory(struct decoder *d) {
    err_memory(d->codec.e);
    return NULL;
}

// A union with a member that the model does not know, as botocore reports it.
static bool add_unknown_member(struct decoder *d, const char *name, struct val *out) {
    struct val *unknown = val_map();
    bool ok = unknown && val_set(unknown, "name", val_cstr(name)) &&
              val_set(out, "SDK_UNKNOWN_MEMBER", val_ref(unknown));
    val_unref(unknown);
    return ok ? true : err_memory(d->codec.e);
}

static bool check_union(struct decoder *d, const struct place *p, node n, struct val *out) {
    if (!p->shape->union_type || !d->reader->members) return true;
    const char *name = "";
    if (d->reader->members(n, &name) != 1)
        return place_bad(p, d->codec.e, ERR_INVALID, "a union must have exactly one member");
    return val_count(out) ? true : add_unknown_member(d, name, out);
}

static bool fill(struct decoder *d, const struct place *p, node n, struct val *out) {
    switch (p->shape->kind) {
    case SHAPE_LIST: return d->reader->list(d, p, n, out);
    case SHAPE_MAP: return d->reader->map(d, p, n, out);
    default: return d->reader->structure(d, p, n, out) && check_union(d, p, n, out);
    }
}

static struct val *decode_place(struct decoder *d, const struct place *p, node n) {
    enum shape_kind kind = p->shape->kind;
    bool container = kind == SHAPE_STRUCTURE || kind == SHAPE_LIST || kind == SHAPE_MAP;
    if (!container || p->shape->boxed_document) return d->reader->scalar(d, p, n);
    if (p->depth >= VAL_MAX_DEPTH - 1) {
        place_bad(p, d->codec.e, ERR_INVALID, "nested more than %d deep", VAL_MAX_DEPTH);
        return NULL;
    }
    struct val *out = kind == SHAPE_LIST ? val_list() : val_map();
    if (!out) return no_memory(d);
    if (fill(d, p, n, out)) return out;
    val_unref(out);
    return NULL;
}

struct val *decode(struct decoder *d, const struct shape *shape, node n) {
    struct place root = {.shape = shape};
    return decode_place(d, &root, n);
}

bool decode_member(struct decoder *d, const struct place *parent, const struct member *m, node n,
                   struct val *out) {
    struct place p;
    if (!place_below(&d->codec, parent, m, val_count(out), &p)) return false;
    struct val *v = decode_place(d, &p, n);
    if (!v) return false;
    return val_set(out, m->name, v) ? true : err_memory(d->codec.e);
}

bool decode_item(struct decoder *d, const struct place *parent, node n, struct val *out) {
    struct place p;
    if (!place_below(&d->codec, parent, &parent->shape->item, val_count(out), &p)) return false;
    struct val *v = decode_place(d, &p, n);
    if (!v) return false;
    return val_append(out, v) ? true : err_memory(d->codec.e);
}

bool decode_entry(struct decoder *d, const struct place *parent, const char *key, size_t key_len,
                  node n, struct val *out) {
    struct place p;
    if (val_count(out) >= DECODE_MAX_KEYS)
        return place_bad(parent, d->codec.e, ERR_INVALID, "more than %zu keys", DECODE_MAX_KEYS);
    if (!place_below(&d->codec, parent, &parent->shape->value, val_count(out), &p)) return false;
    p.key = key;
    p.key_len = key_len;
    struct val *v = decode_place(d, &p, n);
    if (!v) return false;
    return val_set_n(out, key, key_len, v) ? true : err_memory(d->codec.e);
}
