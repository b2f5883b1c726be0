// gate_checks.c - the column of checks , one function a check.
#include "gate/gate_checks.h"

#include <stdio.h>

#include "codec/codec.h"
#include "plan/binding.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool check_known(struct gate *g, struct gate_request *r, struct err *e) {
    r->op = model_operation(g->model, r->service, r->operation, e);
    return r->op != NULL;
}

static bool check_returns_no_credentials(struct gate *g, struct gate_request *r, struct err *e) {
    (void)g;
    if (!r->op->credential_output) return true;
    return err_set(e, ERR_REFUSED,
                   "%s returns credentials; the host never gives credentials to a playbook",
                   r->op->name);
}

static bool check_shape(struct gate *g, struct gate_request *r, struct err *e) {
    return codec_check(g->model, r->op, r->params, e);
}

bool gate_changes(const struct gate_request *r) {
    return codec_changes(r->op, r->params);
}

static bool check_number(struct gate *g, struct gate_request *r, struct err *e) {
    bool changes = gate_changes(r);
    size_t *count = changes ? &g->mutations : &g->reads;
    size_t most = changes ? GATE_MAX_MUTATIONS : GATE_MAX_READS;
    if (++*count <= most) return true;
    return err_set(e, ERR_REFUSED, "a run may make %zu %s calls at most", most,
                   changes ? "mutating" : "reading");
}

static bool check_step(struct gate *g, struct gate_request *r, struct err *e) {
    if (g->step_open && g->step_confirmed) return true;
    return err_set(e, ERR_REFUSED,
                   "%s changes something and must be inside a confirmed step: step(\"...\", "
                   "function() ... end)",
                   r->op->name);
}

static bool check_key(struct gate *g, struct gate_request *r, struct err *e) {
    if (!keys_next(&g->keys, g->step, r->branch, r->key, e)) return false;
    if (g->mode == GATE_EXECUTION) r->planned = plan_find(g->plan, r->key);
    r->closing = g->part == WINDOW_CLOSING && g->window.open;
    return true;
}

static bool check_latch(struct gate *g, struct gate_request *r, struct err *e) {
    if (!g->latched || r->closing) return true;
    *e = g->latch;
    return false;
}

static struct val *planned_params(struct gate *g, const struct planned_call *p, struct err *e) {
    return binding_apply(g->bindings, p->params, e);
}

// The approved call, bound to real ids, is the one that was asked for.
static bool equals_planned(struct gate *g, const struct gate_request *r, struct err *e) {
    const struct planned_call *p = r->planned;
    if (!p || (p->made && !r->closing) || p->op != r->op || p->step != g->step ||
        p->window != g->part)
        return false;
    struct val *bound = planned_params(g, p, e);
    bool equal = bound && val_equal(bound, r->params);
    val_unref(bound);
    return equal;
}

static bool record_rehearsed(struct gate *g, struct gate_request *r, struct err *e) {
    r->planned = plan_add_call(g->plan, g->step, r->key, r->op, r->params, g->part, e);
    return r->planned != NULL;
}

static bool check_rehearsed(struct gate *g, struct gate_request *r, struct err *e) {
    if (g->mode == GATE_REHEARSAL) return record_rehearsed(g, r, e);
    if (equals_planned(g, r, e)) return true;
    r->planned = NULL;
    bool may_ask = g->ask && g->part == WINDOW_NONE;
    if (may_ask && g->ask(g->ask_ctx, r, e)) return true;
    if (!may_ask)
        err_set(e, ERR_LEFT_PLAN,
                "%s is not the call that was rehearsed and approved here; nothing was sent. "
                "Run again to see the new plan",
                r->op->name);
    gate_latch(g, e);
    return false;
}

static bool check_bound(struct gate *g, struct gate_request *r, struct err *e) {
    const char *planned = g->mode == GATE_EXECUTION ? planned_id_in(r->params) : NULL;
    if (!planned) return true;
    err_set(e, ERR_LEFT_PLAN, "%s names %s, which was never created; nothing was sent",
            r->op->name, planned);
    gate_latch(g, e);
    return false;
}

// The policy, once more: of a call with its real ids.
static bool check_policy(struct gate *g, struct gate_request *r, struct err *e) {
    if (g->mode != GATE_EXECUTION || !g->policy || r->closing) return true;
    if (policy_judge_call(g->policy, r->planned, r->op, r->params, g->created, g->others, e)) return true;
    gate_latch(g, e);
    return false;
}

typedef bool check_fn(struct gate *g, struct gate_request *r, struct err *e);

// What every call passes, in this order.
static check_fn *const checks_of_all[] = {check_known, check_returns_no_credentials, check_shape,
                                          check_number};
// What mutations pass besides.
static check_fn *const checks_of_mutations[] = {check_step, check_key, check_latch,
                                                check_rehearsed, check_bound, check_policy};

static bool pass_checks(check_fn *const *checks, size_t count, struct gate *g, struct gate_request *r,
                 struct err *e) {
    for (size_t i = 0; i < count; i++) {
        if (checks[i](g, r, e)) continue;
        if (r->op) snprintf(e->operation, sizeof e->operation, "%s", r->op->name);
        return false;
    }
    return true;
}

bool gate_check_call(struct gate *g, struct gate_request *r, struct err *e) {
    return pass_checks(checks_of_all, COUNT(checks_of_all), g, r, e);
}

bool gate_check_mutation(struct gate *g, struct gate_request *r, struct err *e) {
    return pass_checks(checks_of_mutations, COUNT(checks_of_mutations), g, r, e);
}
