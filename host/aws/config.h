// config.h - what the user set: flags, environment variables, the profile in force.
//
// Owns: which profile is in force and looking a setting up in it. It never looks at a
// secret.
#ifndef CORDON_AWS_CONFIG_H
#define CORDON_AWS_CONFIG_H

#include <stdbool.h>

#include "aws/aws.h"
#include "aws/profile.h"
#include "base/err.h"

struct config {
    char *profile;         // the one in force; "default" unless named
    bool profile_by_flag;  // --profile: then the environment's keys are not used
    bool profile_named;    // by the flag or AWS_PROFILE: then it has to exist
    char *region_flag;     // NULL when not given
    char *endpoint_flag;   // NULL when not given
    bool loopback_only;
    const char *role_arn, *external_id;  // to be assumed last; borrowed from the options
    struct profiles *files;
};

// Reads the files. False when they are malformed or the profile named is not there.
bool config_load(struct config *c, const struct aws_options *o, struct err *e);
void config_free(struct config *c);

// A key of the profile in force; NULL when absent or empty.
const char *config_get(const struct config *c, const char *key);
// A key of any profile; NULL when absent or empty.
const char *config_of(const struct config *c, const char *profile, const char *key);
// An environment variable; NULL when absent or empty.
const char *config_env(const char *name);
// The variable, else the key; true when it says "true" in any case.
bool config_switch(const struct config *c, const char *variable, const char *key);

#endif
