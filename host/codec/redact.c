// redact.c - values without their secrets.
//
// Owns: what journal, playbook and evidence may keep of a value: members that the model
// marks as sensitive, and user data wherever it stands, leave as their SHA-256. What it
// does not know is kept: codec_check has refused it before.
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "codec/codec.h"
#include "codec/place.h"

static struct val *redact_place(const struct codec *c, const struct place *p, const struct val *v,
                                bool secret);

static struct val *no_memory(const struct codec *c) {
    err_memory(c->e);
    return NULL;
}

// A string by its bytes, anything else by its compact JSON.
static struct val *digest(const struct codec *c, const struct val *v) {
    char hex[SHA256_HEX];
    struct buf text = BUF_EMPTY;
    if (val_type(v) == VAL_STRING)
        buf_add(&text, val_as_str(v, ""), val_str_len(v));
    else
        json_print(&text, v);
    bool ok = !text.failed && sha256_hex(buf_str(&text), text.len, hex);
    buf_wipe(&text);
    struct val *map = ok ? val_map() : NULL;
    if (map && val_set(map, "sha256", val_cstr(hex))) return map;
    val_unref(map);
    return no_memory(c);
}

static bool is_user_data(const struct member *m) {
    return strcmp(m->name, "UserData") == 0;
}

// ModifyInstanceAttribute { Attribute = "userData", Value = "..." } carries it too.
static bool is_user_data_value(const struct place *p, const struct member *m,
                               const struct val *structure) {
    return !p->parent && strcmp(m->name, "Value") == 0 &&
           strcmp(val_get_str(structure, "Attribute", ""), "userData") == 0;
}

// The redacted child; the same reference when there was nothing to hide.
static struct val *redact_child(const struct codec *c, const struct place *p, const struct val *v,
                                size_t i, bool secret) {
    const struct member *m = p->shape->kind == SHAPE_LIST ? &p->shape->item
                             : p->shape->kind == SHAPE_MAP
                                 ? &p->shape->value
                                 : shape_member(p->shape, val_key_at(v, i));
    const struct val *child = val_at(v, i);
    if (!m) return secret ? digest(c, child) : val_ref(child);
    struct place below;
    if (!place_below(c, p, m, i, &below)) return NULL;
    if (m->sensitive) return digest(c, child);
    return redact_place(c, &below, child, secret || is_user_data(m) || is_user_data_value(p, m, v));
}

static bool put_child(struct val *copy, const struct val *v, size_t i, struct val *child) {
    if (val_type(v) == VAL_LIST) return val_append(copy, child);
    return val_set_n(copy, val_key_at(v, i), val_key_len_at(v, i), child);
}

// The first `count` children as they are: nothing was hidden so far.
static struct val *copy_start(const struct val *v, size_t count) {
    struct val *copy = val_type(v) == VAL_LIST ? val_list() : val_map();
    for (size_t i = 0; copy && i < count; i++) {
        if (put_child(copy, v, i, val_ref(val_at(v, i)))) continue;
        val_unref(copy);
        return NULL;
    }
    return copy;
}

// The same reference as long as no child differs: most values hold no secret.
static struct val *redact_container(const struct codec *c, const struct place *p,
                                    const struct val *v, bool secret) {
    struct val *copy = NULL;
    for (size_t i = 0; i < val_count(v); i++) {
        struct val *child = redact_child(c, p, v, i, secret);
        bool differs = child && child != val_at(v, i);
        if (differs && !copy) copy = copy_start(v, i);
        bool ok = child && (copy || !differs);
        if (ok && copy)
            ok = put_child(copy, v, i, child);
        else
            val_unref(child);
        if (ok) continue;
        val_unref(copy);
        return no_memory(c);
    }
    return copy ? copy : val_ref(v);
}

static struct val *redact_place(const struct codec *c, const struct place *p, const struct val *v,
                                bool secret) {
    if (p->depth > VAL_MAX_DEPTH) return digest(c, v);
    enum shape_kind kind = p->shape->kind;
    bool container = kind == SHAPE_STRUCTURE || kind == SHAPE_LIST || kind == SHAPE_MAP;
    bool fits = val_type(v) == VAL_MAP || (kind == SHAPE_LIST && val_type(v) == VAL_LIST);
    if (!container || !fits || p->shape->boxed_document) return secret ? digest(c, v) : val_ref(v);
    return redact_container(c, p, v, secret);
}

struct val *codec_redact(struct model *m, const struct operation *op, bool output,
                         const struct val *v, struct err *e) {
    struct codec c = {.model = m, .service = op->service, .e = e};
    const char *name = output ? op->output : op->input;
    if (!v) return val_map();
    if (!*name) return val_ref(v);
    const struct shape *shape = model_shape(m, op->service, name, e);
    if (!shape) return NULL;
    struct place root = {.shape = shape};
    return redact_place(&c, &root, v, false);
}
