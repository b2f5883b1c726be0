// one_run.h - the parts of one run, for the files that make it: run.c, planning.c, holding.c.
//
// Owns: the struct alone. Everything in it is zero until it is made, and freed in one place.
#ifndef CORDON_RUN_ONE_RUN_H
#define CORDON_RUN_ONE_RUN_H

#include "journal/hold.h"
#include "journal/runs.h"
#include "run/execution.h"
#include "run/lease.h"
#include "run/patience.h"
#include "run/rehearsal.h"
#include "run/rehearsed.h"
#include "run/run.h"
#include "run/settle.h"

struct run {
    struct host *host;
    const struct run_options *options;
    struct scene scene;
    struct source source;
    char id[RUN_ID_SIZE];
    char told[RUN_ID_SIZE];  // the id that the playbook is told: the saved plan's, or the run's own
    struct val *modules;     // what it required, by name: SHA-256
    struct buf dir;
    int64_t started_us;
    struct val *given;
    struct live live;
    struct rehearsed rehearsed;
    struct answerer recorded, live_answers;
    struct plan plan;
    struct gate rehearsal_gate, gate;
    struct rehearsal rehearsal;
    struct guard guard;
    struct hold hold;
    struct lease lease;
    struct settler settler;
    struct patience patience;
    struct execution execution;
    struct confirm confirm;
    struct journal *journal;
    char *operator_name;
    struct val *declaration;
    struct outcome outcome;
    // Of a resumed run: what stands between the playbook and the execution. NULL: nothing.
    struct pass_handler (*between)(void *ctx, struct pass_handler execution);
    void *between_ctx;
};

// Of an applied plan: nothing has moved since it was saved; what has is said. True without one.
bool run_is_as_saved(struct run *r, struct err *e);
// For execution.first_yes: the plan is used up from now on. `ctx` is the run.
bool run_take_plan(void *ctx, struct err *e);
// Saves the plan where --out says. True when that was not asked for.
bool run_save_plan(const struct run *r, struct err *e);

// Everything of it that costs no call: its plan, scene, answerers, gates. Host and options are set.
bool run_make(struct run *r, struct err *e);
void run_free(struct run *r);

// Somebody is there to ask, or nothing needs a question.
bool run_ready_to_ask(struct run *r, struct err *e);

// The pass that changes things, and how it ended in the outcome.
void run_execute(struct run *r, struct pass_end *end);

// A pass of this run's playbook through the gate `g`.
struct pass_setup run_setup(struct run *r, struct gate *g, bool real_time);

// Creates the journal and writes run.start, unless there is one or only a plan is wanted.
bool run_open_journal(struct run *r, struct err *e);

// Rehearses and finds out about each call: the plan, before anything is said. Opens the journal.
bool run_plan(struct run *r, struct err *e);
// The locks and leases of the instances that the arguments name, and the policy.
bool run_hold(struct run *r, struct err *e);
bool run_guard_ask(struct run *r, struct err *e);
bool run_guard_learn(struct run *r, struct err *e);
// False when the policy is against the plan: all reasons at once.
bool run_allowed(const struct run *r, struct err *e);

// What the plan does to connections, and the plan told.
void run_tell_plan(struct run *r);
// False when AWS said of a call, in a step that matters, that it would refuse it.
bool run_permitted(const struct run *r, struct err *e);

#endif
