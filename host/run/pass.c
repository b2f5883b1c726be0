// pass.c - drives one playbook process through one pass.
#include "run/pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "child/messages.h"

// Caps on what one pass may ask for; over them its process is ended.
#define MAX_MESSAGES 500000
#define MAX_STEPS 200
#define MAX_LOGS 5000
#define MAX_LOG_BYTES ((size_t)65536)
#define MAX_SECONDS 3600.0
#define MEMORY_CAP ((int64_t)64 * 1024 * 1024)
// While a window is open a playbook that says nothing for so long is taken for dead.
#define WINDOW_PATIENCE_MS 5000

struct pass;

// One request of the playbook, until its reply is sent.
struct slot {
    struct slot *next;
    struct pass *pass;  // NULL once the pass is over: the answer goes nowhere
    int64_t id;
    struct val *message;
    struct val *reply;  // NULL until it is known
    struct gate_request request;
};

struct pass {
    const struct pass_setup *setup;
    const struct pass_handler *handler;
    struct pass_end *end;
    struct child *child;
    struct slot *first, **last;  // requests without a reply, in order
    struct loop_timer *patience;
    int64_t next_id;
    size_t messages, steps, logs;
    bool declared, over;
};

// --- ending ------------------------------------------------------------------

static void finish(struct pass *p) {
    p->over = true;
}

static void fail(struct pass *p, const struct err *e) {
    if (p->over) return;
    p->end->err = *e;
    finish(p);
}

static void violation(struct pass *p, const char *what) {
    struct err e;
    err_set(&e, ERR_PLAYBOOK, "the playbook was stopped: %s", what);
    gate_latch(p->setup->gate, &e);
    fail(p, &e);
}

// --- replies -----------------------------------------------------------------

static void out_of_patience(void *ctx) {
    struct pass *p = ctx;
    p->patience = NULL;
    violation(p, "it fell silent while a window was open");
}

// Who owes whom: the playbook's clock runs only while the host owes it nothing.
static void settle_clocks(struct pass *p) {
    loop_timer_cancel(p->patience);
    p->patience = NULL;
    if (p->first) {
        child_clock_stop(p->child);
        return;
    }
    child_clock_start(p->child);
    if (p->setup->gate->window.open && !p->over)
        p->patience = loop_timer_add(p->setup->loop, WINDOW_PATIENCE_MS, out_of_patience, p);
}

static void free_slot(struct slot *s) {
    val_unref(s->message);
    val_unref(s->reply);
    free(s);
}

static void send_ready(struct pass *p) {
    while (p->first && p->first->reply && !p->over) {
        struct slot *s = p->first;
        struct err e;
        if (!child_send(p->child, s->reply, &e)) {
            fail(p, &e);
            return;
        }
        p->first = s->next;
        if (!p->first) p->last = &p->first;
        free_slot(s);
    }
    settle_clocks(p);
}

// Puts {t, id, key = v} in the slot; takes over `v`.
static void put_reply(struct slot *s, const char *key, struct val *v) {
    struct val *reply = val_map();
    bool ok = reply && val_set(reply, "t", val_cstr(MSG_REPLY)) &&
              val_set(reply, "id", val_int(s->id));
    if (!ok) val_unref(v);
    if (!ok || !val_set(reply, key, v)) {
        val_unref(reply);
        violation(s->pass, "out of memory");
        return;
    }
    s->reply = reply;
    send_ready(s->pass);
}

static void reply_value(struct slot *s, struct val *v) {
    put_reply(s, "value", v);
}

static void reply_error(struct slot *s, const struct err *e) {
    put_reply(s, "error", err_to_val(e));
}

// --- requests ----------------------------------------------------------------

// The pass is over: nobody waits for this answer any more. wind_up frees what is answered,
// and leaves what is not to its late answer.
static bool too_late(struct slot *s) {
    if (s->pass && !s->pass->over) return false;
    if (s->pass) s->reply = val_nil();
    else free_slot(s);
    return true;
}

static void call_done(void *ctx, const struct aws_reply *reply) {
    struct slot *s = ctx;
    if (too_late(s)) return;
    if (reply->ok) reply_value(s, val_ref(reply->value));
    else reply_error(s, &reply->err);
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
    if (!gate_submit(p->setup->gate, &s->request, &e)) reply_error(s, &e);
}

