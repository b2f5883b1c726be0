// rehearsed.h - the answerer of a rehearsal: reads go to AWS, mutations do not.
//
// Owns: what a rehearsal answers. A mutation is answered from its output shape, with
// planned ids; a read that names planned ids from what was recorded. It never sends a
// mutation: it has no permit to send one with.
#ifndef CORDON_RUN_REHEARSED_H
#define CORDON_RUN_REHEARSED_H

#include "plan/skeleton.h"
#include "run/advisor.h"
#include "run/live.h"

struct rehearsed {
    struct live *live;
    struct model *model;
    const struct advisor *advisor;
    struct val *created;  // borrowed: the gate's list, so that the advisor knows them
    struct skeleton_counters counters;
};

bool rehearsed_init(struct rehearsed *r, struct live *live, struct model *m,
                    const struct advisor *advisor, struct err *e);
void rehearsed_free(struct rehearsed *r);
struct answerer rehearsed_answerer(struct rehearsed *r);

#endif
