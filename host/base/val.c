// val.c - the neutral value tree: making, sharing, reading.
#include "base/val.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct string {
    size_t len;
    char *bytes;  // NUL-terminated; lies behind the value itself
};

struct list {
    size_t count, cap;
    struct val **items;
};

struct pair {
    char *key;
    size_t key_len;
    struct val *value;
};

struct map {
    size_t count, cap;
    struct pair *pairs;  // sorted by key
};

struct val {
    enum val_type type;
    unsigned refs;  // 0: static, never freed
    union {
        bool b;
        int64_t i;
        double d;
        struct string string;
        struct list list;
        struct map map;
    } u;
};

static struct val the_nil = {.type = VAL_NIL};
static struct val the_true = {.type = VAL_BOOL, .u.b = true};
static struct val the_false = {.type = VAL_BOOL, .u.b = false};

static struct val *make(enum val_type type, size_t extra) {
    if (extra > SIZE_MAX - sizeof(struct val)) return NULL;
    struct val *v = malloc(sizeof *v + extra);
    if (!v) return NULL;
    memset(v, 0, sizeof *v);
    v->type = type;
    v->refs = 1;
    return v;
}

struct val *val_nil(void) {
    return &the_nil;
}

struct val *val_bool(bool b) {
    return b ? &the_true : &the_false;
}

struct val *val_int(int64_t i) {
    struct val *v = make(VAL_INT, 0);
    if (v) v->u.i = i;
    return v;
}

struct val *val_double(double d) {
    struct val *v = make(VAL_DOUBLE, 0);
    if (v) v->u.d = d;
    return v;
}

struct val *val_string(const char *bytes, size_t len) {
    if (len == SIZE_MAX) return NULL;
    struct val *v = make(VAL_STRING, len + 1);
    if (!v) return NULL;
    v->u.string.bytes = (char *)(v + 1);
    v->u.string.len = len;
    if (len) memcpy(v->u.string.bytes, bytes, len);
    v->u.string.bytes[len] = '\0';
    return v;
}

struct val *val_cstr(const char *s) {
    return s ? val_string(s, strlen(s)) : NULL;
}

struct val *val_printf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) return NULL;
    struct val *v = val_string(text, (size_t)len);
    free(text);
    return v;
}

struct val *val_list(void) {
    return make(VAL_LIST, 0);
}

struct val *val_map(void) {
    return make(VAL_MAP, 0);
}

struct val *val_ref(const struct val *v) {
    struct val *shared = (struct val *)v;
    if (shared && shared->refs) shared->refs++;
    return shared;
}

static void release(struct val *v) {
    if (v->type == VAL_LIST) {
        for (size_t i = 0; i < v->u.list.count; i++) val_unref(v->u.list.items[i]);
        free(v->u.list.items);
    } else if (v->type == VAL_MAP) {
        for (size_t i = 0; i < v->u.map.count; i++) {
            free(v->u.map.pairs[i].key);
            val_unref(v->u.map.pairs[i].value);
        }
        free(v->u.map.pairs);
    }
    free(v);
}

void val_unref(struct val *v) {
    if (v && v->refs && --v->refs == 0) release(v);
}

// Doubles the room of an array of `size`-byte items when it is full.
static bool make_room(void **items, size_t count, size_t *cap, size_t size) {
    if (count < *cap) return true;
    size_t wanted = *cap ? *cap * 2 : 4;
    void *grown = wanted > SIZE_MAX / size ? NULL : realloc(*items, wanted * size);
    if (!grown) return false;
    *items = grown;
    *cap = wanted;
    return true;
}

bool val_append(struct val *list, struct val *item) {
    if (!item || !list || list->type != VAL_LIST) {
        val_unref(item);
        return false;
    }
    struct list *l = &list->u.list;
    void *items = l->items;
    if (!make_room(&items, l->count, &l->cap, sizeof *l->items)) {
        val_unref(item);
        return false;
    }
    l->items = items;
    l->items[l->count++] = item;
    return true;
}

static int compare_key(const struct pair *p, const char *key, size_t len) {
    size_t shorter = p->key_len < len ? p->key_len : len;
    int order = shorter ? memcmp(p->key, key, shorter) : 0;
    if (order) return order;
    return p->key_len < len ? -1 : p->key_len > len;
}

