// auth.h - is this request signed by the one key that is known?
//
// Owns: checking Signature Version 4 on the server's side, as AWS refuses: wrong key, wrong
// signature, old date, missing pieces. It never looks inside the body.
#ifndef CORDON_SERVE_AUTH_H
#define CORDON_SERVE_AUTH_H

#include "aws/sigv4.h"
#include "model/model.h"

struct auth_request {
    const char *method, *path, *query;
    const struct sigv4_header *headers;  // all that came
    size_t header_count;
    const void *body;
    size_t body_len;
};

// Why a request is refused. Each protocol has its own words for it.
enum auth_refusal {
    AUTH_UNSIGNED,     // no Authorization header of this algorithm
    AUTH_INCOMPLETE,   // a piece is missing, or the date is not the scope's
    AUTH_UNKNOWN_KEY,
    AUTH_EXPIRED,      // the date is too far off
    AUTH_WRONG_SIGNATURE,
    AUTH_FAILED        // not the request's fault: `e` says why
};

// What the credential scope names, "" what could not be read; and on a failure why.
struct auth_found {
    char service[32], region[64];
    enum auth_refusal refusal;
};
bool auth_check(const struct auth_request *r, const struct sigv4_keys *known, int64_t now_us,
                struct auth_found *found, struct err *e);

// How a service with this protocol refuses: fills `e` with AWS's code and HTTP status; the
// result is the error's name in the JSON protocols.
const char *auth_refusal(enum auth_refusal why, enum protocol p, struct err *e);

// A header's value, any case; NULL when absent.
const char *auth_header(const struct auth_request *r, const char *name);

#endif
