// plan.c - keeps what a rehearsal found.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

bool plan_init(struct plan *p) {
    *p = (struct plan){.notes = val_list(), .survivors = val_nil(), .around = val_nil(),
                       .consequences = val_nil()};
    return p->notes != NULL;
}

static void free_call(struct planned_call *c) {
    if (!c) return;
    free(c->key);
    val_unref(c->params);
    val_unref(c->result);
    val_unref(c->before);
    val_unref(c->diff);
    val_unref(c->inverse);
    val_unref(c->hits);
    free(c);
}

void plan_free(struct plan *p) {
    for (size_t i = 0; i < p->call_count; i++) free_call(p->calls[i]);
    for (size_t i = 0; i < p->step_count; i++) {
        free(p->steps[i].title);
        val_unref(p->steps[i].hazards);
        val_unref(p->steps[i].notes);
    }
    free(p->calls);
    free(p->steps);
    val_unref(p->notes);
    val_unref(p->survivors);
    val_unref(p->around);
    val_unref(p->consequences);
    *p = (struct plan){0};
}

static void *grown(void *items, size_t count, size_t *cap, size_t size) {
    if (count < *cap) return items;
    size_t wanted = *cap ? *cap * 2 : 16;
    void *more = realloc(items, wanted * size);
    if (more) *cap = wanted;
    return more;
}

static struct val *hazards_of(const struct val *options) {
    const struct val *hazards = val_get(options, "hazards");
    return val_type(hazards) == VAL_MAP ? val_ref(hazards) : val_map();
}

struct planned_step *plan_add_step(struct plan *p, const char *title, const struct val *options,
                                   struct err *e) {
    void *steps = grown(p->steps, p->step_count, &p->step_cap, sizeof *p->steps);
    char *copy = strdup(title);
    struct val *hazards = hazards_of(options), *notes = val_list();
    if (steps) p->steps = steps;
    if (!steps || !copy || !hazards || !notes) {
        free(copy);
        val_unref(hazards);
        val_unref(notes);
        err_memory(e);
        return NULL;
    }
    struct planned_step *s = &p->steps[p->step_count++];
    *s = (struct planned_step){
        .title = copy,
        .optional = val_as_bool(val_get(options, "optional"), false),
        .warn = strcmp(val_get_str(options, "on_failure", ""), "warn") == 0,
        .hazards = hazards,
        .notes = notes,
        .first = p->call_count,
    };
    return s;
}

struct planned_call *plan_add_call(struct plan *p, size_t step, const char *key,
                                   const struct operation *op, const struct val *params,
                                   enum window_part window, struct err *e) {
    void *calls = grown(p->calls, p->call_count, &p->call_cap, sizeof *p->calls);
    if (calls) p->calls = calls;
    struct planned_call *c = calloc(1, sizeof *c);
    char *copy = strdup(key);
    if (!calls || !c || !copy) {
        free(c);
        free(copy);
        err_memory(e);
        return NULL;
    }
    *c = (struct planned_call){
        .key = copy,
        .op = op,
        .params = val_ref(params),
        .result = val_nil(),
        .before = val_nil(),
        .diff = val_nil(),
        .inverse = val_nil(),
        .hits = val_nil(),
        .window = window,
        .step = step,
    };
    p->calls[p->call_count++] = c;
    if (step + 1 == p->step_count) p->steps[step].count = p->call_count - p->steps[step].first;
    return c;
}

bool plan_note(struct plan *p, size_t step, const char *text, bool verify) {
    struct val *note = val_map();
    if (!note || !val_set(note, "text", val_cstr(text)) ||
        !val_set(note, "verify", verify ? val_bool(true) : val_nil())) {
        val_unref(note);
        return false;
    }
    return val_append(step == NO_STEP ? p->notes : p->steps[step].notes, note);
}

static bool has_text(const struct val *notes, const char *text) {
    for (size_t i = 0; i < val_count(notes); i++)
        if (strcmp(val_get_str(val_at(notes, i), "text", ""), text) == 0) return true;
    return false;
}

