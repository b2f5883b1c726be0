// closing.c - the host's own closing calls: sent, repeated, hurried.
//
// Owns: when a closing call is sent again and when it is given up. It never opens anything,
// never asks, and goes on whatever signals come.
#include "gate/closing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/gate.h"
#include "plan/binding.h"

// A closing call that AWS refuses outright is tried this often; anything that may pass
// (throttling, time-outs, server errors) until CLOSE_FOR_MS are over.
#define REFUSED_TRIES 3
#define CLOSE_FOR_MS INT64_C(900000)
#define LONGEST_PAUSE_MS 8000
// Without an answer for so long it is sent once more beside the first: a connection that
// hangs must not leave a host open. Closing twice does no harm.
#define HURRY_MS 8000
#define MOST_AT_ONCE 3

size_t count_duties(const struct window *w, enum duty_state state) {
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) n += w->duties[i].state == state;
    return n;
}

// --- answers ---------------------------------------------------------------

// What it was to take away is not there: the end that was wanted.
static bool is_already_closed(const struct operation *op, const struct err *e) {
    return text_starts(op->name, "Revoke") && err_is(e, "InvalidPermission.NotFound");
}

static bool may_pass_later(const struct aws_reply *reply) {
    return reply->unknown || reply->err.retryable || reply->err.status >= 500 ||
           reply->err.status == 0;
}

static int64_t pause_after(int tries) {
    int64_t ms = 250;
    while (--tries > 0 && ms < LONGEST_PAUSE_MS) ms *= 2;
    return ms;
}

// The playbook's own call gets its answer at last.
static void release(struct duty *d, const struct aws_reply *reply) {
    struct gate_request *r = d->parked;
    d->parked = NULL;
    if (r) gate_finish(r, reply);
}

static void give_up(struct duty *d, const struct err *why) {
    d->state = DUTY_GIVEN_UP;
    d->err = *why;
    release(d, &(struct aws_reply){.err = *why});
}

static bool is_own(const struct gate_request *r);

bool duty_answered(struct window *w, struct duty *d, struct gate_request *r,
                   const struct aws_reply *reply) {
    w->last_closing_answered = clock_now_us();
    if (d->in_flight) d->in_flight--;
    if (reply->ok || is_already_closed(d->op, &reply->err)) {
        d->state = DUTY_DONE;
        release(d, reply);
        return false;
    }
    if (d->state == DUTY_DONE) return false;
    d->tries++;
    d->err = reply->err;
    d->told = false;
    d->not_before_ms = clock_mono_ms() + pause_after(d->tries);
    bool hopeless = !may_pass_later(reply) && d->tries >= REFUSED_TRIES;
    if (!d->in_flight) d->state = DUTY_DUE;
    if (!d->in_flight && hopeless) give_up(d, &reply->err);
    if (d->state == DUTY_GIVEN_UP || d->parked || is_own(r)) return false;
    d->parked = r;
    return true;
}

// --- sending ---------------------------------------------------------------

// The host's own closing call on its way; freed when its answer is in.
struct closing_call {
    struct gate_request request;
};

static void closing_answered(void *ctx, const struct aws_reply *reply) {
    (void)reply;  // the gate told window_answered
    free(ctx);
}

static bool is_own(const struct gate_request *r) {
    return r->done == closing_answered;
}

static void send_duty(struct gate *g, struct duty *d) {
    struct closing_call *c = calloc(1, sizeof *c);
    struct err e;
    if (!c) {
        d->not_before_ms = clock_mono_ms() + LONGEST_PAUSE_MS;
        return;
    }
    c->request = (struct gate_request){.branch = "",
                                       .params = d->params,
                                       .op = d->op,
                                       .planned = plan_find(g->plan, d->key),
                                       .done = closing_answered,
                                       .ctx = c};
    size_t len = strlen(d->key);
    memcpy(c->request.key, d->key, len < sizeof c->request.key ? len + 1 : 0);
    if (gate_send_closing(g, &c->request, &e)) return;
    give_up(d, &e);
    free(c);
}

// `all`: also what nobody has sent yet.
static bool is_to_be_sent(const struct duty *d, bool all, int64_t now) {
    if (d->state == DUTY_DUE) return d->not_before_ms <= now && (all || d->tries);
    return d->state == DUTY_SENT && d->in_flight < MOST_AT_ONCE && now - d->sent_ms > HURRY_MS;
}

static void send_what_is_due(struct gate *g, bool all) {
    int64_t now = clock_mono_ms();
    for (size_t i = 0; i < g->window.count; i++)
        if (is_to_be_sent(&g->window.duties[i], all, now)) send_duty(g, &g->window.duties[i]);
}

