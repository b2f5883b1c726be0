// credential_sources.c - the sources of keys themselves.
//
// Owns: the table and its order, which is botocore's; the environment's variables, static
// keys of a profile. It never decides which profile counts, and never puts a key in a
// message.
#include "aws/credential_sources.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void wipe(char **s) {
    if (*s != NULL) OPENSSL_cleanse(*s, strlen(*s));
    free(*s);
    *s = NULL;
}

void credentials_wipe(struct credentials *c) {
    wipe(&c->access_key);
    wipe(&c->secret_key);
    wipe(&c->session_token);
    *c = (struct credentials){0};
}

bool credentials_set(struct credentials *c, const char *access_key, const char *secret_key,
                     const char *session_token) {
    bool token = session_token != NULL && session_token[0] != '\0';
    credentials_wipe(c);
    c->access_key = strdup(access_key);
    c->secret_key = strdup(secret_key);
    c->session_token = token ? strdup(session_token) : NULL;
    c->obtained_us = clock_now_us();
    bool ok = c->access_key != NULL && c->secret_key != NULL && token == (c->session_token != NULL);
    if (!ok) credentials_wipe(c);
    return ok;
}

// Keys go into headers: what is not printable there was pasted wrongly.
static bool is_clean(const char *s) {
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s >= 127) return false;
    return true;
}

bool credentials_take(struct credentials *c, const char *const values[3],
                      const char *const names[3], const char *where, struct err *e) {
    for (size_t i = 0; i < 3; i++) {
        bool there = values[i] != NULL && values[i][0] != '\0';
        if (!there && i < 2)
            return err_set(e, ERR_CREDENTIALS, "%s has no %s: it needs %s and %s", where, names[i],
                           names[0], names[1]);
        if (there && !is_clean(values[i]))
            return err_set(e, ERR_CREDENTIALS,
                           "%s: %s has a blank or another character that no key has: set it anew",
                           where, names[i]);
    }
    if (!credentials_set(c, values[0], values[1], values[2])) return err_memory(e);
    snprintf(c->source, sizeof c->source, "%s", where);
    return true;
}

void credentials_set_account(struct credentials *c, const char *account) {
    size_t len = account != NULL ? strspn(account, "0123456789") : 0;
    if (len == 0 || account[len] != '\0' || len >= sizeof c->account) return;
    memcpy(c->account, account, len + 1);
}

void lookup_end(struct credential_lookup *l, bool ok) {
    if (l->cancel != NULL) l->cancel(l);
    l->cancel = NULL;
    l->state = NULL;
    l->end(l, ok);
}

// --- environment --------------------------------------------------------------------

static bool environment_configured(const struct config *c, const char *profile, bool environment) {
    (void)c;
    (void)profile;
    (void)environment;
    return config_env("AWS_ACCESS_KEY_ID") != NULL;
}

static bool take_expiration(struct credential_lookup *l) {
    const char *until = config_env("AWS_CREDENTIAL_EXPIRATION");
    if (until == NULL || clock_parse(until, strlen(until), &l->found.expires_us)) return true;
    return err_set(&l->err, ERR_CREDENTIALS,
                   "AWS_CREDENTIAL_EXPIRATION is no time, as 2026-11-24T02:15:30Z: set it anew");
}

static void environment_load(struct credential_lookup *l) {
    const char *token = config_env("AWS_SECURITY_TOKEN");  // the older name, as botocore's order
    const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
    const char *const values[] = {config_env(names[0]), config_env(names[1]),
                                  token != NULL ? token : config_env(names[2])};
    bool ok =
        credentials_take(&l->found, values, names, "environment", &l->err) && take_expiration(l);
    credentials_set_account(&l->found, config_env("AWS_ACCOUNT_ID"));
    lookup_end(l, ok);
}

// --- static keys of a profile ---------------------------------------------------------

static bool has_keys(const struct config *c, const char *profile, bool in_credentials_file) {
    static const char *const keys[] = {"aws_access_key_id", "aws_secret_access_key"};
    for (size_t i = 0; i < 2; i++)
        if (config_of(c, profile, keys[i]) != NULL &&
            (!in_credentials_file || profiles_in_credentials_file(c->files, profile, keys[i])))
            return true;
    return false;
}

static bool shared_configured(const struct config *c, const char *profile, bool environment) {
    (void)environment;
    return has_keys(c, profile, true);
}

static bool static_configured(const struct config *c, const char *profile, bool environment) {
    (void)environment;
    return has_keys(c, profile, false);
}

static void static_load(struct credential_lookup *l) {
    const char *token = config_of(l->config, l->profile, "aws_security_token");
    const char *const names[] = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"};
    const char *const values[] = {
        config_of(l->config, l->profile, names[0]), config_of(l->config, l->profile, names[1]),
        token != NULL ? token : config_of(l->config, l->profile, names[2])};
    char where[160];
    snprintf(where, sizeof where, "profile %.120s", l->profile);
    bool ok = credentials_take(&l->found, values, names, where, &l->err);
    credentials_set_account(&l->found, config_of(l->config, l->profile, "aws_account_id"));
    lookup_end(l, ok);
}

// A profile's role_arn is followed after the environment, before the rest (credentials.c).
const struct credential_source CREDENTIAL_SOURCES[] = {
    {"environment", "Environment", SOURCE_ENVIRONMENT, "AWS_ACCESS_KEY_ID is set",
     environment_configured, environment_load},
    {"web identity", NULL, SOURCE_PROFILE,
     "AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file is set", web_identity_configured,
     web_identity_load},
    {"SSO", NULL, SOURCE_PROFILE, "the profile has sso_account_id or sso_role_name", sso_configured,
     sso_load},
    {"static keys", NULL, SOURCE_PROFILE,
     "the profile has aws_access_key_id in the credentials file", shared_configured, static_load},
    {"login session", NULL, SOURCE_PROFILE, "the profile has login_session", login_configured,
     login_load},
    {"credential_process", NULL, SOURCE_PROFILE, "the profile has credential_process",
     process_configured, process_load},
    {"static keys (config file)", NULL, SOURCE_PROFILE,
     "the profile has aws_access_key_id in the config file", static_configured, static_load},
    {"container", "EcsContainer", SOURCE_MACHINE,
     "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI is set", container_configured,
     container_load},
    {"instance metadata", "Ec2InstanceMetadata", SOURCE_MACHINE,
     "AWS_EC2_METADATA_DISABLED is not true", metadata_configured, metadata_load},
};
const size_t CREDENTIAL_SOURCE_COUNT = sizeof CREDENTIAL_SOURCES / sizeof CREDENTIAL_SOURCES[0];
