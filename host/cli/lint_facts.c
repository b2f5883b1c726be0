// lint_facts.c - what lint must know besides a playbook's text.
#include "cli/lint_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/text.h"

#define MOST_MODULES 200  // of one playbook, those of its modules included

struct facts {
    struct host *host;
    const struct source *playbook;
    struct val *services;    // list of names
    struct val *protocols;   // service -> name
    struct val *operations;  // "ec2.describe_vpcs" -> facts
    struct val *shapes;      // service -> shape -> facts
    struct val *modules;     // name -> facts
    struct val *module_names;
    struct val *sources;  // list: texts that are still to be looked at
    bool failed;
};

// --- services ------------------------------------------------------------------

static void add_service(void *ctx, const struct service *s) {
    static const char *const protocols[] = {
        [PROTOCOL_EC2] = "ec2", [PROTOCOL_QUERY] = "query", [PROTOCOL_JSON] = "json"};
    struct facts *f = ctx;
    bool ok = val_append(f->services, val_cstr(s->name)) &&
              val_set(f->protocols, s->name, val_cstr(protocols[s->protocol])) &&
              val_set(f->shapes, s->name, val_map());
    if (!ok) f->failed = true;
}

// --- shapes --------------------------------------------------------------------

static const char *kind_name(enum shape_kind kind) {
    static const char *const names[] = {
        [SHAPE_STRUCTURE] = "structure", [SHAPE_LIST] = "list",       [SHAPE_MAP] = "map",
        [SHAPE_STRING] = "string",       [SHAPE_INTEGER] = "integer", [SHAPE_LONG] = "long",
        [SHAPE_FLOAT] = "float",         [SHAPE_DOUBLE] = "double",   [SHAPE_BOOLEAN] = "boolean",
        [SHAPE_TIMESTAMP] = "timestamp", [SHAPE_BLOB] = "blob"};
    return names[kind];
}

static struct val *member_facts(const struct member *m) {
    struct val *v = val_map();
    if (val_set(v, "shape", val_cstr(m->shape_name)) &&
        val_set(v, "required", val_bool(m->required)) &&
        val_set(v, "token", val_bool(m->idempotency_token)))
        return v;
    val_unref(v);
    return NULL;
}

