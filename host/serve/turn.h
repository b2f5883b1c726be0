// turn.h - one request that has arrived, and its answer.
//
// Owns: which service a request is for, its signature, decoding, asking for the answer (again,
// while it waits), encoding answer or fault. It knows no HTTP library.
#ifndef CORDON_SERVE_TURN_H
#define CORDON_SERVE_TURN_H

#include "serve/auth.h"
#include "serve/server.h"

#define MAX_HEADERS 64

struct turn {
    const struct server_options *options;
    struct auth_request request;  // its texts are the connection's, and stay while that lives
    struct sigv4_header headers[MAX_HEADERS];
    struct auth_found found;
    const struct service *service;
    const struct operation *op;  // NULL until decoded
    struct val *params;
    char request_id[37];
    int64_t wait_ms;  // > 0: nothing yet; turn_ask within this time
    int status;
    struct buf body, query_error;
};

// Takes the request: afterwards it waits, or status and body are the answer. `too_large`: the
// body was cut off at `limit` bytes.
void turn_take(struct turn *t, bool too_large, size_t limit);

// Asks again. `last`: an empty answer is the answer.
void turn_ask(struct turn *t, bool last);

void turn_free(struct turn *t);

#endif
