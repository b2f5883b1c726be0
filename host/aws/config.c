// config.c - what the user set: flags, environment variables, the profile in force.
//
// Owns: which profile is in force and looking a setting up in it. It never looks at a
// secret.
#include "aws/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *config_env(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *config_of(const struct config *c, const char *profile, const char *key) {
    const char *value = profiles_get(c->files, profile, key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *config_get(const struct config *c, const char *key) {
    return config_of(c, c->profile, key);
}

bool config_switch(const struct config *c, const char *variable, const char *key) {
    const char *value = config_env(variable);
    if (value == NULL) value = config_get(c, key);
    return value != NULL && strcasecmp(value, "true") == 0;
}

static const char *wanted_profile(const struct aws_options *o) {
    if (o->profile != NULL) return o->profile;
    const char *value = config_env("AWS_DEFAULT_PROFILE");  // botocore's order
    return value != NULL ? value : config_env("AWS_PROFILE");
}

static bool copy(char **to, const char *from) {
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

bool config_load(struct config *c, const struct aws_options *o, struct err *e) {
    const char *wanted = wanted_profile(o);
    *c = (struct config){.profile_by_flag = o->profile != NULL,
                         .profile_named = wanted != NULL,
                         .loopback_only = o->loopback_only,
                         .role_arn = o->role_arn,
                         .external_id = o->external_id};
    bool ok = copy(&c->profile, wanted != NULL ? wanted : "default") &&
              copy(&c->region_flag, o->region) && copy(&c->endpoint_flag, o->endpoint_url);
    if (!ok)
        err_memory(e);
    else
        c->files = profiles_load(e);
    ok = ok && c->files != NULL;
    if (ok && c->profile_named && !profiles_has(c->files, c->profile))
        ok = profiles_missing(c->files, c->profile, e);
    if (!ok) config_free(c);
    return ok;
}

void config_free(struct config *c) {
    free(c->profile);
    free(c->region_flag);
    free(c->endpoint_flag);
    profiles_free(c->files);
    *c = (struct config){0};
}
