// recall.h - a finished or broken run, as its journal tells it.
//
// Owns: rebuilding the plan and what became of its calls (made, succeeded, unknown; which
// planned id turned into which real one) from the lines of a journal. It calls nobody.
#ifndef CORDON_RUN_RECALL_H
#define CORDON_RUN_RECALL_H

#include "gate/gate.h"

// Fills the gate's plan, bindings and list of created ids; the gate and its plan must be
// initialised and empty. `dir` is the run's directory. An intent without an outcome is
// unknown.
bool recall_run(const char *dir, struct gate *g, struct err *e);

#endif
