// pass_slot.h - a pass and its unanswered requests. For pass.c and pass_requests.c alone.
#ifndef CORDON_RUN_PASS_SLOT_H
#define CORDON_RUN_PASS_SLOT_H

#include "run/pass.h"

struct pass;

// One request of the playbook, until its reply is sent.
struct slot {
    struct slot *next;
    struct pass *pass;  // NULL once the pass is over: the answer goes nowhere
    int64_t id;
    struct val *message;
    struct val *reply;  // NULL until it is known
    struct loop_timer *timer;  // of a settle or a sleep
    int64_t until;  // of a sleep: what its answer says
    struct gate_request request;
};

struct pass {
    const struct pass_setup *setup;
    const struct pass_handler *handler;
    struct pass_end *end;
    struct child *child;
    struct slot *first, **last;  // requests without a reply, in order
    struct loop_timer *patience;
    int64_t next_id;
    size_t messages, steps, logs;
    int64_t told;  // messages sent to it
    bool declared, over;
    bool at_work, handling, holds_time;  // for simulated time: see hold_time
};

// Ends the pass with a latch: the playbook did what none may do.
void pass_violation(struct pass *p, const char *what);

// Answers a request. `v` is taken over. Replies leave in the order of the requests.
void slot_value(struct slot *s, struct val *v);
void slot_error(struct slot *s, const struct err *e);

void slot_free(struct slot *s);

// Does what the request asks for, now or later. False when the protocol has no such type.
bool pass_request(struct pass *p, const char *type, struct slot *s);

// True when the protocol has requests of this type.
bool pass_knows(const char *type);

#endif
