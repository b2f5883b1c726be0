// profile.h - the shared AWS files: ~/.aws/config and ~/.aws/credentials.
//
// Owns: finding, reading and merging the two files by the rules of the AWS tools, and
// the values in memory, which are wiped when freed. It never decides what a value
// means, never prints one, and never writes a file.
//
// The rules: a comment within a line needs white space before its '#' or ';';
// [profile default] replaces [default]; the credentials file wins, key by key; keys are
// case-insensitive; what is nested under a key (`sts =` and indented lines) is literal.
#ifndef CORDON_AWS_PROFILE_H
#define CORDON_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define PROFILE_MAX_FILE ((size_t)1024 * 1024)
#define PROFILE_MAX_ENTRIES ((size_t)5000)

struct profiles;

// Reads AWS_CONFIG_FILE (~/.aws/config) and AWS_SHARED_CREDENTIALS_FILE
// (~/.aws/credentials). A file that is not there or cannot be opened is an empty one; one
// that is malformed is ERR_USAGE with file and line.
struct profiles *profiles_load(struct err *e);
void profiles_free(struct profiles *p);  // wipes; NULL is allowed

bool profiles_has(const struct profiles *p, const char *profile);
// NULL when the profile does not have the key. `key` in lower case. Valid until
// profiles_forget_secrets or profiles_free.
const char *profiles_get(const struct profiles *p, const char *profile, const char *key);

// True when the value of profiles_get is the credentials file's.
bool profiles_in_credentials_file(const struct profiles *p, const char *profile, const char *key);

// [sso-session NAME] of the config file.
bool profiles_has_sso_session(const struct profiles *p, const char *name);
const char *profiles_sso_session_get(const struct profiles *p, const char *name, const char *key);

// [services NAME] with `service =` and `key = value` nested in it.
bool profiles_has_services(const struct profiles *p, const char *name);
const char *profiles_services_get(const struct profiles *p, const char *name, const char *service,
                                  const char *key);

// Wipes and drops secret keys and session tokens, once the credentials were taken.
void profiles_forget_secrets(struct profiles *p);

// "~/.aws/config (2 profiles), ~/.aws/credentials (not there)", for messages.
void profiles_describe_files(const struct profiles *p, struct buf *out);
// ERR_USAGE: there is no such profile, where was looked and what may have been meant.
bool profiles_missing(const struct profiles *p, const char *profile, struct err *e);

#endif
