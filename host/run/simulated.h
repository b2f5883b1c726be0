// simulated.h - the answerer that is a simulated world.
//
// Owns: asking world.lua (trusted) about each call, and the rule of the door in front of it: a
// mutation without a permit is answered only as DryRun=true. It reaches no network.
#ifndef CORDON_RUN_SIMULATED_H
#define CORDON_RUN_SIMULATED_H

#include "gate/gate.h"
#include "plan/skeleton.h"
#include "run/advisor.h"

struct simulated {
    struct loop *loop;
    struct model *model;
    const struct advisor *advisor;
    struct skeleton_counters counters;
    struct val *facts;  // {account, region}, asked once
};

struct answerer simulated_answerer(struct simulated *s);
void simulated_free(struct simulated *s);
const char *simulated_region(struct simulated *s);
void simulated_advance(struct simulated *s, double seconds);

// One call, answered at once: *result (new reference), or false with AWS's code and status.
// An operation that the simulator does not model is answered from its output shape.
bool simulated_answer(struct simulated *s, const struct operation *op, const struct val *params,
                      struct val **result, struct err *e);

// What a server wants to know besides.
struct simulated_note {
    char shape[96];   // an error's name in the JSON protocols; "" when it is the code
    int64_t wait_ms;  // an empty result; within this time there may be more
};
// The same for a server: time follows the real clock (`now_us`), and nothing waits.
bool simulated_serve(struct simulated *s, const struct operation *op, const struct val *params,
                     int64_t now_us, struct simulated_note *note, struct val **result,
                     struct err *e);

#endif
