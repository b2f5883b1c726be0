// single.h - changing something without a playbook: one call, or a left window's closing.
//
// Owns: what such a verb needs besides the call itself: who am I, a run directory, a journal
// with its first line, a gate. The same gate and the same order as in a run.
#ifndef CORDON_RUN_SINGLE_H
#define CORDON_RUN_SINGLE_H

#include "journal/runs.h"
#include "run/guard.h"
#include "run/host.h"
#include "run/live.h"
#include "run/outcome.h"
#include "run/scene.h"
#include "run/settle.h"

struct single {
    struct host *host;
    struct scene scene;
    struct live live;
    struct answerer answers;
    struct plan plan;
    struct gate gate;
    struct settler settler;
    struct guard guard;  // empty unless the verb makes it
    struct outcome outcome;
    struct journal *journal;
    char *operator_name;
};

// Makes it, and asks who we are. Free it in any case.
bool single_begin(struct single *s, struct host *h, struct err *e);

// A new run's journal for the verb, with its run.start.
bool single_journal(struct single *s, const char *verb, const struct val *args, struct err *e);

// One mutation of the open step, waited for. `value`: the result, a new reference.
bool single_send(struct single *s, const struct operation *op, const struct val *params,
                 struct val **value, struct err *e);

void single_free(struct single *s);

#endif
