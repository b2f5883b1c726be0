// recall.c - reads a journal back into a plan.
#include "run/recall.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "journal/journal.h"
#include "plan/binding.h"

struct recall {
    const char *dir;
    struct gate *gate;
    struct err *e;
    bool failed;
};

static const struct operation *operation_of(struct recall *r, const struct val *call) {
    return model_operation(r->gate->model, val_get_str(call, "service", ""),
                           val_get_str(call, "operation", ""), r->e);
}

static enum window_part part_of(const struct val *call) {
    const char *window = val_get_str(call, "window", "");
    if (strcmp(window, "open") == 0) return WINDOW_OPENING;
    return strcmp(window, "close") == 0 ? WINDOW_CLOSING : WINDOW_NONE;
}

static struct planned_call *add_call(struct recall *r, size_t step, const struct val *call) {
    const struct operation *op = operation_of(r, call);
    const struct val *params = val_get(call, "params");
    if (!op) return NULL;
    return plan_add_call(r->gate->plan, step, val_get_str(call, "key", ""), op, params,
                         part_of(call), r->e);
}

static void keep(struct val **field, const struct val *v) {
    if (v) plan_put(field, val_ref(v));
}

static bool add_step(struct recall *r, const struct val *step) {
    const struct val *calls = val_get(step, "calls");
    if (!plan_add_step(r->gate->plan, val_get_str(step, "title", ""), step, r->e)) return false;
    for (size_t i = 0; i < val_count(calls); i++) {
        struct planned_call *c =
            add_call(r, r->gate->plan->step_count - 1, val_at(calls, i));
        if (!c) return false;
        keep(&c->result, val_get(val_at(calls, i), "result"));
        keep(&c->inverse, val_get(val_at(calls, i), "inverse"));
    }
    return true;
}

static bool on_plan(struct recall *r, const struct val *line) {
    struct val *steps = journal_large_value(r->dir, line, "steps", r->e);
    bool ok = steps != NULL;
    for (size_t i = 0; ok && i < val_count(steps); i++) ok = add_step(r, val_at(steps, i));
    val_unref(steps);
    return ok;
}

// A call that was not rehearsed stands in no plan; a step is made for it where none is.
static struct planned_call *unplanned(struct recall *r, const struct val *line) {
    struct plan *p = r->gate->plan;
    if (!p->step_count && !plan_add_step(p, "", NULL, r->e)) return NULL;
    return add_call(r, p->step_count - 1, line);
}

static bool on_intent(struct recall *r, const struct val *line) {
    struct planned_call *c = plan_find(r->gate->plan, val_get_str(line, "key", ""));
    if (!c) c = unplanned(r, line);
    if (!c) return false;
    c->made = true;
    c->unknown = !c->succeeded;
    keep(&c->before, val_get(line, "before"));
    keep(&c->inverse, val_get(line, "inverse"));
    return true;
}

static bool on_outcome(struct recall *r, const struct val *line) {
    struct planned_call *c = plan_find(r->gate->plan, val_get_str(line, "key", ""));
    if (!c) return true;
    c->unknown = val_as_bool(val_get(line, "unknown"), false);
    c->succeeded = val_as_bool(val_get(line, "ok"), false);
    return !c->succeeded ||
           binding_learn(r->gate->bindings, c->result, val_get(line, "result"), r->e);
}

static bool on_line(void *ctx, const struct val *line) {
    struct recall *r = ctx;
    const char *kind = val_get_str(line, "kind", "");
    bool ok = true;
    if (strcmp(kind, "plan") == 0) ok = on_plan(r, line);
    else if (strcmp(kind, "call.intent") == 0) ok = on_intent(r, line);
    else if (strcmp(kind, "call.outcome") == 0) ok = on_outcome(r, line);
    r->failed = !ok;
    return ok;
}

bool recall_run(const char *dir, struct gate *g, struct err *e) {
    struct recall r = {.dir = dir, .gate = g, .e = e};
    struct journal_report report;
    struct buf path = BUF_EMPTY;
    buf_printf(&path, "%s/%s", dir, JOURNAL_FILE);
    bool ok = !path.failed || err_memory(e);
    ok = ok && journal_verify(path.data, &report, on_line, &r, e) && !r.failed;
    buf_free(&path);
    for (size_t i = 0; ok && i < g->plan->call_count; i++)
        g->changed = g->changed || g->plan->calls[i]->succeeded || g->plan->calls[i]->unknown;
    return ok;
}
