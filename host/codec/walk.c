// walk.c - down a value, guided by its shape.
#include "codec/walk.h"

static bool walk_place(struct writer *w, const struct place *p, const struct val *v);

static bool walk_structure(struct writer *w, const struct place *p, const struct val *v) {
    for (size_t i = 0; i < val_count(v); i++) {
        const struct member *m = shape_member(p->shape, val_key_at(v, i));
        if (!m)
            return place_bad(p, w->codec.e, ERR_PARAMS, "unknown member \"%.80s\"",
                             val_key_at(v, i));
        struct place below;
        if (!place_below(&w->codec, p, m, i, &below)) return false;
        if (!walk_place(w, &below, val_at(v, i))) return false;
    }
    return true;
}

static bool walk_list(struct writer *w, const struct place *p, const struct val *v) {
    for (size_t i = 0; i < val_count(v); i++) {
        struct place below;
        if (!place_below(&w->codec, p, &p->shape->item, i, &below)) return false;
        if (!walk_place(w, &below, val_at(v, i))) return false;
    }
    return true;
}

static bool walk_map(struct writer *w, const struct place *p, const struct val *v) {
    for (size_t i = 0; i < val_count(v); i++) {
        struct place below;
        if (!place_below(&w->codec, p, &p->shape->value, i, &below)) return false;
        below.key = val_key_at(v, i);
        below.key_len = val_key_len_at(v, i);
        if (w->key) w->key(w, &below);
        if (!walk_place(w, &below, val_at(v, i))) return false;
        if (w->after_entry) w->after_entry(w, &below);
    }
    return true;
}

static bool fits(const struct place *p, const struct val *v) {
    enum val_type type = val_type(v);
    // Lua's empty table arrives as an empty map, whatever was meant.
    if (p->shape->kind == SHAPE_LIST)
        return type == VAL_LIST || (type == VAL_MAP && val_count(v) == 0);
    return type == VAL_MAP;
}

static bool walk_place(struct writer *w, const struct place *p, const struct val *v) {
    enum shape_kind kind = p->shape->kind;
    if (p->depth >= VAL_MAX_DEPTH)
        return place_bad(p, w->codec.e, ERR_PARAMS, "nested more than %d deep", VAL_MAX_DEPTH);
    bool container = kind == SHAPE_STRUCTURE || kind == SHAPE_LIST || kind == SHAPE_MAP;
    if (!container || p->shape->boxed_document) return w->scalar(w, p, v);
    if (!fits(p, v))
        return place_bad(p, w->codec.e, ERR_PARAMS, "a %s does not fit here",
                         val_type_name(val_type(v)));
    if (w->enter) w->enter(w, p, v);
    bool ok = kind == SHAPE_STRUCTURE ? walk_structure(w, p, v)
              : kind == SHAPE_LIST    ? walk_list(w, p, v)
                                      : walk_map(w, p, v);
    if (ok && w->leave) w->leave(w, p, v);
    return ok;
}

bool walk(struct writer *w, const struct shape *shape, const struct val *v) {
    struct place root = {.shape = shape};
    struct val *empty = v ? NULL : val_map();
    if (!v && !empty) return err_memory(w->codec.e);
    bool ok = walk_place(w, &root, v ? v : empty);
    val_unref(empty);
    if (ok && w->out->failed) return err_memory(w->codec.e);
    return ok;
}
