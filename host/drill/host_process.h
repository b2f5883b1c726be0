// host_process.h - a host of its own for one run of a drill: a process that can be killed.
//
// Owns: forking it, giving it simulated time, derived randomness, a private state folder and the
// drill's world instead of AWS, answering its questions until it ends, and killing it where the
// drill says so. What it does on disk stays as it was then, as after any kill.
#ifndef CORDON_DRILL_HOST_PROCESS_H
#define CORDON_DRILL_HOST_PROCESS_H

#include "run/host.h"

struct host_setup {
    const char *state_dir;
    uint64_t seed;
    int64_t now_us, latency_ms;
    // What it does, in the new process: the exit code.
    int (*job)(struct host *h, void *ctx);
    void *ctx;
};

struct host_end {
    int exit;
    struct buf transcript;  // what it said; empty when it was killed
};

// Runs it to its end. False with `e` when it could not be run, hung, or a signal came (then it
// was killed). Free end->transcript.
bool host_process_run(struct host *h, const struct host_setup *setup, struct host_end *end,
                      struct err *e);

#endif
