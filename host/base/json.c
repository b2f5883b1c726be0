// json.c - cJSON behind one check, and the printer.
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/json_scan.h"
#include "base/text.h"

struct conversion {
    const char *text;
    const char *what;
    struct json_numbers numbers;
    size_t next_number;
    struct err *e;
};

static struct val *checked(struct val *v, struct err *e) {
    if (!v) err_memory(e);
    return v;
}

static struct val *convert(struct conversion *c, const cJSON *item);

// cJSON keeps document order, so the n-th number node is the n-th number of the text.
static struct val *convert_number(struct conversion *c, const cJSON *item) {
    if (c->next_number >= c->numbers.count) {
        err_set(c->e, ERR_INVALID, "%s is not valid JSON: a number is malformed", c->what);
        return NULL;
    }
    const char *text = c->text + c->numbers.at[c->next_number++];
    if (!json_number_is_integer(text) && isinf(item->valuedouble)) {
        err_set(c->e, ERR_INVALID, "%s holds a number that does not fit a double: %.40s", c->what,
                text);
        return NULL;
    }
    if (!json_number_is_integer(text)) return checked(val_double(item->valuedouble), c->e);
    errno = 0;
    long long i = strtoll(text, NULL, 10);
    if (errno == ERANGE) {
        err_set(c->e, ERR_INVALID, "%s holds an integer that does not fit 64 bits: %.40s", c->what,
                text);
        return NULL;
    }
    return checked(val_int(i), c->e);
}

static struct val *convert_list(struct conversion *c, const cJSON *item) {
    struct val *list = checked(val_list(), c->e);
    const cJSON *child;
    cJSON_ArrayForEach(child, item) {
        struct val *v = convert(c, child);
        if (v && val_append(list, v)) continue;
        if (v) err_memory(c->e);
        val_unref(list);
        return NULL;
    }
    return list;
}

// `nulls` holds the keys whose value is null: they are not in the map, but may not come twice.
static bool add_member(struct conversion *c, struct val *map, struct val *nulls,
                       const cJSON *child) {
    const char *key = child->string ? child->string : "";
    if (val_count(map) + val_count(nulls) >= JSON_MAX_KEYS)
        return err_set(c->e, ERR_INVALID, "%s has an object with over %zu keys", c->what,
                       JSON_MAX_KEYS);
    if (val_get(map, key) || val_get(nulls, key))
        return err_set(c->e, ERR_INVALID, "%s has the key \"%.80s\" twice in one object", c->what,
                       key);
    struct val *v = convert(c, child);
    if (!v) return false;
    bool set = val_is_nil(v) ? val_set(nulls, key, val_bool(true)) : val_set(map, key, v);
    return set ? true : err_memory(c->e);
}

static struct val *convert_map(struct conversion *c, const cJSON *item) {
    struct val *map = checked(val_map(), c->e), *nulls = checked(val_map(), c->e);
    bool ok = map && nulls;
    const cJSON *child;
    cJSON_ArrayForEach(child, item) ok = ok && add_member(c, map, nulls, child);
    val_unref(nulls);
    if (ok) return map;
    val_unref(map);
    return NULL;
}

static struct val *convert(struct conversion *c, const cJSON *item) {
    if (cJSON_IsNull(item)) return val_nil();
    if (cJSON_IsBool(item)) return val_bool(cJSON_IsTrue(item));
    if (cJSON_IsNumber(item)) return convert_number(c, item);
    if (cJSON_IsString(item)) return checked(val_cstr(item->valuestring), c->e);
    if (cJSON_IsArray(item)) return convert_list(c, item);
    if (cJSON_IsObject(item)) return convert_map(c, item);
    err_set(c->e, ERR_INVALID, "%s is not valid JSON", c->what);
    return NULL;
}

// The bytes after the value; cJSON would ignore them.
static bool ends_there(const char *end, const char *text, size_t len) {
    for (; end < text + len; end++)
        if (!strchr(" \t\r\n", *end) || !*end) return false;
    return true;
}

static struct val *parse_terminated(struct conversion *c, size_t len) {
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(c->text, len + 1, &end, 0);
    struct val *v = NULL;
    if (!root)
        err_set(c->e, ERR_INVALID, "%s is not valid JSON near byte %zu", c->what,
                end ? (size_t)(end - c->text) + 1 : (size_t)1);
    else if (!ends_there(end, c->text, len))
        err_set(c->e, ERR_INVALID, "%s has more after its JSON value, at byte %zu", c->what,
                (size_t)(end - c->text) + 1);
    else
        v = convert(c, root);
    cJSON_Delete(root);
    return v;
}

