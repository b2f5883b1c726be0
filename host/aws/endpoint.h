// endpoint.h - which Region, and where a service is.
//
// Owns: the order in which Regions and endpoints are looked for, the standard host names
// by partition, and what an endpoint may look like. It resolves no names and opens no
// connection.
#ifndef CORDON_AWS_ENDPOINT_H
#define CORDON_AWS_ENDPOINT_H

#include <stdbool.h>

#include "aws/config.h"
#include "base/err.h"
#include "model/model.h"

#define REGION_SIZE 40

struct endpoint {
    char url[1024];   // scheme, host, port, path: what is posted to
    char host[300];   // value of the Host header: no default port
    char path[512];   // "/" at least
    bool configured;  // somebody gave it; else it is AWS's own
    bool loopback;    // 127.0.0.0/8, ::1 or localhost
    char from[96];    // why this one: "AWS_ENDPOINT_URL", "AWS's own of partition aws, FIPS"
    char signing_region[REGION_SIZE];
};

// --region, AWS_REGION, AWS_DEFAULT_REGION, the profile. Only [a-z0-9-]: a Region's name
// becomes a host's name.
bool endpoint_region(const struct config *c, char region[REGION_SIZE], struct err *e);

// "aws", "aws-cn", ...: by the Region's name.
const char *endpoint_partition(const char *region);

// What a Region's name may look like; `from` says in messages who gave it.
bool endpoint_check_region(const char *name, const char *from, char region[REGION_SIZE],
                           struct err *e);
// Who names the Region, "AWS_REGION", "profile prod"; NULL: nobody does.
const char *endpoint_region_named(const struct config *c, const char **value);

// --endpoint-url; then, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_ENDPOINT_URL_<SERVICE>,
// AWS_ENDPOINT_URL, the profile's services section, its endpoint_url; then the standard
// one. ERR_REFUSED when only loopback is allowed and it is not.
bool endpoint_resolve(const struct config *c, const struct service *s, const char *region,
                      struct endpoint *out, struct err *e);

// Takes a URL apart and checks it: http or https, no user, query or fragment. `from` says
// in messages who gave it.
bool endpoint_parse(const char *url, const char *from, struct endpoint *out, struct err *e);

#endif
