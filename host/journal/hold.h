// hold.h - one live run per instance on this machine.
//
// Owns: the lock files $XDG_STATE_HOME/cordon/locks/ACCOUNT-REGION-INSTANCE, held by flock until
// the process ends or lets go, and who is said to hold them. The text in a file is only for
// people: the lock alone decides. The files stay, so that none is taken away under a waiting one.
#ifndef CORDON_JOURNAL_HOLD_H
#define CORDON_JOURNAL_HOLD_H

#include <stddef.h>

#include "base/err.h"
#include "base/val.h"

// What a run holds; zero is nothing.
struct hold {
    int *fds;
    size_t count;
};

struct hold_owner {
    const char *account, *region;
    const char *run;       // run id
    const char *operator_name;
};

// Takes the locks of all `instances` (a list of ids), in an order that is the same for everybody,
// besides those it has. All or none: ERR_BUSY says which run has one, its process, its operator,
// since when, and how to wait. Free it with hold_release in any case.
bool hold_take(struct hold *h, const struct hold_owner *owner, const struct val *instances,
               struct err *e);

void hold_release(struct hold *h);

#endif
