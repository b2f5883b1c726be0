// replayed.h - the pass of a resumed run: replayed as far as its journal goes, then live.
//
// Owns: which steps, checks and texts come from the journal, silently, and which are the execution's.
#ifndef CORDON_RUN_REPLAYED_H
#define CORDON_RUN_REPLAYED_H

#include "run/execution.h"
#include "run/replay.h"

struct replayed {
    struct replay replay;
    struct execution *execution;
    struct pass_handler live;  // the execution's own
    const struct event *step;  // the open step's; NULL: it is new
};

// The handler for pass_run. `live`: the execution's own; all must outlive the pass. Attaches itself
// to the gate.
struct pass_handler replayed_handler(struct replayed *p, struct record *record,
                                     struct execution *execution, struct pass_handler live);

#endif
