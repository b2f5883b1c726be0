// check.c - parameters against their shape, before anything else looks at them.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/codec.h"
#include "codec/scalar.h"

static bool check_place(const struct codec *c, const struct place *p, const struct val *v);

static bool bad_type(const struct codec *c, const struct place *p, const struct val *v,
                     const char *wanted) {
    if (val_is_nil(v)) return place_bad(p, c->e, ERR_PARAMS, "must be %s, not nil", wanted);
    struct buf shown = BUF_EMPTY;
    if (val_type(v) == VAL_STRING) {
        buf_add_str(&shown, " \"");
        text_escape(&shown, val_as_str(v, ""), val_str_len(v), 40);
        buf_add_char(&shown, '"');
    }
    place_bad(p, c->e, ERR_PARAMS, "must be %s, not %s %s%s", wanted,
              val_type(v) == VAL_INT ? "an" : "a", val_type_name(val_type(v)), buf_str(&shown));
    buf_free(&shown);
    return false;
}

static bool unknown_member(const struct codec *c, const struct place *p, const char *name,
                           size_t name_len) {
    const struct shape *s = p->shape;
    const char **names = calloc(s->member_count + 1, sizeof *names);
    if (!names) return err_memory(c->e);
    for (size_t i = 0; i < s->member_count; i++) names[i] = s->members[i].name;
    const char *near = text_nearest(name, names, s->member_count);
    struct buf shown = BUF_EMPTY;
    text_escape(&shown, name, name_len, 60);
    if (near)
        place_bad(p, c->e, ERR_PARAMS, "unknown parameter \"%s\"; did you mean %s?",
                  buf_str(&shown), near);
    else
        place_bad(p, c->e, ERR_PARAMS, "unknown parameter \"%s\"%s", buf_str(&shown),
                  s->member_count ? "" : "; none may stand here");
    buf_free(&shown);
    free(names);
    return false;
}

static bool check_required(const struct codec *c, const struct place *p, const struct val *v) {
    for (size_t i = 0; i < p->shape->member_count; i++) {
        const struct member *m = &p->shape->members[i];
        // An idempotency token is filled in later.
        if (!m->required || m->idempotency_token || val_get(v, m->name)) continue;
        return place_bad(p, c->e, ERR_PARAMS, "the required parameter %s is missing", m->name);
    }
    return true;
}

static bool check_structure(const struct codec *c, const struct place *p, const struct val *v) {
    if (val_type(v) != VAL_MAP) return bad_type(c, p, v, "a table of named parameters");
    for (size_t i = 0; i < val_count(v); i++) {
        const char *key = val_key_at(v, i);
        const struct member *m = shape_member(p->shape, key);
        if (!m || strlen(key) != val_key_len_at(v, i))
            return unknown_member(c, p, key, val_key_len_at(v, i));
        struct place below;
        if (!place_below(c, p, m, i, &below) || !check_place(c, &below, val_at(v, i))) return false;
    }
    if (p->shape->union_type && val_count(v) != 1)
        return place_bad(p, c->e, ERR_PARAMS, "exactly one of its parameters must be given");
    return check_required(c, p, v);
}

// True when an empty list or map of this service leaves no trace in a request.
static bool vanishes(const struct codec *c, const struct place *p) {
    if (c->service->protocol == PROTOCOL_JSON) return false;
    return c->service->protocol == PROTOCOL_EC2 || p->shape->kind == SHAPE_MAP;
}

static bool check_empty(const struct codec *c, const struct place *p) {
    if (!vanishes(c, p)) return true;
    return place_bad(p, c->e, ERR_PARAMS,
                     "an empty %s would vanish from the request; give it a value or leave it out",
                     p->shape->kind == SHAPE_LIST ? "list" : "map");
}

static bool check_list(const struct codec *c, const struct place *p, const struct val *v) {
    bool empty_table = val_type(v) == VAL_MAP && val_count(v) == 0;
    if (val_type(v) != VAL_LIST && !empty_table) return bad_type(c, p, v, "a list");
    if (!val_count(v)) return check_empty(c, p);
    for (size_t i = 0; i < val_count(v); i++) {
        struct place below;
        if (!place_below(c, p, &p->shape->item, i, &below) || !check_place(c, &below, val_at(v, i)))
            return false;
    }
    return true;
}

