// http.c - HTTP requests, asynchronous, on the host's poll loop.
//
// Owns: the curl_multi, its sockets and timer in the loop, the queue that keeps requests
// in order. The only file that calls curl. It follows no redirect and repeats no request.
#include "aws/http.h"

#include <stdlib.h>
#include <string.h>

#include "aws/http_curl.h"
#include "aws/http_easy.h"
#include "base/buf.h"

// A watch is kept when libcurl lets go of a socket: the next one often has its number.
struct watch {
    struct watch *next;
    struct http *http;
    struct loop_fd *fd_watch;
    curl_socket_t fd;
};

struct http {
    struct loop *loop;
    const struct curl_functions *curl;
    CURLM *multi;
    char *ca_bundle;
    struct transfer *waiting;  // in the order given
    struct transfer *active;
    struct watch *watches;
    struct loop_timer *timer;  // kept: arming it needs no memory, no time-out can get lost
    bool broken;  // a callback had to fail: libcurl gives up every transfer of this multi
};

static void turn(struct http *h, curl_socket_t fd, int flags);

// --- libcurl's wishes ---------------------------------------------------------------

static void on_timer(void *ctx) {
    turn(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx) {
    struct http *h = ctx;
    (void)multi;
    loop_timer_arm(h->timer, ms);
    return 0;
}

static void on_socket(void *ctx, short revents) {
    struct watch *w = ctx;
    int flags = 0;
    if (revents & (POLLIN | POLLHUP)) flags |= CURL_CSELECT_IN;
    if (revents & POLLOUT) flags |= CURL_CSELECT_OUT;
    if (revents & (POLLERR | POLLNVAL)) flags |= CURL_CSELECT_ERR;
    turn(w->http, w->fd, flags);
}

static struct watch *watch_of(struct http *h, curl_socket_t fd) {
    for (struct watch *w = h->watches; w != NULL; w = w->next)
        if (w->fd == fd) return w;
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL) return NULL;
    *w = (struct watch){.next = h->watches, .http = h, .fd = fd};
    w->fd_watch = loop_fd_add(h->loop, fd, 0, on_socket, w);
    if (w->fd_watch == NULL) {
        free(w);
        return NULL;
    }
    h->watches = w;
    return w;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused) {
    struct http *h = ctx;
    (void)easy;
    (void)unused;
    struct watch *w = watch_of(h, fd);
    if (w == NULL) {
        h->broken = true;
        return -1;
    }
    short events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= POLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= POLLOUT;
    loop_fd_events(w->fd_watch, events);
    return 0;
}

// --- the queue -----------------------------------------------------------------------

static void push(struct transfer **list, struct transfer *t) {
    while (*list != NULL) list = &(*list)->next;
    t->next = NULL;
    *list = t;
}

static void pull(struct transfer **list, struct transfer *t) {
    while (*list != t) list = &(*list)->next;
    *list = t->next;
}

static bool host_is_free(const struct http *h, const struct transfer *wanted) {
    int busy = 0;
    for (const struct transfer *t = h->active; t != NULL; t = t->next)
        busy += strcmp(t->origin, wanted->origin) == 0;
    return busy < HTTP_MAX_PER_HOST;
}

