// sink.c - bytes on their way to stdout or stderr.
//
// Owns: the queue and the non-blocking writes. It never changes the flags of a descriptor that
// it shares with other processes.
#include "prompt/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

struct sink {
    int fd;      // of its own and non-blocking where it can be, else the caller's
    bool own;    // it is of its own
    bool ready;  // it never blocks for long: a file
    bool broken;
    int error;  // why
    size_t max;
    struct buf waiting;
    size_t done;  // bytes at its start that are out
    struct loop *loop;
    struct loop_fd *watch;
};

// A second open of the same terminal or pipe has flags of its own; O_NONBLOCK on the first would
// reach the shell and every other writer.
static void open_again(struct sink *s, mode_t mode) {
    if (!S_ISCHR(mode) && !S_ISFIFO(mode)) return;
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", s->fd);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return;
    s->fd = fd;
    s->own = true;
}

struct sink *sink_new(struct loop *loop, int fd, size_t max) {
    struct sink *s = calloc(1, sizeof *s);
    struct stat st;
    if (s == NULL) return NULL;
    *s = (struct sink){.fd = fd, .max = max, .loop = loop, .waiting = BUF_EMPTY};
    if (fstat(fd, &st) == 0) {
        s->ready = S_ISREG(st.st_mode);
        open_again(s, st.st_mode);
    }
    return s;
}

void sink_free(struct sink *s) {
    if (s == NULL) return;
    loop_fd_remove(s->watch);
    if (s->own) close(s->fd);
    buf_free(&s->waiting);
    free(s);
}

static bool has_room(const struct sink *s, int ms) {
    struct pollfd p = {.fd = s->fd, .events = POLLOUT};
    return s->ready || poll(&p, 1, ms) > 0;
}

// A background process that writes to a terminal with `tostop`, or a pipe whose reader is gone,
// would get a signal.
static ssize_t quiet_write(int fd, const char *bytes, size_t len) {
    sigset_t block, before;
    const struct timespec now = {0};
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    sigaddset(&block, SIGPIPE);
    sigprocmask(SIG_BLOCK, &block, &before);
    ssize_t put = write(fd, bytes, len);
    int number = errno;
    if (put < 0 && number == EPIPE && sigismember(&before, SIGPIPE) == 0) {
        sigset_t pipe_only;
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        sigtimedwait(&pipe_only, NULL, &now);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return put;
}

// A pipe or a terminal that is not ours alone has room for this much when poll says so.
#define PART ((size_t)4096)

static size_t left_in(const struct sink *s) {
    return s->waiting.len - s->done;
}

// Moving the rest to the front after each write would be quadratic.
static void forget_done(struct sink *s) {
    if (s->broken) s->done = s->waiting.len;
    if (s->done > 0 && s->done >= left_in(s)) {
        buf_consume(&s->waiting, s->done);
        s->done = 0;
    }
}

static void push(struct sink *s) {
    while (left_in(s) > 0 && !s->broken && has_room(s, 0)) {
        size_t part = s->own || s->ready || left_in(s) < PART ? left_in(s) : PART;
        ssize_t put = quiet_write(s->fd, s->waiting.data + s->done, part);
        if (put > 0) {
            s->done += (size_t)put;
        } else if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        } else if (put == 0 || errno != EINTR) {
            s->error = put == 0 ? EIO : errno;
            s->broken = true;
        }
    }
    forget_done(s);
    if (s->watch != NULL) loop_fd_events(s->watch, left_in(s) > 0 ? POLLOUT : 0);
}

static void on_room(void *ctx, short revents) {
    (void)revents;
    push(ctx);
}

// Where no watch can be had, the next write or the last flush moves what waits.
static void wait_for_room(struct sink *s) {
    if (s->loop != NULL && s->watch == NULL) {
        s->watch = loop_fd_add(s->loop, s->fd, POLLOUT, on_room, s);
    }
}

bool sink_write(struct sink *s, const char *bytes, size_t len) {
    if (s->broken || len > s->max - left_in(s)) return false;
    buf_add(&s->waiting, bytes, len);
    if (s->waiting.failed) {
        s->waiting.failed = false;
        return false;
    }
    push(s);
    if (left_in(s) > 0) wait_for_room(s);
    return !s->broken;
}

bool sink_flush(struct sink *s, int64_t ms) {
    int64_t end = clock_mono_ms() + ms;
    int signals = s->loop == NULL ? 0 : loop_signal_count(s->loop);
    push(s);
    while (left_in(s) > 0 && !s->broken) {
        int64_t left = ms < 0 ? 500 : end - clock_mono_ms();
        if (left <= 0 || (s->loop != NULL && loop_signal_count(s->loop) != signals)) break;
        size_t before = left_in(s);
        has_room(s, left < 500 ? (int)left : 500);
        push(s);
        if (left_in(s) < before) end = clock_mono_ms() + ms;
    }
    return left_in(s) == 0 && !s->broken;
}

bool sink_broken(const struct sink *s) {
    return s->broken;
}

int sink_error(const struct sink *s) {
    return s->error;
}
