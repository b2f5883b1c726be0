// call.h - one call on its way, inside the door.
//
// Owns: the state that door.c (which calls go at all) and attempt.c (one attempt, and
// whether there is another) share. Nobody else includes it.
#ifndef CORDON_AWS_CALL_H
#define CORDON_AWS_CALL_H

#include "aws/aws.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/http.h"
#include "aws/pace.h"
#include "aws/region.h"
#include "aws/resolver.h"
#include "aws/retry.h"
#include "codec/codec.h"

struct aws {
    struct loop *loop;
    struct model *model;
    struct aws_options options;  // its strings are ours
    struct config config;
    bool config_ready;
    struct region_search search;
    char region[REGION_SIZE];
    char region_from[96];
    struct source_tools tools;
    struct http *http;
    struct resolver *resolver;
    bool borrows_keys;  // the resolver is another's
    struct call *calls;
    int quota;
    int max_attempts;
    int64_t skew_us;    // the server's clock less ours, once that mattered
    int64_t offset_us;  // as the last answer's Date says it
    bool offset_known;
    struct pace pace;
    bool simulator;  // an answer said so
};

struct call {
    struct call *next;
    struct aws *aws;
    const struct operation *op;
    struct val *params;
    struct permit permit;
    bool has_permit;
    bool just_created;
    bool own;                 // STS for the resolver: no permit, its own keys
    bool bare;                // not signed
    struct credentials keys;  // when `own`
    bool waits_for_region;
    bool paced;            // its turn in the request budget has come
    bool keys_renewed;     // after an answer that they have ended
    char access_key[136];  // that signed the last attempt
    aws_done *done;
    void *ctx;
    struct aws_reply reply;
    struct val *result;
    struct wire_request wire;
    struct endpoint endpoint;
    bool repeatable;
    bool skew_corrected;
    bool maybe_done;  // an attempt of unknown fate is among those made
    int last_cost;
    int64_t first_ms;
    struct loop_timer *timer;
};

// One attempt; it finishes the call or arranges for the next attempt.
void attempt_start(struct call *c);

// The search for the Region is over: calls that waited for it begin, or fail.
void call_region_known(struct aws *a);

// Makes a carrier of requests ready, and gives it one.
bool door_http(void *aws, const struct http_request *r, http_done *done, void *ctx, struct err *e);
// Reads the settings, once.
bool door_config(struct aws *a, struct err *e);

// Ends the call: fills the reply, calls `done`, frees it. `value` is taken.
void call_succeed(struct call *c, struct val *value);
void call_fail(struct call *c, const struct err *why);

#endif