// Starts what may start, in order. Each is driven to its socket before the next is looked
// at: libcurl does not promise to begin them in the order in which they were added.
static void start_waiting(struct http *h) {
    int running;
    for (struct transfer *t = h->waiting, *next; t != NULL; t = next) {
        next = t->next;
        if (!host_is_free(h, t)) continue;
        pull(&h->waiting, t);
        push(&h->active, t);
        if (t->starting != NULL && !t->starting(t->ctx, &t->response.err)) {
            t->withdrawn = true;
            t->ended = true;
            continue;
        }
        if (h->curl->multi_add_handle(h->multi, t->easy) != CURLM_OK) {
            t->result = CURLE_OUT_OF_MEMORY;
            t->ended = true;
            continue;
        }
        h->curl->multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void collect_ended(struct http *h) {
    int left;
    for (CURLMsg *m; (m = h->curl->multi_info_read(h->multi, &left)) != NULL;) {
        if (m->msg != CURLMSG_DONE) continue;
        struct transfer *t = h->active;
        while (t != NULL && t->easy != m->easy_handle) t = t->next;
        if (t == NULL) continue;
        t->result = m->data.result;
        t->ended = true;
    }
}

static struct transfer *take_ended(struct http *h) {
    for (struct transfer *t = h->active; t != NULL; t = t->next) {
        if (!t->ended) continue;
        pull(&h->active, t);
        return t;
    }
    return NULL;
}

static void deliver_ended(struct http *h) {
    collect_ended(h);
    for (struct transfer *t; (t = take_ended(h)) != NULL;) {
        h->curl->multi_remove_handle(h->multi, t->easy);
        transfer_finish(t);
        t->done(t->ctx, &t->response);
        transfer_free(t);
        collect_ended(h);
    }
}

static bool open_multi(struct http *h, struct err *e);

// Ends every transfer and starts over with a new multi.
static void recover(struct http *h) {
    for (struct transfer *t = h->active; t != NULL; t = t->next) {
        if (!t->ended) t->result = CURLE_OUT_OF_MEMORY;
        t->ended = true;
    }
    deliver_ended(h);
    h->curl->multi_cleanup(h->multi);
    h->multi = NULL;
    h->broken = false;
    for (struct watch *w = h->watches; w != NULL; w = w->next) loop_fd_events(w->fd_watch, 0);
}

// One step: what happened on a socket or by time, then its consequences.
static void turn(struct http *h, curl_socket_t fd, int flags) {
    int running;
    if (h->multi != NULL) {
        h->curl->multi_socket_action(h->multi, fd, flags, &running);
        deliver_ended(h);
        if (h->broken) recover(h);
    }
    if (h->waiting == NULL) return;
    if (open_multi(h, NULL)) {
        start_waiting(h);
        deliver_ended(h);
    }
    // Without memory, or when one of the starts broke the multi: once more, soon.
    if (h->multi == NULL || h->broken) loop_timer_arm(h->timer, 10);
}

// --- life ----------------------------------------------------------------------------

static bool open_multi(struct http *h, struct err *e) {
    if (h->multi != NULL) return true;
    h->curl = http_curl(e);
    if (h->curl == NULL) return false;
    h->multi = h->curl->multi_init();
    if (h->multi == NULL) return err_memory(e);
    h->curl->multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    h->curl->multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    h->curl->multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    h->curl->multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    h->curl->multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    h->curl->multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_MAX_PER_HOST * 2);
    return true;
}

static bool set_up(struct http *h, struct loop *l, const char *ca_bundle, struct err *e) {
    h->loop = l;
    h->timer = loop_timer_keep(l, on_timer, h);
    if (h->timer == NULL) return err_memory(e);
    if (ca_bundle != NULL && (h->ca_bundle = strdup(ca_bundle)) == NULL) return err_memory(e);
    return true;
}

struct http *http_new(struct loop *l, const char *ca_bundle, struct err *e) {
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        err_memory(e);
        return NULL;
    }
    if (set_up(h, l, ca_bundle, e)) return h;
    http_free(h);
    return NULL;
}

const char *http_library(struct err *e) {
    const struct curl_functions *curl = http_curl(e);
    return curl != NULL ? curl->version() : NULL;
}

static void drop_all(struct http *h, struct transfer **list, bool added) {
    while (*list != NULL) {
        struct transfer *t = *list;
        *list = t->next;
        if (added) h->curl->multi_remove_handle(h->multi, t->easy);
        transfer_free(t);
    }
}

void http_free(struct http *h) {
    if (h == NULL) return;
    drop_all(h, &h->waiting, false);
    drop_all(h, &h->active, true);
    if (h->multi != NULL) h->curl->multi_cleanup(h->multi);
    loop_timer_cancel(h->timer);
    while (h->watches != NULL) {
        struct watch *w = h->watches;
        h->watches = w->next;
        loop_fd_remove(w->fd_watch);
        free(w);
    }
    free(h->ca_bundle);
    free(h);
}

bool http_start(struct http *h, const struct http_request *r, http_done *done, void *ctx,
                struct err *e) {
    if (!open_multi(h, e)) return false;
    struct transfer *t = transfer_new(h->curl, r, h->ca_bundle, e);
    if (t == NULL) return false;
    t->done = done;
    t->ctx = ctx;
    push(&h->waiting, t);
    loop_timer_arm(h->timer, 0);  // an early call to libcurl is harmless: it finds that nothing is due
    return true;
}
