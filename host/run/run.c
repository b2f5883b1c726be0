// run.c - the order of things.
#include "run/one_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "run/ending.h"
#include "run/facts.h"
#include "run/flows.h"
#include "run/report.h"

// --- making it ready ---------------------------------------------------------------

// A name for the run: "isolate-sg" of playbooks/isolate-sg.lua.
static void name_of(const struct source *s, char *name, size_t size) {
    const char *slash = strrchr(s->file, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : s->file);
    char *dot = strrchr(name, '.');
    if (dot) *dot = '\0';
}

static bool make_id(struct run *r, struct err *e) {
    char name[64];
    name_of(&r->source, name, sizeof name);
    const struct run_options *o = r->options;
    bool ok = true, taken;
    char stamp[CLOCK_BASIC_SIZE];
    clock_basic(r->started_us, stamp);
    if (o->saved) ok = runs_take(o->saved->run, name, r->id, &r->dir, &taken, e);
    else if (!o->plan_only) ok = runs_new(name, r->id, &r->dir, e);
    else if (o->out) ok = runs_new_id(name, r->id, e);
    else snprintf(r->id, sizeof r->id, "%s-%s-plan", stamp, name);
    snprintf(r->told, sizeof r->told, "%s", o->saved ? o->saved->run : r->id);
    return ok;
}

static void init_gate(struct run *r, struct gate *g, enum gate_mode mode,
                      const struct answerer *a) {
    *g = (struct gate){.mode = mode,
                       .loop = r->host->loop,
                       .model = r->host->model,
                       .answerer = a,
                       .plan = &r->plan,
                       .tell = scene_alarm,
                       .tell_ctx = &r->scene};
}

static bool find_source(struct run *r, struct err *e) {
    if (!r->options->source) return source_find(r->options->playbook, &r->source, e);
    r->source = *r->options->source;
    *r->options->source = (struct source){0};
    return true;
}

bool run_make(struct run *r, struct err *e) {
    struct host *h = r->host;
    if (!plan_init(&r->plan)) return err_memory(e);
    r->scene = scene_new(h);
    r->modules = val_map();
    if (!r->modules) return err_memory(e);
    if (!live_init(&r->live, h->backend.answers, h->loop, e) ||
        !rehearsed_init(&r->rehearsed, &r->live, h->model, h->advisor, e))
        return false;
    r->recorded = rehearsed_answerer(&r->rehearsed);
    r->live_answers = live_answerer(&r->live);
    init_gate(r, &r->rehearsal_gate, GATE_REHEARSAL, &r->recorded);
    init_gate(r, &r->gate, GATE_EXECUTION, &r->live_answers);
    if (!gate_init(&r->rehearsal_gate, e) || !gate_init(&r->gate, e)) return false;
    r->rehearsed.created = r->rehearsal_gate.created;
    return true;
}

static bool prepare(struct run *r, struct err *e) {
    const struct run_options *o = r->options;
    r->given = o->saved ? val_ref(o->saved->given) : parse_pairs(o->pairs, o->pair_count, e);
    return r->given && find_source(r, e) && run_make(r, e) && make_id(r, e);
}

struct pass_setup run_setup(struct run *r, struct gate *g, bool real_time) {
    return (struct pass_setup){.loop = r->host->loop,
                               .server = r->host->server,
                               .gate = g,
                               .source = &r->source,
                               .run_id = r->told,
                               .modules = r->modules,
                               .ticket = r->host->ticket,
                               .started_us = r->started_us,
                               .deadline_ms = r->host->deadline_ms,
                               .advance = backend_advance(&r->host->backend),
                               .advance_ctx = &r->host->backend,
                               .real_time = real_time};
}

// --- the journal ---------------------------------------------------------------------

// A script that has nothing to do makes no run of its own.
static bool is_idle(const struct run *r) {
    return r->options->script && !r->plan.call_count;
}

bool run_open_journal(struct run *r, struct err *e) {
    if (r->options->plan_only || r->journal || is_idle(r)) return true;
    r->operator_name = operator_text(r->scene.identity);
    r->journal = journal_create(buf_str(&r->dir), r->id, e);
    r->gate.journal = r->journal;
    const struct run_facts facts = {
        .playbook = val_get_str(r->declaration, "name", r->source.file),
        .source = &r->source,
        .modules = r->modules,
        .started_us = r->started_us,
        .told_run = strcmp(r->told, r->id) == 0 ? NULL : r->told,
        .plan = r->options->saved ? r->options->saved->id : NULL,
        .args = r->rehearsal.args && !r->options->script ? r->rehearsal.args : r->given,
        .operator_name = r->operator_name,
    };
    return r->journal && gate_record(&r->gate, "run.start", run_start(&r->scene, &facts), e) &&
           gate_sync(&r->gate, e);
}