bool plan_has_note(const struct plan *p, const char *text) {
    bool found = has_text(p->notes, text);
    for (size_t i = 0; !found && i < p->step_count; i++) found = has_text(p->steps[i].notes, text);
    return found;
}

size_t plan_calls_left(const struct plan *p, const struct planned_step *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) n += !p->calls[s->first + i]->known;
    return n;
}

struct planned_call *plan_find(struct plan *p, const char *key) {
    for (size_t i = 0; i < p->call_count; i++)
        if (strcmp(p->calls[i]->key, key) == 0) return p->calls[i];
    return NULL;
}

void plan_put(struct val **field, struct val *v) {
    val_unref(*field);
    *field = v;
}

const char *proof_word(enum proof p) {
    static const char *const words[] = {"predicted", "proven", "denied", "fails", "not checkable"};
    return words[p];
}

struct val *call_value(const struct operation *op, const struct val *params,
                       const struct val *created) {
    struct val *v = val_map();
    if (v && val_set(v, "service", val_cstr(op->service->name)) &&
        val_set(v, "operation", val_cstr(op->method)) && val_set(v, "params", val_ref(params)) &&
        val_set(v, "created", created ? val_ref(created) : val_list()))
        return v;
    val_unref(v);
    return NULL;
}

static const char *window_word(enum window_part w) {
    return w == WINDOW_OPENING ? "open" : w == WINDOW_CLOSING ? "close" : "";
}

static struct val *call_to_val(const struct planned_call *c, struct model *m, struct err *e) {
    struct val *params = codec_redact(m, c->op, false, c->params, e);
    if (!params) return NULL;
    struct val *v = val_map();
    bool ok = v && val_set(v, "key", val_cstr(c->key)) &&
              val_set(v, "service", val_cstr(c->op->service->name)) &&
              val_set(v, "operation", val_cstr(c->op->method)) &&
              val_set(v, "params", val_ref(params)) &&
              val_set(v, "redacted", params != c->params ? val_bool(true) : val_nil()) &&
              val_set(v, "permission", val_cstr(proof_word(c->proof))) &&
              val_set(v, "permission_note",
                      *c->proof_note ? val_cstr(c->proof_note) : val_nil()) &&
              val_set(v, "window", c->window ? val_cstr(window_word(c->window)) : val_nil()) &&
              val_set(v, "before", val_ref(c->before)) && val_set(v, "diff", val_ref(c->diff)) &&
              val_set(v, "inverse", val_ref(c->inverse)) &&
              val_set(v, "result", val_ref(c->result)) && val_set(v, "hits", val_ref(c->hits));
    val_unref(params);
    if (ok) return v;
    val_unref(v);
    err_memory(e);
    return NULL;
}

static struct val *step_to_val(const struct plan *p, const struct planned_step *s, struct model *m,
                               struct err *e) {
    struct val *calls = val_list(), *v = val_map();
    bool ok = calls && v;
    if (!ok) err_memory(e);
    for (size_t i = 0; ok && i < s->count; i++) {
        struct val *call = call_to_val(p->calls[s->first + i], m, e);
        ok = call && (val_append(calls, call) || err_memory(e));
    }
    ok = ok && ((val_set(v, "title", val_cstr(s->title)) &&
                 val_set(v, "optional", val_bool(s->optional)) &&
                 val_set(v, "on_failure", s->warn ? val_cstr("warn") : val_nil()) &&
                 val_set(v, "hazards", val_ref(s->hazards)) &&
                 val_set(v, "notes", val_ref(s->notes)) &&
                 val_set(v, "settle", s->has_window ? val_double(s->settle) : val_nil()) &&
                 val_set(v, "calls", val_ref(calls))) ||
                err_memory(e));
    val_unref(calls);
    if (ok) return v;
    val_unref(v);
    return NULL;
}

struct val *plan_to_val(const struct plan *p, struct model *m, struct err *e) {
    struct val *steps = val_list();
    if (!steps) err_memory(e);
    for (size_t i = 0; steps && i < p->step_count; i++) {
        struct val *step = step_to_val(p, &p->steps[i], m, e);
        if (step && val_append(steps, step)) continue;
        if (step) err_memory(e);
        val_unref(steps);
        return NULL;
    }
    return steps;
}
