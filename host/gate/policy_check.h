// policy_check.h - whether the policy lets a run do what it is about to do.
//
// Owns: the judgement, and the reasons in words. It is made twice: of the whole plan before
// anything is asked, and by the gate of each call before it leaves. It reads nothing: what is
// known about resources is given to it, and what is not known counts against the call.
#ifndef CORDON_GATE_POLICY_CHECK_H
#define CORDON_GATE_POLICY_CHECK_H

#include "gate/policy.h"
#include "plan/plan.h"

struct policy_scope {
    const struct policy *policy;  // NULL: none
    const char *account, *region;
    const char *wanted_account;   // --account; NULL: not given
    const char *ticket;           // NULL: none
    int64_t max_hit;              // --max-hit; -1: not given
    bool changes;                 // false in a dry run, which needs no ticket
    const struct val *named;      // what the arguments name, {{id, name}, ...}: no others
    const struct val *tags;       // resource id -> {key: value}, of what could be read
    const struct val *own;        // ids of this machine's own instance, and of what has one of its
                                  // addresses: id -> why, a text
};

// The ceiling in force; -1: none. A flag may lower the policy's, never raise it.
int64_t policy_ceiling(const struct policy_scope *s);

// Every id that the call touches besides what its parameters only refer to: its subjects, and
// what the advisor says is hit. Adds to a map id -> true.
bool policy_touched(const struct planned_call *c, const struct val *params, struct val *ids);

// All reasons against the plan, a list of texts without doubles (empty: none), new reference; NULL
// on no memory. *ticket_alone: the ticket is all that is missing.
struct val *policy_judge_plan(const struct policy_scope *s, const struct plan *p, bool *ticket_alone);

// One call with its real ids. `created`: ids that this run made; `others`: ids of others that were
// hit so far, a map, to which this call's are added. False with ERR_POLICY.
bool policy_judge_call(const struct policy_scope *s, const struct planned_call *c,
                       const struct operation *op, const struct val *params,
                       const struct val *created, struct val *others, struct err *e);

#endif
