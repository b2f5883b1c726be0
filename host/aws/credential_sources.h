// credential_sources.h - the sources of keys themselves.
//
// Owns: one entry each, in the order in which they are looked at. It never decides which
// profile counts.
#ifndef CORDON_AWS_CREDENTIAL_SOURCES_H
#define CORDON_AWS_CREDENTIAL_SOURCES_H

#include "aws/credentials.h"

extern const struct credential_source CREDENTIAL_SOURCES[];
extern const size_t CREDENTIAL_SOURCE_COUNT;

// Each in a file of its own, source_*.c.
bool web_identity_configured(const struct config *c, const char *profile, bool environment);
void web_identity_load(struct credential_lookup *l);
bool sso_configured(const struct config *c, const char *profile, bool environment);
void sso_load(struct credential_lookup *l);
bool login_configured(const struct config *c, const char *profile, bool environment);
void login_load(struct credential_lookup *l);
bool process_configured(const struct config *c, const char *profile, bool environment);
void process_load(struct credential_lookup *l);
bool container_configured(const struct config *c, const char *profile, bool environment);
void container_load(struct credential_lookup *l);
bool metadata_configured(const struct config *c, const char *profile, bool environment);
void metadata_load(struct credential_lookup *l);

// For them: frees the state and ends the look.
void lookup_end(struct credential_lookup *l, bool ok);

#endif
