// gate_journal.c - what the gate writes down: intents, outcomes, reads; and a loss.
#include "gate/gate_journal.h"

#include "base/clock.h"
#include "codec/codec.h"
#include "plan/binding.h"

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
    if (!members) err_memory(e);
    else if (journal_append(g->journal, kind, members, e)) return true;
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

struct val *gate_redacted(struct gate *g, const struct operation *op, bool output,
                            const struct val *v) {
    struct val *safe = codec_redact(g->model, op, output, v, NULL);
    return safe ? safe : val_cstr("(could not be redacted)");
}

static bool set_operation(struct val *v, const struct operation *op) {
    return val_set(v, "service", val_cstr(op->service->name)) &&
           val_set(v, "operation", val_cstr(op->method));
}

// What was planned before an earlier call of the step had made it: the journal alone must say what
// a call was about.
static struct val *with_real_ids(const struct gate *g, const struct val *v) {
    if (planned_id_in(v)) return binding_apply(g->bindings, v, NULL);
    return v ? val_ref(v) : val_nil();
}

bool gate_record_intent(struct gate *g, struct gate_request *r, struct err *e) {
    const struct planned_call *p = r->planned;
    const char *token = *r->op->client_token
                            ? val_get_str(r->prepared, r->op->client_token, NULL)
                            : NULL;
    struct val *v = val_map();
    bool ok = v && set_operation(v, r->op) && val_set(v, "key", val_cstr(r->key)) &&
              val_set(v, "step", val_int((int64_t)g->step + 1)) &&
              val_set(v, "params", gate_redacted(g, r->op, false, r->prepared)) &&
              val_set(v, "before", with_real_ids(g, p ? p->before : NULL)) &&
              val_set(v, "inverse", with_real_ids(g, p ? p->inverse : NULL)) &&
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

void gate_record_outcome(struct gate *g, const struct gate_request *r,
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

void gate_record_read(struct gate *g, const struct gate_request *r,
                        const struct aws_reply *reply, const struct val *value) {
    if (!g->journal) return;
    struct err e;
    struct val *v = val_map();
    bool ok = v && set_operation(v, r->op) && val_set(v, "branch", val_cstr(r->branch)) &&
              val_set(v, "params", gate_redacted(g, r->op, false, r->params)) &&
              (reply->ok || val_set(v, "error", err_to_val(&reply->err)));
    if (ok && reply->ok)
        ok = journal_append_large(g->journal, "read", v, "result", val_ref(value), &e);
    else if (ok) ok = journal_append(g->journal, "read", v, &e);
    else val_unref(v);
    if (!ok) lose_journal(g, &e);
}
