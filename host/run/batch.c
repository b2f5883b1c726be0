// batch.c - several calls at once.
#include "run/batch.h"

#include <stdlib.h>

struct batch_item {
    struct batch *batch;  // NULL once the batch has been left
    struct batch_item *next, **link;
    aws_done *done;
    void *ctx;
};

static void item_answered(void *ctx, const struct aws_reply *reply) {
    struct batch_item *item = ctx;
    struct batch *b = item->batch;
    if (b) {
        *item->link = item->next;
        if (item->next) item->next->link = item->link;
        item->done(item->ctx, reply);
        b->done = --b->pending == 0;
    }
    free(item);
}

bool batch_add(struct batch *b, const struct answerer *a, const struct aws_call *call,
               aws_done *done, void *ctx, struct err *e) {
    struct batch_item *item = malloc(sizeof *item);
    if (!item) return err_memory(e);
    *item = (struct batch_item){b, b->items, &b->items, done, ctx};
    if (!a->call(a->ctx, call, item_answered, item, e)) {
        free(item);
        return false;
    }
    if (b->items) b->items->link = &item->next;
    b->items = item;
    b->pending++;
    b->done = false;
    return true;
}

void batch_leave(struct batch *b) {
    for (struct batch_item *item = b->items; item; item = item->next) item->batch = NULL;
    b->items = NULL;
    b->pending = 0;
}

bool batch_wait(struct batch *b, struct err *e) {
    if (!b->pending) return true;
    bool ok = loop_until(b->loop, &b->done, true, e);
    if (ok && !b->done) ok = err_set(e, ERR_INTERRUPTED, "interrupted");
    batch_leave(b);
    return ok;
}

struct val *answer_value(const struct aws_reply *reply) {
    struct val *v = val_map();
    if (v && val_set(v, reply->ok ? "value" : "error",
                     reply->ok ? val_ref(reply->value) : err_to_val(&reply->err)))
        return v;
    val_unref(v);
    return NULL;
}
