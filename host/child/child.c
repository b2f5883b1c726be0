// child.c - one playbook process, as the host sees it.
//
// Owns: its frames both ways, its watchdog, its end. The peer is hostile: what it sends
// is capped in length, count and sum, read a piece at a time so that no flood starves
// the loop, and never believed. The struct outlives any callback that frees it.
#include "child/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/wire.h"
#include "child/fork_server.h"

#define PIECE ((size_t)64 * 1024)                  // read at once
#define MAX_QUEUED (2 * WIRE_MAX_FRAME)            // bytes waiting to be sent
#define MAX_MESSAGES 1000000                       // in one pass: a flood beyond
#define MAX_RECEIVED ((size_t)1024 * 1024 * 1024)  // bytes in one pass, likewise
#define LINGER_MS 250                              // between the end of its socket and its own end

struct child {
    struct loop *loop;
    struct child_handler handler;
    struct started fds;
    struct loop_fd *socket_watch, *status_watch;
    struct loop_timer *deadline, *linger, *resumed;
    int64_t left_ms, clock_since;
    struct buf in, out;
    size_t in_used;  // bytes of `in` already delivered
    size_t messages, received;
    struct child_status status;
    int holds;  // callbacks on the stack
    bool clock_runs, overdue;
    bool paused, delivering, owes_idle;
    bool socket_ended, reaped, killed, malformed, reported, freed;
};

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void watch_events(struct child *c) {
    if (!c->socket_watch) return;
    bool reads = !c->paused && !c->delivering && !c->socket_ended && !c->killed;
    bool writes = c->out.len > 0 && !c->socket_ended && !c->killed;
    loop_fd_events(c->socket_watch, (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)));
}

static void tear_down(struct child *c) {
    loop_fd_remove(c->socket_watch);
    loop_fd_remove(c->status_watch);
    loop_timer_cancel(c->deadline);
    loop_timer_cancel(c->linger);
    loop_timer_cancel(c->resumed);
    c->socket_watch = c->status_watch = NULL;
    c->deadline = c->linger = c->resumed = NULL;
    close_fd(&c->fds.socket);
    close_fd(&c->fds.pidfd);
    close_fd(&c->fds.status);
    buf_free(&c->in);
    buf_free(&c->out);
}

static void release(struct child *c) {
    if (--c->holds == 0 && c->freed) free(c);
}

// --- its end -----------------------------------------------------------------

void child_kill(struct child *c) {
    if (c->killed || c->reaped) return;
    c->killed = true;
    // The pidfd names this process and no other, also after its death.
    pidfd_send_signal(c->fds.pidfd, SIGKILL, NULL, 0);
    watch_events(c);
}

static void refuse(struct child *c) {
    if (!c->killed) c->malformed = true;
    child_kill(c);
}

static enum child_end how_it_ended(const struct child *c) {
    if (c->malformed) return CHILD_MALFORMED;
    if (c->killed) return CHILD_KILLED;
    return c->status.code == CLD_EXITED ? CHILD_EXITED : CHILD_CRASHED;
}

// Last words first: what it sent before it went is delivered before its end is.
static void report_end(struct child *c) {
    bool drained = c->killed || (c->socket_ended && !c->paused && !c->resumed);
    if (!c->reaped || !drained || c->reported || c->delivering || c->freed) return;
    c->reported = true;
    child_clock_stop(c);
    c->holds++;
    enum child_end how = how_it_ended(c);
    c->handler.ended(c->handler.ctx, how, how == CHILD_CRASHED ? c->status.number : 0);
    release(c);
}

static void on_status(void *ctx, short revents) {
    struct child *c = ctx;
    (void)revents;
    ssize_t got = read(c->fds.status, &c->status, sizeof c->status);
    if (got < 0) return;
    // The end of the pipe alone: the fork server died, and its children with it.
    if (got != (ssize_t)sizeof c->status) c->status = (struct child_status){CLD_KILLED, SIGKILL};
    c->reaped = true;
    loop_fd_remove(c->status_watch);
    c->status_watch = NULL;
    report_end(c);
}

static void on_linger(void *ctx) {
    struct child *c = ctx;
    c->linger = NULL;
    if (!c->reaped) refuse(c);
}

static void on_socket_end(struct child *c) {
    if (c->socket_ended) return;
    c->socket_ended = true;
    buf_clear(&c->out);
    // A process that closed its socket but lives on has no business to.
    if (!c->reaped && !c->linger) c->linger = loop_watchdog_add(c->loop, LINGER_MS, on_linger, c);
    if (!c->reaped && !c->linger) refuse(c);
}

// --- messages from it --------------------------------------------------------

// Delivers one whole frame. False: there is none, or it must not be read now.
static bool deliver_one(struct child *c) {
    struct val *message;
    size_t used;
    if (c->paused || c->killed || c->freed || !c->in.data) return false;
    int got = wire_read(c->in.data + c->in_used, c->in.len - c->in_used, &message, &used, NULL);
    if (got < 0 || (got > 0 && ++c->messages > MAX_MESSAGES)) refuse(c);
    if (got <= 0) return false;
    c->in_used += used;
    c->owes_idle = true;
    if (!c->killed) c->handler.message(c->handler.ctx, message);
    val_unref(message);
    return true;
}

