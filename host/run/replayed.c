// replayed.c - the journal's steps before the execution's.
#include "run/replayed.h"

#include <string.h>

// Every call of the step is answered: there is nothing to ask about.
static bool is_all_known(const struct execution *x, const char *title) {
    for (size_t i = x->next_step; i < x->plan->step_count; i++) {
        const struct planned_step *s = &x->plan->steps[i];
        if (strcmp(s->title, title) == 0) return s->count && !plan_calls_left(x->plan, s);
    }
    return false;
}

static bool begin_step(void *ctx, const char *title, const struct val *options, bool *skip,
                       struct err *e) {
    struct replayed *p = ctx;
    struct execution *x = p->execution;
    enum gate_memory found;
    if (x->gate->latched) {
        *e = x->gate->latch;
        return false;
    }
    p->step = replay_step(&p->replay, title, &found, e);
    if (found == GATE_DIVERGED) gate_latch(x->gate, e);
    if (found == GATE_DIVERGED) return false;
    bool skipped = p->step && strcmp(val_get_str(p->step->answer, "answer", ""), "skip") == 0;
    bool silent = skipped || (p->step && replay_step_end(&p->replay, p->step)) ||
                  is_all_known(x, title);
    if (!silent) return p->live.step(p->live.ctx, title, options, skip, e);
    *skip = skipped;
    return execution_recall_step(x, title, options, skipped, e);
}

static bool end_step(void *ctx, const struct val *error, struct err *e) {
    struct replayed *p = ctx;
    const struct event *end = p->step ? replay_step_end(&p->replay, p->step) : NULL;
    p->step = NULL;
    if (!end) return p->live.step_end(p->live.ctx, error, e);
    if (val_as_bool(val_get(end->line, "ok"), false) == !error)
        return execution_recall_end(p->execution, error, e);
    err_set(e, ERR_LEFT_PLAN, "the playbook left its journal at line %lld: the step ended otherwise; "
                              "take the run back instead", (long long)end->seq);
    gate_latch(p->execution->gate, e);
    return false;
}

static void expect(void *ctx, bool ok, const char *text, const struct val *detail) {
    struct replayed *p = ctx;
    struct execution *x = p->execution;
    if (!replay_expect(&p->replay, ok, text)) {
        p->live.expect(p->live.ctx, ok, text, detail);
        return;
    }
    x->expectations++;
    x->failed_expectations += !ok;
    x->outcome->not_verified = x->outcome->not_verified || !ok;
}

static void log_line(void *ctx, const char *text, const struct val *value) {
    struct replayed *p = ctx;
    if (!replay_log(&p->replay, text)) p->live.log(p->live.ctx, text, value);
}

static bool declared(void *ctx, const struct val *declaration, struct val **args, struct err *e) {
    struct replayed *p = ctx;
    return p->live.declared(p->live.ctx, declaration, args, e);
}

static bool waited(void *ctx, int64_t *us) {
    struct replayed *p = ctx;
    return replay_wait(&p->replay, us);
}

struct pass_handler replayed_handler(struct replayed *p, struct record *record,
                                     struct execution *execution, struct pass_handler live) {
    *p = (struct replayed){.replay = {.record = record, .gate = execution->gate},
                           .execution = execution,
                           .live = live};
    replay_attach(&p->replay);
    return (struct pass_handler){p, declared, begin_step, end_step, expect, log_line, waited};
}
