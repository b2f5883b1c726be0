// pace.c - a budget of requests, so that a run does not throttle its own account.
//
// Owns: EC2's token buckets, as pure functions.
#include "aws/pace.h"

#include <string.h>

#include "base/text.h"

// AWS's figures are 100 and 20 a second, 50 and 10, 50 and 5: a tenth is left to others.
static const struct {
    double capacity;
    double per_second;
} budgets[PACE_CLASSES] = {
    [PACE_NONE] = {1, 1},
    [PACE_READ] = {90, 18},
    [PACE_UNFILTERED] = {45, 9},
    [PACE_MUTATE] = {45, 4.5},
};

// Neither ids nor filters nor a page size: AWS counts such a call dearer.
static bool is_unfiltered(const struct val *params) {
    for (size_t i = 0; i < val_count(params); i++) {
        const char *key = val_key_at(params, i);
        if (strcmp(key, "DryRun") != 0 && strcmp(key, "NextToken") != 0) return false;
    }
    return true;
}

enum pace_class pace_class_of(const struct operation *op, const struct val *params) {
    if (strcmp(op->service->name, "ec2") != 0) return PACE_NONE;
    if (op->mutates) return PACE_MUTATE;
    return text_starts(op->name, "Describe") && is_unfiltered(params) ? PACE_UNFILTERED : PACE_READ;
}

int64_t pace_take(struct pace *p, enum pace_class c, int64_t now_ms) {
    if (c == PACE_NONE) return 0;
    struct pace_bucket *b = &p->buckets[c];
    double capacity = budgets[c].capacity, per_ms = budgets[c].per_second / 1000.0;
    if (b->at_ms == 0)
        b->tokens = capacity;
    else if (now_ms > b->at_ms)
        b->tokens += (double)(now_ms - b->at_ms) * per_ms;
    if (b->tokens > capacity) b->tokens = capacity;
    b->at_ms = now_ms > 0 ? now_ms : 1;
    b->tokens -= 1;
    return b->tokens >= 0 ? 0 : (int64_t)(-b->tokens / per_ms) + 1;
}
