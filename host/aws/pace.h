// pace.h - a budget of requests, so that a run does not throttle its own account.
//
// Owns: EC2's token buckets, kept a little below AWS's own, as pure functions. It never
// waits: it says how long.
#ifndef CORDON_AWS_PACE_H
#define CORDON_AWS_PACE_H

#include <stdint.h>

#include "base/val.h"
#include "model/model.h"

// AWS keeps such buckets by account, Region and action; one door has one account and Region.
enum pace_class { PACE_NONE, PACE_READ, PACE_UNFILTERED, PACE_MUTATE, PACE_CLASSES };

struct pace {
    struct pace_bucket {
        double tokens;  // below zero: promised to calls that wait
        int64_t at_ms;  // when it was counted; 0: full
    } buckets[PACE_CLASSES];
};

// PACE_NONE for other services than EC2.
enum pace_class pace_class_of(const struct operation *op, const struct val *params);

// Takes a token; how many milliseconds the caller has to wait for its turn, 0 mostly. Those
// who wait get their turns in the order of their calls.
int64_t pace_take(struct pace *p, enum pace_class c, int64_t now_ms);

#endif
