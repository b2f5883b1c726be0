// rehearsal.h - the pass that finds the plan.
//
// Owns: what a rehearsal's steps, expectations and logs mean, and how the arguments become
// what the playbook runs with. Nothing is changed by it.
#ifndef CORDON_RUN_REHEARSAL_H
#define CORDON_RUN_REHEARSAL_H

#include "run/advisor.h"
#include "run/identity.h"
#include "run/pass.h"
#include "run/run.h"
#include "run/scene.h"

struct rehearsal {
    struct scene *scene;
    struct gate *gate;
    struct live *live;
    const struct advisor *advisor;
    const struct val *given;  // the command line's "key=value" pairs
    const struct run_script *script;  // gives the arguments instead; NULL: it does not

    struct val *created;  // the script's; NULL when there is none
    struct val *args;  // found: what the playbook runs with
};

struct pass_handler rehearsal_handler(struct rehearsal *r);
void rehearsal_free(struct rehearsal *r);

#endif
