// inquiry.c - asks once.
#include "run/inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "plan/binding.h"

static void answered(void *ctx, const struct aws_reply *reply) {
    struct asked *asked = ctx;
    asked->answer = answer_value(reply);
}

static struct val *not_there_yet(void) {
    struct aws_reply reply = {0};
    err_set(&reply.err, "NotCreatedYet", "it does not exist yet");
    return answer_value(&reply);
}

static struct asked *find(struct inquiry *q, const char *key) {
    for (; q; q = q->earlier)
        for (struct asked *a = q->asked; a; a = a->next)
            if (!a->outdated && strcmp(a->key.data, key) == 0) return a;
    return NULL;
}

static bool send(struct inquiry *q, struct asked *asked, struct err *e) {
    const struct val *params = val_get(asked->read, "params");
    if (planned_id_in(params)) {
        asked->answer = not_there_yet();
        return asked->answer || err_memory(e);
    }
    const struct operation *op = model_operation(q->model, val_get_str(asked->read, "service", ""),
                                                 val_get_str(asked->read, "operation", ""), e);
    if (!op) return false;
    if (op->mutates)
        return err_set(e, ERR_REFUSED, "the advisor wants to read with %s, which changes things",
                       op->name);
    struct answerer live = live_answerer(q->live);
    struct aws_call call = {.op = op, .params = params};
    return batch_add(&q->batch, &live, &call, answered, asked, e);
}

static bool add(struct inquiry *q, struct buf *key, const struct val *read, struct asked **asked,
                struct err *e) {
    struct asked *a = calloc(1, sizeof *a);
    if (!a) return err_memory(e);
    *a = (struct asked){.next = q->asked, .key = *key, .read = val_ref(read)};
    *key = BUF_EMPTY;
    q->asked = a;
    *asked = a;
    return send(q, a, e);
}

bool inquiry_ask(struct inquiry *q, const struct val *read, struct asked **asked, struct err *e) {
    struct buf key = BUF_EMPTY;
    json_print(&key, read);
    bool ok = !key.failed || err_memory(e);
    *asked = ok ? find(q, key.data) : NULL;
    if (ok && !*asked) ok = add(q, &key, read, asked, e);
    buf_free(&key);
    return ok;
}

bool inquiry_wait(struct inquiry *q, struct err *e) {
    return batch_wait(&q->batch, e) && (!q->earlier || inquiry_wait(q->earlier, e));
}

// True when some string of `a` stands in `b` too.
static bool share_a_word(const struct val *a, const struct val *b) {
    const char *word = val_as_str(a, NULL);
    if (word) return val_mentions(b, word);
    for (size_t i = 0; i < val_count(a); i++)
        if (share_a_word(val_at(a, i), b)) return true;
    return false;
}

void inquiry_outdate(struct inquiry *q, const struct val *params) {
    for (struct asked *a = q->asked; a; a = a->next)
        if (share_a_word(params, val_get(a->read, "params"))) a->outdated = true;
}

void inquiry_free(struct inquiry *q) {
    batch_leave(&q->batch);
    for (struct asked *a = q->asked, *next; a; a = next) {
        next = a->next;
        buf_free(&a->key);
        val_unref(a->read);
        val_unref(a->answer);
        free(a);
    }
    q->asked = NULL;
}
