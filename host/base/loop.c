// loop.c - poll, timers, signals.
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

struct loop_fd {
    struct loop *loop;
    struct loop_fd *next;
    int fd;
    short events;
    bool removed;
    loop_fd_fn *fn;
    void *ctx;
};

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next;  // sorted by `at`, then by age
    struct loop_timer **list;
    int64_t at;
    bool armed;  // in the list
    bool kept;   // stays when it has fired
    loop_timer_fn *fn;
    void *ctx;
};

struct prepare {
    struct prepare *next;
    loop_prepare_fn *fn;
    void *ctx;
};

struct loop {
    struct loop_fd *fds;
    struct loop_timer *timers, *watchdogs;
    struct prepare *prepares;
    size_t fd_count;
    int time_holds;
    int entered;  // how many loop_until are on the stack
    int wake_read;
};

// Signals are the process's, so their state is too. The handler only writes here.
static volatile sig_atomic_t signal_first, signal_seen;
static int signal_pipe = -1;

struct loop *loop_new(struct err *e) {
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        err_memory(e);
    else
        l->wake_read = -1;
    return l;
}

void loop_free(struct loop *l) {
    if (!l) return;
    while (l->fds) {
        struct loop_fd *next = l->fds->next;
        free(l->fds);
        l->fds = next;
    }
    while (l->timers) loop_timer_cancel(l->timers);
    while (l->watchdogs) loop_timer_cancel(l->watchdogs);
    while (l->prepares) {
        struct prepare *next = l->prepares->next;
        free(l->prepares);
        l->prepares = next;
    }
    if (l->wake_read >= 0) {
        int writing = signal_pipe;
        signal_pipe = -1;
        close(writing);
        close(l->wake_read);
    }
    free(l);
}

struct loop_fd *loop_fd_add(struct loop *l, int fd, short events, loop_fd_fn *fn, void *ctx) {
    struct loop_fd *w = malloc(sizeof *w);
    if (!w) return NULL;
    *w = (struct loop_fd){
        .loop = l, .next = l->fds, .fd = fd, .events = events, .fn = fn, .ctx = ctx};
    l->fds = w;
    l->fd_count++;
    return w;
}

void loop_fd_events(struct loop_fd *w, short events) {
    w->events = events;
}

// Frees what was removed, once no dispatch can still be looking at it.
static void sweep(struct loop *l) {
    if (l->entered) return;
    for (struct loop_fd **at = &l->fds; *at;) {
        struct loop_fd *w = *at;
        if (!w->removed) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        l->fd_count--;
        free(w);
    }
}

void loop_fd_remove(struct loop_fd *w) {
    if (!w) return;
    w->removed = true;
    w->events = 0;
    sweep(w->loop);
}

static struct loop_timer *new_timer(struct loop *l, struct loop_timer **list, loop_timer_fn *fn,
                                    void *ctx) {
    struct loop_timer *t = malloc(sizeof *t);
    if (t) *t = (struct loop_timer){.loop = l, .list = list, .fn = fn, .ctx = ctx};
    return t;
}

static void disarm(struct loop_timer *t) {
    if (!t->armed) return;
    struct loop_timer **at = t->list;
    while (*at != t) at = &(*at)->next;
    *at = t->next;
    t->armed = false;
}

static void arm(struct loop_timer *t, int64_t due) {
    t->at = due;
    struct loop_timer **at = t->list;
    while (*at && (*at)->at <= t->at) at = &(*at)->next;
    t->next = *at;
    *at = t;
    t->armed = true;
}

struct loop_timer *loop_timer_add(struct loop *l, int64_t ms, loop_timer_fn *fn, void *ctx) {
    struct loop_timer *t = new_timer(l, &l->timers, fn, ctx);
    if (t) arm(t, clock_mono_ms() + (ms > 0 ? ms : 0));
    return t;
}

struct loop_timer *loop_watchdog_add(struct loop *l, int64_t ms, loop_timer_fn *fn, void *ctx) {
    struct loop_timer *t = new_timer(l, &l->watchdogs, fn, ctx);
    if (t) arm(t, clock_real_ms() + (ms > 0 ? ms : 0));
    return t;
}

struct loop_timer *loop_timer_keep(struct loop *l, loop_timer_fn *fn, void *ctx) {
    struct loop_timer *t = new_timer(l, &l->timers, fn, ctx);
    if (t) t->kept = true;
    return t;
}

void loop_timer_arm(struct loop_timer *t, int64_t ms) {
    disarm(t);
    if (ms >= 0) arm(t, clock_mono_ms() + ms);
}

void loop_hold_time(struct loop *l, bool hold) {
    l->time_holds += hold ? 1 : -1;
}

void loop_timer_cancel(struct loop_timer *t) {
    if (!t) return;
    disarm(t);
    free(t);
}

bool loop_prepare_add(struct loop *l, loop_prepare_fn *fn, void *ctx) {
    struct prepare *p = malloc(sizeof *p);
    if (!p) return false;
    *p = (struct prepare){l->prepares, fn, ctx};
    l->prepares = p;
    return true;
}

void loop_prepare_remove(struct loop *l, loop_prepare_fn *fn, void *ctx) {
    for (struct prepare **at = &l->prepares; *at; at = &(*at)->next) {
        struct prepare *p = *at;
        if (p->fn != fn || p->ctx != ctx) continue;
        *at = p->next;
        free(p);
        return;
    }
}

