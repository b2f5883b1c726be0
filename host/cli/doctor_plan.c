// doctor_plan.c - what a playbook would be denied.
//
// Owns: turning a plan's proofs into `doctor`'s list. The plan is the one that `plan` makes.
#include "cli/doctor.h"
#include "run/run.h"

struct found {
    struct val *calls;
    bool memory;
};

static struct val *tell_call(const struct plan *p, const struct planned_call *c) {
    struct val *v = val_map();
    bool ok = v &&
              val_set(v, "call", val_printf("%s:%s", c->op->service->name, c->op->name)) &&
              val_set(v, "step", val_cstr(c->step < p->step_count ? p->steps[c->step].title : "")) &&
              val_set(v, "permission", val_cstr(proof_word(c->proof))) &&
              val_set(v, "denied", val_bool(c->proof == PROOF_DENIED)) &&
              val_set(v, "note", val_cstr(c->proof_note));
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static void take_plan(void *ctx, const struct plan *p) {
    struct found *f = ctx;
    for (size_t i = 0; i < p->call_count; i++)
        if (!val_append(f->calls, tell_call(p, p->calls[i]))) f->memory = false;
}

struct val *doctor_plan(struct host *h, const struct options *o, int *code) {
    struct found f = {val_list(), true};
    struct val *plan = val_map();
    const struct run_options run = {.playbook = o->words[1],
                                    .pairs = o->words + 2,
                                    .pair_count = o->word_count - 2,
                                    .plan_only = true,
                                    .planned = take_plan,
                                    .planned_ctx = &f};
    *code = 1;
    if (f.calls && plan) *code = run_playbook(h, &run);
    bool ok = plan && f.memory && *code == 0 && val_set(plan, "playbook", val_cstr(o->words[1])) &&
              val_set(plan, "calls", val_ref(f.calls));
    val_unref(f.calls);
    if (ok) return plan;
    val_unref(plan);
    return NULL;
}
