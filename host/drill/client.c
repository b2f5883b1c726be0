// client.c - calls over the link, in simulated time.
#include "drill/client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "aws/retry.h"
#include "base/clock.h"
#include "drill/full_disk.h"

// As the AWS client waits for an answer.
#define TIME_OUT_MS 60000

// --- questions to the runner -----------------------------------------------------------

static struct val *question(const char *function, const struct val *about) {
    struct val *v = val_map();
    if (v && val_set(v, "ask", val_cstr(function)) && val_set(v, "about", val_ref(about))) return v;
    val_unref(v);
    return NULL;
}

static bool answered(struct client *c, const struct val *message, struct val **answer,
                     struct err *e) {
    const struct val *error = val_get(message, "error");
    if (error) {
        err_from_val(e, error);
        return false;
    }
    *answer = val_ref(val_get(message, "value"));
    // The world may have moved the time on: its clock is this host's clock.
    int64_t now = val_as_int(val_get(*answer, "now"), 0);
    if (now) clock_simulate(now);
    if (!c->disk_full && *val_get_str(*answer, "disk", "")) {
        c->disk_full = true;
        fill_disk(c->state_dir);
    }
    return true;
}

bool client_world(void *ctx, const char *function, const struct val *about, struct val **answer,
                  struct err *e) {
    struct client *c = ctx;
    struct val *message = question(function, about), *reply = NULL;
    *answer = NULL;
    if (!message) return err_memory(e);
    bool ok = link_send(c->link, message, e);
    val_unref(message);
    if (!ok) return false;
    if (link_receive(c->link, -1, NULL, NULL, &reply) != LINK_MESSAGE)
        return err_set(e, ERR_SYSTEM, "the drill's runner has gone");
    ok = answered(c, reply, answer, e);
    val_unref(reply);
    return ok;
}

// An advisor has one context for all its functions, the Lua state; the client stands here.
static struct client *client_of_process;

static bool world(void *ctx, const char *function, const struct val *about, struct val **answer,
                  struct err *e) {
    (void)ctx;
    return client_world(client_of_process, function, about, answer, e);
}

struct advisor client_advisor(struct client *c, const struct advisor *real) {
    struct advisor a = *real;
    client_of_process = c;
    a.world = world;
    return a;
}

// --- one call --------------------------------------------------------------------------

struct sending {
    struct client *client;
    const struct operation *op;
    struct val *params;
    struct permit permit;
    bool permitted, just_created;
    aws_done *done;
    void *ctx;
    int attempt;
    int64_t began_us, sent_us;
    struct aws_reply reply;  // what is to be told
    struct val *value;
};

static void send_now(void *ctx);

static void tell(void *ctx) {
    struct sending *s = ctx;
    s->reply.value = s->value;
    s->reply.sent_us = s->sent_us;
    s->reply.answered_us = clock_now_us();
    s->done(s->ctx, &s->reply);
    val_unref(s->value);
    val_unref(s->params);
    free(s);
}

// Tells or sends again after `ms`; without memory for that it is told at once.
static void later(struct sending *s, int64_t ms, loop_timer_fn *fn) {
    if (!loop_timer_add(s->client->loop, ms, fn, s)) tell(s);
}

static bool may_go(const struct sending *s, struct err *e) {
    bool dry = s->op->dry_run && val_as_bool(val_get(s->params, "DryRun"), false);
    if (!s->op->mutates || dry) return true;
    if (s->permitted) return s->permit.still(s->permit.ctx, e);
    return err_set(e, ERR_REFUSED, "%s changes things and has no permit", s->op->name);
}

static struct val *about_call(const struct sending *s) {
    struct val *v = val_map();
    if (v && val_set(v, "service", val_cstr(s->op->service->name)) &&
        val_set(v, "operation", val_cstr(s->op->method)) &&
        val_set(v, "params", val_ref(s->params)) &&
        val_set(v, "mutates", val_bool(s->op->mutates)) &&
        val_set(v, "now", val_int(clock_now_us())))
        return v;
    val_unref(v);
    return NULL;
}

