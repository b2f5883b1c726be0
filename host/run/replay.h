// replay.h - answers a playbook from the journal of the run that it resumes.
//
// Owns: finding, for what the playbook asks, the event that it led to the last time; and saying
// when it asks for something else than then. The gate checks every call before this is asked.
#ifndef CORDON_RUN_REPLAY_H
#define CORDON_RUN_REPLAY_H

#include "gate/gate.h"
#include "run/record.h"

struct replay {
    struct record *record;
    struct gate *gate;
    // The gate's own: asked about a call that was not rehearsed and is not in the journal.
    bool (*ask)(void *ctx, struct gate_request *r, struct err *e);
    void *ask_ctx;
    // A window is opened that the journal does not have, or not whole. NULL: it just is.
    bool (*reopen)(void *ctx, struct err *e);
    void *reopen_ctx;
};

// Takes the gate's questions over, `ask` included, which must be set.
void replay_attach(struct replay *p);

// The step of this title comes next: its event, or NULL when it is new (or, with GATE_DIVERGED in
// `found`, when something else should have come).
const struct event *replay_step(struct replay *p, const char *title, enum gate_memory *found,
                                struct err *e);

// How that step ended; NULL: it did not, or is done again.
const struct event *replay_step_end(struct replay *p, const struct event *step);

// Each of these happened, in this order; false: it is new.
bool replay_expect(struct replay *p, bool ok, const char *text);
bool replay_log(struct replay *p, const char *text);
bool replay_wait(struct replay *p, int64_t *us);

// Whether something of the journal did not come again; `e` says what. For the end of the playbook.
bool replay_is_complete(struct replay *p, struct err *e);

#endif