static void on_describe(struct pass *p, struct slot *s) {
    struct err e;
    const struct operation *op =
        model_operation(p->setup->gate->model, val_get_str(s->message, "service", ""),
                        val_get_str(s->message, "operation", ""), &e);
    if (!op) {
        reply_error(s, &e);
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
    reply_value(s, v);
}

static void on_step(struct pass *p, struct slot *s) {
    struct err e;
    bool skip = false;
    if (++p->steps > MAX_STEPS) {
        violation(p, "a playbook may have 200 steps");
        return;
    }
    if (*val_get_str(s->message, "branch", "") || p->setup->gate->step_open) {
        err_set(&e, ERR_REFUSED, "a step cannot be inside parallel or inside another step");
        reply_error(s, &e);
        return;
    }
    if (p->handler->step(p->handler->ctx, val_get_str(s->message, "title", ""),
                         val_get(s->message, "options"), &skip, &e))
        reply_value(s, val_cstr(skip ? "skip" : "run"));
    else reply_error(s, &e);
}

static void on_step_end(struct pass *p, struct slot *s) {
    struct err e;
    if (!p->setup->gate->step_open) {
        violation(p, "it ended a step that was not open");
        return;
    }
    bool ok = val_as_bool(val_get(s->message, "ok"), false);
    const struct val *error = ok ? NULL : val_get(s->message, "error");
    struct val *unnamed = !ok && !error ? val_map() : NULL;
    if (p->handler->step_end(p->handler->ctx, error ? error : unnamed, &e))
        reply_value(s, val_cstr("continue"));
    else reply_error(s, &e);
    val_unref(unnamed);
}

static double seconds_of(const struct val *v) {
    double seconds = val_as_double(v, 0);
    return seconds > 0 ? (seconds < MAX_SECONDS ? seconds : MAX_SECONDS) : 0;
}

static void on_window(struct pass *p, struct slot *s) {
    struct err e;
    if (window_begin(p->setup->gate, seconds_of(val_get(s->message, "settle")), &e)) {
        reply_value(s, val_cstr("open"));
        return;
    }
    gate_latch(p->setup->gate, &e);
    reply_error(s, &e);
}

static void settled(void *ctx) {
    struct slot *s = ctx;
    if (too_late(s)) return;
    window_settled(s->pass->setup->gate);
    reply_value(s, val_nil());
}

static void slept(void *ctx) {
    struct slot *s = ctx;
    if (too_late(s)) return;
    reply_value(s, val_int(clock_now_us()));
}

static void after(struct pass *p, struct slot *s, double seconds, loop_timer_fn *fn) {
    int64_t ms = p->setup->real_time ? (int64_t)(seconds * 1000) : 0;
    if (!loop_timer_add(p->setup->loop, ms, fn, s)) violation(p, "out of memory");
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
        reply_value(s, val_cstr("closed"));
        return;
    }
    if (closed) err_from_val(&e, error);
    gate_latch(p->setup->gate, &e);
    reply_error(s, &e);
}

static void on_expect(struct pass *p, struct slot *s) {
    p->handler->expect(p->handler->ctx, val_as_bool(val_get(s->message, "ok"), false),
                       val_get_str(s->message, "text", ""), val_get(s->message, "detail"));
    reply_value(s, val_nil());
}

static void on_log(struct pass *p, struct slot *s) {
    const struct val *text = val_get(s->message, "text");
    if (++p->logs > MAX_LOGS || val_str_len(text) > MAX_LOG_BYTES) {
        violation(p, "a playbook may log 5000 texts of 64 KiB at most");
        return;
    }
    p->handler->log(p->handler->ctx, val_as_str(text, ""), val_get(s->message, "value"));
    reply_value(s, val_nil());
}

static void on_wait(struct pass *p, struct slot *s) {
    reply_value(s, val_cstr(p->setup->real_time ? "poll" : "skip"));
}

static void on_sleep(struct pass *p, struct slot *s) {
    double seconds = seconds_of(val_get(s->message, "seconds"));
    struct val *v = val_map();
    if (!v || !val_set(v, "seconds", val_double(seconds))) {
        val_unref(v);
        v = NULL;
    }
    gate_record(p->setup->gate, "wait", v, NULL);
    after(p, s, seconds, slept);
}

