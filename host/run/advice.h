// advice.h - what must be known about planned calls before they are shown.
//
// Owns: reading the before-state of a set of calls, all reads in parallel, and asking the
// advisor for diff, inverse and hits; and proving permissions with DryRun=true. It never
// changes anything.
#ifndef CORDON_RUN_ADVICE_H
#define CORDON_RUN_ADVICE_H

#include "gate/gate.h"
#include "run/advisor.h"
#include "run/inquiry.h"

struct advice {
    struct loop *loop;
    struct model *model;
    struct live *live;
    const struct advisor *advisor;
    const struct val *created;   // ids that the run made
    const struct val *bindings;  // applied to the parameters first; NULL in a plan
    struct inquiry *ahead;       // reads made ahead, whose answers serve too; NULL: none
};

// Fills before, diff, inverse and hits of `count` calls. Reads about what does not exist yet are
// not made. A read that fails leaves its error as the answer; only an interruption or a
// failure of our own is false.
// `prove`: at the same time, asks AWS for each call whether it is permitted.
bool advise(const struct advice *a, struct planned_call *const *calls, size_t count, bool prove,
            struct err *e);

// Starts the reads that advise will want for these calls, and returns at once: while one step
// works, the next one's before-state is on its way. `ahead` must outlive `a`'s use of it;
// free it with inquiry_free after a wait. What could not be started is asked later. Asked again
// with the same `ahead`, only what is new or outdated is read.
void advise_ahead(struct advice *a, struct inquiry *ahead, struct planned_call *const *calls,
                  size_t count);

#endif
