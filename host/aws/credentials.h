// credentials.h - where keys come from.
//
// Owns: the one table of sources and the order in which they are looked at; following
// role_arn from profile to profile. Planning reads settings only; resolver.h carries a
// plan out. Keys are wiped when freed and never printed.
#ifndef CORDON_AWS_CREDENTIALS_H
#define CORDON_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/config.h"
#include "base/err.h"

struct credentials {
    char *access_key;
    char *secret_key;
    char *session_token;  // NULL when none
    int64_t expires_us;   // 0: never
    int64_t obtained_us;
    char source[256];  // "environment", "profile prod", "role arn:... (profile prod)"
};

void credentials_wipe(struct credentials *c);
// Copies the texts; the token may be NULL or "".
bool credentials_set(struct credentials *c, const char *access_key, const char *secret_key,
                     const char *session_token);

// One look at one source. `end` is to be called exactly once, now or later from the loop,
// with `found` or `err` filled.
struct credential_lookup {
    const struct config *config;
    const char *profile;
    struct credentials found;
    struct err err;
    void (*end)(struct credential_lookup *l, bool ok);
};

struct credential_source {
    const char *name;   // for people: "environment"
    const char *named;  // what credential_source = calls it; NULL: cannot be named there
    bool in_profile;    // belongs to a profile; else to the process
    bool (*configured)(const struct config *c, const char *profile);  // NULL profile: the process
    void (*load)(struct credential_lookup *l);
};

#define ROLE_CHAIN_MAX 8

struct role {
    char *profile;  // that says role_arn
    char *arn;
    char *external_id;     // NULL when none
    char *session_name;    // NULL: one is made
    int duration_seconds;  // 0: the role's own default
};

// Keys of `base`, then each role in turn from the last to the first.
struct credential_plan {
    const struct credential_source *base;
    char *base_profile;
    struct role roles[ROLE_CHAIN_MAX];
    size_t role_count;
};

// ERR_CREDENTIALS, saying what was looked at and what to type, when there is nothing;
// ERR_USAGE when a profile contradicts itself.
bool credentials_plan(const struct config *c, struct credential_plan *plan, struct err *e);
void credential_plan_free(struct credential_plan *plan);

#endif
