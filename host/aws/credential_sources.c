// credential_sources.c - the sources of keys themselves.
//
// Owns: the environment's variables, static keys of a profile. It never decides which
// profile counts, and never puts a key in a message.
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

// Takes what was found, naming what is missing or malformed by `names` alone.
static void finish(struct credential_lookup *l, const char *const values[3],
                   const char *const names[3], const char *where) {
    for (size_t i = 0; i < 3; i++) {
        if (values[i] == NULL && i < 2) {
            err_set(&l->err, ERR_CREDENTIALS, "%s has %s, but no %s: set both", where, names[1 - i],
                    names[i]);
            l->end(l, false);
            return;
        }
        if (values[i] != NULL && !is_clean(values[i])) {
            err_set(&l->err, ERR_CREDENTIALS,
                    "%s: %s has a blank or another character that no key has: set it anew", where,
                    names[i]);
            l->end(l, false);
            return;
        }
    }
    bool ok = credentials_set(&l->found, values[0], values[1], values[2]) || err_memory(&l->err);
    if (ok) snprintf(l->found.source, sizeof l->found.source, "%s", where);
    l->end(l, ok);
}

// --- environment --------------------------------------------------------------------

static bool environment_configured(const struct config *c, const char *profile) {
    (void)c;
    (void)profile;
    return config_env("AWS_ACCESS_KEY_ID") != NULL;
}

static void environment_load(struct credential_lookup *l) {
    const char *token = config_env("AWS_SECURITY_TOKEN");  // the older name, as botocore's order
    const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
    const char *const values[] = {config_env(names[0]), config_env(names[1]),
                                  token != NULL ? token : config_env(names[2])};
    finish(l, values, names, "environment");
}

// --- static keys of a profile ---------------------------------------------------------

static const char *setting(const struct config *c, const char *profile, const char *key) {
    const char *value = profiles_get(c->files, profile, key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool static_configured(const struct config *c, const char *profile) {
    return setting(c, profile, "aws_access_key_id") != NULL ||
           setting(c, profile, "aws_secret_access_key") != NULL;
}

static void static_load(struct credential_lookup *l) {
    const char *token = setting(l->config, l->profile, "aws_security_token");
    const char *const names[] = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"};
    const char *const values[] = {setting(l->config, l->profile, names[0]),
                                  setting(l->config, l->profile, names[1]),
                                  token != NULL ? token : setting(l->config, l->profile, names[2])};
    char where[160];
    snprintf(where, sizeof where, "profile %.120s", l->profile);
    finish(l, values, names, where);
}

const struct credential_source CREDENTIAL_SOURCES[] = {
    {"environment", "Environment", false, environment_configured, environment_load},
    {"static keys", NULL, true, static_configured, static_load},
};
const size_t CREDENTIAL_SOURCE_COUNT = sizeof CREDENTIAL_SOURCES / sizeof CREDENTIAL_SOURCES[0];
