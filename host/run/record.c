// record.c - reads a journal into events.
#include "run/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "journal/runs.h"

// --- events ------------------------------------------------------------------

static void drop(struct event *v) {
    val_unref(v->line);
    val_unref(v->answer);
}

static bool push(struct record *r, enum event_kind kind, const struct val *line) {
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        struct event *more = realloc(r->events, cap * sizeof *more);
        if (!more) return false;
        r->events = more;
        r->cap = cap;
    }
    r->events[r->count++] = (struct event){.kind = kind,
                                           .seq = val_as_int(val_get(line, "seq"), -1),
                                           .key = val_get_str(line, "key", ""),
                                           .line = val_ref(line)};
    return true;
}

static struct event *last_of(struct record *r, enum event_kind kind) {
    for (size_t i = r->count; i-- > 0;)
        if (r->events[i].kind == kind) return &r->events[i];
    return NULL;
}

static struct event *last_call(struct record *r, const char *key) {
    for (size_t i = r->count; i-- > 0;)
        if (r->events[i].kind == EVENT_CALL && strcmp(r->events[i].key, key) == 0)
            return &r->events[i];
    return NULL;
}

static void replace(struct val **at, const struct val *with) {
    val_unref(*at);
    *at = val_ref(with);
}

// --- kinds of lines ----------------------------------------------------------

// A step that was under way when a run was resumed is opened a second time: it is the same.
static bool take_step(struct record *r, const struct val *line) {
    struct event *open = last_of(r, EVENT_STEP), *end = last_of(r, EVENT_STEP_END);
    bool same = open && (!end || end->seq < open->seq) &&
                val_equal(val_get(open->line, "step"), val_get(line, "step"));
    if (!same) return push(r, EVENT_STEP, line);
    val_unref(open->answer);
    open->answer = NULL;
    return true;
}

// The first word after the step was opened is about the step; later ones are about calls that
// were not rehearsed.
static bool take_confirm(struct record *r, const struct val *line) {
    struct event *open = last_of(r, EVENT_STEP);
    if (open && !open->answer) open->answer = val_ref(line);
    return true;
}

// The host's own calls, a lease's, are in no plan and no playbook asks for them.
static bool is_planned_key(const char *key) {
    return *key >= '1' && *key <= '9' && strchr(key, ':');
}

// A closing call that is sent several times is one call.
static bool take_intent(struct record *r, const struct val *line) {
    const char *key = val_get_str(line, "key", "");
    const struct event *before = last_call(r, key);
    bool repeated = before && val_as_bool(val_get(line, "closing"), false);
    return repeated || !is_planned_key(key) || push(r, EVENT_CALL, line);
}

static bool is_ok(const struct val *outcome) {
    return val_as_bool(val_get(outcome, "ok"), false);
}

// A closing call that found nothing to take away: what it was for holds.
static bool found_closed(const struct val *intent, const struct val *outcome) {
    return val_as_bool(val_get(intent, "closing"), false) &&
           text_starts(val_get_str(intent, "operation", ""), "revoke_") &&
           strcmp(val_get_str(val_get(outcome, "error"), "code", ""),
                  "InvalidPermission.NotFound") == 0;
}

static bool take_outcome(struct record *r, const struct val *line) {
    struct event *call = last_call(r, val_get_str(line, "key", ""));
    if (!call || is_ok(call->answer)) return true;
    replace(&call->answer, line);
    if (!found_closed(call->line, line)) return true;
    struct val *closed = val_copy(line), *nothing = val_map();
    bool ok = closed && nothing && val_set(closed, "ok", val_bool(true)) &&
              val_set(closed, "result", val_ref(nothing));
    if (ok) replace(&call->answer, closed);
    val_unref(closed);
    val_unref(nothing);
    return ok;
}

static bool take_read(struct record *r, const struct val *line) {
    struct err e;
    struct val *result = journal_large_value(r->dir, line, "result", &e), *whole = val_copy(line);
    bool ok = result && whole &&
              (val_get(line, "error") || val_set(whole, "result", val_ref(result)));
    ok = ok && push(r, EVENT_READ, whole);
    val_unref(result);
    val_unref(whole);
    return ok;
}

