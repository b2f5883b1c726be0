// gate.c - the order of intent, request and outcome; the only permits.
#include "gate/gate.h"

#include <stdio.h>

#include "codec/codec.h"
#include "gate/gate_checks.h"
#include "gate/gate_journal.h"
#include "plan/binding.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool gate_init(struct gate *g, struct err *e) {
    g->bindings = val_map();
    g->created = val_list();
    g->others = val_map();
    g->queue = NULL;
    g->queue_end = &g->queue;
    return ((g->bindings && g->created && g->others) || err_memory(e)) && keys_init(&g->keys, e);
}

// Its answer is due; it may come when the gate is gone.
static void note_start(struct gate *g, struct gate_request *r) {
    r->next_started = g->started;
    r->link_started = &g->started;
    if (r->next_started) r->next_started->link_started = &r->next_started;
    g->started = r;
}

static void note_end(struct gate_request *r) {
    *r->link_started = r->next_started;
    if (r->next_started) r->next_started->link_started = r->link_started;
}

void gate_free(struct gate *g) {
    for (; g->started; note_end(g->started)) g->started->gate = NULL;
    val_unref(g->bindings);
    keys_free(&g->keys);
    val_unref(g->created);
    val_unref(g->others);
    window_free(&g->window);
}

void gate_latch(struct gate *g, const struct err *why) {
    if (g->latched) return;
    g->latched = true;
    g->latch = *why;
}

bool gate_open_step(struct gate *g, size_t step, bool confirmed, struct err *e) {
    if (!keys_restart(&g->keys, e)) return false;
    g->step_open = true;
    g->step = step;
    g->step_confirmed = confirmed;
    g->part = WINDOW_NONE;
    g->slept = false;
    return true;
}

struct val *gate_close_step(struct gate *g) {
    g->step_open = false;
    g->step_confirmed = false;
    struct val *keys = val_list();
    const struct planned_step *s = &g->plan->steps[g->step];
    for (size_t i = 0; keys && i < s->count; i++) {
        const struct planned_call *c = g->plan->calls[s->first + i];
        if (!c->made) val_append(keys, val_cstr(c->key));
    }
    return keys;
}

// --- sending ---------------------------------------------------------------

static bool mentions_created(const struct gate *g, const struct val *params) {
    for (size_t i = 0; i < val_count(g->created); i++)
        if (val_mentions(params, val_as_str(val_at(g->created, i), ""))) return true;
    return false;
}

static void note_outcome(struct gate *g, struct gate_request *r, const struct aws_reply *reply) {
    struct planned_call *p = r->planned;
    if (reply->ok || reply->unknown) g->changed = true;
    if (reply->unknown) g->unknown = true;
    if (p) {
        p->succeeded |= reply->ok;  // a second closing that finds nothing takes nothing back
        p->unknown = reply->unknown;
    }
    if (p && reply->ok) gate_learn(g, p, reply->value);
}

void gate_finish(struct gate_request *r, const struct aws_reply *reply) {
    val_unref(r->prepared);
    r->prepared = NULL;
    r->done(r->ctx, reply);
}

static void tell_all_made(const struct gate *g) {
    if (!g->all_made || !g->step_open || g->in_flight) return;
    const struct planned_step *s = &g->plan->steps[g->step];
    for (size_t i = 0; i < s->count; i++)
        if (!g->plan->calls[s->first + i]->made) return;
    g->all_made(g->all_made_ctx);
}

static void end_call(struct gate_request *r, const struct aws_reply *reply) {
    struct gate *g = r->gate;
    struct aws_reply shown = *reply;
    struct val *safe = reply->ok ? gate_redacted(g, r->op, true, reply->value) : NULL;
    shown.value = safe;
    if (!gate_changes(r)) {
        gate_record_read(g, r, reply, safe);
    } else if (g->mode == GATE_REHEARSAL) {
        plan_put(&r->planned->result, val_ref(reply->ok ? reply->value : val_nil()));
        gate_note_created(g, reply->value, reply->value);
    } else if (r->own) {
        gate_record_outcome(g, r, reply, safe);
    } else {
        g->in_flight--;
        note_outcome(g, r, reply);
        gate_record_outcome(g, r, reply, safe);
        tell_all_made(g);
        if (window_answered(g, r, &shown)) {
            val_unref(safe);
            return;
        }
    }
    gate_finish(r, &shown);
    val_unref(safe);
}