struct val *json_parse(const char *text, size_t len, const char *what, struct err *e) {
    if (len > JSON_MAX_BYTES) {
        err_set(e, ERR_INVALID, "%s is larger than %zu bytes", what, JSON_MAX_BYTES);
        return NULL;
    }
    // cJSON and strtoll stop at the NUL that the copy ends with.
    char *copy = malloc(len + 1);
    if (!copy) {
        err_memory(e);
        return NULL;
    }
    if (len) memcpy(copy, text, len);
    copy[len] = '\0';
    struct conversion c = {.text = copy, .what = what, .e = e};
    struct val *v = NULL;
    if (strlen(copy) != len)
        err_set(e, ERR_INVALID, "%s is not valid JSON: a NUL byte", what);
    else if (json_scan(copy, len, what, &c.numbers, e))
        v = parse_terminated(&c, len);
    free(c.numbers.at);
    free(copy);
    return v;
}

bool json_look(const char *text, size_t len, const char *what, struct err *e) {
    struct json_numbers numbers = {0};
    bool ok = json_scan(text, len, what, &numbers, e);
    free(numbers.at);
    return ok;
}

// How many bytes from the start need no second look.
static size_t plain_run(const char *bytes, size_t len) {
    size_t n = 0;
    while (n < len && bytes[n] >= 0x20 && bytes[n] < 0x7f && bytes[n] != '"' && bytes[n] != '\\') n++;
    return n;
}

void json_print_string(struct buf *out, const char *bytes, size_t len) {
    buf_add_char(out, '"');
    for (size_t i = 0; i < len;) {
        size_t plain = plain_run(bytes + i, len - i);
        buf_add(out, bytes + i, plain);
        i += plain;
        if (i == len) break;
        unsigned char c = (unsigned char)bytes[i];
        size_t n = utf8_char(bytes + i, len - i);
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_add_str(out, "\\n");
        else if (c == '\r')
            buf_add_str(out, "\\r");
        else if (c == '\t')
            buf_add_str(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else if (n)
            buf_add(out, bytes + i, n);
        else
            buf_add_str(out, "\xef\xbf\xbd");
        i += n ? n : 1;
    }
    buf_add_char(out, '"');
}

// The shortest of 15, 16, 17 digits that reads back equal; always recognisable as a double.
static void print_double(struct buf *out, double d) {
    char text[40];
    if (!isfinite(d)) {
        buf_add_str(out, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d) break;
    }
    buf_add_str(out, text);
    if (!strpbrk(text, ".e")) buf_add_str(out, ".0");
}

static void new_line(struct buf *out, int indent) {
    if (indent < 0) return;
    buf_add_char(out, '\n');
    for (int i = 0; i < indent; i++) buf_add_str(out, "  ");
}

// indent -1: compact.
static void print(struct buf *out, const struct val *v, int indent) {
    int inner = indent < 0 ? -1 : indent + 1;
    bool list = val_type(v) == VAL_LIST;
    switch (val_type(v)) {
    case VAL_NIL: buf_add_str(out, "null"); return;
    case VAL_BOOL: buf_add_str(out, val_as_bool(v, false) ? "true" : "false"); return;
    case VAL_INT: buf_printf(out, "%" PRId64, val_as_int(v, 0)); return;
    case VAL_DOUBLE: print_double(out, val_as_double(v, 0)); return;
    case VAL_STRING: json_print_string(out, val_as_str(v, ""), val_str_len(v)); return;
    case VAL_LIST:
    case VAL_MAP: break;
    }
    buf_add_char(out, list ? '[' : '{');
    for (size_t i = 0; i < val_count(v); i++) {
        if (i) buf_add_char(out, ',');
        new_line(out, inner);
        if (!list) {
            json_print_string(out, val_key_at(v, i), val_key_len_at(v, i));
            buf_add_str(out, indent < 0 ? ":" : ": ");
        }
        print(out, val_at(v, i), inner);
    }
    if (val_count(v)) new_line(out, indent);
    buf_add_char(out, list ? ']' : '}');
}

void json_print(struct buf *out, const struct val *v) {
    print(out, v, -1);
}

void json_print_pretty(struct buf *out, const struct val *v) {
    print(out, v, 0);
}
