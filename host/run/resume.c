// resume.c - from the journal to the rest of the run.
#include "run/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "codec/codec.h"
#include "run/ending.h"
#include "run/identity.h"
#include "run/one_run.h"
#include "run/reopening.h"
#include "run/replayed.h"
#include "run/report.h"

struct resumption {
    struct run *run;
    const struct former *former;
    struct record record;
    struct replayed replayed;
    struct val *reopening;  // calls that come before a window that is opened once more
};

bool resume_is_possible(const struct former *f, const struct record *r, bool *nothing_to_do,
                        struct err *e) {
    const char *id = f->run.id, *version = run_text(&f->run, "version");
    *nothing_to_do = false;
    if (former_is_undo(f))
        return err_set(e, ERR_USAGE, "%s takes another run back: type that `cordon undo` again, it goes "
                                     "on from what is there", id);
    if (r->undone)
        return err_set(e, ERR_USAGE, "an undo of %s was begun, so it cannot be resumed; undo it to its "
                                     "end (`cordon undo %s`), or run its playbook again", id, id);
    const char *state = val_get_str(r->end, "state", "");
    bool ended = strcmp(state, "done") == 0 || (strcmp(state, "partial") == 0 && !val_get(r->end, "error"));
    if (ended) {
        *nothing_to_do = true;
        return err_set(e, ERR_USAGE, "%s ran to its end%s: there is nothing to resume", id,
                       strcmp(state, "done") == 0 ? "" : ", though a step of it failed");
    }
    if (!val_get(r->start, "sha256"))
        return err_set(e, ERR_USAGE, "%s ran no playbook: there is nothing to resume", id);
    if (strcmp(version, CORDON_VERSION) != 0)
        return err_set(e, ERR_LEFT_PLAN, "%s was run by cordon %.40s, this is %s: resume it with that "
                                         "one, or take it back", id, version, CORDON_VERSION);
    if (!r->plan || !record_confirmed(r))
        return err_set(e, ERR_REFUSED, "%s stopped before anything was confirmed, and changed nothing: "
                                       "there is nothing to resume. Run its playbook again", id);
    return true;
}

// --- what the run was --------------------------------------------------------

static void put_member(struct val **field, const struct val *from, const char *key) {
    const struct val *v = val_get(from, key);
    if (v) plan_put(field, val_ref(v));
}

// The same plan, arguments, time and names as then.
static bool recall_facts(struct resumption *z, struct err *e) {
    struct run *r = z->run;
    const struct val *start = z->record.start, *plan = z->record.plan;
    const struct val *args = val_get(start, "args");
    snprintf(r->id, sizeof r->id, "%s", z->former->run.id);
    snprintf(r->told, sizeof r->told, "%s", val_get_str(start, "told_run", r->id));
    r->started_us = val_as_int(val_get(start, "started_us"), 0);
    r->rehearsal.args = args ? val_ref(args) : val_map();
    const struct val *modules = val_get(start, "modules");
    for (size_t i = 0; i < val_count(modules); i++)
        if (!val_set(r->modules, val_key_at(modules, i), val_ref(val_at(modules, i))))
            return err_memory(e);
    put_member(&r->scene.labels, plan, "labels");
    put_member(&r->plan.survivors, plan, "survivors");
    put_member(&r->plan.around, plan, "around");
    put_member(&r->plan.consequences, plan, "consequences");
    if (plan_from_val(&r->plan, r->host->model, val_get(plan, "steps"), e)) return true;
    return err_prefix(e, "the journal of %s", r->id);
}

static bool begin(struct resumption *z, struct source *source, struct err *e) {
    struct run *r = z->run;
    r->source = *source;
    *source = (struct source){0};
    return run_make(r, e) && recall_facts(z, e) &&
           backend_region(&r->host->backend, &r->scene.region, e) && identity_learn(&r->live, r->host->model, &r->scene.identity, e) &&
           former_same_place(z->former, &r->scene, e) && run_hold(r, e);
}

// --- the journal goes on -----------------------------------------------------

static struct val *resumed_by(const char *who) {
    struct val *v = val_map();
    if (v && val_set(v, "text", val_printf("resumed by %s", who)) &&
        val_set(v, "by", val_cstr(who)) && val_set(v, "resumed", val_bool(true)))
        return v;
    val_unref(v);
    return NULL;
}

