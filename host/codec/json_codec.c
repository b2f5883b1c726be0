// json_codec.c - values to JSON documents and back.
#include "codec/json_codec.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "codec/decode.h"
#include "codec/scalar.h"

struct json_writer {
    struct writer w;
    bool response;
};

// The comma and the key that stand before a value.
static void write_label(struct buf *out, const struct place *p) {
    if (!p->parent) return;
    if (p->index) buf_add_char(out, ',');
    if (p->parent->shape->kind == SHAPE_LIST) return;
    if (p->parent->shape->kind == SHAPE_MAP)
        json_print_string(out, p->key, p->key_len);
    else
        json_print_string(out, json_name(p->member), strlen(json_name(p->member)));
    buf_add_char(out, ':');
}

static void write_enter(struct writer *w, const struct place *p, const struct val *v) {
    (void)v;
    write_label(w->out, p);
    buf_add_char(w->out, p->shape->kind == SHAPE_LIST ? '[' : '{');
}

static void write_leave(struct writer *w, const struct place *p, const struct val *v) {
    (void)v;
    buf_add_char(w->out, p->shape->kind == SHAPE_LIST ? ']' : '}');
}

// Text of the scalar, quoted.
static bool write_quoted(struct writer *w, const struct place *p, const struct val *v) {
    struct buf text = BUF_EMPTY;
    bool ok = scalar_print(&text, p, v, TIMESTAMP_ISO8601, w->codec.e);
    if (ok) json_print_string(w->out, buf_str(&text), text.len);
    if (text.failed) w->out->failed = true;
    buf_free(&text);
    return ok;
}

static bool write_timestamp(struct json_writer *j, const struct place *p, const struct val *v) {
    if (place_timestamp(p, TIMESTAMP_UNIX) != TIMESTAMP_UNIX) return write_quoted(&j->w, p, v);
    int64_t us;
    if (j->response && instant_read(v, &us) && us % 1000000) {
        double_print(j->w.out, (double)us / 1e6);
        return true;
    }
    return scalar_print(j->w.out, p, v, TIMESTAMP_UNIX, j->w.codec.e);
}

static bool write_scalar(struct writer *w, const struct place *p, const struct val *v) {
    write_label(w->out, p);
    if (p->shape->boxed_document || val_is_nil(v)) {
        json_print(w->out, v);
        return true;
    }
    switch (p->shape->kind) {
    case SHAPE_TIMESTAMP: return write_timestamp((struct json_writer *)w, p, v);
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        if (val_type(v) == VAL_DOUBLE && !isfinite(val_as_double(v, 0)))
            return write_quoted(w, p, v);
        return scalar_print(w->out, p, v, TIMESTAMP_UNIX, w->codec.e);
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_BOOLEAN: return scalar_print(w->out, p, v, TIMESTAMP_UNIX, w->codec.e);
    default: return write_quoted(w, p, v);
    }
}

bool json_write(const struct codec *c, const struct shape *shape, const struct val *v,
                bool response, struct buf *out) {
    struct json_writer j = {.w = {.enter = write_enter,
                                  .leave = write_leave,
                                  .scalar = write_scalar,
                                  .out = out,
                                  .codec = *c},
                            .response = response};
    return walk(&j.w, shape, v);
}

static bool expect(struct decoder *d, const struct place *p, const struct val *v,
                   enum val_type type) {
    if (val_type(v) == type) return true;
    return place_bad(p, d->codec.e, ERR_INVALID, "a %s stands where a %s is expected",
                     val_type_name(val_type(v)), val_type_name(type));
}

static bool read_structure(struct decoder *d, const struct place *p, node n, struct val *out) {
    if (!expect(d, p, n, VAL_MAP)) return false;
    for (size_t i = 0; i < p->shape->member_count; i++) {
        const struct member *m = &p->shape->members[i];
        const struct val *found = val_get(n, json_name(m));
        if (found && !decode_member(d, p, m, found, out)) return false;
    }
    return true;
}

// A null in a list stays: the positions of the others count.
static bool read_list(struct decoder *d, const struct place *p, node n, struct val *out) {
    if (!expect(d, p, n, VAL_LIST)) return false;
    for (size_t i = 0; i < val_count(n); i++) {
        const struct val *item = val_at(n, i);
        bool ok = val_is_nil(item) ? val_append(out, val_nil()) || err_memory(d->codec.e)
                                   : decode_item(d, p, item, out);
        if (!ok) return false;
    }
    return true;
}

static bool read_map(struct decoder *d, const struct place *p, node n, struct val *out) {
    if (!expect(d, p, n, VAL_MAP)) return false;
    for (size_t i = 0; i < val_count(n); i++)
        if (!decode_entry(d, p, val_key_at(n, i), val_key_len_at(n, i), val_at(n, i), out))
            return false;
    return true;
}

static enum val_type type_of(enum shape_kind kind) {
    switch (kind) {
    case SHAPE_INTEGER:
    case SHAPE_LONG: return VAL_INT;
    case SHAPE_BOOLEAN: return VAL_BOOL;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
    case SHAPE_TIMESTAMP: return VAL_DOUBLE;
    default: return VAL_STRING;
    }
}

// An integer may stand for any number.
static bool fits(const struct place *p, const struct val *v) {
    enum val_type wanted = type_of(p->shape->kind), type = val_type(v);
    return type == wanted || (wanted == VAL_DOUBLE && type == VAL_INT);
}

// In a response whatever stands for a number, boolean or string is taken as it came, as botocore
// does.
static struct val *read_scalar(struct decoder *d, const struct place *p, node n) {
    const struct val *v = n;
    if (p->shape->boxed_document) return val_ref(v);
    if (d->codec.strict && !fits(p, v)) {
        expect(d, p, v, type_of(p->shape->kind));
        return NULL;
    }
    if (p->shape->kind == SHAPE_BLOB && val_type(v) == VAL_STRING)
        return scalar_parse(p, val_as_str(v, ""), val_str_len(v), d->codec.e);
    if (p->shape->kind == SHAPE_TIMESTAMP) {
        struct val *instant = instant_result(v);
        if (!instant) err_memory(d->codec.e);
        return instant;
    }
    return val_ref(v);
}

static size_t count_members(node n, const char **name) {
    size_t count = 0;
    for (size_t i = 0; i < val_count(n); i++) {
        const char *key = val_key_at(n, i);
        if (!key || strcmp(key, "__type") == 0) continue;
        *name = key;
        count++;
    }
    return count;
}

static const struct reader json_reader = {.structure = read_structure,
                                          .list = read_list,
                                          .map = read_map,
                                          .scalar = read_scalar,
                                          .members = count_members};

struct val *json_read(const struct codec *c, const struct shape *shape,
                      const struct val *document) {
    struct decoder d = {.reader = &json_reader, .codec = *c};
    return decode(&d, shape, document);
}