// The first pair whose key is not below `key`; *found when it is equal.
static size_t lower_bound(const struct map *m, const char *key, size_t len, bool *found) {
    size_t low = 0, high = m->count;
    *found = false;
    if (high && compare_key(&m->pairs[high - 1], key, len) < 0) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_key(&m->pairs[middle], key, len);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void remove_pair(struct map *m, size_t at) {
    free(m->pairs[at].key);
    val_unref(m->pairs[at].value);
    m->count--;
    memmove(&m->pairs[at], &m->pairs[at + 1], (m->count - at) * sizeof m->pairs[0]);
}

static bool insert_pair(struct map *m, size_t at, const char *key, size_t len, struct val *item) {
    char *copy = malloc(len + 1);
    void *pairs = m->pairs;
    if (!copy || !make_room(&pairs, m->count, &m->cap, sizeof *m->pairs)) {
        free(copy);
        return false;
    }
    m->pairs = pairs;
    if (len) memcpy(copy, key, len);
    copy[len] = '\0';
    memmove(&m->pairs[at + 1], &m->pairs[at], (m->count - at) * sizeof m->pairs[0]);
    m->pairs[at] = (struct pair){copy, len, item};
    m->count++;
    return true;
}

bool val_set_n(struct val *map, const char *key, size_t key_len, struct val *item) {
    if (!item || !map || map->type != VAL_MAP || key_len == SIZE_MAX) {
        val_unref(item);
        return false;
    }
    struct map *m = &map->u.map;
    bool found;
    size_t at = lower_bound(m, key, key_len, &found);
    if (item->type == VAL_NIL) {
        if (found) remove_pair(m, at);
        return true;
    }
    if (found) {
        val_unref(m->pairs[at].value);
        m->pairs[at].value = item;
        return true;
    }
    if (insert_pair(m, at, key, key_len, item)) return true;
    val_unref(item);
    return false;
}

bool val_set(struct val *map, const char *key, struct val *item) {
    return val_set_n(map, key, strlen(key), item);
}

static struct val *copy_list(const struct val *v) {
    struct val *copy = val_list();
    for (size_t i = 0; copy && i < v->u.list.count; i++) {
        if (!val_append(copy, val_ref(v->u.list.items[i]))) {
            val_unref(copy);
            return NULL;
        }
    }
    return copy;
}

static struct val *copy_map(const struct val *v) {
    struct val *copy = val_map();
    for (size_t i = 0; copy && i < v->u.map.count; i++) {
        const struct pair *p = &v->u.map.pairs[i];
        if (!val_set_n(copy, p->key, p->key_len, val_ref(p->value))) {
            val_unref(copy);
            return NULL;
        }
    }
    return copy;
}

struct val *val_copy(const struct val *v) {
    switch (val_type(v)) {
    case VAL_LIST: return copy_list(v);
    case VAL_MAP: return copy_map(v);
    case VAL_STRING: return val_string(v->u.string.bytes, v->u.string.len);
    case VAL_INT: return val_int(v->u.i);
    case VAL_DOUBLE: return val_double(v->u.d);
    case VAL_NIL:
    case VAL_BOOL: break;
    }
    return v ? val_ref(v) : val_nil();
}

enum val_type val_type(const struct val *v) {
    return v ? v->type : VAL_NIL;
}

bool val_is_nil(const struct val *v) {
    return val_type(v) == VAL_NIL;
}

bool val_as_bool(const struct val *v, bool otherwise) {
    return val_type(v) == VAL_BOOL ? v->u.b : otherwise;
}

// 2^63 as a double is exact; every double below it and at or above -2^63 fits.
static bool fits_int(double d) {
    return d >= -9223372036854775808.0 && d < 9223372036854775808.0 && d == (double)(int64_t)d;
}

int64_t val_as_int(const struct val *v, int64_t otherwise) {
    if (val_type(v) == VAL_INT) return v->u.i;
    if (val_type(v) == VAL_DOUBLE && fits_int(v->u.d)) return (int64_t)v->u.d;
    return otherwise;
}

double val_as_double(const struct val *v, double otherwise) {
    if (val_type(v) == VAL_DOUBLE) return v->u.d;
    if (val_type(v) == VAL_INT) return (double)v->u.i;
    return otherwise;
}

const char *val_as_str(const struct val *v, const char *otherwise) {
    return val_type(v) == VAL_STRING ? v->u.string.bytes : otherwise;
}

size_t val_str_len(const struct val *v) {
    return val_type(v) == VAL_STRING ? v->u.string.len : 0;
}

size_t val_count(const struct val *v) {
    if (val_type(v) == VAL_LIST) return v->u.list.count;
    if (val_type(v) == VAL_MAP) return v->u.map.count;
    return 0;
}

const struct val *val_at(const struct val *v, size_t index) {
    if (index >= val_count(v)) return NULL;
    return v->type == VAL_LIST ? v->u.list.items[index] : v->u.map.pairs[index].value;
}

const char *val_key_at(const struct val *map, size_t index) {
    if (val_type(map) != VAL_MAP || index >= map->u.map.count) return NULL;
    return map->u.map.pairs[index].key;
}

size_t val_key_len_at(const struct val *map, size_t index) {
    if (val_type(map) != VAL_MAP || index >= map->u.map.count) return 0;
    return map->u.map.pairs[index].key_len;
}

const struct val *val_get(const struct val *map, const char *key) {
    if (val_type(map) != VAL_MAP) return NULL;
    bool found;
    size_t at = lower_bound(&map->u.map, key, strlen(key), &found);
    return found ? map->u.map.pairs[at].value : NULL;
}

// The item at an index that is written in digits; a name is no index.
static const struct val *item_named(const struct val *list, const char *index) {
    size_t digits = strspn(index, "0123456789");
    if (digits == 0 || index[digits] != '\0') return NULL;
    return val_at(list, strtoul(index, NULL, 10));
}

const struct val *val_path(const struct val *v, ...) {
    va_list args;
    va_start(args, v);
    const char *key;
    while (v && (key = va_arg(args, const char *)))
        v = val_type(v) == VAL_LIST ? item_named(v, key) : val_get(v, key);
    va_end(args);
    return v;
}

const char *val_get_str(const struct val *map, const char *key, const char *otherwise) {
    return val_as_str(val_get(map, key), otherwise);
}

static bool equal_numbers(const struct val *a, const struct val *b) {
    if (a->type == VAL_INT && b->type == VAL_INT) return a->u.i == b->u.i;
    if (a->type == VAL_DOUBLE && b->type == VAL_DOUBLE) return a->u.d == b->u.d;
    const struct val *whole = a->type == VAL_INT ? a : b;
    double d = (a->type == VAL_INT ? b : a)->u.d;
    return fits_int(d) && (int64_t)d == whole->u.i;
}

static bool equal_maps(const struct map *a, const struct map *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        if (compare_key(&a->pairs[i], b->pairs[i].key, b->pairs[i].key_len) ||
            !val_equal(a->pairs[i].value, b->pairs[i].value))
            return false;
    }
    return true;
}

static bool equal_lists(const struct list *a, const struct list *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!val_equal(a->items[i], b->items[i])) return false;
    return true;
}

bool val_equal(const struct val *a, const struct val *b) {
    enum val_type ta = val_type(a), tb = val_type(b);
    bool numbers = (ta == VAL_INT || ta == VAL_DOUBLE) && (tb == VAL_INT || tb == VAL_DOUBLE);
    if (numbers) return equal_numbers(a, b);
    if (ta != tb) return false;
    switch (ta) {
    case VAL_BOOL: return a->u.b == b->u.b;
    case VAL_STRING:
        return a->u.string.len == b->u.string.len &&
               memcmp(a->u.string.bytes, b->u.string.bytes, a->u.string.len) == 0;
    case VAL_LIST: return equal_lists(&a->u.list, &b->u.list);
    case VAL_MAP: return equal_maps(&a->u.map, &b->u.map);
    case VAL_NIL:
    case VAL_INT:
    case VAL_DOUBLE: break;
    }
    return true;
}

const char *val_type_name(enum val_type t) {
    static const char *const names[] = {"nil",    "boolean", "integer", "number",
                                        "string", "list",    "map"};
    return names[t];
}
