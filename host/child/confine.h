// confine.h - what the fork server and its children take away from themselves.
//
// Owns: environment, descriptors, limits, dumps, death with the parent. System calls
// are filtered later, by the process that knows which ones it needs.
#ifndef CORDON_CHILD_CONFINE_H
#define CORDON_CHILD_CONFINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// The one descriptor that a server or a child keeps, beside 0 to 2 (which lead nowhere).
#define CONFINED_FD 3

// Seconds of CPU time that a child may have beyond its deadline, so that the watchdog in
// the host is always the one that ends it.
#define CONFINED_CPU_SLACK 1

// For the server, straight after its fork: no environment (its bytes are overwritten),
// own session, no descriptor but `fd`, which becomes CONFINED_FD. False: give up.
bool confine_server(int fd, pid_t parent);

// For a child, straight after its fork. `deadline_ms` bounds its CPU time from above; the
// host's watchdog is the precise one. False: give up.
bool confine_child(int fd, pid_t parent, int64_t deadline_ms);

#endif
