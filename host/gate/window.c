// window.c - the duty to close.
#include "gate/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/codec.h"
#include "gate/gate.h"
#include "plan/binding.h"

// Room that is reserved on the disk for one call's intent and outcome.
#define CALL_BYTES 16384
// A closing call that AWS refuses outright is tried this often; anything that may pass
// (throttling, time-outs, server errors) until CLOSE_FOR_MS are over.
#define REFUSED_TRIES 3
#define CLOSE_FOR_MS INT64_C(900000)
#define LONGEST_PAUSE_MS 8000

void window_free(struct window *w) {
    for (size_t i = 0; i < w->count; i++) {
        free(w->duties[i].key);
        val_unref(w->duties[i].params);
    }
    free(w->duties);
    *w = (struct window){0};
}

// --- opening ---------------------------------------------------------------

static bool add_duty(struct window *w, const char *key, const struct operation *op,
                     struct val *params, struct err *e) {
    struct duty *duties = realloc(w->duties, (w->count + 1) * sizeof *duties);
    if (duties) w->duties = duties;
    char *copy = strdup(key);
    if (!duties || !copy || !params) {
        free(copy);
        val_unref(params);
        return err_memory(e);
    }
    w->duties[w->count++] = (struct duty){.key = copy, .op = op, .params = params};
    return true;
}

// A closing call must be able to go without the playbook, even after a crash: real ids,
// and nothing that the journal may not hold.
// What AWS has said it would refuse cannot be relied on to close.
static bool is_permitted(const struct planned_call *c, struct err *e) {
    if (c->proof != PROOF_DENIED) return true;
    return err_set(e, ERR_REFUSED,
                   "AWS denies %s, which is to close the window, so it was not opened; allow it, or "
                   "let the playbook cut without a window",
                   c->proof_note);
}

static bool can_be_kept(struct gate *g, const struct planned_call *c, const struct val *params,
                        struct err *e) {
    const char *planned = planned_id_in(params);
    if (planned)
        return err_set(e, ERR_REFUSED,
                       "the closing call %s names %s, which does not exist before the window "
                       "opens; make it in an earlier step",
                       c->op->name, planned);
    struct val *safe = codec_redact(g->model, c->op, false, params, e);
    bool same = safe && val_equal(safe, params);
    val_unref(safe);
    if (same) return true;
    return err_set(e, ERR_REFUSED, "the closing call %s has a secret parameter", c->op->name);
}

static bool collect_duties(struct gate *g, struct err *e) {
    const struct planned_step *s = &g->plan->steps[g->step];
    for (size_t i = 0; i < s->count; i++) {
        const struct planned_call *c = g->plan->calls[s->first + i];
        if (c->window != WINDOW_CLOSING) continue;
        struct val *params = binding_apply(g->bindings, c->params, e);
        if (!params) return false;
        if (!is_permitted(c, e) || !can_be_kept(g, c, params, e)) {
            val_unref(params);
            return false;
        }
        if (!add_duty(&g->window, c->key, c->op, params, e)) return false;
    }
    if (g->window.count) return true;
    return err_set(e, ERR_REFUSED, "the window's close function makes no call: it would never close");
}

static struct val *duty_value(const struct duty *d) {
    struct val *v = val_map();
    if (v && val_set(v, "key", val_cstr(d->key)) &&
        val_set(v, "service", val_cstr(d->op->service->name)) &&
        val_set(v, "operation", val_cstr(d->op->method)) &&
        val_set(v, "params", val_ref(d->params)))
        return v;
    val_unref(v);
    return NULL;
}

static bool record_open(struct gate *g, struct err *e) {
    struct val *closing = val_list(), *v = val_map();
    bool ok = closing && v;
    for (size_t i = 0; ok && i < g->window.count; i++)
        ok = val_append(closing, duty_value(&g->window.duties[i]));
    ok = ok && val_set(v, "closing", val_ref(closing)) &&
         val_set(v, "step", val_int((int64_t)g->step + 1)) &&
         val_set(v, "settle", val_double(g->window.settle));
    val_unref(closing);
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    // Room first: a journal that says "open" where nothing was opened would be a false alarm.
    size_t room = (g->plan->steps[g->step].count + g->window.count + 2) * CALL_BYTES;
    if (!journal_reserve(g->journal, room, e)) {
        val_unref(v);
        return false;
    }
    return gate_record(g, "window.open", v, e) && gate_sync(g, e);
}

