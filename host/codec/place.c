// place.c - places, their names and paths.
#include "codec/place.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool place_below(const struct codec *c, const struct place *parent, const struct member *member,
                 size_t index, struct place *out) {
    const struct shape *shape = model_member_shape(c->model, c->service, member, c->e);
    if (!shape) return false;
    *out = (struct place){.parent = parent,
                          .shape = shape,
                          .member = member,
                          .index = index,
                          .depth = parent->depth + 1};
    return true;
}

bool place_flattened(const struct place *p) {
    return p->member ? p->member->flattened : p->shape->flattened;
}

enum timestamp_format place_timestamp(const struct place *p, enum timestamp_format otherwise) {
    if (p->member && p->member->timestamp != TIMESTAMP_DEFAULT) return p->member->timestamp;
    return p->shape->timestamp != TIMESTAMP_DEFAULT ? p->shape->timestamp : otherwise;
}

const char *request_name(enum protocol protocol, const struct member *m, char *first) {
    const char *name = m->name;
    bool located = *m->location_name != '\0';
    if (protocol == PROTOCOL_EC2 && *m->query_name)
        name = m->query_name;
    else if (located)
        name = m->location_name;
    bool raised = protocol == PROTOCOL_EC2 && name == m->location_name;
    *first = raised ? (char)toupper((unsigned char)name[0]) : name[0];
    return name;
}

const char *element_name(const struct member *m, const struct shape *target) {
    if (target->kind == SHAPE_LIST && m->flattened && *target->item.location_name)
        return target->item.location_name;
    return *m->location_name ? m->location_name : m->name;
}

const char *json_name(const struct member *m) {
    return *m->location_name ? m->location_name : m->name;
}

void place_path(struct buf *out, const struct place *p) {
    if (!p->parent) return;
    place_path(out, p->parent);
    switch (p->parent->shape->kind) {
    case SHAPE_LIST: buf_printf(out, "[%zu]", p->index); break;
    case SHAPE_MAP:
        buf_add_char(out, '[');
        text_escape(out, p->key, p->key_len, 80);
        buf_add_char(out, ']');
        break;
    default:
        if (p->parent->parent) buf_add_char(out, '.');
        buf_add_str(out, p->member->name);
    }
}

bool place_bad(const struct place *p, struct err *e, const char *code, const char *format, ...) {
    char message[700];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct buf path = BUF_EMPTY;
    place_path(&path, p);
    // A path too long for the message keeps its end: that is where the fault lies.
    const char *shown = buf_str(&path);
    if (path.len > 300) shown += path.len - 300;
    err_set(e, code, "%s%s%s", shown, *shown ? ": " : "", message);
    buf_free(&path);
    return false;
}
