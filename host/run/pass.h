// pass.h - one execution of a playbook's code: the messages of one playbook process.
//
// Owns: starting the process, checking every message, delivering the replies one at a time
// in the order of the requests (so that the same code makes the same calls), the caps on
// what a playbook may ask for, and ending it. It decides nothing about calls: the gate
// does; nor about steps: its handler does.
#ifndef CORDON_RUN_PASS_H
#define CORDON_RUN_PASS_H

#include "child/child.h"
#include "gate/gate.h"
#include "run/backend.h"
#include "run/source.h"

// What differs between a rehearsal and an execution.
struct pass_handler {
    void *ctx;
    // The declaration has come: the arguments to run with (new reference), or false. NULL: the
    // declaration is all that is wanted; the pass ends with it.
    bool (*declared)(void *ctx, const struct val *declaration, struct val **args, struct err *e);
    // A step begins. *skip: it is not run. False: `e` is raised in the playbook.
    bool (*step)(void *ctx, const char *title, const struct val *options, bool *skip,
                 struct err *e);
    // It has ended; `error` when its function raised. False: `e` is raised in the playbook.
    bool (*step_end)(void *ctx, const struct val *error, struct err *e);
    void (*expect)(void *ctx, bool ok, const char *text, const struct val *detail);
    void (*log)(void *ctx, const char *text, const struct val *value);
    // A wait or a sleep whose end the journal of a resumed run says: true, and the time that the
    // playbook was told. NULL: none is known.
    bool (*waited)(void *ctx, int64_t *us);
};

struct pass_setup {
    struct loop *loop;
    struct fork_server *server;
    struct gate *gate;
    const struct source *source;
    const char *run_id, *ticket;  // ticket: NULL when none
    int64_t started_us;           // the time that the playbook is told
    int64_t deadline_ms;
    backend_advance_fn *advance;  // moves a simulated time on instead; NULL: time goes by itself
    void *advance_ctx;
    struct val *modules;  // name -> SHA-256: what it requires is noted, and must stay; NULL: not
    bool real_time;  // settle, wait and sleep take their time (an execution)
};

struct pass_end {
    struct val *declaration;  // new reference, NULL when it did not come so far
    struct val *value;        // what the playbook's `run` returned; NULL when it did not finish
    struct err err;           // unless it finished
    bool finished;
    int signal;  // SIGINT or SIGTERM ended it
};

// Runs it to its end. Afterwards no process of it lives, no mutation is under way and no
// window is open, unless gate->window.failed says so. `end` is filled in any case.
void pass_run(const struct pass_setup *setup, const struct pass_handler *handler,
              struct pass_end *end);

void pass_end_free(struct pass_end *end);

#endif
