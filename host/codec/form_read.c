// form_read.c - a form's pairs as parameters (the server's side).
#include <stdlib.h>
#include <string.h>

#include "codec/decode.h"
#include "codec/form.h"
#include "codec/scalar.h"

// The form and the name of the place that is read. Names are cut back after each step.
struct form_reader {
    struct form *form;
    struct buf path;
};

// The first pair that is not below `name`.
static size_t lower_bound(const struct form *f, const char *name) {
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(f->pairs[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct pair *form_find(const struct form *f, const char *name) {
    size_t at = lower_bound(f, name);
    return at < f->count && strcmp(f->pairs[at].name, name) == 0 ? &f->pairs[at] : NULL;
}

static void cut(struct buf *path, size_t len) {
    path->len = len;
    if (path->data) path->data[len] = '\0';
}

// True when a pair of this name is there, or one that begins with it and a dot.
static bool is_there(struct form_reader *r) {
    if (form_find(r->form, buf_str(&r->path))) return true;
    size_t len = r->path.len;
    buf_add_char(&r->path, '.');
    size_t at = lower_bound(r->form, buf_str(&r->path));
    bool there =
        at < r->form->count && strncmp(r->form->pairs[at].name, buf_str(&r->path), len + 1) == 0;
    cut(&r->path, len);
    return there;
}

static void add_request_name(struct form_reader *r, enum protocol protocol, const struct member *m,
                             const char *otherwise) {
    char first;
    const char *name = request_name(protocol, m, &first);
    if (r->path.len) buf_add_char(&r->path, '.');
    if (!*name) {
        buf_add_str(&r->path, otherwise);
        return;
    }
    buf_add_char(&r->path, first);
    buf_add_str(&r->path, name + 1);
}

static bool still_good(struct decoder *d, const struct form_reader *r) {
    return r->path.failed ? err_memory(d->codec.e) : true;
}

// A flattened list of the query protocol may go by its item's name.
static void name_list(struct form_reader *r, const struct place *list, enum protocol protocol) {
    const char *item = list->shape->item.location_name;
    if (protocol == PROTOCOL_EC2) return;
    if (!place_flattened(list)) {
        buf_printf(&r->path, ".%s", *item ? item : "member");
    } else if (*item) {
        size_t len = r->path.len;
        while (len && r->path.data[len - 1] != '.') len--;
        cut(&r->path, len);
        buf_add_str(&r->path, item);
    }
}

static bool member_is_there(struct decoder *d, struct form_reader *r, const struct place *p,
                            const struct member *m, bool *there) {
    struct place below;
    enum protocol protocol = d->codec.service->protocol;
    if (!place_below(&d->codec, p, m, 0, &below)) return false;
    *there = is_there(r);
    if (*there || below.shape->kind != SHAPE_LIST || !place_flattened(&below)) return true;
    struct buf own = BUF_EMPTY;
    buf_add_str(&own, buf_str(&r->path));
    name_list(r, &below, protocol);
    *there = is_there(r);
    buf_clear(&r->path);
    buf_add_str(&r->path, buf_str(&own));
    bool ok = !own.failed;
    buf_free(&own);
    return ok ? true : err_memory(d->codec.e);
}

static bool read_structure(struct decoder *d, const struct place *p, node n, struct val *out) {
    struct form_reader *r = (struct form_reader *)n;
    for (size_t i = 0; i < p->shape->member_count; i++) {
        const struct member *m = &p->shape->members[i];
        size_t len = r->path.len;
        bool there;
        add_request_name(r, d->codec.service->protocol, m, "");
        if (!still_good(d, r) || !member_is_there(d, r, p, m, &there)) return false;
        if (there && !decode_member(d, p, m, r, out)) return false;
        cut(&r->path, len);
    }
    return true;
}

static int compare_size(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

// The N of "PATH.N" or "PATH.N.rest"; 0 when it is no such number.
static size_t index_after(const char *name, size_t path_len) {
    const char *at = name + path_len + 1;
    size_t number = 0;
    if (*at == '0') return 0;
    for (; *at >= '0' && *at <= '9' && number < FORM_MAX_PAIRS; at++)
        number = number * 10 + (size_t)(*at - '0');
    return *at == '\0' || *at == '.' ? number : 0;
}

// The numbers below the path, in order; *count of them. NULL with `e`.
static size_t *numbers_below(struct decoder *d, struct form_reader *r, size_t *count) {
    size_t len = r->path.len;
    buf_add_char(&r->path, '.');
    size_t first = lower_bound(r->form, buf_str(&r->path)), last = first;
    while (last < r->form->count &&
           strncmp(r->form->pairs[last].name, buf_str(&r->path), len + 1) == 0)
        last++;
    cut(&r->path, len);
    size_t *numbers = calloc(last - first + 1, sizeof *numbers);
    *count = 0;
    for (size_t i = first; numbers && i < last; i++) {
        size_t number = index_after(r->form->pairs[i].name, len);
        if (number && (*count == 0 || numbers[*count - 1] != number)) numbers[(*count)++] = number;
    }
    if (!numbers)
        err_memory(d->codec.e);
    else
        qsort(numbers, *count, sizeof *numbers, compare_size);
    return numbers;
}

typedef bool each_fn(struct decoder *d, const struct place *p, struct form_reader *r,
                     struct val *out);

static bool each_number(struct decoder *d, const struct place *p, struct form_reader *r,
                        struct val *out, each_fn *fn) {
    size_t count, len = r->path.len;
    size_t *numbers = numbers_below(d, r, &count);
    bool ok = numbers != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        buf_printf(&r->path, ".%zu", numbers[i]);
        ok = still_good(d, r) && fn(d, p, r, out);
        cut(&r->path, len);
    }
    free(numbers);
    return ok;
}

static bool read_item(struct decoder *d, const struct place *p, struct form_reader *r,
                      struct val *out) {
    return decode_item(d, p, r, out);
}

static bool read_list(struct decoder *d, const struct place *p, node n, struct val *out) {
    struct form_reader *r = (struct form_reader *)n;
    struct pair *empty = form_find(r->form, buf_str(&r->path));
    if (empty && empty->value_len == 0) empty->used = true;
    name_list(r, p, d->codec.service->protocol);
    return still_good(d, r) && each_number(d, p, r, out, read_item);
}

static bool read_entry(struct decoder *d, const struct place *p, struct form_reader *r,
                       struct val *out) {
    size_t len = r->path.len;
    add_request_name(r, d->codec.service->protocol, &p->shape->key, "key");
    struct pair *key = still_good(d, r) ? form_find(r->form, buf_str(&r->path)) : NULL;
    cut(&r->path, len);
    if (!key) return place_bad(p, d->codec.e, ERR_INVALID, "an entry without its key");
    key->used = true;
    add_request_name(r, d->codec.service->protocol, &p->shape->value, "value");
    return still_good(d, r) && decode_entry(d, p, key->value, key->value_len, r, out);
}

static bool read_map(struct decoder *d, const struct place *p, node n, struct val *out) {
    struct form_reader *r = (struct form_reader *)n;
    if (!place_flattened(p)) buf_add_str(&r->path, ".entry");
    return still_good(d, r) && each_number(d, p, r, out, read_entry);
}

static bool is_boolean(const char *text) {
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

static struct val *read_scalar(struct decoder *d, const struct place *p, node n) {
    struct form_reader *r = (struct form_reader *)n;
    struct pair *pair = form_find(r->form, buf_str(&r->path));
    if (pair) {
        pair->used = true;
        // What is not the literal "true" must not pass for a DryRun that was not asked for.
        if (p->shape->kind == SHAPE_BOOLEAN && !is_boolean(pair->value)) {
            place_bad(p, d->codec.e, ERR_INVALID, "it must be true or false");
            return NULL;
        }
        return scalar_parse(p, pair->value, pair->value_len, d->codec.e);
    }
    place_bad(p, d->codec.e, ERR_INVALID, "a single value is expected here");
    return NULL;
}

static const struct reader form_reader = {
    .structure = read_structure, .list = read_list, .map = read_map, .scalar = read_scalar};

struct val *form_read(const struct codec *c, struct form *f, const struct shape *shape) {
    struct form_reader r = {.form = f};
    struct decoder d = {.reader = &form_reader, .codec = *c};
    struct val *v = decode(&d, shape, &r);
    buf_free(&r.path);
    return v;
}
