// replay.c - from requests to events.
#include "run/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/codec.h"

static bool is_open(const struct event *v) {
    return !v->again && !v->used;
}

// --- leaving the journal -----------------------------------------------------

static const char *what_of(const struct event *v) {
    static const char *const kinds[] = {"the step", "the end of the step", "the call", "the read",
                                        "a wait",   "the check",           "the text", "a window"};
    return kinds[v->kind];
}

static const char *name_of(const struct event *v) {
    const char *name = val_get_str(v->line, "operation", NULL);
    if (!name) name = val_get_str(v->line, "title", NULL);
    return name ? name : val_get_str(v->line, "text", "");
}

static bool diverged(const struct event *v, const char *instead, struct err *e) {
    return err_set(e, ERR_LEFT_PLAN,
                   "the playbook left its journal at line %lld: %s %.200s was there, and not %.200s. "
                   "Nothing more was sent; take the run back instead",
                   (long long)v->seq, what_of(v), name_of(v), instead);
}

// What is asked for is not in the journal: so nothing may be left of it. What other items of the
// same parallel did may come yet.
static bool may_be_new(struct replay *p, bool in_branch, const char *asked, struct err *e) {
    for (size_t i = 0; i < p->record->count; i++) {
        const struct event *v = &p->record->events[i];
        bool beside = v->kind == EVENT_CALL || v->kind == EVENT_READ || v->kind == EVENT_WAIT ||
                      v->kind == EVENT_EXPECT;
        if (!is_open(v) || v->kind == EVENT_LOG || v->kind == EVENT_STEP_END) continue;
        if (!in_branch || !beside) return diverged(v, asked, e);
    }
    return true;
}

bool replay_is_complete(struct replay *p, struct err *e) {
    return may_be_new(p, false, "the end of the playbook", e);
}

// --- calls -------------------------------------------------------------------

// The answer on its way to the playbook, from the loop as any other.
struct pending {
    struct gate_request *request;
    struct val *value;
    struct err err;
};

static void deliver(void *ctx) {
    struct pending *a = ctx;
    int64_t now = clock_now_us();
    struct aws_reply reply = {.ok = a->value != NULL,
                              .value = a->value,
                              .err = a->err,
                              .sent_us = now,
                              .answered_us = now};
    gate_recalled(a->request, &reply);
    val_unref(a->value);
    free(a);
}

// `said`: the line with ok and result, or error.
static enum gate_memory answer(struct replay *p, struct gate_request *r, const struct val *said,
                               bool ok, struct err *e) {
    struct pending *a = calloc(1, sizeof *a);
    const struct val *result = val_get(said, "result");
    if (a) *a = (struct pending){.request = r};
    if (a && ok) a->value = result ? val_ref(result) : val_map();
    if (a && !ok) err_from_val(&a->err, val_get(said, "error"));
    if (a && (a->value || !ok) && loop_timer_add(p->gate->loop, 0, deliver, a)) return GATE_KNOWN;
    if (a) val_unref(a->value);
    free(a);
    err_memory(e);
    return GATE_DIVERGED;
}

static bool is_operation(const struct event *v, const struct gate_request *r) {
    return strcmp(val_get_str(v->line, "service", ""), r->op->service->name) == 0 &&
           strcmp(val_get_str(v->line, "operation", ""), r->op->method) == 0;
}

static bool same_params(struct replay *p, const struct event *v, const struct gate_request *r,
                        const struct val *params) {
    struct val *safe = codec_redact(p->gate->model, r->op, false, params, NULL);
    bool same = safe && val_equal(safe, val_get(v->line, "params"));
    val_unref(safe);
    return same;
}

// The token that the call was sent with makes AWS take a second sending for the first.
static bool as_sent(struct gate_request *r, const struct event *v, struct err *e) {
    const char *token = val_get_str(v->line, "token", NULL);
    if (!token || !*r->op->client_token) return true;
    return val_set(r->prepared, r->op->client_token, val_cstr(token)) || err_memory(e);
}

static struct event *call_of(struct replay *p, const struct gate_request *r, bool again) {
    for (size_t i = p->record->count; i-- > 0;) {
        struct event *v = &p->record->events[i];
        if (v->kind == EVENT_CALL && !v->used && v->again == again && strcmp(v->key, r->key) == 0)
            return v;
    }
    return NULL;
}

static enum gate_memory recall_mutation(struct replay *p, struct gate_request *r, struct err *e) {
    struct event *v = call_of(p, r, false), *sent = v ? NULL : call_of(p, r, true);
    if (!v) {
        if (!may_be_new(p, *r->branch, r->op->name, e)) return GATE_DIVERGED;
        return !sent || !is_operation(sent, r) || as_sent(r, sent, e) ? GATE_NEW : GATE_DIVERGED;
    }
    if (!as_sent(r, v, e)) return GATE_DIVERGED;
    if (!is_operation(v, r) || !same_params(p, v, r, r->prepared)) {
        diverged(v, r->op->name, e);
        return GATE_DIVERGED;
    }
    v->used = true;
    return answer(p, r, v->answer, val_as_bool(val_get(v->answer, "ok"), false), e);
}

