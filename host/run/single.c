// single.c - one call through the gate.
#include "run/single.h"

#include <stdlib.h>

#include "run/facts.h"
#include "run/identity.h"

bool single_begin(struct single *s, struct host *h, struct err *e) {
    *s = (struct single){.host = h};
    s->scene = scene_new(h);
    if (!plan_init(&s->plan)) return err_memory(e);
    if (!live_init(&s->live, h->backend.answers, h->loop, e)) return false;
    s->answers = live_answerer(&s->live);
    s->gate = (struct gate){.mode = GATE_EXECUTION,
                            .loop = h->loop,
                            .model = h->model,
                            .answerer = &s->answers,
                            .plan = &s->plan,
                            .tell = scene_alarm,
                            .tell_ctx = &s->scene};
    s->settler = (struct settler){&s->gate, &s->live, h->advisor};
    if (h->advisor) s->gate.settle = settle;
    s->gate.settle_ctx = &s->settler;
    return gate_init(&s->gate, e) && backend_region(&h->backend, &s->scene.region, e) && identity_learn(&s->live, s->host->model, &s->scene.identity, e);
}

bool single_journal(struct single *s, const char *verb, const struct val *args, struct err *e) {
    char id[RUN_ID_SIZE];
    struct buf dir = BUF_EMPTY;
    s->operator_name = operator_text(s->scene.identity);
    bool ok = runs_new(verb, id, &dir, e);
    if (ok) s->journal = journal_create(buf_str(&dir), id, e);
    s->gate.journal = s->journal;
    const struct run_facts facts = {.playbook = verb, .args = args,
                                    .operator_name = s->operator_name};
    ok = ok && s->journal && gate_record(&s->gate, "run.start", run_start(&s->scene, &facts), e) &&
         gate_sync(&s->gate, e);
    buf_free(&dir);
    return ok;
}

struct sent {
    bool done;
    struct val *value;
    struct err err;
};

static void answered(void *ctx, const struct aws_reply *reply) {
    struct sent *sent = ctx;
    sent->done = true;
    sent->value = reply->ok ? val_ref(reply->value) : NULL;
    sent->err = reply->err;
}

bool single_send(struct single *s, const struct operation *op, const struct val *params,
                 struct val **value, struct err *e) {
    struct sent sent = {0};
    struct gate_request r = {.branch = "",
                             .service = op->service->name,
                             .operation = op->method,
                             .params = params,
                             .done = answered,
                             .ctx = &sent};
    if (!gate_submit(&s->gate, &r, e)) return false;
    gate_flush(&s->gate);
    // A signal does not leave a mutation without its outcome.
    if (!loop_until(s->host->loop, &sent.done, false, e)) return false;
    *value = sent.value;
    if (!sent.value) *e = sent.err;
    return sent.value != NULL;
}

void single_free(struct single *s) {
    guard_free(&s->guard);
    journal_free(s->journal);
    gate_free(&s->gate);
    plan_free(&s->plan);
    live_free(&s->live);
    scene_free(&s->scene);
    free(s->operator_name);
}
