// fork_server.h - starting playbook processes, for child.c only.
#ifndef CORDON_CHILD_FORK_SERVER_H
#define CORDON_CHILD_FORK_SERVER_H

#include <stdint.h>

#include "child/child.h"

// The host's side of a new process. The caller owns all three.
struct started {
    int socket;  // frames, both ways; non-blocking
    int pidfd;   // to signal it, and nobody else
    int status;  // a pipe: one struct child_status when it was reaped, then the end;
                 // the end alone when the fork server died (and with it the child)
};

// As waitid(2) says: CLD_EXITED, CLD_KILLED or CLD_DUMPED, and its number.
struct child_status {
    int32_t code;
    int32_t number;
};

// Takes a moment (one fork), 5 s at the very most.
bool fork_server_spawn(struct fork_server *s, int64_t deadline_ms, struct started *out,
                       struct err *e);

#endif
