// credential_sources.h - the sources of keys themselves.
//
// Owns: one entry each, in the order in which they are looked at. It never decides which
// profile counts.
#ifndef CORDON_AWS_CREDENTIAL_SOURCES_H
#define CORDON_AWS_CREDENTIAL_SOURCES_H

#include "aws/credentials.h"

extern const struct credential_source CREDENTIAL_SOURCES[];
extern const size_t CREDENTIAL_SOURCE_COUNT;

#endif