// The second sending met what the first had done.
static bool is_conflict(const struct err *e) {
    static const char *const codes[] = {"InvalidGroup.Duplicate", "InvalidPermission.Duplicate",
                                        "InvalidPermission.NotFound", "InvalidGroup.NotFound"};
    for (size_t i = 0; i < COUNT(codes); i++)
        if (err_is(e, codes[i])) return true;
    return false;
}

// A host is not left open to find out what an opening call did: the window is closed at once,
// and once more.
static bool needs_settling(const struct gate_request *r, const struct aws_reply *reply) {
    bool opening = r->planned && r->planned->window == WINDOW_OPENING;
    if (!gate_changes(r) || r->closing || r->own || opening || !r->gate->settle) return false;
    return reply->unknown || (r->resent && !reply->ok && is_conflict(&reply->err));
}

// Not known yet, and the way back of this call names it, or another call of the plan?
static bool is_needed(const void *request, const char *id) {
    const struct gate_request *r = request;
    const struct plan *p = r->gate->plan;
    if (val_get(r->gate->bindings, id)) return false;
    if (val_mentions(r->planned->inverse, id)) return true;
    for (size_t i = 0; i < p->call_count; i++)
        if (p->calls[i] != r->planned && val_mentions(p->calls[i]->params, id)) return true;
    return false;
}

// A success that does not say what was made: nobody could go on with it, or take it back. What
// really happened is looked up, as if no answer had come.
static bool names_nothing(const struct gate_request *r, const struct aws_reply *reply) {
    return r->gate->mode == GATE_EXECUTION && r->planned && reply->ok &&
           !binding_fits(r->planned->result, reply->value, is_needed, r);
}

// Refused, and so not done: sending it again cannot do it twice.
static bool may_pass(const struct gate_request *r, const struct aws_reply *reply) {
    return r->gate->patience && gate_changes(r) && r->gate->mode == GATE_EXECUTION && !r->closing &&
           !reply->ok && !reply->unknown;
}

static bool too_late(struct err *e) {
    return err_set(e, ERR_INTERRUPTED, "the run was over before the answer came");
}

static void answered(void *ctx, const struct aws_reply *reply) {
    struct gate_request *r = ctx;
    struct aws_reply judged = *reply;
    if (!r->gate) {
        judged = (struct aws_reply){0};
        too_late(&judged.err);
        gate_finish(r, &judged);
        return;
    }
    note_end(r);
    if (names_nothing(r, reply)) {
        judged.ok = false;
        judged.unknown = true;
        err_set(&judged.err, ERR_INVALID, "AWS answered without the id of what it made");
        snprintf(judged.err.operation, sizeof judged.err.operation, "%s", r->op->name);
    }
    if (may_pass(r, &judged) && r->gate->patience(r->gate->patience_ctx, r, &judged)) return;
    if (needs_settling(r, &judged) && r->gate->settle(r->gate->settle_ctx, r, &judged)) return;
    end_call(r, &judged);
}

// The permit's word just before each attempt: is the call still wanted?
static bool still_wanted(void *ctx, struct err *e) {
    const struct gate_request *r = ctx;
    if (!r->gate) return too_late(e);
    if (r->closing || r->last || !r->gate->latched) return true;
    *e = r->gate->latch;
    return false;
}

// Its *.NotFound may be an answer from before the creation, and is waited out. What a closing
// call or a repeated one names was seen: there it says that the end is reached.
static bool may_lag(const struct gate *g, const struct gate_request *r) {
    return !r->closing && !r->resent && mentions_created(g, r->prepared);
}

static bool start(struct gate *g, struct gate_request *r, struct err *e) {
    struct permit permit = {still_wanted, r};
    bool permitted = gate_changes(r) && g->mode == GATE_EXECUTION;
    struct aws_call call = {
        .op = r->op,
        .params = r->prepared,
        .permit = permitted ? &permit : NULL,
        .just_created = may_lag(g, r),
        .urgent = r->closing,
    };
    note_start(g, r);
    if (g->answerer->call(g->answerer->ctx, &call, answered, r, e)) return true;
    note_end(r);
    return false;
}

void gate_settled(struct gate *g, struct gate_request *r, enum gate_fate fate,
                  const struct val *result, const struct aws_reply *reply) {
    struct aws_reply told = *reply;
    struct err e;
    if (fate == FATE_LOOKED_DONE) {
        told.ok = true;
        told.unknown = false;
        told.value = result;
    } else if (fate == FATE_LOOKED_NOT_DONE) {
        // Sending it again cannot do it twice: what the first sending did would be a conflict.
        if (!r->resent) {
            r->resent = true;
            if (start(g, r, &e)) return;
        }
        told.unknown = false;
        err_prefix(&told.err, "it did not take effect, as reads say");
    }
    end_call(r, &told);
}

