// run.c - the order of things.
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "journal/runs.h"
#include "run/ending.h"
#include "run/execution.h"
#include "run/facts.h"
#include "run/flows.h"
#include "run/rehearsed.h"
#include "run/rehearsal.h"
#include "run/report.h"
#include "run/settle.h"

// All of one run. Everything is zero until it is made, and freed in one place.
struct run {
    struct host *host;
    const struct run_options *options;
    struct scene scene;
    struct source source;
    char id[RUN_ID_SIZE];
    struct buf dir;
    int64_t started_us;
    struct val *given;
    struct live live;
    struct rehearsed rehearsed;
    struct answerer recorded, live_answers;
    struct plan plan;
    struct gate rehearsal_gate, gate;
    struct rehearsal rehearsal;
    struct settler settler;
    struct execution execution;
    struct confirm confirm;
    struct journal *journal;
    char *operator_name;
    struct val *declaration;
    struct outcome outcome;
};

struct val *parse_pairs(char *const *pairs, int count, struct err *e) {
    struct val *map = val_map();
    if (!map) err_memory(e);
    for (int i = 0; map && i < count; i++) {
        const char *equals = strchr(pairs[i], '=');
        size_t len = equals ? (size_t)(equals - pairs[i]) : 0;
        char *key = strndup(pairs[i], len);
        bool ok = false;
        if (!key)
            err_memory(e);
        else if (!len)
            err_set(e, ERR_USAGE, "\"%.200s\" is not an argument; arguments are key=value, as instance=web-3",
                    pairs[i]);
        else if (val_get(map, key))
            err_set(e, ERR_USAGE, "%.80s is given twice", key);
        else
            ok = val_set(map, key, val_cstr(equals + 1)) || err_memory(e);
        free(key);
        if (ok) continue;
        val_unref(map);
        return NULL;
    }
    return map;
}

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
    if (!r->options->plan_only) return runs_new(name, r->id, &r->dir, e);
    char stamp[CLOCK_BASIC_SIZE];
    clock_basic(r->started_us, stamp);
    snprintf(r->id, sizeof r->id, "%s-%s-plan", stamp, name);
    return true;
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

static bool prepare(struct run *r, struct err *e) {
    struct host *h = r->host;
    if (!plan_init(&r->plan)) return err_memory(e);
    r->scene = scene_new(h);
    r->given = parse_pairs(r->options->pairs, r->options->pair_count, e);
    if (!r->given || !find_source(r, e)) return false;
    if (!live_init(&r->live, h->backend.answers, h->loop, e) ||
        !rehearsed_init(&r->rehearsed, &r->live, h->model, h->advisor, e))
        return false;
    r->recorded = rehearsed_answerer(&r->rehearsed);
    r->live_answers = live_answerer(&r->live);
    init_gate(r, &r->rehearsal_gate, GATE_REHEARSAL, &r->recorded);
    init_gate(r, &r->gate, GATE_EXECUTION, &r->live_answers);
    if (!gate_init(&r->rehearsal_gate, e) || !gate_init(&r->gate, e)) return false;
    r->rehearsed.created = r->rehearsal_gate.created;
    return make_id(r, e);
}

static struct pass_setup setup_of(struct run *r, struct gate *g, bool real_time) {
    return (struct pass_setup){.loop = r->host->loop,
                               .server = r->host->server,
                               .gate = g,
                               .source = &r->source,
                               .run_id = r->id,
                               .ticket = r->host->ticket,
                               .started_us = r->started_us,
                               .deadline_ms = r->host->deadline_ms,
                               .advance = backend_advance(&r->host->backend),
                               .advance_ctx = &r->host->backend,
                               .real_time = real_time};
}

// --- the journal ---------------------------------------------------------------------

