// backend.c - one of two.
#include "run/backend.h"

#include <string.h>

static bool call_aws(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                     struct err *e) {
    return aws_start(ctx, call, done, done_ctx, e);
}

void backend_aws(struct backend *b, struct loop *l, struct aws *aws) {
    *b = (struct backend){.name = "aws", .answers = {aws, call_aws}, .loop = l, .aws = aws};
}

void backend_simulated(struct backend *b, struct loop *l, struct model *m,
                       const struct advisor *advisor) {
    *b = (struct backend){.name = "simulator", .loop = l};
    b->world = (struct simulated){.loop = l, .model = m, .advisor = advisor};
    b->answers = simulated_answerer(&b->world);
}

void backend_free(struct backend *b) {
    aws_free(b->aws);
    simulated_free(&b->world);
    *b = (struct backend){0};
}

bool backend_is_simulated(const struct backend *b) {
    return !b->aws || aws_is_simulator(b->aws);
}

bool backend_region(struct backend *b, const char **region, struct err *e) {
    if (b->aws) return aws_region(b->aws, region, e);
    *region = simulated_region(&b->world);
    return true;
}

static void advance(void *ctx, double seconds) {
    struct backend *b = ctx;
    simulated_advance(&b->world, seconds);
}

backend_advance_fn *backend_advance(const struct backend *b) {
    return b->aws ? NULL : advance;
}

struct awaited {
    struct aws_reply *reply;
    struct val **value;
    bool done;
};

static void answered(void *ctx, const struct aws_reply *reply) {
    struct awaited *w = ctx;
    *w->reply = *reply;
    *w->value = val_ref(reply->value);
    w->reply->value = *w->value;
    w->done = true;
}

bool backend_wait(struct backend *b, const struct aws_call *call, struct aws_reply *reply,
                  struct val **value) {
    if (b->aws) return aws_wait(b->aws, call, reply, value);
    struct awaited w = {.reply = reply, .value = value};
    *reply = (struct aws_reply){0};
    *value = NULL;
    if (!b->answers.call(b->answers.ctx, call, answered, &w, &reply->err)) return false;
    return loop_until(b->loop, &w.done, false, &reply->err) && reply->ok;
}