static void all_due_again(struct window *w) {
    for (size_t i = 0; i < w->count; i++) {
        if (w->duties[i].state == DUTY_SENT) continue;
        w->duties[i].state = DUTY_DUE;
        w->duties[i].not_before_ms = 0;
    }
    w->repeat = false;
    w->stragglers_ms = 0;
}

// --- telling ---------------------------------------------------------------

// The operator sees why it takes long, and that Ctrl-C was heard and does not end it.
static void tell(struct gate *g, int *signals) {
    struct window *w = &g->window;
    char text[1024];
    for (size_t i = 0; g->tell && i < w->count; i++) {
        struct duty *d = &w->duties[i];
        if (!d->tries || d->told || d->state == DUTY_DONE) continue;
        d->told = true;
        const char *id = subject_of(d->params);
        snprintf(text, sizeof text,
                 "closing the window, %zu of %zu calls done: %s %s failed (%s: %.300s)%s",
                 count_duties(w, DUTY_DONE), w->count, d->op->name, id ? id : "", d->err.code,
                 d->err.message,
                 d->state == DUTY_GIVEN_UP ? "; given up" : "; it is tried again");
        g->tell(g->tell_ctx, text);
    }
    if (loop_signal_count(g->loop) == *signals) return;
    *signals = loop_signal_count(g->loop);
    size_t left = w->count - count_duties(w, DUTY_DONE);
    if (!g->tell || !left) return;
    snprintf(
        text, sizeof text,
        "the window is still being closed, %zu of %zu calls are left; Ctrl-C does not stop this",
        left, w->count);
    g->tell(g->tell_ctx, text);
}

// The operator who pressed Ctrl-C in the open window sees at once that it is being closed.
static void tell_heard(struct gate *g) {
    char text[200];
    size_t left = g->window.count - count_duties(&g->window, DUTY_DONE);
    if (!g->tell || !left || !loop_signal(g->loop)) return;
    snprintf(text, sizeof text,
             "stopping: the window is being closed first, %zu of %zu calls are left; please wait",
             left, g->window.count);
    g->tell(g->tell_ctx, text);
}

static void give_up_all(struct window *w) {
    struct err late;
    err_set(&late, ERR_INTERRUPTED, "it was not answered in time");
    for (size_t i = 0; i < w->count; i++)
        if (w->duties[i].state != DUTY_DONE) give_up(&w->duties[i], &late);
}

// --- until it is closed ----------------------------------------------------

// True while what was lost on its way may still open again what is closed now.
static bool await_stragglers(struct gate *g, bool *told) {
    const struct window *w = &g->window;
    if (clock_mono_ms() >= w->stragglers_ms) return false;
    if (!*told && g->tell)
        g->tell(g->tell_ctx, "an opening call without an answer may still take effect, so the "
                             "window is closed once more in a few seconds");
    *told = true;
    return true;
}

void close_all(struct gate *g) {
    struct window *w = &g->window;
    bool awaited = false;
    int64_t end = clock_mono_ms() + CLOSE_FOR_MS;
    int signals = loop_signal_count(g->loop);
    tell_heard(g);
    for (;;) {
        send_what_is_due(g, true);
        bool busy = w->openings_in_flight || count_duties(w, DUTY_SENT);
        bool closed = !busy && !count_duties(w, DUTY_DUE);
        if (closed && w->repeat && !await_stragglers(g, &awaited)) {
            all_due_again(w);
            continue;
        }
        tell(g, &signals);
        if (closed && !w->repeat) return;
        if (clock_mono_ms() > end || !loop_for(g->loop, 20, NULL)) break;
    }
    give_up_all(w);
}

// --- beside the playbook ---------------------------------------------------

#define HELP_EVERY_MS 50

static void help(void *ctx) {
    struct gate *g = ctx;
    struct window *w = &g->window;
    int signals = loop_signal_count(g->loop);
    w->helper = NULL;
    if (!w->open || w->closing_begun) return;
    if (clock_mono_ms() - w->settled_ms > CLOSE_FOR_MS) {
        give_up_all(w);
        return;
    }
    send_what_is_due(g, clock_mono_ms() - w->settled_ms > HURRY_MS);
    tell(g, &signals);
    w->helper = loop_timer_add(g->loop, HELP_EVERY_MS, help, g);
}

void help_closing(struct gate *g) {
    g->window.settled_ms = clock_mono_ms();
    g->window.helper = loop_timer_add(g->loop, HELP_EVERY_MS, help, g);
}
