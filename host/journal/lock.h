// lock.h - one writer at a time.
//
// Owns: the flock on a journal, and finding out who has it. For this folder alone.
#ifndef CORDON_JOURNAL_LOCK_H
#define CORDON_JOURNAL_LOCK_H

#include <sys/types.h>

#include "base/err.h"

// Takes the lock; `dir` names the run in the error. Waits 200 ms at most: whoever looks whether
// it is held has it for an instant.
bool lock_take(int fd, const char *dir, struct err *e);

// Takes the lock, as patiently. False: *held says that another has it, by which process (0: not
// known); else `e` says why it cannot be locked.
bool lock_try(int fd, bool *held, pid_t *pid, struct err *e);

// True when a process has the lock, this one through another descriptor included. *holder is
// its pid, 0 when it cannot be known.
bool lock_held(int fd, pid_t *holder);

#endif
