// http.h - HTTP requests, asynchronous, on the host's poll loop.
//
// Owns: libcurl, which is loaded when the first request is made; the connection pool; the
// limits on what a server may send; telling a request that never left from one whose fate
// is unknown. The http*.c files are the only ones that call curl. It follows no redirect, repeats
// no request by itself, and knows neither AWS nor signatures.
#ifndef CORDON_AWS_HTTP_H
#define CORDON_AWS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

#define HTTP_CONNECT_MS 3100L
#define HTTP_TOTAL_MS 60000L
#define HTTP_IDLE_S 50L  // older connections are not reused: servers drop them after a minute
#define HTTP_MAX_BODY ((size_t)64 * 1024 * 1024)
#define HTTP_MAX_HEADERS ((size_t)64 * 1024)
#define HTTP_MAX_PER_HOST 16

struct http;

struct http_header {
    const char *name;
    const char *value;  // without line ends: a request that has one is refused
};

// All of it but the body is copied; the body is borrowed until `done`. `headers` holds host
// and, of a POST, content-type; content-length is added.
struct http_request {
    const char *method;  // "GET", or "PUT" without a body; NULL: POST
    // Asked, with `ctx` of http_start, when its turn has come and nothing was sent yet;
    // false withdraws it. It must not run the loop. NULL: always.
    bool (*starting)(void *ctx, struct err *e);
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
    int64_t timeout_ms;  // of the whole; 0: HTTP_TOTAL_MS
    bool direct;         // never through a proxy: loopback, metadata services
};

enum http_fate {
    HTTP_WITHDRAWN,  // not sent: `starting` said no; `err` is its reason
    HTTP_REFUSED,    // not sent, and never will be: bad certificate, bad CA file, bad URL
    HTTP_NOT_SENT,   // not sent: connection refused, no such host, connect time-out
    HTTP_UNKNOWN,    // the body was given to the connection, and no whole answer came
    HTTP_ANSWERED
};

struct http_response {
    enum http_fate fate;
    bool timed_out;
    struct err err;  // unless HTTP_ANSWERED
    int status;      // HTTP_ANSWERED
    const char *body;
    size_t body_len;
    char request_id[96];    // x-amzn-requestid or x-amz-request-id; "" when absent
    char query_error[160];  // x-amzn-query-error
    char content_type[96];
    int64_t date_us;         // 0 when absent
    int64_t retry_after_ms;  // -1 when absent
};

// The response is valid during the call only.
typedef void http_done(void *ctx, const struct http_response *response);

// Who carries requests in the place of libcurl: http_start's signature, with a context.
struct http_carrier {
    void *ctx;
    bool (*start)(void *ctx, const struct http_request *r, http_done *done, void *done_ctx,
                  struct err *e);
};

// "libcurl/7.88.1 OpenSSL/3.0.15 ...": what was loaded; NULL and `e` when nothing can be.
const char *http_library(struct err *e);

// `ca_bundle`: a file or a folder of hashed certificates; NULL for the system's. Loads
// nothing yet.
struct http *http_new(struct loop *l, const char *ca_bundle, struct err *e);
// Drops what is under way; its callbacks are not called.
void http_free(struct http *h);

// Queues a request; `done` is called once, later, from the loop. Requests to one host start
// in the order given, at most HTTP_MAX_PER_HOST at once. False (and no call) when memory
// runs out, libcurl cannot be loaded or a header is malformed.
bool http_start(struct http *h, const struct http_request *r, http_done *done, void *ctx,
                struct err *e);

#endif
