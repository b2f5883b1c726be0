// xml_write.c - values to elements (the server's side).
#include <string.h>

#include "base/text.h"
#include "codec/scalar.h"
#include "codec/xml_codec.h"

// What XML cannot hold (control characters, bytes that are no UTF-8) becomes U+FFFD.
void xml_escape(struct buf *out, const char *bytes, size_t len) {
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)bytes[i];
        size_t n = utf8_char(bytes + i, len - i);
        if (c == '&')
            buf_add_str(out, "&amp;");
        else if (c == '<')
            buf_add_str(out, "&lt;");
        else if (c == '>')
            buf_add_str(out, "&gt;");
        else if (c == '"')
            buf_add_str(out, "&quot;");
        else if (c == '\r')
            buf_add_str(out, "&#13;");
        else if (!n || (c < 0x20 && c != '\t' && c != '\n') ||
                 (n == 3 && memcmp(bytes + i, "\xef\xbf", 2) == 0 &&
                  (unsigned char)bytes[i + 2] >= 0xbe))
            buf_add_str(out, "\xef\xbf\xbd");
        else
            buf_add(out, bytes + i, n);
        i += n ? n : 1;
    }
}

static const char *or_name(const char *name, const char *otherwise) {
    return *name ? name : otherwise;
}

// The element of a place; "" when it has none of its own (a flattened list).
static const char *element_of(const struct place *p) {
    bool container = p->shape->kind == SHAPE_LIST || p->shape->kind == SHAPE_MAP;
    if (!p->parent || (container && place_flattened(p))) return "";
    if (p->parent->shape->kind == SHAPE_MAP) return or_name(p->member->location_name, "value");
    if (p->parent->shape->kind != SHAPE_LIST) return element_name(p->member, p->shape);
    if (!place_flattened(p->parent)) return or_name(p->member->location_name, "member");
    return p->parent->member ? element_name(p->parent->member, p->parent->shape) : "member";
}

static void write_tag(struct buf *out, const char *slash, const char *name) {
    if (*name) buf_printf(out, "<%s%s>", slash, name);
}

static void write_enter(struct writer *w, const struct place *p, const struct val *v) {
    (void)v;
    write_tag(w->out, "", element_of(p));
}

static void write_leave(struct writer *w, const struct place *p, const struct val *v) {
    (void)v;
    write_tag(w->out, "/", element_of(p));
}

// What stands around an entry: <entry>, or the name of the flattened map itself.
static const char *entry_element(const struct place *p) {
    const struct place *map = p->parent;
    return place_flattened(map) && map->member ? json_name(map->member) : "entry";
}

static void write_key(struct writer *w, const struct place *p) {
    const char *name = or_name(p->parent->shape->key.location_name, "key");
    write_tag(w->out, "", entry_element(p));
    write_tag(w->out, "", name);
    xml_escape(w->out, p->key, p->key_len);
    write_tag(w->out, "/", name);
}

static void write_after_entry(struct writer *w, const struct place *p) {
    write_tag(w->out, "/", entry_element(p));
}

static bool write_scalar(struct writer *w, const struct place *p, const struct val *v) {
    struct buf text = BUF_EMPTY;
    bool ok = scalar_print(&text, p, v, TIMESTAMP_ISO8601, w->codec.e);
    if (ok) {
        write_tag(w->out, "", element_of(p));
        xml_escape(w->out, buf_str(&text), text.len);
        write_tag(w->out, "/", element_of(p));
    }
    if (text.failed) w->out->failed = true;
    buf_free(&text);
    return ok;
}

bool xml_write(const struct codec *c, const struct shape *shape, const struct val *v,
               struct buf *out) {
    struct writer w = {.enter = write_enter,
                       .leave = write_leave,
                       .key = write_key,
                       .after_entry = write_after_entry,
                       .scalar = write_scalar,
                       .out = out,
                       .codec = *c};
    return walk(&w, shape, v);
}
