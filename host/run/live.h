// live.h - the answerer that is the backend (AWS, or a world), with a short memory for reads.
//
// Owns: the reads answered in the last half minute. Until the first mutation of the run
// leaves, a read that was just made for the plan is not made again for the execution. It
// never answers a mutation from memory.
#ifndef CORDON_RUN_LIVE_H
#define CORDON_RUN_LIVE_H

#include "aws/aws.h"
#include "gate/gate.h"

struct live {
    struct answerer backend;
    struct loop *loop;
    struct val *recent;  // "service operation params" -> {at, value}
    bool forgets;        // a mutation has left: every read is fresh from now on
    struct reading *readings;  // under way
};

bool live_init(struct live *l, struct answerer backend, struct loop *loop, struct err *e);
// Reads under way are answered with an error when their answers come.
void live_free(struct live *l);

// This read's answer is what AWS said a moment ago: it need not be asked again.
void live_remember(struct live *l, const struct aws_call *call, const struct val *value);

// Its ctx is the live; valid as long as it.
struct answerer live_answerer(struct live *l);

// Answers `done` from the loop, a moment later, with this value (taken over) or error.
bool answer_later(struct loop *l, struct val *value, const struct err *error, aws_done *done,
                  void *ctx, struct err *e);

#endif
