// fork_server.c - the small process from which playbook processes are forked.
//
// Owns: both ends of the start protocol (one request, one answer with three
// descriptors), and reaping. The server is forked before the host knows any secret, so
// its children cannot know one. It holds nothing but its control socket and, per child,
// a pidfd and the pipe on which it reports the child's end.
#include "child/fork_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/confine.h"

#define MAX_CHILDREN 64
#define ANSWER_WAIT_MS 5000
#define PASSED 3

struct fork_server {
    int control;  // -1 once the server is gone
    pid_t pid;
};

struct request {
    int64_t deadline_ms;
};

struct answer {
    int32_t error;  // errno, 0 when the descriptors follow
};

// --- in the server -----------------------------------------------------------

struct served {
    int pidfd, status;
};

struct server {
    child_main *serve;
    size_t count;
    struct served children[MAX_CHILDREN];
};

static void close_all(const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static bool answer(int32_t error, const int *fds) {
    struct answer body = {error};
    struct iovec part = {&body, sizeof body};
    union {
        char bytes[CMSG_SPACE(sizeof(int) * PASSED)];
        struct cmsghdr align;
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (!error) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * PASSED);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * PASSED);
    }
    return sendmsg(CONFINED_FD, &message, MSG_NOSIGNAL) == (ssize_t)sizeof body;
}

// In the new child; never returns. _exit: nothing of the host's may run here.
static _Noreturn void become_child(child_main *serve, int fd, pid_t parent, int64_t deadline_ms) {
    prctl(PR_SET_NAME, "cordon-playbook");
    if (!confine_child(fd, parent, deadline_ms)) _exit(125);
    _exit(serve(CONFINED_FD));
}

// Forks one child; `pair` is its socket pair, `ends` its status pipe. Returns its pidfd, or
// -1 with errno.
static int fork_child(struct server *s, const int *pair, const struct request *r) {
    pid_t self = getpid(), pid = fork();
    if (pid < 0) return -1;
    if (pid == 0) become_child(s->serve, pair[1], self, r->deadline_ms);
    int pidfd = pidfd_open(pid, 0);  // not reaped yet, so the pid is still its own
    if (pidfd < 0) {
        int saved = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        errno = saved;
    }
    return pidfd;
}

// False when the host has gone.
static bool start_one(struct server *s, const struct request *r) {
    int pair[2] = {-1, -1}, ends[2] = {-1, -1};
    if (s->count == MAX_CHILDREN) return answer(EAGAIN, NULL);
    int pidfd = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
        pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0)
        pidfd = fork_child(s, pair, r);
    int error = pidfd < 0 ? errno : 0;
    bool told = answer(error, (int[PASSED]){pair[0], pidfd, ends[0]});
    close_all(pair, 2);
    close_all(ends, 1);
    if (pidfd >= 0)
        s->children[s->count++] = (struct served){pidfd, ends[1]};
    else
        close_all(ends + 1, 1);
    return told;
}

static void reap(struct server *s, size_t index) {
    struct served *c = &s->children[index];
    siginfo_t info = {0};
    struct child_status status = {CLD_KILLED, SIGKILL};  // if nobody can say
    if (waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG) == 0) {
        if (info.si_pid == 0) return;
        status = (struct child_status){info.si_code, info.si_status};
    }
    ssize_t ignored = write(c->status, &status, sizeof status);  // 8 bytes into an empty pipe
    (void)ignored;
    close(c->pidfd);
    close(c->status);
    *c = s->children[--s->count];
}

static _Noreturn void serve_forever(struct server *s) {
    for (;;) {
        struct pollfd polls[MAX_CHILDREN + 1] = {{.fd = CONFINED_FD, .events = POLLIN}};
        size_t count = s->count;
        for (size_t i = 0; i < count; i++)
            polls[i + 1] = (struct pollfd){.fd = s->children[i].pidfd, .events = POLLIN};
        if (poll(polls, (nfds_t)(count + 1), -1) < 0) continue;
        for (size_t i = count; i > 0; i--)  // backwards: reap moves the last one into the gap
            if (polls[i].revents) reap(s, i - 1);
        if (!polls[0].revents) continue;
        struct request r;
        if (recv(CONFINED_FD, &r, sizeof r, 0) != (ssize_t)sizeof r) _exit(0);
        if (!start_one(s, &r)) _exit(0);
    }
}

// --- in the host -------------------------------------------------------------

struct fork_server *fork_server_start(child_main *serve, struct err *e) {
    struct fork_server *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        err_errno(e, "cannot make the fork server's socket");
        free(s);
        return NULL;
    }
    // Ignored, ended children would be reaped for us, and their pids be anybody's.
    signal(SIGCHLD, SIG_DFL);
    pid_t self = getpid();
    s->pid = fork();
    if (s->pid == 0) {
        struct server server = {.serve = serve};
        prctl(PR_SET_NAME, "cordon-forks");
        if (!confine_server(pair[1], self)) _exit(125);
        serve_forever(&server);
    }
    close(pair[1]);
    s->control = pair[0];
    if (s->pid > 0) return s;
    err_errno(e, "cannot fork the fork server");
    close(pair[0]);
    free(s);
    return NULL;
}

// SIGKILL, not a request: its children die with it, whatever they are doing.
static void end_server(struct fork_server *s) {
    if (s->control >= 0) close(s->control);
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);  // our own child, not reaped before: the pid is its own
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    s->control = -1;
    s->pid = 0;
}

void fork_server_stop(struct fork_server *s) {
    if (!s) return;
    end_server(s);
    free(s);
}

static bool gone(struct fork_server *s, const char *how, struct err *e) {
    end_server(s);
    return err_set(e, ERR_SYSTEM,
                   "cannot start a playbook process: the fork server %s; start cordon again", how);
}

// Waits for the answer, through signals, as long as ANSWER_WAIT_MS for each wait.
static bool answered(int control) {
    struct pollfd p = {.fd = control, .events = POLLIN};
    int got;
    do got = poll(&p, 1, ANSWER_WAIT_MS);
    while (got < 0 && errno == EINTR);
    return got > 0;
}

static bool take_answer(struct fork_server *s, int fds[PASSED], struct err *e) {
    struct answer body;
    struct iovec part = {&body, sizeof body};
    union {
        char bytes[CMSG_SPACE(sizeof(int) * PASSED)];
        struct cmsghdr align;
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    if (!answered(s->control)) return gone(s, "does not answer", e);
    if (recvmsg(s->control, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof body)
        return gone(s, "has ended", e);
    errno = body.error;
    if (body.error) return err_errno(e, "cannot start a playbook process");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_len != CMSG_LEN(sizeof(int) * PASSED))
        return gone(s, "passed no descriptors (too many are open)", e);
    memcpy(fds, CMSG_DATA(header), sizeof(int) * PASSED);
    return true;
}

bool fork_server_spawn(struct fork_server *s, int64_t deadline_ms, struct started *out,
                       struct err *e) {
    struct request r = {deadline_ms};
    int fds[PASSED];
    if (s->control < 0 || send(s->control, &r, sizeof r, MSG_NOSIGNAL) != (ssize_t)sizeof r)
        return gone(s, "has ended", e);
    if (!take_answer(s, fds, e)) return false;
    *out = (struct started){fds[0], fds[1], fds[2]};
    if (fcntl(out->socket, F_SETFL, O_NONBLOCK) == 0) return true;
    err_errno(e, "cannot set up a playbook process");
    close_all(fds, PASSED);
    return false;
}
