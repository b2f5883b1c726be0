// skeleton.h - the answer to a call that was only rehearsed, made from its output shape.
//
// Owns: planned ids ("sg-(planned-1)"): which members of an output are ids of what was
// created, and their numbers. It never invents anything else: members whose value only
// AWS can know are left out.
#ifndef CORDON_PLAN_SKELETON_H
#define CORDON_PLAN_SKELETON_H

#include "base/err.h"
#include "base/val.h"
#include "model/model.h"

struct skeleton_counters {
    struct val *by_prefix;  // "sg" -> 2; starts as NULL
};

// New reference; an empty map for an operation without output.
struct val *skeleton_answer(struct model *m, const struct operation *op, const struct val *params,
                            struct skeleton_counters *counters, struct err *e);

void skeleton_free(struct skeleton_counters *counters);

#endif