// The members, and their shapes at the end of `queue`.
static struct val *members_facts(const struct shape *s, struct val *queue) {
    struct val *v = val_map();
    bool ok = v != NULL;
    for (size_t i = 0; ok && i < s->member_count; i++)
        ok = val_set(v, s->members[i].name, member_facts(&s->members[i])) &&
             val_append(queue, val_cstr(s->members[i].shape_name));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static struct val *choices_facts(const char *const *choices) {
    struct val *v = val_list();
    bool ok = v != NULL;
    for (; ok && *choices; choices++) ok = val_append(v, val_cstr(*choices));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static bool set_item(struct val *v, const char *as, const struct member *item, struct val *queue) {
    return val_set(v, as, val_cstr(item->shape_name)) &&
           val_append(queue, val_cstr(item->shape_name));
}

static struct val *shape_facts(const struct shape *s, struct val *queue) {
    struct val *v = val_map();
    bool ok = val_set(v, "kind", val_cstr(kind_name(s->kind))) &&
              val_set(v, "any", val_bool(s->boxed_document)) &&
              val_set(v, "union", val_bool(s->union_type));
    if (s->kind == SHAPE_STRUCTURE)
        ok = ok && val_set(v, "members", members_facts(s, queue));
    else if (s->kind == SHAPE_LIST)
        ok = ok && set_item(v, "item", &s->item, queue);
    else if (s->kind == SHAPE_MAP)
        ok = ok && set_item(v, "value", &s->value, queue);
    else if (s->choices)
        ok = ok && val_set(v, "choices", choices_facts(s->choices));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

// The shape `name` and all that it reaches.
static bool add_shapes(struct facts *f, const struct service *s, const char *name, struct err *e) {
    struct val *known = val_copy(val_get(f->shapes, s->name));
    struct val *queue = val_list();
    bool ok = known && queue && val_append(queue, val_cstr(name));
    if (!ok) err_memory(e);
    for (size_t i = 0; ok && i < val_count(queue); i++) {
        const char *next = val_as_str(val_at(queue, i), "");
        if (val_get(known, next)) continue;
        const struct shape *shape = model_shape(f->host->model, s, next, e);
        ok = shape && (val_set(known, next, shape_facts(shape, queue)) || err_memory(e));
    }
    ok = ok && (val_set(f->shapes, s->name, val_ref(known)) || err_memory(e));
    val_unref(known);
    val_unref(queue);
    return ok;
}

// --- operations ----------------------------------------------------------------

static struct val *operation_facts(const struct operation *op, const char *unknown) {
    struct val *v = val_map();
    bool ok = v != NULL;
    if (op)
        ok = val_set(v, "mutates", val_bool(op->mutates)) &&
             val_set(v, "credentials", val_bool(op->credential_output)) &&
             val_set(v, "pages", val_bool(*op->page_input && *op->page_output)) &&
             val_set(v, "input", val_cstr(op->input));
    else
        ok = val_set(v, "unknown", val_cstr(unknown));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

// `key` is "service.operation".
static bool add_operation(struct facts *f, const char *key, struct err *e) {
    struct err unknown;
    const char *dot = strchr(key, '.');
    if (!dot || val_get(f->operations, key)) return true;
    char *service = strndup(key, (size_t)(dot - key));
    if (!service) return err_memory(e);
    const struct operation *op = model_operation(f->host->model, service, dot + 1, &unknown);
    free(service);
    if (!op && !err_is(&unknown, ERR_USAGE)) {
        if (e) *e = unknown;
        return false;
    }
    if (!val_set(f->operations, key, operation_facts(op, unknown.message))) return err_memory(e);
    return !op || !*op->input || add_shapes(f, op->service, op->input, e);
}

// --- modules -------------------------------------------------------------------

static struct val *module_facts(const struct source *s) {
    bool own = !s->embedded || !text_starts(s->file, "stdlib/playbook/");
    struct val *v = val_map();
    if (val_set(v, "file", val_cstr(s->file)) && val_set(v, "own", val_bool(own)) &&
        val_set(v, "source", val_string(buf_str(&s->text), s->text.len)))
        return v;
    val_unref(v);
    return NULL;
}

static struct val *missing_module(const char *why) {
    struct val *v = val_map();
    if (val_set(v, "missing", val_cstr(why))) return v;
    val_unref(v);
    return NULL;
}

static bool add_module(struct facts *f, const char *name, struct err *e) {
    struct source found;
    struct err why;
    if (val_get(f->modules, name) || val_count(f->modules) >= MOST_MODULES) return true;
    bool there = source_require(f->playbook, name, &found, &why);
    struct val *facts = there ? module_facts(&found) : missing_module(why.message);
    bool ok = val_set(f->modules, name, facts);
    if (there) {
        ok = ok && val_append(f->sources, val_ref(val_get(facts, "source")));
        source_free(&found);
    }
    return ok || err_memory(e);
}

// Modules of ours that a misspelt name may have meant; core*.lua is no module.
static void add_module_name(void *ctx, const char *asset) {
    struct facts *f = ctx;
    const char *name = asset + strlen("stdlib/playbook/");
    if (text_starts(name, "core") || !text_ends(name, ".lua")) return;
    if (!val_append(f->module_names, val_string(name, strlen(name) - 4))) f->failed = true;
}

// --- the whole -----------------------------------------------------------------

// Looks up what one source names; the modules that are new come at the end of f->sources.
static bool look_up(struct facts *f, const struct val *source, struct err *e) {
    const struct advisor *a = f->host->advisor;
    struct val *names;
    if (!a->lint_names(a->ctx, source, f->services, &names, e)) return false;
    const struct val *operations = val_get(names, "operations"),
                     *modules = val_get(names, "modules");
    bool ok = true;
    for (size_t i = 0; ok && i < val_count(operations); i++)
        ok = add_operation(f, val_as_str(val_at(operations, i), ""), e);
    for (size_t i = 0; ok && i < val_count(modules); i++)
        ok = add_module(f, val_as_str(val_at(modules, i), ""), e);
    val_unref(names);
    return ok;
}

static bool gather(struct facts *f, struct err *e) {
    const struct buf *text = &f->playbook->text;
    model_each_service(f->host->model, add_service, f);
    asset_each("stdlib/playbook/", add_module_name, f);
    if (f->failed || !val_append(f->sources, val_string(buf_str(text), text->len)))
        return err_memory(e);
    for (size_t i = 0; i < val_count(f->sources); i++)
        if (!look_up(f, val_at(f->sources, i), e)) return false;
    return true;
}

bool lint_facts(struct host *h, const struct source *playbook, struct val **facts, struct err *e) {
    struct facts f = {.host = h, .playbook = playbook};
    struct val *made = val_map();
    const struct {
        const char *name;
        struct val **at;
    } parts[] = {{"services", &f.services},     {"protocols", &f.protocols},
                 {"operations", &f.operations}, {"shapes", &f.shapes},
                 {"modules", &f.modules},       {"module_names", &f.module_names}};
    f.services = val_list();
    f.module_names = val_list();
    f.sources = val_list();
    f.protocols = val_map();
    f.operations = val_map();
    f.shapes = val_map();
    f.modules = val_map();
    bool ok = gather(&f, e);
    // Each part is taken over, also when something failed.
    bool filled = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        filled = val_set(made, parts[i].name, *parts[i].at) && filled;
    val_unref(f.sources);
    if (ok && !filled) ok = err_memory(e);
    if (ok)
        *facts = made;
    else
        val_unref(made);
    return ok;
}
