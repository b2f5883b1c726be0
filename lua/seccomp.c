// seccomp.c - the playbook process gives up nearly all system calls.
//
// Owns: the list of what is allowed. Extend it only for something that a playbook
// process cannot live without, and never by a call that names a path, a process or a new
// descriptor.
#include "seccomp.h"

#ifdef CORDON_SANITIZED

bool seccomp_lock(int fd) {
    return fd >= 0;
}

#else

#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

static const int plain[] = {
    SCMP_SYS(brk),          SCMP_SYS(munmap),     SCMP_SYS(mremap),        SCMP_SYS(madvise),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group), SCMP_SYS(clock_gettime),
};

static bool allow(scmp_filter_ctx filter, int call, unsigned count,
                  const struct scmp_arg_cmp *conditions) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, conditions) == 0;
}

static bool allow_on(scmp_filter_ctx filter, int call, int fd) {
    struct scmp_arg_cmp only = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd);
    return allow(filter, call, 1, &only);
}

// Memory of its own, never of a file, never executable.
static bool allow_memory(scmp_filter_ctx filter) {
    struct scmp_arg_cmp conditions[] = {
        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
        SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS),
    };
    return allow(filter, SCMP_SYS(mmap), 2, conditions);
}

static bool fill(scmp_filter_ctx filter, int fd) {
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!allow(filter, plain[i], 0, NULL)) return false;
    return allow_on(filter, SCMP_SYS(read), fd) && allow_on(filter, SCMP_SYS(write), fd) &&
           allow_memory(filter) && seccomp_load(filter) == 0;
}

bool seccomp_lock(int fd) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) return false;
    bool locked = fill(filter, fd);
    seccomp_release(filter);  // the kernel has its copy
    return locked;
}

#endif