static void deliver(struct child *c) {
    if (c->delivering) return;
    c->holds++;
    c->delivering = true;
    watch_events(c);
    while (deliver_one(c)) {
    }
    if (c->owes_idle && !c->killed && !c->freed) {
        c->owes_idle = false;
        if (c->handler.idle) c->handler.idle(c->handler.ctx);
    }
    c->delivering = false;
    if (!c->freed) {
        buf_consume(&c->in, c->in_used);
        c->in_used = 0;
        watch_events(c);
        report_end(c);
    }
    release(c);
}

static void receive(struct child *c) {
    char *room = buf_reserve(&c->in, PIECE);
    if (!room) {
        refuse(c);
        return;
    }
    ssize_t got = recv(c->fds.socket, room, PIECE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (got <= 0) {
        on_socket_end(c);
    } else {
        c->in.len += (size_t)got;
        c->received += (size_t)got;
        if (c->received > MAX_RECEIVED) refuse(c);
    }
    deliver(c);
}

// --- messages to it ----------------------------------------------------------

static void transmit(struct child *c) {
    while (c->out.len > 0) {
        ssize_t sent = send(c->fds.socket, c->out.data, c->out.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) break;
        buf_consume(&c->out, (size_t)sent);
    }
    if (c->out.len > 0 && errno != EAGAIN && errno != EWOULDBLOCK) buf_clear(&c->out);
    watch_events(c);
}

bool child_send(struct child *c, const struct val *message, struct err *e) {
    if (c->killed) return err_set(e, ERR_PLAYBOOK, "the playbook process has ended");
    if (c->reaped || c->socket_ended) return true;  // its last words are still to be read
    size_t before = c->out.len;
    if (!wire_write(&c->out, message, e)) {
        c->out.failed = false;
        return false;
    }
    if (c->out.len > MAX_QUEUED) {
        c->out.len = before;
        return err_set(e, ERR_PLAYBOOK, "the playbook process does not read its answers");
    }
    transmit(c);
    return true;
}

static void on_socket(void *ctx, short revents) {
    struct child *c = ctx;
    c->holds++;
    if (revents & POLLOUT) transmit(c);
    bool reads = !c->freed && !c->killed && !c->paused && !c->delivering;
    if (reads && revents & (POLLIN | POLLHUP | POLLERR)) receive(c);
    release(c);
}

void child_pause(struct child *c) {
    c->paused = true;
    watch_events(c);
}

// What is already here must come from the loop, not from inside the caller.
static void on_resumed(void *ctx) {
    struct child *c = ctx;
    c->resumed = NULL;
    deliver(c);
}

void child_resume(struct child *c) {
    c->paused = false;
    watch_events(c);
    if (c->delivering || c->reported || c->killed) return;
    if (!c->resumed) c->resumed = loop_timer_add(c->loop, 0, on_resumed, c);
    if (!c->resumed) child_kill(c);
}

// --- the watchdog ------------------------------------------------------------

static void on_deadline(void *ctx) {
    struct child *c = ctx;
    c->deadline = NULL;
    c->overdue = true;
    child_kill(c);
}

void child_clock_stop(struct child *c) {
    if (!c->clock_runs) return;
    c->clock_runs = false;
    c->left_ms -= clock_real_ms() - c->clock_since;
    loop_timer_cancel(c->deadline);
    c->deadline = NULL;
}

void child_clock_start(struct child *c) {
    if (c->clock_runs || c->killed || c->reported) return;
    c->clock_runs = true;
    c->clock_since = clock_real_ms();
    c->deadline = loop_watchdog_add(c->loop, c->left_ms, on_deadline, c);
    if (!c->deadline) child_kill(c);  // without a watchdog it does not run
}

bool child_overdue(const struct child *c) {
    return c->overdue;
}

// --- life --------------------------------------------------------------------

struct child *child_start(struct fork_server *s, struct loop *l, int64_t deadline_ms,
                          const struct child_handler *h, struct err *e) {
    struct child *c = calloc(1, sizeof *c);
    if (!c) {
        err_memory(e);
        return NULL;
    }
    *c = (struct child){.loop = l, .handler = *h, .left_ms = deadline_ms, .fds = {-1, -1, -1}};
    if (!fork_server_spawn(s, deadline_ms, &c->fds, e)) {
        free(c);
        return NULL;
    }
    c->socket_watch = loop_fd_add(l, c->fds.socket, POLLIN, on_socket, c);
    c->status_watch = loop_fd_add(l, c->fds.status, POLLIN, on_status, c);
    if (c->socket_watch && c->status_watch) child_clock_start(c);
    if (c->deadline) return c;
    err_memory(e);
    child_free(c);
    return NULL;
}

void child_free(struct child *c) {
    if (!c || c->freed) return;
    child_kill(c);
    tear_down(c);
    c->freed = true;
    c->holds++;
    release(c);
}
