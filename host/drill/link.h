// link.h - the socket between a drill's runner and the host process of a run.
//
// Owns: whole messages, both ways, waiting for each. Both ends are this program, and one of them
// always waits for the other.
#ifndef CORDON_DRILL_LINK_H
#define CORDON_DRILL_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"

struct link {
    int fd;
    struct buf in;
};

bool link_send(struct link *l, const struct val *message, struct err *e);

enum link_got { LINK_MESSAGE, LINK_ENDED, LINK_TIMEOUT, LINK_SIGNAL, LINK_BROKEN };

// Waits for the next message, `timeout_ms` at most (below 0: no limit). `stop`, where given, is
// asked after each interruption: true ends the waiting. *message: a new reference.
enum link_got link_receive(struct link *l, int timeout_ms, bool (*stop)(void *ctx), void *ctx,
                           struct val **message);

void link_free(struct link *l);

#endif
