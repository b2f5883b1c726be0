// fetch.c - one small document over HTTP, for the sources of keys.
//
// Owns: asking again when nobody answers, the cap on the answer.
#include "aws/fetch.h"

static void on_response(void *ctx, const struct http_response *r);

static bool send(struct fetch *f, struct err *e) {
    struct http_request request = {.method = f->method,
                                   .url = f->url,
                                   .headers = f->headers,
                                   .header_count = f->header_count,
                                   .timeout_ms = f->timeout_ms,
                                   .direct = f->direct};
    f->made++;
    return f->tools->http(f->tools->ctx, &request, on_response, f, e);
}

static void give_up(struct fetch *f, const struct err *why) {
    struct fetch_answer a = {.why = why};
    f->done(f->ctx, &a);
}

static void on_pause_end(void *ctx) {
    struct fetch *f = ctx;
    struct err e;
    f->timer = NULL;
    if (!send(f, &e)) give_up(f, &e);
}

static bool again(struct fetch *f, const struct http_response *r) {
    bool failed = r->fate == HTTP_ANSWERED ? r->status >= 500 : r->fate != HTTP_REFUSED;
    if (!failed || f->made >= f->attempts) return false;
    f->timer = loop_timer_add(f->tools->loop, f->pause_ms, on_pause_end, f);
    return f->timer != NULL;
}

static void on_response(void *ctx, const struct http_response *r) {
    struct fetch *f = ctx;
    struct err e;
    if (again(f, r)) return;
    if (r->fate != HTTP_ANSWERED) {
        give_up(f, &r->err);
    } else if (r->body_len > FETCH_MAX_BODY) {
        err_set(&e, ERR_INVALID, "%.200s: the answer is larger than it may be", f->url);
        give_up(f, &e);
    } else {
        struct fetch_answer a = {.status = r->status, .text = r->body, .len = r->body_len};
        f->done(f->ctx, &a);
    }
}

bool fetch_start(struct fetch *f, struct err *e) {
    f->made = 0;
    f->timer = NULL;
    return send(f, e);
}

void fetch_cancel(struct fetch *f) {
    loop_timer_cancel(f->timer);
    f->timer = NULL;
}
