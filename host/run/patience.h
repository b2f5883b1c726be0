// patience.h - waiting until what is deleted is no longer used.
//
// Owns: which refusals may pass by themselves, and for how long each call is made again. EC2 goes
// on refusing to delete a group for a while after the last interface has left it.
#ifndef CORDON_RUN_PATIENCE_H
#define CORDON_RUN_PATIENCE_H

#include "gate/gate.h"
#include "run/backend.h"

struct patient;

struct patience {
    struct gate *gate;
    backend_advance_fn *advance;  // moves a simulated time on; NULL: time goes by itself
    void *advance_ctx;
    struct patient *patients;  // those that wait now, or waited
};

// For gate->patience; ctx is a struct patience.
bool patience_wait(void *ctx, struct gate_request *r, const struct aws_reply *reply);

void patience_free(struct patience *p);

#endif
