// finding.h - where an instance is: over the accounts and Regions of the policy.
//
// Owns: whom to ask, asking them all (reads only, a bounded number at once), and what came of
// each. It never changes anything, and what could not be asked is told, not passed over.
#ifndef CORDON_RUN_FINDING_H
#define CORDON_RUN_FINDING_H

#include "run/host.h"

// What was found, lists of maps:
struct finding {
    struct val *hits;     // {account, account_name, region, instance, name, state, vpc, profile,
                          // wanted_account}
    struct val *asked;    // {account, account_name, region}
    struct val *unasked;  // {account, account_name, region, error}: region is absent when the
                          // account itself could not be asked
};

// Looks for `what`, an instance id or a Name tag. False only when nothing could be begun, or a signal
// came. Free it in any case. `opens` makes the door of one account: with this profile (NULL: as given) and,
// unless NULL, this role.
typedef struct aws *finding_door(struct host *h, const char *profile, const struct val *role,
                                 struct err *e);
bool finding_look(struct host *h, const char *what, finding_door *opens, struct finding *f,
                  struct err *e);

void finding_free(struct finding *f);

#endif