bool gate_again(struct gate *g, struct gate_request *r, const struct aws_reply *reply) {
    struct err e;
    if (!g->latched && start(g, r, &e)) return true;
    end_call(r, reply);
    return false;
}

// A call that was not started ends as an answer that says so.
static void fail(struct gate_request *r, const struct err *why) {
    struct aws_reply reply = {.err = *why};
    gate_finish(r, &reply);
}

static void send_own(struct gate *g, struct gate_request *r) {
    struct err e;
    if (!start(g, r, &e)) fail(r, &e);
}

static void send_mutation(struct gate *g, struct gate_request *r) {
    struct err e;
    if (r->own) {
        send_own(g, r);
        return;
    }
    g->in_flight++;
    if (r->planned) r->planned->made = true;
    window_sent(g, r);
    if (start(g, r, &e)) return;
    g->in_flight--;
    if (!window_answered(g, r, &(struct aws_reply){.err = e})) fail(r, &e);
}

void gate_flush(struct gate *g) {
    if (g->queue && g->beside) g->beside(g->beside_ctx);
    struct gate_request *next = g->queue;
    g->queue = NULL;
    g->queue_end = &g->queue;
    if (!next) return;
    struct err e;
    bool synced = gate_sync(g, &e);
    while (next) {
        struct gate_request *r = next;
        next = r->next;
        if (synced || r->closing) send_mutation(g, r);
        else fail(r, &g->latch);
    }
}

// The request is the caller's again. Returns false.
static bool not_started(struct gate_request *r) {
    val_unref(r->prepared);
    r->prepared = NULL;
    return false;
}

// Not known: *go, and it is to be sent. Else the answer comes, or `e` says why not.
static bool recalls(struct gate *g, struct gate_request *r, bool *go, struct err *e) {
    enum gate_memory m = g->recall ? g->recall(g->recall_ctx, r, e) : GATE_NEW;
    *go = m == GATE_NEW;
    if (m == GATE_DIVERGED) {
        gate_latch(g, e);
        return not_started(r);
    }
    if (m == GATE_KNOWN) note_start(g, r);
    if (m == GATE_KNOWN && r->planned) r->planned->made = true;
    return true;
}

void gate_recalled(struct gate_request *r, const struct aws_reply *reply) {
    struct aws_reply late = {0};
    if (r->gate) {
        note_end(r);
        if (r->planned && reply->ok) gate_learn(r->gate, r->planned, reply->value);
    } else {
        too_late(&late.err);
        reply = &late;
    }
    gate_finish(r, reply);
}

static void enqueue(struct gate *g, struct gate_request *r) {
    r->next = NULL;
    *g->queue_end = r;
    g->queue_end = &r->next;
}

static bool submit_mutation(struct gate *g, struct gate_request *r, struct err *e) {
    if (!gate_check_mutation(g, r, e)) return false;
    if (g->mode == GATE_REHEARSAL) {
        r->prepared = val_ref(r->params);
        return start(g, r, e) || not_started(r);
    }
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    bool go;
    if (!r->prepared || !recalls(g, r, &go, e)) return false;
    if (!go) return true;
    if (!gate_record_intent(g, r, e) && !r->closing) {
        *e = g->latch;
        return not_started(r);
    }
    enqueue(g, r);
    return true;
}

bool gate_submit_own(struct gate *g, struct gate_request *r, bool last, struct err *e) {
    r->gate = g;
    r->own = true;
    r->last = last;
    r->op = model_operation(g->model, r->service, r->operation, e);
    if (!r->op) return false;
    if (g->latched && !last) {
        *e = g->latch;
        return false;
    }
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    if (!r->prepared) return false;
    if (!gate_record_intent(g, r, e)) return not_started(r);
    enqueue(g, r);
    return true;
}

bool gate_submit(struct gate *g, struct gate_request *r, struct err *e) {
    r->gate = g;
    if (!gate_check_call(g, r, e)) return false;
    if (gate_changes(r)) return submit_mutation(g, r, e);
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    bool go;
    if (!r->prepared || !recalls(g, r, &go, e)) return false;
    return !go || start(g, r, e) || not_started(r);
}

bool gate_send_closing(struct gate *g, struct gate_request *r, struct err *e) {
    r->gate = g;
    r->closing = true;
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    if (!r->prepared) return false;
    gate_record_intent(g, r, e);
    gate_sync(g, e);
    send_mutation(g, r);
    return true;
}
