// stage.h - a whole run without processes, network, terminal or waiting.
//
// Owns: the script, and what stands in at link time for the child (it says what the script
// says), the clock (time passes when everybody waits) and the journal (it can be lost).
// stage_peers.h has the rest. The checks are what the gate promises; a program that breaks one
// is stopped.
#ifndef CORDON_TESTS_FUZZ_STAGE_H
#define CORDON_TESTS_FUZZ_STAGE_H

#include "failing.h"
#include "fuzz.h"

#include <poll.h>
#include <signal.h>

#include "aws/aws.h"
#include "base/clock.h"
#include "base/wire.h"
#include "child/child.h"
#include "child/messages.h"
#include "gate/gate.h"

#define STAGE_MOST 400

struct stage_texts {
    char *items[STAGE_MOST];
    size_t count, next;
};

static struct stage {
    struct loop *loop;
    struct stage_texts said[2];  // the child's lines: in the rehearsal, in the execution
    struct stage_texts writes;   // answers to mutations: "= JSON", "! CODE STATUS", "?"
    struct stage_texts reads;    // answers to reads: "< JSON", "> CODE STATUS"
    struct stage_texts typed;    // at the prompt
    long journal_fails_at;       // the append or sync that fails, and all after it; below 0: none
    long journal_writes;
    bool memory_ends;  // at some allocation, for a while or for ever

    size_t passes;
    size_t unsynced;  // journal lines not yet on disk
    bool journal_lost, declined, interrupted;
    size_t yes, sent, succeeded;
    size_t due;  // answers of AWS that are under way
    int64_t now_ms;
} stage;

// The stage's own memory does not end.
static long stage_begin(void) {
    long left = allocations_left;
    allocations_left = -1;
    return left;
}

static void stage_end(long left) {
    allocations_left = left;
}

// --- time --------------------------------------------------------------------------

int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_now_us(void);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

int64_t __wrap_clock_mono_ms(void) {
    return stage.now_ms;
}

int64_t __wrap_clock_now_us(void) {
    return INT64_C(1795486530000000) + stage.now_ms * 1000;
}

// When nothing is ready and a timer is the next to come, time goes there. When nothing can ever
// come, the program would hang.
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout) {
    int got = __real_poll(fds, count, 0);
    if (got != 0) return got;
    MUST(timeout >= 0);
    stage.now_ms += timeout;
    return 0;
}

// --- the journal -------------------------------------------------------------------

bool __real_journal_append(struct journal *j, const char *kind, struct val *members, struct err *e);
bool __wrap_journal_append(struct journal *j, const char *kind, struct val *members, struct err *e);
bool __real_journal_sync(struct journal *j, struct err *e);
bool __wrap_journal_sync(struct journal *j, struct err *e);

static bool journal_writes(struct err *e) {
    if (stage.journal_fails_at >= 0 && stage.journal_writes++ >= stage.journal_fails_at)
        stage.journal_lost = true;
    return !stage.journal_lost || err_set(e, ERR_JOURNAL, "the disk is full (says the stage)");
}

bool __wrap_journal_append(struct journal *j, const char *kind, struct val *members,
                           struct err *e) {
    if (!journal_writes(e)) {
        val_unref(members);
        return false;
    }
    stage.unsynced++;
    bool ok = __real_journal_append(j, kind, members, e);
    stage.journal_lost = stage.journal_lost || journal_lost(j);
    return ok;
}

bool __wrap_journal_sync(struct journal *j, struct err *e) {
    if (!journal_writes(e)) return false;
    stage.unsynced = 0;
    bool ok = __real_journal_sync(j, e);
    stage.journal_lost = stage.journal_lost || journal_lost(j);
    return ok;
}

// --- the child ---------------------------------------------------------------------

struct child {
    struct child_handler handler;
    struct stage_texts *lines;
    int64_t asked, answered;  // requests and replies
    bool paused, over, ended;
};

static struct child *the_child;