static struct event *read_of(struct replay *p, const struct gate_request *r) {
    for (size_t i = 0; i < p->record->count; i++) {
        struct event *v = &p->record->events[i];
        if (v->kind == EVENT_READ && is_open(v) && is_operation(v, r) &&
            strcmp(val_get_str(v->line, "branch", ""), r->branch) == 0 &&
            same_params(p, v, r, r->params))
            return v;
    }
    return NULL;
}

static enum gate_memory recall(void *ctx, struct gate_request *r, struct err *e) {
    struct replay *p = ctx;
    if (codec_changes(r->op, r->params)) return recall_mutation(p, r, e);
    struct event *v = read_of(p, r);
    if (!v) return may_be_new(p, *r->branch, r->op->name, e) ? GATE_NEW : GATE_DIVERGED;
    v->used = true;
    return answer(p, r, v->line, !val_get(v->line, "error"), e);
}

static enum gate_memory recall_window(void *ctx, struct err *e) {
    struct replay *p = ctx;
    for (size_t i = 0; i < p->record->count; i++) {
        struct event *v = &p->record->events[i];
        if (v->kind != EVENT_WINDOW || !is_open(v)) continue;
        v->used = true;
        return GATE_KNOWN;
    }
    if (!may_be_new(p, false, "a window", e)) return GATE_DIVERGED;
    return !p->reopen || p->reopen(p->reopen_ctx, e) ? GATE_NEW : GATE_DIVERGED;
}

// A call that was not rehearsed, and was approved the last time.
static bool recall_unplanned(void *ctx, struct gate_request *r, struct err *e) {
    struct replay *p = ctx;
    const struct event *v = call_of(p, r, false);
    if (!v || !is_operation(v, r)) return p->ask(p->ask_ctx, r, e);
    struct gate *g = p->gate;
    struct planned_call *c = plan_add_call(g->plan, g->step, r->key, r->op, r->params, WINDOW_NONE, e);
    if (!c) return false;
    const struct val *before = val_get(v->line, "before"), *inverse = val_get(v->line, "inverse");
    if (before) plan_put(&c->before, val_ref(before));
    if (inverse) plan_put(&c->inverse, val_ref(inverse));
    c->known = true;
    c->succeeded = val_as_bool(val_get(v->answer, "ok"), false);
    r->planned = c;
    return true;
}

void replay_attach(struct replay *p) {
    struct gate *g = p->gate;
    p->ask = g->ask;
    p->ask_ctx = g->ask_ctx;
    g->ask = recall_unplanned;
    g->ask_ctx = p;
    g->recall = recall;
    g->recall_window = recall_window;
    g->recall_ctx = p;
}

// --- the rest ----------------------------------------------------------------

static struct event *next_of(struct replay *p, enum event_kind kind) {
    for (size_t i = 0; i < p->record->count; i++) {
        struct event *v = &p->record->events[i];
        if (v->kind == kind && is_open(v)) return v;
    }
    return NULL;
}

const struct event *replay_step(struct replay *p, const char *title, enum gate_memory *found,
                                struct err *e) {
    struct event *v = next_of(p, EVENT_STEP);
    *found = GATE_NEW;
    if (!v) {
        if (!may_be_new(p, false, title, e)) *found = GATE_DIVERGED;
        return NULL;
    }
    if (strcmp(val_get_str(v->line, "title", ""), title) != 0) {
        diverged(v, title, e);
        *found = GATE_DIVERGED;
        return NULL;
    }
    v->used = true;
    *found = GATE_KNOWN;
    return v;
}

const struct event *replay_step_end(struct replay *p, const struct event *step) {
    for (size_t i = 0; i < p->record->count; i++) {
        struct event *v = &p->record->events[i];
        if (v->kind != EVENT_STEP_END || v->again || v->seq < step->seq) continue;
        bool same = val_equal(val_get(v->line, "step"), val_get(step->line, "step"));
        return same ? v : NULL;
    }
    return NULL;
}

bool replay_expect(struct replay *p, bool ok, const char *text) {
    struct event *v = next_of(p, EVENT_EXPECT);
    if (!v || strcmp(val_get_str(v->line, "text", ""), text) != 0 ||
        val_as_bool(val_get(v->line, "ok"), false) != ok)
        return false;
    v->used = true;
    return true;
}

bool replay_log(struct replay *p, const char *text) {
    for (size_t i = 0; i < p->record->count; i++) {
        struct event *v = &p->record->events[i];
        if (v->kind != EVENT_LOG || !is_open(v)) continue;
        if (strcmp(val_get_str(v->line, "text", ""), text) != 0) continue;
        v->used = true;
        return true;
    }
    return false;
}

bool replay_wait(struct replay *p, int64_t *us) {
    struct event *v = next_of(p, EVENT_WAIT);
    if (!v) return false;
    v->used = true;
    *us = val_as_int(val_get(v->line, "until"), *us);
    return true;
}
