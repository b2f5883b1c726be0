// simulated.c - asks the world.
#include "run/simulated.h"

#include <stdio.h>

#include "codec/codec.h"
#include "run/live.h"

static bool ask(struct simulated *s, const char *function, struct val *about, struct val **answer,
                struct err *e) {
    bool ok = about ? s->advisor->world(s->advisor->ctx, function, about, answer, e)
                    : err_memory(e);
    val_unref(about);
    return ok;
}

static struct val *call_about(const struct operation *op, const struct val *params) {
    struct val *v = call_value(op, params, NULL);
    if (v && val_set(v, "dry_run", val_bool(op->dry_run)) &&
        val_set(v, "mutates", val_bool(op->mutates)))
        return v;
    val_unref(v);
    return NULL;
}

// The world's answer (consumed) as a result or an error.
static bool take_answer(struct simulated *s, const struct operation *op, const struct val *params,
                        struct val *answer, struct val **result, struct err *e) {
    const struct val *error = val_get(answer, "error"), *value = val_get(answer, "value");
    bool ok = true;
    if (error) {
        err_from_val(e, error);
        if (!e->status) e->status = 400;
        ok = false;
    } else if (value) {
        *result = val_ref(value);
    } else {
        *result = skeleton_answer(s->model, op, params, &s->counters, e);
        ok = *result != NULL;
    }
    val_unref(answer);
    return ok;
}

bool simulated_answer(struct simulated *s, const struct operation *op, const struct val *params,
                      struct val **result, struct err *e) {
    struct val *answer = NULL;
    return ask(s, "answer", call_about(op, params), &answer, e) &&
           take_answer(s, op, params, answer, result, e);
}

bool simulated_serve(struct simulated *s, const struct operation *op, const struct val *params,
                     int64_t now_us, struct simulated_note *note, struct val **result,
                     struct err *e) {
    struct val *answer = NULL, *about = call_about(op, params);
    *note = (struct simulated_note){.wait_ms = 0};
    if (about && !val_set(about, "at", val_int(now_us))) {
        val_unref(about);
        about = NULL;
    }
    if (!ask(s, "serve", about, &answer, e)) return false;
    const struct val *error = val_get(answer, "error");
    snprintf(note->shape, sizeof note->shape, "%s", val_get_str(error, "shape", ""));
    note->wait_ms = val_as_int(val_get(answer, "wait_ms"), 0);
    return take_answer(s, op, params, answer, result, e);
}

static bool may_go(const struct aws_call *call, struct err *e) {
    if (!codec_changes(call->op, call->params)) return true;
    if (call->permit) return call->permit->still(call->permit->ctx, e);
    return err_set(e, ERR_REFUSED, "%s changes things and has no permit", call->op->name);
}

static bool simulated_call(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                           struct err *e) {
    struct simulated *s = ctx;
    struct val *result = NULL;
    struct err told = {0};
    bool ok = may_go(call, &told) && simulated_answer(s, call->op, call->params, &result, &told);
    return answer_later(s->loop, ok ? result : NULL, ok ? NULL : &told, done, done_ctx, e);
}

struct answerer simulated_answerer(struct simulated *s) {
    return (struct answerer){s, simulated_call};
}

void simulated_free(struct simulated *s) {
    skeleton_free(&s->counters);
    val_unref(s->facts);
    s->facts = NULL;
}

const char *simulated_region(struct simulated *s) {
    struct err ignored;
    if (!s->facts) ask(s, "facts", val_map(), &s->facts, &ignored);
    return val_get_str(s->facts, "region", "?");
}

void simulated_advance(struct simulated *s, double seconds) {
    struct val *about = val_map(), *answer = NULL;
    struct err ignored;
    if (about && !val_set(about, "seconds", val_double(seconds))) {
        val_unref(about);
        return;
    }
    ask(s, "advance", about, &answer, &ignored);
    val_unref(answer);
}
