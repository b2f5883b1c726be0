// gate_checks.h - the column of checks. For this folder alone.
#ifndef CORDON_GATE_GATE_CHECKS_H
#define CORDON_GATE_GATE_CHECKS_H

#include "gate/gate.h"

// What every call passes: finds the operation, checks its parameters and the caps.
bool gate_check_call(struct gate *g, struct gate_request *r, struct err *e);

// What mutations pass besides: step, key, latch, plan, bound ids. May ask the operator; a
// refusal that must hold latches.
bool gate_check_mutation(struct gate *g, struct gate_request *r, struct err *e);

// True when the request changes something: neither a read nor a dry run.
bool gate_changes(const struct gate_request *r);

#endif