static bool open_journal(struct run *r, struct err *e) {
    if (r->options->plan_only || r->journal) return true;
    r->operator_name = operator_text(r->scene.identity);
    r->journal = journal_create(buf_str(&r->dir), r->id, e);
    r->gate.journal = r->journal;
    const struct run_facts facts = {
        .playbook = val_get_str(r->declaration, "name", r->source.file),
        .file = r->source.file,
        .text = buf_str(&r->source.text),
        .text_len = r->source.text.len,
        .args = r->rehearsal.args ? r->rehearsal.args : r->given,
        .operator_name = r->operator_name,
    };
    return r->journal && gate_record(&r->gate, "run.start", run_start(&r->scene, &facts), e) &&
           gate_sync(&r->gate, e);
}

static bool keep_plan(struct run *r, struct err *e) {
    struct val *steps = plan_to_val(&r->plan, r->host->model, e), *v = val_map();
    bool ok = steps && v && val_set(v, "steps", val_ref(steps));
    struct buf json = BUF_EMPTY, path = BUF_EMPTY;
    if (ok) json_print_pretty(&json, v);
    buf_printf(&path, "%s/plan.json", buf_str(&r->dir));
    ok = ok && !json.failed && !path.failed && file_replace(path.data, json.data, json.len, e) &&
         journal_append_large(r->journal, "plan", val_map(), "steps", val_ref(steps), e) &&
         gate_sync(&r->gate, e);
    buf_free(&json);
    buf_free(&path);
    val_unref(steps);
    val_unref(v);
    return ok;
}

// --- the plan --------------------------------------------------------------------------

static bool rehearse(struct run *r, struct err *e) {
    struct pass_setup setup = setup_of(r, &r->rehearsal_gate, false);
    r->rehearsal = (struct rehearsal){.scene = &r->scene,
                                      .gate = &r->rehearsal_gate,
                                      .live = &r->live,
                                      .advisor = r->host->advisor,
                                      .given = r->given};
    struct pass_handler handler = rehearsal_handler(&r->rehearsal);
    struct pass_end end;
    pass_run(&setup, &handler, &end);
    r->declaration = val_ref(end.declaration);
    bool finished = end.finished;
    if (!finished) *e = end.err;
    const struct val *survivors = val_get(end.value, "survivors"),
                     *around = val_get(end.value, "around");
    if (val_type(survivors) == VAL_LIST) plan_put(&r->plan.survivors, val_ref(survivors));
    if (val_type(around) == VAL_LIST) plan_put(&r->plan.around, val_ref(around));
    pass_end_free(&end);
    r->plan.rehearsed_count = r->plan.call_count;
    return finished;
}

static bool advise_all(struct run *r, struct err *e) {
    struct advice a = {.loop = r->host->loop,
                       .model = r->host->model,
                       .live = &r->live,
                       .advisor = r->host->advisor,
                       .created = r->rehearsal_gate.created};
    return advise(&a, r->plan.calls, r->plan.call_count, true, e);
}

// The instances that the arguments name.
static struct val *instances_of(const struct val *labels) {
    struct val *list = val_list();
    for (size_t i = 0; list && i < val_count(labels); i++) {
        const char *id = val_get_str(val_at(labels, i), "id", "");
        if (strncmp(id, "i-", 2) == 0) val_append(list, val_cstr(id));
    }
    return list;
}

static const struct planned_step *window_step(const struct plan *p) {
    for (size_t i = 0; i < p->step_count; i++)
        if (p->steps[i].has_window) return &p->steps[i];
    return NULL;
}

// What the plan does to connections. A plan without it is still a plan.
static void find_consequences(struct run *r) {
    const struct advisor *a = r->host->advisor;
    const struct planned_step *window = window_step(&r->plan);
    struct val *about = val_map(), *found = NULL;
    struct err e;
    bool ok = about && val_set(about, "instances", instances_of(r->scene.labels)) &&
              val_set(about, "convert", val_bool(window != NULL)) &&
              val_set(about, "settle", val_double(window ? window->settle : 0));
    if (ok && r->plan.call_count && a->consequences(a->ctx, about, &found, &e))
        plan_put(&r->plan.consequences, found);
    else if (ok && r->plan.call_count)
        console_warn(r->scene.console, "the consequences could not be worked out: %s", e.message);
    val_unref(about);
}

