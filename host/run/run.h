// run.h - the verbs `run` and `plan`: one use of a playbook from its name to its report.
//
// Owns: the order of things (DESIGN section 6): declaration and arguments, who am I, rehearsal,
// proofs, plan, journal, execution, report.
#ifndef CORDON_RUN_RUN_H
#define CORDON_RUN_RUN_H

#include "plan/plan.h"
#include "run/host.h"
#include "run/live.h"
#include "run/outcome.h"
#include "run/saved_plan.h"
#include "run/scene.h"
#include "run/source.h"

// New references, NULL until they are known.
struct script_arguments {
    struct val *args;     // what the playbook runs with
    struct val *labels;   // of the headline
    struct val *created;  // ids that an earlier run made: they are this run's own
};

// What a verb of the host's own (undo) does around the one run path: its playbook is trusted and
// embedded, and its arguments do not come from a command line. All functions are called once, in
// this order; `ctx` is theirs.
struct run_script {
    void *ctx;
    const struct val *reads;    // calls, asked together with who am I
    // From the answers ({value} or {error} each, beside `reads`).
    bool (*arguments)(void *ctx, const struct scene *s, const struct val *answers,
                      struct script_arguments *out, struct err *e);
    // Below the headline of the plan.
    void (*tell)(void *ctx, const struct scene *s);
    // There are calls, and they may be sent when this returns true. `run_id`: the id of this run.
    bool (*begin)(void *ctx, const struct scene *s, const char *run_id, const char *operator_name,
                  struct err *e);
    // All is done that will be done: looks, and notes in the outcome what is not as it should be.
    void (*check)(void *ctx, const struct scene *s, struct live *live, struct outcome *o);
    // `run_id`: as for `begin`; NULL when there was nothing to do. Gives the exit code.
    int (*end)(void *ctx, const struct scene *s, const char *run_id, const struct outcome *o,
               int exit);
};

struct run_options {
    const char *playbook;
    const struct run_script *script;  // NULL: a playbook of the operator's
    struct buf *dir;         // the run's directory, when it got one; NULL: not wanted
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
