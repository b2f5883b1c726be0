// gate.c - the column of checks, and the order of intent, request and outcome.
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/codec.h"
#include "plan/binding.h"

bool gate_init(struct gate *g, struct err *e) {
    g->bindings = val_map();
    g->created = val_list();
    g->queue = NULL;
    g->queue_end = &g->queue;
    return ((g->bindings && g->created) || err_memory(e)) && keys_init(&g->keys, e);
}

void gate_free(struct gate *g) {
    val_unref(g->bindings);
    keys_free(&g->keys);
    val_unref(g->created);
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

// --- the journal -----------------------------------------------------------

static void lose_journal(struct gate *g, const struct err *why) {
    if (!g->journal_lost) g->journal_loss = *why;
    g->journal_lost = true;
    struct err latch;
    err_set(&latch, ERR_JOURNAL, "the journal cannot be written, so nothing may change: %s",
            why->message);
    gate_latch(g, &latch);
}

bool gate_record(struct gate *g, const char *kind, struct val *members, struct err *e) {
    struct err own;
    if (!e) e = &own;
    if (!g->journal) {
        val_unref(members);
        return true;
    }
    if (!members)
        err_memory(e);
    else if (journal_append(g->journal, kind, members, e))
        return true;
    lose_journal(g, e);
    return false;
}

bool gate_sync(struct gate *g, struct err *e) {
    struct err own;
    if (!e) e = &own;
    if (!g->journal || journal_sync(g->journal, e)) return true;
    lose_journal(g, e);
    return false;
}

static struct val *redacted(struct gate *g, const struct operation *op, bool output,
                            const struct val *v) {
    struct val *safe = codec_redact(g->model, op, output, v, NULL);
    return safe ? safe : val_cstr("(could not be redacted)");
}

static bool set_operation(struct val *v, const struct operation *op) {
    return val_set(v, "service", val_cstr(op->service->name)) &&
           val_set(v, "operation", val_cstr(op->method));
}

static bool record_intent(struct gate *g, struct gate_request *r, struct err *e) {
    const struct planned_call *p = r->planned;
    const char *token =
        *r->op->client_token ? val_get_str(r->prepared, r->op->client_token, NULL) : NULL;
    struct val *v = val_map();
    bool ok = v && set_operation(v, r->op) && val_set(v, "key", val_cstr(r->key)) &&
              val_set(v, "step", val_int((int64_t)g->step + 1)) &&
              val_set(v, "params", redacted(g, r->op, false, r->prepared)) &&
              val_set(v, "before", p ? val_ref(p->before) : val_nil()) &&
              val_set(v, "inverse", p ? val_ref(p->inverse) : val_nil()) &&
              val_set(v, "token", token ? val_cstr(token) : val_nil()) &&
              val_set(v, "closing", r->closing ? val_bool(true) : val_nil());
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    return gate_record(g, "call.intent", v, e);
}

static struct val *time_text(int64_t us) {
    char text[CLOCK_ISO_SIZE];
    if (!us) return val_nil();
    clock_iso_us(us, text);
    return val_cstr(text);
}

static bool set_reply(struct val *v, const struct aws_reply *reply, const struct val *value) {
    return val_set(v, "ok", val_bool(reply->ok)) &&
           val_set(v, reply->ok ? "result" : "error",
                   reply->ok ? val_ref(value) : err_to_val(&reply->err)) &&
           val_set(v, "unknown", reply->unknown ? val_bool(true) : val_nil()) &&
           val_set(v, "attempts", val_int(reply->attempts)) &&
           val_set(v, "request_id", *reply->request_id ? val_cstr(reply->request_id) : val_nil());
}

// The intent's inverse could name what this call was about to make only by its planned id.
static struct val *inverse_with_real_ids(const struct gate *g, const struct gate_request *r) {
    const struct val *inverse = r->planned ? r->planned->inverse : NULL;
    return planned_id_in(inverse) ? binding_apply(g->bindings, inverse, NULL) : val_nil();
}

static void record_outcome(struct gate *g, const struct gate_request *r,
                           const struct aws_reply *reply, const struct val *value) {
    struct val *v = val_map();
    bool ok = v && val_set(v, "key", val_cstr(r->key)) && set_reply(v, reply, value) &&
              val_set(v, "inverse", inverse_with_real_ids(g, r)) &&
              val_set(v, "sent", time_text(reply->sent_us)) &&
              val_set(v, "answered", time_text(reply->answered_us));
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    gate_record(g, "call.outcome", v, NULL);
}

static void record_read(struct gate *g, const struct gate_request *r, const struct aws_reply *reply,
                        const struct val *value) {
    if (!g->journal) return;
    struct err e;
    struct val *v = val_map();
    bool ok = v && set_operation(v, r->op) && val_set(v, "branch", val_cstr(r->branch)) &&
              val_set(v, "params", redacted(g, r->op, false, r->params)) &&
              (reply->ok || val_set(v, "error", err_to_val(&reply->err)));
    if (ok && reply->ok)
        ok = journal_append_large(g->journal, "read", v, "result", val_ref(value), &e);
    else if (ok)
        ok = journal_append(g->journal, "read", v, &e);
    else
        val_unref(v);
    if (!ok) lose_journal(g, &e);
}

// --- the checks ------------------------------------------------------------

static bool check_known(struct gate *g, struct gate_request *r, struct err *e) {
    r->op = model_operation(g->model, r->service, r->operation, e);
    return r->op != NULL;
}

static bool check_returns_no_credentials(struct gate *g, struct gate_request *r, struct err *e) {
    (void)g;
    if (!r->op->credential_output) return true;
    return err_set(e, ERR_REFUSED,
                   "%s returns credentials; the host never gives credentials to a playbook",
                   r->op->name);
}

static bool check_shape(struct gate *g, struct gate_request *r, struct err *e) {
    return codec_check(g->model, r->op, r->params, e);
}

static bool check_number(struct gate *g, struct gate_request *r, struct err *e) {
    size_t *count = r->op->mutates ? &g->mutations : &g->reads;
    size_t most = r->op->mutates ? GATE_MAX_MUTATIONS : GATE_MAX_READS;
    if (++*count <= most) return true;
    return err_set(e, ERR_REFUSED, "a run may make %zu %s calls at most", most,
                   r->op->mutates ? "mutating" : "reading");
}

static bool check_step(struct gate *g, struct gate_request *r, struct err *e) {
    if (g->step_open && g->step_confirmed) return true;
    return err_set(e, ERR_REFUSED,
                   "%s changes something and must be inside a confirmed step: step(\"...\", "
                   "function() ... end)",
                   r->op->name);
}

static bool check_key(struct gate *g, struct gate_request *r, struct err *e) {
    if (!keys_next(&g->keys, g->step, r->branch, r->key, e)) return false;
    if (g->mode == GATE_EXECUTION) r->planned = plan_find(g->plan, r->key);
    r->closing = g->part == WINDOW_CLOSING && g->window.open;
    return true;
}

static bool check_latch(struct gate *g, struct gate_request *r, struct err *e) {
    if (!g->latched || r->closing) return true;
    *e = g->latch;
    return false;
}

static struct val *planned_params(struct gate *g, const struct planned_call *p, struct err *e) {
    return binding_apply(g->bindings, p->params, e);
}

// The approved call, bound to real ids, is the one that was asked for.
static bool equals_planned(struct gate *g, const struct gate_request *r, struct err *e) {
    const struct planned_call *p = r->planned;
    if (!p || (p->made && !r->closing) || p->op != r->op || p->step != g->step ||
        p->window != g->part)
        return false;
    struct val *bound = planned_params(g, p, e);
    bool equal = bound && val_equal(bound, r->params);
    val_unref(bound);
    return equal;
}

static bool record_rehearsed(struct gate *g, struct gate_request *r, struct err *e) {
    r->planned = plan_add_call(g->plan, g->step, r->key, r->op, r->params, g->part, e);
    return r->planned != NULL;
}

static bool check_rehearsed(struct gate *g, struct gate_request *r, struct err *e) {
    if (g->mode == GATE_REHEARSAL) return record_rehearsed(g, r, e);
    if (equals_planned(g, r, e)) return true;
    r->planned = NULL;
    bool may_ask = g->ask && g->part == WINDOW_NONE;
    if (may_ask && g->ask(g->ask_ctx, r, e)) return true;
    if (!may_ask)
        err_set(e, ERR_LEFT_PLAN,
                "%s is not the call that was rehearsed and approved here; nothing was sent. "
                "Run again to see the new plan",
                r->op->name);
    gate_latch(g, e);
    return false;
}

static bool check_bound(struct gate *g, struct gate_request *r, struct err *e) {
    const char *planned = g->mode == GATE_EXECUTION ? planned_id_in(r->params) : NULL;
    if (!planned) return true;
    err_set(e, ERR_LEFT_PLAN, "%s names %s, which was never created; nothing was sent", r->op->name,
            planned);
    gate_latch(g, e);
    return false;
}

typedef bool check_fn(struct gate *g, struct gate_request *r, struct err *e);

// What every call passes, in this order.
static check_fn *const checks_of_all[] = {check_known, check_returns_no_credentials, check_shape,
                                          check_number};
// What mutations pass besides.
static check_fn *const checks_of_mutations[] = {check_step, check_key, check_latch, check_rehearsed,
                                                check_bound};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool pass(check_fn *const *checks, size_t count, struct gate *g, struct gate_request *r,
                 struct err *e) {
    for (size_t i = 0; i < count; i++) {
        if (checks[i](g, r, e)) continue;
        if (r->op) snprintf(e->operation, sizeof e->operation, "%s", r->op->name);
        return false;
    }
    return true;
}

// --- sending ---------------------------------------------------------------

static bool mentions_created(const struct gate *g, const struct val *params) {
    for (size_t i = 0; i < val_count(g->created); i++)
        if (val_mentions(params, val_as_str(val_at(g->created, i), ""))) return true;
    return false;
}

// Ids that a create answered with: what its rehearsed answer held planned ids for.
static void note_created(struct gate *g, const struct val *planned, const struct val *real) {
    const char *id = val_as_str(real, NULL);
    if (val_as_str(planned, NULL)) {
        if (id && planned_id_in(planned)) val_append(g->created, val_ref(real));
        return;
    }
    for (size_t i = 0; i < val_count(planned); i++) {
        const char *key = val_key_at(planned, i);
        note_created(g, val_at(planned, i), key ? val_get(real, key) : val_at(real, i));
    }
}

static void note_outcome(struct gate *g, struct gate_request *r, const struct aws_reply *reply) {
    struct planned_call *p = r->planned;
    if (reply->ok || reply->unknown) g->changed = true;
    if (reply->unknown) g->unknown = true;
    if (p) {
        p->succeeded = reply->ok;
        p->unknown = reply->unknown;
    }
    if (!p || !reply->ok) return;
    binding_learn(g->bindings, p->result, reply->value, NULL);
    note_created(g, p->result, reply->value);
}

void gate_finish(struct gate_request *r, const struct aws_reply *reply) {
    val_unref(r->prepared);
    r->prepared = NULL;
    r->done(r->ctx, reply);
}

static void answered(void *ctx, const struct aws_reply *reply) {
    struct gate_request *r = ctx;
    struct gate *g = r->gate;
    struct aws_reply shown = *reply;
    struct val *safe = reply->ok ? redacted(g, r->op, true, reply->value) : NULL;
    shown.value = safe;
    if (!r->op->mutates) {
        record_read(g, r, reply, safe);
    } else if (g->mode == GATE_REHEARSAL) {
        plan_put(&r->planned->result, val_ref(reply->ok ? reply->value : val_nil()));
        note_created(g, reply->value, reply->value);
    } else {
        g->in_flight--;
        note_outcome(g, r, reply);
        record_outcome(g, r, reply, safe);
        if (window_answered(g, r, &shown)) return;
    }
    gate_finish(r, &shown);
    val_unref(safe);
}

// The permit's word just before each attempt: is the call still wanted?
static bool still_wanted(void *ctx, struct err *e) {
    const struct gate_request *r = ctx;
    if (r->closing || !r->gate->latched) return true;
    *e = r->gate->latch;
    return false;
}

static bool start(struct gate *g, struct gate_request *r, struct err *e) {
    struct permit permit = {still_wanted, r};
    bool permitted = r->op->mutates && g->mode == GATE_EXECUTION;
    struct aws_call call = {
        .op = r->op,
        .params = r->prepared,
        .permit = permitted ? &permit : NULL,
        .just_created = mentions_created(g, r->prepared),
    };
    return g->answerer->call(g->answerer->ctx, &call, answered, r, e);
}

// A call that was not started ends as an answer that says so.
static void fail(struct gate_request *r, const struct err *why) {
    struct aws_reply reply = {.err = *why};
    gate_finish(r, &reply);
}

static void send_mutation(struct gate *g, struct gate_request *r) {
    struct err e;
    g->in_flight++;
    if (r->planned) r->planned->made = true;
    window_sent(g, r);
    if (start(g, r, &e)) return;
    g->in_flight--;
    if (!window_answered(g, r, &(struct aws_reply){.err = e})) fail(r, &e);
}

void gate_flush(struct gate *g) {
    struct gate_request *next = g->queue;
    g->queue = NULL;
    g->queue_end = &g->queue;
    if (!next) return;
    struct err e;
    bool synced = gate_sync(g, &e);
    while (next) {
        struct gate_request *r = next;
        next = r->next;
        if (synced || r->closing)
            send_mutation(g, r);
        else
            fail(r, &g->latch);
    }
}

static void enqueue(struct gate *g, struct gate_request *r) {
    r->next = NULL;
    *g->queue_end = r;
    g->queue_end = &r->next;
}

static bool submit_mutation(struct gate *g, struct gate_request *r, struct err *e) {
    if (!pass(checks_of_mutations, COUNT(checks_of_mutations), g, r, e)) return false;
    if (g->mode == GATE_REHEARSAL) {
        r->prepared = val_ref(r->params);
        return start(g, r, e);
    }
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    if (!r->prepared) return false;
    if (!record_intent(g, r, e) && !r->closing) {
        val_unref(r->prepared);
        r->prepared = NULL;
        *e = g->latch;
        return false;
    }
    enqueue(g, r);
    return true;
}

bool gate_submit(struct gate *g, struct gate_request *r, struct err *e) {
    r->gate = g;
    if (!pass(checks_of_all, COUNT(checks_of_all), g, r, e)) return false;
    if (r->op->mutates) return submit_mutation(g, r, e);
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    if (r->prepared && start(g, r, e)) return true;
    val_unref(r->prepared);
    r->prepared = NULL;
    return false;
}

bool gate_send_closing(struct gate *g, struct gate_request *r, struct err *e) {
    r->gate = g;
    r->closing = true;
    r->prepared = codec_prepare(g->model, r->op, r->params, e);
    if (!r->prepared) return false;
    record_intent(g, r, e);
    gate_sync(g, e);
    send_mutation(g, r);
    return true;
}