static void tell_plan(struct run *r) {
    struct err e;
    struct buf head = BUF_EMPTY;
    struct val *v = val_map(), *steps = plan_to_val(&r->plan, r->host->model, &e);
    buf_printf(&head, "PLAN %s", val_get_str(r->declaration, "name", r->source.file));
    struct buf line = BUF_EMPTY;
    scene_headline(&r->scene, buf_str(&head), &line);
    console_say(r->scene.console, STYLE_BOLD, "%s", buf_str(&line));
    show_plan(&r->scene, &r->plan);
    buf_free(&head);
    buf_free(&line);
    bool ok = v && steps && val_set(v, "run", val_cstr(r->id)) &&
              val_set(v, "account", val_cstr(scene_account(&r->scene))) &&
              val_set(v, "region", val_cstr(r->scene.region ? r->scene.region : "")) &&
              val_set(v, "args", val_ref(r->rehearsal.args)) &&
              val_set(v, "steps", val_ref(steps)) && val_set(v, "notes", val_ref(r->plan.notes)) &&
              val_set(v, "survivors", val_ref(r->plan.survivors)) &&
              val_set(v, "around", val_ref(r->plan.around)) &&
              val_set(v, "consequences", val_ref(r->plan.consequences));
    val_unref(steps);
    if (ok)
        scene_event(&r->scene, "plan", v);
    else
        val_unref(v);
}

// A call that AWS said it would refuse, in a step that matters: going on would end half-way.
static bool permitted(const struct run *r, struct err *e) {
    for (size_t i = 0; i < r->plan.call_count; i++) {
        const struct planned_call *c = r->plan.calls[i];
        if (c->proof != PROOF_DENIED || r->plan.steps[c->step].warn) continue;
        err_set(
            e, "UnauthorizedOperation",
            "AWS denies %s to these credentials (proven with DryRun), so the run would stop half-"
            "way; allow it, or use another --profile. Nothing was changed",
            c->proof_note);
        e->status = 403;
        return false;
    }
    return true;
}

static bool plan_run(struct run *r, struct err *e) {
    if (!backend_region(&r->host->backend, &r->scene.region, e)) return false;
    if (!rehearse(r, e) || !open_journal(r, e) || !advise_all(r, e)) return false;
    if (r->options->planned) {
        r->options->planned(r->options->planned_ctx, &r->plan);
        return true;
    }
    find_consequences(r);
    tell_plan(r);
    return permitted(r, e);
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
        .args = r->rehearsal.args,
        .operator_name = r->operator_name ? r->operator_name : "?",
    };
    r->settler = (struct settler){&r->gate, &r->live, r->host->advisor};
    r->gate.settle = settle;
    r->gate.settle_ctx = &r->settler;
    struct pass_setup setup = setup_of(r, &r->gate, true);
    struct pass_handler handler = execution_handler(&r->execution);
    bool simulated = scene_is_simulated(&r->scene);
    if (simulated) show_flows(&r->scene, r->host->advisor, "before");
    pass_run(&setup, &handler, end);
    if (end->finished) execution_left_out(&r->execution);
    if (simulated && r->gate.changed) show_flows(&r->scene, r->host->advisor, "after");
    execution_free(&r->execution);
}

static bool ready_to_ask(struct run *r, struct err *e) {
    const struct host *h = r->host;
    struct err no_terminal;
    r->confirm = (struct confirm){
        .model = h->model, .operator = h->operator, .yes = h->yes, .accept = val_get(r->rehearsal.args, "accept")};
    bool asks = !h->no_input && !h->operator && prompt_talk_is_seen();
    if (asks) r->confirm.prompt = prompt_open(h->loop, &no_terminal);
    if (confirm_asks_on_terminal(&r->confirm, &r->plan)) console_aloud(h->console);
    return confirm_possible(&r->confirm, &r->plan, e);
}