static struct retry_decision decide(struct sending *s, bool unknown) {
    const struct retry_attempt a = {
        .repeatable = retry_is_repeatable(s->op, s->params),
        .just_created = s->just_created,
        .fate = unknown ? FATE_UNKNOWN : FATE_ANSWERED,
        .timed_out = unknown,
        .status = s->reply.err.status,
        .code = s->reply.err.code,
        .attempt = s->attempt,
        .max_attempts = RETRY_MAX_ATTEMPTS,
        .waited_ms = (clock_now_us() - s->began_us) / 1000,
        .retry_after_ms = -1,
        .random = 0.5,
        .quota = s->client->quota,
    };
    return retry_decide(&a);
}

// AWS said no, or nothing at all.
static void failed(struct sending *s, bool unknown) {
    struct retry_decision d = decide(s, unknown);
    int64_t wait = unknown ? TIME_OUT_MS : 0;
    s->client->quota -= d.cost;
    s->reply.ok = false;
    s->reply.unknown = d.unknown;
    if (d.reason == RETRY_NO)
        later(s, wait, tell);
    else
        later(s, wait + d.delay_ms, send_now);
}

static void take_answer(struct sending *s, const struct val *answer) {
    const struct val *error = val_get(answer, "error"), *value = val_get(answer, "value");
    if (error) {
        err_from_val(&s->reply.err, error);
        failed(s, val_as_bool(val_get(answer, "unknown"), false));
        return;
    }
    // What is not modelled answers through its shape.
    s->value = value ? val_ref(value)
                     : skeleton_answer(s->client->model, s->op, s->params, &s->client->counters,
                                       &s->reply.err);
    s->reply.ok = s->value != NULL;
    s->reply.unknown = false;
    tell(s);
}

// The call has travelled: the world carries it out.
static void arrive(void *ctx) {
    struct sending *s = ctx;
    struct val *about = about_call(s), *answer = NULL;
    bool ok = about ? client_world(s->client, "answer", about, &answer, &s->reply.err)
                    : err_memory(&s->reply.err);
    val_unref(about);
    if (ok)
        take_answer(s, answer);
    else
        tell(s);
    val_unref(answer);
}

static void send_now(void *ctx) {
    struct sending *s = ctx;
    if (!may_go(s, &s->reply.err)) {
        later(s, 0, tell);
        return;
    }
    s->attempt++;
    s->sent_us = clock_now_us();
    later(s, s->client->latency_ms, arrive);
}

static bool client_call(void *ctx, const struct aws_call *call, aws_done *done, void *done_ctx,
                        struct err *e) {
    struct sending *s = calloc(1, sizeof *s);
    if (!s) return err_memory(e);
    *s = (struct sending){.client = ctx,
                          .op = call->op,
                          .params = val_ref(call->params),
                          .permitted = call->permit != NULL,
                          .just_created = call->just_created,
                          .done = done,
                          .ctx = done_ctx,
                          .began_us = clock_now_us(),
                          .sent_us = clock_now_us()};
    if (call->permit) s->permit = *call->permit;
    send_now(s);
    return true;
}

struct answerer client_answerer(struct client *c) {
    return (struct answerer){c, client_call};
}

// --- the operator ----------------------------------------------------------------------

static struct val *about_question(struct client *c, enum question q, const char *about) {
    static const char *const names[] = {"step", "id", "unplanned"};
    struct val *v = val_map();
    bool ok = v && val_set(v, "question", val_cstr(names[q])) &&
              val_set(v, "about", val_cstr(about)) &&
              (c->asked ||
               val_set(v, "transcript", val_string(buf_str(c->transcript), c->transcript->len)));
    c->asked = true;
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static bool operator_says(void *ctx, enum question q, const char *about, struct buf *answer,
                          struct err *e) {
    struct val *v = about_question(ctx, q, about), *said = NULL;
    bool ok = v ? client_world(ctx, "operator", v, &said, e) : err_memory(e);
    const char *word = ok ? val_get_str(said, "answer", "") : "";
    if (ok && strcmp(word, "ctrl-c") == 0) {
        raise(SIGINT);
        ok = err_set(e, ERR_INTERRUPTED, "interrupted at the question");
    } else if (ok && strcmp(word, "end of input") == 0) {
        ok = err_set(e, ERR_DECLINED, "the answer was the end of input (Ctrl-D)");
    } else if (ok) {
        buf_clear(answer);
        buf_add_str(answer, word);
        ok = !answer->failed || err_memory(e);
    }
    val_unref(v);
    val_unref(said);
    return ok;
}

struct operator client_operator(struct client *c) {
    return (struct operator){c, operator_says};
}
