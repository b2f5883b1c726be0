// seccomp.h - the playbook process gives up nearly all system calls.
#ifndef CORDON_LUA_SECCOMP_H
#define CORDON_LUA_SECCOMP_H

#include <stdbool.h>

// From here on the process can read and write `fd`, get memory that is not executable,
// read clocks and exit; any other system call kills it. False: it could not be
// locked, and must not go on. Sanitizer builds only say yes: their runtime needs more.
bool seccomp_lock(int fd);

#endif
