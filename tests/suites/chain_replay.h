// chain_replay.h - answers requests from a recording, in the place of libcurl.
//
// Owns: the recorded exchanges, in order; comparing what is asked with what was recorded.
#ifndef CORDON_TESTS_CHAIN_REPLAY_H
#define CORDON_TESTS_CHAIN_REPLAY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/http.h"
#include "aws/http_headers.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/val.h"

#define REPLAY_MAX 64

struct exchange {
    const struct val *request;   // {uri, method, headers}
    const struct val *response;  // {Ok: {status, headers}} or {Err: ...}
    int64_t connection;
    struct buf sent, answer;
};

struct replay {
    struct loop *loop;
    struct exchange exchanges[REPLAY_MAX];
    size_t count, next;
    int metadata_misses;  // unrecorded requests for instance metadata, answered "nobody there"
    char problem[1024];   // the first difference
};

struct replay_answer {
    struct http_response response;
    struct exchange *exchange;  // NULL: nobody there
    http_done *done;
    void *ctx;
    bool (*starting)(void *ctx, struct err *e);
};

// --- the recording --------------------------------------------------------------------------

static inline void replay_data(struct exchange *x, const struct val *data) {
    const struct val *bytes = val_get(data, "data");
    bool request = strcmp(val_get_str(data, "direction", ""), "Request") == 0;
    struct buf *to = request ? &x->sent : &x->answer;
    const char *base64 = val_get_str(bytes, "Base64", NULL);
    if (base64 != NULL) base64_decode(to, base64, strlen(base64));
    else buf_add(to, val_get_str(bytes, "Utf8", ""), val_str_len(val_get(bytes, "Utf8")));
}

static inline bool replay_load(struct replay *r, const struct val *traffic) {
    const struct val *events = val_get(traffic, "events");
    for (size_t i = 0; i < val_count(events); i++) {
        const struct val *event = val_at(events, i), *action = val_get(event, "action");
        int64_t connection = val_as_int(val_get(event, "connection_id"), 0);
        const struct val *request = val_path(action, "Request", "request", NULL);
        if (request != NULL) {
            if (r->count == REPLAY_MAX) return false;
            r->exchanges[r->count++] =
                (struct exchange){.request = request, .connection = connection};
            continue;
        }
        struct exchange *x = NULL;
        for (size_t n = r->count; n > 0 && x == NULL; n--)
            if (r->exchanges[n - 1].connection == connection) x = &r->exchanges[n - 1];
        if (x == NULL) return false;
        const struct val *response = val_path(action, "Response", "response", NULL);
        if (response != NULL) x->response = response;
        if (val_get(action, "Data") != NULL) replay_data(x, val_get(action, "Data"));
    }
    return true;
}

static inline void replay_free(struct replay *r) {
    for (size_t i = 0; i < r->count; i++) {
        buf_free(&r->exchanges[i].sent);
        buf_free(&r->exchanges[i].answer);
    }
}

// How often the recorded client asked the metadata service for one thing.
static inline int replay_metadata_attempts(const struct replay *r) {
    int most = 1;
    for (size_t i = 0; i < r->count; i++) {
        const char *uri = val_get_str(r->exchanges[i].request, "uri", "");
        int same = 0;
        for (size_t k = 0; k < r->count; k++)
            same += strcmp(uri, val_get_str(r->exchanges[k].request, "uri", "")) == 0;
        if (strstr(uri, "/latest/") != NULL && same > most) most = same;
    }
    return most;
}

// --- comparing ------------------------------------------------------------------------------

static inline int replay_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Scheme, host and path, then the query's parts in order; no slash at the end.
static inline void replay_normal(const char *url, struct buf *out) {
    size_t len = strcspn(url, "?"), count = 0;
    char *parts[32], *query = strdup(url[len] == '?' ? url + len + 1 : "");
    buf_add(out, url, len > 0 && url[len - 1] == '/' ? len - 1 : len);
    char *rest = query;
    for (char *part; count < 32 && (part = strsep(&rest, "&")) != NULL;) parts[count++] = part;
    qsort(parts, count, sizeof *parts, replay_compare);
    for (size_t i = 0; i < count; i++) buf_printf(out, "?%s", parts[i]);
    free(query);
}

static inline void replay_differs(struct replay *r, const char *what, const char *got,
                                  const char *wanted) {
    if (r->problem[0] != '\0') return;
    snprintf(r->problem, sizeof r->problem, "request %zu: %s is %.400s, recorded is %.400s",
             r->next, what, got, wanted);
}

