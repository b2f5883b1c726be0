// sigv4.h - AWS Signature Version 4.
//
// Owns: one pure function: request, keys and time in; header values out, with the
// canonical request and the string to sign for whoever must compare them. It never
// reads a clock, never sends, and wipes every key that it derives.
#ifndef CORDON_AWS_SIGV4_H
#define CORDON_AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"

struct sigv4_header {
    const char *name;   // any case
    const char *value;  // may be folded over several lines
};

// A request as it goes on the wire. `headers` holds host and whatever else is to be
// signed, in order of arrival; those that a proxy may change (connection, expect, te,
// transfer-encoding, user-agent, x-amzn-trace-id) and authorization are left out.
struct sigv4_request {
    const char *method;
    const char *path;   // up to the '?'
    const char *query;  // after the '?', "" when none
    const struct sigv4_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
};

struct sigv4_keys {
    const char *access_key;
    const char *secret_key;
    const char *session_token;  // NULL or "" when none
};

struct sigv4_scope {
    const char *region;
    const char *service;
    int64_t time_us;
    bool normalize;           // fold "//", "/./" and "/../" of the path (all services but S3)
    bool sign_body;           // add and sign x-amz-content-sha256
    bool omit_session_token;  // the token is sent, but not signed
};

struct sigv4_signed {
    struct buf canonical_request;
    struct buf string_to_sign;
    struct buf authorization;         // value of the Authorization header
    char date[CLOCK_BASIC_SIZE];      // value of X-Amz-Date
    char content_sha256[SHA256_HEX];  // value of x-amz-content-sha256; "" unless sign_body
    char signature[SHA256_HEX];
};

// Fills *out, which needs no initialisation and is to be given to sigv4_signed_free, also
// after a failure. False when memory runs out or OpenSSL fails.
bool sigv4_sign(const struct sigv4_request *request, const struct sigv4_keys *keys,
                const struct sigv4_scope *scope, struct sigv4_signed *out, struct err *e);
void sigv4_signed_free(struct sigv4_signed *s);

#endif
