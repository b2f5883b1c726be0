// window.c - the duty to close.
#include "gate/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/codec.h"
#include "gate/closing.h"
#include "gate/gate.h"
#include "plan/binding.h"

// Room that is reserved on the disk for one call's intent and outcome.
#define CALL_BYTES 16384
// Opening calls without an answer for so long: what they did is not known, and the host is
// not left open to find out.
#define OPENING_PATIENCE_MS 15000
// An opening request whose answer was lost may be carried out so late, after all was closed.
#define STRAGGLER_MS 5000

static void stop_patience(struct window *w) {
    loop_timer_cancel(w->patience);
    loop_timer_cancel(w->helper);
    w->patience = w->helper = NULL;
}

void window_free(struct window *w) {
    stop_patience(w);
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
    return err_set(e, ERR_REFUSED,
                   "the window's close function makes no call: it would never close");
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

static void out_of_patience(void *ctx) {
    struct gate *g = ctx;
    struct err e, why;
    g->window.patience = NULL;
    if (!g->window.open) return;
    err_set(&why, ERR_INTERRUPTED,
            "the window's opening calls were not all answered within %d s, so it is closed at once",
            OPENING_PATIENCE_MS / 1000);
    if (g->tell) g->tell(g->tell_ctx, why.message);
    gate_latch(g, &why);
    window_close(g, "host", &e);
}

bool window_begin(struct gate *g, double settle, struct err *e) {
    if (!g->step_open) return err_set(e, ERR_REFUSED, "window must be inside a step");
    struct planned_step *s = &g->plan->steps[g->step];
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
    enum gate_memory m = g->recall_window ? g->recall_window(g->recall_ctx, e) : GATE_NEW;
    if (m == GATE_DIVERGED) return false;
    if (m == GATE_KNOWN) {
        // It was opened, settled and closed: its calls are answered from the journal, at once.
        g->part = WINDOW_OPENING;
        return true;
    }
    g->window.settle = settle;
    g->window.step = g->step;
    if (!collect_duties(g, e) || !record_open(g, e)) return false;
    loop_hold_stops(true);
    g->window.open = g->window.was_open = true;
    g->part = WINDOW_OPENING;
    // When there is no memory for it, the calls' own time-outs remain.
    g->window.patience = loop_timer_add(g->loop, OPENING_PATIENCE_MS, out_of_patience, g);
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

void window_settling(struct gate *g) {
    stop_patience(&g->window);
}

void window_settled(struct gate *g) {
    if (g->part != WINDOW_OPENING) return;
    g->part = WINDOW_CLOSING;
    if (g->window.open) help_closing(g);
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
    d->sent_ms = clock_mono_ms();
    d->in_flight++;
}

bool window_answered(struct gate *g, struct gate_request *r, const struct aws_reply *reply) {
    struct window *w = &g->window;
    if (!w->open) return false;
    if (is_opening(r)) {
        if (w->openings_in_flight) w->openings_in_flight--;
        w->last_opening_answered = clock_now_us();
        // It may take effect after a closing call did: closing is done once more.
        if (w->closing_begun || reply->lost) w->repeat = true;
        if (reply->lost) w->stragglers_ms = clock_mono_ms() + STRAGGLER_MS;
        return false;
    }
    struct duty *d = r->closing ? duty_of(w, r->key) : NULL;
    return d && duty_answered(w, d, r, reply);
}

// --- closing ---------------------------------------------------------------

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
    stop_patience(w);
    if (!w->open) return true;
    w->closing_begun = true;
    gate_flush(g);
    close_all(g);
    loop_hold_stops(false);
    if (!w->open) return true;  // the loop of close_all closed it from a callback
    const struct duty *lost = NULL;
    for (size_t i = 0; i < w->count && !lost; i++)
        if (w->duties[i].state == DUTY_GIVEN_UP) lost = &w->duties[i];
    if (lost) {
        w->failed = true;
        return err_set(e, "WindowOpen", "%zu of %zu closing calls failed; %s: %s: %s",
                       count_duties(w, DUTY_GIVEN_UP), w->count, lost->op->name, lost->err.code,
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
    bool by_playbook = count_duties(&g->window, DUTY_DONE) == g->window.count;
    return window_close(g, by_playbook ? "playbook" : "host", e);
}