// What else a resumed run wants to know of the plan.
static struct val *plan_members(const struct run *r) {
    const struct plan *p = &r->plan;
    struct val *v = val_map();
    if (v && val_set(v, "labels", val_ref(r->scene.labels)) &&
        val_set(v, "notes", val_ref(p->notes)) &&
        val_set(v, "survivors", val_ref(p->survivors)) && val_set(v, "around", val_ref(p->around)) &&
        val_set(v, "consequences", val_ref(p->consequences)))
        return v;
    val_unref(v);
    return NULL;
}

static bool keep_plan(struct run *r, struct err *e) {
    struct val *steps = plan_to_val(&r->plan, r->host->model, e), *v = val_map();
    bool ok = steps && v && val_set(v, "steps", val_ref(steps));
    struct buf json = BUF_EMPTY, path = BUF_EMPTY;
    if (ok) json_print_pretty(&json, v);
    buf_printf(&path, "%s/plan.json", buf_str(&r->dir));
    ok = ok && !json.failed && !path.failed && file_replace(path.data, json.data, json.len, e) &&
         journal_append_large(r->journal, "plan", plan_members(r), "steps", val_ref(steps), e) &&
         gate_sync(&r->gate, e);
    buf_free(&json);
    buf_free(&path);
    val_unref(steps);
    val_unref(v);
    return ok;
}

// --- the plan ------------------------------------------------------------------------

// Planned, told, and worth asking about.
static bool plan_it(struct run *r, struct err *e) {
    if (!run_plan(r, e) || !run_is_as_saved(r, e)) return false;
    if (r->options->planned) {
        r->options->planned(r->options->planned_ctx, &r->plan);
        return true;
    }
    run_tell_plan(r);
    if (!is_idle(r)) lease_show(&r->lease);
    return run_allowed(r, e) && run_permitted(r, e);
}

// --- the execution -----------------------------------------------------------------------

static void execute(struct run *r, struct pass_end *end) {
    r->execution = (struct execution){
        .scene = &r->scene,
        .gate = &r->gate,
        .plan = &r->plan,
        .advice = {.loop = r->host->loop,
                   .model = r->host->model,
                   .live = &r->live,
                   .advisor = r->host->advisor,
                   .created = r->gate.created,
                   .bindings = r->gate.bindings},
        .confirm = &r->confirm,
        .outcome = &r->outcome,
        .guard = r->gate.policy ? &r->guard : NULL,
        .args = r->rehearsal.args,
        .operator_name = r->operator_name ? r->operator_name : "?",
        .first_yes = r->options->saved ? run_take_plan : NULL,
        .first_yes_ctx = r,
    };
    r->settler = (struct settler){&r->gate, &r->live, r->host->advisor};
    r->gate.settle = settle;
    r->gate.settle_ctx = &r->settler;
    r->patience = (struct patience){.gate = &r->gate,
                                    .advance = backend_advance(&r->host->backend),
                                    .advance_ctx = &r->host->backend};
    if (r->options->script) r->gate.patience = patience_wait;
    r->gate.patience_ctx = &r->patience;
    struct pass_setup setup = run_setup(r, &r->gate, true);
    struct pass_handler handler = execution_handler(&r->execution);
    if (r->between) handler = r->between(r->between_ctx, handler);
    bool simulated = scene_is_simulated(&r->scene);
    if (simulated) show_flows(&r->scene, r->host->advisor, "before");
    lease_arm(&r->lease);
    pass_run(&setup, &handler, end);
    lease_end(&r->lease);
    if (end->finished) execution_left_out(&r->execution);
    if (simulated && r->gate.changed) show_flows(&r->scene, r->host->advisor, "after");
    execution_free(&r->execution);
}

bool run_ready_to_ask(struct run *r, struct err *e) {
    const struct host *h = r->host;
    struct err no_terminal;
    r->confirm = (struct confirm){
        .model = h->model, .operator = h->operator, .yes = h->yes, .accept = val_get(r->rehearsal.args, "accept")};
    bool asks = !h->no_input && !h->operator && prompt_talk_is_seen();
    if (asks) r->confirm.prompt = prompt_open(h->loop, &no_terminal);
    if (confirm_asks_on_terminal(&r->confirm, &r->plan)) console_aloud(h->console);
    return confirm_possible(&r->confirm, &r->plan, e);
}

static bool begin_script(struct run *r, struct err *e) {
    const struct run_script *script = r->options->script;
    return !script || script->begin(script->ctx, &r->scene, r->id, r->operator_name, e);
}