static struct val *line_message(struct child *c, const char *text) {
    struct err e;
    struct val *v = json_parse(text, strlen(text), "a message", &e);
    const char *type = val_get_str(v, "t", "");
    bool request = strcmp(type, MSG_PLAYBOOK) != 0 && strcmp(type, MSG_DONE) != 0;
    if (val_type(v) == VAL_MAP && request && !val_get(v, "id"))
        MUST(val_set(v, "id", val_int(c->asked + 1)));
    if (request) c->asked++;
    return v;
}

static void child_ends(struct child *c, enum child_end how) {
    c->over = true;
    c->ended = true;
    c->handler.ended(c->handler.ctx, how, 0);
}

// '&' in front: it does not wait for the replies to what was asked before, as in parallel.
static void child_says(struct child *c, const char *text) {
    bool at_once = *text == '&';
    long left = stage_begin();
    struct val *v = line_message(c, text + at_once);
    stage_end(left);
    if (!v) {
        child_ends(c, CHILD_MALFORMED);
        return;
    }
    c->handler.message(c->handler.ctx, v);
    val_unref(v);
}

static bool next_waits(const struct child *c) {
    const struct stage_texts *l = c->lines;
    bool at_once = l->next < l->count && l->items[l->next][0] == '&';
    return !at_once && c->answered < c->asked;
}

// The loop's prepare function: one line at a time, while it may be heard.
static int child_speaks(void *ctx) {
    struct child *c = the_child;
    (void)ctx;
    if (!c || c->paused || c->over || next_waits(c)) return -1;
    if (c->lines->next == c->lines->count) {
        child_ends(c, CHILD_EXITED);
        return 0;
    }
    char *text = c->lines->items[c->lines->next++];
    if (strcmp(text, "interrupt") == 0) {
        stage.interrupted = true;
        raise(SIGINT);
        return 0;
    }
    child_says(c, text);
    bool more = the_child == c && c->lines->next < c->lines->count &&
                c->lines->items[c->lines->next][0] == '&';
    if (the_child == c && !more && !c->over) c->handler.idle(c->handler.ctx);
    return 0;
}

struct child *__wrap_child_start(struct fork_server *s, struct loop *l, int64_t deadline_ms,
                                 const struct child_handler *h, struct err *e);
struct child *__wrap_child_start(struct fork_server *s, struct loop *l, int64_t deadline_ms,
                                 const struct child_handler *h, struct err *e) {
    (void)s;
    (void)l;
    (void)deadline_ms;
    (void)e;
    MUST(!the_child && stage.passes < 2);
    long left = stage_begin();
    the_child = calloc(1, sizeof *the_child);
    MUST(the_child);
    stage_end(left);
    *the_child = (struct child){.handler = *h, .lines = &stage.said[stage.passes++]};
    return the_child;
}

bool __wrap_child_send(struct child *c, const struct val *message, struct err *e);
bool __wrap_child_send(struct child *c, const struct val *message, struct err *e) {
    struct buf frame = BUF_EMPTY;
    const char *type = val_get_str(message, "t", "");
    bool ok = wire_write(&frame, message, e);
    buf_free(&frame);
    if (strcmp(type, MSG_REPLY) == 0) {
        MUST(val_as_int(val_get(message, "id"), -1) == ++c->answered);
        MUST(!val_get(message, "value") || !val_get(message, "error"));
    } else {
        MUST(strcmp(type, MSG_LOAD) == 0 || strcmp(type, MSG_RUN) == 0);
    }
    return ok;
}

void __wrap_child_pause(struct child *c);
void __wrap_child_pause(struct child *c) {
    c->paused = true;
}

void __wrap_child_resume(struct child *c);
void __wrap_child_resume(struct child *c) {
    c->paused = false;
}

void __wrap_child_clock_stop(struct child *c);
void __wrap_child_clock_stop(struct child *c) {
    MUST(c);
}

void __wrap_child_clock_start(struct child *c);
void __wrap_child_clock_start(struct child *c) {
    MUST(c);
}

bool __wrap_child_overdue(const struct child *c);
bool __wrap_child_overdue(const struct child *c) {
    return c && false;
}

void __wrap_child_kill(struct child *c);
void __wrap_child_kill(struct child *c) {
    c->over = true;
}

void __wrap_child_free(struct child *c);
void __wrap_child_free(struct child *c) {
    the_child = NULL;
    free(c);
}

#endif
