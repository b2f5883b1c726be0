// holding.c - what a run holds while it goes on, and what it may not touch.
#include <stdlib.h>

#include "run/one_run.h"

// A world in this process is nobody else's: what is real is not in it. A policy that was named is
// tried out on it all the same.
static bool is_shared(const struct run *r) {
    return r->host->backend.aws != NULL;
}

static bool is_guarded(const struct run *r) {
    return is_shared(r) || r->host->policy || r->host->max_hit >= 0 || r->host->account;
}

bool run_hold(struct run *r, struct err *e) {
    if (!is_shared(r) || r->options->plan_only) return true;
    char *operator_name = operator_text(r->scene.identity);
    const struct hold_owner owner = {.account = scene_account(&r->scene),
                                     .region = r->scene.region,
                                     .run = r->id,
                                     .operator_name = operator_name};
    struct val *instances = scene_instances(&r->scene);
    bool ok = (operator_name && instances) || err_memory(e);
    ok = ok && hold_take(&r->hold, &owner, instances, e);
    val_unref(instances);
    free(operator_name);
    return ok;
}

bool run_guard_ask(struct run *r, struct err *e) {
    if (!guard_init(&r->guard, r->host, &r->live, &r->scene, !r->options->plan_only, e)) return false;
    if (!is_guarded(r)) return true;
    r->gate.policy = &r->guard.scope;
    return guard_ask(&r->guard, r->plan.calls, r->plan.call_count, e);
}

// Of a plan alone it is said who holds the instance; a run is refused.
bool run_guard_learn(struct run *r, struct err *e) {
    if (!r->gate.policy) return true;
    if (!guard_learn(&r->guard, r->plan.calls, r->plan.call_count, e)) return false;
    if (lease_plan(&r->lease, &r->guard, &r->gate, r->id, e)) return true;
    if (!r->options->plan_only || !err_is(e, ERR_BUSY)) return false;
    console_warn(r->scene.console, "%s", e->message);
    return true;
}

bool run_allowed(const struct run *r, struct err *e) {
    return !r->gate.policy || guard_permits(&r->guard, &r->plan, e);
}
