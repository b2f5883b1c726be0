// attempt.c - one attempt of a call: keys, signature, request, answer; and whether
// there is another.
//
// Owns: the path from an encoded call to HTTP and back. It asks the permit before each
// attempt leaves; whether a call may go without one was decided in door.c.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"

#define MAX_HEADERS 12

// --- sending --------------------------------------------------------------------------

struct outgoing {
    struct http_header headers[MAX_HEADERS];
    size_t count;
};

static void add(struct outgoing *o, const char *name, const char *value) {
    o->headers[o->count++] = (struct http_header){name, value};
}

// All of these are signed.
static void add_signed(struct outgoing *o, const struct call *c) {
    add(o, "Host", c->endpoint.host);
    add(o, "Content-Type", c->wire.content_type);
    if (c->wire.target[0] != '\0') add(o, "X-Amz-Target", c->wire.target);
    if (c->wire.query_mode) add(o, "x-amzn-query-mode", "true");
}

static bool sign(const struct call *c, const struct credentials *keys, const struct outgoing *o,
                 struct sigv4_signed *s, struct err *e) {
    struct sigv4_header headers[MAX_HEADERS];
    for (size_t i = 0; i < o->count; i++)
        headers[i] = (struct sigv4_header){o->headers[i].name, o->headers[i].value};
    struct sigv4_request request = {
        "POST", c->endpoint.path, "", headers, o->count, c->wire.body.data, c->wire.body.len};
    struct sigv4_keys k = {keys->access_key, keys->secret_key, keys->session_token};
    struct sigv4_scope scope = {.region = c->endpoint.signing_region,
                                .service = c->op->service->signing_name,
                                .time_us = clock_now_us() + c->aws->skew_us,
                                .normalize = true};
    return sigv4_sign(&request, &k, &scope, s, e);
}

// Last of all: whatever took time until here may have changed the gate's mind.
static bool on_starting(void *ctx, struct err *e) {
    struct call *c = ctx;
    if (c->has_permit && !c->permit.still(c->permit.ctx, e)) return false;
    c->reply.sent_us = clock_now_us();
    c->reply.attempts++;
    return true;
}

static void on_response(void *ctx, const struct http_response *r);

static void add_signature(struct outgoing *o, struct call *c, const struct credentials *keys,
                          const struct sigv4_signed *s) {
    add(o, "X-Amz-Date", s->date);
    if (keys->session_token != NULL) add(o, "X-Amz-Security-Token", keys->session_token);
    add(o, "Authorization", buf_str(&s->authorization));
    snprintf(c->access_key, sizeof c->access_key, "%s", keys->access_key);
}

static bool post(struct call *c, const struct credentials *keys, struct err *e) {
    struct outgoing o = {.count = 0};
    struct sigv4_signed s = {0};
    add_signed(&o, c);
    bool ok = c->bare || sign(c, keys, &o, &s, e);
    if (ok) {
        if (!c->bare) add_signature(&o, c, keys, &s);
        add(&o, "User-Agent", "cordon/" CORDON_VERSION);
        struct http_request request = {.starting = on_starting,
                                       .url = c->endpoint.url,
                                       .headers = o.headers,
                                       .header_count = o.count,
                                       .body = c->wire.body.data,
                                       .body_len = c->wire.body.len,
                                       .timeout_ms = c->aws->options.timeout_ms,
                                       .direct = c->endpoint.loopback};
        ok = door_http(c->aws, &request, on_response, c, e);
    }
    sigv4_signed_free(&s);
    return ok;
}

static void on_keys(void *ctx, const struct err *why_not) {
    if (why_not != NULL)
        call_fail(ctx, why_not);
    else
        attempt_start(ctx);
}

static void on_again(void *ctx) {
    struct call *c = ctx;
    c->timer = NULL;
    attempt_start(c);
}

// False: its turn comes later, and it starts by itself then. A loopback endpoint is no
// account of AWS's; without memory for the timer it goes at once.
static bool has_turn(struct call *c) {
    if (c->paced || c->endpoint.loopback) return true;
    c->paced = true;
    int64_t wait = pace_take(&c->aws->pace, pace_class_of(c->op, c->params), clock_mono_ms());
    if (wait > 0) c->timer = loop_timer_add(c->aws->loop, wait, on_again, c);
    return c->timer == NULL;
}

