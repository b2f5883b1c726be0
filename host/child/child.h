// child.h - playbook processes, as the host sees them.
//
// Owns: the fork server (forked at start-up, before credentials, curl or threads),
// starting a playbook process from it, frames to and from it, killing it. It never
// trusts a message: frames are capped and decoded by wire.h, nothing here blocks.
#ifndef CORDON_CHILD_CHILD_H
#define CORDON_CHILD_CHILD_H

#include "base/err.h"
#include "base/loop.h"
#include "base/val.h"

struct fork_server;
struct child;

// What a playbook process runs: serves one pass over `fd`, then returns its exit code.
// Given by lua/ so that this folder knows no Lua.
typedef int child_main(int fd);

// Forks the server. Call it first thing in main. It dies with this process.
struct fork_server *fork_server_start(child_main *serve, struct err *e);
void fork_server_stop(struct fork_server *s);

enum child_end {
    CHILD_EXITED,     // by itself
    CHILD_KILLED,     // by child_kill
    CHILD_CRASHED,    // by a signal that we did not send
    CHILD_MALFORMED   // it sent what can never be a frame, or flooded; it was killed
};

struct child_handler {
    // One message, in order. The value is borrowed.
    void (*message)(void *ctx, const struct val *message);
    // No more messages waiting in the buffer: time to sync and to send.
    void (*idle)(void *ctx);
    // Once, last. `signal` is the number for CHILD_CRASHED.
    void (*ended)(void *ctx, enum child_end how, int signal);
    void *ctx;
};

// A new playbook process. `deadline_ms` of its own computing, measured in wall time
// while the host owes it nothing (child_clock_stop .. child_clock_start), then SIGKILL.
struct child *child_start(struct fork_server *s, struct loop *l, int64_t deadline_ms,
                          const struct child_handler *h, struct err *e);

// Queues a message. False when the value cannot be framed, its queue is full, or it was
// killed. For one that has ended by itself it is dropped: its last words (`done`, and why)
// may still be on their way, and `ended` follows them.
bool child_send(struct child *c, const struct val *message, struct err *e);

// Messages are read only while it is not paused (a prompt is open, its queue is full).
void child_pause(struct child *c);
void child_resume(struct child *c);

// The watchdog runs only while started; it is started at child_start.
void child_clock_stop(struct child *c);
void child_clock_start(struct child *c);
bool child_overdue(const struct child *c);  // its deadline killed it

void child_kill(struct child *c);  // SIGKILL; `ended` follows from the loop
void child_free(struct child *c);  // kills, reaps; no callback after this

#endif