static void on_time(struct pass *p, struct slot *s) {
    reply_value(s, val_int(p->setup->started_us));
}

static void on_require(struct pass *p, struct slot *s) {
    struct source found;
    struct err e;
    if (!source_require(p->setup->source, val_get_str(s->message, "name", ""), &found, &e)) {
        reply_error(s, &e);
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
    reply_value(s, v);
}

static const struct {
    const char *type;
    void (*handle)(struct pass *p, struct slot *s);
} requests[] = {
    {MSG_CALL, on_call},         {MSG_DESCRIBE, on_describe},     {MSG_STEP, on_step},
    {MSG_STEP_END, on_step_end}, {MSG_WINDOW, on_window},         {MSG_SETTLE, on_settle},
    {MSG_EXPECT, on_expect},     {MSG_WINDOW_END, on_window_end}, {MSG_LOG, on_log},
    {MSG_WAIT, on_wait},         {MSG_SLEEP, on_sleep},           {MSG_TIME, on_time},
    {MSG_REQUIRE, on_require},
};

static struct slot *add_slot(struct pass *p, const struct val *message) {
    struct slot *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (struct slot){.pass = p, .id = p->next_id++, .message = val_ref(message)};
    *p->last = s;
    p->last = &s->next;
    return s;
}

static void on_request(struct pass *p, const char *type, const struct val *message) {
    if (val_as_int(val_get(message, "id"), -1) != p->next_id) {
        violation(p, "its messages are out of order");
        return;
    }
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (strcmp(requests[i].type, type) != 0) continue;
        struct slot *s = add_slot(p, message);
        if (!s) {
            violation(p, "out of memory");
            return;
        }
        settle_clocks(p);
        requests[i].handle(p, s);
        return;
    }
    violation(p, "it sent a message that is not of the protocol");
}

// --- the other messages --------------------------------------------------------

static struct val *run_message(struct val *args) {
    struct val *v = val_map();
    if (!v) val_unref(args);
    if (v && val_set(v, "args", args) && val_set(v, "t", val_cstr(MSG_RUN))) return v;
    val_unref(v);
    return NULL;
}

static void on_declaration(struct pass *p, const struct val *message) {
    if (p->declared) {
        violation(p, "it declared itself twice");
        return;
    }
    p->declared = true;
    p->end->declaration = val_ref(message);
    if (!p->handler->declared) {
        p->end->finished = true;
        finish(p);
        return;
    }
    struct err e;
    struct val *args = NULL;
    child_clock_stop(p->child);
    bool ok = p->handler->declared(p->handler->ctx, message, &args, &e);
    struct val *run = ok ? run_message(args) : NULL;
    if (ok && !run) ok = err_memory(&e);
    ok = ok && child_send(p->child, run, &e);
    val_unref(run);
    if (ok) child_clock_start(p->child);
    else fail(p, &e);
}

static void on_done(struct pass *p, const struct val *message) {
    if (val_as_bool(val_get(message, "ok"), false) && p->declared) {
        const struct val *value = val_get(message, "value");
        p->end->finished = true;
        p->end->value = value ? val_ref(value) : val_nil();
    } else {
        err_from_val(&p->end->err, val_get(message, "error"));
        if (!*p->end->err.code) snprintf(p->end->err.code, sizeof p->end->err.code, ERR_PLAYBOOK);
    }
    finish(p);
}

static void on_message(void *ctx, const struct val *message) {
    struct pass *p = ctx;
    const char *type = val_get_str(message, "t", "");
    if (p->over) return;
    if (++p->messages > MAX_MESSAGES) {
        violation(p, "it sent too many messages");
        return;
    }
    // A prompt may run the loop inside this; no further message may come in meanwhile.
    child_pause(p->child);
    if (strcmp(type, MSG_PLAYBOOK) == 0) on_declaration(p, message);
    else if (strcmp(type, MSG_DONE) == 0) on_done(p, message);
    else if (!p->declared && strcmp(type, MSG_REQUIRE) && strcmp(type, MSG_TIME))
        violation(p, "it asked for something before it had declared itself");
    else on_request(p, type, message);
    child_resume(p->child);
}

