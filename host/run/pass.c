// pass.c - drives one playbook process through one pass.
#include "run/pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "child/messages.h"
#include "run/pass_slot.h"

// Caps on what one pass may ask for; over them its process is ended.
#define MAX_MESSAGES 500000
#define MEMORY_CAP ((int64_t)64 * 1024 * 1024)
// While a window is open a playbook that says nothing for so long is taken for dead.
#define WINDOW_PATIENCE_MS 5000

// --- ending ------------------------------------------------------------------

static void finish(struct pass *p) {
    p->over = true;
}

static void fail(struct pass *p, const struct err *e) {
    if (p->over) return;
    p->end->err = *e;
    finish(p);
}

void pass_violation(struct pass *p, const char *what) {
    struct err e;
    err_set(&e, ERR_PLAYBOOK, "the playbook was stopped: %s", what);
    gate_latch(p->setup->gate, &e);
    fail(p, &e);
}

// --- simulated time ---------------------------------------------------------------

// While the process may still be at work on what it was told, simulated time stands still: what it
// says next belongs to this moment, however long it takes to say it. While a message of it is
// handled (a step that is prepared, a window that is closed) nothing that it says is read, and
// time goes on.
static void hold_time(struct pass *p) {
    bool hold = p->at_work && !p->handling && !p->over;
    if (!clock_is_simulated() || p->holds_time == hold) return;
    p->holds_time = hold;
    loop_hold_time(p->setup->loop, hold);
}

static bool tell(struct pass *p, const struct val *message, struct err *e) {
    if (!child_send(p->child, message, e)) return false;
    p->told++;
    p->at_work = true;
    hold_time(p);
    return true;
}

static void on_waiting(struct pass *p, const struct val *message) {
    p->at_work = val_as_int(val_get(message, "got"), -1) != p->told;
    hold_time(p);
}

// --- replies -----------------------------------------------------------------

static void out_of_patience(void *ctx) {
    struct pass *p = ctx;
    p->patience = NULL;
    pass_violation(p, "it fell silent while a window was open");
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

void slot_free(struct slot *s) {
    loop_timer_cancel(s->timer);
    val_unref(s->message);
    val_unref(s->reply);
    free(s);
}

static void send_ready(struct pass *p) {
    while (p->first && p->first->reply && !p->over) {
        struct slot *s = p->first;
        struct err e;
        if (!tell(p, s->reply, &e)) {
            fail(p, &e);
            return;
        }
        p->first = s->next;
        if (!p->first) p->last = &p->first;
        slot_free(s);
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
        s->reply = val_nil();
        pass_violation(s->pass, "out of memory");
        return;
    }
    s->reply = reply;
    send_ready(s->pass);
}

void slot_value(struct slot *s, struct val *v) {
    put_reply(s, "value", v);
}

void slot_error(struct slot *s, const struct err *e) {
    put_reply(s, "error", err_to_val(e));
}

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
        pass_violation(p, "its messages are out of order");
        return;
    }
    struct slot *s = pass_knows(type) ? add_slot(p, message) : NULL;
    if (!s) {
        pass_violation(p, pass_knows(type) ? "out of memory"
                                           : "it sent a message that is not of the protocol");
        return;
    }
    settle_clocks(p);
    pass_request(p, type, s);
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
        pass_violation(p, "it declared itself twice");
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
    ok = ok && tell(p, run, &e);
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
        pass_violation(p, "it sent too many messages");
        return;
    }
    if (strcmp(type, MSG_WAITING) == 0) {
        on_waiting(p, message);
        return;
    }
    // A prompt may run the loop inside this; no further message may come in meanwhile.
    child_pause(p->child);
    p->handling = true;
    hold_time(p);
    if (strcmp(type, MSG_PLAYBOOK) == 0) on_declaration(p, message);
    else if (strcmp(type, MSG_DONE) == 0) on_done(p, message);
    else if (!p->declared && strcmp(type, MSG_REQUIRE) && strcmp(type, MSG_TIME))
        pass_violation(p, "it asked for something before it had declared itself");
    else on_request(p, type, message);
    p->handling = false;
    hold_time(p);
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
    pass_violation(p, why);
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
              val_set(v, "announces", val_bool(clock_is_simulated())) &&
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
    bool ok = p->child && tell(p, load, e);
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
    hold_time(p);
    for (struct slot *s = p->first, *next; s; s = next) {
        next = s->next;
        s->pass = NULL;
        // A timer has nobody left to wake; what AWS was asked still has its answer to come.
        if (s->reply || s->timer) slot_free(s);
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
