// identity.h - who calls, as AWS sees it.
//
// Owns: GetCallerIdentity, which pins the account before anything may change.
#ifndef CORDON_RUN_IDENTITY_H
#define CORDON_RUN_IDENTITY_H

#include "run/batch.h"
#include "run/live.h"

// Where the answer goes; zero it first.
struct identity {
    struct val *value;  // {Account, Arn, UserId}
    struct err err;     // when there is none
};

// Starts the call as part of a batch; `id` is filled when the batch has been waited for.
bool identity_ask(struct batch *b, struct live *live, struct model *m, struct identity *id,
                  struct err *e);
// The same alone: asks, waits, and puts the answer into *value (in the place of what is there).
bool identity_learn(struct live *live, struct model *m, struct val **value, struct err *e);

// After the wait: false, with the way out, when AWS did not say who we are.
bool identity_known(struct identity *id, struct err *e);

// "root on web-admin-1, arn:aws:iam::111122223333:user/x": for the journal. Free it.
char *operator_text(const struct val *identity);

#endif