static void on_idle(void *ctx) {
    struct pass *p = ctx;
    gate_flush(p->setup->gate);
}

static void on_ended(void *ctx, enum child_end how, int signal) {
    struct pass *p = ctx;
    char why[160];
    if (p->over) return;
    if (child_overdue(p->child))
        snprintf(why, sizeof why, "it computed for more than %" PRId64 " s (--deadline)",
                 p->setup->deadline_ms / 1000);
    else if (how == CHILD_CRASHED)
        snprintf(why, sizeof why, "its process was ended by signal %d (%s)", signal,
                 strsignal(signal));
    else if (how == CHILD_MALFORMED)
        snprintf(why, sizeof why, "it sent what is not a message");
    else snprintf(why, sizeof why, "its process ended before the playbook had");
    violation(p, why);
}

// --- a pass --------------------------------------------------------------------

// random numbers derive from the run id.
static int64_t seed_of(const char *run_id) {
    unsigned char digest[SHA256_BYTES];
    uint64_t seed = 0;
    if (sha256(run_id, strlen(run_id), digest)) memcpy(&seed, digest, sizeof seed);
    return (int64_t)(seed >> 1);
}

static void add_service(void *ctx, const struct service *s) {
    val_append(ctx, val_cstr(s->name));
}

static struct val *load_message(const struct pass_setup *s) {
    struct val *v = val_map(), *modules = val_list();
    if (modules) model_each_service(s->gate->model, add_service, modules);
    bool ok = v && modules && val_set(v, "t", val_cstr(MSG_LOAD)) &&
              val_set(v, "file", val_cstr(s->source->file)) &&
              val_set(v, "source", val_string(buf_str(&s->source->text), s->source->text.len)) &&
              val_set(v, "seed", val_int(seed_of(s->run_id))) &&
              val_set(v, "memory", val_int(MEMORY_CAP)) &&
              val_set(v, "run_id", val_cstr(s->run_id)) &&
              val_set(v, "ticket", s->ticket ? val_cstr(s->ticket) : val_nil()) &&
              val_set(v, "modules", val_ref(modules));
    val_unref(modules);
    if (ok) return v;
    val_unref(v);
    return NULL;
}

static bool start(struct pass *p, struct err *e) {
    const struct child_handler handler = {on_message, on_idle, on_ended, p};
    struct val *load = load_message(p->setup);
    if (!load) return err_memory(e);
    p->child = child_start(p->setup->server, p->setup->loop, p->setup->deadline_ms, &handler, e);
    bool ok = p->child && child_send(p->child, load, e);
    val_unref(load);
    return ok;
}

static void on_signal(struct pass *p, int number) {
    struct err e;
    err_set(&e, ERR_INTERRUPTED, "interrupted by %s", number == 2 ? "Ctrl-C" : "SIGTERM");
    p->end->signal = number;
    gate_latch(p->setup->gate, &e);
    fail(p, &e);
}

// What the pass left behind: no process, no mutation under way, no open window.
static void wind_up(struct pass *p) {
    struct gate *g = p->setup->gate;
    struct err e;
    loop_timer_cancel(p->patience);
    child_free(p->child);
    for (struct slot *s = p->first, *next; s; s = next) {
        next = s->next;
        s->pass = NULL;
        if (s->reply) free_slot(s);
    }
    if (!p->end->finished) gate_latch(g, &p->end->err);
    gate_flush(g);
    if (g->window.open && !window_close(g, "host", &e)) p->end->err = e;
    while (g->in_flight && loop_for(p->setup->loop, 10, &e)) {
    }
}

void pass_run(const struct pass_setup *setup, const struct pass_handler *handler,
              struct pass_end *end) {
    struct pass p = {.setup = setup, .handler = handler, .end = end, .next_id = 1};
    struct err e;
    *end = (struct pass_end){0};
    p.last = &p.first;
    if (!start(&p, &e)) fail(&p, &e);
    while (!p.over) {
        if (!loop_until(setup->loop, &p.over, true, &e)) fail(&p, &e);
        if (!p.over && loop_signal(setup->loop)) on_signal(&p, loop_signal(setup->loop));
    }
    wind_up(&p);
}

void pass_end_free(struct pass_end *end) {
    val_unref(end->declaration);
    val_unref(end->value);
    *end = (struct pass_end){0};
}