static bool reopen(struct resumption *z, struct err *e) {
    struct run *r = z->run;
    r->operator_name = operator_text(r->scene.identity);
    r->journal = journal_reopen(buf_str(&z->former->dir), e);
    r->gate.journal = r->journal;
    const char *who = r->operator_name ? r->operator_name : "?";
    return r->journal && gate_record(&r->gate, "log", resumed_by(who), e) && gate_sync(&r->gate, e);
}

static bool read_again(struct resumption *z, struct err *e) {
    record_free(&z->record);
    return record_read(buf_str(&z->former->dir), &z->record, e);
}

// --- calls without an outcome ------------------------------------------------

struct fate {
    bool done, unknown;
};

static void settled(void *ctx, const struct aws_reply *reply) {
    struct fate *f = ctx;
    f->done = true;
    f->unknown = reply->unknown;
}

static bool cannot_tell(const struct operation *op, const char *run, struct err *e) {
    return err_set(e, ERR_REFUSED,
                   "whether %s took effect cannot be told by reads, so the run cannot go on; take it "
                   "back instead: cordon undo %s",
                   op->name, run);
}

// Looked up with reads; the journal gets what they say as the call's outcome.
static bool settle_call(struct resumption *z, const struct event *v, struct err *e) {
    struct run *r = z->run;
    const struct val *params = val_get(v->line, "params");
    struct fate fate = {0};
    const struct operation *op =
        model_operation(r->host->model, val_get_str(v->line, "service", ""),
                        val_get_str(v->line, "operation", ""), e);
    if (!op || !codec_check(r->host->model, op, params, e)) return false;
    struct gate_request q = {.branch = "", .service = op->service->name, .operation = op->method,
                             .params = params, .done = settled, .ctx = &fate, .gate = &r->gate,
                             .op = op, .prepared = val_ref(params),
                             .planned = plan_find(&r->plan, v->key), .resent = true};
    struct aws_reply lost = {.unknown = true};
    snprintf(q.key, sizeof q.key, "%s", v->key);
    err_set(&lost.err, ERR_INTERRUPTED, "the run stopped before its answer came");
    r->gate.in_flight++;
    if (!settle(&r->settler, &q, &lost)) {
        r->gate.in_flight--;
        val_unref(q.prepared);
        return cannot_tell(op, r->id, e);
    }
    bool looked = loop_until(r->host->loop, &fate.done, false, e);
    r->gate.changed = false;  // what it did, it did before
    if (!looked) return false;
    if (r->gate.latched) *e = r->gate.latch;
    if (r->gate.latched) return false;
    return !fate.unknown || cannot_tell(op, r->id, e);
}

static bool settle_all(struct resumption *z, struct err *e) {
    const struct event *v;
    struct run *r = z->run;
    r->settler = (struct settler){&r->gate, &r->live, r->host->advisor};
    while ((v = record_unknown(&z->record, &r->plan)) != NULL)
        if (!settle_call(z, v, e) || !gate_sync(&r->gate, e) || !read_again(z, e)) return false;
    return true;
}

// --- what is known of the plan's calls ---------------------------------------

static void put_way_back(struct planned_call *c, const struct val *intent) {
    put_member(&c->before, intent, "before");
    put_member(&c->inverse, intent, "inverse");
    c->succeeded = true;
}

static void note_known(struct run *r, const struct event *v) {
    struct planned_call *c = plan_find(&r->plan, v->key);
    bool ok = val_as_bool(val_get(v->answer, "ok"), false);
    if (!c) return;
    c->known = true;
    if (!ok) return;
    put_way_back(c, v->line);
    const struct val *result = val_get(v->answer, "result");
    if (result) gate_learn(&r->gate, c, result);
}

static void note_calls(struct resumption *z) {
    struct run *r = z->run;
    const struct record *record = &z->record;
    for (size_t i = 0; i < record->count; i++) {
        const struct event *v = &record->events[i];
        if (v->kind != EVENT_CALL || v->again) continue;
        note_known(r, v);
        r->outcome.before |= val_as_bool(val_get(v->answer, "ok"), false);
    }
    for (size_t i = 0; i < val_count(record->past); i++) {
        struct planned_call *c = plan_find(&r->plan, val_key_at(record->past, i));
        r->outcome.before = true;
        if (!c) continue;
        c->past = true;
        put_way_back(c, val_at(record->past, i));
    }
    // A step that is half done cannot be skipped: what it did would stand alone.
    for (size_t i = 0; i < r->plan.step_count; i++)
        if (plan_calls_left(&r->plan, &r->plan.steps[i]) < r->plan.steps[i].count)
            r->plan.steps[i].optional = false;
}

