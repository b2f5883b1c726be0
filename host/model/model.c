// model.c - services, operations and shapes by name.
#include "model/model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/text.h"
#include "model/extra.h"
#include "model/source.h"

#define EMBEDDED "host/model/"
#define SUFFIX ".model"

struct listing {
    struct model *model;
    bool failed;
};

// A pointer array, so that a source never moves: services given out lie in it.
struct source *model_add_source(struct model *m) {
    struct source **grown = realloc(m->sources, (m->count + 1) * sizeof *grown);
    if (!grown) return NULL;
    m->sources = grown;
    struct source *s = calloc(1, sizeof *s);
    if (s) m->sources[m->count++] = s;
    return s;
}

static void add_embedded(void *ctx, const char *asset) {
    struct listing *l = ctx;
    if (l->failed || !text_ends(asset, SUFFIX)) return;
    const char *name = asset + strlen(EMBEDDED);
    struct source *s = model_add_source(l->model);
    if (s) s->asset = strdup(asset);
    if (s) s->name = strndup(name, strlen(name) - strlen(SUFFIX));
    l->failed = !s || !s->asset || !s->name;
}

struct model *model_open(const char *extra_dir, struct err *e) {
    struct listing l = {.model = calloc(1, sizeof(struct model))};
    if (l.model) asset_each(EMBEDDED, add_embedded, &l);
    if (!l.model || l.failed) {
        model_free(l.model);
        err_memory(e);
        return NULL;
    }
    if (!extra_dir || model_add_extras(l.model, extra_dir, e)) return l.model;
    model_free(l.model);
    return NULL;
}

struct model *model_from_text(const char *text, size_t len, struct err *e) {
    struct model *m = calloc(1, sizeof *m);
    struct source *s = m ? model_add_source(m) : NULL;
    struct buf copy = BUF_EMPTY;
    buf_add(&copy, text, len);
    if (!s || copy.failed) {
        err_memory(e);
    } else if (source_from_text(s, "the model", &copy, e)) {
        s->name = strdup(s->service.name);
        if (s->name) return m;
        err_memory(e);
    }
    buf_free(&copy);
    model_free(m);
    return NULL;
}

void model_free(struct model *m) {
    if (!m) return;
    for (size_t i = 0; i < m->count; i++) {
        source_close(m->sources[i]);
        free(m->sources[i]);
    }
    free(m->sources);
    free(m);
}

static const struct service *unknown_service(struct model *m, const char *name, struct err *e) {
    const char **names = calloc(m->count + 1, sizeof *names);
    for (size_t i = 0; names && i < m->count; i++) names[i] = m->sources[i]->name;
    const char *near = names ? text_nearest(name, names, m->count) : NULL;
    if (near)
        err_set(e, ERR_USAGE, "no service \"%.80s\"; did you mean %s?", name, near);
    else
        err_set(e, ERR_USAGE, "no service \"%.80s\" in the models", name);
    free(names);
    return NULL;
}

static struct source *source_of(const struct service *s) {
    return (struct source *)s;
}

const struct service *model_service(struct model *m, const char *name, struct err *e) {
    for (size_t i = 0; i < m->count; i++) {
        struct source *s = m->sources[i];
        if (strcmp(s->name, name) == 0) return source_open(s, e) ? &s->service : NULL;
    }
    return unknown_service(m, name, e);
}

struct names {
    const char **items;
    size_t count, cap;
    bool methods;
};

static bool collect_name(void *ctx, struct operation *op) {
    struct names *n = ctx;
    if (n->count == n->cap) {
        size_t cap = n->cap ? n->cap * 2 : 1024;
        const char **grown = realloc(n->items, cap * sizeof *grown);
        if (!grown) return false;
        n->items = grown;
        n->cap = cap;
    }
    n->items[n->count++] = n->methods ? op->method : op->name;
    return true;
}

static void unknown_operation(struct source *s, const char *name, struct err *e) {
    struct names n = {.methods = !isupper((unsigned char)name[0])};
    source_operations(s, collect_name, &n, NULL);
    const char *near = text_nearest(name, n.items, n.count);
    if (near)
        err_set(e, ERR_USAGE, "%s has no operation \"%.80s\"; did you mean %s?", s->name, name,
                near);
    else
        err_set(e, ERR_USAGE, "%s has no operation \"%.80s\"", s->name, name);
    free(n.items);
}

const struct operation *model_operation(struct model *m, const char *service, const char *name,
                                        struct err *e) {
    const struct service *found = model_service(m, service, e);
    if (!found) return NULL;
    bool camel = isupper((unsigned char)name[0]) != 0, broken = false;
    struct buf method = BUF_EMPTY;
    if (camel)
        text_snake(&method, name);
    else
        buf_add_str(&method, name);
    struct operation *op = NULL;
    if (method.failed)
        broken = !err_memory(e);
    else
        op = source_operation(source_of(found), buf_str(&method), &broken, e);
    buf_free(&method);
    if (op && camel && strcmp(op->name, name) != 0) op = NULL;
    if (!op && !broken && e) unknown_operation(source_of(found), name, e);
    return op;
}

const struct shape *model_shape(struct model *m, const struct service *s, const char *name,
                                struct err *e) {
    (void)m;
    struct shape_entry *entry = source_shape(source_of(s), name, e);
    return entry ? &entry->shape : NULL;
}

const struct shape *model_member_shape(struct model *m, const struct service *s,
                                       const struct member *member, struct err *e) {
    if (!member->shape) ((struct member *)member)->shape = model_shape(m, s, member->shape_name, e);
    return member->shape;
}

static int compare_member(const void *name, const void *member) {
    return strcmp(name, (*(const struct member *const *)member)->name);
}

const struct member *shape_member(const struct shape *s, const char *name) {
    const struct shape_entry *entry = (const struct shape_entry *)s;
    if (!s->member_count) return NULL;
    const struct member *const *found =
        bsearch(name, entry->by_name, s->member_count, sizeof *entry->by_name, compare_member);
    return found ? *found : NULL;
}

static int by_service_name(const void *a, const void *b) {
    return strcmp((*(struct source *const *)a)->name, (*(struct source *const *)b)->name);
}

void model_each_service(struct model *m, void (*fn)(void *, const struct service *), void *ctx) {
    qsort(m->sources, m->count, sizeof *m->sources, by_service_name);
    for (size_t i = 0; i < m->count; i++)
        if (source_open(m->sources[i], NULL)) fn(ctx, &m->sources[i]->service);
}

struct visit {
    void (*fn)(void *, const struct operation *);
    void *ctx;
};

static bool visit_operation(void *ctx, struct operation *op) {
    struct visit *v = ctx;
    v->fn(v->ctx, op);
    return true;
}

void model_each_operation(struct model *m, const struct service *s,
                          void (*fn)(void *, const struct operation *), void *ctx) {
    (void)m;
    struct visit v = {fn, ctx};
    source_operations(source_of(s), visit_operation, &v, NULL);
}
