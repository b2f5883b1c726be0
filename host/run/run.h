// run.h - the verbs `run` and `plan`: one use of a playbook from its name to its report.
//
// Owns: the order of things (DESIGN section 6): declaration and arguments, who am I, rehearsal,
// proofs, plan, journal, execution, report.
#ifndef CORDON_RUN_RUN_H
#define CORDON_RUN_RUN_H

#include "plan/plan.h"
#include "run/host.h"
#include "run/saved_plan.h"
#include "run/source.h"

struct run_options {
    const char *playbook;
    struct source *source;  // found already, taken over; NULL: `playbook` is looked up
    char *const *pairs;  // "key=value"
    int pair_count;
    bool plan_only;          // `plan`, `run --dry-run`
    bool detailed_exitcode;  // 10 when changes are pending
    const char *out;         // with plan_only: the plan is saved in this file; NULL: it is not
    // The plan that is applied, given `source`, too: what is found must equal it. NULL mostly.
    const struct saved_plan *saved;
    // With plan_only: takes the plan, with its proofs, instead of it being shown and judged.
    // NULL mostly.
    void (*planned)(void *ctx, const struct plan *plan);
    void *planned_ctx;
};

// Gives the exit code.
int run_playbook(struct host *h, const struct run_options *o);

// The declaration of a playbook, without running it: for list, show, lint. New reference, NULL
// and `e` when it does not load.
struct val *playbook_declaration(struct host *h, const char *name, char **file, struct err *e);

// "key=value" pairs as a map of strings. ERR_USAGE for a malformed or repeated one.
struct val *parse_pairs(char *const *pairs, int count, struct err *e);

#endif
