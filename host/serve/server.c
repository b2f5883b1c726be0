// server.c - libmicrohttpd on the poll loop.
#include "serve/server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "codec/codec.h"
#include "codec/fault_write.h"
#include "serve/auth.h"
#include "serve/mhd.h"

#define MAX_BODY ((size_t)2 * 1024 * 1024)
#define MAX_HEADERS 64
#define IDLE_SECONDS 60
#define MOST_CONNECTIONS 256

struct server {
    const struct mhd *mhd;
    struct MHD_Daemon *daemon;
    struct loop *loop;
    struct loop_fd *watch;
    struct server_options options;
    uint64_t requests;
};

// One request while it arrives.
struct exchange {
    struct buf body;
    bool too_large;
};

// One request that has arrived, and its answer.
struct turn {
    struct server *server;
    struct auth_request request;
    struct sigv4_header headers[MAX_HEADERS];
    char query[2048];
    char service_name[32], region[64];
    const struct service *service;
    char request_id[37];
    int status;
    struct buf body, query_error;
};

// --- a request that has arrived -----------------------------------------------------

static enum MHD_Result add_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
    struct turn *t = ctx;
    (void)kind;
    if (t->request.header_count < MAX_HEADERS && value)
        t->headers[t->request.header_count++] = (struct sigv4_header){name, value};
    return MHD_YES;
}

// Before the signature is known to be good, errors are still written in the service's way.
static void find_service(struct turn *t) {
    struct err ignored;
    struct model *m = t->server->options.model;
    const char *name = *t->service_name ? t->service_name : "ec2";
    t->service = model_service(m, name, &ignored);
    if (!t->service) t->service = model_service(m, "ec2", &ignored);
}

static bool authenticate(struct turn *t, struct err *e) {
    bool ok = auth_check(&t->request, &t->server->options.keys, clock_now_us(), t->service_name,
                         t->region, e);
    find_service(t);
    return ok;
}

static bool answer(struct turn *t, struct err *e) {
    const struct server_options *o = &t->server->options;
    const struct operation *op = NULL;
    struct val *params = NULL, *result = NULL;
    const char *target = auth_header(&t->request, "x-amz-target");
    bool ok = codec_decode_request(o->model, t->service, t->request.body, t->request.body_len,
                                   target ? target : "", &op, &params, e) &&
              o->answer(o->ctx, op, t->region, params, &result, e) &&
              codec_encode_response(o->model, op, result, t->request_id, &t->body, e);
    val_unref(params);
    val_unref(result);
    return ok && (!t->body.failed || err_memory(e));
}

static void write_fault(struct turn *t, struct err *e) {
    if (!e->status) e->status = err_is(e, ERR_MEMORY) ? 500 : 400;
    if (err_is(e, ERR_INVALID)) snprintf(e->code, sizeof e->code, "InvalidParameterValue");
    buf_clear(&t->body);
    t->status = e->status;
    codec_encode_fault(t->service, e, t->request_id, &t->body, &t->query_error);
}

static void take_turn(struct turn *t, bool too_large) {
    struct err e = {0};
    bool ok = random_uuid(t->request_id);
    if (!ok) err_memory(&e);
    if (ok) ok = authenticate(t, &e);
    else find_service(t);
    if (ok && strcmp(t->request.method, "POST") != 0) {
        ok = err_set(&e, "InvalidRequest", "requests are POST here");
        e.status = 405;
    }
    if (ok && too_large) {
        ok = err_set(&e, "RequestEntityTooLarge", "the request is larger than %zu bytes", MAX_BODY);
        e.status = 413;
    }
    t->status = 200;
    if (!ok || !answer(t, &e)) write_fault(t, &e);
}

// --- HTTP ------------------------------------------------------------------------------

static const char *content_type(const struct service *s) {
    return s->protocol == PROTOCOL_JSON ? "application/x-amz-json-1.0" : "text/xml;charset=UTF-8";
}

