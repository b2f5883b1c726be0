// advice.c - before-states, diffs, inverses, proofs.
#include "run/advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "plan/binding.h"
#include "run/batch.h"
#include "run/outcome.h"

#define PROVEN_FOR_MS 30000

// One planned call while it is being looked at.
struct subject {
    struct planned_call *call;
    struct val *value;      // as the advisor wants it
    struct val *reads;      // what it wants to know
    struct asked **asked;   // beside the reads
    struct val *dry_run;    // parameters of the proof
};

// All that is on its way.
struct enquiry {
    const struct advice *advice;
    struct inquiry *reads;
    struct batch proofs;
};

static bool start_reads(struct enquiry *q, struct subject *s, struct err *e) {
    const struct advice *a = q->advice;
    struct val *params = a->bindings ? binding_apply(a->bindings, s->call->params, e)
                                     : val_ref(s->call->params);
    if (!params) return false;
    s->value = call_value(s->call->op, params, a->created);
    val_unref(params);
    if (!s->value) return err_memory(e);
    if (!a->advisor->reads_needed(a->advisor->ctx, s->value, &s->reads, e)) return false;
    s->asked = calloc(val_count(s->reads) + 1, sizeof *s->asked);
    if (!s->asked) return err_memory(e);
    for (size_t i = 0; i < val_count(s->reads); i++)
        if (!inquiry_ask(q->reads, val_at(s->reads, i), &s->asked[i], e)) return false;
    return true;
}

// --- proofs ----------------------------------------------------------------

static void proof_done(void *ctx, const struct aws_reply *reply) {
    struct planned_call *c = ctx;
    const struct err *e = &reply->err;
    if (!reply->ok && err_is(e, "DryRunOperation")) {
        c->proof = PROOF_PROVEN;
        c->proven_ms = clock_mono_ms();
    } else if (!reply->ok && error_is_denial(e)) {
        c->proof = PROOF_DENIED;
        snprintf(c->proof_note, sizeof c->proof_note, "%s:%s", c->op->service->signing_name,
                 c->op->name);
    } else if (reply->ok || e->status < 400 || e->status >= 500) {
        c->proof = PROOF_PREDICTED;
        snprintf(c->proof_note, sizeof c->proof_note, "could not be proven: %.200s",
                 reply->ok ? "the endpoint ignored DryRun" : e->message);
    } else {
        c->proof = PROOF_FAILS;
        snprintf(c->proof_note, sizeof c->proof_note, "%.90s: %.200s", e->code, e->message);
    }
}

// What was proven for the plan a moment ago need not be proven again for the question.
static bool is_proven(const struct planned_call *c) {
    return c->proof == PROOF_PROVEN && clock_mono_ms() - c->proven_ms < PROVEN_FOR_MS;
}

static bool start_proof(struct enquiry *q, struct subject *s, struct err *e) {
    struct planned_call *c = s->call;
    const struct val *params = val_get(s->value, "params");
    if (is_proven(c)) return true;
    c->proof = c->op->dry_run ? PROOF_PREDICTED : PROOF_NOT_CHECKABLE;
    *c->proof_note = '\0';
    if (!c->op->dry_run || planned_id_in(params)) return true;
    s->dry_run = val_copy(params);
    if (!s->dry_run || !val_set(s->dry_run, "DryRun", val_bool(true))) return err_memory(e);
    struct answerer live = live_answerer(q->advice->live);
    struct aws_call call = {.op = c->op, .params = s->dry_run};
    return batch_add(&q->proofs, &live, &call, proof_done, c, e);
}

// --- the advisor's answers ---------------------------------------------------

static struct val *answers_of(const struct subject *s) {
    struct val *answers = val_list();
    for (size_t i = 0; answers && i < val_count(s->reads); i++) {
        if (val_append(answers, val_ref(s->asked[i]->answer))) continue;
        val_unref(answers);
        return NULL;
    }
    return answers;
}

static bool conclude(const struct advice *a, struct subject *s, struct err *e) {
    const struct advisor *v = a->advisor;
    struct val *answers = answers_of(s), *before = NULL, *diff = NULL, *inverse = NULL,
               *hits = NULL;
    bool ok = answers || err_memory(e);
    ok = ok && v->before(v->ctx, s->value, answers, &before, e) &&
         v->diff(v->ctx, s->value, before, &diff, e) &&
         v->inverse(v->ctx, s->value, before, s->call->result, &inverse, e) &&
         v->hits(v->ctx, s->value, before, &hits, e);
    val_unref(answers);
    plan_put(&s->call->diff, diff ? diff : val_nil());
    if (s->call->past) {
        val_unref(before);
        val_unref(inverse);
    } else {
        plan_put(&s->call->before, before ? before : val_nil());
        plan_put(&s->call->inverse, inverse ? inverse : val_nil());
    }
    plan_put(&s->call->hits, hits ? hits : val_nil());
    return ok;
}

static void free_subject(struct subject *s) {
    free(s->asked);
    val_unref(s->reads);
    val_unref(s->value);
    val_unref(s->dry_run);
}

// What was started is waited for even when a later start failed: it writes into us.
static bool wait_for_all(struct enquiry *q, struct err *e) {
    struct err first, second;
    bool reads = inquiry_wait(q->reads, &first), proofs = batch_wait(&q->proofs, &second);
    if (!reads || !proofs) *e = reads ? second : first;
    return reads && proofs;
}

static struct inquiry inquiry_of(const struct advice *a) {
    return (struct inquiry){.batch = {.loop = a->loop}, .live = a->live, .model = a->model};
}

bool advise(const struct advice *a, struct planned_call *const *calls, size_t count, bool prove,
            struct err *e) {
    struct subject *subjects = calloc(count + 1, sizeof *subjects);
    struct inquiry reads = inquiry_of(a);
    struct enquiry q = {.advice = a, .reads = &reads, .proofs = {.loop = a->loop}};
    reads.earlier = a->ahead;
    bool ok = subjects || err_memory(e);
    for (size_t i = 0; ok && i < count; i++) {
        subjects[i].call = calls[i];
        ok = start_reads(&q, &subjects[i], e) && (!prove || start_proof(&q, &subjects[i], e));
    }
    struct err waiting;
    bool waited = wait_for_all(&q, &waiting);
    if (ok && !waited) *e = waiting;
    ok = ok && waited;
    for (size_t i = 0; ok && i < count; i++) ok = conclude(a, &subjects[i], e);
    for (size_t i = 0; subjects && i < count; i++) free_subject(&subjects[i]);
    inquiry_free(&reads);
    free(subjects);
    return ok;
}

void advise_ahead(struct advice *a, struct inquiry *ahead, struct planned_call *const *calls,
                  size_t count) {
    if (!a->ahead) *ahead = inquiry_of(a);
    struct enquiry q = {.advice = a, .reads = ahead};
    struct err ignored;
    for (size_t i = 0; i < count; i++) {
        struct subject s = {.call = calls[i]};
        bool ok = start_reads(&q, &s, &ignored);
        free_subject(&s);
        if (!ok) break;
    }
    a->ahead = ahead;
}
