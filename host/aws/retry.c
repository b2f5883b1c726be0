// retry.c - whether an attempt is made again, and when.
//
// Owns: the decision table of retries, as pure functions. It never waits, never sends and
// keeps no state.
#include "aws/retry.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/codec.h"

#define COST_RETRY 5
#define COST_AFTER_TIMEOUT 10
#define MAX_BACKOFF_S 20
#define RETRY_AFTER_MAX_MS 5000  // of what a server asks for, beyond our own delay

static bool is_one_of(const char *word, const char *const *list) {
    for (; *list != NULL; list++)
        if (strcmp(word, *list) == 0) return true;
    return false;
}

bool retry_is_throttling(const char *code) {
    static const char *const codes[] = {"Throttling",
                                        "ThrottlingException",
                                        "ThrottledException",
                                        "RequestThrottled",
                                        "RequestThrottledException",
                                        "RequestLimitExceeded",
                                        "TooManyRequestsException",
                                        "BandwidthLimitExceeded",
                                        "SlowDown",
                                        "EC2ThrottledException",
                                        NULL};
    return is_one_of(code, codes);
}

bool retry_is_skew(const char *code) {
    static const char *const codes[] = {"AuthFailure",
                                        "InvalidSignatureException",
                                        "RequestExpired",
                                        "RequestInTheFuture",
                                        "RequestTimeTooSkewed",
                                        "SignatureDoesNotMatch",
                                        NULL};
    return is_one_of(code, codes);
}

bool retry_is_expired(const char *code) {
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", NULL};
    return is_one_of(code, codes);
}

// Errors after which nobody can say whether the request was carried out.
static bool is_transient(const char *code, int status) {
    static const char *const codes[] = {"RequestTimeout", "RequestTimeoutException",
                                        "PriorRequestNotComplete", "IDPCommunicationError", NULL};
    return is_one_of(code, codes) || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

// Mutations that leave the same state when they are made twice. Each was looked at: it
// sets something to a value that the call itself names, or removes what an id names that
// AWS never gives again. Not here although they look alike: Revoke* (the second answer is
// an error that hides the first), Replace*Association (the id changes with the first),
// RebootInstances, StartInstances after somebody stopped, SendMessage.
bool retry_is_repeatable(const struct operation *op, const struct val *params) {
    static const char *const ec2[] = {"CreateTags",
                                      "DeleteTags",
                                      "DeleteInternetGateway",
                                      "DeleteNetworkAcl",
                                      "DeleteNetworkAclEntry",
                                      "DeleteNetworkInterface",
                                      "DeleteRoute",
                                      "DeleteRouteTable",
                                      "DeleteSecurityGroup",
                                      "DeleteSnapshot",
                                      "DeleteSubnet",
                                      "DeleteVolume",
                                      "DeleteVpc",
                                      "DeleteVpcEndpoints",
                                      "ModifyInstanceAttribute",
                                      "ModifyInstanceMetadataOptions",
                                      "ModifyNetworkInterfaceAttribute",
                                      "ModifySubnetAttribute",
                                      "ModifyVpcAttribute",
                                      "ReplaceNetworkAclEntry",
                                      "ReplaceRoute",
                                      "StopInstances",
                                      "TerminateInstances",
                                      NULL};
    static const char *const sqs[] = {"ChangeMessageVisibility", "ChangeMessageVisibilityBatch",
                                      "DeleteMessage",           "DeleteMessageBatch",
                                      "SetQueueAttributes",      NULL};
    if (!codec_changes(op, params)) return true;
    if (op->client_token[0] != '\0' && val_str_len(val_get(params, op->client_token)) > 0)
        return true;
    const char *service = op->service->name;
    if (strcmp(service, "ec2") == 0) return is_one_of(op->name, ec2);
    return strcmp(service, "sqs") == 0 && is_one_of(op->name, sqs);
}

int retry_max_attempts(const char *text) {
    if (text == NULL || text[0] == '\0') return RETRY_MAX_ATTEMPTS;
    char *end;
    long n = strtol(text, &end, 10);
    if (*end != '\0' || n < 1) return RETRY_MAX_ATTEMPTS;
    return n > 20 ? 20 : (int)n;
}

// rand * min(2^(n-1), 20) seconds, n the attempt that failed; a server may ask for more.
static int64_t backoff_ms(const struct retry_attempt *a) {
    int64_t cap = a->attempt > 5 ? MAX_BACKOFF_S : (int64_t)1 << (a->attempt - 1);
    if (cap > MAX_BACKOFF_S) cap = MAX_BACKOFF_S;
    int64_t delay = (int64_t)(a->random * (double)cap * 1000.0);
    int64_t asked = a->retry_after_ms;
    if (asked > delay + RETRY_AFTER_MAX_MS) asked = delay + RETRY_AFTER_MAX_MS;
    return asked > delay ? asked : delay;
}

static enum retry_reason reason_of(const struct retry_attempt *a) {
    if (a->fate == FATE_HOPELESS) return RETRY_NO;
    if (a->fate == FATE_NOT_SENT) return RETRY_CONNECTION;
    if (a->fate == FATE_UNKNOWN) return RETRY_TRANSIENT;
    // The code before the status: EC2 throttles with a 503.
    if (retry_is_throttling(a->code)) return RETRY_THROTTLED;
    if (retry_is_skew(a->code)) return RETRY_SKEW;
    if (a->just_created && text_ends(a->code, ".NotFound")) return RETRY_JUST_CREATED;
    return is_transient(a->code, a->status) ? RETRY_TRANSIENT : RETRY_NO;
}

static struct retry_decision decide_skew(const struct retry_attempt *a, struct retry_decision d) {
    int64_t offset = a->skew_us < 0 ? -a->skew_us : a->skew_us;
    if (a->skew_corrected || offset <= RETRY_SKEW_US) d.reason = RETRY_NO;
    return d;
}

static struct retry_decision decide_just_created(const struct retry_attempt *a,
                                                 struct retry_decision d) {
    d.delay_ms = a->attempt > 2 ? 2000 : 500 * (int64_t)a->attempt;
    if (a->waited_ms + d.delay_ms > RETRY_JUST_CREATED_MS) d.reason = RETRY_NO;
    return d;
}

struct retry_decision retry_decide(const struct retry_attempt *a) {
    struct retry_decision d = {.reason = reason_of(a)};
    if (d.reason == RETRY_NO) return d;
    if (d.reason == RETRY_SKEW) return decide_skew(a, d);
    if (d.reason == RETRY_JUST_CREATED) return decide_just_created(a, d);
    d.unknown = d.reason == RETRY_TRANSIENT;
    d.cost = a->timed_out ? COST_AFTER_TIMEOUT : COST_RETRY;
    d.delay_ms = backoff_ms(a);
    bool spent = a->attempt >= a->max_attempts || a->quota < d.cost;
    if (spent || (d.unknown && !a->repeatable)) {
        d.reason = RETRY_NO;
        d.cost = 0;
        d.delay_ms = 0;
    }
    return d;
}
