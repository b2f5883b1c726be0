// confine.c - what the fork server and its children take away from themselves.
#include "child/confine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;

// Address space for the program itself, Lua's heap and the messages in flight. Lua's own
// cap is far below; this one stops what C allocates.
#define MAX_ADDRESS_SPACE ((rlim_t)512 * 1024 * 1024)
#define MAX_DESCRIPTORS 16

// clearenv() only forgets the pointers; the secrets would stay on the stack, and in
// /proc/PID/environ.
static void wipe_environment(void) {
    for (char **entry = environ; entry && *entry; entry++) memset(*entry, 0, strlen(*entry));
    clearenv();
}

// Dies with its parent, also with one that died before we asked for it.
static bool die_with(pid_t parent) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static bool limit(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0) return false;
    if (hard > now.rlim_max) hard = now.rlim_max;
    struct rlimit wanted = {soft < hard ? soft : hard, hard};
    return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

// A core dump or a debugger would show what is in memory.
static bool leave_no_dump(void) {
    return prctl(PR_SET_DUMPABLE, 0) == 0 && limit(RLIMIT_CORE, 0, 0);
}

static bool keep_only(int fd) {
    // A program that was started without 0 to 2 may have got one of them for its socket.
    if (fd <= STDERR_FILENO) fd = fcntl(fd, F_DUPFD, CONFINED_FD);
    int null = open("/dev/null", O_RDWR);
    if (fd < 0 || null < 0) return false;
#ifdef CORDON_SANITIZED
    int last = STDOUT_FILENO;  // a sanitizer's report must be seen
#else
    int last = STDERR_FILENO;
#endif
    for (int i = 0; i <= last; i++)
        if (null != i && dup2(null, i) < 0) return false;
    if (fd != CONFINED_FD && dup2(fd, CONFINED_FD) < 0) return false;
    return close_range(CONFINED_FD + 1, ~0U, 0) == 0;
}

static void default_signals(void) {
    sigset_t none;
    sigemptyset(&none);
#ifndef CORDON_SANITIZED  // a sanitizer's own handlers stay
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
#endif
    signal(SIGCHLD, SIG_DFL);  // an inherited SIG_IGN would take the ends of children away
    signal(SIGPIPE, SIG_IGN);  // a host that went away is an error to a write
    sigprocmask(SIG_SETMASK, &none, NULL);
}

bool confine_server(int fd, pid_t parent) {
    wipe_environment();
    default_signals();
    // Ctrl-C at the terminal must reach the host only.
    if (setsid() < 0 || !keep_only(fd)) return false;
    return leave_no_dump() && die_with(parent);
}

bool confine_child(int fd, pid_t parent, int64_t deadline_ms) {
    rlim_t seconds = (rlim_t)((deadline_ms + 999) / 1000) + CONFINED_CPU_SLACK;
    if (!keep_only(fd) || !leave_no_dump() || setsid() < 0) return false;
    if (!limit(RLIMIT_CPU, seconds, seconds + 1)) return false;
    if (!limit(RLIMIT_FSIZE, 0, 0)) return false;
    if (!limit(RLIMIT_NOFILE, MAX_DESCRIPTORS, MAX_DESCRIPTORS)) return false;
#ifndef CORDON_SANITIZED
    if (!limit(RLIMIT_AS, MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE)) return false;
#endif
    return die_with(parent);
}
