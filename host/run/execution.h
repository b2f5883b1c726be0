// execution.h - the pass that changes things, step by step.
//
// Owns: matching the playbook's steps with the planned ones, the fresh before-state and the
// question before each, and what is journaled of them. It sends nothing itself.
#ifndef CORDON_RUN_EXECUTION_H
#define CORDON_RUN_EXECUTION_H

#include "run/advice.h"
#include "run/confirm.h"
#include "run/guard.h"
#include "run/outcome.h"
#include "run/pass.h"

struct execution {
    struct scene *scene;
    struct gate *gate;
    struct plan *plan;
    struct advice advice;
    struct confirm *confirm;
    struct outcome *outcome;
    struct guard *guard;     // NULL: nothing is guarded
    const struct val *args;  // what the playbook runs with
    const char *operator_name;
    // Asked once, after the first yes and before anything is sent. NULL: nothing stands in the way.
    bool (*first_yes)(void *ctx, struct err *e);
    void *first_yes_ctx;
    size_t next_step;        // index of the planned step that should come next
    struct inquiry ahead;    // reads for the next step, made while this one works
    bool ahead_is_last;      // they were made after the last call of this step
    size_t expectations, failed_expectations;
};

// The handler for pass_run; `x` must outlive the pass. Sets gate->ask.
struct pass_handler execution_handler(struct execution *x);

// Of a resumed run. The step was opened, answered and, if not skipped, done before: nothing is
// shown, asked or journaled.
bool execution_recall_step(struct execution *x, const char *title, const struct val *options,
                           bool skipped, struct err *e);
// It ended then as it ends now: `error` as for a step that ends.
bool execution_recall_end(struct execution *x, const struct val *error, struct err *e);

// The playbook says that it is finished. What was approved and did not come is said; a step that
// it never ended makes the outcome no clean one.
void execution_left_out(struct execution *x);

void execution_free(struct execution *x);

#endif
