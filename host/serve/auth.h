// auth.h - is this request signed by the one key that is known?
//
// Owns: checking Signature Version 4 on the server's side, as AWS refuses: wrong key, wrong
// signature, old date, missing pieces. It never looks inside the body.
#ifndef CORDON_SERVE_AUTH_H
#define CORDON_SERVE_AUTH_H

#include "aws/sigv4.h"

struct auth_request {
    const char *method, *path, *query;
    const struct sigv4_header *headers;  // all that came
    size_t header_count;
    const void *body;
    size_t body_len;
};

// `service` (32 bytes) and `region` (64) receive what the credential scope names, also on a
// failure when it could be read ("" otherwise). `e` has AWS's code and HTTP status.
bool auth_check(const struct auth_request *r, const struct sigv4_keys *known, int64_t now_us,
                char service[32], char region[64], struct err *e);

// A header's value, any case; NULL when absent.
const char *auth_header(const struct auth_request *r, const char *name);

#endif
