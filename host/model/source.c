// source.c - parsing on demand, and remembering.
#include "model/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/asset.h"

static bool find_service_line(void *ctx, struct span line) {
    *(struct span *)ctx = line;
    return false;
}

static bool read_service(struct source *s, struct err *e) {
    struct span line = {0};
    if (lines_each(&s->lines, "service", find_service_line, &line))
        return lines_bad(&s->lines, s->lines.text, e, "no service line");
    if (!parse_service(&s->lines, line, &s->arena, &s->service, e)) return false;
    if (s->name && strcmp(s->name, s->service.name) != 0)
        return lines_bad(&s->lines, line.at, e, "the service's name is not that of the file");
    return true;
}

bool source_open(struct source *s, struct err *e) {
    if (s->lines.text) return true;
    struct lines lines = {.what = s->asset};
    if (!asset_find(s->asset, &lines.text, &lines.len))
        return err_set(e, ERR_SYSTEM, "%s is not there; build cordon again", s->asset);
    s->lines = lines;
    if (read_service(s, e)) return true;
    s->lines = (struct lines){0};
    return false;
}

struct parsing {
    struct source *source;
    bool (*each_operation)(void *, struct operation *);
    void *ctx;
    struct err *e;
};

static struct operation *keep_operation(struct source *s, struct span line, struct err *e) {
    struct operation *op = parse_operation(&s->lines, line, &s->arena, &s->service, e);
    if (!op || table_put(&s->operations, op->method, op)) return op;
    err_memory(e);
    return NULL;
}

static struct shape_entry *keep_shape(struct source *s, struct span line, struct err *e) {
    struct shape_entry *entry = parse_shape(&s->lines, line, &s->arena, e);
    if (!entry || table_put(&s->shapes, entry->shape.name, entry)) return entry;
    err_memory(e);
    return NULL;
}

struct operation *source_operation(struct source *s, const char *method, bool *broken,
                                   struct err *e) {
    *broken = false;
    struct operation *op = table_get(&s->operations, method);
    struct span line;
    if (op || !lines_find(&s->lines, "operation", (struct span){method, strlen(method)}, &line))
        return op;
    op = keep_operation(s, line, e);
    *broken = !op;
    return op;
}

struct shape_entry *source_shape(struct source *s, const char *name, struct err *e) {
    struct shape_entry *entry = table_get(&s->shapes, name);
    if (entry) return entry;
    struct span line;
    if (lines_find(&s->lines, "shape", (struct span){name, strlen(name)}, &line))
        return keep_shape(s, line, e);
    err_set(e, ERR_INVALID, "%s names the shape \"%.80s\", which it does not have", s->lines.what,
            name);
    return NULL;
}

static bool visit_operation(void *ctx, struct span line) {
    struct parsing *p = ctx;
    struct span rest = line, word;
    span_cut(&rest, ' ', &word);
    span_cut(&rest, ' ', &word);
    const char *method;
    // Lines are found by the text as it stands there; a capital would be taken for an operation.
    if (memchr(word.at, '%', word.len) || (word.at[0] >= 'A' && word.at[0] <= 'Z'))
        return lines_bad(&p->source->lines, line.at, p->e,
                         "a method's name has no escapes and no capital in front");
    if (!span_text(&p->source->arena, word, &method) || !method) return err_memory(p->e);
    bool broken;
    struct operation *op = source_operation(p->source, method, &broken, p->e);
    return op && p->each_operation(p->ctx, op);
}

bool source_operations(struct source *s, bool (*fn)(void *, struct operation *), void *ctx,
                       struct err *e) {
    struct parsing p = {s, fn, ctx, e};
    return lines_each(&s->lines, "operation", visit_operation, &p);
}

static bool check_target(struct source *s, const struct member *m, struct err *e) {
    return source_shape(s, m->shape_name, e) != NULL;
}

static bool check_shape(void *ctx, struct span line) {
    struct parsing *p = ctx;
    struct shape_entry *entry = keep_shape(p->source, line, p->e);
    if (!entry) return false;
    const struct shape *s = &entry->shape;
    for (size_t i = 0; i < s->member_count; i++)
        if (!check_target(p->source, &s->members[i], p->e)) return false;
    if (s->kind == SHAPE_LIST) return check_target(p->source, &s->item, p->e);
    if (s->kind == SHAPE_MAP)
        return check_target(p->source, &s->key, p->e) && check_target(p->source, &s->value, p->e);
    return true;
}

static bool check_end(struct source *s, const struct operation *op, const char *name,
                      struct err *e) {
    if (!*name) return true;
    struct shape_entry *entry = source_shape(s, name, e);
    if (!entry) return false;
    return entry->shape.kind == SHAPE_STRUCTURE
               ? true
               : err_set(e, ERR_INVALID, "%s: %s takes and gives structures, %s is none",
                         s->lines.what, op->name, name);
}

static bool check_operation(void *ctx, struct operation *op) {
    struct parsing *p = ctx;
    return check_end(p->source, op, op->input, p->e) && check_end(p->source, op, op->output, p->e);
}

bool source_from_text(struct source *s, const char *what, struct buf *text, struct err *e) {
    s->text = *text;
    *text = BUF_EMPTY;
    char *name = arena_copy(&s->arena, what, strlen(what));
    if (!name) return err_memory(e);
    s->lines = (struct lines){buf_str(&s->text), s->text.len, name};
    struct parsing p = {.source = s, .e = e};
    return lines_check(&s->lines, e) && read_service(s, e) &&
           lines_each(&s->lines, "shape", check_shape, &p) &&
           source_operations(s, check_operation, &p, e);
}

void source_close(struct source *s) {
    table_free(&s->operations);
    table_free(&s->shapes);
    arena_free(&s->arena);
    buf_free(&s->text);
    free(s->name);
    free(s->asset);
    *s = (struct source){0};
}
