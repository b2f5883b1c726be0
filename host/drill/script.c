// script.c - one drill process.
#include "drill/script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "child/messages.h"

#define MEMORY_CAP ((int64_t)64 * 1024 * 1024)
#define MOST_MESSAGES 100000
#define MOST_LOG ((size_t)256 * 1024)
#define SEED 1  // of math.random: a drill is the same every time

struct script {
    struct host *host;
    const struct source *source;
    struct buf *log;
    struct child *child;
    struct val *waiting;  // its request without an answer
    int64_t next_id;
    bool awake;  // something is to be done
    bool ended, finished;
    struct err err;  // unless finished
};

static void end(struct script *s, const struct err *e) {
    if (s->ended) return;
    s->ended = s->awake = true;
    if (e)
        s->err = *e;
    else
        s->finished = true;
}

static void violation(struct script *s, const char *what) {
    struct err e;
    err_set(&e, ERR_PLAYBOOK, "the drill was stopped: %s", what);
    end(s, &e);
    child_kill(s->child);
}

// --- answers -----------------------------------------------------------------------------

void script_answer(struct script *s, struct val *value, const struct err *error) {
    struct val *reply = val_map();
    struct err e;
    if (error) value = err_to_val(error);
    bool ok = reply && val_set(reply, "t", val_cstr(MSG_REPLY)) &&
              val_set(reply, "id", val_int(s->next_id++));
    if (!ok) val_unref(value);
    ok = ok && (!value || val_set(reply, error ? "error" : "value", value));
    val_unref(s->waiting);
    s->waiting = NULL;
    if (s->ended) {
        val_unref(reply);
        return;
    }
    child_clock_start(s->child);
    child_resume(s->child);
    if (!ok || !child_send(s->child, reply, &e)) violation(s, "it cannot be answered");
    val_unref(reply);
}

// --- requests that need nobody else --------------------------------------------------------

static void add_log(struct script *s, const struct val *message) {
    const char *text = val_get_str(message, "text", "");
    if (s->log->len > MOST_LOG) return;
    buf_add_str(s->log, text);
    buf_add_char(s->log, '\n');
}

static void answer_require(struct script *s, const struct val *message) {
    struct source found;
    struct err e;
    if (!source_require(s->source, val_get_str(message, "name", ""), &found, &e)) {
        script_answer(s, NULL, &e);
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
    script_answer(s, v, NULL);
}

static void on_done(struct script *s, const struct val *message) {
    struct err e;
    bool ok = val_as_bool(val_get(message, "ok"), false);
    if (!ok) {
        err_set(&e, ERR_PLAYBOOK, "the drill failed without saying why");
        if (val_get(message, "error")) err_from_val(&e, val_get(message, "error"));
    }
    end(s, ok ? NULL : &e);
}

// One request stands at a time; until it is answered nothing more is read.
static void on_message(void *ctx, const struct val *message) {
    struct script *s = ctx;
    const char *type = val_get_str(message, "t", "");
    if (s->ended) return;
    if (strcmp(type, MSG_DONE) == 0) {
        on_done(s, message);
        return;
    }
    if (s->waiting || val_as_int(val_get(message, "id"), -1) != s->next_id ||
        s->next_id > MOST_MESSAGES) {
        violation(s, s->next_id > MOST_MESSAGES ? "it asks too much"
                                                : "its messages are out of order");
        return;
    }
    child_clock_stop(s->child);
    child_pause(s->child);
    s->waiting = val_ref(message);
    if (strcmp(type, MSG_DRILL) == 0)
        s->awake = true;
    else if (strcmp(type, MSG_REQUIRE) == 0)
        answer_require(s, message);
    else if (strcmp(type, MSG_TIME) == 0)
        script_answer(s, val_int(0), NULL);
    else if (strcmp(type, MSG_LOG) == 0) {
        add_log(s, message);
        script_answer(s, NULL, NULL);
    } else
        violation(s, "it sent a message that is not of the protocol");
}

static void on_ended(void *ctx, enum child_end how, int signal) {
    struct script *s = ctx;
    char why[160];
    if (s->ended) return;
    if (child_overdue(s->child))
        snprintf(why, sizeof why, "it computed for more than %" PRId64 " s (--deadline)",
                 s->host->deadline_ms / 1000);
    else if (how == CHILD_CRASHED)
        snprintf(why, sizeof why, "its process was ended by signal %d (%s)", signal,
                 strsignal(signal));
    else if (how == CHILD_MALFORMED)
        snprintf(why, sizeof why, "it sent what is not a message");
    else
        snprintf(why, sizeof why, "its process ended before the drill had");
    violation(s, why);
}

// --- life ----------------------------------------------------------------------------------

static struct val *load_message(const struct source *source) {
    struct val *v = val_map();
    if (v && val_set(v, "t", val_cstr(MSG_LOAD)) && val_set(v, "kind", val_cstr(LOAD_DRILL)) &&
        val_set(v, "file", val_cstr(source->file)) &&
        val_set(v, "source", val_string(buf_str(&source->text), source->text.len)) &&
        val_set(v, "seed", val_int(SEED)) && val_set(v, "memory", val_int(MEMORY_CAP)))
        return v;
    val_unref(v);
    return NULL;
}

struct script *script_start(struct host *h, const struct source *source, struct buf *log,
                            struct err *e) {
    struct script *s = calloc(1, sizeof *s);
    struct val *load = load_message(source);
    bool ok = (s && load) || err_memory(e);
    if (ok) {
        *s = (struct script){.host = h, .source = source, .log = log, .next_id = 1};
        const struct child_handler handler = {on_message, NULL, on_ended, s};
        s->child = child_start(h->server, h->loop, h->deadline_ms, &handler, e);
        ok = s->child && child_send(s->child, load, e);
    }
    val_unref(load);
    if (ok) return s;
    script_free(s);
    return NULL;
}

void script_free(struct script *s) {
    if (!s) return;
    child_free(s->child);
    val_unref(s->waiting);
    free(s);
}

const struct val *script_next(struct script *s, bool *finished, struct err *e) {
    *finished = false;
    s->awake = s->ended;
    struct err broken;
    if (!loop_until(s->host->loop, &s->awake, true, &broken)) end(s, &broken);
    if (!s->awake) {
        err_set(&broken, ERR_INTERRUPTED, "interrupted");
        end(s, &broken);
    }
    if (!s->ended) return s->waiting;
    *finished = s->finished;
    *e = s->err;
    return NULL;
}
