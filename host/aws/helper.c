// helper.c - a helper program that prints something, run without a shell.
//
// Owns: the child, its two pipes, its time limit and the caps on what it prints.
#include "aws/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct stream {
    int fd;  // our end; -1 when closed
    struct loop_fd *watch;
    struct buf text;
    size_t max;
    bool overflow;
};

struct helper {
    struct loop *loop;
    pid_t pid;
    int pidfd;
    struct loop_fd *exit_watch;
    struct stream out, talk;
    struct loop_timer *limit;
    helper_done *done;
    void *ctx;
};

// --- its end ------------------------------------------------------------------------------

static void close_stream(struct stream *s) {
    loop_fd_remove(s->watch);
    s->watch = NULL;
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
}

static void free_helper(struct helper *h) {
    close_stream(&h->out);
    close_stream(&h->talk);
    buf_wipe(&h->out.text);  // keys
    buf_wipe(&h->talk.text);
    loop_fd_remove(h->exit_watch);
    if (h->pidfd >= 0) close(h->pidfd);
    loop_timer_cancel(h->limit);
    free(h);
}

static void kill_child(struct helper *h, int *status) {
    kill(h->pid, SIGKILL);
    while (waitpid(h->pid, status, 0) < 0 && errno == EINTR) continue;
}

void helper_cancel(struct helper *h) {
    int status;
    if (h == NULL) return;
    kill_child(h, &status);
    free_helper(h);
}

// Until there is nothing left to read for now.
static void drain(struct stream *s) {
    char bytes[4096];
    while (s->fd >= 0) {
        ssize_t n = read(s->fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            close_stream(s);
            return;
        }
        size_t room = s->max - s->text.len;
        if ((size_t)n > room) s->overflow = true;
        buf_add(&s->text, bytes, (size_t)n < room ? (size_t)n : room);
        explicit_bzero(bytes, (size_t)n);
    }
}

static void finish(struct helper *h, int status, const struct err *why) {
    struct err e;
    drain(&h->out);
    drain(&h->talk);
    if (why == NULL && h->out.overflow) {
        err_set(&e, ERR_INVALID, "it printed more than %zu bytes", HELPER_MAX_OUTPUT);
        why = &e;
    } else if (why == NULL && (h->out.text.failed || h->talk.text.failed)) {
        err_memory(&e);
        why = &e;
    }
    struct helper_end end = {.finished = why == NULL,
                             .status = status,
                             .out = buf_str(&h->out.text),
                             .out_len = h->out.text.len,
                             .talk = buf_str(&h->talk.text),
                             .talk_len = h->talk.text.len,
                             .why = why};
    h->done(h->ctx, &end);
    free_helper(h);
}

// Its children may hold the pipes: its own end is what counts.
static void on_exit_of_child(void *ctx, short revents) {
    struct helper *h = ctx;
    int status = 0;
    (void)revents;
    if (waitpid(h->pid, &status, WNOHANG) == h->pid) finish(h, status, NULL);
}

static void on_limit(void *ctx) {
    struct helper *h = ctx;
    struct err e;
    int status = 0;
    h->limit = NULL;
    kill_child(h, &status);
    err_set(&e, ERR_TIMEOUT, "it took too long and was ended");
    finish(h, status, &e);
}

static void on_output(void *ctx, short revents) {
    (void)revents;
    drain(ctx);
}

// --- its start ----------------------------------------------------------------------------

static bool prepare_actions(posix_spawn_file_actions_t *a, int out, int talk) {
    return posix_spawn_file_actions_adddup2(a, out, STDOUT_FILENO) == 0 &&
           posix_spawn_file_actions_adddup2(a, talk, STDERR_FILENO) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(a, STDERR_FILENO + 1) == 0;
}

// What the host ignores or blocks is none of the child's business.
static bool prepare_signals(posix_spawnattr_t *a) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(a, &none) == 0 &&
           posix_spawnattr_setsigdefault(a, &all) == 0 &&
           posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0;
}

static int spawn(pid_t *pid, char *const argv[], int out, int talk) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    int failure = ENOMEM;
    if (posix_spawnattr_init(&attributes) == 0) {
        if (prepare_actions(&actions, out, talk) && prepare_signals(&attributes))
            failure = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static bool open_stream(struct stream *s, size_t max, int *theirs, struct err *e) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return err_errno(e, "cannot make a pipe");
    *s = (struct stream){.fd = ends[0], .max = max};
    *theirs = ends[1];
    if (fcntl(s->fd, F_SETFL, O_NONBLOCK) == 0) return true;
    return err_errno(e, "cannot set up a pipe");
}

static bool watch_it(struct helper *h, int64_t limit_ms, struct err *e) {
    h->pidfd = pidfd_open(h->pid, 0);
    if (h->pidfd < 0) return err_errno(e, "cannot watch it");
    h->exit_watch = loop_fd_add(h->loop, h->pidfd, POLLIN, on_exit_of_child, h);
    h->out.watch = loop_fd_add(h->loop, h->out.fd, POLLIN, on_output, &h->out);
    h->talk.watch = loop_fd_add(h->loop, h->talk.fd, POLLIN, on_output, &h->talk);
    h->limit = loop_timer_add(h->loop, limit_ms, on_limit, h);
    bool ok =
        h->exit_watch != NULL && h->out.watch != NULL && h->talk.watch != NULL && h->limit != NULL;
    return ok || err_memory(e);
}

static bool start(struct helper *h, char *const argv[], int64_t limit_ms, struct err *e) {
    int out = -1, talk = -1;
    bool ok = open_stream(&h->out, HELPER_MAX_OUTPUT, &out, e) &&
              open_stream(&h->talk, HELPER_MAX_TALK, &talk, e);
    int failure = ok ? spawn(&h->pid, argv, out, talk) : 0;
    if (out >= 0) close(out);
    if (talk >= 0) close(talk);
    if (failure != 0) {
        errno = failure;
        return err_errno(e, "cannot run %.200s", argv[0]);
    }
    if (!ok) return false;
    if (watch_it(h, limit_ms, e)) return true;
    int status;
    kill_child(h, &status);
    return false;
}

struct helper *helper_start(struct loop *l, char *const argv[], int64_t limit_ms, helper_done *done,
                            void *ctx, struct err *e) {
    struct helper *h = calloc(1, sizeof *h);
    if (h == NULL) {
        err_memory(e);
        return NULL;
    }
    *h = (struct helper){.loop = l, .pidfd = -1, .done = done, .ctx = ctx};
    h->out.fd = h->talk.fd = -1;
    if (start(h, argv, limit_ms, e)) return h;
    free_helper(h);
    return NULL;
}
