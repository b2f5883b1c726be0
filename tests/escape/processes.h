// processes.h - hostile programs in the place of a playbook process.
//
// Owns: what each of them tries, and what it must come to. For escape-host only.
#ifndef CORDON_TESTS_ESCAPE_PROCESSES_H
#define CORDON_TESTS_ESCAPE_PROCESSES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child/child.h"
#include "lua/seccomp.h"

static int locked(int fd) {
    if (!seccomp_lock(fd)) _exit(99);
    return fd;
}

static int crash(int fd) {
    (void)fd;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}

static int open_file(int fd) {
    locked(fd);
    syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
    return 0;
}

static int open_socket(int fd) {
    locked(fd);
    syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return 0;
}

static int fork_again(int fd) {
    locked(fd);
    syscall(SYS_fork);
    return 0;
}

static int signal_parent(int fd) {
    locked(fd);
    syscall(SYS_kill, getppid(), SIGTERM);
    return 0;
}

static int executable_memory(int fd) {
    locked(fd);
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return 0;
}

static int write_elsewhere(int fd) {
    locked(fd);
    return (int)write(STDERR_FILENO, "x", 1);
}

// What it finds without being locked in: no environment, no descriptor but its own.
static int look_around(int fd) {
    extern char **environ;
    if (environ && *environ) return 1;
    for (int other = 3; other < 1024; other++)
        if (other != fd && fcntl(other, F_GETFD) != -1) return 2;
    char path[] = "/proc/self/environ", bytes[4096];
    int file = open(path, O_RDONLY);
    ssize_t got = file >= 0 ? read(file, bytes, sizeof bytes) : 0;
    for (ssize_t i = 0; i < got; i++)
        if (bytes[i]) return 3;
    return getsid(0) == getpid() ? 0 : 4;
}

static int send_bytes(int fd, const void *bytes, size_t len) {
    ssize_t ignored = write(fd, bytes, len);
    (void)ignored;
    pause();
    return 0;
}

static int garbage(int fd) {
    return send_bytes(fd, "\x05\0\0\0zzzzz", 9);
}

static int endless_length(int fd) {
    return send_bytes(fd, "\xff\xff\xff\xff", 4);
}

static int false_count(int fd) {
    return send_bytes(fd, "\x05\0\0\0l\xff\xff\xff\x7f", 9);
}

static int too_deep(int fd) {
    char frame[4 + 1000 * 5];
    size_t body = sizeof frame - 4;
    memcpy(frame, (char[]){(char)(body & 0xff), (char)(body >> 8), 0, 0}, 4);
    for (size_t i = 4; i < sizeof frame; i += 5) memcpy(frame + i, "l\1\0\0\0", 5);
    return send_bytes(fd, frame, sizeof frame);
}

static int half_a_frame(int fd) {
    return send_bytes(fd, "\x20\0\0\0m", 5);
}

static int flood(int fd) {
    static char frames[5 * 10000];
    for (size_t i = 0; i < sizeof frames; i += 5) memcpy(frames + i, "\1\0\0\0n", 5);
    while (write(fd, frames, sizeof frames) > 0) {
    }
    return 0;
}

static int closes_socket(int fd) {
    close(fd);
    return pause();
}

static int ignores_signals(int fd) {
    (void)fd;
    for (int i = 1; i < NSIG; i++) signal(i, SIG_IGN);
    return pause();
}

static const struct hostile {
    const char *name;
    child_main *serve;
    const char *expect;
    bool needs_seccomp;
} hostiles[] = {
    {"@crash", crash, "crashed", false},
    {"@look-around", look_around, "exited", false},
    {"@open-file", open_file, "crashed", true},
    {"@open-socket", open_socket, "crashed", true},
    {"@fork", fork_again, "crashed", true},
    {"@signal-parent", signal_parent, "crashed", true},
    {"@executable-memory", executable_memory, "crashed", true},
    {"@write-elsewhere", write_elsewhere, "crashed", true},
    {"@garbage", garbage, "malformed", false},
    {"@endless-length", endless_length, "malformed", false},
    {"@false-count", false_count, "malformed", false},
    {"@too-deep", too_deep, "malformed", false},
    {"@half-a-frame", half_a_frame, "killed", false},
    {"@flood", flood, "stopped", false},
    {"@closes-socket", closes_socket, "malformed", false},
    {"@ignores-signals", ignores_signals, "killed", false},
};

#endif
