// live.c - sends to the backend, remembers reads for a moment.
#include "run/live.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"

#define FRESH_MS 30000
#define MOST_REMEMBERED 256  // a plan has some dozen; a playbook may make 100,000

// A read under way. Its answer may come when the run, and this live with it, is over.
struct reading {
    struct live *live;  // NULL then
    struct reading *next, **link;
    struct buf key;
    aws_done *done;
    void *ctx;
};

static void keep(struct live *l, struct reading *r) {
    *r = (struct reading){.live = l, .next = l->readings, .link = &l->readings};
    if (r->next) r->next->link = &r->next;
    l->readings = r;
}

static void forsake(struct reading *r) {
    *r->link = r->next;
    if (r->next) r->next->link = r->link;
    r->live = NULL;
}

bool live_init(struct live *l, struct answerer backend, struct loop *loop, struct err *e) {
    *l = (struct live){.backend = backend, .loop = loop, .recent = val_map()};
    return l->recent || err_memory(e);
}

void live_free(struct live *l) {
    val_unref(l->recent);
    l->recent = NULL;
    while (l->readings) forsake(l->readings);
}

struct later {
    struct val *value;
    struct err error;
    aws_done *done;
    void *ctx;
};

static void answer_now(void *ctx) {
    struct later *a = ctx;
    int64_t now = clock_now_us();
    struct aws_reply reply = {.ok = a->value != NULL,
                              .value = a->value,
                              .err = a->error,
                              .sent_us = now,
                              .answered_us = now};
    a->done(a->ctx, &reply);
    val_unref(a->value);
    free(a);
}

bool answer_later(struct loop *l, struct val *value, const struct err *error, aws_done *done,
                  void *ctx, struct err *e) {
    struct later *a = calloc(1, sizeof *a);
    if (a) *a = (struct later){.value = value, .done = done, .ctx = ctx};
    if (a && error) a->error = *error;
    if (a && loop_timer_add(l, 0, answer_now, a)) return true;
    free(a);
    val_unref(value);
    return err_memory(e);
}

// The memory's key, in `key`.
static bool key_of(const struct aws_call *call, struct buf *key) {
    buf_printf(key, "%s %s ", call->op->service->name, call->op->method);
    json_print(key, call->params);
    return !key->failed;
}

static struct val *remembered(struct live *l, const struct aws_call *call) {
    struct buf key = BUF_EMPTY;
    const struct val *found =
        !l->forgets && key_of(call, &key) ? val_get(l->recent, key.data) : NULL;
    buf_free(&key);
    if (!found || clock_mono_ms() - val_as_int(val_get(found, "at"), 0) > FRESH_MS) return NULL;
    return val_ref(val_get(found, "value"));
}

// A memory that could not be kept costs a second request, nothing else.
static void remember(struct live *l, const char *key, const struct val *value) {
    if (val_count(l->recent) >= MOST_REMEMBERED && !val_get(l->recent, key)) return;
    struct val *entry = val_map();
    if (entry && val_set(entry, "at", val_int(clock_mono_ms())) &&
        val_set(entry, "value", val_ref(value)))
        val_set(l->recent, key, entry);
    else val_unref(entry);
}

void live_remember(struct live *l, const struct aws_call *call, const struct val *value) {
    struct buf key = BUF_EMPTY;
    if (!l->forgets && key_of(call, &key)) remember(l, key.data, value);
    buf_free(&key);
}

static void read_answered(void *ctx, const struct aws_reply *reply) {
    struct reading *r = ctx;
    struct aws_reply late = {0};
    if (r->live) {
        if (reply->ok && !r->live->forgets) remember(r->live, r->key.data, reply->value);
        forsake(r);
    } else {
        err_set(&late.err, ERR_INTERRUPTED, "the run was over before the answer came");
        reply = &late;
    }
    r->done(r->ctx, reply);
    buf_free(&r->key);
    free(r);
}

static bool read_it(struct live *l, const struct aws_call *call, aws_done *done, void *ctx,
                    struct err *e) {
    struct val *value = remembered(l, call);
    if (value) return answer_later(l->loop, value, NULL, done, ctx, e);
    struct reading *r = calloc(1, sizeof *r);
    if (!r) return err_memory(e);
    keep(l, r);
    r->done = done;
    r->ctx = ctx;
    bool ok = key_of(call, &r->key) || err_memory(e);
    if (ok && l->backend.call(l->backend.ctx, call, read_answered, r, e)) return true;
    forsake(r);
    buf_free(&r->key);
    free(r);
    return false;
}

static void forget(struct live *l) {
    struct val *empty = l->forgets ? NULL : val_map();
    l->forgets = true;
    if (!empty) return;
    val_unref(l->recent);
    l->recent = empty;
}

static bool live_call(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                      struct err *e) {
    struct live *l = ctx;
    if (!call->op->mutates) return read_it(l, call, done, done_ctx, e);
    if (call->permit) forget(l);
    return l->backend.call(l->backend.ctx, call, done, done_ctx, e);
}

struct answerer live_answerer(struct live *l) {
    return (struct answerer){l, live_call};
}
