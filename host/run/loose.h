// loose.h - interfaces that were attached to a run's instances after it.
//
// Owns: what the facts of a run cannot know: what it never touched. An interface that came later
// carries whatever groups it was given.
#ifndef CORDON_RUN_LOOSE_H
#define CORDON_RUN_LOOSE_H

#include "run/former.h"

struct loose {
    const struct former *former;
    struct val *instances;  // {id, name}, of the run's arguments
    struct val *touched;    // the changes
    struct val *found;      // {instance, interface, groups, description}
    bool kubernetes;        // tags or descriptions say that a CNI manages it
};

bool loose_init(struct loose *l, const struct former *f, const struct val *changes, struct err *e);
void loose_free(struct loose *l);

// One read per instance for its interfaces, one for its tags. A new list, NULL on no memory.
struct val *loose_reads(const struct loose *l);

// From the answers that begin at `from`.
bool loose_judge(struct loose *l, const struct val *answers, size_t from, struct err *e);

// Names each, and who may have done it when something is not as it was left (`good` false, or one
// was found). False when one was found.
bool loose_tell(const struct loose *l, const struct scene *s, bool good);

#endif
