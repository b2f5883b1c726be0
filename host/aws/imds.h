// imds.h - the EC2 instance metadata service, version 2.
//
// Owns: its address, its session token, how long it is waited for. Never through a proxy;
// never version 1, which needs no token and so answers whoever can make this machine ask.
#ifndef CORDON_AWS_IMDS_H
#define CORDON_AWS_IMDS_H

#include "aws/credentials.h"
#include "aws/fetch.h"

struct imds;

// AWS_EC2_METADATA_DISABLED=true: it is not to be asked.
bool imds_disabled(void);

// AWS_EC2_METADATA_SERVICE_ENDPOINT or the profile's ec2_metadata_service_endpoint; else the
// well-known address (of IPv6 when ..._ENDPOINT_MODE says so). ERR_USAGE when it is no URL.
struct imds *imds_open(const struct config *c, const struct source_tools *tools, struct err *e);
void imds_close(struct imds *m);  // NULL is allowed; its requests must be gone already
const char *imds_host(const struct imds *m);

// Gets "latest/PATH", after the token when there is none yet. `done` is called once, later,
// with `why` also when the token was refused. One at a time.
bool imds_get(struct imds *m, const char *path, fetch_done *done, void *ctx, struct err *e);

#endif
