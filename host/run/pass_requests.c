// pass_requests.c - what a playbook can ask for, one function a message.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "child/messages.h"
#include "run/origin.h"
#include "run/pass_slot.h"

// Caps on what one pass may ask for; over them its process is ended.
#define MAX_STEPS 200
#define MAX_LOGS 5000
#define MAX_LOG_BYTES ((size_t)65536)
#define MAX_SECONDS 3600.0

// The pass is over: nobody waits for this answer any more. wind_up frees what is answered,
// and leaves what is not to its late answer.
static bool too_late(struct slot *s) {
    if (s->pass && !s->pass->over) return false;
    if (s->pass) s->reply = val_nil();
    else slot_free(s);
    return true;
}

// Ends the pass over a request, which gets no answer any more.
static void violation(struct slot *s, const char *what) {
    s->reply = val_nil();
    pass_violation(s->pass, what);
}

static void call_done(void *ctx, const struct aws_reply *reply) {
    struct slot *s = ctx;
    if (too_late(s)) return;
    if (reply->ok) slot_value(s, val_ref(reply->value));
    else slot_error(s, &reply->err);
}

static void on_call(struct pass *p, struct slot *s) {
    const struct val *params = val_get(s->message, "params");
    static const char none[] = "";
    s->request = (struct gate_request){
        .branch = val_get_str(s->message, "branch", none),
        .service = val_get_str(s->message, "service", none),
        .operation = val_get_str(s->message, "operation", none),
        .params = params,
        .done = call_done,
        .ctx = s,
    };
    struct err e;
    if (!gate_submit(p->setup->gate, &s->request, &e)) slot_error(s, &e);
}

static void on_describe(struct pass *p, struct slot *s) {
    struct err e;
    const struct operation *op =
        model_operation(p->setup->gate->model, val_get_str(s->message, "service", ""),
                        val_get_str(s->message, "operation", ""), &e);
    if (!op) {
        slot_error(s, &e);
        return;
    }
    struct val *results = val_list(), *v = val_map();
    char *names = strdup(op->page_results), *rest = names;
    for (char *name; names && (name = strsep(&rest, ",")) && *name;)
        val_append(results, val_cstr(name));
    free(names);
    bool ok = v && val_set(v, "method", val_cstr(op->method)) &&
              val_set(v, "page_input", val_cstr(op->page_input)) &&
              val_set(v, "page_output", val_cstr(op->page_output)) &&
              val_set(v, "page_limit", val_cstr(op->page_limit)) &&
              val_set(v, "page_results", val_ref(results));
    val_unref(results);
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    slot_value(s, v);
}

static void on_step(struct pass *p, struct slot *s) {
    struct err e;
    bool skip = false;
    if (++p->steps > MAX_STEPS) {
        violation(s, "a playbook may have 200 steps");
        return;
    }
    if (*val_get_str(s->message, "branch", "") || p->setup->gate->step_open) {
        err_set(&e, ERR_REFUSED, "a step cannot be inside parallel or inside another step");
        slot_error(s, &e);
        return;
    }
    if (p->handler->step(p->handler->ctx, val_get_str(s->message, "title", ""),
                         val_get(s->message, "options"), &skip, &e))
        slot_value(s, val_cstr(skip ? "skip" : "run"));
    else slot_error(s, &e);
}

static void on_step_end(struct pass *p, struct slot *s) {
    struct err e;
    if (!p->setup->gate->step_open) {
        violation(s, "it ended a step that was not open");
        return;
    }
    // An author's own coroutine can leave a window half-way and end the step around it.
    if (p->setup->gate->window.open) {
        violation(s, "it ended a step whose window was open");
        return;
    }
    bool ok = val_as_bool(val_get(s->message, "ok"), false);
    const struct val *error = ok ? NULL : val_get(s->message, "error");
    struct val *unnamed = !ok && !error ? val_map() : NULL;
    if (p->handler->step_end(p->handler->ctx, error ? error : unnamed, &e))
        slot_value(s, val_cstr("continue"));
    else slot_error(s, &e);
    val_unref(unnamed);
}

static double seconds_of(const struct val *v) {
    double seconds = val_as_double(v, 0);
    return seconds > 0 ? (seconds < MAX_SECONDS ? seconds : MAX_SECONDS) : 0;
}

static void on_window(struct pass *p, struct slot *s) {
    struct err e;
    if (window_begin(p->setup->gate, seconds_of(val_get(s->message, "settle")), &e)) {
        slot_value(s, val_cstr("open"));
        return;
    }
    gate_latch(p->setup->gate, &e);
    slot_error(s, &e);
}

static void settled(void *ctx) {
    struct slot *s = ctx;
    s->timer = NULL;
    if (too_late(s)) return;
    window_settled(s->pass->setup->gate);
    slot_value(s, val_nil());
}

static void slept(void *ctx) {
    struct slot *s = ctx;
    s->timer = NULL;
    if (too_late(s)) return;
    slot_value(s, val_int(s->until));
}

static void after(struct pass *p, struct slot *s, double seconds, loop_timer_fn *fn) {
    const struct pass_setup *setup = p->setup;
    int64_t ms = setup->real_time && !setup->advance ? (int64_t)(seconds * 1000) : 0;
    if (setup->real_time && setup->advance) setup->advance(setup->advance_ctx, seconds);
    s->timer = loop_timer_add(p->setup->loop, ms, fn, s);
    if (!s->timer) violation(s, "out of memory");
}

