// client.h - the calls of a host process that has a drill's world instead of AWS.
//
// Owns: sending a call over the link, its latency and its retries in simulated time (by the same
// decisions as the AWS client, aws/retry.h), and the rule of the door in front of it: a mutation
// without a permit goes only as DryRun=true. There is no socket in it but the link.
#ifndef CORDON_DRILL_CLIENT_H
#define CORDON_DRILL_CLIENT_H

#include "drill/link.h"
#include "gate/gate.h"
#include "plan/skeleton.h"
#include "run/advisor.h"
#include "run/confirm.h"

struct client {
    struct link *link;
    struct loop *loop;
    struct model *model;
    int64_t latency_ms;
    int quota;  // of retries
    struct skeleton_counters counters;
    const char *state_dir;         // whose journal a full disk stops
    const struct buf *transcript;  // shown to the runner at the first question
    bool asked, disk_full;
};

// Asks the runner: drill.FUNCTION of the drill's stage.
bool client_world(void *ctx, const char *function, const struct val *about, struct val **answer,
                  struct err *e);

// The advisor of this process: as `real`, but its world is the runner's. One client a process.
struct advisor client_advisor(struct client *c, const struct advisor *real);

struct answerer client_answerer(struct client *c);

// The drill's operator; valid as long as the client.
struct operator client_operator(struct client *c);

#endif