static bool check_map(const struct codec *c, const struct place *p, const struct val *v) {
    if (val_type(v) != VAL_MAP) return bad_type(c, p, v, "a map");
    if (!val_count(v)) return check_empty(c, p);
    for (size_t i = 0; i < val_count(v); i++) {
        struct place below;
        if (!place_below(c, p, &p->shape->value, i, &below)) return false;
        below.key = val_key_at(v, i);
        below.key_len = val_key_len_at(v, i);
        if (!utf8_valid(below.key, below.key_len))
            return place_bad(&below, c->e, ERR_PARAMS, "the key is not valid UTF-8");
        if (!check_place(c, &below, val_at(v, i))) return false;
    }
    return true;
}

static bool check_integer(const struct codec *c, const struct place *p, const struct val *v) {
    bool wide = p->shape->kind == SHAPE_LONG;
    int64_t low = wide ? INT64_MIN : INT32_MIN, high = wide ? INT64_MAX : INT32_MAX;
    bool whole = val_type(v) == VAL_INT || val_as_int(v, 0) == val_as_int(v, 1);
    if (!whole || val_type(v) == VAL_NIL) return bad_type(c, p, v, "an integer");
    int64_t i = val_as_int(v, 0);
    if (i >= low && i <= high) return true;
    return place_bad(p, c->e, ERR_PARAMS,
                     "%" PRId64 " is out of range (%" PRId64 " to %" PRId64 ")", i, low, high);
}

static bool check_timestamp(const struct codec *c, const struct place *p, const struct val *v) {
    int64_t us;
    return instant_read(v, &us)
               ? true
               : bad_type(c, p, v, "a time as 2026-11-24T02:15:30Z or in seconds since 1970");
}

static bool check_string(const struct codec *c, const struct place *p, const struct val *v) {
    if (val_type(v) != VAL_STRING) return bad_type(c, p, v, "a string");
    return utf8_valid(val_as_str(v, ""), val_str_len(v))
               ? true
               : place_bad(p, c->e, ERR_PARAMS, "the string is not valid UTF-8");
}

static bool check_place(const struct codec *c, const struct place *p, const struct val *v) {
    if (p->depth >= VAL_MAX_DEPTH)
        return place_bad(p, c->e, ERR_PARAMS, "nested more than %d deep", VAL_MAX_DEPTH);
    if (p->shape->boxed_document) return true;
    switch (p->shape->kind) {
    case SHAPE_STRUCTURE: return check_structure(c, p, v);
    case SHAPE_LIST: return check_list(c, p, v);
    case SHAPE_MAP: return check_map(c, p, v);
    case SHAPE_INTEGER:
    case SHAPE_LONG: return check_integer(c, p, v);
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        return val_type(v) == VAL_INT || val_type(v) == VAL_DOUBLE ? true
                                                                   : bad_type(c, p, v, "a number");
    case SHAPE_BOOLEAN: return val_type(v) == VAL_BOOL ? true : bad_type(c, p, v, "true or false");
    case SHAPE_TIMESTAMP: return check_timestamp(c, p, v);
    case SHAPE_BLOB: return val_type(v) == VAL_STRING ? true : bad_type(c, p, v, "a string");
    case SHAPE_STRING: break;
    }
    return check_string(c, p, v);
}

static bool check_root(const struct codec *c, const struct operation *op, const struct val *v) {
    static const struct shape nothing = {.name = "", .kind = SHAPE_STRUCTURE};
    const struct shape *shape = &nothing;
    if (*op->input && !(shape = model_shape(c->model, c->service, op->input, c->e))) return false;
    struct place root = {.shape = shape};
    bool empty_list = val_type(v) == VAL_LIST && val_count(v) == 0;
    if (!v || empty_list) return check_required(c, &root, NULL);
    return check_place(c, &root, v);
}

bool codec_is_dry_run(const struct operation *op, const struct val *params) {
    return op->dry_run && val_as_bool(val_get(params, "DryRun"), false);
}

bool codec_changes(const struct operation *op, const struct val *params) {
    return op->mutates && !codec_is_dry_run(op, params);
}

bool codec_check(struct model *m, const struct operation *op, const struct val *params,
                 struct err *e) {
    struct codec c = {.model = m, .service = op->service, .e = e};
    if (check_root(&c, op, params)) return true;
    if (e) snprintf(e->operation, sizeof e->operation, "%s", op->name);
    return false;
}
