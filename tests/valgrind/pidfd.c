// pidfd.c - pidfd_open and pidfd_send_signal for a valgrind that does not know them (3.19).
//
// Owns: standing in for the two by /proc/PID, preloaded by valgrind.sh. A folder of /proc
// names a process as surely as a pidfd does: it is gone when the process is reaped.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

int pidfd_open(pid_t pid, unsigned flags) {
    char path[32];
    (void)flags;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int pidfd_send_signal(int fd, int number, siginfo_t *info, unsigned flags) {
    char path[32], target[64];
    (void)info;
    (void)flags;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len <= 6 || faccessat(fd, "stat", R_OK, 0) != 0) {
        errno = ESRCH;
        return -1;
    }
    target[len] = '\0';
    return kill((pid_t)atoi(target + 6), number);
}