bool window_begin(struct gate *g, double settle, struct err *e) {
    struct planned_step *s = &g->plan->steps[g->step];
    if (!g->step_open)
        return err_set(e, ERR_REFUSED, "window must be inside a step");
    if (g->part != WINDOW_NONE)
        return err_set(e, ERR_REFUSED, "a window is open already; one at a time");
    if (g->mode == GATE_REHEARSAL) {
        if (s->has_window) return err_set(e, ERR_REFUSED, "a step can have one window only");
        s->has_window = true;
        s->settle = settle;
        g->part = WINDOW_OPENING;
        return true;
    }
    if (g->latched) {
        *e = g->latch;
        return false;
    }
    if (!s->has_window || s->settle != settle || g->window.open)
        return err_set(e, ERR_LEFT_PLAN, "this window was not rehearsed and approved");
    window_free(&g->window);
    g->window.settle = settle;
    g->window.step = g->step;
    if (!collect_duties(g, e) || !record_open(g, e)) return false;
    loop_hold_stops(true);
    g->window.open = g->window.was_open = true;
    g->part = WINDOW_OPENING;
    return true;
}

bool window_adopt(struct gate *g, const struct val *closing, struct err *e) {
    for (size_t i = 0; i < val_count(closing); i++) {
        const struct val *c = val_at(closing, i);
        const struct operation *op = model_operation(g->model, val_get_str(c, "service", ""),
                                                     val_get_str(c, "operation", ""), e);
        if (!op || !codec_check(g->model, op, val_get(c, "params"), e)) return false;
        if (!add_duty(&g->window, val_get_str(c, "key", ""), op, val_ref(val_get(c, "params")), e))
            return false;
    }
    g->window.open = g->window.was_open = true;
    return true;
}

void window_settled(struct gate *g) {
    if (g->part == WINDOW_OPENING) g->part = WINDOW_CLOSING;
}

// --- what the gate tells ---------------------------------------------------

static struct duty *duty_of(struct window *w, const char *key) {
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->duties[i].key, key) == 0) return &w->duties[i];
    return NULL;
}

static bool is_opening(const struct gate_request *r) {
    return r->planned && r->planned->window == WINDOW_OPENING;
}

void window_sent(struct gate *g, const struct gate_request *r) {
    struct window *w = &g->window;
    if (!w->open) return;
    int64_t now = clock_now_us();
    if (is_opening(r)) {
        if (!w->first_opening_sent) w->first_opening_sent = now;
        w->openings_in_flight++;
        return;
    }
    struct duty *d = r->closing ? duty_of(w, r->key) : NULL;
    if (!d) return;
    if (!w->first_closing_sent) w->first_closing_sent = now;
    d->state = DUTY_SENT;
}

// What it was to take away is not there: the end that was wanted.
static bool is_already_closed(const struct err *e) {
    return err_is(e, "InvalidPermission.NotFound");
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

static void duty_answered(struct window *w, struct duty *d, const struct aws_reply *reply) {
    w->last_closing_answered = clock_now_us();
    if (reply->ok || is_already_closed(&reply->err)) {
        d->state = DUTY_DONE;
        return;
    }
    d->tries++;
    d->err = reply->err;
    d->not_before_ms = clock_mono_ms() + pause_after(d->tries);
    bool hopeless = !may_pass_later(reply) && d->tries >= REFUSED_TRIES;
    d->state = hopeless ? DUTY_GIVEN_UP : DUTY_DUE;
}

void window_answered(struct gate *g, const struct gate_request *r, const struct aws_reply *reply) {
    struct window *w = &g->window;
    if (!w->open) return;
    if (is_opening(r)) {
        if (w->openings_in_flight) w->openings_in_flight--;
        w->last_opening_answered = clock_now_us();
        // It may take effect after a closing call did: closing is done once more.
        if (w->closing_begun || reply->unknown) w->repeat = true;
        return;
    }
    struct duty *d = r->closing ? duty_of(w, r->key) : NULL;
    if (d) duty_answered(w, d, reply);
}

// --- closing ---------------------------------------------------------------

// The host's own closing call on its way; freed when its answer is in.
struct closing_call {
    struct gate_request request;
    size_t *pending;
    bool *quiet;
};

static void closing_answered(void *ctx, const struct aws_reply *reply) {
    struct closing_call *c = ctx;
    (void)reply;
    if (--*c->pending == 0) *c->quiet = true;
    free(c);
}

static bool send_duty(struct gate *g, struct duty *d, size_t *pending, bool *quiet) {
    struct closing_call *c = calloc(1, sizeof *c);
    struct err e;
    if (!c) return false;
    c->pending = pending;
    c->quiet = quiet;
    c->request = (struct gate_request){.branch = "",
                                       .params = d->params,
                                       .op = d->op,
                                       .planned = plan_find(g->plan, d->key),
                                       .done = closing_answered,
                                       .ctx = c};
    size_t len = strlen(d->key);
    memcpy(c->request.key, d->key, len < sizeof c->request.key ? len + 1 : 0);
    ++*pending;
    if (gate_send_closing(g, &c->request, &e)) return true;
    --*pending;
    d->state = DUTY_GIVEN_UP;
    d->err = e;
    free(c);
    return false;
}

static size_t count_state(const struct window *w, enum duty_state state) {
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) n += w->duties[i].state == state;
    return n;
}

