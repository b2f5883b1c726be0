// wire.c - values as bytes, for the socket between host and playbook process.
//
// Owns: the binary form. One tag byte, then: 'n' nothing, 't' 'f' nothing, 'i' and
// 'd' eight bytes, 's' a length and bytes, 'l' a count and items, 'm' a count and
// (key length, key, value) in strictly ascending key order. All numbers are
// little-endian. It never believes a length or a count before checking it against the
// bytes that are there, so what it allocates is bounded by what was received.
#include "base/wire.h"

#include <stdint.h>
#include <string.h>

#define HEADER 4

// --- writing -----------------------------------------------------------------

struct writer {
    struct buf *out;
    size_t nodes;
};

static void add_u32(struct buf *out, size_t n) {
    unsigned char bytes[4] = {n & 0xff, n >> 8 & 0xff, n >> 16 & 0xff, n >> 24 & 0xff};
    buf_add(out, bytes, sizeof bytes);
}

static void add_u64(struct buf *out, uint64_t n) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(n >> (8 * i));
    buf_add(out, bytes, sizeof bytes);
}

static bool add_bytes(struct buf *out, const char *bytes, size_t len, struct err *e) {
    if (len > WIRE_MAX_FRAME)
        return err_set(e, ERR_INVALID, "a string of %zu bytes is too long for a message", len);
    add_u32(out, len);
    buf_add(out, bytes, len);
    return true;
}

static bool write_value(struct writer *w, const struct val *v, int depth, struct err *e);

static bool write_list(struct writer *w, const struct val *v, int depth, struct err *e) {
    size_t count = val_count(v);
    buf_add_char(w->out, 'l');
    add_u32(w->out, count);
    for (size_t i = 0; i < count; i++)
        if (!write_value(w, val_at(v, i), depth + 1, e)) return false;
    return true;
}

static bool write_map(struct writer *w, const struct val *v, int depth, struct err *e) {
    size_t count = val_count(v);
    buf_add_char(w->out, 'm');
    add_u32(w->out, count);
    for (size_t i = 0; i < count; i++) {
        if (!add_bytes(w->out, val_key_at(v, i), val_key_len_at(v, i), e)) return false;
        if (!write_value(w, val_at(v, i), depth + 1, e)) return false;
    }
    return true;
}

static bool write_double(struct buf *out, double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    buf_add_char(out, 'd');
    add_u64(out, bits);
    return true;
}

static bool write_value(struct writer *w, const struct val *v, int depth, struct err *e) {
    if (depth > VAL_MAX_DEPTH)
        return err_set(e, ERR_INVALID, "a message may nest %d levels deep at most", VAL_MAX_DEPTH);
    if (++w->nodes > WIRE_MAX_NODES)
        return err_set(e, ERR_INVALID, "a message may hold %zu values at most", WIRE_MAX_NODES);
    if (w->out->failed) return err_memory(e);
    switch (val_type(v)) {
    case VAL_NIL: buf_add_char(w->out, 'n'); return true;
    case VAL_BOOL: buf_add_char(w->out, val_as_bool(v, false) ? 't' : 'f'); return true;
    case VAL_INT:
        buf_add_char(w->out, 'i');
        add_u64(w->out, (uint64_t)val_as_int(v, 0));
        return true;
    case VAL_DOUBLE: return write_double(w->out, val_as_double(v, 0));
    case VAL_STRING:
        buf_add_char(w->out, 's');
        return add_bytes(w->out, val_as_str(v, ""), val_str_len(v), e);
    case VAL_LIST: return write_list(w, v, depth, e);
    case VAL_MAP: return write_map(w, v, depth, e);
    }
    return err_set(e, ERR_INVALID, "a value of unknown type");
}

// A frame that did not work out is taken off `out` again.
static bool withdraw(struct buf *out, size_t start) {
    if (out->data) {
        out->len = start;
        out->data[start] = '\0';
    }
    return false;
}

bool wire_write(struct buf *out, const struct val *v, struct err *e) {
    size_t start = out->len;
    struct writer w = {out, 0};
    add_u32(out, 0);
    if (!write_value(&w, v, 0, e)) return withdraw(out, start);
    if (out->failed) {
        withdraw(out, start);
        return err_memory(e);
    }
    size_t body = out->len - start - HEADER;
    if (body > WIRE_MAX_FRAME) {
        withdraw(out, start);
        return err_set(e, ERR_INVALID, "a message of %zu bytes is too long (%zu at most)", body,
                       WIRE_MAX_FRAME);
    }
    for (int i = 0; i < HEADER; i++) out->data[start + (size_t)i] = (char)(body >> (8 * i) & 0xff);
    return true;
}

// --- reading -----------------------------------------------------------------

struct reader {
    const unsigned char *at;
    const unsigned char *end;
    size_t nodes;
    struct err *e;
};

