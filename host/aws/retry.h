// retry.h - whether an attempt is made again, and when.
//
// Owns: the decision table of retries, as pure functions, so that tests can cover every
// row. It never waits, never sends and keeps no state but what it is given.
//
// The rule above all: a mutation whose fate is not known is repeated only when repeating
// it cannot do it twice.
#ifndef CORDON_AWS_RETRY_H
#define CORDON_AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/val.h"
#include "model/model.h"

#define RETRY_QUOTA 500
#define RETRY_MAX_ATTEMPTS 3                       // unless AWS_MAX_ATTEMPTS
#define RETRY_SKEW_US ((int64_t)4 * 60 * 1000000)  // smaller offsets do not explain a refusal
#define RETRY_JUST_CREATED_MS 10000                // how long a *.NotFound may last

enum retry_fate {
    FATE_HOPELESS,  // not sent, and never will be: a certificate that does not verify
    FATE_NOT_SENT,  // refused connection, no such host, TLS handshake
    FATE_UNKNOWN,   // sent, and no whole answer came
    FATE_ANSWERED   // a status and a whole body came
};

struct retry_attempt {
    bool repeatable;    // a read, or nothing is done twice by repeating it
    bool just_created;  // *.NotFound may be an answer from before the creation
    enum retry_fate fate;
    bool timed_out;
    int status;        // FATE_ANSWERED
    const char *code;  // FATE_ANSWERED: AWS's code, "" when there is none
    int attempt;       // the one that ended, from 1
    int max_attempts;
    int64_t waited_ms;       // since the first attempt began
    int64_t skew_us;         // the server's clock less ours, as its Date says; 0 when it said none
    bool skew_corrected;     // in this call already
    int64_t retry_after_ms;  // what the server asked for; -1 when it did not
    double random;           // 0 .. 1
    int quota;               // tokens left
};

enum retry_reason {
    RETRY_NO,            // final
    RETRY_THROTTLED,     // not executed
    RETRY_TRANSIENT,     // may have been executed
    RETRY_CONNECTION,    // not executed
    RETRY_JUST_CREATED,  // not executed
    RETRY_SKEW           // not executed: sign with the server's clock
};

struct retry_decision {
    enum retry_reason reason;
    int64_t delay_ms;
    int cost;      // tokens to take from the quota
    bool unknown;  // it may or may not have been executed
};

struct retry_decision retry_decide(const struct retry_attempt *a);

bool retry_is_throttling(const char *code);
bool retry_is_skew(const char *code);
// The session's token has ended: not carried out.
bool retry_is_expired(const char *code);

// True when sending the call twice has the effect of sending it once: reads, DryRun=true,
// what carries its idempotency token, and a reviewed list of mutations.
bool retry_is_repeatable(const struct operation *op, const struct val *params);

// AWS_MAX_ATTEMPTS (text, or NULL), within 1 .. 20; RETRY_MAX_ATTEMPTS when it is no number.
int retry_max_attempts(const char *text);

#endif
