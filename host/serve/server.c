// server.c - libmicrohttpd on the poll loop; answers that wait are suspended connections.
#include "serve/server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "serve/mhd.h"
#include "serve/turn.h"

#define MAX_BODY ((size_t)2 * 1024 * 1024)
// libmicrohttpd does not notice that a client hung up in the middle of a request: such a connection
// stays for this long, and there must be room for others beside it.
#define IDLE_SECONDS 20
#define MOST_CONNECTIONS 800
#define WAITING_TICK_MS 100  // what time alone makes visible is seen this often

struct exchange;

struct server {
    const struct mhd *mhd;
    struct MHD_Daemon *daemon;
    struct loop *loop;
    struct loop_fd *watch;
    struct server_options options;
    uint64_t requests;
    struct exchange *waiting;  // oldest first
    struct loop_timer *tick;
    bool resumed;  // a connection was: libmicrohttpd wants to run
};

// One request: while it arrives, and while its answer waits.
struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    struct buf body;
    bool too_large;
    struct turn *turn;      // NULL until all has arrived
    int64_t until_ms;       // of clock_mono_ms: waiting ends then
    struct exchange *next;  // in the list of those that wait
};

// --- answers that wait ----------------------------------------------------------------

static void remove_waiting(struct exchange *x) {
    struct exchange **at = &x->server->waiting;
    while (*at && *at != x) at = &(*at)->next;
    if (*at) *at = x->next;
    x->next = NULL;
}

static void resume(struct exchange *x) {
    remove_waiting(x);
    x->server->resumed = true;
    x->server->mhd->resume_connection(x->connection);
}

// A client that went away must not be given a message that nobody will see.
static bool client_is_gone(const struct exchange *x) {
    const union MHD_ConnectionInfo *info =
        x->server->mhd->get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    return info && recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void ask_waiting(struct server *s) {
    for (struct exchange *x = s->waiting, *next; x; x = next) {
        next = x->next;
        bool gone = client_is_gone(x), last = clock_mono_ms() >= x->until_ms;
        if (!gone) turn_ask(x->turn, last);
        if (gone || x->turn->wait_ms <= 0) resume(x);
    }
}

static void on_tick(void *ctx) {
    struct server *s = ctx;
    ask_waiting(s);
    if (s->waiting) loop_timer_arm(s->tick, WAITING_TICK_MS);
}

static enum MHD_Result wait_for_more(struct exchange *x) {
    struct server *s = x->server;
    struct exchange **end = &s->waiting;
    while (*end) end = &(*end)->next;
    *end = x;
    x->until_ms = clock_mono_ms() + x->turn->wait_ms;
    s->mhd->suspend_connection(x->connection);
    loop_timer_arm(s->tick, WAITING_TICK_MS);
    return MHD_YES;
}

// --- HTTP ------------------------------------------------------------------------------

static const char *content_type(const struct service *s) {
    return s->protocol == PROTOCOL_JSON ? "application/x-amz-json-1.0" : "text/xml;charset=UTF-8";
}

static enum MHD_Result send_answer(struct exchange *x) {
    struct turn *t = x->turn;
    const struct mhd *mhd = x->server->mhd;
    size_t len = t->body.len;
    char *bytes = buf_take(&t->body);
    if (!bytes) return MHD_NO;
    struct MHD_Response *r = mhd->create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(bytes);
        return MHD_NO;
    }
    mhd->add_response_header(r, "Content-Type", content_type(t->service));
    mhd->add_response_header(r, "x-amzn-RequestId", t->request_id);
    mhd->add_response_header(r, "Server", t->options->banner);
    if (t->query_error.len)
        mhd->add_response_header(r, "x-amzn-query-error", buf_str(&t->query_error));
    enum MHD_Result sent = mhd->queue_response(x->connection, (unsigned)t->status, r);
    mhd->destroy_response(r);
    return sent;
}

static enum MHD_Result add_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
    struct turn *t = ctx;
    (void)kind;
    if (t->request.header_count < MAX_HEADERS && value)
        t->headers[t->request.header_count++] = (struct sigv4_header){name, value};
    return MHD_YES;
}

// All of the request is here.
static enum MHD_Result complete(struct exchange *x, const char *url, const char *method) {
    struct server *s = x->server;
    struct turn *t = x->turn = calloc(1, sizeof *t);
    if (!t) return MHD_NO;
    s->requests++;
    t->options = &s->options;
    t->request = (struct auth_request){.method = method, .path = url, .query = "",
                                       .body = buf_str(&x->body), .body_len = x->body.len};
    t->request.headers = t->headers;
    s->mhd->get_connection_values(x->connection, MHD_HEADER_KIND, add_header, t);
    turn_take(t, x->too_large, MAX_BODY);
    if (t->wait_ms > 0) return wait_for_more(x);
    if (s->waiting && t->op && t->op->mutates) ask_waiting(s);
    return send_answer(x);
}

static struct exchange *new_exchange(struct server *s, struct MHD_Connection *c) {
    struct exchange *x = calloc(1, sizeof *x);
    if (x) *x = (struct exchange){.server = s, .connection = c};
    return x;
}

// libmicrohttpd calls this first without a body, then with its parts, then with none left, and
// once more after a wait.
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *part,
                                  size_t *part_len, void **state) {
    struct exchange *x = *state;
    (void)version;
    if (!x) {
        *state = x = new_exchange(ctx, c);
        return x ? MHD_YES : MHD_NO;
    }
    if (x->turn) return send_answer(x);
    if (!*part_len) return complete(x, url, method);
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
    remove_waiting(x);
    turn_free(x->turn);
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
    if (s->daemon && s->resumed) {
        s->resumed = false;
        s->mhd->run(s->daemon);
    }
    if (!s->daemon || s->mhd->get_timeout(s->daemon, &ms) != MHD_YES) return -1;
    if (ms == 0) s->mhd->run(s->daemon);
    return ms > 1000 ? 1000 : (int)ms;
}

static bool open_port(struct server *s, int port, struct err *e) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->daemon = s->mhd->start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)port, NULL, NULL, on_request, s,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MOST_CONNECTIONS, MHD_OPTION_END);
    if (s->daemon) return true;
    return err_errno(e, "cannot listen on 127.0.0.1 port %d", port);
}

static bool watch(struct server *s, struct err *e) {
    const union MHD_DaemonInfo *info = s->mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info) return err_set(e, ERR_SYSTEM, "libmicrohttpd has no epoll here");
    s->watch = loop_fd_add(s->loop, info->epoll_fd, POLLIN, on_ready, s);
    s->tick = loop_timer_keep(s->loop, on_tick, s);
    return (s->watch && s->tick && loop_prepare_add(s->loop, before_poll, s)) || err_memory(e);
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
    loop_timer_cancel(s->tick);
    loop_prepare_remove(s->loop, before_poll, s);
    while (s->waiting) resume(s->waiting);  // libmicrohttpd does not stop with suspended ones
    if (s->daemon) s->mhd->stop_daemon(s->daemon);
    s->daemon = NULL;
    free(s);
}
