// record_cut.c - how far a run is replayed.
//
// What changed nothing after the last change is done again rather than replayed: it is read anew,
// waited for anew, verified anew. So nothing that failed, or was still under way, is replayed.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "run/record.h"

static bool is_ok(const struct val *outcome) {
    return val_as_bool(val_get(outcome, "ok"), false);
}

static int64_t step_of(const struct event *v) {
    return val_as_int(val_get(v->line, "step"), -1);
}

// --- steps -------------------------------------------------------------------

static bool follows(const struct record *r, size_t index, enum event_kind kind) {
    for (size_t i = index + 1; i < r->count; i++)
        if (r->events[i].kind == kind) return true;
    return false;
}

// It ended well, or its failure did not stop the run, which went on to a further step.
static bool is_settled_end(const struct record *r, size_t index) {
    const struct event *v = &r->events[index];
    if (v->kind != EVENT_STEP_END) return false;
    return is_ok(v->line) || follows(r, index, EVENT_STEP);
}

static bool is_change(const struct event *v) {
    return v->kind == EVENT_CALL && is_ok(v->answer);
}

// --- the window --------------------------------------------------------------

static int64_t time_of(const struct val *line, const char *key) {
    const char *text = val_get_str(line, key, "");
    int64_t us = 0;
    return clock_parse(text, strlen(text), &us) ? us : 0;
}

static const struct event *call_of(const struct record *r, const struct planned_call *c) {
    for (size_t i = r->count; i-- > 0;)
        if (r->events[i].kind == EVENT_CALL && strcmp(r->events[i].key, c->key) == 0)
            return &r->events[i];
    return NULL;
}

// All opening calls took effect, and stood for as long as they should, before the first closing one.
static bool was_converted(const struct record *r, const struct plan *p,
                          const struct planned_step *s) {
    int64_t opened = 0, closed = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *c = p->calls[s->first + i];
        if (c->window == WINDOW_NONE) continue;
        const struct event *v = call_of(r, c);
        if (!v || !is_ok(v->answer)) return false;
        int64_t sent = time_of(v->answer, "sent"), answered = time_of(v->answer, "answered");
        if (c->window == WINDOW_OPENING && answered > opened) opened = answered;
        if (c->window == WINDOW_CLOSING && sent < closed) closed = sent;
    }
    return opened && (double)(closed - opened) >= s->settle * 1e6;
}

static bool was_interrupted(const struct record *r, const struct plan *p, const struct event *v) {
    int64_t step = step_of(v);
    if (strcmp(val_get_str(v->answer, "by", ""), "playbook") == 0) return false;
    return step < 1 || (size_t)step > p->step_count || !was_converted(r, p, &p->steps[step - 1]);
}

// The first event that is done again for the sake of a window; r->count: none.
static size_t interrupted_window(const struct record *r, const struct plan *p) {
    for (size_t i = 0; i < r->count; i++)
        if (r->events[i].kind == EVENT_WINDOW && was_interrupted(r, p, &r->events[i])) return i;
    return r->count;
}

bool record_redoes_window(const struct record *r) {
    for (size_t i = 0; i < r->count; i++)
        if (r->events[i].kind == EVENT_WINDOW && r->events[i].again) return true;
    return false;
}

// --- parallel ----------------------------------------------------------------

// "2:1.3/2.1#1": the branch is what stands between ':' and '#'.
static const char *branch_of(const struct event *v, size_t *len) {
    const char *branch = v->key + strcspn(v->key, ":");
    branch += *branch == ':';
    *len = strcspn(branch, "#");
    return branch;
}

// Items of the same parallel: neither comes before the other.
static bool are_siblings(const struct event *a, const struct event *b) {
    size_t la, lb;
    const char *x = branch_of(a, &la), *y = branch_of(b, &lb);
    size_t nx = strcspn(x, ".#"), ny = strcspn(y, ".#");
    if (!la || !lb || nx != ny || strncmp(x, y, nx) != 0) return false;
    return strtol(x + nx + 1, NULL, 10) != strtol(y + ny + 1, NULL, 10);
}

static bool needed_by_later(const struct record *r, size_t index, size_t end) {
    for (size_t i = index + 1; i < end; i++)
        if (is_change(&r->events[i]) && !are_siblings(&r->events[index], &r->events[i])) return true;
    return false;
}

// A fault of the way to AWS or of the permission, not an answer about what was asked.
static bool is_passing(const struct val *error) {
    int64_t status = val_as_int(val_get(error, "status"), 0);
    return status < 400 || status >= 500 || status == 401 || status == 403 || status == 429 ||
           val_as_bool(val_get(error, "retryable"), false);
}

// In the step that is under way: what failed beside a change that took effect.
static bool failed_beside(const struct record *r, size_t index, size_t end) {
    const struct event *v = &r->events[index];
    if (v->kind == EVENT_CALL && !is_ok(v->answer)) return !needed_by_later(r, index, end);
    if (v->kind != EVENT_READ || !*val_get_str(v->line, "branch", "")) return false;
    const struct val *error = val_get(v->line, "error");
    return error && is_passing(error);
}

// --- the cut -----------------------------------------------------------------

bool record_cut(struct record *r, const struct plan *p, int64_t *replayed_to, struct err *e) {
    size_t limit = interrupted_window(r, p), end = 0, open = 0;
    bool ok = true;
    for (size_t i = 0; i < limit; i++) {
        r->events[i].again = false;
        if (is_change(&r->events[i]) || is_settled_end(r, i)) end = i + 1;
        if (is_settled_end(r, i)) open = i + 1;
    }
    for (size_t i = open; i < end; i++) r->events[i].again = failed_beside(r, i, end);
    for (size_t i = end; i < r->count; i++) r->events[i].again = true;
    for (size_t i = 0; i < r->count; i++)
        ok = (!r->events[i].again || record_set_aside(r, &r->events[i])) && ok;
    *replayed_to = end ? r->events[end - 1].seq : -1;
    return ok || err_memory(e);
}

struct val *record_mark(const struct record *r, int64_t replayed_to) {
    struct val *v = val_map(), *again = val_list();
    bool ok = v && again;
    for (size_t i = 0; ok && i < r->count; i++)
        if (r->events[i].again && r->events[i].seq <= replayed_to)
            ok = val_append(again, val_int(r->events[i].seq));
    ok = ok && val_set(v, "replayed_to", val_int(replayed_to)) &&
         val_set(v, "again", val_count(again) ? val_ref(again) : val_nil()) &&
         val_set(v, "text", val_printf("replayed up to line %lld", (long long)replayed_to));
    val_unref(again);
    if (ok) return v;
    val_unref(v);
    return NULL;
}

const struct event *record_unknown(const struct record *r, const struct plan *p) {
    size_t limit = interrupted_window(r, p);
    for (size_t i = 0; i < limit; i++) {
        const struct event *v = &r->events[i];
        bool unknown = !v->answer || val_as_bool(val_get(v->answer, "unknown"), false);
        if (v->kind == EVENT_CALL && unknown) return v;
    }
    return NULL;
}

size_t record_confirmed(const struct record *r) {
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        const char *answer = val_get_str(r->events[i].answer, "answer", "no");
        n += r->events[i].kind == EVENT_STEP && strcmp(answer, "no") != 0 &&
             strcmp(answer, "no answer") != 0;
    }
    return n;
}