static void on_settle(struct pass *p, struct slot *s) {
    window_settling(p->setup->gate);
    after(p, s, p->setup->gate->window.settle, settled);
}

static void on_window_end(struct pass *p, struct slot *s) {
    struct err e;
    bool closed = window_end(p->setup->gate, &e);
    const struct val *error = val_get(s->message, "error");
    if (closed && val_as_bool(val_get(s->message, "ok"), false)) {
        slot_value(s, val_cstr("closed"));
        return;
    }
    if (closed) err_from_val(&e, error);
    gate_latch(p->setup->gate, &e);
    slot_error(s, &e);
}

static void on_expect(struct pass *p, struct slot *s) {
    p->handler->expect(p->handler->ctx, val_as_bool(val_get(s->message, "ok"), false),
                       val_get_str(s->message, "text", ""), val_get(s->message, "detail"));
    slot_value(s, val_nil());
}

static void on_log(struct pass *p, struct slot *s) {
    const struct val *text = val_get(s->message, "text");
    if (++p->logs > MAX_LOGS || val_str_len(text) > MAX_LOG_BYTES) {
        violation(s, "a playbook may log 5000 texts of 64 KiB at most");
        return;
    }
    p->handler->log(p->handler->ctx, val_as_str(text, ""), val_get(s->message, "value"));
    slot_value(s, val_nil());
}

static bool was_waited(const struct pass *p, int64_t *us) {
    return p->handler->waited && p->handler->waited(p->handler->ctx, us);
}

// What the playbook is told is in the journal: told again, it does the same again.
static void record_wait(const struct pass *p, const char *key, double seconds, int64_t until) {
    struct val *v = val_map();
    if (!v || !val_set(v, key, val_double(seconds)) || !val_set(v, "until", val_int(until))) {
        val_unref(v);
        v = NULL;
    }
    gate_record(p->setup->gate, "wait", v, NULL);
}

static void on_wait(struct pass *p, struct slot *s) {
    int64_t now = clock_now_us();
    if (!p->setup->real_time) {
        slot_value(s, val_cstr("skip"));
        return;
    }
    if (!was_waited(p, &now))
        record_wait(p, "timeout", seconds_of(val_get(s->message, "timeout")), now);
    slot_value(s, val_int(now));
}

static void on_sleep(struct pass *p, struct slot *s) {
    double seconds = seconds_of(val_get(s->message, "seconds"));
    s->until = clock_now_us() + (int64_t)(seconds * 1e6);
    p->setup->gate->slept = true;
    if (was_waited(p, &s->until)) {
        slot_value(s, val_int(s->until));
        return;
    }
    record_wait(p, "seconds", seconds, s->until);
    after(p, s, seconds, slept);
}

static void on_time(struct pass *p, struct slot *s) {
    slot_value(s, val_int(p->setup->started_us));
}

// Pure: the same value has the same digest in every pass.
static void on_digest(struct pass *p, struct slot *s) {
    (void)p;
    struct buf json = BUF_EMPTY;
    char digest[SHA256_HEX];
    json_print(&json, val_get(s->message, "value"));
    bool ok = !json.failed && sha256_hex(json.data, json.len, digest);
    slot_value(s, ok ? val_cstr(digest) : NULL);
    buf_free(&json);
}

static void on_require(struct pass *p, struct slot *s) {
    struct source found;
    struct err e;
    if (!source_require(p->setup->source, val_get_str(s->message, "name", ""), &found, &e)) {
        slot_error(s, &e);
        return;
    }
    if (p->setup->modules && !origin_note(p->setup->modules, val_get_str(s->message, "name", ""),
                                          &found, &e)) {
        source_free(&found);
        slot_error(s, &e);
        return;
    }
    struct val *v = val_map();
    bool ok = v && val_set(v, "file", val_cstr(found.file)) &&
              val_set(v, "source", val_string(buf_str(&found.text), found.text.len));
    source_free(&found);
    if (!ok) {
        val_unref(v);
        v = NULL;
    }
    slot_value(s, v);
}

static const struct {
    const char *type;
    void (*handle)(struct pass *p, struct slot *s);
} requests[] = {
    {MSG_CALL, on_call},         {MSG_DESCRIBE, on_describe},     {MSG_STEP, on_step},
    {MSG_STEP_END, on_step_end}, {MSG_WINDOW, on_window},         {MSG_SETTLE, on_settle},
    {MSG_EXPECT, on_expect},     {MSG_WINDOW_END, on_window_end}, {MSG_LOG, on_log},
    {MSG_WAIT, on_wait},         {MSG_SLEEP, on_sleep},           {MSG_TIME, on_time},
    {MSG_REQUIRE, on_require},   {MSG_DIGEST, on_digest},
};

bool pass_knows(const char *type) {
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (strcmp(requests[i].type, type) == 0) return true;
    return false;
}

bool pass_request(struct pass *p, const char *type, struct slot *s) {
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (strcmp(requests[i].type, type) != 0) continue;
        requests[i].handle(p, s);
        return true;
    }
    return false;
}