void attempt_start(struct call *c) {
    struct err e = {0};
    if (!has_turn(c)) return;
    const struct credentials *keys = c->own ? &c->keys : resolver_current(c->aws->resolver);
    if (keys == NULL) {
        if (!resolver_want(c->aws->resolver, on_keys, c, &e)) call_fail(c, &e);
        return;
    }
    if (c->first_ms == 0) c->first_ms = clock_mono_ms();
    if (!post(c, keys, &e)) call_fail(c, &e);
}

// --- the answer -----------------------------------------------------------------------

struct outcome {
    struct val *value;  // NULL: failed
    struct err err;
    enum retry_fate fate;
};

static enum retry_fate fate_of(enum http_fate fate) {
    switch (fate) {
    case HTTP_WITHDRAWN:
    case HTTP_REFUSED: return FATE_HOPELESS;
    case HTTP_NOT_SENT: return FATE_NOT_SENT;
    case HTTP_UNKNOWN: return FATE_UNKNOWN;
    case HTTP_ANSWERED: return FATE_ANSWERED;
    }
    return FATE_UNKNOWN;
}

static void decode_redirect(const struct call *c, const struct http_response *r,
                            struct outcome *o) {
    err_set(&o->err, ERR_NETWORK,
            "%.200s answered with a redirect (HTTP %d), and none is followed: give the endpoint "
            "itself",
            c->endpoint.url, r->status);
    o->err.status = r->status;
}

static void decode(struct call *c, const struct http_response *r, struct outcome *o) {
    if (r->status >= 300 && r->status < 400) {
        decode_redirect(c, r, o);
        return;
    }
    const char *query_error = r->query_error[0] != '\0' ? r->query_error : NULL;
    bool ok = codec_decode_response(c->aws->model, c->op, r->status, r->body, r->body_len,
                                    query_error, &o->value, c->reply.request_id, &o->err);
    if (ok && codec_check_digests(c->op, c->params, o->value, &o->err)) return;
    val_unref(o->value);
    o->value = NULL;
    // A success that cannot be read: the call was carried out, or a stranger answered.
    if (r->status >= 300) return;
    o->fate = FATE_UNKNOWN;
    if (!strstr(o->err.message, "answer"))
        err_prefix(&o->err, "the answer to %s cannot be used", c->op->name);
}

static struct outcome outcome_of(struct call *c, const struct http_response *r) {
    struct outcome o = {.fate = fate_of(r->fate)};
    if (r->fate == HTTP_ANSWERED)
        decode(c, r, &o);
    else
        o.err = r->err;
    char *id = c->reply.request_id;
    if (o.value == NULL && o.err.request_id[0] != '\0')
        snprintf(id, sizeof c->reply.request_id, "%s", o.err.request_id);
    if (id[0] == '\0') snprintf(id, sizeof c->reply.request_id, "%s", r->request_id);
    if (o.value == NULL) {
        snprintf(o.err.operation, sizeof o.err.operation, "%s", c->op->name);
        snprintf(o.err.request_id, sizeof o.err.request_id, "%s", id);
    }
    return o;
}

