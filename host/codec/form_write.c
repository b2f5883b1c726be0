// form_write.c - parameters as a form.
#include <string.h>

#include "codec/form.h"
#include "codec/scalar.h"

void form_escape(struct buf *out, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '_' || c == '.' || c == '-' || c == '~';
        if (plain)
            buf_add_char(out, (char)c);
        else if (c == ' ')
            buf_add_char(out, '+');
        else
            buf_printf(out, "%%%02X", c);
    }
}

struct form_writer {
    struct writer w;
    enum protocol protocol;
    struct buf name, text;  // scratch
};

static void add_request_name(struct form_writer *f, const struct member *m, const char *otherwise) {
    char first;
    const char *name = request_name(f->protocol, m, &first);
    if (!*name) {
        buf_add_str(&f->name, otherwise);
        return;
    }
    buf_add_char(&f->name, first);
    buf_add_str(&f->name, name + 1);
}

static void add_name(struct form_writer *f, const struct place *p);

// The query protocol: "Names.member.1"; a flattened list is "Names.1", or goes by its
// item's name, which then replaces its own.
static void add_list_name(struct form_writer *f, const struct place *list) {
    const char *item = list->shape->item.location_name;
    add_name(f, list);
    if (f->protocol == PROTOCOL_EC2) return;
    if (!place_flattened(list)) {
        buf_printf(&f->name, ".%s", *item ? item : "member");
    } else if (*item && !f->name.failed) {
        while (f->name.len && f->name.data[f->name.len - 1] != '.') f->name.len--;
        buf_add_str(&f->name, item);
    }
}

static void add_entry_name(struct form_writer *f, const struct place *entry, bool key) {
    const struct place *map = entry->parent;
    add_name(f, map);
    if (!place_flattened(map)) buf_add_str(&f->name, ".entry");
    buf_printf(&f->name, ".%zu.", entry->index + 1);
    add_request_name(f, key ? &map->shape->key : &map->shape->value, key ? "key" : "value");
}

static void add_name(struct form_writer *f, const struct place *p) {
    if (!p->parent) return;
    switch (p->parent->shape->kind) {
    case SHAPE_LIST:
        add_list_name(f, p->parent);
        buf_printf(&f->name, ".%zu", p->index + 1);
        break;
    case SHAPE_MAP: add_entry_name(f, p, false); break;
    default:
        add_name(f, p->parent);
        if (f->name.len) buf_add_char(&f->name, '.');
        add_request_name(f, p->member, "");
    }
}

static void add_pair(struct form_writer *f) {
    buf_add_char(f->w.out, '&');
    form_escape(f->w.out, buf_str(&f->name), f->name.len);
    buf_add_char(f->w.out, '=');
    form_escape(f->w.out, buf_str(&f->text), f->text.len);
    if (f->name.failed || f->text.failed) f->w.out->failed = true;
}

static bool write_scalar(struct writer *w, const struct place *p, const struct val *v) {
    struct form_writer *f = (struct form_writer *)w;
    buf_clear(&f->name);
    buf_clear(&f->text);
    add_name(f, p);
    if (!scalar_print(&f->text, p, v, TIMESTAMP_ISO8601, w->codec.e)) return false;
    add_pair(f);
    return true;
}

static void write_key(struct writer *w, const struct place *p) {
    struct form_writer *f = (struct form_writer *)w;
    buf_clear(&f->name);
    buf_clear(&f->text);
    add_entry_name(f, p, true);
    buf_add(&f->text, p->key, p->key_len);
    add_pair(f);
}

// The query protocol says that a list is empty; ec2 cannot.
static void write_enter(struct writer *w, const struct place *p, const struct val *v) {
    struct form_writer *f = (struct form_writer *)w;
    if (f->protocol == PROTOCOL_EC2 || p->shape->kind != SHAPE_LIST || val_count(v)) return;
    buf_clear(&f->name);
    buf_clear(&f->text);
    add_name(f, p);
    add_pair(f);
}

bool form_write(const struct codec *c, const struct operation *op, const struct val *params,
                struct buf *out) {
    struct form_writer f = {.w = {.enter = write_enter,
                                  .key = write_key,
                                  .scalar = write_scalar,
                                  .out = out,
                                  .codec = *c},
                            .protocol = c->service->protocol};
    buf_add_str(out, "Action=");
    form_escape(out, op->name, strlen(op->name));
    buf_add_str(out, "&Version=");
    form_escape(out, c->service->api_version, strlen(c->service->api_version));
    bool ok = true;
    if (*op->input) {
        const struct shape *shape = model_shape(c->model, c->service, op->input, c->e);
        ok = shape && walk(&f.w, shape, params);
    }
    buf_free(&f.name);
    buf_free(&f.text);
    return ok && out->failed ? err_memory(c->e) : ok;
}