static bool take_plan(struct record *r, const struct val *line) {
    struct err e;
    struct val *steps = journal_large_value(r->dir, line, "steps", &e), *whole = val_copy(line);
    bool ok = steps && whole && val_set(whole, "steps", val_ref(steps));
    if (ok) replace(&r->plan, whole);
    val_unref(steps);
    val_unref(whole);
    return ok;
}

static bool take_window_closed(struct record *r, const struct val *line) {
    struct event *window = last_of(r, EVENT_WINDOW);
    if (window) replace(&window->answer, line);
    return true;
}

static bool has(const struct val *list, int64_t seq) {
    for (size_t i = 0; i < val_count(list); i++)
        if (val_as_int(val_at(list, i), -1) == seq) return true;
    return false;
}

// Calls that were set aside for a window's sake; the first intent of a key is the one that knew
// the state from before.
bool record_set_aside(struct record *r, const struct event *v) {
    bool effect = v->kind == EVENT_CALL && (!v->answer || is_ok(v->answer) ||
                                            val_as_bool(val_get(v->answer, "unknown"), false));
    return !effect || val_get(r->past, v->key) || val_set(r->past, v->key, val_ref(v->line));
}

// The run was resumed here: what was not replayed then is not part of what followed.
static bool take_mark(struct record *r, const struct val *line) {
    int64_t to = val_as_int(val_get(line, "replayed_to"), -1);
    const struct val *again = val_get(line, "again");
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 0; i < r->count; i++) {
        struct event *v = &r->events[i];
        if (v->seq <= to && !has(again, v->seq)) {
            r->events[kept++] = *v;
            continue;
        }
        ok = record_set_aside(r, v) && ok;
        drop(v);
    }
    r->count = kept;
    return ok;
}

static bool take_log(struct record *r, const struct val *line) {
    if (val_get(line, "replayed_to")) return take_mark(r, line);
    if (!val_as_bool(val_get(line, "resumed"), false)) return push(r, EVENT_LOG, line);
    val_unref(r->end);
    r->end = NULL;
    return true;
}

static bool take_start(struct record *r, const struct val *line) {
    if (!r->start) r->start = val_ref(line);
    return true;
}

static bool take_end(struct record *r, const struct val *line) {
    replace(&r->end, line);
    return true;
}

static bool take_undo(struct record *r, const struct val *line) {
    (void)line;
    r->undone = true;
    return true;
}

static bool take_step_end(struct record *r, const struct val *line) {
    return push(r, EVENT_STEP_END, line);
}

static bool take_wait(struct record *r, const struct val *line) {
    return push(r, EVENT_WAIT, line);
}

static bool take_expect(struct record *r, const struct val *line) {
    return push(r, EVENT_EXPECT, line);
}

static bool take_window(struct record *r, const struct val *line) {
    return push(r, EVENT_WINDOW, line);
}

static const struct {
    const char *kind;
    bool (*take)(struct record *r, const struct val *line);
} kinds[] = {
    {"run.start", take_start},       {"plan", take_plan},
    {"step.open", take_step},        {"confirm", take_confirm},
    {"step.close", take_step_end},   {"call.intent", take_intent},
    {"call.outcome", take_outcome},  {"read", take_read},
    {"wait", take_wait},             {"expect", take_expect},
    {"log", take_log},               {"window.open", take_window},
    {"window.closed", take_window_closed}, {"run.end", take_end},
    {"undo.start", take_undo},
};

static bool take_line(void *ctx, const struct val *line) {
    struct record *r = ctx;
    const char *kind = val_get_str(line, "kind", "");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i].kind) == 0) r->memory = !kinds[i].take(r, line);
    return !r->memory;
}

bool record_read(const char *dir, struct record *r, struct err *e) {
    *r = (struct record){.dir = strdup(dir), .past = val_map()};
    bool ok = (r->dir && r->past) || err_memory(e);
    ok = ok && runs_lines(dir, take_line, r, e) && (!r->memory || err_memory(e));
    return ok && (r->start || err_set(e, ERR_JOURNAL, "the journal does not say what was run"));
}

void record_free(struct record *r) {
    for (size_t i = 0; i < r->count; i++) drop(&r->events[i]);
    free(r->events);
    free(r->dir);
    val_unref(r->start);
    val_unref(r->plan);
    val_unref(r->end);
    val_unref(r->past);
    *r = (struct record){0};
}
