// jobs.c - run, undo, close.
#include "drill/jobs.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/skeleton.h"
#include "run/single.h"
#include "run/taking_back.h"

static int failed(struct host *h, int code, const struct err *e) {
    console_error(h->console, e);
    return code;
}

int job_run(struct host *h, void *ctx) {
    return run_playbook(h, ctx);
}

// --- close -------------------------------------------------------------------------------

static bool close_open(struct single *s, const char *dir, const struct run_summary *run,
                       struct err *e) {
    s->journal = journal_reopen(dir, e);
    s->gate.journal = s->journal;
    return s->journal && window_adopt(&s->gate, run->closing, e) &&
           window_close(&s->gate, "close", e);
}

int job_close(struct host *h, void *ctx) {
    struct single s = {0};
    struct run_summary run;
    struct err e;
    if (!runs_summary(ctx, true, &run, &e)) return failed(h, EXIT_JOURNAL, &e);
    int code = EXIT_DONE;
    if (run.window_open) {
        bool ok = single_begin(&s, h, &e) && close_open(&s, ctx, &run, &e);
        if (!ok) code = failed(h, EXIT_WINDOW_OPEN, &e);
        single_free(&s);
    }
    run_summary_clear(&run);
    return code;
}

// --- undo --------------------------------------------------------------------------------

static bool plan_inverse(struct single *s, const struct val *calls, struct err *e) {
    if (!plan_add_step(&s->plan, "Undo", NULL, e)) return false;
    for (size_t i = 0; i < val_count(calls); i++) {
        const struct val *call = val_at(calls, i);
        const struct operation *op =
            model_operation(s->host->model, val_get_str(call, "service", ""),
                            val_get_str(call, "operation", ""), e);
        char key[KEY_SIZE];
        snprintf(key, sizeof key, "1:#%zu", i + 1);
        if (!op || !plan_add_call(&s->plan, 0, key, op, val_get(call, "params"), WINDOW_NONE, e))
            return false;
    }
    s->plan.rehearsed_count = s->plan.call_count;
    return true;
}

// What is gone already is as it should be.
static bool is_gone(const struct err *e) {
    return text_ends(e->code, ".NotFound");
}

// All of them, whatever happens to one: the first failure is told.
static bool send_inverse(struct single *s, struct err *e) {
    bool ok = true;
    for (size_t i = 0; i < s->plan.call_count; i++) {
        const struct planned_call *c = s->plan.calls[i];
        struct val *value = NULL;
        struct err why;
        if (!single_send(s, c->op, c->params, &value, &why) && !is_gone(&why)) {
            if (ok) *e = why;
            ok = false;
        }
        val_unref(value);
    }
    return ok;
}

static bool undo(struct single *s, const char *dir, struct err *e) {
    struct val *calls = taking_back(dir, e), *none = val_map();
    bool ok = calls && (none || err_memory(e)) && plan_inverse(s, calls, e) &&
              single_journal(s, "undo", none, e) && gate_open_step(&s->gate, 0, true, e);
    if (ok) {
        ok = send_inverse(s, e);
        val_unref(gate_close_step(&s->gate));
    }
    val_unref(calls);
    val_unref(none);
    return ok;
}

int job_undo(struct host *h, void *ctx) {
    struct single s = {0};
    struct err e;
    int closed = job_close(h, ctx);
    if (closed != EXIT_DONE) return closed;
    bool ok = single_begin(&s, h, &e) && undo(&s, ctx, &e);
    single_free(&s);
    return ok ? EXIT_DONE : failed(h, EXIT_PARTIAL, &e);
}
