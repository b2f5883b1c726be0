// server.h - AWS's side of the wire, on a loopback port.
//
// Owns: HTTP (libmicrohttpd, driven by the poll loop), the caps on requests, which service a
// request is for, and the way from a signed request to an encoded answer. What is answered
// is `answer`'s business. It listens on 127.0.0.1 only.
#ifndef CORDON_SERVE_SERVER_H
#define CORDON_SERVE_SERVER_H

#include "aws/sigv4.h"
#include "base/loop.h"
#include "base/val.h"
#include "model/model.h"

struct server;

// What an answer says beside its value or error.
struct server_note {
    char shape[96];   // an error's name in the JSON protocols; "" when it is the code
    int64_t wait_ms;  // an empty result: within this time there may be more. Asked again meanwhile
};

// Answers one call: *result (new reference), or false and `e` with AWS's code and HTTP status.
// It must not wait: a result that may wait is noted so.
typedef bool server_answer(void *ctx, const struct operation *op, const char *region,
                           const struct val *params, struct server_note *note,
                           struct val **result, struct err *e);

struct server_options {
    int port;                 // 0: a free one
    struct sigv4_keys keys;   // the one key pair that is known; borrowed
    struct model *model;
    server_answer *answer;
    void *ctx;
    const char *banner;       // value of the Server header
};

struct server *server_start(struct loop *l, const struct server_options *o, struct err *e);
int server_port(const struct server *s);
uint64_t server_requests(const struct server *s);
void server_stop(struct server *s);

#endif
