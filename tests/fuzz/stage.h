// stage.h - a whole run without processes, network, terminal or waiting.
//
// Owns: what stands in for them at link time: the child (it says what the script says), AWS's
// door (it checks what it is asked, and answers as scripted), the terminal, the clock (time
// passes when everybody waits), and a journal that can be lost. The checks at the door are
// what the gate promises; a program that breaks one is stopped.
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
#include "plan/binding.h"
#include "plan/skeleton.h"
#include "prompt/console.h"
#include "prompt/prompt.h"

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
    bool memory_ends;            // at some allocation, for a while or for ever

    size_t passes;
    size_t unsynced;             // journal lines not yet on disk
    bool journal_lost, declined, interrupted;
    size_t yes, sent, succeeded;
    size_t due;                  // answers of AWS that are under way
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

bool __real_journal_append(struct journal *j, const char *kind, struct val *members,
                           struct err *e);
bool __wrap_journal_append(struct journal *j, const char *kind, struct val *members,
                           struct err *e);
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

// --- the terminal --------------------------------------------------------------------

struct prompt {
    char none;
};

struct prompt *__wrap_prompt_open(struct loop *l, struct err *e);
struct prompt *__wrap_prompt_open(struct loop *l, struct err *e) {
    static struct prompt terminal;
    (void)l;
    (void)e;
    return &terminal;
}

void __wrap_prompt_close(struct prompt *p);
void __wrap_prompt_close(struct prompt *p) {
    (void)p;
}

// What is typed when the script is at its end: yes, and ids in full.
static void type_it(const char *question, struct buf *answer) {
    const char *id = strstr(question, "Type  ");
    const char *end = id ? strstr(id + 6, "  to do it") : NULL;
    if (end) buf_add(answer, id + 6, (size_t)(end - id - 6));
    else buf_add_str(answer, "y");
}

bool __wrap_prompt_line(struct prompt *p, const char *question, struct buf *answer, size_t max,
                 int64_t timeout_ms, enum prompt_how *how, struct err *e);
bool __wrap_prompt_line(struct prompt *p, const char *question, struct buf *answer, size_t max,
                 int64_t timeout_ms, enum prompt_how *how, struct err *e) {
    struct stage_texts *t = &stage.typed;
    (void)p;
    (void)timeout_ms;
    (void)e;
    buf_clear(answer);
    *how = PROMPT_ANSWER;
    if (t->next == t->count) type_it(question, answer);
    else if (strcmp(t->items[t->next], "^D") == 0) *how = PROMPT_EOF;
    else buf_add_str(answer, t->items[t->next]);
    if (t->next < t->count) t->next++;
    const char *word = buf_str(answer);
    if (answer->len > max || !fuzz_harmless(word)) *how = PROMPT_UNUSABLE;
    if (*how != PROMPT_ANSWER || strcmp(word, "n") == 0 || strcmp(word, "no") == 0)
        stage.declined = true;
    else stage.yes++;
    return !answer->failed;
}

// --- the console: everything is said to nobody ----------------------------------------

void __wrap_console_say(struct console *c, enum console_style style, const char *format, ...);
void __wrap_console_say(struct console *c, enum console_style style, const char *format, ...) {
    (void)c;
    (void)style;
    MUST(format);
}

void __wrap_console_warn(struct console *c, const char *format, ...);
void __wrap_console_warn(struct console *c, const char *format, ...) {
    (void)c;
    MUST(format);
}

void __wrap_console_error(struct console *c, const struct err *e);
void __wrap_console_error(struct console *c, const struct err *e) {
    (void)c;
    MUST(e->code[0]);
}

void __wrap_console_table(struct console *c, const struct columns *table);
void __wrap_console_table(struct console *c, const struct columns *table) {
    (void)c;
    MUST(table);
}

bool __wrap_console_event(struct console *c, const char *event, struct val *members);
bool __wrap_console_event(struct console *c, const char *event, struct val *members) {
    struct buf text = BUF_EMPTY;
    (void)c;
    MUST(event);
    json_print(&text, members);
    buf_free(&text);
    val_unref(members);
    return true;
}

// --- AWS ---------------------------------------------------------------------------

bool __wrap_aws_region(struct aws *a, const char **region, struct err *e);
bool __wrap_aws_region(struct aws *a, const char **region, struct err *e) {
    (void)a;
    (void)e;
    *region = "eu-west-1";
    return true;
}

struct stage_answer {
    struct aws_reply reply;
    struct val *value;
    const struct operation *op;
    bool permitted;
    aws_done *done;
    void *ctx;
};

static void answer_arrives(void *ctx) {
    struct stage_answer *a = ctx;
    stage.due--;
    if (a->permitted && (a->reply.ok || a->reply.unknown)) stage.succeeded++;
    a->reply.value = a->value;
    a->done(a->ctx, &a->reply);
    val_unref(a->value);
    free(a);
}

