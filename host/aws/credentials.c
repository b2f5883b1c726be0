// credentials.c - which source gives the keys, through which roles.
//
// Owns: the order of the sources and following role_arn from profile to profile. It reads
// settings only: no file, no network, no key.
#include "aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credential_sources.h"
#include "base/buf.h"

// --- sources ----------------------------------------------------------------------------

static const struct credential_source *first_configured(const struct config *c,
                                                        enum source_place place,
                                                        const char *profile, bool environment) {
    for (size_t i = 0; i < CREDENTIAL_SOURCE_COUNT; i++) {
        const struct credential_source *s = &CREDENTIAL_SOURCES[i];
        if (s->place == place && s->configured(c, profile, environment)) return s;
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

// What the profile has instead of keys, and so may have been meant to give some.
static const char *half_configured(const struct config *c, const char *profile) {
    if (config_of(c, profile, "sso_session") != NULL ||
        config_of(c, profile, "sso_start_url") != NULL)
        return "; it signs in by SSO but has no sso_account_id and sso_role_name, and a sign-in "
               "alone gives a token, no keys: add the two (aws configure sso)";
    if (config_of(c, profile, "source_profile") != NULL ||
        config_of(c, profile, "credential_source") != NULL)
        return "; it says where a role's keys come from, but has no role_arn";
    return "";
}

bool credentials_nothing(const struct config *c, const char *profile, const char *why,
                         struct err *e) {
    struct buf files = BUF_EMPTY;
    profiles_describe_files(c->files, &files);
    const char *skipped = c->profile_by_flag ? " (not looked at: --profile was given)" : "";
    err_set(e, ERR_CREDENTIALS,
            "no credentials: looked at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY%s and at "
            "profile %.100s in %s%s%s%.300s. Set the two variables, or give --profile NAME of a "
            "profile with keys or role_arn; `cordon doctor` shows every step",
            skipped, profile, buf_str(&files), half_configured(c, profile),
            why != NULL ? ", and at " : "", why != NULL ? why : "");
    buf_free(&files);
    return false;
}

// --- roles --------------------------------------------------------------------------------

static bool copy_setting(const struct config *c, const char *profile, const char *key, char **to) {
    const char *value = config_of(c, profile, key);
    *to = value != NULL ? strdup(value) : NULL;
    return value == NULL || *to != NULL;
}

static bool take_duration(const struct config *c, const char *profile, struct role *r,
                          struct err *e) {
    const char *text = config_of(c, profile, "duration_seconds");
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
    struct role *r = &plan->roles[plan->role_count++];
    r->profile = strdup(profile);
    bool ok = r->profile != NULL && copy_setting(c, profile, "role_arn", &r->arn) &&
              copy_setting(c, profile, "external_id", &r->external_id) &&
              copy_setting(c, profile, "mfa_serial", &r->mfa_serial) &&
              copy_setting(c, profile, "role_session_name", &r->session_name);
    return (ok || err_memory(e)) && take_duration(c, profile, r, e);
}

static bool was_visited(const struct credential_plan *plan, const char *profile) {
    for (size_t i = 0; i < plan->role_count; i++)
        if (strcmp(plan->roles[i].profile, profile) == 0) return true;
    return false;
}

static bool is_role(const struct config *c, const char *profile) {
    return config_of(c, profile, "role_arn") != NULL &&
           config_of(c, profile, "web_identity_token_file") == NULL;
}

static bool has_static_keys(const struct config *c, const char *profile) {
    return config_of(c, profile, "aws_access_key_id") != NULL ||
           config_of(c, profile, "aws_secret_access_key") != NULL;
}

static bool take_base(struct credential_plan *plan, const struct credential_source *s,
                      const char *profile, bool environment, struct err *e) {
    plan->base = s;
    plan->environment = environment;
    plan->base_profile = strdup(profile);
    return plan->base_profile != NULL || err_memory(e);
}

static bool base_by_name(const struct config *c, const char *profile, const char *name,
                         struct credential_plan *plan, struct err *e) {
    const struct credential_source *s = named_source(name);
    if (s == NULL)
        return err_set(e, ERR_USAGE,
                       "profile %.100s: credential_source = %.60s is none; there are Environment, "
                       "EcsContainer and Ec2InstanceMetadata",
                       profile, name);
    if (!s->configured(c, NULL, false))
        return err_set(e, ERR_CREDENTIALS,
                       "no credentials: profile %.100s takes its keys from credential_source = "
                       "%.60s, and there are none, as that needs that %s",
                       profile, name, s->asks);
    return take_base(plan, s, profile, false, e);
}

// What a role's profile says about the keys to assume it with. *next is the profile to go
// on with, NULL when the base is found.
static bool follow_role(const struct config *c, const char *profile, const char **next,
                        struct credential_plan *plan, struct err *e) {
    const char *source = config_of(c, profile, "source_profile");
    const char *named = config_of(c, profile, "credential_source");
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

// The profile in force has no keys: those of the container or the instance, as botocore. A
// source_profile has to have its own.
static bool take_machine(const struct config *c, const char *profile, struct credential_plan *plan,
                         struct err *e) {
    const struct credential_source *s =
        plan->role_count == 0 ? first_configured(c, SOURCE_MACHINE, NULL, false) : NULL;
    if (s == NULL) return credentials_nothing(c, profile, NULL, e);
    return take_base(plan, s, profile, false, e);
}

static bool follow_profiles(const struct config *c, struct credential_plan *plan, struct err *e) {
    const char *profile = c->profile;
    while (profile != NULL) {
        bool first = plan->role_count == 0;
        // The profile in force is a role first; one that serves as a source gives its keys.
        if ((!first && has_static_keys(c, profile)) || !is_role(c, profile)) {
            bool environment = first && !c->profile_by_flag;
            const struct credential_source *s =
                first_configured(c, SOURCE_PROFILE, profile, environment);
            if (s == NULL) return take_machine(c, profile, plan, e);
            return take_base(plan, s, profile, environment, e);
        }
        const char *next;
        if (!push_role(c, profile, plan, e) || !follow_role(c, profile, &next, plan, e))
            return false;
        profile = next;
    }
    return true;
}

static bool copy(char **to, const char *from) {
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

// The role that the caller named, after all others: the first of the list.
static bool add_named_role(const struct config *c, struct credential_plan *plan, struct err *e) {
    if (c->role_arn == NULL) return true;
    if (plan->role_count == ROLE_CHAIN_MAX)
        return err_set(e, ERR_USAGE, "%.200s would be one role more than the %d that a chain may have",
                       c->role_arn, ROLE_CHAIN_MAX);
    memmove(plan->roles + 1, plan->roles, plan->role_count * sizeof *plan->roles);
    struct role *r = &plan->roles[0];
    *r = (struct role){0};
    plan->role_count++;
    return (copy(&r->profile, c->profile) && copy(&r->arn, c->role_arn) &&
            copy(&r->external_id, c->external_id)) ||
           err_memory(e);
}

bool credentials_plan(const struct config *c, struct credential_plan *plan, struct err *e) {
    *plan = (struct credential_plan){0};
    // As botocore: only --profile puts the environment's keys aside, AWS_PROFILE does not.
    const struct credential_source *s =
        c->profile_by_flag ? NULL : first_configured(c, SOURCE_ENVIRONMENT, NULL, true);
    bool ok = s != NULL ? take_base(plan, s, c->profile, true, e) : follow_profiles(c, plan, e);
    ok = ok && add_named_role(c, plan, e);
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
        free(r->mfa_serial);
    }
    free(plan->base_profile);
    *plan = (struct credential_plan){0};
}
