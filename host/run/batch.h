// batch.h - several calls at once, and waiting for all of them.
//
// Owns: counting the answers. An interrupted batch is left behind: its late answers go
// nowhere.
#ifndef CORDON_RUN_BATCH_H
#define CORDON_RUN_BATCH_H

#include "gate/gate.h"

struct batch_item;

struct batch {
    struct loop *loop;
    struct batch_item *items;
    size_t pending;
    bool done;
};

// `ctx` must outlive batch_wait.
bool batch_add(struct batch *b, const struct answerer *a, const struct aws_call *call,
               aws_done *done, void *ctx, struct err *e);

// Until all are answered. False with ERR_INTERRUPTED when a signal came first.
bool batch_wait(struct batch *b, struct err *e);

// Late answers go nowhere from now on.
void batch_leave(struct batch *b);

// An answer as the advisor wants it: {value = result} or {error = {...}}. New reference, NULL on
// no memory.
struct val *answer_value(const struct aws_reply *reply);

#endif
