// loop.h - the one poll loop of the host.
//
// Owns: file descriptors watched, timers, and the signals that end a run (SIGINT,
// SIGTERM, through a self-pipe). Callbacks run one at a time, never inside a
// signal handler. It may be entered again from a callback (a prompt that waits);
// a watch that must stay quiet meanwhile is paused by its owner.
#ifndef CORDON_BASE_LOOP_H
#define CORDON_BASE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_fd;
struct loop_timer;

typedef void loop_fd_fn(void *ctx, short revents);
typedef void loop_timer_fn(void *ctx);

struct loop *loop_new(struct err *e);
void loop_free(struct loop *l);

// Watches `fd` for `events` (POLLIN, POLLOUT; 0 pauses it). The handle stays valid
// until loop_fd_remove, which may be called from any callback. NULL on no memory.
struct loop_fd *loop_fd_add(struct loop *l, int fd, short events, loop_fd_fn *fn, void *ctx);
void loop_fd_events(struct loop_fd *w, short events);
void loop_fd_remove(struct loop_fd *w);  // NULL is allowed; does not close the fd

// One-shot timers, `ms` from now. The handle is valid until it has fired or was
// cancelled. loop_timer_cancel(NULL) is allowed. NULL on no memory.
struct loop_timer *loop_timer_add(struct loop *l, int64_t ms, loop_timer_fn *fn, void *ctx);
void loop_timer_cancel(struct loop_timer *t);

// As loop_timer_add, but on the machine's own clock where time is simulated: for watching over
// another process. While one is set simulated time stands still: somebody is at work.
struct loop_timer *loop_watchdog_add(struct loop *l, int64_t ms, loop_timer_fn *fn, void *ctx);

// Simulated time stands still while it is held (by as many as called it with true): what another
// process will say next must come before any timer.
void loop_hold_time(struct loop *l, bool hold);
// A timer that stays until it is cancelled: not armed at first, armed as often as wanted, which
// never allocates. A negative `ms` disarms it. Cancel it before the loop is freed.
struct loop_timer *loop_timer_keep(struct loop *l, loop_timer_fn *fn, void *ctx);
void loop_timer_arm(struct loop_timer *t, int64_t ms);

// Something that must run before each poll and says how long poll may sleep (ms,
// -1: no limit): curl's multi handle, a call queue.
typedef int loop_prepare_fn(void *ctx);
bool loop_prepare_add(struct loop *l, loop_prepare_fn *fn, void *ctx);
void loop_prepare_remove(struct loop *l, loop_prepare_fn *fn, void *ctx);

// Runs until `done` is true or, if `stop_on_signal`, a signal has arrived since
// loop_signal was last cleared. False with `e` only when poll itself fails.
bool loop_until(struct loop *l, const bool *done, bool stop_on_signal, struct err *e);

// Runs for `ms`, whatever signals come. False as loop_until.
bool loop_for(struct loop *l, int64_t ms, struct err *e);

// From the first call on, SIGINT and SIGTERM (and SIGQUIT as the one, SIGHUP as the other) are
// caught and recorded here instead of ending the program; SIGPIPE and SIGXFSZ are ignored.
bool loop_catch_signals(struct loop *l, struct err *e);
int loop_signal(const struct loop *l);  // 0, SIGINT or SIGTERM: the first one seen
int loop_signal_count(const struct loop *l);
void loop_signal_clear(struct loop *l);

// While held, Ctrl-Z does not stop the program: what must be closed soon would stay open.
void loop_hold_stops(bool hold);

#endif
