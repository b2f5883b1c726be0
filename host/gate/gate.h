// gate.h - what every call of a playbook passes before it may do anything.
//
// Owns: the column of checks (DESIGN section 5), the latch, the open step, the order
// "intent on disk, then the request, then the outcome", and the only permits that the
// AWS door accepts. It never asks the operator itself and never trusts the playbook.
#ifndef CORDON_GATE_GATE_H
#define CORDON_GATE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/aws.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/val.h"
#include "gate/key.h"
#include "gate/policy_check.h"
#include "gate/window.h"
#include "journal/journal.h"
#include "plan/plan.h"

// Who answers the calls of a pass: AWS itself, or a rehearsal. As aws_start.
struct answerer {
    void *ctx;
    bool (*call)(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                 struct err *e);
};

enum gate_mode {
    GATE_REHEARSAL,  // mutations are recorded in the plan; no permit is ever made
    GATE_EXECUTION   // mutations must equal the rehearsed ones
};

// One call on its way. The caller fills the first part and keeps the strings and values
// alive until `done`; the gate fills the rest. `done` comes once, from the loop, and
// never when gate_submit returned false. The reply's value is redacted.
struct gate_request {
    const char *branch;
    const char *service;
    const char *operation;
    const struct val *params;
    aws_done *done;
    void *ctx;

    struct gate *gate;
    const struct operation *op;
    struct val *prepared;  // parameters as they are sent
    struct planned_call *planned;
    char key[KEY_SIZE];
    bool closing;
    bool own;     // the host's own, as gate_submit_own says
    bool last;    // own: passes the latch
    bool resent;  // its fate was looked up, it had not taken effect, and it was sent once more
    struct gate_request *next;
    struct gate_request *next_started, **link_started;  // while its answer is due
};

// What reads say of a mutation whose answer never came.
enum gate_fate { FATE_LOOKED_DONE, FATE_LOOKED_NOT_DONE, FATE_STILL_UNKNOWN };

// What a resumed run's journal says of a call that the playbook asks for.
enum gate_memory {
    GATE_NEW,     // nothing: it goes its way
    GATE_KNOWN,   // its answer, which comes by gate_recalled, later, exactly once
    GATE_DIVERGED  // the playbook left its journal: refused
};

#define GATE_MAX_READS 100000
#define GATE_MAX_MUTATIONS 20000

struct gate {
    enum gate_mode mode;
    struct loop *loop;
    struct model *model;
    const struct answerer *answerer;
    struct journal *journal;  // NULL in a rehearsal
    struct plan *plan;
    struct val *bindings;  // planned id -> real id
    struct keys keys;
    struct val *created;  // ids that this run made, planned ones in a rehearsal

    bool step_open;
    bool step_confirmed;
    size_t step;
    enum window_part part;  // what the calls that come now are
    struct window window;

    bool latched;
    struct err latch;

    // A mutation that was not rehearsed: asks the operator, adds it to the plan and says yes,
    // or fills `e`. NULL: nobody to ask.
    bool (*ask)(void *ctx, struct gate_request *r, struct err *e);
    void *ask_ctx;

    // A mutation whose fate is not known: looks it up with reads and calls gate_settled, later,
    // exactly once. False: it cannot be looked up. NULL: never.
    bool (*settle)(void *ctx, struct gate_request *r, const struct aws_reply *reply);
    void *settle_ctx;

    // A mutation that AWS refused: where that may pass by itself (what it deletes is used still), it
    // calls gate_again, later, exactly once. False: it does not. NULL: nobody waits.
    bool (*patience)(void *ctx, struct gate_request *r, const struct aws_reply *reply);
    void *patience_ctx;

    // Of a resumed run: asked about each call that has passed its checks, before its intent; and
    // whether the window that is to be opened was opened and closed already. NULL: nothing is known.
    enum gate_memory (*recall)(void *ctx, struct gate_request *r, struct err *e);
    enum gate_memory (*recall_window)(void *ctx, struct err *e);
    void *recall_ctx;

    // Mutations are about to leave: the host's own may join them by gate_submit_own, without a
    // round trip of their own. NULL: nobody to tell.
    void (*beside)(void *ctx);
    void *beside_ctx;

    const struct policy_scope *policy;  // what each mutation must pass but a closing call; NULL: none
    struct val *others;                 // ids of others that were hit so far, a map

    // The open step's planned calls have all been made and answered. NULL: nobody to tell.
    void (*all_made)(void *ctx);
    void *all_made_ctx;

    // Something the operator should know at once, in one line. NULL: nobody to tell.
    void (*tell)(void *ctx, const char *text);
    void *tell_ctx;

    size_t reads, mutations;
    size_t in_flight;  // mutations sent and not answered
    bool slept;        // the playbook has waited in the open step, perhaps for EC2 to catch up
    bool changed;      // a mutation of this run succeeded, or may have
    bool unknown;      // the fate of one is not known
    bool journal_lost;
    struct err journal_loss;  // why
    struct gate_request *queue, **queue_end;
    struct gate_request *started;
};

bool gate_init(struct gate *g, struct err *e);
void gate_free(struct gate *g);

// Passes the checks and starts a read, or queues a mutation until gate_flush. False when a
// check refused it: `e` says which; the request is the caller's again.
bool gate_submit(struct gate *g, struct gate_request *r, struct err *e);

// A mutation of the host itself, in no plan (a lease): queued until gate_flush like any other,
// intent first, with the key that it has. It counts as no change of the run, and its fate is
// nobody's question. `last`: it passes the latch. False, and `done` never, when it cannot go.
bool gate_submit_own(struct gate *g, struct gate_request *r, bool last, struct err *e);

// Puts the queued intents on disk with one sync, then sends the requests.
void gate_flush(struct gate *g);

// The word of `settle`. `result`: what the call would have answered, borrowed; `reply`: what was
// answered instead.
void gate_settled(struct gate *g, struct gate_request *r, enum gate_fate fate,
                  const struct val *result, const struct aws_reply *reply);

// The word of `patience`: the call is made once more. False: it was not, its answer is `reply`.
bool gate_again(struct gate *g, struct gate_request *r, const struct aws_reply *reply);

// The word of `recall`: nothing is sent, nothing is journaled.
void gate_recalled(struct gate_request *r, const struct aws_reply *reply);

// What a call of the plan answered: planned ids are bound, and what it made is known.
void gate_learn(struct gate *g, const struct planned_call *p, const struct val *result);

// Every later mutation is refused with `why`, closing calls excepted. The first latch stays.
void gate_latch(struct gate *g, const struct err *why);

// Opens a step for mutations. In an execution `confirmed` is the operator's word.
bool gate_open_step(struct gate *g, size_t step, bool confirmed, struct err *e);
// Ends it; the keys of its planned calls that were not made, a list (new reference).
struct val *gate_close_step(struct gate *g);

// Appends to the journal and notes a loss (which latches). True without a journal.
// `members` is consumed.
bool gate_record(struct gate *g, const char *kind, struct val *members, struct err *e);
bool gate_sync(struct gate *g, struct err *e);

// Notes the ids that an answer names where the rehearsed one has new planned ids. For this folder
// alone.
void gate_note_created(struct gate *g, const struct val *planned, const struct val *real);

// Gives the request its answer. For this folder alone.
void gate_finish(struct gate_request *r, const struct aws_reply *reply);

// The host's own closing call (window.c, `cordon close`): no plan to compare with; the
// approval is in the journal. Journals what it can, sends in any case.
bool gate_send_closing(struct gate *g, struct gate_request *r, struct err *e);

#endif
