// lock.c - one writer at a time.
//
// Owns: the flock on a journal. It never keeps the lock it takes only to look.
#include "journal/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

// A line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF".
static pid_t holder_of(ino_t inode) {
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    pid_t found = 0;
    while (locks != NULL && found == 0 && fgets(line, sizeof line, locks) != NULL) {
        int pid = 0;
        unsigned long long number = 0;
        if (sscanf(line, "%*s FLOCK ADVISORY WRITE %d %*x:%*x:%llu", &pid, &number) == 2 &&
            number == (unsigned long long)inode) {
            found = pid;
        }
    }
    if (locks != NULL) fclose(locks);
    return found;
}

static pid_t holder(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 ? holder_of(st.st_ino) : 0;
}

bool lock_try(int fd, bool *held, pid_t *pid, struct err *e) {
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    *held = false;
    for (int i = 0; i < 10; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK && errno != EINTR) return err_errno(e, "a file cannot be locked");
        nanosleep(&pause, NULL);
    }
    *held = true;
    *pid = holder(fd);
    return err_set(e, ERR_BUSY, "another process has the lock");
}

bool lock_take(int fd, const char *dir, struct err *e) {
    bool held;
    pid_t pid = 0;
    if (lock_try(fd, &held, &pid, e)) return true;
    if (!held) return err_prefix(e, "cannot lock %s", dir);
    if (pid > 0) {
        return err_set(e, ERR_USAGE, "process %d is using the run %s; wait for it to end", (int)pid,
                       dir);
    }
    return err_set(e, ERR_USAGE, "another process is using the run %s; wait for it to end", dir);
}

bool lock_held(int fd, pid_t *pid) {
    *pid = 0;
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
        flock(fd, LOCK_UN);
        return false;
    }
    if (errno != EWOULDBLOCK) return false;
    *pid = holder(fd);
    return true;
}
