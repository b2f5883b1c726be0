// guard.h - what must be known to judge a plan by the policy, and the judgement.
//
// Owns: the reads about the instances that the arguments name and about what the plan touches
// (their tags, when the policy protects by tags), this machine's own addresses, and the scope
// that the gate judges by. All reads go beside those that the plan needs anyway.
#ifndef CORDON_RUN_GUARD_H
#define CORDON_RUN_GUARD_H

#include "run/batch.h"
#include "run/live.h"
#include "run/scene.h"

struct guard {
    struct host *host;
    struct live *live;
    const struct scene *scene;
    struct policy_scope scope;  // for gate->policy
    struct batch batch;
    struct val *instances;      // id -> Instance, of those that the arguments name
    struct val *tags, *own;     // as in the scope
    struct val *asked;          // ids whose tags were asked for, a map
    struct tag_read *reads;     // under way, or done
    struct err err;             // why an answer could not be kept
    bool failed;
    bool instances_unknown;     // they could not be described
};

// Empty, and not to be moved. Free it in any case. `changes`: no dry run.
bool guard_init(struct guard *g, struct host *h, struct live *live, const struct scene *s,
                bool changes, struct err *e);
void guard_free(struct guard *g);

// The account and what the arguments stand for are known (in the scene), and the calls are: starts
// the reads, and returns at once.
bool guard_ask(struct guard *g, struct planned_call *const *calls, size_t count, struct err *e);

// What is hit is known too: waits, and reads what is still missing. A read that fails is no
// failure: what is not known counts against the plan where it matters.
bool guard_learn(struct guard *g, struct planned_call *const *calls, size_t count, struct err *e);

// False with all reasons: ERR_POLICY, or ERR_USAGE when only the ticket is missing.
bool guard_permits(const struct guard *g, const struct plan *p, struct err *e);

// For a call that was not planned, before anybody is asked about it: both, and the judgement.
bool guard_permits_call(struct guard *g, struct planned_call *c, const struct val *created,
                        struct err *e);

#endif
