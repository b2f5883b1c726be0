// credentials.c - which source gives the keys, through which roles.
//
// Owns: the order of the sources and following role_arn from profile to profile. It reads
// settings only: no file, no network, no key.
#include "aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "base/buf.h"

static const char *setting(const struct config *c, const char *profile, const char *key) {
    const char *value = profiles_get(c->files, profile, key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

// --- sources ----------------------------------------------------------------------------

static const struct credential_source *first_configured(const struct config *c,
                                                        const char *profile) {
    for (size_t i = 0; i < CREDENTIAL_SOURCE_COUNT; i++) {
        const struct credential_source *s = &CREDENTIAL_SOURCES[i];
        if (s->in_profile == (profile != NULL) && s->configured(c, profile)) return s;
    }
    return NULL;
}

static const struct credential_source *named_source(const char *name) {
    for (size_t i = 0; i < CREDENTIAL_SOURCE_COUNT; i++) {
        const struct credential_source *s = &CREDENTIAL_SOURCES[i];
        if (s->named != NULL && strcmp(s->named, name) == 0) return s;
    }
    return NULL;
}

// Settings of other tools' sources: keys are there, but not for us.
static const char *unused_source(const struct config *c, const char *profile) {
    static const char *const keys[] = {"credential_process", "sso_session", "sso_start_url",
                                       "web_identity_token_file"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (setting(c, profile, keys[i]) != NULL) return keys[i];
    return NULL;
}

static bool nothing_found(const struct config *c, const char *profile, struct err *e) {
    struct buf files = BUF_EMPTY;
    profiles_describe_files(c->files, &files);
    const char *unused = unused_source(c, profile);
    const char *skipped = c->profile_by_flag ? " (not looked at: --profile was given)" : "";
    if (unused != NULL)
        err_set(e, ERR_CREDENTIALS,
                "no credentials: profile %.100s has %s, which this version does not use. Let the "
                "aws command print keys: eval \"$(aws configure export-credentials --profile "
                "%.100s --format env)\", then call without --profile",
                profile, unused, profile);
    else
        err_set(e, ERR_CREDENTIALS,
                "no credentials: looked at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY%s and at "
                "profile %.100s in %s. Set the two variables, or give --profile NAME of a "
                "profile with keys or role_arn",
                skipped, profile, buf_str(&files));
    buf_free(&files);
    return false;
}

// --- roles --------------------------------------------------------------------------------

static bool copy_setting(const struct config *c, const char *profile, const char *key, char **to) {
    const char *value = setting(c, profile, key);
    *to = value != NULL ? strdup(value) : NULL;
    return value == NULL || *to != NULL;
}

static bool take_duration(const struct config *c, const char *profile, struct role *r,
                          struct err *e) {
    const char *text = setting(c, profile, "duration_seconds");
    if (text == NULL) return true;
    char *end;
    long n = strtol(text, &end, 10);
    if (*end != '\0' || n < 900 || n > 43200)
        return err_set(e, ERR_USAGE,
                       "profile %.100s: duration_seconds has to be a number from 900 to 43200",
                       profile);
    r->duration_seconds = (int)n;
    return true;
}

static bool push_role(const struct config *c, const char *profile, struct credential_plan *plan,
                      struct err *e) {
    if (plan->role_count == ROLE_CHAIN_MAX)
        return err_set(e, ERR_USAGE, "profile %.100s: a chain of more than %d roles", c->profile,
                       ROLE_CHAIN_MAX);
    if (setting(c, profile, "mfa_serial") != NULL)
        return err_set(e, ERR_CREDENTIALS,
                       "profile %.100s has mfa_serial, and no code is asked for here. Take keys "
                       "with the aws command: eval \"$(aws configure export-credentials "
                       "--profile %.100s --format env)\", then call without --profile",
                       profile, profile);
    struct role *r = &plan->roles[plan->role_count++];
    r->profile = strdup(profile);
    bool ok = r->profile != NULL && copy_setting(c, profile, "role_arn", &r->arn) &&
              copy_setting(c, profile, "external_id", &r->external_id) &&
              copy_setting(c, profile, "role_session_name", &r->session_name);
    return (ok || err_memory(e)) && take_duration(c, profile, r, e);
}

static bool was_visited(const struct credential_plan *plan, const char *profile) {
    for (size_t i = 0; i < plan->role_count; i++)
        if (strcmp(plan->roles[i].profile, profile) == 0) return true;
    return false;
}

static bool is_role(const struct config *c, const char *profile) {
    return setting(c, profile, "role_arn") != NULL &&
           setting(c, profile, "web_identity_token_file") == NULL;
}

static bool has_static_keys(const struct config *c, const char *profile) {
    return setting(c, profile, "aws_access_key_id") != NULL ||
           setting(c, profile, "aws_secret_access_key") != NULL;
}

static bool take_base(struct credential_plan *plan, const struct credential_source *s,
                      const char *profile, struct err *e) {
    plan->base = s;
    plan->base_profile = strdup(profile);
    return plan->base_profile != NULL || err_memory(e);
}

static bool base_by_name(const struct config *c, const char *profile, const char *name,
                         struct credential_plan *plan, struct err *e) {
    const struct credential_source *s = named_source(name);
    if (s == NULL)
        return err_set(e, ERR_CREDENTIALS,
                       "profile %.100s: credential_source = %.60s is not known to this version; "
                       "Environment is",
                       profile, name);
    if (!s->configured(c, NULL))
        return err_set(e, ERR_CREDENTIALS,
                       "profile %.100s takes its keys from credential_source = %.60s, and there "
                       "are none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                       profile, name);
    return take_base(plan, s, profile, e);
}

// What a role's profile says about the keys to assume it with. *next is the profile to go
// on with, NULL when the base is found.
static bool follow_role(const struct config *c, const char *profile, const char **next,
                        struct credential_plan *plan, struct err *e) {
    const char *source = setting(c, profile, "source_profile");
    const char *named = setting(c, profile, "credential_source");
    *next = NULL;
    if ((source == NULL) == (named == NULL))
        return err_set(e, ERR_USAGE,
                       "profile %.100s has role_arn and %s of source_profile and "
                       "credential_source: it needs one",
                       profile, source == NULL ? "none" : "both");
    if (named != NULL) return base_by_name(c, profile, named, plan, e);
    if (!profiles_has(c->files, source)) {
        profiles_missing(c->files, source, e);
        return err_prefix(e, "source_profile of profile %.100s", profile);
    }
    // A profile may be its own source when it has keys beside the role.
    bool itself = strcmp(source, profile) == 0;
    if (was_visited(plan, source) && !(itself && has_static_keys(c, source)))
        return err_set(e, ERR_USAGE,
                       "source_profile runs in a circle: profile %.100s leads back to %.100s",
                       profile, source);
    *next = source;
    return true;
}

static bool follow_profiles(const struct config *c, struct credential_plan *plan, struct err *e) {
    const char *profile = c->profile;
    while (profile != NULL) {
        // The profile in force is a role first; one that serves as a source gives its keys.
        bool keys_first = plan->role_count > 0 && has_static_keys(c, profile);
        if (keys_first || !is_role(c, profile)) {
            const struct credential_source *s = first_configured(c, profile);
            if (s == NULL) return nothing_found(c, profile, e);
            return take_base(plan, s, profile, e);
        }
        const char *next;
        if (!push_role(c, profile, plan, e) || !follow_role(c, profile, &next, plan, e))
            return false;
        profile = next;
    }
    return true;
}

bool credentials_plan(const struct config *c, struct credential_plan *plan, struct err *e) {
    *plan = (struct credential_plan){0};
    // As botocore: only --profile puts the environment's keys aside, AWS_PROFILE does not.
    const struct credential_source *s = c->profile_by_flag ? NULL : first_configured(c, NULL);
    bool ok = s != NULL ? take_base(plan, s, c->profile, e) : follow_profiles(c, plan, e);
    if (!ok) credential_plan_free(plan);
    return ok;
}

void credential_plan_free(struct credential_plan *plan) {
    for (size_t i = 0; i < plan->role_count; i++) {
        struct role *r = &plan->roles[i];
        free(r->profile);
        free(r->arn);
        free(r->external_id);
        free(r->session_name);
    }
    free(plan->base_profile);
    *plan = (struct credential_plan){0};
}
