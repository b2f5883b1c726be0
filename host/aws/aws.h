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
struct buf;
struct http_carrier;

struct aws_options {
    const char *profile;       // --profile, or NULL
    const char *region;        // --region, or NULL
    const char *endpoint_url;  // --endpoint-url, or NULL
    // Assumed with the keys that are found; NULL: none. external_id may be NULL.
    const char *role_arn, *external_id;
    bool loopback_only;        // sanitizer builds: refuse any other endpoint
    int64_t timeout_ms;        // of one attempt; 0: a minute
    bool verbose;              // say each request on stderr (never a secret)
    // Asks the operator for a line (an MFA code), running the loop meanwhile; false with the
    // reason when there is no answer. NULL: there is nobody to ask.
    bool (*ask)(void *ctx, const char *question, struct buf *answer, size_t max, struct err *e);
    void *ask_ctx;
    // Carries every request in the place of libcurl; borrowed. NULL: libcurl. Nothing leaves
    // the machine then, so that loopback_only does not count.
    const struct http_carrier *carrier;
};

// Reads no file and opens no connection yet. NULL and `e` on no memory.
struct aws *aws_new(struct loop *l, struct model *m, const struct aws_options *o, struct err *e);
// The same identity in another Region: its keys are `a`'s, which has to outlive it.
struct aws *aws_elsewhere(struct aws *a, const char *region, struct err *e);
// Drops the calls under way; their `done` is not called. Never from inside a `done`.
void aws_free(struct aws *a);

// The Region in force; finds it, asking the instance's metadata last (the loop runs then).
// False with the way out.
bool aws_region(struct aws *a, const char **region, struct err *e);
// "profile prod", "environment": where the credentials came from; "" before the first call.
const char *aws_credential_source(const struct aws *a);
// True once an answer came from cordon's own simulator, which calls itself so in the Server
// header: nothing there is AWS.
#define AWS_SIMULATOR "cordon-simulator"
bool aws_is_simulator(const struct aws *a);

// Fetches keys, unless there are some, and runs the loop until they are there. False with the
// reason and the way out.
bool aws_credentials(struct aws *a, struct err *e);

// Every decision of the resolver, without a secret: profile, region and where from, keys
// (source, account, expires), the list of what was looked at and why not, the endpoints by
// service and why, what the settings say of FIPS, dualstack, proxy, CA bundle, retries, and
// the libraries' versions. New reference; NULL on no memory. What is wrong in files or settings is
// told in it ("problem").
struct val *aws_explain(struct aws *a);
// The server's clock less ours at the last answer that said it, in microseconds. False: none did.
bool aws_clock_offset(const struct aws *a, int64_t *us);

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
    bool urgent;                  // waits for no request budget: what closes a window
    bool just_created;            // names something this run created: *.NotFound is retried
};

struct aws_reply {
    bool ok;
    const struct val *value;  // result; NULL unless ok; take a val_ref to keep it
    struct err err;           // unless ok
    // A mutation that was sent and whose fate is not known: time-out or reset after
    // sending. Describe to find out; it was not repeated.
    bool unknown;
    bool lost;  // of an attempt that was sent the end is not known, whatever the last one's was
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