void run_execute(struct run *r, struct pass_end *end) {
    struct outcome *o = &r->outcome;
    execute(r, end);
    o->finished = end->finished && !r->gate.latched;
    if (!o->finished) o->err = r->gate.latched ? r->gate.latch : end->err;
}

// From the rehearsal to the end of the execution; what went wrong is in the outcome.
static void go(struct run *r, struct pass_end *end) {
    struct outcome *o = &r->outcome;
    const struct run_script *script = r->options->script;
    *end = (struct pass_end){0};
    bool ok = plan_it(r, &o->err);
    if (!ok && r->rehearsal_gate.latched && !*o->err.code) o->err = r->rehearsal_gate.latch;
    bool idle = ok && is_idle(r);
    ok = ok && (idle || (run_ready_to_ask(r, &o->err) && keep_plan(r, &o->err) &&
                         begin_script(r, &o->err)));
    o->resumable = ok && !idle && !script;
    if (idle) o->finished = true;
    else if (ok) run_execute(r, end);
    // One that came when all was done changed nothing.
    if (!o->finished) o->signal = loop_signal(r->host->loop);
    o->changed = r->gate.changed;
    if (ok && script) script->check(script->ctx, &r->scene, &r->live, o);
}

// The end of `plan` and of a dry run: the plan itself was the result.
static int end_plan(struct run *r, bool ok, const struct err *e) {
    if (!ok) return end_with_error(r->host, e);
    if (r->options->planned) return EXIT_DONE;
    console_say(r->host->console, STYLE_DIM, "%s",
                r->plan.call_count ? "This was a dry run: nothing was changed."
                                   : "Nothing would be changed.");
    return r->options->detailed_exitcode && r->plan.call_count ? EXIT_CHANGES_PENDING : EXIT_DONE;
}

static int plan_only(struct run *r) {
    struct err e;
    const char *out = r->options->out;
    bool ok = (!out || saved_plan_can_write(out, &e)) && plan_it(r, &e) && run_save_plan(r, &e);
    return end_plan(r, ok, &e);
}

static int run_it(struct run *r) {
    const struct run_script *script = r->options->script;
    struct pass_end end;
    struct err e;
    r->outcome.is_undo = script != NULL;
    go(r, &end);
    // A wrong argument is the command line's fault, not a run.
    // Nor is one that found its instance held by another of this machine.
    const struct err *why = &r->outcome.err;
    bool usage = !r->journal && !r->outcome.finished &&
                 (err_is(why, ERR_USAGE) || err_is(why, ERR_BUSY));
    int code;
    if (usage || (!r->journal && !run_open_journal(r, &e))) {
        console_error(r->host->console, usage ? &r->outcome.err : &e);
        code = usage ? error_exit(why) : EXIT_JOURNAL;
    } else {
        code = report_run(&r->scene, &r->gate, r->host->advisor, &r->outcome, end.value);
        r->host->changed = r->outcome.changed;
        if (script)
            code = script->end(script->ctx, &r->scene, r->journal ? r->id : NULL, &r->outcome, code);
        if (r->journal && r->options->dir) buf_add_str(r->options->dir, buf_str(&r->dir));
    }
    pass_end_free(&end);
    return code;
}

void run_free(struct run *r) {
    prompt_close(r->confirm.prompt);
    lease_free(&r->lease);
    guard_free(&r->guard);
    hold_release(&r->hold);
    if (!r->journal && r->dir.len) rmdir(r->dir.data);  // nothing came of it
    journal_free(r->journal);
    rehearsal_free(&r->rehearsal);
    patience_free(&r->patience);
    gate_free(&r->rehearsal_gate);
    gate_free(&r->gate);
    plan_free(&r->plan);
    rehearsed_free(&r->rehearsed);
    live_free(&r->live);
    source_free(&r->source);
    buf_free(&r->dir);
    scene_free(&r->scene);
    val_unref(r->given);
    val_unref(r->declaration);
    val_unref(r->modules);
    free(r->operator_name);
    free(r);
}

int run_playbook(struct host *h, const struct run_options *o) {
    struct err e;
    struct run *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(&e);
        console_error(h->console, &e);
        return EXIT_FAILED;
    }
    r->host = h;
    r->options = o;
    r->started_us = o->saved ? o->saved->started_us : clock_now_us();
    int code;
    if (!prepare(r, &e)) {
        console_error(h->console, &e);
        code = error_exit(&e);
    } else {
        code = o->plan_only ? plan_only(r) : run_it(r);
    }
    run_free(r);
    return code;
}
