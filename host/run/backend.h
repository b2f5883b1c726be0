// backend.h - what the calls go to: AWS, or a simulated world.
//
// Owns: the choice, made once for a run and written in its journal. There is no third way
// to answer a call, and no way to change the choice in the middle.
#ifndef CORDON_RUN_BACKEND_H
#define CORDON_RUN_BACKEND_H

#include "aws/aws.h"
#include "gate/gate.h"
#include "run/advisor.h"
#include "run/simulated.h"

struct backend {
    const char *name;          // "aws" or "simulator": said in every headline and journal
    struct answerer answers;
    struct loop *loop;
    struct aws *aws;           // NULL when simulated
    struct simulated world;    // unused when aws
};

// Sends to AWS; takes over `aws`. `b` must stay where it is.
void backend_aws(struct backend *b, struct loop *l, struct aws *aws);

// Answers from the advisor's current world (world.lua).
void backend_simulated(struct backend *b, struct loop *l, struct model *m,
                       const struct advisor *advisor);

void backend_free(struct backend *b);

// A world in this process, or an endpoint that has said that it is one (`cordon sim serve`).
bool backend_is_simulated(const struct backend *b);

// The Region in force; false with the way out.
bool backend_region(struct backend *b, const char **region, struct err *e);

// Time goes on by `seconds`: at once in a simulated world; NULL for AWS, where it goes by itself.
typedef void backend_advance_fn(void *ctx, double seconds);
backend_advance_fn *backend_advance(const struct backend *b);

// Runs the loop until the reply is there. The reply's value is a new reference in *value.
bool backend_wait(struct backend *b, const struct aws_call *call, struct aws_reply *reply,
                  struct val **value);

#endif