// Sends what is due and whose pause is over, and waits until nothing of ours is under way.
static void one_round(struct gate *g) {
    size_t pending = 1;
    bool quiet = false;
    for (size_t i = 0; i < g->window.count; i++) {
        struct duty *d = &g->window.duties[i];
        if (d->state == DUTY_DUE && d->not_before_ms <= clock_mono_ms())
            send_duty(g, d, &pending, &quiet);
    }
    if (--pending == 0) return;
    loop_until(g->loop, &quiet, false, NULL);
}

static void all_due_again(struct window *w) {
    for (size_t i = 0; i < w->count; i++) {
        if (w->duties[i].state == DUTY_SENT) continue;
        w->duties[i].state = DUTY_DUE;
        w->duties[i].not_before_ms = 0;
    }
    w->repeat = false;
}

// Until every duty is done or given up and no opening call can still arrive.
static void close_all(struct gate *g) {
    struct window *w = &g->window;
    int64_t end = clock_mono_ms() + CLOSE_FOR_MS;
    for (;;) {
        one_round(g);
        bool busy = w->openings_in_flight || count_state(w, DUTY_SENT);
        if (!busy && w->repeat) {
            all_due_again(w);
            continue;
        }
        if (!busy && !count_state(w, DUTY_DUE)) return;
        if (clock_mono_ms() > end) break;
        if (!loop_for(g->loop, 20, NULL)) break;
    }
    for (size_t i = 0; i < w->count; i++)
        if (w->duties[i].state != DUTY_DONE) w->duties[i].state = DUTY_GIVEN_UP;
}

double window_most(const struct window *w) {
    if (!w->first_opening_sent || !w->last_closing_answered) return 0;
    return (double)(w->last_closing_answered - w->first_opening_sent) / 1e6;
}

double window_least(const struct window *w) {
    if (!w->last_opening_answered || w->first_closing_sent < w->last_opening_answered) return 0;
    return (double)(w->first_closing_sent - w->last_opening_answered) / 1e6;
}

static void record_closed(struct gate *g, const char *by) {
    struct val *v = val_map();
    bool ok = v && val_set(v, "step", val_int((int64_t)g->window.step + 1)) &&
              val_set(v, "seconds_max", val_double(window_most(&g->window))) &&
              val_set(v, "seconds_min", val_double(window_least(&g->window))) &&
              val_set(v, "by", val_cstr(by));
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    gate_record(g, "window.closed", v, NULL);
    gate_sync(g, NULL);
}

bool window_close(struct gate *g, const char *by, struct err *e) {
    struct window *w = &g->window;
    g->part = WINDOW_NONE;
    if (!w->open) return true;
    w->closing_begun = true;
    gate_flush(g);
    close_all(g);
    loop_hold_stops(false);
    const struct duty *lost = NULL;
    for (size_t i = 0; i < w->count && !lost; i++)
        if (w->duties[i].state == DUTY_GIVEN_UP) lost = &w->duties[i];
    if (lost) {
        w->failed = true;
        return err_set(e, "WindowOpen", "%zu of %zu closing calls failed; %s: %s: %s",
                       count_state(w, DUTY_GIVEN_UP), w->count, lost->op->name, lost->err.code,
                       lost->err.message);
    }
    record_closed(g, by);
    w->open = false;
    return true;
}

bool window_end(struct gate *g, struct err *e) {
    if (g->mode == GATE_REHEARSAL || !g->window.open) {
        g->part = WINDOW_NONE;
        return true;
    }
    bool by_playbook = count_state(&g->window, DUTY_DONE) == g->window.count;
    return window_close(g, by_playbook ? "playbook" : "host", e);
}