static struct val *malformed(struct reader *r, const char *what) {
    err_set(r->e, ERR_INVALID, "malformed message: %s", what);
    return NULL;
}

static size_t left(const struct reader *r) {
    return (size_t)(r->end - r->at);
}

static uint64_t get_number(const unsigned char *bytes, int size) {
    uint64_t n = 0;
    for (int i = 0; i < size; i++) n |= (uint64_t)bytes[i] << (8 * i);
    return n;
}

// Takes a 32-bit count of things that need `each` bytes or more.
static bool take_count(struct reader *r, size_t each, size_t *count) {
    if (left(r) < 4) return malformed(r, "a length is cut off");
    *count = (size_t)get_number(r->at, 4);
    r->at += 4;
    if (*count > left(r) / each) return malformed(r, "a length exceeds the message");
    return true;
}

static struct val *checked(struct reader *r, struct val *v) {
    if (!v) err_memory(r->e);
    return v;
}

static struct val *read_value(struct reader *r, int depth);

static struct val *read_list(struct reader *r, int depth) {
    size_t count;
    if (!take_count(r, 1, &count)) return NULL;
    struct val *list = checked(r, val_list());
    for (size_t i = 0; list && i < count; i++) {
        struct val *item = read_value(r, depth + 1);
        if (item && val_append(list, item)) continue;
        if (item) err_memory(r->e);
        val_unref(list);
        return NULL;
    }
    return list;
}

// True when key `a` comes before key `b`, bytewise.
static bool ascending(const unsigned char *a, size_t a_len, const unsigned char *b, size_t b_len) {
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order < 0 || (order == 0 && a_len < b_len);
}

static bool read_entry(struct reader *r, int depth, struct val *map, const unsigned char **before,
                       size_t *before_len) {
    size_t len;
    if (!take_count(r, 1, &len)) return false;
    const unsigned char *key = r->at;
    r->at += len;
    if (*before && !ascending(*before, *before_len, key, len))
        return malformed(r, "keys are not in ascending order");
    *before = key;
    *before_len = len;
    struct val *item = read_value(r, depth + 1);
    if (!item) return false;
    if (val_is_nil(item)) return malformed(r, "a key without a value");
    return val_set_n(map, (const char *)key, len, item) || err_memory(r->e);
}

static struct val *read_map(struct reader *r, int depth) {
    size_t count, before_len = 0;
    const unsigned char *before = NULL;
    if (!take_count(r, 5, &count)) return NULL;
    struct val *map = checked(r, val_map());
    for (size_t i = 0; map && i < count; i++) {
        if (read_entry(r, depth, map, &before, &before_len)) continue;
        val_unref(map);
        return NULL;
    }
    return map;
}

static struct val *read_string(struct reader *r) {
    size_t len;
    if (!take_count(r, 1, &len)) return NULL;
    const char *bytes = (const char *)r->at;
    r->at += len;
    return checked(r, val_string(bytes, len));
}

static struct val *read_fixed(struct reader *r, char tag) {
    if (left(r) < 8) return malformed(r, "a number is cut off");
    uint64_t bits = get_number(r->at, 8);
    r->at += 8;
    if (tag == 'i') return checked(r, val_int((int64_t)bits));
    double d;
    memcpy(&d, &bits, sizeof d);
    return checked(r, val_double(d));
}

static struct val *read_value(struct reader *r, int depth) {
    if (depth > VAL_MAX_DEPTH) return malformed(r, "it nests too deep");
    if (++r->nodes > WIRE_MAX_NODES) return malformed(r, "it holds too many values");
    if (left(r) < 1) return malformed(r, "it is cut off");
    char tag = (char)*r->at++;
    switch (tag) {
    case 'n': return val_nil();
    case 't': return val_bool(true);
    case 'f': return val_bool(false);
    case 'i':
    case 'd': return read_fixed(r, tag);
    case 's': return read_string(r);
    case 'l': return read_list(r, depth);
    case 'm': return read_map(r, depth);
    default: return malformed(r, "an unknown tag");
    }
}

int wire_read(const char *bytes, size_t len, struct val **v, size_t *used, struct err *e) {
    *v = NULL;
    *used = 0;
    if (len < HEADER) return 0;
    size_t body = (size_t)get_number((const unsigned char *)bytes, HEADER);
    struct reader r = {(const unsigned char *)bytes + HEADER, NULL, 0, e};
    if (body == 0 || body > WIRE_MAX_FRAME) {
        malformed(&r, "its length is out of bounds");
        return -1;
    }
    if (len - HEADER < body) return 0;
    r.end = r.at + body;
    struct val *result = read_value(&r, 0);
    if (result && r.at != r.end) {
        val_unref(result);
        result = malformed(&r, "bytes are left over");
    }
    if (!result) return -1;
    *v = result;
    *used = HEADER + body;
    return 1;
}