// "sg-(planned-1)" to "sg-0made1": what a skeleton has planned is what AWS made.
static struct val *as_made(const struct val *v) {
    struct val *out = val_type(v) == VAL_LIST ? val_list() : val_map();
    const char *text = val_as_str(v, NULL), *planned = text ? strstr(text, "(planned-") : NULL;
    if (val_type(v) < VAL_LIST) val_unref(out);
    if (planned) return val_printf("%.*s0made%d", (int)(planned - text), text, atoi(planned + 9));
    if (val_type(v) < VAL_LIST) return v ? val_ref(v) : val_nil();
    for (size_t i = 0; i < val_count(v); i++) {
        if (val_type(v) == VAL_LIST) MUST(val_append(out, as_made(val_at(v, i))));
        else MUST(val_set(out, val_key_at(v, i), as_made(val_at(v, i))));
    }
    return out;
}

static struct val *usual_answer(const struct aws_call *call) {
    static const char identity[] =
        "{\"Account\":\"111122223333\",\"Arn\":\"arn:aws:iam::111122223333:user/x\"}";
    static struct skeleton_counters counters;
    struct err e;
    if (strcmp(call->op->name, "GetCallerIdentity") == 0)
        return json_parse(identity, sizeof identity - 1, "identity", &e);
    struct val *skeleton = skeleton_answer(fuzz_model(), call->op, call->params, &counters, &e);
    struct val *made = as_made(skeleton);
    val_unref(skeleton);
    return made;
}

static void scripted_error(struct stage_answer *a, const char *text) {
    char code[64] = "";
    int status = 400;
    sscanf(text, "%63s %d", code, &status);
    err_set(&a->reply.err, *code ? code : "InternalError", "says the stage");
    a->reply.err.status = status >= 300 && status < 600 ? status : 400;
    a->reply.err.retryable = a->reply.err.status >= 500;
}

static void scripted(struct stage_answer *a, const struct aws_call *call, struct stage_texts *t) {
    const char *text = t->next < t->count ? t->items[t->next++] : "";
    struct err e;
    a->reply.sent = true;
    if (*text == '!' || *text == '>') scripted_error(a, text + 1);
    else if (*text == '?') {
        a->reply.unknown = true;
        err_set(&a->reply.err, ERR_TIMEOUT, "no answer, says the stage");
    } else {
        a->value = *text ? json_parse(text + 1, strlen(text + 1), "an answer", &e) : NULL;
        if (!a->value) a->value = usual_answer(call);
        a->reply.ok = true;
    }
}

static void proof(struct stage_answer *a) {
    err_set(&a->reply.err, "DryRunOperation", "it would have succeeded");
    a->reply.err.status = 412;
    a->reply.sent = true;
}

// A closing call goes in any case.
static void must_be_allowed(const struct aws_call *call) {
    const struct gate_request *r = call->permit->ctx;
    MUST(r->closing || (!stage.journal_lost && !stage.declined && !stage.interrupted));
    MUST(stage.yes > 0);
    MUST(stage.unsynced == 0 || stage.journal_lost);
    MUST(stage.passes == 2);
    // A closing call goes even when there is no memory for its intent.
    stage.sent += !r->resent && !(r->closing && stage.memory_ends);
}

static void must_be_proof(const struct aws_call *call) {
    MUST(call->op->dry_run && val_as_bool(val_get(call->params, "DryRun"), false));
}

bool __wrap_aws_start(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
               struct err *e);
bool __wrap_aws_start(struct aws *a, const struct aws_call *call, aws_done *done, void *ctx,
               struct err *e) {
    long left = stage_begin();
    struct stage_answer *answer = calloc(1, sizeof *answer);
    (void)a;
    (void)e;
    MUST(answer);
    MUST(!call->op->credential_output && !planned_id_in(call->params));
    *answer = (struct stage_answer){.op = call->op, .done = done, .ctx = ctx};
    answer->permitted = call->op->mutates && call->permit;
    if (!call->op->mutates) {
        bool identity = strcmp(call->op->name, "GetCallerIdentity") == 0;
        scripted(answer, call, identity ? &(struct stage_texts){.count = 0} : &stage.reads);
    } else if (call->permit && !call->permit->still(call->permit->ctx, &answer->reply.err)) {
        answer->permitted = false;  // as the door does: not sent
    } else if (call->permit) {
        must_be_allowed(call);
        scripted(answer, call, &stage.writes);
    } else {
        must_be_proof(call);
        proof(answer);
    }
    answer->reply.attempts = 1;
    answer->reply.sent_us = clock_now_us();
    answer->reply.answered_us = answer->reply.sent_us + 50000;
    stage.due++;
    MUST(loop_timer_add(stage.loop, 50, answer_arrives, answer));
    stage_end(left);
    return true;
}

#endif