// 0 .. 1, evenly enough for a delay.
static double random_fraction(void) {
    unsigned char bytes[4];
    if (!random_bytes(bytes, sizeof bytes)) return 1.0;
    unsigned value = (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 |
                     (unsigned)bytes[3];
    return (double)value / 4294967296.0;
}

static struct retry_attempt describe(const struct call *c, const struct http_response *r,
                                     const struct outcome *o) {
    bool answered = o->fate == FATE_ANSWERED;
    return (struct retry_attempt){
        .repeatable = c->repeatable,
        .just_created = c->just_created,
        .fate = o->fate,
        .timed_out = r->timed_out,
        .status = answered ? r->status : 0,
        .code = answered ? o->err.code : "",
        .attempt = c->reply.attempts,
        .max_attempts = c->aws->max_attempts,
        .waited_ms = clock_mono_ms() - c->first_ms,
        .skew_us = r->date_us != 0 ? r->date_us - (c->reply.answered_us + c->aws->skew_us) : 0,
        .skew_corrected = c->skew_corrected,
        .retry_after_ms = r->retry_after_ms,
        .random = random_fraction(),
        .quota = c->aws->quota,
    };
}

// Codes and ids are the server's words: escaped, as all that goes to a terminal.
static void say(const struct call *c, const struct http_response *r, const struct outcome *o) {
    if (!c->aws->options.verbose) return;
    struct buf what = BUF_EMPTY;
    struct buf shown = BUF_EMPTY;
    if (r->fate == HTTP_ANSWERED) buf_printf(&what, "HTTP %d ", r->status);
    if (o->value == NULL)
        buf_add_str(&what, r->fate == HTTP_ANSWERED ? o->err.code : o->err.message);
    if (c->reply.request_id[0] != '\0') buf_printf(&what, ", request id %s", c->reply.request_id);
    text_escape(&shown, buf_str(&what), what.len, 500);
    fprintf(stderr, "aws: %s %s, attempt %d, %lld ms: %s\n", c->op->service->name, c->op->name,
            c->reply.attempts, (long long)((c->reply.answered_us - c->reply.sent_us) / 1000),
            buf_str(&shown));
    buf_free(&what);
    buf_free(&shown);
}

static bool arrange_retry(struct call *c, const struct retry_attempt *a,
                          const struct retry_decision *d) {
    if (d->reason == RETRY_SKEW) {
        c->skew_corrected = true;
        c->aws->skew_us += a->skew_us;
    }
    c->aws->quota -= d->cost;
    c->last_cost = d->cost;
    c->timer = loop_timer_add(c->aws->loop, d->delay_ms, on_again, c);
    return c->timer != NULL;
}

// A success gives back what its last retry cost, or one token.
static void refill(struct call *c) {
    c->aws->quota += c->last_cost > 0 ? c->last_cost : 1;
    if (c->aws->quota > RETRY_QUOTA) c->aws->quota = RETRY_QUOTA;
}

// The Date has whole seconds; half of the way back and forth is not the clock's.
static void note_clock(struct call *c, const struct http_response *r) {
    if (r->fate != HTTP_ANSWERED || r->date_us == 0) return;
    int64_t middle = c->reply.sent_us + (c->reply.answered_us - c->reply.sent_us) / 2;
    c->aws->offset_us = r->date_us + 500000 - middle;
    c->aws->offset_known = true;
}

// Not carried out, and new keys may help: once. RequestExpired says it of a session's token
// as well as of a wrong clock, which retry.c knows by the offset.
static bool keys_have_ended(const struct call *c, const struct http_response *r,
                            const struct outcome *o) {
    if (o->fate != FATE_ANSWERED || c->own || c->keys_renewed) return false;
    if (retry_is_expired(o->err.code)) return true;
    int64_t offset = r->date_us != 0 ? r->date_us - (c->reply.answered_us + c->aws->skew_us) : 0;
    return strcmp(o->err.code, "RequestExpired") == 0 && offset > -RETRY_SKEW_US &&
           offset < RETRY_SKEW_US;
}

static void renew_keys(struct call *c) {
    c->keys_renewed = true;
    resolver_expired(c->aws->resolver, c->access_key);
    attempt_start(c);
}

static void on_response(void *ctx, const struct http_response *r) {
    struct call *c = ctx;
    if (r->fate == HTTP_WITHDRAWN) {
        call_fail(c, &r->err);
        return;
    }
    c->reply.answered_us = clock_now_us();
    c->reply.request_id[0] = '\0';
    if (r->fate == HTTP_UNKNOWN || r->fate == HTTP_ANSWERED) c->reply.sent = true;
    if (r->fate == HTTP_ANSWERED && text_starts(r->server, AWS_SIMULATOR)) c->aws->simulator = true;
    note_clock(c, r);
    struct outcome o = outcome_of(c, r);
    say(c, r, &o);
    if (o.value != NULL) {
        refill(c);
        call_succeed(c, o.value);
        return;
    }
    if (keys_have_ended(c, r, &o)) {
        renew_keys(c);
        return;
    }
    struct retry_attempt a = describe(c, r, &o);
    struct retry_decision d = retry_decide(&a);
    if (d.unknown) c->maybe_done = true;
    o.err.retryable = d.reason != RETRY_NO || d.unknown || o.fate == FATE_NOT_SENT ||
                      retry_is_throttling(o.err.code);
    if (d.reason != RETRY_NO && arrange_retry(c, &a, &d)) return;
    call_fail(c, &o.err);
}