static inline void replay_check_url(struct replay *r, const char *got, const char *wanted) {
    struct buf a = BUF_EMPTY, b = BUF_EMPTY;
    replay_normal(got, &a);
    replay_normal(wanted, &b);
    if (strcmp(buf_str(&a), buf_str(&b)) != 0) replay_differs(r, "URL", got, wanted);
    buf_free(&a);
    buf_free(&b);
}

// Headers that say who asks, and for what: these have to be as recorded.
static inline void replay_check_headers(struct replay *r, const struct http_request *q,
                                        const struct val *recorded) {
    static const char *const names[] = {"content-type",           "x-aws-ec2-metadata-token",
                                        "x-amz-sso_bearer_token", "accept",
                                        "x-aws-ec2-metadata-token-ttl-seconds"};
    for (size_t i = 0; i < val_count(recorded); i++)
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            const char *wanted = val_as_str(val_at(val_at(recorded, i), 0), ""), *got = "absent";
            if (strcasecmp(val_key_at(recorded, i), names[k]) != 0) continue;
            for (size_t h = 0; h < q->header_count; h++)
                if (strcasecmp(q->headers[h].name, names[k]) == 0) got = q->headers[h].value;
            // "...; charset=utf-8" says nothing new of a form.
            if (strncmp(got, wanted, strlen(wanted)) != 0) replay_differs(r, names[k], got, wanted);
        }
}

static inline void replay_check_action(struct replay *r, const struct http_request *q,
                                       const char *recorded) {
    size_t len = strcspn(recorded, "&");
    if (strncmp(recorded, "Action=", 7) != 0) return;
    bool same = q->body_len >= len && memmem(q->body, q->body_len, recorded, len) != NULL;
    if (!same) replay_differs(r, "Action", "another", recorded);
}

// --- answering ------------------------------------------------------------------------------

static inline void replay_fill(struct replay_answer *a) {
    struct http_response *r = &a->response;
    const struct val *ok = a->exchange != NULL ? val_get(a->exchange->response, "Ok") : NULL;
    http_headers_clear(r);
    if (ok == NULL) {
        r->fate = HTTP_NOT_SENT;
        err_set(&r->err, ERR_NETWORK, "nobody answers");
        return;
    }
    const struct val *headers = val_get(ok, "headers");
    for (size_t i = 0; i < val_count(headers); i++) {
        char line[1024];
        snprintf(line, sizeof line, "%s: %s", val_key_at(headers, i),
                 val_as_str(val_at(val_at(headers, i), 0), ""));
        http_headers_line(r, line, strlen(line));
    }
    r->fate = HTTP_ANSWERED;
    r->status = (int)val_as_int(val_get(ok, "status"), 0);
    r->body = buf_str(&a->exchange->answer);
    r->body_len = a->exchange->answer.len;
}

static inline void replay_deliver(void *ctx) {
    struct replay_answer *a = ctx;
    struct err e;
    if (a->starting != NULL && !a->starting(a->ctx, &e)) abort();
    replay_fill(a);
    a->done(a->ctx, &a->response);
    free(a);
}

static inline bool replay_start(void *ctx, const struct http_request *q, http_done *done,
                                void *done_ctx, struct err *e) {
    struct replay *r = ctx;
    struct replay_answer *a = calloc(1, sizeof *a);
    (void)e;
    *a = (struct replay_answer){.done = done, .ctx = done_ctx, .starting = q->starting};
    bool metadata = strncmp(q->url, "http://169.254.169.254/", 23) == 0;
    if (r->next < r->count) {
        a->exchange = &r->exchanges[r->next++];
        const struct val *wanted = a->exchange->request;
        const char *method = val_get_str(wanted, "method", "");
        replay_check_url(r, q->url, val_get_str(wanted, "uri", ""));
        if (strcmp(q->method != NULL ? q->method : "POST", method) != 0)
            replay_differs(r, "method", q->method != NULL ? q->method : "POST", method);
        replay_check_headers(r, q, val_get(wanted, "headers"));
        replay_check_action(r, q, buf_str(&a->exchange->sent));
    } else if (metadata) {
        r->metadata_misses++;
    } else {
        r->next++;
        replay_differs(r, "URL", q->url, "at its end");
    }
    return loop_timer_add(r->loop, 0, replay_deliver, a) != NULL;
}

#endif
