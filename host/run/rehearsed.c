// rehearsed.c - answers a rehearsal.
#include "run/rehearsed.h"

#include <stdlib.h>

#include "codec/codec.h"
#include "plan/binding.h"
#include "plan/plan.h"

bool rehearsed_init(struct rehearsed *r, struct live *live, struct model *m,
                    const struct advisor *advisor, struct err *e) {
    *r = (struct rehearsed){.live = live, .model = m, .advisor = advisor};
    return advisor->rehearsal_begin(advisor->ctx, e);
}

void rehearsed_free(struct rehearsed *r) {
    skeleton_free(&r->counters);
}

// A read on its way to AWS, whose result the rehearsal's memory wants to see.
struct seeing {
    struct rehearsed *rehearsed;
    struct val *call;
    aws_done *done;
    void *ctx;
};

static void seen(void *ctx, const struct aws_reply *reply) {
    struct seeing *s = ctx;
    // A late answer, when all this is gone, is an error.
    const struct advisor *a = reply->ok ? s->rehearsed->advisor : NULL;
    struct aws_reply shown = *reply;
    if (a && !a->rehearsal_seen(a->ctx, s->call, reply->value, &shown.err)) {
        shown.ok = false;
        shown.value = NULL;
    }
    s->done(s->ctx, &shown);
    val_unref(s->call);
    free(s);
}

static bool ask_aws(struct rehearsed *r, const struct aws_call *call, struct val *described,
                    aws_done *done, void *ctx, struct err *e) {
    struct seeing *s = malloc(sizeof *s);
    if (!s) return err_memory(e);
    *s = (struct seeing){r, val_ref(described), done, ctx};
    struct answerer live = live_answerer(r->live);
    if (live.call(live.ctx, call, seen, s, e)) return true;
    val_unref(s->call);
    free(s);
    return false;
}

// The advisor's word: {send}, {value} or {error}.
static bool follow(struct rehearsed *r, const struct aws_call *call, struct val *described,
                   const struct val *answer, aws_done *done, void *ctx, struct err *e) {
    const struct val *error = val_get(answer, "error"), *value = val_get(answer, "value");
    if (value && val_as_bool(val_get(answer, "fresh"), false)) live_remember(r->live, call, value);
    if (!call->op->mutates && val_as_bool(val_get(answer, "send"), false))
        return ask_aws(r, call, described, done, ctx, e);
    if (!error) return answer_later(r->live->loop, value ? val_ref(value) : val_map(), NULL, done, ctx, e);
    struct err told;
    err_from_val(&told, error);
    return answer_later(r->live->loop, NULL, &told, done, ctx, e);
}

static bool rehearsed_call(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                           struct err *e) {
    struct rehearsed *r = ctx;
    struct answerer live = live_answerer(r->live);
    // A permission is asked of AWS, not of the copy, unless it is about what is only planned.
    if (codec_is_dry_run(call->op, call->params) && !planned_id_in(call->params))
        return live.call(live.ctx, call, done, done_ctx, e);
    struct val *described = call_value(call->op, call->params, r->created);
    struct val *skeleton =
        call->op->mutates ? skeleton_answer(r->model, call->op, call->params, &r->counters, e)
                          : val_nil();
    struct val *answer = NULL;
    bool ok = described || err_memory(e);
    ok = ok && skeleton &&
         r->advisor->rehearsal_answer(r->advisor->ctx, described, skeleton, &answer, e) &&
         follow(r, call, described, answer, done, done_ctx, e);
    val_unref(described);
    val_unref(skeleton);
    val_unref(answer);
    return ok;
}

struct answerer rehearsed_answerer(struct rehearsed *r) {
    return (struct answerer){r, rehearsed_call};
}
