// scalar.c - numbers, booleans and blobs as text.
#include "codec/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

// Digits and decimal exponent as repr() lays them out: plain from 1e-4 to 1e16.
static void lay_out(struct buf *out, const char *digits, size_t count, int exponent) {
    if (exponent < -4 || exponent >= 16) {
        buf_add(out, digits, 1);
        if (count > 1) buf_printf(out, ".%.*s", (int)(count - 1), digits + 1);
        buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    if (exponent < 0) {
        buf_add_str(out, "0.");
        for (int i = -1; i > exponent; i--) buf_add_char(out, '0');
        buf_add(out, digits, count);
        return;
    }
    for (int i = 0; i <= exponent; i++) buf_add_char(out, (size_t)i < count ? digits[i] : '0');
    buf_add_char(out, '.');
    if (count > (size_t)exponent + 1)
        buf_add(out, digits + exponent + 1, count - (size_t)exponent - 1);
    else
        buf_add_char(out, '0');
}

void double_print(struct buf *out, double d) {
    if (isnan(d)) {
        buf_add_str(out, "NaN");
        return;
    }
    if (signbit(d)) buf_add_char(out, '-');
    if (isinf(d)) {
        buf_add_str(out, "Infinity");
        return;
    }
    d = fabs(d);
    char text[40];
    for (int precision = 0; precision <= 16; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, d);
        if (strtod(text, NULL) == d) break;
    }
    // "d.ddde+XX": the digits without the point.
    char *e = strchr(text, 'e');
    int exponent = atoi(e + 1);
    size_t count = (size_t)(e - text);
    if (count > 1) memmove(text + 1, text + 2, --count - 1);
    lay_out(out, text, count, exponent);
}

static bool misfit(const struct place *p, const struct val *v, const char *wanted, struct err *e) {
    return place_bad(p, e, ERR_PARAMS, "must be %s, not a %s", wanted, val_type_name(val_type(v)));
}

static bool print_integer(struct buf *out, const struct place *p, const struct val *v,
                          struct err *e) {
    int64_t i = val_as_int(v, INT64_MIN);
    if (i == INT64_MIN && val_as_int(v, 0) == 0) return misfit(p, v, "an integer", e);
    buf_printf(out, "%" PRId64, i);
    return true;
}

static bool print_number(struct buf *out, const struct place *p, const struct val *v,
                         struct err *e) {
    if (val_type(v) == VAL_INT) return print_integer(out, p, v, e);
    if (val_type(v) != VAL_DOUBLE) return misfit(p, v, "a number", e);
    double_print(out, val_as_double(v, 0));
    return true;
}

static bool print_timestamp(struct buf *out, const struct place *p, const struct val *v,
                            enum timestamp_format otherwise, struct err *e) {
    int64_t us;
    if (!instant_read(v, &us)) return misfit(p, v, "a time", e);
    instant_print(out, us, place_timestamp(p, otherwise));
    return true;
}

bool scalar_print(struct buf *out, const struct place *p, const struct val *v,
                  enum timestamp_format otherwise, struct err *e) {
    switch (p->shape->kind) {
    case SHAPE_INTEGER:
    case SHAPE_LONG: return print_integer(out, p, v, e);
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE: return print_number(out, p, v, e);
    case SHAPE_TIMESTAMP: return print_timestamp(out, p, v, otherwise, e);
    case SHAPE_BOOLEAN:
        if (val_type(v) != VAL_BOOL) return misfit(p, v, "true or false", e);
        buf_add_str(out, val_as_bool(v, false) ? "true" : "false");
        return true;
    case SHAPE_BLOB:
        if (val_type(v) != VAL_STRING) return misfit(p, v, "a string", e);
        base64_encode(out, val_as_str(v, ""), val_str_len(v));
        return true;
    default:
        if (val_type(v) != VAL_STRING) return misfit(p, v, "a string", e);
        buf_add(out, val_as_str(v, ""), val_str_len(v));
        return true;
    }
}

static struct val *unreadable(const struct place *p, const char *text, size_t len,
                              const char *wanted, struct err *e) {
    struct buf shown = BUF_EMPTY;
    text_escape(&shown, text, len, 60);
    place_bad(p, e, ERR_INVALID, "\"%s\" is not %s", buf_str(&shown), wanted);
    buf_free(&shown);
    return NULL;
}

static struct val *made(struct val *v, struct err *e) {
    if (!v) err_memory(e);
    return v;
}

// Cuts white space off both ends, as Python's int() and float() do.
static void trim(const char **text, size_t *len) {
    while (*len && strchr(" \t\r\n\f\v", **text)) ++*text, --*len;
    while (*len && strchr(" \t\r\n\f\v", (*text)[*len - 1])) --*len;
}

static struct val *parse_number(const struct place *p, const char *text, size_t len,
                                struct err *e) {
    bool whole = p->shape->kind == SHAPE_INTEGER || p->shape->kind == SHAPE_LONG;
    const char *wanted = whole ? "an integer" : "a number";
    char copy[400], *end = copy;
    trim(&text, &len);
    if (len == 0 || len >= sizeof copy) return unreadable(p, text, len, wanted, e);
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strpbrk(copy, "xX( \t\r\n\f\v")) return unreadable(p, text, len, wanted, e);
    errno = 0;
    long long i = whole ? strtoll(copy, &end, 10) : 0;
    double d = whole ? 0 : strtod(copy, &end);
    if (end != copy + len || (whole && errno == ERANGE)) return unreadable(p, text, len, wanted, e);
    return made(whole ? val_int(i) : val_double(d), e);
}

static struct val *parse_blob(const struct place *p, const char *text, size_t len, struct err *e) {
    struct buf bytes = BUF_EMPTY;
    struct val *v = NULL;
    if (!base64_decode(&bytes, text, len))
        unreadable(p, text, len, "base64", e);
    else
        v = made(bytes.failed ? NULL : val_string(buf_str(&bytes), bytes.len), e);
    buf_free(&bytes);
    return v;
}

static struct val *parse_timestamp(const char *text, size_t len, struct err *e) {
    struct val *raw = made(val_string(text, len), e);
    struct val *v = raw ? made(instant_result(raw), e) : NULL;
    val_unref(raw);
    return v;
}

struct val *scalar_parse(const struct place *p, const char *text, size_t len, struct err *e) {
    switch (p->shape->kind) {
    case SHAPE_INTEGER:
    case SHAPE_LONG:
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE: return parse_number(p, text, len, e);
    case SHAPE_BOOLEAN: return val_bool(len == 4 && memcmp(text, "true", 4) == 0);
    case SHAPE_TIMESTAMP: return parse_timestamp(text, len, e);
    case SHAPE_BLOB: return parse_blob(p, text, len, e);
    default: return made(val_string(text, len), e);
    }
}
