// form_parse.c - a form's bytes as sorted pairs.
#include <stdlib.h>
#include <string.h>

#include "codec/form.h"

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// Decodes in place, into the arena's copy; false at a broken escape.
static bool unescape(char *text, size_t len, size_t *out_len) {
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < len ? digit(text[i + 1]) : -1;
            int low = i + 2 < len ? digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        text[out++] = c;
    }
    text[out] = '\0';
    *out_len = out;
    return true;
}

static bool take(struct form *f, const char *part, size_t len, const char **text, size_t *out_len,
                 struct err *e) {
    char *copy = arena_copy(&f->arena, part, len);
    if (!copy) return err_memory(e);
    *text = copy;
    return unescape(copy, len, out_len)
               ? true
               : err_set(e, ERR_INVALID, "the form has a malformed %%-escape");
}

static bool add_pair(struct form *f, const char *at, const char *end, struct err *e) {
    const char *equals = memchr(at, '=', (size_t)(end - at));
    struct pair *p = &f->pairs[f->count];
    const char *value = equals ? equals + 1 : end;
    size_t name_len;
    if (!take(f, at, (size_t)((equals ? equals : end) - at), &p->name, &name_len, e) ||
        !take(f, value, (size_t)(end - value), &p->value, &p->value_len, e))
        return false;
    if (strlen(p->name) != name_len)
        return err_set(e, ERR_INVALID, "the form has a name with a NUL byte");
    f->count++;
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static bool sort_pairs(struct form *f, struct err *e) {
    if (f->count) qsort(f->pairs, f->count, sizeof *f->pairs, by_name);
    for (size_t i = 1; i < f->count; i++)
        if (by_name(&f->pairs[i - 1], &f->pairs[i]) == 0)
            return err_set(e, ERR_INVALID, "the form names %.80s twice", f->pairs[i].name);
    return true;
}

bool form_parse(struct form *f, const char *body, size_t len, struct err *e) {
    *f = (struct form){0};
    if (len > FORM_MAX_BYTES)
        return err_set(e, ERR_INVALID, "the form is larger than %zu bytes", FORM_MAX_BYTES);
    size_t most = 1;
    for (size_t i = 0; i < len; i++) most += body[i] == '&';
    if (most > FORM_MAX_PAIRS)
        return err_set(e, ERR_INVALID, "the form has more than %zu pairs", FORM_MAX_PAIRS);
    f->pairs = arena_array(&f->arena, most, sizeof *f->pairs);
    if (!f->pairs) return err_memory(e);
    for (const char *at = body, *end = body + len; at < end;) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        if (!stop) stop = end;
        if (stop > at && !add_pair(f, at, stop, e)) return false;
        at = stop + 1;
    }
    return sort_pairs(f, e);
}

void form_free(struct form *f) {
    arena_free(&f->arena);
    *f = (struct form){0};
}
