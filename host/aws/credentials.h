// credentials.h - where keys come from.
//
// Owns: the order in which sources are looked at; following role_arn from profile to
// profile. Planning reads settings only; resolver.h carries a plan out. Keys are wiped
// when freed and never printed.
#ifndef CORDON_AWS_CREDENTIALS_H
#define CORDON_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/config.h"
#include "aws/http.h"
#include "base/err.h"

struct credentials {
    char *access_key;
    char *secret_key;
    char *session_token;  // NULL when none
    int64_t expires_us;   // 0: never
    int64_t obtained_us;
    char account[24];  // where the source says it, else ""
    char source[256];  // "environment", "profile prod", "role arn:... (profile prod)"
};

void credentials_wipe(struct credentials *c);
// Copies the texts; the token may be NULL or "". What else `c` held is forgotten.
bool credentials_set(struct credentials *c, const char *access_key, const char *secret_key,
                     const char *session_token);
// As credentials_set, for what came from outside: ERR_CREDENTIALS, naming `where` and the
// name of what is missing or malformed, never its value. names: key, secret, token.
bool credentials_take(struct credentials *c, const char *const values[3],
                      const char *const names[3], const char *where, struct err *e);
// Keeps an account id when it looks like one; NULL is allowed.
void credentials_set_account(struct credentials *c, const char *account);

// What a source may use. All of it is the door's.
struct source_tools {
    struct loop *loop;
    void *ctx;
    bool (*http)(void *ctx, const struct http_request *r, http_done *done, void *done_ctx,
                 struct err *e);
    // Starts an operation of STS with these parameters, signed with these keys (NULL: not
    // signed); `answered` is called once, later. False, and no call, when memory runs out.
    // The keys may be wiped on return.
    bool (*sts)(void *ctx, const char *operation, const struct credentials *keys,
                const struct val *params, aws_done *answered, void *answered_ctx, struct err *e);
    int64_t (*now_us)(void *ctx);  // AWS's clock, as far as it is known
};

// One look at one source. `end` is to be called exactly once, now or later from the loop,
// with `found` or `err` filled; never after `cancel`.
struct credential_lookup {
    const struct config *config;
    const char *profile;
    bool environment;  // the environment's variables count beside the profile's keys
    const struct source_tools *tools;
    struct credentials found;
    struct err err;
    void *state;                                  // the source's own, while it looks
    void (*cancel)(struct credential_lookup *l);  // frees `state`; NULL: there is nothing
    void (*end)(struct credential_lookup *l, bool ok);
};

enum source_place {
    SOURCE_ENVIRONMENT,  // before every profile
    SOURCE_PROFILE,      // belongs to a profile
    SOURCE_MACHINE       // of the process or its host, after the profile
};

struct credential_source {
    const char *name;   // for people: "environment"
    const char *named;  // what credential_source = calls it; NULL: cannot be named there
    enum source_place place;
    const char *asks;  // what makes it configured: "AWS_ACCESS_KEY_ID is set"
    bool (*configured)(const struct config *c, const char *profile, bool environment);
    void (*load)(struct credential_lookup *l);
};

#define ROLE_CHAIN_MAX 8

struct role {
    char *profile;  // that says role_arn
    char *arn;
    char *external_id;     // NULL when none
    char *session_name;    // NULL: one is made
    char *mfa_serial;      // NULL: no code is asked for
    int duration_seconds;  // 0: the role's own default
};

// Keys of `base`, then each role in turn from the last to the first.
struct credential_plan {
    const struct credential_source *base;
    char *base_profile;
    bool environment;  // as in credential_lookup
    struct role roles[ROLE_CHAIN_MAX];
    size_t role_count;
};

// ERR_CREDENTIALS, saying what was looked at and what to type, when there is nothing;
// ERR_USAGE when a profile contradicts itself.
bool credentials_plan(const struct config *c, struct credential_plan *plan, struct err *e);
void credential_plan_free(struct credential_plan *plan);

// "no credentials: looked at ..."; `why` (or NULL) is what the last source looked at said.
bool credentials_nothing(const struct config *c, const char *profile, const char *why,
                         struct err *e);

// The sources in their order, a list of {source, state, why}: "used" ("gave none" when what
// was planned did not work out), "not configured", "not reached", "skipped". `plan` may be
// NULL: none came out.
struct val *credentials_explain(const struct config *c, const struct credential_plan *plan,
                                bool worked);

#endif
