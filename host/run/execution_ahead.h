// execution_ahead.h - the next step's before-state, read while this one works.
//
// Owns: when such reads are made, and when they are no longer true. For the execution alone.
#ifndef CORDON_RUN_EXECUTION_AHEAD_H
#define CORDON_RUN_EXECUTION_AHEAD_H

#include "run/execution.h"

// Starts the reads for this planned step, unless somebody will be asked about it anyway.
void execution_look_ahead(struct execution *x, size_t next);

// What this step changed is no longer as it was read ahead.
void execution_outdate_ahead(struct execution *x, size_t index);

// For gate->all_made; `ctx` is the execution.
void execution_look_again(void *ctx);

void execution_drop_ahead(struct execution *x);

#endif