static enum MHD_Result send_answer(struct MHD_Connection *c, struct turn *t) {
    size_t len = t->body.len;
    char *bytes = buf_take(&t->body);
    if (!bytes) return MHD_NO;
    struct MHD_Response *r = t->server->mhd->create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(bytes);
        return MHD_NO;
    }
    t->server->mhd->add_response_header(r, "Content-Type", content_type(t->service));
    t->server->mhd->add_response_header(r, "x-amzn-RequestId", t->request_id);
    t->server->mhd->add_response_header(r, "Server", t->server->options.banner);
    if (t->query_error.len)
        t->server->mhd->add_response_header(r, "x-amzn-query-error", buf_str(&t->query_error));
    enum MHD_Result sent = t->server->mhd->queue_response(c, (unsigned)t->status, r);
    t->server->mhd->destroy_response(r);
    return sent;
}

static enum MHD_Result complete(struct server *s, struct MHD_Connection *c, const char *url,
                                const char *method, struct exchange *x) {
    struct turn *t = calloc(1, sizeof *t);
    if (!t) return MHD_NO;
    s->requests++;
    t->server = s;
    t->request = (struct auth_request){.method = method, .path = url, .query = "",
                                       .body = buf_str(&x->body), .body_len = x->body.len};
    t->request.headers = t->headers;
    s->mhd->get_connection_values(c, MHD_HEADER_KIND, add_header, t);
    take_turn(t, x->too_large);
    enum MHD_Result sent = send_answer(c, t);
    buf_free(&t->body);
    buf_free(&t->query_error);
    free(t);
    return sent;
}

// libmicrohttpd calls this first without a body, then with its parts, then with none left.
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *part,
                                  size_t *part_len, void **state) {
    struct exchange *x = *state;
    (void)version;
    if (!x) {
        *state = x = calloc(1, sizeof *x);
        return x ? MHD_YES : MHD_NO;
    }
    if (!*part_len) return complete(ctx, c, url, method, x);
    if (x->body.len + *part_len > MAX_BODY) x->too_large = true;
    else buf_add(&x->body, part, *part_len);
    *part_len = 0;
    return x->body.failed ? MHD_NO : MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode how) {
    struct exchange *x = *state;
    (void)ctx;
    (void)c;
    (void)how;
    if (!x) return;
    buf_free(&x->body);
    free(x);
    *state = NULL;
}

// --- the daemon ----------------------------------------------------------------------------

static void on_ready(void *ctx, short revents) {
    struct server *s = ctx;
    (void)revents;
    s->mhd->run(s->daemon);
}

static int before_poll(void *ctx) {
    struct server *s = ctx;
    MHD_UNSIGNED_LONG_LONG ms;
    if (!s->daemon || s->mhd->get_timeout(s->daemon, &ms) != MHD_YES) return -1;
    if (ms == 0) s->mhd->run(s->daemon);
    return ms > 1000 ? 1000 : (int)ms;
}

static bool open_port(struct server *s, int port, struct err *e) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->daemon = s->mhd->start_daemon(
        MHD_USE_EPOLL, (uint16_t)port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
        MHD_OPTION_END);
    if (s->daemon) return true;
    return err_errno(e, "cannot listen on 127.0.0.1 port %d", port);
}

static bool watch(struct server *s, struct err *e) {
    const union MHD_DaemonInfo *info = s->mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info) return err_set(e, ERR_SYSTEM, "libmicrohttpd has no epoll here");
    s->watch = loop_fd_add(s->loop, info->epoll_fd, POLLIN, on_ready, s);
    return (s->watch && loop_prepare_add(s->loop, before_poll, s)) || err_memory(e);
}

struct server *server_start(struct loop *l, const struct server_options *o, struct err *e) {
    struct server *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->loop = l;
    s->options = *o;
    s->mhd = mhd_load(e);
    if (s->mhd && open_port(s, o->port, e) && watch(s, e)) return s;
    server_stop(s);
    return NULL;
}

int server_port(const struct server *s) {
    const union MHD_DaemonInfo *info = s->mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

uint64_t server_requests(const struct server *s) {
    return s->requests;
}

void server_stop(struct server *s) {
    if (!s) return;
    loop_fd_remove(s->watch);
    loop_prepare_remove(s->loop, before_poll, s);
    if (s->daemon) s->mhd->stop_daemon(s->daemon);
    s->daemon = NULL;
    free(s);
}
