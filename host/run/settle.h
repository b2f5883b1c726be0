// settle.h - finding out whether a mutation took effect whose answer never came.
//
// Owns: the reads that tell, and the patience that eventual consistency needs. It never
// assumes: what cannot be seen stays unknown.
#ifndef CORDON_RUN_SETTLE_H
#define CORDON_RUN_SETTLE_H

#include "gate/gate.h"
#include "run/advisor.h"
#include "run/live.h"

struct settler {
    struct gate *gate;
    struct live *live;
    const struct advisor *advisor;
};

// For gate->settle; ctx is a settler.
bool settle(void *ctx, struct gate_request *r, const struct aws_reply *reply);

#endif