static void fire(struct loop_timer **list, int64_t now) {
    while (*list && (*list)->at <= now) {
        struct loop_timer *t = *list;
        loop_timer_fn *fn = t->fn;
        void *ctx = t->ctx;
        if (t->kept) disarm(t);
        else loop_timer_cancel(t);
        fn(ctx);
    }
}

static void fire_timers(struct loop *l) {
    fire(&l->watchdogs, clock_real_ms());
    fire(&l->timers, clock_mono_ms());
}

static int shorter(int a, int b) {
    if (a < 0) return b;
    return b < 0 || a < b ? a : b;
}

static int time_left(const struct loop_timer *t, int64_t now) {
    int64_t left = t->at - now;
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static bool may_move_time(const struct loop *l) {
    return clock_is_simulated() && l->timers && !l->watchdogs && !l->time_holds;
}

static int sleep_for(struct loop *l) {
    int ms = -1;
    for (struct prepare *p = l->prepares; p; p = p->next) ms = shorter(ms, p->fn(p->ctx));
    if (l->watchdogs) ms = shorter(ms, time_left(l->watchdogs, clock_real_ms()));
    if (!l->timers) return ms;
    int left = time_left(l->timers, clock_mono_ms());
    // Simulated time does not go by: waiting for it makes sense only by moving it.
    if (clock_is_simulated() && left) return may_move_time(l) ? 0 : ms;
    return shorter(ms, left);
}

static bool poll_once(struct loop *l, const bool *done, struct err *e) {
    int timeout = sleep_for(l);
    if (*done) return true;
    size_t count = 0, room = l->fd_count;
    struct loop_fd **watches = calloc(room + 1, sizeof(struct loop_fd *));
    struct pollfd *polls = calloc(room + 1, sizeof *polls);
    bool ok = watches && polls;
    if (!ok) err_memory(e);
    for (struct loop_fd *w = ok ? l->fds : NULL; w; w = w->next) {
        if (w->removed || !w->events) continue;
        polls[count] = (struct pollfd){.fd = w->fd, .events = w->events};
        watches[count++] = w;
    }
    int got = ok ? poll(polls, (nfds_t)count, timeout) : -1;
    if (ok && got < 0 && errno != EINTR) ok = err_errno(e, "poll failed");
    for (size_t i = 0; got > 0 && i < count; i++) {
        struct loop_fd *w = watches[i];
        bool wanted = !w->removed && w->events;
        if (polls[i].revents && wanted) w->fn(w->ctx, polls[i].revents);
    }
    free(watches);
    free(polls);
    if (got == 0 && may_move_time(l)) clock_simulate(l->timers->at * 1000);
    fire_timers(l);
    return ok;
}

bool loop_until(struct loop *l, const bool *done, bool stop_on_signal, struct err *e) {
    int seen = signal_seen;
    bool ok = true;
    l->entered++;
    while (ok && !*done) {
        if (stop_on_signal && (signal_seen != seen || loop_signal(l))) break;
        ok = poll_once(l, done, e);
    }
    l->entered--;
    sweep(l);
    return ok;
}

static void set_flag(void *ctx) {
    *(bool *)ctx = true;
}

bool loop_for(struct loop *l, int64_t ms, struct err *e) {
    bool over = false;
    struct loop_timer *t = loop_timer_add(l, ms, set_flag, &over);
    if (!t) return err_memory(e);
    bool ok = loop_until(l, &over, false, e);
    if (!over) loop_timer_cancel(t);
    return ok;
}

// A terminal that hangs up (an SSH connection that breaks) ends a run as SIGTERM does, and
// Ctrl-\\ as Ctrl-C: neither may kill a host that has a window to close.
static void on_signal(int number) {
    int saved = errno;
    if (number == SIGHUP) number = SIGTERM;
    if (number == SIGQUIT) number = SIGINT;
    if (!signal_first) signal_first = number;
    signal_seen = signal_seen + 1;
    ssize_t ignored = write(signal_pipe, "!", 1);
    (void)ignored;
    errno = saved;
}

static void drain(void *ctx, short revents) {
    struct loop *l = ctx;
    char bytes[64];
    (void)revents;
    while (read(l->wake_read, bytes, sizeof bytes) > 0) {
    }
}

bool loop_catch_signals(struct loop *l, struct err *e) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return err_errno(e, "cannot make a pipe");
    l->wake_read = ends[0];
    signal_pipe = ends[1];
    if (!loop_fd_add(l, ends[0], POLLIN, drain, l)) return err_memory(e);
    struct sigaction catch = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN}, before;
    sigemptyset(&catch.sa_mask);
    sigaction(SIGINT, &catch, NULL);
    sigaction(SIGTERM, &catch, NULL);
    sigaction(SIGQUIT, &catch, NULL);
    // Under nohup it stays ignored.
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &catch, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    return true;
}

int loop_signal(const struct loop *l) {
    (void)l;
    return signal_first;
}

int loop_signal_count(const struct loop *l) {
    (void)l;
    return signal_seen;
}

void loop_signal_clear(struct loop *l) {
    (void)l;
    signal_first = 0;
}

void loop_hold_stops(bool hold) {
    struct sigaction action = {.sa_handler = hold ? SIG_IGN : SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTSTP, &action, NULL);
}
