// aws.h - the one door to AWS.
//
// Owns: credentials, Region, endpoints, signing, sending, retrying. Calls are
// asynchronous on one connection pool. Only this folder sends; only http.c knows
// curl. A call that mutates needs a permit, which only the gate makes; without one
// the door sends it solely as DryRun=true, and refuses where the model has no DryRun.
#ifndef CORDON_AWS_AWS_H
#define CORDON_AWS_AWS_H

#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/val.h"
#include "model/model.h"

struct aws;

struct aws_options {
    const char *profile;       // --profile, or NULL
    const char *region;        // --region, or NULL
    const char *endpoint_url;  // --endpoint-url, or NULL
    bool loopback_only;        // sanitizer builds: refuse any other endpoint
    int64_t timeout_ms;        // of one attempt; 0: a minute
    bool verbose;              // say each request on stderr (never a secret)
};

// Reads no file and opens no connection yet. NULL and `e` on no memory.
struct aws *aws_new(struct loop *l, struct model *m, const struct aws_options *o, struct err *e);
// Drops the calls under way; their `done` is not called. Never from inside a `done`.
void aws_free(struct aws *a);

// The Region in force, "" before it was found; finds it. False with the way out.
bool aws_region(struct aws *a, const char **region, struct err *e);
// "profile prod", "environment": where the credentials came from; "" before the first call.
const char *aws_credential_source(const struct aws *a);
// True once an answer came from cordon's own simulator, which calls itself so in the Server
// header: nothing there is AWS.
#define AWS_SIMULATOR "cordon-simulator"
bool aws_is_simulator(const struct aws *a);

// Made by gate.c alone (a check in the build says so); the door asks it once more just
// before each attempt is sent, retries included.
struct permit {
    bool (*still)(void *ctx, struct err *e);
    void *ctx;
};

struct aws_call {
    const struct operation *op;
    const struct val *params;     // borrowed; prepared by codec_prepare, checked by codec_check
    const struct permit *permit;  // NULL: reads and DryRun=true only; copied
    bool just_created;            // names something this run created: *.NotFound is retried
};

struct aws_reply {
    bool ok;
    const struct val *value;  // result; NULL unless ok; take a val_ref to keep it
    struct err err;           // unless ok
    // A mutation that was sent and whose fate is not known: time-out or reset after
    // sending. Describe to find out; it was not repeated.
    bool unknown;
    bool sent;  // at least one attempt left the machine
    int attempts;
    int64_t sent_us;  // the last attempt's start, clock_now_us()
    int64_t answered_us;
    char request_id[96];
};
typedef void aws_done(void *ctx, const struct aws_reply *reply);

// Starts a call; `done` is called exactly once, later, from the loop (never from
// inside aws_start), also when the call is refused. False (and `done` is not called)
// only when memory runs out.
bool aws_start(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
               struct err *e);

// Runs the loop until the reply is there. For verbs with a single call.
// The reply's value is a new reference in *value.
bool aws_wait(struct aws *a, const struct aws_call *call, struct aws_reply *reply,
              struct val **value);

#endif