// From the rehearsal to the end of the execution; what went wrong is in the outcome.
static void go(struct run *r, struct pass_end *end) {
    struct outcome *o = &r->outcome;
    *end = (struct pass_end){0};
    bool ok = plan_run(r, &o->err);
    if (!ok && r->rehearsal_gate.latched && !*o->err.code) o->err = r->rehearsal_gate.latch;
    ok = ok && ready_to_ask(r, &o->err) && keep_plan(r, &o->err);
    if (ok) {
        execute(r, end);
        o->finished = end->finished && !r->gate.latched;
        if (!o->finished) o->err = r->gate.latched ? r->gate.latch : end->err;
    }
    // One that came when all was done changed nothing.
    if (!o->finished) o->signal = loop_signal(r->host->loop);
}

// The end of `plan` and of a dry run: the plan itself was the result.
static int end_plan(struct run *r, bool ok, const struct err *e) {
    if (!ok) say_error(r->host->console, e);
    if (!ok && loop_signal(r->host->loop)) return 128 + loop_signal(r->host->loop);
    if (!ok) return error_exit(e);
    if (r->options->planned) return EXIT_DONE;
    console_say(r->host->console, STYLE_DIM, "%s",
                r->plan.call_count ? "This was a dry run: nothing was changed."
                                   : "Nothing would be changed.");
    return r->options->detailed_exitcode && r->plan.call_count ? EXIT_CHANGES_PENDING : EXIT_DONE;
}

static int plan_only(struct run *r) {
    struct err e;
    bool ok = plan_run(r, &e);
    return end_plan(r, ok, &e);
}

static int run_it(struct run *r) {
    struct pass_end end;
    struct err e;
    go(r, &end);
    // A wrong argument is the command line's fault, not a run.
    bool usage = !r->journal && err_is(&r->outcome.err, ERR_USAGE);
    int code;
    if (usage || (!r->journal && !open_journal(r, &e))) {
        console_error(r->host->console, usage ? &r->outcome.err : &e);
        code = usage ? EXIT_USAGE : EXIT_JOURNAL;
    } else {
        code = report_run(&r->scene, &r->gate, r->host->advisor, &r->outcome, end.value);
        r->host->changed = r->outcome.changed;
    }
    pass_end_free(&end);
    return code;
}

static void free_run(struct run *r) {
    prompt_close(r->confirm.prompt);
    if (!r->journal && r->dir.len) rmdir(r->dir.data);  // nothing came of it
    journal_free(r->journal);
    rehearsal_free(&r->rehearsal);
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
    r->started_us = clock_now_us();
    int code;
    if (!prepare(r, &e)) {
        console_error(h->console, &e);
        code = error_exit(&e);
    } else {
        code = o->plan_only ? plan_only(r) : run_it(r);
    }
    free_run(r);
    return code;
}

// --- declarations ----------------------------------------------------------------------

struct val *playbook_declaration(struct host *h, const char *name, char **file, struct err *e) {
    struct source source;
    if (!source_find(name, &source, e)) return NULL;
    struct plan plan;
    struct answerer nobody = {0};
    struct gate gate = {.loop = h->loop, .model = h->model, .answerer = &nobody, .plan = &plan};
    struct pass_setup setup = {.loop = h->loop,
                               .server = h->server,
                               .gate = &gate,
                               .source = &source,
                               .run_id = "declaration",
                               .started_us = 0,
                               .deadline_ms = h->deadline_ms};
    struct pass_handler handler = {0};
    struct pass_end end = {0};
    bool ok = (plan_init(&plan) || err_memory(e)) && gate_init(&gate, e);
    if (ok) pass_run(&setup, &handler, &end);
    struct val *declaration = end.finished ? val_ref(end.declaration) : NULL;
    if (ok && !declaration) *e = end.err;
    if (file) *file = strdup(source.file);
    pass_end_free(&end);
    gate_free(&gate);
    plan_free(&plan);
    source_free(&source);
    return declaration;
}
