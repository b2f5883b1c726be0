// snapshot.c - rounds of reads.
#include "run/snapshot.h"

#include <stdlib.h>

#include "run/batch.h"

// Pages of 1000: a VPC of a hundred thousand interfaces; more rounds are a server's loop.
#define MOST_ROUNDS 200

struct taking {
    const struct advisor *advisor;
    struct err err;  // the first failure of our own
    bool failed;
};

struct one {
    struct taking *taking;
    const struct val *call;
};

static void answered(void *ctx, const struct aws_reply *reply) {
    struct one *o = ctx;
    struct taking *t = o->taking;
    struct err e;
    if (!reply->ok || t->failed) return;
    if (t->advisor->rehearsal_seen(t->advisor->ctx, o->call, reply->value, &e)) return;
    t->failed = true;
    t->err = e;
}

static bool start(struct live *live, struct model *m, struct batch *b, struct one *o,
                  struct err *e) {
    const struct operation *op = model_operation(m, val_get_str(o->call, "service", ""),
                                                 val_get_str(o->call, "operation", ""), e);
    struct aws_call call = {.op = op, .params = val_get(o->call, "params")};
    if (op && op->mutates) return err_set(e, ERR_REFUSED, "a snapshot only reads, not %s", op->name);
    // Past the memory of reads: nobody asks for these pages again, and they are large.
    return op && batch_add(b, &live->backend, &call, answered, o, e);
}

static bool take_round(struct live *live, struct model *m, const struct advisor *a,
                       const struct val *wants, struct err *e) {
    struct taking t = {.advisor = a};
    struct batch b = {.loop = live->loop};
    struct one *ones = calloc(val_count(wants) + 1, sizeof *ones);
    bool ok = ones || err_memory(e);
    for (size_t i = 0; ok && i < val_count(wants); i++) {
        ones[i] = (struct one){&t, val_at(wants, i)};
        ok = start(live, m, &b, &ones[i], e);
    }
    struct err waiting;
    bool waited = batch_wait(&b, &waiting);
    if (ok && !waited) *e = waiting;
    if (ok && waited && t.failed) *e = t.err;
    free(ones);
    return ok && waited && !t.failed;
}

bool snapshot_take(struct live *live, struct model *m, const struct advisor *a, struct err *e) {
    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct val *wants = NULL;
        if (!a->rehearsal_wants(a->ctx, &wants, e)) return false;
        size_t count = val_count(wants);
        bool ok = !count || take_round(live, m, a, wants, e);
        val_unref(wants);
        if (!ok) return false;
        if (!count) return true;
    }
    return true;
}