static void say_reopening(const struct resumption *z) {
    for (size_t i = 0; i < val_count(z->reopening); i++) {
        const struct val *call = val_at(z->reopening, i);
        struct buf params = BUF_EMPTY;
        json_print(&params, val_get(call, "params"));
        console_say(z->run->scene.console, STYLE_PLAIN,
                    "  before it opens, what closing took away is given back: %s.%s %s",
                    val_get_str(call, "service", ""), val_get_str(call, "operation", ""),
                    buf_str(&params));
        buf_free(&params);
    }
}

static bool reopen_window(void *ctx, struct err *e) {
    struct resumption *z = ctx;
    struct val *calls = z->reopening;
    z->reopening = NULL;
    bool ok = !val_count(calls) || reopening_send(&z->run->gate, calls, e);
    val_unref(calls);
    return ok;
}

// The policy of today, over the plan of then.
static bool is_allowed(struct run *r, struct err *e) {
    return run_guard_ask(r, e) && run_guard_learn(r, e) && run_allowed(r, e);
}

static bool cut(struct resumption *z, struct err *e) {
    struct run *r = z->run;
    int64_t to;
    if (!record_cut(&z->record, &r->plan, &to, e) ||
        !gate_record(&r->gate, "log", record_mark(&z->record, to), e) || !gate_sync(&r->gate, e))
        return false;
    note_calls(z);
    struct buf head = BUF_EMPTY;
    scene_headline(&r->scene, "RESUME", &head);
    console_say(r->scene.console, STYLE_BOLD, "%s", buf_str(&head));
    buf_free(&head);
    console_say(r->scene.console, STYLE_PLAIN, "%s is replayed up to line %lld of its journal; what "
                                               "follows is done now, and asked about first", r->id, (long long)to);
    z->reopening = reopening_calls(&z->record, &r->plan, r->host->model, e);
    if (!z->reopening) return false;
    if (!record_redoes_window(&z->record)) return true;
    console_say(r->scene.console, STYLE_CARE,
                "Its window was closed before the conversion was complete: the whole window is "
                "opened and closed once more.");
    say_reopening(z);
    return true;
}

// --- the rest ----------------------------------------------------------------

static struct pass_handler between(void *ctx, struct pass_handler execution) {
    struct resumption *z = ctx;
    struct pass_handler handler =
        replayed_handler(&z->replayed, &z->record, &z->run->execution, execution);
    z->replayed.replay.reopen = reopen_window;
    z->replayed.replay.reopen_ctx = z;
    return handler;
}

static void go(struct resumption *z, struct pass_end *end) {
    struct run *r = z->run;
    struct outcome *o = &r->outcome;
    *end = (struct pass_end){0};
    // Before the cut is known, the journal's word alone says that something was changed.
    o->before = z->former->run.made > 0;
    o->resumable = true;
    bool ok = settle_all(z, &o->err) && cut(z, &o->err) && is_allowed(r, &o->err) && run_ready_to_ask(r, &o->err);
    r->between = between;
    r->between_ctx = z;
    if (ok) run_execute(r, end);
    if (o->finished && !replay_is_complete(&z->replayed.replay, &o->err)) o->finished = false;
    if (!o->finished && err_is(&o->err, ERR_LEFT_PLAN)) o->resumable = false;
    if (!o->finished) o->signal = loop_signal(r->host->loop);
}

static int finish(struct resumption *z) {
    struct run *r = z->run;
    struct pass_end end;
    go(z, &end);
    int code = report_run(&r->scene, &r->gate, r->host->advisor, &r->outcome, end.value);
    r->host->changed = r->outcome.changed;
    pass_end_free(&end);
    return code;
}

int resume_run(struct host *h, const struct former *f, struct source *source) {
    static const struct run_options none = {0};
    struct err e;
    struct resumption z = {.former = f, .run = calloc(1, sizeof *z.run)};
    if (!z.run) {
        err_memory(&e);
        console_error(h->console, &e);
        return EXIT_FAILED;
    }
    z.run->host = h;
    z.run->options = &none;
    bool ok = record_read(buf_str(&f->dir), &z.record, &e) && begin(&z, source, &e) && reopen(&z, &e);
    int code = ok ? finish(&z) : end_with_error(h, &e);
    val_unref(z.reopening);
    record_free(&z.record);
    run_free(z.run);
    return code;
}
